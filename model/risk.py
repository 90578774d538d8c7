"""Tail risk: the conditional value at risk of a sample of yearly losses, and how sure it is.

Estimator: Rockafellar & Uryasev (2000), "Optimization of conditional value-at-risk", Journal of Risk 2(3).
Standard error: the asymptotic variance of Trindade, Uryasev, Shapiro & Zrazhevsky (2007), "Financial prediction
with constrained tail risk", Journal of Banking & Finance 31(11).
"""

import math

import numpy as np

from model.streams import Floats

ROUNDING = 1e-9
"""Slack by which n x level may miss a whole number, so that .95 x 200 counts as 190."""


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
