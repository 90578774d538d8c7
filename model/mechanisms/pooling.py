"""Pooling: a call market among the members, in which everything goes through one middle.

Truthful bids and offers, one price a slot between the marginal pair (k = 1/2). With many members the gain from
misreporting vanishes as 1 / m (Rustichini, Satterthwaite & Williams 1994, Econometrica 62(5), 1041-1063), which is why
a pool's members may be taken at their word and two who bargain may not.
"""

from __future__ import annotations

import numpy as np

from model.kernels import kernel
from model.mechanisms.resource import Mechanism
from model.session import Session
from model.streams import Floats


class Pooling(Mechanism):
    """All needs and offers of a slot meet at once, net of each member's way to the middle.

    `priority: value` serves the highest bids from the cheapest offers until the next bid is not worth the next offer;
    members who bid, or ask, the same at the margin share what is left in equal parts. `priority: equal` serves all who
    bid at least the price of the dearest offer that such a market takes, in equal parts of what they ask for, at that
    price. `throughput` limits what the pool moves a day; each slot then moves the same part of its trade, and
    whoever bids most is served first (in equal parts: everybody gets less).
    """

    name = "pooling"
    in_the_middle = True

    def clear(self, day: int, session: Session) -> None:
        """Clear each slot's market."""
        session.clear_results()
        asked = self.reports(day, session)
        equal = self.terms.priority == "equal"
        middle = (session.access, session.access_share)
        market = (session.need, asked, session.value, session.offer, session.cost)
        results = (session.taken, session.given, session.paid, session.moved, session.withheld, session.price)
        if self.terms.throughput > 0.0:
            call_market(equal, self.terms.throughput, middle, market, results)


@kernel
def cumulated(price: Floats, units: Floats) -> tuple[Floats, Floats]:
    """Return the steps of a curve: prices in rising order, and units at or below each; shapes (n,)."""
    order = np.argsort(price, kind="mergesort")
    return price[order], np.cumsum(units[order])


@kernel
def margin_of(bid: Floats, wanted: Floats, ask: Floats, supply: Floats) -> tuple[float, float, float, float, float]:
    """Return where demand and supply cross.

    Args:
        bid, wanted: EUR/unit and units of each need, shape (n,).
        ask, supply: EUR/unit and units of each offer, shape (m,).

    Returns:
        Units traded; bid and ask of the marginal pair, EUR/unit; the highest bid and the lowest ask that are left
        over, EUR/unit (-inf, +inf where nothing is).
    """
    up, most = cumulated(-bid, wanted)
    down, offered = cumulated(ask, supply)
    i, j, units = 0, 0, 0.0
    last_bid, last_ask = np.nan, np.nan
    while i < up.size and j < down.size and -up[i] > down[j]:
        last_bid, last_ask = -up[i], down[j]
        units = min(most[i], offered[j])
        if most[i] <= units:
            i += 1
        if offered[j] <= units:
            j += 1
    next_bid = -up[i] if i < up.size else -np.inf
    next_ask = down[j] if j < down.size else np.inf
    return units, last_bid, last_ask, next_bid, next_ask


@kernel
def serve_best(price: Floats, units: Floats, total: float) -> Floats:
    """Return what each gets of `total` when the lowest prices come first and equal ones share, shape (n,)."""
    out = np.zeros(price.size)
    order = np.argsort(price, kind="mergesort")
    left, i = total, 0
    while i < order.size and left > 0.0:
        end, level = i, 0.0
        while end < order.size and price[order[end]] == price[order[i]]:
            level += units[order[end]]
            end += 1
        share = 1.0 if level <= left else left / level
        for n in order[i:end]:
            out[n] = share * units[n]
        left = max(0.0, left - level)
        i = end
    return out


@kernel
def serve_equal(price: Floats, units: Floats, dearest: float, total: float) -> Floats:
    """Return equal parts of `total` units for all whose price is at most `dearest`, by what they ask for, shape (n,).

    Args:
        price, units: EUR/unit and units asked for, shape (n,); bids with their sign turned, so that low comes first.
        dearest: EUR/unit.
    """
    wanted = 0.0
    for n in range(price.size):
        if price[n] <= dearest:
            wanted += units[n]
    share = min(1.0, total / wanted) if wanted > 0.0 else 0.0
    out = np.zeros(price.size)
    for n in range(price.size):
        if price[n] <= dearest:
            out[n] = share * units[n]
    return out


@kernel
def traded_at(price: float, bid: Floats, wanted: Floats, ask: Floats, supply: Floats) -> float:
    """Return what is traded at a price, EUR/unit: the smaller of what bids at least and asks at most so much, units.

    `bid`, `wanted`: EUR/unit and units of each need, shape (n,); `ask`, `supply`: of each offer, shape (m,).
    """
    return min(wanted[bid >= price].sum(), supply[ask <= price].sum())


