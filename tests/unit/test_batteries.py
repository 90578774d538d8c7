"""Stores that firms lend each other: what is idle and lacking, what moves, and what it saves."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from model.endowments import Site
from model.inputs import (
    ManufacturerInputs,
    Market,
    ModelInputs,
    OwnSeries,
    Period,
    Process,
    ResourceContract,
    ResourcePlatformInputs,
    Retail,
    UtilityInputs,
)
from model.model import CollaborationModel
from model.physics.storage import run_stores, size_stores, value_capacity
from model.processes import Storage
from model.validation.engine import FIRST_DAY, own_load, own_series

DEAR, CHEAP = 200.0, 50.0
EVENING = slice(18, 20)
DAYS = 40
SHARE = 28
"""Days in which firms learn when the dear hours are: from then on they foresee the day's prices."""


def _loads(*evening_mw: float) -> list[np.ndarray]:
    loads = []
    for mw in evening_mw:
        load = np.ones((7, 24))
        load[:, EVENING] = mw
        loads.append(load)
    return loads


def _inputs(
    stores: tuple[Storage, ...], loads: list[np.ndarray], *, retail: Retail | None = None, **terms: Any
) -> ModelInputs:
    prices = np.full((7, 24), CHEAP)
    prices[:, EVENING] = DEAR
    series: list[OwnSeries] = [own_load(f"load{k}", load) for k, load in enumerate(loads)]
    firms = tuple(
        ManufacturerInputs(
            name=f"firm{k}",
            utility="power",
            site=Site(x=3.0 * k),
            retail=retail or Retail(contract="indexed", peak_charge=0.0, margin=0.0),
            process=Process(
                kind="shaped", load_table=s.name, mean_load=float(s.values.mean()), production_share=0.0, unit_cost=0.0
            ),
            storage=store,
        )
        for k, (s, store) in enumerate(zip(series, stores, strict=True))
    )
    contract = ResourceContract(
        name="store",
        platform="grid",
        members=tuple(firm.name for firm in firms),
        **{"resource": "storage", "variant": "pooling", "coordination_cost": 0.0, "distance_cost": 0.0, **terms},
    )
    return ModelInputs(
        calendar=Period(start=FIRST_DAY, days=DAYS, burn_in=0),
        manufacturers=firms,
        utilities=(UtilityInputs(name="power"),),
        market=Market(price_table="levels"),
        own_series=(own_series("levels", prices), *series),
        resource_platforms=(ResourcePlatformInputs(name="grid", hub_cost=0.0, member_cost=0.0, outage_rate=0.0),),
        resource_contracts=(contract,),
    )


def _at_work(inputs: ModelInputs, days: int = SHARE + 1) -> CollaborationModel:
    model = CollaborationModel(inputs)
    model.run_for(days)
    return model


def _hours(model: CollaborationModel) -> np.ndarray:
    return np.asarray(model.live.load[:2].reshape(2, 24, 4).mean(axis=2))


def _store(capacity: float, **other: Any) -> Storage:
    return Storage(**{"capacity": capacity, "daily_cost": 0.0, "lending_cost": 10.0, **other})


@pytest.mark.parametrize("variant", ["pooling", "allocation"])
def test_idle_capacity_serves_the_partner(variant: str) -> None:
    """Firm 0 can use 2 x 3 of its 10 MWh in the evening; firm 1 would use 2 x 8: it gets the other 4."""
    inputs = _inputs((_store(10.0), _store(0.0)), _loads(3.0, 8.0), variant=variant)
    model = _at_work(inputs)
    alone = _at_work(dataclasses.replace(inputs, resource_contracts=()))
    assert model.batteries.lent.tolist() == pytest.approx([4.0, 0.0])
    assert model.batteries.borrowed.tolist() == pytest.approx([0.0, 4.0])
    assert _hours(model)[1, EVENING].sum() == pytest.approx(16.0 - 4.0)
    assert np.array_equal(_hours(model)[0], _hours(alone)[0])
    np.testing.assert_allclose(_hours(model).sum(axis=1), _hours(alone).sum(axis=1), rtol=1e-12)
    saved = _hours(alone)[1] @ alone.power.price - _hours(model)[1] @ model.power.price
    assert saved == pytest.approx(4.0 * (DEAR - CHEAP))
    session = model.resources.contracts[0].session
    assert session.surplus == pytest.approx(4.0 * (DEAR - CHEAP - 10.0), rel=0.02)
    assert session.paid[0] < 0.0 < session.paid[1]
    lines = dict(zip(model.batteries.book.lines, model.batteries.book.today, strict=True))
    assert lines["firm0", "resources", "lending"] == pytest.approx(40.0)


