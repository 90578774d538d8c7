"""Machines that fail and are repaired, crews with absent members, and what both leave of a day's production.

Machines. A machine that runs fails at a constant rate; a repair takes an exponential time and goes on through the
night. Time to failure is memoryless, so all that a day must know of the one before is how long each repair will still
take: the days are an exact simulation of the continuous-time chain. Balance of the chain: with A the share of all time
that a machine is up and u its running hours over its hours up, failures per hour are rate * u * A, each takes `repair`
hours, so 1 - A = repair * rate * u * A and A = 1/(1 + rate * repair * u) whatever the shifts. Within the shift a
machine is up a little less often than over all hours, because it breaks there (tests/unit/test_capacity.py).

Every machine is drawn for itself whatever their number, about 50 ns each and day: what happens to one does not depend
on the others, so that two strategies see the same failures as far as machines run alike.
"""

import math
from typing import Any

import numpy as np

from model.kernels import kernel
from model.streams import Floats, Ints, Key, normal, normal_quantile, uniform

DAY_HOURS = 24.0
WEEK_DAYS = 7
DRAWS = 4096
"""Draws a day kept for each machine, two for each failure; more would only run into the next machine's."""
MOST_ABSENT = 0.9
"""Most of a crew that is absent on any day."""
EXACT_CREW = 1000
"""Largest crew whose number of absent workers is exactly binomial; beyond it the normal one is rounded."""

CLASSES = 3
EQUIPMENT, SKILLED, GENERAL = range(CLASSES)
"""Classes of hours that a unit can take, in the order of all arrays by class."""


@kernel
def hours_up(
    day: int, entity: int, key: Key, machine: int, shift: float, rate: float, repair: float, left: float
) -> tuple[float, float]:
    """Return the hours that a machine is up within the shift, and of repair left at the start of the next day.

    Args:
        day: model day; `entity`: stream entity of the firm.
        key: stream "machine"; `machine`: its number in the firm.
        shift: hours from the start of the day that it is manned.
        rate: failures per hour of the shift that it is up.
        repair: mean hours of a repair; `left`: of repair left at the start of this day.
    """
    time, up, draw = left, 0.0, machine * DRAWS
    while time < shift:
        running = -np.log(uniform(key, entity, day, draw)) / rate
        if time + running >= shift:
            return up + shift - time, 0.0
        up += running
        time += running - repair * np.log(uniform(key, entity, day, draw + 1))
        draw += 2
    return up, max(0.0, time - DAY_HOURS)


@kernel
def run_machines(
    day: int,
    entity: Ints,
    key: Key,
    first: Ints,
    shift: Floats,
    failure_rate: Floats,
    use: Floats,
    repair: Floats,
    left: Floats,
    up: Floats,
) -> None:
    """Let every machine of every firm fail and be repaired for a day.

    Args:
        day: model day; `key`: stream "machine".
        entity: stream entity of each firm, shape (r,).
        first: number of each firm's first machine in `left`, and of all machines at the end, shape (r + 1,).
        shift: hours; `failure_rate`: per running hour; `repair`: mean hours, shape (r,).
        use: running hours of a machine over its hours up within the shift, shape (r,); above 1 with overtime.
        left: hours of repair left of each machine, shape (machines,), updated in place.
        up: result, machine-hours up within the shift, shape (r,).
    """
    for i in range(entity.size):
        rate = failure_rate[i] * use[i]
        survives = math.exp(-rate * shift[i])
        up[i] = 0.0
        for m in range(first[i], first[i + 1]):
            machine = m - first[i]
            if left[m] == 0.0 and (rate == 0.0 or uniform(key, entity[i], day, machine * DRAWS) <= survives):
                up[i] += shift[i]  # the usual day without failure, as `hours_up` would find it
                continue
            hours, left[m] = hours_up(day, entity[i], key, machine, shift[i], rate, repair[i], left[m])
            up[i] += hours


