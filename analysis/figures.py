"""The report's main figures: one function each, from a tidy table to a matplotlib Figure.

A function never queries and never saves. Every figure shows its uncertainty and names n on its axis; series differ in
colour (Okabe & Ito's palette) and in shape.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.drawing import (
    GRID,
    INK,
    LINE,
    LINES,
    MUTED,
    ROW,
    SERIES,
    Series,
    canvas,
    difference_axis,
    grid,
    height_of,
    interval,
    key_above,
    label_rows,
    legend_above,
    plain_label,
    quoted,
    scale_of,
    style,
    wrapped,
)
from model.outcomes import Outcome

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROOMY = 3
"""Strategies up to which the rows of a group stand well apart."""


def strategy_differences(table: pd.DataFrame, series: Sequence[Series], outcome: Outcome, baseline: str) -> "Figure":
    """Return the difference of one outcome from the baseline, a row per strategy.

    Args:
        table: strategy, n, difference, low, high; plain_difference, plain_low, plain_high (NaN for none).
        series: the strategies, best first.
        outcome: what is compared.
        baseline: title of the baseline.
    """
    with style():
        shown = table[["difference", "low", "high", "plain_difference", "plain_low", "plain_high"]]
        scale, unit = scale_of(shown.to_numpy(), outcome.unit)
        figure, axes = canvas(1.7 + height_of([one.label for one in series], ROW, least=0.62))
        for place, one in enumerate(series):
            row = table[table["strategy"] == one.name].iloc[0]
            has_second = bool(np.isfinite(row["plain_difference"]))
            interval(axes, row[["difference", "low", "high"]], place - 0.13 * has_second, scale, one)
            if has_second:
                second = row[["plain_difference", "plain_low", "plain_high"]]
                interval(axes, second, place + 0.2, scale, one, hollow=True)
        label_rows(axes, [one.label for one in series])
        difference_axis(axes, f"{outcome.title}: difference from {quoted(baseline)}", unit, table["n"])
        if table["plain_difference"].notna().any():
            key_above(axes, [("o", INK, "chance removed", False), ("o", INK, "plain average of the runs", True)])
        return figure


def grouped_differences(
    table: pd.DataFrame, series: Sequence[Series], *, title: str, unit: str, baseline: str
) -> "Figure":  # fmt: skip
    """Return differences from the baseline, a group of rows per item and one row per strategy in it.

    Args:
        table: strategy, item (label of the group, in order of appearance), n, difference, low, high.
        series: the strategies.
        title: what is compared, without unit.
        unit: unit of the differences.
        baseline: title of the baseline.
    """
    with style():
        items = list(dict.fromkeys(table["item"]))
        scale, unit = scale_of(table[["difference", "low", "high"]].to_numpy(), unit)
        figure, axes = canvas(
            1.2
            + height_of([one.label for one in series], LINE)
            + height_of(items, ROW, least=0.28 + (0.2 if len(series) <= _ROOMY else 0.135) * len(series))
        )
        step = 0.72 / len(series)
        for k, one in enumerate(series):
            for place, item in enumerate(items):
                rows = table[(table["strategy"] == one.name) & (table["item"] == item)]
                if len(rows):
                    estimate = rows.iloc[0][["difference", "low", "high"]]
                    interval(axes, estimate, place + (k - (len(series) - 1) / 2) * step, scale, one)
        label_rows(axes, items)
        for place in range(1, len(items)):
            axes.axhline(place - 0.5, color=GRID, linewidth=0.8)
        difference_axis(axes, f"{title}: difference from {quoted(baseline)}", unit, table["n"])
        key_above(axes, [(one.marker, one.color, one.label, False) for one in series])
        return figure


def typical_week(table: pd.DataFrame, *, load_title: str, imbalance_title: str, days: Sequence[str]) -> "Figure":
    """Return a week of hourly load with its forecasts above, and of imbalance below.

    Args:
        table: panel ("load" or "imbalance"), series (label), hour (from the week's start), value (MW).
        load_title: whose load.
        imbalance_title: whose imbalance.
        days: label of each day.
    """
    with style():
        figure, (top, bottom) = canvas(6.2, rows=2, ratios=(3, 2))
        colors = {"load": (INK, SERIES[0], SERIES[1], SERIES[2]), "imbalance": (SERIES[0], SERIES[1])}
        for axes, panel in ((top, "load"), (bottom, "imbalance")):
            part = table[table["panel"] == panel]
            for k, label in enumerate(dict.fromkeys(part["series"])):
                line = part[part["series"] == label]
                is_load = panel == "load" and k == 0
                color, width = (MUTED, 0.9) if is_load else (colors[panel][k], 1.6)
                if is_load:
                    axes.fill_between(line["hour"], line["value"], step="post", color=MUTED, alpha=0.28, linewidth=0)
                dashed = LINES[1] if (panel == "load" and k == 1) or (panel == "imbalance" and k == 0) else "-"
                axes.step(line["hour"], line["value"], where="post", color=color, linewidth=width, linestyle=dashed,
                          label=plain_label(label))  # fmt: skip
            grid(axes, "y")
            legend_above(axes)
        for axes in (top, bottom):
            axes.set_xlim(0, 24 * len(days))
            axes.set_xticks(range(0, 24 * len(days) + 1, 24), labels=[])
            axes.set_xticks(np.arange(len(days)) * 24 + 12, labels=[], minor=True)
            axes.tick_params(axis="x", which="minor", length=0)
        bottom.set_xticks(np.arange(len(days)) * 24 + 12, labels=list(days), minor=True)
        bottom.axhline(0.0, color=INK, linewidth=0.8)
        top.set_ylim(bottom=0.0)
        top.set_ylabel(wrapped(f"{load_title} (MW)", 30))
        bottom.set_ylabel(wrapped(f"{imbalance_title} (MW)", 24))
        bottom.set_xlabel("hour by hour, local time; one random future (n = 1)")
        return figure
