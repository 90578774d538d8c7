"""Data contracts other than plans, as plain Mesa agents: announced orders, meters in real time, forecast prices."""

import math
from typing import Any

import mesa

from tests.reference.draws import entity_number


class Contract(mesa.Agent):
    """What all contracts have in common: the line may be down, and a record may be late."""

    def __init__(self, model: Any, terms: Any, platform: Any = None) -> None:
        super().__init__(model)
        self.terms, self.platform = terms, platform
        self.entity = entity_number(terms.name)

    def arrives(self, day: int) -> bool:
        """Tell whether the record is there at the gate: not late, and its platform at work."""
        rate = self.terms.late_rate
        late = rate > 0.0 and self.model.streams["late_record"].uniform(self.entity, day) < rate
        return not late and (self.platform is None or self.platform.online[day])


class OrderContract(Contract):
    """Final customers announce to a firm, or to each firm of a group, what they will buy over its lead time."""

    def __init__(self, model: Any, terms: Any, firms: list[Any]) -> None:
        super().__init__(model, terms)
        for firm in firms if terms.pipeline.application else []:
            firm.hear_announcements(terms.noise_sd)


class MeterContract(Contract):
    """Works' meters are read in real time: this morning is known at the gate."""

    def __init__(self, model: Any, terms: Any, sharers: list[Any], partner: Any, platform: Any) -> None:
        super().__init__(model, terms, platform)
        self.histories = [partner.histories[firm.name] for firm in sharers]

    def advise(self, day: int) -> None:
        """Read the meters, unless the line is down."""
        for history in self.histories:
            history.live = self.terms.pipeline.application and self.arrives(day)


class ForecastContract(Contract):
    """A utility tells works its own forecast of tomorrow's prices; they learn what it says beyond what is public."""

    def __init__(self, model: Any, terms: Any, utility: Any, works: list[Any], platform: Any) -> None:
        super().__init__(model, terms, platform)
        self.works, self.rules = works, utility.terms.forecasting
        self.forecaster = entity_number(utility.name)
        variance = self.rules.price_error**2 + terms.noise_sd**2
        self.error_news, self.news_news = 0.0, 10.0 * 24.0 * variance  # ten days of no trust
        self.told: list[float] | None = None
        self.own: list[float] = []

    def advise(self, day: int) -> None:
        """Learn what yesterday's forecast was worth, then tell today's before plans are made."""
        stages = self.terms.pipeline
        if self.told and stages.analysis:
            self._learn(self.model.futures.price[day - 1].tolist())
        self.own = self.model.expected_price
        self.told = self._forecast(day) if self.arrives(day) else None
        if self.told and stages.application:
            gain = max(0.0, self.error_news / self.news_news) if self.news_news > 0.0 else 0.0
            combined = [p + gain * n for p, n in zip(self.own, self._news(self.told), strict=True)]
            for firm in self.works:
                firm.told_prices = combined if stages.analysis else self.told

    def _news(self, prices: list[float]) -> list[float]:
        """Return how the shape of a day's prices differs from what the works expected itself."""
        shapes = zip(shape(prices), shape(self.own), strict=True)
        return [told - own for told, own in shapes]

    def _learn(self, prices: list[float]) -> None:
        news, errors = self._news(self.told or []), self._news(prices)
        self.error_news = self.rules.memory * self.error_news + math.fsum(
            e * n for e, n in zip(errors, news, strict=True)
        )
        self.news_news = self.rules.memory * self.news_news + math.fsum(n * n for n in news)

    def _forecast(self, day: int) -> list[float]:
        """Return the day's prices with an error that persists from hour to hour, and the announced noise."""
        stream, noise = self.model.streams["price_forecast_error"], self.model.streams["plan_noise"]
        errors: list[float] = []
        for h in range(24):
            shock = self.rules.price_error * stream.normal(self.forecaster, day, h)
            errors.append(0.8 * errors[-1] + math.sqrt(1.0 - 0.8**2) * shock if errors else shock)
        announced = self.terms.noise_sd
        extra = [announced * noise.normal(self.forecaster, day, h) if announced > 0.0 else 0.0 for h in range(24)]
        return [sum(parts) for parts in zip(self.model.price, errors, extra, strict=True)]


def shape(prices: list[float]) -> list[float]:
    """Return a day's prices less their mean."""
    mean = math.fsum(prices) / len(prices)
    return [price - mean for price in prices]
