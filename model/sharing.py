"""Data sharing at work: which contracts run over which platforms, what they cost, and who could leak what.

A contract that shares nothing has no copy, no interface and no cost, and leaves every bit of a run as it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from model.agreement import Agreement
from model.assets import ASSETS
from model.contract_checks import complying, is_null, sharers
from model.exposure import YEAR_HOURS, Copy, Exposure
from model.hubs import Posting, daily_cash, hub_postings, platform_days
from model.incidents import LossYears
from model.inputs import DataContract, DataPlatformInputs, ModelInputs
from model.interfaces import interface_costs
from model.kernels import kernel
from model.ledger import RESOURCES
from model.logs import LogContract, OwnLogs
from model.plans import PlanContract
from model.population import CUSTOMERS, REGULATOR, Population, signal_means, usual_load_mw
from model.streams import Floats, Key, entity_id, normal

if TYPE_CHECKING:
    from model.goods import Goods
    from model.power import Power
    from model.stage import Stage

HOURS = 24
YEAR_DAYS = 365.0
PRIOR_DAYS = 10.0
"""Weight of the prior that a told price forecast is worth nothing, in days of evidence (assumption)."""
FORECAST_PERSISTENCE = 0.8
"""Correlation of the error of a price forecast from hour to hour (assumption)."""


class OrderContract(Agreement):
    """Final customers announce to a firm what they will buy over its lead time."""

    def __init__(self, stage: Stage, goods: Goods, terms: DataContract, online: Any) -> None:
        super().__init__(terms, 1, stage, online)
        if terms.pipeline.application:
            goods.announce(stage.population.of_group(terms.partner), terms.noise_sd**2)


class MeterContract(Agreement):
    """Meters in real time: at the gate the utility knows this morning too, instead of waiting for the billing data."""

    def __init__(self, stage: Stage, power: Power, terms: DataContract, online: Any) -> None:
        people = stage.population
        rows = np.concatenate([people.of_group(name) for name in sharers(terms)])
        super().__init__(terms, rows.size, stage, online)
        self.fresh, self.alone = power.customers.fresh, people.alone[rows]

    def advise(self, day: int) -> None:
        """Let the utility read the meters, unless the line is down today."""
        self.fresh[self.alone] = self.terms.pipeline.application and self.arrives(day)


class ForecastContract(Agreement):
    """A utility lets a firm have its own forecast of tomorrow's prices, before the firm plans.

    The firm combines it with its own view of the shape of the day, at a gain that it learns from published prices and
    that starts at none: a forecast that tells nothing changes nothing.
    """

    def __init__(self, stage: Stage, goods: Goods, power: Power, terms: DataContract, online: Any) -> None:
        super().__init__(terms, 1, stage, online)
        self.goods, self.power, self.published = goods, power, stage.futures.price
        self.rows = stage.population.of_group(terms.partner)
        rules = next(u for u in stage.inputs.utilities if u.name == terms.provider).forecasting
        self.sd, self.memory, self.forecaster = rules.price_error, rules.memory, entity_id(terms.provider)
        self.key, self.noise_key = stage.key("price_forecast_error"), stage.key("plan_noise")
        self.moments = np.array([0.0, PRIOR_DAYS * HOURS * (self.sd**2 + terms.noise_sd**2)])
        self.told, self.own, self.view = np.zeros(HOURS), np.zeros(HOURS), np.zeros(HOURS)
        self.came = False

    def advise(self, day: int) -> None:
        """Learn what yesterday's forecast was worth, then let the firm have today's."""
        if self.came and self.terms.pipeline.analysis:
            learn_price_gain(self.published[day - 1], self.own, self.told, self.memory, self.moments)
        self.came = self.arrives(day)
        forecast_prices(
            day,
            self.forecaster,
            self.key,
            self.sd,
            self.noise_key,
            self.terms.noise_sd,
            self.published[day],
            self.told,
        )
        self.own[:] = self.power.expected_price
        if not (self.came and self.terms.pipeline.application):
            return
        combine_prices(self.own, self.told, self.moments, self.terms.pipeline.analysis, self.view)
        for row in self.rows:
            self.goods.tell_prices(int(row), self.view)


@kernel
def forecast_prices(
    day: int, entity: int, key: Key, sd: float, noise_key: Key, noise_sd: float, price: Floats, forecast: Floats
) -> None:
    """Write a forecast of the day's prices, EUR/MWh, shape (24,).

    Args:
        day, entity, key: address of the error; `sd`: of the error, EUR/MWh; it persists from hour to hour.
        noise_key, noise_sd: announced noise that is added for good measure, independent by hour, EUR/MWh.
        price: what will come true, EUR/MWh, shape (24,).
        forecast: result.
    """
    error = 0.0
    for h in range(HOURS):
        shock = normal(key, entity, day, h)
        if h == 0:
            error = sd * shock
        else:
            error = FORECAST_PERSISTENCE * error + np.sqrt(1.0 - FORECAST_PERSISTENCE**2) * sd * shock
        forecast[h] = price[h] + error
        if noise_sd > 0.0:
            forecast[h] += noise_sd * normal(noise_key, entity, day, h)


@kernel
def learn_price_gain(price: Floats, own: Floats, told: Floats, memory: float, moments: Floats) -> None:
    """Update, in place, what a told forecast is worth beyond one's own, shapes (24,): moments of the day's shape.

    `moments`: of (error of one's own, news of the told one), (EUR/MWh)2, shape (2,); they fade with `memory`.
    """
    moments[:] *= memory
    news = (told - told.mean()) - (own - own.mean())
    moments[0] += ((price - price.mean() - own + own.mean()) * news).sum()
    moments[1] += (news * news).sum()


@kernel
def combine_prices(own: Floats, told: Floats, moments: Floats, analysis: bool, view: Floats) -> None:
    """Write the view of the day that a firm plans on, EUR/MWh, shape (24,): its own, and the news at the learnt gain.

    Only the day's shape matters for shifting within it. Without `analysis` the told forecast is taken at its word.
    """
    if not analysis:
        view[:] = told
        return
    gain = max(0.0, moments[0] / moments[1]) if moments[1] > 0.0 else 0.0
    view[:] = own + gain * ((told - told.mean()) - (own - own.mean()))


class Sharing:
    """All contracts of a run, the platforms they run over, and their money.

    Attributes:
        contracts: at work, in the order of the inputs.
        platforms: those that have members.
        members: member groups and utilities by platform.
        exposure: who could leak what; its revealed shares are those of burn-in.
        postings: yearly payments; `daily`: EUR a day of each; `cash`: what they move in each firm's account a day.
    """

    def __init__(self, stage: Stage, goods: Goods, power: Power) -> None:
        self.stage, inputs = stage, stage.inputs
        self.online = {p.name: platform_days(stage, p) for p in inputs.data_platforms}
        self.online[""] = np.ones(stage.futures.calendar.days, np.bool_)
        self.contracts: list[Agreement] = [
            self._at_work(goods, power, terms) for terms in inputs.contracts if not is_null(terms)
        ]
        self.own_logs = OwnLogs(stage, goods)
        self.members = members_of(self.contracts, inputs)
        self.platforms = [p for p in inputs.data_platforms if self.members[p.name]]
        first = stage.population.makers + len(inputs.utilities)
        self.platform_rows = first + np.arange(len(inputs.data_platforms))
        if self.platform_rows.size:
            stage.live.members[self.platform_rows] = [sum(m.values()) for m in self.members.values()]
        self.exposure = self._exposure()
        self.postings = self._postings()
        self.cash, self.daily = daily_cash(self.postings, self.stage.population), self._daily()
        self._losses: LossYears | None = None
        self._risk: dict[tuple[str, str], float] | None = None

    def _at_work(self, goods: Goods, power: Power, terms: DataContract) -> Agreement:
        stage, online = self.stage, self.online[terms.platform]
        if terms.asset == "orders":
            return OrderContract(stage, goods, terms, online)
        if terms.asset == "meter":
            return MeterContract(stage, power, terms, online)
        if terms.asset == "log":
            return LogContract(stage, goods, power, terms, online)
        if terms.asset == "price_forecast":
            return ForecastContract(stage, goods, power, terms, online)
        return PlanContract(stage, goods, power, complying(terms, stage.inputs.privacy), online)

    def advise(self, day: int) -> None:
        """Open the platforms for the day, and let utilities' forecasts reach the works before they plan."""
        if self.platform_rows.size:
            self.stage.live.online[self.platform_rows] = [
                self.online[p.name][day] for p in self.stage.inputs.data_platforms
            ]
        for contract in self.contracts:
            contract.advise(day)
        self.own_logs.advise(day)

    def share(self, day: int) -> None:
        """Let the works' plans reach their partners before the gate, then what logs tell beyond them."""
        for contract in sorted(self.contracts, key=lambda one: isinstance(one, LogContract)):
            contract.use(day)

    def learn(self, day: int) -> None:
        """Take in how the day went, where that is nobody's meter: crews write up their log."""
        for contract in self.contracts:
            contract.learn(day)
        self.own_logs.learn(day)

    def settle_exposure(self) -> None:
        """From now on book what the records of burn-in turned out to reveal."""
        self.exposure = self._exposure()
        self.postings = self._postings()
        self.cash, self.daily = daily_cash(self.postings, self.stage.population), self._daily()
        self._losses, self._risk = None, None

    def risk(self, read: Callable[[Sharing], dict[tuple[str, str], float]]) -> dict[tuple[str, str], float]:
        """Return the outcomes that `read` reads off the exposure; once, since exposure stays as burn-in left it."""
        if self._risk is None:
            self._risk = read(self)
        return self._risk

    def loss_years(self) -> LossYears:
        """Return nested years of breach losses and fines; drawn once."""
        if self._losses is None:
            years = self.stage.inputs.incidents.loss_years
            self._losses = self.exposure.loss_years(self.stage.key("breach"), years)
        return self._losses

    def _daily(self) -> Floats:
        """Return EUR a day by posting, shape (posting,)."""
        return np.array([posting.eur / YEAR_DAYS for posting in self.postings])

    def _exposure(self) -> Exposure:
        return Exposure(
            [copy for contract in self.contracts for copy in copies_of(contract, self.stage)],
            self.stage.inputs.privacy,
        )

    def _postings(self) -> list[Posting]:
        """Return every yearly payment that sharing causes."""
        found = []
        for contract in self.contracts:
            found += contract_postings(contract.terms, self.stage.population)
        for platform in self.platforms:
            found += self._platform_postings(platform)
        exposure = self.exposure
        found += [Posting(name, RESOURCES, "breach", eur) for name, eur in exposure.expected_loss().items()]
        security, fines = self.by_party(exposure.security_cost()), self.by_party(exposure.expected_fine())
        found += [Posting(name, RESOURCES, "security", eur) for name, eur in security.items()]
        if self.stage.inputs.privacy.fine_probability > 0.0:
            found += [Posting(name, REGULATOR, "fine", eur) for name, eur in fines.items()]
        return found

    def by_party(self, holders: dict[str, float]) -> dict[str, float]:
        """Return amounts of single holders added up by party: under a mutual exchange a group's members hold copies."""
        people = self.stage.population
        party = {firm: people.parties[p] for firm, p in zip(people.names, people.party, strict=True)}
        found: dict[str, float] = {}
        for name, eur in holders.items():
            owner = party.get(name, name)
            found[owner] = found.get(owner, 0.0) + eur
        return found

    def _platform_postings(self, platform: DataPlatformInputs) -> list[Posting]:
        """Return a platform's costs, its members' fees and interfaces, and who bears the result."""
        exposed = self.exposure
        extra = (exposed.security_cost().get(platform.name, 0.0), exposed.expected_fine().get(platform.name, 0.0))
        return hub_postings(platform, self.members[platform.name], own_side="interface", extra=extra)


def members_of(contracts: list[Agreement], inputs: ModelInputs) -> dict[str, dict[str, int]]:
    """Return the parties to contracts over each platform, with the number of firms in each."""
    count = {m.name: m.count for m in inputs.manufacturers} | {u.name: 1 for u in inputs.utilities}
    found: dict[str, dict[str, int]] = {p.name: {} for p in inputs.data_platforms}
    for terms in (contract.terms for contract in contracts):
        if terms.platform:
            found[terms.platform] |= {name: count[name] for name in (*sharers(terms), terms.partner)}
    return found


def contract_postings(terms: DataContract, people: Population) -> list[Posting]:
    """Return the fees of a contract and, unless it runs over a platform, its bilateral interfaces."""
    sizes = {name: people.size_of(name) for name in (*sharers(terms), terms.partner)}
    found = [
        Posting(terms.partner, name, "fee", sizes[name] * sizes[terms.partner] * terms.fee) for name in sharers(terms)
    ]
    if terms.platform:
        return found
    links = sum(sizes[name] for name in sharers(terms)) * sizes[terms.partner]
    for name in sharers(terms):
        own = sizes[name] * sizes[terms.partner] * terms.provider_share * terms.interface_cost
        found.append(Posting(name, RESOURCES, "interface", own))
    partner = links * (1.0 - terms.provider_share) * terms.interface_cost
    found.append(Posting(terms.partner, RESOURCES, "interface", partner))
    if terms.exchange == "mutual":
        firms = [f"{name}/{k}" for name in sharers(terms) for k in range(sizes[name])]
        pairs = ((one, other) for i, one in enumerate(firms) for other in firms[:i])
        paid = interface_costs(pairs, "pairwise", terms.interface_cost)
        for name in sharers(terms):
            eur = sum(cost for firm, cost in paid.items() if firm.rpartition("/")[0] == name)
            found.append(Posting(name, RESOURCES, "interface", eur))
    return found


def copies_of(contract: Agreement, stage: Stage) -> list[Copy]:
    """Return the copies of its sharers' asset that a contract makes: at the partner, the platform and other sharers."""
    terms, people, inputs = contract.terms, stage.population, stage.inputs
    platform = next((p for p in inputs.data_platforms if p.name == terms.platform), None)
    owners = owners_of(terms, people)
    turnover = yearly_revenue(people)
    found = []
    for k, (owner, group, row) in enumerate(owners):
        revealed, readable = float(contract.revealed[k]), float(contract.readable[k])
        holders = [(terms.partner, terms.breach_rate, terms.security, revealed, _sales(terms.partner, stage))]
        if platform is not None:
            share = readable if platform.holds == "records" else 0.0
            holders.append((platform.name, platform.breach_rate, platform.security, share, 0.0))
        if terms.exchange == "mutual":
            others = [(o, r) for o, _, r in owners if o != owner]
            holders += [(o, terms.breach_rate, terms.security, revealed, float(turnover[r])) for o, r in others]
        for holder, rate, security, share, sales in holders:
            found.append(
                Copy(
                    owner=owner,
                    group=group,
                    asset=terms.asset,
                    holder=holder,
                    median=terms.breach_median * sensitivity_of(group, inputs),
                    sigma=terms.breach_sigma,
                    cap=float(turnover[row]) if row >= 0 else math.inf,
                    revealed=share,
                    rate=rate,
                    security=security,
                    turnover=sales,
                    records=YEAR_DAYS * ASSETS[terms.asset].values_per_day(terms.resolution),
                    regulated=share > 0.0 and terms.asset != "price_forecast",
                )
            )
    return found


def sensitivity_of(group: str, inputs: ModelInputs) -> float:
    """Return how much a leak of a group's records costs over what its contracts say, 1."""
    return next((m.records.sensitivity for m in inputs.manufacturers if m.name == group), 1.0)


def owners_of(terms: DataContract, people: Population) -> list[tuple[str, str, int]]:
    """Return (firm, its group, its row or -1) of everybody whose asset a contract shares."""
    if terms.asset == "orders":
        return [(CUSTOMERS, CUSTOMERS, -1)]
    if terms.asset == "price_forecast":
        return [(terms.provider, terms.provider, -1)]
    return [(people.names[row], name, int(row)) for name in sharers(terms) for row in people.of_group(name)]


def yearly_revenue(people: Population) -> Floats:
    """Return every manufacturer's usual revenue, EUR/yr: no breach can cost more than a firm earns, shape (n,)."""
    revenue: Floats = people.spread("process", "unit_price") * signal_means(people) * YEAR_DAYS
    return revenue


def _sales(partner: str, stage: Stage) -> float:
    """Return the usual revenue of a holder, EUR/yr: a utility sells what its customers draw at the mean price."""
    people = stage.population
    if partner in [m.name for m in stage.inputs.manufacturers]:
        return float(yearly_revenue(people)[people.of_group(partner)].mean())
    return usual_load_mw(people, partner) * YEAR_HOURS * float(stage.futures.price.mean())
