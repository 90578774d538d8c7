"""The economy of goods: final demand, production, stock, backlog, orders and the firms' own accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from model.agents import overrides_order
from model.errors import Fault, InputError
from model.futures import SERIES_PER_GROUP
from model.kernels import kernel
from model.physics.demand import (
    announce_demand,
    announcement_gain,
    draw_demand,
    filter_weights,
    is_invertible,
    open_orders,
    replenish,
    season_of,
)
from model.physics.production import PROCESS, plan_batches, run_batches, run_shapes
from model.population import signal_means
from model.shifting import flexible_firms, shift_loads, storage_costs
from model.streams import Floats, Ints

if TYPE_CHECKING:
    from model.population import Population
    from model.stage import Stage

HOURS = 24
POLICIES = ("moving_average", "exponential", "filtered")
SCHEDULING = ("habit", "before_prices", "after_prices")
ACCOUNTS = ("sales", "goods", "production", "stock", "energy", "peak", "restart", "comfort", "maintenance", "storage")
"""Kinds of posting that every group of firms has, in the order of the ledger's columns."""
EFFORTS = ACCOUNTS[6:]
"""Real costs of a day that submodels write into `Goods.efforts`, in the order of its columns."""


@dataclass
class Stock:
    """Parameters and rings of the order-up-to policy, by manufacturer; see `physics.demand.replenish`."""

    policy: Ints
    window: Ints
    smoothing: Floats
    lead: Ints
    safety_factor: Floats
    negative: Any
    end_demand: Any
    has_customer: Any
    filter_mean: Floats
    filter_terms: Floats
    arrivals: Floats
    past_signals: Floats
    past_demand: Floats
    past_forecasts: Floats
    past_baselines: Floats
    announced: Floats
    baseline_variance: Floats


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
        self.makes_itself = np.zeros(self.makers, np.bool_)
        self.makes_itself[self.batch] = True
        self.stock = _stock(people, self.makes_itself, stage.live.error_variance)
        self.announced_variance = np.full(self.makers, np.inf)
        self.seasons = _seasons(stage, int(self.stock.lead.max(initial=1)))
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
        self.hooked = [k for k in stage.firms.kinds if overrides_order(k)]

    def plan_day(self, day: int, expected_prices: Floats, published_prices: Floats, shapes: Floats) -> None:
        """Take up the plans that were made at yesterday's gate, and draw the loads that need no plan.

        At that gate a works knew the orders of the evening before; what came in later waits for the next one. A firm
        plans on the forecast that it was told (`tell_prices`), or else on `expected_prices`, shape (24,).
        """
        c = self.stage.live
        self.price_view[~self.told] = expected_prices
        self.told[:] = False
        c.produced[: self.makers] = c.order[: self.makers]
        self.maintained[:] = self.wanted | self._stop_due()
        self.wanted[:] = False
        scheduled = np.where(
            self.maintained, np.minimum(c.scheduled[self.batch], self.stopped), c.scheduled[self.batch]
        )
        self.worn &= ~self.maintained
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
        """Let a works put its equipment right before the coming day, in a planned stop; call it before `plan_day`."""
        self.wanted[self.batch == row] = True

    def trade_day(self, day: int, season: float) -> None:
        """Serve today's demand from stock and place tonight's orders, customers before suppliers."""
        c, s, people = self.stage.live, self.stock, self.stage.population
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
            s.negative,
            c.demand_deviation,
            c.demand,
        )
        if np.isfinite(self.announced_variance).any():
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
        open_orders(c.demand, s.has_customer, c.incoming, c.end_demand)
        for rows in people.levels if self.hooked else [self.sequence]:
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
                self.makes_itself,
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
            )
            if self.hooked:
                self._ask_agents(rows, day)

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
            change = float(table.agent(int(row)).decide_order(proposed)) - proposed
            if change == 0.0:
                continue
            c.order[row] += change
            if not self.makes_itself[row]:
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
            c.order,
            c.net_stock,
            c.energy_charge,
            c.peak_load,
            self.efforts,
            amounts,
            c.cash,
        )


GATE_DAYS = 2
"""Days from a works' order to its production: ordered in the evening, planned at the next noon, made the day after."""

UNIX_DAY = 719_163
"""Proleptic Gregorian ordinal of 1970-01-01."""

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


