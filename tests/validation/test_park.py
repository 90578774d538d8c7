"""The industrial park of the library: symbiosis gains no more than is known, and mechanisms stand in their order."""

from functools import cache

import pytest

from model.inputs import ModelInputs, replace_inputs
from scenarios.run import run_once
from scenarios.spec import load_study

pytestmark = pytest.mark.validation

CEILING_EUR = 3e6
"""Gain of a partner a year: Kalundborg's 24 MEUR for 9 to 11 partners, 1 to 3 each."""
FUTURES = 2
SHORT = {"calendar.days": 120, "calendar.burn_in": 30, "incidents.loss_years": 0}

type Metrics = dict[tuple[str, str], float]


@cache
def park(override: str = "") -> dict[str, ModelInputs]:
    study = load_study("industrial-park", overrides=(override,) if override else ())
    return {name: replace_inputs(inputs, SHORT) for name, inputs in study.strategies.items()}


@cache
def lived(strategy: str, override: str = "") -> list[Metrics]:
    """Return the outcomes of the same few futures, per year."""
    return [run_once(park(override)[strategy], 7, future).metrics for future in range(FUTURES)]


def firms_of(strategy: str) -> dict[str, int]:
    """Return the firms that take part in any resource contract, by group."""
    inputs = park()[strategy]
    count = {maker.name: maker.count for maker in inputs.manufacturers}
    return {name: count.get(name, 1) for contract in inputs.resource_contracts for name in contract.members}


@pytest.mark.parametrize("strategy", ["heat", "heat-halves", "materials", "materials-halves", "resources"])
def test_no_partner_gains_more_than_at_kalundborg(strategy: str) -> None:
    partners = firms_of(strategy)
    for alone, together in zip(lived("none"), lived(strategy), strict=True):
        for name, firms in partners.items():
            gain = alone["party_cost", name] - together["party_cost", name]
            assert gain / firms < CEILING_EUR, name
        saved = alone["real_cost", ""] - together["real_cost", ""]
        assert 0.0 < saved / sum(partners.values()) < CEILING_EUR


@pytest.mark.parametrize(("planned", "halved"), [("heat", "heat-halves"), ("materials", "materials-halves")])
def test_a_planner_and_open_books_save_alike_but_not_for_the_same_people(planned: str, halved: str) -> None:
    """Who is scarce gets all under shadow prices; a price halfway leaves something to everybody who trades."""
    for alone, one, other in zip(lived("none"), lived(planned), lived(halved), strict=True):
        saved, saved_too = (alone["real_cost", ""] - run["real_cost", ""] for run in (one, other))
        assert saved_too == pytest.approx(saved, rel=0.05)
    giver, taker = "steel", "resins" if planned == "heat" else "farms"
    gains = [
        {name: lived("none")[0]["party_cost", name] - lived(s)[0]["party_cost", name] for name in (giver, taker)}
        for s in (planned, halved)
    ]
    assert min(gains[0].values()) < 0.0 < min(gains[1].values())


@pytest.mark.parametrize("resource", ["machines", "people"])
def test_no_mechanism_beats_the_planner_s_bound(resource: str) -> None:
    """Bargaining under private values leaves trades undone; no mechanism beats the programme on true needs.

    Where a promised date is kept whatever it costs, that is: else nobody is short enough to trade anything.
    """
    pool = "people" if resource == "people" else "machines-pooling"
    ways = (f"{resource}-allocation", f"{resource}-leasing", pool)
    assert all(run["matched_surplus", "exchange"] == 0.0 for run in lived(pool))
    for planned, leased, pooled in zip(*(lived(way, "promised") for way in ways), strict=True):
        bound = planned["matched_bound", "exchange"]
        surplus = [run["matched_surplus", "exchange"] for run in (planned, pooled, leased)]
        assert 0.0 < surplus[2] < surplus[0] <= bound * (1.0 + 1e-9)
        assert surplus[1] < 1.02 * bound  # a pool's days drift a little from the planner's


def test_heat_and_materials_come_from_somewhere() -> None:
    for run in lived("resources"):
        for giver, takers in (("steel", ["resins"]), ("chemicals", ["farms"])):
            came = sum(run["heat_from_partners", taker] for taker in takers)
            assert 0.0 < came <= run["heat_given", giver] <= run["waste_heat", giver]
        assert run["by_product_used", "steel"] > 0.0


def test_the_price_of_heat_is_what_its_takers_paid_for_what_they_got() -> None:
    for run in lived("heat-halves"):
        takers = ("resins", "farms")
        paid = sum(run["rent", name] for name in takers)
        delivered = sum(run["heat_from_partners", name] for name in takers)
        assert run["price_of_heat", "exchange"] * delivered == pytest.approx(paid, rel=1e-9)
