"""Demand, stock and production: hand-worked days and limiting cases of the kernels."""

import math

import numpy as np
import pytest

from model.physics.demand import filter_weights, infer_shock, lead_time_forecast, order_up_to, serve, update_level
from model.physics.production import (
    MINUTES,
    add_block,
    dearest_pause,
    habitual_pause,
    heats_for,
    mark_pause,
    melt,
    melt_as_planned,
    plan_starts,
)
from model.streams import stream_key


@pytest.mark.parametrize(
    ("net_stock", "arrivals", "demand", "expected"),
    [
        (10.0, 5.0, 8.0, (7.0, 8.0, 8.0)),  # plenty
        (2.0, 0.0, 8.0, (-6.0, 2.0, 2.0)),  # runs dry
        (-4.0, 10.0, 3.0, (3.0, 7.0, 3.0)),  # backlog first, then today
        (-4.0, 5.0, 3.0, (-2.0, 5.0, 1.0)),  # backlog first, part of today
        (-4.0, 0.0, 3.0, (-7.0, 0.0, 0.0)),  # nothing to ship
    ],
)
def test_backlog_is_served_before_today(
    net_stock: float, arrivals: float, demand: float, expected: tuple[float, float, float]
) -> None:
    assert serve(net_stock, arrivals, demand) == pytest.approx(expected)


def test_order_lifts_the_position_to_the_target() -> None:
    assert order_up_to(100.0, 70.0, False) == 30.0
    assert order_up_to(100.0, 130.0, False) == 0.0
    assert order_up_to(100.0, 130.0, True) == -30.0


def test_moving_average_forgets_the_oldest_day() -> None:
    past = np.zeros(3)
    level = 0.0
    for day, value in enumerate([3.0, 6.0, 9.0, 12.0]):
        level = update_level(0, value, day, 3, 0.0, level, past)
    assert level == pytest.approx(np.mean([6.0, 9.0, 12.0]))


def test_smoothing_moves_by_its_weight() -> None:
    assert update_level(1, 20.0, 0, 1, 0.25, 12.0, np.zeros(1)) == pytest.approx(14.0)


def test_filtered_forecast_is_the_conditional_mean_of_an_ar1() -> None:
    rho, lead, mean, today = 0.6, 3, 50.0, 58.0
    weights = filter_weights(rho, lead, "full_history", None)
    expected = sum(mean + rho**k * (today - mean) for k in range(1, lead + 1))
    assert lead_time_forecast(2, lead, mean, 0.0, weights[0], weights[1], today, 0.0) == pytest.approx(expected)


def test_full_history_recovers_the_retailers_shock() -> None:
    """Orders Y = D + A(D - D') of an AR(1): inverting them gives back each innovation once the start has died out."""
    rho, lead = 0.7, 6
    rng = np.random.default_rng(3)
    e = rng.normal(size=200)
    d = np.zeros(200)
    for t in range(1, 200):
        d[t] = rho * d[t - 1] + e[t]
    a = rho * sum(rho**k for k in range(lead))
    y = np.zeros(200)
    y[1:] = d[1:] + a * (d[1:] - d[:-1])
    _, _, _, new, old = filter_weights(rho, lead, "full_history", (rho, lead))
    guess = 0.0
    for t in range(1, 200):
        guess = infer_shock(y[t], y[t - 1], guess, 0.0, rho, new, old)
    assert guess == pytest.approx(e[-1], abs=1e-6)


def test_last_order_weight_is_the_regression_on_the_last_order() -> None:
    """Autocovariances from the orders' impulse response, an independent route to the same slope."""
    rho, lead = 0.7, 6
    demand = rho ** np.arange(400.0)
    a = rho * sum(rho**k for k in range(lead))
    orders = demand + a * np.diff(demand, prepend=0.0)
    autocovariance = [orders[k:] @ orders[: orders.size - k] for k in range(lead + 1)]
    slope = sum(autocovariance[1:]) / autocovariance[0]
    assert filter_weights(rho, lead, "last_order", (rho, lead))[0] == pytest.approx(slope, rel=1e-9)


