"""Technology at work in small economies: what contracts do to research, costs, prices, demand, and money."""

import copy
import math
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from model.errors import BalanceError, InputError, RunError
from model.inputs import Demand, ManufacturerInputs, ModelInputs, Ordering, Period, Process, UtilityInputs
from model.know_how import Technology as Known
from model.mechanisms.technology import Quarter, TechnologyMechanism
from model.model import CollaborationModel
from model.platforms import TechnologyPlatformInputs
from model.streams import Floats
from model.technology import Technology
from model.technology_terms import TechnologyContract

DAYS = 460
"""From 31 December 2024: quarters begin on days 1, 91, 182, 274, 366 and 456."""
RIVAL = {"research_share": 0.03, "product_market": "steel", "price_slope": 2.0, "spillover": 0.2}
"""100 units a day at 600 EUR and a cost of 400 EUR: the equilibrium of two rivals with a slope of 2."""


class Mentoring(TechnologyMechanism):
    """All learn from the best in each area."""

    name = "test_mentoring"

    def learn(self, quarter: Quarter) -> None:
        best = quarter.knowledge.max(axis=0)
        quarter.knowledge += quarter.absorption[:, None] * (best - quarter.knowledge)


class Oblivion(TechnologyMechanism):
    """Members forget."""

    name = "test_oblivion"

    def learn(self, quarter: Quarter) -> None:
        quarter.knowledge -= 1.0


class Generosity(TechnologyMechanism):
    """Everybody is paid, by nobody."""

    name = "test_generosity"

    def royalties(self, saved: Floats) -> Floats:
        return np.full(saved.size, -1.0)


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


# --- nothing declared, nothing agreed -----------------------------------------------------------------


def test_without_declarations_there_is_no_state() -> None:
    tech = technology([firm("a"), firm("b")])
    before = state(tech)
    live(tech, 200, made=100.0)
    assert not tech.active
    assert not hasattr(tech, "knowledge")
    assert tech.book.lines == []
    assert tech.outcomes(1.0) == {}
    assert state(tech) == before


@pytest.mark.parametrize(
    ("variant", "terms"),
    [
        ("exchange", {"meetings": 0}),
        ("cooperation", {"joint_weight": 0.0, "joint_spillover": 0.0}),
        ("sharing", {"openness": 0.0}),
    ],
)
def test_a_contract_that_shares_nothing_changes_no_bit(variant: str, terms: dict[str, Any]) -> None:
    firms = [firm("a", **RIVAL, learning_rate=0.2), firm("b", **RIVAL, learning_rate=0.1, **areas(1, 2, 3, 4, 5))]
    without, null = technology(firms), technology(firms, contract(variant, "a", "b", royalty=0.5, **terms))
    live(without, made=90.0)
    live(null, made=90.0)
    assert null.contracts == []
    assert null.book.lines == without.book.lines
    assert null.knowledge.tobytes() == without.knowledge.tobytes()
    assert state(null) == state(without)
    assert null.outcomes(1.0) == without.outcomes(1.0)


def test_firms_that_no_contract_reaches_keep_every_bit() -> None:
    others = [firm("x", research_share=0.02, product_market="bread", price_slope=1.0), firm("y", research_share=0.01)]
    firms = [firm("a", **RIVAL), firm("b", **RIVAL), *others]
    tied = live(technology(firms, contract("cooperation", "a", "b")))
    assert tied.rivalry.effort[:2] != pytest.approx(tied.rivalry.usual_effort[:2], rel=1e-3)
    assert tied.rivalry.effort[2:].tobytes() == tied.rivalry.usual_effort[2:].tobytes()
    assert tied.cost_change[2:].tolist() == [0.0, 0.0]


def test_research_without_contracts_costs_what_is_declared_and_changes_nothing_else() -> None:
    tech = technology([firm("a", **RIVAL), firm("b", **RIVAL), firm("alone", research_share=0.01)])
    before = state(tech)
    live(tech)
    assert tech.book.today.tolist() == pytest.approx([1800.0, 1800.0, 600.0])
    assert tech.book.cash[:3].tolist() == pytest.approx([-1800.0, -1800.0, -600.0])
    assert [kind for _, _, kind in tech.book.lines] == ["research"] * 3
    assert state(tech) == before
    assert tech.outcomes(1.0 / DAYS)["research_spending", "a"] == pytest.approx(1800.0)


