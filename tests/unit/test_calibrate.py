"""Calibration: real series to table, table back to series, and the command."""

import datetime
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from analysis.calibrate import (
    INDUSTRY_TABLES,
    CheckRow,
    check_table,
    checked_tables,
    error_table_tree_of_series,
    load_table_tree,
    weekday_notes,
)
from analysis.calibrate_error import error_statistics
from analysis.calibrate_industry import SECTORS
from analysis.calibrate_rebuild import RECIPES, read_error_statistics, rebuild, source_entries
from analysis.calibrate_stack import PLAUSIBLE
from analysis.calibrate_statistics import autocorrelation, load_statistics, price_statistics
from analysis.calibrate_tables import TableText, rounded, table_text, write_table
from analysis.cli_calibrate import calibrate
from model.calendar import build_calendar
from model.errors import InputError
from model.reference import forecast_error_table, load_table, price_table, table_names

RAW = Path(__file__).resolve().parents[3] / "shared" / "data"
TEXT = TableText("own", "test: made up here", "none", "nobody", "2026-01-01")
needs_raw = pytest.mark.skipif(not RAW.is_dir(), reason="the raw series (../shared/data) are not on this machine")


def _committed() -> list[Any]:
    return [entry for entry in files("model").joinpath("data").iterdir() if entry.name.endswith(".json")]


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(calibrate, list(arguments))


# --- committed tables --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", table_names())
def test_every_committed_generator_reproduces_its_real_series(name: str) -> None:
    check = check_table(name)
    failed = [row for row in check.rows if not row.passed]
    assert check.years >= 30
    assert check.passed, failed
    assert len(check.rows) >= 10


def test_the_steel_table_reaches_what_the_method_promises() -> None:
    """Design target: steel 90 % of ten statistics within 5 %, price with residual load 85 % of its statistics."""
    for name, share in (("steel_works_2018", 0.9), ("day_ahead_de_lu_2025", 0.85)):
        rows = check_table(name).rows
        assert sum(row.within_5_percent for row in rows) >= share * len(rows)


@needs_raw
@pytest.mark.slow
def test_rebuilding_gives_the_committed_bytes(tmp_path: Path) -> None:
    paths = rebuild(RAW, tmp_path)
    assert sorted(path.name for path in paths) == sorted(entry.name for entry in _committed())
    for path in paths:
        assert path.read_bytes() == files("model").joinpath("data", path.name).read_bytes(), path.name


def test_tables_are_compact_and_carry_their_source() -> None:
    sources = source_entries()
    assert {recipe.source for recipe in RECIPES} == set(sources)
    for entry in _committed():
        text = entry.read_text(encoding="utf-8")
        tree = json.loads(text)
        assert len(text) < 100_000, entry.name
        source = tree["source"].split(":")[0]
        assert tree["licence"] == sources[source]["licence"]
        assert tree["attribution"] == sources[source]["attribution"]
        digits = [len(number.replace(".", "").strip("0")) for number in re.findall(r"(?<![\w\"])\d+\.\d+", text)]
        assert max(digits) <= 6, entry.name
        assert "http" not in text


def test_the_share_alike_source_is_not_used() -> None:
    assert not any("vcdb" in entry.read_text(encoding="utf-8").lower() for entry in _committed())


@needs_raw
def test_the_stack_holds_the_capacity_of_the_plant_list() -> None:
    stack = json.loads(files("model").joinpath("data", "stack_de.json").read_text(encoding="utf-8"))
    plants = pd.read_parquet(RAW / "eu_powerplants" / "powerplants_ge10mw.parquet")
    plants = plants.query("Country == 'Germany' and not (DateOut <= 2025) and not (DateIn > 2025)")
    for fuel in ("Lignite", "Hard Coal", "Natural Gas", "Oil"):
        name = fuel.lower().replace(" ", "_")
        blocks = [block for block in stack["blocks"] if block["fuel"] == name]
        real = plants[plants["Fueltype"] == fuel]
        assert sum(block["capacity_mw"] for block in blocks) == pytest.approx(real["Capacity"].sum(), rel=1e-4)
        assert sum(block["units"] for block in blocks) == len(real)


