"""Validation of technology: joint research, its thresholds, cognitive distance, and the pool of experience.

Oracles: each player's own two-stage profit, with quantities from the first-order conditions of the second stage and
effort from a numerical search; the thresholds of d'Aspremont & Jacquemin (1988), American Economic Review 78(5), and
Henriques (1990), American Economic Review 80(3); the derivative of a polynomial; Wright's (1936) law. They share no
code with the engine.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.optimize import brentq, root_scalar

from model.errors import Fault
from model.mechanisms.knowledge import (
    best_distance,
    cost_change,
    effective_doublings,
    learn_from_pool,
    learning_at,
    pooled_experience,
)
from model.mechanisms.research import (
    CONVERGED,
    COURNOT,
    ONE_SELLER,
    PLANNER,
    Market,
    Ties,
    best_efforts,
    cost_reductions,
    effects,
    margin_gains,
    pass_through,
    plan_efforts,
    tie_table,
)
from model.streams import Floats
from model.validation.case import Bench, Case, Check, setting

PRECISION = 1e-6
"""Relative tolerance where the oracle searches numerically."""
BESIDE_POLE = 1.01
"""How far parameters must stay from those at which research pays without limit."""
REGIMES = ("noncooperative", "cartel", "full", "planner")
PLAYERS = 2
STEP, ROUNDS = 1e-13, 200_000
RESEARCH = tuple(
    f"model.mechanisms.research:{name}"
    for name in ("pass_through", "market_totals", "effects", "marginal_profit", "best_efforts", "tie_table")
)
PLANNING = tuple(f"model.mechanisms.research:{name}" for name in ("cost_reductions", "margin_gains", "plan_efforts"))
POOL = tuple(
    f"model.mechanisms.knowledge:{name}"
    for name in ("pooled_experience", "learn_from_pool", "effective_doublings", "cost_change")
)


# --- joint research -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class JointResearch:
    """Parameters of `joint_rd`; two firms, price a - b Q, unit cost A - x_i - beta x_j, D = a - A."""

    D: float = setting(50.0, "EUR/unit", "Highest price less unit cost without research.", bounds=(0.01, 1e6))
    b: float = setting(1.0, "EUR/unit2", "Fall of the price with each unit sold.", bounds=(1e-3, 1e3))
    gamma: float = setting(2.0, "unit2/EUR", "Research costs gamma x^2 / 2.", bounds=(1e-3, 1e4))
    beta: float = setting(0.2, "1", "Part of a cost reduction that the rival gets.", bounds=(0, 1))
    subsidy: float = setting(0.0, "unit", "EUR paid for each EUR/unit of effort.", bounds=(0, 1e6))
    regime: str = setting(
        "noncooperative",
        "",
        "Own effort; joint effort with Cournot output (cartel) or monopoly output (full); or a planner's first best.",
        choices=REGIMES,
    )


def closed_form(s: JointResearch) -> tuple[float, float, float]:
    """Return effort, output of both firms and profit per firm as published, a subsidy s put in."""
    d, up, scale = s.D, 1.0 + s.beta, {"full": 4.0, "planner": 2.0}.get(s.regime, 4.5) * s.b
    gain = 2.0 - s.beta if s.regime == "noncooperative" else up
    effort = (gain * d + scale * s.subsidy) / (scale * s.gamma - gain * up)
    cost = s.gamma * effort**2 / 2.0 - s.subsidy * effort
    room = d + up * effort
    if s.regime == "planner":
        return effort, room / s.b, -cost
    if s.regime == "full":
        return effort, room / (2.0 * s.b), room**2 / (8.0 * s.b) - cost
    return effort, 2.0 * room / (3.0 * s.b), room**2 / (9.0 * s.b) - cost


def _quantities(s: JointResearch, one: float, other: float) -> tuple[float, float, float]:
    """Return both outputs and the price less a, of the second stage, from its first-order conditions."""
    room = np.array([s.D + one + s.beta * other, s.D + other + s.beta * one])
    if s.regime in ("noncooperative", "cartel"):
        q = np.linalg.solve(s.b * np.array([[2.0, 1.0], [1.0, 2.0]]), room)
        return float(q[0]), float(q[1]), float(-s.b * q.sum())
    total = room.mean() / (2.0 * s.b if s.regime == "full" else s.b)
    return float(total / 2.0), float(total / 2.0), float(-s.b * total)


def _profit(s: JointResearch, one: float, other: float) -> float:
    """Return the first firm's profit with both efforts given."""
    q, _, fall = _quantities(s, one, other)
    return (s.D + fall + one + s.beta * other) * q - s.gamma * one**2 / 2.0 + s.subsidy * one


