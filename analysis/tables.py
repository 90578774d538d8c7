"""From the store to tidy frames: one row per value, named columns, nothing aggregated.

| frame | columns |
|---|---|
| metrics | strategy, replication, outcome, party, value |
| points | part, point, strategy, sweep_value, replication, outcome, party, value |
| transfers | strategy, replication, payer, payee, kind, value |
| hourly | strategy, series, party, day, hour, value |
| runs | strategy, sweep_value, replication, attempt, seed, status, seconds, inputs_hash, result_hash, error, point |
| strategies | strategy, title, description |

Points are what runs beyond the strategies, with the outcomes asked of them; `part` is `break_even/NAME`,
`influence/NAME` or `waterfall/NAME`.
Values of metrics are per year, in the unit that `model.outcomes` declares; transfers are EUR per year.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimates import CONTROL
from scenarios.store import Reader, RunRow, StrategyRow, StudyRow

METRICS = ("strategy", "replication", "outcome", "party", "value")
POINTS = ("part", "point", "strategy", "sweep_value", "replication", "outcome", "party", "value")
TRANSFERS = ("strategy", "replication", "payer", "payee", "kind", "value")
HOURLY = ("strategy", "series", "party", "day", "hour", "value")
RUNS = (
    "strategy", "sweep_value", "replication", "attempt", "seed", "status", "seconds", "inputs_hash", "result_hash",
    "error", "part", "point",
)  # fmt: skip


@dataclass(frozen=True)
class StudyTables:
    """Everything the store holds about one study.

    Attributes:
        study: the study as it was asked.
        strategies: its strategies with their resolved inputs, as declared.
        metrics: see the module's table; points excluded.
        points: the points of break-even sweeps, influences and waterfalls.
        transfers: who pays whom.
        runs: every run that counts, points included.
        executions: software and machine of the program calls behind the results.
    """

    study: StudyRow
    strategies: tuple[StrategyRow, ...]
    metrics: pd.DataFrame
    points: pd.DataFrame
    transfers: pd.DataFrame
    runs: pd.DataFrame
    executions: tuple[dict[str, Any], ...]

    @property
    def contract_parties(self) -> tuple[str, ...]:
        """The firms that are a party to a contract in any strategy, providers first."""
        pairs = [pair for member in self.strategies for pair in member.inputs.get("contracts", ())]
        names = [pair[role] for role in ("provider", "partner") for pair in pairs]
        return tuple(dict.fromkeys(names))

    @property
    def providers(self) -> tuple[str, ...]:
        """The firms that share data in any strategy."""
        names = [pair["provider"] for member in self.strategies for pair in member.inputs.get("contracts", ())]
        return tuple(dict.fromkeys(names))


def read_study(store: Reader, name: str) -> StudyTables:
    """Return the newest study called `name`; a path of a scenario file stands for its name.

    Raises:
        InputError: if it was never run in this store.
    """
    study = store.study(name if name in store.study_names() else _stem(name))
    return StudyTables(
        study=study,
        strategies=tuple(store.strategies(study.id)),
        metrics=_typed(pd.DataFrame(store.metrics(study.id), columns=list(METRICS))),
        points=_typed(pd.DataFrame(store.point_metrics(study.id, _asked(study)), columns=list(POINTS))),
        transfers=_typed(pd.DataFrame(store.transfers(study.id), columns=list(TRANSFERS))),
        runs=runs_frame(store.runs(study.id)),
        executions=tuple(store.executions(study.id)),
    )


def _asked(study: StudyRow) -> set[str]:
    """Return the outcomes that break-even, influence and waterfall ask for, and the control variate."""
    parts = [one for part in ("break_even", "influence", "waterfall") for one in as_list(study.evaluation.get(part))]
    return {CONTROL, *(name for one in parts for name in (one.get("outcome"), *one.get("outcomes", ())) if name)}


def as_list(asked: Any) -> list[Mapping[str, Any]]:
    """Return the parts that a stored evaluation asks for; one mapping, as early stores have it, is a list of one."""
    if not asked:
        return []
    return [asked] if isinstance(asked, Mapping) else list(asked)


def runs_frame(rows: Iterable[RunRow]) -> pd.DataFrame:
    """Return runs as a frame, one row each."""
    return pd.DataFrame([[getattr(row, name) for name in RUNS] for row in rows], columns=list(RUNS))


def read_hourly(store: Reader, tables: StudyTables, strategies: Iterable[str] | None = None) -> pd.DataFrame:
    """Return the hourly series of replication 0 as a tidy frame.

    Args:
        store: where the study is.
        tables: the study, as read by `read_study`.
        strategies: names; all by default.
    """
    wanted = [member.name for member in tables.strategies] if strategies is None else list(strategies)
    parts = [
        _tidy_series(strategy, name, values)
        for strategy in wanted
        for name, values in store.hourly(tables.study.id, strategy).items()
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(HOURLY))


def _tidy_series(strategy: str, name: str, values: Any) -> pd.DataFrame:
    series, _, party = name.partition("/")
    days, hours = values.shape
    return pd.DataFrame(
        {
            "strategy": strategy, "series": series, "party": party,
            "day": np.repeat(np.arange(days), hours), "hour": np.tile(np.arange(hours), days),
            "value": values.ravel(),
        }
    )  # fmt: skip


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the number columns their type, which an empty frame would lack."""
    types = {"replication": "int64", "value": "float64", "sweep_value": "float64"}
    return frame.astype({name: kind for name, kind in types.items() if name in frame.columns})


def _stem(name: str) -> str:
    path = Path(name)
    return path.stem if path.suffix in (".yaml", ".yml") else name
