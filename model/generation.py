"""The submodel of the utilities' own generators: what they cost, when they are down, what they sell and give.

A block bids its cost of fuel, carbon and upkeep into the day-ahead auction, so it runs exactly when the price exceeds
that; there are no start-up costs and no minimum load. What is sold is what can be expected at the gate: an outage after
it leaves the utility short by as much, and a block that comes back early leaves it long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.books import Book
from model.physics.generation import clear_with_blocks, draw_blocks, plan_blocks, run_blocks
from model.stack import fuel_terms
from model.streams import Floats, entity_id

if TYPE_CHECKING:
    from model.stage import Stage

HOURS = 24
FUELS = {"gas": "natural_gas", "coal": "hard_coal", "biomass": "solid_biomass"}
"""Fuel of a utility's blocks -> its name in the table of the zone's, where that differs."""


class Generators:
    """The blocks of all utilities; those of a utility without any never run.

    Attributes:
        expected_mw: what can be expected of today at its gate, `available_mw`: what is up, `planned_mw`: sold
            day-ahead, `output_mw`: given; MW, shape (utility, 24).
        owners: utilities with blocks.
        cost: EUR/MWh of running, shape (utility,).
        book: what running costs.
    """

    def __init__(self, stage: Stage) -> None:
        utilities, market = stage.inputs.utilities, stage.inputs.market
        owned = [u.generation for u in utilities]
        self.names = [u.name for u in utilities]
        self.key = stage.key("generator_outage")
        self.entity = np.array([entity_id(name) for name in self.names], dtype=np.int64)
        self.blocks = np.array([g.blocks for g in owned], dtype=np.int64)
        self.size = np.array([g.capacity for g in owned])
        self.outage_rate = np.array([g.outage_rate for g in owned])
        self.repair_rate = 1.0 / np.array([g.repair for g in owned])
        self.owners = np.flatnonzero(self.blocks)
        self.fuel_cost, self.emission = np.zeros((2, self.blocks.size))
        for u in self.owners:
            fuel, efficiency = owned[u].fuel, owned[u].efficiency
            price, factor = fuel_terms(FUELS.get(fuel, fuel), market)
            self.fuel_cost[u] = price / efficiency + owned[u].upkeep
            self.emission[u] = factor / efficiency
        self.carbon_cost = market.carbon_price * self.emission
        self.cost = self.fuel_cost + self.carbon_cost
        self.order = np.argsort(self.cost, kind="stable").astype(np.int64)
        self.up = np.zeros((self.blocks.size, int(self.blocks.max(initial=1))))
        self.at_gate = np.zeros(self.blocks.size)
        shape = (4, self.blocks.size, HOURS)
        self.expected_mw, self.available_mw, self.planned_mw, self.output_mw = np.zeros(shape)
        self.sums = np.zeros((self.blocks.size, 2))
        self.days = 0
        self.book = Book(stage.population)
        self.accounts = [
            (
                self.book.account_of(self.names[u], "generation"),
                self.book.account_of(self.names[u], "carbon"),
            )
            for u in self.owners
        ]

    def draw(self, day: int) -> None:
        """Let blocks fail and return for a day; only `expected_mw` is known at its gate."""
        draw_blocks(
            day,
            self.key,
            self.entity,
            self.blocks,
            self.outage_rate,
            self.repair_rate,
            self.up,
            self.at_gate,
            self.expected_mw,
            self.available_mw,
        )
        self.expected_mw *= self.size[:, None]
        self.available_mw *= self.size[:, None]

    def sell(self, price: Floats) -> None:
        """Sell day-ahead at given prices, EUR/MWh, shape (24,)."""
        plan_blocks(price, self.cost, self.expected_mw, self.planned_mw)

    def clear(
        self,
        rest: Floats,
        own: Floats,
        blocks: tuple[Floats, Floats, Floats, float, float],
        price: Floats,
    ) -> None:
        """Clear the zone with these blocks beside its stack, and write its prices.

        Args:
            rest, own: load of the rest of the zone and the positions of its agents, MW, shape (24,).
            blocks: capacity, marginal cost, emission, floor, cap of the stack.
            price: result, EUR/MWh, shape (24,).
        """
        capacity, marginal_cost, _, floor, cap = blocks
        clear_with_blocks(
            rest,
            own,
            capacity,
            marginal_cost,
            floor,
            cap,
            self.order,
            self.cost,
            self.expected_mw,
            price,
            self.planned_mw,
        )

    def beside(
        self, blocks: tuple[Floats, Floats, Floats, float, float]
    ) -> tuple[Floats, Floats, Floats, float, float]:
        """Return a zone's stack with these blocks in it, at the mean of what can be expected of them today."""
        capacity, marginal_cost, emission, floor, cap = blocks
        place = np.searchsorted(marginal_cost, self.cost[self.order])
        return (
            np.insert(capacity, place, self.expected_mw.mean(axis=1)[self.order]),
            np.insert(marginal_cost, place, self.cost[self.order]),
            np.insert(emission, place, self.emission[self.order]),
            floor,
            cap,
        )

    def run(self, price: Floats) -> None:
        """Run at the day's prices, EUR/MWh, shape (24,), and book fuel, upkeep and carbon."""
        run_blocks(price, self.cost, self.planned_mw, self.available_mw, self.output_mw)
        self.book.clear()
        for u, (fuel, carbon) in zip(self.owners, self.accounts, strict=True):
            energy = float(self.output_mw[u].sum())
            self.book.pay(fuel, energy * float(self.fuel_cost[u]))
            self.book.pay(carbon, energy * float(self.carbon_cost[u]))

    def count(self) -> None:
        """Count today's output and what was up."""
        self.days += 1
        self.sums[:, 0] += self.output_mw.sum(axis=1)
        self.sums[:, 1] += self.available_mw.sum(axis=1)

    def given_and_emitted(self) -> tuple[float, float]:
        """Return what all blocks gave and emitted since counting began, MWh and t."""
        return float(self.sums[:, 0].sum()), float((self.sums[:, 0] * self.emission).sum())

    def outcomes(self, scale: float) -> dict[tuple[str, str], float]:
        """Return the outcomes of each utility with blocks: (name, utility) -> value; `scale` makes sums yearly."""
        values: dict[tuple[str, str], float] = {}
        for u in self.owners if self.days else ():
            name, (given, up) = self.names[u], self.sums[u]
            values["own_generation", name] = float(given) * scale
            values["generation_emissions", name] = float(given * self.emission[u]) * scale
            most = float(self.blocks[u] * self.size[u]) * HOURS * self.days
            values["generator_availability", name] = float(up) / most
        return values
