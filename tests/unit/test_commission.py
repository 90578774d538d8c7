"""What a resource platform keeps of payments: an operator's income, or the members' own."""

from typing import Any

import pytest

from model.endowments import Heat
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
from model.model import CollaborationModel
from model.validation.engine import flat_price, own_load

DAYS = 4
RENT = 5.0 * (96.0 + 48.0)
"""EUR a day: a town of 4 MW and two of 1 MW each pay the giver's cost of 5 EUR/MWh, since there is heat for all."""


def run(**platform: Any) -> CollaborationModel:
    """Let a forge heat its utility's town and two others for some days."""
    even = Process(kind="shaped", load_table="even", mean_load=50.0, production_share=0.0)
    steady = Demand(mean=10.0, variation=0.0, season=0.0)
    forge = ManufacturerInputs(
        name="forge", utility="power", process=even, demand=steady, heat=Heat(waste_share=0.5, recovery_cost=5.0)
    )
    rooms = ManufacturerInputs(
        name="rooms", count=2, process=Process(kind="none"), demand=steady, heat=Heat(space=1.0, season=0.0)
    )
    terms = ResourceContract(
        name="warmth", platform="hub", members=("forge", "power", "rooms"), resource="heat", variant="allocation",
        mode="cross_sector",
    )  # fmt: skip
    inputs = ModelInputs(
        calendar=Period(start="2025-01-01", days=DAYS, burn_in=0),
        market=Market(price_table="flat"),
        manufacturers=(forge, rooms),
        utilities=(UtilityInputs(name="power", heat=Heat(space=4.0, season=0.0)),),
        resource_platforms=(ResourcePlatformInputs(name="hub", outage_rate=0.0, **platform),),
        resource_contracts=(terms,),
        own_series=(flat_price(), own_load("even", [[1.0] * 24] * 7)),
    )
    model = CollaborationModel(inputs)
    model.run_to_end()
    return model


def paid(model: CollaborationModel, party: str, *kinds: str) -> float:
    return sum(model.ledger.paid(party, kind) for kind in kinds) / DAYS


def test_an_operator_keeps_the_commission() -> None:
    model = run(commission=0.1, governance="operator")
    assert paid(model, "forge", "rent") == pytest.approx(-RENT)
    assert paid(model, "power", "commission") == pytest.approx(0.1 * 5.0 * 96.0)
    assert paid(model, "hub", "commission", "platform_result") == pytest.approx(-0.1 * RENT)
    assert ("forge", "hub", "platform_result") not in [line[:3] for line in model.transfers()]


def test_members_of_a_cooperative_get_the_commission_back_in_equal_parts() -> None:
    """Four firms: a quarter each, half for the group of two, beside their parts of what the hub costs."""
    model, none = run(commission=0.1), run()
    for party, firms in (("forge", 1), ("power", 1), ("rooms", 2)):
        back = paid(none, party, "platform_result") - paid(model, party, "platform_result")
        assert back == pytest.approx(firms * 0.1 * RENT / 4.0)
    assert paid(model, "hub", "rent", "commission", "platform_fee", "platform_result") == pytest.approx(
        -60_000.0 / 365.0
    )
    assert model.live.cash.sum() == pytest.approx(none.live.cash.sum())
    assert model.live.cash[1] == pytest.approx(none.live.cash[1] + DAYS * 0.1 * (RENT / 4.0 - 5.0 * 24.0))
    named = model.outcomes()["platform_payment", "forge"]
    assert named == pytest.approx(15_000.0 - 365.0 * 0.1 * RENT / 4.0)
