"""Tail risk: the conditional value at risk of a sample of yearly losses, and how sure it is.

Estimator: Rockafellar & Uryasev (2000), "Optimization of conditional value-at-risk", Journal of Risk 2(3).
Standard error: the asymptotic variance of Trindade, Uryasev, Shapiro & Zrazhevsky (2007), "Financial prediction
with constrained tail risk", Journal of Banking & Finance 31(11). Nested years share the base of their replication, so
there the replication is the unit of observation (cluster-robust variance, Liang & Zeger 1986, Biometrika 73(1)).
"""

import math
from typing import NamedTuple

import numpy as np

from model.streams import Floats

ROUNDING = 1e-9
"""Slack by which n x level may miss a whole number, so that .95 x 200 counts as 190."""


class Estimate(NamedTuple):
    """A number from a sample, and how sure it is.

    Attributes:
        value: the estimate.
        standard_error: in the same unit; NaN where one observation alone cannot tell.
    """

    value: float
    standard_error: float


def var(losses: Floats, level: float = 0.95) -> Floats:
    """Return the value at risk: the loss that is not exceeded with probability `level`, shape (...).

    Args:
        losses: any unit, shape (..., n), n at least 1; not changed.
        level: in [0, 1).

    The smallest loss at or below which at least n x level of the losses lie, so always a loss that occurred.
    """
    n = losses.shape[-1]
    rank = max(0, math.ceil(n * level - ROUNDING) - 1)
    quantile: Floats = np.partition(losses, rank, axis=-1)[..., rank]
    return quantile


def cvar(losses: Floats, level: float = 0.95) -> Floats:
    """Return the mean of the worst (1 - level) share of the losses; the boundary loss counts in part.

    Args:
        losses: any unit, shape (..., n), n at least 1; not changed.
        level: share of losses that are not in the tail, in [0, 1).

    Returns: unit of the losses, shape (...).
    """
    n = losses.shape[-1]
    first = min(n - 1, math.floor(n * level + ROUNDING))
    ordered = np.partition(losses, first, axis=-1)
    boundary_share = (first + 1) / n - level
    beyond = ordered[..., first + 1 :].sum(axis=-1) / n
    tail: Floats = (ordered[..., first] * boundary_share + beyond) / (1.0 - level)
    return tail


def cvar_standard_error(losses: Floats, level: float = 0.95) -> float:
    """Return the standard error of `cvar` of independent losses, shape (n,): sd of the excess over its root of n.

    It is itself uncertain where the tail is heavy (a lognormal with sigma above 2).
    """
    n = losses.size
    quantile = float(np.quantile(losses, level))
    excess = np.maximum(losses - quantile, 0.0)
    return float(excess.std(ddof=1) / math.sqrt(n) / (1.0 - level)) if n > 1 else math.nan


def cvar_estimate(losses: Floats, level: float = 0.95) -> Estimate:
    """Return `cvar` of independent losses, shape (n,), with its standard error."""
    return Estimate(float(cvar(losses, level)), cvar_standard_error(losses, level))


def nested_cvar(base: Floats, losses: Floats, level: float = 0.95) -> Estimate:
    """Return the CVaR of base_r + loss_ry over all replications r and nested years y.

    Each observation pulls the CVaR by its influence, VaR + excess / (1 - level) - CVaR. Years of one replication share
    its base, so influences are averaged by replication, and the averages' spread gives the error. Read it with as many
    degrees of freedom as there are replications less one.

    Args:
        base: yearly cost without the drawn losses, nor their expectation, shape (replication,).
        losses: drawn losses in the same unit, shape (replication, year).
        level: share of observations that are not in the tail, in [0, 1).
    """
    total = base[:, None] + losses
    whole = total.ravel()
    quantile = var(whole, level)
    replications = base.size
    pull = np.maximum(total - quantile, 0.0).mean(axis=1) / (1.0 - level)
    error = float(pull.std(ddof=1) / math.sqrt(replications)) if replications > 1 else math.nan
    return Estimate(float(cvar(whole, level)), error)
