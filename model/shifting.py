"""Who moves load in answer to prices, what it costs, and who books it.

A firm whose contract follows the day-ahead price bids its flexible energy into the auction where the zone clears;
elsewhere, and behind a store, it schedules itself at the gate on the prices that it expects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from model.inputs import ModelInputs
from model.physics.flexibility import HOURS, TERMS, clear_orders, shift_days, supply_curve
from model.physics.storage import run_stores
from model.streams import Floats, Ints

if TYPE_CHECKING:
    from model.goods import Goods
    from model.population import Population
    from model.power import Power
    from model.stage import Stage

CONNECTION = 10.0
"""Connection capacity of a shaped load over its mean, as for every customer of a utility."""


@dataclass
class FlexibleFirms:
    """Firms with a shaped load that may move.

    Attributes:
        rows: firms, shape (k,).
        terms: what they declare, shape (k, 7), columns as in `physics.flexibility.TERMS`.
        sees_prices: whether the contract follows the day-ahead price, shape (k,).
        moved: change of each hour today, MW, shape (k, 24), summing to nothing over the day.
        comfort: cost of comfort today, EUR, shape (k,).
    """

    rows: Ints
    terms: Floats
    sees_prices: Any
    moved: Floats
    comfort: Floats


def zone_clears(inputs: ModelInputs) -> bool:
    """Tell whether prices come out of a merit order that the agents' loads are part of."""
    return inputs.market.closure == "endogenous" and bool(inputs.utilities)


def flexible_firms(stage: Stage, *, bidding: bool) -> FlexibleFirms:
    """Return the firms that bid flexible orders into the auction, or those that schedule themselves."""
    people = stage.population
    shaped = np.zeros(people.makers, np.bool_)
    shaped[people.with_process("shaped")] = True
    shaped &= people.utility >= 0
    indexed = people.coded("retail", "contract", ("tariff", "indexed")) == 1
    bids = shaped & indexed & zone_clears(stage.inputs)
    table = _terms(people)
    table[bids != bidding, 0] = 0.0
    if bidding:
        table[:, 5] = 0.0
    rows = np.flatnonzero(shaped & ((table[:, 0] > 0.0) | (table[:, 5] > 0.0)))
    return FlexibleFirms(rows, table[rows], indexed[rows], np.zeros((rows.size, HOURS)), np.zeros(rows.size))


def _terms(people: Population) -> Floats:
    """Return what every manufacturer declares, shape (n, 7), columns as in `TERMS`."""
    table = np.zeros((people.makers, len(TERMS)))
    if people.makers:
        for column, name in ((0, "share"), (1, "largest_rise"), (2, "comfort_cost")):
            table[:, column] = people.spread("flexibility", name)
        watched = people.spread("flexibility", "watch_peak")
        table[:, 3] = 1000.0 * people.spread("retail", "peak_charge") * watched
        table[:, 4] = CONNECTION * people.spread("process", "mean_load")
        table[:, 5] = people.spread("storage", "capacity")
        table[:, 6] = people.spread("storage", "power")
    return table


def shift_loads(firms: FlexibleFirms, expected_prices: Floats, running_peak: Floats, load: Floats) -> None:
    """Let firms that schedule themselves shift load and use their stores on expected prices, EUR/MWh, shape (k, 24)."""
    prices = np.where(firms.sees_prices[:, None], expected_prices, 0.0)
    shift_days(firms.rows, firms.terms, prices, running_peak, load, firms.moved, firms.comfort)
    run_stores(firms.rows, firms.terms, prices, running_peak, load, firms.moved)


def clear_flexible(
    firms: FlexibleFirms,
    zone: Floats,
    blocks: tuple[Floats, Floats, Floats, float, float],
    running_peak: Floats,
    load: Floats,
) -> None:
    """Clear the flexible orders in a zone of load `zone`, MW, shape (24,), which takes up the result.

    Args:
        firms: the firms that bid; `moved` and `comfort` are results.
        zone: MW, changed in place.
        blocks: capacity, marginal cost, emission, floor, cap of the stack.
        running_peak: MW by firm; `load`: MW by quarter-hour, shape (firm, 96), changed in place.
    """
    capacity, marginal_cost, _, floor, cap = blocks
    price, until = np.empty(capacity.size + 2), np.empty(capacity.size + 2)
    supply_curve(capacity, marginal_cost, floor, cap, price, until)
    clear_orders(firms.rows, firms.terms, running_peak, zone, price, until, load, firms.moved, firms.comfort)


class ShiftingCosts:
    """Books what shifting really costs: cold restarts, comfort, and the stores.

    Attributes:
        lines: (manufacturer, kind) of every real cost that can arise.
    """

    def __init__(self, stage: Stage, goods: Goods, power: Power) -> None:
        self.stage, self.goods, self.power = stage, goods, power
        self.lines: list[tuple[str, str]] = []
        for firm in stage.inputs.manufacturers:
            shaped = firm.process.kind == "shaped" and bool(firm.utility)
            splits = firm.process.kind == "batch" and firm.process.scheduling != "habit"
            if splits and np.isfinite(firm.process.restart_cost):
                self.lines.append((firm.name, "restart"))
            if shaped and firm.flexibility.share > 0.0:
                self.lines.append((firm.name, "comfort"))
            if shaped and firm.storage.capacity > 0.0:
                self.lines.append((firm.name, "storage"))
        people = stage.population
        self.store = people.spread("storage", "capacity") * people.spread("storage", "daily_cost")
        self.store[np.isin(np.arange(people.makers), goods.flexible.rows, invert=True)] = 0.0

    def book(self, cash: Floats, amounts: Floats) -> None:
        """Write today's EUR of each line into `amounts`, shape (line,), and take them from the firms' `cash`."""
        people, goods, orders = self.stage.population, self.goods, self.power.orders
        costs = {"restart": np.zeros(people.makers), "comfort": np.zeros(people.makers), "storage": self.store}
        costs["restart"][goods.batch] = goods.restart_cost
        costs["comfort"][goods.flexible.rows] = goods.flexible.comfort
        costs["comfort"][orders.rows] += orders.comfort
        names = [firm.name for firm in self.stage.inputs.manufacturers]
        for line, (name, kind) in enumerate(self.lines):
            rows = people.group == names.index(name)
            amounts[line] = costs[kind][rows].sum()
            cash[: people.makers][rows] -= costs[kind][rows]
