"""Scenario files: read, merged, checked and resolved into the inputs of every strategy.

    file -> yaml_source (tree with places) -> spec_tree (extends, overrides, --set)
         -> spec_shape + spec_sections (what may stand where) -> spec_build (ModelInputs per strategy)

Every fault of every file is reported at once, with file:line:column.
"""

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from model.errors import Fault, InputError
from model.inputs import ModelInputs, as_tree
from scenarios.evaluation import BreakEven, Evaluation, Influence, RunPlan, Waterfall
from scenarios.spec_build import Case, build_cases, section_entries
from scenarios.spec_evaluate import baseline_of, evaluation_of
from scenarios.spec_sections import STUDY
from scenarios.spec_sectors import with_sectors
from scenarios.spec_shape import Reading, read
from scenarios.spec_tree import Forest, changed, flatten, library, load, override_changes, set_changes
from scenarios.yaml_source import Faults, Node, Place, TooManyFaults

__all__ = ["BreakEven", "Evaluation", "Influence", "Origin", "RunPlan", "Strategy", "Study", "Waterfall", "library",
           "load_study", "study_hash"]  # fmt: skip

_MOST_FAULTS = 200


@dataclass(frozen=True)
class Origin:
    """Where a value was set; line 0 stands for the command line."""

    file: str
    line: int
    column: int


@dataclass(frozen=True)
class Strategy:
    """What a strategy is called and what it means."""

    title: str
    description: str


@dataclass(frozen=True)
class Study:
    """A scenario, checked and resolved.

    Attributes:
        name: the file's name without ending.
        title: the study in a few words.
        description: what it is about.
        question: what it answers.
        stakeholders: who asks, and why.
        goals: names of the outcomes that matter, most important first.
        path: the scenario file.
        text: that file as written.
        baseline: the strategy that the others are compared with.
        strategies: the inputs of each strategy, in the order of the file.
        strategy_notes: title and description of each.
        run: seed and replications.
        evaluation: what is compared.
        origins: where each dotted key was set; a key that only one strategy sets is preceded by
            `strategies.NAME.`; a key that is not here has its declared default.
        policies: what holds under every strategy, by dotted key.
        overrides: names of the overrides that the file offers.
        options: what the command line changed, as it was typed.
    """

    name: str
    title: str
    description: str
    question: str
    stakeholders: dict[str, str]
    goals: tuple[str, ...]
    path: Path
    text: str
    baseline: str
    strategies: dict[str, ModelInputs]
    strategy_notes: dict[str, Strategy]
    run: RunPlan
    evaluation: Evaluation
    origins: dict[str, Origin]
    policies: dict[str, Any]
    overrides: tuple[str, ...]
    options: tuple[str, ...] = ()


def load_study(
    name_or_path: str, *, overrides: Sequence[str] = (), sets: Mapping[str, str] | Sequence[str] = ()
) -> Study:
    """Return the study that a library name or a .yaml file describes.

    Args:
        name_or_path: a name that `library` knows, or the path of a file.
        overrides: named sets of changes that the file offers, applied in this order.
        sets: changes by dotted key, or "KEY=VALUE" texts, applied last; values as in YAML.

    Raises:
        InputError: with every fault that was found, each with file:line:column.
    """
    forest = load(name_or_path)
    faults = forest.faults
    if forest.tree is None or not isinstance(forest.tree.value, dict):
        if forest.tree is not None:
            faults.append(Fault(str(forest.tree.place), "the file is not a scenario", "allowed: the keys " + _keys()))
        raise InputError(_tidy(faults))
    study = None
    with contextlib.suppress(TooManyFaults):
        tree = forest.tree
        for name in overrides:
            tree = _overridden(tree, name, faults)
        tree = changed(tree, set_changes(sets, faults), faults, case=False)
        reading = Reading(faults, partial=not forest.whole)
        study = _study(forest, with_sectors(tree, forest.path, faults), reading)
        _rehearse(forest.tree, forest.path, reading)
    if faults or study is None:
        raise InputError(_tidy(faults))
    settings = [f"{key}={value}" for key, value in sets.items()] if isinstance(sets, Mapping) else list(sets)
    options = [*(("--override", name) for name in overrides), *(("--set", text) for text in settings)]
    return replace(study, options=tuple(word for option in options for word in option))


def _keys() -> str:
    return ", ".join(STUDY.fields)


def _overridden(tree: Node, name: str, faults: list[Fault]) -> Node:
    try:
        return changed(tree, override_changes(tree, name), faults, case=False)
    except InputError as error:
        faults.extend(error.faults)
        return tree