# --- research together --------------------------------------------------------------------------------


def duopoly_effort(beta: float, joint: bool) -> tuple[float, float]:
    """Return usual and joint or own effort of two rivals by d'Aspremont & Jacquemin, D that of the declared state."""
    k = (2.0 - beta) / 3.0
    usual = 0.03 * 600.0 / k
    gamma = 2.0 * 100.0 * k**2 / (0.03 * 600.0)
    room = 3.0 * 2.0 * 100.0 - (1.0 + beta) * usual
    gain = 1.0 + beta if joint else 2.0 - beta
    return usual, gain * room / (4.5 * 2.0 * gamma - gain * (1.0 + beta))


@pytest.mark.parametrize(("beta", "harms"), [(0.2, True), (0.8, False)])
def test_cooperation_of_rivals_harms_consumers_below_half(beta: float, harms: bool) -> None:
    firms = [firm(name, **(RIVAL | {"spillover": beta, "review": 1.0})) for name in "ab"]
    tech = live(technology(firms, contract("cooperation", "a", "b")))
    usual, effort = duopoly_effort(beta, joint=True)
    assert duopoly_effort(beta, joint=False)[1] == pytest.approx(usual)
    assert tech.rivalry.effort == pytest.approx(np.full(2, effort))
    assert (effort < usual) == harms
    dearer = (1.0 + beta) * (usual - effort)
    assert tech.goods.prices[:, 1] == pytest.approx(np.full(2, 400.0 + dearer))
    # Cournot: the price takes 2/3 of it, output falls by a third of it over the slope
    assert tech.goods.prices[:, 0] == pytest.approx(np.full(2, 600.0 + 2.0 * dearer / 3.0))
    demand = 100.0 - dearer / 3.0 / 2.0
    assert tech.stage.live.demand_mean[:2] == pytest.approx(np.full(2, demand))
    assert tech.goods.stock.filter_mean == pytest.approx(np.full(2, demand))
    surplus = ((2.0 * demand) ** 2 - 200.0**2) * 2.0 / 2.0  # half the slope times output squared
    assert tech.rivalry.consumers_gain(tech.price_change, tech.demand_change) == pytest.approx(surplus)
    assert (tech.outcomes(1.0)["consumers_gain", ""] < 0.0) == harms
    difficulty = tech.rivalry.market.difficulty[0]
    assert tech.book.today[:2] == pytest.approx(np.full(2, difficulty * effort**2 / 2.0))


def test_results_arrive_by_and_by() -> None:
    firms = [firm(name, **RIVAL, review=0.25) for name in "ab"]
    tech = live(technology(firms, contract("cooperation", "a", "b")), 100)
    assert tech.rivalry.reduction == pytest.approx((1.0 - 0.75**2) * tech.rivalry.target)


def test_strangers_gain_what_partners_pass_on() -> None:
    """Price takers: effort maximises own and weighted partners' savings, gamma x = q + w s q."""
    firms = [firm(name, research_share=0.02, review=1.0, spillover=0.9) for name in "ab"]
    tech = live(technology(firms, contract("cooperation", "a", "b", joint_spillover=0.5)))
    usual = 2.0 * 0.02 * 600.0
    assert tech.rivalry.effort == pytest.approx(np.full(2, 1.5 * usual))
    assert tech.cost_change == pytest.approx(np.full(2, -(1.5 * 1.5 - 1.0) * usual))
    assert tech.goods.prices[:, 0].tolist() == [600.0, 600.0]
    assert tech.stage.live.demand_mean[:2].tolist() == [100.0, 100.0]


def test_a_monopolist_passes_half_of_its_saving_on() -> None:
    firms = [firm("a", **(RIVAL | {"product_market": "own"})), firm("b", research_share=0.05)]
    tech = live(technology(firms, contract("cooperation", "a", "b", joint_spillover=0.3)))
    assert tech.cost_change[0] < -1.0
    assert tech.price_change == pytest.approx([tech.cost_change[0] / 2.0, 0.0])
    assert tech.demand_change == pytest.approx([-tech.cost_change[0] / 2.0 / 2.0, 0.0])


