"""Rankings of assumptions and waterfalls whose figures can be worked out by hand."""

import datetime as dt
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import export, text
from analysis.breakeven import break_even_frame, break_evens, find_crossings
from analysis.compare import compare_study
from analysis.influence import INFLUENCE, influence_frame
from analysis.points import value_at
from analysis.tables import METRICS, POINTS, RUNS, TRANSFERS, StudyTables
from analysis.waterfall import WATERFALL, waterfall_frame
from scenarios.store import StrategyRow, StudyRow

FUTURES = np.array([1000.0, 1200.0, 900.0])
"""Cost of the baseline in three futures."""
BASE = np.array([-10.0, -13.0, -13.0])
"""What sharing changes in them."""
INPUTS = {
    "balancing": {"beta": 0.2},
    "contracts": [{"name": "plan", "provider": "steel", "partner": "power", "resolution": 1, "epsilon": math.inf}],
    "manufacturers": [{"name": "steel", "count": 1, "process": {"furnace": 48.0}}], "utilities": [],
}  # fmt: skip
RANKING = {
    "name": "raw", "title": "", "strategy": "raw", "baseline": "none", "outcome": "real_cost", "parties": [""],
    "replications": None,
    "parameters": [
        {"parameter": "contracts.plan.resolution", "low": 1, "high": 5},
        {"parameter": "balancing.beta", "low": 0.05, "high": 0.5},
        {"parameter": "contracts.plan.epsilon", "low": 1.0, "high": math.inf},
    ],
}  # fmt: skip
CHAIN = {
    "name": "raw", "title": "Stages", "strategy": "raw", "outcomes": ["real_cost", "party_cost"], "parties": ["steel"],
    "contract": "", "switches": [{"stage": "first", "off": {}}, {"stage": "second", "off": {}}], "replications": None,
}  # fmt: skip
INFEASIBLE = [{"part": "influence/raw", "label": "contracts.plan.resolution high", "strategy": "raw",
               "reason": "5 h does not divide the day"}]  # fmt: skip


def rows(part: str, point: str, strategy: str, values: np.ndarray) -> list[tuple[Any, ...]]:
    return [(part, point, strategy, math.nan, r, "real_cost", "", value) for r, value in enumerate(values)]


def ranking_points() -> list[tuple[Any, ...]]:
    """Beta turns a saving of 12 into one of 2 (low) or 42 (high); the baseline moves with it."""
    found = []
    for end, shift, gain in (("low", 50.0, 10.0), ("high", -70.0, -30.0)):
        found += rows("influence/raw", f"balancing.beta {end}", "none", FUTURES + shift)
        found += rows("influence/raw", f"balancing.beta {end}", "raw", FUTURES + shift + BASE + gain)
    for end, gain in (("low", 20.0), ("high", 0.0)):
        found += rows("influence/raw", f"contracts.plan.epsilon {end}", "none", FUTURES)
        found += rows("influence/raw", f"contracts.plan.epsilon {end}", "raw", FUTURES + BASE + gain)
    found += rows("influence/raw", "contracts.plan.resolution low", "none", FUTURES)
    found += rows("influence/raw", "contracts.plan.resolution low", "raw", FUTURES + BASE)
    return found


def chain_points() -> list[tuple[Any, ...]]:
    """Either stage alone saves nothing; together they save 12 on average."""
    noise = np.array([1.0, -1.0, 0.0])
    return [
        *rows("waterfall/raw", "all off", "raw", FUTURES),
        *rows("waterfall/raw", "without first", "raw", FUTURES + noise),
        *rows("waterfall/raw", "without second", "raw", FUTURES),
        *rows("waterfall/raw", "up to first", "raw", FUTURES),
    ]


