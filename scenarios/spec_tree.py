"""From files to one tree: finding scenarios, `extends`, merging, dotted changes, overrides and --set."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from model.errors import Fault, InputError, nearest
from scenarios.spec_sections import CASE, STUDY
from scenarios.yaml_source import MAX_BYTES, MAX_DEPTH, Faults, Node, Place, Source, TooManyFaults, read_yaml

SUFFIXES = (".yaml", ".yml")
_NAMED = {
    "firms": "firm", "contracts": "contract", "strategies": "strategy", "overrides": "override",
    "stakeholders": "stakeholder", "data_platforms": "data platform", "resource_platforms": "resource platform",
    "technology_platforms": "technology platform", "shocks": "shock",
}  # fmt: skip
"""Sections whose keys are names, with the word for what is named."""
_REMOVABLE = {*_NAMED, "changes", "policies"}
_FIRST_KEYS = tuple(dict.fromkeys([*CASE.fields, *STUDY.fields]))


@dataclass
class Forest:
    """A scenario file with everything it extends, merged.

    Attributes:
        path: the file that was asked for.
        text: that file as written.
        tree: the merged tree; None when nothing can be read.
        faults: what is wrong so far.
        whole: whether every file that is extended was found and read.
    """

    path: Path
    text: str = ""
    tree: Node | None = None
    faults: Faults = field(default_factory=Faults)
    whole: bool = True


def library() -> dict[str, Path]:
    """Return the scenarios that come with Tandem: path by name, sorted."""
    folder = Path(str(files("scenarios") / "library"))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def find(name_or_path: str) -> Path:
    """Return the file of a library name or of a path that ends in .yaml.

    Raises:
        InputError: if there is no such scenario.
    """
    known = library()
    if name_or_path in known:
        return known[name_or_path]
    path = Path(name_or_path)
    if path.suffix in SUFFIXES:
        if is_file(path):
            return path
        raise InputError([Fault(name_or_path, "no such file")])
    hint = nearest(name_or_path, list(known))
    allowed = f"{hint} the library has: {', '.join(known)}; or give the path of a .yaml file".strip()
    raise InputError([Fault("", f"no such scenario: {name_or_path!r}", allowed)])


def is_file(path: Path) -> bool:
    """Whether `path` is an ordinary file; False also for names that no file can have."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def inside(folder: Path, text: str) -> Path | None:
    """Return the path `text` relative to `folder`, or None if it leads out of the folder."""
    try:
        path = (folder / text).resolve()
    except (OSError, ValueError):
        return None
    return path if path.is_relative_to(folder.resolve()) else None


def load(name_or_path: str) -> Forest:
    """Return a scenario's merged tree and everything that is wrong with reading it.

    Raises:
        InputError: if the file itself cannot be found.
    """
    path = find(name_or_path)
    forest = Forest(path)
    with contextlib.suppress(TooManyFaults):
        forest.tree = _load(path, forest, ())
    return forest


def shown(path: Path) -> str:
    """Return how messages name a file: from the project, from here, or in full."""
    resolved = path.resolve()
    home = Path(str(files("scenarios"))).resolve()
    if resolved.parent in (home / "library", home / "sectors"):
        return f"scenarios/{resolved.parent.name}/{path.name}"
    here = Path.cwd()
    return str(resolved.relative_to(here)) if resolved.is_relative_to(here) else str(path)


def _load(path: Path, forest: Forest, chain: tuple[Path, ...]) -> Node | None:
    source = Source(shown(path), path.resolve())
    data = _bytes_of(path, source, forest)
    node = read_yaml(data, source, forest.faults) if data is not None else None
    if not chain:
        forest.text = (data or b"").decode("utf-8-sig", "replace")
    if node is None:
        return None
    extends = node.entries.get("extends")
    if extends is None:
        return node
    own = Node({key: child for key, child in node.entries.items() if key != "extends"}, node.place, node.key_place)
    base = _base(extends, forest, (*chain, path.resolve()))
    forest.whole = forest.whole and base is not None
    return merge(base, own) if base is not None and base.entries else own


