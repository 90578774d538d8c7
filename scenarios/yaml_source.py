"""YAML 1.2 as a tree of values that know their place, read with limits on size, depth and expansion.

The tree is built from the parser's events, not by recursion, and aliases are counted before they are
expanded: a hostile file costs a message, never the memory or the stack. Tags are refused, so that a
file can only hold text, numbers, switches, lists and sections; `2025-01-01` and `no` stay text.
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from model.errors import Fault

MAX_BYTES = 262_144
MERGE = "<<"
"""Key under which a section takes in others."""
MAX_DEPTH = 32
MAX_NODES = 20_000
MAX_TEXT = 4_000
MAX_FAULTS = 1_000

type Scalar = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((sign + word for sign in ("", "+") for word in (".inf", ".Inf", ".INF")), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SYNTAX_HINTS = {
    "\\t": "indent with spaces, not with tabs",
    "mapping values are not allowed": "text that holds a colon and a space needs quotes",
    "'<stream end>'": "a bracket or a quote is not closed",
    "found unexpected end of stream": "a bracket or a quote is not closed",
    "expected <block end>": "entries of one section need the same indentation",
    "cannot start any token": "text that starts with this character needs quotes",
}


class TooManyFaults(Exception):
    """So much is wrong that looking further helps nobody."""


class Faults(list[Fault]):
    """Faults found so far; stops the search when there are a thousand."""

    def append(self, fault: Fault) -> None:
        """Add a fault.

        Raises:
            TooManyFaults: when there are enough.
        """
        if len(self) >= MAX_FAULTS:
            raise TooManyFaults
        super().append(fault)

    def extend(self, faults: Iterable[Fault]) -> None:
        """Add several faults."""
        for fault in faults:
            self.append(fault)


@dataclass(frozen=True)
class Source:
    """Where text comes from: a name to show, and the file, if it is one."""

    name: str
    path: Path | None = None


@dataclass(frozen=True)
class Place:
    """A position in a source; line and column count from 1, 0 for the source as a whole."""

    source: Source
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Return file:line:column, as editors and compilers write it."""
        return f"{self.source.name}:{self.line}:{self.column}" if self.line else self.source.name


@dataclass(frozen=True)
class Node:
    """A value of a scenario file with the places of its key and of itself.

    Attributes:
        value: a scalar, a dict of nodes by key, or a list of nodes.
        place: where the value starts.
        key_place: where its key stands; the value's place for list items and documents.
    """

    value: Any
    place: Place
    key_place: Place

    @property
    def entries(self) -> dict[str, "Node"]:
        """Return the entries of a section; none for anything else."""
        return self.value if isinstance(self.value, dict) else {}


@dataclass
class _Frame:
    """A section or list that is still open."""

    node: Node
    anchor: str | None
    size: int = 1
    height: int = 1
    key: tuple[str, Place] | None = None
    complex_key: bool = False


