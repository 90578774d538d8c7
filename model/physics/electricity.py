"""The electricity market: day-ahead clearing, nomination, intraday closure, imbalance, tariffs, emissions.

Imbalance is positive when more is drawn than was bought. Whatever the settlement rule, the real cost of
balancing the system is beta*S^2/2 and everything else is a transfer (see ODD.md "Imbalance").
"""

import numpy as np

from model.kernels import kernel
from model.streams import Floats, Ints, Key, normal, normal_quantile

HOURS = 24
QUARTERS = 96
SINGLE, DUAL = 0, 1
"""Codes of `balancing.rule`."""


@kernel
def clear_merit_order(
    demand: float, capacity: Floats, marginal_cost: Floats, emission: Floats, floor: float, cap: float
) -> tuple[float, float, float]:
    """Clear one hour of a uniform-price market on a stack sorted by marginal cost.

    Args:
        demand: MW; `capacity`: MW by block; `marginal_cost`: EUR/MWh, ascending; `emission`: t/MWh by block.
        floor: price when demand is not positive; `cap`: price when it exceeds all capacity, EUR/MWh.

    Returns: price of the last accepted block (EUR/MWh), generation cost (EUR/h), emissions (t/h).
    """
    if demand <= 0.0:
        return floor, 0.0, 0.0
    left, cost, emitted, price = demand, 0.0, 0.0, floor
    for block in range(capacity.size):
        used = min(left, capacity[block])
        if used > 0.0:
            price = marginal_cost[block]
            cost += used * marginal_cost[block]
            emitted += used * emission[block]
            left -= used
        if left <= 0.0:
            return price, cost, emitted
    return cap, cost + left * cap, emitted


@kernel
def clear_day(
    rest: Floats,
    own: Floats,
    capacity: Floats,
    marginal_cost: Floats,
    emission: Floats,
    floor: float,
    cap: float,
    price: Floats,
) -> None:
    """Write a zone's 24 day-ahead prices, EUR/MWh, for what the agents buy on top of the rest of the zone.

    Args:
        rest: load of the rest of the zone less renewables, MW, shape (24,).
        own: the agents' positions, MW, shape (24,).
        capacity, marginal_cost, emission, floor, cap: as in `clear_merit_order`.
        price: result, shape (24,).
    """
    for h in range(HOURS):
        price[h] = clear_merit_order(rest[h] + own[h], capacity, marginal_cost, emission, floor, cap)[0]


@kernel
def added_generation(
    rest: Floats,
    drawn: Floats,
    capacity: Floats,
    marginal_cost: Floats,
    emission: Floats,
    floor: float,
    cap: float,
    added: Floats,
) -> None:
    """Write what the agents' consumption adds to the zone's generation cost (EUR) and emissions (t), shape (2,).

    What burns fuel is what is drawn, whoever bought it when; `drawn`: MW, shape (24,), the rest as in `clear_day`.
    """
    added[:] = 0.0
    for h in range(HOURS):
        _, cost, emitted = clear_merit_order(rest[h] + drawn[h], capacity, marginal_cost, emission, floor, cap)
        _, cost_without, emitted_without = clear_merit_order(rest[h], capacity, marginal_cost, emission, floor, cap)
        added[0] += cost - cost_without
        added[1] += emitted - emitted_without


@kernel
def bid_quantile(cost_short: float, cost_long: float) -> float:
    """Return the quantile of its load that a buyer nominates under a penalty on either side (Bremnes 2004)."""
    return cost_short / (cost_short + cost_long)


@kernel
def nominate(expected: float, error_sd: float, rule: int, cost_short: float, cost_long: float) -> float:
    """Return the position to buy day-ahead, MW: the mean under single, a quantile under dual pricing."""
    if rule == SINGLE or cost_short == cost_long or cost_short + cost_long <= 0.0:
        return expected
    level = min(0.999, max(0.001, bid_quantile(cost_short, cost_long)))
    return expected + normal_quantile(level) * error_sd


@kernel
def close_intraday(deviation: float, share: float) -> tuple[float, float]:
    """Split a deviation from nomination into (closed intraday, left as imbalance), MW."""
    closed = share * deviation
    return closed, deviation - closed


@kernel
def imbalance_payment(
    rule: int, own: float, system: float, beta: float, penalty_short: float, penalty_long: float
) -> float:
    """Return what a party pays for its imbalance beyond the day-ahead value of the energy, EUR/h.

    Single: beta*S per MWh, S the whole system's imbalance. Dual: a penalty on either side.
    """
    if rule == SINGLE:
        return beta * system * own
    return penalty_short * own if own > 0.0 else -penalty_long * own


@kernel
def balancing_cost(agents: float, rest: float, beta: float) -> float:
    """Return the real cost that the agents' imbalance adds to the system's beta*S^2/2, EUR/h."""
    return beta * (rest * agents + 0.5 * agents * agents)


@kernel
def draw_system_imbalance(day: int, key: Key, sd: float, rho: float, state: Floats, rest: Floats) -> None:
    """Draw the rest of the system's imbalance, MW, shape (24,): hourly AR(1), `state` carries the last hour."""
    for h in range(HOURS):
        shock = normal(key, 0, day, h)
        if day == 0 and h == 0:
            state[0] = sd * shock
        else:
            state[0] = rho * state[0] + np.sqrt(1.0 - rho * rho) * sd * shock
        rest[h] = state[0]


