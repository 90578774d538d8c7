"""Breaches and nested loss-years: frequency, severity, common mode, fines, and the same attacks for every strategy."""

import dataclasses
import math

import numpy as np
import pytest
from scipy import integrate, stats

from model.incidents import (
    Copies,
    Holders,
    breach_probability,
    copy_entity,
    draw_breaches,
    draw_loss_years,
    expected_breach_loss,
    expected_exposures,
    expected_fines,
    expected_losses,
    fine_caps,
    holder_entity,
    limited_mean,
    loss_shares,
    owner_hazards,
)
from model.risk import cvar
from model.security import PrivacyRule
from model.streams import stream_key

KEY = stream_key(11, 0, "breaches")
UNFINED = PrivacyRule()


def holders(*rates: float, kept: float = 1.0, turnover: float = 1e8) -> Holders:
    size = len(rates)
    entities = np.array([holder_entity(f"holder {j}") for j in range(size)])
    return Holders(entities, np.array(rates), np.full(size, kept), np.full(size, turnover))


def copies(
    *places: tuple[int, int], median: float = 2e4, sigma: float = 2.0, scale: float = 1.0, cap: float = math.inf,
    regulated: bool = False,
) -> Copies:  # fmt: skip
    """Return a copy for each (owner, holder)."""
    size = len(places)
    owner, holder = (np.array([place[side] for place in places], dtype=np.int64) for side in (0, 1))
    return Copies(
        entity=np.array([copy_entity(f"owner {o}", "plan", f"holder {h}") for o, h in places], dtype=np.int64),
        owner=owner,
        holder=holder,
        median=np.full(size, median),
        sigma=np.full(size, sigma),
        scale=np.full(size, scale),
        cap=np.full(size, cap),
        regulated=np.full(size, regulated),
    )


def limited_by_integration(median: float, sigma: float, cap: float) -> float:
    """Return E[min(X, cap)] as the integral of P(X > x) from 0 to the cap, over log x."""
    law = stats.lognorm(sigma, scale=median)
    grid = np.linspace(math.log(median) - 12.0 * sigma, math.log(min(cap, median * math.exp(12.0 * sigma))), 200_001)
    x = np.exp(grid)
    return float(x[0] + integrate.simpson(law.sf(x) * x, x=grid))


def breaches_a_year(who: Holders, holder: int, years: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    found = draw_breaches(KEY, who.entity[holder], who.rate[holder], who.kept[holder], years)
    return np.bincount(found[0], minlength=years)


# --- frequency ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.0976, 1.0, 7.0])
def test_breaches_a_year_are_poisson(rate: float) -> None:
    found = np.bincount(draw_breaches(KEY, 5, rate, 1.0, 20_000)[0], minlength=20_000)
    law = stats.poisson(rate)
    edges = np.unique(law.ppf([0.02, 0.2, 0.4, 0.6, 0.8, 0.98]))
    shares = np.diff(law.cdf(edges), prepend=0.0, append=1.0)
    observed = np.bincount(np.searchsorted(edges, found), minlength=shares.size)
    assert stats.chisquare(observed, 20_000 * shares).pvalue > 1e-3


def test_security_removes_breaches_and_moves_none() -> None:
    every = draw_breaches(KEY, 5, 0.5, 1.0, 20_000)
    fewer = draw_breaches(KEY, 5, 0.5, 0.4, 20_000)
    rest = {tuple(column) for column in every.T}
    assert {tuple(column) for column in fewer.T} < rest
    assert fewer.shape[1] / every.shape[1] == pytest.approx(0.4, abs=4.0 * math.sqrt(0.24 / every.shape[1]))
    assert draw_breaches(KEY, 5, 0.5, 0.0, 1000).shape == (2, 0)
    assert draw_breaches(KEY, 5, 0.0, 1.0, 1000).shape == (2, 0)


def test_a_year_is_the_same_however_many_are_drawn() -> None:
    where, who = copies((0, 0), (1, 0)), holders(0.5)
    long = draw_loss_years(KEY, where, who, 2, UNFINED, years=1000).losses
    assert np.array_equal(draw_loss_years(KEY, where, who, 2, UNFINED, years=100).losses, long[:, :100])
    assert not np.array_equal(
        draw_loss_years(stream_key(11, 1, "breaches"), where, who, 2, UNFINED, years=1000).losses, long
    )


def test_other_copies_change_no_loss() -> None:
    """Firm 1 joins, a second holder appears, the order of the columns changes: firm 0 loses what it lost before."""
    alone = draw_loss_years(KEY, copies((0, 0)), holders(0.3), 1, UNFINED, years=3000).losses[0]
    joined = draw_loss_years(KEY, copies((1, 1), (1, 0), (0, 0)), holders(0.3, 0.2), 2, UNFINED, years=3000).losses
    assert np.array_equal(joined[0], alone)
    assert (alone > 0.0).any()
    both = draw_loss_years(KEY, copies((0, 0), (0, 1)), holders(0.3, 0.2), 1, UNFINED, years=3000).losses[0]
    assert (both >= alone).all()
    assert (both > alone).any()


def test_nobody_holds_anything() -> None:
    drawn = draw_loss_years(KEY, copies(), holders(), 3, UNFINED, years=10)
    assert drawn.losses.shape == (3, 10)
    assert drawn.fines.shape == (0, 10)
    assert not drawn.losses.any()
    assert not expected_losses(copies(), holders(), 3).any()


# --- competing hazards -------------------------------------------------------------------------------


def test_holders_compete() -> None:
    """Three holders of one asset at .05, .1 and .25 a year: 1 - exp(-.4) lose it, each in proportion to its hazard."""
    rates = np.array([0.05, 0.1, 0.25])
    assert breach_probability(rates, 1.0) == pytest.approx(1.0 - math.exp(-0.4))
    assert breach_probability(rates, 5.0) == pytest.approx(1.0 - math.exp(-2.0))
    assert breach_probability(np.zeros(0), 1.0) == 0.0
    assert loss_shares(rates) == pytest.approx([0.125, 0.25, 0.625])
    who, years = holders(*rates), 40_000
    losses = draw_loss_years(KEY, copies((0, 0), (0, 1), (0, 2)), who, 1, UNFINED, years=years).losses[0]
    expected = 1.0 - math.exp(-0.4)
    assert np.mean(losses > 0.0) == pytest.approx(expected, abs=4.0 * math.sqrt(expected * (1.0 - expected) / years))
    counts = np.array([draw_breaches(KEY, e, r, 1.0, years).shape[1] for e, r in zip(who.entity, rates, strict=True)])
    assert stats.chisquare(counts, counts.sum() * loss_shares(rates)).pvalue > 1e-3


def test_a_holder_of_two_copies_counts_once_in_a_hazard() -> None:
    twice = copies((0, 0), (0, 0), (0, 1), (1, 1))
    assert owner_hazards(twice, holders(0.1, 0.2, kept=0.5), 3) == pytest.approx([0.15, 0.1, 0.0])


# --- severity ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("median", "sigma", "cap"), [(2e4, 2.0, 1e6), (2e4, 2.0, 1e4), (2e5, 2.528, 5e8), (1.0, 0.3, 1.0), (2e5, 2.0, 1e15)]
)
def test_expected_loss_against_numerical_integration(median: float, sigma: float, cap: float) -> None:
    assert limited_mean(median, sigma, cap) == pytest.approx(limited_by_integration(median, sigma, cap), rel=1e-6)


