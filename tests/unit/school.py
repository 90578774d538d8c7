"""Firms that know something and a school: what the tests of technology share."""

from typing import Any

from model.inputs import Demand, ManufacturerInputs, ModelInputs, Ordering, Period, Process, UtilityInputs
from model.know_how import Technology as Known
from model.model import CollaborationModel
from model.platforms import TechnologyPlatformInputs
from model.technology import Technology
from model.technology_terms import TechnologyContract

DAYS = 460
"""From 31 December 2024: quarters begin on days 1, 91, 182, 274, 366 and 456."""
RIVAL = {"research_share": 0.03, "product_market": "steel", "price_slope": 2.0, "spillover": 0.2}
"""100 units a day at 600 EUR and a cost of 400 EUR: the equilibrium of two rivals with a slope of 2."""


def firm(name: str, *, count: int = 1, supplier: str = "", mean: float = 100.0, **known: Any) -> ManufacturerInputs:
    return ManufacturerInputs(
        name=name,
        count=count,
        supplier=supplier,
        process=Process(kind="none", unit_cost=400.0, unit_price=600.0),
        demand=Demand(mean=mean),
        ordering=Ordering(policy="filtered"),
        technology=Known(**known),
    )


def contract(variant: str, *members: str, **terms: Any) -> TechnologyContract:
    return TechnologyContract(name="pact", platform="school", members=members, variant=variant, **terms)


def model_of(
    firms: list[ManufacturerInputs],
    *contracts: TechnologyContract,
    protection: float = 0.0,
    outages: float = 0.0,
    utilities: tuple[UtilityInputs, ...] = (),
) -> CollaborationModel:
    school = TechnologyPlatformInputs(name="school", outage_rate=outages, protection=protection)
    return CollaborationModel(
        ModelInputs(
            calendar=Period(start="2025-01-01", days=DAYS - 1, burn_in=1),
            manufacturers=tuple(firms),
            utilities=utilities,
            technology_platforms=(school,),
            technology_contracts=contracts,
        )
    )


def technology(firms: list[ManufacturerInputs], *contracts: TechnologyContract, **rules: Any) -> Technology:
    model = model_of(firms, *contracts, **rules)
    return Technology(model.stage, model.goods)


def live(tech: Technology, days: int = DAYS, made: float = 0.0) -> Technology:
    """Let days pass in which each firm makes `made` units."""
    tech.stage.live.produced[:] = made
    for day in range(days):
        tech.review(day)
        tech.count()
    return tech


def state(tech: Technology) -> list[Any]:
    goods = tech.goods
    parts = (goods.prices, goods.process, goods.mean_load, goods.stock.filter_mean, tech.stage.live.demand_mean)
    return [part.tobytes() for part in parts]


def areas(*levels: float) -> dict[str, float]:
    return dict(zip(("raw_materials", "energy", "processing", "logistics", "information"), levels, strict=True))
