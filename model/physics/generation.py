"""A utility's own generator blocks: when they fail, what can be expected of them, and when they run.

A block fails and is repaired as a two-state chain in continuous time, looked at every hour. At the gate, noon of the
day before, the utility knows which blocks are up and what the chain makes of them until the hour of delivery.
"""

import numpy as np

from model.kernels import kernel
from model.streams import Floats, Ints, Key, uniform

HOURS = 24
GATE_HOUR = 12
"""Hours of the day before delivery that the utility has seen when it plans."""


@kernel
def expected_up(up: float, blocks: float, hours: float, outage_rate: float, repair_rate: float) -> float:
    """Return how many of `blocks` are expected to be up after `hours`, if `up` of them are so now; rates: 1/h."""
    whole = outage_rate + repair_rate
    steady = blocks * repair_rate / whole
    return float(steady + (up - steady) * np.exp(-whole * hours))


@kernel
def draw_blocks(
    day: int,
    key: Key,
    entity: Ints,
    blocks: Ints,
    outage_rate: Floats,
    repair_rate: Floats,
    up: Floats,
    at_gate: Floats,
    expected: Floats,
    available: Floats,
) -> None:
    """Let blocks fail and return for a day, and write what was expected of them at its gate.

    Args:
        day: model day; on day 0 blocks begin in their steady state, of which nothing is known at the gate.
        key: stream "generator_outage"; `entity`: of each utility, shape (utility,).
        blocks: number of each utility's; `outage_rate`, `repair_rate`: 1/h, shape (utility,).
        up: 1 where a block is up, shape (utility, most blocks); state, updated in place.
        at_gate: how many were up at the last gate, shape (utility,); replaced by today's, which tomorrow's plan knows.
        expected, available: results, how many are expected to be up and really are, shape (utility, 24).
    """
    for u in range(blocks.size):
        whole = outage_rate[u] + repair_rate[u]
        change = 1.0 - np.exp(-whole)
        fails, returns = outage_rate[u] / whole * change, repair_rate[u] / whole * change
        if day == 0:
            at_gate[u] = blocks[u] * repair_rate[u] / whole
            for b in range(blocks[u]):
                up[u, b] = 1.0 if uniform(key, entity[u], 0, b * (HOURS + 1) + HOURS) * whole < repair_rate[u] else 0.0
        for h in range(HOURS):
            since_gate = HOURS - GATE_HOUR + 1 + h
            expected[u, h] = expected_up(at_gate[u], float(blocks[u]), since_gate, outage_rate[u], repair_rate[u])
        for h in range(HOURS):
            available[u, h] = 0.0
            for b in range(blocks[u]):
                chance = uniform(key, entity[u], day, b * (HOURS + 1) + h)
                if up[u, b] > 0.0:
                    up[u, b] = 1.0 if chance >= fails else 0.0
                else:
                    up[u, b] = 1.0 if chance < returns else 0.0
                available[u, h] += up[u, b]
            if h == GATE_HOUR - 1:
                at_gate[u] = available[u, h]


@kernel
def plan_blocks(price: Floats, cost: Floats, expected: Floats, planned: Floats) -> None:
    """Sell what the blocks are expected to give in hours whose price exceeds their cost, all else being given.

    Args:
        price: day-ahead, EUR/MWh, shape (24,); `cost`: EUR/MWh, shape (utility,).
        expected: MW, shape (utility, 24); `planned`: result, MW.
    """
    for u in range(cost.size):
        for h in range(HOURS):
            planned[u, h] = expected[u, h] if price[h] > cost[u] else 0.0


@kernel
def clear_with_blocks(
    rest: Floats,
    own: Floats,
    capacity: Floats,
    marginal_cost: Floats,
    floor: float,
    cap: float,
    order: Ints,
    cost: Floats,
    expected: Floats,
    price: Floats,
    planned: Floats,
) -> None:
    """Clear a zone's day with the utilities' blocks bidding their cost beside its stack; a tie goes to the stack.

    Args:
        rest, own, capacity, marginal_cost, floor, cap, price: as in `physics.electricity.clear_day`.
        order: utilities by cost, cheapest first, shape (utility,).
        cost, expected, planned: as in `plan_blocks`; the block that sets the price sells what is left for it.
    """
    for h in range(HOURS):
        left, at, b, k = rest[h] + own[h], floor, 0, 0
        planned[:, h] = 0.0
        while left > 0.0:
            if k < order.size and (b == capacity.size or cost[order[k]] < marginal_cost[b]):
                u = order[k]
                used = min(left, expected[u, h])
                if used > 0.0:
                    at = cost[u]
                planned[u, h] = used
                k += 1
            elif b < capacity.size:
                used = min(left, capacity[b])
                if used > 0.0:
                    at = marginal_cost[b]
                b += 1
            else:
                at = cap
                break
            left -= used
        price[h] = at


@kernel
def run_blocks(price: Floats, cost: Floats, planned: Floats, available: Floats, output: Floats) -> None:
    """Run what is up in hours that pay, and no more than was sold where the block itself sets the price.

    Arguments as in `plan_blocks`; `available`: MW that are up, `output`: result, MW, shape (utility, 24).
    """
    for u in range(cost.size):
        for h in range(HOURS):
            output[u, h] = available[u, h] if price[h] > cost[u] else min(planned[u, h], available[u, h])
