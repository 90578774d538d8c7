"""The comparison of a study small enough to compare by hand, and its exports."""

import dataclasses
import datetime as dt
import json
import math
import os
import re
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from scipy import stats

from analysis import export, text
from analysis.compare import Comparison, compare_study, paired_differences, verdict
from analysis.pairs import reference_bill
from analysis.report_tables import party_table, ranking_table
from analysis.tables import METRICS, POINTS, RUNS, TRANSFERS, StudyTables
from model.errors import InputError, StoreError
from scenarios.store import StrategyRow, StudyRow

NONE = {"real_cost": [100.0, 110.0, 90.0], "imbalance_covariance": [5.0, -5.0, 0.0], "cost_energy": [80.0, 88.0, 72.0]}
RAW = {"real_cost": [96.0, 105.0, 85.0], "imbalance_covariance": [6.0, -5.0, -1.0], "cost_energy": [80.0, 88.0, 72.0]}
COSTLY = {
    "real_cost": [130.0, 140.0, 121.0],
    "imbalance_covariance": [5.0, -5.0, 0.0],
    "cost_energy": [81.0, 89.0, 73.0],
}
PARTY = {  # party cost of steel and power: steel pays for the interface, power gains
    "none": ([50.0, 55.0, 45.0], [50.0, 55.0, 45.0]),
    "raw": ([52.0, 57.0, 47.0], [44.0, 48.0, 38.0]),
    "=costly": ([52.0, 57.0, 47.0], [78.0, 83.0, 74.0]),
}  # fmt: skip


def metrics() -> pd.DataFrame:
    rows = []
    for strategy, values in (("none", NONE), ("raw", RAW), ("=costly", COSTLY)):
        rows += [(strategy, r, name, "", value) for name, column in values.items() for r, value in enumerate(column)]
        for party, column in zip(("steel", "power"), PARTY[strategy], strict=True):
            rows += [(strategy, r, "party_cost", party, value) for r, value in enumerate(column)]
        rows += [(strategy, r, "energy_bill", party, bill) for r in range(3) for party, bill in
                 (("steel", 200.0), ("town", 800.0))]  # fmt: skip
    return pd.DataFrame(rows, columns=list(METRICS))


def transfers() -> pd.DataFrame:
    rows = [(s, r, "steel", "power", "energy", 200.0) for s in PARTY for r in range(3)]
    rows += [("raw", r, "power", "steel", "fee", 4.0) for r in range(3)]
    rows += [("raw", r, "steel", "resources", "interface", 6.0) for r in range(3)]
    return pd.DataFrame(rows, columns=list(TRANSFERS))


def tables(frame: pd.DataFrame | None = None, status: str = "done") -> StudyTables:
    plan = {"contracts": [{"provider": "steel", "partner": "power"}]}
    members = tuple(
        StrategyRow(i, i, name, f"title of\a {name}", "", None, {} if name == "none" else plan, f"hash{i}")
        for i, name in enumerate(PARTY)
    )
    runs = [[name, None, r, 1, 7, status, 0.1, "h", "r", None, "", ""] for name in PARTY for r in range(3)]
    study = StudyRow(
        1, "tiny", "Tiny", "Does it pay?", "text", "none", 7, 3,
        {"goals": ["party_cost", "real_cost"], "outcomes": ["real_cost", "party_cost"], "parties": ["steel", "power"],
         "break_even": None},
        dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
    )  # fmt: skip
    return StudyTables(
        study, members, metrics() if frame is None else frame, pd.DataFrame(columns=list(POINTS)), transfers(),
        pd.DataFrame(runs, columns=list(RUNS)), ({"started_at": study.created_at, "code_version": "0"},),
    )  # fmt: skip


@pytest.fixture
def comparison() -> Comparison:
    return compare_study(tables())


def row(comparison: Comparison, strategy: str, outcome: str, party: str = "") -> pd.Series:
    frame = comparison.differences
    (found,) = frame[
        (frame["strategy"] == strategy) & (frame["outcome"] == outcome) & (frame["party"] == party)
    ].iterrows()
    return found[1]


