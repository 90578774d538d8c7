"""Today's needs and offers of one resource among the members of one contract, and who lies within whose reach.

A source (workshops, heat flows, stations) builds a `Session` once and fills it every day; a mechanism
(`model.mechanisms.resource`) clears it; the source then takes the results into its own state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.errors import Fault, InputError
from model.kernels import kernel
from model.streams import Floats, Ints, Key

type Bools = NDArray[np.bool_]
type Compatible = Callable[[Ints, Ints, Floats], Bools]

TIERS = 2
"""Tiers of need, the dearest first."""

MOST_PAIRS = 5_000_000
"""Most pairs within reach that are listed: half a gigabyte."""

MOST_EUR = 1e15
"""Highest amount that a result may have: beyond it, cents are lost to rounding, and squares of sums overflow."""

RELATIVE = 1e-9
"""Rounding that results may be off by, against what is needed, offered or paid in all."""


@dataclass
class Session:
    """Needs, offers and results of one day: m members (single firms), S slots, K tiers of need, p pairs.

    What the source writes:

    Attributes:
        rows: row of each member in the firm table, shape (m,).
        need: units needed, shape (S, K, m); the dearest tier first. A member's own idle resource has served it before.
        value: EUR that a unit of need saves its owner, shape (S, K, m).
        offer: idle units, shape (S, m); `cost`: EUR that a unit costs its owner, shape (S, m); it may be negative.
        taker, giver: members of each pair, shape (p,); never the same one, sorted by taker.
        way: EUR of real cost of each unit delivered over the pair, shape (p,); the taker bears it.
        delivered: share of what is given that arrives over the pair, shape (p,), in (0, 1].
        access: EUR of real cost of a unit on the way between a member and the middle of all, shape (m,), by units
            at the middle; `access_share`: share that survives this way, shape (m,), in (0, 1]. Pools go through it.

    What the mechanism writes, all zero (price, bound: NaN) where nothing is traded:

    Attributes:
        taken: units that arrive, shape (S, K, m); `given`: units that leave their owners, shape (S, m).
        flow: units that arrive over each pair, shape (S, p); zero where all goes through a pool.
        paid: EUR net that each member pays to others, shape (m,); negative is received; the sum is zero.
        moved: EUR of real cost of moving and searching, by who bears it, shape (m,).
        withheld: units that were allotted to members who asked for more than they need, and not used, shape (S, m).
        price: EUR by unit delivered (in a pool: at the middle), mean over the slot's trade, shape (S,); NaN without.
        bound: EUR, the highest surplus that any mechanism could reach (linear programme on true needs), NaN where
            not worked out.
    """

    rows: Ints
    need: Floats
    value: Floats
    offer: Floats
    cost: Floats
    taker: Ints
    giver: Ints
    way: Floats
    delivered: Floats
    access: Floats
    access_share: Floats
    taken: Floats
    given: Floats
    flow: Floats
    paid: Floats
    moved: Floats
    withheld: Floats
    price: Floats
    bound: float = np.nan

    @property
    def slots(self) -> int:
        """Number of slots of the day."""
        return int(self.offer.shape[0])

    @property
    def members(self) -> int:
        """Number of members."""
        return int(self.rows.size)

    @property
    def surplus(self) -> float:
        """EUR that the trade saves in all: true values of what is taken less costs of what is given and moved."""
        return worth(self.value, self.taken) - worth(self.cost, self.given) - float(self.moved.sum())

    @property
    def unmet(self) -> Floats:
        """Units still lacking, shape (S, K, m)."""
        return self.need - self.taken

    def clear_results(self) -> None:
        """Write the results of a day without trade."""
        for result in (self.taken, self.given, self.flow, self.paid, self.moved, self.withheld):
            result[...] = 0.0
        self.price[:] = np.nan
        self.bound = np.nan

    def faults(self) -> list[str]:
        """Return what breaks the rules that every mechanism keeps, as sentences; empty where all is right."""
        if misshapen := self._misshapen():
            return misshapen
        market, results = (self.need, self.offer), (self.taken, self.given, self.paid, self.moved)
        finite, room, takes, gives, net, paid = audit(market, results, self.flow)
        if not finite:
            return ["a result is not finite"]
        amounts = {"paid": self.paid, "moved": self.moved, "price": self.price, "bound": np.array(self.bound)}
        if absurd := [name for name, eur in amounts.items() if (np.abs(eur) > MOST_EUR).any()]:
            return [f"{', '.join(absurd)} beyond {MOST_EUR:g} EUR"]
        found, lost = [], abs(self.lost()).max(initial=0.0)
        if not takes:
            found.append("a member takes less than nothing or more than it needs")
        if not gives:
            found.append("a member gives less than nothing or more than it offers")
        if lost > room:
            found.append(f"{lost:.6g} units are given and not taken, or taken and not given")
        if abs(net) > RELATIVE * max(1.0, paid):
            found.append(f"payments between members sum to {net:.6g} EUR")
        return found

    def _misshapen(self) -> list[str]:
        """Return which results are no longer arrays of the shape they were built with."""
        shape = {"taken": self.need.shape, "given": self.offer.shape, "flow": (self.slots, self.taker.size),
                 "paid": self.rows.shape, "moved": self.rows.shape, "withheld": self.offer.shape,
                 "price": (self.slots,)}  # fmt: skip
        found = []
        for name, right in shape.items():
            result = getattr(self, name)
            if not isinstance(result, np.ndarray) or result.shape != right or result.dtype != np.float64:
                is_now = f"{result.dtype} of shape {result.shape}" if isinstance(result, np.ndarray) else repr(result)
                found.append(f"{name} is {is_now}, and must stay float64 of shape {right}: write into it")
        return found

    def lost(self) -> Floats:
        """Return units that are given, less losses, and not taken, by slot, shape (S,): zero but for rounding.

        What does not go over pairs goes through the middle and is weighed there.
        """
        links = self.taker, self.giver, self.delivered
        return lost_units(self.taken, self.given, self.flow, links, self.access_share)


@kernel
def worth(price: Floats, units: Floats) -> float:
    """Return the sum of price times units, EUR, of contiguous arrays of one shape."""
    total, flat = 0.0, units.ravel()
    for n, eur in enumerate(price.ravel()):
        total += eur * flat[n]
    return total


@kernel
def audit(
    market: tuple[Floats, Floats], results: tuple[Floats, Floats, Floats, Floats], flow: Floats
) -> tuple[bool, float, bool, bool, float, float]:
    """Hold results against needs and offers.

    Args:
        market: need, offer of a session; `results`: taken, given, paid, moved; `flow`: over its pairs.

    Returns:
        Whether all results are finite; units that rounding may be off by; whether nobody takes less than nothing or
        more than it needs, and nobody gives less than nothing or more than it offers; sum of payments and of their
        sizes, EUR.
    """
    need, offer = market
    taken, given, paid, moved = results
    total = taken.sum() + given.sum() + flow.sum() + paid.sum() + moved.sum()
    room = RELATIVE * max(1.0, need.sum(), offer.sum())
    takes, gives = within(taken.ravel(), need.ravel(), room), within(given.ravel(), offer.ravel(), room)
    return bool(np.isfinite(total)), room, takes, gives, paid.sum(), np.abs(paid).sum()


@kernel
def within(units: Floats, most: Floats, room: float) -> bool:
    """Tell whether no amount is negative or more than `room` above the most that it may be, shapes (n,)."""
    return not ((units < 0.0) | (units > most + room)).any()


@kernel
def lost_units(taken: Floats, given: Floats, flow: Floats, links: tuple[Ints, Ints, Floats], share: Floats) -> Floats:
    """Return what does not arrive, by slot; see `Session.lost`.

    Args:
        taken, given, flow: of a session; `links`: taker, giver and delivered share of each pair.
        share: that survives between each member and the middle.
    """
    taker, giver, delivered = links
    out = np.zeros(given.shape[0])
    for s in range(out.size):
        rest, left = given[s].copy(), np.zeros(share.size)
        for k in range(taken.shape[1]):
            left += taken[s, k]
        for p in range(taker.size):
            left[taker[p]] -= flow[s, p]
            rest[giver[p]] -= flow[s, p] / delivered[p]
        for i in range(share.size):
            out[s] += rest[i] * share[i] - left[i] / share[i]
    return out


def new_session(
    rows: Ints,
    links: Links,
    *,
    way: Floats | None = None,
    delivered: Floats | None = None,
    access: Floats | None = None,
    access_share: Floats | None = None,
    slots: int = 1,
) -> Session:
    """Return a session without needs and offers.

    Args:
        rows: firm rows of the members, shape (m,).
        links: who can take from whom.
        way, delivered: of each link, shape (p,); nothing and 1 where silent.
        access, access_share: of each member, shape (m,); nothing and 1 where silent.
        slots: of the day.
    """
    m, p = rows.size, links.taker.size

    def given(values: Floats | None, otherwise: Floats) -> Floats:
        return otherwise if values is None else np.ascontiguousarray(values, dtype=np.float64)

    return Session(
        rows=rows,
        need=np.zeros((slots, TIERS, m)),
        value=np.zeros((slots, TIERS, m)),
        offer=np.zeros((slots, m)),
        cost=np.zeros((slots, m)),
        taker=links.taker,
        giver=links.giver,
        way=given(way, np.zeros(p)),
        delivered=given(delivered, np.ones(p)),
        access=given(access, np.zeros(m)),
        access_share=given(access_share, np.ones(m)),
        taken=np.zeros((slots, TIERS, m)),
        given=np.zeros((slots, m)),
        flow=np.zeros((slots, p)),
        paid=np.zeros(m),
        moved=np.zeros(m),
        withheld=np.zeros((slots, m)),
        price=np.full(slots, np.nan),
    )


@dataclass(frozen=True)
class Draws:
    """What a mechanism may draw from.

    Attributes:
        key: name of a random stream -> its key in this run; `stage.key` of a model.
        entities: number of each member in the streams, shape (m,); best from the names of contract and firm, so that
            a new member changes nobody else's draws.
        overstates: whether each member may report more than it needs, shape (m,); all where silent.
    """

    key: Callable[[str], Key]
    entities: Ints
    overstates: Bools | None = None


class Links(NamedTuple):
    """Pairs of members, sorted by taker, then distance, then giver.

    Attributes:
        taker, giver: members, shape (p,).
        distance_km: between their sites, shape (p,).
    """

    taker: Ints
    giver: Ints
    distance_km: Floats


def pairs_within(
    xy: Floats,
    reach: float,
    compatible: Compatible | None = None,
    *,
    takers: Bools | None = None,
    givers: Bools | None = None,
    nearest: int | None = None,
) -> Links:
    """Return who can take from whom; nobody takes from itself.

    Distances are straight lines between sites. With `nearest`, effort and memory grow with members times links,
    else with the number of pairs within reach.

    Args:
        xy: sites of the members, km, shape (m, 2).
        reach: largest distance, km.
        compatible: (takers, givers, distances km) of candidate pairs, shape (n,) each -> which of them fit.
        takers, givers: members that can take, or give, at all, shape (m,); all where silent.
        nearest: at most so many givers of each taker, the nearest ones that fit. Members at one site are taken in
            turn, beginning behind the taker, so that not all crowd on the same few.

    Raises:
        InputError: without `nearest`, more than `MOST_PAIRS` lie within reach.
    """
    everybody = np.arange(xy.shape[0])
    of = everybody if takers is None else np.flatnonzero(takers)
    to = everybody if givers is None else np.flatnonzero(givers)
    if not of.size or not to.size or nearest == 0:
        return _links(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    if nearest is None:
        return _links(*_fitting(*_all_within(xy, of, to, reach), compatible))
    return _nearest_within(_Sites(xy, to), of, reach, compatible, nearest)


class _Sites:
    """The distinct sites of the givers, and who gives at each."""

    def __init__(self, xy: Floats, to: Ints) -> None:
        """Group the givers `to` by site."""
        from scipy.spatial import cKDTree

        self.xy = xy
        self.site, at = np.unique(xy[to], axis=0, return_inverse=True)
        order = np.argsort(at, kind="stable")
        self.givers = to[order]
        self.first = np.searchsorted(at[order], np.arange(self.site.shape[0] + 1))
        self.tree = cKDTree(self.site)


def _nearest_within(sites: _Sites, of: Ints, reach: float, compatible: Compatible | None, nearest: int) -> Links:
    """Return the nearest fitting givers; asks for twice as many candidates until everybody has enough or all."""
    wanted = nearest
    found = []
    while of.size:
        taker, giver, distance = _candidates(sites, of, reach, wanted)
        exhausted = np.bincount(taker, minlength=sites.xy.shape[0])[of] < wanted
        taker, giver, distance = _fitting(taker, giver, distance, compatible)
        enough = np.bincount(taker, minlength=sites.xy.shape[0])[of] >= nearest
        done = np.zeros(sites.xy.shape[0], bool)
        done[of[exhausted | enough]] = True
        kept = done[taker]
        found.append((taker[kept], giver[kept], distance[kept]))
        of, wanted = of[~(exhausted | enough)], 2 * wanted
    links = _links(*(np.concatenate(parts) for parts in zip(*found, strict=True)), by_turn=True)
    rank = np.arange(links.taker.size) - np.searchsorted(links.taker, links.taker)
    kept = rank < nearest
    return _links(links.taker[kept], links.giver[kept], links.distance_km[kept])


def _candidates(sites: _Sites, of: Ints, reach: float, wanted: int) -> tuple[Ints, Ints, Floats]:
    """Return up to `wanted` givers of each taker in `of`, nearest first, members of one site in turn."""
    many = min(wanted + 1, sites.site.shape[0])
    distance, near = sites.tree.query(sites.xy[of], k=many, distance_upper_bound=np.nextafter(reach, np.inf))
    distance, near = distance.reshape(of.size, many), near.reshape(of.size, many).astype(np.int64)
    return _walk(of, (distance, near), (sites.first.astype(np.int64), sites.givers), wanted)


@kernel
def _walk(of: Ints, nearby: tuple[Floats, Ints], lists: tuple[Ints, Ints], wanted: int) -> tuple[Ints, Ints, Floats]:
    """Walk each taker's nearest sites and list givers until there are enough.

    Args:
        of: takers, shape (n,).
        nearby: distance to each taker's nearest sites (infinite: no more), and these sites, shape (n, sites).
        lists: first giver of each site, shape (sites + 1,), and givers by site in rising order.
        wanted: givers for each taker.
    """
    distance, near = nearby
    first, givers = lists
    taker = np.empty(of.size * wanted, np.int64)
    giver = np.empty(of.size * wanted, np.int64)
    far = np.empty(of.size * wanted)
    n = 0
    for i in range(of.size):
        begun = n
        for j in range(near.shape[1]):
            if n - begun == wanted or not np.isfinite(distance[i, j]):
                break
            low, high = first[near[i, j]], first[near[i, j] + 1]
            turn = np.searchsorted(givers[low:high], of[i] + 1)
            for step in range(high - low):
                other = givers[low + (turn + step) % (high - low)]
                if n - begun == wanted:
                    break
                if other == of[i]:
                    continue
                taker[n], giver[n], far[n] = of[i], other, distance[i, j]
                n += 1
    return taker[:n].copy(), giver[:n].copy(), far[:n].copy()


def _all_within(xy: Floats, of: Ints, to: Ints, reach: float) -> tuple[Ints, Ints, Floats]:
    """Return all pairs within reach."""
    from scipy.spatial import cKDTree

    takers, givers, farthest = cKDTree(xy[of]), cKDTree(xy[to]), np.nextafter(reach, np.inf)
    count = int(takers.count_neighbors(givers, farthest))
    if count > MOST_PAIRS:
        what = f"{count:,} pairs of members lie within {reach:g} km of each other"
        raise InputError([Fault("reach", what, f"at most {MOST_PAIRS:,}: a shorter reach, or `variant: pooling`")])
    near = takers.sparse_distance_matrix(givers, farthest, output_type="ndarray")
    taker, giver = of[near["i"]], to[near["j"]]
    other = taker != giver
    return taker[other], giver[other], near["v"][other]


def _fitting(taker: Ints, giver: Ints, distance: Floats, compatible: Compatible | None) -> tuple[Ints, Ints, Floats]:
    if compatible is None or not taker.size:
        return taker, giver, distance
    fit = compatible(taker, giver, distance)
    return taker[fit], giver[fit], distance[fit]


def _links(taker: Ints, giver: Ints, distance: Floats, *, by_turn: bool = False) -> Links:
    """Return sorted pairs; `by_turn` keeps the order of givers at one distance."""
    order = np.lexsort((distance, taker)) if by_turn else np.lexsort((giver, distance, taker))
    return Links(taker[order], giver[order], distance[order])
