"""Research that lowers costs and spills over: how much of it rivals and partners choose, alone or together.

Two stages as in d'Aspremont & Jacquemin (1988), American Economic Review 78(5), 1133-1137 (erratum 1990), for any
number of firms in any number of markets, with parameters of their own: each firm chooses its effort x, EUR per unit of
cost reduction, at a cost of gamma x^2/2 a day, knowing how costs decide quantities and prices afterwards. A firm's
margin rises by u = own r + common R, where r is its own cost reduction and R that of all firms in its market, both with
what spills over, and its output by u over the slope of its demand; profit is (margin + u)(output + u / slope). Efforts,
reductions and profits are measured against a reference state.

What several firms find adds up, as in the source; where many look for the same, that overstates what spills over (Amir
2000, International Journal of Industrial Organization 18(7)).
"""

from typing import NamedTuple

import numpy as np

from model.kernels import kernel
from model.streams import Floats, Ints

COURNOT, PRICE_TAKER, ONE_SELLER, PLANNER = "cournot", "price_taker", "one_seller", "planner"
NO_MARKET = -1
"""Market of a firm without rivals."""
CONVERGED = -1
"""What `plan_efforts` returns where all went well, instead of the row of a firm without a best effort."""


class Market(NamedTuple):
    """What each firm's research leads to; all of shape (firm,) and in the reference state.

    Attributes:
        place: market of the firm, NO_MARKET for none. Firms of one market see a part of each other's results.
        spillover: part of a rival's cost reduction that the firm gets without any contract.
        own, common: pass-through of its own and of its market's cost reductions to its margin; see `pass_through`.
        output: units a day; `margin`: EUR per unit.
        flatness: rise of its output with its margin, 1 over the slope of its demand; 0 for a price taker.
        difficulty: gamma, EUR a day per (EUR/unit)^2; infinite for a firm that does no research.
        subsidy: EUR a day per EUR/unit of effort, from outside.
    """

    place: Ints
    spillover: Floats
    own: Floats
    common: Floats
    output: Floats
    margin: Floats
    flatness: Floats
    difficulty: Floats
    subsidy: Floats


class Ties(NamedTuple):
    """Who does research with whom: those that `i` is tied to stand from `first[i]` to before `first[i + 1]`.

    Attributes:
        first: shape (firm + 1,).
        partner: firm, shape (tie,).
        weight: of the partner's profit in the choice of the firm's effort, shape (tie,).
        extra: part of the firm's cost reduction that the partner gets beyond what spills over anyway, shape (tie,).
    """

    first: Ints
    partner: Ints
    weight: Floats
    extra: Floats


def pass_through(conduct: str, firms: int) -> tuple[float, float]:
    """Return (own, common): how a market of `firms` passes cost reductions on to the margin of each of them.

    Cournot rivals with linear demand of slope b produce (a - n c_i + sum of others' c) / (b (n + 1)) at the margin b q;
    one seller for all produces (a - mean c) / (2b), in equal parts, and a planner twice that, at no margin: what is
    counted for it is consumers' gain, half the square of (a - mean c) over b. A price taker keeps all it saves.

    Args:
        conduct: COURNOT (a monopoly for one firm), PRICE_TAKER, ONE_SELLER or PLANNER.
        firms: in the market, at least 1.
    """
    if conduct == PRICE_TAKER:
        return 1.0, 0.0
    if conduct == COURNOT:
        return 1.0, -1.0 / (firms + 1)
    return 0.0, (0.5 if conduct == ONE_SELLER else 1.0) / firms


@kernel
def market_totals(rows: Ints, values: Floats, place: Ints, totals: Floats) -> None:
    """Add up `values` of the firms in `rows` by market into `totals`, shape (market,); firms without one stay out."""
    totals[:] = 0.0
    for i in rows:
        if place[i] != NO_MARKET:
            totals[place[i]] += values[i]


@kernel
def cost_reductions(rows: Ints, effort: Floats, market: Market, ties: Ties, totals: Floats, reduction: Floats) -> None:
    """Write what the efforts lower each firm's unit cost by, EUR/unit: its own, its rivals', its partners'.

    Args:
        rows: firms to look at, with all their rivals and partners.
        effort: EUR/unit, shape (firm,).
        market, ties: as declared.
        totals: room for one number by market, shape (market,).
        reduction: result by firm.
    """
    market_totals(rows, effort, market.place, totals)
    for i in rows:
        others = totals[market.place[i]] - effort[i] if market.place[i] != NO_MARKET else 0.0
        reduction[i] = effort[i] + market.spillover[i] * others
    for i in rows:
        for t in range(ties.first[i], ties.first[i + 1]):
            reduction[ties.partner[t]] += ties.extra[t] * effort[i]


