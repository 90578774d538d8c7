"""What a utility learns from meters: recursive least squares, hour by hour, on what it may know at the gate.

The baseline receiver learns everything that history offers (weekly pattern, persistence, bias), or the value
of sharing would be overstated. Source of the recursion: Ljung (1999), System Identification, ch. 11.
"""

import numpy as np

from model.kernels import kernel
from model.streams import Floats

HOURS = 24
WEEK = 7
FEATURES = 4
"""Regressors: one, weekend or holiday, load one metering delay ago, load one week ago."""

NAIVE, LAST_ORDER, FULL_HISTORY = 0, 1, 2
"""Codes of `forecasting.receiver`."""

PRIOR_VARIANCE = 100.0
"""Diffuse prior variance of the regression weights, targets being scaled to about 1 (assumption)."""


@kernel
def features(weekend: bool, recent: float, week_ago: float, x: Floats) -> None:
    """Write the regressors of one hour into `x`, shape (4,)."""
    x[0] = 1.0
    x[1] = 1.0 if weekend else 0.0
    x[2] = recent
    x[3] = week_ago


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


@kernel
def forecast_from_history(
    day: int,
    weekend: bool,
    learn_weekend: bool,
    receiver: int,
    delay: int,
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
        receiver: NAIVE (long-run mean), LAST_ORDER (newest metered day) or FULL_HISTORY (regression).
        delay: metering delay, days; `memory`: forgetting factor; `scale`: typical size of the series.
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
            if receiver == FULL_HISTORY and known >= week:
                features(
                    learn_weekend, past[(known - delay) % ring, h] / scale, past[(known - week) % ring, h] / scale, x
                )
                learn(weights[h], covariance[h], x, past[known % ring, h] / scale, memory)
    mean = running[0] / running[1] if running[1] > 0.0 else 0.0
    for h in range(HOURS):
        if receiver == NAIVE or known < 0 or (receiver == FULL_HISTORY and known < 2 * week):
            forecast[h] = mean
        elif receiver == LAST_ORDER:
            forecast[h] = past[known % ring, h]
        else:
            features(weekend, past[known % ring, h] / scale, past[(day - week) % ring, h] / scale, x)
            forecast[h] = predict(weights[h], x) * scale
