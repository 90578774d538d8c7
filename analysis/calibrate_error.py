"""Fits the day-ahead forecast error: bias, spread, shape and memory, from a raw series or from its statistics."""

from dataclasses import dataclass

import numpy as np

from model.calendar import HOURS
from model.errors import InputError
from model.streams import Floats, normal_quantile

LAGS = (1, 2, 4, 12, 24, 48, 168)
"""Lags in hours at which the memory is fitted and judged."""
RANKS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""Ranks of the error's distribution between its extremes."""
WEEKLY_MEMORY = 0.9
"""Week-to-week autocorrelation of the weekly part (assumption)."""
_DAY = np.array([0, 0, 0, 0, 0, 1, 1])
"""Workday or week-end, Monday to Sunday."""


@dataclass(frozen=True)
class ErrorStatistics:
    """What is known of a real error series: by workday and week-end (2) and hour (24), and its autocorrelation.

    Attributes:
        count: observations behind each cell, shape (2, 24).
        bias: mean, shape (2, 24).
        sd: standard deviation, shape (2, 24).
        quantiles: minimum, RANKS, maximum, shape (2, 24, 9).
        autocorrelation: at LAGS, shape (7,).
    """

    count: Floats
    bias: Floats
    sd: Floats
    quantiles: Floats
    autocorrelation: Floats


def error_statistics(errors: Floats, weekend: Floats) -> ErrorStatistics:
    """Return the statistics of an hourly error (days, 24); `weekend` (days,) is 0 or 1."""
    from analysis.calibrate_statistics import autocorrelation

    cells = [errors[weekend == kind] for kind in (0, 1)]
    ranks = [0.0, *RANKS, 1.0]
    return ErrorStatistics(
        count=np.array([[len(cell)] * HOURS for cell in cells], dtype=np.float64),
        bias=np.array([cell.mean(axis=0) for cell in cells]),
        sd=np.array([cell.std(axis=0) for cell in cells]),
        quantiles=np.array([np.quantile(cell, ranks, axis=0).T for cell in cells]),
        autocorrelation=np.array([autocorrelation(errors.ravel(), lag) for lag in LAGS]),
    )


def target_values(known: ErrorStatistics) -> dict[str, float]:
    """Return the scalar statistics by which the generator is judged, each a relative error or a correlation."""
    weight = np.array([5.0, 2.0])[:, None] / (7.0 * HOURS)
    mean = float((weight * known.bias).sum())
    variance = float((weight * (known.sd**2 + (known.bias - mean) ** 2)).sum())
    named = {f"autocorrelation_{lag}h": float(r) for lag, r in zip(LAGS, known.autocorrelation, strict=True)}
    return {
        "mean": mean,
        "bias_workday": float(known.bias[0].mean()),
        "bias_weekend": float(known.bias[1].mean()),
        "standard_deviation": variance**0.5,
        "p1_by_hour": float((weight * known.quantiles[:, :, 1]).sum()),
        "p99_by_hour": float((weight * known.quantiles[:, :, -2]).sum()),
    } | named


def fit_shape(known: ErrorStatistics) -> tuple[Floats, Floats]:
    """Return normal quantiles (9,) and the standardised error at the same ranks (2, 9): mean 0, variance 1.

    Raises:
        InputError: if the forecast is perfect in some hour of the week: there is no error to learn from.
    """
    if not (known.sd > 0.0).all():
        raise InputError(["the forecast equals the actual load in some hour of every week; is it the same column?"])
    standard = (known.quantiles - known.bias[:, :, None]) / known.sd[:, :, None]
    shape = standard.mean(axis=1)
    end = 0.5 / float(known.count.mean())
    x = np.array([normal_quantile(p) for p in (end, *RANKS, 1.0 - end)])
    z = np.array([normal_quantile(p) for p in (np.arange(100_000) + 0.5) / 100_000])
    for kind in (0, 1):
        drawn = np.interp(z, x, shape[kind])
        shape[kind] = (shape[kind] - drawn.mean()) / drawn.std()
    return x, shape


@dataclass(frozen=True)
class ErrorMemory:
    """Memory of the process, as in `model.reference.ForecastErrorTable`."""

    weights: Floats
    fast_memory: float
    slow_hours: int
    weekly_hours: int
    weekly_memory: float

    def autocorrelation(self, lags: Floats) -> Floats:
        """Return the process' autocorrelation at `lags` (hours, at most 168 + weekly_hours)."""
        weekly = _triangle(lags / self.weekly_hours)
        weekly = weekly + self.weekly_memory * _triangle((lags - 168.0) / self.weekly_hours)
        return np.asarray(
            self.weights[0] * self.fast_memory**lags
            + self.weights[1] * _triangle(lags / self.slow_hours)
            + self.weights[2] * weekly
        )


def _triangle(x: Floats) -> Floats:
    """Return the autocorrelation of a moving sum at relative lag `x`."""
    return np.maximum(0.0, 1.0 - np.abs(x))


def _needed_autocorrelation(known: ErrorStatistics) -> Floats:
    """Return the autocorrelation z must have: the error's, without what the weekly bias pattern contributes."""
    bias, sd = known.bias[_DAY].ravel(), known.sd[_DAY].ravel()
    centred = bias - bias.mean()
    variance = (centred**2).mean() + (sd**2).mean()
    of_bias = np.array([(centred * np.roll(centred, -lag)).mean() for lag in LAGS])
    of_sd = np.array([(sd * np.roll(sd, -lag)).mean() for lag in LAGS])
    return np.asarray((known.autocorrelation * variance - of_bias) / of_sd)


def fit_memory(known: ErrorStatistics) -> ErrorMemory:
    """Return the memory whose autocorrelation comes nearest, by least squares over a grid of whole-hour widths.

    `weekly_memory` is held at WEEKLY_MEMORY: the published lags end at one week, so how long a
    weekly pattern lasts cannot be read from them (assumption: it fades over about ten weeks).
    """
    from scipy.optimize import least_squares

    lags = np.array(LAGS, dtype=np.float64)
    needed = _needed_autocorrelation(known)

    def memory(x: Floats, slow: int, weekly: int) -> ErrorMemory:
        share = np.exp(np.append(x[:2], 0.0))
        return ErrorMemory(share / share.sum(), float(1.0 / (1.0 + np.exp(-x[2]))), slow, weekly, WEEKLY_MEMORY)

    def misfit(x: Floats, slow: int, weekly: int) -> Floats:
        return memory(x, slow, weekly).autocorrelation(lags) - needed

    found = []
    for slow in range(36, 169, 12):
        for weekly in (12, 24, 36, 48):
            fit = least_squares(misfit, np.array([0.0, 0.5, 1.0]), args=(slow, weekly))
            found.append((round(float(fit.cost), 9), slow, weekly, fit.x))
    _, slow, weekly, x = min(found, key=lambda item: item[:3])
    return memory(x, slow, weekly)
