"""Figures of the pipeline: what each stage adds, and how far off a record is after each stage."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.drawing import (
    GRID,
    INK,
    LINE,
    MUTED,
    SERIES,
    canvas,
    count_of,
    grid,
    scale_of,
    style,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SMALL = 9.5


def waterfall(panels: Sequence[tuple[str, str, pd.DataFrame]]) -> "Figure":
    """Return how an outcome gets from all stages off to all on, one panel per outcome.

    Args:
        panels: title, unit and table of each: stage (label), start, end (in the unit), low, high (interval of the
            end, given where the bar starts), n, is_level (whether the bar stands on zero). Minus is the better side.
    """
    with style():
        rows = [len(table) for _, _, table in panels]
        figure, axes = canvas(0.4 + sum(0.36 * n + 1.0 for n in rows), rows=len(panels),
                              ratios=tuple(rows), shared=False)  # fmt: skip
        for one, (title, unit, table) in zip(np.atleast_1d(axes), panels, strict=True):
            _panel(one, title, unit, table)
        return figure


def _panel(axes: "Axes", title: str, unit: str, table: pd.DataFrame) -> None:
    scale, unit = scale_of(table[["start", "end", "low", "high"]].to_numpy(), unit)
    rows = table.to_dict("records")
    for place, row in enumerate(rows):
        start, end, low, high = (float(row[name]) / scale for name in ("start", "end", "low", "high"))
        color = MUTED if row["is_level"] else SERIES[2] if end <= start else SERIES[1]
        axes.barh(place, end - start, left=start, height=0.56, color=color, alpha=0.55, linewidth=0)
        if np.isfinite(low) and np.isfinite(high) and high > low:
            axes.plot([low, high], [place, place], color=INK, linewidth=1.4, solid_capstyle="butt")
        if place + 1 < len(rows) and not (row["is_level"] and rows[place + 1]["is_level"]):
            axes.plot([end, end], [place, place + 1], color=MUTED, linewidth=0.8)
        edge = np.nanmax([start, end, high])
        axes.annotate(row["words"], (edge, place), xytext=(5, 0), textcoords="offset points", ha="left", va="center",
                      fontsize=_SMALL, color=INK)  # fmt: skip
    axes.set_yticks(range(len(table)), labels=list(table["stage"]))
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(table) - 0.45, -0.55)
    axes.spines["left"].set_visible(False)
    axes.axvline(0.0, color=INK, linewidth=1.0)
    grid(axes, "x")
    axes.locator_params(axis="x", nbins=6)
    axes.set_xlabel(wrapped(title, 1.1 * LINE) + f"\n({unit}; 95 % interval, {count_of(table['n'])})")
    axes.margins(x=0.04)
    left, right = axes.get_xlim()
    axes.set_xlim(left, right + 0.22 * (right - left))  # room for the numbers
    axes.spines["bottom"].set_color(GRID)