def tables(points: list[tuple[Any, ...]], replications: int = 3, **evaluation: Any) -> StudyTables:
    own = [("none", r, "real_cost", "", value) for r, value in enumerate(FUTURES)]
    own += [("raw", r, "real_cost", "", value) for r, value in enumerate(FUTURES + BASE)]
    study = StudyRow(
        1, "tiny", "Tiny", "Does it pay?", "text", "none", 7, replications,
        {"goals": ["real_cost"], "outcomes": ["real_cost"], "parties": [], **evaluation},
        dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
    )  # fmt: skip
    members = tuple(StrategyRow(i, i, name, name, "", None, INPUTS, "h") for i, name in enumerate(("none", "raw")))
    runs = [[name, None, r, 1, 7, "done", 0.1, "h", "r", None, "", ""] for name in ("none", "raw") for r in range(3)]
    return StudyTables(
        study, members, pd.DataFrame(own, columns=list(METRICS)), pd.DataFrame(points, columns=list(POINTS)),
        pd.DataFrame([("none", 0, "steel", "power", "energy", 1.0), ("raw", 0, "steel", "power", "energy", 1.0)],
                     columns=list(TRANSFERS)),
        pd.DataFrame(runs, columns=list(RUNS)), (),
    )  # fmt: skip


def test_assumptions_are_ranked_by_what_they_move() -> None:
    frame = influence_frame(tables(ranking_points(), influence=[RANKING], infeasible=INFEASIBLE))
    assert tuple(frame.columns) == INFLUENCE
    assert list(frame["parameter"]) == [
        "balancing.beta", "contracts.plan.epsilon", "contracts.plan.resolution"
    ]  # fmt: skip
    assert list(frame["swing"]) == pytest.approx([40.0, 20.0, 0.0])
    beta = frame.iloc[0]
    assert (beta["low"], beta["base"], beta["high"], beta["unit"]) == (0.05, 0.2, 0.5, "EUR/MWh per MW")
    assert (beta["at_low"], beta["at_base"], beta["at_high"]) == pytest.approx((-2.0, -12.0, -42.0))
    interval = stats.ttest_1samp(BASE, 0.0).confidence_interval(0.95)
    assert (beta["at_base_lower"], beta["at_base_upper"]) == pytest.approx((interval.low, interval.high))
    assert (beta["at_high_lower"], beta["at_high_upper"]) == pytest.approx((interval.low - 30, interval.high - 30))
    assert (beta["n"], beta["outcome_unit"], beta["party"]) == (3, "EUR/yr", "")


def test_an_end_that_cannot_be_is_told_with_its_reason_and_the_other_end_is_kept() -> None:
    frame = influence_frame(tables(ranking_points(), influence=[RANKING], infeasible=INFEASIBLE))
    resolution = frame[frame["parameter"] == "contracts.plan.resolution"].iloc[0]
    assert math.isnan(resolution["at_high"])
    assert resolution["at_low"] == pytest.approx(-12.0)
    assert "high is infeasible: 5 h does not divide the day" in resolution["note"]
    nothing = influence_frame(tables([], influence=[RANKING], infeasible=INFEASIBLE)).iloc[0]
    assert math.isnan(nothing["swing"])
    assert "no run finished at low" in nothing["note"]


def test_an_assumption_that_turns_the_sign_is_said_to() -> None:
    frame = influence_frame(tables(ranking_points(), influence=[RANKING], infeasible=INFEASIBLE))
    notes = dict(zip(frame["parameter"], frame["note"], strict=True))
    assert "the sign turns at low" in notes["contracts.plan.epsilon"]
    assert "sign" not in notes["balancing.beta"]


def test_all_ends_are_compared_over_the_same_futures() -> None:
    missing = [row for row in ranking_points() if not (row[1] == "balancing.beta low" and row[4] == 1)]
    beta = influence_frame(tables(missing, influence=[RANKING])).iloc[0]
    assert beta["parameter"] == "balancing.beta"
    assert (beta["n"], beta["at_base"]) == (2, pytest.approx(-11.5))
    first = influence_frame(tables(ranking_points(), influence=[{**RANKING, "replications": 1}])).iloc[0]
    assert (first["n"], first["at_base"]) == (1, -10.0)
    assert math.isnan(first["at_base_lower"])


