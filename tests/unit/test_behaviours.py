"""Rules of single firms in plain Python: what a firm offers under a contract, agent by agent."""

from typing import Any

import numpy as np
import pytest

from model.agents import Manufacturer, overrides
from model.errors import RunError
from model.inputs import (
    Demand,
    Equipment,
    ManufacturerInputs,
    ModelInputs,
    Ordering,
    Period,
    Process,
    ResourceContract,
    ResourcePlatformInputs,
)
from model.model import CollaborationModel
from model.streams import Floats


class Half(Manufacturer):
    """Offers half of what it could, and remembers nothing."""

    def decide_offer(self, resource: str, proposed: Floats) -> Floats:
        assert resource == "equipment"
        return proposed / 2.0


class Boaster(Manufacturer):
    def decide_offer(self, resource: str, proposed: Floats) -> Floats:
        return proposed + 1.0


class Fewer(Manufacturer):
    def decide_offer(self, resource: str, proposed: Floats) -> Floats:
        return np.zeros(0)


class Willing(Manufacturer):
    """Decides as everybody else does."""

    def decide_offer(self, resource: str, proposed: Floats) -> Floats:
        return proposed


def maker(name: str, machines: int, count: int = 1) -> ManufacturerInputs:
    """Return a firm that makes 100 units a day with machines of 16 hours, an hour a unit."""
    return ManufacturerInputs(
        name=name,
        count=count,
        demand=Demand(mean=100.0, variation=0.0, season=0.0),
        ordering=Ordering(lead_time=2),
        process=Process(kind="none", unit_cost=0.0),
        equipment=Equipment(machines=machines, hours_per_unit=1.0),
    )


def park(variant: str = "leasing") -> ModelInputs:
    """Return a firm that is short of 20 hours a day, and two that have 12 to spare each."""
    terms: dict[str, Any] = {"platform": "exchange", "members": ("short", "rich"), "variant": variant}
    return ModelInputs(
        calendar=Period(start="2025-03-04", days=5, burn_in=0),
        manufacturers=(maker("short", 5), maker("rich", 7, count=2)),
        resource_platforms=(ResourcePlatformInputs(name="exchange", outage_rate=0.0),),
        resource_contracts=(ResourceContract(name="hours", **terms),),
    )


def run(kind: type[Manufacturer] | None, variant: str = "allocation") -> CollaborationModel:
    model = CollaborationModel(park(variant), rng=1, agent_classes={"rich": kind} if kind else {})
    model.run_to_end()
    return model


def lent(model: CollaborationModel) -> Floats:
    (contract,) = model.resources.contracts
    return np.asarray(contract.session.given[0])


def test_without_a_rule_of_its_own_all_that_is_idle_is_offered() -> None:
    model = run(None)
    assert not model.resources.hooked
    assert lent(model)[0] == 0.0
    assert lent(model).sum() == pytest.approx(20.0)


@pytest.mark.parametrize("variant", ["allocation", "leasing", "pooling"])
def test_a_firm_lends_no_more_than_it_decides_to_offer(variant: str) -> None:
    model = run(Half, variant)
    (contract,) = model.resources.contracts
    assert contract.session.offer[0].tolist() == pytest.approx([0.0, 6.0, 6.0])
    assert (lent(model) <= contract.session.offer[0] + 1e-9).all()
    assert lent(run(Half, "allocation")).sum() == pytest.approx(12.0)


def test_a_rule_that_changes_nothing_changes_no_bit() -> None:
    plain, asked = run(None), run(Willing)
    assert asked.resources.hooked == [Willing]
    assert plain.live.net_stock.tobytes() == asked.live.net_stock.tobytes()
    assert plain.live.cash.tobytes() == asked.live.cash.tobytes()


@pytest.mark.parametrize(("kind", "words"), [(Boaster, "rich 1 offers .13.. of equipment, and has .12.. to offer"),
                                            (Fewer, "rich 1 offers .. of equipment")])  # fmt: skip
def test_nobody_offers_what_it_does_not_have(kind: type[Manufacturer], words: str) -> None:
    with pytest.raises(RunError, match=words):
        run(kind)


def test_only_rules_that_differ_are_asked_for() -> None:
    assert overrides(Half, "decide_offer")
    assert not overrides(Half, "decide_order")
    assert not overrides(Manufacturer, "decide_offer")