def _rehearse(tree: Node, asked: Path, reading: Reading) -> None:
    """Try every override of the file, so that its mistakes show before it is needed.

    Args:
        tree: the study.
        asked: the scenario file.
        reading: what was found without the override; mistakes that only follow from it are not repeated.
    """
    section = tree.entries.get("overrides")
    if section is None or reading.partial:
        return
    for name, override in section.entries.items():
        if not isinstance(override.value, dict) or any(reading.broken(key) for key, _ in flatten(override.entries)):
            continue
        found = Faults()
        with contextlib.suppress(TooManyFaults):
            read(STUDY, with_sectors(_overridden(tree, name, found), asked, found), "", Reading(found))
        own = {str(place) for place in _places_within(override)}
        reading.faults.extend(fault for fault in found if fault.where in own)


def _places_within(node: Node) -> Iterator[Place]:
    yield from (node.place, node.key_place)
    for child in node.value if isinstance(node.value, list) else node.entries.values():
        yield from _places_within(child)


def _study(forest: Forest, tree: Node, reading: Reading) -> Study | None:
    values = read(STUDY, tree, "", reading)
    if reading.partial:
        return None
    cases = build_cases(tree, reading.faults)
    baseline = baseline_of(values, reading)
    evaluation = evaluation_of(values, cases, baseline, reading)
    if reading.faults:
        return None
    goals = values["goals"]
    name = forest.path.stem
    return Study(
        name=name,
        title=values.get("title", name),
        description=values.get("description", ""),
        question=goals["question"],
        stakeholders=goals.get("stakeholders", {}),
        goals=goals["outcomes"],
        path=forest.path,
        text=forest.text,
        baseline=baseline,
        strategies={key: case.inputs for key, case in cases.items() if case.inputs is not None},
        strategy_notes={
            key: Strategy(section["title"], section.get("description", ""))
            for key, section in values["strategies"].items()
        },
        run=RunPlan(**values["run"]),
        evaluation=evaluation,
        origins=_origins(reading, cases),
        policies={key: child.value for key, child in flatten(section_entries(tree, "policies"))},
        overrides=tuple(values.get("overrides", ())),
    )


def _origins(reading: Reading, cases: Mapping[str, Case]) -> dict[str, Origin]:
    """Return where keys of the study, and keys that only one strategy sets, were set."""
    places = {key: place for key, place in reading.places.items() if key}
    for key in {key for case in cases.values() for key in case.places if key}:
        by_case = {name: case.places.get(key) for name, case in cases.items()}
        shared = set(by_case.values())
        if len(shared) == 1 and not key.startswith("contracts"):
            places.update((key, place) for place in shared if place is not None)
            continue
        places |= {
            f"strategies.{name}.{key}": place
            for name, place in by_case.items()
            if place is not None and place != places.get(key)
        }
    return {key: _origin(place) for key, place in places.items()}


def _origin(place: Place) -> Origin:
    return Origin(place.source.name, place.line, place.column)


def _tidy(faults: Sequence[Fault]) -> list[Fault]:
    """Return faults once each, by file and place."""
    files: list[str] = []
    order: dict[Fault, tuple[int, int, int]] = {}
    said: set[tuple[str, str]] = set()
    for fault in faults:
        name, line, column = split_place(fault.where)
        if name not in files:
            files.append(name)
        short = (fault.where, re.sub(r"strategies\.[^.\s]+\.contracts", "contracts", fault.what))
        if short not in said:
            said.add(short)
            order[fault] = (files.index(name), line, column)
    ranked = sorted(order, key=lambda fault: order[fault])
    more = len(ranked) - _MOST_FAULTS
    return ranked[:_MOST_FAULTS] + ([Fault("", f"and {more} more faults")] if more > 0 else [])


def split_place(where: str) -> tuple[str, int, int]:
    """Return (file, line, column) of a place written file:line:column; line 0 where there is none."""
    name, *numbers = where.rsplit(":", 2)
    if len(numbers) == 2 and all(number.isdecimal() for number in numbers):
        return name, int(numbers[0]), int(numbers[1])
    return where, 0, 0


def study_hash(study: Study) -> str:
    """Return the sha256 of everything that decides the study's results; titles and comments do not."""
    tree = {
        "strategies": {name: as_tree(inputs) for name, inputs in study.strategies.items()},
        "baseline": study.baseline,
        "run": asdict(study.run),
        "evaluation": _untitled(asdict(study.evaluation)),
    }
    return hashlib.sha256(json.dumps(tree, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _untitled(tree: Any) -> Any:
    """Return nested values without titles, which decide no result."""
    if isinstance(tree, dict):
        return {key: _untitled(value) for key, value in tree.items() if key != "title"}
    return [_untitled(value) for value in tree] if isinstance(tree, list | tuple) else tree
