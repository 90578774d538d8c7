"""The shape of a scenario file: what may stand where, derived from the declarations of the model.

One description serves three readers: the checker below, which turns a tree of nodes into plain values
and collects every fault; the JSON Schema for editors; and `lookup`, which finds the declaration behind
a dotted key.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from model.errors import Fault, nearest
from model.parameters import Parameter
from model.units import UnitError, convert
from scenarios.yaml_source import Faults, Node, Place, TooManyFaults

NAME = r"[^\W_][\w\-]{0,63}"
_LONGEST_VALUE_SHOWN = 160


@dataclass(frozen=True)
class Leaf:
    """One value."""

    parameter: Parameter


@dataclass(frozen=True)
class Items:
    """A list of values, at least `least`."""

    each: Leaf
    least: int = 1


@dataclass(frozen=True)
class Section:
    """A mapping with fixed keys.

    Attributes:
        fields: shape by key.
        required: keys that must be there.
        doc: what the section is for.
        root: whether its keys are addressed without the section's own name, as `balancing.beta`.
    """

    fields: Mapping[str, "Shape"]
    doc: str
    required: tuple[str, ...] = ()
    root: bool = False


@dataclass(frozen=True)
class Named:
    """A mapping from names of the user's choice to things of one kind."""

    each: "Leaf | Items | Section | Variants | Changes"
    noun: str
    doc: str
    reserved: tuple[str, ...] = ()
    least: int = 0
    most: int = 64


@dataclass(frozen=True)
class Variants:
    """A section whose keys depend on the word under `by`, or on the default of that word where it is silent."""

    by: Leaf
    options: Mapping[str, Section]
    doc: str


@dataclass(frozen=True)
class Changes:
    """A mapping from dotted keys to values; its members are checked where they are applied."""

    doc: str


@dataclass(frozen=True)
class Sweep:
    """A list of values whose unit and bounds depend on the parameter that another key names."""

    doc: str


@dataclass(frozen=True)
class Ranges:
    """A mapping from dotted keys to the low and the high end of that parameter."""

    doc: str


@dataclass(frozen=True)
class Switches:
    """A mapping from the stages of a chain to what switches each off: dotted keys and values."""

    doc: str


@dataclass(frozen=True)
class OneOrMore:
    """A section, or a list of such sections; read as a tuple of (dotted key of the section, its values)."""

    each: Section
    doc: str


type Shape = Leaf | Items | Section | Named | Variants | Changes | Sweep | Ranges | Switches | OneOrMore


@dataclass
class Reading:
    """What reading a tree brings together.

    Attributes:
        faults: everything that is wrong so far.
        places: where each dotted key stands: the value, or the name of a section.
        faulty: dotted keys with a fault.
        unsure: sections with an unknown key, which may be a misspelling of any key that is not there.
        partial: whether the file it extends is not there, so that nothing can be called missing.
    """

    faults: list[Fault] = field(default_factory=Faults)
    places: dict[str, Place] = field(default_factory=dict)
    faulty: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)
    partial: bool = False

    def complain(self, key: str, place: Place, what: str, allowed: str = "") -> None:
        """Note a fault of `key`."""
        self.faults.append(Fault(str(place), what, allowed))
        self.faulty.add(key)

    def broken(self, key: str) -> bool:
        """Whether nothing can be concluded from the value of a key, since it, or its section, is faulty."""
        parts = key.split(".")
        prefixes = {".".join(parts[: i + 1]) for i in range(len(parts))}
        return not prefixes.isdisjoint(self.faulty) or (key not in self.places and not prefixes.isdisjoint(self.unsure))


def dotted(where: str, key: str) -> str:
    """Return the dotted key of `key` within `where`."""
    return f"{where}.{key}" if where else key


def read(shape: Shape, node: Node, where: str, reading: Reading) -> Any:
    """Return the plain values of a node, leaving out what is faulty.

    Args:
        shape: what may stand here.
        node: what does.
        where: dotted key of the node.
        reading: receives faults and places.
    """
    by_value = isinstance(shape, Leaf | Items | Sweep) or (isinstance(shape, OneOrMore) and not node.entries)
    reading.places[where] = node.place if by_value else node.key_place
    if isinstance(shape, Leaf):
        return read_leaf(shape.parameter, node, where, reading)
    if isinstance(shape, Items):
        return _read_items(shape, node, where, reading)
    if isinstance(shape, Sweep):
        return node
    if isinstance(shape, OneOrMore):
        return _read_one_or_more(shape, node, where, reading)
    if isinstance(node.value, dict):
        return node if isinstance(shape, Ranges | Switches) else _read_mapping(shape, node, where, reading)
    what = "has no value" if node.value is None else "is not a section"
    reading.complain(where, node.place, f"{where or 'the file'} {what}", f"allowed: {_allowed_in(shape)}")
    return {}


