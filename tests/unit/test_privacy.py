"""Differential privacy: noise, sensitivity of plans, composition, and the yearly ledger."""

import math
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from model.errors import InputError, RunError
from model.mechanisms.privacy import (
    BudgetLedger,
    Noise,
    Sensitivity,
    epsilon_advanced,
    epsilon_basic,
    epsilon_used,
    epsilon_zcdp,
    exhausted_on,
    firm_level_reason,
    gaussian_sd,
    laplace,
    noise_for,
    releases_touching,
    releases_within,
    rho_within,
    sensitivity_of,
)
from model.physics.production import melt_as_planned, plan_starts
from model.streams import stream_key, uniform

KEY = stream_key(1, 0, "privacy")
RESOLUTIONS = st.sampled_from([1, 2, 3, 4, 6, 8, 12, 24])
WORKS = {"resolution_h": 1, "heat_energy_mwh": 60.0, "furnace_mw": 80.0, "limit_mw": 100.0, "heats_per_day": 20.0}
UNIT = Sensitivity(1.0, 1.0, 1, "one")


def sensitivity(protected: str, **changes: float) -> Sensitivity:
    return sensitivity_of(protected, **{**WORKS, **changes})  # type: ignore[arg-type]


def test_laplace_draw_is_the_quantile_of_its_uniform() -> None:
    for day in range(200):
        expected = stats.laplace.ppf(uniform(KEY, 7, day, 3))
        assert laplace(KEY, 7, day, 3) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_laplace_draws_have_their_law_and_their_own_address() -> None:
    draws = [laplace(KEY, entity, day, slot) for entity in range(10) for day in range(20) for slot in range(24)]
    assert stats.kstest(draws, stats.laplace.cdf).pvalue > 1e-3
    assert len(set(draws)) == len(draws)