def test_a_paired_difference_by_hand(comparison: Comparison) -> None:
    """Differences -4, -5, -5; variances 100 and 100.33 against 1/3 of the difference."""
    got = row(comparison, "raw", "real_cost")
    interval = stats.ttest_1samp([-4.0, -5.0, -5.0], 0.0).confidence_interval(0.95)
    assert got["n"] == 3
    assert got["difference"] == pytest.approx(-14 / 3)
    assert (got["low"], got["high"]) == pytest.approx((interval.low, interval.high))
    assert got["share_of_baseline"] == pytest.approx(-14 / 300)
    assert got["share_of_bill"] == pytest.approx(-14 / 600)
    assert got["variance_ratio"] == pytest.approx((100.0 + 301 / 3) / (1 / 3))
    assert got["verdict"] == "better"
    assert "n = 3 is too small" in got["note"]


def test_the_control_variate_by_hand(comparison: Comparison) -> None:
    """Control differences 1, 0, -1; cleaned differences -5, -5, -4."""
    got = row(comparison, "raw", "real_cost")
    assert got["control_method"] == "fixed at 1"
    assert got["control_coefficient"] == 1.0
    assert got["adjusted_difference"] == pytest.approx(-14 / 3)
    interval = stats.ttest_1samp([-5.0, -5.0, -4.0], 0.0).confidence_interval(0.95)
    assert (got["adjusted_low"], got["adjusted_high"]) == pytest.approx((interval.low, interval.high))
    assert row(comparison, "=costly", "real_cost")["control_method"] == "none"
    assert row(comparison, "raw", "imbalance_covariance")["control_method"] == "none"


def test_a_party_is_set_against_its_own_bill(comparison: Comparison) -> None:
    """Steel pays 2 more and is billed 200; the power utility has no bill."""
    assert row(comparison, "raw", "party_cost", "steel")["share_of_bill"] == pytest.approx(0.01)
    assert math.isnan(row(comparison, "raw", "party_cost", "power")["share_of_bill"])


@pytest.mark.parametrize("kind", ["resource_contracts", "technology_contracts"])
def test_a_saving_that_is_not_in_energy_is_no_share_of_the_energy_bill(kind: str) -> None:
    whole = tables()
    shared = {kind: [{"members": ["steel", "power"]}]}
    some = [replace_inputs(one, shared) if one.name == "=costly" else one for one in whole.strategies]
    mixed = compare_study(dataclasses.replace(whole, strategies=tuple(some)))
    assert math.isnan(row(mixed, "=costly", "real_cost")["share_of_bill"])
    assert row(mixed, "raw", "real_cost")["share_of_bill"] == pytest.approx(-14 / 600)
    assert "of bill" in text.ranked(mixed)
    every = [replace_inputs(one, shared) if one.name != "raw" else one for one in whole.strategies]
    none = compare_study(dataclasses.replace(whole, strategies=tuple(every)))
    assert none.differences["share_of_bill"].isna().all(), "the baseline shares it as well"
    assert "bill" not in text.ranked(none)
    assert "of the bill" not in ranking_table(none).head
    assert "bill" not in ranking_table(none).caption


def replace_inputs(member: StrategyRow, more: dict[str, Any]) -> StrategyRow:
    return dataclasses.replace(member, inputs={**member.inputs, **more})


def test_the_bill_is_that_of_the_firm_that_shares(comparison: Comparison) -> None:
    assert comparison.bill.parties == ("steel",)
    assert comparison.bill.eur_per_year == 200.0
    assert reference_bill(metrics(), "none", ()).eur_per_year == 1000.0
    assert math.isnan(reference_bill(metrics().query("outcome == 'real_cost'"), "none", ()).eur_per_year)


def test_the_ranking_uses_the_first_goal_that_is_one_value_for_all(comparison: Comparison) -> None:
    assert comparison.goal == "real_cost"
    assert list(comparison.ranking["strategy"]) == ["raw", "none", "=costly"]
    assert list(comparison.ranking["rank"]) == [1, 2, 3]