def _read_one_or_more(shape: OneOrMore, node: Node, where: str, reading: Reading) -> tuple[tuple[str, Any], ...]:
    if not isinstance(node.value, list):
        return ((where, read(shape.each, node, where, reading)),)
    if not node.value:
        reading.complain(where, node.place, f"{where} is an empty list", f"allowed: {_allowed_in(shape.each)}")
    named = [(f"{where}.{number}", item) for number, item in enumerate(node.value)]
    return tuple((here, read(shape.each, item, here, reading)) for here, item in named)


def _read_mapping(shape: Section | Named | Variants | Changes, node: Node, where: str, reading: Reading) -> Any:
    match shape:
        case Section():
            return _read_section(shape, node, where, reading)
        case Named():
            return _read_named(shape, node, where, reading)
        case Variants():
            return _read_variants(shape, node, where, reading)
    return {key: child.value for key, child in node.entries.items()}


def _allowed_in(shape: Section | Named | Variants | Changes | Ranges | Switches) -> str:
    match shape:
        case Ranges():
            return "dotted keys with the low and the high end, such as balancing.beta: [0.05, 0.5]"
        case Switches():
            return "stages, each with the dotted keys and values that switch it off"
        case Section():
            return "the keys " + ", ".join(shape.fields)
        case Named(each, noun):
            what = "value" if isinstance(each, Leaf) else "list" if isinstance(each, Items) else "section"
            return f"{noun} names, each with a {what} of its own"
        case Variants():
            return "a section with " + shape.by.parameter.name + ": " + " or ".join(shape.options)
    return "dotted keys with values, such as balancing.beta: 0.3"


def read_leaf(parameter: Parameter, node: Node, where: str, reading: Reading) -> Any:
    """Return the checked value of a parameter in its declared unit and kind, or None when it is faulty."""
    value, what, written = node.value, "", ""
    if isinstance(value, (dict, list)):
        what = "is a section" if isinstance(value, dict) else "is a list"
    elif value is None:
        what = "has no value"
    elif isinstance(value, str) and parameter.kind in ("int", "float"):
        written = f"{value!r} = "
        value, what = _quantity(value, parameter.unit)
    if not what and (wrong := parameter.fault(value)):
        what = written + wrong
    if what:
        joint = " " if what.startswith(("is a ", "has no ")) else ": "
        reading.complain(where, node.place, f"{where}{joint}{_short(what)}", f"allowed: {parameter.allowed()}")
        return None
    return {"int": int, "float": float}.get(parameter.kind, lambda x: x)(value)


def _quantity(text: str, unit: str) -> tuple[float, str]:
    """Return (value, "") for a number with a unit, or (nan, what is wrong)."""
    try:
        return convert(text, unit), ""
    except UnitError as error:
        return math.nan, str(error)


def _short(what: str) -> str:
    half = _LONGEST_VALUE_SHOWN // 2
    return what if len(what) <= _LONGEST_VALUE_SHOWN else f"{what[:half]} ... {what[-half:]}"


def _read_items(shape: Items, node: Node, where: str, reading: Reading) -> tuple[Any, ...]:
    if not isinstance(node.value, list) or len(node.value) < shape.least:
        what = "is not a list"
        if isinstance(node.value, list):
            what = f"has fewer than {shape.least} entries" if node.value else "is an empty list"
        allowed = f"allowed: a list such as [a, b], each {shape.each.parameter.allowed()}"
        reading.complain(where, node.place, f"{where} {what}", allowed)
        return ()
    before = len(reading.faults)
    reading.places |= {f"{where}.{i}": item.place for i, item in enumerate(node.value)}
    values = [read_leaf(shape.each.parameter, item, where, reading) for item in node.value]
    return tuple(values) if len(reading.faults) == before else ()