def test_a_stage_left_out_alone_and_switched_on_after_the_others_differ() -> None:
    frame = waterfall_frame(tables(chain_points(), waterfall=[CHAIN]))
    assert tuple(frame.columns) == WATERFALL
    effects = {(row.stage, row.kind): row.effect for row in frame.itertuples()}
    assert effects == pytest.approx({
        ("first", "leave_one_out"): -12.0, ("second", "leave_one_out"): -12.0,
        ("first", "cumulative"): 0.0, ("second", "cumulative"): -12.0, ("all", "total"): -12.0,
        ("all off", "level"): FUTURES.mean(), ("all on", "level"): FUTURES.mean() - 12.0,
    })  # fmt: skip
    first = frame.iloc[0]
    interval = stats.ttest_1samp(BASE - np.array([1.0, -1.0, 0.0]), 0.0).confidence_interval(0.95)
    assert (first["lower"], first["upper"]) == pytest.approx((interval.low, interval.high))
    assert set(frame["outcome"]) == {"real_cost"}  # no run has a net cost of steel


def test_a_stage_without_runs_has_a_reason_instead_of_an_effect() -> None:
    points = [row for row in chain_points() if row[1] != "up to first"]
    infeasible = [{"part": "waterfall/raw", "label": "up to first", "strategy": "raw", "reason": "no such thing"}]
    frame = waterfall_frame(tables(points, waterfall=[CHAIN], infeasible=infeasible))
    steps = frame[frame["kind"] == "cumulative"]
    assert steps["effect"].isna().all()
    assert steps["note"].str.contains("up to first is infeasible: no such thing").all()
    assert frame[frame["kind"] == "total"]["effect"].iloc[0] == pytest.approx(-12.0)


def test_comparison_text_and_exports_know_both(tmp_path: Any) -> None:
    points = [*ranking_points(), *chain_points()]
    comparison = compare_study(tables(points, influence=[RANKING], waterfall=[CHAIN], infeasible=INFEASIBLE))
    assert "influence/raw: contracts.plan.resolution high is infeasible: 5 h does not divide the day" in (
        comparison.warnings
    )
    assert "waterfall/raw: no run has a value of party_cost for steel" in comparison.warnings
    said = text.full(comparison)
    assert "which assumption moves raw against none: Total real cost, EUR/yr" in said
    assert "Stages: Total real cost, EUR/yr" in said
    assert "note: contracts.plan.resolution: high is infeasible" in said
    tree = export.as_json(comparison)
    assert [row["high"] for row in tree["influence"]] == [0.5, ".inf", 5.0]
    assert len(tree["waterfall"]) == 7
    assert export.write_json(tree)
    export.write_xlsx(comparison, tmp_path / "all.xlsx")
    book = pd.read_excel(tmp_path / "all.xlsx", sheet_name=None)
    assert {"influence", "waterfall"} <= set(book)
    assert len(book["influence"]) == 3


def test_values_are_found_where_a_scenario_would_set_them() -> None:
    assert value_at(INPUTS, "balancing.beta") == 0.2
    assert value_at(INPUTS, "contracts.plan.resolution") == 1
    assert value_at(INPUTS, "firms.steel.process.furnace") == 48.0
    assert value_at(INPUTS, "firms.none.count") is None
    assert value_at(INPUTS, "contracts.other.fee") is None


def sweep_of(name: str, values: list[float], gains: np.ndarray) -> pd.DataFrame:
    found = [
        (f"break_even/{name}", "", strategy, value, r, "real_cost", "", 1000.0 - (gain if strategy == "raw" else 0.0))
        for value, column in zip(values, gains.T, strict=True)
        for r, gain in enumerate(column)
        for strategy in ("none", "raw")
    ]
    return pd.DataFrame(found, columns=list(POINTS))


def asked(name: str, parameter: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "title": "", "parameter": parameter, "strategy": "raw", "baseline": "none",
            "outcome": "real_cost", "parties": [""], **more}  # fmt: skip


