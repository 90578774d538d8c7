"""What the report says of data: protection, exposure, stages, sweeps and influence, against numbers worked out here."""

import dataclasses
import math
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import report_contracts, report_privacy, report_risk, report_stages, report_sweeps
from analysis.breakeven import Scale
from analysis.glossary import TERMS
from analysis.protection import ratio_interval, reference_strategy
from analysis.report import Report, build, html_of, plain_text
from analysis.report_sources import settings_of, untouched, with_unit
from analysis.report_tables import Table, by_columns
from model.contracts import DataContract
from model.risk import cvar
from scenarios.batch import run_study
from scenarios.spec import load_study
from scenarios.store import Store
from tests.unit.test_report import TODAY, WORKS, interval, metric


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The report of a small study with every protection and every evaluation."""
    url = f"sqlite:///{tmp_path_factory.mktemp('works') / 'results.db'}"
    with Store(url) as store:
        run_study(load_study(WORKS), store, workers=1, quiet=True)
    return build("works", url)


@pytest.fixture(scope="module")
def text(report: Report) -> str:
    return plain_text(html_of(report, today=TODAY))


def test_every_chart_of_data_is_there_once_per_question(report: Report) -> None:
    assert list(report.charts) == [
        "strategies", "components", "parties", "protection", "typical_week", "waterfall", "payments", "break_even",
        "break_even_2", "break_even_3", "influence", "exposure",
    ]  # fmt: skip
    for chart in report.charts.values():
        assert "n = " in chart.caption
        assert chart.table.rows
        assert re.search(r"\d", chart.description)


def use_of(report: Report, strategy: str) -> Any:
    """Return the value in use by replication, worked out from the components that decisions move."""
    tables = report.comparison.tables
    moved = ("cost_production", "cost_energy", "cost_intraday", "cost_imbalance", "cost_stock", "cost_restart",
             "cost_comfort", "cost_maintenance", "cost_storage")  # fmt: skip
    cost = sum(metric(tables, "none", name) - metric(tables, strategy, name) for name in moved)
    return cost + metric(tables, strategy, "imbalance_covariance") - metric(tables, "none", "imbalance_covariance")


def test_protection_is_measured_by_what_better_decisions_save(report: Report) -> None:
    frame = report.protection.frame.set_index("strategy")
    assert report.protection.reference == "raw"
    assert set(frame.index) == {"raw", "raw-with-fee", "blocks", "noise", "pairwise", "hub"}
    tables = report.comparison.tables
    for name, row in frame.iterrows():
        value, low, high = interval(use_of(report, str(name)))
        assert [row["use"], row["use_low"], row["use_high"]] == pytest.approx([value, low, high], rel=1e-6, abs=1.0)
        assert row["kept"] == pytest.approx(value / use_of(report, "raw").mean(), rel=1e-6)
        party_shares = [metric(tables, name, "revealed_share", one).mean() for one in ("steel", "foundries")
                        if len(metric(tables, name, "revealed_share", one))]  # fmt: skip
        assert row["revealed"] == pytest.approx(max(party_shares))
    assert frame.loc["noise", "epsilon_year"] == 3.0
    assert frame.loc["raw", "kept_low"] == pytest.approx(1.0)
    assert frame.loc["hub", "copies"] == 6.0, "three plans at the utility and at the hub"
    assert frame.loc["pairwise", "copies"] == 3.0


def test_the_sentence_on_protection_follows_from_its_interval(report: Report) -> None:
    titles = {"strategy": "x"} | {"x": "Blurred"}
    row = {"strategy": "x", "revealed": 0.5, "kept": 0.6, "kept_low": 0.5, "kept_high": 0.7, "with": ""}
    words = report_privacy._kept_words(row, titles)
    assert words == "“Blurred” keeps 60 % of that (95 % interval 50 to 70 %) and reveals 50 % of the plan."
    unclear = report_privacy._kept_words({**row, "kept_low": -0.1}, titles)
    assert "cannot be told from nothing" in unclear
    assert "keeps about all" in report_privacy._kept_words({**row, "kept": 0.95, "kept_high": 1.05}, titles)
    assert "no interval" in report_privacy._kept_words({**row, "kept_low": math.nan, "kept_high": math.nan}, titles)


def test_without_a_value_nothing_is_kept_of_it(report: Report) -> None:
    found = report.protection
    frame = found.frame.copy()
    frame.loc[frame["strategy"] == "raw", "use_low"] = -5.0
    weak = object.__new__(report_privacy.Protection)
    weak.__dict__.update({**found.__dict__, "frame": frame})
    said = report_privacy.protection_sentences(weak)
    assert "cannot be told from zero" in said[0]
    assert not [words for words in said if " keeps " in words]


def test_an_epsilon_says_unit_noise_releases_and_year(text: str) -> None:
    # One heat of 38 MWh in hourly means: L1 = 38 MW, so that Laplace noise at epsilon 3 has sd sqrt(2) 38 / 3 MW.
    assert f"standard deviation {math.sqrt(2) * 38 / 3:.2f} MW" in text
    assert "one heat of 38 MWh" in text
    assert "one of the year's daily releases depends on what is protected" in text
    assert "a year loses epsilon 3 at delta 1e-05" in text


@pytest.mark.parametrize("seed", range(6))
def test_the_interval_of_a_ratio_is_where_the_paired_t_test_does_not_reject(seed: int) -> None:
    generator = np.random.default_rng(seed)
    below = generator.normal(10.0, 2.0, 8)
    above = 0.6 * below + generator.normal(0.0, 1.5, 8)
    ratio, low, high = ratio_interval(above, below)
    assert ratio == pytest.approx(above.mean() / below.mean())
    for end, inside in ((low, 1), (high, -1)):
        assert stats.ttest_1samp(above - end * below, 0.0).pvalue == pytest.approx(0.05, abs=1e-6)
        assert stats.ttest_1samp(above - (end + inside * 0.01) * below, 0.0).pvalue > 0.05


def test_a_ratio_to_what_may_be_zero_has_no_interval() -> None:
    below = np.array([1.0, -1.0, 2.0, -1.5])
    assert all(math.isnan(end) for end in ratio_interval(np.ones(4), below)[1:])
    assert all(math.isnan(end) for end in ratio_interval(np.ones(1), np.ones(1))[1:])


def test_raw_sharing_of_one_plan_is_the_measure() -> None:
    raw = DataContract(name="plan", provider="a", partner="b")
    dear, many = dataclasses.replace(raw, fee=9.0), dataclasses.replace(raw, members=("c",))
    noisy = dataclasses.replace(raw, variant="anonymised", protected="heat", epsilon=1.0)
    assert reference_strategy({"n": (noisy,), "m": (many,), "d": (dear,), "r": (raw,)}) == "r"
    assert reference_strategy({"n": (noisy,), "both": (raw, dataclasses.replace(raw, asset="log")), "no": ()}) == ""


def test_expected_loss_and_tail_are_those_of_the_drawn_years(report: Report) -> None:
    frame, tables = report.exposure, report.comparison.tables
    hub = frame[frame["strategy"] == "hub"].set_index("owner")
    assert list(hub.index) == ["", *hub.index[1:]]
    assert set(hub.index) == {"", "steel", "foundries"}
    assert frame[frame["strategy"] == "raw"]["owner"].tolist() == ["steel"], "alone, an owner is all of them"
    breach = tables.transfers[(tables.transfers["kind"] == "breach") & (tables.transfers["strategy"] == "hub")]
    by_owner = breach.groupby("payer")["value"].sum() / 3
    assert hub.loc["steel", "expected"] == pytest.approx(by_owner["steel"])
    assert hub.loc["", "expected"] == pytest.approx(by_owner.sum())
    years = tables.loss_years["hub", ""].table(np.arange(3))
    assert hub.loc["", "years"] == years.shape[1] == 10_000
    spread = np.std([cvar(row) for row in years], ddof=1) / math.sqrt(3)
    assert hub.loc["", "cvar"] == pytest.approx(cvar(years.ravel()), rel=0.02)
    assert hub.loc["", "cvar_error"] == pytest.approx(spread, rel=0.2)
    assert hub.loc["steel", "probability"] == pytest.approx(1 - math.exp(-2 * 0.0976)), "utility and hub"
    assert hub.loc["", "cvar"] < hub.loc["steel", "cvar"] + hub.loc["foundries", "cvar"]


def test_the_risk_section_says_what_is_booked_and_what_is_drawn(report: Report, text: str) -> None:
    assert "Means and rankings book the expected loss" in text
    assert "10,000 nested loss-years in each of 3 random futures, 30,000 years in all" in text
    row = report.exposure[(report.exposure["strategy"] == "hub") & (report.exposure["owner"] == "")].iloc[0]
    assert report_risk.with_error(row["cvar"], row["cvar_error"]) in text
    assert "“Three plans over a hub” makes 6 copies where “Three plans, pairwise” makes 3" in text
    table = report_risk.tail_table(report.comparison, [""])
    assert table is not None
    assert len(table.rows) == 7, "the baseline has bad years too"


def test_a_waterfall_ends_where_its_total_does(report: Report) -> None:
    frame = report.comparison.waterfall
    part = frame[(frame["outcome"] == "load_forecast_rmse") & (frame["party"] == "steel")]
    _, unit, bars = report_stages._panel(part)
    assert unit == "MW"
    base = metric_of_point(report, "all off")
    assert bars.iloc[0]["end"] == pytest.approx(base)
    assert bars.iloc[-1]["end"] == pytest.approx(metric(report.comparison.tables, "raw", "load_forecast_rmse",
                                                        "steel")[:2].mean())  # fmt: skip
    steps = bars[~bars["is_level"]]
    assert steps.iloc[0]["start"] == pytest.approx(base)
    assert steps.iloc[-1]["end"] == pytest.approx(bars.iloc[-1]["end"])
    assert (steps["start"].iloc[1:].to_numpy() == steps["end"].iloc[:-1].to_numpy()).all()


def metric_of_point(report: Report, label: str) -> float:
    points = report.comparison.tables.points
    rows = points[(points["point"] == label) & (points["outcome"] == "load_forecast_rmse")]
    return float(rows[rows["party"] == "steel"]["value"].mean())


def test_stages_are_grouped_by_what_leaving_them_out_does() -> None:
    rows = [("a", -5.0, -8.0, -2.0), ("b", 3.0, 1.0, 5.0), ("c", 1.0, -1.0, 3.0), ("d", 0.0, 0.0, 0.0)]
    frame = pd.DataFrame(rows, columns=["stage", "effect", "lower", "upper"])
    assert report_stages._stage_groups(frame) == (
        "leaving out a alone would raise the cost; leaving out b alone would lower it; leaving out c alone changes it "
        "by an amount that cannot be told from zero; leaving out d alone changes nothing"
    )


@pytest.mark.parametrize(("spacing", "values"), [
    ("linear", [0.0, 1.0, 4.0]), ("log", [0.1, 1.0, 10.0, math.inf]), ("linear", [1.0, 3.0, math.inf]),
])  # fmt: skip
def test_every_value_of_a_sweep_has_its_place(spacing: str, values: list[float]) -> None:
    scale = Scale(np.array(values), spacing)
    assert [report_sweeps.place_of(scale, value) for value in values] == pytest.approx(list(scale.places))
    for place in np.linspace(scale.places[0], scale.places[-1], 31)[:-1]:
        assert report_sweeps.place_of(scale, scale.value(place)) == pytest.approx(place)


def test_infinity_and_switches_are_labelled(report: Report) -> None:
    privacy = report.charts["break_even_2"]
    labels = [label.get_text() for label in privacy.figure.axes[0].get_xticklabels()]
    assert labels == ["0.1", "1", "10", "∞"]
    assert "logarithmic" in privacy.caption
    labels = [label.get_text() for label in report.charts["break_even_3"].figure.axes[0].get_xticklabels()]
    assert labels == ["no", "yes"]


def influence_row(low: tuple[float, float, float], base: tuple[float, float, float],
                  high: tuple[float, float, float]) -> dict[str, Any]:  # fmt: skip
    row: dict[str, Any] = {"parameter": "balancing.beta", "unit": "", "outcome": "real_cost", "low": 0.1, "high": 0.5}
    for end, estimate in (("low", low), ("base", base), ("high", high)):
        row |= dict(zip((f"at_{end}", f"at_{end}_lower", f"at_{end}_upper"), estimate, strict=True))
    return row


SAVES, COSTS, UNCLEAR = (-5.0, -8.0, -2.0), (5.0, 2.0, 8.0), (1.0, -3.0, 5.0)


@pytest.mark.parametrize(("ends", "words"), [
    ((COSTS, SAVES, SAVES), "balancing.beta at 0.1 flips the answer."),
    ((UNCLEAR, SAVES, SAVES),
     "balancing.beta at 0.1 turns the sign, but not so that it can be told from zero."),
    ((SAVES, SAVES, (-1.0, -4.0, 2.0)), "With balancing.beta at 0.5 the result cannot be told from zero any more."),
    ((SAVES, SAVES, SAVES), "No assumption tried turns or hides the sign."),
    ((SAVES, UNCLEAR, COSTS), "As it is, the result cannot be told from zero; it is a gain with balancing.beta at 0.1 "
     "and a loss with balancing.beta at 0.5."),
    ((UNCLEAR, UNCLEAR, UNCLEAR),
     "As it is, the result cannot be told from zero; no assumption tried decides it."),
])  # fmt: skip
def test_an_assumption_that_flips_the_answer_is_named(ends: Any, words: str) -> None:
    assert report_sweeps._flip_words([influence_row(*ends)]) == words


def test_the_most_influential_assumption_is_named_with_its_swing(report: Report, text: str) -> None:
    frame = report.comparison.influence
    together = frame[frame["party"] == "power + steel"]
    assert together["parameter"].iloc[0] == "contracts.plan.interface_cost"
    assert together["swing"].iloc[0] == pytest.approx(900_000.0)
    words = "contracts.plan.interface_cost moves the result most, by 900 thousand EUR/yr from 0 to 900,000 EUR/yr"
    assert f"net cost of power and steel together: {words}" in text


def test_data_platforms_and_assets_are_described(report: Report, text: str) -> None:
    table = report_contracts.platform_table(report.comparison)
    assert table is not None
    cells = {row[0]: row[1] for row in table.rows}
    assert cells["members"] == "steel, foundries and power (under “Three plans over a hub”)"
    assert cells["running the platform"] == "40,000 EUR/yr"
    assert cells["a member's fee"] == "5000 EUR/yr"
    assert "5 % of hours missing; own codes: error of 2 MW" in text
    assert "steel and foundries share their production plan with power over hub" in text


def test_parts_that_nobody_uses_are_listed_apart(report: Report) -> None:
    settings = settings_of(report.comparison.tables.strategies[0].inputs)
    idle = untouched(settings)
    assert "firms.joiners.records.gap_rate" in idle
    assert "firms.steel.records.stale_rate" not in idle, "the study sets another parameter of this section"
    assert "balancing.beta" not in idle
    noisy = next(m for m in report.comparison.tables.strategies if m.name == "noise")
    assert "contracts.plan.delta" not in untouched(settings_of(noisy.inputs))
    raw = next(m for m in report.comparison.tables.strategies if m.name == "raw")
    assert "contracts.plan.delta" in untouched(settings_of(raw.inputs))
    assert with_unit(math.inf, "1") == "unlimited"


def test_a_wide_table_comes_in_parts_that_repeat_its_first_columns() -> None:
    table = Table("t", ("a", *"bcdefghij"), (tuple("0123456789"),))
    parts = by_columns(table, 1, most=4)
    assert [part.head for part in parts] == [("a", "b", "c", "d"), ("a", "e", "f", "g"), ("a", "h", "i", "j")]
    assert parts[1].rows == (("0", "4", "5", "6"),)
    assert parts[2].caption == "t (part 3 of 3)"
    assert by_columns(table, 1, most=9) == [table]


def test_the_terms_of_the_mission_are_in_the_glossary(text: str) -> None:
    chinese = {term.chinese for term in TERMS}
    wanted = "数据平台 数据预处理/挖掘/分析/应用 加密 脱敏 标准化 结构化数据 非结构化数据 实时数据 差分隐私 安全聚合"
    assert set(wanted.split()) <= chinese
    words = " ".join(f"{term.chinese} {term.meaning}" for term in TERMS)
    for row in (
        "产业协同 协同机制 协同模式 协同平台 行业 五个步骤",
        "数据共享 标准化 加密 脱敏",
        "资源共享 分配 租赁 共享",
        "技术协同 交流 合作 共享",
        "纵向 横向 跨行业",
        "数据平台 资源平台 技术平台",
        "制造业 电力 医疗 农业",
    ):
        assert not [word for word in row.split() if word not in words]
    assert "数据平台" in text
    assert "差分隐私" in text
