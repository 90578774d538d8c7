"""Heat and by-products in the engine: nothing from nothing, balances, accounts and copies."""

import copy
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from model.endowments import Heat
from model.errors import BalanceError
from model.inputs import (
    Demand,
    ManufacturerInputs,
    ResourceContract,
    ResourcePlatformInputs,
)
from model.model import CollaborationModel
from model.stage import Stage
from model.ways import usual_loads
from tests.unit.town import (
    BY_PRODUCT,
    Town,
    contract,
    firm,
    forge_and_rooms,
    road,
    stage_of,
    steel,
)


def test_nothing_declared_costs_nothing() -> None:
    flows = Town(stage_of(firm("works", power=5.0))).flows
    flows.survey(0)
    flows.use(0)
    flows.count()
    assert flows.book.lines == []
    assert flows.outcomes(1.0) == {}


@pytest.mark.parametrize("nothing", [{"partners": 0}, {"reach": 0.0}, {"pipe_loss": 1.0}])
def test_sharing_nothing_changes_no_bit(nothing: dict[str, Any]) -> None:
    alone, shared = Town(forge_and_rooms()), Town(forge_and_rooms(), contract("forge", "rooms", **nothing))
    for _ in range(2):
        assert alone.live() == shared.live()
    assert alone.flows.outcomes(1.7) == shared.flows.outcomes(1.7)
    assert np.array_equal(alone.flows.book.cash, shared.flows.book.cash)


@pytest.mark.parametrize("nothing", [{"partners": 0}, {"offered": 0.0}])
def test_a_contract_on_nothing_leaves_every_bit_of_a_run(nothing: dict[str, Any]) -> None:
    def year(*contracts: ResourceContract) -> CollaborationModel:
        inputs = replace(
            forge_and_rooms().inputs,
            resource_platforms=(ResourcePlatformInputs(name="hub"),),
            resource_contracts=contracts,
        )
        model = CollaborationModel(inputs)
        model.run_to_end()
        return model

    alone, shared = year(), year(contract("forge", "rooms", **nothing))
    assert alone.outcomes() == shared.outcomes()
    assert np.array_equal(alone.live.cash, shared.live.cash)


def test_usual_loads_are_those_that_are_drawn() -> None:
    melting = ManufacturerInputs(name="steel", utility="power", metered_alone=True, demand=Demand(mean=900.0))
    model = stage_of(melting, firm("forge", power=20.0), firm("rooms"))
    assert usual_loads(model.population) == pytest.approx([12.0 + 10.0 * 38.0 / 24.0, 20.0, 0.0])


def test_cash_and_book_agree() -> None:
    town = Town(stage_of(steel(), road(), firm("rooms", heat=Heat(space=1.0))), BY_PRODUCT)
    paid = town.live(2)
    for row, name in enumerate(("steel", "road", "rooms")):
        mine = sum(eur for (payer, _), eur in paid.items() if payer == name)
        assert town.flows.book.cash[row] == pytest.approx(-mine)


@pytest.mark.parametrize(("flow", "name"), [("delivered", "heat"), ("given", "waste heat")])
def test_heat_from_nowhere_is_noticed(flow: str, name: str) -> None:
    town = Town(forge_and_rooms(), contract("forge", "rooms"))
    town.live()
    getattr(town.flows.heat, flow)[:] += 2.0
    town.flows.use(0)
    with pytest.raises(BalanceError, match=f"{name} does not balance"):
        town.flows.check(town.model.ledger, 0)


@pytest.mark.parametrize(("flow", "name"), [("used", "material"), ("given", "by-products")])
def test_material_from_nowhere_is_noticed(flow: str, name: str) -> None:
    town = Town(stage_of(steel(), road()), BY_PRODUCT)
    town.live()
    getattr(town.flows.materials, flow)[:] += 9.0
    town.flows.use(0)
    with pytest.raises(BalanceError, match=f"{name} does not balance"):
        town.flows.check(town.model.ledger, 0)


@pytest.mark.parametrize("double", [copy.deepcopy, lambda town: pickle.loads(pickle.dumps(town))])
def test_a_copy_lives_on_alike_and_apart(double: Any) -> None:
    town = Town(forge_and_rooms(), contract("forge", "rooms"))
    town.live()
    other = double(town)
    assert isinstance(other.flows.heat.stage, Stage)
    assert other.live() == town.live()
    before = town.flows.outcomes(1.0)
    other.live()
    assert town.flows.outcomes(1.0) == before