def _bytes_of(path: Path, source: Source, forest: Forest) -> bytes | None:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        forest.faults.append(Fault(source.name, f"cannot be read: {error.strerror}"))
        return None


def _base(extends: Node, forest: Forest, chain: tuple[Path, ...]) -> Node | None:
    """Load what a file extends."""

    def refuse(what: str, allowed: str = "") -> None:
        forest.faults.append(Fault(str(extends.place), what, allowed))

    name = extends.value
    if not isinstance(name, str):
        refuse("extends is not text", "allowed: a library name, or a .yaml file beside this one")
        return None
    known = library()
    target = known.get(name) or inside(chain[-1].parent, name)
    if target is None:
        refuse(f"{name!r} leads out of the scenario's folder", "allowed: a library name, or a file in the same folder")
    elif not is_file(target):
        beside = sorted(item.name for item in chain[-1].parent.glob("*.y*ml"))
        hint = nearest(name, [*known, *beside])
        refuse(f"no such scenario to extend: {name!r}", f"{hint} the library has: {', '.join(known)}".strip())
    elif target.resolve() in chain:
        circle = " -> ".join(item.name for item in (*chain[chain.index(target.resolve()) :], target))
        refuse(f"extends runs in a circle: {circle}")
    else:
        return _load(target, forest, chain)
    return None


def merge(base: Node, over: Node, parent: str = "") -> Node:
    """Return `over` laid upon `base`: sections merge key by key, anything else replaces.

    A name whose value is null is taken out: `strategies: {raw: null}` drops the strategy raw.
    """
    if not (isinstance(base.value, dict) and isinstance(over.value, dict)):
        return over
    entries = dict(base.entries)
    for key, child in over.entries.items():
        if key not in entries:
            entries[key] = child
        elif child.value is None and parent in _REMOVABLE:
            del entries[key]
        else:
            entries[key] = merge(entries[key], child, key)
    return Node(entries, over.place, over.key_place)


def flatten(changes: Mapping[str, Node], prefix: str = "") -> Iterator[tuple[str, Node]]:
    """Yield (dotted key, value) for each value of a set of changes, nested or not."""
    for key, child in changes.items():
        if child.entries:
            yield from flatten(child.entries, f"{prefix}{key}.")
        else:
            yield prefix + key, child


def changed(tree: Node, changes: Mapping[str, Node], faults: list[Fault], *, case: bool) -> Node:
    """Return the tree with dotted keys set.

    Args:
        tree: a study, or the case of one strategy.
        changes: value by dotted key, such as `firms.steel.process.furnace`.
        faults: receives a fault for each key that leads nowhere.
        case: whether `tree` is one strategy's case; else keys of the case are sought within the study.
    """
    for key, child in changes.items():
        path = tuple(key.split("."))
        known = tuple(CASE.fields) if case else _FIRST_KEYS
        if path[0] not in known or len(path) > MAX_DEPTH:
            hint = nearest(path[0], known)
            allowed = f"{hint} allowed to start with: {', '.join(known)}".strip()
            faults.append(Fault(str(child.key_place), f"unknown key {key!r}", allowed))
            continue
        for full in [path] if case else _within_study(tree, path, child, faults):
            tree = _put(tree, full, child, (), faults)
    return tree


def _within_study(tree: Node, path: tuple[str, ...], child: Node, faults: list[Fault]) -> list[tuple[str, ...]]:
    """Return where in the study the keys of a case stand; a contract may belong to several strategies."""
    if path[0] in STUDY.fields:
        return [path]
    if path[0] != "contracts":
        return [("platforms", *path)]
    strategies = tree.entries["strategies"].entries if "strategies" in tree.entries else {}
    contracts = {
        name: strategy.entries["contracts"].entries
        for name, strategy in strategies.items()
        if "contracts" in strategy.entries
    }
    wanted = path[1] if len(path) > 1 else ""
    found = [("strategies", name, *path) for name, known in contracts.items() if wanted in known]
    if not found:
        names = sorted({name for known in contracts.values() for name in known})
        faults.append(_no_such(child, "contract", wanted, names))
    return found


