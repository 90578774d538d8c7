"""Steps 1, 4 and 5 of a study: baseline, run plan, what is evaluated, and the break-even sweep."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from model.errors import nearest
from model.outcomes import OUTCOME
from model.parameters import Parameter
from scenarios.spec_build import Case
from scenarios.spec_sections import CASE, OTHER_PARTIES
from scenarios.spec_shape import Reading, lookup, read_leaf
from scenarios.yaml_source import Node

_SWEEP = "evaluate.break_even"


@dataclass(frozen=True)
class RunPlan:
    """How many random futures are simulated, from which seed."""

    seed: int
    replications: int


@dataclass(frozen=True)
class BreakEven:
    """A sweep of one parameter, to find from where on a strategy pays.

    Attributes:
        parameter: dotted key.
        values: ascending, in the parameter's unit; whole numbers where the parameter is one.
        strategy: the strategy that pays or does not.
        baseline: what it is compared with.
        outcome: which outcome has to improve.
        parties: whose; ("",) when the outcome is not per party.
    """

    parameter: str
    values: tuple[float, ...]
    strategy: str
    baseline: str
    outcome: str
    parties: tuple[str, ...]

    @property
    def party(self) -> str:
        """The first party."""
        return self.parties[0]


@dataclass(frozen=True)
class Evaluation:
    """What is compared.

    Attributes:
        outcomes: names of the outcomes that are tabulated.
        parties: parties that are tabulated.
        break_even: the sweep, if one is declared.
    """

    outcomes: tuple[str, ...]
    parties: tuple[str, ...]
    break_even: BreakEven | None


def baseline_of(values: Mapping[str, Any], reading: Reading) -> str:
    """Return the study's baseline; complains if it is no strategy."""
    baseline = values.get("goals", {}).get("baseline", "")
    if baseline and "strategies" in values:
        _known("goals.baseline", baseline, list(values["strategies"]), "strategy", reading)
    return str(baseline)


def evaluation_of(values: Mapping[str, Any], cases: Mapping[str, Case], baseline: str, reading: Reading) -> Evaluation:
    """Return what the study evaluates, complaining about names that mean nothing."""
    section = values.get("evaluate", {})
    firms = list(next(iter(cases.values())).values.get("firms", {})) if cases else []
    parties = section.get("parties") or tuple(firms)
    _known_parties("evaluate.parties", parties, firms, reading)
    sweep = section.get("break_even")
    return Evaluation(
        outcomes=section.get("outcomes", ()),
        parties=parties,
        break_even=_break_even(sweep, cases, baseline, firms, reading) if sweep else None,
    )


def _known(where: str, name: str, known: Sequence[str], noun: str, reading: Reading) -> None:
    """Complain if `name` is not known."""
    if name not in known:
        allowed = f"{nearest(name, known)} known: {', '.join(known) or '(nothing)'}".strip()
        reading.complain(where, reading.places[where], f"{where}: no such {noun}: {name!r}", allowed)


def _known_parties(where: str, parties: Sequence[str], firms: Sequence[str], reading: Reading) -> None:
    for number, party in enumerate(parties if firms else ()):
        if party not in firms:
            _known(f"{where}.{number}", party, [*firms, *OTHER_PARTIES], "party", reading)


def _break_even(
    sweep: Mapping[str, Any], cases: Mapping[str, Case], baseline: str, firms: Sequence[str], reading: Reading
) -> BreakEven | None:
    """Return the sweep, or None with complaints."""
    pair = {"strategy": sweep.get("strategy"), "baseline": sweep.get("baseline", baseline)}
    for key, name in pair.items():
        if key in sweep and cases:
            _known(f"{_SWEEP}.{key}", name, list(cases), "strategy", reading)
    compared = {name: cases[name] for name in pair.values() if name in cases} or dict(list(cases.items())[:1])
    parameter = _swept(sweep["parameter"], compared, reading) if "parameter" in sweep and compared else None
    values = _values(parameter, sweep["values"], reading) if parameter and "values" in sweep else ()
    parties = _parties(sweep, firms, reading) if "outcome" in sweep else ()
    if not (parameter and values and parties and all(name in cases for name in pair.values())):
        return None
    return BreakEven(sweep["parameter"], values, **pair, outcome=sweep["outcome"], parties=parties)


