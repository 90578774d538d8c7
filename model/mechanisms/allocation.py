"""Central allocation: a planner hands out what members offer, by the highest surplus or in equal parts.

The linear programme (transportation problem with costs of the way and losses) is solved by HiGHS; the shadow prices
of the offers are the efficient lease prices. Equal parts, r = min(1, supply / sum of reports), are the naive rule
that members manipulate by overstating needs (Cachon & Lariviere 1999, Management Science 45(8), 1091-1108).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from model.errors import Fault, InputError
from model.kernels import kernel
from model.mechanisms.resource import Mechanism, mean_price, serve_tiers
from model.session import TIERS, Bools, Draws, Session
from model.streams import Floats, Ints

if TYPE_CHECKING:
    from model.resource_terms import ResourceContract


class Allocation(Mechanism):
    """A planner decides, from what members report that they need; it knows values, costs and offers.

    `objective: surplus` maximises what the trade saves; who takes a unit pays its giver the cost and the shadow price
    of the offer. `objective: proportional` hands out the same share of what each has asked for to all who can be
    reached by the same givers, as far as a unit is worth its cost and way, and lets givers have their cost back: no
    price rations. What a member was allotted beyond its true need goes back unused.
    """

    name = "allocation"

    def __init__(self, terms: ResourceContract, session: Session, draws: Draws) -> None:
        """Check the size of the programme.

        Raises:
            InputError: it has more variables than the contract allows.
        """
        super().__init__(terms, session, draws)
        size = self.programme_size(session)
        if size > terms.largest_programme:
            what = f"allocation by a linear programme would take {size:,} variables a day"
            hint = f"largest_programme is {terms.largest_programme:,}; `variant: pooling` or `leasing` takes any number"
            raise InputError([Fault(f"{terms.name}.variant", what, hint)])
        self.region = regions(session.taker, session.giver, session.members)

    @classmethod
    def programme_size(cls, session: Session) -> int:
        """Return slots times tiers of need times pairs."""
        return session.slots * TIERS * int(session.taker.size)

    def clear(self, day: int, session: Session) -> None:
        """Solve the day's programme and write flows, payments and the bound."""
        session.clear_results()
        reports = self.reports(day, session, self.terms.inflation)
        margin = margins(session)
        best = solve_programme(session, session.need, margin)
        session.bound = float((best.units * margin).sum())
        plan, price = best, session.cost + best.shadow
        if self.terms.objective == "proportional":
            most = quotas(session, np.where(worth(session, margin), reports, 0.0), self.region)
            plan = solve_programme(session, most, _quantities(session, margin))
            price = session.cost
        elif reports is not session.need:
            plan = solve_programme(session, reports, margin)
            price = session.cost + plan.shadow
        carry_out(session, plan.units, price)


class Plan(NamedTuple):
    """What a linear programme answers.

    Attributes:
        units: delivered by slot, tier and pair, shape (S, K, p).
        shadow: EUR that a further unit of each offer would save, shape (S, m).
    """

    units: Floats
    shadow: Floats


def margins(session: Session) -> Floats:
    """Return what a delivered unit saves, EUR, by slot, tier of need and pair, shape (S, K, p)."""
    return _margins(session.value, session.cost, session.taker, session.giver, session.way, session.delivered)


@kernel
def _margins(value: Floats, cost: Floats, taker: Ints, giver: Ints, way: Floats, delivered: Floats) -> Floats:
    out = np.empty((value.shape[0], value.shape[1], taker.size))
    for s in range(value.shape[0]):
        for p in range(taker.size):
            dear = cost[s, giver[p]] / delivered[p] + way[p]
            for k in range(value.shape[1]):
                out[s, k, p] = value[s, k, taker[p]] - dear
    return out


def _quantities(session: Session, margin: Floats) -> Floats:
    """Return the weights of a planner who counts units, not values, and sends each over the cheapest way."""
    cost = session.cost[:, session.giver] / session.delivered + session.way
    dearest = float(np.abs(cost).max(initial=0.0)) + 1.0
    weight = np.broadcast_to((1000.0 * dearest - cost)[:, None, :], margin.shape)  # units first, then their cost
    return np.where(margin > 0.0, weight, 0.0)


def worth(session: Session, margin: Floats) -> Bools:
    """Tell which tiers of need are worth the cost of some offer within reach, shape (S, K, m)."""
    out = np.zeros(session.need.shape, dtype=bool)
    open_ = (margin > 0.0) & (session.offer[:, None, session.giver] > 0.0)
    s, k, pair = np.nonzero(open_)
    out[s, k, session.taker[pair]] = True
    return out