@kernel
def margin_gains(rows: Ints, reduction: Floats, market: Market, totals: Floats, gain: Floats) -> None:
    """Write what cost reductions, EUR/unit, raise each firm's margin by once its market has adjusted, EUR/unit."""
    market_totals(rows, reduction, market.place, totals)
    for i in rows:
        total = totals[market.place[i]] if market.place[i] != NO_MARKET else reduction[i]
        gain[i] = market.own[i] * reduction[i] + market.common[i] * total


@kernel
def effects(rows: Ints, market: Market, ties: Ties, totals: Floats, reached: Floats, own: Floats, tied: Floats) -> None:
    """Write what a firm's effort adds to its own margin and to its partners', EUR/unit per EUR/unit.

    Args:
        rows, market, ties, totals: as in `cost_reductions`.
        reached: room for one number by market, shape (market,); zeros, and left as zeros.
        own: result, shape (firm,); `tied`: result by tie, shape (tie,).
    """
    market_totals(rows, market.spillover, market.place, totals)
    for i in rows:
        home = market.place[i]
        if home != NO_MARKET:
            reached[home] = 1.0 + totals[home] - market.spillover[i]
        for t in range(ties.first[i], ties.first[i + 1]):
            k = ties.partner[t]
            if market.place[k] != NO_MARKET:
                reached[market.place[k]] += ties.extra[t]
        own[i] = market.own[i] + market.common[i] * (reached[home] if home != NO_MARKET else 1.0)
        for t in range(ties.first[i], ties.first[i + 1]):
            k = ties.partner[t]
            there = market.place[k]
            gets = ties.extra[t]
            if there != NO_MARKET and there == home:
                gets += market.spillover[k]
            tied[t] = market.own[k] * gets + market.common[k] * (reached[there] if there != NO_MARKET else gets)
        for t in range(ties.first[i], ties.first[i + 1]):
            if market.place[ties.partner[t]] != NO_MARKET:
                reached[market.place[ties.partner[t]]] = 0.0
        if home != NO_MARKET:
            reached[home] = 0.0


@kernel
def marginal_profit(i: int, effect: float, gain: Floats, market: Market) -> float:
    """Return what a unit of somebody's effort adds to the profit of `i` before research, EUR a day per EUR/unit."""
    return float(effect * (market.output[i] + market.flatness[i] * (market.margin[i] + 2.0 * gain[i])))


@kernel
def best_efforts(
    rows: Ints, effort: Floats, gain: Floats, own: Floats, tied: Floats, market: Market, ties: Ties, best: Floats
) -> int:
    """Write each firm's best effort against the others' present ones; return CONVERGED, or a row that has none.

    A firm maximises its own profit plus its partners' profits by the weights of its ties. There is a best effort only
    where gamma exceeds the curvature of that profit; else more research would always pay.

    Args:
        rows, market, ties: as in `cost_reductions`.
        effort, gain: present efforts and the margin gains that follow, against the reference state, shape (firm,).
        own, tied: from `effects`.
        best: result, shape (firm,).
    """
    for i in rows:
        best[i] = 0.0
        if np.isinf(market.difficulty[i]):
            continue
        slope = marginal_profit(i, own[i], gain, market) + market.subsidy[i]
        curvature = 2.0 * market.flatness[i] * own[i] ** 2
        for t in range(ties.first[i], ties.first[i + 1]):
            k = ties.partner[t]
            slope += ties.weight[t] * marginal_profit(k, tied[t], gain, market)
            curvature += ties.weight[t] * 2.0 * market.flatness[k] * tied[t] ** 2
        if curvature >= market.difficulty[i]:
            return int(i)
        best[i] = max(0.0, effort[i] + (slope - market.difficulty[i] * effort[i]) / (market.difficulty[i] - curvature))
    return CONVERGED