def test_expected_loss_at_its_limits() -> None:
    assert expected_breach_loss(0.1, 2e5, 2.0, math.inf) == pytest.approx(0.1 * 2e5 * math.exp(2.0))
    assert expected_breach_loss(0.1, 2e5, 0.0, 1e9) == pytest.approx(2e4)
    assert expected_breach_loss(0.1, 2e5, 0.0, 1e5) == pytest.approx(1e4)
    assert expected_breach_loss(0.1, 2e5, 2.0, 0.0) == 0.0
    assert expected_breach_loss(0.1, 0.0, 2.0, 1e6) == 0.0
    assert expected_breach_loss(0.0, 2e5, 2.0, 1e6) == 0.0


def test_expected_losses_are_the_means_of_the_drawn_ones() -> None:
    """Two owners, two holders, capped and scaled; four standard errors of 200,000 years."""
    where = copies((0, 0), (0, 1), (1, 1), median=1e5, scale=0.5, cap=3e5)
    who = dataclasses.replace(holders(0.3, 0.6), kept=np.array([1.0, 0.5]))
    drawn = draw_loss_years(KEY, where, who, 2, UNFINED, years=200_000).losses
    expected = expected_losses(where, who, 2)
    single = limited_by_integration(5e4, 2.0, 3e5)
    assert expected == pytest.approx([0.6 * single, 0.3 * single], rel=1e-6)
    errors = drawn.std(axis=1) / math.sqrt(200_000)
    assert (np.abs(drawn.mean(axis=1) - expected) < 4.0 * errors).all()
    assert (errors < 0.01 * expected).all()
    assert expected_exposures(where, who) == pytest.approx([0.3 * single, 2.0 * 0.6 * single], rel=1e-6)


def test_no_breach_costs_more_than_the_cap() -> None:
    who = holders(0.1)
    drawn = draw_loss_years(KEY, copies((0, 0), cap=1e4), who, 1, UNFINED, years=20_000).losses[0]
    breaches = breaches_a_year(who, 0, 20_000)
    assert (drawn <= 1e4 * breaches).all()
    assert (drawn[breaches == 1] == 1e4).any()
    assert (drawn[breaches == 1] < 1e4).any()


