"""Announced orders: the days they cover, the noise, and what a firm makes of them."""

import math
from typing import Any

import numpy as np
import pytest

from model.inputs import Demand, ManufacturerInputs, ModelInputs, Ordering, Period, Process
from model.model import CollaborationModel, reference_inputs
from model.physics.demand import announcement_gain, season_of, track_variance

DAYS = 40


def shop(lead: int = 3, *, kind: str = "none", **changes: Any) -> ManufacturerInputs:
    """Return a firm with every trait of demand: season, common factor, autocorrelation, days without demand."""
    return ManufacturerInputs(
        name="shop",
        process=Process(kind=kind),
        demand=Demand(mean=100.0, variation=1.0, autocorrelation=0.6, season=0.3, common_share=0.4),
        ordering=Ordering(**{"lead_time": lead, "window": 5, "safety_factor": 1.0, **changes}),
    )


def model_of(*firms: ManufacturerInputs, start: str = "2025-11-25") -> CollaborationModel:
    period = Period(start=start, days=DAYS, burn_in=0)
    return CollaborationModel(ModelInputs(calendar=period, manufacturers=firms), rng=4)


def lived(model: CollaborationModel, name: str, row: int = 0) -> np.ndarray:
    """Run to the end and return a column's value on every day."""
    return np.array([(model.step(), getattr(model.live, name)[row])[1] for _ in range(DAYS)])


@pytest.mark.parametrize("lead", [1, 2, 7])
@pytest.mark.parametrize("negative", [False, True])
def test_a_true_announcement_is_the_demand_that_comes(lead: int, negative: bool) -> None:
    """The total told at the end of day t is what customers buy on days t+1 to t+L, to rounding."""
    model = model_of(shop(lead, negative_orders=negative))
    model.goods.announce(np.array([0]), 0.0)
    told, came = np.empty(DAYS), np.empty(DAYS)
    for day in range(DAYS):
        model.step()
        told[day], came[day] = model.goods.stock.announced[0], model.live.demand[0]
    assert negative or (came == 0.0).any(), "clipping is part of what is announced"
    totals = [came[day + 1 : day + 1 + lead].sum() for day in range(DAYS - lead)]
    np.testing.assert_allclose(told[: DAYS - lead], totals, rtol=1e-12, atol=1e-9)
    assert np.isfinite(told).all(), "the last days announce demand beyond the horizon"


def test_noise_has_the_announced_variance_and_does_not_repeat() -> None:
    """With demand known exactly, what is left of an announcement is its noise."""
    firms = ManufacturerInputs(
        name="shop", count=200, process=Process(kind="none"), demand=Demand(mean=100.0, variation=0.0, season=0.0)
    )
    model = model_of(firms)
    model.goods.announce(np.arange(200), 49.0)
    noise = np.empty((DAYS, 200))
    for day in range(DAYS):
        model.step()
        noise[day] = model.goods.stock.announced - 300.0
    n = noise.size
    assert abs(noise.mean()) < 4.5 * 7.0 / math.sqrt(n)
    assert noise.var() == pytest.approx(49.0, rel=4.5 * math.sqrt(2.0 / n))
    assert abs(np.mean(noise[1:] * noise[:-1])) < 4.5 * 49.0 / math.sqrt(n)


@pytest.mark.parametrize("policy", ["moving_average", "exponential", "filtered"])
@pytest.mark.parametrize("kind", ["none", "batch"])
def test_true_announcements_leave_no_error(policy: str, kind: str) -> None:
    """From the first announced lead time on, demand never surprises, whatever the firm's own forecast and process."""
    model = model_of(shop(4, kind=kind, policy=policy))
    model.goods.announce(np.array([0]), 0.0)
    error = lived(model, "lead_error")
    assert np.abs(error[:4]).max() > 1.0, "what was forecast before the first announcement may be wrong"
    assert np.abs(error[4:]).max() < 1e-9


