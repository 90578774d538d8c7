"""The market zone and the rest of the power system in plain Python."""

import math
from dataclasses import dataclass
from typing import Any

from model.inputs import Market
from tests.reference.draws import Stream


@dataclass(frozen=True)
class Block:
    """Generating capacity of one marginal cost."""

    mw: float
    eur_mwh: float
    t_mwh: float


class MeritOrder:
    """Uniform-price clearing of a zone, block by block from the cheapest."""

    def __init__(self, blocks: list[Block], market: Market) -> None:
        self.blocks = sorted(blocks, key=lambda block: block.eur_mwh)
        self.market = market

    def clear(self, demand: float) -> tuple[float, float, float]:
        """Return price (EUR/MWh), cost of generation (EUR/h) and emissions (t/h); what is short costs the cap."""
        left, price, cost, emitted = demand, self.market.price_floor, 0.0, 0.0
        for block in self.blocks:
            if left <= 0.0:
                break
            used = min(left, block.mw)
            if used > 0.0:
                price = block.eur_mwh
            cost += used * block.eur_mwh
            emitted += used * block.t_mwh
            left -= used
        if left > 0.0:
            return self.market.price_cap, cost + left * self.market.price_cap, emitted
        return price, cost, emitted

    def added_by(self, own: float, rest: float) -> tuple[float, float]:
        """Return the cost (EUR/h) and emissions (t/h) that a demand of `own` MW adds to the rest of the zone."""
        _, cost, emitted = self.clear(rest + own)
        _, cost_without, emitted_without = self.clear(rest)
        return cost - cost_without, emitted - emitted_without


def fuel_prices(market: Market) -> dict[str, float]:
    """Return the price of a MWh of each fuel, EUR."""
    return {
        "natural_gas": market.gas_price,
        "hard_coal": market.coal_price,
        "lignite": market.lignite_price,
        "oil": market.oil_price,
        "solid_biomass": market.biomass_price,
        "biogas": market.biomass_price,
        "waste": market.waste_price,
    }


def stack_blocks(table: dict[str, Any], market: Market) -> list[Block]:
    """Return the blocks of a calibrated stack at the market's fuel and carbon prices."""
    fuel_price, blocks = fuel_prices(market), []
    for row in table["blocks"]:
        emission = row["emission_t_per_mwh_fuel"] / row["efficiency"]
        cost = fuel_price[row["fuel"]] / row["efficiency"] + market.carbon_price * emission
        blocks.append(Block(row["capacity_mw"], cost, emission))
    return blocks


class RestOfSystem:
    """The imbalance of everybody else: an hourly AR(1), started from its stationary distribution."""

    def __init__(self, sd: float, autocorrelation: float, stream: Stream) -> None:
        self.sd, self.autocorrelation, self.stream = sd, autocorrelation, stream
        self.last: float | None = None

    def day(self, day: int) -> list[float]:
        """Return MW by hour."""
        hours = []
        for h in range(24):
            shock = self.sd * self.stream.normal(0, day, h)
            if self.last is not None:
                shock = self.autocorrelation * self.last + math.sqrt(1.0 - self.autocorrelation**2) * shock
            self.last = shock
            hours.append(shock)
        return hours
