"""A utility as a plain Mesa agent: forecasts its customers, buys ahead, closes deviations, settles and bills."""

import math
from typing import Any

import mesa

from model.inputs import Balancing, UtilityInputs
from tests.reference.draws import STANDARD_NORMAL
from tests.reference.learning import HistoryForecast
from tests.reference.manufacturer import Manufacturer

HOURS = range(24)


def hourly(load: list[float]) -> list[float]:
    """Return the hourly means of a quarter-hour load, MW."""
    return [math.fsum(load[4 * h : 4 * h + 4]) / 4.0 for h in HOURS]


def connection(firm: Manufacturer) -> float:
    """Return the capacity of a customer's connection: nameplate of a batch site, else ten times the mean load, MW."""
    process = firm.terms.process
    if process.kind == "batch":
        return process.furnace + process.mill + process.auxiliary
    return 10.0 * process.mean_load


class Utility(mesa.Agent):
    """Supplier and balance responsible party of its customers."""

    def __init__(self, model: Any, terms: UtilityInputs, published_error: list[list[float]]) -> None:
        super().__init__(model)
        self.terms, self.name, self.party = terms, terms.name, terms.name
        self.published_error = published_error
        self.cash = 0.0
        self.alone: list[Manufacturer] = []
        self.others: list[Manufacturer] = []
        self.histories: dict[str, HistoryForecast] = {}
        self.baseline: dict[str, list[float]] = {}
        self.forecast: dict[str, list[float]] = {}
        rules = terms.forecasting
        self.error_history = self._history(max(1e-6, rules.portfolio_error), by_day=False)
        self.misses: list[list[float]] = []
        self.surprises: list[list[float]] = []
        self.plant: Any = None
        self.miss_variance = [0.0 for _ in HOURS]
        self.miss_weight = 0.0

    def _history(self, scale: float, *, by_day: bool) -> HistoryForecast:
        rules = self.terms.forecasting
        return HistoryForecast(rules.receiver, rules.meter_delay, rules.memory, scale, by_day=by_day)

    def supply(self, firm: Manufacturer) -> None:
        """Take on a customer."""
        if firm.terms.metered_alone:
            self.alone.append(firm)
            self.histories[firm.name] = self._history(connection(firm), by_day=True)
        else:
            self.others.append(firm)

    def forecast_customers(self, day: int, weekend: list[bool]) -> None:
        """Forecast every separately metered customer from its history, within the limits of its connection."""
        for firm in self.alone:
            raw = self.histories[firm.name].predict(day, weekend)
            self.baseline[firm.name] = [min(connection(firm), max(0.0, value)) for value in raw]
        self.forecast = dict(self.baseline)

    def nominate(self, day: int, weekend: list[bool], balancing: Balancing) -> None:
        """Buy the expected load under single pricing, a quantile of it under dual pricing."""
        self.portfolio_load = [0.0 for _ in HOURS]
        for firm in self.others:
            self.portfolio_load = [a + b for a, b in zip(self.portfolio_load, hourly(firm.load), strict=True)]
        learnt = self.error_history.predict(day, weekend)
        error = self.published_error[day]
        self.error_history.metered.append(error)
        published = [load / (1.0 + e) for load, e in zip(self.portfolio_load, error, strict=True)]
        self.expected = [p * (1.0 + e) for p, e in zip(published, learnt, strict=True)]
        for firm in self.alone:
            self.expected = [a + b for a, b in zip(self.expected, self.forecast[firm.name], strict=True)]
        self._learn_misses(day)
        add = self._safety(balancing)
        self.nomination = [e + add * math.sqrt(v) for e, v in zip(self.expected, self.miss_variance, strict=True)]

    def _learn_misses(self, day: int) -> None:
        """Update the mean square of the misses seen, the older ones forgotten as the regression forgets."""
        known, memory = day - self.terms.forecasting.meter_delay, self.terms.forecasting.memory
        if known >= 0:
            before = self.miss_weight * memory
            self.miss_weight = before + 1.0
            self.miss_variance = [
                (before * v + miss**2) / self.miss_weight
                for v, miss in zip(self.miss_variance, self.surprises[known], strict=True)
            ]

    @staticmethod
    def _safety(balancing: Balancing) -> float:
        """Return by how many standard deviations a buyer bids above what it expects (Bremnes 2004)."""
        short, long = balancing.penalty_short, balancing.penalty_long
        if balancing.rule == "single" or short == long:
            return 0.0
        return STANDARD_NORMAL.inv_cdf(min(0.999, max(0.001, short / (short + long))))

    def read_meters(self, day: int) -> None:
        """Read what was drawn."""
        self.drawn = list(self.portfolio_load)
        for firm in self.alone:
            meter = hourly(firm.load)
            self.histories[firm.name].metered.append(meter)
            self.drawn = [a + b for a, b in zip(self.drawn, meter, strict=True)]
        self.misses.append([a - b for a, b in zip(self.drawn, self.expected, strict=True)])
        self.net, surprise = self.drawn, self.misses[-1]
        if self.plant:
            self.net = [mw - own for mw, own in zip(self.drawn, self.plant.output, strict=True)]
            plans = zip(self.plant.planned, self.plant.output, strict=True)
            surprise = [miss + sold - given for miss, (sold, given) in zip(self.misses[-1], plans, strict=True)]
        self.surprises.append(surprise)

    def sell_own(self) -> None:
        """Buy less by what the own blocks are sold for."""
        if self.plant:
            self.nomination = [mw - own for mw, own in zip(self.nomination, self.plant.planned, strict=True)]

    def trade_intraday(self, share: float) -> None:
        """Close a share of the deviation; what is left is imbalance."""
        deviation = [a - b for a, b in zip(self.net, self.nomination, strict=True)]
        self.closed = [share * x for x in deviation]
        self.imbalance = [x - c for x, c in zip(deviation, self.closed, strict=True)]

    def settle(self, balancing: Balancing, price: list[float], system: list[float], day_books: Any) -> None:
        """Pay for what was bought, for the imbalance and its settlement, and for intraday trading."""
        bought = sum(p * (n + c) for p, n, c in zip(price, self.nomination, self.closed, strict=True))
        energy = sum(p * own for p, own in zip(price, self.imbalance, strict=True))
        if balancing.rule == "single":
            beyond = sum(balancing.beta * s * own for s, own in zip(system, self.imbalance, strict=True))
        else:
            short = sum(own for own in self.imbalance if own > 0.0)
            long = -sum(own for own in self.imbalance if own < 0.0)
            beyond = balancing.penalty_short * short + balancing.penalty_long * long
        model = self.model
        day_books.pay(self, model.market, "wholesale", bought)
        day_books.pay(self, model.grid, "imbalance_energy", energy)
        day_books.pay(self, model.grid, "imbalance", beyond)
        traded = balancing.intraday_cost * sum(map(abs, self.closed))
        day_books.pay(self, model.resources, "intraday", balancing.intraday_real_share * traded)
        day_books.pay(self, model.market, "spread", (1.0 - balancing.intraday_real_share) * traded)

    def bill(self, price: list[float], day_books: Any) -> None:
        """Bill the energy of the day to every customer."""
        for firm in (*self.alone, *self.others):
            retail, load = firm.terms.retail, hourly(firm.load)
            if retail.contract == "indexed":
                firm.energy_charge = sum(mw * (p + retail.margin) for mw, p in zip(load, price, strict=True))
            else:
                firm.energy_charge = sum(load) * retail.price
            day_books.pay(firm, self, "energy", firm.energy_charge)
