"""Plausibility of industrial symbiosis against Kalundborg: partners at flows of the published size gain what is known.

Published totals: 24 MEUR a year for 9 to 11 partners, 100 GWh, 87 kt of materials (see ANCHORS); about EUR 2 to 3 m a
partner and year is a ceiling, because it counts water and by-products of far higher value than waste heat and slag.
"""

import csv
from pathlib import Path
from typing import Any

import pytest

from model.endowments import ByProduct, Heat, Site
from model.inputs import (
    Demand,
    ManufacturerInputs,
    ModelInputs,
    Period,
    Process,
    ResourceContract,
    ResourcePlatformInputs,
    UtilityInputs,
)
from model.model import CollaborationModel
from model.physics.heat import EMISSION_FACTOR_GAS

pytestmark = pytest.mark.validation

ANCHORS = Path(__file__).resolve().parents[3] / "shared" / "data" / "literature_anchor_values" / "anchor_values.csv"

CEILING_EUR = 3e6
"""Per partner and year."""
TOTAL_EUR, HEAT_GWH, MATERIAL_KT = 24e6, 100.0, 87.0
"""Of all partners, a year."""

KM = 2.0
"""Between the two givers of heat, who stand together, and everybody else."""
HEAT_TAKERS = ("town", "greenhouses", "fish", "pharma")
MATERIALS = {
    "gypsum": ("desulphurisation", "plasterboard", 110.0),
    "biomass": ("enzymes", "farms", 85.0),
    "slag": ("steel", "cement", 44.0),
}
"""Material -> who leaves it, who uses it, and how much is left, t/day."""
PRICES = {"gypsum": (25.0, 3.0, 15.0), "biomass": (30.0, 4.0, 40.0), "slag": (12.0, 5.0, 15.0)}
"""Material -> price of what it replaces, preparation, disposal, EUR/t."""
PARTNERS = ("steel", "enzymes", *HEAT_TAKERS, "desulphurisation", "plasterboard", "farms", "cement")


def _flows(name: str) -> ByProduct:
    """Return what a partner leaves and what it takes, t by unit; it makes 100 units a day."""
    parts: dict[str, Any] = {}
    for material, (giver, taker, tonnes) in MATERIALS.items():
        price, preparation, disposal = PRICES[material]
        if name == giver:
            parts |= {"makes": material, "rate": tonnes / 100.0, "disposal_cost": disposal}
        if name == taker:
            parts |= {"takes": material, "need": 1.1 * tonnes / 100.0, "price": price, "preparation": preparation}
    return ByProduct(**parts)


def _partner(name: str) -> ManufacturerInputs:
    draws = {"steel": ("metal_processing_2018", 50.0, 0.15), "enzymes": ("electroplating_2017", 25.0, 0.2)}
    heat = {
        "town": Heat(space=5.0, level=80.0),
        "greenhouses": Heat(space=2.0, level=60.0),
        "fish": Heat(space=1.0, season=0.3, level=40.0),
        "pharma": Heat(use=0.72, start=0.0, hours=24.0, level=110.0),
    }.get(name, Heat())
    process = Process(kind="none")
    if name in draws:
        table, load, share = draws[name]
        process = Process(kind="shaped", load_table=table, mean_load=load)
        heat = Heat(waste_share=share, waste_level=140.0)
    return ManufacturerInputs(
        name=name,
        sector=name,
        utility="power" if name in draws else "",
        process=process,
        demand=Demand(mean=100.0),
        site=Site(x=0.0 if name in draws else KM),
        heat=heat,
        by_product=_flows(name),
    )


HEAT = ResourceContract(
    name="heat",
    platform="exchange",
    members=("steel", "enzymes", *HEAT_TAKERS),
    mode="cross_sector",
    resource="heat",
    variant="allocation",
    distance_cost=0.0,
)
MATERIAL = ResourceContract(
    name="material",
    platform="exchange",
    members=tuple(dict.fromkeys(name for giver, taker, _ in MATERIALS.values() for name in (giver, taker))),
    mode="cross_sector",
    resource="by_product",
    variant="allocation",
)


def _year(*contracts: ResourceContract) -> CollaborationModel:
    model = CollaborationModel(
        ModelInputs(
            calendar=Period(days=365, burn_in=7),
            manufacturers=tuple(_partner(name) for name in PARTNERS),
            utilities=(UtilityInputs(name="power"),),
            resource_platforms=(ResourcePlatformInputs(name="exchange"),),
            resource_contracts=contracts,
        )
    )
    model.run_to_end()
    return model


def _cost(model: CollaborationModel) -> float:
    """Return what the partners, and the platform that they own, pay less what they receive, EUR/yr."""
    return sum(model.ledger.net_cost(party) for party in (*PARTNERS, "exchange"))


def _gain_of_flows(model: CollaborationModel) -> float:
    """Return what the flows of the year are worth, EUR, from quantities, declared prices and distances alone."""
    told, market = model.outcomes(), model.inputs.market
    boiler = Heat().efficiency
    fuel = market.gas_price + EMISSION_FACTOR_GAS * market.carbon_price
    gain = sum(told["heat_from_partners", name] * fuel / boiler for name in HEAT_TAKERS)
    gain -= sum(told["heat_given", name] * Heat().recovery_cost for name in ("steel", "enzymes"))
    gain -= len(HEAT_TAKERS) * 2 * KM * HEAT.pipe_cost  # a pipe to each taker from either giver
    for material, (giver, taker, _) in MATERIALS.items():
        price, preparation, disposal = PRICES[material]
        apart = abs(model.inputs.manufacturers[PARTNERS.index(giver)].site.x - KM)
        gain += told["by_product_used", taker] * (price - preparation + disposal - apart * MATERIAL.distance_cost)
    hub = model.inputs.resource_platforms[0]
    taking_part = sum(len(terms.members) * terms.coordination_cost for terms in (HEAT, MATERIAL))
    members = set(HEAT.members) | set(MATERIAL.members)
    return gain - hub.hub_cost - len(members) * hub.member_cost - taking_part


def test_partners_gain_less_than_the_ceiling_and_what_the_flows_are_worth() -> None:
    alone, together = _year(), _year(HEAT, MATERIAL)
    told = together.outcomes()
    gwh = sum(told["heat_from_partners", name] for name in HEAT_TAKERS) / 1000.0
    kilotonnes = sum(told["by_product_used", taker] for _, taker, _ in MATERIALS.values()) / 1000.0
    assert 0.5 * HEAT_GWH < gwh < 1.5 * HEAT_GWH
    assert 0.5 * MATERIAL_KT < kilotonnes < 1.5 * MATERIAL_KT
    gain = _cost(alone) - _cost(together)
    assert gain == pytest.approx(_gain_of_flows(together), rel=1e-6)
    assert 0.0 < gain / len(PARTNERS) < CEILING_EUR
    assert gain < TOTAL_EUR


def test_flows_and_ceiling_are_the_published_ones() -> None:
    if not ANCHORS.exists():
        pytest.skip("the published anchor values (../shared/data) are not on this machine")
    with ANCHORS.open(newline="") as file:
        rows = [row for row in csv.reader(file) if row[0] == "kalundborg_symbiosis"]
    published = {row[1]: float(row[2]) for row in rows}
    assert published["annual bottom-line savings to partners"] * 1e6 == TOTAL_EUR
    assert published["energy saved"] == HEAT_GWH
    assert published["materials reused"] == MATERIAL_KT * 1000.0
    assert TOTAL_EUR / 9 < CEILING_EUR