def test_stack_blocks_are_plausible() -> None:
    stack = json.loads(files("model").joinpath("data", "stack_de.json").read_text(encoding="utf-8"))
    assert 10 <= len(stack["blocks"]) <= 60
    low, high = min(pair[0] for pair in PLAUSIBLE.values()), max(pair[1] for pair in PLAUSIBLE.values())
    for block in stack["blocks"]:
        assert low <= block["efficiency"] <= high
        assert 0 <= block["assumed_efficiency_share"] <= 1
    gas = [b for b in stack["blocks"] if b["fuel"] == "natural_gas"]
    assert {b["emission_t_per_mwh_fuel"] for b in gas} == {0.202}


def test_utilisation_of_primary_metals_is_the_census_value() -> None:
    table = json.loads(files("model").joinpath("data", "utilisation_us.json").read_text(encoding="utf-8"))
    assert table["industries"]["331"]["utilisation"] == pytest.approx(0.7024)
    assert table["industries"]["331"]["sd"] == pytest.approx(0.0775)


def _table(name: str) -> Any:
    return json.loads(files("model").joinpath("data", f"{name}.json").read_text(encoding="utf-8"))


def test_inputs_of_the_industries_add_up_to_those_of_their_sectors() -> None:
    """The industries' inputs, weighted by output, are another way to the sectors' inputs than the table's own rows."""
    table = _table("input_output_us")
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
    table = _table(name)
    spoil(table)
    (tmp_path / "own.json").write_text(json.dumps(table), encoding="utf-8")
    check = check_table(tmp_path / "own.json")
    assert not check.passed
    assert sum(not row.passed for row in check.rows) == 1
    result = _run("--check", "--table", str(tmp_path / "own.json"))
    assert result.exit_code == 1
    assert result.stdout.count("FAIL") == 2


@needs_raw
def test_inputs_and_value_added_are_the_whole_output() -> None:
    table = _table("input_output_us")
    raw = pd.read_csv(RAW / "us_bea_input_output" / "value_added_rows_summary_2023.csv", index_col=0)
    added = raw.filter(like="V00", axis=0).sum()
    for code, industry in table["industries"].items():
        share = added[code] / industry["gross_output_musd"]
        assert sum(industry["inputs"]) + share == pytest.approx(1.0, abs=2e-3), code


def test_end_uses_are_shares_of_a_whole() -> None:
    for code, industry in _table("energy_use_us")["industries"].items():
        for kind in ("electricity_shares", "fuel_shares"):
            assert sum(industry[kind].values()) == pytest.approx(1.0, abs=0.02), (code, kind)


@needs_raw
def test_energy_of_primary_metals_is_the_survey_s() -> None:
    """Read from the two published tables by another route; one of them has the fillers of suppressed cells."""
    folder = RAW / "us_mfg_utilisation_energy"
    metals = _table("energy_use_us")["industries"]["331"]
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
    table = _table("learning_rates")
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


# --- statistics against independent code -------------------------------------------------------------


def test_statistics_agree_with_pandas() -> None:
    rng = np.random.default_rng(4)
    calendar = build_calendar(datetime.date(2025, 1, 1), 90, "DE")
    values = rng.gamma(2.0, 1.0, (90, 96)) * (1 + (calendar.day_type == 0))[:, None]
    stamps = pd.date_range("2025-01-01", periods=90 * 96, freq="15min")
    series = pd.Series(values.ravel(), stamps)
    got = load_statistics(values, calendar.day_type, calendar.month)
    assert got["mean"] == pytest.approx(series.mean())
    assert got["standard_deviation"] == pytest.approx(series.std(ddof=0))
    for hours in (1, 24, 168):
        assert got[f"autocorrelation_{hours}h"] == pytest.approx(series.autocorr(4 * hours))
    assert got["p1"] == pytest.approx(series.quantile(0.01))
    assert got["p99"] == pytest.approx(series.quantile(0.99))
    assert got["load_factor"] == pytest.approx(series.mean() / series.max())
    assert got["monthly_peak"] == pytest.approx(series.resample("MS").max().mean())
    rest = np.repeat(calendar.day_type > 0, 96)
    assert got["weekday_weekend_ratio"] == pytest.approx(series[~rest].mean() / series[rest].mean())


