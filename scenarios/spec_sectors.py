"""Sectors as plug-in files: a firm that says `like: food` has the values of the file food.yaml where it is silent.

A sector file is a head (title, sources, industry, resources) and a partial firm section under `firm`. A file in the
folder `sectors` beside the scenario is found before one of Tandem's own. The firm is laid upon the file's values node
by node, so every value, and every fault in it, knows the file and line it comes from.
"""

import contextlib
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from model.errors import Fault, InputError, nearest
from scenarios.industries import codes
from scenarios.spec_sections import FIRM, LIKE, RESOURCES, SECTOR_HEAD
from scenarios.spec_shape import NAME, Reading, read
from scenarios.spec_tree import SUFFIXES, is_file, merge, shown
from scenarios.yaml_source import MAX_BYTES, Faults, Node, Source, TooManyFaults, read_yaml

FOLDER = "sectors"
_OF_UTILITIES = {"generation", "forecasting"}


@dataclass(frozen=True)
class Sector:
    """A sector file, read.

    Attributes:
        name: the file's name without ending; `path`: the file.
        title: in English; `title_zh`: in Chinese.
        description: what firm the values describe.
        kind: type of the firm.
        industry: code of the input-output accounts, empty where none is named.
        resources: classes of resources that such a firm has.
        data: data assets that such a firm has.
        sources: where the values come from, one line each.
    """

    name: str
    path: Path
    title: str
    title_zh: str
    description: str
    kind: str
    industry: str
    resources: tuple[str, ...]
    data: tuple[str, ...]
    sources: tuple[str, ...]


def known_sectors(folder: Path | None = None) -> dict[str, Path]:
    """Return the sector files by name: Tandem's own, and before them those in `sectors` within a folder."""
    own = sorted((folder / FOLDER).glob("*.yaml")) if folder is not None else []
    ours = sorted(Path(str(files("scenarios") / FOLDER)).glob("*.yaml"))
    return {path.stem: path for path in (*ours, *own)}


def with_sectors(tree: Node, asked: Path, faults: list[Fault]) -> Node:
    """Return a study in which every firm that is like a sector has the values of its file.

    Args:
        tree: the merged study.
        asked: the scenario file; where a firm's `like` stands in another file, sectors beside that one are found.
        faults: receives a fault for each unknown sector and each faulty head of a sector file.
    """
    platforms = tree.entries.get("platforms")
    firms = platforms.entries.get("firms") if platforms else None
    if platforms is None or firms is None or not any(LIKE in firm.entries for firm in firms.entries.values()):
        return tree
    filled = {name: _filled(name, firm, asked, faults) for name, firm in firms.entries.items()}
    inner = {**platforms.entries, "firms": Node(filled, firms.place, firms.key_place)}
    outer = {**tree.entries, "platforms": Node(inner, platforms.place, platforms.key_place)}
    return Node(outer, tree.place, tree.key_place)


def _filled(name: str, firm: Node, asked: Path, faults: list[Fault]) -> Node:
    """Return a firm's section laid upon the values of its sector."""
    if LIKE not in firm.entries:
        return firm
    like = firm.entries[LIKE]
    base = _base(f"firms.{name}", like, asked, faults)
    own = firm.entries.get("type")
    if "type" not in base:
        base = {**_nothing(firm, like), **base}
    elif own is not None and own.value != base["type"].value:
        what = f"firms.{name}.type: {own.value!r}, but sector {like.value} is of type {base['type'].value}"
        faults.append(Fault(str(own.place), what, "leave the type out, or name another sector"))
        firm = Node({**firm.entries, "type": base["type"]}, firm.place, firm.key_place)
    if isinstance(like.value, str):
        base = {"sector": Node(like.value, like.place, like.key_place), **base}
    else:
        firm = Node({key: child for key, child in firm.entries.items() if key != LIKE}, firm.place, firm.key_place)
    return merge(Node(base, like.place, like.key_place), firm)


def _nothing(firm: Node, like: Node) -> dict[str, Node]:
    """Return what stands for a sector that cannot be had, so that nothing is complained about that only follows."""

    def node(value: Any) -> Node:
        return Node(value, like.place, like.key_place)

    if _OF_UTILITIES & set(firm.entries):
        return {"type": node("utility")}
    return {"type": node("manufacturer"), "process": node({"kind": node("none")})}


def _base(where: str, like: Node, asked: Path, faults: list[Fault]) -> dict[str, Node]:
    """Return the firm section of the sector that a firm names; nothing, with a fault, if there is none."""
    name, folder = like.value, (like.place.source.path or asked).parent
    if not isinstance(name, str):
        faults.append(Fault(str(like.place), f"{where}.{LIKE} is not the name of a sector", _allowed("", folder)))
        return {}
    known = known_sectors(folder)
    if name not in known:
        faults.append(Fault(str(like.place), f"{where}.{LIKE}: no such sector: {name!r}", _allowed(name, folder)))
        return {}
    node, found = _parsed(known[name], _state(known[name]))
    for fault in found:
        if fault not in faults:
            faults.append(fault)
    return node.entries["firm"].entries if node is not None and "firm" in node.entries else {}


