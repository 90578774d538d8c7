"""Plans at work: plans leave the works, are protected on the way, and the utility combines them with what it knew.

On its way a plan is averaged over blocks, gets dirty and is put right (`mechanisms.pipeline`), and is added up within
its cell: a sharer by itself, a group of k, or everybody under secure aggregation. Privacy noise comes first where each
record carries its own, so that all that follows only processes what is protected already; where a trusted platform adds
up, it comes last. What comes out is all that the partner sees. A cell is the unit in which the partner learns.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from model.agreement import Agreement
from model.contract_checks import connection_mw, privacy_noise, standard_of
from model.inputs import DataContract
from model.mechanisms.aggregation import groups_of, masked_sum, tree_levels, tree_node_variance, tree_noise
from model.mechanisms.data import PRIOR_DAYS
from model.mechanisms.pipeline import HOURS, RECORD_STREAMS, record_rates, stage_flags
from model.mechanisms.plans import MOMENTS, publish_plans, release_plans, take_in_plans
from model.mechanisms.privacy import BudgetLedger, rho_within
from model.population import signal_means
from model.streams import Floats, Ints, Key, uniform

if TYPE_CHECKING:
    from model.goods import Goods
    from model.power import Power
    from model.stage import Stage

MASK_NEIGHBOURS = 20
"""Sharers with whom each one shares masks: all of them up to 21 sharers, then the next ones in a ring, so that keys
grow with n and not n^2 (Bell et al. 2020 need of the order of log n)."""

ROUNDING = 1e-9
"""Relative spread of squares below which a series counts as constant."""


class PlanContract(Agreement):
    """A contract under which works share their plans; holds what the partner has learnt about them.

    Attributes:
        rows: sharing firms, shape (sharer,).
        cell: cell of each sharer, shape (sharer,); `cells`: how many.
        privacy: the privacy noise, None without; `accounts`: what each group's protected unit has lost, by name.
        revealed: share of each sharer's plan, beyond what its meter shows, that the record tells, shape (sharer,).
        stages: counters of the pipeline by sharer, shape (sharer, 4, 3).
        group_of_sharer: name of its group, shape (sharer,).
        seen: days on which a record arrived, out of `days`; burn-in counts as well.
    """

    def __init__(self, stage: Stage, goods: Goods, power: Power, terms: DataContract, online: Any) -> None:
        people = stage.population
        self.power, self.plans = power, goods.plan
        self.rows = np.concatenate([people.of_group(name) for name in (terms.provider, *terms.members)])
        super().__init__(terms, self.rows.size, stage, online)
        self.group_of_sharer = np.array([stage.inputs.manufacturers[g].name for g in people.group[self.rows]])
        self.partner_row = people.makers + [u.name for u in stage.inputs.utilities].index(terms.partner)
        self.alone = people.alone[self.rows]
        self.batch = np.searchsorted(goods.batch, self.rows)
        self.entities = people.entity[self.rows]
        self.offsets, self.calendar = stage.futures.utc_offsets, stage.futures.calendar
        self._protect(stage, goods)
        self._listen(stage, power)
        self._count()

    def _protect(self, stage: Stage, goods: Goods) -> None:
        """Work out cells, noise and what the way does to a record."""
        terms, makers = self.terms, stage.inputs.manufacturers
        count = self.rows.size
        self.cell = cells_of(terms, signal_means(stage.population)[self.rows], stage.key("grouping"), self.entities)
        self.cells = int(self.cell.max()) + 1
        self.order = np.argsort(self.cell, kind="stable")
        self.first = np.concatenate([[0], np.cumsum(np.bincount(self.cell, minlength=self.cells))])
        groups = [makers[g] for g in stage.population.group[self.rows]]
        self.rates = np.stack([record_rates(firm.records) for firm in groups])
        self.flags, self.mapping_sd = stage_flags(terms.pipeline), terms.mapping_sd
        if standard_of(terms, stage.inputs.data_platforms) != "none":  # one clock and one code: nothing is left to map
            self.rates[:, STANDARDISED_AWAY] = 0.0
            self.mapping_sd = 0.0
        self.keys = np.stack([stage.key(name) for name in RECORD_STREAMS])
        names = ("plan_noise", "privacy_noise", "mapping_error", "plan_mask", "tree_noise")
        self.noise_key, self.privacy_key, self.mapping_key, self.mask_key, self.tree_key = map(stage.key, names)
        self.privacy = privacy_noise(terms, groups)
        if terms.release == "tree":
            self.totals, self.levels = np.zeros(stage.futures.calendar.days), tree_levels(terms.window)
            widest = max(connection_mw(firm.process) for firm in groups)
            rho = rho_within(terms.epsilon, terms.delta)
            self.tree_sd = math.sqrt(tree_node_variance(self.levels, widest, rho))
        self.is_laplace = self.privacy is not None and self.privacy.mechanism == "laplace"
        self.privacy_scale = self.privacy.scale if self.privacy is not None else 0.0
        self.is_central = self.cells < count or terms.release != "records"
        unit: Any = terms.protected
        self.accounts = {
            name: BudgetLedger(name, unit, terms.budget, terms.delta)
            for name in dict.fromkeys(self.group_of_sharer)
            if self.privacy is not None
        }
        self.previous = np.zeros((count, 2, HOURS))
        self.previous_header = np.zeros((count, 2), np.int64)
        self.values = np.zeros((count, HOURS))
        self.released = np.zeros((self.cells, HOURS))

    def _listen(self, stage: Stage, power: Power) -> None:
        """Set up what the partner learns with."""
        rules = stage.inputs.utilities[self.partner_row - stage.population.makers].forecasting
        self.band, self.memory = rules.gain_band, rules.memory
        self.delay = power.customers.delay
        self.limit = power.limit[self.alone]
        self.cell_limit = np.bincount(self.cell, self.limit, minlength=self.cells)
        ring = power.customers.ring
        self.base_hist = np.zeros((ring, self.rows.size, HOURS))
        self.news_hist = np.zeros((ring, self.cells, HOURS))
        self.used = np.zeros(ring, np.bool_)
        variance = self.terms.noise_sd**2 + (self.privacy.sd**2 if self.privacy else 0.0)
        self.error_news = np.zeros((self.cells, HOURS, HOURS))
        prior = (self.cell_limit / 4.0) ** 2 + variance
        self.news_news = prior[:, None, None] * np.eye(HOURS)
        self.weight = np.full((self.cells, 1), PRIOR_DAYS)
        self.spread = self.limit**2 / 16.0

    def _count(self) -> None:
        self.stages = np.zeros((self.rows.size, 4, 3))
        self.moments = np.zeros((self.rows.size, len(MOMENTS)))
        self.seen, self.days = 0, 0

    @property
    def revealed(self) -> Floats:
        """Share of what the partner's meters leave open of each hourly plan that the record explains, shape (sharer,).

        That is the squared correlation of two innovations: of the plan against the partner's own forecast of the
        sharer, and of the record against its own forecast of the cell. A plan that meters foretell is taken as known
        as soon as anything is told, and so is everything before the partner's own forecasts have settled.
        """
        n, x, y, xx, yy, xy = self.moments.T
        plan, record = n * xx - x * x, n * yy - y * y
        still, silent = plan <= ROUNDING * n * xx, record <= ROUNDING * n * yy
        share = np.divide((n * xy - x * y) ** 2, plan * record, out=np.zeros(n.size), where=~(still | silent))
        return np.where(still, 1.0, np.minimum(1.0, share))

    @property
    def readable(self) -> Floats:
        """What a platform reads: ciphertext under masks, every plan where it adds them up, else what it forwards."""
        if self.terms.variant == "encrypted":
            return np.zeros(self.sharers)
        return np.ones(self.sharers) if self.is_central else self.revealed

    def use(self, day: int) -> None:
        """Publish the day's plans and let the partner's forecasts take them in."""
        power, terms = self.power, self.terms
        publish_plans(
            day,
            self.entity,
            terms.resolution,
            self.plans,
            self.batch,
            self.entities,
            self.keys,
            self.rates,
            self.flags,
            int(self.offsets[day]),
            self.limit,
            power.customers.forecast,
            self.alone,
            self.mapping_key,
            self.mapping_sd,
            self.privacy_key,
            self.is_laplace,
            0.0 if self.is_central else self.privacy_scale,
            self.previous,
            self.previous_header,
            self.stages,
            self.values,
        )
        self._release(day)
        if self.privacy is not None:
            for account in self.accounts.values():
                account.debit(self.calendar.date(day), self.privacy.rho, self.privacy.pure_epsilon)
        came = self.arrives(day)
        self.seen += came
        self.days += 1
        take_in_plans(
            day,
            self.delay,
            came,
            terms.pipeline.analysis,
            terms.pipeline.application,
            terms.resolution,
            self.band,
            self.memory,
            self.alone,
            self.order,
            self.first,
            self.cell_limit,
            power.customers.past,
            power.customers.forecast,
            self.released,
            self.base_hist,
            self.news_hist,
            self.used,
            self.error_news,
            self.news_news,
            self.weight,
            self.spread,
            power.forecast,
        )

    def _release(self, day: int) -> None:
        """Add up the records of each cell, behind masks or in the open, and add the noise."""
        terms = self.terms
        if terms.variant == "encrypted":
            self.released[0] = masked_sum(self.values, self.mask_key, day, MASK_NEIGHBOURS, self.entities)
        if terms.release == "tree":
            self.released[0] = self._running_mean(day)
        release_plans(
            day,
            self.entity,
            terms.resolution,
            terms.variant != "encrypted" and terms.release != "tree",
            self.cell,
            self.values,
            self.noise_key,
            terms.noise_sd,
            self.privacy_key,
            self.is_laplace,
            self.privacy_scale if self.is_central else 0.0,
            self.cell_limit,
            self.plans,
            self.batch,
            self.power.customers.forecast,
            self.alone,
            self.moments,
            self.released,
        )

    def _running_mean(self, day: int) -> float:
        """Return the mean of the last `window` days instead of today's, MW, with the noise of a binary tree."""
        window = self.terms.window
        self.totals[day] = self.values.sum(axis=0).mean()
        start = max(0, day + 1 - window)
        noise = self.tree_sd * tree_noise(self.tree_key, self.entity, start, day + 1, self.levels, 0)
        return float((self.totals[start : day + 1].sum() + noise) / (day + 1 - start))


STANDARDISED_AWAY = [2, 4, 5]
"""Columns of `pipeline.RATES` that a common standard removes: foreign clocks, missing labels, site-specific codes."""


def cells_of(terms: DataContract, size: Floats, key: Key, entities: Ints) -> Ints:
    """Return the cell of each sharer, shape (sharer,): itself, its group of k, or everybody's.

    Args:
        terms: the contract.
        size: usual demand of each sharer, which `sorted` groups go by, shape (sharer,).
        key: stream of random grouping; `entities`: stream entity of each sharer, shape (sharer,).
    """
    count = size.size
    if terms.variant == "encrypted" or terms.release != "records":
        return np.zeros(count, np.int64)
    if terms.k == 1:
        return np.arange(count)
    draws = np.array([uniform(key, int(entity), 0, 0) for entity in entities])
    return groups_of(count, terms.k, np.argsort(size if terms.grouping == "sorted" else draws, kind="stable"))
