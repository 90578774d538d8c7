"""Data contracts as plain Mesa agents: a plan leaves a works every day, or customers announce what they will buy."""

import math
from statistics import NormalDist
from typing import Any

import mesa

from model.inputs import DataContract
from tests.reference.draws import Stream, entity_number
from tests.reference.learning import PlanTrust
from tests.reference.utility import connection, hourly

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
        self.plan_hours: list[float] = []
        self.record_hours: list[float] = []
        self.share_known_to_leak = 1.0

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
        self.plan_hours += hourly(self.provider.process.plan)
        self.record_hours += shared
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
        if self.model.today == self.model.inputs.calendar.burn_in:
            self.share_known_to_leak = self.revealed_share()
        cap = self.provider.terms.process.unit_price * self.provider.usual_demand * YEAR_DAYS
        loss = terms.breach_rate * limited_mean(self.share_known_to_leak * terms.breach_median, terms.breach_sigma, cap)
        books.pay(self.provider, nature, "breach", loss / YEAR_DAYS)

    def revealed_share(self) -> float:
        """Return the part of the hourly plan's variance that the record explains; all of it where nothing varies."""
        x, y = spread_out(self.plan_hours), spread_out(self.record_hours)
        if not any(x) or not any(y):
            return 1.0 if not any(x) else 0.0
        both = math.fsum(a * a for a in x) * math.fsum(b * b for b in y)
        return min(1.0, math.fsum(a * b for a, b in zip(x, y, strict=True)) ** 2 / both)


class OrderContract(mesa.Agent):
    """Final customers announce to a firm, or to each firm of a group, what they will buy over its lead time."""

    def __init__(self, model: Any, terms: DataContract, firms: list[Any]) -> None:
        super().__init__(model)
        self.terms, self.firms = terms, firms
        for firm in firms:
            firm.hear_announcements(terms.noise_sd)

    def use(self, day: int) -> None:
        """Nothing happens before the gate: customers announce in the evening."""

    def pay(self, books: Any) -> None:
        """Book the day's share of fees, interfaces and the expected breach loss, which falls on customers, uncapped."""
        terms, nature, customers = self.terms, self.model.resources, self.model.consumers
        own = terms.interface_cost * terms.provider_share
        for firm in self.firms:
            books.pay(firm, customers, "fee", terms.fee / YEAR_DAYS)
            books.pay(customers, nature, "interface", own / YEAR_DAYS)
            books.pay(firm, nature, "interface", (terms.interface_cost - own) / YEAR_DAYS)
        loss = terms.breach_rate * limited_mean(terms.breach_median, terms.breach_sigma, math.inf)
        books.pay(customers, nature, "breach", loss / YEAR_DAYS)


def spread_out(values: list[float]) -> list[float]:
    """Return the values less their mean; zeros where they differ by no more than rounding."""
    mean = math.fsum(values) / len(values)
    if max(values) - min(values) <= 1e-9 * max(map(abs, values)):
        return [0.0] * len(values)
    return [value - mean for value in values]


def limited_mean(median: float, sigma: float, cap: float) -> float:
    """Return the mean of a lognormal loss of which no more than `cap` is lost.

    E min(X, cap) is the integral of the survival function from 0 to the cap, done here by its closed form:
    E[X; X < cap] + cap P(X > cap).
    """
    if 0.0 in (median, cap) or sigma == 0.0:
        return min(median, cap)
    mean, phi = median * math.exp(sigma**2 / 2.0), NormalDist().cdf
    if math.isinf(cap):
        return mean
    z = math.log(cap / median) / sigma
    return mean * phi(z - sigma) + cap * phi(-z)
