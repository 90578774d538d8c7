"""Workshops in the engine: limits of production, hours of others, and what both cost."""

import copy
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from model.agents import Manufacturer
from model.errors import BalanceError
from model.inputs import (
    Demand,
    Equipment,
    Labour,
    ManufacturerInputs,
    ModelInputs,
    Ordering,
    Period,
    Process,
    ResourceContract,
    ResourcePlatformInputs,
    Site,
    Technology,
)
from model.ledger import RESOURCES, Ledger
from model.mechanisms.allocation import Allocation
from model.mechanisms.leasing import Leasing
from model.mechanisms.pooling import Pooling
from model.model import CollaborationModel
from model.session import Draws, Session
from model.workshops import Workshops


def shop(
    name: str = "shop",
    *,
    mean: float = 100.0,
    variation: float = 0.0,
    lead_time: int = 2,
    backlog_cost: float = 6.0,
    **parts: Any,
) -> ManufacturerInputs:
    """Return a firm that sells 100 units a day and whose backlog costs 6 EUR a unit and day."""
    return ManufacturerInputs(
        name=name,
        demand=Demand(mean=mean, variation=variation, season=0.0),
        ordering=Ordering(lead_time=lead_time, backlog_cost=backlog_cost),
        process=Process(kind="none", unit_cost=0.0),
        **parts,
    )


def economy(*firms: ManufacturerInputs, days: int = 20, burn_in: int = 0) -> ModelInputs:
    return ModelInputs(calendar=Period(start="2025-03-04", days=days, burn_in=burn_in), manufacturers=firms)


def run(*firms: ManufacturerInputs, days: int = 20, burn_in: int = 0) -> CollaborationModel:
    model = CollaborationModel(economy(*firms, days=days, burn_in=burn_in), rng=3)
    model.run_to_end()
    return model


def machines(number: int = 10, hours: float = 1.6, **more: Any) -> Equipment:
    """Return machines of 16 hours a day that never fail, at 1.6 hours a unit: ten make 100 units."""
    return Equipment(machines=number, hours_per_unit=hours, **more)


class Doubler(Manufacturer):
    """Orders twice what the policy says."""

    def decide_order(self, proposed: float) -> float:
        return 2.0 * proposed


def surge(
    equipment: Equipment | None = None, labour: Labour | None = None, *, demand: float, days: int
) -> CollaborationModel:
    """Return a workshop that was made for 100 units a day after some days with a demand that is higher for good."""
    firm = shop(equipment=equipment or Equipment(), labour=labour or Labour())
    model = CollaborationModel(economy(firm, days=days), rng=3)
    model.live.demand_mean[0] = demand
    model.run_to_end()
    return model


@pytest.mark.parametrize("days", [1, 2, 9])
def test_a_limit_is_reached_exactly_and_the_rest_is_ordered_again(days: int) -> None:
    """Ten machines of 16 h, and 1.6 h of overtime, make 100 units at 1.76 h; customers now want 105.

    By hand: 100 units arrive every day and 5 are missing; the forecast closes a tenth of its gap to 105 a day, and
    the order lifts the position, yesterday's production and the backlog, to two days of it.
    """
    model = surge(machines(hours=1.76, overtime_hours=1.6), demand=105.0, days=days)
    missing, level = 5.0 * days, 105.0 - 5.0 * 0.9**days
    assert model.live.produced[0] == pytest.approx(100.0)
    assert model.live.net_stock[0] == pytest.approx(-missing)
    assert model.live.pipeline[0] == pytest.approx(100.0)
    risk = 1.28 * np.sqrt(model.live.error_variance[0])
    assert model.live.order[0] == pytest.approx(2.0 * level + risk - (100.0 - missing))
    assert model.workshops.overtime[0, 0] == pytest.approx(16.0)
    assert model.ledger.paid("shop", "overtime") == pytest.approx(days * 16.0 * 60.0)
    assert model.workshops.outcomes(1.0)["machine_utilisation", "shop"] == pytest.approx(1.0)
    assert model.workshops.outcomes(1.0)["machine_availability", "shop"] == pytest.approx(1.0)
    assert model.workshops.outcomes(2.0)["overtime_hours", "shop"] == pytest.approx(2 * days * 16.0)


