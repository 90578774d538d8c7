"""Production and the electricity it draws: an electric-steel batch process and shaped loads.

A day has `capacity` equal cycles. The plan pauses for as many cycles as the day's heats leave free, all neighbours
unless a split saves more than the restarts it costs; every other cycle melts one heat. One furnace melts one heat at
a time, so the day's peak is the same wherever it pauses. Reality differs from the plan by delays, breakdowns, repairs
and the electricity that a heat's scrap happens to need. Heats that cannot end before midnight are not started.
"""

from typing import Any

import numpy as np

from model.kernels import kernel
from model.streams import Floats, Ints, Key, normal, uniform

QUARTERS = 96
HOURS = 24
MINUTES = 1440.0
QUARTER_MINUTES = 15.0


@kernel
def add_block(profile: Floats, start: float, end: float, power: float) -> None:
    """Add `power` (MW) from minute `start` to minute `end` to a quarter-hour profile, shape (96,), MW."""
    first = int(start // QUARTER_MINUTES)
    last = min(QUARTERS - 1, int(end // QUARTER_MINUTES))
    for q in range(first, last + 1):
        overlap = min(end, (q + 1) * QUARTER_MINUTES) - max(start, q * QUARTER_MINUTES)
        if overlap > 0.0:
            profile[q] += power * overlap / QUARTER_MINUTES


@kernel
def heats_for(order: float, heat_output: float, capacity: int) -> int:
    """Return how many heats make `order` units, to the nearest heat, within capacity."""
    return int(min(float(capacity), max(0.0, np.floor(order / heat_output + 0.5))))


@kernel
def dearest_pause(prices: Floats, capacity: int, free: int) -> int:
    """Return the first of `free` neighbouring cycles (wrapping at midnight) with the highest prices.

    `prices` is EUR/MWh by hour, shape (24,).
    """
    best, best_cost = 0, -np.inf
    for start in range(capacity):
        cost = 0.0
        for k in range(free):
            middle = ((start + k) % capacity + 0.5) * HOURS / capacity
            cost += prices[int(middle)]
        if cost > best_cost + 1e-9:
            best, best_cost = start, cost
    return best


@kernel
def habitual_pause(day: int, entity: int, key: Key, regularity: float, habitual_hour: float, capacity: int) -> int:
    """Return the first cycle of the pause: at the habitual hour, or anywhere on an irregular day."""
    if uniform(key, entity, day, 0) < regularity:
        return int(habitual_hour * capacity / HOURS) % capacity
    return int(uniform(key, entity, day, 1) * capacity) % capacity


@kernel
def mark_pause(first: int, free: int, capacity: int, paused: Any) -> None:
    """Mark `free` neighbouring cycles from `first` on, wrapping at midnight, in `paused`, shape (>= capacity,)."""
    for cycle in range(capacity):
        paused[cycle] = (cycle - first) % capacity < free


@kernel
def cheapest_pauses(
    prices: Floats, capacity: int, free: int, restart_cost: float, energy_per_cycle: float, out: Any
) -> int:
    """Choose which `free` cycles pause, so that energy and restarts cost least; return the number of pauses.

    One pause of neighbours is the start (`dearest_pause`); it is split where that saves more than 1e-9 EUR beyond the
    restarts it adds. Exact: a dynamic programme over cycles, cycles still to pause, and whether the last one paused.
    A pause that runs over midnight into the same day's first cycles is one, as in `mark_pause`. Of plans that cost the
    same to 1e-9 EUR the one that melts first is taken.

    Args:
        prices: EUR/MWh by hour, shape (24,).
        capacity: cycles a day; `free`: how many of them pause.
        restart_cost: EUR for each pause beyond the first; infinite: never split.
        energy_per_cycle: MWh that a paused cycle does not draw.
        out: result, whether each cycle pauses, shape (>= capacity,).
    """
    mark_pause(dearest_pause(prices, capacity, free), free, capacity, out)
    if free in (0, capacity) or restart_cost == np.inf:
        return min(free, 1)
    saved = np.empty(capacity)
    single = -restart_cost
    for cycle in range(capacity):
        saved[cycle] = energy_per_cycle * prices[int((cycle + 0.5) * HOURS / capacity)]
        if out[cycle]:
            single += saved[cycle]
    worth = np.empty((2, capacity + 1, free + 1, 2))
    for first in range(2):
        _worth_of_pauses(saved, restart_cost, first, worth[first])
    melts, pauses = worth[0, 1, free, 0], saved[0] + worth[1, 1, free - 1, 1]
    if max(melts, pauses) <= single + 1e-9:
        return 1
    return _follow_worth(saved, restart_cost, free, 1 if pauses > melts + 1e-9 else 0, worth, out)


@kernel
def _worth_of_pauses(saved: Floats, restart_cost: float, first: int, worth: Floats) -> None:
    """Write the most that cycles from `cycle` on can save, EUR, shape (capacity + 1, free + 1, 2).

    Indexed by cycle, cycles still to pause, and whether the cycle before pauses. `first` tells whether cycle 0 pauses:
    then its pause is new, and costs a restart, only if the last cycle does not pause.
    """
    capacity, most = saved.size, worth.shape[1] - 1
    worth[capacity] = -np.inf
    worth[capacity, 0, 0] = -restart_cost if first == 1 else 0.0
    worth[capacity, 0, 1] = 0.0
    for cycle in range(capacity - 1, 0, -1):
        for left in range(most + 1):
            for before in range(2):
                best = worth[cycle + 1, left, 0]
                if left > 0:
                    start = 0.0 if before == 1 else restart_cost
                    best = max(best, saved[cycle] - start + worth[cycle + 1, left - 1, 1])
                worth[cycle, left, before] = best


@kernel
def _follow_worth(saved: Floats, restart_cost: float, free: int, first: int, worth: Floats, out: Any) -> int:
    """Write the best plan that begins with `first` (1: pause) into `out`; return the number of pauses."""
    capacity = saved.size
    left, before, pauses = free - first, first, 0
    out[0] = first == 1
    for cycle in range(1, capacity):
        choice = 0
        if left > 0:
            start = 0.0 if before == 1 else restart_cost
            pause = saved[cycle] - start + worth[first, cycle + 1, left - 1, 1]
            choice = 1 if pause > worth[first, cycle + 1, left, 0] + 1e-9 else 0
        out[cycle] = choice == 1
        pauses += 1 if choice == 1 and before == 0 else 0
        left, before = left - choice, choice
    return pauses + (1 if first == 1 and before == 0 else 0)


@kernel
def plan_starts(capacity: int, paused: Any, offset: float, starts: Floats) -> None:
    """Write the planned start of each cycle's heat, minute of the day, or -1 for a paused cycle."""
    for cycle in range(capacity):
        starts[cycle] = -1.0 if paused[cycle] else cycle * MINUTES / capacity + offset


@kernel
def melt_as_planned(
    starts: Floats, capacity: int, minutes: float, furnace: float, base: float, profile: Floats
) -> None:
    """Write the planned load, MW by quarter-hour, shape (96,)."""
    profile[:] = base
    for cycle in range(capacity):
        if starts[cycle] >= 0.0:
            add_block(profile, starts[cycle], starts[cycle] + minutes, furnace)


@kernel
def melt(
    day: int,
    entity: int,
    keys: Key,
    starts: Floats,
    capacity: int,
    heat_energy: float,
    energy_variation: float,
    furnace: float,
    base: float,
    delay: float,
    turnaround: float,
    breakdown_rate: float,
    repair: float,
    profile: Floats,
) -> tuple[int, float, float, int]:
    """Run a day's heats; return (heats made, melting minutes, minutes lost to delay and repair, breakdowns).

    Args:
        day: model day; `entity`: stream entity of the firm.
        keys: streams "heat_energy", "heat_delay", "breakdown", "repair", shape (4, 2).
        starts: planned start minute per cycle, -1 for none, shape (>= capacity,).
        capacity: cycles a day.
        heat_energy: MWh per heat; `energy_variation`: its sd over mean.
        furnace: MW while melting; `base`: MW of mill and auxiliaries.
        delay: mean delay of a heat, minutes; `turnaround`: shortest gap, minutes.
        breakdown_rate: per melting hour; `repair`: mean hours.
        profile: result, MW by quarter-hour, shape (96,).
    """
    profile[:] = base
    free_at = 0.0
    made = 0
    melting = 0.0
    lost = 0.0
    breakdowns = 0
    usual_hours = heat_energy / furnace
    for cycle in range(capacity):
        if starts[cycle] < 0.0:
            continue
        energy = heat_energy * max(0.1, 1.0 + energy_variation * normal(keys[0], entity, day, cycle))
        start = max(starts[cycle], free_at)
        if delay > 0.0:
            start -= delay * np.log(uniform(keys[1], entity, day, cycle))
        if uniform(keys[2], entity, day, cycle) > np.exp(-breakdown_rate * usual_hours):
            start -= repair * 60.0 * np.log(uniform(keys[3], entity, day, cycle))
            breakdowns += 1
        end = start + energy / furnace * 60.0
        if end > MINUTES:
            lost += MINUTES - max(free_at, min(MINUTES, starts[cycle]))
            break
        lost += start - max(starts[cycle], free_at)
        add_block(profile, start, end, furnace)
        made += 1
        melting += end - start
        free_at = end + turnaround
    return made, melting, lost, breakdowns


@kernel
def plan_batches(
    firms: Ints,
    day: int,
    entity: Ints,
    pause_key: Key,
    offset_key: Key,
    expected_prices: Floats,
    published_prices: Floats,
    process: Floats,
    order: Floats,
    heats: Ints,
    starts: Floats,
    plan: Floats,
    restarts: Ints,
    restart_cost: Floats,
) -> None:
    """Plan the day of every batch firm.

    Args:
        firms: indices of batch firms, shape (batch,).
        day: model day; `entity`: stream entity by firm.
        pause_key, offset_key: streams "plan_pause", "plan_offset".
        expected_prices: the forecast of the day's prices that each firm has at the gate, EUR/MWh, shape (batch, 24).
        published_prices: the day's prices, used by firms that schedule after publication, shape (24,).
        process: parameters, shape (batch, 15), columns as in `PROCESS`.
        order: production order that the plan makes, units, shape (batch,).
        heats: result, heats planned, shape (batch,).
        starts: result, minute each cycle's heat is to start, -1 for none, shape (batch, 96).
        plan: result, the plan known at the gate, MW by quarter-hour, shape (batch, 96).
        restarts: result, cold restarts beyond the day's first, shape (batch,); `restart_cost`: EUR, shape (batch,).
    """
    paused = np.zeros(QUARTERS, np.bool_)
    for b in range(firms.size):
        i = firms[b]
        capacity = int(process[b, 3])
        heats[b] = heats_for(order[b], process[b, 1], capacity)
        minutes = process[b, 0] / process[b, 2] * 60.0
        slack = max(0.0, MINUTES / capacity - minutes)
        offset = slack * uniform(offset_key, entity[i], day, 0)
        free = capacity - heats[b]
        scheduling = int(process[b, 13])
        pauses = 1
        if scheduling == 0:
            first = habitual_pause(day, entity[i], pause_key, process[b, 11], process[b, 12], capacity)
            mark_pause(first, free, capacity, paused)
        else:
            pauses = cheapest_pauses(expected_prices[b], capacity, free, process[b, 14], process[b, 0], paused)
        plan_starts(capacity, paused, offset, starts[b])
        melt_as_planned(starts[b], capacity, minutes, process[b, 2], process[b, 4] + process[b, 5], plan[b])
        if scheduling == 2:  # the works moves its pauses once prices are out; the plan at the gate stays as it was
            pauses = cheapest_pauses(published_prices, capacity, free, process[b, 14], process[b, 0], paused)
            plan_starts(capacity, paused, offset, starts[b])
        restarts[b] = max(0, pauses - 1)
        restart_cost[b] = restarts[b] * process[b, 14] if restarts[b] > 0 else 0.0


PROCESS = (
    "heat_energy",
    "heat_output",
    "furnace",
    "capacity",
    "mill",
    "auxiliary",
    "energy_variation",
    "delay",
    "turnaround",
    "breakdown_rate",
    "repair",
    "regularity",
    "habitual_hour",
    "scheduling",
    "restart_cost",
    "wear_rate",
    "wear_ratio",
    "overhaul_rate",
)
"""Columns of the batch parameter table; scheduling is coded habit 0, before_prices 1, after_prices 2."""

WEAR_RATE, WEAR_RATIO, OVERHAUL_RATE = (PROCESS.index(name) for name in ("wear_rate", "wear_ratio", "overhaul_rate"))


@kernel
def is_worn(day: int, entity: int, key: Key, worn: bool, wear_rate: float, overhaul_rate: float) -> bool:
    """Tell whether equipment is worn on `day`: sound one may have worn overnight, worn one may have been overhauled."""
    if worn:
        return uniform(key, entity, day, 1) >= overhaul_rate
    return uniform(key, entity, day, 0) < wear_rate


@kernel
def run_batches(
    firms: Ints,
    day: int,
    entity: Ints,
    keys: Key,
    wear_key: Key,
    process: Floats,
    starts: Floats,
    worn: Any,
    broke: Any,
    produced: Floats,
    load: Floats,
    hours: Floats,
) -> None:
    """Run the day of every batch firm; a repair mends what broke and leaves the wear as it is.

    Args:
        firms, day, entity, process, starts: as in `plan_batches`.
        keys: streams of `melt`, shape (4, 2); `wear_key`: stream "wear".
        worn: whether the equipment is worn, shape (batch,), updated in place.
        broke: result, whether it broke down today, shape (batch,).
        produced: result by firm, units.
        load: result by firm, MW by quarter-hour, shape (firm, 96).
        hours: result, melting hours and hours lost to delay and repair, shape (batch, 2).
    """
    for b in range(firms.size):
        i = firms[b]
        worn[b] = is_worn(day, entity[i], wear_key, worn[b], process[b, WEAR_RATE], process[b, OVERHAUL_RATE])
        made, melting, lost, breakdowns = melt(
            day,
            entity[i],
            keys,
            starts[b],
            int(process[b, 3]),
            process[b, 0],
            process[b, 6],
            process[b, 2],
            process[b, 4] + process[b, 5],
            process[b, 7],
            process[b, 8],
            process[b, 9] * process[b, WEAR_RATIO] if worn[b] else process[b, 9],
            process[b, 10],
            load[i],
        )
        broke[b] = breakdowns > 0
        produced[i] = made * process[b, 1]
        hours[b, 0] = melting / 60.0
        hours[b, 1] = lost / 60.0


@kernel
def run_shapes(
    firms: Ints,
    shape_row: Ints,
    shapes: Floats,
    mean_load: Floats,
    production_share: Floats,
    mean_output: Floats,
    produced: Floats,
    load: Floats,
) -> None:
    """Draw the load of every firm with a shaped load; part of it follows the day's production.

    Args:
        firms: indices, shape (shaped,).
        shape_row: row of `shapes` that each of them follows, shape (shaped,).
        shapes: today's load over its mean, shape (series, 96).
        mean_load: MW; `production_share`: part of load that follows production; `mean_output`: units per day.
        produced: today's production by firm, units.
        load: result by firm, MW by quarter-hour, shape (firm, 96).
    """
    for s in range(firms.size):
        i = firms[s]
        activity = produced[i] / mean_output[s] if mean_output[s] > 0.0 else 1.0
        scale = mean_load[s] * max(0.0, 1.0 - production_share[s] + production_share[s] * activity)
        for q in range(QUARTERS):
            load[i, q] = scale * shapes[shape_row[s], q]