def test_nobody_lends_what_wear_makes_too_dear_or_what_is_not_offered() -> None:
    dear = _at_work(_inputs((_store(10.0, lending_cost=160.0), _store(0.0)), _loads(3.0, 8.0)))
    assert not dear.batteries.lent.any()
    half = _at_work(_inputs((_store(10.0), _store(0.0)), _loads(3.0, 8.0), offered=0.5))
    assert half.batteries.lent[0] == pytest.approx(2.0)


def test_on_a_fixed_tariff_a_store_is_worth_nothing() -> None:
    """Neither party sees prices by the hour, and nobody watches a peak charge of nothing."""
    tariff = Retail(contract="tariff", peak_charge=0.0)
    model = _at_work(_inputs((_store(10.0), _store(0.0)), _loads(3.0, 8.0), retail=tariff))
    assert not model.batteries.lent.any()


def test_both_together_never_charge_with_more_power_than_the_store_has() -> None:
    model = _at_work(_inputs((_store(10.0, power=0.5), _store(0.0)), _loads(3.0, 8.0)))
    assert model.batteries.lent[0] == pytest.approx(4.0)
    assert model.goods.flexible.stored.max(axis=1) == pytest.approx([0.3, 0.2])
    assert model.goods.flexible.stored.min() < -2.9


def test_a_loan_is_worth_the_energy_that_it_saves_and_not_a_months_peak() -> None:
    retail = Retail(contract="indexed", peak_charge=12.0, margin=0.0)
    model = CollaborationModel(_inputs((_store(10.0), _store(0.0)), _loads(3.0, 8.0), retail=retail))
    for day in range(SHARE + 1):
        model.step()
        session = model.resources.contracts[0].session
        if day > SHARE // 2:
            assert session.value.max() <= DEAR - CHEAP + 10.0
    assert model.batteries.lent[0] > 0.0


def test_lent_and_borrowed_capacity_goes_back_overnight() -> None:
    inputs = _inputs((_store(10.0), _store(2.0)), _loads(3.0, 8.0))
    model = _at_work(inputs)
    before = model.batteries.lent.copy()
    model.step()
    assert model.batteries.lent == pytest.approx(before)
    model.batteries.survey()
    assert model.goods.flexible.terms[:, 5].tolist() == [10.0, 2.0]


def test_a_year_of_lending_balances_and_counts() -> None:
    model = CollaborationModel(_inputs((_store(10.0), _store(0.0)), _loads(3.0, 8.0)))
    model.run_to_end()
    values = model.outcomes()
    assert values["storage_lent", "firm0"] == pytest.approx(values["storage_borrowed", "firm1"])
    assert values["storage_lent", "firm0"] > 0.0
    assert values["storage_lent", "firm1"] == 0.0
    assert model.ledger.by_kind("lending") == pytest.approx(10.0 * values["storage_lent", "firm0"] * DAYS / 365.0)


@pytest.mark.parametrize("variant", ["pooling", "allocation"])
def test_what_contracts_reckon_to_save_is_what_a_run_saves(variant: str) -> None:
    """Six firms of random loads, a slow store among theirs: surplus of the matches against the fall of real cost.

    The firms know the prices of a day only once they have seen them: what they reckon is off by that much.
    """
    draw = np.random.default_rng(0)
    loads = [draw.uniform(0.0, 5.0, (7, 24)) for _ in range(6)]
    stores = (_store(20.0, power=5.0), _store(20.0), _store(0.0), _store(3.0, power=1.0), _store(0.0), _store(0.0))
    inputs = _inputs(stores, loads, variant=variant, distance_cost=0.1)
    model, alone = (CollaborationModel(i) for i in (inputs, dataclasses.replace(inputs, resource_contracts=())))
    for one in (model, alone):
        one.run_to_end()
    values = model.outcomes()
    saved = alone.outcomes()["real_cost", ""] - values["real_cost", ""]
    assert saved > 0.0
    assert saved == pytest.approx(values["matched_surplus", "grid"], rel=1e-3)


