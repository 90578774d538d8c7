"""Heat and by-products: who is tied to whom, what is shared, and what it costs."""

import copy
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from model.endowments import ByProduct, Generation, Heat, Site
from model.errors import BalanceError, InputError
from model.flows import Flows
from model.inputs import (
    Demand,
    ManufacturerInputs,
    Market,
    ModelInputs,
    Period,
    Process,
    ResourceContract,
    ResourcePlatformInputs,
    UtilityInputs,
)
from model.mechanisms.resource import mechanism_named
from model.model import CollaborationModel
from model.session import Draws
from model.stage import Stage
from model.validation.engine import flat_price, own_load
from model.ways import usual_loads

MARKET = Market(price_table="flat", gas_price=30.0, carbon_price=100.0)
FUEL = 30.0 + 100.0 * 0.202
"""EUR per MWh of gas, its carbon included."""


def firm(name: str, x: float = 0.0, *, power: float = 0.0, count: int = 1, **parts: Any) -> ManufacturerInputs:
    """Return a firm at `x` km that sells 10 units a day, steadily, and draws `power` MW all the time."""
    process = Process(kind="none")
    if power:
        process = Process(kind="shaped", load_table="even", mean_load=power, production_share=0.0)
    return ManufacturerInputs(
        name=name, count=count, utility="power" if power else "", process=process, site=Site(x=x),
        demand=Demand(mean=10.0, variation=0.0, season=0.0, common_share=0.0), **parts,
    )  # fmt: skip


def stage_of(*firms: ManufacturerInputs, start: str = "2025-01-01", **utility: Any) -> CollaborationModel:
    """Return a model of the firms and one utility, for three days."""
    return CollaborationModel(
        ModelInputs(
            calendar=Period(start=start, days=3, burn_in=0),
            market=MARKET,
            manufacturers=firms,
            utilities=(UtilityInputs(name="power", **utility),),
            own_series=(flat_price(), own_load("even", np.ones((7, 24)))),
        )
    )


class Town:
    """Flows of a model under contracts, moved day by day beside it."""

    def __init__(self, model: CollaborationModel, *contracts: ResourceContract, plants: Any = None) -> None:
        self.model, stage = model, model.stage
        self.flows = Flows(stage, model.goods, plants or model.flows.heat.plants)
        self.shared = []
        for terms in contracts:
            people = stage.population
            rows = np.concatenate([np.flatnonzero(people.party == people.parties.index(m)) for m in terms.members])
            session = self.flows.session(terms, rows)
            draws = Draws(stage.key, np.arange(rows.size))
            self.shared.append((terms, session, mechanism_named(terms.variant)(terms, session, draws)))

    def live(self, days: int = 1) -> dict[tuple[str, str], float]:
        """Live through some days; return EUR paid on the last one by (payer, kind)."""
        flows = self.flows
        for _ in range(days):
            self.model.step()
            day = self.model.day
            flows.survey(day)
            for terms, session, mechanism in self.shared:
                flows.fill(terms, session, day)
                mechanism.clear(day, session)
                assert not session.faults()
                flows.take(terms, session, day)
            flows.use(day)
            flows.check(self.model.ledger, day)
            flows.count()
        lines = zip(flows.book.lines, flows.book.today.tolist(), strict=True)
        return {(payer, kind): eur for (payer, _, kind), eur in lines}


def contract(*members: str, resource: str = "heat", **terms: Any) -> ResourceContract:
    return ResourceContract(
        name="sharing", platform="hub", members=members, resource=resource,
        **{"variant": "allocation", "distance_cost": 0.0, **terms},
    )  # fmt: skip


# --- heat --------------------------------------------------------------------------------------------


def test_nothing_declared_costs_nothing() -> None:
    flows = Town(stage_of(firm("works", power=5.0))).flows
    flows.survey(0)
    flows.use(0)
    flows.count()
    assert flows.book.lines == []
    assert flows.outcomes(1.0) == {}


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


