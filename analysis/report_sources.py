"""Where the numbers of a report come from: every parameter with its source, the tables, the software."""

import dataclasses
import math
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath
from typing import Any

from model.errors import InputError
from model.inputs import (
    GROUPS,
    PLATFORMS,
    DataContract,
    DataPlatformInputs,
    ManufacturerInputs,
    ResourceContract,
    ResourcePlatformInputs,
    TechnologyContract,
    TechnologyPlatformInputs,
    UtilityInputs,
)
from model.ledger import REAL_KINDS
from model.outcomes import OUTCOME
from model.parameters import Parameter, parameters_of

_SECTIONS = ("calendar", "economy", "market", "balancing", "privacy", "incidents")
_MEMBERS = (
    ("manufacturers", ManufacturerInputs, "firms"), ("utilities", UtilityInputs, "firms"),
    ("data_platforms", DataPlatformInputs, "data_platforms"),
    ("resource_platforms", ResourcePlatformInputs, "resource_platforms"),
    ("technology_platforms", TechnologyPlatformInputs, "technology_platforms"),
    ("contracts", DataContract, "contracts"), ("resource_contracts", ResourceContract, "contracts"),
    ("technology_contracts", TechnologyContract, "contracts"),
)  # fmt: skip
_NAMED = ("firms.", "contracts.", *(f"{name}." for name in PLATFORMS))
_ENDOWMENTS = ("site", "equipment", "labour", "station", "heat", "by_product", "generation", "technology")
"""Sections of a firm that mean nothing unless they are declared."""
_OPTIONAL = ("privacy", "incidents", "flexibility", "storage", "records", "logs", "security", "pipeline")
"""Sections that do nothing, or nothing out of the ordinary, while all of their parameters stand at their defaults."""
_ANONYMISING = ("protected", "noise", "epsilon", "delta", "budget", "k", "grouping", "release", "window")
"""Parameters of a contract that only `anonymised` reads."""
_READERS = {
    "objective": ("allocation",), "inflation": ("allocation",), "largest_programme": ("allocation",),
    "bargaining": ("leasing",), "search_cost": ("leasing",), "partners": ("leasing", "heat"),
    "priority": ("pooling",), "throughput": ("pooling",),
    "pipe_cost": ("heat",), "pipe_loss": ("heat",), "cooling": ("heat",), "approach": ("heat",),
    "meetings": ("exchange",), "cutoff": ("exchange",), "transfer_cost": ("exchange",),
    "joint_weight": ("cooperation",), "joint_spillover": ("cooperation",), "damping": ("cooperation",),
    "openness": ("sharing",), "royalty": ("sharing",),
}  # fmt: skip
"""Parameter of a contract on resources or technology -> the variants, or the resources, that read it."""
_VARIANTS = ("allocation", "leasing", "pooling", "exchange", "cooperation", "sharing")
_TRANSFERS = {
    "sales": "sales of products", "goods": "materials between firms", "energy": "retail electricity",
    "peak": "monthly peak charge", "wholesale": "day-ahead purchases",
    "spread": "intraday spread",
    "imbalance_energy": "imbalance energy at the day-ahead price", "imbalance": "imbalance settlement beyond that",
    "fee": "fee for shared data", "platform_fee": "members' fee to the platform",
    "platform_result": "result of the platform, borne by its members", "fine": "privacy fines",
    "rent": "shared resources", "commission": "commission of the platform", "royalty": "licences for know-how",
    "carbon": "carbon of own fuel",
}  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """One parameter of a strategy with its declaration.

    Attributes:
        section: heading under which it is listed, such as "firms.steel.process".
        key: dotted key.
        parameter: its declaration.
        value: what was simulated.
    """

    section: str
    key: str
    parameter: Parameter
    value: Any

    @property
    def firm(self) -> str:
        """The firm, data platform or contract that the parameter belongs to; empty for the whole economy."""
        return self.key.split(".")[1] if self.key.startswith(_NAMED) else ""

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.parameter.name

    @property
    def place(self) -> str:
        """The key without the firm's name; that of a contract stays whole."""
        return self.key.replace(f".{self.firm}.", ".", 1) if self.key.startswith("firms.") else self.key

    @property
    def changed(self) -> bool:
        """Whether the study set another value than the default."""
        return bool(self.value != self.parameter.default)

    @property
    def shown(self) -> str:
        """The value with its unit."""
        return with_unit(self.value, self.parameter.unit)

    @property
    def default_shown(self) -> str:
        """The default with its unit."""
        return with_unit(self.parameter.default, self.parameter.unit)


