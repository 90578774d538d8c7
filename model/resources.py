"""Sharing of resources at work: contracts, the platforms they run over, what they match every day, and its money.

A contract that offers nothing, or asks nobody, has no session, no membership and no cost, and leaves every bit of a
run as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from model.books import Account, Book
from model.errors import BalanceError
from model.hubs import Posting, hub_postings, membership, platform_days
from model.mechanisms.resource import Mechanism, mechanism_named
from model.session import Draws, Session
from model.streams import Ints, entity_id

if TYPE_CHECKING:
    from model.inputs import ResourceContract, ResourcePlatformInputs
    from model.population import Population
    from model.stage import Stage

STAGES = {"labour": "capacity", "equipment": "capacity", "storage": "stores", "heat": "flows", "by_product": "flows"}
"""When in the day each resource is matched; within a stage in this order. Stations match job by job instead."""


class Source(Protocol):
    """A submodel whose resource is shared: it knows today's needs and offers, and takes in what came of them."""

    def session(self, terms: ResourceContract, rows: Ints) -> Session:
        """Return a session among the firms `rows`, with everybody's reach; once, at the start."""
        ...

    def fill(self, terms: ResourceContract, session: Session, day: int) -> None:
        """Write today's needs, values, offers and costs."""
        ...

    def take(self, terms: ResourceContract, session: Session, day: int) -> None:
        """Take in what was matched."""
        ...


@dataclass
class AtWork:
    """A contract at work.

    Attributes:
        terms: of the contract; `online`: whether its platform works, by day.
        source: whose resource it is; `session`: today's needs and offers; `mechanism`: what matches them.
        worth, saved, bound: EUR of all needs, of what was matched, and at most possible, while counting.
    """

    terms: ResourceContract
    online: Any
    source: Source
    session: Session
    mechanism: Mechanism
    worth: float = 0.0
    met: float = 0.0
    saved: float = 0.0
    bound: float = 0.0


@dataclass
class Payments:
    """The lines of a platform: what makers and each utility pay it, and for moving what they took."""

    rent: Account
    commission: Account
    utilities: dict[int, tuple[Account, Account, Account]] = field(default_factory=dict)


def is_null(terms: ResourceContract) -> bool:
    """Tell whether a contract shares nothing."""
    asks_nobody = terms.partners == 0 and (terms.variant == "leasing" or terms.resource == "heat")
    return terms.offered == 0.0 or asks_nobody