@kernel
def weekly_wave(key: Key, entity: int, day: int) -> float:
    """Return a standard normal that changes smoothly from week to week and knows nothing of the week after next."""
    week, part = day // WEEK_DAYS, (day % WEEK_DAYS) / WEEK_DAYS
    mixed = (1.0 - part) * normal(key, entity, week, 0) + part * normal(key, entity, week + 1, 0)
    return mixed / math.sqrt((1.0 - part) ** 2 + part**2)


@kernel
def absence_rate(mean: float, spread: float, wave: float) -> float:
    """Return a day's absence rate: lognormal, so that its mean and sd over mean are as declared; 0.9 at most.

    A normal rate would be cut off at zero and have too high a mean; the cut at 0.9 matters only for means above 0.3.
    """
    if spread == 0.0:
        return min(MOST_ABSENT, mean)
    variance = math.log(1.0 + spread * spread)
    return min(MOST_ABSENT, mean * math.exp(math.sqrt(variance) * wave - 0.5 * variance))


@kernel
def binomial_quantile(size: int, share: float, p: float) -> int:
    """Return the smallest number that a binomial of `size` and `share` (0 to 0.9) does not exceed with probability `p`.

    Exact up to a size of 1,000, where the most likely side never underflows; beyond it the rounded normal quantile.
    """
    if size == 0 or share <= 0.0:
        return 0
    if size > EXACT_CREW:
        guess = size * share + math.sqrt(size * share * (1.0 - share)) * normal_quantile(p)
        return int(min(float(size), max(0.0, math.floor(guess + 0.5))))
    flip = share > 0.5  # counted from the other end, where the first term is large enough to be a number
    odds = (1.0 - share) / share if flip else share / (1.0 - share)
    term = max(share, 1.0 - share) ** size
    total, number = term, 0
    while total < (1.0 - p if flip else p) and number < size:
        term *= (size - number) / (number + 1.0) * odds
        number += 1
        total += term
    return size - number if flip else number


@kernel
def man_crews(
    day: int,
    entity: Ints,
    keys: Any,
    crew: Floats,
    hours: Floats,
    absence: Floats,
    spread: Floats,
    common: Floats,
    present: Floats,
) -> None:
    """Draw who is there today.

    Args:
        day: model day; `entity`: stream entity of each firm, shape (r,).
        keys: streams "absence_common", "absence", "absent", shape (3, 2).
        crew: workers by skill, shape (2, r); `hours`: of a worker a day, shape (r,).
        absence: mean rate; `spread`: sd of the rate over its mean; `common`: share in common, shape (r,).
        present: result, hours of those present by skill, shape (2, r).
    """
    everywhere = weekly_wave(keys[0], 0, day)
    for i in range(entity.size):
        if crew[0, i] + crew[1, i] == 0.0:
            continue
        own = weekly_wave(keys[1], entity[i], day)
        rate = absence_rate(absence[i], spread[i], math.sqrt(common[i]) * everywhere + math.sqrt(1.0 - common[i]) * own)
        for skill in range(2):
            size = int(crew[skill, i])
            absent = binomial_quantile(size, rate, uniform(keys[2], entity[i], day, skill))
            present[skill, i] = (size - absent) * hours[i]


@kernel
def units_within(
    firm: int,
    unit_hours: Floats,
    own: Floats,
    most_overtime: Floats,
    lent: Floats,
    borrowed: Floats,
    left_out: int,
    counts: Any,
) -> float:
    """Return how many units the hours of all classes but `left_out` allow, infinite where none limits.

    Args:
        firm: column of the arrays by class; `unit_hours` to `borrowed`: as in `make_units`.
        left_out: class that does not count, or -1; `counts`: whether a class counts, shape (3, r).
    """
    most = np.inf
    for k in range(CLASSES):
        if k != left_out and counts[k, firm] and unit_hours[k, firm] > 0.0:
            hours = own[k, firm] - lent[k, firm] + borrowed[k, firm] + most_overtime[k, firm]
            most = min(most, hours / unit_hours[k, firm])
    return most


