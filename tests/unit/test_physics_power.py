"""Electricity and plan sharing: hand-worked clearing, settlement and gain, and limiting cases."""

import numpy as np
import pytest
from scipy import stats

from model.incidents import expected_breach_loss
from model.mechanisms.data import block_means, combine, innovation, learn_gain, solve_positive
from model.physics.electricity import (
    DUAL,
    SINGLE,
    added_generation,
    balancing_cost,
    bid_quantile,
    bill,
    clear_day,
    clear_merit_order,
    draw_system_imbalance,
    imbalance_payment,
    nominate,
    read_meters,
    read_portfolio,
    settle,
    stack_costs,
)
from model.physics.forecasting import FULL_HISTORY, LAST_ORDER, NAIVE, forecast_from_history, learn, newest, predict
from model.streams import stream_key

BLOCKS = (np.array([50.0, 30.0, 40.0]), np.array([20.0, 40.0, 90.0]), np.array([0.0, 0.4, 0.8]))


def test_last_accepted_block_sets_the_price() -> None:
    """Schweppe's textbook stack: 70 MW on 50@20, 30@40, 40@90 costs 1,800 and clears at 40."""
    assert clear_merit_order(70.0, *BLOCKS, 0.0, 4000.0) == pytest.approx((40.0, 1800.0, 8.0))


@pytest.mark.parametrize(("demand", "price"), [(0.0, -5.0), (-3.0, -5.0), (50.0, 20.0), (120.0, 90.0), (121.0, 4000.0)])
def test_price_at_the_ends_of_the_stack(demand: float, price: float) -> None:
    assert clear_merit_order(demand, *BLOCKS, -5.0, 4000.0)[0] == price


def test_own_demand_is_charged_what_it_adds() -> None:
    """On 50 MW of others, 20 MW more run wholly on the second block, whatever was bought beforehand."""
    price, added = np.zeros(24), np.zeros(2)
    clear_day(np.full(24, 50.0), np.full(24, 35.0), *BLOCKS, 0.0, 4000.0, price)
    assert price == pytest.approx(np.full(24, 90.0))
    added_generation(np.full(24, 50.0), np.full(24, 20.0), *BLOCKS, 0.0, 4000.0, added)
    assert added == pytest.approx([24 * 20 * 40.0, 24 * 20 * 0.4])


def test_single_and_dual_settlement_of_one_hour() -> None:
    assert imbalance_payment(SINGLE, 3.0, -10.0, 0.5, 20.0, 30.0) == pytest.approx(-15.0)
    assert imbalance_payment(DUAL, 3.0, -10.0, 0.5, 20.0, 30.0) == pytest.approx(60.0)
    assert imbalance_payment(DUAL, -3.0, -10.0, 0.5, 20.0, 30.0) == pytest.approx(90.0)


def test_agents_bear_the_difference_they_make_to_the_systems_cost() -> None:
    rest, own, beta = 40.0, -6.0, 0.2
    assert balancing_cost(own, rest, beta) == pytest.approx(beta / 2 * ((rest + own) ** 2 - rest**2))


def test_nomination_is_the_mean_or_the_quantile() -> None:
    assert nominate(100.0, 5.0, SINGLE, 30.0, 10.0) == 100.0
    assert nominate(100.0, 5.0, DUAL, 20.0, 20.0) == 100.0
    assert bid_quantile(30.0, 10.0) == 0.75
    assert nominate(100.0, 5.0, DUAL, 30.0, 10.0) == pytest.approx(stats.norm.ppf(0.75, 100.0, 5.0))


def test_rest_of_the_system_has_its_declared_spread_and_memory() -> None:
    key, state = stream_key(3, 0, "system_imbalance"), np.zeros(1)
    days = np.empty((4_000, 24))
    for day in range(4_000):
        draw_system_imbalance(day, key, 450.0, 0.8, state, days[day])
    series = days.ravel()
    assert series.std() == pytest.approx(450.0, rel=0.02)
    assert np.corrcoef(series[1:], series[:-1])[0, 1] == pytest.approx(0.8, abs=0.01)


