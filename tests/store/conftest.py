"""A small study on the real engine, and what a store holds of it."""

import dataclasses
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from scenarios.spec import RunPlan, Study, load_study
from scenarios.store import Reader

PAIR = Path(__file__).with_name("pair.yaml")


@pytest.fixture
def small_study() -> Callable[..., Study]:
    """Return a maker of small versions of the study `pair`."""

    def make(replications: int = 3, days: int = 4, burn_in: int = 3, seed: int = 7, sweep: bool = False) -> Study:
        study = load_study(str(PAIR), sets=[f"calendar.days={days}", f"calendar.burn_in={burn_in}", f"run.seed={seed}"])
        evaluation = study.evaluation.limited(study.strategies, ("break_even",) if sweep else ())
        return dataclasses.replace(study, run=RunPlan(seed, replications), evaluation=evaluation)

    return make


@pytest.fixture
def hashes() -> Callable[[str | Path], dict[tuple[str, float | None, int], str | None]]:
    """Return a reader of (strategy, sweep value, replication) -> result hash of the newest study."""

    def read(db: str | Path) -> dict[tuple[str, float | None, int], str | None]:
        with Reader(str(db)) as store:
            runs = store.runs(store.study(PAIR.stem).id)
        return {(run.strategy, run.sweep_value, run.replication): run.result_hash for run in runs}

    return read


@pytest.fixture
def count_status() -> Callable[[Path, str], int]:
    """Return a counter of runs by status that another process may write to at the same time."""

    def count(db: Path, status: str) -> int:
        if not db.exists():
            return 0
        connection = sqlite3.connect(db, timeout=10)
        try:
            query = "select count(*) from run where status = ? and not superseded"
            return int(connection.execute(query, (status,)).fetchone()[0])
        except sqlite3.OperationalError:  # the tables are not there yet
            return 0
        finally:
            connection.close()

    return count
