"""Research chosen in two stages, by numerical optima of each player's own profit, and knowledge that passes on."""

import itertools
import math

import numpy as np
import pytest

from model.mechanisms.knowledge import (
    absorptive_capacity,
    best_distance,
    cognitive_distance,
    cost_change,
    exchange_quarter,
    leak,
    learn_from_pool,
    learning_at,
    meet,
    pooled_experience,
    understanding,
)
from model.mechanisms.research import (
    CONVERGED,
    COURNOT,
    NO_MARKET,
    PRICE_TAKER,
    Market,
    Ties,
    cost_reductions,
    effects,
    margin_gains,
    pass_through,
    plan_efforts,
    research_difficulty,
    tie_table,
    usual_efforts,
)
from model.streams import Floats, stream_key
from model.validation.technology import JointResearch, closed_form, planned, searched

KEY = stream_key(1, 0, "barter")
NOOTEBOOM = np.array([1.0, 1.0, 0.2, 1.0])


# --- duopoly ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("regime", "beta", "effort", "profit"),
    [
        ("noncooperative", 0.2, 13.1579, 307.79),
        ("noncooperative", 0.5, 11.1111, 370.37),
        ("noncooperative", 0.8, 8.7719, 403.97),
        ("cartel", 0.2, 7.9365, 330.69),
        ("cartel", 0.5, 11.1111, 370.37),
        ("cartel", 0.8, 15.6250, 434.03),
        ("full", 0.2, 9.1463, None),
        ("full", 0.8, 18.9076, None),
        ("planner", 0.2, 23.4375, None),
    ],
)
def test_published_efforts_and_profits(regime: str, beta: float, effort: float, profit: float | None) -> None:
    """D'Aspremont & Jacquemin at D 50, b 1, gamma 2, by closed form, by search and by the engine."""
    settings = JointResearch(regime=regime, beta=beta)
    for found in (closed_form(settings), searched(settings), planned(settings)):
        assert found[0] == pytest.approx(effort, abs=5e-5)
        assert profit is None or found[2] == pytest.approx(profit, abs=5e-3)


@pytest.mark.parametrize("regime", ["noncooperative", "cartel", "full", "planner"])
def test_closed_form_and_search_agree(regime: str) -> None:
    for b, gamma, beta in itertools.product((0.2, 3.0), (4.0, 60.0), (0.0, 0.3, 0.9)):
        settings = JointResearch(regime=regime, b=b, gamma=gamma / b, beta=beta, D=7.0)
        assert searched(settings) == pytest.approx(closed_form(settings), rel=1e-8)


def test_cooperation_raises_effort_only_above_half() -> None:
    def over(beta: float) -> float:
        alone, joint = (planned(JointResearch(beta=beta, regime=r))[0] for r in ("noncooperative", "cartel"))
        return joint - alone

    assert over(0.4) < -1.0
    assert over(0.5) == pytest.approx(0.0, abs=1e-9)
    assert over(0.6) > 1.0


# --- unlike rivals, against a search over each player's own profit ------------------------------------


