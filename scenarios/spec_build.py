"""From a merged tree to the inputs of each strategy, with every fault traced back to its line."""

import contextlib
import dataclasses
import datetime as dt
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from model.errors import Fault, InputError
from model.inputs import ModelInputs, Shock
from scenarios.spec_extensions import resolve_extensions
from scenarios.spec_sections import CASE, CONTRACT_FAMILIES, FIRM_TYPES, HUB_TYPES, LIKE, PLATFORM_GROUPS
from scenarios.spec_shape import Reading, lookup, read
from scenarios.spec_tables import resolve_tables
from scenarios.spec_tree import changed, flatten
from scenarios.yaml_source import Node, Place

FIRST_YEAR, LAST_YEAR = 1900, 2199
_CALENDAR = "calendar"
_BLAMED = {"mode": "partner", "asset": "provider"}
"""The key to look at when a contract does not fit its parties."""
_FITTING = ("type", "utility", "metered_alone", "count", "process.kind", "process.scheduling")
"""What decides whether a firm can take part in a contract."""
_DECIDING = ("asset", "variant", "standard", "members", "protected", "platform")
"""What decides how a contract's other values are judged."""


@dataclass(frozen=True)
class Case:
    """One strategy, read.

    Attributes:
        inputs: the model's inputs; None when something is wrong with them.
        values: plain values as written, by section.
        places: where each dotted key was set.
    """

    inputs: ModelInputs | None
    values: dict[str, Any]
    places: dict[str, Place]


def build_cases(tree: Node, faults: list[Fault]) -> dict[str, Case]:
    """Return the case of each strategy, in the order of the file.

    Args:
        tree: the merged study.
        faults: receives every fault, each once, with its place.
    """
    strategies = tree.entries["strategies"].entries if "strategies" in tree.entries else {}
    if "platforms" not in tree.entries:
        return {}
    cases = {name: _case(tree, name, node, faults) for name, node in strategies.items()}
    _judge_firms(cases, strategies, faults)
    return cases


def _judge_firms(cases: Mapping[str, Case], strategies: Mapping[str, Node], faults: list[Fault]) -> None:
    """Complain about strategies that differ in who takes part, which leaves nothing to compare."""
    firms = {name: _types(case) for name, case in cases.items()}
    first = next(iter(firms), "")
    for name, types in firms.items():
        if types != firms[first]:
            what = f"strategies.{name} has other firms than strategies.{first}"
            allowed = "the same firms take part in every strategy; contracts and parameters differ"
            faults.append(Fault(str(strategies[name].key_place), what, allowed))


def _types(case: Case) -> dict[str, str]:
    return {name: section.get("type", "") for name, section in case.values.get("firms", {}).items()}


def _case(tree: Node, name: str, strategy: Node, faults: list[Fault]) -> Case:
    reading = Reading(faults)
    node = _effective(tree, strategy, reading)
    values = read(CASE, node, "", reading)
    series = resolve_tables(values, reading)
    extensions = resolve_extensions(values, reading)
    _judge_policies(tree, values, faults)
    _judge_dates(values, reading)
    try:
        inputs = _inputs(name, values, series, extensions)
    except InputError as error:
        _complain(error.faults, values, reading)
        return Case(None, values, reading.places)
    return Case(inputs, values, reading.places)


def _complain(faults: Sequence[Fault], values: dict[str, Any], reading: Reading) -> None:
    """Note the faults of the inputs that do not follow from others; those of contracts may follow from firms'."""
    for of_contracts in (False, True):
        mine = [fault for fault in faults if fault.where.startswith("contracts.") == of_contracts]
        for fault in [one for one in mine if not any(map(reading.broken, _causes(one.where, values)))]:
            reading.complain(fault.where, _place(fault.where, reading), f"{fault.where}: {fault.what}", fault.allowed)


def section_entries(node: Node, key: str) -> Mapping[str, Node]:
    """Return the entries of a section; none if it is not there."""
    return node.entries[key].entries if key in node.entries else {}


def _effective(tree: Node, strategy: Node, reading: Reading) -> Node:
    """Return the platforms with a strategy's contracts, then policies, then the strategy's changes."""
    entries = dict(tree.entries["platforms"].entries)
    if "contracts" in strategy.entries:
        entries["contracts"] = strategy.entries["contracts"]
    node = Node(entries, tree.entries["platforms"].place, tree.entries["platforms"].key_place)
    policies, changes = section_entries(tree, "policies"), section_entries(strategy, "changes")
    imposed = dict(flatten(policies))
    for key, child in flatten(changes):
        place = str(child.key_place)
        if key in imposed:
            reading.faults.append(Fault(place, f"{key} is set by policies too", "a strategy cannot undo a policy"))
        if key.startswith("firms.") and key.endswith(f".{LIKE}"):
            what = f"{key} is set by a strategy"
            reading.faults.append(Fault(place, what, "a firm's sector holds under every strategy: set it in platforms"))
        if key.split(".")[0] == _CALENDAR:
            what = f"{key} differs between strategies"
            reading.faults.append(Fault(place, what, "strategies are compared over the same days"))
    node = changed(node, policies, reading.faults, case=True)
    return changed(node, changes, reading.faults, case=True)


