"""Series of load, price and forecast error, generated from calibrated tables or replayed from a user's own year.

A load or price year is a block bootstrap: whole weeks of the real series (four-week blocks for
prices) are drawn from the same season and laid on the calendar weekday on weekday, so shifts,
week-ends and spells of weather keep their order in time. Each day is rebuilt from its
principal-component scores, an autoregressive residual stands for what the components leave
out, and a quantile map by day type returns the real marginal distribution. A month-by-day-type
mean with one autoregression was tried first and misses half of the statistics.

Every draw comes from `model.streams`, addressed by the date, so a longer horizon or another
entity changes no number that was there before.
"""

import datetime

import numpy as np

from model.calendar import HOURS, Calendar
from model.kernels import kernel
from model.reference import BlockFit, ForecastErrorTable, LoadTable, PriceTable
from model.streams import Floats, Ints, Key, entity_id, normal, stream_key, uniform

WEEK = 7
YEAR_WEEKS = 52
SEASON_WEEKS = 50
"""A source of at least this many weeks knows the seasons."""
MEAN_YEAR = 365.2425
"""Days in a mean Gregorian year: places an ordinal in its season to within two days."""
REACH = 2
"""A substituted holiday is one of the 2 * REACH + 1 source days of its type nearest in time."""


# --- which source day stands for which model day -----------------------------------------------------


