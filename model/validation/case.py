"""What a validation case is: declared parameters, a measurement by the engine, and a verdict.

A case passes when every number it finds lies within its tolerance of the expected one and, where it was drawn at
random, within four standard errors as well.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from model.errors import Fault, InputError, nearest
from model.parameters import Parameter, declare, parameters_of

if TYPE_CHECKING:
    from model.inputs import ModelInputs

type Level = Literal["emergent", "kernel", "unit", "invariant"]
type Scenarios = Callable[[str], dict[str, ModelInputs]]

STANDARD_ERRORS = 4.0
"""How many standard errors a random result may lie off."""

ROUNDING = 1e-9
"""Relative distance that is never held against a result."""


def setting(
    default: Any,
    unit: str,
    doc: str,
    *,
    bounds: tuple[float, float] | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare a parameter of a case; see `model.parameters.Parameter`."""
    return declare(default, unit=unit, doc=doc, bounds=bounds, choices=choices, source="validation-case")


@dataclass(frozen=True, kw_only=True)
class Check:
    """One number that the engine produced and the one it should be.

    Attributes:
        found, expected: the two numbers, or two truth values.
        standard_error: of `found`; None where nothing is random.
        rel, absolute: tolerance as a share of `expected`, or in its unit; exactly one of them.
        lower_bound: whether `expected` is only a lower bound.
    """

    found: float | bool
    expected: float | bool
    standard_error: float | None = None
    rel: float | None = None
    absolute: float | None = None
    lower_bound: bool = False

    @property
    def bound(self) -> float:
        """Largest distance that the tolerance allows."""
        return self.absolute if self.absolute is not None else (self.rel or 0.0) * abs(self.expected)

    def passes(self, effort: float) -> bool:
        """Tell whether the number is right; with fewer draws than usual the tolerance of a random one widens."""
        if isinstance(self.expected, bool):
            return self.found is self.expected
        distance = float(self.found) - float(self.expected)
        if not math.isfinite(distance):
            return False
        if self.lower_bound:
            return distance >= -self.bound
        if self.standard_error is None:
            return abs(distance) <= self.bound
        allowed = max(STANDARD_ERRORS * self.standard_error, ROUNDING * abs(self.expected))
        return abs(distance) <= allowed and abs(distance) <= self.bound / math.sqrt(effort)

    def tolerance(self) -> dict[str, Any]:
        """Return the tolerance as JSON."""
        kind = {"abs": self.absolute} if self.absolute is not None else {"rel": self.rel or 0.0}
        return {**kind, "side": "lower bound"} if self.lower_bound else kind


@dataclass(frozen=True)
class Bench:
    """What a case may use while it measures.

    Attributes:
        effort: share of the usual number of draws, in (0, 1]; tolerances widen with its root.
        scenarios: name of a scenario -> configurations by name, for the invariants.
    """

    effort: float
    scenarios: Scenarios

    def share(self, full: int, least: int) -> int:
        """Return `full` scaled by the effort, but not below `least`."""
        return max(least, round(full * self.effort))


def no_refusal(_: Any) -> list[Fault]:
    """Return no fault: the closed form holds for all values within bounds."""
    return []


