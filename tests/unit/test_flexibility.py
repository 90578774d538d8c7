"""Load that moves: pauses of a furnace, a firm on its own prices, flexible orders in the auction."""

import dataclasses
import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator
from scipy.optimize import linprog

from model.inputs import ManufacturerInputs, Market, ModelInputs, Process, Retail, UtilityInputs, replace_inputs
from model.model import CollaborationModel, reference_inputs
from model.physics.flexibility import (
    apply_moves,
    hour_loads,
    match_order,
    move_energy,
    moved_energy,
    shift_day,
    supplied,
    supply_curve,
)
from model.physics.production import cheapest_pauses, dearest_pause, mark_pause
from model.processes import Flexibility

SEEDS = st.integers(0, 2**31).map(np.random.default_rng)


# --- pauses of a furnace -----------------------------------------------------------------------------


def _pauses(cycles: tuple[int, ...], capacity: int) -> int:
    """Count pauses; one over midnight is one, and a day without heats is one."""
    starts = sum((c - 1) % capacity not in cycles for c in cycles)
    return max(starts, min(1, len(cycles)))


def _saving(cycles: tuple[int, ...], prices: np.ndarray, capacity: int, restart: float, energy: float) -> float:
    paid = sum(energy * prices[int((c + 0.5) * 24 / capacity)] for c in cycles)
    return float(paid - restart * max(0, _pauses(cycles, capacity) - 1))