class Industry:
    """Three unlike rivals, a monopolist with falling demand and a price taker, in a state that is their equilibrium."""

    place = np.array([0, 0, 0, 1, NO_MARKET])
    slope = np.array([2.0, 2.0, 2.0, 0.5, 0.0])
    output = np.array([60.0, 40.0, 20.0, 30.0, 10.0])
    spillover = np.array([0.1, 0.4, 0.7, 0.2, 0.5])
    spending = np.array([300.0, 150.0, 60.0, 40.0, 25.0])
    rows = np.arange(5)

    def __init__(self) -> None:
        conduct = [pass_through(COURNOT, 3)] * 3 + [pass_through(COURNOT, 1), pass_through(PRICE_TAKER, 1)]
        own, common = np.array(conduct).T.copy()
        flatness = np.divide(1.0, self.slope, out=np.zeros(5), where=self.slope > 0.0)
        self.market = Market(
            self.place, self.spillover, own, common, self.output, self.slope * self.output, flatness,
            np.full(5, np.inf), np.zeros(5),
        )  # fmt: skip
        none = self.ties([])
        effect = np.zeros(5)
        effects(self.rows, self.market, none, np.zeros(2), np.zeros(2), effect, np.zeros(0))
        difficulty = research_difficulty(self.spending, effect, self.output, self.market.margin, flatness)
        self.market = self.market._replace(difficulty=difficulty)
        self.usual = usual_efforts(self.spending, difficulty)
        self.reference = np.zeros(5)
        cost_reductions(self.rows, self.usual, self.market, none, np.zeros(2), self.reference)

    def ties(self, pairs: list[tuple[int, int, float, float]]) -> Ties:
        """Return ties from (one, other, weight, least spillover)."""
        table = np.array(pairs, dtype=float).reshape(-1, 4)
        one, other = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
        return tie_table(5, one, other, table[:, 2].copy(), table[:, 3].copy(), self.market)

    def plan(self, pairs: list[tuple[int, int, float, float]]) -> Floats:
        effort, gain = self.usual.copy(), np.zeros(5)
        settled = plan_efforts(
            self.rows, self.market, self.ties(pairs), 2, self.reference, np.full(5, 0.5), 1e-14, 10_000, effort, gain
        )
        assert settled == CONVERGED
        return effort

    def profits(self, effort: Floats, pairs: list[tuple[int, int, float, float]]) -> Floats:
        """Return everybody's profit, from the first-order conditions of Cournot rivals; no engine code."""
        gets = np.eye(5)
        for i, j in itertools.permutations(range(5), 2):
            if self.place[i] == self.place[j] != NO_MARKET:
                gets[i, j] = self.spillover[j]
        for i, j, _, least in pairs:
            gets[i, j] = max(gets[i, j], least)
        lower = effort @ gets - self._usual_lower()
        q, margin = self.output.copy(), self.slope * self.output
        margin[4] = 7.0
        for market in (0, 1):
            inside = np.flatnonzero(self.place == market)
            b = self.slope[inside[0]]
            head = b * (self.output[inside].sum() + self.output[inside])  # a - c_i of the declared state
            q[inside] = np.linalg.solve(b * (np.ones((inside.size,) * 2) + np.eye(inside.size)), head + lower[inside])
            margin[inside] = head + lower[inside] - b * q[inside].sum()
        margin[4] += lower[4]
        cost: Floats = self.market.difficulty * effort**2 / 2.0
        return margin * q - cost

    def _usual_lower(self) -> Floats:
        gets = np.eye(5)
        for i, j in itertools.permutations(range(3), 2):
            gets[i, j] = self.spillover[j]
        return self.usual @ gets


TIED = [
    (0, 1, 1.0, 0.6), (1, 0, 1.0, 0.6), (1, 4, 0.5, 0.3), (4, 1, 0.5, 0.3), (0, 3, 0.7, 0.4), (3, 0, 0.7, 0.4),
    (2, 3, 0.0, 0.8),
]  # fmt: skip
"""Rivals together, and ties across markets, one of which only passes results on."""


def test_declared_spending_is_the_equilibrium_without_contracts() -> None:
    industry = Industry()
    assert industry.plan([]) == pytest.approx(industry.usual, rel=1e-12)
    spent = industry.market.difficulty * industry.usual**2 / 2.0
    assert spent == pytest.approx(industry.spending, rel=1e-12)
    # n rivals of one spillover: gamma = 2 q^2 k^2 / spending, k = (n - (n - 1) beta)/(n + 1); price taker: k = 1/2
    assert industry.market.difficulty[3] == pytest.approx(2.0 * 30.0**2 / 4.0 / 40.0)
    assert industry.market.difficulty[4] == pytest.approx(2.0 * 10.0**2 / 4.0 / 25.0)
    k = (3.0 - 0.4 - 0.7) / 4.0
    assert industry.market.difficulty[0] == pytest.approx(2.0 * 60.0**2 * k**2 / 300.0)


@pytest.mark.parametrize("pairs", [[], TIED], ids=["alone", "tied"])
def test_nobody_gains_by_another_effort(pairs: list[tuple[int, int, float, float]]) -> None:
    """Each effort is where a central difference of the player's own aim, exact on a parabola, is level and falling."""
    industry = Industry()
    effort = industry.plan(pairs)
    weights = np.eye(5)
    for i, j, weight, _ in pairs:
        weights[i, j] = weight
    for i in range(5):
        step = np.zeros(5)
        step[i] = 0.1 * effort[i]
        less, here, more = (weights[i] @ industry.profits(effort + s, pairs) for s in (-step, 0.0, step))
        assert more + less - 2.0 * here < 0.0
        assert abs(more - less) < 1e-6 * abs(more + less - 2.0 * here)
    if pairs:
        assert not np.allclose(effort, industry.usual, rtol=1e-3)


