"""The economy of goods: final demand, production, stock, backlog, orders and the firms' own accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from model.accounts import EFFORTS, book_firms
from model.agents import overrides
from model.extensions import blamed
from model.futures import SERIES_PER_GROUP
from model.physics.demand import (
    announce_demand,
    announcement_gain,
    draw_demand,
    open_orders,
    order_up_to,
    replenish,
)
from model.physics.production import PROCESS, plan_batches, run_batches, run_shapes
from model.shifting import flexible_firms, shift_loads, storage_costs
from model.stocks import WORKSHOP_DAYS, making_days_of, seasons_ahead, starting_stock
from model.streams import Floats, Ints

if TYPE_CHECKING:
    from model.population import Population
    from model.stage import Stage

HOURS = 24
SCHEDULING = ("habit", "before_prices", "after_prices")


class Goods:
    """The submodel of goods of one model."""

    def __init__(self, stage: Stage) -> None:
        people = stage.population
        self.stage = stage
        self.makers = people.makers
        self.keys = {name: stage.key(name) for name in STREAMS}
        self.melt_keys = np.stack([self.keys[n] for n in ("heat_energy", "heat_delay", "breakdown", "repair")])
        self.rho = people.spread("demand", "autocorrelation")
        self.season = people.spread("demand", "season")
        self.common_share = people.spread("demand", "common_share")
        self.batch = people.with_process("batch")
        self.shaped = people.with_process("shaped")
        self.process = _process_table(people, self.batch)
        self.making_days = making_days_of(people)
        self.stock = starting_stock(people, self.making_days, stage.live.error_variance)
        self.announced_variance = np.full(self.makers, np.inf)
        self.seasons = seasons_ahead(stage, int(self.stock.lead.max(initial=1)))
        self.sequence = np.concatenate([*people.levels, np.zeros(0, np.int64)]).astype(np.int64)
        self.heats = np.zeros(self.batch.size, np.int64)
        self.starts = np.zeros((self.batch.size, 96))
        self.plan = np.zeros((self.batch.size, 96))
        self.hours = np.zeros((self.batch.size, 2))
        self.restarts = np.zeros(self.batch.size, np.int64)
        self.restart_cost = np.zeros(self.batch.size)
        self.worn, self.broke = (np.zeros(self.batch.size, np.bool_) for _ in range(2))
        self.wanted, self.maintained = (np.zeros(self.batch.size, np.bool_) for _ in range(2))
        self.since_stop = np.zeros(self.batch.size)
        self.upkeep = np.column_stack([people.spread("process", n)[self.batch] for n in UPKEEP])
        self.stopped = _output_beside_a_stop(self.process, self.upkeep[:, 2])
        self.flexible = flexible_firms(stage, bidding=False)
        self.planners = np.concatenate([self.batch, self.flexible.rows])
        self.price_view = np.zeros((self.planners.size, HOURS))
        self.told = np.zeros(self.planners.size, np.bool_)
        self.efforts = np.zeros((self.makers, len(EFFORTS)))
        self.efforts[:, EFFORTS.index("storage")] = storage_costs(people)
        self.shape_row = _shape_rows(people, self.shaped)
        self.mean_load = people.spread("process", "mean_load")[self.shaped]
        self.production_share = people.spread("process", "production_share")[self.shaped]
        self.mean_output = self.stock.filter_mean[self.shaped]
        self.prices = (
            np.column_stack(
                [
                    people.spread("process", "unit_price"),
                    people.spread("process", "unit_cost"),
                    people.spread("ordering", "holding_cost"),
                    people.spread("ordering", "backlog_cost"),
                    people.spread("retail", "peak_charge") * 1000.0,
                ]
            )
            if self.makers
            else np.zeros((0, 5))
        )
        self.hooked = [k for k in stage.firms.kinds if overrides(k, "decide_order")]

    def take_orders(self) -> None:
        """Begin the day with what is to be made: last night's orders, and planned stops of works."""
        c = self.stage.live
        c.produced[: self.makers] = c.order[: self.makers]
        self.maintained[:] = self.wanted | self._stop_due()
        self.wanted[:] = False
        self.worn &= ~self.maintained

    def plan_day(self, day: int, expected_prices: Floats, published_prices: Floats, shapes: Floats) -> None:
        """Take up the plans that were made at yesterday's gate, and draw the loads that need no plan.

        At that gate a works knew the orders of the evening before; what came in later waits for the next one. A firm
        plans on the forecast that it was told (`tell_prices`), or else on `expected_prices`, shape (24,). A shaped load
        follows what the firm makes today.
        """
        c = self.stage.live
        self.price_view[~self.told] = expected_prices
        self.told[:] = False
        scheduled = np.where(
            self.maintained, np.minimum(c.scheduled[self.batch], self.stopped), c.scheduled[self.batch]
        )
        c.scheduled[self.batch] = c.order[self.batch]
        plan_batches(
            self.batch,
            day,
            self.stage.population.entity,
            self.keys["plan_pause"],
            self.keys["plan_offset"],
            self.price_view[: self.batch.size],
            published_prices,
            self.process,
            scheduled,
            self.heats,
            self.starts,
            self.plan,
            self.restarts,
            self.restart_cost,
        )
        run_shapes(
            self.shaped,
            self.shape_row,
            shapes,
            self.mean_load,
            self.production_share,
            self.mean_output,
            c.produced,
            c.load,
        )

    def move_loads(self) -> None:
        """Let firms that schedule themselves move load and use what stores they have, on the prices they expect."""
        c = self.stage.live
        if self.flexible.rows.size:
            shift_loads(self.flexible, self.price_view[self.batch.size :], c.peak_load, c.load)
            self.efforts[self.flexible.rows, 1] = self.flexible.comfort

    def tell_prices(self, row: int, forecast: Floats) -> bool:
        """Let a firm plan the coming day on a forecast of its prices, EUR/MWh, shape (24,), that it was given.

        Call it before `plan_day`, with nothing that is known later than the gate. Returns whether the firm schedules
        anything at all by prices it expects.
        """
        planner = np.flatnonzero(self.planners == row)
        self.price_view[planner] = forecast
        self.told[planner] = True
        return planner.size > 0

    def run_day(self, day: int) -> None:
        """Run the batch processes as they really go."""
        c = self.stage.live
        run_batches(
            self.batch,
            day,
            self.stage.population.entity,
            self.melt_keys,
            self.keys["wear"],
            self.process,
            self.starts,
            self.worn,
            self.broke,
            c.produced,
            c.load,
            self.hours,
        )
        self.efforts[self.batch, 2] = self.maintained * self.upkeep[:, 1] + self.broke * self.upkeep[:, 0]

    def _stop_due(self) -> Any:
        """Return which works have a planned stop today because the last one is long enough ago, shape (batch,)."""
        interval = self.upkeep[:, 3]
        self.since_stop += 1.0
        due = (interval > 0.0) & (self.since_stop >= interval)
        self.since_stop[due | self.wanted] = 0.0
        return due

    def maintain(self, row: int) -> None:
        """Let a works put its equipment right before the coming day, in a planned stop; not after `take_orders`."""
        self.wanted[self.batch == row] = True

    def trade_day(self, day: int, season: float) -> None:
        """Serve today's demand from stock and place tonight's orders, customers before suppliers."""
        self._draw_demand(day, season)
        if np.isfinite(self.announced_variance).any():
            self._draw_announcements(day)
        c, s, people = self.stage.live, self.stock, self.stage.population
        open_orders(c.demand, s.has_customer, c.incoming, c.end_demand)
        for rows in people.levels if self.hooked else [self.sequence]:
            self._replenish(rows, day)
            if self.hooked:
                self._ask_agents(rows, day)

    def _draw_demand(self, day: int, season: float) -> None:
        c, people = self.stage.live, self.stage.population
        draw_demand(
            day,
            season,
            self.keys["demand"],
            self.keys["demand_common"],
            people.entity,
            c.demand_mean[: self.makers],
            c.demand_sd,
            self.rho,
            self.season,
            self.common_share,
            self.stock.negative,
            c.demand_deviation,
            c.demand,
        )

    def _draw_announcements(self, day: int) -> None:
        c, s, people = self.stage.live, self.stock, self.stage.population
        announce_demand(
            day,
            self.seasons,
            self.keys["order_noise"],
            self.keys["demand"],
            self.keys["demand_common"],
            people.entity,
            c.demand_mean[: self.makers],
            c.demand_sd,
            self.rho,
            self.season,
            self.common_share,
            s.negative,
            c.demand_deviation,
            s.lead,
            self.announced_variance,
            s.announced,
        )

    def _replenish(self, rows: Ints, day: int) -> None:
        c, s, people = self.stage.live, self.stock, self.stage.population
        replenish(
            rows,
            day,
            people.supplier,
            s.end_demand,
            s.policy,
            s.window,
            s.smoothing,
            s.lead,
            s.safety_factor,
            s.negative,
            self.making_days,
            c.scheduled,
            c.produced,
            s.filter_mean,
            s.filter_terms,
            c.net_stock,
            c.pipeline,
            s.arrivals,
            c.level,
            s.past_signals,
            c.last_signal,
            c.shock,
            s.past_demand,
            s.past_forecasts,
            s.past_baselines,
            s.announced,
            self.announced_variance,
            s.baseline_variance,
            c.error_variance,
            c.incoming,
            c.end_demand,
            c.shipped,
            c.prompt,
            c.lead_error,
            c.order,
            s.material,
            s.bought,
        )

    def announce(self, rows: Ints, variance: float) -> None:
        """Let final customers announce, from tonight on, what they will buy over the lead time of the firms in `rows`.

        The firms start with the error that such announcements leave of what they know of their own forecasts.

        Args:
            rows: firms that serve final demand.
            variance: of the announced noise on the total, unit2, 0 or more; inf ends the announcements.
        """
        s, error_variance = self.stock, self.stage.live.error_variance
        if s.has_customer[rows].any() or not variance >= 0.0:
            msg = f"announcements of variance {variance} to rows {rows}: final customers announce, and no less than 0"
            raise ValueError(msg)
        fresh = rows[np.isinf(self.announced_variance[rows])]
        s.baseline_variance[fresh] = error_variance[fresh]
        s.past_baselines[fresh] = s.past_forecasts[fresh]
        self.announced_variance[rows] = variance
        for row in rows:
            known = s.baseline_variance[row]
            error_variance[row] = (1.0 - announcement_gain(known, variance)) * known

    def _ask_agents(self, rows: Ints, day: int) -> None:
        """Let agents whose class has a rule of its own decide their order, and carry the difference through."""
        c, s, people = self.stage.live, self.stock, self.stage.population
        table = self.stage.firms
        wanted = np.concatenate([table.rows(kind) for kind in self.hooked])
        for row in np.intersect1d(rows, wanted):
            proposed = float(c.order[row])
            with blamed(f"the order of {people.names[row]} on day {day}"):
                change = float(table.agent(int(row)).decide_order(proposed)) - proposed
            if change == 0.0:
                continue
            c.order[row] += change
            if self.making_days[row] == WORKSHOP_DAYS:
                s.material[row] -= s.bought[row]
                wanted_material = order_up_to(c.order[row], s.material[row], s.negative[row])
                change = wanted_material - s.bought[row]
                s.material[row] += wanted_material
            s.bought[row] += change
            if self.making_days[row] == 0:
                s.arrivals[row, (day + s.lead[row]) % s.arrivals.shape[1]] += change
                c.pipeline[row] += change
            if people.supplier[row] >= 0:
                c.incoming[people.supplier[row]] += change

    def book_day(self, month_ends: bool, month_share: float, amounts: Floats) -> None:
        """Write each group's payments of the day into `amounts`, shape (group, 10), and move every firm's cash."""
        c, people = self.stage.live, self.stage.population
        self.efforts[self.batch, 0] = self.restart_cost
        book_firms(
            people.group,
            people.supplier,
            people.utility,
            self.stock.has_customer,
            self.prices,
            month_share if month_ends else 0.0,
            c.shipped,
            c.produced,
            self.stock.bought,
            c.net_stock,
            c.energy_charge,
            c.peak_load,
            self.efforts,
            amounts,
            c.cash,
        )


