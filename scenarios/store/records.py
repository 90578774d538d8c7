"""One run with everything the store keeps about it: for listing, and for doing it again."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, func, select

from scenarios.migrations.schema import (
    declaration,
    execution,
    own_data,
    run,
    run_loss,
    run_metric,
    run_series,
    strategy,
    study,
    transfer,
)
from scenarios.store.losses import unpack_losses
from scenarios.store.reading import Reader, as_utc, unpack_series

type Metrics = dict[tuple[str, str], float]
type Transfers = dict[tuple[str, str, str], float]


@dataclass(frozen=True)
class RunRecord:
    """One run and where it belongs.

    Attributes:
        id: number in this store.
        study: name of the study.
        study_id: number of the study; several may bear the name.
        strategy: name of the strategy.
        sweep_value: value of the break-even parameter, None outside a sweep.
        part: the sweep, influence or waterfall that needs the run; empty for a run of a strategy as it is.
        point: which point of it.
        replication: number of the random future.
        attempt: 1 for the first, more after failures.
        superseded: whether a later attempt, or a later study of the same name, counts instead.
        seed: seed of the study.
        status: pending, running, done or failed.
        seconds: computing time, None where the result came from the store or there is none.
        result_hash: sha256 over the whole result.
        result_run_id: the run that holds the result; another one when it was answered from the store.
        inputs_hash: sha256 of the resolved inputs.
        model_version: sha256 of the model's sources and data.
        finished_at: when it was finished.
        error: traceback of a failed run.
    """

    id: int
    study: str
    study_id: int
    strategy: str
    sweep_value: float | None
    part: str
    point: str
    replication: int
    attempt: int
    superseded: bool
    seed: int
    status: str
    seconds: float | None
    result_hash: str | None
    result_run_id: int | None
    inputs_hash: str
    model_version: str
    finished_at: dt.datetime | None
    error: str | None

    @property
    def label(self) -> str:
        """How the run is called: study/strategy/replication; a point of an evaluation says which."""
        point = f" ({self.part}: {self.point})" if self.part else ""
        return f"{self.study}/{self.strategy}/{self.replication}{point}"


class Records(Reader):
    """A results store, opened to read single runs."""

    def all_runs(self, study_name: str | None = None, *, history: bool = False) -> list[RunRecord]:
        """Return runs by study, strategy and replication.

        Args:
            study_name: only those of this study; all studies if None.
            history: also what a later attempt or a later study of the same name has superseded.

        Raises:
            InputError: if the study was never run here; names the nearest one that was.
        """
        query = _records().order_by(study.c.id, strategy.c.position, run.c.replication, run.c.attempt)
        if study_name is not None:
            query = query.where(study.c.name == self.study(study_name).name)
        if not history:
            query = query.where(~run.c.superseded, study.c.superseded_by.is_(None))
        return [_record(row) for row in self._mappings(query)]

    def run_record(self, run_id: int) -> RunRecord | None:
        """Return one run, or None if there is none of this number."""
        found = self._mappings(_records().where(run.c.id == run_id))
        return _record(found[0]) if found else None

    def run_count(self) -> int:
        """Return how many runs the store holds, superseded ones included; they are numbered from 1."""
        return int(self._rows(select(func.count()).select_from(run))[0][0])

    def run_inputs(self, run_id: int) -> str:
        """Return the resolved inputs of a run as stored: canonical JSON."""
        query = select(strategy.c.inputs).join(run, run.c.strategy_id == strategy.c.id).where(run.c.id == run_id)
        return str(self._rows(query)[0][0])

    def run_metrics(self, run_id: int) -> Metrics:
        """Return (outcome, party) -> value of the run that holds a result."""
        query = select(run_metric.c.outcome, run_metric.c.party, run_metric.c.value)
        return {(o, p): float(value) for o, p, value in self._rows(query.where(run_metric.c.run_id == run_id))}

    def run_transfers(self, run_id: int) -> Transfers:
        """Return (payer, payee, kind) -> EUR per year of the run that holds a result."""
        query = select(transfer.c.payer, transfer.c.payee, transfer.c.kind, transfer.c.value)
        return {(a, b, k): float(value) for a, b, k, value in self._rows(query.where(transfer.c.run_id == run_id))}

    def run_hourly(self, run_id: int) -> dict[str, NDArray[np.float64]]:
        """Return the hourly series of the run that holds a result, shape (days, 24); empty if none were kept."""
        rows = self._rows(select(run_series.c.payload).where(run_series.c.run_id == run_id))
        return unpack_series(rows[0][0]) if rows else {}

    def run_series_hash(self, run_id: int) -> str | None:
        """Return the sha256 over the hourly series as they were computed, or None if none were kept."""
        rows = self._rows(select(run_series.c.series_hash).where(run_series.c.run_id == run_id))
        return str(rows[0][0]) if rows else None

    def run_losses(self, run_id: int) -> dict[str, NDArray[np.float32]] | None:
        """Return the nested loss-years of the run that holds a result, shape (years,); None if none were kept."""
        rows = self._rows(select(run_loss.c.payload).where(run_loss.c.run_id == run_id))
        return unpack_losses(rows[0][0]) if rows else None

    def run_loss_hash(self, run_id: int) -> str | None:
        """Return the sha256 over the nested loss-years as they were drawn, or None if none were kept."""
        rows = self._rows(select(run_loss.c.loss_hash).where(run_loss.c.run_id == run_id))
        return str(rows[0][0]) if rows else None

    def run_execution(self, run_id: int) -> dict[str, Any] | None:
        """Return software and machine of the program call that computed a run, or None if it was not computed."""
        query = select(execution).join(run, run.c.execution_id == execution.c.id).where(run.c.id == run_id)
        found = self._mappings(query)
        if not found:
            return None
        row = found[0]
        parsed = {"packages": json.loads(row["packages"]), "machine": json.loads(row["machine"])}
        return {**row, **parsed, "started_at": as_utc(row["started_at"])}

    def own_data(self, digests: Sequence[str]) -> dict[str, bytes]:
        """Return the packed content of the user's own data that the store holds, by sha256."""
        query = select(own_data.c.digest, own_data.c.payload).where(own_data.c.digest.in_(list(digests)))
        return {str(digest): bytes(payload) for digest, payload in self._rows(query)}

    def declaration(self, model_version: str) -> dict[str, Any] | None:
        """Return what a version of the model declared, or None where the store does not say."""
        query = select(declaration.c.parameters).where(declaration.c.model_version == model_version)
        rows = self._rows(query)
        return json.loads(rows[0][0]) if rows else None


def _records() -> Select[Any]:
    own = [run.c[item.name] for item in fields(RunRecord) if item.name in run.c and item.name not in _JOINED]
    later = study.c.superseded_by.is_not(None).label("study_superseded")
    places = (study.c.name.label("study"), strategy.c.study_id, strategy.c.name.label("strategy"))
    return (
        select(*places, *(strategy.c[name] for name in _POINT), later, *own)
        .join(strategy, strategy.c.id == run.c.strategy_id)
        .join(study, study.c.id == strategy.c.study_id)
    )


_POINT = ("sweep_value", "part", "point")
_JOINED = ("study", "study_id", "strategy", *_POINT)


def _record(row: dict[str, Any]) -> RunRecord:
    superseded = bool(row.pop("study_superseded")) or bool(row["superseded"])
    finished = None if row["finished_at"] is None else as_utc(row["finished_at"])
    return RunRecord(**{**row, "seed": int(row["seed"]), "superseded": superseded, "finished_at": finished})