def test_an_open_pool_lowers_research_and_may_lower_cost() -> None:
    firms = [firm(name, **RIVAL, review=1.0, learning_rate=0.2, absorption=0.5) for name in "ab"]
    tech = live(technology(firms, contract("sharing", "a", "b")))
    assert np.all(tech.rivalry.effort < 0.8 * tech.rivalry.usual_effort)  # members see each other's results anyway
    share = tech.rivalry.spending[0] / 60_000.0
    beta = share / (share + 0.01)
    gamma, usual = tech.rivalry.market.difficulty[0], tech.rivalry.usual_effort[0]
    room = 600.0 - 1.2 * usual
    assert tech.rivalry.effort[0] == pytest.approx(
        (2.0 - beta) * room / (9.0 * gamma - (2.0 - beta) * (1.0 + beta)), rel=1e-3
    )
    assert np.all(tech.cost_change < -1.0)


def test_a_pool_of_one_experience_ends_at_what_all_can_be_taken_in() -> None:
    firms = [firm("pool", count=8, research_share=0.09, half_learning=0.01, learning_rate=0.2, absorption=0.9)]
    tech = live(technology(firms, contract("sharing", "pool", openness=0.5)))
    doublings = math.log2(1.0 + 7.0 * 0.5 * 0.9)  # own research of 9 % of revenue lets 9/10 be taken in
    assert tech.knowledge - 1.0 == pytest.approx(np.full((8, 5), (1.0 - 0.1**6) * doublings))


# --- know-how -----------------------------------------------------------------------------------------


def test_own_output_teaches() -> None:
    """Two years of output before, 90 days in the first full quarter: log2(820/730) doublings."""
    tech = technology([firm("a", learning_rate=0.2, energy_learning=0.1, experience=2.0), firm("b")])
    live(tech, 92, made=100.0)
    doublings = math.log2(73_000.0 + 91 * 100.0) - math.log2(73_000.0)
    assert tech.knowledge[0] == pytest.approx(np.full(5, 1.0 + doublings))
    assert tech.knowledge[1].tolist() == [1.0] * 5
    assert tech.goods.prices[:, 1] == pytest.approx([400.0 * (0.7 + 0.3 * 0.8**doublings), 400.0])
    assert tech.energy_factor == pytest.approx([0.9**doublings, 1.0])


@pytest.mark.parametrize(("public", "openness"), [(0.0, 1.0), (3.0, 1.0), (30.0, 0.5)])
def test_what_is_public_is_in_the_declared_cost_and_in_no_saving(public: float, openness: float) -> None:
    """Eight alike that take in z = .9: 1 + z T of experience each at the start, 1 + z (7 openness + T) in the pool."""
    known = {
        "research_share": 0.009,
        "half_learning": 0.001,
        "learning_rate": 0.2,
        "energy_learning": 0.05,
        "absorption": 1.0,
    }
    firms = [firm("pool", count=8, **known, public_experience=public, spillover=0.0)]
    before = technology(firms)
    tech = live(technology(firms, contract("sharing", "pool", openness=openness)), 2)
    ratio = (1.0 + 0.9 * (7.0 * openness + public)) / (1.0 + 0.9 * public)
    expected = 400.0 * 0.3 * (ratio ** math.log2(0.8) - 1.0)
    assert tech.cost_change + tech.rivalry.reduction == pytest.approx(np.full(8, expected))
    assert tech.energy_factor == pytest.approx(np.full(8, ratio ** math.log2(0.95)))
    assert tech.outcomes(1.0)["mean_knowledge", ""] == pytest.approx(math.log2(ratio) / 2.0)  # on one of two days
    assert live(before, 2).cost_change.tolist() == [0.0] * 8


def test_own_output_counts_beside_what_is_public() -> None:
    """A tenth more of its own is less than a tenth more of all it has: 1.1 + .5 * 4 over 1 + .5 * 4."""
    tech = technology([firm("a", learning_rate=0.2, research_share=0.01, public_experience=4.0, experience=2.5)])
    live(tech, 92, made=100.0 * 0.1 * 2.5 * 365.0 / 91.0)
    assert tech.knowledge[0] == pytest.approx(np.full(5, 1.0 + math.log2(1.1)))
    assert tech.goods.prices[0, 1] == pytest.approx(400.0 * (0.7 + 0.3 * (3.1 / 3.0) ** math.log2(0.8)))