@pytest.mark.parametrize(
    ("resolution", "energy", "furnace", "l1", "l2"),
    [
        (1, 60.0, 80.0, 60.0, 60.0),  # three quarters of an hour fit into one block
        (1, 100.0, 40.0, 100.0, 60.0),  # two hours at 40 MW and a half: 40 sqrt(2.25)
        (2, 100.0, 40.0, 50.0, math.sqrt(40.0**2 + 10.0**2)),
        (3, 100.0, 40.0, 100.0 / 3.0, 100.0 / 3.0),
        (24, 100.0, 40.0, 100.0 / 24.0, 100.0 / 24.0),
        (12, 2400.0, 90.0, 180.0, 90.0 * math.sqrt(2.0)),  # a day has no more than 24 hours
    ],
)
def test_one_heat_by_hand(resolution: int, energy: float, furnace: float, l1: float, l2: float) -> None:
    found = sensitivity("heat", resolution_h=resolution, heat_energy_mwh=energy, furnace_mw=furnace)
    assert (found.l1, found.l2, found.values) == pytest.approx((l1, l2, 24 // resolution))
    assert f"{l1:.4g} MW in sum (L1) and {l2:.4g} MW" in found.statement


def test_a_day_and_a_firm_move_every_clipped_value() -> None:
    day, firm = sensitivity("day", resolution_h=3), sensitivity("firm", resolution_h=3)
    assert (day.l1, day.l2, day.values) == pytest.approx((800.0, 100.0 * math.sqrt(8.0), 8))
    assert (firm.l1, firm.l2) == (day.l1, day.l2)
    assert "every release counts" in firm.statement


@given(
    resolution=RESOLUTIONS,
    pauses=st.lists(st.booleans(), min_size=2, max_size=40),
    energy=st.floats(1.0, 400.0),
    furnace=st.floats(20.0, 150.0),
    offset=st.floats(0.0, 60.0),
    data=st.data(),
)
@settings(max_examples=200, deadline=None)
def test_no_neighbouring_plan_is_further_away_than_the_sensitivity(
    resolution: int, pauses: list[bool], energy: float, furnace: float, offset: float, data: st.DataObject
) -> None:
    """The engine's own plans: with a heat, without it, and with it in another cycle, which is two steps away."""
    capacity = len(pauses)
    here, there = data.draw(st.permutations(range(capacity)))[:2]

    def released(paused: dict[int, bool]) -> np.ndarray:
        chosen = np.array([paused.get(cycle, pauses[cycle]) for cycle in range(capacity)])
        starts, plan = np.empty(capacity), np.empty(96)
        plan_starts(capacity, chosen, offset, starts)
        melt_as_planned(starts, capacity, energy / furnace * 60.0, furnace, 9.0, plan)
        return np.asarray(plan.reshape(24 // resolution, -1).mean(axis=1))

    bound = sensitivity("heat", resolution_h=resolution, heat_energy_mwh=energy, furnace_mw=furnace, limit_mw=1e6)
    base, moved = released({here: False, there: True}), released({here: True, there: False})
    for other, steps in ((released({here: True, there: True}), 1), (moved, 2)):
        for highest in (math.inf, furnace):  # clipping brings plans only closer
            distance = np.minimum(base, highest) - np.minimum(other, highest)
            assert np.abs(distance).sum() <= steps * bound.l1 * (1.0 + 1e-9)
            assert np.sqrt((distance**2).sum()) <= steps * bound.l2 * (1.0 + 1e-9)


@given(resolution=RESOLUTIONS, furnace=st.floats(20.0, 150.0), hours=st.floats(0.1, 20.0))
@settings(deadline=None)
def test_a_heat_that_starts_with_a_block_attains_the_sensitivity(resolution: int, furnace: float, hours: float) -> None:
    plan = np.empty(96)
    melt_as_planned(np.zeros(1), 1, hours * 60.0, furnace, 0.0, plan)
    heat = plan.reshape(24 // resolution, -1).mean(axis=1)
    bound = sensitivity(
        "heat", resolution_h=resolution, heat_energy_mwh=hours * furnace, furnace_mw=furnace, limit_mw=1e6
    )
    assert (np.abs(heat).sum(), np.sqrt((heat**2).sum())) == pytest.approx((bound.l1, bound.l2))


def test_laplace_noise_bounds_the_privacy_loss_of_any_release_of_a_heat() -> None:
    """The log likelihood ratio of what is published, with and without a heat, never passes epsilon, and comes near."""
    bound = sensitivity("heat", heat_energy_mwh=100.0, furnace_mw=40.0)
    noise = noise_for("laplace", 0.7, 0.0, bound)
    starts, plan = np.zeros(1), np.empty(96)
    melt_as_planned(starts, 1, 150.0, 40.0, 0.0, plan)
    heat = plan.reshape(24, 4).mean(axis=1)
    losses = []
    for day in range(500):
        published = heat + noise.scale * np.array([laplace(KEY, 1, day, slot) for slot in range(24)])
        losses.append((np.abs(published) - np.abs(published - heat)).sum() / noise.scale)
    assert max(map(abs, losses)) <= 0.7 * (1.0 + 1e-9)
    assert max(losses) > 0.69


def gaussian_delta(distance: float, sd: float, epsilon: float) -> float:
    """The exact delta of Gaussian noise (Balle & Wang 2018, ICML, theorem 8)."""
    z, shift = distance / sd / 2.0, epsilon * sd / distance
    return float(stats.norm.cdf(z - shift) - math.exp(epsilon) * stats.norm.cdf(-z - shift))


@given(epsilon=st.floats(0.01, 50.0), delta=st.floats(1e-9, 0.1), l2=st.floats(0.1, 100.0))
def test_gaussian_noise_keeps_its_delta_at_any_epsilon(epsilon: float, delta: float, l2: float) -> None:
    assert gaussian_delta(l2, gaussian_sd(l2, epsilon, delta), epsilon) <= delta


def test_the_classical_gaussian_bound_fails_beyond_epsilon_one() -> None:
    """Which is why it is not used; at epsilon 1 it asks for 4.845, this one for 4.9006."""
    classical = [math.sqrt(2.0 * math.log(1.25 / 1e-5)) / epsilon for epsilon in (1.0, 10.0)]
    assert classical[0] == pytest.approx(4.845, abs=5e-4)
    assert gaussian_sd(1.0, 1.0, 1e-5) == pytest.approx(4.9006, abs=5e-5)
    assert gaussian_delta(1.0, classical[1], 10.0) > 2e-5


def test_noise_is_told_by_its_sd_and_its_loss() -> None:
    bound = Sensitivity(6.0, 5.0, 24, "")
    found = noise_for("laplace", 0.5, 0.0, bound)
    assert found == Noise("laplace", 12.0, pytest.approx(12.0 * math.sqrt(2.0)), 0.125, 0.5)
    found = noise_for("gaussian", 0.5, 1e-5, bound)
    assert found.scale == found.sd == pytest.approx(gaussian_sd(5.0, 0.5, 1e-5))
    assert found.rho == pytest.approx(5.0**2 / (2.0 * found.sd**2))
    assert epsilon_zcdp(found.rho, 1e-5) == pytest.approx(0.5)
    assert found.pure_epsilon == math.inf


def test_everything_impossible_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        sensitivity("heats", resolution_h=5, furnace_mw=0.0, limit_mw=math.nan)
    assert len(caught.value.faults) == 4
    assert "did you mean heat?" in str(caught.value)
    assert "5 is out of range (allowed: hours that divide 24)" in str(caught.value)
    with pytest.raises(InputError) as caught:
        noise_for("gaussian", math.inf, 0.0, UNIT)
    assert len(caught.value.faults) == 2
    with pytest.raises(InputError, match="'gauss' is unknown"):
        noise_for("gauss", 1.0, 0.1, UNIT)  # type: ignore[arg-type]


def test_published_compositions() -> None:
    """Advanced: 5.850 against 10 at k 100, e .1; at k 365, e 1 it gives 719, worse than 365; zCDP 274.18."""
    assert epsilon_basic(100, 0.1) == pytest.approx(10.0)
    assert epsilon_advanced(100, 0.1, 1e-5) == pytest.approx(5.850, abs=5e-4)
    assert epsilon_advanced(365, 1.0, 1e-5) == pytest.approx(719, abs=0.5)
    assert epsilon_used(365, 1.0, 1e-5) == pytest.approx(274.18, abs=5e-3)
    assert epsilon_used(1, 1.0, 1e-5) == 1.0
    assert epsilon_used(365, 1.0, 0.0) == 365.0
    assert epsilon_advanced(10, 800.0, 1e-5) == math.inf
    assert epsilon_zcdp(0.0, 0.0) == 0.0


@given(releases=st.integers(1, 400), epsilon=st.floats(0.001, 3.0), delta=st.floats(1e-9, 0.01))
@settings(deadline=None)
def test_no_bound_promises_more_than_randomised_response_loses(releases: int, epsilon: float, delta: float) -> None:
    """Its composed delta is exact and the worst of all mechanisms (Kairouz, Oh & Viswanath 2015, ICML)."""
    truth = np.arange(releases + 1)
    likely = stats.binom.logpmf(truth, releases, 1.0 / (1.0 + math.exp(-epsilon)))
    unlikely = likely - (2.0 * truth - releases) * epsilon
    for bound in (
        epsilon_advanced(releases, epsilon, delta),
        epsilon_zcdp(releases * epsilon**2 / 2.0, delta),
        epsilon_used(releases, epsilon, delta),
    ):
        excess = np.exp(likely) * -np.expm1(np.minimum(0.0, bound + unlikely - likely))
        assert excess.sum() <= delta * (1.0 + 1e-6)


@given(epsilon=st.floats(1e-6, 1e4), delta=st.floats(1e-12, 0.5))
def test_rho_is_the_exact_inverse_of_epsilon(epsilon: float, delta: float) -> None:
    assert epsilon_zcdp(rho_within(epsilon, delta), delta) == pytest.approx(epsilon, rel=1e-9)


@given(
    budget=st.floats(0.1, 50.0), delta=st.floats(1e-9, 0.01), epsilon=st.floats(0.05, 2.0),
    mechanism=st.sampled_from(["laplace", "gaussian"]),
)  # fmt: skip
@settings(deadline=None)
def test_forecast_of_the_last_release_is_what_the_ledger_does(
    budget: float, delta: float, epsilon: float, mechanism: str
) -> None:
    noise = noise_for(mechanism, epsilon, delta, UNIT)  # type: ignore[arg-type]
    start, days = date(2025, 1, 1), 365
    terms = {"budget": budget, "delta": delta, "noise": noise}
    foretold = exhausted_on(start, days, "firm", **terms)  # type: ignore[arg-type]
    ledger = BudgetLedger("works", "firm", budget, delta)
    refused = None
    for day in (start + timedelta(days=k) for k in range(days)):
        if not ledger.affords(day, noise.rho, noise.pure_epsilon):
            refused = day
            break
        ledger.debit(day, noise.rho, noise.pure_epsilon)
    assert foretold == refused
    assert ledger.spent_epsilon() <= budget * (1.0 + 1e-9)


def test_budget_that_is_spent_in_march_is_foreseen() -> None:
    """Pure epsilon .1 a day: 6.9 in 69 days; zCDP at delta 1e-5 pays for 148 days of it: both are valid."""
    noise = noise_for("laplace", 0.1, 0.0, UNIT)
    by_sum = exhausted_on(date(2025, 1, 1), 365, "firm", budget=6.9, delta=0.0, noise=noise)
    assert by_sum == date(2025, 3, 11)
    assert releases_within(6.9, 1e-5, noise.rho, noise.pure_epsilon) == math.floor(
        (math.sqrt(math.log(1e5) + 6.9) - math.sqrt(math.log(1e5))) ** 2 / 0.005
    )
    assert releases_within(6.9, 0.0, noise.rho) == 0
    for protected in ("heat", "day"):
        assert exhausted_on(date(2025, 1, 1), 3650, protected, budget=0.1, delta=0.0, noise=noise) is None  # type: ignore[arg-type]
        early = exhausted_on(date(2025, 5, 1), 10, protected, budget=0.09, delta=0.0, noise=noise)  # type: ignore[arg-type]
        assert early == date(2025, 5, 1)


def test_budget_is_whole_again_at_new_year() -> None:
    noise = noise_for("laplace", 0.1, 0.0, UNIT)
    late = {"budget": 6.9, "delta": 0.0, "noise": noise}
    assert exhausted_on(date(2025, 11, 1), 100, "firm", **late) is None  # type: ignore[arg-type]
    assert exhausted_on(date(2025, 11, 1), 131, "firm", **late) == date(2026, 3, 11)  # type: ignore[arg-type]
    assert exhausted_on(date(2025, 11, 1), 130, "firm", **late) is None  # type: ignore[arg-type]


def test_ledger_of_a_firm_adds_and_begins_anew_each_year() -> None:
    ledger = BudgetLedger("works", "firm", 0.35, 1e-5)
    assert ledger.spent_epsilon() == 0.0
    for day in (29, 30, 31):
        ledger.debit(date(2025, 12, day), 0.005, 0.1)
    assert ledger.spent_epsilon() == pytest.approx(0.3)
    with pytest.raises(RunError, match=r"budget of works exceeded on 2025-12-31: epsilon 0.4 of 0.35 .* for one firm"):
        ledger.debit(date(2025, 12, 31), 0.005, 0.1)
    ledger.debit(date(2026, 1, 1), 0.005, 0.1)
    assert ledger.spent_epsilon() == pytest.approx(0.1)
    assert ledger.by_year == pytest.approx({2025: 0.3, 2026: 0.1})
    with pytest.raises(ValueError, match="cannot be booked after"):
        ledger.debit(date(2025, 12, 31), 0.005, 0.1)


def test_ledger_of_a_heat_holds_the_worst_day() -> None:
    ledger = BudgetLedger("works", "heat", 0.25, 1e-5)
    for day in range(1, 29):
        ledger.debit(date(2025, 2, day), 0.005, 0.1)
    ledger.debit(date(2025, 2, 28), 0.005, 0.1)  # a second release of the same heats adds up
    ledger.debit(date(2025, 3, 1), 0.005, 0.1)
    assert ledger.spent_epsilon() == pytest.approx(0.2)
    assert not ledger.affords(date(2025, 3, 1), 0.02, 0.2)


def test_gaussian_releases_are_accounted_by_rho_alone() -> None:
    noise = noise_for("gaussian", 1.0, 1e-5, UNIT)
    ledger = BudgetLedger("works", "firm", 100.0, 1e-5)
    for day in range(1, 11):
        ledger.debit(date(2025, 1, day), noise.rho)
    log = math.log(1e5)
    assert ledger.spent_epsilon() == pytest.approx(10 * noise.rho + 2.0 * math.sqrt(10 * noise.rho * log))
    assert ledger.spent_epsilon() < 10.0


def test_only_a_firm_is_touched_by_every_release() -> None:
    assert [releases_touching(unit, 365) for unit in ("heat", "day", "firm")] == [1, 1, 365]  # type: ignore[arg-type]
    assert releases_touching("day", 0) == 0


def test_firm_level_reason_names_noise_of_a_hundred_times_the_load() -> None:
    """Epsilon 10 a year, 365 releases of 24 values up to 100 MW: sd 5,315 MW, and indeed within budget."""
    firm = sensitivity("firm")
    said = firm_level_reason(10.0, 1e-5, firm, mean_load_mw=50.0)
    assert "a standard deviation of 5,315 MW, 106 times the mean load of 50 MW" in said
    assert "protect a heat or a day" in said
    rho = firm.l2**2 / (2.0 * 5315.0**2)
    assert epsilon_zcdp(365 * rho, 1e-5) == pytest.approx(10.0, rel=1e-4)
