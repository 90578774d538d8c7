"""Statistics by which a generated series is judged against the real one, and their sampling error."""

import numpy as np

from model.calendar import Calendar
from model.physics.series import source_days
from model.reference import BlockFit
from model.streams import Floats, Ints, stream_key

RESAMPLES = 60
"""Resampled years behind a sampling standard deviation (error of that sd: about 9 %)."""


def autocorrelation(series: Floats, lag: int) -> float:
    """Return the correlation of a series, shape (n,), with itself `lag` steps later; NaN if it is constant."""
    if lag >= series.size - 1:
        return float("nan")
    head, tail = series[:-lag], series[lag:]
    spread = head.std() * tail.std()
    return float(((head - head.mean()) * (tail - tail.mean())).mean() / spread) if spread > 0 else float("nan")


def _shared(values: Floats, day_type: Ints) -> dict[str, float]:
    """Return what load and price have in common: level, spread, memory, week, tails; `values` (days, slots)."""
    flat = values.ravel()
    hour = values.shape[1] // 24
    workday = day_type == 0
    low, high = np.quantile(flat, (0.01, 0.99))
    out = {
        "mean": float(flat.mean()),
        "standard_deviation": float(flat.std()),
        "autocorrelation_1h": autocorrelation(flat, hour),
        "autocorrelation_24h": autocorrelation(flat, 24 * hour),
        "autocorrelation_168h": autocorrelation(flat, 168 * hour),
        "p1": float(low),
        "p99": float(high),
    }
    if workday.any() and not workday.all() and values[~workday].mean() != 0:
        out["weekday_weekend_ratio"] = float(values[workday].mean() / values[~workday].mean())
    return out


def load_statistics(values: Floats, day_type: Ints, month: Ints) -> dict[str, float]:
    """Return ten statistics of a load, shape (days, 96): the shared eight, load factor, mean monthly peak."""
    peaks = [values[month == m].max() for m in np.unique(month)]
    return _shared(values, day_type) | {
        "load_factor": float(values.mean() / values.max()),
        "monthly_peak": float(np.mean(peaks)),
    }


def price_statistics(price: Floats, residual: Floats | None, day_type: Ints) -> dict[str, float]:
    """Return the statistics of price (EUR/MWh) and residual load (MW), each shape (days, 24)."""
    out = _shared(price, day_type) | {
        "negative_share": float((price < 0).mean()),
        "daily_spread": float((price.max(axis=1) - price.min(axis=1)).mean()),
    }
    if residual is not None:
        x, y = residual.ravel(), price.ravel()
        out |= {
            "residual_load_mean": float(x.mean()),
            "residual_load_standard_deviation": float(x.std()),
            "residual_load_correlation": float(np.corrcoef(x, y)[0, 1]),
            "residual_load_slope": float(np.polyfit(x, y, 1)[0]),
        }
    return out


def resampled_years(days: Floats, fit: BlockFit, calendar: Calendar, count: int = RESAMPLES) -> list[Floats]:
    """Return `count` years put together from blocks of real days, `days` shape (n, ...).

    The blocks are those of the generator (its length, its seasonal window), but the days are the
    untouched real ones, so the spread of a statistic over these years is its sampling error given
    the season, and owes nothing to components, noise or quantile map.
    """
    years = []
    for resample in range(count):
        key = stream_key(0, resample, "calibrate.resample")
        years.append(days[source_days(fit, key, 0, calendar)])
    return years


def sampling_sd(samples: list[dict[str, float]]) -> dict[str, float]:
    """Return the standard deviation of each statistic over the samples."""
    return {name: float(np.std([sample[name] for sample in samples], ddof=1)) for name in samples[0]}
