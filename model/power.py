"""The economy of electricity: forecasts, nomination, day-ahead clearing, intraday closure, settlement, bills.

Timetable (Europe/Berlin): at noon before delivery day d meters are known to day d - meter_delay and plans for d
are on the table; the utility nominates; prices come out at 12:45; what deviates is closed intraday or is imbalance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from model.errors import Fault, InputError
from model.generation import Generators
from model.inputs import ManufacturerInputs
from model.kernels import kernel
from model.physics.electricity import (
    DUAL,
    SINGLE,
    added_generation,
    bill,
    clear_day,
    draw_system_imbalance,
    nominate,
    read_meters,
    read_portfolio,
    settle,
)
from model.physics.forecasting import FEATURES, PRIOR_VARIANCE, WEEK, forecast_from_history
from model.population import Population, usual_load_mw
from model.shifting import clear_flexible, flexible_firms, zone_clears
from model.stack import read_stack
from model.streams import Floats, Ints

if TYPE_CHECKING:
    from model.stage import Stage

HOURS = 24
RECEIVERS = ("naive", "last_order", "full_history")
PRICE_SCALE, PRICE_MEMORY = 100.0, 0.995
"""Typical price, EUR/MWh, and forgetting factor of what public prices teach: about 200 days (assumption)."""


class Learner:
    """Recursive least squares for several series alike, each with its own history and states.

    `fresh` tells which series are metered in real time besides, shape (series,).
    """

    def __init__(self, scale: Floats, delay: Ints, memory: Floats, receiver: Ints, *, by_day: bool) -> None:
        n = scale.size
        self.by_day = by_day
        self.scale, self.delay, self.memory, self.receiver = scale, delay, memory, receiver
        self.fresh = np.zeros(n, np.bool_)
        longest = int(delay.max(initial=1))
        self.ring = longest + max(longest, WEEK) + 1
        self.past = np.zeros((n, self.ring, HOURS))
        self.weights = np.zeros((n, HOURS, FEATURES))
        self.covariance = np.tile(PRIOR_VARIANCE * np.eye(FEATURES), (n, HOURS, 1, 1))
        self.running = np.zeros((n, 2))
        self.forecast = np.zeros((n, HOURS))

    def predict(self, day: int, weekend: Any) -> None:
        """Learn from the newest metered day and write `forecast` for `day`, shape (series, 24)."""
        forecast_all(
            day,
            weekend,
            self.receiver,
            self.by_day,
            self.delay,
            self.fresh,
            self.memory,
            self.scale,
            self.past,
            self.weights,
            self.covariance,
            self.running,
            self.forecast,
        )

    def observe(self, day: int, values: Floats) -> None:
        """Keep what was metered on `day`, shape (series, 24); it is read once the delay has passed."""
        self.past[:, day % self.ring] = values


class Power:
    """The submodel of electricity of one model."""

    def __init__(self, stage: Stage) -> None:
        people, inputs = stage.population, stage.inputs
        self.stage = stage
        self.makers, self.utilities = people.makers, len(inputs.utilities)
        self.weekend = stage.futures.calendar.day_type > 0
        self.alone_rows = np.flatnonzero(people.alone >= 0)
        self.alone_utility = people.utility[self.alone_rows]
        self.limit = connection_mw(people)[self.alone_rows]
        self.customers = self._learner(self.limit, self.alone_utility, by_day=True)
        error_sd = np.array([max(1e-6, u.forecasting.portfolio_error) for u in inputs.utilities])
        self.portfolio = self._learner(error_sd, np.arange(self.utilities), by_day=False)
        self.published_error = stage.futures.portfolio_error
        self.key = stage.key("system_imbalance")
        self.rest_state, self.rest = np.zeros(1), np.zeros(HOURS)
        self.price = np.zeros(HOURS)
        self.prices_matter = any(plans_by_prices(firm) for firm in inputs.manufacturers)
        self.public_prices = Learner(
            scale=np.array([PRICE_SCALE]),
            delay=np.array([1]),  # at noon, the prices of the day before delivery are a day old
            memory=np.array([PRICE_MEMORY]),
            receiver=np.array([RECEIVERS.index("full_history")]),
            by_day=False,
        )
        self.hourly = np.zeros((self.alone_rows.size, HOURS))
        self.portfolio_load = np.zeros((self.utilities, HOURS))
        self.forecast = np.zeros((self.alone_rows.size, HOURS))
        self.expected = np.zeros((self.utilities, HOURS))
        self.nomination = np.zeros((self.utilities, HOURS))
        self.closed = np.zeros((self.utilities, HOURS))
        self.imbalance = np.zeros((self.utilities, HOURS))
        self.errors = np.zeros((self.utilities, self.portfolio.ring, HOURS))
        self.miss = np.zeros((self.utilities, HOURS))
        self.error_variance = np.zeros((self.utilities, HOURS))
        self.error_weight = np.zeros(self.utilities)
        self.amounts = np.zeros((self.utilities, 4))
        self.totals, self.generation = np.zeros(2), np.zeros(2)
        self.rule = DUAL if inputs.balancing.rule == "dual" else SINGLE
        self.contract = (
            np.column_stack(
                [
                    people.coded("retail", "contract", ("tariff", "indexed")).astype(np.float64),
                    people.spread("retail", "price"),
                    people.spread("retail", "margin"),
                ]
            )
            if self.makers
            else np.zeros((0, 3))
        )
        self.usual = usual_load_mw(people)
        self.orders = flexible_firms(stage, bidding=True)
        self.moved = np.zeros((self.utilities, HOURS))
        self.moved_alone = np.zeros((self.alone_rows.size, HOURS))
        clears = zone_clears(inputs)
        if clears and not stage.futures.has_residual:
            what = f"{inputs.market.price_table!r} has no residual load, which a market zone clears on"
            raise InputError([Fault("market.price_table", what, "a table with residual load, or closure exogenous")])
        self.stack = read_stack(inputs.market) if clears else None
        owns_blocks = any(utility.generation.blocks for utility in inputs.utilities)
        self.plants = Generators(stage) if owns_blocks else None

    def _learner(self, scale: Floats, utility: Ints, *, by_day: bool) -> Learner:
        """Return a learner for series that belong to the given utilities, shape (series,).

        A works' day has a level but its hours hardly persist; a published error persists hour by hour.
        """
        rules = [self.stage.inputs.utilities[u].forecasting for u in utility]
        return Learner(
            scale=np.asarray(scale, dtype=np.float64),
            delay=np.array([r.meter_delay for r in rules], dtype=np.int64),
            memory=np.array([r.memory for r in rules], dtype=np.float64),
            receiver=np.array([RECEIVERS.index(r.receiver) for r in rules], dtype=np.int64),
            by_day=by_day,
        )

    @property
    def expected_price(self) -> Floats:
        """What public prices foretell of today's, EUR/MWh, shape (24,): every firm's own view; 0 if nobody has one."""
        view: Floats = self.public_prices.forecast[0]
        return view

    def publish_prices(self, day: int) -> None:
        """Forecast the day's prices from public ones, take the exogenous ones, and draw the system's imbalance."""
        balancing = self.stage.inputs.balancing
        if self.prices_matter:
            self.public_prices.predict(day, self.weekend)
        self.price[:] = self.stage.futures.price[day]
        if self.plants is not None:
            self.plants.draw(day)
        draw_system_imbalance(
            day, self.key, balancing.rest_sd, balancing.rest_autocorrelation, self.rest_state, self.rest
        )

    def forecast_customers(self, day: int) -> None:
        """Forecast every separately metered customer from its history alone."""
        self.customers.predict(day, self.weekend)
        np.clip(self.customers.forecast, 0.0, self.limit[:, None], out=self.customers.forecast)
        self.forecast[:] = self.customers.forecast

    def nominate(self, day: int) -> None:
        """Add up the forecasts and buy the position day-ahead."""
        c, people, balancing = self.stage.live, self.stage.population, self.stage.inputs.balancing
        read_portfolio(c.load[: self.makers], people.utility, people.alone, self.portfolio_load)
        self.portfolio.predict(day, self.weekend)
        self.portfolio.observe(day, self.published_error[:, day])
        nominate_all(
            day,
            self.rule,
            balancing.penalty_short,
            balancing.penalty_long,
            self.alone_utility,
            self.forecast,
            self.portfolio_load,
            self.published_error[:, day],
            self.portfolio.forecast,
            self.portfolio.delay,
            self.portfolio.memory,
            self.errors,
            self.error_variance,
            self.error_weight,
            self.expected,
            self.nomination,
        )

    def clear(self, day: int, comfort: Floats) -> None:
        """Clear the zone's merit order with the agents' positions and flexible orders, or keep the exogenous prices.

        `comfort` takes what accepted orders cost their firms in comfort, EUR, shape (manufacturer,).
        """
        if self.stack is not None:
            if self.orders.rows.size:
                self._clear_orders(day)
                comfort[self.orders.rows] = self.orders.comfort
            rest, own = self._rest_of_zone(day), self.nomination.sum(axis=0)
            if self.plants is not None:
                self.plants.clear(rest, own, self._blocks(), self.price)
            else:
                clear_day(rest, own, *self._blocks(), self.price)
        elif self.plants is not None:
            self.plants.sell(self.price)
        if self.plants is not None:
            self.nomination -= self.plants.planned_mw

    def _clear_orders(self, day: int) -> None:
        """Let flexible orders move load until prices meet, and every position with it.

        What the auction accepts is part of the position bought, so it is no deviation, and meters are read net of it.
        """
        c, people, orders = self.stage.live, self.stage.population, self.orders
        zone = self._rest_of_zone(day) + self.nomination.sum(axis=0)
        blocks = self._blocks() if self.plants is None else self.plants.beside(self._blocks())
        clear_flexible(orders, zone, blocks, c.peak_load, c.load)
        self.moved[:] = 0.0
        self.moved_alone[:] = 0.0
        np.add.at(self.moved, people.utility[orders.rows], orders.moved)
        alone = people.alone[orders.rows]
        self.moved_alone[alone[alone >= 0]] = orders.moved[alone >= 0]
        read_portfolio(c.load[: self.makers], people.utility, people.alone, self.portfolio_load)
        self.nomination += self.moved
        self.expected += self.moved
        self.forecast += self.moved_alone
        self.customers.forecast += self.moved_alone

    def _rest_of_zone(self, day: int) -> Floats:
        """Return the zone's residual load without the agents' usual load, MW, shape (24,)."""
        rest: Floats = self.stage.futures.residual[day] - self.usual
        return rest

    def _blocks(self) -> tuple[Floats, Floats, Floats, float, float]:
        """Return the stack as the clearing kernels take it."""
        stack, market = self.stack, self.stage.inputs.market
        assert stack is not None, "only a zone that clears has a stack"
        return stack.capacity, stack.marginal_cost, stack.emission, market.price_floor, market.price_cap

    def settle(self, day: int) -> None:
        """Read the meters, close deviations intraday, settle imbalance and bill the customers."""
        c, people, b = self.stage.live, self.stage.population, self.stage.inputs.balancing
        read_meters(c.load[: self.makers], people.utility, people.alone, self.hourly, c.peak_load)
        drawn = self.portfolio_load.copy()
        np.add.at(drawn, self.alone_utility, self.hourly)
        net = drawn if self.plants is None else self._net_of_own(drawn)
        settle(
            self.rule,
            b.beta,
            b.penalty_short,
            b.penalty_long,
            b.intraday_share,
            b.intraday_cost,
            net,
            self.nomination,
            self.rest,
            self.price,
            self.closed,
            self.imbalance,
            self.amounts,
            self.totals,
        )
        bill(
            c.load[: self.makers],
            self.price,
            self.contract[:, 0],
            self.contract[:, 1],
            self.contract[:, 2],
            c.electricity,
            c.energy_charge,
        )
        if self.stack is not None:
            added_generation(self._rest_of_zone(day), net.sum(axis=0), *self._blocks(), self.generation)
        rows = slice(self.makers, self.makers + self.utilities)
        c.nomination[rows], c.drawn[rows], c.imbalance[rows] = self.nomination, drawn, self.imbalance
        c.cash[rows] -= self.amounts.sum(axis=1)
        self.customers.observe(day, self.hourly - self.moved_alone if self.orders.rows.size else self.hourly)
        self.miss[:] = drawn - self.expected
        self.errors[:, day % self.errors.shape[1]] = self.miss
        if self.plants is not None:
            self.errors[:, day % self.errors.shape[1]] += self.plants.planned_mw - self.plants.output_mw
        if self.prices_matter:
            self.public_prices.observe(day, self.price[None])

    def _net_of_own(self, drawn: Floats) -> Floats:
        """Run the utilities' own blocks; return what their customers draw beyond that, MW, shape (utility, 24)."""
        assert self.plants is not None, "somebody owns blocks"
        self.plants.run(self.price)
        net: Floats = drawn - self.plants.output_mw
        return net


