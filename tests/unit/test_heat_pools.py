"""Common networks of heat: the middle of the members, the temperature, who is left out."""

from dataclasses import replace
from typing import Any

import pytest

from model.endowments import Heat
from model.errors import InputError
from model.inputs import (
    ManufacturerInputs,
    ModelInputs,
    ResourcePlatformInputs,
)
from model.model import CollaborationModel
from tests.unit.town import Town, contract, firm, stage_of


def test_a_pool_is_tied_to_the_middle_of_its_members() -> None:
    """Members at 0, 2 and 4 km: pipes of 2, 0 and 2; the way in loses 4 %, the way out to 4 km 4 % more."""
    forge = firm("forge", power=20.0, heat=Heat(waste_share=0.2))
    near, far = (firm(n, x, heat=Heat(space=1.0, season=0.0)) for n, x in (("near", 2.0), ("far", 4.0)))
    town = Town(stage_of(forge, near, far), contract("forge", "near", "far", variant="pooling", pipe_cost=36_500.0))
    paid = town.live()
    assert [paid[n, "pipes"] for n in ("forge", "near", "far")] == pytest.approx([400.0 / 3.0] * 3)
    told = town.flows.outcomes(1.0)
    assert told["heat_from_partners", "near"] == pytest.approx(24.0)
    assert told["heat_given", "forge"] == pytest.approx(24.0 / 0.96 + 24.0 / 0.96**2)


def test_a_pool_leaves_out_who_needs_hotter_water_than_most() -> None:
    forge = firm("forge", power=20.0, heat=Heat(waste_share=0.2, waste_level=200.0))
    pump = firm("cooler", power=40.0, heat=Heat(waste_share=0.2, waste_level=100.0))
    rooms = firm("rooms", heat=Heat(space=6.0, season=0.0, level=90.0))
    dryer = firm("dryer", heat=Heat(space=2.0, season=0.0, level=150.0))
    members = ("forge", "cooler", "rooms", "dryer")
    town = Town(stage_of(forge, pump, rooms, dryer), contract(*members, variant="pooling"))
    town.live()
    told = town.flows.outcomes(1.0)
    assert told["heat_from_partners", "rooms"] == pytest.approx(6.0 * 24.0)
    assert told["heat_from_partners", "dryer"] == 0.0
    assert told["heat_given", "cooler"] > 0.0


def test_in_a_pool_nobody_is_sent_its_own_heat() -> None:
    """The works that has more than it needs feeds the pool alone, and keeps its boiler."""
    works = firm("works", power=20.0, heat=Heat(waste_share=0.2, space=1.0, season=0.0))
    rooms = firm("rooms", heat=Heat(space=2.0, season=0.0))
    town = Town(stage_of(works, rooms), contract("works", "rooms", variant="pooling"))
    town.live()
    told = town.flows.outcomes(1.0)
    assert told["heat_given", "works"] == pytest.approx(48.0)
    assert told["heat_from_partners", "works"] == 0.0


def test_a_pool_that_cannot_serve_anybody_has_no_pipes() -> None:
    cold = firm("cooler", 4.0, power=40.0, heat=Heat(waste_share=0.2, waste_level=60.0))
    town = Town(stage_of(cold, firm("rooms", heat=Heat(space=6.0))), contract("cooler", "rooms", variant="pooling"))
    paid = town.live()
    assert paid["cooler", "pipes"] == paid["rooms", "pipes"] == 0.0


def _pooling(*firms: ManufacturerInputs, **terms: Any) -> ModelInputs:
    shared = contract(*(f.name for f in firms), variant="pooling", mode="cross_sector", **terms)
    return replace(
        stage_of(*(replace(f, sector=f.name) for f in firms)).inputs,
        resource_platforms=(ResourcePlatformInputs(name="hub"),),
        resource_contracts=(shared,),
    )


FORGE, ROOMS = Heat(waste_share=0.2, waste_level=120.0), Heat(space=3.0)


@pytest.mark.parametrize(
    ("far", "level", "terms", "words"),
    [
        (10.0, 90.0, {"reach": 4.9}, "forge 5 km, rooms 5 km, and the pool's reach is 4.9 km"),
        (10.0, 101.0, {}, "or hot enough there: forge 5 km"),
        (10.0, 90.0, {"pipe_loss": 0.2}, "no two members are near enough to the middle of all"),
    ],
)
def test_a_pool_that_would_connect_nobody_is_refused(
    far: float, level: float, terms: dict[str, Any], words: str
) -> None:
    """120 degC less 5 in the exchangers and 1.5 on each of twice 5 km are 100."""
    rooms = firm("rooms", far, heat=replace(ROOMS, level=level))
    with pytest.raises(InputError, match=words):
        _pooling(firm("forge", power=20.0, heat=FORGE), rooms, **terms)


@pytest.mark.parametrize("level", [90.0, 100.0])
def test_what_counts_in_a_pool_is_the_way_to_the_middle(level: float) -> None:
    """Ten km from each other are beyond a reach of five, five from the middle are not."""
    forge, rooms = firm("forge", power=20.0, heat=FORGE), firm("rooms", 10.0, heat=replace(ROOMS, level=level))
    inputs = _pooling(forge, rooms, reach=5.0)
    town = Town(CollaborationModel(inputs), *inputs.resource_contracts)
    town.live()
    assert town.flows.outcomes(1.0)["heat_given", "forge"] > 0.0


def test_the_middle_is_that_of_all_firms() -> None:
    """Three forges and one town at 8 km: the middle is 2 km from the forges and 6 from the town."""
    forges, rooms = firm("forges", power=20.0, count=3, heat=FORGE), firm("rooms", 8.0, heat=ROOMS)
    _pooling(forges, rooms, reach=6.0)
    with pytest.raises(InputError, match="forges 2 km, rooms 6 km"):
        _pooling(forges, rooms, reach=5.9)


def test_who_needs_what_no_network_brings_feeds_it_all_the_same() -> None:
    """A plant leaves 2 MW of water at 90 degC and needs 9 MW at 500 degC, which no network has; 1 MW warms rooms."""
    plant = firm("plant", power=20.0, heat=Heat(waste_share=0.1, waste_level=90.0, space=9.0, season=0.0, level=500.0))
    rooms = firm("rooms", heat=Heat(space=1.0, season=0.0, level=60.0))
    town = Town(stage_of(plant, rooms), contract("plant", "rooms", variant="pooling"))
    town.live()
    told = town.flows.outcomes(1.0)
    assert told["heat_from_partners", "rooms"] == pytest.approx(24.0)
    assert told["heat_from_partners", "plant"] == 0.0