def _welfare(s: JointResearch, one: float, other: float) -> float:
    """Return consumers' surplus and both profits."""
    q, p, _ = _quantities(s, one, other)
    return s.b * (q + p) ** 2 / 2.0 + _profit(s, one, other) + _profit(s, other, one)


def searched(s: JointResearch) -> tuple[float, float, float]:
    """Return effort, output of both firms and profit per firm by numerical search over efforts."""
    unit = s.D / max(1.0, s.b * s.gamma) + s.subsidy / s.gamma

    def best(value: Callable[[float], float]) -> float:
        def slope(x: float) -> float:  # central differences are exact on a parabola
            return (value(x + unit) - value(x - unit)) / (2.0 * unit)

        return float(root_scalar(slope, x0=0.0, x1=unit, rtol=1e-13).root)

    def unmoved(x: float) -> float:
        return best(partial(_profit, s, other=x)) - x

    if s.regime == "noncooperative":
        effort = float(root_scalar(unmoved, x0=0.0, x1=unit, rtol=1e-13).root)
    elif s.regime == "planner":
        effort = best(lambda x: _welfare(s, x, x))
    else:
        effort = best(lambda x: _profit(s, x, x))
    q, p, _ = _quantities(s, effort, effort)
    return effort, q + p, _profit(s, effort, effort)


def _joint_refusal(s: JointResearch) -> list[Fault]:
    """Return the second-order conditions that fail."""
    bg, up = s.b * s.gamma, 1.0 + s.beta
    needed = {
        "noncooperative": ((4.5 * bg, (2.0 - s.beta) ** 2, "own"), (4.5 * bg, (2.0 - s.beta) * up, "both firms'")),
        "cartel": ((4.5 * bg, up**2, "joint"), (bg, 2.0 * (1.0 - s.beta) ** 2, "unevenly split")),
        "full": ((4.0 * bg, up**2, "joint"),),
        "planner": ((2.0 * bg, up**2, "the planner's"),),
    }
    faults = [
        Fault(
            "joint_rd.gamma",
            f"{whose} effort has no best: the second-order condition asks for {right:.4g} < {left:.4g}",
            f"b * gamma above {BESIDE_POLE * bg * right / left:.4g}",
        )
        for left, right, whose in needed[s.regime]
        if left <= BESIDE_POLE * right
    ]
    if s.regime == "planner" and s.subsidy > 0.0:
        faults.append(Fault("joint_rd.subsidy", "a planner does not answer to a payment between parties", "0"))
    return faults


def _duopoly(s: JointResearch) -> tuple[Market, Ties, Floats]:
    """Return the two firms as the engine sees them, before any research, and room for what their efforts do."""
    conduct = {"full": ONE_SELLER, "planner": PLANNER}.get(s.regime, COURNOT)
    own, common = pass_through(conduct, PLAYERS)
    margin = {COURNOT: s.D / 3.0, ONE_SELLER: s.D / 2.0, PLANNER: s.D}[conduct]
    slope = {COURNOT: s.b, ONE_SELLER: 2.0 * s.b, PLANNER: 4.0 * s.b}[conduct]

    def both(value: float) -> Floats:
        return np.full(PLAYERS, value)

    market = Market(
        place=np.zeros(PLAYERS, np.int64),
        spillover=both(s.beta),
        own=both(own),
        common=both(common),
        output=both(margin / slope),
        margin=both(margin),
        flatness=both(1.0 / slope),
        difficulty=both(s.gamma),
        subsidy=both(s.subsidy),
    )
    weight = 0.0 if s.regime == "noncooperative" else 1.0
    ties = tie_table(PLAYERS, np.array([0, 1]), np.array([1, 0]), both(weight), both(0.0), market)
    return market, ties, np.zeros(PLAYERS)


def answer_slope(s: JointResearch) -> float:
    """Return how much the first firm's best effort rises with the second's, by the engine."""
    market, ties, effort = _duopoly(s)
    rows, room, step = np.arange(PLAYERS), np.zeros(1), s.D / 100.0
    own, tied, best = np.zeros(PLAYERS), np.zeros(ties.partner.size), np.zeros(PLAYERS)
    reduction, gain = np.zeros(PLAYERS), np.zeros(PLAYERS)
    effects(rows, market, ties, room, np.zeros(1), own, tied)
    answers = []
    for other in (0.0, step):
        effort[1] = other
        cost_reductions(rows, effort, market, ties, room, reduction)
        margin_gains(rows, reduction, market, room, gain)
        best_efforts(rows, effort, gain, own, tied, market, ties, best)
        answers.append(best[0])
    return float((answers[1] - answers[0]) / step)


