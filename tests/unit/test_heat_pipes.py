"""Heat of firms: own boilers, pipes between two, who is tied to whom, and what it costs."""

from dataclasses import replace

import pytest

from model.endowments import Heat
from tests.unit.town import FUEL, Town, contract, firm, forge_and_rooms, stage_of


def test_own_boiler_burns_gas_and_pays_for_carbon() -> None:
    """10 units at .9 MWh and 1 MW of rooms at .75: 9 + 24 MWh of heat, 44 MWh of gas."""
    heated = firm("dairy", heat=Heat(use=0.9, space=1.0, season=0.0, efficiency=0.75))
    paid = Town(stage_of(heated)).live(2)
    assert paid["dairy", "heat"] == pytest.approx(44.0 * 30.0)
    assert paid["dairy", "carbon"] == pytest.approx(44.0 * 0.202 * 100.0)


def test_rooms_need_most_in_winter() -> None:
    rooms = firm("office", heat=Heat(space=1.0, season=0.8))
    january, july = (Town(stage_of(rooms, start=day)) for day in ("2025-01-01", "2025-07-02"))
    january.live()
    july.live()
    assert january.flows.outcomes(1.0)["heat_demand", "office"] == pytest.approx(24.0 * 1.8, rel=1e-3)
    assert july.flows.outcomes(1.0)["heat_demand", "office"] == pytest.approx(24.0 * 0.2, rel=1e-3)


def test_a_pipe_delivers_what_losses_leave_and_pays_its_way() -> None:
    """3 MW at the rooms take 3 / .96 MW at the forge, 2 km off; the pipe's cost is borne in halves."""
    town = Town(forge_and_rooms(), contract("forge", "rooms", pipe_cost=36_500.0))
    paid = town.live()
    assert paid["rooms", "heat"] == pytest.approx(0.0, abs=1e-9)
    assert paid["rooms", "carbon"] == pytest.approx(0.0, abs=1e-9)
    assert paid["forge", "heat"] == pytest.approx(4.0 * 72.0 / 0.96)
    assert paid["forge", "pipes"] == pytest.approx(2.0 * 36_500.0 / 365.0 / 2.0)
    assert paid["rooms", "pipes"] == pytest.approx(2.0 * 36_500.0 / 365.0 / 2.0)
    told = town.flows.outcomes(1.0)
    assert told == pytest.approx(
        {
            ("heat_demand", "rooms"): 72.0,
            ("heat_from_partners", "rooms"): 72.0,
            ("boiler_emissions", "rooms"): 0.0,
            ("waste_heat", "forge"): 96.0,
            ("heat_given", "forge"): 75.0,
        },
        abs=1e-9,
    )
    assert town.shared[0][1].surplus == pytest.approx(72.0 * FUEL / 0.9 - 75.0 * 4.0)


def test_the_boiler_covers_what_partners_lack() -> None:
    """4 MW at the forge are 3.84 at the rooms, which need 5."""
    town = Town(forge_and_rooms(space=5.0), contract("forge", "rooms", pipe_cost=0.0, offered=0.5))
    paid = town.live()
    burnt = 24.0 * (5.0 - 0.5 * 3.84) / 0.9
    assert paid["rooms", "heat"] == pytest.approx(burnt * 30.0)
    assert town.flows.outcomes(2.0)["boiler_emissions", "rooms"] == pytest.approx(2.0 * burnt * 0.202)


@pytest.mark.parametrize(
    ("km", "level", "reach", "tied"),
    [(2.0, 112.0, 25.0, True), (2.0, 112.01, 25.0, False), (2.0, 90.0, 1.99, False), (2.0, 90.0, 2.0, True)],
)
def test_heat_must_arrive_hot_enough_and_within_reach(km: float, level: float, reach: float, tied: bool) -> None:
    """120 degC less 5 in the exchangers and 1.5 on each of 2 km are 112."""
    town = Town(forge_and_rooms(km, level=level), contract("forge", "rooms", reach=reach, pipe_cost=36_500.0))
    paid = town.live()
    assert (town.flows.outcomes(1.0)["heat_given", "forge"] > 0.0) is tied
    assert (paid["rooms", "pipes"] > 0.0) is tied


def test_a_pipe_that_loses_all_is_not_laid() -> None:
    town = Town(forge_and_rooms(20.0), contract("forge", "rooms", pipe_loss=0.05))
    assert town.live()["rooms", "pipes"] == 0.0


def test_each_taker_has_pipes_from_its_nearest_givers() -> None:
    """Of four forges at 1, 2, 3 and 4 km the nearest is not hot enough: pipes of 2 and 3 km."""
    forges = [
        firm(f"forge{k}", float(k), power=5.0, heat=Heat(waste_share=0.2, waste_level=80.0 if k == 1 else 120.0))
        for k in (4, 1, 3, 2)
    ]
    rooms = firm("rooms", heat=Heat(space=9.0))
    members = ("rooms", *(f.name for f in forges))
    town = Town(stage_of(*forges, rooms), contract(*members, partners=2, pipe_cost=36_500.0))
    paid = town.live()
    told = town.flows.outcomes(1.0)
    assert [told["heat_given", f"forge{k}"] > 0.0 for k in (1, 2, 3, 4)] == [False, True, True, False]
    assert sum(eur for (_, kind), eur in paid.items() if kind == "pipes") == pytest.approx(5.0 * 100.0)


def test_the_pipes_are_paid_as_agreed() -> None:
    forge = firm("forge", power=20.0, heat=Heat(waste_share=0.2))
    rooms = firm("rooms", 1.0, count=2, heat=Heat(space=1.0))
    terms = contract("forge", "rooms", pipe_cost=36_500.0)
    paid = Town(stage_of(forge, rooms), terms).live()
    assert paid["forge", "pipes"] == pytest.approx(200.0 / 3.0)  # two pipes, three members
    paid = Town(stage_of(forge, rooms), replace(terms, shares=(("forge", 0.25), ("rooms", 0.75)))).live()
    assert paid["forge", "pipes"] == pytest.approx(50.0)
    assert paid["rooms", "pipes"] == pytest.approx(150.0)
