"""Maintenance logs at work: crews write, the partner reads, and what it learns of breakdowns is used.

The predicted breakdown serves two ends. The utility expects less load of a works that may stand still, and the works
plans a stop where the expected repair costs more than the stop. A works that mines its own log (`process.own_mining`)
does the latter without any contract, so that sharing is credited with what it adds only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from model.agreement import Agreement
from model.contract_checks import sharers
from model.inputs import DataContract, ManufacturerInputs
from model.logbook import log_keys, log_volume, write_log
from model.mechanisms.mining import Miner
from model.streams import Floats

if TYPE_CHECKING:
    from model.goods import Goods
    from model.power import Power
    from model.stage import Stage

HOURS = 24
PRIOR_DAYS = 30.0
"""Weight of the prior that a predicted breakdown says nothing about load, in days of evidence (assumption)."""


class MinedLog:
    """The log of one works and what has been mined from it.

    Attributes:
        row, name: the works; `group`: its group.
        chance: probability of a breakdown on the coming day; `base`: without reading, both in [0, 1].
        volume: bytes written so far; `days`: days written.
        score, base_score: log scores of the prediction and of the base rate, summed over days, lower is better.
    """

    def __init__(self, stage: Stage, goods: Goods, row: int, miner: Miner) -> None:
        self.goods, self.row, self.miner = goods, row, miner
        self.name, firm = stage.population.names[row], _maker(stage, row)
        self.group, self.logs, self.terms = firm.name, firm.logs, firm.process
        self.entity = int(stage.population.entity[row])
        self.keys = log_keys(stage.seed, stage.replication)
        self.batch = int(np.flatnonzero(goods.batch == row)[0])
        self.chance, self.base = 0.0, 0.0
        self.volume, self.days = 0, 0
        self.score, self.base_score = 0.0, 0.0

    def predict(self, day: int) -> None:
        """Predict a breakdown on `day` from what was written two days before and earlier."""
        self.chance = self.miner.probability(day)
        self.base = self.miner.base_probability()

    def maintain(self) -> None:
        """Plan a stop for the coming day if over the horizon it averts more repairs than it costs."""
        days = self.terms.maintenance_horizon
        averted = (1.0 - self.base) ** days - (1.0 - self.chance) ** days
        if averted * self.terms.repair_cost > self.terms.maintenance_cost:
            self.goods.maintain(self.row)

    def write(self, day: int) -> None:
        """Let the crews write up the day, and learn from how it went."""
        broke, maintained = bool(self.goods.broke[self.batch]), bool(self.goods.maintained[self.batch])
        entries = write_log(
            self.keys, self.entity, day, self.logs, worn=bool(self.goods.worn[self.batch]), failed=broke
        )
        self.volume += log_volume(entries)[1]
        self.days += 1
        if not maintained:  # a forestalled breakdown tells nothing about the prediction
            self.score -= np.log(self.chance if broke else 1.0 - self.chance)
            self.base_score -= np.log(self.base if broke else 1.0 - self.base)
        self.miner.read(day, entries)
        if maintained:
            self.miner.forget(day)
        else:
            self.miner.learn(day, broke)

    @property
    def skill(self) -> float:
        """1 less the log score of the prediction over that of the base rate."""
        return 1.0 - self.score / self.base_score if self.base_score > 0.0 else 0.0


class LogContract(Agreement):
    """A contract under which works share their maintenance logs with their utility, which mines them all together."""

    def __init__(self, stage: Stage, goods: Goods, power: Power, terms: DataContract, online: Any) -> None:
        people = stage.population
        rows = np.concatenate([people.of_group(name) for name in sharers(terms)])
        super().__init__(terms, rows.size, stage, online)
        self.power = power
        stages = terms.pipeline
        self.mined = [
            MinedLog(
                stage,
                goods,
                int(row),
                Miner(
                    _maker(stage, int(row)).logs.window,
                    cleaning=stages.cleaning,
                    integration=stages.integration,
                    mining=stages.mining,
                ),
            )
            for row in rows
        ]
        for log in self.mined[1:]:
            log.miner.pool_with(self.mined[0].miner)
        self.alone = people.alone[rows]
        ring = power.customers.ring
        self.told = np.zeros((rows.size, ring))
        self.errors = np.zeros((rows.size, ring, HOURS))
        self.product = np.zeros((rows.size, HOURS))
        self.square = np.full(rows.size, PRIOR_DAYS * 0.01)

    @property
    def text_bytes(self) -> float:  # type: ignore[override]
        """Mean size of the text that a firm shares, bytes a day."""
        days = sum(log.days for log in self.mined)
        return sum(log.volume for log in self.mined) / days if days else 0.0

    def advise(self, day: int) -> None:
        """Tell the works how likely a breakdown is, before they plan."""
        self.came = self.arrives(day)
        for log in self.mined:
            log.predict(day)
            if self.came and self.terms.pipeline.application:
                log.maintain()

    def use(self, day: int) -> None:
        """Learn what a predicted breakdown does to the error of the forecast, and correct today's."""
        power, ring = self.power, self.power.customers.ring
        for k, log in enumerate(self.mined):
            a = self.alone[k]
            known = (day - power.customers.delay[a]) % ring
            if day >= power.customers.delay[a] and self.terms.pipeline.analysis:
                miss = power.customers.past[a, known] - self.errors[k, known]
                self.product[k] += self.told[k, known] * miss
                self.square[k] += self.told[k, known] ** 2
            news = log.chance - log.base if self.came else 0.0
            self.told[k, day % ring] = news
            self.errors[k, day % ring] = power.forecast[a]
            if self.terms.pipeline.application and news != 0.0:
                corrected: Floats = power.forecast[a] + self.product[k] / self.square[k] * news
                power.forecast[a] = np.clip(corrected, 0.0, power.limit[a])

    def learn(self, day: int) -> None:
        """Let the crews write up the day."""
        for log in self.mined:
            log.write(day)


class OwnLogs:
    """Works that mine their own logs, whether or not they share them as well."""

    def __init__(self, stage: Stage, goods: Goods) -> None:
        rows = [int(row) for row in goods.batch if _maker(stage, int(row)).process.own_mining]
        self.mined = [MinedLog(stage, goods, row, Miner(_maker(stage, row).logs.window)) for row in rows]

    def advise(self, day: int) -> None:
        """Predict breakdowns and plan stops."""
        for log in self.mined:
            log.predict(day)
            log.maintain()

    def learn(self, day: int) -> None:
        """Let the crews write up the day."""
        for log in self.mined:
            log.write(day)


def _maker(stage: Stage, row: int) -> ManufacturerInputs:
    return stage.inputs.manufacturers[int(stage.population.group[row])]
