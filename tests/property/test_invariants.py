"""What no change of the model may touch: null collaboration, other people's draws, order, copies, balances."""

import copy
import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from model.errors import BalanceError
from model.inputs import (
    DataContract,
    DataPlatformInputs,
    ManufacturerInputs,
    ModelInputs,
    Process,
    UtilityInputs,
    replace_inputs,
)
from model.logs import LogContract
from model.model import CollaborationModel, reference_inputs
from model.plans import PlanContract
from model.records import Pipeline, Records
from model.security import Security
from tests.property.drawn_scenarios import scenarios
from tests.property.test_every_contract import PLANS, economy, plan

SHORT = {"calendar.days": 30, "calendar.burn_in": 8}
some = settings(
    max_examples=12, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)


def columns(model: CollaborationModel) -> dict[str, Any]:
    """Return a copy of every column of the firm table, by firm and column."""
    return {
        f"{firm}.{name}": np.copy(column[row])
        for name, column in vars(model.live).items()
        if name not in {"unique_id", "kind", "alive"}
        for row, firm in enumerate(model.population.names)
    }


def live_days(model: CollaborationModel) -> list[dict[str, Any]]:
    """Run to the end and return the columns of every day."""
    days = []
    while round(model.time) < model.futures.calendar.days:
        model.step()
        days.append(columns(model))
    return days


def assert_bitwise(left: list[dict[str, Any]], right: list[dict[str, Any]]) -> None:
    """Require that what `left` has, `right` has bit for bit, on every day."""
    assert len(left) == len(right)
    for day, (a, b) in enumerate(zip(left, right, strict=True)):
        for name, value in a.items():
            assert np.asarray(value).tobytes() == np.asarray(b[name]).tobytes(), f"{name} on day {day}"


def short_reference() -> ModelInputs:
    """Return the reference case with sharing, 38 days long."""
    return replace_inputs(reference_inputs(shared=True), SHORT)


@some
@given(inputs=scenarios(), seed=st.integers(0, 2**31))
def test_infinite_noise_is_no_contract(inputs: ModelInputs, seed: int) -> None:
    assume(inputs.contracts)
    silent = tuple(dataclasses.replace(contract, noise_sd=math.inf, fee=9e5) for contract in inputs.contracts)
    without = CollaborationModel(dataclasses.replace(inputs, contracts=()), rng=seed)
    null = CollaborationModel(dataclasses.replace(inputs, contracts=silent), rng=seed)
    assert_bitwise(live_days(without), live_days(null))
    assert without.outcomes() == null.outcomes()
    assert without.transfers() == null.transfers()


@some
@given(inputs=scenarios(), seed=st.integers(0, 2**31), count=st.integers(1, 40))
def test_a_newcomer_shifts_nobody_else(inputs: ModelInputs, seed: int, count: int) -> None:
    newcomer = ManufacturerInputs(name="newcomer", count=count, process=Process(kind="none"))
    before = live_days(CollaborationModel(inputs, rng=seed))
    for firms in ((*inputs.manufacturers, newcomer), (newcomer, *inputs.manufacturers)):
        grown = dataclasses.replace(inputs, manufacturers=firms)
        assert_bitwise(before, live_days(CollaborationModel(grown, rng=seed)))


def test_an_idle_utility_shifts_nobody_else() -> None:
    inputs = short_reference()
    grown = dataclasses.replace(inputs, utilities=(UtilityInputs(name="idle"), *inputs.utilities))
    assert_bitwise(live_days(CollaborationModel(inputs, rng=5)), live_days(CollaborationModel(grown, rng=5)))


