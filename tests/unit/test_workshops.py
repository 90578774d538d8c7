"""Workshops in the engine: limits of production, overtime, absence, failures."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest

from model.agents import Manufacturer
from model.inputs import (
    Equipment,
    Labour,
)
from model.model import CollaborationModel
from tests.unit.shops import (
    economy,
    machines,
    run,
    shop,
)


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


@pytest.mark.parametrize(("backlog_cost", "hours"), [(105.0, 0.0), (106.0, 16.0)])
def test_a_firm_that_weighs_works_no_overtime_that_costs_more_than_being_late(
    backlog_cost: float, hours: float
) -> None:
    """An hour costs 60 EUR, a unit takes 1.76 h, so overtime on it costs 105.6 EUR."""
    firm = shop(equipment=machines(hours=1.76, overtime_hours=1.6))
    weighing = dataclasses.replace(firm.ordering, overtime="worthwhile", backlog_cost=backlog_cost)
    model = CollaborationModel(economy(dataclasses.replace(firm, ordering=weighing), days=1), rng=3)
    model.live.demand_mean[0] = 105.0
    model.run_to_end()
    assert model.workshops.overtime[0, 0] == pytest.approx(hours)


def test_firms_of_a_group_differ_in_what_overtime_costs_them_by_the_declared_spread() -> None:
    """Mean 1 and sd of the log .4, within four standard errors of 4,000 firms."""
    firm = shop(equipment=machines(cost_spread=0.4))
    model = CollaborationModel(economy(dataclasses.replace(firm, count=4000), days=1), rng=3)
    factor = model.workshops.overtime_cost[0] / 60.0
    assert factor.mean() == pytest.approx(1.0, abs=4.0 * np.sqrt((np.exp(0.16) - 1.0) / 4000))
    assert np.log(factor).std() == pytest.approx(0.4, abs=4.0 * 0.4 / np.sqrt(8000))


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