def test_a_probability_of_being_best_needs_ten_replications(comparison: Comparison) -> None:
    """Raw costs less than none and =costly in every replication, so in every bootstrap sample too."""
    assert comparison.ranking["probability_best"].isna().all()
    assert any(
        "too few for the intervals to be trusted, and for a probability" in words for words in comparison.warnings
    )
    frame = metrics()
    longer = pd.concat([frame.assign(replication=frame["replication"] + 3 * block) for block in range(4)])
    nine, ten = (compare_study(tables(longer[longer["replication"] < n])) for n in (9, 10))
    assert nine.ranking["probability_best"].isna().all()
    assert list(ten.ranking["probability_best"]) == [1.0, 0.0, 0.0]
    assert not any("probability of being best" in words for words in ten.warnings)


def test_who_gains_and_who_loses(comparison: Comparison) -> None:
    words = {(r.strategy, r.party): r.verdict for r in comparison.parties.itertuples()}
    assert words == {
        ("raw", "steel"): "loses", ("raw", "power"): "gains",
        ("=costly", "steel"): "loses", ("=costly", "power"): "loses",
    }  # fmt: skip


def test_transfers_stand_apart_from_real_cost(comparison: Comparison) -> None:
    raw = comparison.transfers[comparison.transfers["strategy"] == "raw"]
    assert {(r.payer, r.payee, r.kind): r.difference for r in raw.itertuples()} == {
        ("power", "steel", "fee"): 4.0, ("steel", "power", "energy"): 0.0,
    }  # fmt: skip
    assert set(comparison.real_costs["payee"]) == {"resources"}
    assert set(comparison.transfers["payee"]) == {"power", "steel"}
    costs = comparison.real_costs.set_index("strategy")["mean"].to_dict()
    assert costs == {"raw": 6.0} | {name: 0.0 for name in costs if name != "raw"}


def test_components_end_with_their_total(comparison: Comparison) -> None:
    raw = comparison.components[comparison.components["strategy"] == "raw"]
    assert list(raw["component"]) == ["cost_energy", "real_cost"]
    assert list(raw["difference"]) == pytest.approx([0.0, -14 / 3])


def test_a_replication_that_one_side_did_not_finish_is_left_out() -> None:
    frame = metrics()
    missing = (frame["strategy"] == "raw") & (frame["replication"] == 0)
    comparison = compare_study(tables(frame[~missing]))
    assert row(comparison, "raw", "real_cost")["n"] == 2
    assert row(comparison, "raw", "real_cost")["difference"] == -5.0
    assert row(comparison, "=costly", "real_cost")["n"] == 3


def test_rounding_is_not_a_result() -> None:
    rows = [(s, r, "real_cost", "", 5e9 + r + e) for s, e in (("none", 0.0), ("raw", 1e-6)) for r in range(4)]
    frame = paired_differences(
        pd.DataFrame(rows, columns=list(METRICS)), "none", reference_bill(metrics(), "none", ())
    )  # fmt: skip
    assert list(frame[["difference", "low", "high"]].iloc[0]) == [0.0, 0.0, 0.0]
    assert frame["verdict"].iloc[0] == "unchanged"


def test_the_rounding_of_sums_is_no_difference() -> None:
    """The payments of a hub add up to 5.5e-12 EUR instead of 0, and once to 1e-9; the economy costs 100 million."""
    levels = {"none": (0.0, 0.0), "raw": (5.5e-12, 1.4e-9)}
    rows = [
        (name, r, outcome, party, value)
        for name, (circle, exchange) in levels.items()
        for r in range(2)
        for outcome, party, value in (
            ("real_cost", "", 1e8), ("party_cost", "circle", circle), ("party_cost", "exchange", exchange * (-1) ** r),
            ("party_cost", "firm", 500.0 + (name == "raw")),
        )
    ]  # fmt: skip
    flows = [(name, r, "circle", "firm", "rent", value[1]) for name, value in levels.items() for r in range(2)]
    whole = dataclasses.replace(
        tables(pd.DataFrame(rows, columns=list(METRICS))), transfers=pd.DataFrame(flows, columns=list(TRANSFERS))
    )
    found = compare_study(whole)
    parties = found.parties.set_index("party")
    assert list(parties["verdict"][["circle", "exchange", "firm"]]) == ["no difference", "no difference", "loses"]
    assert not parties.loc[["circle", "exchange"], ["difference", "low", "high"]].to_numpy().any()
    assert not found.transfers["difference"].any()
    shown = text.full(found)
    assert "e-1" not in shown
    assert re.search(r"circle +no difference +0 +0 to 0", shown)
    assert not [row for row in party_table(found).rows if row[1] == "circle"], "it has no contract and is left out"