@some
@given(inputs=scenarios(), seed=st.integers(0, 2**31), data=st.data())
def test_the_order_of_declaration_changes_nothing(inputs: ModelInputs, seed: int, data: st.DataObject) -> None:
    shuffled = dataclasses.replace(
        inputs,
        manufacturers=tuple(data.draw(st.permutations(inputs.manufacturers))),
        utilities=tuple(data.draw(st.permutations(inputs.utilities))),
        contracts=tuple(data.draw(st.permutations(inputs.contracts))),
        data_platforms=tuple(data.draw(st.permutations(inputs.data_platforms))),
        resource_contracts=tuple(data.draw(st.permutations(inputs.resource_contracts))),
        resource_platforms=tuple(data.draw(st.permutations(inputs.resource_platforms))),
    )
    one, two = CollaborationModel(inputs, rng=seed), CollaborationModel(shuffled, rng=seed)
    scale = {}
    for day, (a, b) in enumerate(zip(live_days(one), live_days(two), strict=True)):
        for name, value in a.items():
            scale[name] = max(scale.get(name, 1.0), float(np.abs(value).max()), _size_of(name, a))
            assert np.abs(value - b[name]).max() <= 1e-9 * scale[name], f"{name} on day {day}"


def _size_of(name: str, values: dict[str, Any]) -> float:
    """Return the size of the terms that a column's value is the difference of."""
    firm, _, column = name.rpartition(".")
    if column == "cash":
        return float(max(abs(v) for k, v in values.items() if k.endswith(".cash")))
    if column == "imbalance":
        return float(np.abs(values[f"{firm}.drawn"]).max())
    if column in {"lead_error", "error_variance", "shock", "net_stock"}:
        return float(values[f"{firm}.demand_mean"]) ** (2 if column == "error_variance" else 1) * 10.0
    return 1.0


def test_a_copy_lives_on_alike_and_apart() -> None:
    whole = CollaborationModel(short_reference(), rng=2)
    wanted = live_days(whole)
    model = CollaborationModel(short_reference(), rng=2)
    model.run_for(17)
    twin = copy.deepcopy(model)
    first = live_days(model)
    assert_bitwise(first, wanted[17:])
    assert_bitwise(live_days(twin), wanted[17:])
    assert twin.outcomes() == whole.outcomes() == model.outcomes()


def test_two_models_side_by_side_do_not_meet() -> None:
    cases = [(short_reference(), 2), (replace_inputs(short_reference(), {"balancing.rule": "dual"}), 3)]
    alone = [live_days(CollaborationModel(inputs, rng=seed)) for inputs, seed in cases]
    models = [CollaborationModel(inputs, rng=seed) for inputs, seed in cases]
    together: list[list[dict[str, Any]]] = [[], []]
    for _ in range(38):
        for model, days in zip(models, together, strict=True):
            model.step()
            days.append(columns(model))
    for wanted, got in zip(alone, together, strict=True):
        assert_bitwise(wanted, got)


@some
@given(inputs=scenarios(), seed=st.integers(0, 2**31))
def test_money_energy_materials_and_hours_balance(inputs: ModelInputs, seed: int) -> None:
    model = CollaborationModel(inputs, rng=seed)
    model.run_to_end()
    assert model.ledger.worst.keys() >= {"money", "energy", "materials", "hours"}
    assert max(model.ledger.worst.values()) <= 1e-9
    assert sum(model.ledger.net_cost(party) for party in model.ledger.parties) == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("terms", PLANS.values(), ids=PLANS.keys())
def test_no_variant_shares_anything_through_infinite_noise(terms: dict[str, Any]) -> None:
    # Not even where the privacy rule would tighten the contract, the platform goes down or records are dirty.
    alone, null = CollaborationModel(economy()), CollaborationModel(economy(plan(**{**terms, "noise_sd": math.inf})))
    assert_bitwise(live_days(alone), live_days(null))
    assert alone.outcomes() == null.outcomes()
    assert alone.transfers() == null.transfers()


CLEAN = {f"firms.{name}.records.{rate}": 0.0 for name in ("ore", "forge", "mill") for rate in vars(Records())}
NO_PROTECTION: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "no groups and no epsilon": ({"variant": "anonymised", "k": 1, "protected": "heat", "epsilon": math.inf}, {}, {}),
    "no errors that a standard could mend": ({"variant": "standardised", "standard": "edifact"}, {}, CLEAN),
    "no stage that clean records need": (
        {"pipeline": Pipeline(cleaning=False, integration=False, transformation=False, mining=False)}, {}, CLEAN,
    ),
    "no translation error": ({"standard": "edifact", "mapping_sd": 9.0}, {"standard": "edifact"}, {}),
    "no outage": ({"platform": "hub"}, {"standard": "opc-ua"}, {"data_platforms.hub.outage_rate": 0.0}),
}  # fmt: skip
"""Contracts that must work as another one does, though they take another way: terms of both, and changes of inputs."""