def test_the_shortfall_is_what_was_wanted_and_not_made() -> None:
    """On the second day 100 units are made of the 2 * 100.5 + 1.28 * 0 - (100 - 5) = 106 that were ordered."""
    model = surge(machines(overtime_hours=0.0), demand=105.0, days=2)
    assert model.workshops.outcomes(1.0)["production_shortfall", "shop"] == pytest.approx(6.0 / 206.0)


@pytest.mark.parametrize("kind", [Manufacturer, Doubler])
def test_what_is_ordered_again_takes_no_new_material(kind: type[Manufacturer]) -> None:
    """A shop that makes 100 of the 105 units it sells buys, all in all, what it makes and what then lies ready."""
    firms = (shop(equipment=machines(overtime_hours=0.0), supplier="mill"), shop("mill", mean=0.0))
    model = CollaborationModel(economy(*firms, days=12), rng=3, agent_classes={"shop": kind})
    model.live.demand_mean[0] = 105.0
    bought, made = 100.0, 0.0  # the order of the evening before the first day is on its way
    for _ in range(12):
        model.step()
        made += model.live.produced[0]
        bought += model.live.incoming[1]
        assert model.goods.stock.material[0] == pytest.approx(bought - made)
        assert model.goods.stock.material[0] == pytest.approx(model.live.order[0])
    assert made == pytest.approx(1200.0)
    assert model.ledger.paid("shop", "goods") == pytest.approx(650.0 * (bought - 100.0))


def test_overtime_is_worked_only_as_far_as_it_is_needed() -> None:
    model = run(shop(equipment=machines(hours=2.0)))  # 160 h make 80 units, 40 h of overtime 20 more
    assert model.live.produced[0] == pytest.approx(100.0)
    assert model.workshops.overtime[0, 0] == pytest.approx(40.0)
    assert model.live.net_stock[0] == pytest.approx(0.0, abs=1e-9)
    idle = run(shop(equipment=machines(11)))
    assert idle.workshops.overtime.sum() == 0.0
    assert idle.ledger.paid("shop", "overtime") == 0.0


def test_people_limit_like_machines() -> None:
    """20 skilled at 5 h and 10 % overtime: 110 h, at 1 h a unit 110 units; of the 200 h of others 110 are used."""
    labour = Labour(
        skilled=20, general=40, skilled_hours_per_unit=1.0, general_hours_per_unit=1.0, hours=5.0, absence=0.0
    )
    model = surge(labour=labour, demand=130.0, days=5)
    assert model.live.produced[0] == pytest.approx(110.0)
    assert model.workshops.overtime[:, 0] == pytest.approx([0.0, 10.0, 0.0])
    first_day, others = 200.0, 4 * 210.0  # the first day's order is of the time before
    assert model.workshops.outcomes(1.0)["labour_utilisation", "shop"] == pytest.approx((first_day + others) / 1500.0)
    assert model.ledger.paid("shop", "overtime") == pytest.approx(4 * 10.0 * 45.0)


def test_absence_costs_hours_on_average_as_declared() -> None:
    labour = Labour(skilled=50, skilled_hours_per_unit=2.2, hours=5.0, absence=0.1)
    model = run(shop(labour=labour), days=700)
    hours = model.workshops.hours_sums[:, 1, 0] / 700
    assert hours[0] == pytest.approx(250.0)
    assert hours[1] == pytest.approx(225.0, rel=0.02)