def test_a_party_to_a_contract_without_any_difference_is_told_so() -> None:
    frame = metrics()
    frame.loc[(frame["outcome"] == "party_cost") & (frame["party"] == "steel"), "value"] = 5.0
    steel = [row for row in party_table(compare_study(tables(frame))).rows if row[1] == "steel"]
    assert [(cells[2], cells[3]) for cells in steel] == [("no difference", "0")] * 2


def test_chance_that_explains_a_difference_leaves_no_rounding() -> None:
    """The difference is the chance itself up to rounding: nothing is left when it is subtracted."""
    chance = [0.1, 0.2, -0.7]
    rows = [(name, r, outcome, "", value) for name in ("none", "raw") for r in range(3) for outcome, value in (
        ("real_cost", 1e6 + (chance[r] if name == "raw" else 0.0)),
        ("imbalance_covariance", chance[r] if name == "raw" else 0.0),
    )]  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(METRICS))
    (got,) = paired_differences(frame, "none", reference_bill(frame, "none", ())).query(
        "outcome == 'real_cost'"
    ).to_dict("records")  # fmt: skip
    assert got["difference"] != 0.0
    assert [got[f"adjusted_{end}"] for end in ("difference", "low", "high")] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("low", "high", "direction", "word"),
    [
        (-2.0, -1.0, "lower", "better"), (1.0, 2.0, "lower", "worse"), (1.0, 2.0, "higher", "better"),
        (-1.0, 1.0, "lower", "unclear"), (math.nan, math.nan, "lower", "unclear"), (1.0, 2.0, "none", ""),
        (0.0, 0.0, "lower", "unchanged"),
    ],
)  # fmt: skip
def test_verdicts(low: float, high: float, direction: str, word: str) -> None:
    assert verdict(low, high, direction) == word


def test_exactly_nothing_needs_no_interval_to_be_called_unchanged() -> None:
    assert verdict(math.nan, math.nan, "lower", 0.0) == "unchanged"
    assert verdict(math.nan, math.nan, "lower", 1.0) == "unclear"


def test_too_few_replications_and_unfinished_runs_are_warned_of() -> None:
    assert any("n = 3 replications: too few" in words for words in compare_study(tables()).warnings)
    assert any("9 of 9 runs are not finished" in words for words in compare_study(tables(status="pending")).warnings)
    assert any("9 of 9 runs failed" in words for words in compare_study(tables(status="failed")).warnings)


def test_one_replication_and_one_strategy_still_have_an_answer(tmp_path: Path) -> None:
    once = compare_study(tables(metrics().query("replication == 0")))
    assert row(once, "raw", "real_cost")["verdict"] == "unclear"
    assert "n = 1" in text.full(once)
    export.write_xlsx(once, tmp_path / "once.xlsx")
    alone = compare_study(tables(metrics().query("strategy == 'none'")))
    assert list(alone.ranking["strategy"]) == ["none"]
    assert "there is no strategy to compare with the baseline" in text.full(alone)
    json.dumps(export.as_json(alone), allow_nan=False)


def test_strategies_without_a_common_replication_cannot_be_ranked() -> None:
    frame = metrics()
    apart = ((frame["strategy"] == "raw") & (frame["replication"] > 0)) | (frame["strategy"] == "none") & (
        frame["replication"] == 0
    )
    with pytest.raises(StoreError, match="no replication is finished under all strategies yet"):
        compare_study(tables(frame[apart]))


def test_a_coarser_precision_needs_fewer_replications() -> None:
    fine, coarse = (compare_study(tables(), precision=share) for share in (0.05, 0.5))
    needed = [row(comparison, "raw", "real_cost")["replications_needed"] for comparison in (fine, coarse)]
    assert needed[0] > needed[1]
    assert "n for 50 %" in text.full(coarse)
    assert "Bad years: mean cost of the worst 5 % of years" in text.full(fine)


