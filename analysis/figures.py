"""The report's figures: one function each, from a tidy table to a matplotlib Figure.

A function never queries and never saves; `svg_of` and `png_of` turn a figure into bytes. Every figure shows its
uncertainty and names n on its axis; series differ in colour (Okabe & Ito's palette) and in shape. Colours are
written as the fixed values of `INKS`, so that a page can replace them by its own for light and dark.
"""

import contextlib
import io
import re
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from model.outcomes import OUTCOME, Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID = "#1f2933", "#5f6b76", "#d5dbe1"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
MARKERS = ("o", "s", "^", "D", "v", "P")
LINES = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (5, 1, 1, 1)))
INKS: dict[str, str] = {INK: "ink", MUTED: "muted", GRID: "grid"} | {c: f"c{i + 1}" for i, c in enumerate(SERIES)}
"""Every colour that a figure uses -> the name of the page's colour that may replace it."""
WIDTH_IN = 6.2
_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "Source Han Sans CN", "WenQuanYi Micro Hei",
    "Microsoft YaHei", "PingFang SC", "Heiti SC", "SimHei", "Arial Unicode MS",
)  # fmt: skip
_SCALES = ((1e9, "billion "), (1e6, "million "), (1e3, "thousand "))
_BAND = 0.18
_MOST_LINES = 4
_LINE, _ROW = 50, 24
"""Letters in a line across a figure, and in the label of a row."""
_LINE_IN = 0.21
_WIDE = "\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
_TOKENS = re.compile(f"[ \\t\\n]+|[{_WIDE}]|[^ \\t\\n{_WIDE}]+")
"""Spaces, single wide letters, and words: a line may end after any of them."""


@dataclass(frozen=True)
class Series:
    """How one strategy is called and drawn in every figure.

    Attributes:
        name: strategy.
        label: its title.
        index: place in the palette.
    """

    name: str
    label: str
    index: int

    @property
    def color(self) -> str:
        """Colour of the series."""
        return SERIES[self.index % len(SERIES)]

    @property
    def marker(self) -> str:
        """Shape of the series."""
        return MARKERS[self.index % len(MARKERS)]


def strategy_differences(table: pd.DataFrame, series: Sequence[Series], outcome: Outcome, baseline: str) -> "Figure":
    """Return the difference of one outcome from the baseline, a row per strategy.

    Args:
        table: strategy, n, difference, low, high; plain_difference, plain_low, plain_high (NaN for none).
        series: the strategies, best first.
        outcome: what is compared.
        baseline: title of the baseline.
    """
    with _style():
        shown = table[["difference", "low", "high", "plain_difference", "plain_low", "plain_high"]]
        scale, unit = scale_of(shown.to_numpy(), outcome.unit)
        figure, axes = _canvas(1.7 + _height([one.label for one in series], _ROW, least=0.62))
        for place, one in enumerate(series):
            row = table[table["strategy"] == one.name].iloc[0]
            has_second = bool(np.isfinite(row["plain_difference"]))
            _interval(axes, row[["difference", "low", "high"]], place - 0.13 * has_second, scale, one)
            if has_second:
                second = row[["plain_difference", "plain_low", "plain_high"]]
                _interval(axes, second, place + 0.2, scale, one, hollow=True)
        _rows(axes, [one.label for one in series])
        _difference_axis(axes, f"{outcome.title}: difference from {_quoted(baseline)}", unit, table["n"])
        if table["plain_difference"].notna().any():
            _key(axes, [("o", INK, "chance removed", False), ("o", INK, "plain average of the runs", True)])
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
    with _style():
        items = list(dict.fromkeys(table["item"]))
        scale, unit = scale_of(table[["difference", "low", "high"]].to_numpy(), unit)
        figure, axes = _canvas(
            1.2 + _height([one.label for one in series], _LINE) + _height(items, _ROW, least=0.28 + 0.2 * len(series))
        )
        step = 0.72 / len(series)
        for k, one in enumerate(series):
            for place, item in enumerate(items):
                rows = table[(table["strategy"] == one.name) & (table["item"] == item)]
                if len(rows):
                    estimate = rows.iloc[0][["difference", "low", "high"]]
                    _interval(axes, estimate, place + (k - (len(series) - 1) / 2) * step, scale, one)
        _rows(axes, items)
        for place in range(1, len(items)):
            axes.axhline(place - 0.5, color=GRID, linewidth=0.8)
        _difference_axis(axes, f"{title}: difference from {_quoted(baseline)}", unit, table["n"])
        _key(axes, [(one.marker, one.color, one.label, False) for one in series])
        return figure


