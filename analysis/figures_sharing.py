"""The figure of who gains and who loses under each of many strategies."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.drawing import (
    GRID,
    INK,
    LINE,
    MUTED,
    SERIES,
    count_of,
    grid,
    quoted,
    style,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOOKS = {
    "gains": ("<", SERIES[2], 7.0), "pays": (">", SERIES[1], 7.0), "unclear": ("o", MUTED, 6.5),
    "even": ("|", MUTED, 10.0),
}  # fmt: skip
"""Marker, colour and size by verdict."""
_KEY = {"gains": "gains", "pays": "loses", "unclear": "cannot be told", "even": "about even"}
_COLUMNS, _ROW_IN, _TITLE_IN = 3, 0.27, 0.75
_TITLE, _NAME = 17, 24
_SMALL = 10.0
_LINEAR = 1000.0
"""Largest power of ten over the width of the linear middle of a logarithmic scale."""
_UNEVEN = 50.0
"""Largest over median size from which the scale becomes logarithmic beyond its smallest decade."""


def is_uneven(values: Any) -> bool:
    """Tell whether sizes differ so much that a linear scale would hide most of them."""
    sizes = np.abs(np.asarray(values, dtype=np.float64))
    sizes = sizes[np.isfinite(sizes) & (sizes > 0.0)]
    return bool(sizes.size > 1 and sizes.max() > _UNEVEN * np.median(sizes))


def gains(
    table: pd.DataFrame, strategies: Sequence[tuple[str, str]], parties: Sequence[str], *, baseline: str
) -> "Figure":
    """Return the change of every party's net cost, a panel per strategy and a row per party, diverging around zero.

    Args:
        table: strategy, party (label), n, difference, low, high (thousand EUR a year), verdict (gains, pays, unclear,
            even); of more strategies than are drawn where several figures have one scale.
        strategies: name and title of each panel.
        parties: labels of the rows, the first on top.
        baseline: title of the baseline.
    """
    from matplotlib.figure import Figure

    with style():
        columns = min(_COLUMNS, len(strategies))
        rows = -(-len(strategies) // columns)
        height = 1.2 + rows * (_TITLE_IN + _ROW_IN * len(parties) + 0.2)
        figure = Figure(figsize=(6.2, height), layout="constrained")
        figure.get_layout_engine().set(w_pad=0.05, h_pad=0.06)  # type: ignore[union-attr, call-arg]
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for axes, (name, title) in zip(panels.flat, strategies, strict=False):
            _panel(axes, table[table["strategy"] == name], parties)
            axes.set_title(wrapped(title, _TITLE), fontsize=_SMALL, fontweight="bold")
        for axes in panels.flat[len(strategies) :]:
            axes.set_visible(False)
        linear = _scale(panels[0, 0], table)
        for axes in panels.flat[len(strategies) - columns : len(strategies)]:
            axes.tick_params(axis="x", labelbottom=True)
        words = wrapped(f"Net cost of each party: difference from {quoted(baseline)}", 1.1 * LINE)
        scale = f"logarithmic beyond ±{linear:g}; " if linear else ""
        figure.supxlabel(f"{words}\n(thousand EUR/yr; {scale}95 % interval, {count_of(table['n'])})", fontsize="medium")
        _key(figure)
        return figure


def _panel(axes: "Axes", table: pd.DataFrame, parties: Sequence[str]) -> None:
    axes.axvline(0.0, color=INK, linewidth=1.0)
    for row in table.to_dict("records"):
        place = parties.index(row["party"])
        marker, color, size = _LOOKS[row["verdict"]]
        if np.isfinite(row["low"]) and np.isfinite(row["high"]):
            axes.plot([row["low"], row["high"]], [place, place], color=color, linewidth=2.2, solid_capstyle="butt")
        look: dict[str, Any] = {
            "marker": marker,
            "color": color,
            "markersize": size,
            "markeredgewidth": 1.8,
            "clip_on": False,
        }
        axes.plot([row["difference"]], [place], linestyle="none", **look)
    axes.set_yticks(range(len(parties)), labels=[_one_line(name) for name in parties], fontsize=_SMALL)
    axes.set_ylim(len(parties) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=_SMALL)
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_color(GRID)
    grid(axes, "both")


def _key(figure: "Figure") -> None:
    """Say above the panels, in one row, what the symbols mean."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [], [], color=color, marker=marker, markersize=size, markeredgewidth=1.8, linewidth=0.0, label=_KEY[verdict]
        )
        for verdict, (marker, color, size) in _LOOKS.items()
    ]
    figure.legend(handles=handles, loc="outside upper left", frameon=False, ncols=len(handles), handletextpad=0.3,
                  columnspacing=1.2, borderaxespad=0.3)  # fmt: skip


def _one_line(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"


def _scale(axes: "Axes", table: pd.DataFrame) -> float:
    """Set the common scale; return up to where it is linear if it is logarithmic beyond, else 0.

    It is logarithmic where sizes differ by orders of magnitude, with a short tick at every power of ten.
    """
    values = table[["difference", "low", "high"]].to_numpy(np.float64)
    if not is_uneven(table["difference"]):
        axes.locator_params(axis="x", nbins=3)
        return 0.0
    largest = float(np.nanmax(np.abs(values)))
    linear = max(_decade(largest) / _LINEAR, 1.0)
    axes.set_xscale("symlog", linthresh=linear, linscale=0.5)
    low, high = min(float(np.nanmin(values)), -linear), max(float(np.nanmax(values)), linear)
    axes.set_xlim(2.0 * low, 2.0 * high)
    ticks = [-_decade(-low), 0.0, _decade(high)]
    axes.set_xticks(ticks, labels=[f"{tick:,.0f}".replace("-", "−") for tick in ticks])
    decades = linear * 10.0 ** np.arange(np.ceil(np.log10(largest / linear)) + 1.0)
    axes.set_xticks([*-decades, *decades], minor=True)
    return linear


def _decade(value: float) -> float:
    """Return the largest power of ten that is not above a value."""
    return float(10.0 ** np.floor(np.log10(value)))
