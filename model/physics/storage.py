"""A store of electricity behind a meter: what it does on a day, and how large it should be.

It is full every morning, serves the load in dear hours, and takes back in cheap hours exactly what it gave (Kalathil,
Wu, Poolla & Varaiya, The Sharing Economy for the Electricity Grid). No losses.
"""

import numpy as np

from model.kernels import kernel
from model.physics.flexibility import HOURS, apply_moves, moved_energy, shift_day
from model.streams import Floats, Ints, normal_quantile

LEAST_MWH = 1e-9
"""Capacity below which a store counts as used up."""

PEAK_CHARGE, CONNECTION, CAPACITY, POWER = 3, 4, 5, 6
"""Columns of `physics.flexibility.TERMS`."""


@kernel
def run_store(
    load: Floats,
    prices: Floats,
    capacity: float,
    power: float,
    peak_charge: float,
    running_peak: float,
    connection: float,
    moved: Floats,
) -> None:
    """Discharge at high prices up to what is needed or held, and recharge at low prices what was used.

    Args:
        load: MW by quarter-hour, shape (96,), changed in place.
        prices: EUR/MWh, shape (24,).
        capacity: MWh; `power`: MW by which an hour's load may rise to charge.
        peak_charge, running_peak, connection: as in `shift_day`.
        moved: result, change of each hour, MW, shape (24,).
    """
    shift_day(load, prices, 1.0, power, 0.0, capacity, peak_charge, running_peak, connection, moved)
    apply_moves(moved, load)


@kernel
def run_stores(rows: Ints, terms: Floats, prices: Floats, running_peak: Floats, load: Floats, stored: Floats) -> None:
    """Run the store of every firm that has one; arguments as in `physics.flexibility.shift_days`.

    `stored` is the result: what the store changes each hour by, MW, shape (k, 24).
    """
    for k in range(rows.size):
        stored[k] = 0.0
        if terms[k, CAPACITY] > 0.0:
            i = rows[k]
            run_store(
                load[i],
                prices[k],
                terms[k, CAPACITY],
                terms[k, POWER],
                terms[k, PEAK_CHARGE],
                running_peak[i],
                terms[k, CONNECTION],
                stored[k],
            )


@kernel
def store_day(
    load: Floats,
    prices: Floats,
    capacity: float,
    power: float,
    peak_charge: float,
    running_peak: float,
    connection: float,
    moved: Floats,
) -> float:
    """Write what a store would do today into `moved`, and return what it changes the cost of energy by, EUR.

    The month's peak limits what it does, but is no part of that: whether a day's loan spares a peak depends on what the
    month's other days bring. Arguments as in `run_store`.
    """
    moved[:] = 0.0
    if capacity <= 0.0:
        return 0.0
    shift_day(load, prices, 1.0, power, 0.0, capacity, peak_charge, running_peak, connection, moved)
    cost = 0.0
    for h in range(HOURS):
        cost += prices[h] * moved[h]
    return cost


