"""The figure of steps in several orders: what a step adds, by what is there already."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from analysis.drawing import (
    GRID,
    INK,
    ROW,
    Series,
    canvas,
    difference_axis,
    height_of,
    interval,
    label_rows,
    scale_of,
    style,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW_IN = 0.3
_SMALL = 9.5


def steps_by_order(table: pd.DataFrame, *, title: str, unit: str) -> "Figure":
    """Return what each step adds, a row for each set of steps before it, and its mean over all orders.

    Args:
        table: step, label (of the row), effect, lower, upper, n, words (the effect, beside its symbol), is_mean
            (whether it is the mean over orders); rows in order of appearance, those of a step together.
        title: what is changed, without unit.
        unit: of the effects.
    """
    with style():
        scale, unit = scale_of(table[["effect", "lower", "upper"]].to_numpy(), unit)
        steps = list(dict.fromkeys(table["step"]))
        labels, places, headings = _rows(table, steps)
        figure, axes = canvas(1.0 + height_of(labels, ROW, least=_ROW_IN))
        label_rows(axes, labels)
        for heading in headings:
            axes.get_yticklabels()[heading].set_fontweight("bold")
            if heading:
                axes.axhline(heading - 0.5, color=GRID, linewidth=0.8)
        for place, row in zip(places, table.to_dict("records"), strict=True):
            index = steps.index(row["step"])
            one = Series(row["step"], row["step"], index)
            estimate = (row["effect"], row["lower"], row["upper"])
            interval(axes, estimate, place, scale, one, hollow=not row["is_mean"])
            if row["is_mean"]:
                axes.plot([row["effect"] / scale] * 2, [place - 0.42, place + 0.42], color=INK, linewidth=1.0)
            edge = max(part for part in estimate if math.isfinite(part)) / scale
            axes.annotate(row["words"], (edge, place), xytext=(8, 0), textcoords="offset points", ha="left",
                          va="center", fontsize=_SMALL, color=INK)  # fmt: skip
        difference_axis(axes, title, unit, table["n"])
        left, right = axes.get_xlim()
        axes.set_xlim(left, right + 0.16 * (right - left))  # room for the numbers
        return figure


def _rows(table: pd.DataFrame, steps: Sequence[str]) -> tuple[list[str], list[int], list[int]]:
    """Return the labels of all rows, the place of each row of the table, and the places of the steps' names."""
    labels: list[str] = []
    places: list[int] = []
    headings: list[int] = []
    for step in steps:
        headings.append(len(labels))
        labels.append(step)
        for label in table[table["step"] == step]["label"]:
            places.append(len(labels))
            labels.append(label)
    return labels, places, headings
