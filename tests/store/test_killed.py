"""Whatever is killed, no run is lost, none runs for ever, and the resumed study equals the uninterrupted one."""

import contextlib
import dataclasses
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scenarios.batch import run_study
from scenarios.spec import RunPlan, Study, load_study
from scenarios.store import Store

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads process parents from /proc"),
]

type Hashes = dict[tuple[str, int], str]
type CountStatus = Callable[[Path, str], int]
PAIR = str(Path(__file__).with_name("pair.yaml"))
TANDEM = "from analysis.cli import main; main()"
REPLICATIONS, DAYS = 16, 240
PATIENCE_S = 120.0


@contextlib.contextmanager
def killer(kill: Callable[[int], bool]) -> Iterator[list[int]]:
    """Send SIGKILL to pool workers of this process while the body runs; `kill` is asked before each."""
    over, killed = threading.Event(), list[int]()

    def watch() -> None:
        while not over.wait(0.02):
            for worker in multiprocessing.active_children():
                if worker.pid is not None and worker.pid not in killed and kill(len(killed)):
                    os.kill(worker.pid, signal.SIGKILL)
                    killed.append(worker.pid)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def wait_until(true: Callable[[], bool]) -> None:
    limit = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.02)


def start(folder: Path, db: Path) -> subprocess.Popen[str]:
    arguments = ["run", PAIR, "--db", str(db), "--replications", str(REPLICATIONS), "--days", str(DAYS),
                 "--seed", "7", "--set", "calendar.burn_in=3", "--strategies-only",
                 "--workers", "2", "--json"]  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-c", TANDEM, *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def study_of(replications: int, days: int) -> Study:
    study = load_study(PAIR, sets=["calendar.burn_in=3", f"calendar.days={days}"])
    evaluation = study.evaluation.limited(())
    return dataclasses.replace(study, run=RunPlan(7, replications), evaluation=evaluation)


def descendants(root: int) -> set[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {root}


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Hashes:
    """Return (strategy, replication) -> result hash of the study that nobody interrupts, run in one process."""
    db = tmp_path_factory.mktemp("uninterrupted") / "store.db"
    with Store(str(db)) as store:
        run_study(study_of(REPLICATIONS, DAYS), store, workers=1, quiet=True)
    return result_hashes(db)


def result_hashes(db: Path) -> Hashes:
    with Store(str(db)) as store:
        runs = store.runs(store.study("pair").id)
    assert {run.status for run in runs} == {"done"}
    return {(run.strategy, run.replication): str(run.result_hash) for run in runs}


def test_a_killed_worker_costs_no_run(tmp_path: Path, expected: Hashes, count_status: CountStatus) -> None:
    db = tmp_path / "store.db"
    study = study_of(REPLICATIONS, DAYS)
    with Store(str(db)) as store:
        with killer(lambda so_far: so_far == 0 and count_status(db, "done") > 0) as killed:
            report = run_study(study, store, workers=2, quiet=True)
        assert len(killed) == 1
        assert (report.failed, report.computed) == (0, 4 * REPLICATIONS)
    assert result_hashes(db) == expected


def test_runs_that_always_kill_their_worker_are_recorded_as_failed(tmp_path: Path) -> None:
    study = study_of(2, 4)
    with Store(str(tmp_path / "store.db")) as store:
        with killer(lambda _: True) as killed:
            report = run_study(study, store, workers=2, quiet=True)
        runs = store.runs(report.study_id)
        assert report.failed == report.computed == 8
        assert {run.status for run in runs} == {"failed"}
        assert all("the worker process died 3 times" in str(run.error) for run in runs)
        assert len(killed) >= 5  # one in the common pool, two alone for each of the two tasks
        assert run_study(study, store, workers=1, quiet=True).failed == 0
        assert {run.status for run in store.runs(report.study_id)} == {"done"}


def test_ctrl_c_leaves_a_study_that_the_same_command_resumes(
    tmp_path: Path, expected: Hashes, count_status: CountStatus
) -> None:
    db = tmp_path / "store.db"
    process = start(tmp_path, db)
    wait_until(lambda: count_status(db, "done") > 0 or process.poll() is not None)
    os.killpg(process.pid, signal.SIGINT)  # what a terminal does: parent and workers alike
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (130, "")
    assert "interrupted; finished runs are kept, the same command resumes" in err
    assert "Traceback" not in err
    kept = count_status(db, "done")
    assert 0 < kept < 4 * REPLICATIONS
    assert count_status(db, "running") == 0
    assert count_status(db, "pending") == 4 * REPLICATIONS - kept
    resumed = start(tmp_path, db)
    out, err = resumed.communicate(timeout=PATIENCE_S)
    assert resumed.returncode == 0, err
    assert json.loads(out)["run"]["answered"] == kept
    assert result_hashes(db) == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == ["store.db"]


def test_a_killed_program_leaves_no_process_and_a_study_that_resumes(
    tmp_path: Path, expected: Hashes, count_status: CountStatus
) -> None:
    db = tmp_path / "store.db"
    process = start(tmp_path, db)
    wait_until(lambda: count_status(db, "done") > 0 or process.poll() is not None)
    family = descendants(process.pid)
    process.kill()
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == -signal.SIGKILL
    assert len(family) >= 3
    wait_until(lambda: not any(alive(pid) for pid in family))
    assert count_status(db, "running") > 0
    resumed = start(tmp_path, db)
    out, err = resumed.communicate(timeout=PATIENCE_S)
    assert resumed.returncode == 0, err
    assert 0 < json.loads(out)["run"]["answered"] < 4 * REPLICATIONS
    assert count_status(db, "running") == 0
    assert result_hashes(db) == expected
