"""From stored inputs back to `ModelInputs`: exactly, or with a word on every parameter that has come or gone.

The stored tree holds every parameter of the version that wrote it. A parameter that it lacks was therefore
unknown then, and a scenario silent about it resolves to its default: still the same question. A parameter
that this version no longer has was in force then, so the question is the same only if it stood at its default.
"""

import dataclasses
import io
import types
import typing
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from model.errors import InputError, RunError
from model.inputs import ModelInputs, OwnSeries, as_tree
from scenarios.provenance import canonical_json, user_files

_ADDED_KEYS = frozenset({"user_files"})
"""What `scenarios.provenance.inputs_json` adds to the tree of the inputs."""
_TABLE_SUFFIX = ".json"


@dataclass(frozen=True)
class Departure:
    """A parameter by which this version of the model departs from the one that ran.

    Attributes:
        parameter: dotted key, such as `manufacturers.steel.process.furnace`.
        path: the same for all members, such as `manufacturers[].process.furnace`.
        value: the default used now, or the value stored then, as plain JSON.
        kind: "new" (unknown then, at its default now) or "gone" (at its default then, unknown now).
    """

    parameter: str
    path: str
    value: Any
    kind: str


@dataclass(frozen=True)
class Rebuilt:
    """Inputs as they were.

    Attributes:
        inputs: the inputs.
        departures: parameters that one of the two versions does not know; empty within one version.
    """

    inputs: ModelInputs
    departures: tuple[Departure, ...]


