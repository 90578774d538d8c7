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
from model.kernels import kernel
from model.mechanisms.aggregation import groups_of, masked_sum, tree_levels, tree_node_variance, tree_noise
from model.mechanisms.data import PRIOR_DAYS, block_means, combine, innovation, learn_gain
from model.mechanisms.pipeline import HOURS, RECORD_STREAMS, record_rates, run_pipeline, stage_flags
from model.mechanisms.privacy import BudgetLedger, laplace, rho_within
from model.population import signal_means
from model.streams import Floats, Ints, Key, normal, uniform

if TYPE_CHECKING:
    from model.goods import Goods
    from model.power import Power
    from model.stage import Stage

MASK_NEIGHBOURS = 20
"""Sharers with whom each one shares masks: all of them up to 21 sharers, then the next ones in a ring, so that keys
grow with n and not n^2 (Bell et al. 2020 need of the order of log n)."""

SETTLING_DAYS = 21
"""Days before the partner's own forecasts say what meters foretell; a leak counts in full until then (assumption)."""

ROUNDING = 1e-9
"""Relative spread of squares below which a series counts as constant."""

FLAT = 1e-12
"""Share of its mean square below which the variance of a plan or record is rounding of running sums."""

MOMENTS = ("count", "plan", "record", "plan2", "record2", "product")
"""Columns of what is counted about a record and the plan behind it."""


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