@settings(max_examples=80, deadline=None)
@given(rng=SEEDS, capacity=st.integers(1, 11), restart=st.sampled_from([0.0, 100.0, 600.0, 3000.0]), data=st.data())
def test_split_pauses_are_the_best_of_all(rng: Generator, capacity: int, restart: float, data: st.DataObject) -> None:
    """Every choice of cycles is tried."""
    free = data.draw(st.integers(0, capacity))
    prices = rng.normal(80.0, 40.0, 24)
    paused = np.zeros(96, np.bool_)
    count = cheapest_pauses(prices, capacity, free, restart, 38.0, paused)
    chosen = tuple(np.flatnonzero(paused[:capacity]).tolist())
    best = max(_saving(c, prices, capacity, restart, 38.0) for c in itertools.combinations(range(capacity), free))
    assert len(chosen) == free
    assert count == _pauses(chosen, capacity)
    assert _saving(chosen, prices, capacity, restart, 38.0) == pytest.approx(best, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(rng=SEEDS, capacity=st.integers(1, 96), data=st.data())
def test_a_restart_without_price_splits_nothing(rng: Generator, capacity: int, data: st.DataObject) -> None:
    free, prices = data.draw(st.integers(0, capacity)), rng.normal(80.0, 40.0, 24)
    one, split = np.zeros(96, np.bool_), np.zeros(96, np.bool_)
    mark_pause(dearest_pause(prices, capacity, free), free, capacity, one)
    assert cheapest_pauses(prices, capacity, free, math.inf, 38.0, split) == min(free, 1)
    assert (one == split).all()


def test_two_dear_blocks_are_both_avoided_once_the_restart_is_cheap() -> None:
    """Morning and evening 60 EUR/MWh above the rest: 38 MWh x 2 cycles x 60 = 4,560 EUR against the restart."""
    prices = np.full(24, 50.0)
    prices[[7, 8, 18, 19]] = 110.0
    paused = np.zeros(96, np.bool_)
    assert cheapest_pauses(prices, 24, 4, 4500.0, 38.0, paused) == 2
    assert np.flatnonzero(paused).tolist() == [7, 8, 18, 19]
    assert cheapest_pauses(prices, 24, 4, 4600.0, 38.0, paused) == 1


def test_a_pause_over_midnight_is_one() -> None:
    prices = np.full(24, 50.0)
    prices[[22, 23, 0, 1]] = 110.0
    paused = np.zeros(96, np.bool_)
    assert cheapest_pauses(prices, 24, 4, 1.0, 38.0, paused) == 1
    assert np.flatnonzero(paused).tolist() == [0, 1, 22, 23]


WORKS = {"firms.steel.process.scheduling": "before_prices", "calendar.days": 60, "calendar.burn_in": 30}


def _run(changes: dict[str, Any], base: ModelInputs | None = None) -> CollaborationModel:
    model = CollaborationModel(replace_inputs(base or reference_inputs(), changes))
    model.run_to_end()
    return model


def test_the_gates_plan_is_what_the_works_carries_out() -> None:
    """Without delays and breakdowns the shared plan is the load: the split is known at the gate."""
    calm = {
        f"firms.steel.process.{name}": 0.0 for name in ("delay", "breakdown_rate", "energy_variation", "turnaround")
    }
    model = CollaborationModel(
        replace_inputs(reference_inputs(), WORKS | calm | {"firms.steel.process.restart_cost": 500.0})
    )
    split = 0
    for _ in range(60):
        model.step()
        split += int(model.goods.restarts[0])
        assert model.goods.restart_cost[0] == 500.0 * model.goods.restarts[0]
        np.testing.assert_allclose(model.live.load[0], model.goods.plan[0], atol=1e-9)
    assert split > 0


def test_one_furnace_has_the_same_peak_wherever_it_pauses() -> None:
    """60 MW = 48 + 8 + 4: there is nothing that reordering heats could save of the peak charge."""
    peaks = {
        restart: _run(WORKS | {"firms.steel.process.restart_cost": restart}).outcomes()["peak_load", "steel"]
        for restart in (0.0, math.inf)
    }
    assert peaks == {0.0: pytest.approx(60.0), math.inf: pytest.approx(60.0)}


def test_a_better_forecast_lowers_the_energy_bill() -> None:
    """Told tomorrow's true prices, the works pays less than on its own average of the past; both pay restarts."""
    inputs = replace_inputs(reference_inputs(), WORKS | {"firms.steel.process.restart_cost": 1500.0})
    paid = {}
    for told in (False, True):
        model = CollaborationModel(inputs)
        restarts = 0.0
        for day in range(90):
            if told:
                assert model.goods.tell_prices(0, model.futures.price[day])
            model.step()
            restarts += float(model.goods.restart_cost[0]) * (day >= 30)
        paid[told] = model.ledger.paid("steel", "energy") + restarts
        assert not model.goods.tell_prices(1, model.futures.price[0])
    assert paid[True] < 0.99 * paid[False]


def test_a_forecast_that_was_told_holds_for_one_day() -> None:
    model = CollaborationModel(replace_inputs(reference_inputs(), WORKS))
    forecast = np.arange(24.0)
    model.goods.tell_prices(0, forecast)
    model.step()
    assert model.goods.price_view[0].tolist() == forecast.tolist()
    model.step()
    assert model.goods.price_view[0].tolist() == model.power.expected_price.tolist() != forecast.tolist()


# --- a firm on its own prices ------------------------------------------------------------------------


def _day(rng: Generator) -> np.ndarray:
    return rng.gamma(4.0, 3.0, 96)


def _program(
    load: np.ndarray, prices: np.ndarray, share: float, rise: float, comfort: float, limit: float,
    charge: float, running: float, connection: float,
) -> float:  # fmt: skip
    """Solve the same decision as a linear programme: leave, take, and the month's peak; return the change of cost."""
    quarters = load.reshape(24, 4)
    leave, top = np.minimum(share * quarters.mean(axis=1), quarters.min(axis=1)), quarters.max(axis=1)
    cost = np.concatenate([comfort - prices, prices, [charge]])
    lowest = running if charge else 0.0
    highest = math.inf if charge else max(connection, top.max())
    above = np.zeros((24, 49))
    above[range(24), range(24)], above[range(24), range(24, 48)], above[:, 48] = -1.0, 1.0, -1.0
    total = np.concatenate([np.ones(24), np.zeros(25)])
    balance = np.concatenate([-np.ones(24), np.ones(24), [0.0]])
    bounds = [*[(0.0, x) for x in leave], *[(0.0, min(rise, 1e6))] * 24, (lowest, highest)]
    found = linprog(
        cost, A_ub=np.vstack([above, total]), b_ub=[*-top, min(limit, 1e9)], A_eq=[balance], b_eq=[0.0], bounds=bounds
    )
    assert found.status == 0
    return float(found.fun - charge * max(running, top.max()))


@settings(max_examples=60, deadline=None)
@given(
    rng=SEEDS,
    share=st.sampled_from([0.05, 0.3, 1.0]),
    rise=st.sampled_from([0.5, 5.0, math.inf]),
    comfort=st.sampled_from([0.0, 15.0, 60.0]),
    limit=st.sampled_from([3.0, math.inf]),
    charge=st.sampled_from([0.0, 30.0, 10_000.0]),
    running=st.sampled_from([0.0, 20.0, 40.0]),
)
def test_a_day_is_shifted_as_a_linear_programme_would(
    rng: Generator, share: float, rise: float, comfort: float, limit: float, charge: float, running: float
) -> None:
    load, prices, moved = _day(rng), rng.normal(80.0, 40.0, 24), np.zeros(24)
    change = shift_day(load, prices, share, rise, comfort, limit, charge, running, 200.0, moved)
    assert change == pytest.approx(
        _program(load, prices, share, rise, comfort, limit, charge, running, 200.0), rel=1e-7, abs=1e-5
    )
    assert abs(moved.sum()) < 1e-9
    after = load.copy()
    apply_moves(moved, after)
    assert after.min() >= 0.0
    assert after.sum() == pytest.approx(load.sum(), abs=1e-9)
    billed = (after - load).reshape(24, 4).mean(axis=1) @ prices + comfort * moved_energy(moved)
    peak = max(running, after.max()) - max(running, load.max())
    assert change == pytest.approx(billed + charge * peak, rel=1e-7, abs=1e-5)


def test_nothing_moves_below_the_cost_of_comfort() -> None:
    load, moved = np.full(96, 10.0), np.zeros(24)
    prices = np.full(24, 60.0)
    prices[:6], prices[18:] = 50.0, 69.0
    assert shift_day(load, prices, 0.5, 4.0, 19.0, math.inf, 0.0, 0.0, 100.0, moved) == 0.0
    assert not moved.any()
    assert shift_day(load, prices, 0.5, 4.0, 15.0, math.inf, 0.0, 0.0, 100.0, moved) == pytest.approx(-24.0 * 4.0)


def test_a_peak_is_raised_only_for_a_saving_that_exceeds_its_charge() -> None:
    """5 MWh move from 18:00 to 3:00 for 50 EUR/MWh after comfort; each MW above the month's peak costs the charge."""
    load, moved = np.full(96, 10.0), np.zeros(24)
    prices = np.full(24, 100.0)
    prices[3], prices[18] = 50.0, 150.0
    for charge, raised in ((49.0, 5.0), (51.0, 0.0), (0.0, 5.0)):
        shift_day(load, prices, 0.5, 8.0, 50.0, math.inf, charge, 10.0, 100.0, moved)
        assert moved[3] == pytest.approx(raised, abs=1e-6), charge
    shift_day(load, prices, 0.5, 8.0, 50.0, math.inf, 10_000.0, 13.0, 100.0, moved)
    assert moved[3] == pytest.approx(3.0, abs=1e-6)


def test_a_load_above_every_allowed_peak_is_infeasible() -> None:
    load, leave, top, moved = np.full(96, 10.0), np.zeros(24), np.zeros(24), np.zeros(24)
    hour_loads(load, 0.2, leave, top)
    assert move_energy(leave, top, np.zeros(24), np.arange(24), 9.0, 0.0, math.inf, 7.9, moved) == math.inf


def _town(**changes: Any) -> ModelInputs:
    inputs = reference_inputs()
    firms = [
        dataclasses.replace(firm, flexibility=Flexibility(**changes)) if firm.name == "platers" else firm
        for firm in inputs.manufacturers
    ]
    inputs = dataclasses.replace(inputs, manufacturers=tuple(firms))
    return replace_inputs(inputs, {"calendar.days": 60, "calendar.burn_in": 10})


def test_flexible_firms_pay_less_in_all_and_balances_hold() -> None:
    """The model stops at any day on which energy or money do not balance."""
    rigid, flexible = _run({}, _town()), _run({}, _town(share=0.2, comfort_cost=10.0))
    rows = flexible.goods.flexible.rows
    assert rows.tolist() == flexible.population.of_group("platers").tolist()
    assert np.abs(flexible.goods.flexible.moved.sum(axis=1)).max() < 1e-9
    bills = [sum(m.ledger.paid("platers", kind) for kind in ("energy", "peak", "comfort")) for m in (rigid, flexible)]
    assert bills[1] < bills[0]
    drawn = [m.outcomes()["electricity", "platers"] for m in (rigid, flexible)]
    assert drawn[1] == pytest.approx(drawn[0], rel=1e-12)


def test_a_firm_without_flexible_load_changes_no_bit() -> None:
    assert _run({}, _town()).outcomes() == _run({}, _town(share=0.0, comfort_cost=1.0, watch_peak=False)).outcomes()


def test_a_tariff_gives_no_reason_to_follow_the_price() -> None:
    tariff = {"firms.platers.retail.contract": "tariff", "firms.platers.flexibility.watch_peak": False}
    model = _run(tariff, _town(share=0.5, comfort_cost=1.0))
    assert not model.goods.flexible.moved.any()


# --- flexible orders in the auction ------------------------------------------------------------------


def _zone(rng: Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    capacity, cost = rng.uniform(5.0, 30.0, 12), np.sort(rng.uniform(0.0, 120.0, 12))
    price, until = np.zeros(14), np.zeros(14)
    supply_curve(capacity, cost, 0.0, 4000.0, price, until)
    return capacity, cost, price, until


@settings(max_examples=40, deadline=None)
@given(rng=SEEDS, comfort=st.sampled_from([0.0, 7.0, 40.0]))
def test_an_order_is_cleared_at_least_cost_to_the_zone(rng: Generator, comfort: float) -> None:
    """Blocks by hour, leave and take as one linear programme."""
    capacity, cost, price, until = _zone(rng)
    others = rng.uniform(20.0, 0.9 * capacity.sum(), 24)
    leave, room = rng.uniform(0.0, 15.0, 24), rng.uniform(0.0, 25.0, 24)
    moved = np.zeros(24)
    match_order(others, leave, room, comfort, price, until, moved)
    assert abs(moved.sum()) < 1e-9
    assert (moved >= -leave - 1e-12).all()
    assert (moved <= room + 1e-12).all()
    blocks = np.eye(24).repeat(12, axis=1)
    hours = np.hstack([blocks, np.eye(24), -np.eye(24)])
    even = np.concatenate([np.zeros(288), -np.ones(24), np.ones(24)])
    found = linprog(
        np.concatenate([np.tile(cost, 24), np.full(24, comfort), np.zeros(24)]),
        A_eq=np.vstack([hours, even]),
        b_eq=[*others, 0.0],
        bounds=[*[(0.0, c) for c in np.tile(capacity, 24)], *[(0.0, x) for x in leave], *[(0.0, x) for x in room]],
    )
    own = sum(_generation(capacity, cost, d) for d in others + moved) + comfort * moved_energy(moved)
    assert own == pytest.approx(found.fun, rel=1e-9)


def _generation(capacity: np.ndarray, cost: np.ndarray, demand: float) -> float:
    used = np.clip(demand - np.concatenate([[0.0], np.cumsum(capacity)[:-1]]), 0.0, capacity)
    return float(used @ cost)


def test_supply_below_and_beyond_the_stack() -> None:
    price, until = np.zeros(4), np.zeros(4)
    supply_curve(np.array([50.0, 30.0]), np.array([20.0, 40.0]), 0.0, 4000.0, price, until)
    found = [
        supplied(price, until, at, included) for at in (-1.0, 0.0, 20.0, 39.0, 4000.0) for included in (False, True)
    ]
    assert found == [-math.inf, -math.inf, -math.inf, 0.0, 0.0, 50.0, 50.0, 50.0, 80.0, math.inf]


def _cleared(share: float, comfort: float, *, alone: bool = False) -> CollaborationModel:
    firms = tuple(
        ManufacturerInputs(
            name=name,
            count=2 if not alone else 1,
            utility="power",
            metered_alone=alone,
            process=Process(kind="shaped", load_table=table, mean_load=400.0, production_share=0.0),
            retail=Retail(),
            flexibility=Flexibility(share=share, comfort_cost=cost, watch_peak=watch),
        )
        for name, table, cost, watch in (
            ("smelters", "metal_processing_2018", comfort, True),
            ("mills", "furniture_shop_2015", 2.0 * comfort, False),
        )
    )
    inputs = ModelInputs(
        market=Market(closure="endogenous"), manufacturers=firms, utilities=(UtilityInputs(name="power"),)
    )
    return CollaborationModel(replace_inputs(inputs, {"calendar.days": 20, "calendar.burn_in": 0}))


@pytest.mark.parametrize("alone", [False, True])
def test_orders_flatten_the_zones_prices_and_conserve_energy(alone: bool) -> None:
    rigid, flexible = _cleared(0.0, 5.0, alone=alone), _cleared(0.3, 5.0, alone=alone)
    spread = np.zeros(2)
    comfort = 0.0
    for _ in range(20):
        rigid.step()
        flexible.step()
        orders = flexible.power.orders
        assert np.abs(orders.moved.sum(axis=1)).max() < 1e-9
        assert flexible.live.electricity[: len(orders.rows)] == pytest.approx(
            rigid.live.electricity[: len(orders.rows)], rel=1e-12
        )
        calm = flexible.live.peak_load[orders.rows] <= rigid.live.peak_load[orders.rows] + 1e-9
        assert calm[orders.terms[:, 3] > 0.0].all()
        spread += rigid.power.price.std(), flexible.power.price.std()
        comfort += orders.comfort.sum()
    assert spread[1] < spread[0]
    assert comfort > 0.0
    costs = [sum(m.ledger.by_kind(kind) for kind in ("generation", "comfort")) for m in (rigid, flexible)]
    assert costs[1] < costs[0]


def test_accepted_orders_are_no_imbalance() -> None:
    """What the auction moves is bought as moved: deviations are those of the same firms without flexible load."""
    rigid, flexible = _cleared(0.0, 5.0), _cleared(0.3, 5.0)
    for _ in range(20):
        rigid.step()
        flexible.step()
        np.testing.assert_allclose(flexible.power.imbalance, rigid.power.imbalance, atol=1e-9)
