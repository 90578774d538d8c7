"""The results store: every study, strategy and run, with provenance. Nothing in it is ever deleted.

`Reader` reads; `Store` also writes. There is one writer at a time: the process that runs the batch.
"""

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, CursorResult, and_, exists, insert, or_, select, text, update

from model.errors import StoreError
from model.outcomes import OUTCOMES
from scenarios.migrations.schema import (
    declaration,
    execution,
    outcome,
    own_data,
    run,
    run_loss,
    run_metric,
    run_series,
    strategy,
    study,
    transfer,
)
from scenarios.provenance import STREAMS_NOTE, Execution, result_hash, series_hash
from scenarios.run import RunResult
from scenarios.store.losses import loss_hash, pack_losses
from scenarios.store.opening import DEFAULT_URL, refusals
from scenarios.store.reading import Reader, RunRow, StrategyRow, StudyRow, pack_series
from scenarios.store.records import Records, RunRecord

__all__ = ["DEFAULT_URL", "PendingRun", "Reader", "Records", "RunRecord", "RunRow", "Store", "StrategyPlan",
           "StrategyRow", "StudyPlan", "StudyRow"]  # fmt: skip

_LOCK_NUMBER = 7_461_736  # advisory lock of PostgreSQL: any number nobody else uses


@dataclass(frozen=True)
class StrategyPlan:
    """A strategy, or a point of an evaluation, as it enters the store.

    Attributes:
        name: name of the strategy.
        title: label for people.
        description: what the parties do.
        sweep_value: value of the break-even parameter, None outside a sweep.
        inputs: canonical JSON of the resolved inputs.
        inputs_hash: its sha256.
        replications: random futures to run.
        keep_hours: whether replication 0 keeps its hourly series.
        part: the sweep, influence or waterfall that needs the point, as `break_even/NAME`; empty for a strategy.
        point: which point of it.
    """

    name: str
    title: str
    description: str
    sweep_value: float | None
    inputs: str
    inputs_hash: str
    replications: int
    keep_hours: bool
    part: str = ""
    point: str = ""


@dataclass(frozen=True)
class StudyPlan:
    """A study as it enters the store; see `StudyRow`.

    Attributes:
        identity: sha256 of everything that decides results.
        declared: what the model declares (`scenarios.rebuild.declared_parameters`).
        own_data: the user's own data that its inputs name, packed, by sha256.
    """

    name: str
    title: str
    question: str
    text: str
    baseline: str
    seed: int
    replications: int
    evaluation: str
    model_version: str
    identity: str
    strategies: tuple[StrategyPlan, ...]
    declared: str
    own_data: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class PendingRun:
    """A run still to be computed; see `RunRow`. Runs of strategies keep their loss-years, points do not."""

    id: int
    replication: int
    seed: int
    inputs_hash: str
    keep_hours: bool
    keep_losses: bool = False