def test_with_true_announcements_only_safety_stock_is_left() -> None:
    """Where orders may be negative, stock ends each day at the safety stock that was aimed at a lead time ago."""
    model = model_of(shop(3, negative_orders=True))
    model.goods.announce(np.array([0]), 0.0)
    stock, variance = np.empty(DAYS), np.empty(DAYS)
    for day in range(DAYS):
        model.step()
        stock[day], variance[day] = model.live.net_stock[0], model.live.error_variance[0]
    assert variance[0] == 0.0
    np.testing.assert_allclose(stock[3:], np.sqrt(variance[:-3]), rtol=1e-9, atol=1e-9)


def test_a_firm_that_is_told_nothing_lives_the_same_days_bit_for_bit() -> None:
    """Infinite noise is no announcement, and one firm's announcement is no other firm's business."""
    other = ManufacturerInputs(name="other", process=Process(kind="none"), demand=Demand(mean=50.0))
    plain, null, beside = (model_of(shop(), other) for _ in range(3))
    null.goods.announce(np.array([0, 1]), math.inf)
    beside.goods.announce(np.array([1]), 9.0)
    for _ in range(DAYS):
        for model in (plain, null, beside):
            model.step()
        for name in plain.firms.names:
            wanted = plain.firms.column(name)
            assert wanted.tobytes() == null.firms.column(name).tobytes(), name
            assert wanted[0] == pytest.approx(beside.firms.column(name)[0], rel=0, abs=0), name
    assert plain.live.order[1] != beside.live.order[1]


def test_announcements_that_begin_later_start_from_what_the_firm_has_learnt() -> None:
    model = model_of(shop())
    model.run_for(10)
    learnt = float(model.live.error_variance[0])
    model.goods.announce(np.array([0]), 3.0 * learnt)
    assert model.goods.stock.baseline_variance[0] == learnt
    assert model.live.error_variance[0] == pytest.approx(0.75 * learnt)
    model.goods.announce(np.array([0]), math.inf)
    assert model.live.error_variance[0] == learnt
    model.run_to_end()


def test_gain_weighs_own_error_against_the_announced_noise() -> None:
    assert announcement_gain(400.0, 200.0) == pytest.approx(2.0 / 3.0)
    assert announcement_gain(0.0, 200.0) == 0.0, "a firm that knows its demand has nothing to learn"
    assert announcement_gain(400.0, math.inf) == 0.0
    assert announcement_gain(0.0, 0.0) == announcement_gain(400.0, 0.0) == 1.0
    s2, v, gains = 400.0, 200.0, np.linspace(0.0, 1.0, 2001)
    left = (1.0 - gains) ** 2 * s2 + gains**2 * v
    assert gains[left.argmin()] == pytest.approx(announcement_gain(s2, v), abs=5e-4)
    assert left.min() == pytest.approx(s2 * v / (s2 + v), rel=1e-6)


def test_variance_forgets_at_a_two_hundredth_a_day() -> None:
    assert track_variance(100.0, 20.0) == pytest.approx(0.995 * 100.0 + 0.005 * 400.0)


def test_season_is_highest_at_mid_year() -> None:
    assert season_of(182) == 1.0
    assert season_of(365) == pytest.approx(-1.0, abs=1e-3)


def test_works_of_the_reference_case_needs_less_stock_when_told() -> None:
    """The batch works plans with what customers announce, and its balances close."""
    told, plain = (CollaborationModel(reference_inputs(), rng=2) for _ in range(2))
    told.goods.announce(told.population.of_group("steel"), 0.0)
    told.run_to_end()
    plain.run_to_end()
    assert told.outcomes()["cost_stock", ""] < plain.outcomes()["cost_stock", ""]
    assert max(told.ledger.worst.values()) <= 1e-9


def test_only_final_customers_announce_and_never_less_than_no_noise() -> None:
    supplied = ManufacturerInputs(name="outlet", supplier="shop", process=Process(kind="none"))
    model = model_of(shop(), supplied)
    for rows, variance in (([0], 1.0), ([1], -1.0), ([1], math.nan)):
        with pytest.raises(ValueError, match="final customers announce"):
            model.goods.announce(np.array(rows), variance)