def test_several_sweeps_are_answered_each_by_its_own_runs() -> None:
    points = pd.concat([
        sweep_of("a", [0.0, 1.0], np.array([[-1.0, 3.0]] * 2)), sweep_of("b", [0.0, 1.0], np.array([[3.0, -1.0]] * 2))
    ])  # fmt: skip
    answers = break_evens(points, [asked("a", "balancing.beta"), asked("b", "balancing.beta", title="Other")])
    assert [(one.name, one.crossings[0].value, one.crossings[0].rising) for one in answers] == [
        ("a", 0.25, True), ("b", 0.75, False)
    ]  # fmt: skip
    frame = break_even_frame(answers)
    assert list(frame["sweep"]) == ["a", "a", "b", "b"]
    assert list(frame["title"].unique()) == ["", "Other"]


def test_a_value_without_a_finished_run_is_named() -> None:
    sweep = asked("a", "balancing.beta", values=[0.0, 0.5, 1.0])
    (answer,) = break_evens(sweep_of("a", [0.0, 1.0], np.array([[-1.0, 3.0]] * 2)), [sweep])
    assert answer.verdict.endswith("; no run finished at 0.5")
    (whole,) = break_evens(sweep_of("a", [0.0, 1.0], np.array([[-1.0, 3.0]] * 2)), [{**sweep, "values": [0, 1]}])
    assert "no run finished" not in whole.verdict


def test_on_a_logarithmic_scale_the_root_is_the_geometric_mean() -> None:
    gains = np.array([[-1.0, 1.0]] * 3)
    (linear,) = find_crossings(np.array([1.0, 100.0]), gains)
    (log,) = find_crossings(np.array([1.0, 100.0]), gains, "log")
    assert (linear.value, log.value) == pytest.approx((50.5, 10.0))
    assert log.low == pytest.approx(10.0, rel=0.01)


def test_between_the_last_value_and_infinity_the_reciprocal_is_straight() -> None:
    """Gain 3 at 4 and -1 at infinity: zero where 1/x is a quarter of 1/4."""
    (crossing,) = find_crossings(np.array([2.0, 4.0, math.inf]), np.array([[3.0, 3.0, -1.0]] * 2))
    assert crossing.value == pytest.approx(16.0)
    answers = break_evens(
        sweep_of("e", [2.0, 4.0, math.inf], np.array([[3.0, 3.0, 0.0]] * 2)), [asked("e", "contracts.plan.epsilon")]
    )
    assert answers[0].verdict == (
        "pays if contracts.plan.epsilon is finite (95 % interval infinite to infinite); tried 2 to infinite, n = 2"
    )


def test_whole_numbers_are_counted_and_switches_are_on_or_off() -> None:
    (count,) = break_evens(
        sweep_of("c", [2.0, 4.0], np.array([[-3.0, 1.0]] * 2)), [asked("c", "firms.steel.count")]
    )  # fmt: skip
    assert count.verdict.startswith("pays if firms.steel.count is at least 4 firm, zero at 3.5 (95 % interval")
    (switch,) = break_evens(
        sweep_of("s", [0.0, 1.0], np.array([[-3.0, 1.0]] * 2)), [asked("s", "contracts.plan.pipeline.cleaning")]
    )
    assert switch.crossings == ()
    assert switch.verdict == "pays if contracts.plan.pipeline.cleaning is true, else not (n = 2)"


def test_ranges_that_pay_are_named_one_by_one() -> None:
    gains = np.array([[1.0, -1.0, -1.0, 1.0]] * 2)
    (answer,) = break_evens(sweep_of("r", [0.0, 1.0, 2.0, 3.0], gains), [asked("r", "balancing.beta")])
    assert "is below 0.5 EUR/MWh per MW (95 % interval 0.5 to 0.5" in answer.verdict
    assert ") or above 2.5 EUR/MWh per MW (" in answer.verdict
