"""Production and the electricity it draws: an electric-steel batch process and shaped loads.

A day has `capacity` equal cycles. The plan pauses for as many neighbouring cycles as the day's heats leave
free; every other cycle melts one heat. Reality differs from the plan by delays, breakdowns, repairs and the
electricity that a heat's scrap happens to need. Heats that cannot end before midnight are not started.
"""

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
def plan_starts(capacity: int, heats: int, pause: int, offset: float, starts: Floats) -> None:
    """Write the planned start of each cycle's heat, minute of the day, or -1 for a paused cycle."""
    free = capacity - heats
    for cycle in range(capacity):
        paused = (cycle - pause) % capacity < free
        starts[cycle] = -1.0 if paused else cycle * MINUTES / capacity + offset


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
) -> tuple[int, float, float]:
    """Run a day's heats; return (heats made, melting minutes, minutes lost to delay and repair).

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
        end = start + energy / furnace * 60.0
        if end > MINUTES:
            lost += MINUTES - max(free_at, min(MINUTES, starts[cycle]))
            break
        lost += start - max(starts[cycle], free_at)
        add_block(profile, start, end, furnace)
        made += 1
        melting += end - start
        free_at = end + turnaround
    return made, melting, lost


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
) -> None:
    """Plan the day of every batch firm.

    Args:
        firms: indices of batch firms, shape (batch,).
        day: model day; `entity`: stream entity by firm.
        pause_key, offset_key: streams "plan_pause", "plan_offset".
        expected_prices: the firms' own forecast of the day's prices, EUR/MWh, shape (24,).
        published_prices: the day's prices, used by firms that schedule after publication, shape (24,).
        process: parameters, shape (batch, 14), columns as in `PROCESS`.
        order: production order that the plan makes, units, shape (batch,).
        heats: result, heats planned, shape (batch,).
        starts: result, minute each cycle's heat is to start, -1 for none, shape (batch, 96).
        plan: result, the plan known at the gate, MW by quarter-hour, shape (batch, 96).
    """
    for b in range(firms.size):
        i = firms[b]
        capacity = int(process[b, 3])
        heats[b] = heats_for(order[b], process[b, 1], capacity)
        minutes = process[b, 0] / process[b, 2] * 60.0
        slack = max(0.0, MINUTES / capacity - minutes)
        offset = slack * uniform(offset_key, entity[i], day, 0)
        scheduling = int(process[b, 13])
        if scheduling == 0:
            pause = habitual_pause(day, entity[i], pause_key, process[b, 11], process[b, 12], capacity)
        else:
            pause = dearest_pause(expected_prices, capacity, capacity - heats[b])
        plan_starts(capacity, heats[b], pause, offset, starts[b])
        melt_as_planned(starts[b], capacity, minutes, process[b, 2], process[b, 4] + process[b, 5], plan[b])
        if scheduling == 2:  # the works moves its pause once prices are out; the plan at the gate stays as it was
            pause = dearest_pause(published_prices, capacity, capacity - heats[b])
            plan_starts(capacity, heats[b], pause, offset, starts[b])


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
)
"""Columns of the batch parameter table; scheduling is coded habit 0, before_prices 1, after_prices 2."""


@kernel
def run_batches(
    firms: Ints,
    day: int,
    entity: Ints,
    keys: Key,
    process: Floats,
    starts: Floats,
    produced: Floats,
    load: Floats,
    hours: Floats,
) -> None:
    """Run the day of every batch firm.

    Args:
        firms, day, entity, process, starts: as in `plan_batches`.
        keys: streams of `melt`, shape (4, 2).
        produced: result by firm, units.
        load: result by firm, MW by quarter-hour, shape (firm, 96).
        hours: result, melting hours and hours lost to delay and repair, shape (batch, 2).
    """
    for b in range(firms.size):
        i = firms[b]
        made, melting, lost = melt(
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
            process[b, 9],
            process[b, 10],
            load[i],
        )
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
