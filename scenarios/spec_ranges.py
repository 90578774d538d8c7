"""Values that belong to a parameter which another key names: swept values, ranges, switches."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from model.errors import nearest
from model.parameters import Parameter
from scenarios.evaluation import Range, Switch
from scenarios.spec_build import Case
from scenarios.spec_sections import CASE
from scenarios.spec_shape import NAME, Leaf, Named, Reading, Section, Variants, lookup, read_leaf
from scenarios.yaml_source import Node, Place

MOST_VALUES = 1_000
"""Most values of one sweep."""
_POINTS = Parameter(
    "points", "int", None, "1", (2, MOST_VALUES), (), "constant", "", "", "How many values, both ends included."
)
_RANGED = ("from", "to", "points")


@dataclass(frozen=True)
class Asked:
    """What the parts of an evaluation refer to.

    Attributes:
        cases: the strategies.
        baseline: the study's baseline.
        firms: names of the firms.
        reading: receives faults and knows places.
    """

    cases: Mapping[str, Case]
    baseline: str
    firms: Sequence[str]
    reading: Reading


def the_parameter(
    where: str, key: str, strategy: str | None, asked: Asked, *, place: Place | None = None, numbers: bool = True
) -> Parameter | None:
    """Return the declaration behind a dotted key of a strategy, or None with a complaint.

    Args:
        where: dotted key that names the parameter, for messages.
        key: the parameter's dotted key.
        strategy: the strategy that must have it; None if it is not known.
        asked: strategies and reading.
        place: where the key stands; that of `where` if None.
        numbers: whether only numbers and switches are allowed.
    """
    path = tuple(key.split("."))
    found = {name: lookup(CASE, path, case.values) for name, case in asked.cases.items()}
    parameter = next((one for one in found.values() if one is not None), None)
    what, allowed = "", ""
    if parameter is None and path[0] == "firms" and not any(case.values.get("firms") for case in asked.cases.values()):
        return None  # that there are no firms is said where they should be
    if parameter is None:
        what, allowed = f"no such parameter: {key!r}", _near_key(key, asked.cases)
    elif strategy is not None and found[strategy] is None:
        what = f"strategy {strategy} has no parameter {key!r}"
        having = ", ".join(name for name, one in found.items() if one is not None)
        allowed = f"the strategy that is asked about must have it, the baseline need not; it is in: {having}"
    elif numbers and parameter.kind == "str":
        what, allowed = f"{key!r} is not a number", "allowed: a parameter with a unit, or one that is true or false"
    if what:
        asked.reading.complain(where, place or asked.reading.places[where], f"{where}: {what}", allowed)
    return None if what else parameter


def _near_key(key: str, cases: Mapping[str, Case]) -> str:
    """Return the nearest dotted key of any strategy."""
    known = dict.fromkeys(name for case in cases.values() for name in all_keys(CASE.fields, case.values))
    return nearest(key, list(known)) or "for example balancing.beta"


def all_keys(fields: Mapping[str, Any], values: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return every dotted key of a case that names a parameter."""
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
            case Named(each=Variants(by=by, options=options)):
                word = by.parameter.name
                members = {member: options[got[word]] for member, got in inner.items() if word in got}
                keys += all_keys(members, inner, f"{prefix}{name}.")
    return keys


def read_values(where: str, parameter: Parameter, node: Node, spacing: str, reading: Reading) -> tuple[Any, ...]:
    """Return the values of a sweep in the parameter's unit, as listed or spread from one end to the other."""
    if isinstance(node.value, dict):
        return _spread(where, parameter, node, spacing, reading)
    items = node.value if isinstance(node.value, list) else []
    if len(items) > MOST_VALUES:
        reading.complain(where, node.place, f"{where} has {len(items):,} values", f"allowed: at most {MOST_VALUES:,}")
        return ()
    return tuple(read_leaf(parameter, item, where, reading) for item in items)