def _swept(key: str, cases: Mapping[str, Case], reading: Reading) -> Parameter | None:
    """Return the declaration of the swept parameter, which every strategy compared must have."""
    where = f"{_SWEEP}.parameter"
    found = {name: lookup(CASE, tuple(key.split(".")), case.values) for name, case in cases.items()}
    lacking = [name for name, parameter in found.items() if parameter is None]
    parameter = next((parameter for parameter in found.values() if parameter is not None), None)
    what, allowed = "", ""
    if parameter is None:
        what, allowed = f"no such parameter: {key!r}", _near_key(key, next(iter(cases.values())).values)
    elif lacking:
        what = f"strategy {lacking[0]} has no parameter {key!r}"
        allowed = "allowed: a parameter of both strategies, such as balancing.beta"
    elif parameter.kind not in ("int", "float"):
        what, allowed = f"{key!r} is not a number", "allowed: a parameter with a unit"
    if what:
        reading.complain(where, reading.places[where], f"{where}: {what}", allowed)
    return None if what else parameter


def _near_key(key: str, values: Mapping[str, Any]) -> str:
    """Return the nearest dotted key of a case."""
    return nearest(key, list(all_keys(CASE.fields, values))) or "for example balancing.beta"


def all_keys(fields: Mapping[str, Any], values: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return every dotted key of a case that names a parameter."""
    from scenarios.spec_shape import Leaf, Named, Section, Variants

    keys: list[str] = []
    for name, shape in fields.items():
        inner = values.get(name, {})
        match shape:
            case Leaf():
                keys.append(prefix + name)
            case Section(fields=deeper):
                keys += all_keys(deeper, inner, f"{prefix}{name}.")
            case Named(each=Section() as each):
                keys += all_keys(dict.fromkeys(inner, each), inner, f"{prefix}{name}.")
            case Named(each=Variants(options=options)):
                members = {member: options[got["type"]] for member, got in inner.items() if "type" in got}
                keys += all_keys(members, inner, f"{prefix}{name}.")
    return keys


def _values(parameter: Parameter, node: Node, reading: Reading) -> tuple[float, ...]:
    """Return the swept values in the parameter's unit, ascending."""
    where = f"{_SWEEP}.values"
    before = len(reading.faults)
    items = node.value if isinstance(node.value, list) else []
    values = tuple(read_leaf(parameter, item, where, reading) for item in items)
    if len(reading.faults) > before:
        return ()
    if len(values) < 2 or any(a >= b for a, b in itertools.pairwise(values)):
        reading.complain(where, node.place, f"{where} is no sweep", "allowed: a list of two or more ascending values")
    if any(math.isinf(value) for value in values):
        reading.complain(where, node.place, f"{where} is no sweep", "allowed: finite values")
    return values


def _parties(sweep: Mapping[str, Any], firms: Sequence[str], reading: Reading) -> tuple[str, ...]:
    """Return whose outcome decides; ("",) for an outcome of the whole economy."""
    outcome, where = OUTCOME[sweep["outcome"]], f"{_SWEEP}.parties"
    parties: tuple[str, ...] = sweep.get("parties", ())
    if not outcome.per_party:
        if parties:
            reading.complain(where, reading.places[where], f"{where}: {outcome.name} is one value for all parties")
        return ("",)
    if not parties and where not in reading.faulty:
        what = f"{where} is missing: {outcome.name} has one value per party"
        reading.complain(where, reading.places[_SWEEP], what, f"known: {', '.join([*firms, *OTHER_PARTIES])}")
    _known_parties(where, parties, firms, reading)
    return parties
