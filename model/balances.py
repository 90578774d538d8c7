"""The daily check that nothing appears or vanishes: money, energy, materials and furnace hours.

Each balance compares two accounts that are kept apart: the ledger's lines with every firm's own cash, what meters
read with what the utility bought, stock with flows, and hours of melting with the energy that went into it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.physics.electricity import HOURS

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
        self._money(day)
        self._energy(day)
        self._materials(day)
        self._hours(day)

    def _money(self, day: int) -> None:
        """All payments cancel, and every party's cash moved by what the ledger says."""
        ledger, cash = self.ledger, self.stage.live.cash
        turnover = float(np.abs(ledger.today).sum())
        ledger.check("money", float(ledger.net.sum()), 0.0, turnover, day)
        party = self.stage.population.party
        moved = np.bincount(party, cash - self.cash, minlength=ledger.net.size)
        self.cash[:] = cash
        gap = np.abs(moved - ledger.net)[: int(party.max(initial=-1)) + 1]
        worst = int(gap.argmax()) if gap.size else 0
        ledger.check("money", float(moved[worst]), float(ledger.net[worst]) if gap.size else 0.0, turnover, day)

    def _energy(self, day: int) -> None:
        """What customers drew is what the utilities bought, closed intraday and left as imbalance."""
        stage, power = self.stage, self.power
        supplied = stage.population.utility >= 0
        metered = float(stage.live.electricity[: supplied.size][supplied].sum())
        settled = float((power.nomination + power.closed + power.imbalance).sum())
        self.ledger.check("energy", metered, settled, metered, day)

    def _materials(self, day: int) -> None:
        """Stock and pipeline grow by what was ordered or made less what was demanded."""
        live, makers = self.stage.live, self.stage.population.makers
        entered = np.where(self.goods.makes_itself, live.produced[:makers], live.order[:makers])
        inflow, outflow, held = float(entered.sum()), float(live.incoming[:makers].sum()), self._held()
        self.ledger.check("materials", held - self.held, inflow - outflow, abs(held) + abs(inflow), day)
        self.held = held

    def _held(self) -> float:
        """Return units in stock, less backlog, and in the pipeline."""
        live, makers = self.stage.live, self.stage.population.makers
        return float(live.net_stock[:makers].sum() + live.pipeline[:makers].sum())

    def _hours(self, day: int) -> None:
        """Furnaces melted as many hours as their energy takes at full power."""
        goods = self.goods
        base = goods.process[:, 4] + goods.process[:, 5]
        melted = (self.stage.live.load[goods.batch].mean(axis=1) - base) * HOURS / goods.process[:, 2]
        self.ledger.check("hours", float(melted.sum()), float(goods.hours[:, 0].sum()), HOURS * goods.batch.size, day)
