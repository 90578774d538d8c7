"""Technology at work in small economies: nothing from nothing, suppliers, copies, extensions, refusals."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from model.errors import BalanceError, InputError
from model.inputs import Demand, ManufacturerInputs, Ordering, Process
from model.know_how import Technology as Known
from model.mechanisms.technology import Quarter, TechnologyMechanism
from model.streams import Floats
from model.technology_terms import TechnologyContract
from tests.unit.school import DAYS, RIVAL, areas, contract, firm, live, model_of, state, technology


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
