"""Calibrated tables of industries: utilisation, inputs, end uses of energy, learning rates."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.calibrate import (
    check_table,
)
from analysis.calibrate_industry import SECTORS
from analysis.calibrate_rebuild import RECIPES, rebuild
from tests.unit.calibration import RAW, needs_raw, run, table_tree


def test_utilisation_of_primary_metals_is_the_census_value() -> None:
    table = table_tree("utilisation_us")
    assert table["industries"]["331"]["utilisation"] == pytest.approx(0.7024)
    assert table["industries"]["331"]["sd"] == pytest.approx(0.0775)


def test_inputs_of_the_industries_add_up_to_those_of_their_sectors() -> None:
    """The industries' inputs, weighted by output, are another way to the sectors' inputs than the table's own rows."""
    table = table_tree("input_output_us")
    square = np.array(table["direct_requirements"])
    industries = table["industries"]
    assert (square.sum(axis=0) < 1.0).all()
    for k, members in enumerate(SECTORS.values()):
        outputs = np.array([industries[code]["gross_output_musd"] for code in members])
        inputs = np.array([industries[code]["inputs"] for code in members])
        assert outputs.sum() == pytest.approx(table["gross_output_musd"][k], rel=1e-5)
        assert outputs @ inputs / outputs.sum() == pytest.approx(square[:, k], abs=2e-5)


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("input_output_us", lambda t: t["industries"]["331"]["inputs"].__setitem__(2, 0.5)),
        ("energy_use_us", lambda t: t["industries"]["331"]["fuel_shares"].update(hvac=0.5)),
        ("learning_rates", lambda t: t["all"].update(p50=0.3)),
    ],
)
def test_a_table_of_industries_is_checked_by_its_parts(tmp_path: Path, name: str, spoil: Any) -> None:
    assert check_table(name).passed
    table = table_tree(name)
    spoil(table)
    (tmp_path / "own.json").write_text(json.dumps(table), encoding="utf-8")
    check = check_table(tmp_path / "own.json")
    assert not check.passed
    assert sum(not row.passed for row in check.rows) == 1
    result = run("--check", "--table", str(tmp_path / "own.json"))
    assert result.exit_code == 1
    assert result.stdout.count("FAIL") == 2


@needs_raw
def test_inputs_and_value_added_are_the_whole_output() -> None:
    table = table_tree("input_output_us")
    raw = pd.read_csv(RAW / "us_bea_input_output" / "value_added_rows_summary_2023.csv", index_col=0)
    added = raw.filter(like="V00", axis=0).sum()
    for code, industry in table["industries"].items():
        share = added[code] / industry["gross_output_musd"]
        assert sum(industry["inputs"]) + share == pytest.approx(1.0, abs=2e-3), code


def test_end_uses_are_shares_of_a_whole() -> None:
    for code, industry in table_tree("energy_use_us")["industries"].items():
        for kind in ("electricity_shares", "fuel_shares"):
            assert sum(industry[kind].values()) == pytest.approx(1.0, abs=0.02), (code, kind)


@needs_raw
def test_energy_of_primary_metals_is_the_survey_s() -> None:
    """Read from the two published tables by another route; one of them has the fillers of suppressed cells."""
    folder = RAW / "us_mfg_utilisation_energy"
    metals = table_tree("energy_use_us")["industries"]["331"]
    totals = pd.read_csv(folder / "eia_mecs2014_table3_2_tbtu.csv.gz", dtype={"naics": str}).set_index("naics")
    uses = pd.read_csv(folder / "eia_mecs2014_table5_2_enduse_tbtu.csv.gz", dtype={"naics": str})
    row = totals[totals["region"] == "United States"].loc["331"]
    kwh = 1e12 / 3412.14 / (metals["gross_output_musd"] * 1e6)
    assert metals["electricity_kwh_usd"] == pytest.approx(row["net_electricity"] * kwh, rel=1e-3)
    assert metals["fuel_kwh_usd"] == pytest.approx((row["total"] - row["net_electricity"]) * kwh, rel=1e-3)
    drive = uses.query("naics == '331' and end_use == 'Machine Drive'")["net_electricity"].item()
    assert metals["electricity_shares"]["machine_drive"] == pytest.approx(drive / row["net_electricity"], rel=1e-4)


@needs_raw
def test_learning_rates_are_the_percentiles_of_the_regressions() -> None:
    raw = pd.read_csv(RAW / "learning_rates_derived" / "learning_rates.csv")
    table = table_tree("learning_rates")
    assert table["all"]["technologies"] == len(raw)
    rates = raw["learning_rate_pct"] / 100
    assert [table["all"][f"p{rank}"] for rank in (5, 50, 95)] == pytest.approx(rates.quantile([0.05, 0.5, 0.95]), 1e-5)
    assert table["long"]["p50"] == pytest.approx(rates[raw["doublings"] >= 2].median(), rel=1e-5)
    # a rate is what its exponent says: 2 to the power of the exponent is left of the cost
    assert 1 - 2 ** table["all"]["median_exponent"] == pytest.approx(table["all"]["p50"], abs=1e-3)


@needs_raw
def test_rebuilding_the_tables_of_industries_gives_the_committed_bytes(tmp_path: Path) -> None:
    names = {"utilisation_us", "energy_use_us", "input_output_us", "learning_rates"}
    paths = rebuild(RAW, tmp_path, [recipe for recipe in RECIPES if recipe.table in names])
    assert {path.stem for path in paths} == names
    for path in paths:
        assert path.read_bytes() == files("model").joinpath("data", path.name).read_bytes(), path.name
