"""A data contract as a plain Mesa agent: one plan leaves a works every day and its utility makes use of it."""

import math
from statistics import NormalDist
from typing import Any

import mesa

from model.inputs import DataContract
from tests.reference.draws import Stream, entity_number
from tests.reference.learning import PlanTrust
from tests.reference.utility import connection

YEAR_DAYS = 365.0


class PlanContract(mesa.Agent):
    """The provider's plan, as announced, and what the partner has learnt about its worth."""

    def __init__(self, model: Any, terms: DataContract, provider: Any, partner: Any, stream: Stream) -> None:
        super().__init__(model)
        self.terms, self.provider, self.partner, self.stream = terms, provider, partner, stream
        self.entity = entity_number(terms.name)
        self.limit = connection(provider)
        rules = partner.terms.forecasting
        prior = (self.limit / 4.0) ** 2 + terms.noise_sd**2
        self.trust = PlanTrust(rules.gain_band, rules.memory, prior, self.limit)
        self.delay = rules.meter_delay
        self.baselines: list[list[float]] = []
        self.news: list[list[float]] = []

    def publish(self, day: int) -> list[float]:
        """Return the shared record: block means of the plan with announced noise, within physical limits, by hour."""
        hours = self.terms.resolution
        record = []
        for block in range(24 // hours):
            plan = self.provider.process.plan[4 * hours * block : 4 * hours * (block + 1)]
            value = math.fsum(plan) / len(plan)
            if self.terms.noise_sd > 0.0:
                value += self.terms.noise_sd * self.stream.normal(self.entity, day, block)
            record += [min(self.limit, max(0.0, value))] * hours
        return record

    def use(self, day: int) -> None:
        """Learn from the newest metered day what plans are worth, then improve today's forecast."""
        known, name = day - self.delay, self.provider.name
        if known >= 0:
            metered = self.partner.histories[name].metered[known]
            error = [m - b for m, b in zip(metered, self.baselines[known], strict=True)]
            self.trust.learn(error, self.news[known])
        baseline, shared, hours = self.partner.baseline[name], self.publish(day), self.terms.resolution
        news = []
        for h in range(24):
            first = h - h % hours
            news.append(shared[h] - math.fsum(baseline[first : first + hours]) / hours)
        self.baselines.append(baseline)
        self.news.append(news)
        self.partner.forecast[name] = self.trust.combine(baseline, news)

    def pay(self, books: Any) -> None:
        """Book the day's share of the yearly fee, the interface on both sides and the expected breach loss."""
        terms, nature = self.terms, self.model.resources
        books.pay(self.partner, self.provider, "fee", terms.fee / YEAR_DAYS)
        own = terms.interface_cost * terms.provider_share
        books.pay(self.provider, nature, "interface", own / YEAR_DAYS)
        books.pay(self.partner, nature, "interface", (terms.interface_cost - own) / YEAR_DAYS)
        books.pay(self.provider, nature, "breach", self.breach_loss() / YEAR_DAYS)

    def breach_loss(self) -> float:
        """Return the expected loss a year: no breach costs more than the provider's usual revenue.

        E min(X, cap) of a lognormal X is the integral of its survival function from 0 to the cap, done here by
        its closed form: E[X; X < cap] + cap P(X > cap).
        """
        terms, phi = self.terms, NormalDist().cdf
        cap = self.provider.terms.process.unit_price * self.provider.usual_demand * YEAR_DAYS
        if 0.0 in (terms.breach_rate, terms.breach_median, cap):
            return 0.0
        if terms.breach_sigma == 0.0:
            return terms.breach_rate * min(terms.breach_median, cap)
        z = math.log(cap / terms.breach_median) / terms.breach_sigma
        mean = terms.breach_median * math.exp(terms.breach_sigma**2 / 2.0)
        return terms.breach_rate * (mean * phi(z - terms.breach_sigma) + cap * phi(-z))
