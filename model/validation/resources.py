"""Validation of sharing resources: bilateral leases, the call market of a pool, and rationing by a planner.

Oracles: the equilibrium of the bilateral bargain (Chatterjee & Samuelson 1983, Operations Research 31(5), 835-851) by
numerical best response; expected sums of the highest of n uniform draws by numerical integration, from which the gains
of an efficient market and of equal parts follow. They share no code with the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.stats import binom

from model.errors import BalanceError, Fault
from model.streams import Floats, stream_key, uniforms
from model.validation.case import Bench, Case, Check, setting
from model.validation.sampling import mean_of, ratio_of, replicate

if TYPE_CHECKING:
    from model.session import Session

SEED = 1983
PRECISION = 0.01
"""Relative tolerance of the random results."""
RESOURCE = "model.mechanisms"


# --- leasing -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Leasing:
    """Parameters of `leasing`."""

    regime: str = setting(
        "strategic",
        "",
        "Bids: true values, those of the linear equilibrium, or a posted price to take or leave.",
        choices=("first_best", "strategic", "posted"),
    )


def expected_gain(bid: Callable[[float], float], ask: Callable[[float], float]) -> tuple[float, float]:
    """Return mean gain and the taker's part of it, value and cost uniform on [0, 1], bids and asks rising.

    The gain of a trade is value less cost; the taker keeps value less the price halfway between bid and ask.
    """

    def over_costs(value: float) -> float:
        highest = _highest_cost(ask, bid(value))
        return highest * (value - 0.5 * highest)

    def taken(value: float) -> float:
        highest = _highest_cost(ask, bid(value))
        return highest * (value - 0.5 * (bid(value) + _mean(ask, highest)))

    return _integral(over_costs), _integral(taken)


def _mean(function: Callable[[float], float], highest: float) -> float:
    """Return the mean of a smooth function over [0, highest], by Gauss and Legendre."""
    nodes, weights = np.polynomial.legendre.leggauss(4)
    return 0.5 * float(weights @ np.array([function(x) for x in 0.5 * highest * (nodes + 1.0)]))


def _highest_cost(ask: Callable[[float], float], bid: float) -> float:
    """Return the highest cost in [0, 1] whose ask is at most the bid, by bisection; 0 where there is none."""
    if ask(0.0) > bid:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if ask(middle) <= bid else (low, middle)
    return low


def _integral(function: Callable[[float], float]) -> float:
    """Return the integral over [0, 1] of a function with a kink somewhere."""
    return float(sum(quad(function, a / 20.0, (a + 1) / 20.0)[0] for a in range(20)))


def equilibrium_bid() -> tuple[float, float]:
    """Return slope and intercept of the buyer's linear bid, found by answering the mirrored seller again and again.

    A seller asks 1 - bid(1 - cost). The buyer's profit at a bid b is the integral of value less the price halfway
    between b and the ask, over all costs whose ask is at most b; its best bid is searched for at two values.
    """
    slope, intercept = 1.0, 0.0
    for _ in range(40):
        lowest, rise = 1.0 - slope - intercept, slope

        def loss(bid: float, value: float, lowest: float = lowest, rise: float = rise) -> float:
            highest = min(1.0, max(0.0, (bid - lowest) / rise))
            return -highest * (value - 0.5 * (bid + _mean(lambda cost: lowest + rise * cost, highest)))

        values = (0.6, 0.9)
        best = [
            minimize_scalar(
                loss, args=(v,), bounds=(lowest, lowest + rise), method="bounded", options={"xatol": 1e-10}
            ).x
            for v in values
        ]
        slope = (best[1] - best[0]) / (values[1] - values[0])
        intercept = best[0] - slope * values[0]
    return float(slope), float(intercept)


def lease_gain(regime: str) -> tuple[float, float]:
    """Return the expected gain of one pair and the taker's part: 1/6, 9/64 or 1/8, found numerically, and half of it.

    The posted price is the one with the highest gain.
    """
    if regime == "first_best":
        return expected_gain(lambda value: value, lambda cost: cost)
    if regime == "posted":
        best = minimize_scalar(lambda p: -_posted_gain(float(p))[0], bounds=(0.0, 1.0), method="bounded")
        return _posted_gain(float(best.x))
    slope, intercept = equilibrium_bid()
    return expected_gain(lambda v: slope * v + intercept, lambda c: 1.0 - slope * (1.0 - c) - intercept)


def _posted_gain(price: float) -> tuple[float, float]:
    taker = price * quad(lambda v: v - price, price, 1.0)[0]
    giver = (1.0 - price) * quad(lambda c: price - c, 0.0, price)[0]
    return float(taker + giver), float(taker)


def _measure_leasing(s: Leasing, bench: Bench) -> dict[str, Check]:
    bargaining = {"first_best": "truthful"}.get(s.regime, s.regime)
    pairs = bench.share(20_000, 200)

    def draw(replication: int) -> Floats:
        session = _isolated_pairs(_drawn("worth", replication, 2 * pairs).reshape(2, pairs))
        _clear(session, variant="leasing", bargaining=bargaining, partners=1, search_cost=0.0)
        gain = session.value[0, 0] * session.taken[0, 0] - np.roll(session.cost[0] * session.given[0], -pairs)
        kept = session.value[0, 0] * session.taken[0, 0] - session.paid
        return np.column_stack([gain[:pairs], kept[:pairs]])

    expected = lease_gain(s.regime)

    def judge(units: Floats) -> dict[str, Check]:
        checks = {}
        for column, key in enumerate(("gain", "gain_of_taker")):
            found, error = mean_of(units[:, column])
            checks[key] = Check(found=found, expected=expected[column], standard_error=error, rel=PRECISION)
        return checks

    return replicate(draw, judge, bench)


def _isolated_pairs(worth: Floats) -> Session:
    """Return n pairs who know nobody else, and two members out of reach who span the market's range, 0 to 1.

    Args:
        worth: values of n takers and costs of n givers, shape (2, n).
    """
    from model.session import Links, new_session

    n = worth.shape[1]
    pairs = np.arange(n)
    session = new_session(np.arange(2 * n + 2), Links(pairs, pairs + n, np.zeros(n)))
    session.need[0, 0, :n], session.value[0, 0, :n] = 1.0, worth[0]
    session.offer[0, n : 2 * n], session.cost[0, n : 2 * n] = 1.0, worth[1]
    session.need[0, 0, 2 * n], session.value[0, 0, 2 * n] = 1.0, 1.0
    session.offer[0, 2 * n + 1], session.cost[0, 2 * n + 1] = 1.0, 0.0
    return session


def _drawn(stream: str, replication: int, count: int) -> Floats:
    """Return uniform draws, shape (count,)."""
    return np.asarray(uniforms(stream_key(SEED, replication, stream), 0, np.zeros(1, np.int64), count)[0])


def _clear(session: Session, **terms: Any) -> None:
    """Let a mechanism clear the session, and hold it to the rules that the engine enforces daily.

    Raises:
        BalanceError: it breaks one.
    """
    from model.mechanisms.resource import mechanism_named
    from model.resource_terms import ResourceContract
    from model.session import Draws

    contract = ResourceContract(name="validation", platform="none", members=(), **terms)
    draws = Draws(lambda name: stream_key(SEED, 0, name), np.arange(session.members))
    mechanism_named(contract.variant)(contract, session, draws).clear(0, session)
    if faults := session.faults():
        raise BalanceError("; ".join(faults))


# --- pool market -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class PoolMarket:
    """Parameters of `pool_market`."""

    n: int = setting(5, "1", "Buyers, and as many sellers, of one unit each.", bounds=(1, 200))


def sum_of_highest(draws: int, served: float) -> float:
    """Return the expected sum of the highest `served` of n uniform draws: integral of E min(served, #{v > t})."""
    counts = np.arange(draws + 1)
    return _integral(lambda t: float(binom.pmf(counts, draws, 1.0 - t) @ np.minimum(served, counts)))


def market_gain(n: int) -> float:
    """Return the expected gain per pair when n units go to the n highest of 2 n valuations, half of them sellers'."""
    return (sum_of_highest(2 * n, n) - n * quad(lambda c: c, 0.0, 1.0)[0]) / n


def _measure_pool(s: PoolMarket, bench: Bench) -> dict[str, Check]:
    markets = bench.share(max(200, 20_000 // s.n), 40)

    def draw(replication: int) -> Floats:
        worth = _drawn("worth", replication, markets * 2 * s.n).reshape(markets, 2 * s.n)
        session = _hall(worth, s.n)
        _clear(session, variant="pooling")
        gain = (session.value * session.taken).sum(axis=(1, 2)) - (session.cost * session.given).sum(axis=1)
        return np.asarray(gain[:, None] / s.n)

    expected = market_gain(s.n)

    def judge(units: Floats) -> dict[str, Check]:
        found, error = mean_of(units[:, 0])
        return {"gain_per_pair": Check(found=found, expected=expected, standard_error=error, rel=PRECISION)}

    return replicate(draw, judge, bench)


def _hall(worth: Floats, buyers: int) -> Session:
    """Return one market a slot: the first members need a unit each, the others offer one.

    Args:
        worth: values and costs, shape (S, m).
        buyers: among the members.
    """
    from model.session import Links, new_session

    nobody = np.zeros(0, np.int64)
    session = new_session(np.arange(worth.shape[1]), Links(nobody, nobody, np.zeros(0)), slots=worth.shape[0])
    session.need[:, 0, :buyers], session.value[:, 0, :buyers] = 1.0, worth[:, :buyers]
    session.offer[:, buyers:], session.cost[:, buyers:] = 1.0, worth[:, buyers:]
    return session


# --- rationing ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Rationing:
    """Parameters of `rationing`."""

    n: int = setting(100, "1", "Members who need one unit each, of values uniform on [0, 1].", bounds=(1, 400))
    kappa: float = setting(0.5, "1", "Units on offer over units needed; kappa n is whole.", bounds=(0.001, 1))


def rationing_efficiency(s: Rationing) -> float:
    """Return the expected sum of values under equal parts over that of the highest kappa n."""
    return s.kappa * s.n * quad(lambda v: v, 0.0, 1.0)[0] / sum_of_highest(s.n, round(s.kappa * s.n))


def _rationing_refusal(s: Rationing) -> list[Fault]:
    served = s.kappa * s.n
    if round(served) < 1 or abs(served - round(served)) > 1e-9 * s.n:
        what = f"kappa n is {served:.6g}: which of n draws are the highest kappa n is known for whole numbers only"
        return [Fault("rationing.kappa", what, "a multiple of 1 / n")]
    return []


RULES: tuple[dict[str, Any], ...] = (
    {"variant": "allocation", "objective": "proportional"},
    {"variant": "allocation"},
    {"variant": "allocation", "inflation": 3.0, "mapping_sd": 0.3},
    {"variant": "leasing", "search_cost": 0.0},
    {"variant": "pooling"},
    {"variant": "pooling", "priority": "equal"},
)
"""Mechanisms whose surplus the bound is held against; the first is measured."""
EVERY = 10
"""Every tenth session is cleared by all of them."""


def _measure_rationing(s: Rationing, bench: Bench) -> dict[str, Check]:
    sessions, violations = bench.share(min(500, max(20, 10_000 // s.n)), 4), [0]

    def draw(replication: int) -> Floats:
        values = _drawn("worth", replication, sessions * s.n).reshape(sessions, s.n)
        rules = [RULES if i % EVERY == 0 else RULES[:1] for i in range(sessions)]
        outcomes = [_ration(np.sort(row), round(s.kappa * s.n), some) for row, some in zip(values, rules, strict=True)]
        violations[0] += sum(broken for *_, broken in outcomes)
        return np.array([surpluses for *surpluses, _ in outcomes])

    def judge(units: Floats) -> dict[str, Check]:
        found, error = ratio_of(units[:, 0], units[:, 1])
        error = error if len(units) >= 2 * sessions else np.inf
        return {
            "efficiency": Check(found=found, expected=rationing_efficiency(s), standard_error=error, rel=PRECISION),
            "lp_bound_violations": Check(found=violations[0], expected=0, absolute=0.0),
        }

    return replicate(draw, judge, bench)


def _ration(values: Floats, served: int, rules: tuple[dict[str, Any], ...]) -> tuple[float, float, int]:
    """Return the surplus of equal parts, the bound, and how many rules, or the served best themselves, exceed it.

    Args:
        values: of the members, rising, so that a rule which serves some in full and others not at all would show.
        served: units on offer, at no cost.
        rules: mechanisms to try, the measured one first.
    """
    from model.session import Links, new_session

    n = values.size
    session = new_session(np.arange(n + 1), Links(np.arange(n), np.full(n, n), np.zeros(n)))
    session.need[0, 0, :n], session.value[0, 0, :n], session.offer[0, n] = 1.0, values, served
    surpluses = []
    bound = np.nan
    for rule in rules:
        _clear(session, **rule)
        surpluses.append(session.surplus)
        bound = session.bound if np.isnan(bound) else bound
    rivals = [*surpluses, float(values[n - served :].sum())]
    return surpluses[0], bound, sum(rival > bound * (1.0 + 1e-9) for rival in rivals)


CASES = (
    Case(
        name="leasing",
        title="Two who bargain over a lease under private values",
        family="resource",
        level="kernel",
        source="Chatterjee & Samuelson (1983), Operations Research 31(5)",
        settings=Leasing,
        measure=_measure_leasing,
        exercises=lambda s: tuple(
            f"{RESOURCE}.leasing:{name}"
            for name in (
                *("by_turn", "choose_partners", "bargain"),
                *(() if s.regime == "first_best" else ("offers_made", "market_range")),
            )
        ),
    ),
    Case(
        name="pool_market",
        title="The gain of n buyers and n sellers in a call market",
        family="resource",
        level="kernel",
        source="expected sum of the n highest of 2 n uniform draws by numerical integration",
        settings=PoolMarket,
        measure=_measure_pool,
        exercises=lambda _: tuple(
            f"{RESOURCE}.pooling:{name}" for name in ("call_market", "margin_of", "cumulated", "settle")
        ),
    ),
    Case(
        name="rationing",
        title="Equal parts of what is scarce, against the best use of it",
        family="resource",
        level="kernel",
        source="expected sum of the highest kappa n of n uniform draws by numerical integration",
        settings=Rationing,
        measure=_measure_rationing,
        exercises=lambda _: tuple(
            f"{RESOURCE}.allocation:{name}"
            for name in ("margins", "regions", "quotas", "solve_programme", "within_limits", "carry_out")
        ),
        refuse=_rationing_refusal,
    ),
)
