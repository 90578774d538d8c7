"""`ReferenceModel`: the daily process as plain Mesa objects, the oracle of the engine and its yardstick.

Nothing in this folder comes from the engine's rules: declared inputs and calibrated series are given, all else is
written anew from the description of each rule, with ordinary attributes, lists, floats and `math`.
"""

import datetime as dt
import math
from calendar import monthrange
from typing import Any

import mesa

from model.futures import Futures, futures_of, shape_entities
from model.inputs import ManufacturerInputs, ModelInputs
from model.reference import read_tree
from tests.reference.accounts import Account, Books
from tests.reference.counters import Counters
from tests.reference.draws import Stream
from tests.reference.flows import Flows
from tests.reference.generation import Plant, clear_with_plants
from tests.reference.learning import HistoryForecast
from tests.reference.manufacturer import Manufacturer
from tests.reference.market import MeritOrder, RestOfSystem, fuel_prices, stack_blocks
from tests.reference.processes import BatchProcess, NoProcess, ShapedProcess
from tests.reference.resources import Resources
from tests.reference.sharing import Platform, Sharing
from tests.reference.stations import Stations
from tests.reference.technology import Technology
from tests.reference.utility import Utility
from tests.reference.workshops import Workshop

STREAMS = (
    "demand", "demand_common", "plan_pause", "plan_offset", "heat_energy", "heat_delay", "breakdown", "repair",
    "plan_noise", "order_noise", "system_imbalance", "wear", "price_forecast_error", "platform_outage", "grouping",
    "privacy_noise", "mapping_error", "late_record", "tree_noise", "record_gap", "record_mixup", "record_shift",
    "record_stale", "record_label", "record_code", "machine", "absence_common", "absence", "absent", "station_job",
    "generator_outage", "resource_report", "lease_turn", "lease_choice", "barter", "knowledge",
)  # fmt: skip
PRICE_MEMORY = 0.995


