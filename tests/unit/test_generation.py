"""A utility's own generators: outages, plans at the gate, dispatch, clearing beside a stack, and money."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm

from model.endowments import Generation
from model.generation import Generators
from model.inputs import Balancing, Market, ModelInputs, Period, replace_inputs
from model.model import CollaborationModel, reference_inputs
from model.physics.electricity import clear_day
from model.physics.generation import clear_with_blocks, draw_blocks, expected_up
from model.stack import fuel_terms, read_stack
from model.streams import stream_key

DAYS = 400


def _inputs(days: int = 5, **generation: Any) -> ModelInputs:
    inputs = dataclasses.replace(reference_inputs(), calendar=Period(days=days, burn_in=0))
    owner = dataclasses.replace(inputs.utilities[0], generation=Generation(**{"blocks": 4, **generation}))
    return dataclasses.replace(inputs, utilities=(owner,))


def _plants(model: CollaborationModel) -> Generators:
    assert model.power.plants is not None
    return model.power.plants


def _history(outage_rate: float, repair: float, blocks: int, days: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (expected, available) number of blocks, shape (days, 24)."""
    up, gate = np.zeros((1, blocks)), np.zeros(1)
    expected, available = np.zeros((2, days, 24))
    key, rates = stream_key(5, 0, "generator_outage"), (np.array([outage_rate]), np.array([1.0 / repair]))
    for day in range(days):
        out = np.zeros((2, 1, 24))
        draw_blocks(day, key, np.array([3]), np.array([blocks]), *rates, up, gate, out[0], out[1])
        expected[day], available[day] = out[0, 0], out[1, 0]
    return expected, available


@pytest.mark.parametrize(("outage_rate", "repair"), [(0.01, 30.0), (0.2, 0.1), (0.05, 2.0)])
def test_expectation_follows_the_chain(outage_rate: float, repair: float) -> None:
    """The matrix exponential of the two-state chain's generator."""
    rates = np.array([[-outage_rate, outage_rate], [1.0 / repair, -1.0 / repair]])
    for hours in (1.0, 13.0, 36.0):
        after = expm(hours * rates)[:, 0]
        assert expected_up(1.0, 1.0, hours, outage_rate, 1.0 / repair) == pytest.approx(after[0])
        assert expected_up(0.0, 1.0, hours, outage_rate, 1.0 / repair) == pytest.approx(after[1])
        assert expected_up(2.0, 3.0, hours, outage_rate, 1.0 / repair) == pytest.approx(2 * after[0] + after[1])


def test_blocks_are_up_as_long_as_rates_say_and_plans_are_right_on_average() -> None:
    """Steady share repair / (repair + time to failure); outages last 20 h on average."""
    expected, available = _history(0.01, 20.0, 50, DAYS)
    steady = 100.0 / 120.0
    se = math.sqrt(steady * (1 - steady) * 2 * (1 / 0.06) / (50 * DAYS * 24))
    assert available.mean() / 50 == pytest.approx(steady, abs=4 * se)
    errors = (available - expected)[1:]
    assert errors.mean() == pytest.approx(0.0, abs=0.05)
    blind = available[1:] - 50 * steady
    assert errors[:, 0].var() < 0.95 * blind[:, 0].var()  # what is known at the gate helps, more so early in the day
    assert errors[:, 0].var() < errors[:, 23].var()


def test_one_block_goes_down_and_comes_back_with_the_chain() -> None:
    available = _history(0.05, 10.0, 1, 3000)[1].ravel()
    fell = (available[:-1] == 1) & (available[1:] == 0)
    rose = (available[:-1] == 0) & (available[1:] == 1)
    step = expm(np.array([[-0.05, 0.05], [0.1, -0.1]]))
    assert fell.sum() / (available[:-1] == 1).sum() == pytest.approx(step[0, 1], rel=0.1)
    assert rose.sum() / (available[:-1] == 0).sum() == pytest.approx(step[1, 0], rel=0.1)


def test_more_blocks_leave_the_first_ones_as_they_were() -> None:
    up = {}
    for blocks in (1, 2):
        state, gate, out = np.zeros((1, blocks)), np.zeros(1), np.zeros((2, 1, 24))
        history = []
        for day in range(200):
            draw_blocks(
                day, stream_key(5, 0, "generator_outage"), np.array([3]), np.array([blocks]), np.array([0.05]),
                np.array([0.1]), state, gate, out[0], out[1]
            )  # fmt: skip
            history.append(state[0, 0])
        up[blocks] = history
    assert up[1] == up[2]
    assert 0.0 < np.mean(up[1]) < 1.0