def _spread(where: str, parameter: Parameter, node: Node, spacing: str, reading: Reading) -> tuple[Any, ...]:
    """Return evenly spaced values, on a logarithmic scale where the spacing is log; whole numbers where asked."""
    before = len(reading.faults)
    for key, child in node.entries.items():
        if key not in _RANGED:
            hint = f"{nearest(key, _RANGED)} allowed: {', '.join(_RANGED)}".strip()
            reading.complain(f"{where}.{key}", child.key_place, f"unknown key {key!r} in {where}", hint)
    for key in _RANGED:
        if key not in node.entries:
            reading.complain(f"{where}.{key}", node.key_place, f"key {key!r} is missing in {where}")
    if len(reading.faults) > before:
        return ()
    ends = [read_leaf(parameter, node.entries[key], f"{where}.{key}", reading) for key in ("from", "to")]
    points = read_leaf(_POINTS, node.entries["points"], f"{where}.points", reading)
    if len(reading.faults) > before:
        return ()
    low, high = (float(end) for end in ends)
    if not (low < high < math.inf) or (spacing == "log" and low <= 0.0):
        allowed = "allowed: from below to, both finite" + (", from above 0" if spacing == "log" else "")
        reading.complain(where, node.place, f"{where} is no sweep", allowed)
        return ()
    values = np.geomspace(low, high, points) if spacing == "log" else np.linspace(low, high, points)
    if parameter.kind == "int":
        return tuple(dict.fromkeys(int(value) for value in np.rint(values)))
    return (low, *(float(f"{value:.6g}") for value in values[1:-1]), high)


def read_range(where: str, key: str, node: Node, strategy: str | None, asked: Asked) -> Range | None:
    """Return an assumption with its two ends, or None with complaints.

    Args:
        where: dotted key of the section that lists the assumptions.
        key: the parameter's dotted key.
        node: its two ends.
        strategy: the strategy that must have it; None if it is not known.
        asked: strategies and reading.
    """
    here, reading = f"{where}.{key}", asked.reading
    reading.places[here] = node.place
    parameter = the_parameter(here, key, strategy, asked, place=node.key_place)
    if parameter is None:
        return None
    items = node.value if isinstance(node.value, list) else []
    if len(items) != 2:
        reading.complain(here, node.place, f"{here} is no range", f"allowed: [low, high], each {parameter.allowed()}")
        return None
    before = len(reading.faults)
    low, high = (read_leaf(parameter, item, here, reading) for item in items)
    if len(reading.faults) > before:
        return None
    if low >= high:
        reading.complain(here, node.place, f"{here} is no range", "allowed: [low, high] with low below high")
        return None
    return Range(key, low, high)


def read_switches(where: str, node: Node, strategy: str | None, asked: Asked) -> tuple[Switch, ...]:
    """Return stages with what switches each off; () with complaints."""
    reading = asked.reading
    before = len(reading.faults)
    if not node.entries:
        reading.complain(where, node.key_place, f"{where} names no stage", "allowed: at least 1")
    switches = []
    for stage, child in node.entries.items():
        here = f"{where}.{stage}"
        if not re.fullmatch(NAME, stage):
            allowed = "allowed: up to 64 letters of any script, digits, - and _, starting with a letter or digit"
            reading.complain(here, child.key_place, f"{stage!r} is not a valid stage name", allowed)
        elif not child.entries:
            allowed = "allowed: dotted keys with values, such as contracts.plan.fee: 0 EUR/yr"
            reading.complain(here, child.key_place, f"{here} does not say what switches it off", allowed)
        else:
            switches.append(Switch(stage, dict(_settings(here, child, strategy, asked))))
    return tuple(switches) if len(reading.faults) == before else ()


def _settings(where: str, node: Node, strategy: str | None, asked: Asked) -> Iterator[tuple[str, Any]]:
    for key, child in node.entries.items():
        here = f"{where}.{key}"
        asked.reading.places[here] = child.place
        parameter = the_parameter(here, key, strategy, asked, place=child.key_place, numbers=False)
        if parameter is not None:
            yield key, read_leaf(parameter, child, here, asked.reading)