@kernel
def _wrap(day: int, days: int) -> int:
    """Return a source day past the end as the same weekday one whole number of weeks earlier."""
    return int(day if day < days else day - (days // WEEK) * WEEK)


@kernel
def _block_start(u: float, first_ordinal: int, source: Ints, season_weeks: int) -> int:
    """Return the source week, counted from the first source Monday, at which a block starts.

    `source` is (source days, index of the first Monday, its day of year). A source of about a
    year or more is searched within `season_weeks` of the same season, a shorter one everywhere.
    """
    weeks = source[0] // WEEK
    if weeks < SEASON_WEEKS or season_weeks < 0:
        return int(u * weeks)
    window = 2 * season_weeks + 1
    pick = int(u * window * max(weeks // YEAR_WEEKS, 1))
    day_of_year = (first_ordinal - 1) % MEAN_YEAR + 1.0
    season = int(np.floor((day_of_year - source[2]) / WEEK + 0.5))
    return int(((season + pick % window - season_weeks) % YEAR_WEEKS + YEAR_WEEKS * (pick // window)) % weeks)


@kernel
def _substitute(u: float, day: int, pool: Ints) -> int:
    """Return one of the source days in `pool` (ascending) that lie nearest to `day`."""
    size = pool.size
    at = np.searchsorted(pool, day)
    reach = min(REACH, (size - 1) // 2)
    return int(pool[(at - reach + int(u * (2 * reach + 1))) % size])


@kernel
def _source_days(
    key: Key,
    entity: int,
    ordinal: Ints,
    day_type: Ints,
    source_type: Ints,
    source: Ints,
    pools: Ints,
    pool_start: Ints,
    block_weeks: int,
    season_weeks: int,
) -> Ints:
    """Return for each model day the index of the source day it is built from, shape (days,); see `_block_start`."""
    out = np.empty(ordinal.size, np.int64)
    span = WEEK * block_weeks
    for i in range(ordinal.size):
        block = (ordinal[i] - 1) // span
        inside = (ordinal[i] - 1) % span
        week = _block_start(uniform(key, entity, block, 0), ordinal[i] - inside, source, season_weeks)
        day = _wrap(source[1] + WEEK * week + inside, source[0])
        wanted = day_type[i]
        low, high = pool_start[wanted], pool_start[wanted + 1]
        if source_type[day] != wanted and high > low:
            day = _substitute(uniform(key, entity, ordinal[i], 2), day, pools[low:high])
        out[i] = day
    return out


# --- from source days to values ----------------------------------------------------------------------


@kernel
def _interpolate(x: float, xs: Floats, ys: Floats) -> float:
    """Return y at `x` on the line through ascending `xs`, held constant beyond its ends."""
    n = xs.size
    if x <= xs[0]:
        return float(ys[0])
    if x >= xs[n - 1]:
        return float(ys[n - 1])
    low, high = 0, n - 1
    while high - low > 1:
        middle = (low + high) >> 1
        if xs[middle] <= x:
            low = middle
        else:
            high = middle
    return float(ys[low] + (ys[high] - ys[low]) * (x - xs[low]) / (xs[high] - xs[low]))


@kernel
def _rebuild(
    key: Key,
    entity: int,
    ordinal: Ints,
    days: Ints,
    scores: Floats,
    mean: Floats,
    components: Floats,
    noise_level: Floats,
    noise_sd: Floats,
    noise_scale: Floats,
    noise_ar: float,
) -> Floats:
    """Return mean + scores @ components + autoregressive noise, shape (days, slots).

    The noise is as strong as the real residual was at that level, on that source day: a plant at a
    standstill is quiet, one under load is not.
    """
    slots = mean.size
    out = np.empty((days.size, slots))
    innovation = np.sqrt(1.0 - noise_ar * noise_ar)
    noise = normal(key, entity, ordinal[0] - 1, 0)
    for i in range(days.size):
        for j in range(slots):
            out[i, j] = mean[j]
        for k in range(scores.shape[1]):
            score = scores[days[i], k]
            for j in range(slots):
                out[i, j] += score * components[k, j]
        for j in range(slots):
            noise = noise_ar * noise + innovation * normal(key, entity, ordinal[i], j)
            sd = noise_scale[days[i]] * _interpolate(out[i, j], noise_level, noise_sd)
            out[i, j] += sd * noise
    return out


@kernel
def _map_quantiles(values: Floats, day_type: Ints, raw: Floats, real: Floats) -> None:
    """Replace each value by the real value of the same rank among days of its type, in place."""
    for i in range(values.shape[0]):
        kind = day_type[i]
        for j in range(values.shape[1]):
            values[i, j] = _interpolate(values[i, j], raw[kind], real[kind])


def source_days(fit: BlockFit, key: Key, entity: int, calendar: Calendar) -> Ints:
    """Return for each model day the index of the source day it is built from, shape (days,)."""
    source = np.array([fit.day_type.size, fit.first_monday, fit.monday_day_of_year], dtype=np.int64)
    return _source_days(
        key,
        entity,
        calendar.ordinal,
        calendar.day_type,
        fit.day_type,
        source,
        fit.pools,
        fit.pool_start,
        fit.block_weeks,
        fit.season_weeks,
    )


def rebuild_days(fit: BlockFit, variable: int, key: Key, entity: int, calendar: Calendar, days: Ints) -> Floats:
    """Return the series of one variable of `fit` before its quantile map, shape (days, slots)."""
    slots = fit.mean.shape[1]
    return _rebuild(
        key,
        entity,
        calendar.ordinal,
        days,
        fit.scores,
        fit.mean[variable],
        fit.components[:, variable * slots : (variable + 1) * slots],
        fit.noise_level[variable],
        fit.noise_sd[variable],
        fit.noise_scale[variable],
        float(fit.noise_ar[variable]),
    )


def _generate(
    fit: BlockFit, names: tuple[str, ...], seed: int, replication: int, entity: int, calendar: Calendar
) -> list[Floats]:
    """Return one array (days, slots) per variable of `fit`; `names[0]` also names the block stream."""
    days = source_days(fit, stream_key(seed, replication, f"{names[0]}.block"), entity, calendar)
    out = []
    for variable, name in enumerate(names):
        key = stream_key(seed, replication, f"{name}.noise")
        values = rebuild_days(fit, variable, key, entity, calendar, days)
        _map_quantiles(values, calendar.day_type, fit.raw_quantiles[variable], fit.real_quantiles[variable])
        out.append(values)
    return out


# --- generators --------------------------------------------------------------------------------------


def generate_load(table: LoadTable, seed: int, replication: int, entity: str, calendar: Calendar) -> Floats:
    """Return a synthetic load of one entity, shape (days, 96), dimensionless, long-run mean 1, never negative.

    Args:
        table: a calibrated load class (`model.reference.load_table`).
        seed: the study's seed.
        replication: number of the replication.
        entity: name of the customer; each has its own draws.
        calendar: the model days.
    """
    return _generate(table.fit, ("load",), seed, replication, entity_id(entity), calendar)[0]


def generate_price(table: PriceTable, seed: int, replication: int, calendar: Calendar) -> tuple[Floats, Floats]:
    """Return day-ahead price (EUR/MWh) and residual load (MW) of one zone, each shape (days, 24).

    Residual load is load minus wind minus solar. A table without it (`table.has_residual_load`
    is False) returns NaN there: nothing was measured, and a use must not pass unnoticed.
    """
    names = ("price", "residual_load") if table.has_residual_load else ("price",)
    series = _generate(table.fit, names, seed, replication, entity_id(table.zone), calendar)
    return series[0], series[1] if table.has_residual_load else np.full_like(series[0], np.nan)


@kernel
def _smoothed(key: Key, entity: int, first_ordinal: int, days: int, width: int, weekly: float) -> Floats:
    """Return a stationary process with unit variance, hourly, shape (days * 24,).

    It is the moving sum over `width` hours of white noise, whose autocorrelation falls linearly to
    zero at `width`; the noise itself is correlated by `weekly` with that of 168 hours before.
    """
    pad = (width + HOURS - 1) // HOURS
    noise = np.empty((days + pad) * HOURS)
    innovation = np.sqrt(1.0 - weekly * weekly)
    for t in range(noise.size):
        draw = normal(key, entity, first_ordinal - pad + t // HOURS, t % HOURS)
        noise[t] = draw if t < WEEK * HOURS else weekly * noise[t - WEEK * HOURS] + innovation * draw
    out = np.empty(days * HOURS)
    start = pad * HOURS - width + 1
    total = noise[start : start + width].sum()
    scale = 1.0 / np.sqrt(width)
    for t in range(out.size):
        out[t] = total * scale
        if t + 1 < out.size:
            total += noise[start + width + t] - noise[start + t]
    return out


@kernel
def _errors(
    fast_key: Key,
    entity: int,
    ordinal: Ints,
    weekend: Ints,
    bias: Floats,
    sd: Floats,
    weights: Floats,
    fast_memory: float,
    slow: Floats,
    weekly: Floats,
    shape_x: Floats,
    shape_y: Floats,
) -> Floats:
    """Return the forecast error, shape (days, 24); see `ForecastErrorTable` for the process."""
    out = np.empty((ordinal.size, HOURS))
    root = np.sqrt(weights)
    innovation = np.sqrt(1.0 - fast_memory * fast_memory)
    fast = normal(fast_key, entity, ordinal[0] - 1, 0)
    for i in range(ordinal.size):
        kind = weekend[i]
        for j in range(HOURS):
            t = i * HOURS + j
            fast = fast_memory * fast + innovation * normal(fast_key, entity, ordinal[i], j)
            z = root[0] * fast + root[1] * slow[t] + root[2] * weekly[t]
            out[i, j] = bias[kind, j] + sd[kind, j] * _interpolate(z, shape_x, shape_y[kind])
    return out


def generate_forecast_error(
    table: ForecastErrorTable, seed: int, replication: int, entity: str, calendar: Calendar
) -> Floats:
    """Return the relative day-ahead error of a portfolio, actual / forecast - 1, shape (days, 24).

    Bias and spread by hour and by workday or week-end (holidays count as week-end), and the
    autocorrelation from hour to hour, day to day and week to week, are those of the table. What a
    learner could remove (week-end bias, yesterday's error) is left in. To rescale to a declared
    standard deviation multiply by declared / `table.standard_deviation`.
    """
    keys = [stream_key(seed, replication, f"forecast_error.{part}") for part in ("fast", "slow", "weekly")]
    who, first = entity_id(entity), int(calendar.ordinal[0])
    slow = _smoothed(keys[1], who, first, calendar.days, table.slow_hours, 0.0)
    weekly = _smoothed(keys[2], who, first, calendar.days, table.weekly_hours, table.weekly_memory)
    return _errors(
        keys[0],
        who,
        calendar.ordinal,
        np.minimum(calendar.day_type, 1),
        table.bias,
        table.sd,
        table.weights,
        table.fast_memory,
        slow,
        weekly,
        table.normal_quantiles,
        table.shape_quantiles,
    )


# --- a user's own year, replayed ---------------------------------------------------------------------


def align_days(days: int, first: datetime.date, calendar: Calendar) -> Ints:
    """Return for each model day the index of the user's day that stands for it, shape (model days,).

    A date inside the user's series is itself. Outside it, a series of at least 50 weeks gives the
    day of the same weekday near in season (at most 5 days off from 52 weeks up); a shorter one
    is repeated in whole weeks. Holidays are not moved: a weekday is a weekday.

    Raises:
        ValueError: if the series has fewer than 7 days.
    """
    if days < WEEK:
        message = f"the series has {days} days; at least {WEEK} are needed to align weekdays"
        raise ValueError(message)
    whole = days // WEEK * WEEK
    offset = calendar.ordinal - first.toordinal()
    if days < WEEK * SEASON_WEEKS:
        repeated = offset % whole
    else:
        years = np.floor(offset / MEAN_YEAR)
        season = offset - np.round(years * MEAN_YEAR / WEEK).astype(np.int64) * WEEK
        repeated = season % (WEEK * YEAR_WEEKS)
        repeated -= np.maximum(repeated - days + WEEK, 0) // WEEK * WEEK
    return np.where((offset >= 0) & (offset < days), offset, repeated).astype(np.int64)


def load_from_series(values: Floats, first: datetime.date, calendar: Calendar) -> Floats:
    """Return a user's load laid on the calendar, shape (days, 96), in the unit of `values`.

    Args:
        values: the user's load, shape (n days, 96), n at least 7.
        first: date of the first row.
        calendar: the model days.
    """
    return values[align_days(len(values), first, calendar)]


def price_from_series(values: Floats, first: datetime.date, calendar: Calendar) -> Floats:
    """Return a user's prices laid on the calendar, shape (days, 24), in the unit of `values` (n days, 24)."""
    return values[align_days(len(values), first, calendar)]