@pytest.mark.parametrize(("terms", "others", "changes"), NO_PROTECTION.values(), ids=NO_PROTECTION.keys())
def test_what_protects_nothing_changes_nothing(
    terms: dict[str, Any], others: dict[str, Any], changes: dict[str, Any]
) -> None:
    free = {"data_platforms.hub.hub_cost": 0.0, "data_platforms.hub.fee": 0.0, "data_platforms.hub.member_cost": 0.0}
    pair = []
    for shared in (plan(**others, interface_cost=0.0), plan(**terms, interface_cost=0.0)):
        inputs = replace_inputs(economy(shared), free | changes)
        days = live_days(CollaborationModel(inputs, rng=4))
        pair.append([{n: v for n, v in day.items() if not n.endswith((".cash", ".members"))} for day in days])
    assert_bitwise(*pair)


def test_a_platform_that_nobody_uses_is_nothing() -> None:
    inputs = dataclasses.replace(economy(plan()), data_platforms=())
    idle = DataPlatformInputs(name="idle", hub_cost=9e5, fee=9e5, security=Security(rule="fixed", spending=9e5))
    without = CollaborationModel(inputs)
    beside = CollaborationModel(dataclasses.replace(inputs, data_platforms=(idle,)))
    assert_bitwise(live_days(without), live_days(beside))
    assert beside.outcomes() == without.outcomes() | {("party_cost", "idle"): 0.0}
    assert beside.transfers() == without.transfers()


@some
@given(inputs=scenarios(), seed=st.integers(0, 2**31), data=st.data())
def test_a_contract_shifts_no_draws(inputs: ModelInputs, seed: int, data: st.DataObject) -> None:
    # With one contract dropped, outages, late days, dirt, demand and wear come out as before for all others.
    assume(len(inputs.contracts) > 1)
    dropped = data.draw(st.sampled_from(inputs.contracts))
    fewer = dataclasses.replace(inputs, contracts=tuple(c for c in inputs.contracts if c is not dropped))
    whole, less = CollaborationModel(inputs, rng=seed), CollaborationModel(fewer, rng=seed)
    assert [fate(whole, c.name) for c in fewer.contracts] == [fate(less, c.name) for c in fewer.contracts]
    for model in (whole, less):
        model.run_to_end()
    assert np.array_equal(whole.live.demand, less.live.demand)


def fate(model: CollaborationModel, name: str) -> list[bool]:
    """Return on which days a contract's record arrives; all of them where nothing could keep it."""
    contract = next((c for c in model.sharing.contracts if c.terms.name == name), None)
    days = range(model.futures.calendar.days)
    if isinstance(contract, PlanContract):
        return [contract.arrives(day) for day in days]
    if isinstance(contract, LogContract):
        return [bool(contract.online[day]) for day in days]
    return [True for _ in days]


def test_strategies_live_through_the_same_outages_late_days_and_dirt() -> None:
    models = []
    for terms in ({}, {"resolution": 24, "noise_sd": 5.0}, PLANS["encrypted"], PLANS["heat"]):
        shared = plan(**{**terms, "platform": "hub", "late_rate": 0.3, "mapping_sd": 0.0})
        model = CollaborationModel(replace_inputs(economy(shared), {"data_platforms.hub.standard": "none"}), rng=6)
        model.run_to_end()
        models.append(model)
    contracts = [model.sharing.contracts[0] for model in models]
    assert all(isinstance(contract, PlanContract) for contract in contracts)
    arrived = [fate(model, "plans") for model in models]
    assert arrived[1:] == arrived[:-1]
    assert 0 < sum(arrived[0]) < len(arrived[0]), "some days are late or down, and not all"
    platform = models[0].sharing.platform_rows[0]
    assert len({bool(model.live.online[platform]) for model in models}) == 1
    # The same hours are missing and the same days stamped wrongly, whatever is made of the records afterwards.
    gaps = [contract.stages[:, 0, 2] for contract in contracts if isinstance(contract, PlanContract)]
    assert gaps[0].min() > 0.0
    assert all(np.array_equal(gaps[0], other) for other in gaps[1:])
    headers = [contract.previous_header for contract in contracts if isinstance(contract, PlanContract)]
    assert all(np.array_equal(headers[0], other) for other in headers[1:])