def test_add_block_keeps_energy_wherever_it_lies() -> None:
    for start, end in [(0.0, 15.0), (7.0, 54.5), (1400.0, 1440.0), (30.0, 30.0)]:
        profile = np.zeros(96)
        add_block(profile, start, end, 48.0)
        assert profile.sum() / 4.0 == pytest.approx(48.0 * (end - start) / 60.0)
        assert profile.max() <= 48.0 + 1e-12


def test_heats_are_rounded_and_capped() -> None:
    assert [heats_for(order, 90.0, 19) for order in (0.0, 44.0, 46.0, 900.0, 5_000.0, -10.0)] == [0, 0, 1, 10, 19, 0]


def test_pause_lies_in_the_dearest_hours_also_across_midnight() -> None:
    prices = np.full(24, 50.0)
    prices[[22, 23, 0, 1]] = 100.0
    assert dearest_pause(prices, 24, 4) == 22


def test_habit_decides_at_full_regularity_and_chance_at_none() -> None:
    key = stream_key(1, 1, "plan_pause")
    assert {habitual_pause(day, 5, key, 1.0, 12.0, 24) for day in range(50)} == {12}
    starts = np.array([habitual_pause(day, 5, key, 0.0, 12.0, 24) for day in range(4_800)])
    counts = np.bincount(starts, minlength=24)
    assert counts.min() > 200 - 4.5 * math.sqrt(200)
    assert counts.max() < 200 + 4.5 * math.sqrt(200)


def _planned(capacity: int = 19, heats: int = 13, pause: int = 11) -> np.ndarray:
    starts = np.empty(96)
    paused = np.zeros(capacity, np.bool_)
    mark_pause(pause, capacity - heats, capacity, paused)
    plan_starts(capacity, paused, 2.0, starts)
    return starts


def test_plan_melts_every_heat_and_nothing_more() -> None:
    starts, profile = _planned(), np.zeros(96)
    assert (starts[:19] >= 0).sum() == 13
    melt_as_planned(starts, 19, 47.5, 48.0, 12.0, profile)
    assert (profile - 12.0).sum() / 4.0 == pytest.approx(13 * 38.0)


def _melt(starts: np.ndarray, **changes: float) -> tuple[int, float, float, np.ndarray]:
    terms = {"energy_variation": 0.0, "delay": 0.0, "turnaround": 15.0, "breakdown_rate": 0.0, "repair": 2.0} | changes
    keys = np.stack([stream_key(1, 1, name) for name in ("a", "b", "c", "d")])
    profile = np.zeros(96)
    made, minutes, lost, _ = melt(
        3,
        9,
        keys,
        starts,
        19,
        38.0,
        terms["energy_variation"],
        48.0,
        12.0,
        terms["delay"],
        terms["turnaround"],
        terms["breakdown_rate"],
        terms["repair"],
        profile,
    )
    return made, minutes, lost, profile


def test_without_disturbance_reality_is_the_plan() -> None:
    starts, plan = _planned(), np.zeros(96)
    melt_as_planned(starts, 19, 47.5, 48.0, 12.0, plan)
    made, minutes, lost, profile = _melt(starts)
    assert made == 13
    assert lost == 0.0
    assert minutes == pytest.approx(13 * 47.5)
    np.testing.assert_allclose(profile, plan, atol=1e-9)


def test_a_works_that_always_breaks_down_loses_heats_but_no_energy() -> None:
    made, minutes, lost, profile = _melt(_planned(), breakdown_rate=1e6, repair=3.0)
    assert made < 13
    assert lost > 0.0
    assert (profile - 12.0).sum() / 4.0 == pytest.approx(48.0 * minutes / 60.0)
    assert minutes + lost <= MINUTES


def test_heats_never_overlap_under_delay() -> None:
    _, _, _, profile = _melt(_planned(heats=19), delay=20.0, energy_variation=0.1)
    assert profile.max() <= 60.0 + 1e-9
