"""Heat by hour: what production and rooms need, what leaves firms unused, and what the own boilers burn.

A day has 24 hours of local time; an hour's heat in MWh is its mean power in MW. Process heat that runs past midnight
stands in the early hours of the same day. By-products go by the day: what is made and needed follows from production.
"""

import numpy as np
from numpy.typing import NDArray

from model.kernels import kernel
from model.streams import Floats, Ints

type Bools = NDArray[np.bool_]

HOURS = 24

EMISSION_FACTOR_GAS = 0.202
"""Tonnes of CO2 per MWh (lower heating value) of natural gas burnt.

Source: IPCC (2006), Guidelines for National Greenhouse Gas Inventories, volume 2, table 2.2: 56.1 kg/GJ, times 3.6.
"""

USED, DELIVERED, GIVEN, LEFT, FUEL = range(5)
"""Columns of a firm's day in heat, MWh: heat used, part of it from partners, waste heat given, there was, gas burnt."""
DAY_COLUMNS = 5


def process_hours(start: Floats, hours: Floats) -> Floats:
    """Return the part of a day's process heat that falls into each hour, shape (firm, 24); rows sum to 1.

    Args:
        start: local hour at which it begins, shape (firm,); `hours`: how long it lasts, even within, shape (firm,).
    """
    begin = np.arange(HOURS, dtype=np.float64)
    overlap = np.zeros((start.size, HOURS))
    for shift in (0.0, float(HOURS)):
        first = np.maximum(begin + shift, start[:, None])
        last = np.minimum(begin + shift + 1.0, (start + hours)[:, None])
        overlap += np.maximum(0.0, last - first)
    return overlap / hours[:, None]


@kernel
def heat_by_hour(
    rows: Ints,
    cold: float,
    produced: Floats,
    load: Floats,
    use: Floats,
    within: Floats,
    space: Floats,
    season: Floats,
    waste_share: Floats,
    need: Floats,
    waste: Floats,
) -> None:
    """Write the heat that firms need and the heat that leaves them unused, MWh by hour, shape (firm, 24).

    Args:
        rows: rows of the firms in the firm table, shape (firm,).
        cold: cosine of the season, 1 in mid-winter, -1 in mid-summer.
        produced: units made today, shape (row,).
        load: electricity drawn, MW by quarter-hour, shape (row, 96).
        use: process heat of a unit, MWh; `within`: the part of it in each hour, shape (firm, 24).
        space: mean heat for rooms, MW; `season`: its yearly amplitude over its mean, shapes (firm,).
        waste_share: heat that could be had over electricity drawn, shape (firm,).
        need, waste: results.
    """
    for k in range(rows.size):
        i = rows[k]
        process = use[k] * max(0.0, produced[i])
        rooms = space[k] * (1.0 + season[k] * cold)
        for h in range(HOURS):
            drawn = (load[i, 4 * h] + load[i, 4 * h + 1] + load[i, 4 * h + 2] + load[i, 4 * h + 3]) / 4.0
            need[k, h] = process * within[k, h] + rooms
            waste[k, h] = waste_share[k] * drawn


@kernel
def leave_over(place: Ints, reached: Bools, part: float, amount: Floats, shared: Floats, left: Floats) -> None:
    """Write `part` of what members have of an amount beyond what was shared already, MWh, shape (24, member).

    Args:
        place: row of each member among the firms, shape (member,); `reached`: who is tied to a partner at all.
        part: of the rest.
        amount, shared: MWh by hour, shape (firm, 24).
        left: result, 0 for members who are not reached.
    """
    for m in range(place.size):
        k = place[m]
        for h in range(HOURS):
            left[h, m] = part * max(0.0, amount[k, h] - shared[k, h]) if reached[m] else 0.0


@kernel
def carry_over(place: Ints, session: Floats, shared: Floats) -> None:
    """Add what members took or gave, MWh, shape (24, member), to the firms' own sums, shape (firm, 24)."""
    for m in range(place.size):
        for h in range(HOURS):
            shared[place[m], h] += session[h, m]


@kernel
def fire_boilers(
    need: Floats, delivered: Floats, waste: Floats, given: Floats, efficiency: Floats, day: Floats
) -> None:
    """Let each firm's boiler make what partners did not deliver, and add the day up.

    Args:
        need, delivered, waste, given: MWh by hour, shape (firm, 24).
        efficiency: heat over gas burnt, shape (firm,).
        day: result, MWh, shape (firm, 5); columns USED, DELIVERED, GIVEN, LEFT (all waste heat) and FUEL.
    """
    for k in range(need.shape[0]):
        day[k, :] = 0.0
        own = 0.0
        for h in range(HOURS):
            day[k, USED] += need[k, h]
            day[k, DELIVERED] += delivered[k, h]
            day[k, GIVEN] += given[k, h]
            day[k, LEFT] += waste[k, h]
            own += max(0.0, need[k, h] - delivered[k, h])
        day[k, FUEL] = own / efficiency[k]


def pipe_share(km: Floats, loss: float) -> Floats:
    """Return the part of what enters pipes that arrives after `km`, any shape; `loss`: part lost on each kilometre."""
    share: Floats = np.maximum(0.0, 1.0 - loss * km)
    return share


def level_after(level: Floats, km: Floats, approach: float, cooling: float) -> Floats:
    """Return the temperatures at which heat of `level` arrives after `km`, degC, any shape.

    `approach`: fall through the exchangers, K; `cooling`: fall on each kilometre, K.
    """
    return level - approach - cooling * km


def network_level(needed: Floats, need: Floats, arriving: Floats, offer: Floats) -> float:
    """Return the temperature of a common network at which most heat could change hands, degC; the lowest of such.

    Who needs hotter water stays outside, and so does whose heat reaches its middle less hot.

    Args:
        needed: temperature that the middle must have for each taker, degC; `need`: its usual need, MW, shape (taker,).
        arriving: temperature at which each giver's heat gets there; `offer`: what it usually has, MW, shape (giver,).

    Returns: a value of `needed`; infinite without takers.
    """
    if not needed.size:
        return float("inf")
    levels = np.unique(needed)
    by_need, by_heat = np.argsort(needed, kind="stable"), np.argsort(arriving, kind="stable")
    wanted = np.concatenate([[0.0], np.cumsum(need[by_need])])
    cooler = np.concatenate([[0.0], np.cumsum(offer[by_heat])])
    asked = wanted[np.searchsorted(needed[by_need], levels, side="right")]
    had = cooler[-1] - cooler[np.searchsorted(arriving[by_heat], levels, side="left")]
    return float(levels[np.argmax(np.minimum(asked, had))])
