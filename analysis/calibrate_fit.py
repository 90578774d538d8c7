"""Fits a block-bootstrap generator: principal components, residual noise and quantile map."""

import datetime
from dataclasses import dataclass, replace

import numpy as np

from model.calendar import DAY_TYPES, Calendar, build_calendar
from model.physics.series import rebuild_days, source_days
from model.reference import BlockFit
from model.streams import Floats, Ints, stream_key

FIT_YEARS = 40
"""Simulated years behind the quantiles before the map."""
RANKS = np.concatenate(
    [[0.0, 0.0005, 0.001, 0.002, 0.005], np.linspace(0.01, 0.99, 50), [0.995, 0.998, 0.999, 0.9995, 1.0]]
)
"""Ranks at which the quantile map is tabulated: every 2 %, denser in the tails."""
NOISE_LEVELS = 12
"""Levels, equally populated, at which the residual's strength is tabulated."""


@dataclass(frozen=True)
class BlockSettings:
    """Settings of a block bootstrap.

    Attributes:
        components: principal components kept.
        block_weeks: length of a block in weeks.
        season_weeks: blocks come from within this many weeks of the season; -1 from anywhere.
    """

    components: int
    block_weeks: int
    season_weeks: int


def _principal_components(flat: Floats, count: int) -> tuple[Floats, Floats]:
    """Return components (K, width) and scores (n, K) of centred days, signs fixed by each component's largest entry."""
    left, size, right = np.linalg.svd(flat, full_matrices=False)
    components = right[:count]
    largest = np.abs(components).argmax(axis=1)
    sign = np.sign(components[np.arange(count), largest])
    return components * sign[:, None], left[:, :count] * size[:count] * sign


@dataclass(frozen=True)
class _Noise:
    """Residual of one variable: sd at levels (L,), factor of each day (n,), slot-to-slot autocorrelation."""

    level: Floats
    sd: Floats
    scale: Floats
    ar: float


def _residual_noise(rebuilt: Floats, residual: Floats) -> _Noise:
    """Return how strong the residual (n, S) is at each level of the rebuilt values (n, S), and how it persists."""
    order = np.argsort(rebuilt, axis=None, kind="stable")
    groups = np.array_split(order, NOISE_LEVELS)
    level = np.array([np.median(rebuilt.ravel()[group]) for group in groups])
    sd = np.array([residual.ravel()[group].std() for group in groups])
    expected = np.interp(rebuilt, level, sd)
    scaled = residual / np.where(expected > 0, expected, 1.0)
    scale = np.sqrt((scaled**2).mean(axis=1))
    even = (scaled / np.where(scale > 0, scale, 1.0)[:, None]).ravel()
    spread = float((even**2).mean())
    ar = float((even[1:] * even[:-1]).mean() / spread) if spread > 0 else 0.0
    return _Noise(level, sd, scale, min(max(ar, -0.99), 0.99))


def _quantiles_by_type(values: Floats, day_type: Ints, ranks: Floats) -> Floats:
    """Return quantiles of values (n, S) by day type, shape (3, Q); a type without days takes them all."""
    out = np.empty((DAY_TYPES, ranks.size))
    for kind in range(DAY_TYPES):
        chosen = values[day_type == kind]
        out[kind] = np.quantile(chosen if len(chosen) else values, ranks)
    return out


def _raw_quantiles(fit: BlockFit, variable: int, calendars: list[Calendar], real_counts: Ints) -> Floats:
    """Return the quantiles of FIT_YEARS years before the map, shape (3, Q).

    The extreme ranks are held half an observation inside, so that the generated year reaches the
    real year's extremes as often as a year of that many values would.
    """
    years = []
    for replication, calendar in enumerate(calendars):
        days = source_days(fit, stream_key(0, replication, "calibrate.block"), 0, calendar)
        noise = stream_key(0, replication, f"calibrate.noise{variable}")
        years.append(rebuild_days(fit, variable, noise, 0, calendar, days))
    values = np.concatenate(years)
    kinds = np.concatenate([calendar.day_type for calendar in calendars])
    out = np.empty((DAY_TYPES, RANKS.size))
    for kind in range(DAY_TYPES):
        half = 0.5 / max(int(real_counts[kind]), 1)
        out[kind] = _quantiles_by_type(values, kinds, np.clip(RANKS, half, 1.0 - half))[kind]
    return out


def fit_blocks(days: Floats, first: datetime.date, day_type: Ints, settings: BlockSettings) -> BlockFit:
    """Fit a generator to real days.

    Args:
        days: real values, shape (n days, V variables, S slots).
        first: date of the first day.
        day_type: type of each real day, shape (n,).
        settings: number of components, length and season of the blocks.
    """
    count, variables, slots = days.shape
    mean = days.mean(axis=0)
    scale = np.repeat((days - mean).std(axis=(0, 2)), slots)
    scale[scale == 0] = 1.0
    centred = (days - mean).reshape(count, -1) / scale
    axes, scores = _principal_components(centred, min(settings.components, count - 1, variables * slots))
    rebuilt = (scores @ axes * scale).reshape(count, variables, slots) + mean
    noise = [_residual_noise(rebuilt[:, v], days[:, v] - rebuilt[:, v]) for v in range(variables)]
    monday = (7 - first.weekday()) % 7
    blank = np.tile(RANKS, (variables, DAY_TYPES, 1))
    fit = BlockFit(
        day_type=day_type,
        first_monday=monday,
        monday_day_of_year=(first + datetime.timedelta(days=monday)).timetuple().tm_yday,
        block_weeks=settings.block_weeks,
        season_weeks=settings.season_weeks,
        mean=mean,
        components=axes * scale,
        scores=scores,
        noise_level=np.array([n.level for n in noise]),
        noise_sd=np.array([n.sd for n in noise]),
        noise_scale=np.array([n.scale for n in noise]),
        noise_ar=np.array([n.ar for n in noise]),
        raw_quantiles=blank,
        real_quantiles=blank,
        pools=np.argsort(day_type, kind="stable").astype(np.int64),
        pool_start=np.searchsorted(np.sort(day_type), np.arange(DAY_TYPES + 1)).astype(np.int64),
    )
    calendars = [build_calendar(datetime.date(2018 + year, 1, 1), 365, "DE") for year in range(FIT_YEARS)]
    counts = np.bincount(day_type, minlength=DAY_TYPES) * slots
    return replace(
        fit,
        raw_quantiles=np.array([_raw_quantiles(fit, v, calendars, counts) for v in range(variables)]),
        real_quantiles=np.array([_quantiles_by_type(days[:, v], day_type, RANKS) for v in range(variables)]),
    )