@kernel
def plan_efforts(
    rows: Ints,
    market: Market,
    ties: Ties,
    markets: int,
    reference: Floats,
    damping: Floats,
    tolerance: float,
    rounds: int,
    effort: Floats,
    gain: Floats,
) -> int:
    """Let firms revise their efforts, each part of the way to its best answer, until nobody moves.

    Undamped, rivals with little spillover answer each other ever more strongly (Henriques 1990, AER 80(3)).

    Args:
        rows, market, ties: as in `cost_reductions`; `markets`: how many there are.
        reference: cost reductions in the reference state, EUR/unit, shape (firm,).
        damping: part of the way to the best answer that each firm goes in a round, shape (firm,).
        tolerance: largest step of anybody, relative to the largest effort, at which the search ends.
        rounds: most rounds.
        effort: where to start, EUR/unit, shape (firm,); updated in place.
        gain: result, margin gains against the reference state, EUR/unit, shape (firm,).

    Returns:
        CONVERGED; the row of a firm without a best effort; or the number of firms if efforts did not settle.
    """
    firms = effort.size
    totals, reached = np.zeros(markets), np.zeros(markets)
    reduction, own, best = np.zeros(firms), np.zeros(firms), np.zeros(firms)
    tied = np.zeros(ties.partner.size)
    effects(rows, market, ties, totals, reached, own, tied)
    for _ in range(rounds):
        cost_reductions(rows, effort, market, ties, totals, reduction)
        for i in rows:
            reduction[i] -= reference[i]
        margin_gains(rows, reduction, market, totals, gain)
        without = best_efforts(rows, effort, gain, own, tied, market, ties, best)
        if without != CONVERGED:
            return without
        largest, widest = 0.0, 0.0
        for i in rows:
            step = damping[i] * (best[i] - effort[i])
            effort[i] += step
            largest, widest = max(largest, effort[i]), max(widest, abs(step))
        if not np.isfinite(largest):
            return firms
        if widest <= tolerance * largest:
            return CONVERGED
    return firms


def research_difficulty(spending: Floats, effect: Floats, output: Floats, margin: Floats, flatness: Floats) -> Floats:
    """Return gamma, EUR a day per (EUR/unit)^2, at which a firm that cares for itself alone spends `spending`.

    From x* = effect (output + flatness margin) / gamma and spending = gamma x*^2 / 2. For n Cournot rivals in
    equilibrium that is 2 q^2 k^2 / spending with k = (n - (n - 1) beta)/(n + 1); a price taker has k = 1/2.

    Args:
        spending: EUR a day; 0 for no research, which is infinitely difficult.
        effect: of effort on the firm's own margin, from `effects`.
        output, margin, flatness: as in `Market`; all of shape (firm,).
    """
    slope = effect * (output + flatness * margin)
    out = np.full(spending.shape, np.inf)
    does = (spending > 0.0) & (slope > 0.0)
    out[does] = slope[does] ** 2 / (2.0 * spending[does])
    return out


def usual_efforts(spending: Floats, difficulty: Floats) -> Floats:
    """Return the effort that costs `spending`, EUR a day, EUR/unit, shape (firm,): sqrt(2 spending / gamma)."""
    out: Floats = np.sqrt(2.0 * spending / difficulty)
    return out


def tie_table(firms: int, one: Ints, other: Ints, weight: Floats, spillover: Floats, market: Market) -> Ties:
    """Return the ties of pairs that may be named several times, by several contracts.

    Args:
        firms: how many there are.
        one, other: giver and receiver of what spills over, `one` weighing the profit of `other`, shape (pair,).
        weight: of the profit; `spillover`: least part of the giver's cost reduction that the receiver gets.
        market: tells what a rival gets anyway.

    The largest weight and the largest spillover of a pair hold.
    """
    order = np.lexsort((other, one))
    one, other, weight, spillover = one[order], other[order], weight[order], spillover[order]
    fresh = np.ones(one.size, np.bool_)
    fresh[1:] = (one[1:] != one[:-1]) | (other[1:] != other[:-1])
    begins = np.flatnonzero(fresh)
    giver, partner = one[begins], other[begins]
    rivals = (market.place[giver] == market.place[partner]) & (market.place[giver] != NO_MARKET)
    most = np.maximum.reduceat(spillover, begins) if begins.size else np.zeros(0)
    return Ties(
        first=np.searchsorted(giver, np.arange(firms + 1)).astype(np.int64),
        partner=partner.astype(np.int64),
        weight=np.maximum.reduceat(weight, begins) if begins.size else np.zeros(0),
        extra=np.maximum(0.0, most - np.where(rivals, market.spillover[partner], 0.0)),
    )
