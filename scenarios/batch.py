"""A study from question to results: plan it, run what is missing, survive whatever interrupts.

The store gets the whole study as pending runs first. A task is one random future under all
strategies, so that what they share is generated once per process. An interrupted batch is
resumed by the same command; a killed worker costs time, never a run.
"""

import dataclasses
import logging
import time
import traceback
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from typing import Any

from model.inputs import ModelInputs, replace_inputs
from scenarios.evaluation import Point, resolve
from scenarios.executors import executor, stop
from scenarios.progress import Progress
from scenarios.provenance import canonical_json, execution, inputs_json, model_version, sha256
from scenarios.rebuild import declared_parameters, own_data
from scenarios.run import RunResult, run_once
from scenarios.spec import Study
from scenarios.store import PendingRun, Store, StrategyPlan, StudyPlan

TASK_SECONDS = 0.4
"""Shortest task worth sending to another process."""
MOST_DEATHS = 2
"""How often a task may kill a worker while it runs alone, before its runs are recorded as failed."""
_TRIAL_DAYS = 20
_log = logging.getLogger(__name__)
_POLL_S = 0.5


@dataclass(frozen=True)
class Job:
    """One simulation to do, and the runs that wait for its result (identical inputs share it)."""

    run_ids: tuple[int, ...]
    inputs: ModelInputs
    seed: int
    replication: int
    keep_hours: bool
    keep_losses: bool = False


type Task = tuple[Job, ...]
type Finished = list[tuple[tuple[int, ...], RunResult | str]]


@dataclass(frozen=True)
class BatchReport:
    """What a call of `run_study` did.

    Attributes:
        study_id: the study in the store.
        total: runs of the study, sweep included.
        answered: runs that were in the store already or have an identical twin there.
        computed: runs computed now.
        failed: runs that failed now.
        seconds: elapsed time.
    """

    study_id: int
    total: int
    answered: int
    computed: int
    failed: int
    seconds: float


@dataclass
class _Crew:
    """Everything a running batch needs to hand on."""

    store: Store
    execution_id: int
    workers: int
    progress: Progress
    pace_s: float = TASK_SECONDS


def run_study(study: Study, store: Store, *, workers: int, extras: bool = True, quiet: bool = False) -> BatchReport:
    """Run whatever of `study` the store does not hold yet.

    Args:
        study: the checked scenario.
        store: receives every result as it is finished.
        workers: processes; 1 runs in this one.
        extras: whether to run the points of the break-even sweeps, influences and waterfalls that the study declares.
        quiet: no progress on stderr.

    Raises:
        KeyboardInterrupt: on Ctrl-C; finished runs are kept and the rest is pending again.
        StoreError: if another process runs a batch in this store.
    """
    begun = time.monotonic()
    plan, known_inputs = plan_study(study, extras=extras)
    with store.writing():
        store.recover()
        study_id = store.enter(plan)
        store.retry_failed(study_id)
        store.answer_known(study_id)
        pending = store.pending(study_id)
        tasks = tasks_of(pending, known_inputs)
        progress = Progress(len(pending), quiet=quiet)
        if pending:
            _compute(tasks, store, workers, progress)
    total = sum(member.replications for member in plan.strategies)
    return BatchReport(
        study_id, total, total - len(pending), progress.done, progress.failed, time.monotonic() - begun
    )  # fmt: skip


def plan_study(study: Study, *, extras: bool = True) -> tuple[StudyPlan, dict[str, ModelInputs]]:
    """Return the study as it enters the store, and the resolved inputs by their hash."""
    known: dict[str, ModelInputs] = {}
    members = [
        _member(study, Point("", "", name, None, None, {}), inputs, known) for name, inputs in study.strategies.items()
    ]
    asked = study.evaluation if extras else study.evaluation.limited((), ())
    points, refused = resolve(asked, study.strategies)
    members += [_member(study, point, inputs, known) for point, inputs in points]
    evaluation = {"goals": study.goals, "options": study.options, **dataclasses.asdict(asked)}
    evaluation["infeasible"] = [dataclasses.asdict(one) for one in refused]
    shown: dict[str, Any] = {
        "name": study.name, "title": study.title, "question": study.question, "text": study.text,
        "baseline": study.baseline, "seed": study.run.seed, "replications": study.run.replications,
        "evaluation": canonical_json(evaluation), "model_version": model_version(),
    }  # fmt: skip
    identity = sha256(canonical_json([shown, [dataclasses.astuple(member) for member in members]]))
    plan = StudyPlan(
        **shown, identity=identity, strategies=tuple(members), declared=declared_parameters(),
        own_data=own_data(known.values()),
    )  # fmt: skip
    return plan, known


def tasks_of(pending: Sequence[PendingRun], inputs: Mapping[str, ModelInputs]) -> list[Task]:
    """Group pending runs: one task per replication, one job per distinct simulation in it."""
    groups: dict[tuple[int, int], dict[str, list[PendingRun]]] = {}
    for run in pending:
        groups.setdefault((run.seed, run.replication), {}).setdefault(run.inputs_hash, []).append(run)
    return [
        tuple(
            Job(
                tuple(r.id for r in runs),
                inputs[digest],
                seed,
                replication,
                keep_hours=any(r.keep_hours for r in runs),
                keep_losses=any(r.keep_losses for r in runs),
            )
            for digest, runs in by_inputs.items()
        )
        for (seed, replication), by_inputs in groups.items()
    ]