def test_margins_follow_cournot_in_a_market_of_any_size() -> None:
    industry = Industry()
    lower = np.array([3.0, 1.0, 0.0, 2.0, 5.0])
    gain = np.zeros(5)
    margin_gains(industry.rows, lower, industry.market, np.zeros(2), gain)
    # dq_i = (-n dc_i + sum of others' dc)/(b (n + 1)), margin rises by b dq_i; monopoly by half; price taker by all
    assert gain == pytest.approx([(3 * 3 - 1) / 4, (3 * 1 - 3) / 4, -4 / 4, 1.0, 5.0])


def test_research_that_always_pays_has_no_best() -> None:
    industry = Industry()
    cheap = industry.market._replace(difficulty=np.full(5, 1e-3))
    effort, gain = np.ones(5), np.zeros(5)
    failed = plan_efforts(
        industry.rows, cheap, industry.ties([]), 2, industry.reference, np.ones(5), 1e-12, 10, effort, gain
    )
    assert failed == 0


def test_undamped_answers_diverge_at_low_spillover_and_damped_ones_settle() -> None:
    """Henriques (1990): at b gamma 1 reaction slopes exceed one below beta .177."""
    own, common = pass_through(COURNOT, 2)
    both = np.ones(2)
    market = Market(
        np.zeros(2, np.int64), 0.05 * both, own * both, common * both, 50.0 / 3.0 * both, 50.0 / 3.0 * both, both,
        both, 0.0 * both,
    )  # fmt: skip
    nobody = tie_table(2, np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0), market)
    found = []
    for damping in (1.0, 0.2):
        effort, gain = np.full(2, 10.0), np.zeros(2)
        found.append(
            plan_efforts(np.arange(2), market, nobody, 1, np.zeros(2), np.full(2, damping), 1e-12, 5000, effort, gain)
        )
    assert found == [2, CONVERGED]
    assert effort == pytest.approx(np.full(2, closed_form(JointResearch(gamma=1.0, beta=0.05))[0]))


def test_a_pair_named_twice_keeps_the_closest_tie() -> None:
    industry = Industry()
    ties = industry.ties([(0, 1, 0.0, 0.9), (0, 1, 1.0, 0.2), (4, 0, 0.5, 0.3)])
    assert ties.first.tolist() == [0, 1, 1, 1, 1, 2]
    assert ties.partner.tolist() == [1, 0]
    assert ties.weight.tolist() == [1.0, 0.5]
    assert ties.extra == pytest.approx([0.9 - 0.4, 0.3])  # beyond what firm 1 gets of its rivals anyway


# --- knowledge ----------------------------------------------------------------------------------------


def test_barter_needs_a_double_coincidence_of_wants() -> None:
    knowledge = np.array([[5.0, 5.0], [1.0, 1.0], [1.0, 9.0]])
    assert meet(0, 1, knowledge, 0.5, 0.5, 0.01, KEY, 0, 0, 0) == 0
    assert knowledge[:2].tolist() == [[5.0, 5.0], [1.0, 1.0]]
    assert meet(0, 2, knowledge, 0.5, 0.25, 0.01, KEY, 0, 0, 0) == 1
    assert knowledge[0].tolist() == [5.0, 7.0]
    assert knowledge[2].tolist() == [2.0, 9.0]


def test_leads_within_the_cutoff_count_for_nothing() -> None:
    knowledge = np.array([[10.0, 5.0], [9.95, 8.0]])
    assert meet(0, 1, knowledge, 0.5, 0.5, 0.01, KEY, 0, 0, 0) == 0
    assert meet(0, 1, knowledge, 0.5, 0.5, 0.001, KEY, 0, 0, 0) == 1


def test_chance_decides_evenly_which_of_many_leads_is_given() -> None:
    given = np.zeros(4)
    for day in range(3000):
        knowledge = np.array([[2.0, 2.0, 2.0, 2.0], [1.0, 1.0, 1.0, 3.0]])
        assert meet(0, 1, knowledge, 1.0, 1.0, 0.01, KEY, 7, day, 0) == 1
        assert knowledge[0, 3] == 3.0
        given += knowledge[1] > [1.0, 1.0, 1.0, 3.0]
    assert given[3] == 0.0
    assert given[:3] / 3000 == pytest.approx(np.full(3, 1.0 / 3.0), abs=4.0 * math.sqrt(2.0 / 9.0 / 3000))