def test_price_statistics_agree_with_pandas() -> None:
    rng = np.random.default_rng(5)
    residual = rng.normal(30_000, 15_000, (60, 24))
    price = 10 + 0.003 * residual + rng.normal(0, 20, (60, 24))
    calendar = build_calendar(datetime.date(2025, 1, 1), 60, "DE")
    got = price_statistics(price, residual, calendar.day_type)
    frame = pd.DataFrame({"p": price.ravel(), "r": residual.ravel()})
    assert got["negative_share"] == pytest.approx((frame["p"] < 0).mean())
    assert got["residual_load_correlation"] == pytest.approx(frame["p"].corr(frame["r"]))
    assert got["residual_load_slope"] == pytest.approx(frame["p"].cov(frame["r"]) / frame["r"].var())
    assert got["daily_spread"] == pytest.approx(pd.DataFrame(price).apply(np.ptp, axis=1).mean())


def test_a_constant_has_no_autocorrelation() -> None:
    assert np.isnan(autocorrelation(np.ones(100), 1))
    assert np.isnan(autocorrelation(np.arange(5.0), 20))


def test_tolerance_is_five_percent_or_two_sampling_errors(tmp_path: Path) -> None:
    target = load_table("steel_works_2018").statistics["weekday_weekend_ratio"]
    assert target.tolerance == max(0.05 * target.value, 2 * target.sampling_sd)
    assert CheckRow("x", 10.0, 10.6, 0.5, 0.1).passed is False
    assert CheckRow("x", 10.0, 10.6, 0.7, 0.35).passed is True
    assert CheckRow("x", 10.0, 10.6, 0.7, 0.35).within_5_percent is False


# --- fits --------------------------------------------------------------------------------------------