def test_sharing_nothing_changes_nothing() -> None:
    inputs = _inputs((_store(10.0), _store(0.0)), _loads(3.0, 8.0))
    null = _inputs((_store(10.0), _store(0.0)), _loads(3.0, 8.0), offered=0.0)
    bare = dataclasses.replace(inputs, resource_contracts=(), resource_platforms=())
    runs = [_at_work(i) for i in (null, bare)]
    assert np.array_equal(runs[0].live.load[:2], runs[1].live.load[:2])
    assert np.array_equal(runs[0].live.cash[:3], runs[1].live.cash[:3])


# --- kernels -----------------------------------------------------------------------------------------


def _terms(capacity: float, power: float, peak_charge: float = 0.0) -> np.ndarray:
    return np.array([[0.0, np.inf, 0.0, peak_charge, 1000.0, capacity, power]])


@pytest.mark.parametrize("seed", range(20))
def test_what_capacity_is_worth_is_what_it_saves(seed: int) -> None:
    """The value of both halves is the fall of the bill when the store is run with that much more, for any load."""
    draw = np.random.default_rng(seed)
    load = np.repeat(draw.uniform(0.0, 10.0, 24), 4)[None]
    prices = draw.uniform(-20.0, 200.0, (1, 24))
    terms = _terms(float(draw.choice([0.0, 5.0])), np.inf)
    after, idle, loss, lacking = np.zeros((1, 96)), *np.zeros((3, 1))
    rows, peak, value = np.array([0]), np.zeros(1), np.zeros((2, 1))
    size_stores(rows, terms, prices, peak, load, after, idle, loss, lacking)
    assert np.array_equal(after, load)
    assert idle[0] == 0.0 or lacking[0] == 0.0
    value_capacity(rows, terms, prices, peak, after, lacking, np.inf, value)
    bills = []
    for extra in (0.0, 0.5, 1.0):
        more, stored, run = terms.copy(), np.zeros((1, 24)), load.copy()
        more[0, 5] += extra * lacking[0]
        run_stores(rows, more, prices, peak, run, stored)
        bills.append(float(run.reshape(24, 4).mean(axis=1) @ prices[0]))
    assert lacking[0] > 0.0
    assert value[0, 0] * lacking[0] / 2 == pytest.approx(bills[0] - bills[1])
    assert value[1, 0] * lacking[0] / 2 == pytest.approx(bills[1] - bills[2])
    assert value[0, 0] >= value[1, 0] >= 0.0


def test_more_than_is_lacking_saves_nothing_more() -> None:
    draw = np.random.default_rng(4)
    load, prices = np.repeat(draw.uniform(0.0, 10.0, 24), 4)[None], draw.uniform(0.0, 200.0, (1, 24))
    after, idle, loss, lacking = np.zeros((1, 96)), *np.zeros((3, 1))
    rows, peak = np.array([0]), np.zeros(1)
    size_stores(rows, _terms(0.0, np.inf), prices, peak, load, after, idle, loss, lacking)
    bills = []
    for capacity in (lacking[0], 2.0 * lacking[0]):
        run, stored = load.copy(), np.zeros((1, 24))
        run_stores(rows, _terms(capacity, np.inf), prices, peak, run, stored)
        bills.append(float(run.reshape(24, 4).mean(axis=1) @ prices[0]))
    assert bills[0] == pytest.approx(bills[1])


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("power", [np.inf, 3.0])
def test_lending_costs_the_owner_what_charging_more_slowly_costs(seed: int, power: float) -> None:
    draw = np.random.default_rng(seed)
    load, prices = np.repeat(draw.uniform(0.0, 2.0, 24), 4)[None], draw.uniform(0.0, 200.0, (1, 24))
    terms = _terms(30.0, power)
    after, idle, loss, lacking = np.zeros((1, 96)), *np.zeros((3, 1))
    rows, peak = np.array([0]), np.zeros(1)
    size_stores(rows, terms, prices, peak, load, after, idle, loss, lacking)
    left = terms.copy()
    left[0, 5] -= idle[0]
    left[0, 6] = power * left[0, 5] / 30.0
    bills = []
    for owned in (terms, left):
        run, stored = load.copy(), np.zeros((1, 24))
        run_stores(rows, owned, prices, peak, run, stored)
        bills.append(float(run.reshape(24, 4).mean(axis=1) @ prices[0]))
    assert idle[0] > 0.0
    assert lacking[0] == 0.0
    assert loss[0] * idle[0] == pytest.approx(bills[1] - bills[0], abs=1e-9)
    assert (loss[0] > 0.0) == np.isfinite(power)
