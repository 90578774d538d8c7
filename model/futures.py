"""The random futures of one replication that no party can influence: prices, loads of others, forecast errors.

They depend on seed and replication alone, so all strategies of a replication share one copy.
"""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from model.calendar import Calendar, build_calendar
from model.inputs import ManufacturerInputs, ModelInputs, OwnSeries
from model.mechanisms.pipeline import utc_offsets
from model.physics.series import (
    generate_forecast_error,
    generate_load,
    generate_price,
    load_from_series,
    price_from_series,
)
from model.reference import forecast_error_table, load_table, price_table
from model.streams import Floats, Ints

SERIES_PER_GROUP = 32
"""Most different load series that a group of like firms is given; larger groups repeat them (assumption)."""

QUARTERS = 96
HOURS = 24


@dataclass(frozen=True, eq=False)
class Futures:
    """Exogenous series over all model days, burn-in included; read-only.

    Attributes:
        calendar: the model days.
        price: day-ahead, EUR/MWh, shape (days, 24).
        residual: residual load of the zone, MW, shape (days, 24); NaN where the source has none.
        shapes: load over its mean, shape (days, series, 96).
        portfolio_error: relative error of the published forecast by utility, shape (utility, days, 24).
        utc_offsets: hours by which local time is ahead of UTC, shape (days,).
    """

    calendar: Calendar
    price: Floats
    residual: Floats
    shapes: Floats
    portfolio_error: Floats
    utc_offsets: Ints

    @property
    def has_residual(self) -> bool:
        """Whether the price source came with the zone's residual load."""
        return bool(np.isfinite(self.residual[0, 0]))


def shape_entities(firm: ManufacturerInputs) -> list[str]:
    """Return the entity names of the load series that a firm or group of firms uses."""
    if firm.process.kind != "shaped":
        return []
    return [f"{firm.name}/{k}" for k in range(min(firm.count, SERIES_PER_GROUP))]


def futures_of(inputs: ModelInputs, seed: int, replication: int) -> Futures:
    """Return the futures of a replication; the latest two are kept, for the next strategy."""
    own = {s.name: s for s in inputs.own_series}
    series = tuple(
        (own.get(f.process.load_table, f.process.load_table), e)
        for f in inputs.manufacturers
        for e in shape_entities(f)
    )
    errors = tuple((u.forecasting.error_table, u.forecasting.portfolio_error, u.name) for u in inputs.utilities)
    period = inputs.calendar
    span = (period.start, period.days, period.burn_in, period.holidays)
    needs_price = bool(inputs.utilities)
    price = own.get(inputs.market.price_table, inputs.market.price_table) if needs_price else ""
    return _futures(span, price, series, errors, seed, replication)


@lru_cache(maxsize=2)
def _futures(  # noqa: PLR0917 - every argument is part of the cache key
    span: tuple[str, int, int, str],
    price_source: str | OwnSeries,
    series: tuple[tuple[str | OwnSeries, str], ...],
    errors: tuple[tuple[str, float, str], ...],
    seed: int,
    replication: int,
) -> Futures:
    start, days, burn_in, holidays = span
    first = dt.date.fromisoformat(start) - dt.timedelta(days=burn_in)
    calendar = build_calendar(first, days + burn_in, holidays)  # type: ignore[arg-type]
    price, residual = np.zeros((calendar.days, HOURS)), np.full((calendar.days, HOURS), np.nan)
    if isinstance(price_source, OwnSeries):
        price = price_from_series(price_source.values, dt.date.fromisoformat(price_source.first_day), calendar)
    elif price_source:
        price, residual = generate_price(price_table(_named(price_source)), seed, replication, calendar)
    shapes = np.empty((calendar.days, len(series), QUARTERS))
    for k, (source, entity) in enumerate(series):
        shapes[:, k, :] = _shape(source, entity, seed, replication, calendar)
    error = np.zeros((len(errors), calendar.days, HOURS))
    for u, (name, sd, entity) in enumerate(errors):
        if sd > 0.0:
            table_of_errors = forecast_error_table(_named(name))
            raw = generate_forecast_error(table_of_errors, seed, replication, entity, calendar)
            error[u] = np.maximum(-0.9, raw * (sd / table_of_errors.standard_deviation))
    offsets = utc_offsets(calendar.ordinal)
    for array in (price, residual, shapes, error, offsets):
        array.flags.writeable = False
    return Futures(calendar, price, residual, shapes, error, offsets)


def _shape(source: str | OwnSeries, entity: str, seed: int, replication: int, calendar: Calendar) -> Floats:
    """Return one load over its mean, shape (days, 96): generated, or the user's own year as it was."""
    if isinstance(source, OwnSeries):
        own = load_from_series(source.values, dt.date.fromisoformat(source.first_day), calendar)
        return own / own.mean()
    return generate_load(load_table(_named(source)), seed, replication, entity, calendar)


def _named(source: str) -> str | Path:
    return Path(source) if source.endswith((".json", ".csv")) or "/" in source else source