@dataclass
class _Builder:
    """Assembles nodes from events and remembers anchors with their expanded size and height."""

    source: Source
    faults: list[Fault]
    stack: list[_Frame] = field(default_factory=list)
    anchors: dict[str, tuple[Node, int, int]] = field(default_factory=dict)
    root: Node | None = None

    def place(self, mark: Any) -> Place:
        return Place(self.source, mark.line + 1, mark.column + 1)

    def complain(self, place: Place, what: str, allowed: str = "") -> None:
        self.faults.append(Fault(str(place), what, allowed))

    def open(self, event: Any, value: Any) -> None:
        """Start a section or a list."""
        place = self.place(event.start_mark)
        self.refuse_tag(event, place)
        if len(self.stack) >= MAX_DEPTH:
            raise _Limit(place, f"more than {MAX_DEPTH} levels deep")
        self.stack.append(_Frame(Node(value, place, place), event.anchor))

    def close(self) -> None:
        """End the innermost section or list and hand it to the one around it."""
        frame = self.stack.pop()
        if MERGE in frame.node.entries:
            self.merge(frame.node.entries)
        if frame.anchor:
            self.anchors[frame.anchor] = (frame.node, frame.size, frame.height)
        self.add(frame.node, frame.size, frame.height)

    def merge(self, entries: dict[str, Node]) -> None:
        """Take in the sections that stand under `<<`, in place; the section's own keys win, then the first named."""
        given = entries.pop(MERGE)
        sections = given.value if isinstance(given.value, list) else [given]
        own = dict(entries)
        entries.clear()
        for section in reversed(sections):
            if not isinstance(section.value, dict):
                self.complain(
                    section.place, f"{MERGE} takes in sections only", "an alias of a section, or a list of such"
                )
            entries.update(section.entries)
        entries.update(own)

    def scalar(self, event: Any) -> None:
        """Add a single value, or note it as the key of the next one."""
        place = self.place(event.start_mark)
        self.refuse_tag(event, place)
        self.refuse_text(event.value, place)
        frame = self.stack[-1] if self.stack else None
        if frame is not None and self.wants_key(frame):
            frame.key = (event.value, place)
            return
        if frame is not None and frame.key and not event.value and event.implicit[0]:
            place = frame.key[1]  # nothing is written: the key is the place to look at
        node = Node(resolve(event.value, plain=event.implicit[0]), place, place)
        if event.anchor:
            self.anchors[event.anchor] = (node, 1, 1)
        self.add(node, 1, 1)

    def alias(self, event: Any) -> None:
        """Add what an anchor stands for, at the size it expands to."""
        place = self.place(event.start_mark)
        if event.anchor not in self.anchors:
            self.complain(place, f"no anchor &{event.anchor} before this alias")
            self.drop(place)
        else:
            self.add(*self.anchors[event.anchor], where=place)

    def add(self, node: Node, size: int, height: int, where: Place | None = None) -> None:
        """Put a finished node into the innermost open section or list."""
        where = where or node.place
        if not self.stack:
            self.root = node
            return
        frame = self.stack[-1]
        frame.size += size
        frame.height = max(frame.height, height + 1)
        if frame.size > MAX_NODES:
            raise _Limit(where, f"more than {MAX_NODES:,} values, aliases expanded")
        if len(self.stack) + height > MAX_DEPTH:
            raise _Limit(where, f"more than {MAX_DEPTH} levels deep")
        if isinstance(frame.node.value, list):
            frame.node.value.append(node)
        elif self.wants_key(frame):
            self.complain(where, "a key must be a word")
            frame.complex_key = True
        else:
            self.put(frame, node)

    def put(self, frame: _Frame, node: Node) -> None:
        """Store the value that belongs to the frame's pending key."""
        key, frame.key, frame.complex_key = frame.key, None, False
        if key is None:
            return
        name, place = key
        known = frame.node.value.get(name)
        if known is None:
            frame.node.value[name] = replace(node, key_place=place)
        else:
            self.complain(place, f"key {name!r} appears twice", f"first in line {known.key_place.line}")

    def drop(self, place: Place) -> None:
        """Leave out the value that was due, with its key."""
        if self.stack and not self.wants_key(self.stack[-1]):
            self.stack[-1].key, self.stack[-1].complex_key = None, False
        else:
            self.add(Node(None, place, place), 1, 1)

    def wants_key(self, frame: _Frame) -> bool:
        """Whether the next node of the frame is a key."""
        return isinstance(frame.node.value, dict) and frame.key is None and not frame.complex_key

    def refuse_tag(self, event: Any, place: Place) -> None:
        """Complain about an explicit tag such as !!python/object."""
        if event.tag is not None:
            tag = str(event.tag).replace("tag:yaml.org,2002:", "!!")
            self.complain(place, f"YAML tag {tag} is refused", "allowed: text, numbers, lists and sections")

    def refuse_text(self, text: str, place: Place) -> None:
        """Complain about text that is too long, or that no file or terminal can hold."""
        if len(text) > MAX_TEXT:
            self.complain(place, f"text of {len(text):,} characters", f"allowed: at most {MAX_TEXT:,}")
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            self.complain(place, "half a surrogate pair is no character", "allowed: Unicode text")