def test_cost_is_fuel_carbon_and_upkeep() -> None:
    """Gas at 40, carbon at 100, .202 t per MWh of gas, half of which becomes power, upkeep 5: 80 + 40.4 + 5."""
    model = CollaborationModel(_inputs(efficiency=0.5, upkeep=5.0), market__gas_price=40.0, market__carbon_price=100.0)
    assert _plants(model).cost[0] == pytest.approx(125.4)
    assert fuel_terms("hard_coal", Market(coal_price=11.0)) == (11.0, 0.34)


@pytest.mark.parametrize("fuel", ["gas", "coal", "lignite", "oil", "biomass", "waste"])
def test_every_fuel_has_a_price_and_emissions(fuel: str) -> None:
    plants = _plants(CollaborationModel(_inputs(fuel=fuel, upkeep=0.0)))
    assert plants.cost[0] == pytest.approx(plants.fuel_cost[0] + 72.0 * plants.emission[0])
    assert (plants.emission[0] > 0.0) == (fuel != "biomass")


def test_blocks_run_when_the_price_pays_and_are_sold_as_expected_at_the_gate() -> None:
    model = CollaborationModel(_inputs(20, outage_rate=0.02, fuel="coal"))
    plants = _plants(model)
    bare = CollaborationModel(replace_inputs(_inputs(20), {"firms.power.generation.blocks": 0}))
    ran, errors = 0, 0.0
    for _ in range(20):
        model.step()
        bare.step()
        pays = model.power.price > plants.cost[0]
        assert np.array_equal(plants.output_mw[0], np.where(pays, plants.available_mw[0], 0.0))
        assert np.array_equal(plants.planned_mw[0], np.where(pays, plants.expected_mw[0], 0.0))
        gross = model.power.nomination + plants.planned_mw
        np.testing.assert_allclose(gross, bare.power.nomination, rtol=1e-12)
        short = model.power.imbalance + model.power.closed
        short_bare = bare.power.imbalance + bare.power.closed
        np.testing.assert_allclose(short - short_bare, plants.planned_mw - plants.output_mw, atol=1e-9)
        assert np.array_equal(model.power.miss, bare.power.miss)
        ran += pays.sum()
        errors += np.abs(plants.planned_mw - plants.output_mw).sum()
    assert 0 < ran < 20 * 24
    assert errors > 100.0


def test_selling_own_power_pays_what_the_auction_pays_for_it() -> None:
    """Wholesale payments fall by the day-ahead value of what is given, but for what is settled as imbalance."""
    quiet = {"balancing__rest_sd": 0.0, "balancing__intraday_share": 1.0, "balancing__intraday_cost": 0.0}
    model = CollaborationModel(_inputs(outage_rate=0.02, fuel="coal"), **quiet)
    bare = CollaborationModel(replace_inputs(_inputs(), {"firms.power.generation.blocks": 0}), **quiet)
    for _ in range(5):
        model.step()
        bare.step()
        value = float(_plants(model).output_mw[0] @ model.power.price)
        assert bare.power.amounts[0, 0] - model.power.amounts[0, 0] == pytest.approx(value)
    assert value > 0.0


def test_running_is_booked_as_fuel_and_carbon() -> None:
    model = CollaborationModel(_inputs(fuel="coal"))
    model.step()
    plants = _plants(model)
    energy = plants.output_mw.sum()
    paid = dict(zip(plants.book.lines, plants.book.today, strict=True))
    assert energy > 0.0
    assert paid["power", "resources", "generation"] == pytest.approx(energy * (13.0 / 0.45 + 6.0))
    assert paid["power", "resources", "carbon"] == pytest.approx(energy * 72.0 * 0.34 / 0.45)


def test_outcomes_of_a_year() -> None:
    model = CollaborationModel(_inputs(fuel="waste", outage_rate=0.01, repair=10.0))
    plants = _plants(model)
    given, up = 0.0, 0.0
    for day in range(3):
        plants.draw(day)
        plants.sell(np.full(24, 500.0))
        plants.run(np.full(24, 500.0))
        plants.count()
        given += plants.output_mw.sum()
        up += plants.available_mw.sum()
    values = plants.outcomes(365.0 / 3)
    assert values["own_generation", "power"] == pytest.approx(given * 365.0 / 3)
    assert values["generation_emissions", "power"] == pytest.approx(given * 365.0 / 3 * 0.16 / 0.45)
    assert values["generator_availability", "power"] == pytest.approx(up / (3 * 24 * 200.0))
    assert set(plants.outcomes(1.0)) == set(values)


