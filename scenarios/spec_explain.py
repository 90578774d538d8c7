"""A study resolved and explained: every value that runs, with its unit and the line that set it."""

import ast
import dataclasses
import inspect
import io
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from model import endowments, know_how
from model.inputs import EVENTS, PLATFORMS, ModelInputs, members_of
from model.parameters import Parameter, parameters_of
from scenarios.evaluation import Orders
from scenarios.spec import BreakEven, Influence, Origin, Study, Waterfall
from scenarios.spec_sections import CONTRACT_FAMILIES, PLATFORM_GROUPS, STUDY
from scenarios.spec_shape import lookup

_WIDEST_VALUE = 40
OWNED = (endowments.__name__, know_how.__name__)
"""Modules of what a firm may have beside its process."""


@dataclass(frozen=True)
class Row:
    """One value of a study.

    Attributes:
        key: dotted key; preceded by `strategies.NAME.` where strategies differ.
        value: what runs.
        unit: unit of the value.
        file: the file that sets it, the command line, or the declaration whose default it is.
        line: line in that file; 0 for the command line.
        is_default: whether no scenario sets it.
        source: id of the default's source, or "assumption"; "scenario" for a value that was set.
        note: why the default is what it is.
        doc: what the parameter means.
    """

    key: str
    value: Any
    unit: str
    file: str
    line: int
    is_default: bool
    source: str
    note: str
    doc: str


def explain(study: Study) -> list[Row]:
    """Return a row for every value: first of the study, then of the platforms, then of single strategies.

    What a firm may have beside its process (machines, people, heat ...) is left out where nothing of it is declared:
    such a section means nothing.
    """
    declared = _declared(study)
    rows = list(_study_rows(study))
    common: dict[str, Row] = {}
    single: list[Row] = []
    for name, inputs in study.strategies.items():
        for key, group, parameter, raw in parameters(inputs):
            value = _shown(raw, study)
            own = f"strategies.{name}.{key}"
            if group.__module__ in OWNED and key.rpartition(".")[0] not in declared:
                continue
            if key.startswith("contracts.") or own in study.origins:
                single.append(_row(own, parameter, value, group, study.origins.get(own)))
            elif key not in common:
                common[key] = _row(key, parameter, value, group, study.origins.get(key))
    return [*rows, *common.values(), *single]


def _declared(study: Study) -> set[str]:
    """Return the sections of firms' endowments in which any strategy, or the file, sets anything."""
    found = {
        key.rpartition(".")[0]
        for inputs in study.strategies.values()
        for key, group, parameter, value in parameters(inputs)
        if group.__module__ in OWNED and value != parameter.default
    }
    return found | {key[key.index("firms.") :].rpartition(".")[0] for key in study.origins if "firms." in key}


def parameters(inputs: ModelInputs) -> Iterator[tuple[str, type, Parameter, Any]]:
    """Yield (dotted key, group, declaration, value) for every parameter of the inputs."""
    for name in PLATFORM_GROUPS:
        yield from _within(getattr(inputs, name), name)
    for where, member in members_of(inputs):
        yield from _within(member, where)


def _within(group: Any, where: str) -> Iterator[tuple[str, type, Parameter, Any]]:
    for name, parameter in parameters_of(type(group)).items():
        yield f"{where}.{name}", type(group), parameter, getattr(group, name)
    for item in dataclasses.fields(group):
        inner = getattr(group, item.name)
        if dataclasses.is_dataclass(inner):
            yield from _within(inner, f"{where}.{item.name}")


def _row(key: str, parameter: Parameter, value: Any, group: type, origin: Origin | None) -> Row:
    if origin is not None:
        return Row(key, value, parameter.unit, origin.file, origin.line, False, "scenario", "", parameter.doc)
    declaring = next(one for one in group.__mro__ if parameter.name in vars(one).get("__annotations__", {}))
    file = declaring.__module__.replace(".", "/") + ".py"
    line = _lines(declaring.__module__)[declaring.__name__, parameter.name]
    return Row(key, value, parameter.unit, file, line, True, parameter.source, parameter.note, parameter.doc)


