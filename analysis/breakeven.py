"""From which value of one parameter on a strategy pays.

The strategy and what it is compared with run over the values of the parameter in the same random
futures. Between two values each replication's gain is taken as a straight line, so that the mean gain
and its paired t interval are known everywhere; the break-even value is where the mean gain is zero,
its interval is where zero lies within the interval of the gain (inversion of the paired t test,
Fieller 1954).
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimates import CONTROL, Floats, known_coefficient, t_estimate, t_quantile
from analysis.points import declared_parameter, difference, parameter_unit, party_groups, party_name
from analysis.tables import as_list
from model.outcomes import OUTCOME

GRID = 4001
"""Points on which the interval of the gain is evaluated between the lowest and the highest value."""
GAINS = (
    "sweep", "title", "parameter", "unit", "spacing", "strategy", "baseline", "outcome", "party", "value", "n", "gain",
    "low", "high",
)  # fmt: skip
"""Columns of the frame of gains."""


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
        name: name of the sweep; several answers may belong to one.
        title: its label for people; empty where none is given.
        spacing: linear or log: the scale between the values.
        kind: float, int or bool; switches are 0 and 1 in the table, and have no crossings.
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
    name: str = ""
    title: str = ""
    spacing: str = "linear"
    kind: str = "float"


@dataclass(frozen=True)
class Scale:
    """The scale on which the gain is straight between two values tried.

    Beyond the last finite value the scale is the reciprocal, on which an infinite value has a place.

    Attributes:
        values: the values tried, ascending, shape (v,); the last may be infinite.
        spacing: linear or log.
    """

    values: Floats
    spacing: str = "linear"

    @property
    def places(self) -> Floats:
        """Where the values lie on the scale, shape (v,)."""
        finite = self.values[np.isfinite(self.values)]
        if not finite.size:
            return np.zeros(self.values.size)
        places = np.log(finite) if self.spacing == "log" else finite
        if finite.size < self.values.size:
            step = places[-1] - places[-2] if finite.size > 1 else 1.0
            places = np.append(places, places[-1] + step)
        return places

    def value(self, place: float) -> float:
        """Return the value at a place of the scale."""
        places = self.places
        if math.isinf(self.values[-1]) and place > places[-2]:
            share = (place - places[-2]) / (places[-1] - places[-2])
            return float(self.values[-2] / (1.0 - share)) if share < 1.0 else math.inf
        return math.exp(place) if self.spacing == "log" else float(place)


def break_evens(points: pd.DataFrame, asked: Any, bearer: str | None = None) -> tuple[BreakEven, ...]:
    """Return the answers of all sweeps: for each party asked about, then for all together if there are several.

    Args:
        points: part, strategy, sweep_value, replication, outcome, party, value.
        asked: the sweeps as the study's evaluation holds them: parameter, strategy, baseline, outcome, parties and,
            if it is not the only one, name; a single one may stand for itself; None for no sweep.
        bearer: the party that bears the chance alignment with the system.
    """
    answers = []
    for sweep in as_list(asked):
        rows = points[points["part"].isin(["break_even", f"break_even/{sweep.get('name', '')}"])]
        groups = party_groups(sweep["parties"]) if len(rows) else []
        answers += [break_even(rows, sweep, group, bearer) for group in groups]
    return tuple(answer for answer in answers if answer is not None)


def break_even(
    sweep: pd.DataFrame, asked: Mapping[str, Any], parties: tuple[str, ...], bearer: str | None = None
) -> BreakEven | None:
    """Return the answer of a sweep for the summed outcome of `parties`, or None if no run of it is finished."""
    values, gains = gains_by_value(
        sweep, asked["strategy"], asked["baseline"], asked["outcome"], parties, bearer=bearer
    )
    if not gains.size:
        return None
    declared, spacing = declared_parameter(asked["parameter"]), asked.get("spacing", "linear")
    kind = "float" if declared is None else declared.kind
    crossings = () if kind == "bool" else find_crossings(values, gains, spacing)
    answer = BreakEven(
        parameter=asked["parameter"], unit=parameter_unit(asked["parameter"]), strategy=asked["strategy"],
        baseline=asked["baseline"], outcome=asked["outcome"], parties=tuple(name for name in parties if name),
        n=gains.shape[0], table=_table(values, gains), crossings=crossings, verdict="",
        name=asked.get("name", asked["parameter"]), title=asked.get("title", ""), spacing=spacing, kind=kind,
    )  # fmt: skip
    missing = [value for value in asked.get("values", ()) if float(value) not in set(values)]
    lacking = f"; no run finished at {', '.join(_number(value, kind) for value in missing)}" if missing else ""
    return dataclasses.replace(answer, verdict=_verdict(answer) + lacking)


def break_even_frame(answers: Sequence[BreakEven]) -> pd.DataFrame:
    """Return the gains of all sweeps at all values in one frame; columns `GAINS`."""
    parts = [
        one.table.assign(
            sweep=one.name, title=one.title, parameter=one.parameter, unit=one.unit, spacing=one.spacing,
            strategy=one.strategy, baseline=one.baseline, outcome=one.outcome, party=party_name(one.parties),
        )
        for one in answers
    ]  # fmt: skip
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(GAINS))
    return frame[list(GAINS)]


def gains_by_value(
    sweep: pd.DataFrame,
    strategy: str,
    baseline: str,
    outcome: str,
    parties: tuple[str, ...],
    *,
    bearer: str | None,
) -> tuple[Floats, Floats]:
    """Return the values tried, shape (v,), and the gain of each replication finished at all of them, shape (n, v).

    Gains in EUR are cleaned of the control variate, whose mean is known to be zero: with coefficient 1
    where the outcome contains it once, else with one least-squares coefficient for all values together.
    Where no replication gains anything there is nothing to be cleaned.
    """
    values, plain = _differences(sweep, strategy, baseline, outcome, parties)
    if not plain.size:
        return values, plain
    gains = plain if OUTCOME[outcome].direction == "higher" else -plain
    _, chance = _differences(sweep, strategy, baseline, CONTROL, ("",))
    if OUTCOME[outcome].unit != "EUR/yr" or chance.shape != gains.shape or not np.any(chance):
        return values, gains
    known = known_coefficient(outcome, parties, bearer)
    if known is not None:
        sign = -1.0 if OUTCOME[outcome].direction == "higher" else 1.0
        return values, gains + sign * known * chance
    chance = np.where(np.any(gains != 0.0, axis=0), chance, 0.0)
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
    return both.to_numpy(np.float64), difference(ours, theirs)


def find_crossings(values: Floats, gains: Floats, spacing: str = "linear") -> tuple[Crossing, ...]:
    """Return where the mean gain changes its sign, with intervals.

    Args:
        values: values of the parameter, ascending, shape (v,); the last may be infinite.
        gains: gain of each replication at each value, shape (n, v).
        spacing: linear or log.
    """
    scale, mean = Scale(values, spacing), gains.mean(axis=0)
    places, pays = scale.places, mean > 0.0
    found = []
    for i in np.flatnonzero(pays[1:] != pays[:-1]):
        share = -mean[i] / (mean[i + 1] - mean[i])
        root = float(places[i] + share * (places[i + 1] - places[i]))
        low, high = (None if end is None else scale.value(end) for end in _interval(places, gains, root))
        found.append(Crossing(scale.value(root), low, high, rising=bool(pays[i + 1])))
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


def _table(values: Floats, gains: Floats) -> pd.DataFrame:
    estimates = [t_estimate(gains[:, i]) for i in range(values.size)]
    rows = [[v, e.n, e.value, e.low, e.high] for v, e in zip(values, estimates, strict=True)]
    return pd.DataFrame(rows, columns=["value", "n", "gain", "low", "high"])


def _verdict(answer: BreakEven) -> str:
    """Return the answer as a sentence without subject."""
    parameter, unit = answer.parameter, _unit_words(answer.unit)
    values, gains = answer.table["value"], answer.table["gain"]
    first, last = _number(values.iloc[0], answer.kind), _number(values.iloc[-1], answer.kind)
    tried, count = f"{first} to {last}{unit}", f"n = {answer.n}"
    if (gains > 0.0).all():
        return f"pays at every value of {parameter} tried ({tried}; {count})"
    if (gains == 0.0).all():
        return f"makes no difference at any value of {parameter} tried ({tried}; {count})"
    if not (gains > 0.0).any():
        return f"does not pay at any value of {parameter} tried ({tried}; {count})"
    if answer.kind == "bool":
        return f"pays if {parameter} is {_number(values[gains > 0.0].iloc[0], answer.kind)}, else not ({count})"
    return f"pays if {parameter} is {_ranges(answer)}; tried {tried}, {count}"


def _ranges(answer: BreakEven) -> str:
    """Return the ranges in which it pays, each by its ends."""
    words = ""
    for crossing in answer.crossings:
        joint = "" if not words else " or " if crossing.rising else " and "
        words += f"{joint}{_end(crossing, answer)} ({_span(crossing, answer)})"
    return words


def _end(crossing: Crossing, answer: BreakEven) -> str:
    """Return one end of a range; whole numbers are counted, not cut."""
    unit = _unit_words(answer.unit)
    if math.isinf(crossing.value):
        return "finite"
    if answer.kind == "int":
        least, most = math.floor(crossing.value) + 1, math.ceil(crossing.value) - 1
        words = f"at least {least}{unit}" if crossing.rising else f"at most {most}{unit}"
        return f"{words}, zero at {crossing.value:.4g}"
    return f"{'above' if crossing.rising else 'below'} {crossing.value:.4g}{unit}"


def _unit_words(unit: str) -> str:
    return "" if unit in ("", "1") else f" {unit}"


def _number(value: float, kind: str) -> str:
    if kind == "bool":
        return "true" if value else "false"
    return "infinite" if math.isinf(value) else f"{value:.4g}"


def _span(crossing: Crossing, answer: BreakEven) -> str:
    low, high, kind, values = crossing.low, crossing.high, answer.kind, answer.table["value"]
    endless = math.isinf(values.iloc[-1])
    if low is None and high is None:
        return "95 % interval wider than the values tried"
    left = _number(low, kind) if low is not None else f"less than {_number(values.iloc[0], kind)}"
    right = _number(high, kind) if high is not None else "infinite" if endless else f"more than {values.iloc[-1]:.4g}"
    return f"95 % interval {left} to {right}"
