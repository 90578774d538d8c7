"""From which value of one parameter on a strategy pays.

The strategy and what it is compared with run over the values of the parameter in the same random
futures. Between two values each replication's gain is taken as a straight line, so that the mean gain
and its paired t interval are known everywhere; the break-even value is where the mean gain is zero,
its interval is where zero lies within the interval of the gain (inversion of the paired t test,
Fieller 1954).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimates import CONTROL, UNIT_COEFFICIENT, Floats, t_estimate, t_quantile
from model.inputs import GROUPS
from model.outcomes import OUTCOME
from model.parameters import parameters_of

GRID = 4001
"""Points on which the interval of the gain is evaluated between the lowest and the highest value."""


@dataclass(frozen=True)
class Crossing:
    """A value at which the mean gain changes its sign.

    Attributes:
        value: the break-even value, in the unit of the parameter.
        low: lower end of its 95 % interval; None if it lies below the values tried, or n is 1.
        high: upper end; None if it lies above the values tried, or n is 1.
        rising: whether the strategy pays above it (else below it).
    """

    value: float
    low: float | None
    high: float | None
    rising: bool


@dataclass(frozen=True)
class BreakEven:
    """The answer of a break-even sweep.

    Attributes:
        parameter: dotted key that was swept.
        unit: its unit.
        strategy: the strategy that pays or does not.
        baseline: what it is compared with.
        outcome: the outcome that decides.
        parties: whose outcome, added up; empty for the whole economy.
        n: replications, the same random futures at every value.
        table: value, n, gain, low, high; gain is positive when the strategy is better, in the outcome's unit.
        crossings: where the mean gain changes its sign, ascending.
        verdict: the answer as a sentence.
    """

    parameter: str
    unit: str
    strategy: str
    baseline: str
    outcome: str
    parties: tuple[str, ...]
    n: int
    table: pd.DataFrame
    crossings: tuple[Crossing, ...]
    verdict: str


def break_evens(sweep: pd.DataFrame, asked: Mapping[str, Any] | None) -> tuple[BreakEven, ...]:
    """Return the answers of a sweep: for each party asked about, then for all together if there are several.

    Args:
        sweep: strategy, sweep_value, replication, outcome, party, value.
        asked: parameter, strategy, baseline, outcome and parties, as the scenario declares them; None for no sweep.
    """
    if not asked or sweep.empty:
        return ()
    parties = tuple(asked["parties"])
    groups = [(party,) for party in parties] + ([parties] if len(parties) > 1 else [])
    answers = [break_even(sweep, asked, group) for group in groups]
    return tuple(answer for answer in answers if answer is not None)


def break_even(sweep: pd.DataFrame, asked: Mapping[str, Any], parties: tuple[str, ...]) -> BreakEven | None:
    """Return the answer of a sweep for the summed outcome of `parties`, or None if no run of it is finished."""
    values, gains = gains_by_value(sweep, asked["strategy"], asked["baseline"], asked["outcome"], parties)
    if not gains.size:
        return None
    crossings = find_crossings(values, gains)
    unit = parameter_unit(asked["parameter"])
    return BreakEven(
        parameter=asked["parameter"], unit=unit, strategy=asked["strategy"], baseline=asked["baseline"],
        outcome=asked["outcome"], parties=tuple(name for name in parties if name), n=gains.shape[0],
        table=_table(values, gains), crossings=crossings,
        verdict=_verdict(asked["parameter"], unit, values, gains, crossings),
    )  # fmt: skip


def gains_by_value(
    sweep: pd.DataFrame, strategy: str, baseline: str, outcome: str, parties: tuple[str, ...]
) -> tuple[Floats, Floats]:
    """Return the values tried, shape (v,), and the gain of each replication finished at all of them, shape (n, v).

    Gains in EUR are cleaned of the control variate, whose mean is known to be zero: with coefficient 1
    where the outcome contains it once, else with one least-squares coefficient for all values together.
    """
    values, plain = _differences(sweep, strategy, baseline, outcome, parties)
    if not plain.size:
        return values, plain
    gains = plain if OUTCOME[outcome].direction == "higher" else -plain
    _, chance = _differences(sweep, strategy, baseline, CONTROL, ("",))
    if OUTCOME[outcome].unit != "EUR/yr" or chance.shape != gains.shape or not np.any(chance):
        return values, gains
    if outcome in UNIT_COEFFICIENT:
        return values, gains + chance
    spread = chance - chance.mean(axis=0)
    square = float((spread**2).sum())
    slope = float((spread * gains).sum()) / square if square > 0.0 else 0.0
    return values, gains - slope * chance


def _differences(
    sweep: pd.DataFrame, strategy: str, baseline: str, outcome: str, parties: tuple[str, ...]
) -> tuple[Floats, Floats]:
    """Return the values tried, shape (v,), and the paired differences summed over parties, shape (n, v)."""
    rows = sweep[(sweep["outcome"] == outcome) & sweep["party"].isin(parties)]
    wide = rows.pivot_table(
        index="replication", columns=["strategy", "sweep_value"], values="value", aggfunc="sum"
    ).dropna()  # fmt: skip
    if wide.empty or not {strategy, baseline} <= set(wide.columns.get_level_values(0)):
        return np.empty(0), np.empty((0, 0))
    both = wide[strategy].columns.intersection(wide[baseline].columns).sort_values()
    ours, theirs = (wide[name][both].to_numpy(np.float64) for name in (strategy, baseline))
    return both.to_numpy(np.float64), ours - theirs


def find_crossings(values: Floats, gains: Floats) -> tuple[Crossing, ...]:
    """Return where the mean gain changes its sign, with intervals.

    Args:
        values: values of the parameter, ascending, shape (v,).
        gains: gain of each replication at each value, shape (n, v).
    """
    mean = gains.mean(axis=0)
    pays = mean > 0.0
    found = []
    for i in np.flatnonzero(pays[1:] != pays[:-1]):
        share = -mean[i] / (mean[i + 1] - mean[i])
        root = float(values[i] + share * (values[i + 1] - values[i]))
        low, high = _interval(values, gains, root)
        found.append(Crossing(root, low, high, rising=bool(pays[i + 1])))
    return tuple(found)


def _interval(values: Floats, gains: Floats, root: float) -> tuple[float | None, float | None]:
    """Return the connected range around `root` in which a gain of zero is not rejected; None for an open end."""
    n = gains.shape[0]
    if n < 2:
        return None, None
    grid = np.union1d(np.linspace(values[0], values[-1], GRID), [root])
    lines = np.array([np.interp(grid, values, gain) for gain in gains])
    half = t_quantile(n - 1) * lines.std(axis=0, ddof=1) / math.sqrt(n)
    inside = np.abs(lines.mean(axis=0)) <= half
    start = end = int(np.searchsorted(grid, root))
    while start > 0 and inside[start - 1]:
        start -= 1
    while end < grid.size - 1 and inside[end + 1]:
        end += 1
    return (float(grid[start]) if start > 0 else None), (float(grid[end]) if end < grid.size - 1 else None)


def parameter_unit(key: str) -> str:
    """Return the declared unit of the parameter with this dotted key; empty if it is not declared."""
    *path, name = key.split(".")
    candidates = [GROUPS[path[-1]]] if path and path[-1] in GROUPS else []
    if path and path[0] == "contracts":
        candidates = [GROUPS["data_contract"]]
    elif path and path[0] == "firms" and not candidates:
        candidates = [GROUPS["manufacturer"], GROUPS["utility"]]
    for group in candidates:
        declared = parameters_of(group)
        if name in declared:
            return declared[name].unit
    return ""


def _table(values: Floats, gains: Floats) -> pd.DataFrame:
    estimates = [t_estimate(gains[:, i]) for i in range(values.size)]
    rows = [[v, e.n, e.value, e.low, e.high] for v, e in zip(values, estimates, strict=True)]
    return pd.DataFrame(rows, columns=["value", "n", "gain", "low", "high"])


def _verdict(parameter: str, unit: str, values: Floats, gains: Floats, crossings: tuple[Crossing, ...]) -> str:
    shown = "" if unit in ("", "1") else f" {unit}"
    tried = f"{values[0]:.4g} to {values[-1]:.4g}{shown}"
    count = f"n = {gains.shape[0]}"
    if not crossings:
        mean = gains.mean(axis=0)
        if (mean > 0.0).all():
            return f"pays at every value of {parameter} tried ({tried}; {count})"
        if np.all(mean == 0.0):
            return f"makes no difference at any value of {parameter} tried ({tried}; {count})"
        return f"does not pay at any value of {parameter} tried ({tried}; {count})"
    parts = [
        f"{'above' if c.rising else 'below'} {c.value:.4g}{shown} ({_span(c, values)})" for c in crossings
    ]  # fmt: skip
    joint = " and ".join(parts)
    return f"pays if {parameter} is {joint}; tried {tried}, {count}"


def _span(crossing: Crossing, values: Floats) -> str:
    low, high = crossing.low, crossing.high
    if low is None and high is None:
        return "95 % interval wider than the values tried"
    left = f"{low:.4g}" if low is not None else f"less than {values[0]:.4g}"
    right = f"{high:.4g}" if high is not None else f"more than {values[-1]:.4g}"
    return f"95 % interval {left} to {right}"
