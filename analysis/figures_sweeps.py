"""Figures of what was varied: the gain over the values of one parameter, and assumptions by their influence."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.drawing import (
    BAND,
    INK,
    LINE,
    LINES,
    MARKERS,
    MUTED,
    ROW,
    SERIES,
    canvas,
    count_of,
    difference_axis,
    grid,
    height_of,
    key_above,
    label_rows,
    legend_above,
    plain_label,
    quoted,
    scale_of,
    style,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

type Ticks = Sequence[tuple[float, str]]
_SMALL = 9.5
"""Size of the numbers at the ends of bars, points."""


def break_even(
    table: pd.DataFrame, crossings: pd.DataFrame, *, title: str, unit: str, parameter: str, marked: float | None,
    ticks: Ticks = (), joined: bool = True,
) -> "Figure":  # fmt: skip
    """Return the gain of a strategy over the values of one parameter, a line with its 95 % band per group.

    Args:
        table: group (label), place (of the value on the axis), n, gain, low, high.
        crossings: group, place, low, high: break-even values with intervals, drawn on the zero line.
        title: what is gained, without unit.
        unit: unit of the gain.
        parameter: label of the parameter, with unit.
        marked: place of the study's own value, or None.
        ticks: places with their labels; matplotlib's own where empty.
        joined: whether there is anything between two values; a switch has no values in between.
    """
    with style():
        scale, unit = scale_of(table[["gain", "low", "high"]].to_numpy(), unit)
        groups = list(dict.fromkeys(table["group"]))
        figure, axes = canvas(3.4 + height_of([*groups, "value in this study"], LINE))
        for k, group in enumerate(groups):
            part = table[table["group"] == group].sort_values("place")
            color, shift = SERIES[k % len(SERIES)], 0.0 if joined else 0.06 * (k - (len(groups) - 1) / 2)
            if joined:
                axes.fill_between(part["place"], part["low"] / scale, part["high"] / scale, color=color, alpha=BAND,
                                  linewidth=0)  # fmt: skip
            else:
                axes.vlines(part["place"] + shift, part["low"] / scale, part["high"] / scale, color=color,
                            linewidth=2.6)  # fmt: skip
            axes.plot(part["place"] + shift, part["gain"] / scale, color=color, marker=MARKERS[k % len(MARKERS)],
                      linestyle=LINES[k % len(LINES)] if joined else "none", linewidth=1.8,
                      label=plain_label(group))  # fmt: skip
        axes.axhline(0.0, color=INK, linewidth=1.0)
        for group, place, low, high in crossings[["group", "place", "low", "high"]].itertuples(index=False):
            color = SERIES[groups.index(group) % len(SERIES)]
            axes.plot([low, high], [0.0, 0.0], color=color, linewidth=5.0, solid_capstyle="butt")
            axes.plot([place], [0.0], color=color, marker="X", markersize=11, linestyle="none", markeredgecolor=INK,
                      zorder=4)  # fmt: skip
        if marked is not None:
            axes.axvline(marked, color=MUTED, linewidth=1.0, linestyle=LINES[2], label="value in this study")
        if ticks:
            axes.set_xticks([place for place, _ in ticks], labels=[label for _, label in ticks])
        grid(axes, "y")
        figure.supxlabel(wrapped(parameter, 1.15 * LINE), fontsize="medium")
        axes.set_ylabel(wrapped(title, 34) + f"\n({unit}; 95 % {'band' if joined else 'interval'}, "
                        f"{count_of(table['n'])})")  # fmt: skip
        axes.margins(x=0.02 if joined else 0.3)
        legend_above(axes)
        return figure


def tornado(table: pd.DataFrame, *, title: str, unit: str, baseline: str) -> "Figure":
    """Return how far the result moves with each assumption alone, the most influential on top.

    Args:
        table: label (of the assumption), low, high (labels of its ends), at_low, at_base, at_high with _lower and
            _upper (NaN where an end could not be run), n.
        title: what the bars show, without unit.
        unit: its unit.
        baseline: title of the strategy compared with.
    """
    with style():
        estimates = table[[f"at_{end}{part}" for end in ("low", "base", "high") for part in ("", "_lower", "_upper")]]
        scale, unit = scale_of(estimates.to_numpy(), unit)
        labels = list(table["label"])
        figure, axes = canvas(2.1 + height_of(labels, ROW, least=0.5))
        base = float(table["at_base"].mean()) / scale
        label_rows(axes, labels)
        for place, row in enumerate(table.to_dict("records")):
            _tornado_row(axes, row, place, scale, base)
        axes.axvline(base, color=MUTED, linewidth=1.2, linestyle=LINES[1])
        difference_axis(axes, f"{title}: difference from {quoted(baseline)}", unit, table["n"])
        axes.margins(x=0.16)
        key_above(axes, [
            (MARKERS[0], SERIES[0], "at the low end of the assumption", False),
            (MARKERS[1], SERIES[1], "at its high end", False),
            ("X", INK, "the sign turns there", False),
        ])  # fmt: skip
        return figure


def _tornado_row(axes: "Axes", row: Mapping[Any, Any], place: int, scale: float, base: float) -> None:
    """Draw one assumption: bars from the base to both ends, their intervals, and the values that they stand for."""
    spots = {end: float(row[f"at_{end}"]) / scale for end in ("low", "high")}
    for k, (end, x) in enumerate(spots.items()):
        if not np.isfinite(x):
            continue
        color, y = SERIES[k], place + (0.16 if k else -0.16)
        axes.barh(y, x - base, left=base, height=0.28, color=color, alpha=0.45, linewidth=0)
        ends = [float(row[f"at_{end}_{side}"]) / scale for side in ("lower", "upper")]
        if np.isfinite(ends).all():
            axes.plot(ends, [y, y], color=color, linewidth=1.6, solid_capstyle="butt")
        turns = x * base < 0.0
        axes.plot([x], [y], color=INK if turns else color, marker="X" if turns else MARKERS[k], markersize=7,
                  linestyle="none", zorder=4)  # fmt: skip
        other = spots["high" if end == "low" else "low"]
        right = x >= base if x != other else bool(k)
        edge = np.nanmax([x, *ends]) if right else np.nanmin([x, *ends])
        axes.annotate(str(row[end]), (edge, y), xytext=(4 if right else -4, 0), textcoords="offset points",
                      ha="left" if right else "right", va="center", fontsize=_SMALL, color=INK)  # fmt: skip
