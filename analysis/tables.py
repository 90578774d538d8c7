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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.estimates import CONTROL
from model.exposure import FINE
from scenarios.store import Reader, RunRow, StrategyRow, StudyRow

type Ints = NDArray[np.int64]

METRICS = ("strategy", "replication", "outcome", "party", "value")
POINTS = ("part", "point", "strategy", "sweep_value", "replication", "outcome", "party", "value")
TRANSFERS = ("strategy", "replication", "payer", "payee", "kind", "value")
HOURLY = ("strategy", "series", "party", "day", "hour", "value")
RUNS = (
    "strategy", "sweep_value", "replication", "attempt", "seed", "status", "seconds", "inputs_hash", "result_hash",
    "error", "part", "point",
)  # fmt: skip


@dataclass(frozen=True)
class LossSample:
    """The nested loss-years of one series under one strategy; only years with a loss are kept.

    Attributes:
        years: nested years of each replication.
        replications: numbers of the random futures that have any, shape (r,).
        row: index into `replications`; `year`: of the replication; `value`: loss, EUR; shape (loss,) each.
    """

    years: int
    replications: Ints
    row: Ints
    year: Ints
    value: NDArray[np.float64]

    def table(self, replications: Ints) -> NDArray[np.float64]:
        """Return the losses of some random futures, EUR, shape (replication, year).

        Raises:
            KeyError: for a random future whose loss-years were not kept.
        """
        place = {int(number): k for k, number in enumerate(replications)}
        missing = set(place) - set(self.replications.tolist())
        if missing:
            raise KeyError(min(missing))
        losses = np.zeros((len(place), self.years))
        rows = np.array([place.get(int(number), -1) for number in self.replications], dtype=np.int64)[self.row]
        asked = rows >= 0
        losses[rows[asked], self.year[asked]] = self.value[asked]
        return losses


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
        loss_years: (strategy, series) -> nested loss-years; a series is an owning party, "" for all owners together,
            or `fine/HOLDER`; empty where nothing could leak or no years were drawn.
    """

    study: StudyRow
    strategies: tuple[StrategyRow, ...]
    metrics: pd.DataFrame
    points: pd.DataFrame
    transfers: pd.DataFrame
    runs: pd.DataFrame
    executions: tuple[dict[str, Any], ...]
    loss_years: Mapping[tuple[str, str], LossSample] = field(default_factory=dict)

    @property
    def chance_bearer(self) -> str | None:
        """The party whose net cost contains the chance alignment with the system; None if several utilities share it.

        Under single pricing it is who pays the imbalance price; under dual pricing nobody pays for it but the grid
        operator, whose balancing costs it.
        """
        rules = {str(member.inputs.get("balancing", {}).get("rule", "single")) for member in self.strategies}
        names = {tuple(u["name"] for u in member.inputs.get("utilities", ())) for member in self.strategies}
        if rules == {"dual"}:
            return "grid"
        only = next(iter(names)) if len(names) == 1 else ()
        return str(only[0]) if rules == {"single"} and len(only) == 1 else None

    @property
    def contract_parties(self) -> tuple[str, ...]:
        """The firms that are a party to a contract in any strategy: providers of data, their partners, then members."""
        pairs = [pair for member in self.strategies for pair in member.inputs.get("contracts", ())]
        names = [pair[role] for role in ("provider", "partner") for pair in pairs]
        return tuple(dict.fromkeys([*names, *self.members]))

    @property
    def members(self) -> tuple[str, ...]:
        """The firms that are members of a contract on resources or technology in any strategy."""
        terms = [
            one
            for member in self.strategies
            for family in ("resource_contracts", "technology_contracts")
            for one in member.inputs.get(family, ())
        ]
        return tuple(dict.fromkeys(name for one in terms for name in one["members"]))

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
        loss_years=loss_samples(store.loss_years(study.id)),
    )


def loss_samples(
    runs: Iterable[tuple[str, int, Mapping[str, NDArray[np.float32]]]],
) -> dict[tuple[str, str], LossSample]:
    """Return (strategy, series) -> nested loss-years, all owners together as the series "".

    Args:
        runs: (strategy, replication, losses by series, EUR, shape (years,) each).
    """
    found: dict[tuple[str, str], list[tuple[int, NDArray[np.float64]]]] = {}
    sizes: dict[tuple[str, str], int] = {}
    for strategy, replication, losses in runs:
        owners = [years for name, years in losses.items() if not name.startswith(FINE)]
        whole = {"": np.sum(owners, axis=0, dtype=np.float64)} if owners else {}
        for name, years in (whole | dict(losses)).items():
            rows = np.flatnonzero(years)
            sizes[strategy, name] = years.size
            found.setdefault((strategy, name), []).append((replication, np.stack([rows, years[rows]])))
    return {key: _loss_sample(sizes[key], parts) for key, parts in found.items()}


def _loss_sample(years: int, parts: list[tuple[int, NDArray[np.float64]]]) -> LossSample:
    year, value = np.concatenate([losses for _, losses in parts], axis=1)
    rows = np.repeat(np.arange(len(parts)), [losses.shape[1] for _, losses in parts])
    numbers = np.array([replication for replication, _ in parts], dtype=np.int64)
    return LossSample(years, numbers, rows, year.astype(np.int64), value)


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