@pytest.mark.parametrize("load", [-5.0, 20.0, 60.0, 75.0, 95.0, 200.0])
def test_a_zone_clears_as_if_the_block_stood_in_its_stack(load: float) -> None:
    capacity, cost = np.array([50.0, 30.0, 40.0]), np.array([20.0, 40.0, 90.0])
    rest, own, price, planned = np.full(24, load - 3.0), np.full(24, 3.0), np.zeros(24), np.zeros((2, 24))
    offered = np.array([[10.0] * 24, [7.0] * 24])
    clear_with_blocks(
        rest, own, capacity, cost, 0.0, 4000.0, np.array([1, 0]), np.array([60.0, 30.0]), offered, price, planned
    )
    merged = np.array([50.0, 7.0, 30.0, 10.0, 40.0]), np.array([20.0, 30.0, 40.0, 60.0, 90.0])
    expected = np.zeros(24)
    clear_day(rest, own, *merged, np.zeros(5), 0.0, 4000.0, expected)
    assert np.array_equal(price, expected)
    assert planned[1] == pytest.approx(min(7.0, max(0.0, load - 50.0)))
    assert planned[0] == pytest.approx(min(10.0, max(0.0, load - 87.0)))


def test_a_tie_goes_to_the_stack() -> None:
    price, planned = np.zeros(24), np.zeros((1, 24))
    clear_with_blocks(
        np.full(24, 5.0), np.zeros(24), np.array([5.0]), np.array([30.0]), 0.0, 4000.0, np.array([0]), np.array([30.0]),
        np.full((1, 24), 9.0), price, planned
    )  # fmt: skip
    assert not planned.any()


@pytest.mark.parametrize("indexed", [False, True])
def test_own_blocks_in_a_clearing_zone(indexed: bool) -> None:
    """Balances hold, prices never rise by more supply, and what customers draw beyond own power is what the zone gives.

    With flexible orders that move load into cheap hours as well.
    """
    change = {
        "market.closure": "endogenous",
        **({"firms.platers.retail.contract": "indexed", "firms.platers.flexibility.share": 0.3} if indexed else {}),
    }
    with_blocks = CollaborationModel(replace_inputs(_inputs(blocks=10, outage_rate=0.01), change))
    bare = CollaborationModel(replace_inputs(_inputs(blocks=0), change))
    plants = _plants(with_blocks)
    for _ in range(5):
        with_blocks.step()
        bare.step()
        if not indexed:
            assert (with_blocks.power.price <= bare.power.price).all()
        full = with_blocks.power.price > plants.cost[0]
        below = with_blocks.power.price < plants.cost[0]
        assert not plants.planned_mw[0][below].any()
        np.testing.assert_allclose(plants.planned_mw[0][full], plants.expected_mw[0][full])
        assert (plants.output_mw <= plants.available_mw).all()
    assert full.any() or below.any()
    assert with_blocks.power.orders.rows.size == (8 if indexed else 0)


def test_a_merged_stack_is_sorted_and_complete() -> None:
    plants = _plants(CollaborationModel(_inputs()))
    plants.draw(0)
    stack = read_stack(Market())
    blocks = stack.capacity, stack.marginal_cost, stack.emission, 0.0, 4000.0
    capacity, cost, emission, floor, cap = plants.beside(blocks)
    assert (np.diff(cost) >= 0.0).all()
    assert capacity.sum() == pytest.approx(stack.capacity.sum() + plants.expected_mw.mean())
    assert emission.size == cost.size == stack.capacity.size + 1
    assert (floor, cap) == (0.0, 4000.0)


def test_dual_pricing_insures_against_outages() -> None:
    """The record of errors that the quantile is taken from has own outages in it."""
    rule = {"balancing": Balancing(rule="dual", penalty_short=40.0, penalty_long=5.0)}
    model = CollaborationModel(dataclasses.replace(_inputs(40, outage_rate=0.05, fuel="waste"), **rule))
    bare = CollaborationModel(dataclasses.replace(_inputs(40, blocks=0), **rule))
    for _ in range(40):
        model.step()
        bare.step()
    assert model.power.error_variance.mean() > bare.power.error_variance.mean()


def test_without_blocks_there_is_no_submodel() -> None:
    assert CollaborationModel(_inputs(blocks=0)).power.plants is None


def test_a_zone_of_its_own_says_what_its_fuels_emit(tmp_path: Path) -> None:
    table = tmp_path / "stack.json"
    table.write_text(
        '{"blocks": [{"capacity_mw": 10, "fuel": "oil", "efficiency": 0.4, "emission_t_per_mwh_fuel": 0.3}]}'
    )
    assert fuel_terms("oil", Market(stack_table=str(table))) == (45.0, 0.3)
    assert fuel_terms("natural_gas", Market(stack_table=str(table))) == (35.0, 0.202)
