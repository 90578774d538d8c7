"""A manufacturer as a plain Mesa agent: demand, stock, backlog and the order that restores the stock."""

import math
from typing import Any

import mesa

from model.inputs import ManufacturerInputs
from tests.reference.draws import Stream, entity_number

ERROR_MEMORY = 0.995


class Manufacturer(mesa.Agent):
    """Makes from stock, on order; one of the `count` firms that one group of inputs declares."""

    def __init__(self, model: Any, terms: ManufacturerInputs, name: str, streams: dict[str, Stream]) -> None:
        super().__init__(model)
        self.terms, self.name, self.party, self.streams = terms, name, terms.name, streams
        self.entity = entity_number(name)
        self.supplier: Manufacturer | None = None
        self.customers: list[Manufacturer] = []
        self.utility: Any = None
        self.process: Any = None
        self.workshop: Any = None
        self.unit_price, self.unit_cost = terms.process.unit_price, terms.process.unit_cost
        self.mean_demand, self.energy_factor = terms.demand.mean, 1.0
        self.cash = self.month_peak = self.electricity = self.energy_charge = 0.0
        self.deviation = 0.0
        self.announced_sd: float | None = None
        self.told_prices: list[float] | None = None

    @property
    def usual_demand(self) -> float:
        """Mean demand that reaches the firm: its own customers', or what other firms pass on, units a day."""
        if self.customers:
            return sum(customer.usual_demand for customer in self.customers)
        return self.terms.demand.mean

    @property
    def stage(self) -> int:
        """How many firms stand between this one and the farthest final demand it serves."""
        return 1 + max((customer.stage for customer in self.customers), default=-1)

    def start_in_balance(self) -> None:
        """Begin with mean demand in every past day and every delivery, and the safety stock on hand."""
        rule, mean = self.terms.ordering, self.usual_demand
        self.lead = rule.lead_time
        own_variance = (self.terms.demand.mean * self.terms.demand.variation) ** 2
        self.error_variance = self.lead * own_variance
        self.net_stock = rule.safety_factor * math.sqrt(self.error_variance)
        open_days = self.lead - self.making_days
        self.deliveries = dict.fromkeys(range(open_days), mean)
        self.signals = [mean] * max(rule.window, 1)
        self.seen = [mean] * self.lead
        self.forecasts = [self.lead * mean] * self.lead
        self.level, self.shock = mean, 0.0
        self.order = self.waiting = self.bought = mean
        self.signal_mean = mean
        self.material = mean if self.workshop else 0.0
        self.own_forecasts = list(self.forecasts)
        self.own_variance = self.error_variance
        self.produced = self.shipped = self.prompt = self.incoming = self.end_demand = 0.0
        self.load: list[float] = [0.0] * 96

    def hear_announcements(self, noise_sd: float) -> None:
        """Begin to be told the total demand of each coming lead time, with noise of this sd."""
        self.announced_sd = noise_sd
        self.error_variance *= 1.0 - self._trust()

    @property
    def makes_itself(self) -> bool:
        """Whether the order is planned at tomorrow's gate for the firm's own furnace."""
        return self.terms.process.kind == "batch"

    @property
    def making_days(self) -> int:
        """Days from an order to its production; 0 where an order becomes a delivery as it is."""
        return 2 if self.makes_itself else 1 if self.workshop else 0

    @property
    def on_order(self) -> float:
        """Units ordered or made, not yet available."""
        return math.fsum(self.deliveries.values())

    def draw_demand(self, day: int) -> float:
        """Move to today's state of the AR(1), and return today's final demand."""
        self.deviation = self._deviation_after(self.deviation, day)
        return self._demand_at(self.deviation, day)

    def _deviation_after(self, deviation: float, day: int) -> float:
        """Return the deviation from the season on `day`; a share of its shock is common to all firms."""
        terms = self.terms.demand
        own, common = self.streams["demand"].normal(self.entity, day), self.streams["demand_common"].normal(0, day)
        shock = math.sqrt(1.0 - terms.common_share) * own + math.sqrt(terms.common_share) * common
        rho, sd = terms.autocorrelation, terms.mean * terms.variation
        return sd * shock if day == 0 else rho * deviation + sd * math.sqrt(1.0 - rho**2) * shock

    def _demand_at(self, deviation: float, day: int) -> float:
        terms = self.terms.demand
        season = math.cos(2.0 * math.pi * (self.model.date(day).timetuple().tm_yday - 182) / 365.0)
        demand = self.mean_demand * (1.0 + terms.season * season) + deviation
        return demand if self.terms.ordering.negative_orders else max(0.0, demand)

    def announcement(self, day: int) -> float:
        """Return what final customers say tonight: all that they will buy over the lead time, with noise."""
        coming, deviation = [], self.deviation
        for later in range(day + 1, day + self.lead + 1):
            deviation = self._deviation_after(deviation, later)
            coming.append(self._demand_at(deviation, later))
        noise = self.streams["order_noise"].normal(self.entity, day)
        return math.fsum(coming) + (self.announced_sd or 0.0) * noise

    def _trust(self) -> float:
        """Return the weight of an announcement: own error variance over itself plus the noise's."""
        noise = (self.announced_sd or 0.0) ** 2
        return 1.0 if noise == 0.0 else self.own_variance / (self.own_variance + noise)

    def trade(self, day: int) -> None:
        """Serve the demand of the day from stock, learn from it, and order; customers have ordered before."""
        if self.customers:
            self.incoming = sum(customer.bought for customer in self.customers)
            self.end_demand = sum(customer.end_demand for customer in self.customers)
        else:
            self.incoming = self.end_demand = self.draw_demand(day)
        self._serve(day)
        self._learn(day)
        forecast = self._forecast()
        self.own_forecasts.append(forecast)
        if self.announced_sd is not None:
            trust = self._trust()
            forecast = (1.0 - trust) * forecast + trust * self.announcement(day)
        self.forecasts.append(forecast)
        target = forecast + self.terms.ordering.safety_factor * math.sqrt(self.error_variance)
        waiting = self.waiting if self.makes_itself else 0.0
        order = target - (self.net_stock + self.on_order + waiting)
        self.order = order if self.terms.ordering.negative_orders else max(0.0, order)
        self.bought = self.order
        if self.workshop:
            self._buy_material()
        if not self.making_days:
            self._expect(day + self.lead, self.order)

    def _buy_material(self) -> None:
        """Buy what tonight's order takes beyond material that was bought and is not made into anything yet."""
        self.material -= self.produced
        lacking = self.order - self.material
        self.bought = lacking if self.terms.ordering.negative_orders else max(0.0, lacking)
        self.material += self.bought

    def _expect(self, day: int, units: float) -> None:
        self.deliveries[day] = self.deliveries.get(day, 0.0) + units

    def _serve(self, day: int) -> None:
        """Ship to the backlog first, then to today's demand."""
        arrived = self.deliveries.pop(day, 0.0)
        stock, backlog = max(0.0, self.net_stock), max(0.0, -self.net_stock)
        available, wanted = max(0.0, stock + arrived), max(0.0, self.incoming)
        self.shipped = min(available, backlog + wanted)
        self.prompt = max(0.0, min(available - backlog, wanted))
        self.net_stock += arrived - self.incoming
        if self.making_days:
            self._expect(day + self.lead - self.making_days, self.produced)

    def _learn(self, day: int) -> None:
        """Judge the forecast made a lead time ago, and take in today's signal."""
        rule = self.terms.ordering
        self.seen.append(self.incoming)
        came = math.fsum(self.seen[-self.lead :])
        miss, own_miss = came - self.forecasts[-self.lead], came - self.own_forecasts[-self.lead]
        if day >= self.lead:
            self.error_variance = ERROR_MEMORY * self.error_variance + (1.0 - ERROR_MEMORY) * miss**2
            self.own_variance = ERROR_MEMORY * self.own_variance + (1.0 - ERROR_MEMORY) * own_miss**2
        signal = self.end_demand if rule.order_signal == "end_demand" else self.incoming
        if self._infers_shocks:
            self.shock = self._inferred_shock(signal)
        self.signals.append(signal)
        if rule.policy == "exponential":
            self.level = (1.0 - rule.smoothing) * self.level + rule.smoothing * signal
        elif rule.policy == "moving_average":
            self.level = math.fsum(self.signals[-rule.window :]) / rule.window

    @property
    def _infers_shocks(self) -> bool:
        rule = self.terms.ordering
        filters = rule.policy == "filtered" and rule.order_signal == "orders" and rule.receiver == "full_history"
        return filters and bool(self.customers)

    def _retailer(self) -> tuple[float, float]:
        """Return (rho, A) of the one retailer that orders here: its orders are D_t + A (D_t - D_(t-1))."""
        retailer = self.customers[0]
        rho = retailer.terms.demand.autocorrelation
        return rho, sum(rho**k for k in range(1, retailer.terms.ordering.lead_time + 1))

    def _inferred_shock(self, signal: float) -> float:
        """Invert the retailer's ARMA(1,1): y_t = rho y_(t-1) + (1 + A) e_t - A e_(t-1)."""
        rho, a = self._retailer()
        mean = self.signal_mean
        return ((signal - mean) - rho * (self.signals[-1] - mean) + a * self.shock) / (1.0 + a)

    def _forecast(self) -> float:
        """Return the forecast of demand over the lead time, units."""
        rule, mean = self.terms.ordering, self.signal_mean
        if rule.policy != "filtered":
            return self.lead * self.level
        news = self.signals[-1] - mean
        if not self.customers:
            rho = self.terms.demand.autocorrelation
            return self.lead * mean + news * sum(rho**k for k in range(1, self.lead + 1))
        return self.lead * mean + self._next_orders(news)

    def _next_orders(self, news: float) -> float:
        """Return the expected sum of the retailer's next orders over the lead time, less the mean."""
        rho, a = self._retailer()
        fade = sum(rho**k for k in range(self.lead))
        if self.terms.ordering.order_signal == "end_demand":
            first = (1.0 + a) * rho * news - a * news
        elif self.terms.ordering.receiver == "naive":
            first = rho * news
        elif self.terms.ordering.receiver == "last_order":
            variance = ((1.0 + a) ** 2 + a**2 - 2.0 * rho * a * (1.0 + a)) / (1.0 - rho**2)
            first = (rho * variance - a * (1.0 + a)) / variance * news
        else:
            first = rho * news - a * self.shock
        return first * fade