def _no_such(child: Node, noun: str, name: str, known: Sequence[str]) -> Fault:
    allowed = f"{nearest(name, known)} known: {', '.join(known) or '(nothing)'}".strip()
    return Fault(str(child.key_place), f"no such {noun}: {name!r}", allowed)


def _put(node: Node, path: tuple[str, ...], child: Node, done: tuple[str, ...], faults: list[Fault]) -> Node:
    """Return `node` with `child` merged in at `path`."""
    head, *rest = path
    if isinstance(node.value, list) and any(item.entries for item in node.value):
        return _put_in_list(node, path, child, done, faults)
    parent = done[-1] if done else ""
    if not isinstance(node.value, dict):  # the reader complains, where a single value is expected
        if parent in _NAMED:
            return node
        node = Node({}, child.key_place, child.key_place)
    known = node.entries.get(head)
    if rest:
        if known is None and parent in _NAMED:
            faults.append(_no_such(child, _NAMED[parent], head, list(node.entries)))
            return node
        inner = known if known is not None else Node({}, child.key_place, child.key_place)
        new = _put(inner, tuple(rest), child, (*done, head), faults)
        return Node({**node.entries, head: new}, node.place, node.key_place)
    own = Node({head: child}, child.key_place, node.key_place)
    return Node(merge(node, own, parent).value, node.place, node.key_place)


def _put_in_list(
    node: Node, path: tuple[str, ...], child: Node, done: tuple[str, ...], faults: list[Fault]
) -> Node:  # fmt: skip
    """Return a list of sections with `child` merged into the one that the path numbers or names, else the first."""
    items = list(node.value)
    names = [item.entries["name"].value if "name" in item.entries else None for item in items]
    number = names.index(path[0]) if path[0] in names else int(path[0]) if path[0].isdecimal() else -1
    rest = path if number < 0 else path[1:]
    if number >= len(items) or not rest:
        known = ", ".join(name or str(i) for i, name in enumerate(names))
        faults.append(Fault(str(child.key_place), f"{'.'.join((*done, *path))} is not in the list", f"known: {known}"))
        return node
    number = max(number, 0)
    items[number] = _put(items[number], rest, child, done, faults)
    return Node(items, node.place, node.key_place)


def override_changes(tree: Node, name: str) -> dict[str, Node]:
    """Return the changes of a named override.

    Raises:
        InputError: if the study has no such override.
    """
    overrides = tree.entries["overrides"].entries if "overrides" in tree.entries else {}
    if name in overrides:
        return overrides[name].entries
    allowed = f"{nearest(name, list(overrides))} the study has: {', '.join(overrides) or '(nothing)'}".strip()
    raise InputError([Fault("--override", f"no such override: {name!r}", allowed)])


def set_changes(sets: Mapping[str, str] | Sequence[str], faults: list[Fault]) -> dict[str, Node]:
    """Return the changes of --set options: `KEY=VALUE`, the value written as in YAML."""
    pairs = [(key, value) for key, value in sets.items()] if isinstance(sets, Mapping) else [_pair(x) for x in sets]
    changes: dict[str, Node] = {}
    for key, value in pairs:
        source = Source(f"--set {key}")
        if not key or value is None:
            faults.append(Fault(source.name, "is not KEY=VALUE", "for example --set balancing.beta=0.3"))
            continue
        found: list[Fault] = []
        node = read_yaml(value.encode("utf-8", "replace"), source, found) if value.strip() else None
        faults.extend(Fault(source.name, fault.what, fault.allowed) for fault in found)
        place = Place(source)
        changes[key] = Node(_unplaced(node, place).value if node else None, place, place)
    return changes


def _pair(text: str) -> tuple[str, str | None]:
    key, equals, value = text.partition("=")
    return key.strip(), value if equals else None


def _unplaced(node: Node, place: Place) -> Node:
    """Return a node from the command line, where lines and columns mean nothing."""
    value = node.value
    if isinstance(value, dict):
        value = {key: _unplaced(child, place) for key, child in value.items()}
    elif isinstance(value, list):
        value = [_unplaced(child, place) for child in value]
    return Node(value, place, place)
