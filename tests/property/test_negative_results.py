"""Where sharing data is worthless or harmful, the engine says so.

The design's list of negative results, as far as it concerns data. Already validation cases, not repeated here:
`information_value` (a receiver of the full order history: variance_with = variance_without) and `imbalance` with
rule=single (payments of separate parties and of the pool are the same). What the tests below add is the money: the
same engine's ledger does not move, or moves the wrong way.

Settings of the published claims differ, and only this is claimed here: Raghunathan (2001), an AR(1) retailer whose
supplier filters all earlier orders; Lee, So & Tang (2000), the same pair at rho = .3, l = L = 5, where the safety stock
of a `naive` supplier falls by 1.5 % (`information_value` checks that number). The 2.2 % of Cachon & Fisher (2000) is
the mean over another system (one warehouse, several retailers, orders in batches, independent demand),
not rebuilt here.
"""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from model.inputs import (
    Balancing,
    DataContract,
    Demand,
    ManufacturerInputs,
    ModelInputs,
    Ordering,
    Period,
    Process,
    UtilityInputs,
    replace_inputs,
)
from model.model import CollaborationModel, reference_inputs

SEED = 11
PAIRS = 60


def lived(inputs: ModelInputs) -> CollaborationModel:
    """Run a model to its end."""
    model = CollaborationModel(inputs, rng=SEED)
    model.run_to_end()
    return model


# --- a supplier that reads orders -------------------------------------------------------------------------


def chain(pair: int, rho: float, receiver: str, signal: str) -> tuple[ManufacturerInputs, ManufacturerInputs]:
    """Return a retailer and its supplier, both at the best safety factor for h = 1, b = 9, returns allowed."""
    terms: dict[str, Any] = {
        "policy": "filtered",
        "lead_time": 6,
        "safety_factor": 1.2815515655446004,
        "holding_cost": 1.0,
        "backlog_cost": 9.0,
        "negative_orders": True,
    }
    demand = Demand(mean=100.0, variation=0.2, autocorrelation=rho, season=0.0, common_share=0.0)
    shop = ManufacturerInputs(
        name=f"shop{pair}",
        supplier=f"maker{pair}",
        process=Process(kind="none"),
        demand=demand,
        ordering=Ordering(**terms),
    )
    maker = dataclasses.replace(
        shop, name=f"maker{pair}", supplier="", ordering=Ordering(**terms, receiver=receiver, order_signal=signal)
    )
    return shop, maker


def stock_cost(rho: float, receiver: str, signal: str) -> tuple[np.ndarray, np.ndarray]:
    """Return each retailer's and each supplier's cost of stock and backlog, EUR, shape (pair,)."""
    firms = [firm for pair in range(PAIRS) for firm in chain(pair, rho, receiver, signal)]
    days = Period(days=1500, burn_in=1500)  # the filter's start is forgotten fast, its errors by .995 a day
    model = lived(ModelInputs(calendar=days, manufacturers=tuple(firms)))
    cost = {(payer, kind): eur for payer, _, kind, eur in model.transfers()}
    shops, makers = (np.array([cost[f"{who}{pair}", "stock"] for pair in range(PAIRS)]) for who in ("shop", "maker"))
    return shops, makers


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.7])
def test_a_supplier_that_filters_all_orders_gains_nothing_from_shared_demand(rho: float) -> None:
    """Raghunathan (2001): every supplier's cost of stock stays where it was, and so does every retailer's."""
    before, after = (stock_cost(rho, "full_history", signal) for signal in ("orders", "end_demand"))
    np.testing.assert_array_equal(before[0], after[0])
    np.testing.assert_allclose(after[1], before[1], rtol=5e-4)


def test_full_information_saves_a_naive_supplier_little_at_moderate_correlation() -> None:
    """Lee, So & Tang (2000) at rho = .3: a per cent or two of the supplier's cost, less of the chain's.

    Published are 1.5 % of the safety stock under a known spread; here each firm learns its spread from its errors.
    At rho = .7, published 20.9 %, the same supplier saves ten times as much.
    """
    shops, before = stock_cost(0.3, "naive", "orders")
    same, after = stock_cost(0.3, "naive", "end_demand")
    np.testing.assert_array_equal(shops, same)
    saving = (before - after) / before.mean()
    error = saving.std(ddof=1) / math.sqrt(PAIRS)
    assert 4.0 * error < saving.mean() < 0.02 - 4.0 * error
    assert (before - after).sum() / (before + shops).sum() < 0.01
    before, after = (stock_cost(0.7, "naive", signal)[1] for signal in ("orders", "end_demand"))
    assert 1.0 - after.sum() / before.sum() == pytest.approx(0.209, abs=0.02)


# --- announced orders -------------------------------------------------------------------------------------


INTERFACE = 1000.0
"""EUR a year for each outlet's side of the interface."""