def test_ample_machines_change_nothing() -> None:
    """Made tomorrow or delivered outright, an order arrives after the same lead time."""
    free, ample = run(shop(variation=0.2), days=200), run(shop(variation=0.2, equipment=machines(10_000)), days=200)
    for name in ("order", "net_stock", "shipped", "prompt", "incoming", "error_variance"):
        assert getattr(free.live, name) == pytest.approx(getattr(ample.live, name), abs=1e-8), name
    assert ample.workshops.outcomes(1.0)["production_shortfall", "shop"] == 0.0


def test_without_workshops_nothing_is_there() -> None:
    model = run(shop())
    works = model.workshops
    assert not works.rows.size
    assert works.book.lines == []
    assert works.outcomes(1.0) == {}
    assert not model.goods.making_days.any()


def test_a_neighbour_with_machines_shifts_nobodys_draws() -> None:
    alone = run(shop("plain", variation=0.2), days=50)
    beside = run(
        shop("plain", variation=0.2), shop("shop", variation=0.2, equipment=machines(failure_rate=0.01)), days=50
    )
    for name in ("order", "net_stock", "cash", "error_variance", "produced"):
        assert getattr(alone.live, name)[0] == getattr(beside.live, name)[0], name


def test_busy_machines_serve_worse_and_more_machines_better() -> None:
    """At 95 % of what ten machines that fail can do, some demand waits; with thirty, none more than without limits."""

    def fill_rate(equipment: Equipment) -> tuple[float, float]:
        model = run(shop(variation=0.1, lead_time=3, equipment=equipment), days=730, burn_in=60)
        short = model.workshops.outcomes(1.0).get(("production_shortfall", "shop"), 0.0)
        return model.outcomes()["fill_rate", "shop"], short

    hours = 0.95 * 1.6 / 1.04
    failing = {"failure_rate": 0.005, "overtime_hours": 0.0}
    free, none = fill_rate(Equipment())
    busy, much = fill_rate(machines(10, hours, **failing))
    easy, little = fill_rate(machines(30, hours, **failing))
    assert none == little == 0.0
    assert much > 0.02
    assert busy < free - 0.02
    assert easy == pytest.approx(free, abs=1e-12)


def test_machines_wear_by_the_hours_they_run() -> None:
    """Round the clock: 1/(1 + rate * repair * use), whatever the use comes to be."""

    def availability(number: int, hours: float) -> tuple[float, float]:
        equipment = machines(number, hours, failure_rate=0.02, repair=24.0, overtime_hours=0.0, shift_hours=24.0)
        model = run(shop(equipment=equipment), days=1500, burn_in=100)
        mine = model.workshops.outcomes(1.0)
        return mine["machine_availability", "shop"], mine["machine_utilisation", "shop"]

    busy, full = availability(40, 6.0)  # 600 h a day of 960
    easy, part = availability(40, 2.0)
    assert full > 2.5 * part
    assert busy == pytest.approx(1.0 / (1.0 + 0.02 * 24.0 * full), rel=0.02)
    assert easy == pytest.approx(1.0 / (1.0 + 0.02 * 24.0 * part), rel=0.02)