def test_what_a_utility_knows_of_energy_saves_a_works_electricity() -> None:
    """The works knows more of material and the utility of energy; one meeting closes what they grasp of the gap."""
    works = ManufacturerInputs(
        name="works",
        process=Process(kind="none", unit_cost=400.0, unit_price=600.0),
        technology=Known(energy_learning=0.1, absorption=0.5, **areas(8, 4, 4, 4, 4)),
    )
    power = UtilityInputs(name="power", technology=Known(absorption=0.5, **areas(4, 8, 4, 4, 4)))
    firms, terms = (
        [works, firm("other", learning_rate=0.1)],
        contract("exchange", "works", "power", meetings=1, mode="cross_sector"),
    )
    tech = live(technology(firms, terms, utilities=(power,)), 2)
    product, square = 2.0 * 32.0 + 3.0 * 16.0, 64.0 + 4.0 * 16.0
    distance = 1.0 - product / square
    grasp = (1.0 - distance) * (0.2 + distance) / 0.36
    assert tech.knowledge[0] == pytest.approx([8.0, 4.0 + 0.5 * grasp * 4.0, 4.0, 4.0, 4.0])
    assert tech.knowledge[2] == pytest.approx([4.0 + 0.5 * grasp * 4.0, 8.0, 4.0, 4.0, 4.0])
    assert tech.energy_factor == pytest.approx([0.9 ** (2.0 * grasp), 1.0])
    assert tech.book.cash[[0, 1, 2]].tolist() == [-1500.0, 0.0, -1500.0]
    assert [line for line in tech.book.lines if line[0] == "power"] == [("power", "resources", "coordination")]


def test_a_utility_is_paid_for_what_it_shows() -> None:
    works = firm("works", learning_rate=0.2, research_share=0.01, absorption=1.0, public_experience=2.0)
    power = UtilityInputs(name="power", technology=Known(**areas(3, 3, 3, 3, 3)))
    terms = contract("sharing", "works", "power", royalty=0.4, mode="cross_sector")
    tech = live(technology([works], terms, utilities=(power,)), 50)
    tech.stage.live.produced[:] = 100.0
    tech.review(50)
    own = 2.0 * (1.0 + 0.5 * 2.0)  # half of what is public and of the utility's 8 can be taken in
    due = 0.4 * 100.0 * 400.0 * 0.3 * (1.0 - ((own + 4.0) / own) ** math.log2(0.8))
    assert tech.book.cash[:2] == pytest.approx([-600.0 - due, due])


def test_a_utility_in_joint_research_leaves_others_research_alone() -> None:
    firms = [firm(name, research_share=0.02, review=1.0) for name in "ab"]
    power = UtilityInputs(name="power")
    pact = contract("cooperation", "power", "a", "b", joint_spillover=0.5, mode="cross_sector")
    with_it = live(technology(firms, pact, utilities=(power,)))
    without = live(technology(firms, contract("cooperation", "a", "b", joint_spillover=0.5), utilities=(power,)))
    assert with_it.rivalry.effort == pytest.approx(np.full(2, 1.5 * 24.0))
    assert with_it.rivalry.effort.tolist() == without.rivalry.effort.tolist()


@pytest.mark.parametrize(
    "known",
    [{"learning_rate": 0.1}, {"energy_learning": 0.1}, {"research_share": 0.1}, {"product_market": "light"}],
)
def test_a_utility_has_no_costs_that_follow_from_what_it_knows(known: dict[str, Any]) -> None:
    power = UtilityInputs(name="power", technology=Known(**known))
    with pytest.raises(InputError, match=f"firms.power.technology.{next(iter(known))}: power is a utility"):
        technology([firm("a")], utilities=(power,))