def outlets(variance: float, **demand: float) -> ModelInputs:
    """Return firms that serve final demand, whose customers announce it with noise of this variance, units squared."""
    terms = {"mean": 100.0, "variation": 0.3, "autocorrelation": 0.5, "season": 0.1, "common_share": 0.2, **demand}
    outlet = ManufacturerInputs(
        name="outlet", count=20, process=Process(kind="none"), demand=Demand(**terms), ordering=Ordering(lead_time=3)
    )
    orders = DataContract(
        name="orders",
        provider="customers",
        partner="outlet",
        asset="orders",
        noise_sd=math.sqrt(variance),
        interface_cost=INTERFACE,
        provider_share=0.0,
        breach_rate=0.0,
    )
    return ModelInputs(calendar=Period(days=730, burn_in=200), manufacturers=(outlet,), contracts=(orders,))


@pytest.mark.parametrize("policy", ["exponential", "moving_average", "filtered"])
def test_noise_on_announced_orders_destroys_their_value_step_by_step(policy: str) -> None:
    """Cost rises with the noise's variance from none to infinite: the best level of noise is a corner, none."""
    levels = [0.0, 500.0, 2_000.0, 8_000.0, 32_000.0, 128_000.0, math.inf]
    choice = {"firms.outlet.ordering.policy": policy}
    costs = [lived(replace_inputs(outlets(v), choice)).outcomes()["cost_stock", ""] for v in levels]
    assert costs == sorted(costs)
    assert len(set(costs)) == len(levels)
    assert costs[0] < 0.5 * costs[-1], "what is destroyed was worth having"


def test_announcing_a_demand_that_does_not_vary_costs_its_interface_and_is_worth_nothing() -> None:
    """A firm that knows its demand already does not change an order, however noisy the announcement."""
    plain = lived(outlets(math.inf, variation=0.0, season=0.0))
    for variance in (1.0, 1e4):
        told = lived(outlets(variance, variation=0.0, season=0.0))
        assert told.firms.column("order").tobytes() == plain.firms.column("order").tobytes()
        before, after = plain.outcomes(), told.outcomes()
        assert after["cost_stock", ""] == before["cost_stock", ""]
        for key in (("real_cost", ""), ("party_cost", "outlet")):
            assert after[key] - before[key] == pytest.approx(20 * INTERFACE, rel=1e-6)


# --- electricity ------------------------------------------------------------------------------------------


def two_portfolios(rule: str, *, pooled: bool) -> float:
    """Return what the utilities of two neighbouring works pay for imbalance, EUR a year."""
    works, *_ = reference_inputs().manufacturers
    names = ("north", "north") if pooled else ("north", "south")
    firms = tuple(
        dataclasses.replace(works, name=f"works{k}", utility=name, metered_alone=True) for k, name in enumerate(names)
    )
    inputs = ModelInputs(
        calendar=Period(days=150, burn_in=60),
        balancing=Balancing(rule=rule),
        manufacturers=firms,
        utilities=tuple(UtilityInputs(name=name) for name in dict.fromkeys(names)),
    )
    outcomes = lived(inputs).outcomes()
    return sum(value for (name, _), value in outcomes.items() if name == "imbalance_payment")


def test_pooling_imbalances_gains_nothing_under_a_single_price_and_something_under_two() -> None:
    """One price for short and long is linear in a party's deviation, so netting inside a pool saves nothing.

    The closed forms are the case `imbalance`; here two works with plans, stock and forecasts bring the deviations.
    """
    separate, pooled = (two_portfolios("single", pooled=p) for p in (False, True))
    assert pooled == pytest.approx(separate, rel=1e-9)
    separate, pooled = (two_portfolios("dual", pooled=p) for p in (False, True))
    assert pooled < 0.95 * separate


def test_the_plan_of_a_tiny_works_is_not_worth_its_interface() -> None:
    """Sharing helps the forecast, but the value grows with the square of the load and the interface costs what it does.

    The same contract at the reference works pays (the first study); at one of a thirtieth of its size it loses.
    """
    tiny = {
        "firms.steel.demand.mean": 1180.0 / 30.0,
        **{f"firms.steel.process.{name}": value / 30.0 for name, value in
           {"heat_energy": 38.0, "heat_output": 90.0, "furnace": 48.0, "mill": 8.0, "auxiliary": 4.0}.items()},
        "calendar.days": 365,
        "calendar.burn_in": 100,
    }  # fmt: skip
    plain, shared = (lived(replace_inputs(reference_inputs(shared=s), tiny)).outcomes() for s in (False, True))
    assert shared["load_forecast_rmse", "steel"] < plain["load_forecast_rmse", "steel"]
    interface = reference_inputs(shared=True).contracts[0].interface_cost
    assert shared["cost_interface", ""] == pytest.approx(interface)
    loss = shared["real_cost", ""] - plain["real_cost", ""]
    assert 0.9 * interface < loss
    assert shared["party_cost", "power"] > plain["party_cost", "power"], "the receiver pays more than it saves"