def test_breakdowns_come_to_sharers_and_others_alike_until_one_is_forestalled() -> None:
    shared = DataContract(name="logs", asset="log", provider="ore", members=("forge", "mill"), partner="power")
    never = {f"firms.{name}.process.maintenance_cost": 1e8 for name in ("ore", "forge", "mill")}
    worn = []
    for inputs in (economy(), economy(shared)):
        model = CollaborationModel(replace_inputs(inputs, never), rng=8)
        worn.append([])
        for _ in range(model.futures.calendar.days):
            model.step()
            worn[-1].append((model.goods.worn.tolist(), model.goods.broke.tolist()))
    assert worn[0] == worn[1]
    assert any(any(sick) for sick, _ in worn[0])


def test_fines_fees_security_restarts_and_upkeep_balance() -> None:
    # Drawn scenarios balance as well; here every kind of payment of the data family is known to have been made.
    contracts = (
        plan(platform="hub", exchange="mutual", security=Security(rule="fixed", spending=1e4)),
        DataContract(name="logs", asset="log", provider="forge", partner="power"),
    )
    model = CollaborationModel(economy(*contracts))
    model.run_to_end()
    paid = {kind for _, _, kind, eur in model.transfers() if eur != 0.0}
    assert {"fee", "platform_fee", "platform_result", "platform", "interface", "fine", "security", "breach"} <= paid
    assert {"restart", "maintenance"} <= paid
    assert max(model.ledger.worst.values()) <= 1e-9
    assert sum(model.ledger.net_cost(party) for party in model.ledger.parties) == pytest.approx(0.0, abs=1e-3)


def spoil_line(arguments: tuple[Any, ...]) -> None:
    """A group's production cost is posted too high by a millionth, but paid as it is."""
    arguments[-2][0, 2] *= 1.0 + 1e-6


def spoil_imbalance(arguments: tuple[Any, ...]) -> None:
    """A utility's imbalance loses a watt-hour in a thousand."""
    arguments[11][:] *= 0.999


def spoil_stock(arguments: tuple[Any, ...]) -> None:
    """A unit in a million leaks out of the first firm's stock."""
    arguments[15][0] -= 1e-3


def spoil_hours(arguments: tuple[Any, ...]) -> None:
    """A minute of melting is not counted."""
    arguments[-1][0, 0] -= 1.0 / 60.0


@pytest.mark.parametrize(
    ("kernel", "spoil", "balance"),
    [
        ("model.goods.book_firms", spoil_line, "money"),
        ("model.power.settle", spoil_imbalance, "energy"),
        ("model.goods.replenish", spoil_stock, "materials"),
        ("model.goods.run_batches", spoil_hours, "hours"),
    ],
)
def test_a_broken_posting_stops_the_run(
    monkeypatch: pytest.MonkeyPatch, kernel: str, spoil: Callable[[tuple[Any, ...]], None], balance: str
) -> None:
    module, _, name = kernel.rpartition(".")
    real = getattr(__import__(module, fromlist=[name]), name)

    def broken(*arguments: Any) -> Any:
        result = real(*arguments)
        spoil(arguments)
        return result

    model = CollaborationModel(short_reference())
    model.run_for(5)
    monkeypatch.setattr(kernel, broken)
    with pytest.raises(BalanceError, match=rf"{balance} does not balance on day 5"):
        model.run_for(3)
