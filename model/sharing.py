"""Data contracts at work: the plan leaves the works, and the utility combines it with what it knew."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from model.goods import signal_means
from model.inputs import DataContract
from model.kernels import kernel
from model.mechanisms.data import PRIOR_DAYS, combine, expected_breach_loss, innovation, learn_gain, publish_plan
from model.streams import Floats, Key, entity_id, stream_key

if TYPE_CHECKING:
    from model.model import CollaborationModel

HOURS = 24
YEAR_DAYS = 365.0


class PlanContract:
    """One contract under which a works shares its plan; holds what the receiver has learnt about it."""

    def __init__(self, model: CollaborationModel, contract: DataContract) -> None:
        people = model.population
        self.terms = contract
        self.row = int(people.of_group(contract.provider)[0])
        self.partner_row = people.makers + [u.name for u in model.inputs.utilities].index(contract.partner)
        self.alone = int(people.alone[self.row])
        self.batch = int(np.flatnonzero(model.goods.batch == self.row)[0])
        self.entity = entity_id(contract.name)
        self.key = stream_key(model.seed, model.replication, "plan_noise")
        rules = model.inputs.utilities[self.partner_row - people.makers].forecasting
        self.band, self.memory, self.delay = rules.gain_band, rules.memory, rules.meter_delay
        self.limit = float(model.power.limit[self.alone])
        ring = model.power.customers.ring
        self.base_hist = np.zeros((ring, HOURS))
        self.news_hist = np.zeros((ring, HOURS))
        self.shared = np.zeros(HOURS)
        prior = (self.limit / 4.0) ** 2 + contract.noise_sd**2
        self.error_news = np.zeros((HOURS, HOURS))
        self.news_news = prior * np.eye(HOURS)
        self.weight = np.array([PRIOR_DAYS])
        self.breach_loss = expected_breach_loss(
            contract.breach_rate, contract.breach_median, contract.breach_sigma, self._yearly_revenue(model)
        )

    def _yearly_revenue(self, model: CollaborationModel) -> float:
        """Return the provider's usual revenue, EUR/yr: no breach can cost more than the firm earns."""
        price = model.population.spread("process", "unit_price")[self.row]
        return float(price * signal_means(model.population)[self.row] * YEAR_DAYS)

    def use(self, day: int, model: CollaborationModel) -> None:
        """Publish the day's plan and let the partner's forecast of it take it in."""
        power = model.power
        use_plan(
            day,
            self.delay,
            self.entity,
            self.key,
            model.goods.plan[self.batch],
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


def is_null(contract: DataContract) -> bool:
    """Tell whether a contract shares nothing: then there is no copy, no interface and no cost either."""
    return math.isinf(contract.noise_sd)


def contracts_at_work(model: CollaborationModel) -> list[PlanContract]:
    """Return the contracts of a model's inputs that share anything."""
    return [PlanContract(model, c) for c in model.inputs.contracts if not is_null(c)]


def contract_cash(model: CollaborationModel, contracts: list[PlanContract]) -> Floats:
    """Return what the contracts move in each firm's own cash account per day, EUR, shape (firm,)."""
    cash = np.zeros(model.firms.size)
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