class Resources:
    """All resource contracts of a run, their platforms, and their money.

    Attributes:
        contracts: that match day by day, in the order in which resources are matched.
        terms: of all contracts that share anything, stations included.
        platforms: those that have members; `online`: whether each works, by day.
        book: payments.
    """

    def __init__(self, stage: Stage, sources: Mapping[str, Source]) -> None:
        self.stage, inputs, people = stage, stage.inputs, stage.population
        self.terms = [terms for terms in inputs.resource_contracts if not is_null(terms)]
        self.online = {hub.name: platform_days(stage, hub) for hub in inputs.resource_platforms}
        self.members = {hub.name: membership(self.terms, hub.name, people) for hub in inputs.resource_platforms}
        self.platforms = [hub for hub in inputs.resource_platforms if self.members[hub.name]]
        ordered = sorted((t for t in self.terms if t.resource in STAGES), key=lambda t: list(STAGES).index(t.resource))
        self.contracts = [self._at_work(terms, sources[terms.resource]) for terms in ordered]
        self.book = Book(people)
        self.moving = self.book.account("moving") if self.contracts else None
        self.payments = {hub.name: self._payments(hub) for hub in self.platforms if self.contracts}
        self.book.stand(self._postings())
        first = people.makers + len(inputs.utilities) + len(inputs.data_platforms)
        self.rows = first + np.arange(len(inputs.resource_platforms))
        if self.rows.size:
            stage.live.members[self.rows] = [sum(m.values()) for m in self.members.values()]

    def begin(self, day: int) -> None:
        """Open the books and the platforms for the day."""
        self.book.clear()
        if self.rows.size:
            self.stage.live.online[self.rows] = [days[day] for days in self.online.values()]

    def match(self, day: int, stage: str) -> None:
        """Let the contracts on the resources of one stage of the day find who uses what of whom.

        Raises:
            BalanceError: a mechanism broke the rules that all keep.
        """
        for contract in self.contracts:
            if STAGES[contract.terms.resource] != stage:
                continue
            contract.session.clear_results()
            if contract.online[day]:
                contract.source.fill(contract.terms, contract.session, day)
                contract.mechanism.clear(day, contract.session)
                self._require(contract, day)
                self._pay(contract)
                contract.source.take(contract.terms, contract.session, day)

    def count(self) -> None:
        """Count what was matched today."""
        for contract in self.contracts:
            session = contract.session
            contract.worth += float((session.value * session.need).sum())
            contract.met += float((session.value * session.taken).sum())
            contract.saved += session.surplus
            contract.bound += session.bound

    def outcomes(self, ledger: Any, scale: float) -> dict[tuple[str, str], float]:
        """Return the declared outcomes: (name, party) -> value per 365-day year; `scale`: years per counted time."""
        values: dict[tuple[str, str], float] = {}
        for hub in self.platforms:
            mine = [contract for contract in self.contracts if contract.terms.platform == hub.name]
            for party in (*self.members[hub.name], hub.name):
                paid = ledger.paid(party, "rent") + ledger.paid(party, "commission")
                values["rent", party] = paid * scale
                result = ledger.paid(party, "platform_fee") + ledger.paid(party, "platform_result")
                values["platform_payment", party] = result * scale
            if mine:
                values["matched_surplus", hub.name] = sum(contract.saved for contract in mine) * scale
                worth = sum(contract.worth for contract in mine)
                if worth > 0.0:
                    values["match_rate", hub.name] = sum(contract.met for contract in mine) / worth
            bound = sum(contract.bound for contract in mine)
            if mine and not np.isnan(bound):
                values["matched_bound", hub.name] = bound * scale
        return values

    def _at_work(self, terms: ResourceContract, source: Source) -> AtWork:
        people = self.stage.population
        rows = np.concatenate([people.rows_of(name) for name in terms.members])
        session = source.session(terms, rows)
        names = [f"{terms.name}/{people.names[row]}" for row in rows]
        draws = Draws(self.stage.key, np.array([entity_id(name) for name in names], dtype=np.int64))
        mechanism = mechanism_named(terms.variant)(terms, session, draws)
        return AtWork(terms, self.online[terms.platform], source, session, mechanism)

    def _require(self, contract: AtWork, day: int) -> None:
        faults = contract.session.faults()
        if faults:
            what = f"{contract.terms.name} ({contract.terms.variant}) breaks the rules of a session on day {day}"
            msg = f"{what}: {'; '.join(faults)}"
            raise BalanceError(msg)

    def _pay(self, contract: AtWork) -> None:
        """Book what members pay for what they took, what the platform keeps, and what moving took."""
        session, payments = contract.session, self.payments[contract.terms.platform]
        hub = next(hub for hub in self.platforms if hub.name == contract.terms.platform)
        kept = hub.commission * np.maximum(session.paid, 0.0)
        makers = self.stage.population.makers
        assert self.moving is not None, "contracts at work have lines for moving"
        for account, amounts in (
            (payments.rent, session.paid),
            (payments.commission, kept),
            (self.moving, session.moved),
        ):
            self.book.pay(account, np.bincount(session.rows, amounts, minlength=makers)[:makers])
        for k in np.flatnonzero(session.rows >= makers):
            lines = payments.utilities[int(session.rows[k])]
            for account, amount in zip(lines, (session.paid[k], kept[k], session.moved[k]), strict=True):
                self.book.pay(account, float(amount))

    def _payments(self, hub: ResourcePlatformInputs) -> Payments:
        people, book = self.stage.population, self.book
        found = Payments(book.account("rent", hub.name), book.account("commission", hub.name))
        for utility in self.stage.inputs.utilities:
            if utility.name in self.members[hub.name]:
                found.utilities[int(people.rows_of(utility.name)[0])] = (
                    book.account_of(utility.name, "rent", hub.name),
                    book.account_of(utility.name, "commission", hub.name),
                    book.account_of(utility.name, "moving"),
                )
        return found

    def _postings(self) -> list[Posting]:
        """Return every yearly payment of platforms and for taking part."""
        found = []
        for hub in self.platforms:
            found += hub_postings(hub, self.members[hub.name], own_side="coordination")
        return found + coordination(self.terms, self.stage.population)


def coordination(contracts: list[Any], people: Population) -> list[Posting]:
    """Return what taking part in contracts costs each member beside the platform."""
    return [
        Posting(name, "resources", "coordination", people.size_of(name) * terms.coordination_cost)
        for terms in contracts
        for name in terms.members
    ]