def test_a_copy_that_reveals_nothing_costs_nothing() -> None:
    where = copies((0, 0), scale=0.0, cap=1e6)
    assert not draw_loss_years(KEY, where, holders(1.0), 1, UNFINED, years=100).losses.any()
    assert not expected_losses(where, holders(1.0), 1).any()


# --- common mode -------------------------------------------------------------------------------------

MEMBERS = 20
YEARS = 200_000


def lost_members(held_at: list[int], replication: int, p: float = 0.05) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return how many members lose their asset in each year when each holder is breached in a year with p."""
    where = copies(*enumerate(held_at), median=1.0, sigma=0.0)
    who = holders(*[-math.log1p(-p)] * (max(held_at) + 1))
    key = stream_key(11, replication, "breaches")
    hit: np.ndarray[tuple[int], np.dtype[np.float64]] = (
        draw_loss_years(key, where, who, MEMBERS, UNFINED, years=YEARS).losses > 0.0
    ).sum(axis=0, dtype=np.float64)
    return hit


def test_a_hub_leaves_the_mean_and_multiplies_the_variance_and_the_tail() -> None:
    """Negative result: same mean, 20 times the variance, CVaR95 of 20 against 3.38 member-losses.

    The hub loses all 20 with probability .05, which is the whole tail. Separately the number lost is binomial: the
    worst 5 % hold P(X >= 4) = 1.59 % whole and 3 members for the rest.
    """
    hub, separate = lost_members([0] * MEMBERS, 0), lost_members(list(range(MEMBERS)), 1)
    law = stats.binom(MEMBERS, 0.05)
    above = law.sf(3)
    tail = (sum(k * law.pmf(k) for k in range(4, MEMBERS + 1)) + 3.0 * (0.05 - above)) / 0.05
    assert above == pytest.approx(0.0159, abs=5e-5)
    assert tail == pytest.approx(3.38, abs=0.005)
    assert set(np.unique(hub)) == {0.0, 20.0}
    assert hub.mean() == pytest.approx(1.0, rel=0.05)
    assert separate.mean() == pytest.approx(1.0, rel=0.02)
    assert hub.var() / separate.var() == pytest.approx(MEMBERS, rel=0.05)
    assert float(cvar(separate)) == pytest.approx(tail, rel=0.01)
    assert float(cvar(hub)) == pytest.approx(20.0 * min(1.0, (hub > 0.0).mean() / 0.05))
    assert float(cvar(hub)) == pytest.approx(20.0, rel=0.05)


def test_one_breach_exposes_every_copy_of_its_holder() -> None:
    drawn = draw_loss_years(KEY, copies((0, 0), (1, 0), (2, 1)), holders(0.2, 0.2), 3, UNFINED, years=5000).losses > 0.0
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


# --- fines -------------------------------------------------------------------------------------------

FINED = PrivacyRule(fine_probability=0.2)


def test_expected_fines_against_numerical_integration_and_draws() -> None:
    where, who = copies((0, 0), (1, 1), regulated=True), holders(0.5, 0.1, turnover=1e9)
    assert fine_caps(FINED, who) == pytest.approx([40e6, 40e6])
    single = limited_by_integration(94_000.0, 2.5, 40e6)
    expected = expected_fines(where, who, FINED)
    assert expected == pytest.approx([0.1 * single, 0.02 * single], rel=1e-5)
    fines = draw_loss_years(KEY, where, who, 2, FINED, years=400_000).fines
    errors = fines.std(axis=1) / math.sqrt(400_000)
    assert (np.abs(fines.mean(axis=1) - expected) < 4.0 * errors).all()
    assert (fines[0] <= 40e6 * breaches_a_year(who, 0, 400_000)).all()
    assert (fines[0] == 40e6).any()


def test_small_holders_are_fined_up_to_the_sum() -> None:
    assert fine_caps(FINED, holders(0.1, turnover=1e6)) == pytest.approx([20e6])


def test_only_regulated_data_are_fined() -> None:
    where = dataclasses.replace(copies((0, 0), (1, 1)), regulated=np.array([True, False]))
    fines = draw_loss_years(KEY, where, holders(0.5, 0.5), 2, FINED, years=2000).fines
    assert fines[0].any()
    assert not fines[1].any()
    assert expected_fines(where, holders(0.5, 0.5), FINED)[1] == 0.0


def test_a_stricter_regulator_adds_fines_and_changes_none() -> None:
    where, who = copies((0, 0), regulated=True), holders(0.2)
    strict = dataclasses.replace(FINED, fine_probability=0.5)
    few = draw_loss_years(KEY, where, who, 1, FINED, years=5000)
    many = draw_loss_years(KEY, where, who, 1, strict, years=5000)
    none = draw_loss_years(KEY, where, who, 1, UNFINED, years=5000)
    assert (many.fines >= few.fines).all()
    assert (many.fines > 0.0).sum() > 1.5 * (few.fines > 0.0).sum()
    assert not none.fines.any()
    assert np.array_equal(many.losses, none.losses)
