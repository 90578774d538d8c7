"""The figure of exposure: what leaks may cost, expected and in bad years."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.drawing import (
    GRID,
    INK,
    LINE,
    LINE_IN,
    SERIES,
    Series,
    canvas,
    count_of,
    grid,
    height_of,
    key_above,
    style,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SMALL = 10.5
_THOUSAND = 1e3
_DECADES = 1e-4
"""Least loss that is drawn at its place, over the largest."""
_OWNER = ("s", "D", "^", "v", "P")


def exposure(table: pd.DataFrame, series: Sequence[Series], owners: Sequence[str], *, together: str) -> "Figure":
    """Return what leaks cost under each strategy: expected, one year in twenty, and in the worst 5 % of years.

    Args:
        table: strategy, owner, expected, p95, cvar, cvar_low, cvar_high (EUR/yr), n.
        series: the strategies, in the order of the rows.
        owners: labels.
        together: the label that stands for all owners.
    """
    with style():
        own = [owner for owner in owners if owner != together]
        looks = {together: (INK, "o")} | {
            owner: (SERIES[k % len(SERIES)], _OWNER[k % len(_OWNER)]) for k, owner in enumerate(own)
        }
        rows, heights = [], []
        for one in series:
            part = table[table["strategy"] == one.name]
            label = wrapped(one.label, 26)
            found = [part[part["owner"] == owner].iloc[0] for owner in owners if (part["owner"] == owner).any()]
            rows.append((label, found))
            heights.append(max(0.24 * len(found), LINE_IN * 0.85 * (label.count("\n") + 1)) + 0.14)
        scale, unit = _THOUSAND, "thousand EUR/yr"
        figure, axes = canvas(1.4 + sum(heights) + height_of([*owners, "a", "b"], LINE))
        least = _least(table, scale)
        top = 0.0
        for (_, found), height in zip(rows, heights, strict=True):
            step = (height - 0.14) / max(1, len(found))
            for k, row in enumerate(found):
                scaled = _scaled(row, scale, least)
                _loss(axes, scaled, top + 0.07 + (k + 0.5) * step, looks[row["owner"]])
            top += height
            axes.axhline(top, color=GRID, linewidth=0.8)
        middles = np.cumsum(heights) - np.array(heights) / 2
        axes.set_yticks(middles, labels=[label for label, _ in rows], fontsize=_SMALL)
        axes.set_ylim(top, 0.0)
        axes.tick_params(axis="y", length=0, pad=8)
        axes.spines["left"].set_visible(False)
        axes.set_xscale("log")
        axes.set_xlim(left=least)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
        grid(axes, "x")
        words = f"What leaks cost in a year\n({unit}, logarithmic; 95 % interval, {count_of(table['n'])})"
        figure.supxlabel(words, fontsize="medium")
        marks = [("|", INK, "bar: expected loss, booked in the means", False),
                 ("o", INK, "open: loss of one year in twenty", True)]  # fmt: skip
        key_above(axes, [*marks, *[
            (looks[owner][1], looks[owner][0], f"filled: mean of the worst 5 % of years, {owner}", False)
            for owner in owners
        ]])  # fmt: skip
        return figure


def _least(table: pd.DataFrame, scale: float) -> float:
    """Return the left end of a logarithmic axis: below everything that is not zero, at most four decades."""
    values = table[["expected", "p95", "cvar"]].to_numpy(np.float64).ravel() / scale
    values = values[values > 0.0]
    return float(max(values.min() / 1.6, values.max() * _DECADES)) if values.size else 0.1


def _scaled(row: Any, scale: float, least: float) -> list[float]:
    """Return expected loss, one-in-twenty loss, CVaR and its ends; what is nearly nothing stands at the left edge."""
    return [max(float(row[name]) / scale, least) for name in ("expected", "p95", "cvar", "cvar_low", "cvar_high")]


def _loss(axes: "Axes", losses: Sequence[float], place: float, look: tuple[str, str]) -> None:
    """Draw one owner's losses on a line, in its colour and with its symbol."""
    expected, p95, cvar, low, high = losses
    color, marker = look
    axes.plot([expected, cvar], [place, place], color=color, linewidth=0.9, alpha=0.6)
    axes.plot([low, high], [place, place], color=color, linewidth=3.0, solid_capstyle="butt")
    axes.plot([expected], [place], color=color, marker="|", markersize=11, markeredgewidth=2.4, linestyle="none",
              clip_on=False)  # fmt: skip
    axes.plot([p95], [place], color=color, marker="o", markersize=5.5, markerfacecolor="none", markeredgewidth=1.4,
              linestyle="none", clip_on=False)  # fmt: skip
    axes.plot([cvar], [place], color=color, marker=marker, markersize=7, linestyle="none", clip_on=False)