def _pair(km: float = 2.0, **heat: Any) -> CollaborationModel:
    """A forge that draws 20 MW and could give 4 MW of heat at 120 degC, and rooms `km` away that need 3 MW at 90."""
    forge = firm("forge", power=20.0, heat=Heat(waste_share=0.2, waste_level=120.0, recovery_cost=4.0))
    return stage_of(forge, firm("rooms", km, heat=Heat(**{"space": 3.0, "season": 0.0, "level": 90.0, **heat})))


def test_a_pipe_delivers_what_losses_leave_and_pays_its_way() -> None:
    """3 MW at the rooms take 3 / .96 MW at the forge, 2 km off; the pipe's cost is borne in halves."""
    town = Town(_pair(), contract("forge", "rooms", pipe_cost=36_500.0))
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
    town = Town(_pair(space=5.0), contract("forge", "rooms", pipe_cost=0.0, offered=0.5))
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
    town = Town(_pair(km, level=level), contract("forge", "rooms", reach=reach, pipe_cost=36_500.0))
    paid = town.live()
    assert (town.flows.outcomes(1.0)["heat_given", "forge"] > 0.0) is tied
    assert (paid["rooms", "pipes"] > 0.0) is tied


def test_a_pipe_that_loses_all_is_not_laid() -> None:
    town = Town(_pair(20.0), contract("forge", "rooms", pipe_loss=0.05))
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


class Plants:
    """Blocks that run as told."""

    def __init__(self, output_mw: np.ndarray) -> None:
        self.output_mw = output_mw


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


@pytest.mark.parametrize("nothing", [{"partners": 0}, {"reach": 0.0}, {"pipe_loss": 1.0}])
def test_sharing_nothing_changes_no_bit(nothing: dict[str, Any]) -> None:
    alone, shared = Town(_pair()), Town(_pair(), contract("forge", "rooms", **nothing))
    for _ in range(2):
        assert alone.live() == shared.live()
    assert alone.flows.outcomes(1.7) == shared.flows.outcomes(1.7)
    assert np.array_equal(alone.flows.book.cash, shared.flows.book.cash)


