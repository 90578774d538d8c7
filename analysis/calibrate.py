"""Calibration: from a real series to a table, and from a table back to series that are judged against it.

`load_table_tree`, `price_table_tree` and the two `error_table_tree` functions fit; `check_table`
simulates a table's generator over thirty years or more and compares the statistics.
"""

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analysis.calibrate_error import (
    ErrorStatistics,
    error_statistics,
    fit_memory,
    fit_shape,
    target_values,
)
from analysis.calibrate_fit import BlockSettings, fit_blocks
from analysis.calibrate_identities import IDENTITIES
from analysis.calibrate_statistics import load_statistics, price_statistics, resampled_years, sampling_sd
from analysis.calibrate_tables import (
    TableText,
    block_fit_tree,
    error_fit_tree,
    provenance_tree,
    rounded,
    statistics_tree,
)
from model.calendar import Calendar, build_calendar, classify_days
from model.errors import Fault, InputError
from model.physics.series import generate_forecast_error, generate_load, generate_price
from model.reference import (
    BlockFit,
    ForecastErrorTable,
    Provenance,
    forecast_error_table,
    load_table,
    price_table,
    read_tree,
    table_names,
)
from model.streams import Floats

MIN_DAYS = 28
"""Shortest series that can be calibrated: one four-week block."""
MIN_YEARS = 30
"""Fewest simulated years on which a generator is judged."""
REQUIRED_SHARE = {"load": 0.9, "price": 0.85, "forecast_error": 0.85, **dict.fromkeys(IDENTITIES, 1.0)}
"""Share of a table's statistics that must lie within tolerance (declared; what the prototype of the method reached);
what must hold within a table of industries must hold throughout."""
INDUSTRY_TABLES = ("energy_use_us", "input_output_us", "learning_rates")
"""Committed tables that no generator draws from; their numbers are checked against each other."""
FRIDAY = 4
RESTING = 0.9
"""A weekday whose mean load is below this share of the mean is a day of rest (assumption)."""
ERROR_WINDOWS = 24
"""Simulated windows behind the sampling standard deviation of forecast-error statistics."""

type Dates = frozenset[datetime.date]


LOAD_SETTINGS = BlockSettings(components=6, block_weeks=2, season_weeks=4)
"""Loads: two weeks, so that half of the pairs of days a week apart stay neighbours; longer blocks repeat the year."""
PRICE_SETTINGS = BlockSettings(components=12, block_weeks=4, season_weeks=4)
"""Prices: spells of weather and fuel prices last for weeks."""


def _method(settings: BlockSettings, what: str) -> str:
    return (
        f"block bootstrap ({settings.block_weeks}-week blocks within {settings.season_weeks} weeks of the season) of "
        f"{settings.components} principal-component scores of {what}, autoregressive residual scaled by level and "
        "source day, quantile map by day type; sampling sd by resampling blocks of real days"
    )


def _need_days(days: int, where: str) -> None:
    if days < MIN_DAYS:
        raise InputError([Fault(where, f"has {days} whole days", f"at least {MIN_DAYS}")])


def load_table_tree(
    days: Floats, first: datetime.date, holidays: Dates, text: TableText, settings: BlockSettings = LOAD_SETTINGS
) -> dict[str, Any]:
    """Return a load table as a tree.

    Args:
        days: real load, shape (n days, 96), any unit of power; divided by its mean here.
        first: date of the first day.
        holidays: days on which the site kept Sunday hours.
        text: name, source and licence.
        settings: of the bootstrap.

    Raises:
        InputError: if the series is shorter than MIN_DAYS or its mean is not positive.
    """
    _need_days(len(days), text.name)
    if not days.mean() > 0:
        raise InputError([Fault(text.name, "the load is zero throughout", "a load with a positive mean")])
    scaled = days / days.mean()
    day_type = classify_days(first, len(days), holidays)[1]
    fit = fit_blocks(scaled[:, None, :], first, day_type, settings)
    calendar = build_calendar(first, len(days), "DE")
    real = load_statistics(scaled, day_type, calendar.month)
    samples = [load_statistics(y, calendar.day_type, calendar.month) for y in resampled_years(scaled, fit, calendar)]
    head = provenance_tree(text, "load", _method(settings, "daily 96-vectors"), "1 (load divided by its mean)")
    return head | {"statistics": _statistics(real, samples), "fit": block_fit_tree(fit)}


def weekday_notes(days: Floats, first: datetime.date) -> tuple[str, ...]:
    """Return a warning if the load rests on another weekday than Saturday or Sunday: its dates may be wrong.

    Published profiles are often stamped with another year than the measured one; their Sundays then
    fall on a workday. `days` is (n days, slots).
    """
    weekday = (first.toordinal() - 1 + np.arange(len(days))) % 7
    means = np.array([days[weekday == day].mean() for day in range(7)])
    lowest = int(means.argmin())
    if lowest > FRIDAY or means[lowest] > RESTING * means.mean():
        return ()
    name = (first + datetime.timedelta(days=(lowest - first.weekday()) % 7)).strftime("%A")
    return (
        f"the load is lowest on {name}s ({means[lowest] / means.mean():.0%} of the mean): if the stamps are those "
        "of another year, give the true date of the first day with --first-date",
    )


