"""Know-how: from own output, from an open pool, of a group, and what it is paid with."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.school import areas, contract, firm, live, technology


def test_a_pool_of_one_experience_ends_at_what_all_can_be_taken_in() -> None:
    firms = [firm("pool", count=8, research_share=0.09, half_learning=0.01, learning_rate=0.2, absorption=0.9)]
    tech = live(technology(firms, contract("sharing", "pool", openness=0.5)))
    doublings = math.log2(1.0 + 7.0 * 0.5 * 0.9)  # own research of 9 % of revenue lets 9/10 be taken in
    assert tech.knowledge - 1.0 == pytest.approx(np.full((8, 5), (1.0 - 0.1**6) * doublings))


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
