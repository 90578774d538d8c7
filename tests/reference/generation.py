"""A utility's own generator blocks in plain Python."""

import math
from typing import Any

from tests.reference.draws import entity_number
from tests.reference.market import Block

HOURS = range(24)
GATE = 12
FUEL_NAMES = {"gas": "natural_gas", "coal": "hard_coal", "biomass": "solid_biomass"}


class Plant:
    """Blocks that fail and are repaired hour by hour, and run when the price pays for their fuel."""

    def __init__(self, model: Any, utility: Any, prices: dict[str, float], factors: dict[str, float]) -> None:
        self.terms, self.utility = utility.terms.generation, utility
        self.draws, self.entity = model.streams["generator_outage"], entity_number(utility.name)
        fuel = FUEL_NAMES.get(self.terms.fuel, self.terms.fuel)
        self.emission = factors[fuel] / self.terms.efficiency
        self.fuel_cost = prices[fuel] / self.terms.efficiency + self.terms.upkeep
        self.carbon_cost = model.inputs.market.carbon_price * self.emission
        self.cost = self.fuel_cost + self.carbon_cost
        self.steady = (1.0 / self.terms.repair) / (self.terms.outage_rate + 1.0 / self.terms.repair)
        self.at_gate = self.terms.blocks * self.steady
        self.up: list[bool] = []
        self.planned, self.output = [0.0 for _ in HOURS], [0.0 for _ in HOURS]
        self.given = self.available_energy = 0.0

    def draw(self, day: int) -> None:
        """Let blocks fail and return; write what was expected of them at the gate and what is up, MW."""
        whole = self.terms.outage_rate + 1.0 / self.terms.repair
        change = 1.0 - math.exp(-whole)
        fails, returns = (1.0 - self.steady) * change, self.steady * change
        if day == 0:
            self.up = [self.draws.uniform(self.entity, 0, b * 25 + 24) < self.steady for b in range(self.terms.blocks)]
        mean = self.terms.blocks * self.steady
        fade = [math.exp(-whole * (24 - GATE + 1 + h)) for h in HOURS]
        self.expected = [self.terms.capacity * (mean + (self.at_gate - mean) * f) for f in fade]
        self.available = []
        for h in HOURS:
            for b in range(self.terms.blocks):
                chance = self.draws.uniform(self.entity, day, b * 25 + h)
                self.up[b] = chance >= fails if self.up[b] else chance < returns
            self.available.append(self.terms.capacity * sum(self.up))
            if h == GATE - 1:
                self.at_gate = sum(self.up)

    def bid(self, h: int) -> Block:
        """Return what is offered to the day-ahead auction for an hour."""
        return Block(self.expected[h], self.cost, self.emission)

    def run(self, price: list[float], books: Any, resources: Any) -> None:
        """Run what is up where it pays, and no more than was sold where the block sets the price itself."""
        hours = zip(price, self.planned, self.available, strict=True)
        self.output = [up if p > self.cost else min(sold, up) for p, sold, up in hours]
        energy = math.fsum(self.output)
        books.pay(self.utility, resources, "generation", energy * self.fuel_cost)
        books.pay(self.utility, resources, "carbon", energy * self.carbon_cost)

    def count(self) -> None:
        """Count today."""
        self.given += math.fsum(self.output)
        self.available_energy += math.fsum(self.available)

    def outcomes(self, days: int) -> dict[tuple[str, str], float]:
        """Return what is reported of it."""
        year, name = 365.0 / days, self.utility.name
        return {
            ("own_generation", name): year * self.given,
            ("generation_emissions", name): year * self.given * self.emission,
            ("generator_availability", name): self.available_energy
            / (self.terms.blocks * self.terms.capacity * 24 * days),
        }


def clear_with_plants(demand: float, zone: Any, plants: list[Plant], h: int) -> float:
    """Return the price of an hour with plants beside the zone's stack, and write what each of them sells."""
    for plant in plants:
        plant.planned[h] = 0.0
    bids: list[tuple[Block, Plant | None]] = [(block, None) for block in zone.blocks]
    bids += [(plant.bid(h), plant) for plant in plants]
    left, price = demand, zone.market.price_floor
    for block, plant in sorted(bids, key=lambda bid: (bid[0].eur_mwh, bid[1] is not None)):
        if left <= 0.0:
            break
        used = min(left, block.mw)
        if used > 0.0:
            price = block.eur_mwh
        if plant:
            plant.planned[h] = used
        left -= used
    return zone.market.price_cap if left > 0.0 else price