@pytest.mark.parametrize("nothing", [{"partners": 0}, {"offered": 0.0}])
def test_a_contract_on_nothing_leaves_every_bit_of_a_run(nothing: dict[str, Any]) -> None:
    def year(*contracts: ResourceContract) -> CollaborationModel:
        inputs = replace(
            _pair().inputs,
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


# --- by-products -------------------------------------------------------------------------------------


def _slag(x: float = 0.0, **terms: Any) -> ManufacturerInputs:
    return firm("steel", x, by_product=ByProduct(**{"makes": "slag", "rate": 0.3, "disposal_cost": 20.0, **terms}))


def _road(x: float = 0.0, **terms: Any) -> ManufacturerInputs:
    values = {"takes": "slag", "need": 0.2, "price": 40.0, "preparation": 5.0, **terms}
    return firm("road", x, by_product=ByProduct(**values))


BY_PRODUCT = contract("steel", "road", resource="by_product")


def test_without_partners_all_is_bought_and_disposed_of() -> None:
    """10 units a day leave 3 t and take 2 t."""
    paid = Town(stage_of(_slag(), _road())).live(2)
    assert paid["steel", "disposal"] == pytest.approx(3.0 * 20.0)
    assert paid["road", "material"] == pytest.approx(2.0 * 40.0)


@pytest.mark.parametrize("variant", ["allocation", "pooling"])
def test_a_partner_saves_disposal_and_purchase_less_preparation(variant: str) -> None:
    town = Town(stage_of(_slag(), _road()), replace(BY_PRODUCT, variant=variant))
    paid = town.live(2)
    assert paid["steel", "disposal"] == pytest.approx(1.0 * 20.0)
    assert paid["road", "material"] == pytest.approx(2.0 * 5.0)
    assert town.shared[0][1].surplus == pytest.approx(2.0 * (40.0 - 5.0 + 20.0))
    told = town.flows.outcomes(10.0)
    assert told["by_product_used", "road"] == pytest.approx(10.0 * 2 * 2.0)
    assert told["by_product_disposed", "steel"] == pytest.approx(10.0 * 2 * 1.0)


def test_what_a_dealer_pays_is_lost_to_a_partner() -> None:
    """A dealer pays 36 EUR/t: more than the 35 that the partner saves; at 30 the partner gains 5 a tonne."""
    paid = Town(stage_of(_slag(disposal_cost=-36.0), _road()), BY_PRODUCT).live(2)
    assert paid["steel", "disposal"] == pytest.approx(-36.0 * 3.0)
    assert paid["road", "material"] == pytest.approx(40.0 * 2.0)
    town = Town(stage_of(_slag(disposal_cost=-30.0), _road()), BY_PRODUCT)
    paid = town.live(2)
    assert paid["steel", "disposal"] + paid["road", "material"] == pytest.approx(-30.0 * 3.0 + 80.0 - 5.0 * 2.0)


def test_what_costs_more_to_prepare_than_to_buy_is_not_asked_for() -> None:
    town = Town(stage_of(_slag(), _road(preparation=41.0)), BY_PRODUCT)
    town.live(2)
    assert town.flows.outcomes(1.0)["by_product_used", "road"] == 0.0
    assert not town.shared[0][1].need.any()


def test_other_materials_and_far_partners_do_not_fit() -> None:
    for partner in (_road(takes="gypsum"), _road(26.0)):
        town = Town(stage_of(_slag(), partner), BY_PRODUCT)
        town.live(2)
        assert town.flows.outcomes(1.0)["by_product_used", "road"] == 0.0


def test_a_pool_is_of_one_material() -> None:
    sugar = firm("sugar", by_product=ByProduct(makes="pulp", rate=1.0))
    farm = firm("farm", by_product=ByProduct(takes="pulp", need=1.0))
    model = stage_of(_slag(), _road(), sugar, farm)
    terms = contract("steel", "road", "sugar", "farm", resource="by_product", variant="pooling")
    with pytest.raises(InputError, match="a pool is of one material, and its members share pulp, slag"):
        Town(model, terms)
    Town(model, replace(terms, variant="allocation")).live()


def test_offering_less_shares_less() -> None:
    town = Town(stage_of(_slag(), _road()), replace(BY_PRODUCT, offered=0.5))
    town.live(2)
    assert town.flows.outcomes(0.5)["by_product_used", "road"] == pytest.approx(1.5)


# --- accounts, copies --------------------------------------------------------------------------------


def test_cash_and_book_agree() -> None:
    town = Town(stage_of(_slag(), _road(), firm("rooms", heat=Heat(space=1.0))), BY_PRODUCT)
    paid = town.live(2)
    for row, name in enumerate(("steel", "road", "rooms")):
        mine = sum(eur for (payer, _), eur in paid.items() if payer == name)
        assert town.flows.book.cash[row] == pytest.approx(-mine)


@pytest.mark.parametrize(("flow", "name"), [("delivered", "heat"), ("given", "waste heat")])
def test_heat_from_nowhere_is_noticed(flow: str, name: str) -> None:
    town = Town(_pair(), contract("forge", "rooms"))
    town.live()
    getattr(town.flows.heat, flow)[:] += 2.0
    town.flows.use(0)
    with pytest.raises(BalanceError, match=f"{name} does not balance"):
        town.flows.check(town.model.ledger, 0)


@pytest.mark.parametrize(("flow", "name"), [("used", "material"), ("given", "by-products")])
def test_material_from_nowhere_is_noticed(flow: str, name: str) -> None:
    town = Town(stage_of(_slag(), _road()), BY_PRODUCT)
    town.live()
    getattr(town.flows.materials, flow)[:] += 9.0
    town.flows.use(0)
    with pytest.raises(BalanceError, match=f"{name} does not balance"):
        town.flows.check(town.model.ledger, 0)


@pytest.mark.parametrize("double", [copy.deepcopy, lambda town: pickle.loads(pickle.dumps(town))])
def test_a_copy_lives_on_alike_and_apart(double: Any) -> None:
    town = Town(_pair(), contract("forge", "rooms"))
    town.live()
    other = double(town)
    assert isinstance(other.flows.heat.stage, Stage)
    assert other.live() == town.live()
    before = town.flows.outcomes(1.0)
    other.live()
    assert town.flows.outcomes(1.0) == before
