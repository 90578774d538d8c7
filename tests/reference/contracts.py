"""Data contracts other than plans, as plain Mesa agents: announced orders, meters in real time, forecast prices."""

import math
from typing import Any

import mesa

from tests.reference.draws import entity_number


class OrderContract(mesa.Agent):
    """Final customers announce to a firm, or to each firm of a group, what they will buy over its lead time."""

    def __init__(self, model: Any, terms: Any, firms: list[Any]) -> None:
        super().__init__(model)
        self.terms = terms
        for firm in firms if terms.pipeline.application else []:
            firm.hear_announcements(terms.noise_sd)


class MeterContract(mesa.Agent):
    """Works' meters are read in real time: this morning is known at the gate."""

    def __init__(self, model: Any, terms: Any, sharers: list[Any], partner: Any) -> None:
        super().__init__(model)
        self.terms = terms
        for firm in sharers if terms.pipeline.application else []:
            partner.histories[firm.name].read_live()


class ForecastContract(mesa.Agent):
    """A utility tells works its own forecast of tomorrow's prices, with what the system's imbalance will add."""

    def __init__(self, model: Any, terms: Any, utility: Any, works: list[Any], platform: Any) -> None:
        super().__init__(model)
        self.terms, self.utility, self.works, self.platform = terms, utility, works, platform
        self.entity = entity_number(utility.name)

    def advise(self, day: int) -> None:
        """Tell the forecast before plans are made."""
        if not self.terms.pipeline.application or not (self.platform is None or self.platform.online[day]):
            return
        balancing, stream = self.model.inputs.balancing, self.model.streams["price_forecast_error"]
        sd = self.utility.terms.forecasting.price_error
        errors: list[float] = []
        for h in range(24):
            shock = sd * stream.normal(self.entity, day, h)
            errors.append(0.8 * errors[-1] + math.sqrt(1.0 - 0.8**2) * shock if errors else shock)
        stress = balancing.beta * self.model.rest_at_gate
        fade = [balancing.rest_autocorrelation ** (13 + h) for h in range(24)]  # from 10-11 h on the day before
        forecast = [p + e + stress * f for p, e, f in zip(self.model.price, errors, fade, strict=True)]
        for firm in self.works:
            firm.told_prices = forecast
