"""The charts of the report: tidy frames prepared for analysis.figures, each with caption, description and table."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis import figures
from analysis.compare import Comparison
from analysis.drawing import Series, scale_of
from analysis.report_tables import (
    ROUNDING,
    THOUSAND,
    Table,
    component_changes,
    component_table,
    count_words,
    frame_of,
    moved_components,
    others_of,
    party_table,
    payment_label,
    payment_table,
    payments,
    ranking_table,
    records,
)
from analysis.report_text import cells, changes, fixed, goal_changes, party_label, party_verdict, titles_of
from model.outcomes import OUTCOME

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CHANCE_WORDS = (
    "Filled symbols: chance removed. Whether the utility's errors happen to fall into hours in which the whole system "
    "is short is luck, zero on average, and is subtracted."
)
_WEEK = 7
_MOST_PAYMENTS, _FEW_PAYMENTS = 10, 7
_MOST_SERIES = 6


@dataclass(frozen=True)
class Chart:
    """A figure with its words.

    Attributes:
        name: file name without ending.
        figure: the figure.
        caption: what it shows, with n.
        description: for readers who cannot see it.
        table: the same numbers.
    """

    name: str
    figure: "Figure"
    caption: str
    description: str
    table: Table


def series_of(comparison: Comparison) -> list[Series]:
    """Return the strategies other than the baseline, best first, each with its place in the palette."""
    titles = titles_of(comparison)
    return [Series(name, titles[name], index) for index, name in enumerate(others_of(comparison))]


def drawn_series(comparison: Comparison) -> tuple[list[Series], str]:
    """Return the strategies that a chart with a row for each of them per item has room for, and what its caption says.

    The best ones where they are many; the table beside it has all.
    """
    series = series_of(comparison)
    if len(series) <= _MOST_SERIES:
        return series, ""
    return series[:_MOST_SERIES], f" The {_MOST_SERIES} best of {len(series)} strategies; all of them are in the table."


def strategies_chart(comparison: Comparison) -> Chart | None:
    """Return the ranked strategies with intervals."""
    series = series_of(comparison)
    frame = frame_of(goal_changes(comparison))
    if frame.empty:
        return None
    goal, base = OUTCOME[comparison.goal], titles_of(comparison)[comparison.baseline]
    side = " Left of zero: cheaper." if goal.unit == "EUR/yr" else ""
    caption = (
        f"{goal.title} of each strategy, difference from “{base}”.{side} Bars: 95 % intervals, "
        f"{count_words(frame['n'])}."
    )
    if frame["plain_difference"].notna().any():
        caption += f" {CHANCE_WORDS} Open symbols: the plain average of the runs, with that chance left in."
    figure = figures.strategy_differences(frame, series, goal, base)
    return Chart("strategies", figure, caption, _describe(frame, series, goal.unit), ranking_table(comparison))


def components_chart(comparison: Comparison) -> Chart | None:
    """Return the difference of the real cost by component."""
    wanted = [*moved_components(comparison), "real_cost"]
    found = [one for name in wanted for one in component_changes(comparison) if one.outcome == name]
    if len(wanted) < 2 or not found:
        return None
    (series, few), base = drawn_series(comparison), titles_of(comparison)[comparison.baseline]
    names = {one.name for one in series}
    moving = {one.outcome for one in found if one.strategy in names and abs(one.value) > ROUNDING} | {"real_cost"}
    found = [one for one in found if one.strategy in names and one.outcome in moving]
    frame = frame_of(found).assign(item=[OUTCOME[one.outcome].title for one in found])
    figure = figures.grouped_differences(frame, series, title="Real cost by component", unit="EUR/yr", baseline=base)
    caption = (
        f"Where the real cost changes. Bars: 95 % intervals, {count_words(frame['n'])}; where none is seen it is "
        f"narrower than the symbol. Components that do not change are left out.{few}"
    )
    return Chart("components", figure, caption, _describe(frame, series, "EUR/yr"), component_table(comparison))


def parties_chart(comparison: Comparison) -> Chart | None:
    """Return who gains and who loses: parties to contracts first, then whoever else is touched."""
    found, bill = changes(comparison, "party_cost"), comparison.bill.eur_per_year
    contract = comparison.tables.contract_parties
    touched = {one.party for one in found if party_verdict(one, bill) != "even"}
    order = [name for name in contract if any(one.party == name for one in found)]
    order += sorted(touched - set(order))
    (series, few), base = drawn_series(comparison), titles_of(comparison)[comparison.baseline]
    names = {one.name for one in series}
    kept = sorted(
        (one for one in found if one.party in order and one.strategy in names), key=lambda one: order.index(one.party)
    )
    if not kept:
        return None
    frame = frame_of(kept).assign(item=[party_label(one.party) for one in kept])
    title = OUTCOME["party_cost"].title
    figure = figures.grouped_differences(frame, series, title=title, unit="EUR/yr", baseline=base)
    caption = f"Who gains (left of zero) and who loses (right). Bars: 95 % intervals, {count_words(frame['n'])}.{few}"
    return Chart("parties", figure, caption, _describe(frame, series, "EUR/yr"), party_table(comparison))


def payments_chart(comparison: Comparison) -> Chart | None:
    """Return which payments between parties change; the largest where there are many."""
    (series, few), base = drawn_series(comparison), titles_of(comparison)[comparison.baseline]
    frame = payments(comparison, real=False)
    frame = frame[frame["strategy"].isin([one.name for one in series])]
    if frame.empty:
        return None
    frame = frame.assign(item=[payment_label(row) for row in records(frame)])
    size = frame.groupby("item")["difference"].apply(lambda d: d.abs().max()).sort_values(ascending=False)
    most = _MOST_PAYMENTS if len(series) < _MOST_SERIES else _FEW_PAYMENTS
    shown = list(size.index[:most])
    part = frame[frame["item"].isin(shown)].copy()
    part["place"] = part["item"].map({name: i for i, name in enumerate(shown)})
    part = part.sort_values("place", kind="stable")
    figure = figures.grouped_differences(part, series, title="Payments between parties", unit="EUR/yr", baseline=base)
    more = f" The {most} largest of {len(size)}." if len(size) > most else ""
    caption = (
        f"Who pays whom more (right of zero) or less (left). Bars: 95 % intervals, {count_words(part['n'])}.{more} "
        f"Transfers add up to zero over all parties.{few}"
    )
    return Chart("payments", figure, caption, _describe(part, series, "EUR/yr"), payment_table(comparison, real=False))


def week_chart(comparison: Comparison, hourly: pd.DataFrame, strategy: str) -> Chart | None:
    """Return a typical week without and with sharing.

    Args:
        comparison: the study.
        hourly: tidy hourly series of the baseline and of `strategy`, one random future.
        strategy: the strategy to show beside the baseline.
    """
    providers = [name for name in comparison.tables.providers if name in set(hourly["party"])]
    if hourly.empty or not providers:
        return None
    firm = providers[0]
    base = _wide(hourly, comparison.baseline, firm)
    other = _wide(hourly, strategy, firm)
    if base is None or other is None:
        return None
    inputs = next(m.inputs for m in comparison.tables.strategies if m.name == comparison.baseline)
    start = dt.date.fromisoformat(inputs["calendar"]["start"])
    first, days = typical_week_of(base["load_mw"], base["forecast_mw"], other["forecast_mw"], start)
    window = slice(first * 24, (first + days) * 24)
    utility = _utility_of(inputs, firm)
    titles = titles_of(comparison)
    same = bool(np.allclose(base["load_mw"], other["load_mw"]))
    lines = {
        ("load", f"load of {firm}" + ("" if same else f" under “{titles[comparison.baseline]}”")): base["load_mw"],
        ("load", f"forecast under “{titles[comparison.baseline]}”"): base["forecast_mw"],
        ("load", f"forecast under “{titles[strategy]}”"): other["forecast_mw"],
        **({} if same else {("load", f"load of {firm} under “{titles[strategy]}”"): other["load_mw"]}),
        **_imbalances(hourly, utility, comparison.baseline, strategy, titles),
    }
    hours = np.arange(days * 24)
    frame = pd.concat(
        [pd.DataFrame({"panel": p, "series": s, "hour": hours, "value": v[window]}) for (p, s), v in lines.items()],
        ignore_index=True,
    )
    dates = [start + dt.timedelta(days=first + k) for k in range(days)]
    figure = figures.typical_week(frame, load_title=f"Load of {party_label(firm)}", days=[_day(d) for d in dates],
                                  imbalance_title=f"Imbalance of {party_label(utility)}")  # fmt: skip
    return Chart("typical_week", figure, _week_caption(firm, utility, dates, base, other), _week_words(frame),
                 _week_table(frame, dates))  # fmt: skip


def typical_week_of(load: Any, without: Any, shared: Any, start: dt.date) -> tuple[int, int]:
    """Return (first day, days) of the Monday-to-Sunday week whose forecast errors are closest to the median week's.

    Args:
        load, without, shared: MW by hour: load, forecast without and with sharing, shape (24 * days,).
        start: date of the first day.
    """
    days = load.size // 24
    mondays = list(range((-start.weekday()) % _WEEK, days - _WEEK + 1, _WEEK))
    if not mondays:
        return 0, min(days, _WEEK)
    errors = np.array([[_rmse(load, f, d) for f in (without, shared)] for d in mondays])
    median = np.maximum(np.median(errors, axis=0), 1e-9)
    distance = np.abs(errors / median - 1.0).sum(axis=1)
    return mondays[int(np.argmin(distance))], _WEEK


def _rmse(load: Any, forecast: Any, day: int) -> float:
    window = slice(day * 24, (day + _WEEK) * 24)
    return float(np.sqrt(np.mean((load[window] - forecast[window]) ** 2)))


def _wide(hourly: pd.DataFrame, strategy: str, firm: str) -> dict[str, Any] | None:
    part = hourly[(hourly["strategy"] == strategy) & (hourly["party"] == firm)]
    found = {str(name): group["value"].to_numpy() for name, group in part.groupby("series")}
    return found if {"load_mw", "forecast_mw"} <= set(found) else None


def _utility_of(inputs: dict[str, Any], firm: str) -> str:
    return next((str(m["utility"]) for m in inputs["manufacturers"] if m["name"] == firm), "")


def _imbalances(
    hourly: pd.DataFrame, utility: str, baseline: str, strategy: str, titles: dict[str, str]
) -> dict[tuple[str, str], Any]:  # fmt: skip
    rows = hourly[(hourly["series"] == "imbalance_mw") & (hourly["party"] == utility)]
    return {
        ("imbalance", f"under “{titles[name]}”"): rows[rows["strategy"] == name]["value"].to_numpy()
        for name in (baseline, strategy)
    }


def _week_caption(firm: str, utility: str, dates: Sequence[dt.date], base: Any, other: Any) -> str:
    errors = [float(np.sqrt(np.mean((run["load_mw"] - run["forecast_mw"]) ** 2))) for run in (base, other)]
    return (
        f"The week from {dates[0].day} {dates[0]:%B %Y} in one random future (n = 1): the week whose forecast errors "
        f"are closest to the median week's. Above: the load of {party_label(firm)} and what {party_label(utility)} "
        f"expected of it a day ahead. Below: the imbalance that {party_label(utility)} is left with for all its "
        "customers, after intraday trading. Over this whole random future the root mean square error of the forecast "
        f"is {errors[0]:.1f} MW without and {errors[1]:.1f} MW with sharing."
    )


def _week_words(frame: pd.DataFrame) -> str:
    parts = []
    for panel, series in dict.fromkeys(zip(frame["panel"], frame["series"], strict=True)):
        values = frame[(frame["panel"] == panel) & (frame["series"] == series)]["value"]
        name = series if panel == "load" else f"imbalance {series}"
        parts.append(f"{name}: {values.mean():.1f} MW on average, {values.min():.1f} to {values.max():.1f} MW")
    return "; ".join(parts)


def _week_table(frame: pd.DataFrame, dates: Sequence[dt.date]) -> Table:
    names = list(dict.fromkeys(zip(frame["panel"], frame["series"], strict=True)))
    columns = [frame[(frame["panel"] == p) & (frame["series"] == s)]["value"].to_numpy() for p, s in names]
    times = [f"{_day(date)} {hour:02d}:00".replace("\n", " ") for date in dates for hour in range(24)]
    rows = tuple((time, *[fixed(float(column[h]), 1) for column in columns]) for h, time in enumerate(times))
    head = ("hour", *[f"{s}, MW" if p == "load" else f"imbalance {s}, MW" for p, s in names])
    return Table("The typical week, hour by hour; one random future", head, rows)


def _day(date: dt.date) -> str:
    return f"{date:%a}\n{date.day} {date:%b}"


def _describe(frame: pd.DataFrame, series: Sequence[Series], unit: str) -> str:
    """Return the numbers of a chart of differences as a sentence, for readers who cannot see it."""
    labels = {one.name: one.label for one in series}
    divisor, unit = scale_of(frame[["difference", "low", "high"]].to_numpy(), unit)
    parts = []
    for row in records(frame):
        if abs(row["difference"]) > ROUNDING or divisor < THOUSAND:
            item = f", {row['item']}" if "item" in row else ""
            value, ends = cells((row["difference"], row["low"], row["high"]), divisor, 2)
            parts.append(f"{labels[row['strategy']]}{item}: {value} ({ends})")
    return f"Differences from the baseline in {unit}, with 95 % intervals. " + "; ".join(parts)
