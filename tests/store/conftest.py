"""Small studies on the real engine, and what a store holds of them."""

import dataclasses
import logging
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analysis.cli import main
from scenarios.spec import RunPlan, Study, load_study
from scenarios.store import Reader
from tests.store.replays import Call, write_mine

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


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Iterator[Call]:
    """Return a caller of the command line: (exit code, stdout, stderr)."""
    before = logging.getLogger().handlers[:]

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    yield run
    logging.getLogger().handlers[:] = before


@pytest.fixture(scope="session")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a store of two studies, run as a user runs them, and the files of one of them."""
    folder = tmp_path_factory.mktemp("replay")
    write_mine(folder)
    small = ["--strategy", "raw", "--no-break-even", "--workers", "1", "--quiet", "--db", str(folder / "tandem.db")]
    for scenario, options in (
        (str(folder / "mine.yaml"), []),
        (
            str(folder / "pair.yaml"),
            ["--days", "4", "--replications", "2", "--seed", "7", "--set", "calendar.burn_in=3"],
        ),
    ):
        with pytest.raises(SystemExit) as ended:
            main(["run", scenario, *options, *small])
        assert ended.value.code == 0
    return folder


@pytest.fixture
def db(master: Path, tmp_path: Path) -> Path:
    """Return a copy of that store that a test may spoil."""
    with sqlite3.connect(master / "tandem.db") as source, sqlite3.connect(tmp_path / "tandem.db") as copy:
        source.backup(copy)
    source.close()
    copy.close()
    return tmp_path / "tandem.db"