def planned(s: JointResearch) -> tuple[float, float, float]:
    """Return effort, output of both firms and profit of the first by the engine's damped best responses.

    They are damped as far as the slope of the responses asks for.
    """
    market, ties, effort = _duopoly(s)
    gain, rows = np.zeros(PLAYERS), np.arange(PLAYERS)
    damping = np.full(PLAYERS, min(1.0, 1.0 / (1.0 - answer_slope(s))))
    settled = plan_efforts(rows, market, ties, 1, np.zeros(PLAYERS), damping, STEP, ROUNDS, effort, gain)
    if settled != CONVERGED:
        return math.nan, math.nan, math.nan
    sold = market.output + market.flatness * gain
    cost = float(s.gamma * effort[0] ** 2 / 2.0 - s.subsidy * effort[0])
    if s.regime == "planner":  # what counts for a planner is half the square of the gain: two units sold for each
        return float(effort[0]), float(2.0 * sold.sum()), -cost
    return float(effort[0]), float(sold.sum()), float((market.margin[0] + gain[0]) * sold[0]) - cost


def _measure_joint(s: JointResearch, _: Bench) -> dict[str, Check]:
    keys = ("effort", "output", "profit_per_firm")
    found, expected = planned(s), searched(s)
    scale = s.gamma * expected[0] ** 2 / 2.0
    checks = {k: Check(found=f, expected=e, rel=PRECISION) for k, f, e in zip(keys, found, expected, strict=True)}
    checks["profit_per_firm"] = Check(
        found=found[2], expected=expected[2], absolute=PRECISION * max(scale, abs(expected[2]))
    )
    return checks


# --- thresholds ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Parameters of `joint_rd_thresholds`."""

    b: float = setting(1.0, "EUR/unit2", "Fall of the price with each unit sold.", bounds=(1e-3, 1e3))
    gamma: float = setting(1.0, "unit2/EUR", "Research costs gamma x^2 / 2.", bounds=(1e-3, 1e4))


LEAST_BG, MOST_BG = 0.6, 1.3
"""Between these b * gamma, all three thresholds exist and lie where research has a best."""
ASIDE = 0.02
"""How far the search stays from spillovers at which research pays without limit."""


def published_thresholds(s: Thresholds) -> tuple[float, float, float]:
    """Return the spillovers from which cooperation raises effort, answers settle, and full collusion raises effort."""
    return 0.5, (3.0 - math.sqrt(1.0 + 6.0 * s.b * s.gamma)) / 2.0, 7.0 / 17.0


def _threshold_refusal(s: Thresholds) -> list[Fault]:
    bg = s.b * s.gamma
    if LEAST_BG <= bg <= MOST_BG:
        return []
    what = "from 4/3 on answers settle at any spillover" if bg > MOST_BG else "research pays almost without limit"
    return [Fault("joint_rd_thresholds.gamma", f"b * gamma is {bg:.4g}: {what}", f"b * gamma {LEAST_BG} to {MOST_BG}")]


def _measure_thresholds(s: Thresholds, _: Bench) -> dict[str, Check]:
    bg = s.b * s.gamma

    def effort(beta: float, regime: str) -> float:
        return planned(JointResearch(D=1.0, b=s.b, gamma=s.gamma, beta=beta, regime=regime))[0]

    def over(regime: str, top: float) -> float:
        alone = 2.0 - math.sqrt(4.5 * bg)
        joint = (8.0 - math.sqrt(max(0.0, 90.0 * bg - 36.0))) / 10.0  # own and partner's curvature: 5 b2 - 8 b + 5
        low = max(0.0, joint if regime == "cartel" else alone) + ASIDE
        high = min(1.0, top) - ASIDE
        return float(brentq(lambda x: effort(x, regime) - effort(x, "noncooperative"), low, high, xtol=1e-12))

    low = max(0.0, 2.0 - math.sqrt(4.5 * bg) + PRECISION)
    stable = brentq(lambda x: answer_slope(JointResearch(D=1.0, b=s.b, gamma=s.gamma, beta=x)) + 1.0, low, 1.0)
    found = over("cartel", math.sqrt(4.5 * bg) - 1.0), float(stable), over("full", math.sqrt(4.0 * bg) - 1.0)
    keys = ("effort_crossover_beta", "stability_beta", "full_crossover_beta")
    expected = published_thresholds(s)
    return {k: Check(found=f, expected=e, absolute=PRECISION) for k, f, e in zip(keys, found, expected, strict=True)}


# --- cognitive distance and the pool ------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class CognitiveDistance:
    """Parameters of `cognitive_distance`: learning is (a0 - a1 d)(b0 + b1 d)."""

    a0: float = setting(1.0, "1", "Mutual understanding at no distance.", bounds=(1e-3, 1e3))
    a1: float = setting(1.0, "1", "Its fall with distance.", bounds=(1e-3, 1e3))
    b0: float = setting(0.2, "1", "Novelty at no distance.", bounds=(0, 1e3))
    b1: float = setting(1.0, "1", "Its rise with distance.", bounds=(1e-3, 1e3))