def price_table_tree(
    price: Floats,
    residual: Floats | None,
    first: datetime.date,
    text: TableText,
    *,
    zone: str,
    settings: BlockSettings = PRICE_SETTINGS,
) -> dict[str, Any]:
    """Return a price table as a tree.

    Args:
        price: EUR/MWh, shape (n days, 24).
        residual: residual load of the same days in MW, or None.
        first: date of the first day.
        text: name, source and licence.
        zone: name of the bidding zone.
        settings: of the bootstrap.

    Raises:
        InputError: if the series is shorter than MIN_DAYS.
    """
    _need_days(len(price), text.name)
    days = np.stack([price] if residual is None else [price, residual], axis=1)
    calendar = build_calendar(first, len(days), "DE")
    fit = fit_blocks(days, first, calendar.day_type, settings)

    def judge(part: Floats) -> dict[str, float]:
        return price_statistics(part[:, 0], None if residual is None else part[:, 1], calendar.day_type)

    samples = [judge(year) for year in resampled_years(days, fit, calendar)]
    what = "daily 24-vectors of price" + ("" if residual is None else " and residual load (load - wind - solar)")
    head = provenance_tree(text, "price", _method(settings, what), "EUR/MWh; residual load MW")
    return head | {
        "zone": zone,
        "has_residual_load": residual is not None,
        "statistics": _statistics(judge(days), samples),
        "fit": block_fit_tree(fit),
    }


