"""What a study evaluates beyond its strategies, and the configurations that have to run for it.

Three questions vary a strategy: a *break-even* sweeps one parameter, an *influence* moves each of many
assumptions to its low and its high end, a *waterfall* switches the stages of a pipeline off and on. Each
becomes points: a strategy with some dotted keys changed. Points run in the same random futures as the
strategies, so that whatever they share is generated once and every difference is paired. A fourth question,
in which *order* steps are taken, reads the strategies themselves and needs no points.
"""

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from model.errors import InputError
from model.inputs import CONTRACTS, ModelInputs, replace_inputs

PARTS = ("break_even", "influence", "waterfall")
"""Sections of `evaluate` that need points of their own."""
LOW, HIGH = "low", "high"
ALL_OFF = "all off"
WITHOUT, UP_TO = "without", "up to"


@dataclass(frozen=True)
class RunPlan:
    """How many random futures are simulated, from which seed."""

    seed: int
    replications: int


@dataclass(frozen=True)
class BreakEven:
    """A sweep of one parameter, to find from where on a strategy pays.

    Attributes:
        name: name of the sweep, unique in the study.
        title: label for people; empty where none is given.
        parameter: dotted key.
        values: ascending, in the parameter's unit; whole numbers where the parameter is one; the last may be inf.
        spacing: linear or log: the scale on which the gain is taken as straight between two values.
        strategy: the strategy that pays or does not; it has the parameter.
        baseline: what it is compared with; it keeps its own inputs if it lacks the parameter.
        outcome: which outcome has to improve.
        parties: whose; ("",) when the outcome is not per party.
        replications: random futures per point; those of the study if it has fewer.
    """

    name: str
    title: str
    parameter: str
    values: tuple[float, ...]
    spacing: str
    strategy: str
    baseline: str
    outcome: str
    parties: tuple[str, ...]
    replications: int

    @property
    def party(self) -> str:
        """The first party."""
        return self.parties[0]


@dataclass(frozen=True)
class Range:
    """An assumption between its ends, in the parameter's unit."""

    parameter: str
    low: Any
    high: Any


@dataclass(frozen=True)
class Influence:
    """Which assumption moves the answer most, one at a time.

    Attributes:
        name: name of the ranking, unique in the study.
        title: label for people.
        strategy: the strategy whose value is asked.
        baseline: what it is compared with.
        outcome: the outcome that values it.
        parties: whose; ("",) when the outcome is not per party.
        parameters: the assumptions with their ends; the strategy has all of them.
        replications: random futures per end; None for all of the study.
    """

    name: str
    title: str
    strategy: str
    baseline: str
    outcome: str
    parties: tuple[str, ...]
    parameters: tuple[Range, ...]
    replications: int | None


@dataclass(frozen=True)
class Switch:
    """A stage, and what switches it off.

    Attributes:
        stage: its name.
        off: value by dotted key.
    """

    stage: str
    off: dict[str, Any]


@dataclass(frozen=True)
class Waterfall:
    """What each stage of a chain adds.

    Attributes:
        name: name of the waterfall, unique in the study.
        title: label for people.
        strategy: the strategy with all stages on.
        outcomes: what is measured.
        parties: whose, for outcomes that are per party.
        contract: the contract whose pipeline has these stages; empty where the scenario spells them out.
        switches: the stages, in the order in which they follow each other.
        replications: random futures per point; None for all of the study.
    """

    name: str
    title: str
    strategy: str
    outcomes: tuple[str, ...]
    parties: tuple[str, ...]
    contract: str
    switches: tuple[Switch, ...]
    replications: int | None


@dataclass(frozen=True)
class StepSet:
    """A strategy that takes some steps.

    Attributes:
        strategy: its name.
        steps: those that it takes, in the order in which the steps are declared.
    """

    strategy: str
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Orders:
    """What each of several steps adds, in every order in which they can be taken.

    Attributes:
        name: unique in the study.
        title: label for people.
        baseline: the strategy that takes no step.
        outcome: the outcome that values a set of steps.
        parties: whose; ("",) when the outcome is not per party.
        steps: names of the steps.
        sets: a strategy for every set of steps but the empty one.
    """

    name: str
    title: str
    baseline: str
    outcome: str
    parties: tuple[str, ...]
    steps: tuple[str, ...]
    sets: tuple[StepSet, ...]


@dataclass(frozen=True)
class Evaluation:
    """What is compared.

    Attributes:
        outcomes: names of the outcomes that are tabulated.
        parties: parties that are tabulated.
        break_even: the sweeps.
        influence: the rankings of assumptions.
        waterfall: the chains of stages.
        orders: the steps that are taken in several orders.
    """

    outcomes: tuple[str, ...]
    parties: tuple[str, ...]
    break_even: tuple[BreakEven, ...] = ()
    influence: tuple[Influence, ...] = ()
    waterfall: tuple[Waterfall, ...] = ()
    orders: tuple[Orders, ...] = ()

    def limited(self, strategies: Collection[str], parts: Collection[str] = PARTS) -> "Evaluation":
        """Return the evaluation without what needs other strategies, or belongs to other parts, than these.

        Orders need no points of their own, and belong to no part.
        """
        kept = {
            part: tuple(
                one
                for one in getattr(self, part)
                if (part in parts or part not in PARTS) and _strategies(one) <= set(strategies)
            )
            for part in (*PARTS, "orders")
        }
        return dataclasses.replace(self, **kept)