def test_firms_of_a_group_may_know_more_or_less_than_declared() -> None:
    many = firm("many", count=400, learning_rate=0.2, knowledge_spread=1.5, **areas(8, 8, 8, 8, 0))
    tech = technology([many, firm("plain", learning_rate=0.2)])
    known, floored = tech.knowledge[:400, :4], tech.knowledge[:400, 4]
    assert known.mean() == pytest.approx(8.0, abs=4.0 * 1.5 / 40.0)
    assert known.std() == pytest.approx(1.5, rel=0.08)
    assert np.corrcoef(known.T)[0, 1] == pytest.approx(0.0, abs=0.2)
    assert (floored == 0.0).mean() == pytest.approx(0.5, abs=0.1)
    assert floored.min() == 0.0
    assert tech.knowledge[400].tolist() == [1.0] * 5
    fewer = technology([firm("plain"), replace(many, count=3)])
    assert fewer.knowledge[1:].tobytes() == tech.knowledge[:3].tobytes()
    assert live(tech, 92).goods.prices[:, 1].tolist() == [400.0] * 401  # each firm's own start
    gifted = live(technology([many], contract("exchange", "many", meetings=1)), 2)
    assert (gifted.knowledge > gifted.start).any()


def test_knowledge_of_energy_lowers_the_electricity_of_a_unit() -> None:
    works = ManufacturerInputs(
        name="works",
        utility="",
        demand=Demand(mean=1000.0),
        technology=Known(energy_learning=0.1, absorption=0.5),
    )
    joiner = ManufacturerInputs(
        name="joiner",
        sector="wood",
        process=Process(kind="shaped", load_table="furniture_shop_2015"),
        technology=Known(energy_learning=0.2, absorption=0.5, energy=3.0),
    )
    tech = technology([works, joiner], contract("test_mentoring", "works", "joiner", mode="cross_sector"))
    heat, load = tech.goods.process[0, 0], tech.goods.mean_load[0]
    live(tech, 92)
    assert tech.goods.process[0, 0] == pytest.approx(heat * 0.9**1.5)  # two doublings behind, halved twice
    assert tech.goods.mean_load[0] == load
    assert tech.knowledge[0].tolist() == [1.0, 2.5, 1.0, 1.0, 1.0]


def exchanging(members: tuple[str, ...], **terms: Any) -> Technology:
    """Return a and rivals b and c, and a stranger s who knows what b knows, after a and its partner have met."""
    rules = {**RIVAL, "learning_rate": 0.2, "price_slope": 2.0, "absorption": 0.2}
    b_knows = areas(1, 9, 1, 1, 1)
    firms = [
        firm("a", **rules, **areas(9, 1, 1, 1, 1)),
        firm("b", **rules, **b_knows),
        firm("c", **rules),
        firm("s", learning_rate=0.2, absorption=0.2, research_share=0.03, **b_knows),
    ]
    return live(technology(firms, contract("exchange", *members, **terms)))


def profit(tech: Technology, row: int = 0) -> float:
    price, cost = tech.goods.prices[row, :2]
    return float((price - cost) * tech.stage.live.demand_mean[row])


def test_exchange_with_a_rival_is_worse_than_with_a_stranger_and_leakage_hurts() -> None:
    stranger, leaking, protected = (
        exchanging(("a", "s"), leakage=leakage, cutoff=0.0) for leakage in (0.0, 0.3, 0.3 * 0.25)
    )
    rival = exchanging(("a", "b"), leakage=0.0, cutoff=0.0)
    assert rival.knowledge[0] == pytest.approx(stranger.knowledge[0])
    assert profit(stranger) > profit(protected) > profit(leaking)
    assert profit(stranger) > profit(rival) > 0.0
    assert leaking.knowledge[2].sum() > protected.knowledge[2].sum() > 5.0  # c is told, in areas where a is ahead
    assert stranger.knowledge[2].tolist() == [1.0] * 5


def test_a_platform_that_protects_lets_less_leak() -> None:
    rules = {"learning_rate": 0.2, "product_market": "steel"}
    firms = [firm("a", **rules, **areas(9, 1, 1, 1, 1)), firm("b", **rules), firm("s", **areas(1, 9, 1, 1, 1))]
    gained = []
    for protection in (0.0, 0.75, 1.0):
        tech = live(technology(firms, contract("exchange", "a", "s", leakage=0.2), protection=protection), 2)
        gained.append(tech.knowledge[1].sum() - 5.0)
    assert gained[0] > 0.0
    assert gained[1] == pytest.approx(0.25 * gained[0])
    assert gained[2] == 0.0