@kernel
def call_market(
    equal: bool,
    throughput: float,
    middle: tuple[Floats, Floats],
    market: tuple[Floats, Floats, Floats, Floats, Floats],
    results: tuple[Floats, Floats, Floats, Floats, Floats, Floats],
) -> None:
    """Clear all slots and write the results.

    Args:
        equal: whether all who bid enough are served in equal parts.
        throughput: units that the pool can move a day, counted at the middle.
        middle: access, EUR/unit, and share that survives, of each member, shape (m,).
        market: need, what is asked for, value, shape (S, K, m); offer, cost, shape (S, m).
        results: taken, given, paid, moved, withheld, price of the session; written.
    """
    bid, wanted, ask, supply = at_the_middle(middle, market)
    slots = ask.shape[0]
    units, price = np.zeros(slots), np.full(slots, np.nan)
    for s in range(slots):
        there, here = wanted[s] > 0.0, supply[s] > 0.0
        found = margin_of(bid[s][there], wanted[s][there], ask[s][here], supply[s][here])
        units[s] = found[0]
        if found[0] > 0.0 and equal:
            price[s] = found[2]
            units[s] = traded_at(price[s], bid[s][there], wanted[s][there], ask[s][here], supply[s][here])
        elif found[0] > 0.0:
            price[s] = 0.5 * (max(found[2], found[3]) + min(found[1], found[4]))
    part = min(1.0, throughput / units.sum()) if units.sum() > 0.0 else 1.0
    for s in range(slots):
        if not units[s] > 0.0:
            continue
        total = part * units[s]
        if part < 1.0 and not equal:
            lowest, highest = cut_off(bid[s], wanted[s], ask[s], supply[s], total)
            price[s] = 0.5 * (lowest + highest)
        order = serve_equal(-bid[s], wanted[s], -price[s], total) if equal else serve_best(-bid[s], wanted[s], total)
        settle(s, order, serve_best(ask[s], supply[s], total), price[s], middle, market, results)


@kernel
def at_the_middle(
    middle: tuple[Floats, Floats], market: tuple[Floats, Floats, Floats, Floats, Floats]
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return bids and offers as they reach the middle, net of each member's way.

    Args:
        middle, market: as in `call_market`.

    Returns:
        Bid, EUR/unit, and units wanted, tier by tier, shape (S, K m); ask, EUR/unit, and units offered, shape (S, m).
    """
    access, share = middle
    _, asked, value, offer, cost = market
    slots, tiers, m = asked.shape
    bid, wanted = np.empty((slots, tiers * m)), np.empty((slots, tiers * m))
    ask, supply = np.empty((slots, m)), np.empty((slots, m))
    for s in range(slots):
        for i in range(m):
            ask[s, i], supply[s, i] = cost[s, i] / share[i] + access[i], offer[s, i] * share[i]
            for k in range(tiers):
                n = k * m + i
                bid[s, n], wanted[s, n] = value[s, k, i] * share[i] - access[i], asked[s, k, i] / share[i]
    return bid, wanted, ask, supply


@kernel
def cut_off(bid: Floats, wanted: Floats, ask: Floats, supply: Floats, total: float) -> tuple[float, float]:
    """Return the lowest bid and the highest ask, EUR/unit, that are served when only `total` units are traded.

    The other arguments as in `traded_at`.
    """
    lowest, highest = np.inf, -np.inf
    got, handed = serve_best(-bid, wanted, total), serve_best(ask, supply, total)
    for n in range(bid.size):
        if got[n] > 0.0:
            lowest = min(lowest, bid[n])
    for n in range(ask.size):
        if handed[n] > 0.0:
            highest = max(highest, ask[n])
    return lowest, highest


@kernel
def settle(
    s: int,
    got: Floats,
    handed: Floats,
    price: float,
    middle: tuple[Floats, Floats],
    market: tuple[Floats, Floats, Floats, Floats, Floats],
    results: tuple[Floats, Floats, Floats, Floats, Floats, Floats],
) -> None:
    """Write a slot's trade; what takers got beyond their needs goes back to all givers in equal parts.

    Args:
        s: slot.
        got: units at the middle for each need, tier by tier, shape (K m,).
        handed: units at the middle of each offer, shape (m,).
        price: EUR by unit at the middle.
        middle, market, results: as in `call_market`.
    """
    access, share = middle
    need, offer = market[0], market[3]
    taken, given, paid, moved, withheld, prices = results
    tiers, m = need.shape[1], need.shape[2]
    used = 0.0
    for k in range(tiers):
        for i in range(m):
            arrives = got[k * m + i] * share[i]
            taken[s, k, i] = min(need[s, k, i], arrives)
            withheld[s, i] += arrives - taken[s, k, i]
            through = taken[s, k, i] / share[i]
            used += through
            paid[i] += price * through
            moved[i] += access[i] * through
    back = used / handed.sum()
    for i in range(m):
        through = handed[i] * back
        given[s, i] = min(offer[s, i], through / share[i])
        paid[i] -= price * through
        moved[i] += access[i] * through
    if used > 0.0:
        prices[s] = price
