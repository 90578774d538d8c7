"""Central allocation: a planner hands out what members offer, by the highest surplus or in equal parts.

The linear programme (transportation problem with costs of the way and losses) is solved by HiGHS; the shadow prices
of the offers are the efficient lease prices. Equal parts, r = min(1, supply / sum of reports), are the naive rule
that members manipulate by overstating needs (Cachon & Lariviere 1999, Management Science 45(8), 1091-1108).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from model.errors import Fault, InputError
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
    cost = session.cost[:, session.giver] / session.delivered + session.way
    return np.asarray(session.value[:, :, session.taker] - cost[:, None, :])


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
    open_ = (gain > 0.0) & (most[:, :, session.taker] > 0.0) & (session.offer[:, None, session.giver] > 0.0)
    s, k, pair = np.nonzero(open_)
    if not s.size:
        return Plan(units, shadow)
    m = session.members
    needs, need_row = np.unique((s * TIERS + k) * m + session.taker[pair], return_inverse=True)
    offers, offer_row = np.unique(s * m + session.giver[pair], return_inverse=True)
    limits = np.concatenate([most.ravel()[needs], session.offer.ravel()[offers]])
    rows = np.column_stack([need_row, needs.size + offer_row])
    used = np.column_stack([np.ones(s.size), 1.0 / session.delivered[pair]])
    found, duals = solve_packing(gain[open_], rows, used, limits)
    units[open_] = within_limits(found, rows, used, limits)
    shadow.ravel()[offers] = np.maximum(0.0, -duals[needs.size :])
    return Plan(units, shadow)


def solve_packing(gain: Floats, rows: Ints, used: Floats, limits: Floats) -> tuple[Floats, Floats]:
    """Maximise gain x subject to the limits of the two rows that each column uses; return x and the row duals.

    Args:
        gain: of each column, shape (n,).
        rows, used: rows that each column enters and its coefficients there, shape (n, 2).
        limits: of each row, shape (r,).
    """
    import highspy

    n = gain.size
    programme = highspy.HighsLp()
    programme.num_col_, programme.num_row_ = n, limits.size
    programme.col_cost_ = -gain
    programme.col_lower_, programme.col_upper_ = np.zeros(n), np.full(n, np.inf)
    programme.row_lower_, programme.row_upper_ = np.full(limits.size, -np.inf), limits
    matrix = programme.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kColwise
    matrix.start_ = np.arange(0, 2 * n + 1, 2, dtype=np.int32)
    matrix.index_, matrix.value_ = rows.ravel().astype(np.int32), used.ravel()
    solver = _solver(highspy)
    solver.passModel(programme)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        msg = f"the linear programme of {n} variables has no optimum: {solver.getModelStatus()}"
        raise ArithmeticError(msg)
    solution = solver.getSolution()
    return np.array(solution.col_value), np.array(solution.row_dual)


def _solver(highspy: Any) -> Any:
    """Return a silent solver on one thread; a new one has no memory that could decide between equal optima."""
    solver = highspy.Highs()
    for option, value in (("output_flag", False), ("presolve", "off"), ("threads", 1), ("solver", "simplex")):
        solver.setOptionValue(option, value)
    return solver


def within_limits(units: Floats, rows: Ints, used: Floats, limits: Floats) -> Floats:
    """Return the units without the solver's rounding: none negative, and no limit exceeded."""
    out = np.maximum(units, 0.0)
    for side in (0, 1):
        load = np.bincount(rows[:, side], out * used[:, side], minlength=limits.size)
        out = out * np.minimum(1.0, limits / np.where(load > 0.0, load, 1.0))[rows[:, side]]
    return out


def carry_out(session: Session, units: Floats, price: Floats) -> None:
    """Write what a plan moves, and who pays whom.

    Args:
        session: with the true needs; a member returns what it was allotted beyond them, evenly over its givers.
        units: planned deliveries, shape (S, K, p).
        price: EUR by unit given, shape (S, m).
    """
    m = session.members
    eur, traded = np.zeros(session.slots), np.zeros(session.slots)
    for s in range(session.slots):
        planned = units[s].sum(axis=0)
        got = np.bincount(session.taker, planned, minlength=m)
        over = serve_tiers(session.need[s], got, session.taken[s])
        session.withheld[s] += over
        flow = planned * (1.0 - over / np.where(got > 0.0, got, 1.0))[session.taker]
        given = flow / session.delivered
        payment = given * price[s, session.giver]
        session.flow[s] = flow
        session.given[s] = np.minimum(np.bincount(session.giver, given, minlength=m), session.offer[s])
        session.moved += np.bincount(session.taker, flow * session.way, minlength=m)
        session.paid += np.bincount(session.taker, payment, minlength=m)
        session.paid -= np.bincount(session.giver, payment, minlength=m)
        eur[s], traded[s] = payment.sum(), flow.sum()
    mean_price(session, eur, traded)
