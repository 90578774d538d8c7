"""All contracts of a run at work: platforms, who pays for what, and who could leak what."""

import dataclasses
import math
from typing import Any

from model.assets import ASSETS
from model.inputs import DataContract
from model.security import PrivacyRule
from tests.reference.accounts import Account
from tests.reference.contracts import ForecastContract, MeterContract, OrderContract
from tests.reference.draws import entity_number
from tests.reference.exposure import Copy, Exposure
from tests.reference.logs import LogContract, MinedLog
from tests.reference.plans import PlanContract

YEAR_DAYS = 365.0

type Posting = tuple[str, str, str, float]


class Platform(Account):
    """A data platform: an account that is down from time to time."""

    def __init__(self, model: Any, terms: Any) -> None:
        super().__init__(terms.name)
        self.terms = terms
        self.members: dict[str, int] = {}
        self.online: list[bool] = []
        works, draws = True, model.streams["platform_outage"]
        for day in range(model.days):
            chance = draws.uniform(entity_number(terms.name), day)
            fails, returns = terms.outage_rate / YEAR_DAYS, 1.0 / terms.outage_days
            works = chance >= fails if works else chance < returns
            self.online.append(works)


class Sharing:
    """Contracts, platforms and their money."""

    def __init__(self, model: Any) -> None:
        self.model, self.inputs = model, model.inputs
        self.platforms = [Platform(model, terms) for terms in self.inputs.data_platforms]
        at_work = [terms for terms in self.inputs.contracts if not math.isinf(terms.noise_sd)]
        self.contracts = [self._contract(terms) for terms in at_work]
        batch = [firm for firm in model.firms if firm.terms.process.kind == "batch"]
        self.own_logs = [MinedLog(model, f) for f in batch if f.terms.process.own_mining]
        for contract in self.contracts:
            platform = self._platform(contract.terms)
            if platform:
                for name in (*self.sharers(contract.terms), contract.terms.partner):
                    platform.members[name] = self.size(name)
        self.revealed: dict[int, tuple[list[float], list[float]]] = {}
        self.postings = self._postings()

    def sharers(self, terms: DataContract) -> list[str]:
        """Return the parties that share."""
        return [terms.provider, *terms.members]

    def firms(self, name: str) -> list[Any]:
        """Return the firms or the utility that bear a name."""
        return [agent for agent in (*self.model.firms, *self.model.utilities) if agent.party == name]

    def size(self, name: str) -> int:
        """Return how many firms bear a name; customers are one party."""
        return max(1, len(self.firms(name)))

    def _platform(self, terms: DataContract) -> Platform | None:
        return next((platform for platform in self.platforms if platform.party == terms.platform), None)

    def _contract(self, terms: DataContract) -> Any:
        model, platform = self.model, self._platform(terms)
        givers = [firm for name in self.sharers(terms) for firm in self.firms(name)]
        takers = self.firms(terms.partner)
        if terms.asset == "orders":
            return OrderContract(model, terms, takers)
        if terms.asset == "meter":
            return MeterContract(model, terms, givers, takers[0], platform)
        if terms.asset == "price_forecast":
            return ForecastContract(model, terms, givers[0], takers, platform)
        if terms.asset == "log":
            return LogContract(model, terms, givers, takers[0], platform)
        return PlanContract(model, tightened(terms, self.inputs.privacy), givers, takers[0], platform)

    def advise(self, day: int) -> None:
        """Let what flows before the plans are made arrive."""
        for firm in self.model.firms:
            firm.told_prices = None
        for contract in self.contracts:
            if isinstance(contract, (ForecastContract, LogContract, MeterContract)):
                contract.advise(day)
        for log in self.own_logs:
            log.predict(day)
            log.maintain_if_worth_it()

    def share(self, day: int) -> None:
        """Let plans arrive at the gate, then what logs tell."""
        for kind in (PlanContract, LogContract):
            for contract in self.contracts:
                if isinstance(contract, kind):
                    contract.use(day)

    def learn(self, day: int) -> None:
        """Let crews write up the day."""
        for contract in self.contracts:
            if isinstance(contract, LogContract):
                for log in contract.logs:
                    log.write(day)
        for log in self.own_logs:
            log.write(day)

    def pay(self, day: int) -> None:
        """Book a day's share of every yearly payment; after burn-in it is known what records reveal."""
        if day == self.inputs.calendar.burn_in:
            for contract in self.contracts:
                if isinstance(contract, PlanContract):
                    self.revealed[id(contract)] = (contract.revealed(), contract.readable())
            self.postings = self._postings()
        for payer, payee, kind, eur in (*self.postings, *self.model.yearly):
            self.model.books.pay_between(self._purses(payer), self._purses(payee), kind, eur / YEAR_DAYS)

    def _purses(self, name: str) -> list[Any]:
        model = self.model
        outside = [model.market, model.grid, model.consumers, model.resources, model.regulator, *model.platforms]
        return self.firms(name) or [account for account in outside if account.party == name]

    def _postings(self) -> list[Posting]:
        found: list[Posting] = []
        self.exposure = Exposure(
            [c for contract in self.contracts for c in self._copies(contract)], self.inputs.privacy
        )
        for contract in self.contracts:
            found += self._of_contract(contract.terms)
        security, fines = self.exposure.security(), self.exposure.fines()
        for platform in self.platforms:
            if platform.members:
                lost = security.get(platform.party, 0.0) + fines.get(platform.party, 0.0)
                found += self._of_platform(platform, lost)
        found += [(name, "resources", "breach", eur) for name, eur in self.exposure.losses().items()]
        found += [(name, "resources", "security", eur) for name, eur in security.items()]
        return found + [(name, "regulator", "fine", eur) for name, eur in fines.items() if eur > 0.0]

    def _of_contract(self, terms: DataContract) -> list[Posting]:
        """Return the fee for every pair of parties and, without a platform, an interface for every pair."""
        found: list[Posting] = []
        takers, cost = self.size(terms.partner), terms.interface_cost
        for name in self.sharers(terms):
            pairs = self.size(name) * takers
            found.append((terms.partner, name, "fee", pairs * terms.fee))
            if not terms.platform:
                found.append((name, "resources", "interface", pairs * cost * terms.provider_share))
                found.append((terms.partner, "resources", "interface", pairs * cost * (1.0 - terms.provider_share)))
        if terms.exchange == "mutual" and not terms.platform:
            parties = [name for name in self.sharers(terms) for _ in range(self.size(name))]
            for i, one in enumerate(parties):
                for other in parties[:i]:
                    found += [(name, "resources", "interface", cost / 2.0) for name in (one, other)]
        return found

    def _of_platform(self, platform: Platform, lost: float) -> list[Posting]:
        """Return what a platform costs; a cooperative passes on its result, operators keep it."""
        terms, name, count = platform.terms, platform.party, sum(platform.members.values())
        found: list[Posting] = [(name, "resources", "platform", terms.hub_cost)]
        for member, firms in platform.members.items():
            found.append((member, "resources", "interface", firms * terms.member_cost))
            found.append((member, name, "platform_fee", firms * terms.fee))
            if terms.governance == "cooperative":
                result = count * terms.fee - terms.hub_cost - lost
                found.append((name, member, "platform_result", result * firms / count))
        return found

    def _copies(self, contract: Any) -> list[tuple[Copy, Any]]:
        """Return every copy that a contract makes, with the security asked for it: at partner, platform and sharers."""
        terms, platform = contract.terms, self._platform(contract.terms)
        owners = [firm for name in self.sharers(terms) for firm in self.firms(name)]
        if terms.asset in ("orders", "price_forecast"):
            owners = [None]
        found = []
        known = id(contract) in self.revealed
        for m, owner in enumerate(owners):
            shares = (column[m] for column in self.revealed[id(contract)]) if known else (1.0, 1.0)
            seen, read = shares
            holders = [
                (terms.partner, terms.partner, terms.breach_rate, terms.security, self.sales(terms.partner), seen)
            ]
            if platform:
                read = read if platform.terms.holds == "records" and terms.variant != "encrypted" else 0.0
                rate, guard = platform.terms.breach_rate, platform.terms.security
                holders.append((platform.party, platform.party, rate, guard, 0.0, read))
            for other in owners if terms.exchange == "mutual" else []:
                if other is not owner:
                    own = self.revenue(other)
                    holders.append((other.name, other.party, terms.breach_rate, terms.security, own, seen))
            for holder, bearer, rate, security, sales, revealed in holders:
                copy = Copy(
                    owner=owner.name if owner else terms.provider,
                    group=owner.party if owner else terms.provider,
                    asset=terms.asset,
                    holder=holder,
                    bearer=bearer,
                    rate=rate,
                    sales=sales,
                    median=terms.breach_median * (owner.terms.records.sensitivity if owner else 1.0),
                    sigma=terms.breach_sigma,
                    cap=self.revenue(owner) if owner else math.inf,
                    revealed=revealed,
                    regulated=revealed > 0.0 and terms.asset != "price_forecast",
                    records=YEAR_DAYS if terms.asset in ("orders", "log") else 8760.0 / terms.resolution,
                )
                found.append((copy, security))
        return found

    def revenue(self, firm: Any) -> float:
        """Return what a firm usually sells in a year, EUR."""
        return float(firm.terms.process.unit_price * firm.usual_demand * YEAR_DAYS)

    def sales(self, name: str) -> float:
        """Return the usual revenue of a contract's partner: of each firm, or of a utility at the mean price."""
        agents = self.firms(name)
        if agents[0] in self.model.firms:
            return self.revenue(agents[0])
        prices = [price for day in self.model.futures.price.tolist() for price in day]
        load = self.model.usual_load_of([firm for firm in self.model.firms if firm.utility is agents[0]])
        return float(load * 8760.0 * math.fsum(prices) / len(prices))

    def outcomes(self, year: float) -> dict[tuple[str, str], float]:
        """Return what the contracts did; `year` is 365 days over the days counted."""
        books, values = self.model.books, self.exposure.outcomes()
        for contract in self.contracts:
            terms = contract.terms
            for party in (*self.sharers(terms), terms.partner):
                values["sharing_fee", party] = year * books.paid(party, "fee")
            for name in self.sharers(terms):
                asset = ASSETS[terms.asset]
                volume = 16.0 * (24 // terms.resolution if asset.hourly else 1)
                if isinstance(contract, LogContract):
                    volume = contract.bytes_a_day() or volume
                    values["mining_skill", name] = contract.skill(name)
                values["data_volume", name] = values.get(("data_volume", name), 0.0) + volume * YEAR_DAYS / 1e6
                values["data_age", name] = max(values.get(("data_age", name), 0.0), asset.age_hours)
                if isinstance(contract, PlanContract):
                    values |= {(key, name): value for key, value in contract.outcomes(name).items()}
        for platform in self.platforms:
            for party in (*platform.members, platform.party) if platform.members else ():
                paid = books.paid(party, "platform_fee") + books.paid(party, "platform_result")
                values["platform_payment", party] = year * paid
        return values


def tightened(terms: DataContract, rule: PrivacyRule) -> DataContract:
    """Return a plan contract as the rule lets it be; it does not touch what nobody sees a record of."""
    if terms.variant == "encrypted":
        return terms
    blocks = [hours for hours in (1, 2, 3, 4, 6, 8, 12, 24) if hours >= max(terms.resolution, rule.block_min)]
    terms = dataclasses.replace(terms, resolution=blocks[0])
    if terms.release == "records" and rule.k_min > terms.k:
        terms = dataclasses.replace(terms, variant="anonymised", k=rule.k_min)
    if math.isinf(rule.epsilon_max):
        return terms
    strength = {"none": 0, "heat": 1, "day": 2, "firm": 3}
    if terms.epsilon > rule.epsilon_max:
        terms = dataclasses.replace(terms, variant="anonymised", epsilon=rule.epsilon_max)
    if strength[terms.protected] < strength[rule.protected]:
        terms = dataclasses.replace(terms, protected=rule.protected)
    return terms