def test_a_middle_distance_teaches_most() -> None:
    """Partners with the same lead over a, alike, middling and far."""
    gained = []
    for other in ((8, 0, 0, 0, 8.5), (4, 0, 0, 0, 8.5), (0, 0, 0, 0, 8.5)):
        firms = [firm("a", learning_rate=0.2, absorption=0.2, **areas(8.1, 0, 0, 0, 3)), firm("b", **areas(*other))]
        tech = live(technology(firms, contract("exchange", "a", "b", meetings=1, cutoff=0.0)), 2)
        gained.append((tech.knowledge[0, 4] - 3.0) / (8.5 - 3.0))
    assert gained[1] > gained[0]
    assert gained[1] > gained[2]


def test_meetings_cost_both_sides_on_their_day() -> None:
    firms = [firm(name, learning_rate=0.1) for name in "abc"]
    tech = technology(firms, contract("exchange", "a", "b", "c", meetings=3, transfer_cost=500.0))
    booked = []
    for day in range(93):
        tech.review(day)
        booked.append(tech.book.cash[:3].copy())
    assert booked[0].tolist() == [0.0] * 3
    assert booked[1].tolist() == booked[91].tolist() == [-2 * 3 * 500.0] * 3
    assert sum(booked).tolist() == [-6000.0] * 3


def test_a_platform_that_is_down_puts_meetings_off() -> None:
    firms = [firm("a", learning_rate=0.1, **areas(5, 1, 1, 1, 1)), firm("b", **areas(1, 5, 1, 1, 1))]
    tech = technology(firms, contract("exchange", "a", "b"))
    tech.contracts[0].online = np.arange(DAYS) >= 4
    seen = []
    for day in range(8):
        tech.review(day)
        seen.append(tech.knowledge[0, 1])
    assert seen[:4] == [1.0] * 4
    assert seen[4] > 1.0
    assert seen[4:] == [seen[4]] * 4


def test_royalties_are_shares_of_savings_by_what_others_put_in() -> None:
    firms = [
        firm("a", learning_rate=0.2, research_share=0.01, absorption=1.0, public_experience=0.0),
        firm("b", learning_rate=0.2, absorption=1.0, **areas(2, 2, 2, 2, 2)),
        firm("c", learning_rate=0.2, absorption=1.0, **areas(3, 3, 3, 3, 3)),
    ]
    tech = technology(firms, contract("sharing", "a", "b", "c", royalty=0.4, leakage=0.0))
    live(tech, 50)
    tech.stage.live.produced[:] = 100.0
    tech.review(50)
    # only a does research and can take in anything: half of 4 + 8 on top of its 2, 2 doublings
    assert tech.knowledge.mean(axis=1) == pytest.approx([3.0, 2.0, 3.0])
    due = 0.4 * 100.0 * 400.0 * 0.3 * (1.0 - 0.8**2)
    assert tech.book.cash[:3] + np.array([600.0, 0.0, 0.0]) == pytest.approx([-due, due / 3.0, due * 2.0 / 3.0])
    royalty = [i for i, (_, payee, kind) in enumerate(tech.book.lines) if (payee, kind) == ("school", "royalty")]
    assert tech.book.today[royalty].sum() == pytest.approx(0.0, abs=1e-9)


# --- demand along the chain, copies, extensions, refusals ---------------------------------------------


def test_more_final_demand_is_more_demand_for_suppliers() -> None:
    mill = firm("mill", mean=100.0)
    firms = [firm("a", supplier="mill", **RIVAL), firm("b", supplier="mill", **RIVAL), mill]
    firms = [ManufacturerInputs(**{**vars(f), "ordering": Ordering(policy="moving_average")}) for f in firms]
    tech = live(technology(firms, contract("cooperation", "a", "b", joint_spillover=0.8)))
    assert tech.demand_change[0] > 0.1
    assert tech.goods.stock.filter_mean - [100.0, 100.0, 200.0] == pytest.approx(
        [tech.demand_change[0], tech.demand_change[1], tech.demand_change[:2].sum()]
    )
    assert tech.stage.live.demand_mean[2] == 100.0


