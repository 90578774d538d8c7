"""Kernels of heat: hours, seasons, boilers, pipes, and the temperature of a common network."""

import itertools
import math

import numpy as np
import pytest
from scipy import integrate

from model.physics.heat import (
    DAY_COLUMNS,
    DELIVERED,
    EMISSION_FACTOR_GAS,
    FUEL,
    GIVEN,
    LEFT,
    USED,
    fire_boilers,
    heat_by_hour,
    level_after,
    network_level,
    pipe_share,
    process_hours,
)


@pytest.mark.parametrize(("start", "hours"), [(6.0, 16.0), (0.0, 24.0), (22.0, 8.0), (5.25, 7.5), (23.5, 1.0)])
def test_process_heat_is_even_within_its_hours(start: float, hours: float) -> None:
    """Integral of an even rate over each hour; what runs past midnight counts in the early hours."""

    def rate(clock: float) -> float:
        return 1.0 / hours if (clock - start) % 24.0 < hours else 0.0

    found = process_hours(np.array([start]), np.array([hours]))[0]
    edges = sorted({start % 24.0, (start + hours) % 24.0})
    for h in range(24):
        inside = [e for e in edges if h < e < h + 1]
        expected = sum(integrate.quad(rate, a, b)[0] for a, b in itertools.pairwise([float(h), *inside, h + 1.0]))
        assert found[h] == pytest.approx(expected, abs=1e-9)
    assert found.sum() == pytest.approx(1.0)


def _day(cold: float, produced: float, power: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    need, waste = np.empty((1, 24)), np.empty((1, 24))
    heat_by_hour(
        np.array([1]),
        cold,
        np.array([7.0, produced]),
        np.vstack([np.full(96, 99.0), power]),
        np.array([0.4]),
        process_hours(np.array([8.0]), np.array([10.0])),
        np.array([3.0]),
        np.array([0.5]),
        np.array([0.2]),
        need,
        waste,
    )
    return need[0], waste[0]


def test_heat_follows_production_season_and_the_electricity_really_drawn() -> None:
    power = np.zeros(96)
    power[4:8] = (10.0, 20.0, 30.0, 40.0)
    need, waste = _day(1.0, 50.0, power)
    assert need[3] == pytest.approx(4.5)  # rooms alone, 3 MW half again in mid-winter
    assert need[12] == pytest.approx(4.5 + 0.4 * 50.0 / 10.0)
    assert waste[1] == pytest.approx(0.2 * 25.0)
    assert waste.sum() == pytest.approx(0.2 * power.sum() / 4.0)
    assert _day(-1.0, 50.0, power)[0][3] == pytest.approx(1.5)
    assert _day(0.0, 0.0, power)[0] == pytest.approx(np.full(24, 3.0))  # nothing is made
    assert _day(0.0, -5.0, power)[0] == pytest.approx(np.full(24, 3.0))  # returned goods take no heat


def test_boilers_make_what_partners_do_not_deliver() -> None:
    need, delivered = np.full((2, 24), 5.0), np.zeros((2, 24))
    waste, given = np.full((2, 24), 4.0), np.zeros((2, 24))
    delivered[1, :6] = 2.0
    given[0, :6] = 2.5
    day = np.full((2, DAY_COLUMNS), np.nan)
    fire_boilers(need, delivered, waste, given, np.array([0.9, 0.8]), day)
    assert day[:, USED] == pytest.approx([120.0, 120.0])
    assert day[:, DELIVERED] == pytest.approx([0.0, 12.0])
    assert day[:, GIVEN] == pytest.approx([15.0, 0.0])
    assert day[:, LEFT] == pytest.approx([96.0, 96.0])
    assert day[:, FUEL] == pytest.approx([120.0 / 0.9, 108.0 / 0.8])


def test_pipes_lose_heat_and_temperature() -> None:
    km = np.array([0.0, 2.0, 60.0])
    assert pipe_share(km, 0.02) == pytest.approx([1.0, 0.96, 0.0])
    assert level_after(np.array([120.0, 120.0, 120.0]), km, 5.0, 1.5) == pytest.approx([115.0, 112.0, 25.0])


def test_emission_factor_is_that_of_natural_gas() -> None:
    """IPCC (2006): 56.1 kg/GJ, and a MWh is 3.6 GJ."""
    assert pytest.approx(56.1 * 3.6 / 1000.0, abs=5e-4) == EMISSION_FACTOR_GAS


@pytest.mark.parametrize("seed", range(40))
def test_network_runs_at_the_temperature_that_serves_most(seed: int) -> None:
    rng = np.random.default_rng(seed)
    takers, givers = rng.integers(1, 6, 2)
    needed, arriving = rng.integers(5, 12, takers) * 10.0, rng.integers(5, 12, givers) * 10.0
    need, offer = rng.integers(1, 9, takers).astype(float), rng.integers(1, 9, givers).astype(float)

    def exchanged(level: float) -> float:
        return min(
            sum(n for n, at in zip(need, needed, strict=True) if at <= level),
            sum(o for o, at in zip(offer, arriving, strict=True) if at >= level),
        )

    best = max(exchanged(float(level)) for level in needed)
    lowest = min(float(level) for level in needed if exchanged(float(level)) == best)
    assert network_level(needed, need, arriving, offer) == lowest


def test_network_without_takers_serves_nobody() -> None:
    nothing = np.zeros(0)
    assert network_level(nothing, nothing, np.array([80.0]), np.array([1.0])) == math.inf