def test_settlement_splits_real_cost_from_transfer() -> None:
    """Equal imbalances have equal real cost under both rules; only payments differ."""
    rng = np.random.default_rng(1)
    load, nomination = rng.normal(100, 10, (2, 24)), np.full((2, 24), 100.0)
    rest, price = rng.normal(0, 400, 24), rng.normal(80, 20, 24)
    found = {}
    for rule in (SINGLE, DUAL):
        closed, imbalance, amounts, totals = np.zeros((2, 24)), np.zeros((2, 24)), np.zeros((2, 4)), np.zeros(2)
        settle(rule, 0.2, 20.0, 20.0, 0.8, 3.0, load, nomination, rest, price, closed, imbalance, amounts, totals)
        np.testing.assert_allclose(nomination + closed + imbalance, load)
        np.testing.assert_allclose(imbalance, 0.2 * (load - nomination))
        np.testing.assert_allclose(amounts[:, 0] + amounts[:, 1], load @ price)
        np.testing.assert_allclose(amounts[:, 3], 3.0 * 0.8 * np.abs(load - nomination).sum(axis=1))
        found[rule] = totals[0], amounts[:, 2].sum()
    own = 0.2 * (load - nomination).sum(axis=0)
    assert found[SINGLE][0] == pytest.approx(found[DUAL][0])
    assert found[SINGLE][0] == pytest.approx((0.1 * ((rest + own) ** 2 - rest**2)).sum())
    assert found[SINGLE][1] == pytest.approx((0.2 * (rest + own) * own).sum())
    assert found[DUAL][1] == pytest.approx(20.0 * np.abs(0.2 * (load - nomination)).sum())


def test_meters_keep_the_months_peak_and_skip_firms_without_supplier() -> None:
    load = np.zeros((3, 96))
    load[0, 10], load[1, 4:8], load[2] = 7.0, 8.0, 100.0
    hourly, portfolio, peak = np.zeros((1, 24)), np.zeros((1, 24)), np.array([9.0, 0.0, 0.0])
    utility, alone = np.array([0, 0, -1]), np.array([-1, 0, -1])
    read_meters(load, utility, alone, hourly, peak)
    read_portfolio(load, utility, alone, portfolio)
    assert peak.tolist() == [9.0, 8.0, 0.0]
    assert hourly[0, 1] == 8.0
    assert portfolio[0, 2] == pytest.approx(7.0 / 4.0)
    assert portfolio.sum() == pytest.approx(7.0 / 4.0)


def test_bill_follows_the_contract() -> None:
    load, price = np.full((2, 96), 10.0), np.arange(24.0)
    energy, charge = np.zeros(2), np.zeros(2)
    bill(load, price, np.array([1.0, 0.0]), np.array([0.0, 90.0]), np.array([3.0, 0.0]), energy, charge)
    assert energy == pytest.approx([240.0, 240.0])
    assert charge == pytest.approx([10.0 * (price.sum() + 72.0), 240.0 * 90.0])


def test_carbon_switches_gas_before_coal_at_the_published_price() -> None:
    """Fuel switch at 57.92 EUR/t for gas 30 (.5, .202) and coal 12 (.38, .34)."""
    for carbon, cheaper in ((57.9, 1), (57.95, 0)):
        cost, _ = stack_costs(np.array([30.0, 12.0]), np.array([0.5, 0.38]), np.array([0.202, 0.34]), carbon)
        assert int(np.argmin(cost)) == cheaper


def test_least_squares_finds_the_weights() -> None:
    rng = np.random.default_rng(2)
    truth, weights, covariance = np.array([1.0, -0.5, 0.3, 0.1]), np.zeros(4), 1e6 * np.eye(4)
    xs = rng.normal(size=(300, 4))
    for x in xs:
        learn(weights, covariance, x, float(truth @ x), 1.0)
    np.testing.assert_allclose(weights, truth, atol=1e-5)
    assert predict(weights, xs[0]) == pytest.approx(truth @ xs[0], abs=1e-4)


def _forecast(receiver: int, history: np.ndarray, delay: int = 2) -> np.ndarray:
    """Return the forecast for the day after the last metered one has passed its delay."""
    ring, days = 16, len(history)
    past, weights = np.zeros((ring, 24)), np.zeros((24, 4))
    covariance, running, out = np.tile(100.0 * np.eye(4), (24, 1, 1)), np.zeros(2), np.zeros(24)
    for day in range(days):
        weekend, learnt = day % 7 >= 5, (day - delay) % 7 >= 5
        forecast_from_history(
            day, weekend, learnt, receiver, False, delay, False, 1.0, 30.0, past, weights, covariance, running, out
        )
        past[day % ring] = history[day]
    return out


def test_receivers_know_what_they_claim() -> None:
    """A weekly pattern: the mean misses it, the full regression has learnt it."""
    weekday, weekend = np.linspace(20, 40, 24), np.linspace(10, 15, 24)
    history = np.array([weekend if day % 7 >= 5 else weekday for day in range(7 * 30 + 1)])
    assert _forecast(NAIVE, history) == pytest.approx(np.full(24, history[:-2].mean()), rel=1e-9)
    np.testing.assert_allclose(_forecast(FULL_HISTORY, history), weekday, rtol=1e-3)


