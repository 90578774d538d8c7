"""Drawing until a number is known well enough, and what is known about it then."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from model.streams import Floats
from model.validation.case import STANDARD_ERRORS, Bench, Check

FEWEST = 8
"""Observations from which their own spread says how well their mean is known."""


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
        values = checks.values()
        if any(_is_hopeless(c, bench.effort) for c in values) or all(_is_precise(c, bench.effort) for c in values):
            break
    return checks


def _is_precise(check: Check, effort: float) -> bool:
    if check.standard_error is None or check.lower_bound:
        return True
    return STANDARD_ERRORS * check.standard_error <= check.bound / math.sqrt(effort)


def _is_hopeless(check: Check, effort: float) -> bool:
    """Tell whether no further draw can mend a number: it is not finite, or far off by any standard error."""
    if not math.isfinite(check.found):
        return True
    if check.standard_error is None or check.lower_bound:
        return False
    distance = abs(float(check.found) - float(check.expected))
    return distance - 2.0 * STANDARD_ERRORS * check.standard_error > check.bound / math.sqrt(effort)


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


def estimated(estimate: tuple[float, float], units: Floats, expected: float, rel: float) -> Check:
    """Return the check of an estimate and its standard error, which is not known from too few observations.

    Args:
        estimate: of `mean_of` or `ratio_of`; `units`: observations it is of, shape (unit, ...).
        expected, rel: as in `Check`.
    """
    found, error = estimate
    return Check(found=found, expected=expected, standard_error=error if len(units) >= FEWEST else math.inf, rel=rel)
