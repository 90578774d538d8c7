"""One day's trade in a resource among the members of a contract, in plain Python.

A `Table` holds what each member needs, is ready to pay, can spare and asks for, slot by slot; three functions clear it:
`allocate`, `lease`, `pool`. Slots are hours of heat, skills of workers or kinds of machines, else there is one.
"""

import math
from dataclasses import dataclass, field
from typing import Any

from tests.reference.draws import entity_number

DEAR, CHEAP = 0, 1
TIERS = (DEAR, CHEAP)


@dataclass(frozen=True)
class Way:
    """A way from a giver to a taker, by their places among the members."""

    taker: int
    giver: int
    km: float
    eur: float
    arrives: float = 1.0


@dataclass
class Seat:
    """What a member brings to one slot, and what comes of it."""

    need: list[float] = field(default_factory=lambda: [0.0, 0.0])
    value: list[float] = field(default_factory=lambda: [0.0, 0.0])
    offer: float = 0.0
    cost: float = 0.0
    taken: list[float] = field(default_factory=lambda: [0.0, 0.0])
    given: float = 0.0


class Table:
    """A day's trade: a seat for every member in every slot."""

    def __init__(self, terms: Any, members: list[Any], slots: int, ways: list[Way]) -> None:
        self.terms, self.members, self.slots, self.ways = terms, members, slots, ways
        self.entities = [entity_number(f"{terms.name}/{member.name}") for member in members]
        self.access = [(0.0, 1.0) for _ in members]
        self.clear()

    def clear(self) -> None:
        """Set the table for a day without needs, offers and trade."""
        self.seats = [[Seat() for _ in self.members] for _ in range(self.slots)]
        self.paid = [0.0 for _ in self.members]
        self.moved = [0.0 for _ in self.members]
        self.bound = math.nan

    @property
    def all_seats(self) -> list[Seat]:
        """Every seat of every slot."""
        return [seat for row in self.seats for seat in row]

    @property
    def surplus(self) -> float:
        """What the trade saves in all, EUR."""
        saved = math.fsum(seat.value[k] * seat.taken[k] for seat in self.all_seats for k in TIERS)
        return saved - math.fsum(seat.cost * seat.given for seat in self.all_seats) - math.fsum(self.moved)

    @property
    def worth_of_needs(self) -> float:
        """What all needs are worth, EUR."""
        return math.fsum(seat.value[k] * seat.need[k] for seat in self.all_seats for k in TIERS)

    @property
    def worth_met(self) -> float:
        """What the needs that were met are worth, EUR."""
        return math.fsum(seat.value[k] * seat.taken[k] for seat in self.all_seats for k in TIERS)

    def asked(self, day: int, streams: Any, inflation: float = 1.0) -> list[list[list[float]]]:
        """Return what members say that they need, by slot, member and tier."""
        factor = [inflation for _ in self.members]
        if self.terms.mapping_sd > 0.0:
            draws = streams["resource_report"]
            factor = [
                inflation * math.exp(self.terms.mapping_sd * draws.normal(entity, day)) for entity in self.entities
            ]
        return [[[f * n for n in seat.need] for f, seat in zip(factor, row, strict=True)] for row in self.seats]


def ways_between(
    terms: Any,
    members: list[Any],
    fits: Any,
    *,
    nearest: int | None = None,
    arrives: Any = lambda _: 1.0,
) -> list[Way]:
    """Return who can take from whom within reach; `nearest` keeps so many givers of each taker.

    Givers are sorted by distance; those at one place are taken in turn, beginning behind the taker, where there are
    only so many, and else in their order.
    """
    ways = []
    for t, taker in enumerate(members):
        near = []
        for g, giver in enumerate(members):
            km = distance(taker, giver)
            if g != t and km <= terms.reach and fits(taker, giver, km):
                near.append((km, (g - t) % len(members) if nearest is not None else g, g))
        for km, _, g in sorted(near)[:nearest]:
            ways.append(Way(t, g, km, terms.moving_cost + terms.distance_cost * km, arrives(km)))
    return ways


def distance(one: Any, other: Any) -> float:
    """Return the straight line between two firms, km."""
    return math.hypot(one.terms.site.x - other.terms.site.x, one.terms.site.y - other.terms.site.y)


def ways_to_the_middle(members: list[Any]) -> list[float]:
    """Return how far every member stands from the mean of all, km."""
    x = math.fsum(member.terms.site.x for member in members) / len(members)
    y = math.fsum(member.terms.site.y for member in members) / len(members)
    return [math.hypot(member.terms.site.x - x, member.terms.site.y - y) for member in members]


def clear(table: Table, day: int, streams: Any) -> None:
    """Clear a day's trade by the contract's mechanism."""
    {"allocation": allocate, "leasing": lease, "pooling": pool}[table.terms.variant](table, day, streams)