class ReferenceModel(mesa.Model):
    """The same economy as the engine's `CollaborationModel`, agent by agent and hour by hour."""

    def __init__(self, inputs: ModelInputs, seed: int = 0, replication: int = 0) -> None:
        super().__init__(rng=seed)
        self.inputs = inputs
        self.seed_of_study, self.replication = seed, replication
        self.streams = {name: Stream(seed, replication, name) for name in STREAMS}
        self.futures = futures_of(inputs, seed, replication)
        self.first_date = dt.date.fromisoformat(inputs.calendar.start) - dt.timedelta(days=inputs.calendar.burn_in)
        self.days = inputs.calendar.burn_in + inputs.calendar.days
        self.weekend = [kind > 0 for kind in self.futures.calendar.day_type.tolist()]
        self.market, self.grid, self.consumers, self.resources, self.regulator = map(
            Account, ("market", "grid", "customers", "resources", "regulator")
        )
        self.books = Books()
        self._people(self.futures)
        self._zone()
        self.yearly: list[tuple[str, str, str, float]] = []
        self.resource_platforms = [Platform(self, terms) for terms in inputs.resource_platforms]
        self.technology_platforms = [Platform(self, terms) for terms in inputs.technology_platforms]
        self.sharing = Sharing(self)
        self.shops = [firm.workshop for firm in self.firms if firm.workshop]
        self.stations, self.flows = Stations(self), Flows(self)
        self.contracts = Resources(self)
        self.technology = Technology(self)
        self.counters = Counters(self)
        self.today = -1
        self.days_unbilled = 0
        self.turnover_so_far = 0.0

    def _people(self, futures: Futures) -> None:
        """Create everybody and tie suppliers, customers and contracts together."""
        errors = futures.portfolio_error.tolist()
        shapes = iter(range(futures.shapes.shape[1]))
        self.utilities = [Utility(self, u, e) for u, e in zip(self.inputs.utilities, errors, strict=True)]
        self.firms: list[Manufacturer] = []
        for terms in self.inputs.manufacturers:
            own_shapes = [futures.shapes[:, next(shapes), :].tolist() for _ in shape_entities(terms)]
            for member in range(terms.count):
                name = terms.name if terms.count == 1 else f"{terms.name} {member + 1}"
                firm = Manufacturer(self, terms, name, self.streams)
                firm.process = self._process(terms, own_shapes, member)
                if terms.equipment.machines or terms.labour.skilled or terms.labour.general:
                    firm.workshop = Workshop(firm, self.streams)
                self.firms.append(firm)
        for firm in self.firms:
            firm.supplier = next((f for f in self.firms if f.name == firm.terms.supplier), None)
            firm.utility = next((u for u in self.utilities if u.name == firm.terms.utility), None)
            if firm.supplier:
                firm.supplier.customers.append(firm)
            if firm.utility:
                firm.utility.supply(firm)
        for firm in self.firms:
            firm.start_in_balance()

    def _process(self, terms: ManufacturerInputs, shapes: list[Any], member: int) -> Any:
        if terms.process.kind == "batch":
            return BatchProcess(self.streams)
        return ShapedProcess(shapes[member % len(shapes)]) if terms.process.kind == "shaped" else NoProcess()

    def _zone(self) -> None:
        """Set up prices, the merit order where the zone clears, and the rest of the power system."""
        self.public_prices = HistoryForecast("full_history", 1, PRICE_MEMORY, 100.0, by_day=False)
        balancing, market = self.inputs.balancing, self.inputs.market
        self.rest_of_system = RestOfSystem(
            balancing.rest_sd, balancing.rest_autocorrelation, self.streams["system_imbalance"]
        )
        self.merit_order: MeritOrder | None = None
        if market.closure == "endogenous" and self.utilities:
            self.merit_order = MeritOrder(stack_blocks(read_tree(market.stack_table)[1], market), market)
        burnt = {**self._burnt("stack_de"), **self._burnt(market.stack_table)}
        for utility in self.utilities:
            if utility.terms.generation.blocks:
                utility.plant = Plant(self, utility, fuel_prices(market), burnt)
        self.plants = [utility.plant for utility in self.utilities if utility.plant]

    @staticmethod
    def _burnt(table: str) -> dict[str, float]:
        """Return the emissions of each fuel in a table of blocks, t per MWh of fuel."""
        return {row["fuel"]: row["emission_t_per_mwh_fuel"] for row in read_tree(table)[1]["blocks"]}

    def step(self) -> None:
        """Live through one day."""
        self.today += 1
        day = self.today
        self.technology.review(day)
        self.price = self.futures.price[day].tolist()
        self.expected_price = self.public_prices.predict(day, self.weekend)
        self.rest = self.rest_of_system.day(day)
        for plant in self.plants:
            plant.draw(day)
        self.sharing.advise(day)
        self._staff(day)
        self._plan(day)
        self._nominate(day)
        self._clear(day)
        self._run(day)
        self._settle(day)
        self._share_flows(day)
        self.stations.serve(day)
        self.stations.pay(self.books)
        self._trade(day)
        self._charge_peaks(day)
        self.posted = dict(self.books.today)
        self.turnover_so_far += sum(map(abs, self.posted.values()))
        self.books.close_day(self.counting)
        if self.counting:
            self.counters.count()

    @property
    def counting(self) -> bool:
        """Whether burn-in is over."""
        return self.today >= self.inputs.calendar.burn_in

    def date(self, day: int) -> dt.date:
        """Return the date of a model day."""
        return self.first_date + dt.timedelta(days=day)

    def run_to_end(self) -> None:
        """Run burn-in and all days that count."""
        while self.today < self.days - 1:
            self.step()

    @property
    def platforms(self) -> list[Platform]:
        """All platforms, in the order of their rows."""
        return [*self.sharing.platforms, *self.resource_platforms, *self.technology_platforms]

    def _staff(self, day: int) -> None:
        """Find out what is to be made, and what machines and people allow of it, one's own or others'."""
        for firm in self.firms:
            firm.produced = firm.order
        for shop in self.shops:
            shop.survey(day)
        self.contracts.match(day, "labour", "equipment")
        for shop in self.shops:
            shop.work(self.books, self.resources)

    def _share_flows(self, day: int) -> None:
        """Let heat and materials that are left reach those who need them."""
        self.flows.survey(day)
        self.contracts.match(day, "heat", "by_product")
        self.flows.use(self.books)

    def _plan(self, day: int) -> None:
        """Schedule the batch processes; all other loads follow from last night's orders alone."""
        for firm in self.firms:
            firm.process.schedule(firm, day, firm.told_prices or self.expected_price, self.price)
            if firm.terms.process.kind != "batch":
                firm.process.run(firm, day)

    def _nominate(self, day: int) -> None:
        for utility in self.utilities:
            utility.forecast_customers(day, self.weekend)
        self.sharing.share(day)
        for utility in self.utilities:
            utility.nominate(day, self.weekend, self.inputs.balancing)

    def _clear(self, day: int) -> None:
        """Find the day's prices: those of the series, or of the merit order with what the utilities buy on top."""
        self.rest_of_zone = [residual - self.usual_load for residual in self.futures.residual[day].tolist()]
        for plant in self.plants:
            hours = zip(self.price, plant.expected, strict=True)
            plant.planned = [mw if price > plant.cost else 0.0 for price, mw in hours]
        if self.merit_order:
            bought = [math.fsum(u.nomination[h] for u in self.utilities) for h in range(24)]
            zone = enumerate(zip(self.rest_of_zone, bought, strict=True))
            self.price = [clear_with_plants(rest + own, self.merit_order, self.plants, h) for h, (rest, own) in zone]
        for utility in self.utilities:
            utility.sell_own()
        for plant in self.plants:
            plant.run(self.price, self.books, self.resources)

    @property
    def usual_load(self) -> float:
        """The long-run mean load of all that a utility supplies, MW; the zone's residual load contains it."""
        return self.usual_load_of([firm for firm in self.firms if firm.utility])

    @staticmethod
    def usual_load_of(firms: list[Manufacturer]) -> float:
        """Return the long-run mean load of some firms, MW."""
        total = 0.0
        for firm in firms:
            process = firm.terms.process
            if process.kind == "batch":
                heats = min(process.capacity, firm.usual_demand / process.heat_output)
                total += process.mill + process.auxiliary + heats * process.heat_energy / 24.0
            elif process.kind == "shaped":
                total += process.mean_load
        return total

    def _run(self, day: int) -> None:
        for firm in self.firms:
            if firm.terms.process.kind == "batch":
                firm.process.run(firm, day)
            firm.electricity = math.fsum(firm.load) / 4.0
            if firm.utility:
                firm.month_peak = max(firm.month_peak, *firm.load)

    def _settle(self, day: int) -> None:
        """Trade intraday, settle the imbalance, and bill."""
        balancing = self.inputs.balancing
        for utility in self.utilities:
            utility.read_meters(day)
            utility.trade_intraday(balancing.intraday_share)
        self.own_imbalance = [math.fsum(u.imbalance[h] for u in self.utilities) for h in range(24)]
        system = [rest + own for rest, own in zip(self.rest, self.own_imbalance, strict=True)]
        for utility in self.utilities:
            utility.settle(balancing, self.price, system, self.books)
            utility.bill(self.price, self.books)
        self._book_energy(system)
        self.public_prices.metered.append(self.price)

    def _book_energy(self, system: list[float]) -> None:
        """Book what electricity really costs: fuel, and beta*S^2/2 beyond what the rest alone would cost.

        A price taker's fuel is worth the day-ahead price of what was drawn; in a zone that clears it is the fuel that
        the load drawn adds to the zone. The grid pays for the energy of the imbalance, the market for the rest.
        """
        beta = self.inputs.balancing.beta
        bought = sum(self.books.today[u.party, "market", "wholesale"] for u in self.utilities)
        balancing_energy = sum(self.books.today[u.party, "grid", "imbalance_energy"] for u in self.utilities)
        fuel, self.generation_emissions = bought + balancing_energy, 0.0
        if self.merit_order:
            drawn = [math.fsum(u.net[h] for u in self.utilities) for h in range(24)]
            zone = zip(drawn, self.rest_of_zone, strict=True)
            added = [self.merit_order.added_by(own, rest) for own, rest in zone]
            fuel, self.generation_emissions = (math.fsum(column) for column in zip(*added, strict=True))
        self.books.pay(self.market, self.resources, "generation", fuel - balancing_energy)
        self.books.pay(self.grid, self.resources, "generation", balancing_energy)
        added_squares = sum(s * s - rest * rest for s, rest in zip(system, self.rest, strict=True))
        self.books.pay(self.grid, self.resources, "balancing", 0.5 * beta * added_squares)

    def _trade(self, day: int) -> None:
        """Customers order before their suppliers; goods are paid on order, final demand on delivery."""
        for firm in sorted(self.firms, key=lambda f: f.stage):
            firm.trade(day)
        for firm in self.firms:
            terms = firm.terms
            if not firm.customers:
                self.books.pay(self.consumers, firm, "sales", firm.unit_price * firm.shipped)
            if firm.supplier:
                self.books.pay(firm, firm.supplier, "goods", firm.supplier.unit_price * firm.bought)
            self.books.pay(firm, self.resources, "production", firm.unit_cost * firm.produced)
            stock, backlog = max(0.0, firm.net_stock), max(0.0, -firm.net_stock)
            held = terms.ordering.holding_cost * stock + terms.ordering.backlog_cost * backlog
            self.books.pay(firm, self.resources, "stock", held)
            upkeep = terms.process.repair_cost * firm.process.broke
            upkeep += terms.process.maintenance_cost * firm.process.maintained
            self.books.pay(firm, self.resources, "maintenance", upkeep)
            if firm.process.restarts:
                cold = firm.process.restarts * terms.process.restart_cost
                self.books.pay(firm, self.resources, "restart", cold)
        self.sharing.learn(day)
        self.sharing.pay(day)

    def _charge_peaks(self, day: int) -> None:
        """Charge the highest quarter-hour since the last bill for the part of the month that it covers.

        Bills are due on a month's last day, and on the last day of burn-in and of the run.
        """
        date = self.date(day)
        self.days_unbilled += 1
        if day + 1 not in {self.days, self.inputs.calendar.burn_in} and self.date(day + 1).month == date.month:
            return
        share = self.days_unbilled / monthrange(date.year, date.month)[1]
        self.days_unbilled = 0
        for firm in self.firms:
            if firm.utility:
                eur_per_mw = firm.terms.retail.peak_charge * 1000.0
                self.books.pay(firm, self.grid, "peak", eur_per_mw * firm.month_peak * share)
                firm.month_peak = 0.0