def highest_point(s: CognitiveDistance) -> tuple[float, float]:
    """Return where the parabola is highest between 0 and a0/a1, and its value: at an end, or where it is level."""
    curve = np.polynomial.Polynomial([s.a0, -s.a1]) * np.polynomial.Polynomial([s.b0, s.b1])
    level = [x for x in np.real(curve.deriv().roots()).tolist() if 0.0 <= x <= s.a0 / s.a1]
    return max(((d, float(curve(d))) for d in (0.0, s.a0 / s.a1, *level)), key=lambda point: point[1])


def _measure_distance(s: CognitiveDistance, _: Bench) -> dict[str, Check]:
    distance = float(best_distance(s.a0, s.a1, s.b0, s.b1))
    value = float(learning_at(distance, s.a0, s.a1, s.b0, s.b1))
    expected = highest_point(s)
    return {
        "distance": Check(found=distance, expected=expected[0], absolute=1e-9 * s.a0 / s.a1),
        "value": Check(found=value, expected=expected[1], rel=1e-9),
    }


@dataclass(frozen=True, kw_only=True)
class LearningPool:
    """Parameters of `learning_pool`."""

    learning_rate: float = setting(0.2, "1", "Fall of unit cost per doubling of experience.", bounds=(0.001, 0.6))
    n: int = setting(8, "1", "Firms of equal cumulative output that lay everything open.", bounds=(2, 100_000))
    public: float = setting(
        0.0,
        "1",
        "Experience that all could know before, over the own; 0: firms learnt from nobody.",
        bounds=(0.0, 1000.0),
    )


EXPERIENCE = 3.0
"""Doublings that each firm brings along; it cancels out."""
AREAS = 5


def pooled_ratio(s: LearningPool) -> float:
    """Return unit cost after pooling over that before: N^-w, learning rate 1 - 2^-w (Wright 1936).

    Where T of public experience is known to all before and after, ((N + T) / (1 + T))^-w (Cohen & Levinthal 1989).
    """
    return float(((s.n + s.public) / (1.0 + s.public)) ** math.log2(1.0 - s.learning_rate))


def _measure_pool(s: LearningPool, _: Bench) -> dict[str, Check]:
    rows, everything = np.arange(s.n), np.ones(s.n)
    experience = np.full((s.n, AREAS), EXPERIENCE)
    knowledge, pooled = experience.copy(), np.zeros((s.n, AREAS))
    pooled_experience(rows, experience, 1.0, everything, pooled)
    learn_from_pool(rows, pooled, everything, knowledge)
    gained = effective_doublings(knowledge - experience, s.public * everything)
    change = cost_change(gained, s.learning_rate * everything, everything)
    return {"cost_ratio": Check(found=1.0 + float(change[-1]), expected=pooled_ratio(s), rel=1e-9)}


CASES = (
    Case(
        name="joint_rd",
        title="Research of two rivals: alone, together, in full collusion, and as a planner would have it",
        family="technology",
        level="kernel",
        settings=JointResearch,
        measure=_measure_joint,
        refuse=_joint_refusal,
        exercises=lambda _: (*RESEARCH, *PLANNING),
        source="d'Aspremont & Jacquemin (1988), American Economic Review 78(5), 1133-1137; output of both firms",
    ),
    Case(
        name="joint_rd_thresholds",
        title="Spillovers from which cooperation raises research, and from which best responses settle",
        family="technology",
        level="unit",
        settings=Thresholds,
        measure=_measure_thresholds,
        refuse=_threshold_refusal,
        exercises=lambda _: (*RESEARCH, *PLANNING),
        source="d'Aspremont & Jacquemin (1988), American Economic Review 78(5); Henriques (1990), American Economic "
        "Review 80(3)",
    ),
    Case(
        name="cognitive_distance",
        title="Cognitive distance from which most is learnt",
        family="technology",
        level="unit",
        settings=CognitiveDistance,
        measure=_measure_distance,
        exercises=lambda _: (
            "model.mechanisms.knowledge:best_distance",
            "model.mechanisms.knowledge:learning_at",
        ),
        source="Nooteboom, Van Haverbeke, Duysters, Gilsing & van den Oord (2007), Research Policy 36(7), 1016-1034",
    ),
    Case(
        name="learning_pool",
        title="Unit cost when firms pool their experience",
        family="technology",
        level="kernel",
        settings=LearningPool,
        measure=_measure_pool,
        exercises=lambda _: POOL,
        source="Wright (1936), Journal of the Aeronautical Sciences 3(4), 122-128; Cohen & Levinthal (1989), Economic "
        "Journal 99(397), 569-596",
    ),
)
