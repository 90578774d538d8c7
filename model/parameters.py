"""Every input of the model, declared once: type, default, unit, bounds, role, source.

The scenario format, the command line, the editor schema, the report's list of assumptions and
the samplers all read these declarations; nothing else in the project repeats a unit or a bound.

A group is a frozen dataclass; each field is made by `declare`. Roles follow XLRM (Lempert,
Popper & Bankes 2003): a *lever* is decided by a party or a policy maker, an *uncertainty* is
decided by the world, a *constant* is a convention of the case.
"""

import dataclasses
import math
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from model.errors import Fault, nearest

type Role = Literal["lever", "uncertainty", "constant"]
ASSUMPTION = "assumption"
KIND_WORDS = {"float": "number", "int": "whole number", "bool": "true or false", "str": "text"}
"""What people call the kinds of values."""


@dataclass(frozen=True)
class Parameter:
    """The declaration of one input.

    Attributes:
        name: field name within its group.
        kind: "float", "int", "bool" or "str".
        default: value used when a scenario is silent.
        unit: physical unit; "1" for dimensionless, "" for a word or a switch.
        bounds: inclusive lowest and highest value, numbers only.
        choices: the allowed words, words only; empty for free text.
        role: lever, uncertainty or constant.
        source: id in model/data/sources.yaml, or "assumption".
        note: why this value; obligatory for an assumption.
        doc: what it means, one sentence.
    """

    name: str
    kind: str
    default: Any
    unit: str
    bounds: tuple[float, float] | None
    choices: tuple[str, ...]
    role: Role
    source: str
    note: str
    doc: str

    @property
    def is_assumption(self) -> bool:
        """Whether no published source backs the default."""
        return self.source == ASSUMPTION

    def allowed(self) -> str:
        """Return what values are allowed, as a phrase for a message."""
        if self.choices:
            return "one of: " + ", ".join(self.choices)
        if self.bounds is not None:
            low, high = self.bounds
            unit = "" if self.unit == "1" else f" {self.unit}"
            return f"{KIND_WORDS[self.kind]} from {low:g} to {high:g}{unit}"
        return KIND_WORDS[self.kind]

    def fault(self, value: object) -> str:
        """Return what is wrong with `value`, or an empty string."""
        if self.kind == "bool":
            return "" if isinstance(value, bool) else f"{value!r} is not true or false"
        if self.kind == "str":
            return self._fault_of_word(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return f"{value!r} is not a number"
        if math.isnan(value):
            return "NaN is not a value"
        if self.kind == "int" and not float(value).is_integer():
            return f"{value!r} is not a whole number"
        if self.bounds is not None and not self.bounds[0] <= value <= self.bounds[1]:
            return f"{value!r} is out of range"
        return ""

    def _fault_of_word(self, value: object) -> str:
        if not isinstance(value, str):
            return f"{value!r} is not text"
        if self.choices and value not in self.choices:
            return f"{value!r} is not allowed; {nearest(value, self.choices)}".rstrip("; ")
        return ""


def declare(
    default: Any,
    *,
    unit: str,
    doc: str,
    source: str = ASSUMPTION,
    note: str = "",
    bounds: tuple[float, float] | None = None,
    choices: tuple[str, ...] = (),
    role: Role = "constant",
) -> Any:
    """Declare a field of a parameter group; see `Parameter` for the arguments.

    Raises:
        ValueError: if an assumption gives no reason.
    """
    if source == ASSUMPTION and not note:
        msg = f"an assumption needs a note that says why: {doc}"
        raise ValueError(msg)
    metadata = {"unit": unit, "doc": doc, "source": source, "note": note, "bounds": bounds, "choices": choices}
    return dataclasses.field(default=default, metadata={**metadata, "role": role})


_declared: dict[type, dict[str, Parameter]] = {}


def parameters_of(group: type) -> dict[str, Parameter]:
    """Return the declared parameters of a group by name, in order of declaration; worked out once per group."""
    if group not in _declared:
        hints = typing.get_type_hints(group)
        _declared[group] = {
            field.name: Parameter(
                name=field.name, kind=hints[field.name].__name__, default=field.default, **field.metadata
            )
            for field in dataclasses.fields(group)
            if "unit" in field.metadata
        }
    return _declared[group]


def faults_of(group: object, where: str) -> Iterator[Fault]:
    """Yield a fault for each field of a group whose value its declaration does not allow."""
    for name, parameter in parameters_of(type(group)).items():
        what = parameter.fault(getattr(group, name))
        if what:
            yield Fault(f"{where}.{name}" if where else name, what, f"allowed: {parameter.allowed()}")