@kernel
def publish_plans(
    day: int,
    entity: int,
    resolution: int,
    plans: Floats,
    batch: Ints,
    entities: Ints,
    keys: Key,
    rates: Floats,
    flags: Any,
    utc_offset_hours: int,
    limit: Floats,
    baseline: Floats,
    alone: Ints,
    mapping_key: Key,
    mapping_sd: float,
    privacy_key: Key,
    is_laplace: bool,
    privacy_scale: float,
    previous: Floats,
    previous_header: Ints,
    stages: Floats,
    values: Floats,
) -> None:
    """Write each sharer's record after the pipeline, MW by hour, shape (sharer, 24).

    Args:
        day, entity: model day, stream entity of the contract.
        resolution: hours per shared value.
        plans: MW by quarter-hour of every batch works, shape (batch, 96); `batch`: rows of the sharers.
        entities, keys, rates, flags, utc_offset_hours, previous, previous_header, stages: as in `run_pipeline`, with
            a leading sharer axis.
        limit: physical limit, MW, shape (sharer,).
        baseline: the partner's forecasts from history, MW, shape (customer, 24); `alone`: rows of the sharers.
        mapping_key, mapping_sd: stream and sd of translation errors, MW.
        privacy_key, is_laplace, privacy_scale: noise that each record gets at its source, MW per unit draw; 0 for none.
        values: result.
    """
    for m in range(batch.size):
        block_means(plans[batch[m]], resolution, values[m])
        if privacy_scale > 0.0:
            add_privacy_noise(day, entity, m, resolution, privacy_key, is_laplace, privacy_scale, limit[m], values[m])
        run_pipeline(
            day,
            entities[m],
            keys,
            rates[m],
            flags,
            utc_offset_hours,
            resolution,
            limit[m],
            baseline[alone[m]],
            previous[m],
            previous_header[m],
            stages[m],
            values[m],
        )
        if mapping_sd > 0.0:
            for h in range(HOURS):
                error = mapping_sd * normal(mapping_key, entities[m], day, h // resolution)
                values[m, h] = min(limit[m], max(0.0, values[m, h] + error))


@kernel
def add_privacy_noise(
    day: int,
    entity: int,
    cell: int,
    resolution: int,
    key: Key,
    is_laplace: bool,
    scale: float,
    limit: float,
    values: Floats,
) -> None:
    """Add noise of `scale` MW per unit draw to each block of a record, in place, and cut it off at 0 and `limit` MW."""
    for block in range(HOURS // resolution):
        slot = cell * HOURS + block
        draw = laplace(key, entity, day, slot) if is_laplace else normal(key, entity, day, slot)
        value = min(limit, max(0.0, values[block * resolution] + scale * draw))
        for h in range(block * resolution, (block + 1) * resolution):
            values[h] = value


@kernel
def release_plans(
    day: int,
    entity: int,
    resolution: int,
    in_the_open: bool,
    cell: Ints,
    values: Floats,
    noise_key: Key,
    noise_sd: float,
    privacy_key: Key,
    is_laplace: bool,
    privacy_scale: float,
    cell_limit: Floats,
    plans: Floats,
    batch: Ints,
    baseline: Floats,
    alone: Ints,
    moments: Floats,
    released: Floats,
) -> None:
    """Write what the partner sees of each cell, MW by hour, shape (cell, 24), and count what it tells of each plan.

    Args:
        day, entity, resolution, plans, batch, baseline, alone: as in `publish_plans`.
        in_the_open: whether the records are added up here; else `released` has their sum or running mean already.
        cell: cell of each sharer; `values`: records, MW, shape (sharer, 24).
        noise_key, noise_sd: announced Gaussian noise, MW.
        privacy_key, is_laplace, privacy_scale: privacy noise, MW per unit draw; 0 for none.
        cell_limit: physical limit, MW, shape (cell,).
        moments: counters, shape (sharer, 6), columns as `MOMENTS`.
        released: result.
    """
    if in_the_open:
        released[:] = 0.0
        for m in range(cell.size):
            for h in range(HOURS):
                released[cell[m], h] += values[m, h]
    for c in range(cell_limit.size):
        if noise_sd > 0.0:
            for block in range(HOURS // resolution):
                value = released[c, block * resolution] + noise_sd * normal(noise_key, entity, day, c * HOURS + block)
                for h in range(block * resolution, (block + 1) * resolution):
                    released[c, h] = value
        if privacy_scale > 0.0:
            add_privacy_noise(
                day, entity, c, resolution, privacy_key, is_laplace, privacy_scale, cell_limit[c], released[c]
            )
        for h in range(HOURS):
            released[c, h] = min(cell_limit[c], max(0.0, released[c, h]))
    if day >= SETTLING_DAYS:
        count_revealed(plans, batch, baseline, alone, cell, released, moments)


@kernel
def count_revealed(
    plans: Floats, batch: Ints, baseline: Floats, alone: Ints, cell: Ints, released: Floats, moments: Floats
) -> None:
    """Count what a day's records tell of each plan beyond the partner's own forecasts; see `release_plans`."""
    own = np.zeros(released.shape)
    for m in range(cell.size):
        own[cell[m]] += baseline[alone[m]]
    for m in range(cell.size):
        plan = plans[batch[m]]
        for h in range(HOURS):
            x = (plan[4 * h] + plan[4 * h + 1] + plan[4 * h + 2] + plan[4 * h + 3]) / 4.0 - baseline[alone[m], h]
            y = released[cell[m], h] - own[cell[m], h]
            moments[m, 0] += 1.0
            moments[m, 1] += x
            moments[m, 2] += y
            moments[m, 3] += x * x
            moments[m, 4] += y * y
            moments[m, 5] += x * y


@kernel
def take_in_plans(
    day: int,
    delay: Ints,
    came: bool,
    analysis: bool,
    application: bool,
    resolution: int,
    band: int,
    memory: float,
    alone: Ints,
    order: Ints,
    first: Ints,
    cell_limit: Floats,
    past: Floats,
    baseline: Floats,
    released: Floats,
    base_hist: Floats,
    news_hist: Floats,
    used: Any,
    error_news: Floats,
    news_news: Floats,
    weight: Floats,
    spread: Floats,
    forecast: Floats,
) -> None:
    """Learn from the newest metered day what plans are worth, then combine today's with the forecast from history.

    Args:
        day: model day; `delay`: days until a customer's meter is known, shape (customer,).
        came: whether today's record is there.
        analysis: whether the partner learns what a record is worth; else it takes it at its word.
        application: whether it uses the result.
        resolution, band, memory: as in `mechanisms.data`.
        alone: customer row of each sharer; `order`: sharers by cell, shape (sharer,).
        first: where each cell's sharers begin in `order`, shape (cell + 1,); `cell_limit`: MW by cell.
        past: ring of metered days, MW, shape (customer, ring, 24); `baseline`: as in `publish_plans`.
        released: what the partner sees, MW, shape (cell, 24).
        base_hist: ring of earlier baselines, MW, shape (ring, sharer, 24); `news_hist`: of innovations, by cell.
        used: ring: whether a record was there, shape (ring,).
        error_news, news_news, weight: as in `learn_gain`, with a leading cell axis.
        spread: running variance of the baseline's error by sharer, MW2, by which the correction of a cell is divided
            among its members.
        forecast: result, MW, shape (customer, 24).
    """
    ring = past.shape[1]
    today, known = day % ring, day - delay[alone[0]]  # one utility, one delay
    slot = known % ring
    used[today] = came
    base, error, total = np.empty(HOURS), np.empty(HOURS), np.empty(HOURS)
    for c in range(cell_limit.size):
        members = order[first[c] : first[c + 1]]
        base[:] = 0.0
        error[:] = 0.0
        for m in members:
            base_hist[today, m] = baseline[alone[m]]
            base += baseline[alone[m]]
            if known >= 0:
                miss = past[alone[m], slot] - base_hist[slot, m]
                error += miss
                if members.size > 1:
                    spread[m] += (1.0 - memory) * ((miss * miss).mean() - spread[m])
        if known >= 0 and used[slot] and analysis:
            learn_gain(error, news_hist[slot, c], band, memory, error_news[c], news_news[c], weight[c])
        news = news_hist[today, c]
        innovation(released[c], base, resolution, news)
        if not (came and application):
            continue
        if analysis:
            combine(base, news, band, error_news[c], news_news[c], cell_limit[c], total)
        else:
            total[:] = released[c]
        if members.size == 1:
            forecast[alone[members[0]]] = total
        else:
            divide_correction(total - base, members, alone, spread, baseline, forecast)


@kernel
def divide_correction(
    correction: Floats, members: Ints, alone: Ints, spread: Floats, baseline: Floats, forecast: Floats
) -> None:
    """Divide a cell's correction among its members by the variance of their errors: the best guess of each.

    Arguments as in `take_in_plans`; `correction`: MW, shape (24,); `members`: of the cell.
    """
    whole = 0.0
    for m in members:
        whole += spread[m]
    for m in members:
        forecast[alone[m]] = baseline[alone[m]] + spread[m] / whole * correction