@kernel
def size_needs(
    firms: Ints,
    target: Floats,
    unit_hours: Floats,
    own: Floats,
    most_overtime: Floats,
    lent: Floats,
    borrowed: Floats,
    hard: Any,
    need: Floats,
) -> None:
    """Write the hours of each class that firms want today, so that few are borrowed that another class lets lie idle.

    A class is wanted for the units that the firm's other classes, overtime included, allow: people only as far as
    machines allow that cannot be borrowed; machines as far as the people allow that are there by now.

    Args:
        firms: whose needs to work out, shape (<= r,).
        target to borrowed: as in `make_units`.
        hard: whether a class limits what is wanted of people, shape (3, r).
        need: result, hours by class, shape (3, r).
    """
    all_count = np.ones(hard.shape, np.bool_)
    for i in firms:
        for k in range(CLASSES):
            counts = all_count if k == EQUIPMENT else hard
            allowed = units_within(i, unit_hours, own, most_overtime, lent, borrowed, k, counts)
            need[k, i] = max(0.0, min(target[i], allowed)) * unit_hours[k, i]


@kernel
def make_units(
    target: Floats,
    unit_hours: Floats,
    own: Floats,
    most_overtime: Floats,
    lent: Floats,
    borrowed: Floats,
    made: Floats,
    used: Floats,
    guests: Floats,
    overtime: Floats,
) -> None:
    """Make what hours allow: own normal hours are used first, then borrowed ones, then overtime.

    Args:
        target: units to make, shape (r,); below zero where orders may be returns, which take no hours.
        unit_hours: hours of a unit; `own`: normal hours; `most_overtime`; `lent`, `borrowed`: hours that work elsewhere
            and for the firm; by class, shape (3, r).
        made: result, units, shape (r,).
        used, guests, overtime: results, own hours, borrowed hours and overtime that went into them, shape (3, r).
    """
    all_count = np.ones(own.shape, np.bool_)
    for i in range(target.size):
        allowed = units_within(i, unit_hours, own, most_overtime, lent, borrowed, -1, all_count)
        made[i] = min(target[i], max(0.0, allowed))
        for k in range(CLASSES):
            needed = max(0.0, made[i]) * unit_hours[k, i]
            used[k, i] = min(needed, max(0.0, own[k, i] - lent[k, i]))
            guests[k, i] = min(needed - used[k, i], borrowed[k, i])
            overtime[k, i] = needed - used[k, i] - guests[k, i]


@kernel
def overtime_left(
    machines: Floats,
    manned: Floats,
    machine_overtime: Floats,
    overtime_share: Floats,
    own: Floats,
    most_overtime: Floats,
) -> None:
    """Write the hours of overtime that machines that are up and workers who are there could do.

    Args:
        machines: of each firm, shape (r,); `manned`: hours if all are up and there, by class, shape (3, r).
        machine_overtime: hours of a machine that is up; `overtime_share`: part of workers' hours, shape (r,).
        own: normal hours at hand; `most_overtime`: result, h, by class, shape (3, r).
    """
    for i in range(machines.size):
        up = own[EQUIPMENT, i] / manned[EQUIPMENT, i] if manned[EQUIPMENT, i] > 0.0 else 1.0
        most_overtime[EQUIPMENT, i] = machine_overtime[i] * machines[i] * up
        for k in range(EQUIPMENT + 1, CLASSES):
            most_overtime[k, i] = overtime_share[i] * own[k, i]


@kernel
def write_session(
    slots: tuple[Ints, Any, Ints],
    hours: tuple[Floats, Floats, Floats, Floats, Floats],
    worth: tuple[Floats, Floats, Floats],
    offered: float,
    session: tuple[Floats, Floats, Floats, Floats],
) -> None:
    """Write what members of a contract need and offer today, and what it is worth.

    Args:
        slots: class of hours of each slot, shape (S,); whether a member has such hours, shape (S, m); its firm, (m,).
        hours: need, own, most overtime, lent, borrowed, by class, shape (3, r).
        worth: EUR an hour: of what not even overtime could make, of overtime, of lending, by class, shape (3, r).
        offered: part of idle hours that is offered.
        session: need, value, shape (S, 2, m); offer, cost, shape (S, m); written where a member has such hours.
    """
    classes, fits, firm = slots
    need, own, most_overtime, lent, borrowed = hours
    short_value, overtime_cost, lending_cost = worth
    needs, values, offers, costs = session
    for s in range(classes.size):
        k = classes[s]
        for m in range(firm.size):
            if not fits[s, m]:
                continue
            i = firm[m]
            short = need[k, i] - own[k, i] + lent[k, i]
            lacking = max(0.0, short - borrowed[k, i])
            needs[s, 0, m] = max(0.0, lacking - most_overtime[k, i])
            needs[s, 1, m] = min(lacking, most_overtime[k, i])
            values[s, 0, m], values[s, 1, m] = short_value[k, i], overtime_cost[k, i]
            offers[s, m], costs[s, m] = offered * max(0.0, -short), lending_cost[k, i]