def _judge_policies(tree: Node, values: dict[str, Any], faults: list[Fault]) -> None:
    """Complain about policies that set what no policy maker decides."""
    for key, child in flatten(section_entries(tree, "policies")):
        parameter = lookup(CASE, tuple(key.split(".")), values)
        if parameter is not None and parameter.role != "lever":
            allowed = "policies set levers only; set it under platforms, or in an override"
            faults.append(Fault(str(child.key_place), f"{key} is not a lever but of role {parameter.role}", allowed))


def _judge_dates(values: dict[str, Any], reading: Reading) -> None:
    """Complain about a start so far away that the calendar's arithmetic, or its holidays, mean nothing."""
    start = values.get(_CALENDAR, {}).get("start", "")
    with contextlib.suppress(ValueError):  # what is no date at all, the inputs refuse themselves
        if not FIRST_YEAR <= dt.date.fromisoformat(start).year <= LAST_YEAR:
            what = f"calendar.start: {start} is out of range"
            allowed = f"allowed: from {FIRST_YEAR}-01-01 to {LAST_YEAR}-12-31"
            reading.complain("calendar.start", reading.places["calendar.start"], what, allowed)


def _inputs(
    name: str, values: dict[str, Any], series: tuple[Any, ...], extensions: tuple[Any, ...]
) -> ModelInputs:  # fmt: skip
    """Build the inputs of one strategy from plain values."""
    groups = {key: _group(group, values.get(key, {})) for key, group in PLATFORM_GROUPS.items()}
    makers, utilities = [], []
    for firm, section in values.get("firms", {}).items():
        if "type" not in section:
            continue
        rest = {key: value for key, value in section.items() if key not in ("type", LIKE)}
        if section["type"] == "utility":
            utilities.append(_group(FIRM_TYPES["utility"], rest, name=firm))
        else:
            makers.append(_group(FIRM_TYPES[section["type"]], rest, name=firm, type=section["type"]))
    hubs: dict[str, Any] = {
        kind: tuple(_group(group, section, name=name) for name, section in values.get(kind, {}).items())
        for kind, group in HUB_TYPES.items()
    }
    return ModelInputs(
        name=name,
        manufacturers=tuple(makers),
        utilities=tuple(utilities),
        own_series=series,
        extensions=extensions,
        shocks=tuple(
            _group(Shock, section, name=name)
            for name, section in values.get("shocks", {}).items()
            if "firms" in section
        ),
        **hubs,
        **_contracts(values.get("contracts", {})),
        **groups,
    )


def _contracts(sections: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the contracts of each family by the field of the inputs; those that lack a party are left out."""
    found: dict[str, list[Any]] = {field: [] for _, field in CONTRACT_FAMILIES.values()}
    for name, section in sections.items():
        group, field = CONTRACT_FAMILIES[section.get("family", "data")]
        rest = {key: value for key, value in section.items() if key != "family"}
        needed = [item.name for item in dataclasses.fields(group) if item.default is dataclasses.MISSING]
        if all(key in rest for key in needed if key not in ("name", "security", "pipeline")):
            found[field].append(_group(group, rest, name=name))
    return {field: tuple(contracts) for field, contracts in found.items()}


def _group(group: type, values: Mapping[str, Any], **names: str) -> Any:
    """Build a parameter group, nested groups included; what is not given keeps its default."""
    hints = _hints(group)
    arguments = {
        key: _group(hints[key], value) if dataclasses.is_dataclass(hints[key]) else _plain(value)
        for key, value in values.items()
    }
    return group(**names, **arguments)


def _plain(value: Any) -> Any:
    """Return a value as inputs hold it: a mapping of names to shares becomes pairs, without those that are faulty."""
    return tuple((k, v) for k, v in value.items() if v is not None) if isinstance(value, dict) else value


@cache
def _hints(group: type) -> dict[str, Any]:
    return typing.get_type_hints(group)


def _prefixes(key: str) -> Iterator[str]:
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        yield ".".join(parts[:length])


def _place(key: str, reading: Reading) -> Place:
    """Return the place that causes a fault of the inputs, or that of the nearest section around it."""
    section, _, last = key.rpartition(".")
    blamed = f"{section}.{_BLAMED[last]}" if key.startswith("contracts.") and last in _BLAMED else key
    return next(reading.places[prefix] for prefix in (*_prefixes(blamed), "") if prefix in reading.places)


def _causes(key: str, values: dict[str, Any]) -> list[str]:
    """Return the keys that a fault of the inputs rests upon; if one is faulty itself, this fault only follows."""
    if "." not in key:
        return [key]
    section, name, *rest = key.split(".")
    last = rest[-1] if rest else ""
    if section == "contracts":
        contract = values.get("contracts", {}).get(name, {})
        platform = f"data_platforms.{contract.get('platform')}"
        parties = [contract.get("provider"), contract.get("partner"), *contract.get("members", ())]
        said = [f"firms.{party}.{key}" for party in parties for key in _FITTING]
        own = [f"{section}.{name}.{key}" for key in _DECIDING]
        others = [key for key in own if key != f"{section}.{name}.{last}"]
        return [*said, *others, f"{platform}.standard", *(["extensions"] if last == "variant" else [])]
    if section == "firms" and last in ("supplier", "utility"):
        return [f"firms.{values['firms'][name].get(last)}.type"]
    if section == "firms" and last == "behaviour":
        return [key, "extensions"]
    if section == "firms":
        return [key, *(f"firms.{name}.{part}" for part in ("process.kind", "metered_alone", "count", "demand.mean"))]
    return [key]
