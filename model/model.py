"""`CollaborationModel`: the economy as a Mesa model. One step is one day with 24 hours inside it."""

from __future__ import annotations

import datetime as dt
import math
from calendar import monthrange
from collections.abc import Sequence
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np

from model.accounts import ACCOUNTS, EFFORTS
from model.agents import (
    MAKERS,
    DataPlatform,
    Firm,
    Manufacturer,
    ResourcePlatform,
    TechnologyPlatform,
    Utility,
)
from model.balances import Balances
from model.batteries import Batteries
from model.columns import ColumnModelMixin
from model.errors import Fault, InputError, RunError, nearest
from model.extensions import class_of
from model.flows import Flows
from model.futures import Futures, futures_of
from model.goods import Goods
from model.hooks import Action, hooks_of
from model.inputs import DataContract, Demand, ManufacturerInputs, ModelInputs, Process, UtilityInputs, replace_inputs
from model.ledger import RESOURCES, Ledger
from model.measures import Measures
from model.memberships import Memberships
from model.network import network_of
from model.outcomes import OUTCOMES
from model.population import CUSTOMERS, GRID, MARKET, Population, populate, signal_means
from model.power import Power
from model.recorder import Recorder
from model.resources import Resources, Source
from model.sharing import Sharing
from model.stage import Stage
from model.stations import Stations
from model.stocks import making_days_of
from model.streams import Floats
from model.tables import Table
from model.technology import Technology
from model.workshops import Workshops

if TYPE_CHECKING:
    import networkx

YEAR_DAYS = 365.0
GROUP_LINES = {
    "sales": (CUSTOMERS, None),
    "goods": (None, "supplier"),
    "production": (None, RESOURCES),
    "stock": (None, RESOURCES),
    "energy": (None, "utility"),
    "peak": (None, GRID),
    "restart": (None, RESOURCES),
    "comfort": (None, RESOURCES),
    "maintenance": (None, RESOURCES),
    "storage": (None, RESOURCES),
}
"""Payer and payee of a group's accounts; None is the group itself."""

ECONOMY_OUTCOMES = tuple(o.name for o in OUTCOMES if not o.per_party)
"""Outcomes of the whole economy: what the data collector reports at month ends."""

REFERENCE_TOWN = {
    "metalworks": "metal_processing_2018",
    "platers": "electroplating_2017",
    "joiners": "furniture_shop_2015",
}
"""The utility's other customers, eight each, and the measured shapes of their loads."""


def reference_inputs(*, shared: bool = False) -> ModelInputs:
    """Return the reference case: a steel works, its utility and the utility's other customers.

    Args:
        shared: whether the works shares its plan with the utility.
    """
    town = tuple(
        ManufacturerInputs(
            name=name,
            count=8,
            sector=name,
            utility="power",
            demand=Demand(mean=100.0),
            process=Process(kind="shaped", load_table=table, unit_cost=0.0),
        )
        for name, table in REFERENCE_TOWN.items()
    )
    works = ManufacturerInputs(name="steel", utility="power", metered_alone=True)
    plan = DataContract(name="plan", provider="steel", partner="power")
    return ModelInputs(
        name="reference",
        manufacturers=(works, *town),
        utilities=(UtilityInputs(name="power"),),
        contracts=(plan,) if shared else (),
    )