def typical_week(table: pd.DataFrame, *, load_title: str, imbalance_title: str, days: Sequence[str]) -> "Figure":
    """Return a week of hourly load with its forecasts above, and of imbalance below.

    Args:
        table: panel ("load" or "imbalance"), series (label), hour (from the week's start), value (MW).
        load_title: whose load.
        imbalance_title: whose imbalance.
        days: label of each day.
    """
    with _style():
        figure, (top, bottom) = _canvas(6.2, rows=2, ratios=(3, 2))
        colors = {"load": (INK, SERIES[0], SERIES[1]), "imbalance": (SERIES[0], SERIES[1])}
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
                          label=_plain(label))  # fmt: skip
            _grid(axes, "y")
            _legend(axes)
        for axes in (top, bottom):
            axes.set_xlim(0, 24 * len(days))
            axes.set_xticks(range(0, 24 * len(days) + 1, 24), labels=[])
            axes.set_xticks(np.arange(len(days)) * 24 + 12, labels=[], minor=True)
            axes.tick_params(axis="x", which="minor", length=0)
        bottom.set_xticks(np.arange(len(days)) * 24 + 12, labels=list(days), minor=True)
        bottom.axhline(0.0, color=INK, linewidth=0.8)
        top.set_ylim(bottom=0.0)
        top.set_ylabel(_wrapped(f"{load_title} (MW)", 30))
        bottom.set_ylabel(_wrapped(f"{imbalance_title} (MW)", 24))
        bottom.set_xlabel("hour by hour, local time; one random future (n = 1)")
        return figure


def break_even(
    table: pd.DataFrame, crossings: pd.DataFrame, *, title: str, unit: str, parameter: str, marked: float | None
) -> "Figure":  # fmt: skip
    """Return the gain of a strategy over the values of one parameter, a line with its 95 % band per group.

    Args:
        table: group (label), value, n, gain, low, high.
        crossings: group, value, low, high: break-even values with intervals, drawn on the zero line.
        title: what is gained, without unit.
        unit: unit of the gain.
        parameter: label of the parameter, with unit.
        marked: the study's own value, or None.
    """
    with _style():
        scale, unit = scale_of(table[["gain", "low", "high"]].to_numpy(), unit)
        groups = list(dict.fromkeys(table["group"]))
        figure, axes = _canvas(3.4 + _height([*groups, "value in this study"], _LINE))
        for k, group in enumerate(groups):
            part = table[table["group"] == group].sort_values("value")
            color = SERIES[k % len(SERIES)]
            axes.fill_between(part["value"], part["low"] / scale, part["high"] / scale, color=color, alpha=_BAND,
                              linewidth=0)  # fmt: skip
            axes.plot(part["value"], part["gain"] / scale, color=color, marker=MARKERS[k % len(MARKERS)],
                      linestyle=LINES[k % len(LINES)], linewidth=1.8, label=_plain(group))  # fmt: skip
        axes.axhline(0.0, color=INK, linewidth=1.0)
        for group, value, low, high in crossings[["group", "value", "low", "high"]].itertuples(index=False):
            color = SERIES[groups.index(group) % len(SERIES)]
            axes.plot([low, high], [0.0, 0.0], color=color, linewidth=5.0, solid_capstyle="butt")
            axes.plot([value], [0.0], color=color, marker="X", markersize=11, linestyle="none", markeredgecolor=INK,
                      zorder=4)  # fmt: skip
        if marked is not None:
            axes.axvline(marked, color=MUTED, linewidth=1.0, linestyle=LINES[2], label="value in this study")
        _grid(axes, "y")
        figure.supxlabel(_wrapped(parameter, 1.15 * _LINE), fontsize="medium")
        axes.set_ylabel(_wrapped(title, 34) + f"\n({unit}; 95 % band, {_count(table['n'])})")
        axes.margins(x=0.02)
        _legend(axes)
        return figure


def scale_of(values: Any, unit: str) -> tuple[float, str]:
    """Return the divisor that keeps EUR readable, and the unit's name after it."""
    finite = np.abs(np.asarray(values, dtype=np.float64))
    finite = finite[np.isfinite(finite)]
    largest = float(finite.max()) if finite.size else 0.0
    if unit.startswith("EUR"):
        for divisor, word in _SCALES:
            if largest >= divisor:
                return divisor, f"{word}{unit}"
    return 1.0, unit


def axis_title(outcome: str) -> str:
    """Return "title (unit)" of a declared outcome."""
    declared = OUTCOME[outcome]
    return declared.title if declared.unit == "1" else f"{declared.title} ({declared.unit})"