STREAMS = (
    "demand",
    "demand_common",
    "order_noise",
    "wear",
    "plan_pause",
    "plan_offset",
    "heat_energy",
    "heat_delay",
    "breakdown",
    "repair",
)
"""Random streams of this submodel."""


UPKEEP = ("repair_cost", "maintenance_cost", "maintenance_hours", "maintenance_interval")
"""Columns of what keeping equipment in order takes, EUR, EUR, h and days."""


def _output_beside_a_stop(process: Floats, hours: Floats) -> Floats:
    """Return the most that each batch works can make on a day with a planned stop of `hours`, units, shape (batch,)."""
    if not process.size:
        return np.zeros(0)
    cycles = np.floor(process[:, 3] * (1.0 - hours / HOURS) + 1e-9)
    most: Floats = cycles * process[:, 1]
    return most


def _process_table(people: Population, batch: Ints) -> Floats:
    columns = [
        people.coded("process", "scheduling", SCHEDULING).astype(np.float64)
        if name == "scheduling"
        else people.spread("process", name)
        for name in PROCESS
    ]
    return np.column_stack(columns)[batch] if people.makers else np.zeros((0, len(PROCESS)))


def _shape_rows(people: Population, shaped: Ints) -> Ints:
    """Return the series that each shaped firm follows; series are listed as in `futures.shape_entities`."""
    rows: list[int] = []
    offset = 0
    for firm in people.inputs.manufacturers:
        if firm.process.kind == "shaped":
            series = min(firm.count, SERIES_PER_GROUP)
            rows.extend(offset + k % series for k in range(firm.count))
            offset += series
    assert len(rows) == shaped.size, "one load series for each shaped firm"
    return np.array(rows, dtype=np.int64)
