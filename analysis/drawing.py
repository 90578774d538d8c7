"""What all figures share: palette, canvas, intervals, axes, words that fit, and bytes in the end.

`svg_of` and `png_of` turn a figure into bytes. Colours are written as the fixed values of `INKS`, so that a page can
replace them by its own for light and dark.
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

from model.outcomes import OUTCOME

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
BAND = 0.18
_MOST_LINES = 4
LINE, ROW = 50, 24
"""Letters in a line across a figure, and in the label of a row."""
LINE_IN = 0.21
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
        """Shape of the series; beyond the palette, colours come back with other shapes."""
        return MARKERS[(self.index + self.index // len(SERIES)) % len(MARKERS)]


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
    with style(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the reader's fonts have it
        import matplotlib as mpl

        target = io.StringIO()
        with mpl.rc_context({"svg.fonttype": "none" if text else "path", "svg.hashsalt": "tandem"}):
            figure.savefig(target, format="svg", transparent=text, metadata={"Date": None, "Creator": None})
    return target.getvalue()


def png_of(figure: "Figure", dpi: int = 160) -> bytes:
    """Return a figure as PNG."""
    with style(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # no font of this machine has it: a box is drawn
        target = io.BytesIO()
        figure.savefig(target, format="png", dpi=dpi, metadata={"Software": None})
    return target.getvalue()


@contextlib.contextmanager
def style() -> Iterator[None]:
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


def canvas(
    height: float, rows: int = 1, ratios: tuple[int, ...] | None = None, *, shared: bool = True
) -> tuple["Figure", Any]:  # fmt: skip
    """Return a figure of the common width with its axes, one above the other.

    Args:
        height: inches; `rows`: number of axes; `ratios`: of their heights.
        shared: whether they have one x axis.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_IN, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)  # type: ignore[union-attr, call-arg]
    grid_words = {"height_ratios": ratios} if ratios else None
    return figure, figure.subplots(rows, 1, sharex=shared and rows > 1, gridspec_kw=grid_words)


def interval(axes: "Axes", estimate: Any, place: float, scale: float, one: Series, *, hollow: bool = False) -> None:
    """Draw an estimate (value, low, high) as a symbol on a bar."""
    value, low, high = (float(part) / scale for part in estimate)
    if np.isfinite(low) and np.isfinite(high):
        axes.plot([low, high], [place, place], color=one.color, linewidth=1.4 if hollow else 2.6,
                  solid_capstyle="butt")  # fmt: skip
    axes.plot([value], [place], color=one.color, marker=one.marker, markersize=8, markeredgewidth=1.6,
              markerfacecolor="none" if hollow else one.color, linestyle="none")  # fmt: skip


def height_of(labels: Sequence[str], width: float, least: float = 0.0) -> float:
    """Return the inches that labels take one above the other; with `least`, all are rows of equal height."""
    lines = [wrapped(label, width).count("\n") + 1 for label in labels]
    return len(lines) * max(least, max(lines) * LINE_IN + 0.05) if least else sum(lines) * LINE_IN


def label_rows(axes: "Axes", labels: Sequence[str]) -> None:
    """Name the rows of a chart, the first on top, and draw zero."""
    axes.set_yticks(range(len(labels)), labels=[wrapped(label, ROW) for label in labels])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(labels) - 0.45, -0.55)
    axes.spines["left"].set_visible(False)
    axes.axvline(0.0, color=INK, linewidth=1.0)
    grid(axes, "x")


def difference_axis(axes: "Axes", title: str, unit: str, counts: Any) -> None:
    """Say below a chart what its differences are, with unit and n."""
    words = wrapped(title, 1.15 * LINE) + f"\n({unit}; 95 % interval, {count_of(counts)})"
    axes.figure.supxlabel(words, fontsize="medium")
    axes.locator_params(axis="x", nbins=6)
    axes.margins(x=0.06)


def key_above(axes: "Axes", entries: Sequence[tuple[str, str, str, bool]]) -> None:
    """Place a legend above the axes, one row per entry."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=color, marker=marker, markersize=8, linewidth=1.4 if hollow else 2.6, markeredgewidth=1.6,
               markerfacecolor="none" if hollow else color, label=plain_label(label))
        for marker, color, label, hollow in entries
    ]  # fmt: skip
    axes.figure.legend(handles=handles, loc="outside upper left", frameon=False, borderaxespad=0.3, handlelength=1.8)


def legend_above(axes: "Axes") -> None:
    """Place a legend of the axes' own lines above them."""
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), frameon=False, borderaxespad=0.2, ncols=1, labelspacing=0.3)


def grid(axes: "Axes", which: Any) -> None:
    """Draw a light grid along one axis, behind everything else."""
    axes.grid(visible=True, axis=which, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)


def count_of(counts: Any) -> str:
    """Return "n = 30", or the range where it differs, on one line."""
    low, high = int(np.min(counts)), int(np.max(counts))
    words = f"n = {low}" if low == high else f"n = {low} to {high}"
    return words.replace(" ", "\N{NO-BREAK SPACE}")


def quoted(words: str) -> str:
    """Return words in quotation marks."""
    return f"“{words}”"


def plain_label(label: str) -> str:
    """Return a legend's label, wrapped; a leading underscore would hide it."""
    words = wrapped(label, LINE) or "…"
    return f" {words}" if words.startswith("_") else words


def wrapped(words: str, width: float) -> str:
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