def with_unit(value: Any, unit: str) -> str:
    """Return a value for people: yes and no for a switch, the unit after a number, unlimited for infinity."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and math.isinf(value):
        return "unlimited"
    if isinstance(value, (int, float)):
        text = f"{value:,.10g}" if abs(value) >= 10_000 else f"{value:.10g}"
        return text if unit in ("", "1") else f"{text} {unit}"
    return PurePath(str(value)).name if value != "" else "none"


def settings_of(tree: Mapping[str, Any]) -> list[Setting]:
    """Return every declared parameter in a stored tree of inputs, in order of declaration."""
    found: list[Setting] = []
    for name in _SECTIONS:
        found += _within(GROUPS[name], tree.get(name, {}), name)
    for field, group, head in _MEMBERS:
        for member in tree.get(field, ()):
            found += _within(group, member, f"{head}.{member['name']}")
    return found


def untouched(settings: Sequence[Setting]) -> frozenset[str]:
    """Return the keys of parameters that no strategy touches, in parts of the model that then have nothing to say.

    Args:
        settings: the parameters of all strategies.

    Such a part is an optional section (records, logs, security, storage ...) in which everything stands at its
    default, or what only an anonymised contract reads, or only one of another variant or resource, while no value of
    it was set.
    """
    busy = {one.section for one in settings if one.changed}
    idle = {one.key for one in settings if one.section.split(".")[-1] in _OPTIONAL and one.section not in busy}
    anonymising = [one for one in settings if one.key.startswith("contracts.") and one.name in _ANONYMISING]
    used = {one.section for one in anonymising if one.changed}
    return frozenset(idle | {one.key for one in anonymising if one.section not in used} | _unread(settings))


def _unread(settings: Sequence[Setting]) -> set[str]:
    """Return the keys of contracts that no variant and resource of theirs reads, where they stand at their defaults."""
    words: dict[str, set[str]] = {}
    for one in settings:
        if one.key.startswith("contracts.") and one.name in ("variant", "resource"):
            words.setdefault(one.section, set()).add(str(one.value))
    touched = {one.key for one in settings if one.changed}
    return {
        one.key
        for one in settings
        if one.name in _READERS and one.key not in touched and one.section in words
        and words[one.section].isdisjoint(_READERS[one.name])
        and not words[one.section].isdisjoint(_VARIANTS)
    }  # fmt: skip


def absent(settings: Sequence[Setting]) -> frozenset[str]:
    """Return the keys of firms' sections that say what they have (machines, people ...) where they have none of it.

    Args:
        settings: the parameters of all strategies.
    """
    found = [one for one in settings if one.key.startswith("firms.") and one.section.split(".")[-1] in _ENDOWMENTS]
    had = {one.section for one in found if one.changed}
    return frozenset(one.key for one in found if one.section not in had)


def group_of[T](kind: type[T], values: Mapping[str, Any]) -> T:
    """Return a group of inputs from its stored tree; what this version does not know is left out, unchecked."""
    hints = typing.get_type_hints(kind)
    known = {item.name for item in dataclasses.fields(kind)}  # type: ignore[arg-type]
    arguments = {
        name: group_of(hints[name], value) if isinstance(value, Mapping) and dataclasses.is_dataclass(hints[name])
        else tuple(value) if isinstance(value, list) else value
        for name, value in values.items() if name in known
    }  # fmt: skip
    return kind(**arguments)


def _within(group: type, values: Mapping[str, Any], where: str) -> Iterator[Setting]:
    for name, parameter in parameters_of(group).items():
        if name in values:
            yield Setting(where, f"{where}.{name}", parameter, values[name])
    hints = typing.get_type_hints(group)
    for item in dataclasses.fields(group):
        if dataclasses.is_dataclass(hints[item.name]) and isinstance(values.get(item.name), Mapping):
            yield from _within(hints[item.name], values[item.name], f"{where}.{item.name}")


@cache
def sources() -> dict[str, dict[str, str]]:
    """Return the lists of sources in model/data: source id -> title, reference, read; licence of measured series."""
    from importlib.resources import files

    from ruamel.yaml import YAML

    found: dict[str, dict[str, str]] = {}
    for name in ("sources.yaml", "literature.yaml"):
        text = files("model").joinpath("data", name).read_text(encoding="utf-8")
        found.update({str(key): dict(entry) for key, entry in YAML(typ="safe").load(text).items()})
    return found


def reference_of(source: str) -> str:
    """Return the reference behind a source id; the id itself where the list of sources has no entry."""
    entry = sources().get(source)
    return " ".join(str(entry.get("reference") or entry.get("title")).split()) if entry else source


def tables_of(tree: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the calibrated tables and own series of a tree of inputs come from, with licence and attribution.

    Tables that share everything but their name make one entry, whose `tables` are their names.
    """
    own = {entry["name"]: entry for entry in tree.get("own_series", ())}
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for name in dict.fromkeys(_table_names(tree)):
        entry = _own_table(own[name]) if name in own else _table(name)
        table = entry.pop("table")
        found.setdefault(tuple(entry.values()), {**entry, "tables": []})["tables"].append(table)
    return list(found.values())