def _works(days: int = 365) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A made-up works: two shifts, quiet week-ends, summer below winter, noise; 2025 starts on a Wednesday."""
    rng = np.random.default_rng(1)
    day, slot = np.arange(days)[:, None], np.arange(96)[None, :]
    busy = ((day + 2) % 7 < 5) & (slot >= 24) & (slot < 88)
    season = 1 + 0.2 * np.cos(2 * np.pi * day / 365)
    return np.asarray(season * (20 + 80 * busy) * rng.gamma(40, 1 / 40, (days, 96)))


@pytest.mark.parametrize("days", [365, 90, 730])
def test_a_made_up_works_is_reproduced(tmp_path: Path, days: int) -> None:
    tree = load_table_tree(_works(days), datetime.date(2025, 1, 1), frozenset(), TEXT)
    write_table(tree, tmp_path / "own.json")
    check = check_table(tmp_path / "own.json")
    assert check.passed, [row for row in check.rows if not row.passed]


def test_a_table_that_was_tampered_with_fails(tmp_path: Path) -> None:
    tree = json.loads(files("model").joinpath("data", "metal_processing_2018.json").read_text(encoding="utf-8"))
    tree["fit"]["real_quantiles"] = (np.array(tree["fit"]["real_quantiles"]) ** 1.3).tolist()
    path = tmp_path / "tampered.json"
    path.write_text(json.dumps(tree), encoding="utf-8")
    assert not check_table(path).passed
    result = _run("--check", "--table", str(path))
    assert result.exit_code == 1
    assert "FAIL" in result.output


def test_forecast_errors_of_a_known_process_are_recovered(tmp_path: Path) -> None:
    """Errors with hourly autocorrelation .9, sd .03, bias +.02 on workdays and -.01 at week-ends, 4 years."""
    rng = np.random.default_rng(2)
    calendar = build_calendar(datetime.date(2021, 1, 1), 1461, "none")
    noise = np.empty(1461 * 24)
    noise[0] = 0.0
    shock = rng.normal(0, np.sqrt(1 - 0.81), noise.size)
    for t in range(1, noise.size):
        noise[t] = 0.9 * noise[t - 1] + shock[t]
    bias = np.where(calendar.day_type == 0, 0.02, -0.01)[:, None]
    errors = bias + 0.03 * noise.reshape(-1, 24)
    forecast = np.full(errors.shape, 250.0)
    tree = error_table_tree_of_series(forecast, forecast * (1 + errors), datetime.date(2021, 1, 1), frozenset(), TEXT)
    write_table(tree, tmp_path / "error.json")
    table = forecast_error_table(tmp_path / "error.json")
    assert table.bias.mean(axis=1) == pytest.approx([0.02, -0.01], abs=0.003)
    assert table.sd.mean() == pytest.approx(0.03, rel=0.05)
    assert table.standard_deviation == pytest.approx(errors.std(), rel=0.02)
    hourly = pd.Series(errors.ravel()).autocorr(1)
    assert table.statistics["autocorrelation_1h"].value == pytest.approx(hourly, abs=1e-4)
    assert check_table(tmp_path / "error.json").passed


def test_error_statistics_are_those_of_the_cells() -> None:
    rng = np.random.default_rng(3)
    errors, weekend = rng.normal(0, 1, (70, 24)), np.arange(70) % 7 // 5
    known = error_statistics(errors, weekend)
    assert known.bias[1, 5] == pytest.approx(errors[weekend == 1, 5].mean())
    assert known.sd[0, 23] == pytest.approx(errors[weekend == 0, 23].std())
    assert known.quantiles[0, 3, 0] == errors[weekend == 0, 3].min()
    assert known.quantiles[0, 3, -1] == errors[weekend == 0, 3].max()
    assert known.count.tolist() == [[50.0] * 24, [20.0] * 24]


@pytest.mark.parametrize(("days", "expected"), [(27, "27 whole days"), (0, "0 whole days")])
def test_short_series_are_not_calibrated(days: int, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        load_table_tree(np.ones((days, 96)), datetime.date(2025, 1, 1), frozenset(), TEXT)


def test_a_dead_meter_is_not_calibrated() -> None:
    with pytest.raises(InputError, match="zero throughout"):
        load_table_tree(np.zeros((60, 96)), datetime.date(2025, 1, 1), frozenset(), TEXT)


def test_a_flat_load_is_calibrated_without_the_statistics_it_has_not(tmp_path: Path) -> None:
    tree = load_table_tree(np.full((60, 96), 3.0), datetime.date(2025, 1, 1), frozenset(), TEXT)
    write_table(tree, tmp_path / "flat.json")
    assert "autocorrelation_1h" not in tree["statistics"]
    assert check_table(tmp_path / "flat.json").share == 1.0


def test_rest_on_a_workday_is_pointed_out() -> None:
    days = _works()
    assert weekday_notes(days, datetime.date(2025, 1, 1)) == ()
    (note,) = weekday_notes(days, datetime.date(2024, 1, 1))
    assert "Thursdays" in note or "Fridays" in note
    assert "--first-date" in note


# --- tables on disk ----------------------------------------------------------------------------------


def test_numbers_keep_six_digits() -> None:
    assert rounded(123456.789) == 123457.0
    assert rounded([0.000123456789, 1e-15, 7]) == [0.000123457, 0.0, 7]


def test_written_text_is_json_and_ends_in_a_line_feed() -> None:
    tree = {"a": np.array([[1.0, 2.0], [3.0, 4.0]]), "b": {"c": []}, "d": [{"e": 1}], "ü": "ß"}
    text = table_text(tree)
    assert text.endswith("}\n")
    assert json.loads(text) == {"a": [[1, 2], [3, 4]], "b": {"c": []}, "d": [{"e": 1}], "ü": "ß"}


def _damaged(tmp_path: Path, name: str, **changes: Any) -> Path:
    tree = json.loads(files("model").joinpath("data", f"{name}.json").read_text(encoding="utf-8"))
    for key, value in changes.items():
        place = tree["fit"] if key in tree["fit"] else tree
        if value is None:
            del place[key]
        else:
            place[key] = value
    path = tmp_path / "damaged.json"
    path.write_text(json.dumps(tree), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"kind": "price"}, ["kind", "'price'", "'load'"]),
        ({"scores": None, "licence": None}, ["fit.scores: is missing", "licence: is missing"]),
        ({"mean": [[1.0, 2.0]]}, ["fit.mean", "has shape 1x2", "1x96"]),
        ({"mean": "text"}, ["fit.mean", "not an array"]),
        ({"noise_ar": [1.5]}, ["fit.noise_ar", "not stationary"]),
        ({"noise_ar": [float("nan")]}, ["fit.noise_ar", "not finite"]),
        ({"day_type": [1e300] * 365}, ["fit.day_type", "other values than 0, 1, 2"]),
        ({"block_weeks": 0}, ["fit.block_weeks", "is 0", "from 1 to 26"]),
        ({"statistics": {"mean": {"value": 1}}}, ["statistics.mean", "sampling_sd"]),
        ({"source": ""}, ["source", "not empty"]),
        ({"noise_level": [[2.0, 1.0, 3.0]], "noise_sd": [[1.0, 1.0, 1.0]]}, ["fit.noise_level", "ascending"]),
    ],
)
def test_a_damaged_table_is_refused_with_every_fault(
    tmp_path: Path, changes: dict[str, Any], expected: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        load_table(_damaged(tmp_path, "metal_processing_2018", **changes))
    for part in expected:
        assert part in str(caught.value)


def test_damaged_error_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        forecast_error_table(
            _damaged(tmp_path, "load_error_de_2015_2018", weights=[0.5, 0.1, 0.1], fast_memory=1.0, statistics={})
        )
    for part in ("variance shares", "fast_memory", "statistics.standard_deviation"):
        assert part in str(caught.value)


def test_a_table_written_anew_is_read_anew(tmp_path: Path) -> None:
    path = _damaged(tmp_path, "metal_processing_2018")
    assert load_table(path).provenance.date != "1999-12-31"
    path = _damaged(tmp_path, "metal_processing_2018", date="1999-12-31", method="changed")
    assert load_table(path).provenance.date == "1999-12-31"


def test_an_interrupted_write_leaves_the_old_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "own.json"
    write_table({"a": 1}, path)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_table({"a": 2}, path)
    assert json.loads(path.read_text()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("steel_work_2018", "did you mean steel_works_2018"),
        ("nowhere/table.json", "no such calibrated table"),
    ],
)
def test_unknown_tables_are_refused(name: str, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        load_table(name)


@pytest.mark.parametrize("raw", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 5000])
def test_files_that_are_no_table_are_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "own.json"
    path.write_bytes(raw)
    with pytest.raises(InputError, match="is not a JSON"):
        price_table(path)


# --- the command -------------------------------------------------------------------------------------


def _csv(path: Path, columns: dict[str, np.ndarray[Any, Any]], freq: str) -> Path:
    first = next(iter(columns.values()))
    stamps = pd.date_range("2025-01-01", periods=first.size, freq=freq)
    frame = pd.DataFrame({"time": stamps} | {name: values.ravel() for name, values in columns.items()})
    frame.to_csv(path, index=False)
    return path


def test_load_command_makes_a_table_that_loads_and_passes(tmp_path: Path) -> None:
    meter = _csv(tmp_path / "meter.csv", {"load_kw": _works()}, "15min")
    out = tmp_path / "own.json"
    result = _run(
        "load", str(meter), "--out", str(out), "--source", "meter 17", "--date", "2026-01-02", "--holidays", "none"
    )
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    table = load_table(out)
    assert (table.provenance.table, table.provenance.source, table.provenance.date) == ("own", "meter 17", "2026-01-02")
    assert table.statistics["mean"].value == pytest.approx(1.0)
    assert _run("--check", "--table", str(out)).exit_code == 0


def test_price_command_with_residual_load(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    residual = 30_000 + 9_000 * np.sin(np.arange(24) / 24 * 6.28)[None, :] + rng.normal(0, 4_000, (120, 1))
    wind = rng.uniform(0, 9_000, (120, 1)) * np.ones((1, 24))
    prices = _csv(
        tmp_path / "zone.csv",
        {"price_eur_mwh": 0.003 * residual + rng.normal(0, 5, (120, 24)), "load_mw": residual + wind, "wind_mw": wind},
        "h",
    )
    out = tmp_path / "zone.json"
    result = _run(
        "price",
        str(prices),
        "--column",
        "price_eur_mwh",
        "--residual-load",
        "load_mw - wind_mw",
        "--zone",
        "XX",
        "--out",
        str(out),
    )
    assert result.exit_code == 0, result.output
    table = price_table(out)
    assert (table.zone, table.has_residual_load) == ("XX", True)
    assert table.statistics["residual_load_mean"].value == pytest.approx(residual.mean(), rel=1e-4)


def test_forecast_error_command_from_a_raw_series(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    forecast = np.full((200, 24), 300.0)
    actual = forecast * rng.normal(1.01, 0.03, (200, 24))
    path = _csv(tmp_path / "fc.csv", {"forecast_mw": forecast, "load_mw": actual}, "h")
    out = tmp_path / "error.json"
    result = _run(
        "forecast-error", str(path), "--forecast-column", "forecast_mw", "--actual-column", "load_mw", "--out", str(out)
    )
    assert result.exit_code == 0, result.output
    assert forecast_error_table(out).statistics["mean"].value == pytest.approx(0.01, abs=0.002)


@needs_raw
def test_forecast_error_command_from_statistics(tmp_path: Path) -> None:
    folder = RAW / "forecast_error_statistics"
    out = tmp_path / "error.json"
    result = _run(
        "forecast-error",
        str(folder / "load_relative_error_by_hour.csv"),
        "--autocorrelation",
        str(folder / "load_error_autocorrelation.csv"),
        "--out",
        str(out),
    )
    assert result.exit_code == 0, result.output
    assert np.array_equal(forecast_error_table(out).bias, forecast_error_table("load_error_de_2015_2018").bias)


def test_statistics_files_with_holes_are_refused(tmp_path: Path) -> None:
    names = "weekend,hour,count,mean,std,min,1%,5%,25%,50%,75%,95%,99%,max"
    (tmp_path / "hours.csv").write_text(f"{names}\nFalse,0,{','.join('1' * 12)}\n", encoding="utf-8")
    (tmp_path / "lags.csv").write_text("lag_15min,autocorr\n4,.9\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_error_statistics(tmp_path / "hours.csv", tmp_path / "lags.csv")
    assert "no row for weekend True, hour 23" in str(caught.value)
    assert "no row for lag 672" in str(caught.value)


def test_check_prints_json_for_every_table() -> None:
    result = _run("--check", "--json")
    tree = json.loads(result.stdout)
    assert result.exit_code == 0
    assert [table["table"] for table in tree["tables"]] == checked_tables() == [*table_names(), *INDUSTRY_TABLES]
    row = tree["tables"][0]["statistics"][0]
    assert set(row) == {"statistic", "real", "simulated", "tolerance", "sampling_sd", "passed", "within_5_percent"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--check", "--years", "3"], "at least 30"),
        (["--check", "--table", "steel_work_2018"], "did you mean steel_works_2018"),
        (["--rebuild", "--data", "nowhere"], "raw series of table steel_works_2018 not found"),
        (["load", "absent.csv", "--out", "x.json"], "no such file"),
        (["load", "absent.csv", "--out", "nowhere/x.json"], "there is no folder"),
        (["load", "absent.csv", "--out", "x.json", "--date", "soon"], "--date"),
        (["forecast-error", "absent.csv", "--out", "x.json"], "--forecast-column and --actual-column"),
    ],
)
def test_bad_calls_raise_input_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = _run(*arguments)
    assert isinstance(result.exception, InputError)
    assert expected in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_check_and_subcommand_do_not_mix() -> None:
    assert _run("--check", "load", "a.csv", "--out", "b.json").exit_code == 2


@pytest.mark.parametrize("command", [[], ["load"], ["price"], ["forecast-error"]])
def test_every_help_shows_an_example(command: list[str]) -> None:
    result = _run(*command, "--help")
    assert result.exit_code == 0
    assert "tandem calibrate" in result.output