def test_a_copy_goes_on_as_the_original() -> None:
    firms = [firm(name, **RIVAL, learning_rate=0.2, **areas(*levels)) for name, levels in
             (("a", (1, 2, 3, 4, 5)), ("b", (5, 4, 3, 2, 1)), ("c", (2, 2, 9, 2, 2)))]  # fmt: skip
    pacts = (
        contract("exchange", "a", "b", "c"),
        TechnologyContract(name="pool", platform="school", members=("a", "c"), variant="sharing", royalty=0.1),
    )
    model = model_of(firms, *pacts)
    model.run_for(100)
    twins = [model, copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
    for twin in twins:
        twin.run_to_end()
    first, *others = (twin.technology for twin in twins)
    for other in others:
        assert state(other) == state(first)
        assert other.knowledge.tobytes() == first.knowledge.tobytes()
    assert len({tuple(twin.outcomes().items()) for twin in twins}) == 1


def test_a_whole_run_balances_and_reports_what_happened() -> None:
    firms = [firm("a", **RIVAL, learning_rate=0.2), firm("b", **RIVAL, learning_rate=0.2, **areas(1, 2, 1, 2, 1))]
    model = model_of(firms, contract("sharing", "a", "b", royalty=0.3), protection=0.5)
    model.run_to_end()
    found = model.outcomes()
    assert found["unit_cost_change", "a"] < 0.0
    assert found["consumers_gain", ""] > 0.0
    assert found["cost_research", ""] == pytest.approx(
        found["research_spending", "a"] + found["research_spending", "b"]
    )
    assert found["cost_research", ""] < 2 * 1800.0 * 365.0


def test_a_mechanism_of_ones_own_is_found_by_name() -> None:
    firms = [firm("a", learning_rate=0.2, absorption=0.5, **areas(5, 1, 1, 1, 1)), firm("b")]
    tech = live(technology(firms, contract("test_mentoring", "b", "a")), 2)
    assert tech.knowledge.tolist() == [[5.0, 1.0, 1.0, 1.0, 1.0], [1.4, 1.0, 1.0, 1.0, 1.0]]


@pytest.mark.parametrize(("variant", "words"), [("test_oblivion", "somebody forgets"), ("test_generosity", "not to")])
def test_a_mechanism_that_breaks_the_rules_stops_the_run(variant: str, words: str) -> None:
    tech = technology([firm("a", learning_rate=0.2), firm("b")], contract(variant, "a", "b", royalty=0.5))
    with pytest.raises(BalanceError, match=words):
        live(tech, 5)


@pytest.mark.parametrize(
    ("firms", "words"),
    [
        ([firm("a", **(RIVAL | {"price_slope": 7.0}))], "firms.a.technology.price_slope: at 100 units a day"),
        ([firm("a", **(RIVAL | {"price_slope": 0.1})), firm("b", **RIVAL)], "one market has one slope"),
        ([firm("a", **(RIVAL | {"price_slope": 0.1}))], "more research would always pay"),
        (
            [firm("a", supplier="b"), ManufacturerInputs(name="b", technology=Known(**RIVAL))],
            "b sells to other firms",
        ),
    ],
)
def test_markets_that_contradict_themselves_are_refused(firms: list[ManufacturerInputs], words: str) -> None:
    with pytest.raises(InputError) as caught:
        technology(firms)
    assert words in str(caught.value)


def test_a_contract_under_which_research_always_pays_is_refused() -> None:
    """Three rivals with a margin of 40 EUR and research of 30: with partners' profits more of it pays for ever."""
    rules = {"research_share": 0.05, "product_market": "steel", "price_slope": 0.4, "spillover": 1.0}
    firms = [firm(name, **rules) for name in "abc"]
    technology(firms)
    with pytest.raises(InputError, match="firms.a.technology.research_share: more research would always pay"):
        technology(firms, contract("cooperation", "a", "b", "c"))


def test_a_contract_that_would_save_more_than_there_is_is_refused() -> None:
    """Price takers: each of n does (1 + (n - 1)/2) times its 12 EUR, and gets that much of it: 12 * 12.5^2 less 12."""
    firms = [firm("crowd", count=24, research_share=0.01)]
    with pytest.raises(InputError, match="firms.crowd.technology: joint research would lower the unit cost by 1863"):
        technology(firms, contract("cooperation", "crowd", joint_spillover=0.5))


def test_efforts_that_never_settle_stop_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.rivalry.ROUNDS", 2)
    with pytest.raises(RunError, match="a smaller damping"):
        technology([firm(name, **RIVAL) for name in "ab"], contract("cooperation", "a", "b", damping=0.1))
