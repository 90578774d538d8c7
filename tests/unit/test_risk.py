"""Value at risk and CVaR: by hand, against each other, and the honesty of their errors."""

import math

import numpy as np
import pytest
from scipy import stats

from model.risk import cvar, cvar_estimate, cvar_standard_error, nested_cvar, var

Z95 = stats.norm.ppf(0.95)
NORMAL_CVAR = stats.norm.pdf(Z95) / 0.05


def test_a_hundred_losses_by_hand() -> None:
    losses = np.random.default_rng(1).permutation(np.arange(1.0, 101.0))
    assert var(losses) == 95.0
    assert cvar(losses) == pytest.approx(98.0)  # of 96 to 100
    assert var(losses, 0.0) == 1.0
    assert cvar(losses, 0.0) == pytest.approx(50.5)
    assert var(np.array([7.0]), 0.99) == 7.0


def test_a_boundary_loss_counts_in_part() -> None:
    """Of 30 losses the worst 5 % are one and a half."""
    losses = np.arange(30.0)
    assert cvar(losses) == pytest.approx((29.0 + 0.5 * 28.0) / 1.5)
    assert var(losses) == 28.0


def test_var_minimises_what_cvar_is_the_minimum_of() -> None:
    """CVaR = min over c of c + E[(x - c)+] / (1 - a), reached at VaR (Rockafellar & Uryasev 2000)."""
    losses = np.random.default_rng(2).lognormal(0.0, 2.0, 977)

    def bound(c: float) -> float:
        return c + float(np.maximum(losses - c, 0.0).mean()) / 0.1

    assert bound(float(var(losses, 0.9))) == pytest.approx(float(cvar(losses, 0.9)))
    assert min(bound(float(c)) for c in losses) == pytest.approx(float(cvar(losses, 0.9)))


def test_rows_are_samples() -> None:
    table = np.random.default_rng(3).normal(size=(4, 50))
    assert var(table, 0.9) == pytest.approx([float(var(row, 0.9)) for row in table])
    assert cvar(table, 0.9) == pytest.approx([float(cvar(row, 0.9)) for row in table])


def test_error_of_independent_losses_covers_the_truth() -> None:
    """Normal, n 2000: close to 95 % of intervals of 1.96 standard errors hold the closed form."""
    rng = np.random.default_rng(4)
    found = [cvar_estimate(rng.standard_normal(2000)) for _ in range(1000)]
    hits = np.mean([abs(e.value - NORMAL_CVAR) < 1.96 * e.standard_error for e in found])
    assert 0.92 <= hits <= 0.975
    assert np.std([e.value for e in found]) == pytest.approx(np.mean([e.standard_error for e in found]), rel=0.1)


def intervals(bases: float, losses: float, replications: int, trials: int) -> tuple[float, float, float]:
    """Return coverage of 95 % intervals by replication and as if all years were independent, and the mean error."""
    rng = np.random.default_rng(5)
    truth = math.hypot(bases, losses) * NORMAL_CVAR
    quantile = stats.t.ppf(0.975, replications - 1)
    hits = np.zeros((trials, 2))
    off = np.zeros(trials)
    for trial in range(trials):
        base = bases * rng.standard_normal(replications)
        drawn = losses * rng.standard_normal((replications, 200))
        value, error = nested_cvar(base, drawn)
        naive = cvar_standard_error((base[:, None] + drawn).ravel())
        hits[trial] = abs(value - truth) < quantile * error, abs(value - truth) < 1.96 * naive
        off[trial] = value / truth - 1.0
    return float(hits[:, 0].mean()), float(hits[:, 1].mean()), float(off.mean())


def test_error_over_nested_years_knows_that_they_share_their_base() -> None:
    covered, naive, off = intervals(bases=0.3, losses=1.0, replications=30, trials=500)
    assert 0.92 <= covered <= 0.98
    assert naive < 0.75
    assert abs(off) < 0.01


def test_few_bases_that_vary_much_leave_little_bias() -> None:
    """The plain CVaR of 30 normal values is 7.9 % too low; leaving out replications takes most of that out.

    Of 30 values the tail is the largest, 2.0428 on average, and half the second, 1.6156 (tables of order statistics).
    """
    rng = np.random.default_rng(6)
    plain = np.mean([float(cvar(rng.standard_normal(30))) for _ in range(4000)]) / NORMAL_CVAR - 1.0
    assert plain == pytest.approx((2.0428 + 0.5 * 1.6156) / 1.5 / NORMAL_CVAR - 1.0, abs=0.01)
    assert abs(intervals(bases=1.0, losses=0.1, replications=30, trials=500)[2]) < 0.04


def test_heavy_tail_over_nested_years() -> None:
    """Lognormal, sigma 1, no variation between replications: exp(1/2) Phi(1 - z) / .05."""
    rng = np.random.default_rng(7)
    truth = math.exp(0.5) * stats.norm.cdf(1.0 - Z95) / 0.05
    value, error = nested_cvar(np.full(40, 10.0), rng.lognormal(0.0, 1.0, (40, 5000)))
    assert abs(value - 10.0 - truth) < 4.0 * error
    assert error < 0.02 * truth


def test_leaving_out_is_what_it_says() -> None:
    """Against a jackknife that really deletes rows; 7 x 13 years at a level that cuts a loss in two."""
    rng = np.random.default_rng(8)
    base, losses = rng.normal(size=7), rng.normal(size=(7, 13)) ** 3
    total = base[:, None] + losses
    without = np.array([float(cvar(np.delete(total, r, axis=0).ravel(), 0.93)) for r in range(7)])
    value, error = nested_cvar(base, losses, 0.93)
    assert value == pytest.approx(7.0 * float(cvar(total.ravel(), 0.93)) - 6.0 * without.mean())
    assert error == pytest.approx(math.sqrt(6.0 / 7.0 * ((without - without.mean()) ** 2).sum()))


def test_one_replication_has_no_error() -> None:
    value, error = nested_cvar(np.array([5.0]), np.arange(100.0)[None, :])
    assert value == pytest.approx(5.0 + 97.0)
    assert math.isnan(error)
