"""Reading a results store: plain rows out, no frames."""

import datetime as dt
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, Select, func, select

from model.errors import Fault, InputError, nearest
from scenarios.migrations.schema import (
    execution,
    outcome,
    run,
    run_loss,
    run_metric,
    run_series,
    strategy,
    study,
    transfer,
)
from scenarios.store.losses import unpack_losses
from scenarios.store.opening import DEFAULT_URL, label, open_engine, refusals
from scenarios.store.packing import pack_table, unpack_table

HOURS = 24


@dataclass(frozen=True)
class StudyRow:
    """One study as it was asked.

    Attributes:
        id: number of the study in this store; the newest of a name counts.
        name: name of the scenario.
        title: its title.
        question: the question it asks.
        text: the scenario file as written.
        baseline: name of the strategy all others are compared with.
        seed: seed of all random futures.
        replications: random futures per strategy.
        evaluation: what to evaluate, as written by `scenarios.batch`.
        created_at: when it was first started.
    """

    id: int
    name: str
    title: str
    question: str
    text: str
    baseline: str
    seed: int
    replications: int
    evaluation: dict[str, Any]
    created_at: dt.datetime


@dataclass(frozen=True)
class StrategyRow:
    """One strategy of a study, or one point of its evaluation.

    Attributes:
        id: number in this store.
        position: order of declaration.
        name: name of the strategy; of the strategy varied, for a point.
        title: label for people.
        description: what the parties do.
        sweep_value: value of the break-even parameter, None outside a sweep.
        inputs: resolved inputs as a tree.
        inputs_hash: their sha256.
        part: the sweep, influence or waterfall it belongs to, as `break_even/NAME`; empty for a strategy.
        point: which point of it.
    """

    id: int
    position: int
    name: str
    title: str
    description: str
    sweep_value: float | None
    inputs: dict[str, Any]
    inputs_hash: str
    part: str = ""
    point: str = ""


@dataclass(frozen=True)
class RunRow:
    """One run that counts (not superseded by a later attempt).

    Attributes:
        id: number in this store.
        strategy: name of the strategy.
        sweep_value: value of the break-even parameter, None outside a sweep.
        replication: number of the random future.
        attempt: 1 for the first, more after failures.
        seed: seed of the study.
        status: pending, running, done or failed.
        inputs_hash: sha256 of the resolved inputs.
        model_version: sha256 of the model's sources and data.
        result_run_id: the run that holds the result; another one when it was answered from the store.
        seconds: computing time.
        result_hash: sha256 over the whole result.
        error: traceback of a failed run.
        part: the sweep, influence or waterfall it belongs to; empty for a strategy.
        point: which point of it.
    """

    id: int
    strategy: str
    sweep_value: float | None
    replication: int
    attempt: int
    seed: int
    status: str
    inputs_hash: str
    model_version: str
    result_run_id: int | None
    seconds: float | None
    result_hash: str | None
    error: str | None
    part: str = ""
    point: str = ""


