"""Shops with machines and crews: what the tests of workshops share."""

from typing import Any

import numpy as np
import pytest

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
    Technology,
)
from model.ledger import RESOURCES, Ledger
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
