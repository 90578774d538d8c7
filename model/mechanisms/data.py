"""Sharing data: what leaves the provider, and how a receiver that already learns uses it.

A shared record is y = x + e. The receiver combines it with its own forecast by the linear minimum mean square
error rule on the whole day: forecast = baseline + gain x innovation, where innovation = y - baseline and the gain is
learned from what came true. Nothing shared means the baseline itself, bit for bit.
"""

import numpy as np

from model.kernels import kernel
from model.streams import Floats

HOURS = 24

PRIOR_DAYS = 10.0
"""Weight of the prior of no trust in the plan, in days of evidence (assumption)."""

RIDGE = 1e-6
"""Relative ridge that keeps the day's covariance invertible when values are repeated (block totals)."""


@kernel
def block_means(plan: Floats, resolution: int, record: Floats) -> None:
    """Write the means of a plan (MW by quarter-hour, shape (96,)) over blocks of `resolution` hours, shape (24,)."""
    quarters = resolution * 4
    for block in range(HOURS // resolution):
        total = 0.0
        for q in range(block * quarters, (block + 1) * quarters):
            total += plan[q]
        for h in range(block * resolution, (block + 1) * resolution):
            record[h] = total / quarters


@kernel
def innovation(shared: Floats, baseline: Floats, resolution: int, out: Floats) -> None:
    """Write shared value less the baseline forecast of the same block, MW, shape (24,)."""
    for block in range(HOURS // resolution):
        total = 0.0
        for h in range(block * resolution, (block + 1) * resolution):
            total += baseline[h]
        for h in range(block * resolution, (block + 1) * resolution):
            out[h] = shared[h] - total / resolution


@kernel
def learn_gain(
    error: Floats, news: Floats, band: int, memory: float, error_news: Floats, news_news: Floats, weight: Floats
) -> None:
    """Update the running second moments of (baseline error, innovation) in place, MW2, shapes (24, 24).

    Only hours less than `band` apart are related, with weights falling linearly (a positive definite taper);
    `weight[0]` counts the days of evidence, prior included, shape (1,).
    """
    weight[0] = memory * weight[0] + 1.0
    rate = 1.0 / weight[0]
    for a in range(HOURS):
        for b in range(max(0, a - band + 1), min(HOURS, a + band)):
            taper = 1.0 - abs(a - b) / band
            error_news[a, b] += rate * (taper * error[a] * news[b] - error_news[a, b])
            news_news[a, b] += rate * (taper * news[a] * news[b] - news_news[a, b])


@kernel
def solve_positive(matrix: Floats, right: Floats) -> Floats:
    """Return the solution of a symmetric positive definite system by Cholesky; shapes (n, n), (n,)."""
    n = right.size
    lower = np.zeros((n, n))
    for a in range(n):
        for b in range(a + 1):
            total = matrix[a, b]
            for k in range(b):
                total -= lower[a, k] * lower[b, k]
            lower[a, b] = np.sqrt(total) if a == b else total / lower[b, b]
    x = right.copy()
    for a in range(n):
        for k in range(a):
            x[a] -= lower[a, k] * x[k]
        x[a] /= lower[a, a]
    for a in range(n - 1, -1, -1):
        for k in range(a + 1, n):
            x[a] -= lower[k, a] * x[k]
        x[a] /= lower[a, a]
    return x


@kernel
def combine(
    baseline: Floats, news: Floats, band: int, error_news: Floats, news_news: Floats, limit: float, forecast: Floats
) -> None:
    """Write baseline + gain x innovation, gated at 0 and `limit` MW; all shapes (24,) or (24, 24)."""
    trace = 0.0
    for a in range(HOURS):
        trace += news_news[a, a]
    regular = news_news.copy()
    for a in range(HOURS):
        regular[a, a] += RIDGE * trace / HOURS
    solution = solve_positive(regular, news)
    for a in range(HOURS):
        step = 0.0
        for b in range(max(0, a - band + 1), min(HOURS, a + band)):
            step += error_news[a, b] * solution[b]
        forecast[a] = min(limit, max(0.0, baseline[a] + step))
