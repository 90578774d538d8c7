"""The command that calibrates and checks."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.calibrate import (
    INDUSTRY_TABLES,
    checked_tables,
)
from model.errors import InputError
from model.reference import forecast_error_table, load_table, price_table, table_names
from tests.unit.calibration import RAW, made_up_works, needs_raw, run


def _csv(path: Path, columns: dict[str, np.ndarray[Any, Any]], freq: str) -> Path:
    first = next(iter(columns.values()))
    stamps = pd.date_range("2025-01-01", periods=first.size, freq=freq)
    frame = pd.DataFrame({"time": stamps} | {name: values.ravel() for name, values in columns.items()})
    frame.to_csv(path, index=False)
    return path


def test_load_command_makes_a_table_that_loads_and_passes(tmp_path: Path) -> None:
    meter = _csv(tmp_path / "meter.csv", {"load_kw": made_up_works()}, "15min")
    out = tmp_path / "own.json"
    result = run(
        "load", str(meter), "--out", str(out), "--source", "meter 17", "--date", "2026-01-02", "--holidays", "none"
    )
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    table = load_table(out)
    assert (table.provenance.table, table.provenance.source, table.provenance.date) == ("own", "meter 17", "2026-01-02")
    assert table.statistics["mean"].value == pytest.approx(1.0)
    assert run("--check", "--table", str(out)).exit_code == 0


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
    result = run(
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
    result = run(
        "forecast-error", str(path), "--forecast-column", "forecast_mw", "--actual-column", "load_mw", "--out", str(out)
    )
    assert result.exit_code == 0, result.output
    assert forecast_error_table(out).statistics["mean"].value == pytest.approx(0.01, abs=0.002)


@needs_raw
def test_forecast_error_command_from_statistics(tmp_path: Path) -> None:
    folder = RAW / "forecast_error_statistics"
    out = tmp_path / "error.json"
    result = run(
        "forecast-error",
        str(folder / "load_relative_error_by_hour.csv"),
        "--autocorrelation",
        str(folder / "load_error_autocorrelation.csv"),
        "--out",
        str(out),
    )
    assert result.exit_code == 0, result.output
    assert np.array_equal(forecast_error_table(out).bias, forecast_error_table("load_error_de_2015_2018").bias)


def test_check_prints_json_for_every_table() -> None:
    result = run("--check", "--json")
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
    result = run(*arguments)
    assert isinstance(result.exception, InputError)
    assert expected in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_check_and_subcommand_do_not_mix() -> None:
    assert run("--check", "load", "a.csv", "--out", "b.json").exit_code == 2


@pytest.mark.parametrize("command", [[], ["load"], ["price"], ["forecast-error"]])
def test_every_help_shows_an_example(command: list[str]) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert "tandem calibrate" in result.output