def _allowed(name: str, folder: Path) -> str:
    known = list(known_sectors(folder))
    hint = f"{nearest(name, known)} known: {', '.join(known)}".strip()
    return f"{hint}; or put a file {FOLDER}/NAME.yaml beside the scenario"


def _state(path: Path) -> tuple[int, int]:
    with contextlib.suppress(OSError):
        state = path.stat()
        return state.st_mtime_ns, state.st_size
    return 0, 0


@lru_cache(maxsize=64)
def _parsed(path: Path, _state: tuple[int, int]) -> tuple[Node | None, tuple[Fault, ...]]:
    """Return the tree of a sector file and what is wrong with its head; its firm is judged where it is used."""
    faults = Faults()
    source = Source(shown(path), path.resolve())
    node = None
    with contextlib.suppress(TooManyFaults):
        try:
            with path.open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)
        except OSError as error:
            return None, (Fault(source.name, f"cannot be read: {error.strerror}"),)
        node = read_yaml(data, source, faults)
        if node is not None:
            _judge_head(node, faults)
    return node, tuple(faults)


def _judge_head(node: Node, faults: list[Fault]) -> dict[str, Any]:
    """Return the head's plain values and note what is wrong with it."""
    reading = Reading(faults)
    firm = node.entries.get("firm")
    rest = {key: child for key, child in node.entries.items() if key != "firm"}
    code = rest.get("industry")
    if code is not None and type(code.value) is int:  # 331 is a code, and needs no quotes
        rest["industry"] = Node(str(code.value), code.place, code.key_place)
    values = read(SECTOR_HEAD, Node(rest, node.place, node.key_place) if rest or firm else node, "", reading)
    values = values if isinstance(values, dict) else {}
    if firm is None or not isinstance(firm.value, dict):
        place = firm.place if firm else node.place
        faults.append(Fault(str(place), "a sector file needs a section 'firm'", "type, demand, process and so on"))
        return values
    if LIKE in firm.entries:
        faults.append(Fault(str(firm.entries[LIKE].key_place), "a sector file is like no other", "write its values"))
    if "type" not in firm.entries:
        faults.append(Fault(str(firm.key_place), "key 'type' is missing in firm", "say what the firm is"))
    for number, word in enumerate(values.get("resources", ())):
        if word in RESOURCES and word not in firm.entries:
            place = reading.places[f"resources.{number}"]
            faults.append(Fault(str(place), f"resources: firm declares no {word}", f"give firm a section {word}"))
    if values.get("industry", "") not in ("", *codes()):
        place = reading.places["industry"]
        hint = nearest(values["industry"], codes())
        faults.append(Fault(str(place), f"no such industry: {values['industry']!r}", f"{hint} or leave it out".strip()))
    return values


def read_sector(path: Path) -> Sector:
    """Return a sector file, checked on its own.

    Raises:
        InputError: with every fault, each with file:line:column.
    """
    node, found = _parsed(path, _state(path))
    faults = Faults(found)
    if node is None or not isinstance(node.value, dict) or "firm" not in node.entries:
        raise InputError(list(faults) or [Fault(shown(path), "is no sector file")])
    values = _judge_head(node, Faults())
    firm = read(FIRM, node.entries["firm"], "firm", Reading(faults)) if "type" in node.entries["firm"].entries else {}
    if faults:
        raise InputError(_by_place(faults))
    return Sector(
        name=path.stem,
        path=path,
        title=values["title"],
        title_zh=values.get("title_zh", ""),
        description=values.get("description", ""),
        kind=firm["type"],
        industry=values.get("industry", ""),
        resources=values.get("resources", ()),
        data=firm.get("data", ()),
        sources=values.get("sources", ()),
    )


def _by_place(faults: list[Fault]) -> list[Fault]:
    """Return faults of one file by line and column."""
    return sorted(faults, key=lambda fault: [int(part) for part in fault.where.split(":")[-2:]])


def find_sector(name_or_path: str) -> Path:
    """Return the file of a sector: one of Tandem's own, one in `sectors` here, or the path of a .yaml file.

    Raises:
        InputError: if there is no such sector.
    """
    path, here = Path(name_or_path), Path.cwd()
    if path.suffix in SUFFIXES and is_file(path):
        return path
    known = known_sectors(here)
    if re.fullmatch(NAME, name_or_path) and name_or_path in known:
        return known[name_or_path]
    raise InputError([Fault("", f"no such sector: {name_or_path!r}", _allowed(name_or_path, here))])
