"""What the tests of calibration share: the raw series, committed tables, a made-up works, the command."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from analysis.calibrate_tables import TableText
from analysis.cli_calibrate import calibrate

RAW = Path(__file__).resolve().parents[3] / "shared" / "data"
TEXT = TableText("own", "test: made up here", "none", "nobody", "2026-01-01")
needs_raw = pytest.mark.skipif(not RAW.is_dir(), reason="the raw series (../shared/data) are not on this machine")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(calibrate, list(arguments))


def table_tree(name: str) -> Any:
    return json.loads(files("model").joinpath("data", f"{name}.json").read_text(encoding="utf-8"))


def made_up_works(days: int = 365) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A made-up works: two shifts, quiet week-ends, summer below winter, noise; 2025 starts on a Wednesday."""
    rng = np.random.default_rng(1)
    day, slot = np.arange(days)[:, None], np.arange(96)[None, :]
    busy = ((day + 2) % 7 < 5) & (slot >= 24) & (slot < 88)
    season = 1 + 0.2 * np.cos(2 * np.pi * day / 365)
    return np.asarray(season * (20 + 80 * busy) * rng.gamma(40, 1 / 40, (days, 96)))