@dataclass
class _Reading:
    """What reading a stored tree has found so far: (dotted key, path without member names, value)."""

    series: Callable[[Mapping[str, Any]], OwnSeries]
    new: list[tuple[str, str, Any]] = field(default_factory=list)
    gone: list[tuple[str, str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def rebuild(
    tree: Mapping[str, Any], *, name: str, then: Mapping[str, Any] | None, same_version: bool,
    series: Callable[[Mapping[str, Any]], OwnSeries],
) -> Rebuilt:  # fmt: skip
    """Return the inputs that a stored tree describes.

    Args:
        tree: the stored inputs, as written by `scenarios.provenance.inputs_json`.
        name: label of the case, which is not stored.
        then: what the model that ran declared (`declared_parameters`), None where the store does not say.
        same_version: whether the model that ran is this one.
        series: returns an own series for its stored name, first day and digest.

    Raises:
        RunError: if this version cannot ask the same question; names every reason.
    """
    reading = _Reading(series)
    stored = {key: value for key, value in tree.items() if key not in _ADDED_KEYS}
    try:
        draft = _arguments(ModelInputs, {"name": name, **stored}, ("", ""), reading)
        departures = _judge(reading, then, same_version=same_version)
        inputs = ModelInputs(**draft)
    except (InputError, TypeError, ValueError) as error:
        msg = f"the stored inputs are no inputs of this version: {error}"
        raise RunError(msg) from error
    _check_same(inputs, stored)
    return Rebuilt(inputs, departures)


def declared_parameters() -> str:
    """Return what this version declares, as canonical JSON: parameter path -> kind, unit and default.

    Members of a list have no names here: `manufacturers[].process.furnace`.
    """
    return canonical_json(dict(_declared(ModelInputs, "")))


def own_data(members: Iterable[ModelInputs]) -> dict[str, bytes]:
    """Return the user's own series and tables that these inputs read: sha256 -> packed content."""
    found: dict[str, bytes] = {}
    for inputs in members:
        own = {one.name for one in inputs.own_series}
        found |= {one.digest: pack_values(one.values) for one in inputs.own_series if one.digest not in found}
        for name, digest in user_files(as_tree(inputs)).items():
            if name not in own and digest not in found and is_own_table(name):
                found[digest] = zlib.compress(Path(name).read_bytes())
    return found


def is_own_table(name: str) -> bool:
    """Return whether a table's name is the path of a user's file; see `model.reference.read_tree`."""
    path = Path(name)
    return path.suffix == _TABLE_SUFFIX or len(path.parts) > 1


def pack_values(values: Any) -> bytes:
    """Return an array in a compressed form that keeps its shape and every bit."""
    sink = io.BytesIO()
    np.save(sink, np.ascontiguousarray(values, dtype="<f8"), allow_pickle=False)
    return zlib.compress(sink.getvalue())


def unpack_values(payload: bytes) -> Any:
    """Return the array of `pack_values`, read-only."""
    values = np.load(io.BytesIO(zlib.decompress(payload)), allow_pickle=False)
    values.flags.writeable = False
    return values


def leaves(tree: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted key, value) of every leaf of a plain tree; members of a list go by name, else by number."""
    if isinstance(tree, Mapping) and tree:
        for key, value in tree.items():
            yield from leaves(value, f"{where}.{key}" if where else str(key))
    elif isinstance(tree, (list, tuple)) and tree:
        for number, value in enumerate(tree):
            name = _member_name(value, number)
            yield from leaves(value, f"{where}.{name}" if where else name)
    else:
        yield where, tree


def _member_name(value: Any, number: int) -> str:
    return str(value.get("name", number)) if isinstance(value, Mapping) else str(number)


# --- reading a tree by the types of the dataclasses --------------------------------------------------


def _arguments(kind: type, node: Mapping[str, Any], place: tuple[str, str], reading: _Reading) -> dict[str, Any]:
    """Return the arguments of a dataclass that a stored mapping holds, nested ones built.

    Args:
        kind: the dataclass.
        node: stored field -> value.
        place: dotted key of the mapping, and the same without the names of members.
        reading: receives what is new, gone or faulty.
    """
    hints = typing.get_type_hints(kind)
    declared = {item.name: item for item in dataclasses.fields(kind) if item.init}
    arguments: dict[str, Any] = {}
    for name, item in declared.items():
        here = _below(place, name)
        if name in node:
            arguments[name] = _value(hints[name], node[name], here, reading)
        elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            reading.faults.append(f"{here[0]} is not stored and has no default")
        else:
            reading.new.extend(_leaves_below(here, _plain_default(item)))
    for name in node.keys() - declared.keys():
        reading.gone.extend(_leaves_below(_below(place, name), node[name]))
    return arguments


def _value(hint: Any, node: Any, place: tuple[str, str], reading: _Reading) -> Any:
    """Return a stored value as the type that a field declares."""
    hint = getattr(hint, "__value__", hint)  # a `type` alias
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return None if node is None else _value(_arm(parts, node), node, place, reading)
    if origin in (tuple, list) and isinstance(node, list):
        each = [parts[0]] * len(node) if origin is list or parts[1:] == (...,) else parts
        places = [(_below(place, _member_name(one, i))[0], f"{place[1]}[]") for i, one in enumerate(node)]
        return origin(_value(h, one, at, reading) for h, one, at in zip(each, node, places, strict=True))
    if isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(node, Mapping):
        return {key: _value(parts[1], one, (_below(place, key)[0], f"{place[1]}[]"), reading)
                for key, one in node.items()}  # fmt: skip
    if hint is OwnSeries:
        return reading.series(node)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _group(hint, node, place, reading)
    return float(node) if hint is float and isinstance(node, int) and not isinstance(node, bool) else node


def _group(kind: type, node: Any, place: tuple[str, str], reading: _Reading) -> Any:
    """Return a nested dataclass, or None where the fault that is noted forbids it."""
    if not isinstance(node, Mapping):
        reading.faults.append(f"{place[0]} is stored as {node!r}, not as a group")
        return None
    before = len(reading.faults)
    arguments = _arguments(kind, node, place, reading)
    return kind(**arguments) if len(reading.faults) == before else None


def _arm(parts: tuple[Any, ...], node: Any) -> Any:
    """Return the alternative of a union that fits a stored value best: a group by its keys, a value by its type."""
    groups = [part for part in parts if dataclasses.is_dataclass(part)]
    if isinstance(node, Mapping) and groups:
        return max(groups, key=lambda part: len({f.name for f in dataclasses.fields(part)} & node.keys()))
    others = [part for part in parts if part is not type(None) and part not in groups]
    exact = [part for part in others if isinstance(part, type) and type(node) is part]
    return (exact or others or groups)[0]


def _below(place: tuple[str, str], name: str) -> tuple[str, str]:
    return (f"{place[0]}.{name}" if place[0] else name, f"{place[1]}.{name}" if place[1] else name)


def _leaves_below(place: tuple[str, str], tree: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield (dotted key, path, value) of every leaf below a place."""
    for key, value in leaves(tree):
        yield (*(_below(place, key) if key else place), value)


def _plain_default(item: "dataclasses.Field[Any]") -> Any:
    """Return a field's default as plain data."""
    value = item.default if item.default_factory is dataclasses.MISSING else item.default_factory()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return list(value) if isinstance(value, tuple) else value


# --- is it still the same question? ------------------------------------------------------------------


def _judge(reading: _Reading, then: Mapping[str, Any] | None, *, same_version: bool) -> tuple[Departure, ...]:
    """Return what has come and gone.

    Raises:
        RunError: if that changes the question.
    """
    faults = list(reading.faults)
    if same_version:
        faults += [f"{key} is not stored, though the model that ran knew it" for key, _, _ in reading.new]
        faults += [f"{key} is stored, though the model that ran did not know it" for key, _, _ in reading.gone]
    else:
        faults += [f"{key} is not stored, though the model that ran knew it"
                   for key, path, _ in reading.new if then is not None and path in then]  # fmt: skip
        faults += [f"{key} was {value!r}{_unit(then, path)}, and this version has no such parameter"
                   for key, path, value in reading.gone if not _was_silent(path, value, then)]  # fmt: skip
        faults += _changed_units(then or {})
    if faults:
        msg = "this version cannot ask the same question again: " + "; ".join(faults)
        raise RunError(msg)
    new = [Departure(*one, "new") for one in reading.new]
    return (*new, *(Departure(*one, "gone") for one in sorted(reading.gone, key=lambda one: one[0])))


def _was_silent(path: str, value: Any, then: Mapping[str, Any] | None) -> bool:
    """Return whether a parameter that is gone asked for nothing: empty, or at the default it had."""
    if value is None or value in ([], {}):
        return True
    known = (then or {}).get(path, {})
    return "default" in known and canonical_json(known["default"]) == canonical_json(value)


def _unit(then: Mapping[str, Any] | None, path: str) -> str:
    unit = (then or {}).get(path, {}).get("unit", "")
    return f" {unit}" if unit not in ("", "1") else ""


def _changed_units(then: Mapping[str, Any]) -> list[str]:
    """Return a fault for each parameter whose number means something else now."""
    now = dict(_declared(ModelInputs, ""))
    return [
        f"{path} was in {then[path]['unit']} and is in {facts['unit']}"
        for path, facts in now.items()
        if path in then and "unit" in facts and then[path].get("unit", facts["unit"]) != facts["unit"]
    ]


def _check_same(inputs: ModelInputs, stored: Mapping[str, Any]) -> None:
    """Check that what was rebuilt says of itself what was stored.

    Raises:
        RunError: naming the parameters that do not.
    """
    told = {key: canonical_json(value) for key, value in leaves(as_tree(inputs))}
    wrong = [key for key, value in leaves(stored) if key in told and told[key] != canonical_json(value)]
    if wrong:
        msg = f"the stored inputs cannot be read back exactly: {', '.join(wrong)}"
        raise RunError(msg)


def _declared(kind: type, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (path, kind, unit and default) of every parameter of a dataclass and of those nested in it."""
    hints = typing.get_type_hints(kind)
    for item in dataclasses.fields(kind):
        here = f"{path}.{item.name}" if path else item.name
        inner, suffix = _inner(hints[item.name])
        if inner is not None:
            yield from _declared(inner, f"{here}{suffix}")
            continue
        facts: dict[str, Any] = {"kind": getattr(hints[item.name], "__name__", str(hints[item.name]))}
        if "unit" in item.metadata:
            facts["unit"] = item.metadata["unit"]
        if item.default is not dataclasses.MISSING:
            facts["default"] = list(item.default) if isinstance(item.default, tuple) else item.default
        yield here, facts


def _inner(hint: Any) -> tuple[type | None, str]:
    """Return the dataclass that a field nests, if any, and "[]" where it nests many."""
    parts = typing.get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return hint, ""
    found = [part for part in parts if dataclasses.is_dataclass(part) and isinstance(part, type)]
    many = typing.get_origin(hint) in (tuple, list, dict, Mapping)
    return (found[0] if found else None), "[]" if many else ""