def svg_of(figure: "Figure", *, text: bool) -> str:
    """Return a figure as deterministic SVG: the same table gives the same bytes.

    Args:
        figure: the figure.
        text: keep letters as text, for a page that brings its own fonts; else draw them as shapes.
    """
    with _style(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the reader's fonts have it
        import matplotlib as mpl

        target = io.StringIO()
        with mpl.rc_context({"svg.fonttype": "none" if text else "path", "svg.hashsalt": "tandem"}):
            figure.savefig(target, format="svg", transparent=text, metadata={"Date": None, "Creator": None})
    return target.getvalue()


def png_of(figure: "Figure", dpi: int = 160) -> bytes:
    """Return a figure as PNG."""
    with _style(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # no font of this machine has it: a box is drawn
        target = io.BytesIO()
        figure.savefig(target, format="png", dpi=dpi, metadata={"Software": None})
    return target.getvalue()


@contextlib.contextmanager
def _style() -> Iterator[None]:
    """Apply the common look while figures are built or written; the caller's settings come back after."""
    import matplotlib as mpl

    look: dict[Any, Any] = {
        "font.family": ["DejaVu Sans", *_installed_cjk()], "font.size": 12, "text.parse_math": False,
        "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": MUTED, "xtick.color": INK, "ytick.color": INK,
        "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.8, "axes.unicode_minus": True,
        "figure.facecolor": "white", "axes.facecolor": "none", "savefig.bbox": None,
    }  # fmt: skip
    with mpl.rc_context(look):
        yield


def _installed_cjk() -> list[str]:
    from matplotlib import font_manager

    known = {font.name for font in font_manager.fontManager.ttflist}
    return [name for name in _FONTS if name in known][:1]


def _canvas(height: float, rows: int = 1, ratios: tuple[int, ...] | None = None) -> tuple["Figure", Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_IN, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)  # type: ignore[union-attr, call-arg]
    axes = figure.subplots(rows, 1, sharex=rows > 1, gridspec_kw={"height_ratios": ratios} if ratios else None)
    return figure, axes


def _interval(axes: "Axes", estimate: Any, place: float, scale: float, one: Series, *, hollow: bool = False) -> None:
    """Draw an estimate (value, low, high) as a symbol on a bar."""
    value, low, high = (float(part) / scale for part in estimate)
    if np.isfinite(low) and np.isfinite(high):
        axes.plot([low, high], [place, place], color=one.color, linewidth=1.4 if hollow else 2.6,
                  solid_capstyle="butt")  # fmt: skip
    axes.plot([value], [place], color=one.color, marker=one.marker, markersize=8, markeredgewidth=1.6,
              markerfacecolor="none" if hollow else one.color, linestyle="none")  # fmt: skip


def _height(labels: Sequence[str], width: float, least: float = 0.0) -> float:
    """Return the inches that labels take one above the other; with `least`, all are rows of equal height."""
    lines = [_wrapped(label, width).count("\n") + 1 for label in labels]
    return len(lines) * max(least, max(lines) * _LINE_IN + 0.05) if least else sum(lines) * _LINE_IN


def _rows(axes: "Axes", labels: Sequence[str]) -> None:
    axes.set_yticks(range(len(labels)), labels=[_wrapped(label, _ROW) for label in labels])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(labels) - 0.45, -0.55)
    axes.spines["left"].set_visible(False)
    axes.axvline(0.0, color=INK, linewidth=1.0)
    _grid(axes, "x")


def _difference_axis(axes: "Axes", title: str, unit: str, counts: Any) -> None:
    words = _wrapped(title, 1.15 * _LINE) + f"\n({unit}; 95 % interval, {_count(counts)})"
    axes.figure.supxlabel(words, fontsize="medium")
    axes.locator_params(axis="x", nbins=6)
    axes.margins(x=0.06)


def _key(axes: "Axes", entries: Sequence[tuple[str, str, str, bool]]) -> None:
    """Place a legend above the axes, one row per entry."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=color, marker=marker, markersize=8, linewidth=1.4 if hollow else 2.6, markeredgewidth=1.6,
               markerfacecolor="none" if hollow else color, label=_plain(label))
        for marker, color, label, hollow in entries
    ]  # fmt: skip
    axes.figure.legend(handles=handles, loc="outside upper left", frameon=False, borderaxespad=0.3, handlelength=1.8)


def _legend(axes: "Axes") -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), frameon=False, borderaxespad=0.2, ncols=1, labelspacing=0.3)


def _grid(axes: "Axes", which: Any) -> None:
    axes.grid(visible=True, axis=which, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)


def _count(counts: Any) -> str:
    low, high = int(np.min(counts)), int(np.max(counts))
    words = f"n = {low}" if low == high else f"n = {low} to {high}"
    return words.replace(" ", "\N{NO-BREAK SPACE}")


def _quoted(words: str) -> str:
    return f"“{words}”"


def _plain(label: str) -> str:
    """Return a legend's label, wrapped; a leading underscore would hide it."""
    words = _wrapped(label, _LINE) or "…"
    return f" {words}" if words.startswith("_") else words


def _wrapped(words: str, width: float) -> str:
    """Return words in at most four lines of about this many average letters; a word longer than a line is cut."""
    lines, used = [""], 0.0
    for token in _TOKENS.findall(words.strip()):
        size = sum(map(_letter_width, token))
        pieces = [token] if size <= width else list(token)
        for piece in pieces:
            size = sum(map(_letter_width, piece))
            if lines[-1] and used + size > width:
                lines.append("")
                used = 0.0
            if lines[-1] or not piece.isspace():
                lines[-1] += piece
                used += size
    lines = [line.rstrip(" ") for line in lines]
    return "\n".join(lines if len(lines) <= _MOST_LINES else [*lines[: _MOST_LINES - 1], lines[_MOST_LINES - 1] + " …"])


def _letter_width(letter: str) -> float:
    """Return the width of a letter over that of an average one."""
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.75
    return 1.65 if letter in "WM@%" else 1.45 if letter in "mw" else 1.2 if letter.isupper() else 1.0
