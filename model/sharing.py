"""Data contracts at work: the plan leaves the works, and the utility combines it with what it knew."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from model.inputs import DataContract
from model.kernels import kernel
from model.mechanisms.data import PRIOR_DAYS, combine, expected_breach_loss, innovation, learn_gain, publish_plan
from model.population import signal_means
from model.streams import Floats, Key, entity_id

if TYPE_CHECKING:
    from model.goods import Goods
    from model.population import Population
    from model.power import Power
    from model.stage import Stage

HOURS = 24
YEAR_DAYS = 365.0


class PlanContract:
    """One contract under which a works shares its plan; holds what the receiver has learnt about it."""

    def __init__(self, stage: Stage, goods: Goods, power: Power, contract: DataContract) -> None:
        people = stage.population
        self.plans, self.power = goods.plan, power
        self.terms = contract
        self.row = int(people.of_group(contract.provider)[0])
        self.partner_row = people.makers + [u.name for u in stage.inputs.utilities].index(contract.partner)
        self.alone = int(people.alone[self.row])
        self.batch = int(np.flatnonzero(goods.batch == self.row)[0])
        self.entity = entity_id(contract.name)
        self.key = stage.key("plan_noise")
        rules = stage.inputs.utilities[self.partner_row - people.makers].forecasting
        self.band, self.memory, self.delay = rules.gain_band, rules.memory, rules.meter_delay
        self.limit = float(power.limit[self.alone])
        ring = power.customers.ring
        self.base_hist = np.zeros((ring, HOURS))
        self.news_hist = np.zeros((ring, HOURS))
        self.shared = np.zeros(HOURS)
        prior = (self.limit / 4.0) ** 2 + contract.noise_sd**2
        self.error_news = np.zeros((HOURS, HOURS))
        self.news_news = prior * np.eye(HOURS)
        self.weight = np.array([PRIOR_DAYS])
        self.breach_loss = expected_breach_loss(
            contract.breach_rate, contract.breach_median, contract.breach_sigma, _yearly_revenue(people, self.row)
        )

    def use(self, day: int) -> None:
        """Publish the day's plan and let the partner's forecast of it take it in."""
        power = self.power
        use_plan(
            day,
            self.delay,
            self.entity,
            self.key,
            self.plans[self.batch],
            self.terms.resolution,
            self.terms.noise_sd,
            self.limit,
            self.band,
            self.memory,
            power.customers.past[self.alone],
            power.customers.forecast[self.alone],
            self.shared,
            self.base_hist,
            self.news_hist,
            self.error_news,
            self.news_news,
            self.weight,
            power.forecast[self.alone],
        )

    def daily_amounts(self) -> dict[str, float]:
        """Return EUR a day by line: fee, the two sides' interface cost, expected breach loss."""
        t = self.terms
        return {
            "fee": t.fee / YEAR_DAYS,
            "provider_interface": t.interface_cost * t.provider_share / YEAR_DAYS,
            "partner_interface": t.interface_cost * (1.0 - t.provider_share) / YEAR_DAYS,
            "breach": self.breach_loss / YEAR_DAYS,
        }


def _yearly_revenue(people: Population, row: int) -> float:
    """Return a firm's usual revenue, EUR/yr: no breach can cost more than the firm earns."""
    return float(people.spread("process", "unit_price")[row] * signal_means(people)[row] * YEAR_DAYS)


def is_null(contract: DataContract) -> bool:
    """Tell whether a contract shares nothing: then there is no copy, no interface and no cost either."""
    return math.isinf(contract.noise_sd)


def contracts_at_work(stage: Stage, goods: Goods, power: Power) -> list[PlanContract]:
    """Return the contracts of a run's inputs that share anything."""
    return [PlanContract(stage, goods, power, c) for c in stage.inputs.contracts if not is_null(c)]


def contract_cash(firms: int, contracts: list[PlanContract]) -> Floats:
    """Return what the contracts move in each firm's own cash account per day, EUR, shape (firms,)."""
    cash = np.zeros(firms)
    for contract in contracts:
        amounts = contract.daily_amounts()
        cash[contract.row] += amounts["fee"] - amounts["provider_interface"] - amounts["breach"]
        cash[contract.partner_row] -= amounts["fee"] + amounts["partner_interface"]
    return cash


@kernel
def use_plan(
    day: int,
    delay: int,
    entity: int,
    key: Key,
    plan: Floats,
    resolution: int,
    noise_sd: float,
    limit: float,
    band: int,
    memory: float,
    past: Floats,
    baseline: Floats,
    shared: Floats,
    base_hist: Floats,
    news_hist: Floats,
    error_news: Floats,
    news_news: Floats,
    weight: Any,
    forecast: Floats,
) -> None:
    """Learn from the newest metered day what plans are worth, then combine today's plan with the baseline.

    Args:
        day, delay: as in `forecast_from_history`.
        entity, key, plan, resolution, noise_sd, limit, shared: as in `publish_plan`.
        band, memory, error_news, news_news, weight: as in `learn_gain`.
        past: ring of metered days, MW, shape (ring, 24); `baseline`: forecast from history, MW, shape (24,).
        base_hist, news_hist: rings of earlier baselines and innovations, MW, shape (ring, 24).
        forecast: result, MW, shape (24,).
    """
    ring = past.shape[0]
    known = day - delay
    if known >= 0:
        slot = known % ring
        learn_gain(past[slot] - base_hist[slot], news_hist[slot], band, memory, error_news, news_news, weight)
    publish_plan(day, entity, key, plan, resolution, noise_sd, limit, shared)
    news = news_hist[day % ring]
    innovation(shared, baseline, resolution, news)
    base_hist[day % ring] = baseline
    combine(baseline, news, band, error_news, news_news, limit, forecast)
