"""Figures: labels generated from declarations, n always named, shapes beside colours, the same bytes every time."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis import drawing, figures, figures_privacy, figures_risk, figures_stages, figures_sweeps
from analysis.drawing import INKS, MARKERS, SERIES, Series
from model.outcomes import OUTCOME

HARD = "_省电 $x_1$ <b>&\"'"


def strategy_table(names: list[str], *, with_plain: bool = True) -> pd.DataFrame:
    plain = [-12_000.0, -30_000.0, 6_000.0] if with_plain else [np.nan] * 3
    rows = [[name, 30, -20_000.0 - k, -25_000.0, -15_000.0, *plain] for k, name in enumerate(names)]
    columns = ["strategy", "n", "difference", "low", "high", "plain_difference", "plain_low", "plain_high"]
    return pd.DataFrame(rows, columns=columns)


def series_of(names: list[str]) -> list[Series]:
    return [Series(name, f"Title of {name}", k) for k, name in enumerate(names)]


def grouped_table(names: list[str], items: list[str]) -> pd.DataFrame:
    rows = [[n, item, 12, 1.5e6 * (k + 1), 1.2e6, 4e6] for item in items for k, n in enumerate(names)]
    return pd.DataFrame(rows, columns=["strategy", "item", "n", "difference", "low", "high"])


def week_table() -> pd.DataFrame:
    hours = np.arange(48)
    lines = [("load", "load"), ("load", "from history"), ("load", "with plan"), ("imbalance", "without"),
             ("imbalance", "with")]  # fmt: skip
    parts = [pd.DataFrame({"panel": p, "series": s, "hour": hours, "value": 30 + np.cos(hours)}) for p, s in lines]
    return pd.concat(parts, ignore_index=True)


def sweep_table(groups: list[str]) -> pd.DataFrame:
    rows = [
        [g, v, 10, 1e4 * v - 2e3 * k, 1e4 * v - 9e3, 1e4 * v + 9e3] for k, g in enumerate(groups) for v in (0, 0.2, 0.5)
    ]
    return pd.DataFrame(rows, columns=["group", "place", "n", "gain", "low", "high"])


def crossing_table(group: str) -> pd.DataFrame:
    return pd.DataFrame([[group, 0.2, 0.15, 0.4]], columns=["group", "place", "low", "high"])


def drawings() -> dict[str, Figure]:
    names = ["a", "b"]
    return {
        "strategies": figures.strategy_differences(
            strategy_table(names), series_of(names), OUTCOME["real_cost"], "No sharing"
        ),
        "grouped": figures.grouped_differences(
            grouped_table(names, ["steel", "power"]), series_of(names), title="Net cost", unit="EUR/yr", baseline="None"
        ),
        "week": figures.typical_week(
            week_table(), load_title="Load of steel", imbalance_title="Imbalance", days=["Mon", "Tue"]
        ),
        "break-even": figures_sweeps.break_even(
            sweep_table(["steel", "power"]),
            crossing_table("power"),
            title="Gain",
            unit="EUR/yr",
            parameter="beta (1)",
            marked=0.2,
        ),
    }


def protection_table(names: list[str]) -> pd.DataFrame:
    rows = [[n, 1.0 - 0.02 * k, 3e4 - 2e4 * k, 1e4 - 2e4 * k, 6e4 - 2e4 * k, 30] for k, n in enumerate(names)]
    return pd.DataFrame(rows, columns=["strategy", "place", "value", "low", "high", "n"])


def exposure_table(names: list[str], owners: list[str]) -> pd.DataFrame:
    rows = [[n, o, 1e3, 0.0, 2e5, 1.5e5, 2.5e5, 30] for n in names for o in owners]
    return pd.DataFrame(rows, columns=["strategy", "owner", "expected", "p95", "cvar", "cvar_low", "cvar_high", "n"])


def stage_table(stages: list[str]) -> pd.DataFrame:
    rows = [[s, -1e3 * k, -1e3 * (k + 1), -2e3 * (k + 1), 0.0, 30, k == 2, "−1"] for k, s in enumerate(stages)]
    return pd.DataFrame(rows, columns=["stage", "start", "end", "low", "high", "n", "is_level", "words"])


def influence_table(labels: list[str]) -> pd.DataFrame:
    ends = [f"at_{end}{part}" for end in ("low", "base", "high") for part in ("", "_lower", "_upper")]
    values = [5e3, 1e3, 9e3, -2e4, -3e4, -1e4, -6e4, -9e4, -4e4]
    rows = [[label, "0.05", "0.5", *values, 30] for label in labels]
    return pd.DataFrame(rows, columns=["label", "low", "high", *ends, "n"])


def data_drawings(label: str) -> dict[str, Figure]:
    """Return the figures of data with `label` wherever a name may stand."""
    names = [f"{k}" for k in range(12)]
    series = [Series(name, f"{label} {name}", k) for k, name in enumerate(names)]
    panels = [("Saving", "EUR/yr", protection_table(names)), (f"Gain of {label}", "EUR/yr", protection_table(names))]
    return {
        "protection": figures_privacy.protection(panels, series),
        "exposure": figures_risk.exposure(exposure_table(names[:5], ["all", label]), series[:5], ["all", label],
                                          together="all"),
        "stages": figures_stages.waterfall([(f"Cost of {label}", "EUR/yr", stage_table(["a", "b", "all"]))]),
        "tornado": figures_sweeps.tornado(influence_table([f"{label} (1 to 2)", "beta"]), title=f"Cost of {label}",
                                          unit="EUR/yr", baseline=label),
        "switch": figures_sweeps.break_even(
            sweep_table([label, "power"]), crossing_table("power").iloc[:0], title=f"Gain from {label}", unit="EUR/yr",
            parameter=label, marked=0.2, ticks=[(0.0, "no"), (0.2, "∞")], joined=False,
        ),
    }  # fmt: skip


def words_of(figure: Figure) -> str:
    svg = drawing.svg_of(figure, text=True)
    return " ".join(re.sub(r"<[^>]+>", " ", svg).replace("\N{NO-BREAK SPACE}", " ").split())


@pytest.mark.parametrize("name", ["strategies", "grouped", "week", "break-even"])
def test_the_same_table_gives_the_same_bytes_and_a_caption_with_n(name: str) -> None:
    first, second = drawings()[name], drawings()[name]
    assert isinstance(first, Figure)
    for text in (True, False):
        assert drawing.svg_of(first, text=text) == drawing.svg_of(second, text=text)
    assert drawing.png_of(first, dpi=50) == drawing.png_of(second, dpi=50)
    assert "n = " in words_of(first)


def test_the_axis_is_labelled_from_the_declared_outcome_and_its_unit() -> None:
    names = ["a"]
    figure = figures.strategy_differences(
        strategy_table(names), series_of(names), OUTCOME["cost_imbalance"], "No sharing"
    )
    label = words_of(figure)
    assert OUTCOME["cost_imbalance"].title in label
    assert "(thousand EUR/yr; 95 % interval, n = 30)" in label
    assert "“No sharing”" in label


def test_every_interval_is_drawn_at_the_numbers_of_the_table() -> None:
    figure = figures.grouped_differences(
        grouped_table(["a"], ["steel"]), series_of(["a"]), title="Net cost", unit="EUR/yr", baseline="None"
    )
    lines = [line.get_xdata() for line in figure.axes[0].lines]
    assert any(np.allclose(x, [1.2, 4.0]) for x in lines if len(x) == 2), "interval in million EUR"
    assert any(np.allclose(x, [1.5]) for x in lines if len(x) == 1), "estimate in million EUR"


def test_a_break_even_value_stands_on_the_zero_line_with_its_interval() -> None:
    lines = [(line.get_xdata(), line.get_ydata()) for line in drawings()["break-even"].axes[0].lines]
    on_zero = [x for x, y in lines if np.allclose(y, 0.0)]
    assert any(np.allclose(x, [0.2]) for x in on_zero if len(x) == 1)
    assert any(np.allclose(x, [0.15, 0.4]) for x in on_zero if len(x) == 2)


def test_series_differ_in_colour_and_in_shape() -> None:
    series = series_of([str(k) for k in range(len(SERIES))])
    assert len({one.color for one in series}) == len({one.marker for one in series}) == len(SERIES) == len(MARKERS)


@pytest.mark.parametrize("name", ["strategies", "grouped", "week", "break-even"])
def test_a_page_can_replace_every_colour(name: str) -> None:
    svg = drawing.svg_of(drawings()[name], text=True)
    assert set(re.findall(r"#[0-9a-f]{6}\b", svg)) <= {*INKS, "#ffffff", "#000000"}
    painted = re.findall(r"(?:fill|stroke): (#(?:ffffff|000000))", svg)
    assert not painted, "black or white ink would vanish on one of the two backgrounds"


def test_names_are_drawn_as_they_are_not_as_formulas() -> None:
    series = [Series("a", HARD, 0), Series("b", "__", 1)]
    figure = figures.grouped_differences(
        grouped_table(["a", "b"], [HARD]), series, title=HARD, unit="EUR/yr", baseline=HARD
    )
    svg = drawing.svg_of(figure, text=True)
    assert "$x_1$" in svg
    assert "<b>" not in svg
    assert len(figure.legends[0].get_texts()) == 2, "a leading underscore must not hide an entry"
    assert drawing.png_of(figure, dpi=40).startswith(b"\x89PNG")


@pytest.mark.parametrize("long", [
    "A strategy whose title is much too long to stand beside an axis of any figure of this size at all",
    "钢铁厂与电力公司共享生产计划并按月结算费用的策略" * 3, "W" * 90,
])  # fmt: skip
def test_nothing_sticks_out_of_the_figure(long: str) -> None:
    names = ["a", "b", "c"]
    series = [Series(name, f"{long} {name}", k) for k, name in enumerate(names)]
    for figure in (
        figures.strategy_differences(strategy_table(names), series, OUTCOME["real_cost"], long),
        figures.grouped_differences(
            grouped_table(names, [long, "steel"]), series, title="Net cost", unit="EUR/yr", baseline=long
        ),
    ):
        drawing.png_of(figure, dpi=72)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing")  # this machine may have no Chinese font
            box = figure.get_tightbbox()
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= figure.get_figwidth()
        assert box.y1 <= figure.get_figheight()


@pytest.mark.parametrize(("largest", "unit", "expected"), [
    (999.0, "EUR/yr", (1.0, "EUR/yr")), (1e3, "EUR/yr", (1e3, "thousand EUR/yr")),
    (-2e6, "EUR/yr", (1e6, "million EUR/yr")),
    (5e9, "EUR/yr", (1e9, "billion EUR/yr")), (5e9, "MWh/yr", (1.0, "MWh/yr")), (np.nan, "EUR/yr", (1.0, "EUR/yr")),
])  # fmt: skip
def test_money_is_scaled_and_nothing_else_is(largest: float, unit: str, expected: tuple[float, str]) -> None:
    assert drawing.scale_of([0.0, largest], unit) == expected


@pytest.mark.parametrize("name", ["protection", "exposure", "stages", "tornado", "switch"])
def test_figures_of_data_are_the_same_bytes_name_n_and_follow_the_colours_of_a_page(name: str) -> None:
    first, second = data_drawings("a plan")[name], data_drawings("a plan")[name]
    svg = drawing.svg_of(first, text=True)
    assert svg == drawing.svg_of(second, text=True)
    assert drawing.png_of(first, dpi=50) == drawing.png_of(second, dpi=50)
    assert "n = 30" in words_of(first) or "n = 10" in words_of(first)
    assert set(re.findall(r"#[0-9a-f]{6}\b", svg)) <= {*INKS, "#ffffff", "#000000"}
    assert not re.findall(r"(?:fill|stroke): (#(?:ffffff|000000))", svg)


@pytest.mark.parametrize("long", [
    "A strategy whose title is much too long to stand beside an axis", HARD,
    "钢铁厂与电力公司共享生产计划并按月结算费用",
])  # fmt: skip
def test_nothing_sticks_out_of_the_figures_of_data(long: str) -> None:
    for name, figure in data_drawings(long).items():
        drawing.png_of(figure, dpi=72)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing")  # this machine may have no Chinese font
            box = figure.get_tightbbox()
        assert box.x0 >= 0, name
        assert box.y0 >= 0, name
        assert box.x1 <= figure.get_figwidth(), name
        assert box.y1 <= figure.get_figheight(), name


def test_a_sign_that_turns_is_crossed() -> None:
    lines = data_drawings("plan")["tornado"].axes[0].lines
    crossed = [float(line.get_xdata()[0]) for line in lines if line.get_marker() == "X"]
    assert crossed == [5.0, 5.0], "the base saves 20 thousand, the low end costs 5"


@pytest.mark.parametrize("wanted", [[5.0] * 6, [9.0, 8.9, 3.0, 0.1, 0.0, 0.0], [10.0, 5.0, 0.0]])
def test_labels_keep_their_order_and_their_distance(wanted: list[float]) -> None:
    sizes = [1.35 + (k % 2) for k in range(len(wanted))]
    places = figures_privacy.spread(wanted, sizes, 0.0, 10.0)
    line = 10.0 / max(sum(sizes), 16.0)
    for k in range(1, len(places)):
        assert places[k - 1] - places[k] >= line * (sizes[k - 1] + sizes[k]) / 2 - 1e-9
    assert places[0] <= 10.0 + 1e-9
    assert places[-1] >= 0.0
