"""Calibration: statistics against independent code, and fits to series of known origin."""

import datetime
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.calibrate import (
    CheckRow,
    check_table,
    error_table_tree_of_series,
    load_table_tree,
    weekday_notes,
)
from analysis.calibrate_error import error_statistics
from analysis.calibrate_statistics import autocorrelation, load_statistics, price_statistics
from analysis.calibrate_tables import write_table
from model.calendar import build_calendar
from model.errors import InputError
from model.reference import forecast_error_table, load_table
from tests.unit.calibration import TEXT, made_up_works, run, table_tree


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


@pytest.mark.parametrize("days", [365, 90, 730])
def test_a_made_up_works_is_reproduced(tmp_path: Path, days: int) -> None:
    tree = load_table_tree(made_up_works(days), datetime.date(2025, 1, 1), frozenset(), TEXT)
    write_table(tree, tmp_path / "own.json")
    check = check_table(tmp_path / "own.json")
    assert check.passed, [row for row in check.rows if not row.passed]


def test_a_table_that_was_tampered_with_fails(tmp_path: Path) -> None:
    tree = table_tree("metal_processing_2018")
    tree["fit"]["real_quantiles"] = (np.array(tree["fit"]["real_quantiles"]) ** 1.3).tolist()
    path = tmp_path / "tampered.json"
    path.write_text(json.dumps(tree), encoding="utf-8")
    assert not check_table(path).passed
    result = run("--check", "--table", str(path))
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
    days = made_up_works()
    assert weekday_notes(days, datetime.date(2025, 1, 1)) == ()
    (note,) = weekday_notes(days, datetime.date(2024, 1, 1))
    assert "Thursdays" in note or "Fridays" in note
    assert "--first-date" in note
