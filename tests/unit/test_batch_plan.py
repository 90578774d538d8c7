"""What a study becomes before anything runs: pending runs, tasks, identity."""

import dataclasses
import math
from pathlib import Path

import pytest

from model.inputs import replace_inputs
from model.model import reference_inputs
from scenarios.batch import TASK_SECONDS, plan_study, tasks_of
from scenarios.evaluation import resolve
from scenarios.progress import duration
from scenarios.provenance import canonical_json, inputs_hash, inputs_json, result_hash
from scenarios.spec import RunPlan, Study, load_study
from scenarios.spec_evaluate import SWEEP_REPLICATIONS
from scenarios.store import PendingRun


@pytest.fixture
def study() -> Study:
    study = load_study("steel-and-power")
    return dataclasses.replace(study, evaluation=study.evaluation.limited(study.strategies, ("break_even",)))


def test_the_plan_holds_every_strategy_and_every_point_of_the_sweep(study: Study) -> None:
    plan, known = plan_study(study)
    (sweep,) = study.evaluation.break_even
    own = [member for member in plan.strategies if not member.part]
    points = [(member.name, member.sweep_value) for member in plan.strategies if member.sweep_value is not None]
    assert [member.name for member in own] == list(study.strategies)
    assert all(member.replications == study.run.replications and member.keep_hours for member in own)
    assert points == [(name, value) for value in sweep.values for name in (sweep.baseline, sweep.strategy)]
    assert {member.inputs_hash for member in plan.strategies} == set(known)
    assert all(m.replications == SWEEP_REPLICATIONS for m in plan.strategies if m.sweep_value is not None)


def test_a_sweep_changes_the_swept_parameter_and_nothing_else(study: Study) -> None:
    (sweep,) = study.evaluation.break_even
    points, refused = resolve(study.evaluation, study.strategies)
    assert (len(points), refused) == (2 * len(sweep.values), [])
    for point, inputs in points:
        assert inputs == replace_inputs(study.strategies[point.strategy], {sweep.parameter: point.value})


def test_a_study_with_fewer_replications_sweeps_with_as_many(study: Study) -> None:
    plan, _ = plan_study(dataclasses.replace(study, run=RunPlan(1, 3)))
    assert {member.replications for member in plan.strategies} == {3}


def test_identity_changes_with_whatever_decides_results(study: Study) -> None:
    again = load_study("steel-and-power")
    evaluation = again.evaluation.limited(again.strategies, ("break_even",))
    same, _ = plan_study(dataclasses.replace(again, evaluation=evaluation))
    changed = [
        plan_study(study, extras=False),
        plan_study(dataclasses.replace(study, run=RunPlan(study.run.seed + 1, study.run.replications))),
        plan_study(dataclasses.replace(study, run=RunPlan(study.run.seed, study.run.replications + 1))),
        plan_study(load_study("steel-and-power", sets=["balancing.beta=0.25"])),
        plan_study(dataclasses.replace(study, baseline="raw")),
    ]
    identities = [plan_study(study)[0].identity, *[plan.identity for plan, _ in changed]]
    assert same.identity == identities[0]
    assert len(set(identities)) == len(identities)


def test_a_task_is_one_replication_with_one_job_per_distinct_input() -> None:
    inputs = {"x": reference_inputs(), "y": reference_inputs(shared=True)}
    pending = [
        PendingRun(1, 0, 7, "x", keep_hours=False), PendingRun(2, 0, 7, "y", keep_hours=False),
        PendingRun(3, 0, 7, "x", keep_hours=True), PendingRun(4, 1, 7, "y", keep_hours=False),
    ]  # fmt: skip
    first, second = tasks_of(pending, inputs)
    assert [(job.run_ids, job.keep_hours) for job in first] == [((1, 3), True), ((2,), False)]
    assert [(job.run_ids, job.replication) for job in second] == [((4,), 1)]
    assert first[0].inputs is inputs["x"]
    assert TASK_SECONDS >= 0.4


def test_the_hash_of_inputs_ignores_the_label_and_sees_everything_else() -> None:
    inputs = reference_inputs()
    assert inputs_hash(dataclasses.replace(inputs, name="another")) == inputs_hash(inputs)
    for key, value in (("balancing.beta", 0.2000001), ("calendar.days", 364), ("firms.steel.process.mill", 8.5)):
        assert inputs_hash(replace_inputs(inputs, {key: value})) != inputs_hash(inputs)
    assert inputs_hash(reference_inputs(shared=True)) != inputs_hash(inputs)


def test_a_whole_number_hashes_alike_however_it_was_written() -> None:
    assert canonical_json({"b": 1.0, "a": (1, True)}) == canonical_json({"a": [1.0, True], "b": 1})
    assert canonical_json({"a": 0.1}) == '{"a":0.1}'
    assert canonical_json([math.inf]) == "[Infinity]"


def test_a_users_table_enters_the_hash_by_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    inputs = replace_inputs(reference_inputs(), {"market.price_table": "mine.json"})
    unnamed = inputs_json(inputs)
    (tmp_path / "mine.json").write_text("{}")
    named = inputs_json(inputs)
    (tmp_path / "mine.json").write_text("{ }")
    assert len({unnamed, named, inputs_json(inputs)}) == 3


def test_the_result_hash_sees_the_last_bit_and_no_order() -> None:
    metrics = {("real_cost", ""): 1.0, ("party_cost", "steel"): 2.0}
    flows = [("a", "b", "fee", 3.0), ("b", "c", "energy", 4.0)]
    plain = result_hash(metrics, flows)
    assert result_hash(dict(reversed(metrics.items())), list(reversed(flows))) == plain
    assert result_hash({**metrics, ("real_cost", ""): math.nextafter(1.0, 2.0)}, flows) != plain
    assert result_hash(metrics, [("a", "b", "fee", 3.0), ("b", "c", "energy", math.nextafter(4.0, 5.0))]) != plain


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.44, "0.4 s"), (12.4, "12 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_durations_read_well(seconds: float, words: str) -> None:
    assert duration(seconds) == words