# --- allocation -------------------------------------------------------------------------------------------


def allocate(table: Table, day: int, streams: Any) -> None:
    """Let a planner hand out what is offered: for the highest surplus, or in equal parts."""
    rows = table.seats
    needs = [[list(seat.need) for seat in row] for row in rows]
    asked = table.asked(day, streams, table.terms.inflation)
    gain = [[[net_value(row, way, k) for k in TIERS] for way in table.ways] for row in rows]
    plan, shadow = best_plan(table, needs, gain)
    table.bound = math.fsum(
        units * eur for p, g in zip(plan, gain, strict=True) for w, v in zip(p, g, strict=True)
        for units, eur in zip(w, v, strict=True)
    )  # fmt: skip
    if table.terms.objective == "proportional":
        slots = list(zip(rows, asked, gain, strict=True))
        parts = [equal_parts(table, row, said, eur) for row, said, eur in slots]
        plan, _ = best_plan(table, parts, [by_quantity(table, row, eur) for row, _, eur in slots])
        shadow = [[0.0 for _ in row] for row in rows]
    elif asked != needs:
        plan, shadow = best_plan(table, asked, gain)
    for row, units, extra in zip(rows, plan, shadow, strict=True):
        carry_out(table, row, units, [seat.cost + eur for seat, eur in zip(row, extra, strict=True)])


def net_value(row: list[Seat], way: Way, k: int) -> float:
    """Return what a delivered unit saves over a way, EUR."""
    return row[way.taker].value[k] - (row[way.giver].cost / way.arrives + way.eur)


def by_quantity(table: Table, row: list[Seat], gain: list[list[float]]) -> list[list[float]]:
    """Return the weights of a planner who counts units first, then what they cost."""
    cost = [row[way.giver].cost / way.arrives + way.eur for way in table.ways]
    most = max((abs(c) for c in cost), default=0.0) + 1.0
    return [[1000.0 * most - c if g > 0.0 else 0.0 for g in tiers] for c, tiers in zip(cost, gain, strict=True)]


def best_plan(
    table: Table, most: list[list[list[float]]], gain: list[list[list[float]]]
) -> tuple[list[list[list[float]]], list[list[float]]]:
    """Return units by slot, way and tier that gain most, and what another unit of each offer would gain."""
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    plan = [[[0.0, 0.0] for _ in table.ways] for _ in table.seats]
    shadow = [[0.0 for _ in row] for row in table.seats]
    columns = [
        (s, w, k)
        for s, row in enumerate(table.seats)
        for w, way in enumerate(table.ways)
        for k in TIERS
        if gain[s][w][k] > 0.0 and most[s][way.taker][k] > 0.0 and row[way.giver].offer > 0.0
    ]
    if not columns:
        return plan, shadow
    limits: dict[tuple[str, int, int, int], float] = {}
    entries: list[tuple[tuple[str, int, int, int], int, float]] = []
    for c, (s, w, k) in enumerate(columns):
        way = table.ways[w]
        need, offer = ("need", s, way.taker, k), ("offer", s, way.giver, 0)
        limits[need], limits[offer] = most[s][way.taker][k], table.seats[s][way.giver].offer
        entries += [(need, c, 1.0), (offer, c, 1.0 / way.arrives)]
    place = {name: r for r, name in enumerate(limits)}
    rows, cols, units = zip(*((place[name], c, units) for name, c, units in entries), strict=True)
    matrix = coo_array((units, (rows, cols)), shape=(len(limits), len(columns)))
    weights = [-gain[s][w][k] for s, w, k in columns]
    found = linprog(weights, A_ub=matrix.tocsr(), b_ub=list(limits.values()), method="highs-ds")
    assert found.success, found.message
    for amount, (s, w, k) in zip(found.x, columns, strict=True):
        plan[s][w][k] = max(0.0, float(amount))
    for (what, s, i, _), dual in zip(limits, found.ineqlin.marginals, strict=True):
        if what == "offer":
            shadow[s][i] = max(0.0, -float(dual))
    return plan, shadow


def equal_parts(table: Table, row: list[Seat], asked: list[list[float]], gain: list[list[float]]) -> list[list[float]]:
    """Return the most that each member's tiers may take where all get the same part of what they ask for.

    That is within each set of members that ways join; only needs count that some offer within reach is worth.
    """
    size = range(len(row))
    worth = [[False, False] for _ in size]
    for w, way in enumerate(table.ways):
        for k in TIERS:
            worth[way.taker][k] |= gain[w][k] > 0.0 and row[way.giver].offer > 0.0
    takers = {way.taker for way in table.ways}
    wants = [sum(n for n, w in zip(asked[i], worth[i], strict=True) if w) if i in takers else 0.0 for i in size]
    supply = []
    for i in size:
        over = [way.arrives for way in table.ways if way.giver == i]
        supply.append(row[i].offer * (math.fsum(over) / len(over) if over else 0.0))
    parts = []
    for i in size:
        together = joined(table.ways, i)
        total, there = math.fsum(wants[j] for j in together), math.fsum(supply[j] for j in together)
        share = there / total if total > there else 1.0
        got = share * wants[i]
        dear = min(row[i].need[DEAR], got)
        parts.append([dear, min(row[i].need[CHEAP], got - dear)])
    return parts


