"""Load that moves within the day: by a firm on its own prices and peak, or as a flexible order in the auction.

An hour's quarter-hours fall and rise alike, so no hour sheds more than its lowest one. Nothing is lost: what the hours
of a day shed, others of the same day take up.
"""

import numpy as np

from model.kernels import kernel
from model.streams import Floats, Ints

HOURS = 24
GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0
PEAK_SEARCH = 50
"""Steps of the search for the best peak; each keeps the golden part of the interval."""


@kernel
def hour_loads(load: Floats, share: float, leave: Floats, top: Floats) -> None:
    """Write what may leave each hour and its highest quarter-hour, MW, shape (24,).

    Args:
        load: MW by quarter-hour, shape (96,).
        share: largest part of an hour's load that may leave it.
        leave, top: results; an hour keeps at least what its lowest quarter-hour does not cover.
    """
    for h in range(HOURS):
        a, b, c, d = load[4 * h], load[4 * h + 1], load[4 * h + 2], load[4 * h + 3]
        leave[h] = max(0.0, min(share * (a + b + c + d) / 4.0, a, b, c, d))
        top[h] = max(a, b, c, d)


@kernel
def apply_moves(moved: Floats, load: Floats) -> None:
    """Change a load, MW by quarter-hour, shape (96,), by `moved` MW in each hour, shape (24,), below 0 where shed."""
    for h in range(HOURS):
        if moved[h] != 0.0:
            for q in range(4 * h, 4 * h + 4):
                load[q] = max(0.0, load[q] + moved[h])


@kernel
def moved_energy(moved: Floats) -> float:
    """Return the energy that left its hour, MWh."""
    total = 0.0
    for h in range(HOURS):
        total += max(0.0, -moved[h])
    return total


@kernel
def move_energy(
    movable: Floats,
    top: Floats,
    prices: Floats,
    order: Ints,
    largest_rise: float,
    comfort_cost: float,
    limit: float,
    peak: float,
    moved: Floats,
) -> float:
    """Move energy from dear to cheap hours; return what it adds to the day's cost, EUR, infinite if `peak` is too low.

    Exact: what the peak forces out of an hour goes to the cheapest hours first; then the dearest hour gives to the
    cheapest one as long as their prices differ by more than the cost of comfort.

    Args:
        movable, top: what may leave each hour, and its highest quarter-hour, MW, shape (24,).
        prices: EUR/MWh, shape (24,); `order`: the hours by price, cheapest first, shape (24,).
        largest_rise: MW by which an hour may rise; `limit`: MWh that may move in all.
        comfort_cost: EUR/MWh moved.
        peak: MW that no quarter-hour may exceed afterwards.
        moved: result, change of each hour, MW, shape (24,).
    """
    moved[:] = 0.0
    leave, room = np.empty(HOURS), np.empty(HOURS)
    forced, space = 0.0, 0.0
    for h in range(HOURS):
        must = max(0.0, top[h] - peak)
        if must > movable[h]:
            return np.inf
        leave[h] = movable[h] - must
        room[h] = max(0.0, min(largest_rise, peak - top[h]))
        moved[h] = -must
        forced += must
        space += room[h]
    if forced > min(limit, space):
        return np.inf
    sink, cost = 0, 0.0
    free = limit - forced
    for h in range(HOURS):
        cost += prices[h] * moved[h]
    cost += comfort_cost * forced
    while forced > 0.0 and sink < HOURS:
        h = order[sink]
        part = min(forced, room[h])
        moved[h] += part
        room[h] -= part
        forced -= part
        cost += prices[h] * part
        if room[h] <= 0.0:
            sink += 1
    source = HOURS - 1
    while sink < source and free > 0.0:
        giver, taker = order[source], order[sink]
        gain = prices[giver] - prices[taker] - comfort_cost
        if gain <= 0.0:
            break
        part = min(leave[giver], room[taker], free)
        moved[giver] -= part
        moved[taker] += part
        leave[giver] -= part
        room[taker] -= part
        free -= part
        cost -= gain * part
        if leave[giver] <= 0.0:
            source -= 1
        if room[taker] <= 0.0:
            sink += 1
    return cost