class Reader:
    """A results store, opened for reading; never makes one."""

    create = False

    def __init__(self, url: str = DEFAULT_URL) -> None:
        """Open the store at `url`.

        Raises:
            InputError: if the address is not one of a database.
            StoreError: if there is no store, or it is not accessible.
        """
        self.engine: Engine = open_engine(url, create=self.create)
        self.name = label(self.engine.url)

    def close(self) -> None:
        """Release the database."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the database."""
        self.close()

    def study_names(self) -> list[str]:
        """Return the names of all studies, sorted."""
        return [str(row[0]) for row in self._rows(select(study.c.name).distinct().order_by(study.c.name))]

    def study(self, name: str) -> StudyRow:
        """Return the newest study called `name`.

        Raises:
            InputError: if it was never run here; names the nearest one that was.
        """
        query = select(study).where(study.c.name == name).order_by(study.c.id.desc()).limit(1)
        found = self._mappings(query)
        if not found:
            known = self.study_names()
            hint = nearest(name, known) or (f"it holds: {', '.join(known)}" if known else "it is empty")
            raise InputError([Fault(self.name, f"no study {name!r} was run here", hint)])
        row = found[0]
        return StudyRow(
            id=row["id"], name=row["name"], title=row["title"], question=row["question"], text=row["text"],
            baseline=row["baseline"], seed=int(row["seed"]), replications=row["replications"],
            evaluation=json.loads(row["evaluation"]), created_at=as_utc(row["created_at"]),
        )  # fmt: skip

    def strategies(self, study_id: int, *, points: bool = False) -> list[StrategyRow]:
        """Return the strategies of a study, or the points of its evaluation, as declared."""
        query = select(strategy).where(strategy.c.study_id == study_id, _is_point(points)).order_by(strategy.c.position)
        return [
            StrategyRow(
                id=row["id"], position=row["position"], name=row["name"], title=row["title"],
                description=row["description"], sweep_value=row["sweep_value"],
                inputs=json.loads(row["inputs"]), inputs_hash=row["inputs_hash"], part=row["part"],
                point=row["point"],
            )
            for row in self._mappings(query)
        ]  # fmt: skip

    def runs(self, study_id: int) -> list[RunRow]:
        """Return all runs of a study that count, points included."""
        own = ("sweep_value", "part", "point")
        columns = [run.c[name] for name in RunRow.__dataclass_fields__ if name not in ("strategy", *own)]
        query = (
            select(strategy.c.name.label("strategy"), *(strategy.c[name] for name in own), *columns)
            .join(strategy, strategy.c.id == run.c.strategy_id)
            .where(strategy.c.study_id == study_id, ~run.c.superseded)
            .order_by(strategy.c.position, run.c.replication)
        )
        return [RunRow(**{**row, "seed": int(row["seed"])}) for row in self._mappings(query)]

    def metrics(self, study_id: int) -> list[tuple[Any, ...]]:
        """Return (strategy, replication, outcome, party, value) of all finished runs of its strategies."""
        return self._metrics(study_id, (strategy.c.name,), points=False)

    def point_metrics(self, study_id: int, outcomes: Collection[str]) -> list[tuple[Any, ...]]:
        """Return (part, point, strategy, sweep_value, replication, outcome, party, value) of its finished points.

        Args:
            study_id: number of the study.
            outcomes: names of the outcomes to read; there may be many points.
        """
        columns = (strategy.c.part, strategy.c.point, strategy.c.name, strategy.c.sweep_value)
        return self._metrics(study_id, columns, run_metric.c.outcome.in_(sorted(outcomes)), points=True)

    def _metrics(
        self, study_id: int, columns: tuple[Any, ...], *conditions: Any, points: bool
    ) -> list[tuple[Any, ...]]:  # fmt: skip
        query = (
            select(*columns, run.c.replication, run_metric.c.outcome, run_metric.c.party, run_metric.c.value)
            .join(strategy, strategy.c.id == run.c.strategy_id)
            .join(run_metric, run_metric.c.run_id == run.c.result_run_id)
            .where(
                strategy.c.study_id == study_id, _is_point(points), ~run.c.superseded, run.c.status == "done",
                *conditions,
            )
            .order_by(strategy.c.position, run.c.replication, run_metric.c.outcome, run_metric.c.party)
        )  # fmt: skip
        return self._rows(query)

    def transfers(self, study_id: int) -> list[tuple[Any, ...]]:
        """Return (strategy, replication, payer, payee, kind, EUR per year) of all finished runs."""
        query = (
            select(
                strategy.c.name, run.c.replication,
                transfer.c.payer, transfer.c.payee, transfer.c.kind, transfer.c.value,
            )
            .join(strategy, strategy.c.id == run.c.strategy_id)
            .join(transfer, transfer.c.run_id == run.c.result_run_id)
            .where(strategy.c.study_id == study_id, _is_point(False), ~run.c.superseded, run.c.status == "done")
            .order_by(strategy.c.position, run.c.replication, transfer.c.payer, transfer.c.payee, transfer.c.kind)
        )  # fmt: skip
        return self._rows(query)

    def hourly(self, study_id: int, strategy_name: str, replication: int = 0) -> dict[str, NDArray[np.float64]]:
        """Return the hourly series of one run: name -> values, shape (days, 24); empty if none were kept."""
        query = (
            select(run_series.c.payload)
            .join(run, run.c.result_run_id == run_series.c.run_id)
            .join(strategy, strategy.c.id == run.c.strategy_id)
            .where(
                strategy.c.study_id == study_id, strategy.c.name == strategy_name, _is_point(False),
                run.c.replication == replication, ~run.c.superseded, run.c.status == "done",
            )
        )  # fmt: skip
        rows = self._rows(query)
        return unpack_series(rows[0][0]) if rows else {}

    def loss_years(self, study_id: int) -> Iterator[tuple[str, int, dict[str, NDArray[np.float32]]]]:
        """Yield (strategy, replication, losses) of all finished runs of its strategies that kept them.

        Losses are by owning party, and fines by `fine/HOLDER`; EUR, shape (years,) each.
        """
        query = (
            select(strategy.c.name, run.c.replication, run_loss.c.payload)
            .join(strategy, strategy.c.id == run.c.strategy_id)
            .join(run_loss, run_loss.c.run_id == run.c.result_run_id)
            .where(strategy.c.study_id == study_id, _is_point(False), ~run.c.superseded, run.c.status == "done")
            .order_by(strategy.c.position, run.c.replication)
        )
        for name, replication, payload in self._rows(query):
            yield name, replication, unpack_losses(payload)

    def outcomes(self) -> dict[str, dict[str, str]]:
        """Return outcome -> its title, unit, direction, family, component_of and description."""
        return {row["name"]: row for row in self._mappings(select(outcome).order_by(outcome.c.name))}

    def executions(self, study_id: int) -> list[dict[str, Any]]:
        """Return software and machine of every program call that computed a result of this study."""
        holder = run.alias("holder")
        query = (
            select(execution)
            .join(holder, holder.c.execution_id == execution.c.id)
            .join(run, run.c.result_run_id == holder.c.id)
            .join(strategy, strategy.c.id == run.c.strategy_id)
            .where(strategy.c.study_id == study_id, ~run.c.superseded)
            .distinct()
            .order_by(execution.c.id)
        )
        rows = self._mappings(query)
        return [
            {**row, "started_at": as_utc(row["started_at"]), "packages": json.loads(row["packages"]),
             "machine": json.loads(row["machine"])}
            for row in rows
        ]  # fmt: skip

    def typical_seconds(self, inputs_hashes: Sequence[str]) -> float | None:
        """Return the mean computing time of finished runs with any of these inputs, or None."""
        query = select(func.avg(run.c.seconds)).where(
            run.c.inputs_hash.in_(list(inputs_hashes)), run.c.status == "done", run.c.result_run_id == run.c.id
        )
        value = self._rows(query)[0][0]
        return None if value is None else float(value)

    def _rows(self, query: Select[Any]) -> list[tuple[Any, ...]]:
        with refusals(self.name), self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def _mappings(self, query: Select[Any]) -> list[dict[str, Any]]:
        with refusals(self.name), self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def as_utc(stamp: dt.datetime) -> dt.datetime:
    """Return a stored time with its zone, which SQLite forgets."""
    return stamp.replace(tzinfo=dt.UTC) if stamp.tzinfo is None else stamp.astimezone(dt.UTC)


def _is_point(point: bool) -> Any:
    return strategy.c.part != "" if point else strategy.c.part == ""


def pack_series(hourly: dict[str, NDArray[np.float64]]) -> bytes:
    """Return hourly series as one Arrow stream compressed with zstd."""
    import pyarrow as pa

    table = pa.table({name: np.ascontiguousarray(values, dtype=np.float64).ravel() for name, values in hourly.items()})
    return pack_table(table)


def unpack_series(payload: bytes) -> dict[str, NDArray[np.float64]]:
    """Return the series of `pack_series`, shape (days, 24) each."""
    table = unpack_table(payload)
    return {name: table.column(name).to_numpy().reshape(-1, HOURS) for name in table.column_names}