def _strategies(one: BreakEven | Influence | Waterfall | Orders) -> set[str]:
    if isinstance(one, Orders):
        return {one.baseline, *(each.strategy for each in one.sets)}
    return {one.strategy} if isinstance(one, Waterfall) else {one.strategy, one.baseline}


@dataclass(frozen=True)
class Point:
    """One configuration to run beyond the strategies.

    Attributes:
        part: what needs it: `break_even/NAME`, `influence/NAME` or `waterfall/NAME`.
        label: which point of it: a value, `KEY low`, `KEY high`, `all off`, `without STAGE` or `up to STAGE`.
        strategy: the strategy that is varied.
        value: value of the swept parameter; None outside a sweep.
        replications: most random futures to run; None for all of the study.
        changes: value by dotted key.
    """

    part: str
    label: str
    strategy: str
    value: float | None
    replications: int | None
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Infeasible:
    """A point that the model refuses, with its reason."""

    part: str
    label: str
    strategy: str
    reason: str


def points_of(evaluation: Evaluation) -> Iterator[Point]:
    """Yield every point that an evaluation needs, in the order of its declaration."""
    for sweep in evaluation.break_even:
        yield from _sweep_points(sweep)
    for influence in evaluation.influence:
        yield from _influence_points(influence)
    for waterfall in evaluation.waterfall:
        yield from _waterfall_points(waterfall)


def _sweep_points(sweep: BreakEven) -> Iterator[Point]:
    for value in sweep.values:
        for strategy in (sweep.baseline, sweep.strategy):
            changes = {sweep.parameter: value}
            yield Point(
                f"break_even/{sweep.name}", f"{value:g}", strategy, float(value), sweep.replications, changes
            )  # fmt: skip


def _influence_points(influence: Influence) -> Iterator[Point]:
    for entry in influence.parameters:
        for end, value in ((LOW, entry.low), (HIGH, entry.high)):
            for strategy in (influence.baseline, influence.strategy):
                yield Point(
                    f"influence/{influence.name}", f"{entry.parameter} {end}", strategy, None,
                    influence.replications, {entry.parameter: value},
                )  # fmt: skip


def _waterfall_points(waterfall: Waterfall) -> Iterator[Point]:
    """Yield all off, then all but one, then on one after another; all on is the strategy itself."""
    switches, last = waterfall.switches, len(waterfall.switches) - 1
    chosen = {ALL_OFF: switches}
    chosen |= {f"{WITHOUT} {switch.stage}": (switch,) for switch in switches}
    chosen |= {f"{UP_TO} {switch.stage}": switches[i + 1 :] for i, switch in enumerate(switches) if i < last}
    for label, off in chosen.items():
        changes = {key: value for switch in off for key, value in switch.off.items()}
        part = f"waterfall/{waterfall.name}"
        yield Point(part, label, waterfall.strategy, None, waterfall.replications, changes)


def inputs_at(point: Point, inputs: ModelInputs) -> ModelInputs:
    """Return the strategy's inputs with the point's changes, each where its key exists.

    A contract that the strategy does not have is not changed: the baseline without sharing stays as it is
    while a parameter of the sharing contract is swept.

    Raises:
        InputError: if the model refuses the changed inputs.
    """
    changes = {key: value for key, value in point.changes.items() if _applies(key, inputs)}
    return replace_inputs(inputs, changes) if changes else inputs


def _applies(key: str, inputs: ModelInputs) -> bool:
    """Whether a key is one of the strategy's own: only contracts and platforms may be absent."""
    head, _, rest = key.partition(".")
    fields = CONTRACTS if head == "contracts" else (head,)
    members = [getattr(inputs, name, None) for name in fields]
    if not all(isinstance(one, tuple) for one in members):
        return True
    return rest.partition(".")[0] in {member.name for one in members for member in one or ()}


def resolve(
    evaluation: Evaluation, strategies: Mapping[str, ModelInputs]
) -> tuple[list[tuple[Point, ModelInputs]], list[Infeasible]]:
    """Return every point with its inputs, and the points that the model refuses with the reason."""
    feasible, refused = [], []
    for point in points_of(evaluation):
        if point.strategy not in strategies:
            continue
        try:
            feasible.append((point, inputs_at(point, strategies[point.strategy])))
        except InputError as error:
            reason = "; ".join(f"{fault.where}: {fault.what}" for fault in error.faults)
            refused.append(Infeasible(point.part, point.label, point.strategy, reason))
    return feasible, refused