def estimate_seconds(study: Study, *, extras: bool = True) -> tuple[int, float]:
    """Return the number of simulations of a study and their computing time, from one short trial run."""
    plan, known = plan_study(study, extras=extras)
    runs = len({(m.inputs_hash, number) for m in plan.strategies for number in range(m.replications)})
    inputs = known[plan.strategies[0].inputs_hash]
    warm_up([inputs])
    trial = replace_inputs(inputs, {"calendar.days": min(_TRIAL_DAYS, inputs.calendar.days), "calendar.burn_in": 0})
    seconds = run_once(trial, plan.seed, 0).seconds
    days = inputs.calendar.days + inputs.calendar.burn_in
    return runs, runs * seconds * days / trial.calendar.days


def warm_up(inputs: Sequence[ModelInputs]) -> None:
    """Simulate one day of each strategy, which compiles every kernel it uses and keeps it on disk."""
    for member in inputs:
        run_once(replace_inputs(member, {"calendar.days": 1, "calendar.burn_in": 0}), 0, 0)
    from model.kernels import mark_cached

    mark_cached()


def compute(task: Task) -> Finished:
    """Simulate every job of a task, in a worker; a failure is a traceback, never an exception."""
    finished: Finished = []
    for job in task:
        try:
            result: RunResult | str = run_once(
                job.inputs, job.seed, job.replication, job.keep_hours, keep_losses=job.keep_losses
            )
        except Exception:  # one failed run must not lose the others
            result = traceback.format_exc()
        finished.append((job.run_ids, result))
    return finished


def _member(study: Study, point: Point, inputs: ModelInputs, known: dict[str, ModelInputs]) -> StrategyPlan:
    """Return a strategy, or a point of an evaluation, as it enters the store."""
    text = inputs_json(inputs)
    digest = sha256(text)
    known[digest] = inputs
    notes, own = study.strategy_notes[point.strategy], not point.part
    replications = min(point.replications or study.run.replications, study.run.replications)
    return StrategyPlan(
        point.strategy, notes.title, notes.description, point.value, text, digest, replications, keep_hours=own,
        part=point.part, point=point.label,
    )  # fmt: skip


def _compute(tasks: list[Task], store: Store, workers: int, progress: Progress) -> None:
    from model.kernels import is_cached

    if not is_cached():
        progress.say("compiling kernels, once")
        _compile(tasks[0], workers)
    crew = _Crew(store, store.begin(execution()), max(1, min(workers, len(tasks))), progress)
    try:
        _drive(deque(tasks), crew)
    except BaseException:
        store.recover()
        raise
    progress.finish()


def _compile(task: Task, workers: int) -> None:
    """Compile every kernel the task uses, before several workers would; a process of its own frees the memory."""
    pool = executor("serial" if workers == 1 else "processes", 1)
    try:
        pool.submit(warm_up, [job.inputs for job in task]).result()
    except Exception:
        _log.debug("warming up failed; the runs will say why, each as a row", exc_info=True)
    finally:
        stop(pool)


def _drive(waiting: deque[Task], crew: _Crew) -> None:
    """Run all tasks; those in flight when a worker dies are repeated one at a time, each in a fresh pool."""
    while waiting:
        suspects = _run_pool(waiting, crew)
        for task in suspects:
            _run_alone(task, crew)


def _run_pool(waiting: deque[Task], crew: _Crew) -> list[Task]:
    """Work through `waiting` until it is empty or the pool breaks; return the tasks in flight at that moment."""
    pool = executor("serial" if crew.workers == 1 else "processes", crew.workers)
    flying: dict[Future[Finished], Task] = {}
    try:
        while waiting or flying:
            _fill(pool, waiting, flying, crew)
            done, _ = wait(flying, timeout=_POLL_S, return_when=FIRST_COMPLETED)
            for future in done:
                _keep(future.result(), crew)
                del flying[future]
            crew.progress.advance(0)
    except BrokenExecutor:
        stop(pool)
        return list(flying.values())
    except BaseException:
        stop(pool)
        raise
    pool.shutdown()
    return []


def _fill(pool: Executor, waiting: deque[Task], flying: dict[Future[Finished], Task], crew: _Crew) -> None:
    """Hand out tasks: one more than there are workers, so that none waits for the parent; serially one by one."""
    most = 1 if crew.workers == 1 else crew.workers + 1
    while waiting and len(flying) < most:
        task = _merged(waiting, crew.pace_s)
        try:
            flying[_submit(pool, task, crew)] = task
        except BrokenExecutor:
            waiting.appendleft(task)
            raise


def _run_alone(task: Task, crew: _Crew) -> None:
    """Repeat a task in a pool of its own; after `MOST_DEATHS` deaths its runs are recorded as failed."""
    for _ in range(MOST_DEATHS):
        pool = executor("processes", 1)
        try:
            _keep(_submit(pool, task, crew).result(), crew)
        except BrokenExecutor:
            continue
        finally:
            stop(pool)
        return
    reason = f"the worker process died {MOST_DEATHS + 1} times (killed, or out of memory)"
    _keep([(job.run_ids, f"{reason}; seed {job.seed}, replication {job.replication}") for job in task], crew)


def _submit(pool: Executor, task: Task, crew: _Crew) -> Future[Finished]:
    crew.store.mark_running([run_id for job in task for run_id in job.run_ids], crew.execution_id)
    return pool.submit(compute, task)


def _keep(finished: Finished, crew: _Crew) -> None:
    crew.store.record(finished)
    seconds = [result.seconds for _, result in finished if isinstance(result, RunResult)]
    if seconds:
        crew.pace_s = sum(seconds) / len(seconds)
    failed = sum(len(ids) for ids, result in finished if isinstance(result, str))
    crew.progress.advance(sum(len(ids) for ids, _ in finished), failed)


def _merged(waiting: deque[Task], run_seconds: float) -> Task:
    """Return the next replications as one task of at least `TASK_SECONDS`, by the pace seen so far."""
    task: Task = waiting.popleft()
    while waiting and len(task) * run_seconds < TASK_SECONDS:
        task = (*task, *waiting.popleft())
    return task
