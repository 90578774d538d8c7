"""Estimates and intervals for samples of replications. Pure functions of arrays; every draw is fixed.

Sources: paired t interval, Student (1908); BCa bootstrap, Efron (1987), J. Am. Stat. Assoc. 82;
control variates, Lavenberg & Welch (1981), Management Science 27.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]

CONTROL = "imbalance_covariance"
"""The control variate: known mean zero in every strategy."""
UNIT_COEFFICIENT = ("real_cost", "cost_imbalance")
"""Outcomes that contain the control variate once, by the identity beta*S^2/2 with S = rest + own: coefficient 1."""
CARRIED_BY_BEARER = ("party_cost", "imbalance_payment")
"""Outcomes of parties that contain it once for the one party that bears it, and not at all for the others."""
CONFIDENCE = 0.95
RESAMPLES = 4000
"""Bootstrap samples behind every bootstrap figure of up to 2,000 observations."""
_FEWEST_RESAMPLES = 200
_MOST_DRAWS = 8_000_000
_BOOTSTRAP_SEED = 20250101
_MOST_REPLICATIONS = 10**9
_ROUNDING = 1e-12
_NORMAL_QUANTILE = 1.959963984540054


@dataclass(frozen=True)
class Estimate:
    """A mean with its interval.

    Attributes:
        value: the estimate.
        low: lower end of the 95 % interval; NaN when there are too few observations for one.
        high: upper end.
        sd: standard deviation of one observation around the estimate.
        n: observations.
    """

    value: float
    low: float
    high: float
    sd: float
    n: int


def t_quantile(degrees: int) -> float:
    """Return the two-sided 95 % quantile of Student's t."""
    return _t_quantile(max(degrees, 1))


@functools.cache
def _t_quantile(degrees: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.5 + CONFIDENCE / 2))


def t_estimate(sample: Floats) -> Estimate:
    """Return the mean of `sample`, shape (n,), with its t interval."""
    n = sample.size
    mean = float(sample.mean())
    if n < 2:
        return Estimate(mean, math.nan, math.nan, math.nan, n)
    sd = float(sample.std(ddof=1))
    half = t_quantile(n - 1) * sd / math.sqrt(n)
    return Estimate(mean, mean - half, mean + half, sd, n)


def bca_interval(sample: Floats) -> tuple[float, float]:
    """Return the bias-corrected and accelerated bootstrap interval of the mean of `sample`, shape (n,)."""
    from scipy.special import ndtr, ndtri

    n = sample.size
    mean = float(sample.mean())
    centred = sample - mean
    if n < 3 or not np.any(np.abs(centred) > 1e-12 * max(abs(mean), 1e-300)):
        return (math.nan, math.nan) if n < 3 else (mean, mean)
    means = resample_counts(n) @ sample / n
    below = (np.count_nonzero(means < mean) + 0.5 * np.count_nonzero(means == mean)) / means.size
    shift = float(ndtri(np.clip(below, 1 / means.size, 1 - 1 / means.size)))
    # Jackknife acceleration of a mean: the influence of observation i is proportional to its deviation.
    acceleration = float((centred**3).sum() / (6.0 * (centred**2).sum() ** 1.5))
    ends = []
    for tail in ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2):
        z = shift + float(ndtri(tail))
        ends.append(float(np.quantile(means, float(ndtr(shift + z / (1 - acceleration * z))))))
    return ends[0], ends[1]