def test_the_newest_day_alone_is_weighed_by_its_persistence() -> None:
    """An AR(1) with rho .9 metered two days late: the best linear forecast keeps .81 of the newest deviation."""
    rng = np.random.default_rng(9)
    level = np.zeros(6_000)
    for day in range(1, 6_000):
        level[day] = 0.9 * level[day - 1] + rng.normal()
    level[-3] = 5.0  # the newest day that is metered, far out so that its weight shows
    history = 30.0 + level[:, None] + np.zeros(24)
    expected = 30.0 + 0.81 * 5.0
    assert _forecast(LAST_ORDER, history) == pytest.approx(np.full(24, expected), abs=0.2)


def test_a_days_mean_can_stand_for_its_hours() -> None:
    past = np.arange(48.0).reshape(2, 24)
    assert newest(past, 3, 2, False, 5, False) == 29.0
    assert newest(past, 3, 2, False, 5, True) == pytest.approx(35.5)


def test_live_meters_show_the_last_24_hours_before_the_gate_and_nothing_later() -> None:
    past = np.arange(72.0).reshape(3, 24)
    known = [*past[2, :11], *past[1, 11:]]
    assert [newest(past, 3, 2, True, h, False) for h in range(24)] == known
    assert newest(past, 3, 2, True, 0, True) == pytest.approx(np.mean(known))


def test_forecast_knows_nothing_newer_than_the_delay() -> None:
    history = np.random.default_rng(4).normal(30, 5, (60, 24))
    changed = history.copy()
    changed[-2:] += 1000.0
    for receiver in (NAIVE, LAST_ORDER, FULL_HISTORY):
        np.testing.assert_array_equal(_forecast(receiver, history), _forecast(receiver, changed))


def test_publishing_averages_over_blocks() -> None:
    plan, shared = np.repeat(np.arange(24.0), 4), np.zeros(24)
    block_means(plan, 24, shared)
    assert shared == pytest.approx(np.full(24, 11.5))
    block_means(plan, 2, shared)
    assert shared == pytest.approx(np.repeat(np.arange(0.5, 24, 2.0), 2))
    innovation(np.full(24, 12.0), np.arange(24.0), 24, shared)
    assert shared == pytest.approx(np.full(24, 0.5))


def test_cholesky_solves() -> None:
    rng = np.random.default_rng(6)
    root = rng.normal(size=(24, 24))
    matrix, right = root @ root.T + np.eye(24), rng.normal(size=24)
    np.testing.assert_allclose(solve_positive(matrix, right), np.linalg.solve(matrix, right), rtol=1e-8)


@pytest.mark.parametrize(("noise_sd", "trust"), [(0.0, 1.0), (10.0, 0.5), (1000.0, 0.0)])
def test_learnt_gain_is_signal_over_signal_plus_noise(noise_sd: float, trust: float) -> None:
    """Error of sd 10 seen through noise: LMMSE trusts the news by 100 / (100 + noise variance)."""
    rng = np.random.default_rng(8)
    error_news, news_news, weight = np.zeros((24, 24)), 100.0 * np.eye(24), np.array([10.0])
    for _ in range(20_000):
        error = rng.normal(0, 10.0, 24)
        learn_gain(error, error + rng.normal(0, noise_sd, 24), 1, 1.0, error_news, news_news, weight)
    forecast = np.zeros(24)
    combine(np.full(24, 1e4), np.ones(24), 1, error_news, news_news, 1e9, forecast)
    assert forecast - 1e4 == pytest.approx(np.full(24, trust), abs=0.02)


def test_breach_loss_is_the_limited_mean_of_the_lognormal() -> None:
    rate, median, sigma = 0.1, 2e5, 2.0
    assert expected_breach_loss(rate, median, sigma, 1e15) == pytest.approx(
        rate * median * np.exp(sigma**2 / 2), rel=1e-6
    )
    levels = (np.arange(1_000_000) + 0.5) / 1_000_000
    capped = np.minimum(stats.lognorm.ppf(levels, s=sigma, scale=median), 1e6).mean()
    assert expected_breach_loss(rate, median, sigma, 1e6) == pytest.approx(rate * capped, rel=1e-4)
    assert expected_breach_loss(0.0, median, sigma, 1e6) == 0.0
    assert expected_breach_loss(rate, median, 0.0, 1e9) == pytest.approx(rate * median)