def test_a_copy_and_a_pickle_live_on_alike() -> None:
    firms = (
        shop(variation=0.2, equipment=machines(failure_rate=0.01)),
        shop("crew", variation=0.2, labour=Labour(skilled=30, skilled_hours_per_unit=1.5)),
    )
    model = CollaborationModel(economy(*firms), rng=5)
    for _ in range(8):
        model.step()
    others = [copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
    for one in (model, *others):
        one.run_to_end()
    for other in others:
        assert (other.live.cash == model.live.cash).all()
        assert (other.workshops.own == model.workshops.own).all()


# Hours of others: a day by hand, through a real mechanism


def works_of(*firms: ManufacturerInputs) -> Workshops:
    model = CollaborationModel(economy(*firms), rng=3)
    return Workshops(model.stage, model.goods)


def share(works: Workshops, *contracts: tuple[ResourceContract, type[Any]], orders: list[float]) -> list[Session]:
    """Live through the workshops' part of a day on which `orders` are to be made; return the sessions."""
    live, count = works.stage.live, len(orders)
    live.produced[:count] = orders
    sessions = [works.session(terms, np.arange(count)) for terms, _ in contracts]
    works.survey(0)
    for (terms, kind), session in zip(contracts, sessions, strict=True):
        mechanism = kind(terms, session, Draws(works.stage.key, session.rows))
        works.fill(terms, session, 0)
        mechanism.clear(0, session)
        assert session.faults() == []
        works.take(terms, session, 0)
    works.work(0)
    ledger = Ledger(parties=(*works.stage.population.parties, RESOURCES))
    works.check(ledger, 0)
    if not works.trades_differ:
        assert works.hours_borrowed == pytest.approx(works.hours_lent)
    return sessions


def terms(resource: str = "equipment", **changes: Any) -> ResourceContract:
    return ResourceContract(name=f"{resource} pool", platform="hub", members=("a", "b"), resource=resource, **changes)


def test_idle_machines_work_for_a_neighbour() -> None:
    """150 units take 240 h: 160 of its own, 40 of overtime at 60 EUR, 40 it cannot make; the neighbour has 80 idle.

    What cannot be made costs 6 EUR of backlog for 1.6 h, less than an hour of overtime: that is what it is worth.
    """
    works = works_of(shop("a", mean=1.0, equipment=machines()), shop("b", mean=1.0, equipment=machines()))
    (session,) = share(works, (terms(), Pooling), orders=[150.0, 50.0])
    assert session.need[0, :, 0] == pytest.approx([40.0, 40.0])
    assert session.value[0, :, 0] == pytest.approx([60.0, 60.0])
    assert session.offer[0] == pytest.approx([0.0, 80.0])
    assert works.stage.live.produced[:2] == pytest.approx([150.0, 50.0])
    assert works.overtime.sum() == pytest.approx(0.0, abs=1e-9)
    assert works.guests[0] == pytest.approx([80.0, 0.0])
    assert works.lent[0] == pytest.approx([0.0, 80.0])
    groups = works.book.today.reshape(2, 2)
    assert groups[0] == pytest.approx([0.0, 0.0])  # overtime of a, b
    assert groups[1] == pytest.approx([0.0, 80.0 * 15.0])  # lending
    assert works.use == pytest.approx([1.0, 1.0])
    works.count()
    outcomes = works.outcomes(2.0)
    assert outcomes["borrowed_hours", "a"] == outcomes["lent_hours", "b"] == pytest.approx(160.0)
    assert outcomes["machine_utilisation", "b"] == pytest.approx(1.0)


def test_an_hour_that_overtime_cannot_give_is_worth_its_backlog() -> None:
    works = works_of(
        shop("a", mean=1.0, equipment=machines(hours=0.05)), shop("b", mean=1.0, equipment=machines(hours=0.05))
    )
    (session,) = share(works, (terms(), Pooling), orders=[5000.0, 0.0])
    assert session.need[0, :, 0] == pytest.approx([50.0, 40.0])
    assert session.value[0, :, 0] == pytest.approx([120.0, 60.0])


def test_members_offer_what_they_agreed_to() -> None:
    works = works_of(shop("a", mean=1.0, equipment=machines()), shop("b", mean=1.0, equipment=machines()))
    (session,) = share(works, (terms(offered=0.25), Pooling), orders=[150.0, 50.0])
    assert session.offer[0] == pytest.approx([0.0, 20.0])
    assert works.stage.live.produced[0] == pytest.approx((160.0 + 20.0 + 40.0) / 1.6)


@pytest.mark.parametrize("mechanism", [Pooling, Allocation])
def test_machines_of_another_kind_are_of_no_use(mechanism: type[Any]) -> None:
    lathe, press = machines(kind="lathe"), machines(kind="press")
    works = works_of(
        shop("a", mean=1.0, equipment=lathe), shop("b", mean=1.0, equipment=press), shop("c", mean=1.0, equipment=lathe)
    )
    variant = terms(variant=mechanism.name)
    (session,) = share(works, (variant, mechanism), orders=[130.0, 0.0, 90.0])
    assert works.lent[0] == pytest.approx([0.0, 0.0, 16.0])
    assert session.slots == 2


@pytest.mark.parametrize("mechanism", [Pooling, Allocation])
def test_nobody_travels_beyond_the_reach(mechanism: type[Any]) -> None:
    far = Site(x=100.0)
    works = works_of(shop("a", mean=1.0, equipment=machines()), shop("b", mean=1.0, equipment=machines(), site=far))
    variant = terms(variant=mechanism.name)
    share(works, (variant, mechanism), orders=[150.0, 0.0])
    assert not works.lent.any()
    assert works.hard.all()


def crews(*known: Technology) -> Workshops:
    """Return shops with 100 h of skilled work and 100 of other work, at an hour of each a unit, no overtime."""
    labour = Labour(
        skilled=20, general=20, skilled_hours_per_unit=1.0, general_hours_per_unit=1.0, hours=5.0, absence=0.0,
        overtime_share=0.0,
    )  # fmt: skip
    names = ("a", "b", "c")[: len(known)]
    return works_of(
        *(shop(n, mean=1.0, backlog_cost=100.0, labour=labour, technology=k) for n, k in zip(names, known, strict=True))
    )


def knows(*areas: float) -> Technology:
    return Technology(
        raw_materials=areas[0], energy=areas[1], processing=areas[2], logistics=areas[3], information=areas[4]
    )


SMITH, CLERK, MILLER = knows(5, 0, 0, 0, 0), knows(3, 4, 0, 0, 0), knows(0, 0, 0, 0, 7)
"""Skilled work of a clerk gets .6 of what a smith's gets done at a smith's, a miller's none of it."""


@pytest.mark.parametrize("mechanism", [Allocation, Leasing])
def test_an_hour_of_another_trade_gets_less_done(mechanism: type[Any]) -> None:
    """150 units lack 50 h of each: the 60 h of skilled work that b has left are 36 at a, other hours are hours."""
    works = crews(SMITH, CLERK)
    variant = terms("labour", variant=mechanism.name, bargaining="truthful")
    (session,) = share(works, (variant, mechanism), orders=[150.0, 40.0])
    assert session.rows.tolist() == [0, 1, 0, 1]
    assert works.lent[1:] == pytest.approx(np.array([[0.0, 60.0], [0.0, 50.0]]))
    assert works.borrowed[1:] == pytest.approx(np.array([[36.0, 0.0], [50.0, 0.0]]))
    assert works.stage.live.produced[:2] == pytest.approx([136.0, 40.0])
    assert works.book.cash[1] == pytest.approx(-110.0 * 10.0)
    assert works.hours_lent == pytest.approx([0.0, 110.0])
    assert works.hours_borrowed == pytest.approx([0.0, 86.0])


def test_a_pool_loses_something_on_the_way_in_and_on_the_way_out() -> None:
    """The mean of both is as far from one as from the other: cosine .8 / sqrt(.8), and .8 both ways."""
    works = crews(SMITH, knows(3, 4, 0, 0, 0))
    mean = np.array([5.0 + 3.0, 4.0])
    into, out = (mean @ v / np.hypot(*mean) / np.hypot(*v) for v in (np.array([3.0, 4.0]), np.array([5.0, 0.0])))
    assert into * out == pytest.approx(0.8)
    (session,) = share(works, (terms("labour"), Pooling), orders=[130.0, 40.0])
    assert works.lent[1:] == pytest.approx(np.array([[0.0, 37.5], [0.0, 30.0]]))
    assert works.borrowed[1:] == pytest.approx(np.array([[30.0, 0.0], [30.0, 0.0]]))
    assert session.access_share == pytest.approx([out, into, 1.0, 1.0])
    assert works.stage.live.produced[0] == pytest.approx(130.0)


def test_a_trade_with_nothing_in_common_helps_with_other_work_only() -> None:
    works = crews(SMITH, MILLER, CLERK)
    share(works, (terms("labour", variant="allocation"), Allocation), orders=[120.0, 10.0, 100.0])
    assert works.lent[1:] == pytest.approx(np.array([[0.0, 0.0, 0.0], [0.0, 20.0, 0.0]]))
    assert works.stage.live.produced[:3] == pytest.approx([100.0, 10.0, 100.0])


@pytest.mark.parametrize("mechanism", [Allocation, Leasing, Pooling])
def test_firms_of_one_trade_stand_once_in_a_session(mechanism: type[Any]) -> None:
    """Who knows twice as much in every area is of the same trade."""
    works = crews(knows(1, 2, 0, 0, 0), knows(2, 4, 0, 0, 0))
    variant = terms("labour", variant=mechanism.name, bargaining="truthful")
    (session,) = share(works, (variant, mechanism), orders=[130.0, 40.0])
    assert session.rows.tolist() == [0, 1]
    assert works.lent[1:, 1] == pytest.approx([30.0, 30.0])


def test_people_help_out_by_skill() -> None:
    """One lacks 20 skilled hours and has 20 general ones idle, the other the other way round."""
    crew = {"skilled": 20, "general": 20, "hours": 5.0, "absence": 0.0, "overtime_share": 0.0}
    a = Labour(skilled_hours_per_unit=1.2, general_hours_per_unit=0.8, **crew)
    b = Labour(skilled_hours_per_unit=0.8, general_hours_per_unit=1.2, **crew)
    works = works_of(shop("a", mean=1.0, backlog_cost=50.0, labour=a), shop("b", mean=1.0, backlog_cost=50.0, labour=b))
    (session,) = share(works, (terms("labour"), Pooling), orders=[100.0, 100.0])
    assert session.slots == 2
    assert works.borrowed == pytest.approx(np.array([[0.0, 0.0], [20.0, 0.0], [0.0, 20.0]]))
    assert works.stage.live.produced[:2] == pytest.approx([100.0, 100.0])
    apart = works_of(shop("a", mean=1.0, backlog_cost=50.0, labour=a), shop("b", mean=1.0, backlog_cost=50.0, labour=b))
    share(apart, orders=[100.0, 100.0])
    assert apart.stage.live.produced[:2] == pytest.approx([100.0 / 1.2, 100.0 / 1.2])


def test_machines_are_asked_for_after_people_have_come() -> None:
    """Crews allow 80 units alone, 100 with 25 h of the other's; machines are borrowed for what overtime could man."""
    crew = {"skilled": 20, "hours": 5.0, "absence": 0.0, "overtime_share": 0.0}
    equipment = machines(10, 2.0, overtime_hours=0.0)
    a = shop("a", mean=1.0, backlog_cost=50.0, equipment=equipment, labour=Labour(skilled_hours_per_unit=1.25, **crew))
    b = shop("b", mean=1.0, equipment=equipment, labour=Labour(skilled_hours_per_unit=1.0, **crew))
    works = works_of(a, b)
    people, tools = share(works, (terms("labour"), Pooling), (terms("equipment"), Pooling), orders=[100.0, 75.0])
    assert people.need[0, 0] == pytest.approx([25.0, 0.0])
    assert works.borrowed[1] == pytest.approx([25.0, 0.0])
    assert tools.need[0, 0] == pytest.approx([40.0, 0.0])
    assert works.borrowed[0] == pytest.approx([10.0, 0.0])
    assert works.stage.live.produced[:2] == pytest.approx([85.0, 75.0])


def test_firms_without_machines_neither_need_nor_offer() -> None:
    works = works_of(
        shop("a", mean=1.0, equipment=machines()),
        shop("b"),
        shop("c", mean=1.0, labour=Labour(skilled=5, skilled_hours_per_unit=0.1)),
    )
    (session,) = share(works, (terms(), Pooling), orders=[150.0, 100.0, 10.0])
    assert not session.need[:, :, 1:].any()
    assert not session.offer.any()


def test_hours_that_vanish_are_noticed() -> None:
    works = works_of(shop("a", mean=1.0, equipment=machines()), shop("b", mean=1.0, equipment=machines()))
    share(works, (terms(), Pooling), orders=[150.0, 50.0])
    ledger = Ledger(parties=(*works.stage.population.parties, RESOURCES))
    works.lent[0, 1] += 1.0
    with pytest.raises(BalanceError, match="machine hours"):
        works.check(ledger, 0)
    works.lent[0, 1] -= 1.0
    works.stage.live.produced[0] += 1.0
    with pytest.raises(BalanceError, match="machine hours"):
        works.check(ledger, 0)


def shared(offered: float, days: int = 365, **changes: Any) -> CollaborationModel:
    """Return four shops with failing machines and a crew, which share both where `offered` is above 0, after a year."""
    names = ("a", "b", "c", "d")
    equipment = machines(10, 1.45, failure_rate=0.004)
    labour = Labour(skilled=22, skilled_hours_per_unit=0.95)
    firms = tuple(shop(name, variation=0.15, lead_time=3, equipment=equipment, labour=labour) for name in names)
    contracts = tuple(
        ResourceContract(name=resource, platform="hub", members=names, resource=resource, offered=offered, **changes)
        for resource in ("equipment", "labour")
    )
    inputs = ModelInputs(
        calendar=Period(start="2025-03-04", days=days, burn_in=30),
        manufacturers=firms,
        resource_platforms=(ResourcePlatformInputs(name="hub"),),
        resource_contracts=contracts,
    )
    model = CollaborationModel(inputs, rng=11)
    model.run_to_end()
    return model


@pytest.mark.parametrize("variant", ["allocation", "leasing", "pooling"])
def test_sharing_saves_overtime_and_every_hour_is_accounted_for(variant: str) -> None:
    alone, pooled = shared(0.0), shared(1.0, variant=variant)
    values = pooled.outcomes()
    lent, borrowed = (sum(values[f"{kind}_hours", name] for name in "abcd") for kind in ("lent", "borrowed"))
    assert lent == pytest.approx(borrowed)
    assert lent > 1000.0
    assert values["cost_overtime", ""] < 0.8 * alone.outcomes()["cost_overtime", ""]
    assert values["cost_lending", ""] > 0.0
    assert pooled.ledger.worst["machine hours"] < 1e-9
    assert pooled.ledger.worst["labour hours"] < 1e-9


@pytest.mark.parametrize("variant", ["allocation", "leasing", "pooling"])
def test_crews_of_different_trades_lend_more_than_others_get_done(variant: str) -> None:
    alike = shared(1.0, days=120, variant=variant)
    firms = [replace(m, technology=CLERK if m.name in "ab" else SMITH) for m in alike.inputs.manufacturers]
    model = CollaborationModel(replace(alike.inputs, manufacturers=tuple(firms)), rng=11)
    model.run_to_end()
    values = model.outcomes()
    lent, borrowed = (sum(values[f"{kind}_hours", name] for name in "abcd") for kind in ("lent", "borrowed"))
    assert lent > borrowed + 50.0
    assert model.ledger.worst["machine hours"] < 1e-9
    assert model.ledger.worst["labour hours"] < 1e-9


def test_a_contract_that_offers_nothing_changes_nothing() -> None:
    alone, none = run(*shared(0.0, days=3).inputs.manufacturers, days=40), shared(0.0, days=10)
    fresh = CollaborationModel(none.inputs, rng=3, calendar__days=40, calendar__burn_in=0)
    fresh.run_to_end()
    for name in ("cash", "net_stock", "produced", "order"):
        assert (getattr(alone.live, name)[:4] == getattr(fresh.live, name)[:4]).all(), name