def resamples(n: int) -> int:
    """Return how many bootstrap samples are drawn of n observations: fewer of very many, to bound memory."""
    return max(_FEWEST_RESAMPLES, min(RESAMPLES, _MOST_DRAWS // n))


@functools.lru_cache(maxsize=4)
def resample_counts(n: int) -> Floats:
    """Return how often each of n observations is drawn, shape (resamples, n): the same draws for every sample."""
    generator = np.random.default_rng([_BOOTSTRAP_SEED, n])
    return generator.multinomial(n, np.full(n, 1.0 / n), size=resamples(n)).astype(np.float64)


def variance_ratio(a: Floats, b: Floats) -> tuple[float, float, float]:
    """Return how much larger the variance of a difference of means is with independent seeds, with its interval.

    With common random numbers the variance of mean(a) - mean(b) is Var(a - b) / n, with independent
    seeds (Var(a) + Var(b)) / n. The ratio has a wide sampling distribution (its logarithm has a
    standard deviation of about 0.26 at 30 replications); the interval is a percentile bootstrap of
    pairs. Infinite when the two are equal up to a constant, NaN when neither varies.

    Args:
        a: one strategy, shape (n,).
        b: the other in the same random futures, shape (n,).
    """
    _, exponent = math.frexp(max(float(np.abs(a).max()), float(np.abs(b).max())))
    a, b = np.ldexp(a, -exponent), np.ldexp(b, -exponent)  # exact, and squares of no amount overflow
    rounding = a.size * (_ROUNDING * max(float(np.abs(a).max()), float(np.abs(b).max()))) ** 2
    a, b = a - a.mean(), b - b.mean()
    paired = float(((a - b) ** 2).sum())
    apart = float((a**2).sum() + (b**2).sum())
    if paired <= rounding:
        ratio = math.nan if apart <= rounding else math.inf
        return ratio, ratio, ratio
    counts, n = resample_counts(a.size), a.size

    def variances(x: Floats) -> Floats:
        spread: Floats = counts @ x**2 / n - (counts @ x / n) ** 2
        return spread

    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = (variances(a) + variances(b)) / variances(a - b)
    ratios = ratios[np.isfinite(ratios)]
    tails = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
    low, high = np.quantile(ratios, tails) if ratios.size else (math.nan, math.nan)
    return apart / paired, float(low), float(high)


def replications_for(sd: float, half_width: float) -> float:
    """Return the smallest n >= 2 whose 95 % t interval has at most this half-width; NaN if none can be named."""
    if not (math.isfinite(sd) and half_width > 0):
        return math.nan
    if sd == 0.0:
        return 2.0
    n = max(2, math.ceil((_NORMAL_QUANTILE * sd / half_width) ** 2))  # never more than what t needs
    if n > _MOST_REPLICATIONS:
        return math.inf
    while t_quantile(n - 1) * sd > half_width * math.sqrt(n):
        n += 1
    return float(n)


def known_coefficient(outcome: str, parties: Sequence[str], bearer: str | None) -> float | None:
    """Return how often an outcome, added up over parties, contains the control variate; None where only data can tell.

    Args:
        outcome: its name; `parties`: whose, ("",) for the whole economy.
        bearer: the party whose net cost contains the control variate, None if several share it.
    """
    if outcome in UNIT_COEFFICIENT:
        return 1.0
    if bearer is not None and outcome in CARRIED_BY_BEARER:
        return float(list(parties).count(bearer))
    return None


def control_adjusted(difference: Floats, control: Floats, coefficient: float | None) -> tuple[Estimate, float]:
    """Return the mean difference cleaned of a control variate of known mean zero, and the coefficient used.

    Any fixed coefficient leaves the estimate unbiased, because the control's mean is exactly zero; an
    estimated one (least squares; the estimate is the intercept of the regression, with n - 2 degrees
    of freedom) has a bias that vanishes as 1/n.

    Args:
        difference: paired differences of the outcome, shape (n,).
        control: paired differences of the control variate, shape (n,).
        coefficient: fixed coefficient, or None to estimate it.
    """
    if coefficient is not None:
        return t_estimate(difference - coefficient * control), coefficient
    n = difference.size
    spread = control - control.mean()
    square = float((spread**2).sum())
    if n < 4 or square == 0.0:
        return t_estimate(difference), 0.0
    slope = float((spread * difference).sum()) / square
    value = float(difference.mean() - slope * control.mean())
    rest = difference - value - slope * control
    sd = math.sqrt(float((rest**2).sum()) / (n - 2))
    half = t_quantile(n - 2) * sd * math.sqrt(1 / n + float(control.mean()) ** 2 / square)
    return Estimate(value, value - half, value + half, sd, n), slope


def probability_best(values: Floats, *, lower_is_better: bool) -> Floats:
    """Return the share of bootstrap samples of replications in which each strategy has the best mean.

    Args:
        values: shape (replication, strategy), the same random futures in a row.
        lower_is_better: which way is best.

    Returns: shape (strategy,), sum 1; strategies that tie share the sample.
    """
    means = resample_counts(values.shape[0]) @ (values - values.mean()) / values.shape[0]
    best = means.min(axis=1, keepdims=True) if lower_is_better else means.max(axis=1, keepdims=True)
    wins = (means == best).astype(np.float64)
    share: Floats = (wins / wins.sum(axis=1, keepdims=True)).mean(axis=0)
    return share