class CollaborationModel(ColumnModelMixin, mesa.Model):
    """Firms that make, buy electricity and collaborate.

    Args:
        inputs: the resolved inputs; the reference case when omitted.
        rng: the study's seed; all randomness is a function of it and of the replication.
        replication: number of the random future.
        keep_hours: keep the hourly series that `hourly` returns.
        record: columns of the firm table to keep every day, in `recorder`.
        agent_classes: manufacturer name -> subclass of `Manufacturer` for its agents.
        **changes: inputs to replace, dots written as two underscores: `balancing__beta=0.3`.

    Raises:
        InputError: for inputs that are not allowed, all faults at once.
    """

    def __init__(
        self,
        inputs: ModelInputs | None = None,
        *,
        rng: int | None = 0,
        replication: int = 0,
        keep_hours: bool = False,
        record: Sequence[str] = (),
        agent_classes: dict[str, type[Manufacturer]] | None = None,
        **changes: Any,
    ) -> None:
        if not isinstance(rng, (int, np.integer)):
            raise InputError([f"rng is the study's seed and must be a whole number, not {rng!r}"])
        super().__init__(rng=int(rng))
        self.seed, self.replication = int(rng), int(replication)
        self.inputs = replace_inputs(
            inputs or reference_inputs(), {key.replace("__", "."): value for key, value in changes.items()}
        )
        self.population: Population = populate(self.inputs)
        self.futures: Futures = futures_of(self.inputs, self.seed, self.replication)
        self.hooks = hooks_of(self.futures.calendar, self.population)
        self._create_agents(agent_classes or {})
        self.stage = Stage(self.inputs, self.population, self.futures, self.seed, self.replication, self.firms)
        self.goods = Goods(self.stage)
        self.power = Power(self.stage)
        self.sharing = Sharing(self.stage, self.goods, self.power)
        self.workshops = Workshops(self.stage, self.goods)
        self.batteries = Batteries(self.stage, self.goods)
        self.flows = Flows(self.stage, self.goods, self.power.plants)
        self.resources = Resources(self.stage, self._sources())
        self.stations = Stations(self.stage, self.resources.urgent, self.resources.platforms.online)
        self.technology = Technology(self.stage, self.goods)
        taught = [contract.terms for contract in self.technology.contracts]
        self.schools = Memberships(self.stage, self.inputs.technology_platforms, taught)
        self._open_books()
        self.balances = Balances(self.stage, self.goods, self.power, self.ledger)
        self.measures = Measures(self.stage, self.goods, self.power, self.sharing, self.ledger)
        self.hours: dict[str, list[Floats]] | None = {} if keep_hours else None
        self.recorder = Recorder(self.firms, record, self.futures.calendar.days) if record else None
        self._outcomes: tuple[int, dict[tuple[str, str], float]] = (-1, {})
        self.datacollector = mesa.DataCollector(
            model_reporters={name: partial(outcome_so_far, name=name) for name in ECONOMY_OUTCOMES}
        )

    def step(self) -> None:
        """Live through one day.

        Raises:
            RunError: after the last day of the horizon.
            BalanceError: when money, energy, materials or hours do not balance.
        """
        day = self.day
        if day >= self.futures.calendar.days:
            msg = f"{self.inputs.name}: the horizon of {day} days (burn-in included) is over"
            raise RunError(msg)
        self.hooks.run(day, self)
        self._open_day(day)
        self.technology.review(day)
        self.power.publish_prices(day)
        self.sharing.advise(day)
        self._staff_day(day)
        self.goods.plan_day(day, self.power.expected_price, self.power.price, self.futures.shapes[day])
        self._move_loads(day)
        self.power.forecast_customers(day)
        self.sharing.share(day)
        self.power.nominate(day)
        self.power.clear(day, self.goods.efforts[:, EFFORTS.index("comfort")])
        self.goods.run_day(day)
        self.power.settle(day)
        self._share_flows(day)
        self.stations.serve(day)
        self.goods.trade_day(day, self.season)
        self.sharing.learn(day)
        self._keep_books(day)
        self._count(day)
        self._collect(day)

    @property
    def day(self) -> int:
        """Today as an index into all model days, burn-in included; days before the first step count as day 0."""
        return max(0, round(float(self.time)) - 1)

    @property
    def counting(self) -> bool:
        """Whether burn-in is over."""
        return self.day >= self.inputs.calendar.burn_in

    @property
    def season(self) -> float:
        """Cosine of the season today: 1 at mid-year, -1 at the turn of the year."""
        return float(self.goods.seasons[self.day])

    @property
    def firms(self) -> Table:
        """The table of all firms."""
        return self.table_of(Firm)

    @property
    def live(self) -> SimpleNamespace:
        """The columns of the firm table as live arrays, shape (firm, ...)."""
        return self.stage.live

    def on(self, date: str | dt.date, action: Action) -> None:
        """Let `action(model)` happen at the start of a day, before anything else; several a day in the order noted.

        Args:
            date: a day to come, YYYY-MM-DD; days of burn-in count.
            action: a function defined at the top of a module, or `functools.partial` of one: copies of the model and
                pickles hold it too, which a lambda or a function within a function forbids.

        Raises:
            InputError: for a date outside the horizon or in the past, or a function that cannot be copied.
        """
        self.hooks.add(date, action, round(float(self.time)))

    def to_networkx(self) -> networkx.MultiDiGraph[str]:
        """Return who supplies whom and who contracts with whom as a directed graph; see `network_of`."""
        return network_of(self.inputs)

    def run_to_end(self) -> None:
        """Run burn-in and all days that count."""
        left = self.futures.calendar.days - round(self.time)
        if left > 0:
            self.run_for(left)

    def outcomes(self) -> dict[tuple[str, str], float]:
        """Return the declared outcomes so far: (name, party or "") -> value per 365-day year."""
        if self._outcomes[0] != self.measures.days:
            self._outcomes = (self.measures.days, self._read_outcomes())
        return self._outcomes[1]

    def _counted(self) -> tuple[Any, ...]:
        """Return the submodels that count for themselves."""
        plants = () if self.power.plants is None else (self.power.plants,)
        return self.resources, self.workshops, self.batteries, self.flows, self.stations, self.technology, *plants

    def _read_outcomes(self) -> dict[tuple[str, str], float]:
        values = self.measures.outcomes()
        if not self.measures.days:
            return values
        scale = YEAR_DAYS / self.measures.days
        for platforms in (self.resources.platforms, self.schools):
            values |= platforms.outcomes(self.ledger, scale)
        values |= self.resources.outcomes(self.ledger, scale)
        for submodel in self._counted()[1:]:
            values |= submodel.outcomes(scale)
        return values

    def transfers(self) -> list[tuple[str, str, str, float]]:
        """Return who pays whom: (payer, payee, kind, EUR per 365-day year), real cost to `resources` included."""
        scale = YEAR_DAYS / max(1, self.measures.days)
        return [(payer, payee, kind, eur * scale) for payer, payee, kind, eur in self.ledger.flows()]

    def loss_years(self) -> dict[str, Floats]:
        """Return the nested years of breach losses and fines by name, EUR, shape (years,) each.

        Keys: an owning party; "" for all owners together; "fine/HOLDER" where a holder can be fined. Empty without
        copies, or if `incidents.loss_years` is 0. What is expected of them is booked in the costs of a run already.
        """
        sharing = self.sharing
        if not (sharing.exposure.copies and self.inputs.incidents.loss_years):
            return {}
        return sharing.exposure.by_party(sharing.loss_years())

    def hourly(self) -> dict[str, Floats]:
        """Return the kept hourly series by name, each of shape (counted days, 24); empty unless `keep_hours`."""
        return {name: np.array(days) for name, days in (self.hours or {}).items()}

    def _create_agents(self, classes: dict[str, type[Manufacturer]]) -> None:
        """Make the agents, manufacturers first, with their demand and stock in equilibrium."""
        people, makers = self.population, self.inputs.manufacturers
        known = [m.name for m in makers]
        strangers = [name for name in classes if name not in known]
        if strangers:
            raise InputError(
                [Fault("agent_classes", f"no such manufacturer: {name!r}", nearest(name, known)) for name in strangers]
            )
        behaviours: dict[str, Any] = {
            m.name: class_of(self.inputs.extensions, "behaviour", m.behaviour) for m in makers if m.behaviour
        }
        kinds: dict[str, type[Manufacturer]] = {**behaviours, **classes}
        mean = signal_means(people)
        sd = people.spread("demand", "mean") * people.spread("demand", "variation")
        lead = people.spread("ordering", "lead_time")
        making = making_days_of(people)
        for g, firm in enumerate(makers):
            rows = people.group == g
            spread = lead[rows] * sd[rows] ** 2
            kinds.get(firm.name, MAKERS[firm.type]).create_agents(
                self,
                firm.count,
                demand_mean=people.spread("demand", "mean")[rows],
                demand_sd=sd[rows],
                order=mean[rows],
                scheduled=mean[rows],
                level=mean[rows],
                last_signal=mean[rows],
                error_variance=spread,
                net_stock=firm.ordering.safety_factor * np.sqrt(spread),
                pipeline=mean[rows] * (lead[rows] - making[rows]),
            )
        Utility.create_agents(self, len(self.inputs.utilities))
        for kind, hubs in (
            (DataPlatform, self.inputs.data_platforms),
            (ResourcePlatform, self.inputs.resource_platforms),
            (TechnologyPlatform, self.inputs.technology_platforms),
        ):
            if hubs:
                kind.create_agents(self, len(hubs))

    def _sources(self) -> dict[str, Source]:
        """Return the submodel that each shared resource belongs to."""
        return {
            "equipment": self.workshops,
            "labour": self.workshops,
            "storage": self.batteries,
            "heat": self.flows,
            "by_product": self.flows,
        }

    def _open_day(self, day: int) -> None:
        """Open the platforms and the books of the day."""
        self.resources.begin(day)
        self.schools.begin(day)

    def _staff_day(self, day: int) -> None:
        """Find out what is to be made, and with which machines and people, one's own or others', it can be."""
        self.goods.take_orders()
        self.workshops.survey(day)
        self.resources.match(day, "capacity")
        self.workshops.work(day)

    def _move_loads(self, day: int) -> None:
        """Let firms lend each other stores for the day, and move load on the prices that they expect."""
        self.batteries.survey()
        self.resources.match(day, "stores")
        self.goods.move_loads()

    def _share_flows(self, day: int) -> None:
        """Let what is left of heat and materials reach those who need it."""
        self.flows.survey(day)
        self.resources.match(day, "flows")
        self.flows.use(day)

    def _open_books(self) -> None:
        lines = []
        for firm in self.inputs.manufacturers:
            for kind in ACCOUNTS:
                payer, payee = GROUP_LINES[kind]
                target = {"supplier": firm.supplier, "utility": firm.utility}.get(payee or "", payee or firm.name)
                lines.append((payer or firm.name, target or firm.name, kind))
        for utility in self.inputs.utilities:
            lines += [
                (utility.name, MARKET, "wholesale"),
                (utility.name, GRID, "imbalance_energy"),
                (utility.name, GRID, "imbalance"),
                (utility.name, RESOURCES, "intraday"),
                (utility.name, MARKET, "spread"),
            ]
        lines += [(MARKET, RESOURCES, "generation"), (GRID, RESOURCES, "generation"), (GRID, RESOURCES, "balancing")]
        lines += [(posting.payer, posting.payee, posting.kind) for posting in self.sharing.postings]
        books = [self.resources.platforms.book, self.schools.book, *(submodel.book for submodel in self._counted())]
        self.books = [book for book in books if book.lines]
        lines += [line for book in self.books for line in book.lines]
        self.ledger = Ledger(parties=(*self.population.parties, RESOURCES))
        self.ledger.open(lines)

    def _keep_books(self, day: int) -> None:
        """Post the day's money twice - by line in the ledger, by firm in cash - and require that both agree."""
        live, ledger, power = self.live, self.ledger, self.power
        groups, utilities = len(self.inputs.manufacturers), power.utilities
        cut = groups * len(ACCOUNTS)
        self.goods.book_day(*self._month_end(day), ledger.today[:cut].reshape(groups, len(ACCOUNTS)))
        block = ledger.today[cut : cut + 5 * utilities].reshape(utilities, 5)
        real_share = self.inputs.balancing.intraday_real_share
        block[:, :4] = power.amounts
        block[:, 3] *= real_share
        block[:, 4] = (1.0 - real_share) * power.amounts[:, 3]
        cut += 5 * utilities
        bought, balancing_energy = power.amounts[:, 0].sum(), power.amounts[:, 1].sum()
        generated = power.generation[0] - balancing_energy if power.stack is not None else bought
        ledger.today[cut : cut + 3] = generated, balancing_energy, power.totals[0]
        if day == self.inputs.calendar.burn_in:
            self.sharing.settle_exposure()
        cut += 3
        for amounts, cash in ((self.sharing.daily, self.sharing.cash), *((b.today, b.cash) for b in self.books)):
            ledger.today[cut : cut + amounts.size] = amounts
            live.cash += cash
            cut += amounts.size
        ledger.post(self.counting)
        self.balances.check(day)
        self.workshops.check(ledger, day)
        self.flows.check(ledger, day)

    def _month_end(self, day: int) -> tuple[bool, float]:
        """Return whether peaks are billed today, and for which share of a month.

        That is on a month's last day, and for the part since the last bill on the last day of burn-in and of the run.
        """
        calendar, burn_in = self.futures.calendar, self.inputs.calendar.burn_in
        last = day + 1 in {calendar.days, burn_in} or calendar.month[day + 1] != calendar.month[day]
        if not last:
            return False, 0.0
        since = burn_in if day >= burn_in else 0
        billed = int((calendar.month[since : day + 1] == calendar.month[day]).sum())
        date = calendar.date(day)
        return True, billed / monthrange(date.year, date.month)[1]

    def _count(self, day: int) -> None:
        if not self.counting:
            return
        self.measures.count()
        for submodel in self._counted():
            submodel.count()
        if self.hours is not None:
            for name, values in self._hours_of_today().items():
                self.hours.setdefault(name, []).append(values.copy())

    def _collect(self, day: int) -> None:
        """Record what was asked for; report to the data collector at month ends and at the end of the run."""
        last = day + 1 == self.futures.calendar.days
        if self.recorder is not None:
            self.recorder.record(self.time)
        if last or (self.counting and self._month_end(day)[0]):
            self.datacollector.collect(self)
        self.running = not last

    def _hours_of_today(self) -> dict[str, Floats]:
        """Return the hourly series of today by name, MW or EUR/MWh, each of shape (24,)."""
        power, people = self.power, self.population
        series = {"price_eur_mwh": power.price, "system_imbalance_mw": power.rest + power.imbalance.sum(axis=0)}
        for a, row in enumerate(power.alone_rows):
            name = people.names[row]
            series[f"load_mw/{name}"] = power.hourly[a]
            series[f"forecast_mw/{name}"] = power.forecast[a]
            series[f"forecast_history_mw/{name}"] = power.customers.forecast[a]
            if self.measures.plan_row[a] >= 0:
                plan = self.goods.plan[self.measures.plan_row[a]]
                series[f"plan_mw/{name}"] = plan.reshape(24, 4).mean(axis=1)
        for u, utility in enumerate(self.inputs.utilities):
            series[f"imbalance_mw/{utility.name}"] = power.imbalance[u]
            series[f"nomination_mw/{utility.name}"] = power.nomination[u]
        return series


def outcome_so_far(model: CollaborationModel, name: str) -> float:
    """Return one outcome of the whole economy so far, NaN during burn-in; a reporter for Mesa's data collector."""
    return model.outcomes().get((name, ""), math.nan)
