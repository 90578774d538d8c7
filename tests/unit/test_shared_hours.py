"""Hours of machines and people at work for others: a day by hand, through a real mechanism, and a year."""

from typing import Any

import numpy as np
import pytest

from model.errors import BalanceError
from model.inputs import (
    Labour,
    Site,
)
from model.ledger import RESOURCES, Ledger
from model.mechanisms.allocation import Allocation
from model.mechanisms.pooling import Pooling
from model.model import CollaborationModel
from tests.unit.shops import machines, run, share, shared, shop, terms, works_of


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


def test_a_contract_that_offers_nothing_changes_nothing() -> None:
    alone, none = run(*shared(0.0, days=3).inputs.manufacturers, days=40), shared(0.0, days=10)
    fresh = CollaborationModel(none.inputs, rng=3, calendar__days=40, calendar__burn_in=0)
    fresh.run_to_end()
    for name in ("cash", "net_stock", "produced", "order"):
        assert (getattr(alone.live, name)[:4] == getattr(fresh.live, name)[:4]).all(), name
