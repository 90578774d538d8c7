"""Batches on the real engine: complete, repeatable, never computed twice, failures kept as rows."""

import dataclasses
import io
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from model.errors import InputError, RunError
from model.inputs import replace_inputs
from model.kernels import source_hash
from model.model import CollaborationModel
from model.outcomes import OUTCOME
from scenarios.batch import estimate_seconds, run_study
from scenarios.progress import Progress
from scenarios.provenance import inputs_hash, model_version, result_hash, series_hash
from scenarios.run import _defined, run_once
from scenarios.spec import Study
from scenarios.store import Reader, Store

MakeStudy = Callable[..., Study]
ReadHashes = Callable[[Path], dict[tuple[str, float | None, int], str | None]]


def test_a_batch_stores_what_the_model_says(small_study: MakeStudy, tmp_path: Path) -> None:
    study, db = small_study(), str(tmp_path / "store.db")
    with Store(db) as store:
        report = run_study(study, store, workers=1, quiet=True)
    assert (report.total, report.answered, report.computed, report.failed) == (12, 0, 12, 0)
    model = CollaborationModel(study.strategies["raw"], rng=7, replication=1)
    model.run_to_end()
    with Reader(db) as store:
        row = store.study("pair")
        got = {(o, p): v for s, r, o, p, v in store.metrics(row.id) if (s, r) == ("raw", 1)}
        flows = [(a, b, kind, v) for s, r, a, b, kind, v in store.transfers(row.id) if (s, r) == ("raw", 1)]
    expected = {key: value for key, value in model.outcomes().items() if np.isfinite(value)}
    assert got == expected
    assert sorted(flows) == sorted(model.transfers())


def test_workers_change_no_bit(small_study: MakeStudy, tmp_path: Path, hashes: ReadHashes) -> None:
    study = small_study()
    for workers in (1, 2):
        with Store(str(tmp_path / f"{workers}.db")) as store:
            run_study(study, store, workers=workers, quiet=True)
    serial, parallel = hashes(tmp_path / "1.db"), hashes(tmp_path / "2.db")
    assert serial == parallel
    assert len(serial) == 12
    assert None not in serial.values()


def test_hourly_series_are_kept_for_the_first_replication_bit_for_bit(small_study: MakeStudy, tmp_path: Path) -> None:
    study = small_study(replications=2)
    with Store(str(tmp_path / "store.db")) as store:
        report = run_study(study, store, workers=1, quiet=True)
        kept = store.hourly(report.study_id, "raw")
        assert store.hourly(report.study_id, "raw", replication=1) == {}
    fresh = run_once(study.strategies["raw"], 7, 0, keep_hours=True).hourly
    assert series_hash(kept) == series_hash(fresh)
    assert all(values.shape == (4, 24) for values in kept.values())


def test_what_was_computed_is_not_computed_again(small_study: MakeStudy, tmp_path: Path, hashes: ReadHashes) -> None:
    db = tmp_path / "store.db"
    with Store(str(db)) as store:
        first = run_study(small_study(replications=2), store, workers=1, quiet=True)
        again = run_study(small_study(replications=2), store, workers=1, quiet=True)
        more = run_study(small_study(replications=3), store, workers=1, quiet=True)
        longer = run_study(small_study(replications=3, days=5), store, workers=1, quiet=True)
    assert (again.study_id, again.computed, again.answered) == (first.study_id, 0, 8)
    assert (more.computed, more.answered) == (4, 8)
    assert (longer.computed, longer.answered) == (12, 0)
    assert len({first.study_id, more.study_id, longer.study_id}) == 3
    with Reader(str(db)) as store:
        assert store.study("pair").id == longer.study_id
        assert len(store.runs(first.study_id)) == 8
        assert len(store.metrics(more.study_id)) > len(store.metrics(first.study_id)) > 0
        assert store.hourly(more.study_id, "raw").keys() == store.hourly(first.study_id, "raw").keys() != set()


def test_a_point_of_the_sweep_at_the_studys_own_value_is_not_simulated(small_study: MakeStudy, tmp_path: Path) -> None:
    study = small_study(replications=1, sweep=True)
    (sweep,) = study.evaluation.break_even
    assert sweep.parameter == "balancing.intraday_cost"
    own_value = study.strategies["none"].balancing.intraday_cost
    assert own_value in sweep.values
    with Store(str(tmp_path / "store.db")) as store:
        report = run_study(study, store, workers=1, quiet=True)
        runs = store.runs(report.study_id)
    own = {run.strategy: run for run in runs if run.sweep_value is None}
    at_own_value = [run for run in runs if run.sweep_value == own_value]
    assert len(at_own_value) == 2
    for run in at_own_value:
        assert run.result_run_id == own[run.strategy].id
        assert run.result_hash == own[run.strategy].result_hash
    assert {run.status for run in runs} == {"done"}


