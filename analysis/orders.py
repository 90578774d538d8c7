"""What each of several steps adds, in every order in which they can be taken.

Every set of steps is a strategy, valued by its paired difference from the strategy that takes none. A step is worth
what it adds to those before it, which differs between orders where steps need, help or replace each other. Its mean
over all orders is its Shapley value (Shapley 1953); the values of all steps add up to that of all steps together.
What two steps bring together beyond what each brings alone is their interaction.

All figures are taken in the same random futures, those that every set has finished, and are weighted sums of the same
differences, so that they add up exactly.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimates import CONTROL, Floats, control_adjusted, known_coefficient
from analysis.points import TOO_FEW, floats, paired, party_groups, party_name
from analysis.tables import StudyTables, as_list
from model.outcomes import OUTCOME

type Steps = tuple[str, ...]

ORDERS = (
    "name", "title", "baseline", "outcome", "unit", "party", "kind", "order", "place", "step", "before", "effect",
    "lower", "upper", "n", "note",
)  # fmt: skip
"""Columns of the frame of orders."""
KINDS = ("marginal", "shapley", "set", "interaction")
_CANCELLED = 1e-9
"""What is left of values that cancel is zero below this part of them."""
_FEWEST = 4
"""Random futures from which on a coefficient of the control variate is estimated."""


@dataclass(frozen=True)
class _Sample:
    """What sets of steps are worth, in the random futures that all of them finished.

    Attributes:
        plain: set of steps -> differences from the baseline, shape (n,).
        chance: the same of the control variate.
        coefficient: how often a difference contains it.
        n: random futures.
        note: why there is nothing, or why to be careful.
    """

    plain: Mapping[Steps, Floats]
    chance: Mapping[Steps, Floats]
    coefficient: float
    n: int
    note: str


def orders_frame(tables: StudyTables) -> pd.DataFrame:
    """Return what steps add in the orders that a study asks for; columns `ORDERS`.

    `effect` is a change in the outcome's unit, so that a negative effect on a cost is a saving, with 95 % interval,
    cleaned of the control variate as in a comparison. Kinds: `marginal`, what a step adds at a `place` (1 is first)
    of an `order` (names joined by " > ") to the steps `before` it (joined by " + "); `shapley`, its mean over all
    orders; `set`, what the steps of a set (joined by " + ") are worth together; `interaction`, that less what each is
    worth alone, for pairs and for all steps. Effects are NaN where a strategy has no finished run, with the reason
    in `note`.
    """
    rows: list[dict[str, Any]] = []
    for asked in as_list(tables.study.evaluation.get("orders")):
        for group in party_groups(asked["parties"]):
            sample = _sample(tables, asked, group)
            about = {
                "name": asked["name"], "title": asked["title"], "baseline": asked["baseline"],
                "outcome": asked["outcome"], "unit": OUTCOME[asked["outcome"]].unit, "party": party_name(group),
            }  # fmt: skip
            rows += [about | row for row in _rows(tuple(asked["steps"]), sample)]
    return pd.DataFrame(rows, columns=list(ORDERS))


def subsets(steps: Steps) -> list[Steps]:
    """Return every set of steps, the empty one first, each in the order of `steps`."""
    return [some for size in range(len(steps) + 1) for some in itertools.combinations(steps, size)]


def shapley_weights(steps: Steps, step: str) -> dict[Steps, float]:
    """Return how the values of all sets of steps add up to the Shapley value of one; the weights sum to zero."""
    others = tuple(other for other in steps if other != step)
    weights: dict[Steps, float] = {}
    for before in subsets(others):
        share = math.factorial(len(before)) * math.factorial(len(others) - len(before)) / math.factorial(len(steps))
        weights[_sorted(steps, (*before, step))] = share
        weights[before] = -share
    return weights


def _sorted(steps: Steps, some: Sequence[str]) -> Steps:
    return tuple(step for step in steps if step in some)


def _sample(tables: StudyTables, asked: Mapping[str, Any], parties: Steps) -> _Sample:
    """Return the values of all sets of steps for a group of parties."""
    outcome, metrics = asked["outcome"], tables.metrics
    rows = metrics[metrics["outcome"].isin([outcome, CONTROL])]
    base = rows[rows["strategy"] == asked["baseline"]]
    found = {}
    for one in asked["sets"]:
        ours = rows[rows["strategy"] == one["strategy"]]
        found[tuple(one["steps"])] = paired(ours, base, outcome, parties, tables.chance_bearer)
    empty = [one["strategy"] for one in asked["sets"] if not len(found[tuple(one["steps"])][0])]
    common = None
    for plain, _ in found.values():
        common = plain.index if common is None else common.intersection(plain.index)
    if common is None or not len(common):
        what = (
            f"no random future is finished under {', '.join(empty)}" if empty else "no random future is finished by all"
        )
        return _Sample({}, {}, 0.0, 0, what)
    nothing = np.zeros(len(common))
    values = {(): nothing} | {steps: floats(plain[common]) for steps, (plain, _) in found.items()}
    controls = {(): nothing} | {steps: floats(chance[common]) for steps, (_, chance) in found.items()}
    n = len(common)
    note = f"n = {n} is too small to trust the interval" if n < TOO_FEW else ""
    return _Sample(values, controls, _coefficient(outcome, values, controls), n, note)


def _coefficient(outcome: str, plain: Mapping[Steps, Floats], chance: Mapping[Steps, Floats]) -> float:
    """Return how often values contain the control variate; one least-squares estimate for all sets if unknown.

    One coefficient for all keeps every figure a weighted sum of the same values.
    """
    known = known_coefficient(outcome, ("",), None)
    if known is not None:
        return known
    values, control = (np.stack(list(one.values())) for one in (plain, chance))
    spread = control - control.mean(axis=1, keepdims=True)
    square = float((spread**2).sum())
    return float((spread * values).sum()) / square if values.shape[1] >= _FEWEST and square > 0.0 else 0.0


def _rows(steps: Steps, sample: _Sample) -> Iterator[dict[str, Any]]:
    """Yield the rows of one outcome of one group of parties."""
    for order in itertools.permutations(steps):
        for place, step in enumerate(order):
            before = _sorted(steps, order[:place])
            about = {"order": " > ".join(order), "place": place + 1, "step": step, "before": " + ".join(before)}
            weights = {_sorted(steps, (*before, step)): 1.0, before: -1.0}
            yield _row("marginal", about, _estimate(weights, sample), sample)
    for step in steps:
        yield _row("shapley", {"step": step}, _estimate(shapley_weights(steps, step), sample), sample)
    for some in subsets(steps)[1:]:
        yield _row("set", {"step": " + ".join(some)}, _estimate({some: 1.0}, sample), sample)
    for some in subsets(steps):
        if len(some) == 2 or (len(some) == len(steps) > 2):
            weights = {some: 1.0} | {(step,): -1.0 for step in some}
            yield _row("interaction", {"step": " + ".join(some)}, _estimate(weights, sample), sample)


def _row(
    kind: str, about: Mapping[str, Any], estimate: tuple[float, float, float], sample: _Sample
) -> dict[str, Any]:  # fmt: skip
    value, low, high = estimate
    shown = {"order": "", "place": 0, "before": "", **about}
    return {"kind": kind, **shown, "effect": value, "lower": low, "upper": high, "n": sample.n, "note": sample.note}


def _estimate(weights: Mapping[Steps, float], sample: _Sample) -> tuple[float, float, float]:
    """Return a weighted sum of the values of sets with its interval; NaN without any value."""
    if not sample.n:
        return math.nan, math.nan, math.nan
    plain, chance = (
        sum((weight * values[some] for some, weight in weights.items()), np.zeros(sample.n))
        for values in (sample.plain, sample.chance)
    )
    size = sum((abs(weight * sample.plain[some]) for some, weight in weights.items()), np.zeros(sample.n))
    plain = np.where(np.abs(plain) <= _CANCELLED * size, 0.0, plain)
    estimate, _ = control_adjusted(plain, chance, sample.coefficient)
    return estimate.value, estimate.low, estimate.high