@kernel
def shift_day(
    load: Floats,
    prices: Floats,
    share: float,
    largest_rise: float,
    comfort_cost: float,
    limit: float,
    peak_charge: float,
    running_peak: float,
    connection: float,
    moved: Floats,
) -> float:
    """Move a day's flexible energy at least cost, the month's peak included; return the change of cost, EUR.

    The cost is convex in the highest load that is allowed, so the best one is found by golden section. A peak is
    weighed as if it were the month's: the firm knows no later day.

    Args:
        load: MW by quarter-hour before anything moves, shape (96,).
        prices, largest_rise, comfort_cost, limit, moved: as in `move_energy`.
        share: largest part of an hour's load that may leave it.
        peak_charge: EUR/MW of the month's highest quarter-hour; 0 for a firm that does not watch it.
        running_peak: highest quarter-hour of the month so far, MW; `connection`: MW that no move may exceed.
    """
    leave, top = np.empty(HOURS), np.empty(HOURS)
    hour_loads(load, share, leave, top)
    order = np.argsort(prices, kind="mergesort")
    own = top.max()
    most = max(connection, own)
    cost = move_energy(leave, top, prices, order, largest_rise, comfort_cost, limit, most, moved)
    if peak_charge <= 0.0:
        return cost
    before = max(0.0, own - running_peak)
    if (top + moved).max() <= running_peak:
        return cost - peak_charge * before
    low, high = max(running_peak, (top - leave).max()), min(most, own + largest_rise)
    best = low if low >= high else high
    if low < high:
        best = _best_peak(leave, top, prices, order, largest_rise, comfort_cost, limit, peak_charge, low, high, moved)
    cost = move_energy(leave, top, prices, order, largest_rise, comfort_cost, limit, best, moved)
    return cost + peak_charge * (max(0.0, best - running_peak) - before)


@kernel
def _best_peak(
    leave: Floats,
    top: Floats,
    prices: Floats,
    order: Ints,
    largest_rise: float,
    comfort_cost: float,
    limit: float,
    peak_charge: float,
    low: float,
    high: float,
    moved: Floats,
) -> float:
    """Return the highest load to allow, MW, from `low`, which may be out of reach, to `high`; see `shift_day`."""
    best, least = high, np.inf
    for peak in (low, high):
        cost = _cost_at(peak, leave, top, prices, order, largest_rise, comfort_cost, limit, peak_charge, moved)
        if cost < least:
            best, least = peak, cost
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left = _cost_at(left, leave, top, prices, order, largest_rise, comfort_cost, limit, peak_charge, moved)
    at_right = _cost_at(right, leave, top, prices, order, largest_rise, comfort_cost, limit, peak_charge, moved)
    for _ in range(PEAK_SEARCH):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = _cost_at(left, leave, top, prices, order, largest_rise, comfort_cost, limit, peak_charge, moved)
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = _cost_at(right, leave, top, prices, order, largest_rise, comfort_cost, limit, peak_charge, moved)
    if at_left < least:
        best, least = left, at_left
    return right if at_right < least else best


@kernel
def _cost_at(
    peak: float,
    leave: Floats,
    top: Floats,
    prices: Floats,
    order: Ints,
    largest_rise: float,
    comfort_cost: float,
    limit: float,
    peak_charge: float,
    moved: Floats,
) -> float:
    """Return the day's change of cost plus the charge on `peak`, EUR, if no load may exceed it; see `move_energy`."""
    cost = move_energy(leave, top, prices, order, largest_rise, comfort_cost, limit, peak, moved)
    return cost + peak_charge * peak


@kernel
def shift_days(
    rows: Ints,
    terms: Floats,
    prices: Floats,
    running_peak: Floats,
    load: Floats,
    moved: Floats,
    comfort: Floats,
) -> None:
    """Let every firm that schedules itself move its flexible energy; see `shift_day`.

    Args:
        rows: firms, shape (k,).
        terms: what each firm declares, shape (k, 7), columns as in `TERMS`.
        prices: what each firm expects to pay, EUR/MWh, shape (k, 24).
        running_peak: MW by firm of the economy; `load`: MW by quarter-hour, shape (firm, 96), changed in place.
        moved: result, change of each hour, MW, shape (k, 24).
        comfort: result, cost of comfort, EUR, shape (k,).
    """
    for k in range(rows.size):
        i = rows[k]
        moved[k] = 0.0
        if terms[k, 0] > 0.0:
            shift_day(
                load[i],
                prices[k],
                terms[k, 0],
                terms[k, 1],
                terms[k, 2],
                np.inf,
                terms[k, 3],
                running_peak[i],
                terms[k, 4],
                moved[k],
            )
            apply_moves(moved[k], load[i])
        comfort[k] = terms[k, 2] * moved_energy(moved[k])


TERMS = ("share", "largest_rise", "comfort_cost", "peak_charge", "connection", "capacity", "power")
"""Columns of a flexible firm's terms: 1, MW, EUR/MWh, EUR/MW/month (0: not watched), MW, MWh, MW."""


@kernel
def supply_curve(
    capacity: Floats, marginal_cost: Floats, floor: float, cap: float, price: Floats, until: Floats
) -> None:
    """Write the zone's rising steps of supply: `price`, EUR/MWh, holds up to `until` MW; shapes (block + 2,).

    Below the first block the floor holds, beyond the last one the cap; a floor above the first block's cost counts as
    that cost, a cap below the last block's as that, so that supply rises.
    """
    blocks = capacity.size
    price[0] = min(floor, marginal_cost[0])
    until[0] = 0.0
    for b in range(blocks):
        price[b + 1] = marginal_cost[b]
        until[b + 1] = until[b] + capacity[b]
    price[blocks + 1] = max(cap, marginal_cost[blocks - 1])
    until[blocks + 1] = np.inf