def _read_section(shape: Section, node: Node, where: str, reading: Reading) -> dict[str, Any]:
    base = "" if shape.root else where
    values: dict[str, Any] = {}
    for key, child in node.entries.items():
        if key not in shape.fields:
            _unknown(key, child, where, tuple(shape.fields), reading)
            continue
        value = read(shape.fields[key], child, dotted(base, key), reading)
        if value is not None:
            values[key] = value
    for key in shape.required:
        if key not in node.entries and not reading.partial:
            _missing(key, node, where, shape, reading)
    return values


def _unknown(key: str, child: Node, where: str, known: tuple[str, ...], reading: Reading) -> None:
    reading.unsure.add(where)
    hint = nearest(key, known)
    allowed = f"{hint} allowed: {', '.join(known)}".strip()
    reading.complain(dotted(where, key), child.key_place, f"unknown key {_short(repr(key))}{_within(where)}", allowed)


def _missing(key: str, node: Node, where: str, shape: Section, reading: Reading) -> None:
    kind, doc = "key", ""
    match shape.fields[key]:
        case Leaf(parameter):
            doc = parameter.doc
        case Items(each):
            doc = each.parameter.doc
        case Sweep(doc):
            pass
        case Section(doc=doc) | Named(doc=doc) | Variants(doc=doc) | Changes(doc=doc) | Ranges(doc=doc):
            kind = "section"
        case Switches(doc=doc) | OneOrMore(doc=doc):
            kind = "section"
    reading.complain(dotted(where, key), node.key_place, f"{kind} {key!r} is missing{_within(where)}", doc)


def _within(where: str) -> str:
    return f" in {where}" if where else ""


def _read_named(shape: Named, node: Node, where: str, reading: Reading) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if len(node.entries) > shape.most:
        what = f"{where} has {len(node.entries):,} entries"
        reading.complain(where, node.key_place, what, f"allowed: at most {shape.most:,}")
        raise TooManyFaults
    for name, child in node.entries.items():
        here = dotted(where, name)
        if not re.fullmatch(NAME, name):
            allowed = "allowed: up to 64 letters of any script, digits, - and _, starting with a letter or digit"
            reading.complain(where, child.key_place, f"{_short(repr(name))} is not a valid {shape.noun} name", allowed)
        elif name in shape.reserved:
            allowed = f"reserved: {', '.join(shape.reserved)}"
            reading.complain(where, child.key_place, f"{name!r} is not a valid {shape.noun} name", allowed)
        else:
            values[name] = read(shape.each, child, here, reading)
    if len(node.entries) < shape.least:
        reading.complain(where, node.key_place, f"{where} names no {shape.noun}", f"allowed: at least {shape.least}")
    return values


def _read_variants(shape: Variants, node: Node, where: str, reading: Reading) -> dict[str, Any]:
    name = shape.by.parameter.name
    choice = node.entries.get(name)
    if choice is None and shape.by.parameter.default is not None:
        word = shape.by.parameter.default
        return {name: word, **_read_section(shape.options[word], node, where, reading)}
    if choice is None:
        allowed = f"allowed: {shape.by.parameter.allowed()}"
        reading.complain(dotted(where, name), node.key_place, f"key {name!r} is missing in {where}", allowed)
        return {}
    word = read_leaf(shape.by.parameter, choice, dotted(where, name), reading)
    if word is None:
        return {}
    rest = {key: child for key, child in node.entries.items() if key != name}
    reading.places[dotted(where, name)] = choice.place
    values = _read_section(shape.options[word], Node(rest, node.place, node.key_place), where, reading)
    return {name: word, **values}


def lookup(shape: Shape, path: tuple[str, ...], values: Any) -> Parameter | None:
    """Return the declaration of the parameter at `path`, or None if there is none.

    Args:
        shape: where the path starts.
        path: keys, such as ("firms", "steel", "process", "furnace").
        values: what was read with `shape`; names must occur in it.
    """
    match shape:
        case Leaf(parameter):
            return None if path else parameter
        case Section(fields) if path and path[0] in fields:
            inner = values.get(path[0], {}) if isinstance(values, dict) else {}
            return lookup(fields[path[0]], path[1:], inner)
        case OneOrMore(each) if path and isinstance(values, list | tuple) and path[0].isdecimal():
            return lookup(each, path[1:], values[int(path[0])]) if int(path[0]) < len(values) else None
        case OneOrMore(each):
            return lookup(each, path, values)
        case Named(each) if path and path[0] in values:
            return lookup(each, path[1:], values[path[0]])
        case Variants(by, options) if isinstance(values, dict) and by.parameter.name in values:
            return lookup(options[values[by.parameter.name]], path, values)
    return None