def joined(ways: list[Way], member: int) -> list[int]:
    """Return the members that ways join with one of them, itself included."""
    found = {member}
    while True:
        more = {way.taker for way in ways if way.giver in found} | {way.giver for way in ways if way.taker in found}
        if more <= found:
            return sorted(found)
        found |= more


def carry_out(table: Table, row: list[Seat], plan: list[list[float]], price: list[float]) -> None:
    """Move what was planned; what a member was allotted beyond its need stays with its givers."""
    got = [0.0 for _ in row]
    for way, units in zip(table.ways, plan, strict=True):
        got[way.taker] += sum(units)
    for seat, units in zip(row, got, strict=True):
        seat.taken[DEAR] = min(seat.need[DEAR], units)
        seat.taken[CHEAP] = min(seat.need[CHEAP], units - seat.taken[DEAR])
    for way, units in zip(table.ways, plan, strict=True):
        if sum(units) > 0.0:
            moved = sum(units) * sum(row[way.taker].taken) / got[way.taker]
            row[way.giver].given += moved / way.arrives
            table.moved[way.taker] += moved * way.eur
            table.paid[way.taker] += moved / way.arrives * price[way.giver]
            table.paid[way.giver] -= moved / way.arrives * price[way.giver]


# --- leasing ----------------------------------------------------------------------------------------------


def lease(table: Table, day: int, streams: Any) -> None:
    """Let who lacks something call partners in a random order and bargain with each."""
    lacking = table.asked(day, streams)
    left = [[seat.offer for seat in row] for row in table.seats]
    ranges = [price_range(row) for row in table.seats]
    if not any(low < high for low, high in ranges):
        return
    members = range(len(table.members))
    callers = [i for i in members if any(sum(lacking[s][i]) > 0.0 for s in range(table.slots))]
    callers.sort(key=lambda i: streams["lease_turn"].uniform(table.entities[i], day))
    for i in callers:
        choice = streams["lease_choice"]
        partners = [way for way in table.ways if way.taker == i]
        partners.sort(key=lambda way: choice.uniform(table.entities[way.taker], day, table.entities[way.giver]))
        for way in partners[: table.terms.partners]:
            hope = 0.0
            for s, (low, _) in enumerate(ranges):
                for k in TIERS:
                    hope += lacking[s][i][k] * max(0.0, table.seats[s][i].value[k] - low)
            if hope <= table.terms.search_cost:
                break
            table.moved[i] += table.terms.search_cost
            for s, bounds in enumerate(ranges):
                for k in TIERS:
                    _bargain(table, s, k, way, bounds, lacking[s][i], left[s])


def price_range(row: list[Seat]) -> tuple[float, float]:
    """Return the lowest cost on offer and the highest value of a need, EUR."""
    low = min((seat.cost for seat in row if seat.offer > 0.0), default=math.inf)
    high = max((seat.value[k] for seat in row for k in TIERS if seat.need[k] > 0.0), default=-math.inf)
    return low, high


def _bargain(
    table: Table, s: int, k: int, way: Way, bounds: tuple[float, float], lacking: list[float], left: list[float]
) -> None:
    """Let a taker and a giver agree on a price for one slot and tier, or not."""
    taker, giver = table.seats[s][way.taker], table.seats[s][way.giver]
    units = min(lacking[k], left[way.giver] * way.arrives)
    value, cost = taker.value[k] - way.eur, giver.cost / way.arrives
    if units <= 0.0 or value <= cost:
        return
    price = agreed_price(table.terms.bargaining, value, cost, *bounds)
    if price is None:
        return
    used = min(units, taker.need[k] - taker.taken[k])
    lacking[k] -= units
    left[way.giver] = max(0.0, left[way.giver] - units / way.arrives)
    taker.taken[k] += used
    giver.given += used / way.arrives
    table.moved[way.taker] += way.eur * used
    table.paid[way.taker] += price * used
    table.paid[way.giver] -= price * used


def agreed_price(bargaining: str, value: float, cost: float, low: float, high: float) -> float | None:
    """Return the price on which two agree, EUR, or None."""
    bid, ask = value, cost
    if bargaining == "strategic":
        bid = 2.0 / 3.0 * value + low / 4.0 + high / 12.0
        ask = 2.0 / 3.0 * cost + low / 12.0 + high / 4.0
    if bargaining == "posted":
        middle = (low + high) / 2.0
        return middle if cost <= middle <= value else None
    return (bid + ask) / 2.0 if bid >= ask else None