def _table_names(tree: Mapping[str, Any]) -> Iterator[str]:
    """Yield the tables that are used: those of a rule or process that is switched off are not."""
    market = tree.get("market", {})
    yield str(market.get("price_table", ""))
    if market.get("closure") == "endogenous":
        yield str(market.get("stack_table", ""))
    for firm in tree.get("manufacturers", ()):
        if firm["process"]["kind"] == "shaped":
            yield str(firm["process"]["load_table"])
    for utility in tree.get("utilities", ()):
        yield str(utility["forecasting"]["error_table"])


def _own_table(entry: Mapping[str, Any]) -> dict[str, str]:
    return {
        "table": PurePath(entry["name"]).name, "source": "the user's own series", "licence": "the user's own",
        "attribution": "–", "method": f"read as it is, from {entry['first_day']} on; sha256 {entry['digest']}",
        "date": "–",
    }  # fmt: skip


def _table(name: str) -> dict[str, str]:
    from model.reference import read_tree

    keys = ("source", "licence", "attribution", "method", "date")
    try:
        _, tree = read_tree(name)
    except InputError:
        return {"table": PurePath(name).name, **dict.fromkeys(keys, "not readable on this machine any more")}
    return {"table": PurePath(name).name, **{key: str(tree.get(key, "–")) for key in keys}}


def kind_label(kind: str) -> str:
    """Return what a payment is for, in words."""
    if kind in REAL_KINDS:
        return OUTCOME[REAL_KINDS[kind]].title.lower()
    return _TRANSFERS.get(kind, kind.replace("_", " "))


def stakeholders_of(text: str) -> tuple[dict[str, str], str]:
    """Return who asks what, and the description, from a scenario file; nothing where it does not say."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        tree = YAML(typ="safe").load(text)
    except YAMLError:
        return {}, ""
    tree = tree if isinstance(tree, Mapping) else {}
    goals = tree.get("goals")
    asked = goals.get("stakeholders") if isinstance(goals, Mapping) else None
    people = {str(k): str(v) for k, v in asked.items()} if isinstance(asked, Mapping) else {}
    description = tree.get("description")
    return people, description if isinstance(description, str) else ""