@kernel
def take_session(slots: tuple[Ints, Any, Ints], taken: Floats, given: Floats, lent: Floats, borrowed: Floats) -> None:
    """Add hours that members took and gave, shape (S, 2, m) and (S, m), to their firms', by class, shape (3, r).

    `slots`: as in `write_session`.
    """
    classes, fits, firm = slots
    for s in range(classes.size):
        for m in range(firm.size):
            if fits[s, m]:
                borrowed[classes[s], firm[m]] += taken[s, :, m].sum()
                lent[classes[s], firm[m]] += given[s, m]


@kernel
def run_hours(
    own: Floats, used: Floats, lent: Floats, overtime: Floats, prices: tuple[Floats, Floats], use: Floats
) -> tuple[Floats, Floats]:
    """Return what overtime and lending cost each firm, EUR, shapes (r,), and write how much its machines ran.

    Args:
        own, used, lent, overtime: hours by class, shape (3, r).
        prices: EUR of an hour of overtime and of lending, by class, shape (3, r).
        use: result, hours that machines ran over hours that they were up, shape (r,); kept where none was.
    """
    costs = np.zeros((2, use.size))
    for i in range(use.size):
        if own[EQUIPMENT, i] > 0.0:
            ran = used[EQUIPMENT, i] + lent[EQUIPMENT, i] + overtime[EQUIPMENT, i]
            use[i] = ran / own[EQUIPMENT, i]
        for k in range(CLASSES):
            costs[0, i] += overtime[k, i] * prices[0][k, i]
            costs[1, i] += lent[k, i] * prices[1][k, i]
    return costs[0], costs[1]


@kernel
def weigh_hours(
    produced: Floats,
    unit_hours: Floats,
    own: Floats,
    used: Floats,
    lent: Floats,
    borrowed: Floats,
    guests: Floats,
    overtime: Floats,
) -> Floats:
    """Return sums over firms by class, h, shape (3, 5).

    They are: own hours worked (those in what was made, less borrowed ones and overtime), lent and idle together; own
    hours at hand; lent; borrowed; borrowed hours and overtime that were worked.

    Args:
        produced: units, shape (r,); all others: as in `make_units`.
    """
    sums = np.zeros((CLASSES, 5))
    for k in range(CLASSES):
        for i in range(produced.size):
            worked = max(0.0, produced[i]) * unit_hours[k, i] - guests[k, i] - overtime[k, i]
            sums[k, 0] += worked + lent[k, i] + max(0.0, own[k, i] - lent[k, i] - used[k, i])
            sums[k, 1] += own[k, i]
            sums[k, 2] += lent[k, i]
            sums[k, 3] += borrowed[k, i]
            sums[k, 4] += guests[k, i] + overtime[k, i]
    return sums


@kernel
def cost_factors(key: Key, entity: Ints, slot: int, sd: Floats) -> Floats:
    """Return by how much each firm's cost differs from what its group declares, mean 1, lognormal, shape (r,).

    Args:
        key, entity, slot: address of the draw, one for each firm for ever; `entity` of shape (r,).
        sd: of the log, shape (r,); 0 for none.
    """
    out = np.ones(entity.size)
    for i in range(entity.size):
        if sd[i] > 0.0:
            out[i] = np.exp(sd[i] * normal(key, entity[i], 0, slot) - 0.5 * sd[i] * sd[i])
    return out