def test_distance_is_a_matter_of_direction() -> None:
    one, other = np.array([1.0, 2.0, 0.0]), np.array([0.0, 0.0, 3.0])
    assert cognitive_distance(one, 5.0 * one) == pytest.approx(0.0, abs=1e-15)
    assert cognitive_distance(one, other) == 1.0
    assert cognitive_distance(np.array([1.0, 0.0]), np.array([1.0, 1.0])) == pytest.approx(1.0 - math.sqrt(0.5))
    assert cognitive_distance(0.0 * one, one) == 1.0
    assert cognitive_distance(0.0 * one, 0.0 * one) == 0.0


def test_understanding_is_an_inverted_u_with_one_at_its_top() -> None:
    assert best_distance(*NOOTEBOOM) == pytest.approx(0.4)
    assert learning_at(0.4, *NOOTEBOOM) == pytest.approx(0.36)
    assert understanding(0.4, NOOTEBOOM) == pytest.approx(1.0)
    assert understanding(0.0, NOOTEBOOM) == pytest.approx(0.2 / 0.36)
    assert understanding(1.0, NOOTEBOOM) == 0.0
    assert understanding(1.0, np.array([1.0, 0.0, 0.0, 1.0])) == 1.0  # understanding never falls: farther is better
    assert understanding(0.0, np.array([1.0, 1.0, 1.0, 0.0])) == 1.0  # nothing new afar: nearer is better
    assert understanding(0.5, np.array([0.0, 1.0, 1.0, 1.0])) == 0.0  # nobody understands anybody


def test_partners_at_a_middle_distance_learn_most() -> None:
    """Of the gap between firms that differ in direction only, a meeting closes most at a middle distance."""
    gained = []
    for angle in (0.05, 0.25, 0.5, 0.75, 0.97):
        turn = angle * math.pi / 4.0
        knowledge = 10.0 * np.array([
            [math.cos(math.pi / 4 - turn), math.sin(math.pi / 4 - turn)],
            [math.cos(math.pi / 4 + turn), math.sin(math.pi / 4 + turn)],
        ])  # fmt: skip
        gap = knowledge[1, 1] - knowledge[0, 1]
        before = knowledge[0, 1]
        pair = np.array([0]), np.array([1])
        exchange_quarter(*pair, knowledge, np.full(2, 0.1), NOOTEBOOM, 0.01, 1, KEY, np.array([3]), 0)
        gained.append((knowledge[0, 1] - before) / gap)
    assert int(np.argmax(gained)) not in {0, len(gained) - 1}
    assert max(gained) <= 0.1
    assert max(gained) > 1.5 * max(gained[0], gained[-1])


def test_a_pool_adds_up_experience_that_members_can_take_in() -> None:
    experience = np.log2(np.array([[1.0, 4.0], [2.0, 4.0], [5.0, 8.0]]))
    pooled = np.zeros((3, 2))
    pooled_experience(np.arange(3), experience, 0.5, np.array([1.0, 0.5, 0.0]), pooled)
    assert np.exp2(pooled) == pytest.approx(np.array([[4.5, 10.0], [3.5, 7.0], [5.0, 8.0]]))
    knowledge = experience.copy()
    knowledge[0, 0] = 9.0
    learn_from_pool(np.arange(3), pooled, np.full(3, 0.25), knowledge)
    assert knowledge[0, 0] == 9.0
    assert knowledge[1, 0] == pytest.approx(1.0 + 0.25 * (math.log2(3.5) - 1.0))


def test_own_research_decides_what_can_be_taken_in() -> None:
    capacity = absorptive_capacity(np.array([0.0, 0.01, 0.03]), np.full(3, 0.01))
    assert capacity == pytest.approx([0.0, 0.5, 0.75])


def test_a_doubling_in_all_areas_is_a_step_of_wright() -> None:
    gained = np.array([[1.0] * 5, [3.0] * 5, [5.0, 0, 0, 0, 0]])
    change = cost_change(gained, np.full(3, 0.2), np.array([1.0, 0.5, 1.0]))
    assert change == pytest.approx([-0.2, 0.5 * (0.512 - 1.0), -0.2])


def test_what_leaks_stops_at_the_level_of_whom_it_leaks_from() -> None:
    knowledge = np.array([[5.0, 5.0], [1.0, 4.9], [6.0, 1.0], [0.0, 0.0]])
    learnt = np.array([[1.0, 1.0]])
    members = np.array([1.0, 0.0, 0.0, 0.0])
    place, sellers = np.array([0, 0, 0, -1]), np.array([0, 1, 2])
    leak(np.array([0]), learnt, place, np.array([0, 3]), sellers, members, 0.2, knowledge)
    assert knowledge == pytest.approx(np.array([[5.0, 5.0], [1.2, 5.0], [6.0, 1.2], [0.0, 0.0]]))
