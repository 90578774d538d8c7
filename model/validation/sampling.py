"""Drawing until a number is known well enough, and what is known about it then."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from model.streams import Floats
from model.validation.case import STANDARD_ERRORS, Bench, Check


def replicate(
    draw: Callable[[int], Floats], judge: Callable[[Floats], dict[str, Check]], bench: Bench, most: int = 40
) -> dict[str, Check]:
    """Draw replications until four standard errors fit into every tolerance.

    Args:
        draw: replication -> independent observations, shape (unit, measure).
        judge: observations of all replications -> checks.
        bench: tolerances widen with its effort.
        most: largest number of replications.
    """
    rows: list[Floats] = []
    checks: dict[str, Check] = {}
    for replication in range(most):
        rows.append(draw(replication))
        checks = judge(np.concatenate(rows))
        hopeless = any(not math.isfinite(check.found) for check in checks.values())
        if hopeless or all(_is_precise(check, bench.effort) for check in checks.values()):
            break
    return checks


def _is_precise(check: Check, effort: float) -> bool:
    if check.standard_error is None or check.lower_bound:
        return True
    return STANDARD_ERRORS * check.standard_error <= check.bound / math.sqrt(effort)


def mean_of(units: Floats) -> tuple[float, float]:
    """Return mean and standard error of independent observations, shape (unit,)."""
    n = units.size
    return float(units.mean()), float(units.std(ddof=1) / math.sqrt(n)) if n > 1 else math.inf


def ratio_of(numerator: Floats, denominator: Floats) -> tuple[float, float]:
    """Return a ratio of sums over independent units, shapes (unit,), and its standard error (delta method)."""
    n, whole = numerator.size, float(denominator.sum())
    if whole == 0.0:
        return math.nan, math.nan
    ratio = float(numerator.sum()) / whole
    rest = numerator - ratio * denominator
    return ratio, float(math.sqrt((rest**2).sum() * n / max(1, n - 1)) / abs(whole))