def _statistics(real: Mapping[str, float], samples: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Return targets with sampling sd; a statistic that is not defined (constant series) is left out."""
    sampling = sampling_sd(samples)
    return statistics_tree(
        {name: v for name, v in real.items() if math.isfinite(v)},
        {name: v if math.isfinite(v) else 0.0 for name, v in sampling.items()},
    )


def error_table_tree(known: ErrorStatistics, days: int, text: TableText) -> dict[str, Any]:
    """Return a forecast-error table as a tree, from the statistics of a real series of `days` days."""
    memory = fit_memory(known)
    normal_quantiles, shape = fit_shape(known)
    head = provenance_tree(
        text,
        "forecast_error",
        "bias and spread by hour and by workday or week-end; Gaussian process (fast autoregression, slow and weekly "
        "moving averages) fitted to the autocorrelation; shape by a quantile map; sampling sd from the fitted process "
        "over windows of the real length",
        "1 (actual / forecast - 1)",
    )
    tree = head | {"statistics": {}, "fit": error_fit_tree(known, memory, normal_quantiles, shape)}
    draft = ForecastErrorTable(
        Provenance(**{key: head[key] for key in Provenance.__slots__}),
        {},
        known.bias,
        known.sd,
        memory.weights,
        memory.fast_memory,
        memory.slow_hours,
        memory.weekly_hours,
        memory.weekly_memory,
        normal_quantiles,
        shape,
    )
    windows = [_error_targets(draft, window, days) for window in range(ERROR_WINDOWS)]
    tree["statistics"] = statistics_tree(target_values(known), sampling_sd(windows))
    return tree


def _error_targets(table: ForecastErrorTable, replication: int, days: int) -> dict[str, float]:
    calendar = build_calendar(datetime.date(2015, 1, 1), days, "none")
    errors = generate_forecast_error(table, 0, replication, "calibrate", calendar)
    return target_values(error_statistics(errors, np.minimum(calendar.day_type, 1)))


def error_table_tree_of_series(
    forecast: Floats, actual: Floats, first: datetime.date, holidays: Dates, text: TableText
) -> dict[str, Any]:
    """Return a forecast-error table from hourly forecast and actual load, each shape (n days, 24), same unit."""
    _need_days(len(forecast), text.name)
    if (forecast <= 0).any():
        place = int(np.argwhere(forecast <= 0)[0][0])
        what = f"the forecast is not positive on {first + datetime.timedelta(days=place)}"
        raise InputError([Fault(text.name, what, "positive forecasts: the error is relative")])
    weekend = np.minimum(classify_days(first, len(forecast), holidays)[1], 1)
    return error_table_tree(error_statistics(actual / forecast - 1.0, weekend), len(forecast), text)


# --- real against simulated --------------------------------------------------------------------------


@dataclass(frozen=True)
class CheckRow:
    """One statistic: real and simulated value, accepted distance, sampling sd of the real value."""

    statistic: str
    real: float
    simulated: float
    tolerance: float
    sampling_sd: float

    @property
    def passed(self) -> bool:
        """Whether the simulated value lies within tolerance."""
        return abs(self.simulated - self.real) <= self.tolerance

    @property
    def within_5_percent(self) -> bool:
        """Whether it lies within 5 %, without the allowance for sampling error."""
        return abs(self.simulated - self.real) <= 0.05 * abs(self.real)


@dataclass(frozen=True)
class TableCheck:
    """All statistics of one table over `years` simulated years; 0 for a table that is checked against itself."""

    table: str
    kind: str
    years: float
    rows: tuple[CheckRow, ...]

    @property
    def share(self) -> float:
        """Share of the statistics within tolerance."""
        return sum(row.passed for row in self.rows) / len(self.rows)

    @property
    def passed(self) -> bool:
        """Whether the declared share of statistics lies within tolerance."""
        return self.share >= REQUIRED_SHARE[self.kind]

    def as_dict(self) -> dict[str, Any]:
        """Return the check for JSON."""
        return {
            "table": self.table,
            "kind": self.kind,
            "years": round(self.years, 1),
            "passed": self.passed,
            "share": self.share,
            "required_share": REQUIRED_SHARE[self.kind],
            "share_within_5_percent": sum(row.within_5_percent for row in self.rows) / len(self.rows),
            "statistics": [
                rounded(
                    {
                        "statistic": r.statistic,
                        "real": r.real,
                        "simulated": r.simulated,
                        "tolerance": r.tolerance,
                        "sampling_sd": r.sampling_sd,
                    }
                )
                | {"passed": r.passed, "within_5_percent": r.within_5_percent}
                for r in self.rows
            ],
        }


def checked_tables() -> list[str]:
    """Return the names of the committed tables that can be checked: generators first, then tables of industries."""
    return [*table_names(), *INDUSTRY_TABLES]


def check_table(name: str | Path, years: int = MIN_YEARS, seed: int = 1) -> TableCheck:
    """Simulate the generator of a table over at least `years` years and compare it with the real series' statistics.

    A statistic is computed per window as long as the real series and averaged, so that a load factor
    of one year is compared with load factors of one year.

    Args:
        name: committed table or path of a user's.
        years: simulated years, at least MIN_YEARS.
        seed: of the simulation.

    Raises:
        InputError: if there is no such table, it is faulty, or `years` is too small.
    """
    if years < MIN_YEARS:
        raise InputError([Fault("--years", f"is {years}", f"at least {MIN_YEARS}: fewer years judge luck")])
    tree = read_tree(name)[1]
    kind = tree.get("kind")
    if kind not in REQUIRED_SHARE:
        raise InputError([Fault(f"{name}: kind", f"is {kind!r}", f"one of {', '.join(REQUIRED_SHARE)}")])
    if kind in IDENTITIES:
        return _check_identities(kind, tree)
    judge = {"load": _simulated_load, "price": _simulated_price, "forecast_error": _simulated_error}[kind]
    targets, windows, simulated_years = judge(name, years, seed)
    rows = []
    for statistic, target in targets.items():
        value = float(np.mean([window[statistic] for window in windows]))
        rows.append(CheckRow(statistic, target.value, value, target.tolerance, target.sampling_sd))
    return TableCheck(str(tree["table"]), kind, simulated_years, tuple(rows))


def _check_identities(kind: str, tree: Mapping[str, Any]) -> TableCheck:
    """Compare what a table of industries says with the same recomputed from its other numbers."""
    found = [CheckRow(one.statistic, one.said, one.recomputed, one.tolerance, 0.0) for one in IDENTITIES[kind](tree)]
    return TableCheck(str(tree["table"]), kind, 0.0, tuple(found))


def _windows(fit: BlockFit, years: int) -> list[Calendar]:
    """Return windows as long as the real series and starting at its day of the year, `years` years or more in all."""
    days = fit.day_type.size
    start = fit.monday_day_of_year - fit.first_monday
    count = math.ceil(years * 365 / days)
    first = [datetime.date(2018 + i, 1, 1) + datetime.timedelta(days=start - 1) for i in range(count)]
    return [build_calendar(date, days, "DE") for date in first]


def _simulated_load(name: str | Path, years: int, seed: int) -> Any:
    table = load_table(name)
    windows = _windows(table.fit, years)
    series = [generate_load(table, seed, i, "check", calendar) for i, calendar in enumerate(windows)]
    out = [load_statistics(load, c.day_type, c.month) for load, c in zip(series, windows, strict=True)]
    return table.statistics, out, len(windows) * table.fit.day_type.size / 365


def _simulated_price(name: str | Path, years: int, seed: int) -> Any:
    table = price_table(name)
    windows = _windows(table.fit, years)
    out = []
    for i, calendar in enumerate(windows):
        price, residual = generate_price(table, seed, i, calendar)
        out.append(price_statistics(price, residual if table.has_residual_load else None, calendar.day_type))
    return table.statistics, out, len(windows) * table.fit.day_type.size / 365


def _simulated_error(name: str | Path, years: int, seed: int) -> Any:
    table = forecast_error_table(name)
    return table.statistics, [_error_targets(table, seed, years * 365)], float(years)
