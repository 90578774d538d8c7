"""Who moves load in answer to prices, and what it costs.

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
    from model.population import Population
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
        moved: change of each hour today by moving load, MW, shape (k, 24), summing to nothing over the day.
        stored: the same by a store.
        comfort: cost of comfort today, EUR, shape (k,).
    """

    rows: Ints
    terms: Floats
    sees_prices: Any
    moved: Floats
    stored: Floats
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
    schedules = (table[:, 0] > 0.0) | (table[:, 5] > 0.0)
    if not bidding:
        schedules[share_stores(people)] = True
    rows = np.flatnonzero(shaped & schedules)
    moved, stored = np.zeros((2, rows.size, HOURS))
    return FlexibleFirms(rows, table[rows], indexed[rows], moved, stored, np.zeros(rows.size))


def share_stores(people: Population) -> Ints:
    """Return the rows of manufacturers that share stores of electricity under contracts."""
    contracts = [t for t in people.inputs.resource_contracts if t.resource == "storage" and t.offered > 0.0]
    working = [t for t in contracts if t.variant != "leasing" or t.partners > 0]
    rows = [people.rows_of(name) for terms in working for name in terms.members]
    found = np.unique(np.concatenate([np.zeros(0, np.int64), *rows]))
    return found[found < people.makers]


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
    run_stores(firms.rows, firms.terms, prices, running_peak, load, firms.stored)


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


def storage_costs(people: Population) -> Floats:
    """Return what each manufacturer's store costs to own, EUR a day, shape (n,)."""
    shaped = np.zeros(people.makers, np.bool_)
    shaped[people.with_process("shaped")] = True
    costs: Floats = people.spread("storage", "capacity") * people.spread("storage", "daily_cost")
    return np.where(shaped & (people.utility >= 0), costs, 0.0)
