"""What the declaration of an outcome says."""

from dataclasses import dataclass
from typing import Literal

type Direction = Literal["lower", "higher", "none"]
type Family = Literal["cost", "transfer", "efficiency", "risk", "diagnostic", "control"]


@dataclass(frozen=True)
class Outcome:
    """The declaration of one output.

    Attributes:
        name: identifier in tables.
        title: label for people, without unit.
        unit: unit of the yearly figure; "1" for dimensionless.
        direction: which way is better; "none" where neither is.
        family: cost, transfer, efficiency, risk, diagnostic, or control (a control variate of known mean).
        description: one sentence.
        per_party: whether there is one value per party instead of one for the whole economy.
        component_of: name of the total that this outcome is an additive part of, or "".
        mean: known expected value (control variates only).
    """

    name: str
    title: str
    unit: str
    direction: Direction
    family: Family
    description: str
    per_party: bool = False
    component_of: str = ""
    mean: float | None = None