# --- pooling ----------------------------------------------------------------------------------------------


@dataclass
class Bid:
    """What somebody would pay, or ask, for units at the middle of the pool."""

    eur: float
    units: float
    seat: Seat
    member: int
    tier: int = DEAR
    traded: float = 0.0


def pool(table: Table, day: int, streams: Any) -> None:
    """Clear a call market in each slot."""
    if table.terms.throughput == 0.0:
        return
    asked = table.asked(day, streams)
    books = [_bids(table, row, said) for row, said in zip(table.seats, asked, strict=True)]
    found = [_crossing(table.terms.priority, *book) for book in books]
    everything = math.fsum(units for units, _ in found)
    part = min(1.0, table.terms.throughput / everything) if everything > 0.0 else 1.0
    for (bids, offers), (units, price) in zip(books, found, strict=True):
        if units > 0.0:
            _clear_slot(table, bids, offers, part * units, price, congested=part < 1.0)


def _bids(table: Table, row: list[Seat], said: list[list[float]]) -> tuple[list[Bid], list[Bid]]:
    """Return bids, dearest first, and offers, cheapest first, as they reach the middle."""
    bids, offers = [], []
    for i, (seat, (way, share)) in enumerate(zip(row, table.access, strict=True)):
        bids += [Bid(seat.value[k] * share - way, said[i][k] / share, seat, i, k) for k in TIERS]
        offers.append(Bid(seat.cost / share + way, seat.offer * share, seat, i))
    bids = sorted((b for b in bids if b.units > 0.0), key=lambda b: -b.eur)
    return bids, sorted((o for o in offers if o.units > 0.0), key=lambda o: o.eur)


def _crossing(priority: str, bids: list[Bid], offers: list[Bid]) -> tuple[float, float]:
    """Return the units that are worth trading and their price."""
    i = j = 0
    wanted, there, units = 0.0, 0.0, 0.0
    last: tuple[Bid, Bid] | None = None
    while i < len(bids) and j < len(offers) and bids[i].eur > offers[j].eur:
        last = bids[i], offers[j]
        wanted = math.fsum(b.units for b in bids[: i + 1])
        there = math.fsum(o.units for o in offers[: j + 1])
        units = min(wanted, there)
        i, j = i + (wanted <= there), j + (there <= wanted)
    if last is None:
        return 0.0, math.nan
    bid, ask = last[0].eur, last[1].eur
    if priority == "equal":
        demand = math.fsum(b.units for b in bids if b.eur >= ask)
        return min(demand, math.fsum(o.units for o in offers if o.eur <= ask)), ask
    next_bid = bids[i].eur if i < len(bids) else -math.inf
    next_ask = offers[j].eur if j < len(offers) else math.inf
    return units, (max(ask, next_bid) + min(bid, next_ask)) / 2.0


def _clear_slot(
    table: Table, bids: list[Bid], offers: list[Bid], total: float, price: float, *, congested: bool
) -> None:
    """Hand out `total` units, at a price that is found anew where the pool moves less than is worth trading."""
    equal = table.terms.priority == "equal"
    _serve_in_order(offers, total)
    if equal:
        _serve_alike([b for b in bids if b.eur >= price], total)
    else:
        _serve_in_order(bids, total)
        if congested:
            lowest = min(b.eur for b in bids if b.traded > 0.0)
            price = (lowest + max(o.eur for o in offers if o.traded > 0.0)) / 2.0
    used = 0.0
    for bid in bids:
        way, share = table.access[bid.member]
        bid.seat.taken[bid.tier] = min(bid.seat.need[bid.tier], bid.traded * share)
        through = bid.seat.taken[bid.tier] / share
        used += through
        table.paid[bid.member] += price * through
        table.moved[bid.member] += way * through
    handed = math.fsum(offer.traded for offer in offers)
    for offer in offers:
        way, share = table.access[offer.member]
        through = offer.traded * used / handed
        offer.seat.given = through / share
        table.paid[offer.member] -= price * through
        table.moved[offer.member] += way * through


def _serve_in_order(bids: list[Bid], total: float) -> None:
    """Serve bids in their order; those at one price share what is left for them."""
    left = total
    for eur in dict.fromkeys(bid.eur for bid in bids):
        alike = [bid for bid in bids if bid.eur == eur]
        wanted = math.fsum(bid.units for bid in alike)
        for bid in alike:
            bid.traded = bid.units * (1.0 if wanted <= left else left / wanted)
        left = max(0.0, left - wanted)


def _serve_alike(bids: list[Bid], total: float) -> None:
    """Serve all in equal parts of what they ask for."""
    wanted = math.fsum(bid.units for bid in bids)
    for bid in bids:
        bid.traded = bid.units * min(1.0, total / wanted)
