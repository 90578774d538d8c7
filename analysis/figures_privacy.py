"""The figure of protection: what strategies are worth over what they reveal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.drawing import (
    GRID,
    INK,
    LINE,
    Series,
    canvas,
    count_of,
    scale_of,
    style,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SMALL = 9.5
_END, _COLUMN, _EDGE = 1.06, 1.14, 1.75
"""Where the axis ends, the column of labels starts, and the right edge, in shares of the plan."""
_LABEL = 28


def protection(panels: Sequence[tuple[str, str, pd.DataFrame]], series: Sequence[Series]) -> "Figure":
    """Return what strategies are worth over what they reveal, one panel per measure of worth.

    Args:
        panels: title, unit and table of each: strategy, place (share revealed, set apart where several are alike),
            value, low, high, n.
        series: how strategies are called and drawn.
    """
    with style():
        drawn = {one.name: one for one in series}
        labels = [[wrapped(drawn[name].label, _LABEL) for name in table["strategy"]] for _, _, table in panels]
        lines = max(sum(label.count("\n") + 1 for label in group) + 0.35 * len(group) for group in labels)
        height = max(2.4, lines * 0.158)
        figure, axes = canvas(len(panels) * (height + 0.95) + 0.4, rows=len(panels), shared=False)
        for one, (title, unit, table) in zip(np.atleast_1d(axes), panels, strict=True):
            _worth(one, title, unit, table, drawn)
        axis = "Share of the plan, beyond what the meter shows, that the partner learns (squared correlation)"
        figure.supxlabel(wrapped(axis, 1.15 * LINE), fontsize="medium")
        return figure


def _worth(axes: "Axes", title: str, unit: str, table: pd.DataFrame, drawn: dict[str, Series]) -> None:
    scale, unit = scale_of(table[["value", "low", "high"]].to_numpy(), unit)
    spots = []
    for row in table.to_dict("records"):
        one = drawn[str(row["strategy"])]
        x, y, low, high = (float(row[name]) for name in ("place", "value", "low", "high"))
        if np.isfinite(low) and np.isfinite(high):
            axes.plot([x, x], [low / scale, high / scale], color=one.color, linewidth=2.2, solid_capstyle="butt")
        axes.plot([x], [y / scale], color=one.color, marker=one.marker, markersize=8, linestyle="none", zorder=4)
        spots.append((x, y / scale, one))
    axes.set_xlim(-0.04, _EDGE)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], labels=["0", "0.25", "0.5", "0.75", "1"])
    axes.spines["bottom"].set_bounds(-0.04, _END)
    axes.margins(y=0.08)
    bottom, top = axes.get_ylim()
    spots.sort(key=lambda spot: -spot[1])
    texts = [wrapped(one.label, _LABEL) for _, _, one in spots]
    places = spread([y for _, y, _ in spots], [text.count("\n") + 1.35 for text in texts], bottom, top)
    for (x, y, one), text, place in zip(spots, texts, places, strict=True):
        axes.plot(
            [x, _END + 0.01, _COLUMN - 0.02], [y, place, place], color=one.color, linewidth=0.8, alpha=0.75, zorder=1
        )
        axes.plot([_COLUMN], [place], color=one.color, marker=one.marker, markersize=6, linestyle="none")
        axes.text(_COLUMN + 0.035, place, text, va="center", fontsize=_SMALL, linespacing=1.0)
    axes.set_ylim(bottom, top)
    ticks = [tick for tick in axes.get_yticks() if bottom <= tick <= top and tick != 0.0]
    axes.hlines(ticks, -0.04, _END, color=GRID, linewidth=0.8, zorder=0)
    axes.hlines([0.0], -0.04, _END, color=INK, linewidth=1.0, zorder=0)
    words = wrapped(title, 1.1 * LINE) + f"\n({unit}; 95 % interval, {count_of(table['n'])})"
    axes.set_title(words, loc="left", fontsize="medium", x=-0.09)


def spread(wanted: Sequence[float], sizes: Sequence[float], bottom: float, top: float) -> list[float]:
    """Return places for labels near where they are wanted, in the same order, without overlap.

    Args:
        wanted: descending, one per label.
        sizes: height of each in lines, gaps included.
        bottom, top: the range in which they have to lie; a line is as high as lets all of them fit, at most.
    """
    line = (top - bottom) / max(sum(sizes), 16.0)
    half = [size * line / 2 for size in sizes]
    places = [min(y, top - h) for y, h in zip(wanted, half, strict=True)]
    for k in range(1, len(places)):
        places[k] = min(places[k], places[k - 1] - half[k - 1] - half[k])
    if places:
        places[-1] = max(places[-1], bottom + half[-1])
    for k in range(len(places) - 2, -1, -1):
        places[k] = max(places[k], places[k + 1] + half[k + 1] + half[k])
    return places
