"""The daily check that nothing appears or vanishes: money, energy, materials and furnace hours.

Each balance compares two accounts that are kept apart: the ledger's lines with every firm's own cash, what meters
read with what the utility bought, stock with flows, and hours of melting with the energy that went into it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.kernels import kernel
from model.physics.electricity import HOURS
from model.streams import Floats, Ints

if TYPE_CHECKING:
    from model.goods import Goods
    from model.ledger import Ledger
    from model.power import Power
    from model.stage import Stage


class Balances:
    """Compares today's accounts; `BalanceError` names the first that differ."""

    def __init__(self, stage: Stage, goods: Goods, power: Power, ledger: Ledger) -> None:
        self.stage, self.goods, self.power, self.ledger = stage, goods, power, ledger
        self.cash = stage.live.cash.copy()
        self.held = self._held()

    def check(self, day: int) -> None:
        """Require that all four balances close today.

        Raises:
            BalanceError: names the balance, the day and both sides.
        """
        live, people, power, goods, ledger = (
            self.stage.live,
            self.stage.population,
            self.power,
            self.goods,
            self.ledger,
        )
        sides = np.empty((5, 3))
        sides[4, 0] = self.held
        compare_accounts(
            people.party,
            people.utility,
            live.cash,
            self.cash,
            ledger.net,
            ledger.today,
            live.electricity,
            power.nomination,
            power.closed,
            power.imbalance,
            goods.making_days,
            live.net_stock,
            live.pipeline,
            live.produced,
            live.order,
            live.incoming,
            goods.batch,
            goods.process,
            goods.hours,
            live.load,
            sides,
        )
        if power.plants is not None:
            sides[2, 1] += power.plants.output_mw.sum()
        for name, (left, right, turnover) in zip(BALANCES, sides.tolist(), strict=True):
            ledger.check(name, left, right, turnover, day)
        self.held = self._held()

    def _held(self) -> float:
        """Return units in stock, less backlog, and in the pipeline."""
        live, makers = self.stage.live, self.stage.population.makers
        return held_units(makers, live.net_stock, live.pipeline)


BALANCES = ("money", "money", "energy", "hours", "materials")
"""Balances in the rows of `compare_accounts`: all payments cancel; cash moved as booked; and the physical ones."""


@kernel
def held_units(makers: int, net_stock: Floats, pipeline: Floats) -> float:
    """Return units in stock, less backlog, and in the pipeline of the first `makers` firms."""
    total = 0.0
    for i in range(makers):
        total += net_stock[i] + pipeline[i]
    return total


@kernel
def compare_accounts(
    party: Ints,
    utility: Ints,
    cash: Floats,
    before: Floats,
    net: Floats,
    today: Floats,
    electricity: Floats,
    nomination: Floats,
    closed: Floats,
    imbalance: Floats,
    making_days: Ints,
    net_stock: Floats,
    pipeline: Floats,
    produced: Floats,
    order: Floats,
    incoming: Floats,
    batch: Ints,
    process: Floats,
    hours: Floats,
    load: Floats,
    sides: Floats,
) -> None:
    """Write both sides and the turnover of every balance into `sides`, shape (5, 3); rows as in BALANCES.

    Money: what all parties received less paid, against nothing; the party whose cash moved least as the ledger says.
    Energy, MWh: what customers drew, against what utilities bought, closed intraday and left as imbalance (and gave
    from own generators, which the caller adds).
    Hours: furnace energy at full power, against hours of melting. Materials, units: growth of stock and pipeline since
    yesterday (given in `sides[4, 0]`), against what was ordered or made less what was demanded.
    `before`: yesterday's cash, brought up to date.
    """
    turnover = 0.0
    for line in range(today.size):
        turnover += abs(today[line])
    moved = np.zeros(net.size)
    for i in range(party.size):
        moved[party[i]] += cash[i] - before[i]
        before[i] = cash[i]
    sides[0] = (net.sum(), 0.0, turnover)
    sides[1] = (0.0, 0.0, turnover)
    last = party[-1] + 1 if party.size else 0
    for p in range(last):
        if not abs(moved[p] - net[p]) <= abs(sides[1, 0] - sides[1, 1]):
            sides[1, 0], sides[1, 1] = moved[p], net[p]
    metered, entered, left = 0.0, 0.0, 0.0
    for i in range(utility.size):
        if utility[i] >= 0:
            metered += electricity[i]
        entered += produced[i] if making_days[i] > 0 else order[i]
        left += incoming[i]
    sides[2] = (metered, nomination.sum() + closed.sum() + imbalance.sum(), metered)
    melted = 0.0
    for b in range(batch.size):
        base = process[b, 4] + process[b, 5]
        melted += (load[batch[b]].mean() - base) * HOURS / process[b, 2]
    sides[3] = (melted, hours[:, 0].sum(), float(HOURS * batch.size))
    held = held_units(utility.size, net_stock, pipeline)
    sides[4] = (held - sides[4, 0], entered - left, abs(held) + abs(entered))