@dataclass(frozen=True, kw_only=True)
class Case:
    """One entry of the catalogue.

    Attributes:
        name, title, source: what it is and where the expected values come from.
        family: family of mechanisms that it belongs to.
        level: what is tested: agents (emergent), a kernel, a formula (unit) or an invariant.
        settings: dataclass of its declared parameters.
        measure: runs the engine and returns the checks by result key.
        exercises: settings -> engine functions "module:function" that it exercises; breaking one fails the case.
        refuse: settings -> faults where the closed form does not hold, each with the reason.
    """

    name: str
    title: str
    family: str
    level: Level
    source: str
    settings: type
    measure: Callable[[Any, Bench], dict[str, Check]]
    exercises: Callable[[Any], tuple[str, ...]]
    refuse: Callable[[Any], list[Fault]] = no_refusal

    def read(self, given: Mapping[str, object]) -> Any:
        """Return the settings with the given values (text as typed, or Python values) in place of defaults.

        Raises:
            InputError: with every unknown name, wrong value, and refusal.
        """
        declared = parameters_of(self.settings)
        values: dict[str, Any] = {}
        faults: list[Fault] = []
        for name, raw in given.items():
            if name not in declared:
                hint = nearest(name, list(declared)) or f"known: {', '.join(declared)}"
                faults.append(Fault(f"{self.name}.{name}", "is not a parameter of this case", hint))
                continue
            values[name] = _parsed(declared[name], raw)
            faults.extend(_faults(f"{self.name}.{name}", declared[name], values[name], raw))
        if not faults:
            settings = self.settings(**values)
            faults = self.refuse(settings)
        if faults:
            raise InputError(faults)
        return settings

    def run(self, settings: Any, bench: Bench) -> Report:
        """Measure and judge."""
        return Report(self, settings, self.measure(settings, bench), bench.effort)

    def describe(self) -> dict[str, Any]:
        """Return name, level, parameters and source as JSON."""
        parameters = [
            {"name": p.name, "default": p.default, "unit": p.unit, "allowed": allowed(p), "doc": p.doc}
            for p in parameters_of(self.settings).values()
        ]
        return {
            "case": self.name,
            "title": self.title,
            "family": self.family,
            "level": self.level,
            "parameters": parameters,
            "exercises": list(self.exercises(self.settings())),
            "source": self.source,
        }


@dataclass(frozen=True)
class Report:
    """The outcome of one case.

    Attributes:
        case: the entry of the catalogue.
        settings: its parameters.
        checks: numbers by result key.
        effort: share of the usual draws.
    """

    case: Case
    settings: Any
    checks: dict[str, Check]
    effort: float = 1.0

    @property
    def passed(self) -> bool:
        """Whether every number is right."""
        return bool(self.checks) and all(check.passes(self.effort) for check in self.checks.values())

    def as_tree(self) -> dict[str, Any]:
        """Return the report as JSON; a number that is not finite becomes null."""
        checks = self.checks.items()
        return {
            "case": self.case.name,
            "level": self.case.level,
            "parameters": dataclasses.asdict(self.settings),
            "results": {key: _json_number(check.found) for key, check in checks},
            "expected": {key: _json_number(check.expected) for key, check in checks},
            "standard_error": {key: _json_number(check.standard_error) for key, check in checks},
            "tolerance": {key: check.tolerance() for key, check in checks},
            "passed": self.passed,
            "exercises": list(self.case.exercises(self.settings)),
            "source": self.case.source,
        }


def allowed(parameter: Parameter) -> str:
    """Return what a parameter of a case may be, as a phrase."""
    if parameter.kind != "tuple":
        return parameter.allowed()
    return f"list like [40, 50], each a {dataclasses.replace(parameter, kind='float').allowed()}"


def _json_number(value: float | bool | None) -> float | bool | None:
    if value is None or isinstance(value, bool):
        return value
    return float(value) if math.isfinite(value) else None


def _parsed(parameter: Parameter, raw: object) -> Any:
    """Return `raw` as the parameter's kind where that is possible, else as it is."""
    if isinstance(raw, str) and parameter.kind != "str":
        try:
            raw = json.loads(raw, parse_int=float) if parameter.kind == "tuple" else _number(raw)
        except (ValueError, RecursionError):
            return raw
    if parameter.kind == "tuple" and isinstance(raw, list):
        return tuple(raw)
    if parameter.kind == "int" and isinstance(raw, float) and raw.is_integer():
        return int(raw)
    if parameter.kind == "float" and isinstance(raw, int) and not isinstance(raw, bool):
        return float(raw) if abs(raw) < 1e300 else raw  # noqa: PLR2004 - beyond any bound, and float() would overflow
    return raw


def _number(text: str) -> float | bool:
    words = {"true": True, "false": False}
    return words[text.lower()] if text.lower() in words else float(text)


def _faults(where: str, parameter: Parameter, value: Any, raw: object) -> Iterator[Fault]:
    """Yield what is wrong with one value."""
    if parameter.kind != "tuple":
        what = parameter.fault(value)
    elif not isinstance(value, tuple) or not value:
        what = f"{raw!r} is not a list of numbers"
    else:
        single = dataclasses.replace(parameter, kind="float")
        what = "; ".join(dict.fromkeys(filter(None, (single.fault(item) for item in value))))
    if what:
        yield Fault(where, what, f"allowed: {allowed(parameter)}")
