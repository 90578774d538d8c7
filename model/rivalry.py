"""Research and product markets: who competes with whom, how much research pays, and what rivals make of lower costs.

In a product market firms are Cournot rivals with linear demand, whose slope they declare; the declared state is its
equilibrium, so that the margin on which research is planned is slope times output. Prices and quantities answer to
changes of unit cost against that state. Without a market, or with slope 0, a firm takes its price as given.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING

import numpy as np

from model.errors import Fault, InputError, RunError
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
from model.streams import Floats, Ints

if TYPE_CHECKING:
    from model.goods import Goods
    from model.mechanisms.technology import Pairs
    from model.population import Population
    from model.stage import Stage

TOLERANCE = 1e-12
"""Largest step, relative to the largest effort, at which planning ends."""
ROUNDS = 20_000
"""Most rounds of planning."""
USUAL_DAMPING = 0.5
"""Part of the way to its best answer that a firm without a contract goes in a round of planning."""


class Rivalry:
    """Research and product markets of one model; efforts, reductions and gains are of all makers.

    Attributes:
        place: market of each maker, NO_MARKET for none, shape (maker,).
        first, sellers: makers of market p stand in `sellers` from `first[p]` to before `first[p + 1]`.
        market: what research leads to, by maker.
        unit_cost: as declared, EUR/unit, shape (maker,).
        spending: on research now, EUR a day, shape (maker,); `effort`: EUR/unit.
        reduction: of unit cost against the declared one, by research so far, EUR/unit, shape (maker,).
        target: what it will come to if efforts stay, EUR/unit, shape (maker,).

    Raises:
        InputError: where research pays without limit, or a market's slope contradicts price or buyers.
    """

    def __init__(self, stage: Stage, goods: Goods) -> None:
        people = stage.population
        self.people = people
        self.place, self.markets = _markets(people)
        order = np.argsort(self.place, kind="stable")
        inside = order[self.place[order] != NO_MARKET]
        self.sellers = inside
        self.first = np.searchsorted(self.place[inside], np.arange(self.markets + 1))
        self.unit_cost = people.spread("process", "unit_cost")
        self.unit_price = people.spread("process", "unit_price")
        self.output = goods.stock.filter_mean.copy()
        self.slope = np.where(self.place != NO_MARKET, people.spread("technology", "price_slope"), 0.0)
        self.rows = np.arange(people.makers)
        self.revenue = self.unit_price * self.output
        self.usual_spending = people.spread("technology", "research_share") * self.revenue
        _refuse_slopes(people, goods, self.slope, self.output, self.unit_price)
        self.market = self._market()
        self.usual_effort = usual_efforts(self.usual_spending, self.market.difficulty)
        self.usual_reduction = np.zeros(people.makers)
        nobody = tie_table(people.makers, *(np.zeros(0, np.int64),) * 2, *(np.zeros(0),) * 2, self.market)
        self._reductions(self.rows, self.usual_effort, nobody, self.usual_reduction)
        self.effort, self.spending = self.usual_effort.copy(), self.usual_spending.copy()
        self.reduction, self.target = np.zeros(people.makers), np.zeros(people.makers)

    def research_share(self, rows: Ints) -> Floats:
        """Return research spending over declared revenue of some makers, shape as `rows`."""
        revenue = self.revenue[rows]
        out = np.zeros(rows.size)
        np.divide(self.spending[rows], revenue, out=out, where=revenue > 0.0)
        return out

    def check(self, contracts: Sequence[tuple[Ints, Pairs, float]]) -> None:
        """Refuse contracts under which research would always pay, or would come to more than there is to save.

        Args:
            contracts: as in `plan`.

        Raises:
            InputError: names the firms.
            RunError: if efforts do not settle.
        """
        trial = copy(self)
        trial.effort, trial.spending, trial.target = self.effort.copy(), self.spending.copy(), self.target.copy()
        trial.plan(contracts)
        beyond = np.flatnonzero(trial.target > self.unit_cost)
        groups = self.people.group[beyond]
        faults = [self._too_much(int(beyond[groups == g][0]), trial.target) for g in dict.fromkeys(groups.tolist())]
        if faults:
            raise InputError(faults)

    def plan(self, contracts: Sequence[tuple[Ints, Pairs, float]]) -> None:
        """Let members of contracts and their rivals find efforts from which none of them would move.

        Args:
            contracts: rows of the members, terms of research between them, and damping, of each contract.

        Raises:
            InputError: if more research would always pay some firm.
            RunError: if efforts do not settle.
        """
        ties = self._ties(contracts)
        rows = self._involved([members for members, _, _ in contracts])
        damping = np.full(self.rows.size, np.inf)
        for members, _, step in contracts:
            damping[members] = np.minimum(damping[members], step)
        damping[np.isinf(damping)] = USUAL_DAMPING
        gain = np.zeros(self.rows.size)
        outcome = plan_efforts(
            rows, self.market, ties, self.markets, self.usual_reduction, damping, TOLERANCE, ROUNDS, self.effort, gain
        )
        if outcome == self.rows.size:
            hint = "a smaller damping, or partners' profits with less weight, may help"
            msg = f"research efforts do not settle within {ROUNDS:,} rounds of planning; {hint}"
            raise RunError(msg)
        if outcome != CONVERGED:
            raise InputError([_limitless(self.people, outcome)])
        reached = np.zeros(self.rows.size)
        self._reductions(rows, self.effort, ties, reached)
        self.target[rows] = reached[rows] - self.usual_reduction[rows]
        does = rows[np.isfinite(self.market.difficulty[rows])]
        self.spending[does] = self.market.difficulty[does] * self.effort[does] ** 2 / 2.0

    def go_on(self, share: Floats) -> None:
        """Let results of research arrive: go `share` of the way to what present efforts come to, shape (maker,)."""
        self.reduction += share * (self.target - self.reduction)

    def respond(self, cost_change: Floats) -> tuple[Floats, Floats]:
        """Return the changes of price, EUR/unit, and of output, units a day, that follow from changes of unit cost."""
        gain = np.zeros(cost_change.size)
        margin_gains(self.rows, -cost_change, self.market, np.zeros(self.markets), gain)
        price: Floats = gain + cost_change
        output: Floats = np.maximum(-self.output, self.market.flatness * gain)
        return np.where(self.market.flatness > 0.0, price, 0.0), output

    def consumers_gain(self, price_change: Floats, output_change: Floats) -> float:
        """Return the change of consumers' surplus a day, EUR: what is bought before and after, half each, at the gain.

        Exact on a straight line of demand.
        """
        return float(-(price_change * (self.output + output_change / 2.0)).sum())

    def along_the_chain(self, change: Floats) -> Floats:
        """Return what a change of final demand does to the mean demand that reaches each maker, units a day."""
        total = change.copy()
        if change.any():
            for level in self.people.levels:
                buyers = level[self.people.supplier[level] >= 0]
                np.add.at(total, self.people.supplier[buyers], total[buyers])
        return total

    def _market(self) -> Market:
        """Return the markets in their declared state, with research as difficult as its declared spending shows."""
        people, faces_demand = self.people, self.slope > 0.0
        size = np.bincount(self.place[self.sellers], minlength=self.markets)
        own, common = (np.full(people.makers, part) for part in pass_through(PRICE_TAKER, 1))
        for row in np.flatnonzero(faces_demand):
            own[row], common[row] = pass_through(COURNOT, int(size[self.place[row]]))
        flatness = np.zeros(people.makers)
        flatness[faces_demand] = 1.0 / self.slope[faces_demand]
        market = Market(
            place=self.place,
            spillover=people.spread("technology", "spillover"),
            own=own,
            common=common,
            output=self.output,
            margin=self.slope * self.output,
            flatness=flatness,
            difficulty=np.full(people.makers, np.inf),
            subsidy=np.zeros(people.makers),
        )
        own_effect = np.zeros(people.makers)
        nobody = tie_table(people.makers, *(np.zeros(0, np.int64),) * 2, *(np.zeros(0),) * 2, market)
        room = np.zeros(self.markets), np.zeros(self.markets)
        effects(self.rows, market, nobody, *room, own_effect, np.zeros(0))
        difficulty = research_difficulty(self.usual_spending, own_effect, self.output, market.margin, flatness)
        limitless = np.flatnonzero(2.0 * flatness * own_effect**2 >= difficulty)
        groups = dict.fromkeys(people.group[limitless])
        if groups:
            raise InputError([_limitless(people, int(np.flatnonzero(people.group == g)[0])) for g in groups])
        return market._replace(difficulty=difficulty)

    def _too_much(self, row: int, target: Floats) -> Fault:
        name, cost = self.people.inputs.manufacturers[self.people.group[row]].name, self.unit_cost[row]
        what = f"joint research would lower the unit cost by {target[row]:.4g} EUR, and it is {cost:.4g} EUR"
        allowed = (
            "fewer members, or less openness, joint_spillover, joint_weight or research_share: what all find adds up"
        )
        return Fault(f"firms.{name}.technology", what, allowed)

    def _reductions(self, rows: Ints, effort: Floats, ties: Ties, out: Floats) -> None:
        cost_reductions(rows, effort, self.market, ties, np.zeros(self.markets), out)

    def _ties(self, contracts: Sequence[tuple[Ints, Pairs, float]]) -> Ties:
        one = np.concatenate([members[pairs.one] for members, pairs, _ in contracts])
        other = np.concatenate([members[pairs.other] for members, pairs, _ in contracts])
        weight = np.concatenate([pairs.weight for _, pairs, _ in contracts])
        spillover = np.concatenate([pairs.spillover for _, pairs, _ in contracts])
        return tie_table(self.rows.size, one, other, weight, spillover, self.market)

    def _involved(self, members: list[Ints]) -> Ints:
        """Return the members of contracts and all their rivals, in order."""
        involved = np.zeros(self.rows.size, np.bool_)
        for rows in members:
            involved[rows] = True
        touched = np.zeros(self.markets, np.bool_)
        places = self.place[involved]
        touched[places[places != NO_MARKET]] = True
        involved[self.sellers[touched[self.place[self.sellers]]]] = True
        return np.flatnonzero(involved)


def _markets(people: Population) -> tuple[Ints, int]:
    """Return the market of each maker, numbered by first mention, and how many there are."""
    named = [maker.technology.product_market for maker in people.inputs.manufacturers]
    names = list(dict.fromkeys(name for name in named if name))
    by_group = np.array([names.index(name) if name else NO_MARKET for name in named], dtype=np.int64)
    return by_group[people.group], len(names)


def _refuse_slopes(people: Population, goods: Goods, slope: Floats, output: Floats, price: Floats) -> None:
    """Refuse a slope of final demand where other firms buy, or one whose Cournot margin is the whole price."""
    faults = []
    for g, maker in enumerate(people.inputs.manufacturers):
        row = int(np.flatnonzero(people.group == g)[0])
        where = f"firms.{maker.name}.technology.price_slope"
        if slope[row] > 0.0 and goods.stock.has_customer[row]:
            what = f"{maker.name} sells to other firms, whose own sales decide what they buy"
            faults.append(Fault(where, what, "allowed: 0, or a firm that serves final customers"))
        elif slope[row] * output[row] > price[row]:
            what = f"at {output[row]:g} units a day the margin would be {slope[row] * output[row]:g} EUR"
            faults.append(Fault(where, what, f"up to {price[row] / output[row]:.4g}, where it is the whole price"))
    if faults:
        raise InputError(faults)


def _limitless(people: Population, row: int) -> Fault:
    name = people.inputs.manufacturers[people.group[row]].name
    what = "more research would always pay: it costs too little for what lower costs bring in this market"
    allowed = "a smaller research_share, a steeper price_slope, or partners' profits with less weight"
    return Fault(f"firms.{name}.technology.research_share", what, allowed)