def regions(taker: Ints, giver: Ints, members: int) -> Ints:
    """Return the number of the connected set of members that each one belongs to, shape (m,)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(taker.size), (taker, giver)), shape=(members, members))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def quotas(session: Session, reports: Floats, region: Ints) -> Floats:
    """Return the most that each member's tiers may take under equal parts, shape (S, K, m).

    The share is min(1, supply / sum of reports) within each connected set of members; a member fills its dearest
    needs first and cannot use more than it needs. What it cannot use is noted as withheld.
    """
    gives = np.bincount(session.giver, minlength=session.members)
    arrives = np.bincount(session.giver, session.delivered, minlength=session.members) / np.maximum(gives, 1)
    takes = np.bincount(session.taker, minlength=session.members) > 0
    out = np.zeros_like(session.need)
    for s in range(session.slots):
        asked = np.where(takes, reports[s].sum(axis=0), 0.0)
        total = np.bincount(region, asked)[region]
        supply = np.bincount(region, session.offer[s] * arrives)[region]
        share = np.where(total > supply, supply / np.where(total > 0.0, total, 1.0), 1.0)
        session.withheld[s] = serve_tiers(session.need[s], share * asked, out[s])
    return out


def solve_programme(session: Session, most: Floats, gain: Floats) -> Plan:
    """Maximise the sum of gain times units, subject to what each may take and what each offers.

    Only pairs with a positive gain, a need and an offer enter. Every solution starts from nothing, so that it depends
    on its data alone.

    Args:
        session: with offers, pairs and losses.
        most: units that each member's tiers may take, shape (S, K, m).
        gain: EUR by delivered unit, shape (S, K, p).
    """
    units, shadow = np.zeros(gain.shape), np.zeros(session.offer.shape)
    links = session.taker, session.giver, session.delivered
    columns, rows, used, limits, offers = programme(most, session.offer, gain, links)
    if not columns.size:
        return Plan(units, shadow)
    found, duals = solve_packing(gain.ravel()[columns], rows, used, limits)
    units.ravel()[columns] = within_limits(found, rows, used, limits)
    shadow.ravel()[offers] = np.maximum(0.0, -duals[limits.size - offers.size :])
    return Plan(units, shadow)


@kernel
def programme(
    most: Floats, offer: Floats, gain: Floats, links: tuple[Ints, Ints, Floats]
) -> tuple[Ints, Ints, Floats, Floats, Ints]:
    """Return the programme of what is worth a thought: columns by slot, tier and pair, rows by need, then by offer.

    Args:
        most: units that each member's tiers may take, shape (S, K, m); `offer`: units, shape (S, m).
        gain: EUR by delivered unit, shape (S, K, p).
        links: taker, giver and delivered share of each pair.

    Returns:
        Place of each column in `gain`, shape (n,); the rows that it enters, and its coefficients there, shape (n, 2);
        limits of the rows, shape (r,); place in `offer` of the rows of offers.
    """
    taker, giver, delivered = links
    slots, tiers, m = most.shape
    columns = np.empty(gain.size, np.int64)
    need_row, offer_row = np.full((slots, tiers, m), -1), np.full((slots, m), -1)
    n, needs, offers = 0, 0, 0
    for s in range(slots):
        for k in range(tiers):
            for p in range(taker.size):
                i, j = taker[p], giver[p]
                if gain[s, k, p] > 0.0 and most[s, k, i] > 0.0 and offer[s, j] > 0.0:
                    columns[n] = (s * tiers + k) * taker.size + p
                    n += 1
                    need_row[s, k, i], offer_row[s, j] = 0, 0
    limits = np.empty((need_row == 0).sum() + (offer_row == 0).sum())
    for at in range(need_row.size):
        if need_row.ravel()[at] == 0:
            need_row.ravel()[at], limits[needs] = needs, most.ravel()[at]
            needs += 1
    places = np.empty(limits.size - needs, np.int64)
    for at in range(offer_row.size):
        if offer_row.ravel()[at] == 0:
            offer_row.ravel()[at], limits[needs + offers], places[offers] = needs + offers, offer.ravel()[at], at
            offers += 1
    rows, used = np.empty((n, 2), np.int64), np.ones((n, 2))
    for c in range(n):
        p, sk = columns[c] % taker.size, columns[c] // taker.size
        rows[c, 0] = need_row[sk // tiers, sk % tiers, taker[p]]
        rows[c, 1] = offer_row[sk // tiers, giver[p]]
        used[c, 1] = 1.0 / delivered[p]
    return columns[:n].copy(), rows, used, limits, places


def solve_packing(gain: Floats, rows: Ints, used: Floats, limits: Floats) -> tuple[Floats, Floats]:
    """Maximise gain x subject to the limits of the two rows that each column uses; return x and the row duals.

    Args:
        gain: of each column, shape (n,).
        rows, used: rows that each column enters and its coefficients there, shape (n, 2).
        limits: of each row, shape (r,).

    Raises:
        ArithmeticError: the solver finds no optimum.
    """
    import highspy

    n, r = gain.size, limits.size
    kind, sense = int(highspy.MatrixFormat.kColwise), int(highspy.ObjSense.kMinimize)
    columns = -gain, np.zeros(n), np.full(n, np.inf)
    start = np.arange(0, 2 * n, 2, dtype=np.int32)
    matrix = start, rows.ravel().astype(np.int32), used.ravel()
    solver = _solver(highspy)
    solver.passModel(
        n, r, 2 * n, kind, sense, 0.0, *columns, np.full(r, -np.inf), limits, *matrix, np.zeros(n, np.int32)
    )
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        msg = f"the linear programme of {n} variables has no optimum: {solver.getModelStatus()}"
        raise ArithmeticError(msg)
    solution = solver.getSolution()
    return np.array(solution.col_value), np.array(solution.row_dual)


_SOLVERS = threading.local()
"""One solver for each thread: making one takes longer than a small programme."""


def _solver(highspy: Any) -> Any:
    """Return a silent solver; a programme passed to it drops all that it knew of the last one."""
    if not hasattr(_SOLVERS, "solver"):
        solver = highspy.Highs()
        for option, value in (("output_flag", False), ("presolve", "off"), ("threads", 1), ("solver", "simplex")):
            solver.setOptionValue(option, value)
        _SOLVERS.solver = solver
    return _SOLVERS.solver


@kernel
def within_limits(units: Floats, rows: Ints, used: Floats, limits: Floats) -> Floats:
    """Return the units without the solver's rounding: none negative, and no limit exceeded; shape (n,).

    Args:
        units: as the solver found them, shape (n,); `rows`, `used`, `limits`: as in `solve_packing`.
    """
    out = np.maximum(units, 0.0)
    for side in range(2):
        load = np.zeros(limits.size)
        for c in range(out.size):
            load[rows[c, side]] += out[c] * used[c, side]
        for c in range(out.size):
            row = rows[c, side]
            if load[row] > limits[row]:
                out[c] *= limits[row] / load[row]
    return out


def carry_out(session: Session, units: Floats, price: Floats) -> None:
    """Write what a plan moves, and who pays whom.

    Args:
        session: with the true needs; a member returns what it was allotted beyond them, evenly over its givers.
        units: planned deliveries, shape (S, K, p).
        price: EUR by unit given, shape (S, m).
    """
    links = session.taker, session.giver, session.way, session.delivered
    results = session.taken, session.given, session.flow, session.paid, session.moved, session.withheld
    traded = np.zeros((2, session.slots))
    deliver(units, price, links, (session.need, session.offer), results, traded)
    mean_price(session, *traded)


@kernel
def deliver(
    units: Floats,
    price: Floats,
    links: tuple[Ints, Ints, Floats, Floats],
    market: tuple[Floats, Floats],
    results: tuple[Floats, Floats, Floats, Floats, Floats, Floats],
    traded: Floats,
) -> None:
    """Write the results of a plan.

    Args:
        units, price: as in `carry_out`.
        links: taker, giver, way and delivered share of each pair.
        market: need, shape (S, K, m); offer, shape (S, m).
        results: taken, given, flow, paid, moved, withheld of the session; written, the last three added to.
        traded: EUR paid and units delivered by slot, shape (2, S); added to.
    """
    taker, giver, way, delivered = links
    need, offer = market
    taken, given, flow, paid, moved, withheld = results
    for s in range(offer.shape[0]):
        got = np.zeros(offer.shape[1])
        for p in range(taker.size):
            flow[s, p] = units[s, :, p].sum()
            got[taker[p]] += flow[s, p]
        over = serve_tiers(need[s], got, taken[s])
        withheld[s] += over
        given[s] = 0.0
        for p in range(taker.size):
            i, j = taker[p], giver[p]
            if not flow[s, p] > 0.0:
                continue
            flow[s, p] *= 1.0 - over[i] / got[i]
            given[s, j] += flow[s, p] / delivered[p]
            payment = flow[s, p] / delivered[p] * price[s, j]
            moved[i] += flow[s, p] * way[p]
            paid[i] += payment
            paid[j] -= payment
            traded[0, s] += payment
            traded[1, s] += flow[s, p]
        given[s] = np.minimum(given[s], offer[s])