def test_a_failed_run_is_a_row_with_traceback_and_the_rest_goes_on(small_study: MakeStudy, tmp_path: Path) -> None:
    study = small_study(replications=2)
    broken = replace_inputs(study.strategies["raw"], {"market.price_table": "not_there"})
    faulty = dataclasses.replace(study, strategies={**study.strategies, "raw": broken})
    with Store(str(tmp_path / "store.db")) as store:
        report = run_study(faulty, store, workers=2, quiet=True)
        runs = {(run.strategy, run.replication): run for run in store.runs(report.study_id)}
        assert (report.failed, report.computed) == (2, 8)
        failed = [run for run in runs.values() if run.status == "failed"]
        assert {run.strategy for run in failed} == {"raw"}
        assert all("Traceback" in run.error and "not_there" in run.error and run.seed == 7 for run in failed)
        again = run_study(faulty, store, workers=1, quiet=True)
        assert (again.computed, again.failed) == (2, 2)
        assert {run.attempt for run in store.runs(again.study_id) if run.status == "failed"} == {2}
        with store.engine.connect() as connection:
            everything = connection.exec_driver_sql("select status, superseded, attempt from run").fetchall()
    assert [row for row in everything if row[0] == "failed" and row[1]] == [("failed", 1, 1)] * 2


def test_provenance_says_what_is_needed_to_repeat_a_run(small_study: MakeStudy, tmp_path: Path) -> None:
    study = small_study(replications=1)
    with Store(str(tmp_path / "store.db")) as store:
        report = run_study(study, store, workers=1, quiet=True)
        (execution,) = store.executions(report.study_id)
        strategies = {member.name: member for member in store.strategies(report.study_id)}
        run = next(run for run in store.runs(report.study_id) if run.strategy == "raw")
        units = store.outcomes()
    assert execution["model_version"] == model_version() == run.model_version
    assert execution["model_version"] != source_hash()
    assert execution["packages"]["numpy"] == np.__version__
    assert "Philox" in execution["streams"]
    folder = Path(__file__).resolve().parents[2]
    if (folder / ".git").exists():
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True)
        assert execution["git_commit"] == head.stdout.strip()
    assert strategies["raw"].inputs_hash == inputs_hash(study.strategies["raw"]) == run.inputs_hash
    assert strategies["raw"].inputs["balancing"]["beta"] == 0.2
    repeated = run_once(study.strategies["raw"], run.seed, run.replication)
    assert result_hash(repeated.metrics, repeated.transfers) == run.result_hash
    assert {name: row["unit"] for name, row in units.items()} == {name: o.unit for name, o in OUTCOME.items()}


def test_an_outcome_that_is_not_a_number_fails_the_run_unless_it_may_be_undefined() -> None:
    assert _defined({("bullwhip", "steel"): float("nan"), ("real_cost", ""): 1.0}, "x", 1, 2) == {
        ("real_cost", ""): 1.0
    }
    with pytest.raises(RunError, match="x, seed 1, replication 2: party_cost of steel is nan, not a finite number"):
        _defined({("party_cost", "steel"): float("nan")}, "x", 1, 2)
    with pytest.raises(RunError, match="'profit' is not a declared outcome"):
        _defined({("profit", ""): 1.0}, "x", 1, 2)


def test_an_estimate_runs_nothing_and_counts_everything(small_study: MakeStudy, tmp_path: Path) -> None:
    runs, seconds = estimate_seconds(small_study(replications=3, sweep=True))
    with Store(str(tmp_path / "store.db")) as store:
        report = run_study(small_study(replications=3, sweep=True), store, workers=1, quiet=True)
        simulated = {run.result_run_id for run in store.runs(report.study_id)}
    assert runs == len(simulated)
    assert 0 < seconds < 60


def test_progress_is_a_line_now_and_then_and_silent_when_asked() -> None:
    stream = io.StringIO()
    progress = Progress(4, stream)
    progress.advance(3, failed=1)
    assert stream.getvalue() == ""
    progress.advance(1)
    progress.finish()
    assert stream.getvalue().startswith("4 of 4 runs, 1 failed in ")
    quiet = io.StringIO()
    silent = Progress(1, quiet, quiet=True)
    silent.say("compiling")
    silent.advance(1)
    silent.finish()
    assert quiet.getvalue() == ""


def test_inputs_that_are_wrong_never_reach_the_store(small_study: MakeStudy) -> None:
    with pytest.raises(InputError, match="out of range"):
        small_study(days=0)
