"""A store of electricity behind a meter: what it does on a day, and how large it should be.

It is full every morning, serves the load in dear hours, and takes back in cheap hours exactly what it gave (Kalathil,
Wu, Poolla & Varaiya, The Sharing Economy for the Electricity Grid). No losses.
"""

import numpy as np

from model.kernels import kernel
from model.physics.flexibility import apply_moves, shift_day
from model.streams import Floats, Ints, normal_quantile

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
