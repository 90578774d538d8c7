"""What must hold within a table of industries: one number said in two ways, or parts that make up a whole."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from analysis.calibrate_industry import SECTORS

DIGITS_TOLERANCE = 2e-5
"""Distance that six significant digits, added up over dozens of inputs, may leave."""
SUPPRESSED_TOLERANCE = 0.02
"""Distance of end uses from their whole: surveys round, and cells that are withheld count as nothing."""
RATE_TOLERANCE = 0.002
"""Distance of a median rate from the rate of the median exponent: the two may be different technologies."""


class Identity(NamedTuple):
    """One number that a table says, the same recomputed from its other numbers, and the accepted distance."""

    statistic: str
    said: float
    recomputed: float
    tolerance: float


def _input_output(table: Mapping[str, Any]) -> Iterator[Identity]:
    """Yield the inputs of each sector: as stated, and as the mean over its industries, weighted by output."""
    stated = np.array(table["direct_requirements"]).sum(axis=0)
    for k, (name, members) in enumerate(SECTORS.items()):
        rows = [table["industries"][code] for code in members]
        outputs = np.array([row["gross_output_musd"] for row in rows])
        inputs = np.array([sum(row["inputs"]) for row in rows])
        mean = float(outputs @ inputs / outputs.sum())
        yield Identity(f"inputs {name}", float(stated[k]), mean, DIGITS_TOLERANCE)


def _energy(table: Mapping[str, Any]) -> Iterator[Identity]:
    """Yield the whole of each industry's electricity and fuel, as the sum of its end uses."""
    for code, row in table["industries"].items():
        for kind in ("electricity", "fuel"):
            whole = sum(row[f"{kind}_shares"].values())
            yield Identity(f"{kind} {code}", 1.0, whole, SUPPRESSED_TOLERANCE)


def _learning(table: Mapping[str, Any]) -> Iterator[Identity]:
    """Yield the median rate, as the rate that the median exponent means."""
    for part in ("all", "long"):
        rate = 1.0 - 2.0 ** table[part]["median_exponent"]
        yield Identity(f"median rate, {part}", table[part]["p50"], rate, RATE_TOLERANCE)


IDENTITIES: dict[str, Callable[[Mapping[str, Any]], Iterator[Identity]]] = {
    "input_output": _input_output,
    "energy_use": _energy,
    "learning_rates": _learning,
}
"""What must hold, by kind of table."""