class Store(Reader):
    """A results store, opened for writing; made if it is missing."""

    create = True

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the right to run batches in this store.

        Raises:
            StoreError: if another process holds it.
        """
        if self.engine.dialect.name == "sqlite":
            with _file_lock(Path(f"{self.engine.url.database}-lock"), self.name):
                yield
            return
        with refusals(self.name), self.engine.connect() as opened:
            connection = opened.execution_options(isolation_level="AUTOCOMMIT")
            number = {"number": _LOCK_NUMBER}
            if not connection.execute(text("select pg_try_advisory_lock(:number)"), number).scalar_one():
                raise StoreError(_busy(self.name))
            try:
                yield
            finally:
                connection.execute(text("select pg_advisory_unlock(:number)"), number)

    def enter(self, plan: StudyPlan) -> int:
        """Return the id of the study: the one already here if it is the same, else a new one, all pending.

        A new study supersedes the older ones of its name; nothing is deleted.
        """
        with self._transaction() as connection:
            _keep_for_replay(connection, plan)
            newest = connection.execute(
                select(study.c.id, study.c.identity).where(study.c.name == plan.name).order_by(study.c.id.desc())
            ).first()
            if newest is not None and newest.identity == plan.identity:
                return int(newest.id)
            _declare_outcomes(connection)
            study_id = _insert_study(connection, plan)
            connection.execute(
                update(study)
                .where(study.c.name == plan.name, study.c.id != study_id, study.c.superseded_by.is_(None))
                .values(superseded_by=study_id)
            )
            for position, member in enumerate(plan.strategies):
                _insert_strategy(connection, plan, study_id, position, member)
            return study_id

    def begin(self, here: Execution) -> int:
        """Record one call of the program and return its id."""
        with self._transaction() as connection:
            result: CursorResult[Any] = connection.execute(
                insert(execution).values(
                    started_at=_now(), code_version=here.code_version, model_version=here.model_version,
                    git_commit=here.git_commit, git_dirty=here.git_dirty, packages=json.dumps(dict(here.packages)),
                    machine=json.dumps(dict(here.machine)), streams=STREAMS_NOTE,
                )
            )  # fmt: skip
            return _new_id(result)

    def recover(self) -> int:
        """Set runs that an ended process left `running` back to `pending`; return how many. Needs `writing`."""
        with self._transaction() as connection:
            change = update(run).where(run.c.status == "running").values(status="pending", execution_id=None)
            return int(connection.execute(change).rowcount)

    def retry_failed(self, study_id: int) -> int:
        """Add a new pending attempt for every failed run; the failed row stays, superseded. Return how many."""
        with self._transaction() as connection:
            failed = connection.execute(
                select(run)
                .join(strategy, strategy.c.id == run.c.strategy_id)
                .where(strategy.c.study_id == study_id, run.c.status == "failed", ~run.c.superseded)
            ).mappings()
            rows = [
                _pending(row["strategy_id"], row["replication"], row, attempt=row["attempt"] + 1) | {"old": row["id"]}
                for row in failed
            ]
            for row in rows:
                connection.execute(update(run).where(run.c.id == row.pop("old")).values(superseded=True))
                connection.execute(insert(run).values(**row))
            return len(rows)

    def answer_known(self, study_id: int) -> int:
        """Mark pending runs done whose identical twin was computed before; return how many."""
        twin = run.alias("twin")
        has_series = exists().where(run_series.c.run_id == twin.c.id)
        has_losses = exists().where(run_loss.c.run_id == twin.c.id)
        same = and_(
            twin.c.inputs_hash == run.c.inputs_hash, twin.c.model_version == run.c.model_version,
            twin.c.seed == run.c.seed, twin.c.replication == run.c.replication,
            twin.c.status == "done", twin.c.result_run_id == twin.c.id, or_(~run.c.keep_hours, has_series),
            or_(strategy.c.part != "", has_losses),
        )  # fmt: skip
        query = (
            select(run.c.id, twin.c.id.label("twin_id"), twin.c.result_hash)
            .join(strategy, strategy.c.id == run.c.strategy_id)
            .join(twin, same)
            .where(strategy.c.study_id == study_id, run.c.status == "pending")
        )
        with self._transaction() as connection:
            known = {row.id: row for row in connection.execute(query)}
            for run_id, row in known.items():
                _answer(connection, run_id, row.twin_id, row.result_hash)
            return len(known)

    def pending(self, study_id: int) -> list[PendingRun]:
        """Return the runs still to be computed, by replication, then strategy."""
        losses = (strategy.c.part == "").label("keep_losses")
        query = (
            select(run.c.id, run.c.replication, run.c.seed, run.c.inputs_hash, run.c.keep_hours, losses)
            .join(strategy, strategy.c.id == run.c.strategy_id)
            .where(strategy.c.study_id == study_id, run.c.status == "pending")
            .order_by(run.c.replication, strategy.c.position)
        )
        return [PendingRun(**{**row, "seed": int(row["seed"])}) for row in self._mappings(query)]

    def mark_running(self, run_ids: Sequence[int], execution_id: int) -> None:
        """Note that these runs were handed to a worker."""
        with self._transaction() as connection:
            connection.execute(
                update(run).where(run.c.id.in_(list(run_ids))).values(status="running", execution_id=execution_id)
            )

    def record(self, finished: Iterable[tuple[Sequence[int], RunResult | str]]) -> None:
        """Write results and their status in one transaction.

        Args:
            finished: (ids of identical runs, result or the traceback of the failure).
        """
        with self._transaction() as connection:
            for run_ids, result in finished:
                if isinstance(result, str):
                    _fail(connection, run_ids, result)
                else:
                    _complete(connection, run_ids, result)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with refusals(self.name), self.engine.begin() as connection:
            yield connection


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _new_id(result: CursorResult[Any]) -> int:
    key = result.inserted_primary_key
    if key is None:
        msg = "the database gave no id to a new row"
        raise StoreError(msg)
    return int(key[0])


def _declare_outcomes(connection: Connection) -> None:
    known = set(connection.execute(select(outcome.c.name)).scalars())
    for declared in OUTCOMES:
        values: dict[str, Any] = {column.name: getattr(declared, column.name) for column in outcome.columns}
        if declared.name in known:
            connection.execute(update(outcome).where(outcome.c.name == declared.name).values(**values))
        else:
            connection.execute(insert(outcome).values(**values))


def _keep_for_replay(connection: Connection, plan: StudyPlan) -> None:
    """Keep what the inputs of a study name without holding it, unless it is here already."""
    version = declaration.c.model_version
    if connection.execute(select(version).where(version == plan.model_version)).first() is None:
        connection.execute(insert(declaration).values(model_version=plan.model_version, parameters=plan.declared))
    for digest, payload in plan.own_data.items():
        if connection.execute(select(own_data.c.digest).where(own_data.c.digest == digest)).first() is None:
            connection.execute(insert(own_data).values(digest=digest, payload=payload))


def _insert_study(connection: Connection, plan: StudyPlan) -> int:
    result: CursorResult[Any] = connection.execute(
        insert(study).values(
            name=plan.name, title=plan.title, question=plan.question, text=plan.text, baseline=plan.baseline,
            seed=str(plan.seed), replications=plan.replications, evaluation=plan.evaluation, identity=plan.identity,
            created_at=_now(),
        )
    )  # fmt: skip
    return _new_id(result)


def _insert_strategy(
    connection: Connection, plan: StudyPlan, study_id: int, position: int, member: StrategyPlan
) -> None:
    result: CursorResult[Any] = connection.execute(
        insert(strategy).values(
            study_id=study_id, position=position, name=member.name, title=member.title,
            description=member.description, sweep_value=member.sweep_value, part=member.part,
            point=member.point, inputs=member.inputs, inputs_hash=member.inputs_hash,
        )
    )  # fmt: skip
    shared = {"seed": str(plan.seed), "inputs_hash": member.inputs_hash, "model_version": plan.model_version}
    strategy_id = _new_id(result)
    rows = [
        _pending(strategy_id, number, {**shared, "keep_hours": member.keep_hours and number == 0}, attempt=1)
        for number in range(member.replications)
    ]
    connection.execute(insert(run), rows)


def _pending(strategy_id: int, replication: int, shared: Any, attempt: int) -> dict[str, Any]:
    kept = {name: shared[name] for name in ("seed", "inputs_hash", "model_version", "keep_hours")}
    state = {"attempt": attempt, "status": "pending", "superseded": False}
    return {"strategy_id": strategy_id, "replication": replication, **kept, **state}


def _answer(connection: Connection, run_id: int, twin_id: int, digest: str) -> None:
    values = {"status": "done", "result_run_id": twin_id, "result_hash": digest, "finished_at": _now(), "seconds": 0.0}
    connection.execute(update(run).where(run.c.id == run_id).values(**values))


def _fail(connection: Connection, run_ids: Sequence[int], traceback: str) -> None:
    values = {"status": "failed", "error": traceback, "finished_at": _now()}
    connection.execute(update(run).where(run.c.id.in_(list(run_ids))).values(**values))


def _complete(connection: Connection, run_ids: Sequence[int], result: RunResult) -> None:
    first, *others = run_ids
    digest = result_hash(result.metrics, result.transfers)
    done = {"status": "done", "result_run_id": first, "result_hash": digest, "finished_at": _now()}
    connection.execute(update(run).where(run.c.id == first).values(**done, seconds=result.seconds, error=None))
    metrics = [
        {"run_id": first, "outcome": name, "party": party, "value": value}
        for (name, party), value in result.metrics.items()
    ]
    if metrics:
        connection.execute(insert(run_metric), metrics)
    payments = [
        {"run_id": first, "payer": payer, "payee": payee, "kind": kind, "value": value}
        for payer, payee, kind, value in result.transfers
    ]
    if payments:
        connection.execute(insert(transfer), payments)
    if result.hourly:
        connection.execute(
            insert(run_series).values(
                run_id=first, payload=pack_series(result.hourly), series_hash=series_hash(result.hourly)
            )
        )
    if result.losses is not None:
        connection.execute(
            insert(run_loss).values(
                run_id=first, payload=pack_losses(result.losses), loss_hash=loss_hash(result.losses)
            )
        )
    for run_id in others:
        _answer(connection, run_id, first, digest)


def _busy(name: str) -> str:
    return f"{name}: another `tandem run` is writing to this store; wait for it, or use another --db"


@contextmanager
def _file_lock(path: Path, name: str) -> Iterator[None]:
    """Hold an operating-system lock that ends with the process, however it ends."""
    try:
        import fcntl
    except ImportError:  # Windows has no flock; SQLite's own lock still guards every transaction
        yield
        return
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreError(_busy(name)) from error
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