@kernel
def book_firms(
    group: Ints,
    supplier: Ints,
    utility: Ints,
    has_customer: Any,
    prices: Floats,
    month_share: float,
    shipped: Floats,
    produced: Floats,
    order: Floats,
    net_stock: Floats,
    energy_charge: Floats,
    peak_load: Floats,
    efforts: Floats,
    amounts: Floats,
    cash: Floats,
) -> None:
    """Book a day of every manufacturer: by group into `amounts` (columns as ACCOUNTS), by firm into `cash`.

    Args:
        group, supplier, utility, has_customer: as in `Population`, shape (n,).
        prices: unit price, unit cost, holding, backlog (EUR per unit), peak charge (EUR/MW/month), shape (n, 5).
        month_share: part of a month to charge the peak for; 0 except on a month's last day.
        shipped, produced, order, net_stock: units; `energy_charge`: EUR; `peak_load`: MW, reset when charged.
        efforts: EUR of today for restarts, comfort, maintenance and storage, shape (n, 4).
        amounts: EUR paid by each group (sales: received), shape (group, 10); overwritten.
        cash: EUR by firm; utilities are credited with their customers' energy bills.
    """
    amounts[:] = 0.0
    for i in range(group.size):
        g = group[i]
        sales = 0.0 if has_customer[i] else prices[i, 0] * shipped[i]
        goods = prices[supplier[i], 0] * order[i] if supplier[i] >= 0 else 0.0
        production = prices[i, 1] * produced[i]
        stock = prices[i, 2] * max(0.0, net_stock[i]) + prices[i, 3] * max(0.0, -net_stock[i])
        energy = energy_charge[i] if utility[i] >= 0 else 0.0
        peak = 0.0
        if month_share > 0.0 and utility[i] >= 0:
            peak = prices[i, 4] * peak_load[i] * month_share
            peak_load[i] = 0.0
        cash[i] += sales - goods - production - stock - energy - peak
        for k in range(efforts.shape[1]):
            cash[i] -= efforts[i, k]
            amounts[g, 6 + k] += efforts[i, k]
        if supplier[i] >= 0:
            cash[supplier[i]] += goods
        if utility[i] >= 0:
            cash[group.size + utility[i]] += energy
        amounts[g, 0] += sales
        amounts[g, 1] += goods
        amounts[g, 2] += production
        amounts[g, 3] += stock
        amounts[g, 4] += energy
        amounts[g, 5] += peak


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


def _seasons(stage: Stage, ahead: int) -> Floats:
    """Return the cosine of the season on every model day and `ahead` days beyond, shape (days + ahead,)."""
    calendar = stage.futures.calendar
    dates = np.arange(calendar.days + ahead) + (calendar.ordinal[0] - UNIX_DAY)
    dates = dates.astype("datetime64[D]")
    day_of_year = (dates - dates.astype("datetime64[Y]")).astype(np.int64) + 1
    return np.array([season_of(int(day)) for day in day_of_year])


def _stock(people: Population, makes_itself: Any, error_variance: Floats) -> Stock:
    """Return the rings at a start in equilibrium: mean demand everywhere, safety stock on hand."""
    n = people.makers
    lead = people.spread("ordering", "lead_time").astype(np.int64)
    window = people.spread("ordering", "window").astype(np.int64)
    mean = signal_means(people)
    ring = int(lead.max(initial=1)) + 1
    days = np.arange(ring)
    running = days[None, :] < (lead - GATE_DAYS * makes_itself)[:, None]
    return Stock(
        policy=people.coded("ordering", "policy", POLICIES),
        window=window,
        smoothing=people.spread("ordering", "smoothing"),
        lead=lead,
        safety_factor=people.spread("ordering", "safety_factor"),
        negative=people.spread("ordering", "negative_orders") > 0.0,
        end_demand=people.coded("ordering", "order_signal", ("orders", "end_demand")) == 1,
        has_customer=np.isin(np.arange(n), people.supplier),
        filter_mean=mean,
        filter_terms=_filter_terms(people, lead),
        arrivals=np.where(running, mean[:, None], 0.0),
        past_signals=np.repeat(mean[:, None], int(window.max(initial=1)), axis=1),
        past_demand=np.repeat(mean[:, None], ring, axis=1),
        past_forecasts=np.repeat((lead * mean)[:, None], ring, axis=1),
        past_baselines=np.repeat((lead * mean)[:, None], ring, axis=1),
        announced=lead * mean,
        baseline_variance=error_variance[:n].copy(),
    )


def _filter_terms(people: Population, lead: Ints) -> Floats:
    """Return the weights of every filtered forecast, shape (n, 5).

    Raises:
        InputError: where a supplier's filter has no closed form: several customers, or a customer that is
            not a filtering retailer itself.
    """
    terms = np.zeros((people.makers, 5))
    faults = []
    rho = people.spread("demand", "autocorrelation")
    filtered = people.coded("ordering", "policy", POLICIES) == POLICIES.index("filtered")
    for row in np.flatnonzero(filtered):
        firm = people.inputs.manufacturers[people.group[row]]
        customers = np.flatnonzero(people.supplier == row)
        retail = None
        receiver = "end_demand" if firm.ordering.order_signal == "end_demand" else firm.ordering.receiver
        if customers.size:
            first = int(customers[0])
            if customers.size > 1 or not filtered[first] or np.any(people.supplier == first):
                faults.append(
                    Fault(
                        f"firms.{firm.name}.ordering.policy",
                        "a supplier filters the orders of one retailer",
                        "one customer, itself `filtered`, that serves final demand; or another policy",
                    )
                )
                continue
            retail = (float(rho[first]), int(lead[first]))
            if not is_invertible(*retail) and receiver == "full_history":
                what = f"the orders of a retailer with autocorrelation {retail[0]:g} do not reveal its demand"
                faults.append(Fault(f"firms.{firm.name}.ordering.receiver", what, "allowed here: naive, last_order"))
                continue
        own_rho = retail[0] if retail else float(rho[row])
        terms[row] = filter_weights(own_rho, int(lead[row]), receiver, retail)
    if faults:
        raise InputError(faults)
    return terms