@kernel
def settle(
    rule: int,
    beta: float,
    penalty_short: float,
    penalty_long: float,
    share: float,
    intraday_cost: float,
    load: Floats,
    nomination: Floats,
    rest: Floats,
    price: Floats,
    closed: Floats,
    imbalance: Floats,
    amounts: Floats,
    totals: Floats,
) -> None:
    """Close positions intraday and settle the rest, for every utility.

    Args:
        rule, beta, penalty_short, penalty_long, share, intraday_cost: declared in `inputs.Balancing`.
        load: MW drawn by each utility's customers, shape (utility, 24).
        nomination: MW bought day-ahead, shape (utility, 24).
        rest: imbalance of the rest of the system, MW, shape (24,).
        price: day-ahead, EUR/MWh, shape (24,).
        closed, imbalance: results, MW, shape (utility, 24).
        amounts: result, EUR of the day by utility, shape (utility, 4): energy bought day-ahead and intraday,
            imbalance energy at the day-ahead price, imbalance settlement beyond it, intraday cost.
        totals: result, shape (2,): real cost of balancing (EUR) and beta * sum of rest x own imbalance (EUR).
    """
    amounts[:] = 0.0
    totals[:] = 0.0
    for h in range(HOURS):
        agents = 0.0
        for u in range(load.shape[0]):
            closed[u, h], imbalance[u, h] = close_intraday(load[u, h] - nomination[u, h], share)
            agents += imbalance[u, h]
        system = rest[h] + agents
        for u in range(load.shape[0]):
            own = imbalance[u, h]
            amounts[u, 0] += price[h] * (nomination[u, h] + closed[u, h])
            amounts[u, 1] += price[h] * own
            amounts[u, 2] += imbalance_payment(rule, own, system, beta, penalty_short, penalty_long)
            amounts[u, 3] += intraday_cost * abs(closed[u, h])
        totals[0] += balancing_cost(agents, rest[h], beta)
        totals[1] += beta * rest[h] * agents


@kernel
def read_portfolio(load: Floats, utility: Ints, alone: Ints, portfolio: Floats) -> None:
    """Add up the customers that are not forecast separately.

    Args:
        load: MW by quarter-hour, shape (firm, 96).
        utility: utility of each firm or -1; `alone`: row of separately forecast customers or -1, shape (firm,).
        portfolio: result, MW by utility, shape (utility, 24).
    """
    portfolio[:] = 0.0
    for i in range(load.shape[0]):
        if utility[i] >= 0 and alone[i] < 0:
            for h in range(HOURS):
                portfolio[utility[i], h] += (
                    load[i, 4 * h] + load[i, 4 * h + 1] + load[i, 4 * h + 2] + load[i, 4 * h + 3]
                ) / 4.0


@kernel
def read_meters(load: Floats, utility: Ints, alone: Ints, hourly: Floats, peak: Floats) -> None:
    """Read every customer's meter at the end of the day.

    Args:
        load: MW by quarter-hour, shape (firm, 96).
        utility, alone: as in `read_portfolio`.
        hourly: result, MW of the separately forecast customers, shape (alone, 24).
        peak: running highest quarter-hour of the month by firm, MW, updated in place.
    """
    for i in range(load.shape[0]):
        if utility[i] < 0:
            continue
        top = peak[i]
        for q in range(QUARTERS):
            top = max(top, load[i, q])
        peak[i] = top
        if alone[i] >= 0:
            for h in range(HOURS):
                hourly[alone[i], h] = (
                    load[i, 4 * h] + load[i, 4 * h + 1] + load[i, 4 * h + 2] + load[i, 4 * h + 3]
                ) / 4.0


@kernel
def bill(
    load: Floats, price: Floats, indexed: Floats, fixed_price: Floats, margin: Floats, energy: Floats, charge: Floats
) -> None:
    """Bill every firm's energy of the day.

    Args:
        load: MW by quarter-hour, shape (firm, 96); `price`: day-ahead, EUR/MWh, shape (24,).
        indexed: 1 where the contract follows the day-ahead price, 0 for a fixed tariff, shape (firm,).
        fixed_price, margin: EUR/MWh, shape (firm,).
        energy: result, MWh; `charge`: result, EUR, shape (firm,).
    """
    for i in range(load.shape[0]):
        total, paid = 0.0, 0.0
        for h in range(HOURS):
            drawn = (load[i, 4 * h] + load[i, 4 * h + 1] + load[i, 4 * h + 2] + load[i, 4 * h + 3]) / 4.0
            total += drawn
            paid += drawn * (price[h] + margin[i] if indexed[i] > 0.0 else fixed_price[i])
        energy[i] = total
        charge[i] = paid


def stack_costs(
    fuel_price: Floats, efficiency: Floats, emission_factor: Floats, carbon_price: float
) -> tuple[Floats, Floats]:
    """Return marginal cost (EUR/MWh) and emissions (t/MWh) of generation blocks, shapes (block,).

    Args:
        fuel_price: EUR per MWh of fuel; `efficiency`: MWh of electricity per MWh of fuel.
        emission_factor: t CO2 per MWh of fuel; `carbon_price`: EUR/t.
    """
    emission = emission_factor / efficiency
    return fuel_price / efficiency + carbon_price * emission, emission