@kernel
def forecast_all(
    day: int,
    weekend: Any,
    receiver: Ints,
    by_day: bool,
    delay: Ints,
    fresh: Any,
    memory: Floats,
    scale: Floats,
    past: Floats,
    weights: Floats,
    covariance: Floats,
    running: Floats,
    forecast: Floats,
) -> None:
    """Forecast several series for `day`; arguments as in `forecast_from_history` with a leading series axis."""
    for a in range(scale.size):
        known = max(0, day - delay[a])
        forecast_from_history(
            day,
            weekend[day],
            weekend[known],
            receiver[a],
            by_day,
            delay[a],
            fresh[a],
            memory[a],
            scale[a],
            past[a],
            weights[a],
            covariance[a],
            running[a],
            forecast[a],
        )


@kernel
def nominate_all(
    day: int,
    rule: int,
    cost_short: float,
    cost_long: float,
    alone_utility: Ints,
    forecast: Floats,
    portfolio_load: Floats,
    published_error: Floats,
    expected_error: Floats,
    delay: Ints,
    memory: Floats,
    errors: Floats,
    error_variance: Floats,
    error_weight: Floats,
    expected: Floats,
    nomination: Floats,
) -> None:
    """Write every utility's expected load and nomination, MW, shape (utility, 24).

    The published portfolio forecast is actual / (1 + published error); the utility corrects it by the error that it
    has learnt to expect. Under dual pricing it buys a quantile, from the errors it has seen, shape (utility, ring, 24);
    `error_weight` counts them, forgetting as `memory` says.
    """
    ring = errors.shape[1]
    for u in range(expected.shape[0]):
        if day >= delay[u]:
            error_weight[u] = memory[u] * error_weight[u] + 1.0
        for h in range(HOURS):
            published = portfolio_load[u, h] / (1.0 + published_error[u, h])
            expected[u, h] = published * (1.0 + expected_error[u, h])
            if day >= delay[u]:
                seen = errors[u, (day - delay[u]) % ring, h]
                error_variance[u, h] += (seen * seen - error_variance[u, h]) / error_weight[u]
    for a in range(alone_utility.size):
        for h in range(HOURS):
            expected[alone_utility[a], h] += forecast[a, h]
    for u in range(expected.shape[0]):
        for h in range(HOURS):
            nomination[u, h] = nominate(expected[u, h], np.sqrt(error_variance[u, h]), rule, cost_short, cost_long)


def plans_by_prices(firm: ManufacturerInputs) -> bool:
    """Tell whether a firm schedules anything by the prices that it expects."""
    shifts = firm.flexibility.share > 0.0 or firm.storage.capacity > 0.0
    return shifts or (firm.process.kind == "batch" and firm.process.scheduling != "habit")


def connection_mw(people: Population) -> Floats:
    """Return the connection capacity of every manufacturer, MW: the physical limit of its load, shape (n,)."""
    batch = people.spread("process", "furnace") + people.spread("process", "mill")
    batch += people.spread("process", "auxiliary")
    is_batch = np.isin(np.arange(people.makers), people.with_process("batch"))
    return np.where(is_batch, batch, 10.0 * people.spread("process", "mean_load"))