@cache
def _lines(module: str) -> dict[tuple[str, str], int]:
    """Return the line of each declaration of a module by (group, parameter)."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {
        (group.name, field.target.id): field.lineno
        for group in tree.body
        if isinstance(group, ast.ClassDef)
        for field in group.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    }


def _study_rows(study: Study) -> Iterator[Row]:
    """Yield the values that belong to the study and not to the model."""
    sections = {key: value for key, value in resolved(study).items() if key in ("goals", "run", "evaluate")}
    declared = {key: parameter for inputs in study.strategies.values() for key, _, parameter, _ in parameters(inputs)}
    for section, values in sections.items():
        for key, value in _leaves(values, section):
            origin = study.origins.get(key)
            parameter = lookup(STUDY, tuple(key.split(".")), sections) or declared.get(_varied(key))
            unit, doc = (parameter.unit, parameter.doc) if parameter else ("", "")
            if origin is not None:
                yield Row(key, value, unit, origin.file, origin.line, False, "scenario", "", doc)


def _varied(key: str) -> str:
    """Return the model's parameter that a key of an influence or a waterfall ends in."""
    _, _, ranged = key.partition(".parameters.")
    _, _, switched = key.partition(".switches.")
    return ranged or switched.partition(".")[2]


def _leaves(values: dict[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{where}.{key}")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield from _leaves({str(number): item for number, item in enumerate(value)}, f"{where}.{key}")
        else:
            yield f"{where}.{key}", value


def resolved(study: Study) -> dict[str, Any]:
    """Return the study with every default filled in and `extends`, policies and overrides worked in.

    The result is a scenario again: written as YAML it loads into the same inputs. The platforms are
    those of the baseline; what other strategies change stands under their `changes`.
    """
    base = study.strategies[study.baseline]
    tree: dict[str, Any] = {"title": study.title}
    if study.description:
        tree["description"] = study.description
    goals: dict[str, Any] = {"question": study.question, "stakeholders": study.stakeholders}
    tree["goals"] = {**goals, "outcomes": list(study.goals), "baseline": study.baseline}
    tree["platforms"] = {**{name: _plain(getattr(base, name), study) for name in PLATFORM_GROUPS}, "firms": {}}
    if base.extensions:
        tree["platforms"]["extensions"] = [_shown(one.name, study) for one in base.extensions]
    firms: tuple[Any, ...] = (*base.manufacturers, *base.utilities)
    for member in firms:
        kind = getattr(member, "type", "utility")
        tree["platforms"]["firms"][member.name] = {"type": kind, **_plain(member, study)}
    for family in (*PLATFORMS, *EVENTS):
        tree["platforms"][family] = {hub.name: _plain(hub, study) for hub in getattr(base, family)}
    common = _shared_values(base, study)
    tree["strategies"] = {name: _strategy(study, name, common) for name in study.strategies}
    tree["run"] = dataclasses.asdict(study.run)
    tree["evaluate"] = _evaluation(study)
    return tree


def _shared_values(inputs: ModelInputs, study: Study) -> dict[str, Any]:
    return {key: _shown(value, study) for key, _, _, value in parameters(inputs) if not key.startswith("contracts.")}


def _strategy(study: Study, name: str, common: dict[str, Any]) -> dict[str, Any]:
    notes, inputs = study.strategy_notes[name], study.strategies[name]
    own = _shared_values(inputs, study)
    tree: dict[str, Any] = {"title": notes.title}
    if notes.description:
        tree["description"] = notes.description
    tree["contracts"] = {
        contract.name: {"family": family, **_plain(contract, study)}
        for family, (group, field) in CONTRACT_FAMILIES.items()
        for contract in getattr(inputs, field)
    }
    tree["changes"] = {key: value for key, value in own.items() if value != common[key]}
    return tree


def _evaluation(study: Study) -> dict[str, Any]:
    evaluation = study.evaluation
    tree: dict[str, Any] = {"outcomes": list(evaluation.outcomes), "parties": list(evaluation.parties)}
    parts = (("break_even", _sweep), ("influence", _influence), ("waterfall", _waterfall), ("orders", _orders))
    for part, shown in parts:
        sections = [shown(one) for one in getattr(evaluation, part)]
        if sections:
            tree[part] = sections[0] if len(sections) == 1 else sections
    return tree


def _sweep(one: BreakEven) -> dict[str, Any]:
    spacing = {} if one.spacing == "linear" else {"spacing": one.spacing}
    values = {"parameter": one.parameter, "values": list(one.values), **spacing}
    return {**_named(one), **values, **_asked(one), "replications": one.replications}


def _influence(one: Influence) -> dict[str, Any]:
    ends = {entry.parameter: [entry.low, entry.high] for entry in one.parameters}
    return {**_named(one), **_asked(one), **_some(one), "parameters": ends}


def _waterfall(one: Waterfall) -> dict[str, Any]:
    parties = {"parties": list(one.parties)} if one.parties else {}
    switches = {"switches": {switch.stage: switch.off for switch in one.switches}}
    return {
        **_named(one), "strategy": one.strategy, "outcomes": list(one.outcomes), **parties, **_some(one),
        **({"contract": one.contract} if one.contract else switches),
    }  # fmt: skip


def _orders(one: Orders) -> dict[str, Any]:
    sets = {each.strategy: list(each.steps) for each in one.sets}
    parties = {"parties": list(one.parties)} if one.parties != ("",) else {}
    asked = {"baseline": one.baseline, "outcome": one.outcome, **parties}
    return {**_named(one), **asked, "steps": list(one.steps), "sets": sets}


def _named(one: BreakEven | Influence | Waterfall | Orders) -> dict[str, Any]:
    return {"name": one.name, **({"title": one.title} if one.title else {})}


def _asked(one: BreakEven | Influence) -> dict[str, Any]:
    """Return who is compared with whom in which outcome."""
    parties = {"parties": list(one.parties)} if one.parties != ("",) else {}
    return {"strategy": one.strategy, "baseline": one.baseline, "outcome": one.outcome, **parties}


def _some(one: Influence | Waterfall) -> dict[str, Any]:
    return {} if one.replications is None else {"replications": one.replications}


def _plain(group: Any, study: Study) -> dict[str, Any]:
    """Return a parameter group as a section of a scenario file."""
    tree: dict[str, Any] = {}
    for item in dataclasses.fields(group):
        value = getattr(group, item.name)
        if dataclasses.is_dataclass(value):
            tree[item.name] = _plain(value, study)
        elif item.name == "shares":
            tree[item.name] = dict(value)
        elif item.name not in ("name", "type"):
            tree[item.name] = _shown(value, study)
    return tree


def _shown(value: Any, study: Study) -> Any:
    """Return a value as a scenario writes it: files relative to the scenario's folder."""
    if isinstance(value, str) and Path(value).is_absolute():
        folder = study.path.resolve().parent
        return Path(value).relative_to(folder).as_posix() if Path(value).is_relative_to(folder) else value
    return value


def as_yaml(tree: dict[str, Any]) -> str:
    """Return plain nested values as YAML, in their order."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 110
    yaml.allow_unicode = True
    stream = io.StringIO()
    yaml.dump(tree, stream)
    return stream.getvalue()


def for_json(value: Any) -> Any:
    """Return a value that JSON can hold; infinity is written as in YAML."""
    if isinstance(value, dict):
        return {key: for_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [for_json(item) for item in value]
    if isinstance(value, float) and math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    return value


def as_text(rows: list[Row]) -> str:
    """Return rows as aligned columns: key, value with unit, where it was set, and why."""
    cells = [(row.key, _value_text(row), f"{row.file}:{row.line}" if row.line else row.file) for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=True)), _reason(row)]).rstrip()
        for row, line in zip(rows, cells, strict=True)
    )


def _value_text(row: Row) -> str:
    values = row.value if isinstance(row.value, list) else [row.value]
    text = ", ".join(_item_text(item) for item in values)
    text = f"{text} {row.unit}" if row.unit not in ("", "1") else text
    return text if len(text) <= _WIDEST_VALUE else text[: _WIDEST_VALUE - 3] + "..."


def _item_text(item: Any) -> str:
    if isinstance(item, bool):
        return str(item).lower()
    return f"{item:.10g}" if isinstance(item, float) else str(item)


def _reason(row: Row) -> str:
    if not row.is_default:
        return ""
    return f"default; {row.source}" + (f": {row.note}" if row.note else "")
