"""Calibrated tables of loads, prices and power stations that come with the package."""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.calibrate import (
    check_table,
)
from analysis.calibrate_rebuild import RECIPES, rebuild, source_entries
from analysis.calibrate_stack import PLAUSIBLE
from model.reference import table_names
from tests.unit.calibration import RAW, needs_raw, table_tree


def _committed() -> list[Any]:
    return [entry for entry in files("model").joinpath("data").iterdir() if entry.name.endswith(".json")]


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
    stack = table_tree("stack_de")
    plants = pd.read_parquet(RAW / "eu_powerplants" / "powerplants_ge10mw.parquet")
    plants = plants.query("Country == 'Germany' and not (DateOut <= 2025) and not (DateIn > 2025)")
    for fuel in ("Lignite", "Hard Coal", "Natural Gas", "Oil"):
        name = fuel.lower().replace(" ", "_")
        blocks = [block for block in stack["blocks"] if block["fuel"] == name]
        real = plants[plants["Fueltype"] == fuel]
        assert sum(block["capacity_mw"] for block in blocks) == pytest.approx(real["Capacity"].sum(), rel=1e-4)
        assert sum(block["units"] for block in blocks) == len(real)


def test_stack_blocks_are_plausible() -> None:
    stack = table_tree("stack_de")
    assert 10 <= len(stack["blocks"]) <= 60
    low, high = min(pair[0] for pair in PLAUSIBLE.values()), max(pair[1] for pair in PLAUSIBLE.values())
    for block in stack["blocks"]:
        assert low <= block["efficiency"] <= high
        assert 0 <= block["assumed_efficiency_share"] <= 1
    gas = [b for b in stack["blocks"] if b["fuel"] == "natural_gas"]
    assert {b["emission_t_per_mwh_fuel"] for b in gas} == {0.202}
