"""A store behind a meter: its day, its size, and what it costs its owner."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import optimize, stats

from model.inputs import ModelInputs, replace_inputs
from model.model import CollaborationModel, reference_inputs
from model.physics.storage import best_capacity, run_store, service_level


def _evening() -> np.ndarray:
    load = np.zeros((24, 4))
    load[18:20] = 30.0
    return load.ravel()


PRICES = np.full(24, 80.0)
PRICES[18:20] = 200.0


@pytest.mark.parametrize(("capacity", "given"), [(25.0, 25.0), (60.0, 60.0), (100.0, 60.0)])
def test_it_serves_what_is_needed_and_recharges_what_was_used(capacity: float, given: float) -> None:
    """Two hours of 30 MW at 200 EUR/MWh, recharged at 80."""
    load, moved = _evening(), np.zeros(24)
    run_store(load, PRICES, capacity, math.inf, 0.0, 0.0, 1000.0, moved)
    hours = load.reshape(24, 4).mean(axis=1)
    assert hours[18:20].sum() == pytest.approx(60.0 - given)
    assert hours.sum() == pytest.approx(60.0)
    assert moved.sum() == pytest.approx(0.0, abs=1e-12)
    assert hours @ PRICES == pytest.approx(60.0 * 200.0 - given * 120.0)


def test_it_charges_within_its_power_and_below_the_months_peak() -> None:
    load, moved = _evening(), np.zeros(24)
    run_store(load, PRICES, 60.0, 4.0, 0.0, 0.0, 1000.0, moved)
    assert moved.max() == pytest.approx(4.0)
    load = _evening()
    run_store(load, PRICES, 60.0, 50.0, 1e6, 2.5, 1000.0, moved)  # 60 MWh over 22 cheap hours
    assert load.max() == pytest.approx(2.5, abs=1e-6)


def test_flat_prices_leave_it_idle() -> None:
    load, moved = _evening(), np.zeros(24)
    run_store(load, np.full(24, 90.0), 60.0, math.inf, 0.0, 0.0, 1000.0, moved)
    assert not moved.any()


@pytest.mark.parametrize(("high", "low", "own"), [(0.20, 0.08, 0.03), (200.0, 40.0, 120.0), (90.0, 60.0, 1.0)])
def test_the_best_capacity_costs_least(high: float, low: float, own: float) -> None:
    """Expected cost of a capacity by the normal loss function, minimised numerically."""
    need = stats.norm(100.0, 20.0)

    def cost(capacity: float) -> float:
        z = (capacity - 100.0) / 20.0
        short = 20.0 * (stats.norm.pdf(z) - z * stats.norm.sf(z))
        return float(own * capacity + high * short + low * (100.0 - short))

    found = optimize.minimize_scalar(cost, bounds=(20.0, 180.0), method="bounded", options={"xatol": 1e-9})
    best = best_capacity(100.0, 20.0, high, low, own)
    assert cost(best) == pytest.approx(found.fun, rel=1e-9)
    assert need.cdf(best) == pytest.approx(service_level(high, low, own), abs=1e-6)


def test_a_store_that_never_pays_is_not_bought() -> None:
    assert service_level(100.0, 80.0, 20.0) == 0.0
    assert service_level(80.0, 80.0, 0.0) == 0.0
    assert best_capacity(100.0, 20.0, 100.0, 80.0, 25.0) == 0.0
    assert best_capacity(100.0, 20.0, 100.0, 80.0, 0.0) == math.inf


def test_nine_firms_save_two_thirds_of_what_uncertainty_costs_by_owning_one_together() -> None:
    """Safety capacity of the pool is a third of the nine's: sqrt(9) / 9."""
    alone = best_capacity(100.0, 20.0, 0.20, 0.08, 0.03) - 100.0
    together = best_capacity(900.0, 60.0, 0.20, 0.08, 0.03) - 900.0
    assert together == pytest.approx(9.0 * alone / 3.0)


def _model(**storage: Any) -> CollaborationModel:
    inputs: ModelInputs = replace_inputs(
        reference_inputs(),
        {f"firms.joiners.storage.{name}": value for name, value in storage.items()}
        | {"calendar.days": 40, "calendar.burn_in": 0, "firms.joiners.retail.peak_charge": 0.0},
    )
    return CollaborationModel(inputs)


def test_a_store_in_the_reference_case_lowers_the_bill_and_books_its_cost() -> None:
    """Eight joiners with 10 MWh each at 60 EUR/MWh/day; the model stops where balances do not hold."""
    plain, stored = _model(), _model(capacity=10.0, power=5.0)
    plain.run_to_end()
    stored.run_to_end()
    assert stored.ledger.paid("joiners", "energy") < plain.ledger.paid("joiners", "energy")
    assert stored.ledger.paid("joiners", "storage") == pytest.approx(8 * 10.0 * 60.0 * 40)
    assert np.abs(stored.goods.flexible.stored.sum(axis=1)).max() < 1e-9
    assert not stored.goods.flexible.moved.any()
    assert stored.outcomes()["electricity", "joiners"] == pytest.approx(plain.outcomes()["electricity", "joiners"])
    assert stored.outcomes()["cost_storage", ""] == pytest.approx(8 * 10.0 * 60.0 * 365)
