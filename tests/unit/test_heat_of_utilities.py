"""Heat and utilities: blocks that run, a town of its own, and what partners get."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from model.endowments import Generation, Heat, Site
from model.errors import InputError
from model.inputs import (
    ResourcePlatformInputs,
)
from model.model import CollaborationModel
from tests.unit.town import FUEL, Plants, Town, contract, firm, stage_of


def test_a_utility_gives_the_heat_of_its_running_blocks() -> None:
    output = np.zeros((1, 24))
    output[0, 6:18] = 10.0
    plant = {"generation": Generation(blocks=1, heat_ratio=0.9, recovery_cost=3.0), "site": Site(x=1.0)}
    model = stage_of(firm("rooms", heat=Heat(space=4.0, season=0.0, level=80.0)), **plant)
    town = Town(model, contract("power", "rooms", pipe_cost=36_500.0), plants=Plants(output))
    paid = town.live()
    told = town.flows.outcomes(1.0)
    assert told["waste_heat", "power"] == pytest.approx(12 * 9.0)
    assert told["heat_from_partners", "rooms"] == pytest.approx(12 * 4.0)
    assert paid["power", "heat"] == pytest.approx(3.0 * 12 * 4.0 / 0.98)
    assert paid["power", "pipes"] == pytest.approx(50.0)
    assert town.flows.book.cash[1] == pytest.approx(-paid["power", "heat"] - 50.0)


@pytest.mark.parametrize(("fuel", "given"), [("gas", 0.0), ("biomass", 24 * 4.0 / 1.0)])
def test_blocks_that_the_price_does_not_pay_for_give_no_heat(fuel: str, given: float) -> None:
    """At 50 EUR/MWh: gas at 50.2 costs 77.7 to burn at .7, biomass at 25 costs 41.7."""
    plant = {"generation": Generation(blocks=1, fuel=fuel, efficiency=0.7, heat_ratio=0.5, outage_rate=0.0)}
    rooms = firm("rooms", heat=Heat(space=4.0, season=0.0, level=80.0))
    town = Town(stage_of(rooms, **plant), contract("power", "rooms"))
    town.live()
    assert town.flows.outcomes(1.0)["heat_given", "power"] == pytest.approx(given, abs=1e-9)


def _heating(level: float, ratio: float = 0.9, **more: Any) -> dict[str, Any]:
    """Return a utility 1 km off with a town of 4 MW, boilers of .8 and a block of 10 MW whose heat has 95 degC."""
    town = Heat(space=4.0, season=0.0, level=level, efficiency=0.8)
    return {
        "heat": town,
        "generation": Generation(blocks=1, heat_ratio=ratio, recovery_cost=3.0),
        "site": Site(x=1.0),
        **more,
    }


@pytest.mark.parametrize(("level", "own"), [(95.0, 48.0), (95.01, 0.0)])
def test_a_utility_heats_its_town_with_its_engines_where_they_are_hot_enough(level: float, own: float) -> None:
    """A block that runs for half a day gives 9 MW, the town needs 4 all day, 96 MWh; boilers burn the rest at .8."""
    output = np.zeros((1, 24))
    output[0, 6:18] = 10.0
    model = stage_of(firm("works", power=1.0), **_heating(level))
    town = Town(model, plants=Plants(output))
    paid = town.live()
    burnt = (96.0 - own) / 0.8
    assert paid["power", "heat"] == pytest.approx(30.0 * burnt + 3.0 * own)
    assert paid["power", "carbon"] == pytest.approx(100.0 * 0.202 * burnt)
    assert town.flows.book.cash[1] == pytest.approx(-paid["power", "heat"] - paid["power", "carbon"])
    assert town.flows.outcomes(1.0) == pytest.approx(
        {
            ("heat_demand", "power"): 96.0,
            ("heat_from_partners", "power"): 0.0,
            ("boiler_emissions", "power"): 0.202 * burnt,
            ("waste_heat", "power"): 108.0,
            ("heat_given", "power"): 0.0,
        }
    )


def test_a_works_heats_the_town_of_the_utility_that_it_buys_from() -> None:
    """20 MW leave 6 MW at 120 degC; 4 / .98 of it reach the town 1 km off, over a pipe that both pay."""
    works = firm("works", power=20.0, heat=Heat(waste_share=0.3, recovery_cost=5.0))
    terms = contract("works", "power", mode="vertical", pipe_cost=36_500.0)
    model = stage_of(works, heat=Heat(space=4.0, season=0.0, efficiency=0.8), site=Site(x=1.0))
    town = Town(model, terms)
    paid = town.live()
    assert paid["works", "heat"] == pytest.approx(5.0 * 96.0 / 0.98)
    assert paid["power", "heat"] == pytest.approx(0.0, abs=1e-9)
    assert paid["power", "pipes"] == paid["works", "pipes"] == pytest.approx(50.0)
    assert town.flows.outcomes(1.0)["heat_from_partners", "power"] == pytest.approx(96.0)
    assert town.shared[0][1].surplus == pytest.approx(96.0 * FUEL / 0.8 - 96.0 / 0.98 * 5.0)
    inputs = replace(
        model.inputs,
        resource_platforms=(ResourcePlatformInputs(name="hub", outage_rate=0.0),),
        resource_contracts=(terms,),
    )
    run = CollaborationModel(inputs)
    run.run_to_end()
    assert run.outcomes()["heat_from_partners", "power"] == pytest.approx(365.0 * 96.0)


@pytest.mark.parametrize("variant", ["allocation", "pooling"])
def test_only_what_the_own_town_leaves_reaches_partners(variant: str) -> None:
    """By day 9 MW less 4 of its own town go to rooms that need 6; by night nobody has any."""
    output = np.zeros((1, 24))
    output[0, 6:18] = 10.0
    model = stage_of(firm("rooms", 1.0, heat=Heat(space=6.0, season=0.0, level=80.0)), **_heating(90.0))
    town = Town(model, contract("rooms", "power", variant=variant), plants=Plants(output))
    paid = town.live()
    told = town.flows.outcomes(1.0)
    assert told["heat_given", "power"] == pytest.approx(12 * 5.0)
    assert told["heat_from_partners", "rooms"] == pytest.approx(12 * 5.0)
    assert told["heat_from_partners", "power"] == 0.0
    assert paid["power", "heat"] == pytest.approx(30.0 * 48.0 / 0.8 + 3.0 * 12 * 9.0)


@pytest.mark.parametrize(("key", "allowed"), [("use", "heat.space"), ("waste_share", "generation.heat_ratio")])
def test_a_utility_has_no_heat_of_production(key: str, allowed: str) -> None:
    with pytest.raises(InputError, match=rf"firms.power.heat.{key}: power is a utility and makes nothing.*{allowed}"):
        stage_of(firm("works", power=1.0), heat=Heat(**{key: 0.5}))