class _Limit(Exception):
    """A limit on depth or size is passed; reading stops."""

    def __init__(self, place: Place, what: str) -> None:
        super().__init__(what)
        self.place = place


def resolve(text: str, *, plain: bool) -> Scalar:
    """Return the value of a scalar by the core schema of YAML 1.2; quoted text stays text."""
    if not plain:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def read_yaml(data: bytes, source: Source, faults: list[Fault]) -> Node | None:
    """Return the tree of a YAML document, or None when it cannot be read at all.

    Args:
        data: the file's bytes, UTF-8.
        source: names the file in messages.
        faults: receives everything that is wrong, with file:line:column.
    """
    text = _decoded(data, source, faults)
    if text is None:
        return None
    builder = _Builder(source, faults)
    try:
        whole = _feed(builder, text)
    except _Limit as limit:
        faults.append(Fault(str(limit.place), str(limit)))
        return None
    return builder.root if whole else None


def _decoded(data: bytes, source: Source, faults: list[Fault]) -> str | None:
    """Return the file as text, or None when it is none."""
    if len(data) > MAX_BYTES:
        faults.append(Fault(source.name, f"{len(data):,} bytes", f"allowed: at most {MAX_BYTES:,}"))
        return None
    what, offset = "NUL byte: this is no text file", data.find(b"\0")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what, offset = f"byte 0x{data[error.start]:02x} is not UTF-8", error.start
    if offset < 0:
        return text
    faults.append(Fault(str(_place_at(data, offset, source)), what, "allowed: YAML in UTF-8"))
    return None


def _place_at(data: bytes, offset: int, source: Source) -> Place:
    before = data[:offset]
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace"))
    return Place(source, before.count(b"\n") + 1, column + 1)


def _feed(builder: _Builder, text: str) -> bool:
    """Send every event of `text` to the builder; return whether the document is whole."""
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        for event in _events(text):
            _dispatch(builder, event)
    except MarkedYAMLError as error:
        _complain_of_syntax(builder, error)
        return False
    except YAMLError as error:  # the reader's own: characters that YAML forbids
        place = _forbidden(text, getattr(error, "position", 0), builder.source)
        builder.complain(place, "not YAML: a forbidden character", "allowed: printable Unicode")
        return False
    if builder.root is None:
        builder.complain(Place(builder.source, 1, 1), "the file is empty", "allowed: a scenario; see tandem new")
    return builder.root is not None


def _events(text: str) -> Iterator[Any]:
    from ruamel.yaml import YAML

    return iter(YAML(typ="safe", pure=True).parse(text))


def _dispatch(builder: _Builder, event: Any) -> None:
    """Hand one event to the builder's method for it."""
    kind = type(event).__name__
    if kind == "MappingStartEvent":
        builder.open(event, {})
    elif kind == "SequenceStartEvent":
        builder.open(event, [])
    elif kind in ("MappingEndEvent", "SequenceEndEvent"):
        builder.close()
    elif kind == "ScalarEvent":
        builder.scalar(event)
    elif kind == "AliasEvent":
        builder.alias(event)
    elif kind == "DocumentStartEvent" and builder.root is not None:
        raise _Limit(builder.place(event.start_mark), "a second document; a scenario file holds one")


def _complain_of_syntax(builder: _Builder, error: Any) -> None:
    """Note what the parser found, where, and what usually is the reason."""
    mark = error.problem_mark or error.context_mark
    place = builder.place(mark) if mark else Place(builder.source)
    context = str(error.context or "").strip()
    if context and error.context_mark and error.context_mark.line + 1 != place.line:
        context += f" that starts in line {error.context_mark.line + 1}"
    what = ", ".join(part for part in (context, str(error.problem or "").strip()) if part) or "cannot be read"
    reason = next((hint for sign, hint in _SYNTAX_HINTS.items() if sign in what), "")
    builder.complain(place, f"not YAML: {what}", reason)


def _forbidden(text: str, position: int, source: Source) -> Place:
    """Return the place of the character at `position`."""
    before = text[:position]
    return Place(source, before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1)