@kernel
def supplied(price: Floats, until: Floats, at: float, included: bool) -> float:
    """Return the MW on offer below the price `at`, with the blocks of exactly that price if `included`."""
    low, high = 0, price.size
    while low < high:
        middle = (low + high) // 2
        if price[middle] < at or (included and price[middle] == at):
            low = middle + 1
        else:
            high = middle
    return until[low - 1] if low > 0 else -np.inf


@kernel
def fill_hours(
    others: Floats,
    leave: Floats,
    room: Floats,
    comfort_cost: float,
    level: float,
    included: bool,
    price: Floats,
    until: Floats,
    moved: Floats,
) -> float:
    """Write what an order does when it takes up to the price `level`; return the sum, MW.

    An hour below that price takes energy until its price reaches it; an hour dearer than that by more than the cost of
    comfort sheds until it no longer is. Arguments as in `match_order`.
    """
    take, shed = supplied(price, until, level, included), supplied(price, until, level + comfort_cost, included)
    total = 0.0
    for h in range(HOURS):
        change = 0.0
        if take > others[h]:
            change = min(room[h], take - others[h])
        elif shed < others[h]:
            change = max(-leave[h], shed - others[h])
        moved[h] = change
        total += change
    return total


@kernel
def match_order(
    others: Floats,
    leave: Floats,
    room: Floats,
    comfort_cost: float,
    price: Floats,
    until: Floats,
    moved: Floats,
) -> None:
    """Clear one flexible order against the zone: move energy until prices meet, or a bound binds.

    The price up to which it takes energy is the lowest at which it takes as much as it sheds; that is a step of supply,
    or one less the cost of comfort, and what the step itself holds is split in proportion.

    Args:
        others: the zone's load with this order unmoved, MW, shape (24,).
        leave, room: MW that each hour may shed and take, shape (24,).
        comfort_cost: EUR/MWh moved.
        price, until: the supply curve.
        moved: result, MW, shape (24,); sums to nothing.
    """
    level = np.inf
    for shift in (0.0, comfort_cost):
        low, high = 0, price.size - 1
        while low < high:
            middle = (low + high) // 2
            at = price[middle] - shift
            if fill_hours(others, leave, room, comfort_cost, at, True, price, until, moved) >= 0.0:
                high = middle
            else:
                low = middle + 1
        at = price[low] - shift
        if fill_hours(others, leave, room, comfort_cost, at, True, price, until, moved) >= 0.0:
            level = min(level, at)
    most = np.empty(HOURS)
    above = fill_hours(others, leave, room, comfort_cost, level, True, price, until, most)
    below = fill_hours(others, leave, room, comfort_cost, level, False, price, until, moved)
    part = -below / (above - below) if above > below else 0.0
    for h in range(HOURS):
        moved[h] += part * (most[h] - moved[h])


SWEEPS = 50
SETTLED_MW = 1e-9
"""Orders are matched in turn until none moves by more than this, at most so often."""


@kernel
def clear_orders(
    rows: Ints,
    terms: Floats,
    running_peak: Floats,
    zone: Floats,
    price: Floats,
    until: Floats,
    load: Floats,
    moved: Floats,
    comfort: Floats,
) -> None:
    """Clear the flexible orders of all firms that bid; `zone` and `load` take up the result.

    Each order is matched with the others as they stand, in turn, until nothing moves: then no order can gain.

    Args:
        rows, terms, running_peak, load, moved, comfort: as in `shift_days`.
        zone: the zone's load with all orders unmoved, MW, shape (24,); changed in place.
        price, until: the supply curve.
    """
    top, new = np.empty(HOURS), np.empty(HOURS)
    leave, room = np.empty((rows.size, HOURS)), np.empty((rows.size, HOURS))
    for k in range(rows.size):
        hour_loads(load[rows[k]], terms[k, 0], leave[k], top)
        allowed = max(running_peak[rows[k]] if terms[k, 3] > 0.0 else terms[k, 4], top.max())
        for h in range(HOURS):
            room[k, h] = max(0.0, min(terms[k, 1], allowed - top[h]))
    moved[:] = 0.0
    for _ in range(SWEEPS):
        largest = 0.0
        for k in range(rows.size):
            zone -= moved[k]
            match_order(zone, leave[k], room[k], terms[k, 2], price, until, new)
            largest = max(largest, np.abs(new - moved[k]).max())
            moved[k] = new
            zone += new
        if largest <= SETTLED_MW:
            break
    for k in range(rows.size):
        comfort[k] = terms[k, 2] * moved_energy(moved[k])
        apply_moves(moved[k], load[rows[k]])
