"""Engine and reference under each way to share resources and technology in turn, and what shares nothing or loses."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from model.inputs import (
    ByProduct,
    Demand,
    Equipment,
    Heat,
    Labour,
    ManufacturerInputs,
    ModelInputs,
    Ordering,
    Period,
    Process,
    ResourceContract,
    ResourcePlatformInputs,
    Site,
    Station,
    Technology,
    TechnologyContract,
    TechnologyPlatformInputs,
    UtilityInputs,
)
from model.model import CollaborationModel
from model.world import Incidents
from tests.property.test_differential import compare
from tests.property.test_invariants import assert_bitwise, live_days

MEMBERS = ("ash", "birch", "cedar", "deal")
YARD = ResourcePlatformInputs(name="yard", commission=0.07, fee=901.0, outage_rate=30.0)
GUILD = TechnologyPlatformInputs(name="guild", outage_rate=0.0, protection=0.3)


def shop(k: int, name: str) -> ManufacturerInputs:
    """Return a firm that owns some of everything; the k-th differs from the others in every number."""
    step = 1.0 + 0.137 * k
    return ManufacturerInputs(
        name=name,
        sector="shops",
        utility="power",
        site=Site(x=1.31 * k, y=0.73 * k * k),
        demand=Demand(mean=97.3 * step, variation=0.41, autocorrelation=0.31, common_share=0.0),
        ordering=Ordering(lead_time=3, backlog_cost=7.7 * step, policy="exponential"),
        process=Process(
            kind="shaped",
            load_table="metal_processing_2018",
            mean_load=3.7 * step,
            production_share=0.61,
            unit_price=211.3,
            unit_cost=93.1 + k,
        ),
        equipment=Equipment(
            machines=5, hours_per_unit=0.83 / step, failure_rate=0.031, repair=19.3, overtime_cost=67.9 + k
        ),
        labour=Labour(
            skilled=7, general=11, skilled_hours_per_unit=0.29 / step, general_hours_per_unit=0.47 / step,
            absence=0.13, absence_spread=0.9, overtime_cost=43.1 + 3.0 * k,
        ),
        heat=Heat(
            use=0.021, space=0.71 * step, level=61.3 + k, waste_share=0.23 * (k % 2), waste_level=113.7,
            efficiency=0.87 + 0.011 * k, recovery_cost=3.1 + 0.7 * k,
        ),
        by_product=ByProduct(
            makes="slag" if k % 2 else "", rate=0.031 * step, disposal_cost=29.3 + k,
            takes="" if k % 2 else "slag", need=0.043 * step, price=47.1 + k,
        ),
        station=Station(kind="bay", servers=2, arrivals=3.7 * step, duration=9.1, discipline=("loss", "queue")[k % 2]),
        technology=Technology(
            learning_rate=0.19, energy_learning=0.07, experience=0.31 * step, research_share=0.011 * step,
            spillover=0.23, product_market="timber", price_slope=0.29, processing=1.0 + 0.61 * k, energy=3.0 - 0.57 * k,
            public_experience=1.7, review=0.61, absorption=0.37,
        ),
    )  # fmt: skip


def park(*contracts: ResourceContract | TechnologyContract, **changes: Any) -> ModelInputs:
    """Return four such firms and their utility from a week before a quarter begins."""
    inputs = ModelInputs(
        calendar=Period(start="2025-06-26", days=9, burn_in=2),
        manufacturers=tuple(shop(k, name) for k, name in enumerate(MEMBERS)),
        utilities=(UtilityInputs(name="power"),),
        resource_platforms=(YARD,),
        technology_platforms=(GUILD,),
        resource_contracts=tuple(c for c in contracts if isinstance(c, ResourceContract)),
        technology_contracts=tuple(c for c in contracts if isinstance(c, TechnologyContract)),
        incidents=Incidents(loss_years=0),
    )
    return dataclasses.replace(inputs, **changes)


def resource(name: str, variant: str, **terms: Any) -> ResourceContract:
    """Return a contract of all four on a resource."""
    return ResourceContract(
        name=name, platform="yard", members=MEMBERS, resource=name, variant=variant, distance_cost=0.31, **terms
    )


def technology(variant: str, **terms: Any) -> TechnologyContract:
    """Return a contract of three on technology; the fourth is their rival."""
    return TechnologyContract(name=variant, platform="guild", members=MEMBERS[:3], variant=variant, **terms)


RESOURCES = ("equipment", "heat", "by_product")
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "programme": ("allocation", {}),
    "programme on reports": ("allocation", {"inflation": 1.7, "mapping_sd": 0.21}),
    "equal parts": ("allocation", {"objective": "proportional", "inflation": 1.3, "mapping_sd": 0.21}),
    "strategic": ("leasing", {"search_cost": 1.1}),
    "truthful": ("leasing", {"bargaining": "truthful", "mapping_sd": 0.21, "partners": 2}),
    "posted": ("leasing", {"bargaining": "posted", "search_cost": 0.3}),
    "call market": ("pooling", {"offered": 0.83}),
    "equal call market": ("pooling", {"priority": "equal", "mapping_sd": 0.21}),
    "congested": ("pooling", {"throughput": 3.3}),
    "congested equally": ("pooling", {"throughput": 3.3, "priority": "equal"}),
}
"""Every variant of resource contracts and every choice that it has."""

LESSONS: dict[str, tuple[str, dict[str, Any]]] = {
    "barter": ("exchange", {"meetings": 2}),
    "barter at any distance": ("exchange", {"ability_slope": 0.0, "cutoff": 0.0, "leakage": 0.4}),
    "joint research": ("cooperation", {}),
    "shared results": ("cooperation", {"joint_weight": 0.0, "joint_spillover": 0.7}),
    "research joint venture": ("cooperation", {"joint_weight": 0.6, "joint_spillover": 0.5, "damping": 0.3}),
    "open pool": ("sharing", {"openness": 0.8, "leakage": 0.3}),
    "licences": ("sharing", {"royalty": 0.4}),
}
"""Every variant of technology contracts and every choice that it has."""


@pytest.mark.parametrize("what", RESOURCES)
@pytest.mark.parametrize(("variant", "terms"), WAYS.values(), ids=WAYS.keys())
def test_the_reference_shares_every_resource_alike(what: str, variant: str, terms: dict[str, Any]) -> None:
    compare(park(resource(what, variant, **terms)), 21, 0)


@pytest.mark.parametrize(("variant", "terms"), LESSONS.values(), ids=LESSONS.keys())
def test_the_reference_learns_alike(variant: str, terms: dict[str, Any]) -> None:
    compare(park(technology(variant, **terms)), 22, 1)


def test_the_reference_agrees_on_all_resources_together() -> None:
    shared = [resource("equipment", "leasing"), resource("heat", "pooling"), resource("by_product", "allocation")]
    compare(park(*shared, resource("station", "pooling", offered=0.5), technology("sharing", royalty=0.2)), 23, 0)


NULL = {
    "nothing offered": resource("equipment", "pooling", offered=0.0),
    "no heat offered": resource("heat", "allocation", offered=0.0),
    "no servers lent": resource("station", "pooling", offered=0.0),
    "nobody asked": resource("labour", "leasing", partners=0),
    "no pipes": resource("heat", "allocation", partners=0),
    "no meetings": technology("exchange", meetings=0),
    "no joint research": technology("cooperation", joint_weight=0.0, joint_spillover=0.0),
    "nothing open": technology("sharing", openness=0.0, royalty=0.5),
}


@pytest.mark.parametrize("contract", NULL.values(), ids=NULL.keys())
def test_a_contract_that_shares_nothing_changes_no_bit(contract: ResourceContract | TechnologyContract) -> None:
    alone, null = CollaborationModel(park(), rng=4), CollaborationModel(park(contract), rng=4)
    assert_bitwise(live_days(alone), live_days(null))
    assert alone.outcomes() == null.outcomes()
    assert [line for line in null.transfers() if line[3]] == [line for line in alone.transfers() if line[3]]


SHARED = (resource("equipment", "leasing"), resource("heat", "allocation"), resource("by_product", "pooling"))


@pytest.mark.parametrize("contract", [*SHARED, *(technology(v, **t) for v, t in LESSONS.values())])
def test_neither_the_order_of_members_nor_that_of_firms_matters(contract: Any) -> None:
    if isinstance(contract, TechnologyContract) and contract.variant == "exchange":
        contract = dataclasses.replace(contract, members=MEMBERS[:2])  # of more, who meets whom first matters
    turned = dataclasses.replace(contract, members=contract.members[::-1])
    one = CollaborationModel(park(contract), rng=5)
    other = CollaborationModel(park(turned, manufacturers=park().manufacturers[::-1]), rng=5)
    for model in (one, other):
        model.run_to_end()
    wanted, got = one.outcomes(), other.outcomes()
    assert wanted.keys() == got.keys()
    largest = max(abs(value) for (name, _), value in wanted.items() if "cost" in name)
    for key, value in wanted.items():
        scale = largest if "cost" in key[0] or key[0] in {"energy_bill", "rent"} else 1.0
        assert got[key] == pytest.approx(value, rel=1e-9, abs=1e-9 * scale), key


# --- what brings nothing, or harms ---------------------------------------------------------------------------


def same_shops(count: int, use: float, **demand: float) -> ModelInputs:
    """Return shops alike, side by side, whose machines are in use to such a part of their shifts."""
    terms = {"mean": 100.0, "variation": 0.0, "season": 0.0, **demand}
    one = ManufacturerInputs(
        name="shop",
        count=count,
        sector="shops",
        demand=Demand(**terms),
        ordering=Ordering(lead_time=3, policy="filtered"),
        process=Process(kind="none"),
        equipment=Equipment(machines=10, hours_per_unit=1.6 * use),
    )
    pool = ResourceContract(name="machines", platform="yard", members=("shop",), moving_cost=0.0, distance_cost=0.0)
    return ModelInputs(
        calendar=Period(start="2025-01-01", days=120, burn_in=20),
        manufacturers=(one,),
        resource_platforms=(dataclasses.replace(YARD, outage_rate=0.0, commission=0.0),),
        resource_contracts=(pool,),
        incidents=Incidents(loss_years=0),
    )


def lived(inputs: ModelInputs) -> dict[tuple[str, str], float]:
    """Run to the end and return the outcomes."""
    model = CollaborationModel(inputs, rng=9)
    model.run_to_end()
    return model.outcomes()


def test_pooling_perfectly_correlated_needs_matches_nothing() -> None:
    """All are short and idle on the same days; where needs are independent the same pool saves overtime."""
    for common in (1.0, 0.0):
        inputs = same_shops(6, 0.9, variation=0.3, common_share=common)
        shared, alone = lived(inputs), lived(dataclasses.replace(inputs, resource_contracts=()))
        assert alone["overtime_hours", "shop"] > 100.0
        saved = alone["overtime_hours", "shop"] - shared["overtime_hours", "shop"]
        if common == 1.0:
            assert shared["lent_hours", "shop"] <= 1e-6
            assert shared["cost_overtime", ""] == pytest.approx(alone["cost_overtime", ""], rel=1e-9)
        else:
            assert saved > 0.1 * alone["overtime_hours", "shop"]


def test_sharing_where_nobody_is_ever_idle_matches_nothing() -> None:
    """Machines that need more than their shifts every day are never lent."""
    outcomes = lived(same_shops(4, 1.1))
    assert outcomes["overtime_hours", "shop"] > 0.0
    assert outcomes["lent_hours", "shop"] == 0.0
    assert outcomes["match_rate", "yard"] == 0.0


def test_sharing_among_firms_that_are_never_short_only_costs() -> None:
    inputs = same_shops(4, 0.3, variation=0.1)
    shared, alone = lived(inputs), lived(dataclasses.replace(inputs, resource_contracts=()))
    terms = inputs.resource_contracts[0]
    hub = inputs.resource_platforms[0]
    cost = 4.0 * (terms.coordination_cost + hub.member_cost) + hub.hub_cost
    assert shared["lent_hours", "shop"] == 0.0
    assert shared["real_cost", ""] - alone["real_cost", ""] == pytest.approx(cost, rel=1e-6)


@pytest.mark.parametrize("spillover", [0.1, 0.4, 0.6, 0.9])
def test_joint_research_of_rivals_harms_consumers_below_a_spillover_of_a_half(spillover: float) -> None:
    """D'Aspremont & Jacquemin (1988): two rivals that choose their research together do less of it below 1/2."""
    known = Technology(research_share=0.01, spillover=spillover, product_market="timber", price_slope=0.4, review=1.0)
    firm = ManufacturerInputs(
        name="rival", count=2, sector="shops", technology=known, demand=Demand(mean=100.0, variation=0.0, season=0.0),
        process=Process(kind="none", unit_price=200.0, unit_cost=100.0), ordering=Ordering(lead_time=2),
    )  # fmt: skip
    joint = TechnologyContract(name="joint", platform="guild", members=("rival",), variant="cooperation", leakage=0.0)
    inputs = ModelInputs(
        calendar=Period(start="2025-01-01", days=100, burn_in=0),
        manufacturers=(firm,),
        technology_platforms=(GUILD,),
        technology_contracts=(joint,),
        incidents=Incidents(loss_years=0),
    )
    gain = lived(inputs)["consumers_gain", ""]
    assert math.copysign(1.0, gain) == np.sign(spillover - 0.5)
    assert abs(gain) > 1.0
