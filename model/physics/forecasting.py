"""What a utility learns from meters: recursive least squares, hour by hour, on what it may know at the gate.

The baseline receiver learns what a linear regression on calendar, newest day and week before can learn from history
(level, weekly pattern, persistence, bias), or the value of sharing would be overstated.
Source of the recursion: Ljung (1999), System Identification, ch. 11.
"""

import numpy as np

from model.kernels import kernel
from model.streams import Floats

HOURS = 24
WEEK = 7
FEATURES = 4
"""Regressors: one, weekend or holiday, newest metered day, same hour a week ago."""

NAIVE, LAST_ORDER, FULL_HISTORY = 0, 1, 2
"""Codes of `forecasting.receiver`."""

PRIOR_VARIANCE = 100.0
"""Diffuse prior variance of the regression weights, targets being scaled to about 1 (assumption)."""


@kernel
def predict(weights: Floats, x: Floats) -> float:
    """Return the linear forecast of one hour."""
    total = 0.0
    for j in range(x.size):
        total += weights[j] * x[j]
    return total


@kernel
def learn(weights: Floats, covariance: Floats, x: Floats, target: float, memory: float) -> None:
    """Update one hour's recursive least squares in place.

    Args:
        weights: shape (k,); `covariance`: shape (k, k), symmetric.
        x: regressors that the forecast used, shape (k,).
        target: what came true, in the same scale.
        memory: forgetting factor.
    """
    k = x.size
    gain = np.empty(k)
    scale = memory
    for a in range(k):
        total = 0.0
        for b in range(k):
            total += covariance[a, b] * x[b]
        gain[a] = total
        scale += total * x[a]
    error = target - predict(weights, x)
    for a in range(k):
        weights[a] += gain[a] / scale * error
    for a in range(k):
        for b in range(a, k):
            value = (covariance[a, b] - gain[a] * gain[b] / scale) / memory
            covariance[a, b] = value
            covariance[b, a] = value


KNOWN_AT_GATE = 11
"""Hours of the day before delivery that real-time meters have shown when the gate closes at noon."""


@kernel
def newest(past: Floats, day: int, delay: int, fresh: bool, hour: int, by_day: bool) -> float:
    """Return what the newest metered 24 hours say of an hour of `day`: that hour, or their mean if hours fade.

    They are the hours of day - delay, or with `fresh` meters the last ones before the gate: this morning's and
    those after the same time of the day before. Ring `past`, shape (ring, 24).
    """
    ring = past.shape[0]
    total = 0.0
    for h in range(HOURS):
        age = delay
        if fresh:
            age = 1 if h < KNOWN_AT_GATE else 2
        value = past[(day - age) % ring, h]
        if h == hour and not by_day:
            return float(value)
        total += value
    return total / HOURS


@kernel
def regressors(
    past: Floats,
    day: int,
    delay: int,
    fresh: bool,
    week: int,
    hour: int,
    weekend: bool,
    receiver: int,
    by_day: bool,
    scale: float,
    x: Floats,
) -> None:
    """Write the regressors for an hour of `day` into `x`, shape (4,); LAST_ORDER sees the newest day's hour only."""
    ring = past.shape[0]
    x[0] = 1.0
    if receiver == LAST_ORDER:
        x[1] = 0.0
        x[2] = newest(past, day, delay, fresh, hour, False) / scale
        x[3] = 0.0
        return
    x[1] = 1.0 if weekend else 0.0
    x[2] = newest(past, day, delay, fresh, hour, by_day) / scale
    x[3] = past[(day - week) % ring, hour] / scale


@kernel
def forecast_from_history(
    day: int,
    weekend: bool,
    learn_weekend: bool,
    receiver: int,
    by_day: bool,
    delay: int,
    fresh: bool,
    memory: float,
    scale: float,
    past: Floats,
    weights: Floats,
    covariance: Floats,
    running: Floats,
    forecast: Floats,
) -> None:
    """Learn from the newest metered day and forecast the coming one.

    Args:
        day: model day to forecast; meters are known to day - delay.
        weekend: whether that day is a Saturday, Sunday or holiday.
        learn_weekend: the same for day - delay.
        receiver: NAIVE (long-run mean), LAST_ORDER (regression on the newest day) or FULL_HISTORY (regression on all).
        by_day: whether the full regression reads the newest day's mean instead of its hours.
        delay: metering delay, days; `fresh`: whether meters are read in real time as well.
        memory: forgetting factor; `scale`: typical size of the series.
        past: ring of metered days, shape (ring, 24), ring >= max(delay, 7) + delay + 1.
        weights: shape (24, 4); `covariance`: shape (24, 4, 4); both updated in place.
        running: sum and number of metered values, shape (2,), updated in place.
        forecast: result, unit of the series, shape (24,).
    """
    ring = past.shape[0]
    week = max(WEEK, delay)
    known = day - delay
    x = np.empty(FEATURES)
    if known >= 0:
        for h in range(HOURS):
            running[0] += past[known % ring, h]
            running[1] += 1.0
            if receiver != NAIVE and known >= week:
                regressors(past, known, delay, fresh, week, h, learn_weekend, receiver, by_day, scale, x)
                learn(weights[h], covariance[h], x, past[known % ring, h] / scale, memory)
    mean = running[0] / running[1] if running[1] > 0.0 else 0.0
    for h in range(HOURS):
        if receiver == NAIVE or known < 2 * week:
            forecast[h] = mean
        else:
            regressors(past, day, delay, fresh, week, h, weekend, receiver, by_day, scale, x)
            forecast[h] = predict(weights[h], x) * scale
