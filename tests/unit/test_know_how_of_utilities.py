"""What utilities know: what it teaches, what it is paid, and what it does not change."""

import math
from typing import Any

import numpy as np
import pytest

from model.errors import InputError
from model.inputs import ManufacturerInputs, Process, UtilityInputs
from model.know_how import Technology as Known
from tests.unit.school import areas, contract, firm, live, technology


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
