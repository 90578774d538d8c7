"""The generation blocks of a market zone: a table of plants, priced by the scenario's fuels and carbon."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from model.errors import Fault, InputError, nearest
from model.inputs import Market
from model.physics.electricity import stack_costs
from model.reference import read_tree
from model.streams import Floats

FUEL_PRICES = {
    "natural_gas": "gas_price",
    "hard_coal": "coal_price",
    "lignite": "lignite_price",
    "oil": "oil_price",
    "solid_biomass": "biomass_price",
    "biogas": "biomass_price",
    "waste": "waste_price",
}
"""Fuel of a block -> the market parameter with its price."""

REFERENCE_STACK = "stack_de"
"""The table that has a block of every fuel."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Blocks in the order in which they are called, cheapest first.

    Attributes:
        capacity: MW, shape (block,).
        marginal_cost: EUR/MWh, ascending, shape (block,).
        emission: t CO2 per MWh of electricity, shape (block,).
    """

    capacity: Floats
    marginal_cost: Floats
    emission: Floats


def read_stack(market: Market) -> Stack:
    """Return the stack that `market.stack_table` names, priced.

    A block of the table has `capacity_mw` and either `fuel`, `efficiency` (MWh of electricity per MWh of fuel) and
    `emission_t_per_mwh_fuel`, or a `marginal_cost_eur_mwh` of its own (then without emissions).

    Raises:
        InputError: with every fault of the table.
    """
    where, tree = read_tree(market.stack_table)
    blocks = tree.get("blocks")
    if not isinstance(blocks, list) or not blocks:
        raise InputError([Fault(where, "has no blocks", "a list of generation blocks")])
    faults: list[Fault] = []
    rows = [_block(f"{where}: block {k + 1}", block, market, faults) for k, block in enumerate(blocks)]
    if faults:
        raise InputError(faults)
    capacity, cost, emission = np.array(rows, dtype=np.float64).T
    order = np.argsort(cost, kind="stable")
    return Stack(capacity[order], cost[order], emission[order])


def _block(where: str, block: Any, market: Market, faults: list[Fault]) -> tuple[float, float, float]:
    """Return (MW, EUR/MWh, t/MWh) of one block; add its faults."""
    if not isinstance(block, dict):
        faults.append(Fault(where, "is not an object", "capacity_mw with fuel and efficiency, or a cost"))
        return 0.0, 0.0, 0.0
    capacity = _number(where, block, "capacity_mw", 0.0, faults)
    if "marginal_cost_eur_mwh" in block:
        return capacity, _number(where, block, "marginal_cost_eur_mwh", -1e6, faults), 0.0
    fuel = str(block.get("fuel"))
    if fuel not in FUEL_PRICES:
        known = list(FUEL_PRICES)
        faults.append(Fault(where, f"unknown fuel {fuel!r}", nearest(fuel, known) or f"one of: {', '.join(known)}"))
        return capacity, 0.0, 0.0
    efficiency = _number(where, block, "efficiency", 0.01, faults)
    factor = _number(where, block, "emission_t_per_mwh_fuel", 0.0, faults)
    cost, emission = stack_costs(
        np.array([getattr(market, FUEL_PRICES[fuel])]), np.array([efficiency]), np.array([factor]), market.carbon_price
    )
    return capacity, float(cost[0]), float(emission[0])


def fuel_terms(fuel: str, market: Market) -> tuple[float, float]:
    """Return price (EUR) and emissions (t CO2) of a MWh of fuel: the market's, and those of the zone's own blocks.

    A zone whose table has no block of the fuel has the emissions of the reference zone's.

    Args:
        fuel: a key of `FUEL_PRICES`.
        market: of the scenario.
    """
    for table in (market.stack_table, REFERENCE_STACK):
        for block in read_tree(table)[1].get("blocks") or ():
            if isinstance(block, dict) and block.get("fuel") == fuel and "emission_t_per_mwh_fuel" in block:
                return float(getattr(market, FUEL_PRICES[fuel])), float(block["emission_t_per_mwh_fuel"])
    msg = f"{REFERENCE_STACK} has no block that burns {fuel}"
    raise ValueError(msg)


def _number(where: str, block: dict[str, Any], key: str, low: float, faults: list[Fault]) -> float:
    value = block.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value) or value < low:
        faults.append(Fault(where, f"{key} is {value!r}", f"a number from {low:g} up"))
        return 1.0
    return float(value)