def test_another_baseline_and_an_impossible_one() -> None:
    assert row(compare_study(tables(), baseline="raw"), "none", "real_cost")["difference"] == pytest.approx(14 / 3)
    with pytest.raises(StoreError, match="the baseline 'other' is not a strategy; known: none, raw, =costly"):
        compare_study(tables(), baseline="other")
    with pytest.raises(StoreError, match="the baseline 'none' has no finished run"):
        compare_study(tables(metrics().query("strategy != 'none'")))


def test_the_text_names_intervals_n_and_payments(comparison: Comparison) -> None:
    shown = text.full(comparison)
    for words in ("Does it pay?", "raw against none", "power  steel  fee", "warning: n = 3", "95 % interval", "loses"):
        assert words in shown
    assert "nan" not in shown
    assert text.number(1234567.8) == "1,234,568"
    assert text.number(0.123456) == "0.1235"


def test_json_holds_no_number_that_does_not_exist(comparison: Comparison) -> None:
    tree = json.loads(export.write_json(export.as_json(comparison)), parse_constant=pytest.fail)
    difference = next(d for d in tree["differences"] if (d["strategy"], d["outcome"]) == ("raw", "real_cost"))
    assert difference["difference"] == pytest.approx(-14 / 3)
    assert {"strategies", "differences", "components", "parties", "transfers", "real_costs", "tail"} <= tree.keys()
    assert next(d for d in tree["differences"] if d["outcome"] == "energy_bill")["variance_ratio"] is None


def test_csv_comes_back_as_it_was(comparison: Comparison, tmp_path: Path) -> None:
    export.write_csv(comparison, tmp_path / "differences.csv")
    back = pd.read_csv(tmp_path / "differences.csv", keep_default_na=True)
    words = ["party", "note", "verdict"]
    back[words] = back[words].fillna("")
    pd.testing.assert_frame_equal(back, comparison.differences, check_dtype=False)


def test_xlsx_holds_every_table_and_no_formula(comparison: Comparison, tmp_path: Path) -> None:
    export.write_xlsx(comparison, tmp_path / "comparison.xlsx")
    book = openpyxl.load_workbook(tmp_path / "comparison.xlsx")
    assert book.sheetnames == [
        "about", "strategies", "differences", "components", "parties", "transfers", "real costs", "tail",
    ]  # fmt: skip
    sheet = book["strategies"]
    head = [cell.value for cell in sheet[1]]
    names = [sheet.cell(r, head.index("strategy") + 1) for r in range(2, sheet.max_row + 1)]
    assert [cell.value for cell in names] == ["raw", "none", "=costly"]
    assert {cell.data_type for cell in names} == {"s"}
    assert sheet.cell(2, head.index("title") + 1).value == "title of raw"  # the bell cannot stand in a sheet
    assert sheet.cell(2, head.index("difference") + 1).value == pytest.approx(-14 / 3)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (".", "is a folder"),
        ("missing/x.csv", "there is no folder"),
        ("results.db", "results.db does not end in .csv"),
        ("pipe.csv", "is not an ordinary file"),
    ],
)
def test_a_target_that_must_not_be_replaced_is_bad_input(tmp_path: Path, name: str, said: str) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(InputError, match=said):
        export.check_target(tmp_path / name, "--csv", ".csv")


def test_an_export_follows_a_link(comparison: Comparison, tmp_path: Path) -> None:
    link, target = tmp_path / "link.csv", tmp_path / "target.csv"
    target.write_text("old")
    link.symlink_to(target)
    export.write_csv(comparison, link)
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") != "old"


def test_an_export_that_fails_leaves_the_old_file_and_no_other(comparison: Comparison, tmp_path: Path) -> None:
    target = tmp_path / "comparison.xlsx"
    target.write_text("the old one")
    unwritable = comparison.ranking.assign(title=[object()] * 3)
    broken = Comparison(**{**comparison.__dict__, "ranking": unwritable})
    with pytest.raises(ValueError, match="Cannot convert"):
        export.write_xlsx(broken, target)
    assert target.read_text() == "the old one"
    assert [path.name for path in tmp_path.iterdir()] == ["comparison.xlsx"]