@kernel
def size_stores(
    rows: Ints,
    terms: Floats,
    prices: Floats,
    running_peak: Floats,
    load: Floats,
    after: Floats,
    idle: Floats,
    loss: Floats,
    lacking: Floats,
) -> None:
    """Write what each firm's store leaves idle today, or what capacity its load could use beyond it, MWh.

    Capacity that is lent takes its part of the charging power with it, so that the owner charges more slowly.

    Args:
        rows, terms, prices, running_peak, load: as in `physics.flexibility.shift_days`; nothing is changed.
        after: result, the load after the firm itself has moved what is flexible, MW, shape (k, 96).
        idle, lacking: results, MWh, shape (k,); never both.
        loss: result, EUR/MWh that its owner's energy costs more if all that is idle is lent, shape (k,).
    """
    moved = np.empty(HOURS)
    for k in range(rows.size):
        capacity, power, at = terms[k, CAPACITY], terms[k, POWER], running_peak[rows[k]]
        after[k] = load[rows[k]]
        if terms[k, 0] > 0.0:
            share, rise, comfort = terms[k, 0], terms[k, 1], terms[k, 2]
            charge, most = terms[k, PEAK_CHARGE], terms[k, CONNECTION]
            shift_day(after[k], prices[k], share, rise, comfort, np.inf, charge, at, most, moved)
            apply_moves(moved, after[k])
        cost = store_day(after[k], prices[k], capacity, power, terms[k, PEAK_CHARGE], at, terms[k, CONNECTION], moved)
        used = moved_energy(moved)
        idle[k] = max(0.0, capacity - used)
        loss[k] = 0.0
        if idle[k] > LEAST_MWH and power < np.inf:
            slower = power * (1.0 - idle[k] / capacity)
            kept = store_day(
                after[k], prices[k], capacity - idle[k], slower, terms[k, PEAK_CHARGE], at, terms[k, CONNECTION], moved
            )
            loss[k] = max(0.0, (kept - cost) / idle[k])
        store_day(after[k], prices[k], np.inf, np.inf, terms[k, PEAK_CHARGE], at, terms[k, CONNECTION], moved)
        lacking[k] = max(0.0, moved_energy(moved) - used) if idle[k] <= LEAST_MWH else 0.0
        if lacking[k] > 0.0:
            idle[k] = 0.0


@kernel
def value_capacity(
    rows: Ints,
    terms: Floats,
    prices: Floats,
    running_peak: Floats,
    after: Floats,
    lacking: Floats,
    rate: float,
    value: Floats,
) -> None:
    """Write what the first and the second half of the capacity that a firm lacks would save in energy, EUR/MWh.

    Args:
        rows, terms, prices, running_peak, after, lacking: as in `size_stores`.
        rate: MW of charging power that comes with each MWh.
        value: result, shape (2, k); the first half is worth no less.
    """
    moved, cost = np.empty(HOURS), np.empty(3)
    for k in range(rows.size):
        value[:, k] = 0.0
        if lacking[k] <= 0.0:
            continue
        capacity, charge, most = terms[k, CAPACITY], terms[k, PEAK_CHARGE], terms[k, CONNECTION]
        for part in range(3):
            extra = 0.5 * part * lacking[k]
            power = (terms[k, POWER] if capacity > 0.0 else 0.0) + (rate * extra if extra > 0.0 else 0.0)
            at = running_peak[rows[k]]
            cost[part] = store_day(after[k], prices[k], capacity + extra, power, charge, at, most, moved)
        first, second = (cost[0] - cost[1]) / (0.5 * lacking[k]), (cost[1] - cost[2]) / (0.5 * lacking[k])
        value[0, k], value[1, k] = max(0.0, first, second), max(0.0, min(first, second))


@kernel
def service_level(price_high: float, price_low: float, daily_cost: float) -> float:
    """Return the share of days on which a store of the best size serves the whole need, 0 if none pays.

    Args:
        price_high, price_low: EUR/MWh when it serves and when it charges.
        daily_cost: EUR per MWh of capacity and day.
    """
    spread = price_high - price_low
    return max(0.0, (spread - daily_cost) / spread) if spread > 0.0 else 0.0


@kernel
def best_capacity(mean: float, sd: float, price_high: float, price_low: float, daily_cost: float) -> float:
    """Return the capacity with least expected cost, MWh: the newsvendor's quantile of a normally distributed need.

    A pool that owns a store together gives mean and sd of its members' need together.

    Args:
        mean, sd: forecast distribution of a day's need at high prices, MWh.
        price_high, price_low, daily_cost: as in `service_level`.
    """
    level = service_level(price_high, price_low, daily_cost)
    if level <= 0.0:
        return 0.0
    if level >= 1.0:
        return np.inf
    return max(0.0, mean + sd * normal_quantile(level))
