"""Technology at work: what firms know and find out, what it does to costs, electricity and product markets.

Experience lowers unit costs and electricity per unit, research lowers unit costs; contracts pass both on. What a firm
declares as its unit cost holds with the research that it does on its own in equilibrium with its rivals, and with the
public experience that this lets it take in, so that only changes against it count. A utility has no costs that would
follow from what it knows, but others can learn it, and it can learn from them. Where nothing of it is declared there is
no state, and every bit of a run is left as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from model.books import Account, Book
from model.errors import BalanceError
from model.expertise import knowledge_at_start, of_everybody
from model.extensions import blamed, class_of, origin
from model.hubs import platform_days
from model.know_how import AREAS
from model.ledger import RESOURCES
from model.mechanisms.knowledge import absorptive_capacity, cost_change, effective_doublings, leak
from model.mechanisms.research import NO_MARKET
from model.mechanisms.technology import Pairs, Quarter, TechnologyMechanism
from model.rivalry import Rivalry
from model.session import Bools, Draws
from model.streams import Floats, Ints, entity_id

if TYPE_CHECKING:
    from model.goods import Goods
    from model.stage import Stage
    from model.technology_terms import TechnologyContract

YEAR_DAYS = 365.0
QUARTER_MONTHS = 3
ROUNDING = 1e-9
"""Loss of knowledge, in doublings, or of royalties, as a part of them, that is rounding."""
COUNTED = ("cost_change", "energy_change", "price_change", "spending", "knowledge_gain")
"""What is counted for each firm on each day that counts."""


@dataclass
class AtWork:
    """A technology contract at work.

    Attributes:
        terms: of the contract.
        rows: members in the firm table, shape (m,).
        mechanism: what it does.
        online: whether its platform works, by day.
        leaks: part of what is newly learnt that gets to rivals outside.
        learnt: doublings learnt under it so far, shape (m, area).
        waiting: whether this quarter's part is still to be done, since the platform was down.
    """

    terms: TechnologyContract
    rows: Ints
    mechanism: TechnologyMechanism
    online: Any
    leaks: float
    learnt: Floats = field(default_factory=lambda: np.zeros(0))
    waiting: bool = False

    def __post_init__(self) -> None:
        """Begin with nothing learnt."""
        self.learnt = np.zeros((self.rows.size, len(AREAS)))


@dataclass
class Payments:
    """The lines of one kind: of all groups of makers, and of utilities by their row in the firm table."""

    makers: Account
    utilities: dict[int, Account]


class Technology:
    """The submodel of technology of one model.

    Attributes:
        active: whether anything is declared.
        book: its postings.
        contracts: those at work.
        knowledge: doublings by area, makers first, then utilities, shape (firm, area); `experience`: those of own
            output alone. What is public is not in them.
        public: public experience that a firm takes in, over its own at the start, shape (maker,).
        gained: doublings of effective experience since the start, mean over areas, shape (maker,).
        rivalry: research, and the product markets.
    """

    def __init__(self, stage: Stage, goods: Goods) -> None:
        people = stage.population
        self.stage, self.goods = stage, goods
        self.book = Book(people)
        self.days = 0
        declared = {name: of_everybody(people, name) for name in DECLARED}
        self.contracts = [
            self._at_work(terms) for terms in stage.inputs.technology_contracts if not self._kind(terms).is_null(terms)
        ]
        self.active = bool(self.contracts) or any(declared[name].any() for name in ACTIVE)
        if not self.active:
            return
        self.declared = declared
        self.makers = people.makers
        self.knowledge = knowledge_at_start(stage)
        self.start, self.experience = self.knowledge.copy(), self.knowledge.copy()
        self.made_before = declared["experience"][: self.makers] * YEAR_DAYS * goods.stock.filter_mean
        self.made = np.zeros(people.makers)
        self.rivalry = Rivalry(stage, goods)
        self.public = (declared["public_experience"] * self._capacity(np.arange(self.start.shape[0])))[: self.makers]
        outside = np.full(len(stage.inputs.utilities), NO_MARKET)
        self.place = np.concatenate([self.rivalry.place, outside])
        self.cost_change, self.price_change = np.zeros(people.makers), np.zeros(people.makers)
        self.demand_change, self.energy_factor = np.zeros(people.makers), np.ones(people.makers)
        self.gained = np.zeros(people.makers)
        self.counted = {name: np.zeros(people.makers) for name in COUNTED}
        self.consumers_gain = 0.0
        self.marks = np.zeros(self.start.shape[0])
        self.begins = _quarter_begins(stage)
        self.first = stage.inputs.calendar.burn_in
        self.research = self.book.account("research") if self.rivalry.spending.any() else None
        self.coordination = self._accounts("coordination", self.contracts) if self.contracts else None
        if tied := self._tied(0):
            self.rivalry.check(tied)
        licensing = [contract for contract in self.contracts if contract.terms.royalty > 0.0]
        self.royalty: list[tuple[Payments, list[AtWork]]] = []
        for name in dict.fromkeys(contract.terms.platform for contract in licensing):
            over_it = [contract for contract in licensing if contract.terms.platform == name]
            self.royalty.append((self._accounts("royalty", over_it, name), over_it))

    def review(self, day: int) -> None:
        """Begin the day: on the first day of a quarter learn and plan research anew; then book what all that costs.

        Contracts begin on the first day that counts: what they would bring about in burn-in would be had for nothing.
        """
        if not self.active:
            return
        self.book.clear()
        made_yesterday = self.stage.live.produced[: self.made.size] if day > 0 else np.zeros(self.made.size)
        self.made += made_yesterday
        held = np.zeros(self.marks.size)
        quarter = bool(self.begins[day])
        if quarter:
            self._learn_by_doing()
        if day == self.first or (quarter and day > self.first):
            self._plan_research(day)
            for contract in self.contracts:
                contract.waiting = True
        due = [contract for contract in self.contracts if contract.waiting and contract.online[day]]
        for contract in due:
            held[contract.rows] += self._learn_together(contract, day) * contract.terms.transfer_cost
        if due or quarter or day == self.first:
            self._apply()
        self._pay(held, made_yesterday)

    def count(self) -> None:
        """Count today."""
        self.days += 1
        if not self.active:
            return
        for name, today in zip(COUNTED, self._today(), strict=True):
            self.counted[name] += today
        self.consumers_gain += self.rivalry.consumers_gain(self.price_change, self.demand_change)

    def outcomes(self, scale: float) -> dict[tuple[str, str], float]:
        """Return (name, party) -> value; sums over the days counted become yearly by `scale`, levels are daily means.

        Nothing where nothing is declared.
        """
        if not self.active or not self.days:
            return {}
        values = {
            ("consumers_gain", ""): self.consumers_gain * scale,
            ("mean_knowledge", ""): float(self.counted["knowledge_gain"].mean()) / self.days,
        }
        people = self.stage.population
        for g, firm in enumerate(self.stage.inputs.manufacturers):
            rows = people.group == g
            mean = {name: float(self.counted[name][rows].mean()) / self.days for name in COUNTED}
            values["research_spending", firm.name] = mean["spending"] * float(rows.sum()) * self.days * scale
            values["unit_cost_change", firm.name] = mean["cost_change"]
            values["energy_change", firm.name] = mean["energy_change"]
            values["price_change", firm.name] = mean["price_change"]
        return values

    def _today(self) -> tuple[Floats, ...]:
        """Return what `COUNTED` counts, each of shape (maker,)."""
        return self.cost_change, self.energy_factor - 1.0, self.price_change, self.rivalry.spending, self.gained

    def _capacity(self, rows: Ints) -> Floats:
        """Return the part of what is laid open that firms can take in by their present research, shape as `rows`."""
        share, makes = np.zeros(rows.size), rows < self.makers
        share[makes] = self.rivalry.research_share(rows[makes])
        return absorptive_capacity(share, self.declared["half_learning"][rows])

    def _kind(self, terms: TechnologyContract) -> type[TechnologyMechanism]:
        found = class_of(self.stage.inputs.extensions, "technology", terms.variant)
        assert found is not None, "inputs refuse unknown variants"
        assert issubclass(found, TechnologyMechanism), "extensions are looked up by kind"
        return found

    def _at_work(self, terms: TechnologyContract) -> AtWork:
        stage, people = self.stage, self.stage.population
        rows = np.concatenate([people.rows_of(name) for name in terms.members])
        entities = np.array([entity_id(f"{terms.name}/{people.names[row]}") for row in rows], dtype=np.int64)
        platform = next(p for p in stage.inputs.technology_platforms if p.name == terms.platform)
        return AtWork(
            terms=terms,
            rows=rows,
            mechanism=self._kind(terms)(terms, rows.size, Draws(stage.key, entities)),
            online=platform_days(stage, platform),
            leaks=terms.leakage * (1.0 - platform.protection),
        )

    def _accounts(self, kind: str, contracts: list[AtWork], payee: str = RESOURCES) -> Payments:
        """Open the lines of `kind` of all groups of makers, and of the utilities that are members of a contract."""
        rows = np.unique(np.concatenate([contract.rows for contract in contracts]))
        names = self.stage.population.names
        of_utilities = {int(row): self.book.account_of(names[row], kind, payee) for row in rows if row >= self.makers}
        return Payments(self.book.account(kind, payee), of_utilities)

    def _learn_by_doing(self) -> None:
        """Add the doublings of own output in the past quarter, of firms whose costs or electricity fall with it."""
        d = self.declared
        has_effect = (d["learning_rate"] + d["energy_learning"])[: self.makers] > 0.0
        learns = np.flatnonzero(has_effect & (self.made_before > 0.0))
        before, made = self.made_before[learns], np.maximum(0.0, self.made[learns])
        doublings = np.log2((before + made) / before)[:, None]
        self.knowledge[learns] += doublings
        self.experience[learns] += doublings
        self.made_before += self.made
        self.made[:] = 0.0

    def _quarter(self, contract: AtWork, day: int) -> Quarter:
        rows, d = contract.rows, self.declared
        return Quarter(day, self.knowledge[rows], self.experience[rows], d["absorption"][rows], self._capacity(rows))

    def _plan_research(self, day: int) -> None:
        """Let firms that are tied by contracts, and their rivals, plan their research; results arrive by and by."""
        if tied := self._tied(day):
            self.rivalry.plan(tied)
            self.rivalry.go_on(self.declared["review"][: self.makers])

    def _tied(self, day: int) -> list[tuple[Ints, Pairs, float]]:
        """Return members, terms of research and damping of the contracts that say anything about research of makers."""
        terms = []
        for contract in self.contracts:
            with blamed(f"{contract.terms.name} on day {day}"):
                pairs = contract.mechanism.research(self._quarter(contract, day))
            terms.append((*among(contract.rows < self.makers, contract.rows, pairs), contract.terms.damping))
        return [(rows, pairs, damping) for rows, pairs, damping in terms if pairs.one.size]

    def _learn_together(self, contract: AtWork, day: int) -> Floats:
        """Let the members of a contract learn, and rivals from what leaks; return each member's meetings.

        Raises:
            BalanceError: if the mechanism lets anybody forget.
        """
        contract.waiting = False
        rows, before = contract.rows, self.knowledge[contract.rows]
        quarter = self._quarter(contract, day)
        with blamed(f"{contract.terms.name} on day {day}"):
            contract.mechanism.learn(quarter)
        learnt = quarter.knowledge - before
        if not bool(np.all(np.isfinite(learnt) & (learnt >= -ROUNDING))):
            variant = f"{contract.terms.variant}{origin(contract.mechanism)}"
            msg = f"contract {contract.terms.name}: under {variant} somebody forgets on day {day}"
            raise BalanceError(msg)
        self.knowledge[rows] = quarter.knowledge
        contract.learnt += learnt
        if contract.leaks > 0.0:
            self.marks[rows] = 1.0
            first, sellers = self.rivalry.first, self.rivalry.sellers
            leak(rows, learnt, self.place, first, sellers, self.marks, contract.leaks, self.knowledge)
            self.marks[rows] = 0.0
        with blamed(f"{contract.terms.name} on day {day}"):
            return contract.mechanism.meetings()

    def _apply(self) -> None:
        """Carry knowledge and research results over to costs, electricity per unit, and the product markets."""
        goods, base = self.goods, self.rivalry.unit_cost
        d = {name: of_all[: self.makers] for name, of_all in self.declared.items()}
        gained = effective_doublings(self.knowledge[: self.makers] - self.start[: self.makers], self.public)
        learnt = base * cost_change(gained, d["learning_rate"], d["learnable_share"])
        change = np.maximum(-base, learnt - self.rivalry.reduction)
        price_change, demand_change = self.rivalry.respond(change)
        energy = (1.0 - d["energy_learning"]) ** gained[:, AREAS.index("energy")]
        goods.prices[:, 1] += change - self.cost_change
        goods.prices[:, 0] += price_change - self.price_change
        step = demand_change - self.demand_change
        self.stage.live.demand_mean[: step.size] += step
        goods.stock.filter_mean += self.rivalry.along_the_chain(step)
        more = energy / self.energy_factor
        goods.process[:, 0] *= more[goods.batch]
        goods.mean_load *= more[goods.shaped]
        self.cost_change, self.price_change, self.demand_change = change, price_change, demand_change
        self.energy_factor, self.gained = energy, gained.mean(axis=1)

    def _pay(self, meetings: Floats, made: Floats) -> None:
        """Book today's research, coordination and royalties; `meetings` is EUR, `made` yesterday's output."""
        if self.research is not None:
            self.book.pay(self.research, self.rivalry.spending)
        if self.coordination is not None:
            self._book(self.coordination, meetings)
        for payments, contracts in self.royalty:  # members pay each other through the platform
            net = np.zeros(meetings.size)
            for contract in contracts:
                net[contract.rows] += self._royalties(contract, made)
            self._book(payments, net)

    def _book(self, payments: Payments, eur: Floats) -> None:
        """Book what makers and utilities pay, EUR, shape (firm,)."""
        self.book.pay(payments.makers, eur[: self.makers])
        for row, account in payments.utilities.items():
            self.book.pay(account, float(eur[row]))

    def _royalties(self, contract: AtWork, made: Floats) -> Floats:
        """Return what each member of a contract pays net, EUR, shape (m,).

        Raises:
            BalanceError: if the mechanism makes money, or loses some.
        """
        with blamed(f"royalties of {contract.terms.name}"):
            net = contract.mechanism.royalties(self._saved(contract, made))
        if not abs(net.sum()) <= ROUNDING * max(1.0, np.abs(net).sum()):
            variant = f"{contract.terms.variant}{origin(contract.mechanism)}"
            msg = f"contract {contract.terms.name} ({variant}): royalties add up to {net.sum():.9g} EUR, not to zero"
            raise BalanceError(msg)
        return net

    def _saved(self, contract: AtWork, made: Floats) -> Floats:
        """Return EUR that each member saves by what it learnt under a contract, with the output `made`, shape (m,)."""
        makes = contract.rows < self.makers
        rows, d = contract.rows[makes], self.declared
        own, terms = self.knowledge[rows] - self.start[rows], (d["learning_rate"][rows], d["learnable_share"][rows])
        with_it = cost_change(effective_doublings(own, self.public[rows]), *terms)
        without = cost_change(effective_doublings(own - contract.learnt[makes], self.public[rows]), *terms)
        saved = np.zeros(contract.rows.size)
        saved[makes] = made[rows] * self.rivalry.unit_cost[rows] * (without - with_it)
        return saved


def among(chosen: Bools, rows: Ints, pairs: Pairs) -> tuple[Ints, Pairs]:
    """Return some of the members, and the pairs of which both are; `chosen`: whether a member is, shape (m,)."""
    if chosen.all():
        return rows, pairs
    both, place = chosen[pairs.one] & chosen[pairs.other], np.cumsum(chosen) - 1
    return rows[chosen], Pairs(
        place[pairs.one[both]], place[pairs.other[both]], pairs.weight[both], pairs.spillover[both]
    )


DECLARED = (
    *("learning_rate", "learnable_share", "energy_learning", "experience", "absorption", "half_learning"),
    *("research_share", "review", "public_experience"),
)
"""Parameters of `Technology` that are needed beside the areas and the product market."""
ACTIVE = ("learning_rate", "energy_learning", "research_share")
"""Those of which any above 0 makes the submodel work without a contract."""


def _quarter_begins(stage: Stage) -> Any:
    """Return on which days a calendar quarter begins, shape (days,)."""
    calendar = stage.futures.calendar
    dates = [calendar.date(day) for day in range(calendar.days)]
    return np.array([date.day == 1 and date.month % QUARTER_MONTHS == 1 for date in dates], dtype=np.bool_)
