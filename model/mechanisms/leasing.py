"""Leasing: who lacks a resource asks partners one after the other and bargains with each under private values.

Strategic bids are the linear equilibrium of the sealed-bid k = 1/2 double auction between a buyer's value and a
seller's cost that both believe uniform on one range (Chatterjee & Samuelson 1983, Operations Research 31(5), 835-851).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.kernels import kernel
from model.mechanisms.resource import Mechanism, mean_price
from model.session import Draws, Session
from model.streams import Floats, Ints, Key, uniform

if TYPE_CHECKING:
    from model.resource_terms import ResourceContract

STRATEGIC, TRUTHFUL, POSTED = range(3)
_BARGAINING = {"strategic": STRATEGIC, "truthful": TRUTHFUL, "posted": POSTED}


class Leasing(Mechanism):
    """Bilateral deals: a taker knows its own value, a giver its own cost, both the slot's range of values and costs.

    Each day takers call in random order. A taker asks up to `partners` of the givers within reach, in an order drawn
    anew each day, and pays `search_cost` for each; it stops when it needs no more, or when all that it still lacks
    would not be worth a call even at the lowest cost in the market. With each giver it bids for each slot and tier
    of need; the way lowers what it can bid. Where the bid is at least the ask, the smaller of need and offer is
    leased halfway between them. What was leased and is not needed goes back unused and unpaid.
    """

    name = "leasing"

    def __init__(self, terms: ResourceContract, session: Session, draws: Draws) -> None:
        """Note who can be asked by whom."""
        super().__init__(terms, session, draws)
        self.turn_key, self.choice_key = draws.key("lease_turn"), draws.key("lease_choice")
        self.pairs = np.argsort(session.taker, kind="stable")
        self.first = np.searchsorted(session.taker[self.pairs], np.arange(session.members + 1))

    def clear(self, day: int, session: Session) -> None:
        """Let takers call their partners one after the other."""
        session.clear_results()
        wanted = self.reports(day, session)
        low, high = market_range(session.need, session.value, session.offer, session.cost)
        if not (low < high).any():
            return
        lacking = np.flatnonzero(wanted.sum(axis=(0, 1)) > 0.0)
        callers = by_turn(lacking, self.turn_key, self.entities, day)
        terms = self.terms
        calls = (_BARGAINING[terms.bargaining], low, high, terms.partners, terms.search_cost)
        lists = (self.first, session.giver, session.way, session.delivered)
        market = (session.need, wanted, session.value, session.offer, session.cost)
        results = (session.taken, session.given, session.flow, session.paid, session.moved, session.withheld)
        asked = choose_partners(callers, self.first, self.pairs, session.giver, self.choice_key, self.entities, day)
        traded = np.zeros((2, session.slots))
        bargain(callers, asked, calls, lists, market, (*results, traded))
        mean_price(session, *traded)


@kernel
def market_range(need: Floats, value: Floats, offer: Floats, cost: Floats) -> tuple[Floats, Floats]:
    """Return the lowest cost on offer and the highest value of a need by slot, EUR/unit, shapes (S,).

    They are +inf and -inf where there is none.

    Args:
        need, value: shape (S, K, m); `offer`, `cost`: shape (S, m).
    """
    low, high = np.full(offer.shape[0], np.inf), np.full(offer.shape[0], -np.inf)
    for s in range(offer.shape[0]):
        for i in range(offer.shape[1]):
            if offer[s, i] > 0.0:
                low[s] = min(low[s], cost[s, i])
            for k in range(need.shape[1]):
                if need[s, k, i] > 0.0:
                    high[s] = max(high[s], value[s, k, i])
    return low, high


@kernel
def by_turn(members: Ints, key: Key, entities: Ints, day: int) -> Ints:
    """Return `members`, shape (n,), in the random order of `day`.

    Args:
        members: who wants to call; `entities`: number of each member of the session in the stream, shape (m,).
        key: stream "lease_turn".
        day: model day.
    """
    draw = np.empty(members.size)
    for i in range(members.size):
        draw[i] = uniform(key, entities[members[i]], day, 0)
    return members[np.argsort(draw, kind="mergesort")]


@kernel
def choose_partners(callers: Ints, first: Ints, pairs: Ints, giver: Ints, key: Key, entities: Ints, day: int) -> Ints:
    """Return today's order of each caller's pairs: `pairs` with each caller's stretch reordered, shape (p,).

    A draw belongs to taker and giver, so that a further partner leaves the order of the others alone.

    Args:
        callers: members who call, shape (n,).
        first: first of each member's pairs in `pairs`, and the end, shape (m + 1,); `giver`: of each pair, shape (p,).
        key: stream "lease_choice"; `entities`: number of each member in it, shape (m,); `day`: model day.
    """
    out = pairs.copy()
    for i in callers:
        low, high = first[i], first[i + 1]
        draw = np.empty(high - low)
        for j in range(high - low):
            draw[j] = uniform(key, entities[i], day, entities[giver[pairs[low + j]]])
        order = np.argsort(draw, kind="mergesort")
        for j in range(high - low):
            out[low + j] = pairs[low + order[j]]
    return out


@kernel
def offers_made(bargaining: int, value: float, cost: float, low: float, high: float) -> tuple[float, float]:
    """Return bid and ask, EUR/unit, of a taker and a giver who know the market's range and their own worth.

    Args:
        bargaining: strategic (linear equilibrium on [low, high], k = 1/2), truthful, or posted: the middle of the range
            is the price, which each takes or leaves.
        value, cost: of the unit delivered, EUR.
        low, high: lowest cost and highest value in the market, EUR.
    """
    if bargaining == STRATEGIC:
        return (
            2.0 / 3.0 * value + low / 4.0 + high / 12.0,
            2.0 / 3.0 * cost + low / 12.0 + high / 4.0,
        )
    if bargaining == POSTED:
        price = 0.5 * (low + high)
        return (price if value >= price else -np.inf), (price if cost <= price else np.inf)
    return value, cost


@kernel
def bargain(
    callers: Ints,
    asked: Ints,
    calls: tuple[int, Floats, Floats, int, float],
    lists: tuple[Ints, Ints, Floats, Floats],
    market: tuple[Floats, Floats, Floats, Floats, Floats],
    results: tuple[Floats, Floats, Floats, Floats, Floats, Floats, Floats],
) -> None:
    """Let each caller bargain with its partners.

    Args:
        callers: takers in the order of their calls.
        asked: pairs of each taker in the order of its calls, shape (p,).
        calls: way of bargaining; lowest cost and highest value, EUR, shape (S,); partners; search cost, EUR.
        lists: first pair of each taker, shape (m + 1,); giver, way and delivered share of each pair.
        market: need, what is asked for, value, shape (S, K, m); offer, cost, shape (S, m).
        results: taken, given, flow, paid, moved, withheld of the session; EUR paid and units delivered, shape (2, S);
            added to.
    """
    bargaining, low, high, partners, search_cost = calls
    first, giver, way, delivered = lists
    need, wanted, value, offer, cost = market
    taken, given, flow, paid, moved, withheld, traded = results
    slots, tiers = need.shape[0], need.shape[1]
    left = offer.copy()
    lacking = np.empty((slots, tiers))
    for i in callers:
        lacking[:] = wanted[:, :, i]
        for call in range(min(partners, first[i + 1] - first[i])):
            hope = 0.0
            for s in range(slots):
                for k in range(tiers):
                    hope += lacking[s, k] * max(0.0, value[s, k, i] - low[s])
            if not hope > search_cost:
                break
            pair = asked[first[i] + call]
            j, arrives = giver[pair], delivered[pair]
            moved[i] += search_cost
            for s in range(slots):
                for k in range(tiers):
                    deal = min(lacking[s, k], left[s, j] * arrives)
                    net = value[s, k, i] - way[pair]
                    if deal <= 0.0 or net <= cost[s, j] / arrives:
                        continue
                    bid, ask = offers_made(bargaining, net, cost[s, j] / arrives, low[s], high[s])
                    if bid < ask:
                        continue
                    used = max(0.0, min(deal, need[s, k, i] - taken[s, k, i]))
                    lacking[s, k] -= deal
                    left[s, j] = max(0.0, left[s, j] - deal / arrives)
                    withheld[s, i] += deal - used
                    taken[s, k, i] += used
                    given[s, j] = min(offer[s, j], given[s, j] + used / arrives)
                    flow[s, pair] += used
                    moved[i] += way[pair] * used
                    payment = 0.5 * (bid + ask) * used
                    paid[i] += payment
                    paid[j] -= payment
                    traded[0, s] += payment
                    traded[1, s] += used
