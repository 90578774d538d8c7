"""Sharing of resources at work: contracts, the platforms they run over, what they match every day, and its money.

A contract that offers nothing, or asks nobody, has no session, no membership and no cost, and leaves every bit of a
run as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from model.agents import overrides
from model.books import Account, Book
from model.errors import BalanceError, RunError
from model.extensions import blamed, class_of, origin
from model.mechanisms.resource import Mechanism
from model.memberships import Memberships
from model.session import Draws, Session, worth
from model.streams import Floats, Ints, entity_id

if TYPE_CHECKING:
    from model.inputs import ResourceContract
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
        open: whether it works today.
        source: whose resource it is; `session`: today's needs and offers; `mechanism`: what matches them.
        worth, met: EUR of all needs, and of those that were met; saved, bound: EUR that this saved, and at most could
            have, while counting; units, eur: what was taken, and paid for it at the mean price of each slot.
    """

    terms: ResourceContract
    online: Any
    source: Source
    session: Session
    mechanism: Mechanism
    open: bool = False
    worth: float = 0.0
    met: float = 0.0
    saved: float = 0.0
    bound: float = 0.0
    units: float = 0.0
    eur: float = 0.0


@dataclass
class Payments:
    """The lines of a platform: what makers and each utility pay it, and for moving what they took."""

    rent: Account
    commission: Account
    utilities: dict[int, tuple[Account, Account, Account]] = field(default_factory=dict)


@dataclass
class Refund:
    """What a cooperative does with commissions: its members own it, and get them back in equal parts.

    Attributes:
        makers, utilities: its lines; what a member pays under them is negative.
        parts: of each maker, shape (makers,); `part`: of each utility that is a member.
    """

    makers: Account
    utilities: list[Account]
    parts: Floats
    part: float


def is_null(terms: ResourceContract) -> bool:
    """Tell whether a contract shares nothing."""
    asks_nobody = terms.partners == 0 and (terms.variant == "leasing" or terms.resource == "heat")
    return terms.offered == 0.0 or asks_nobody


class Resources:
    """All resource contracts of a run, their platforms, and their money.

    Attributes:
        contracts: that match day by day, in the order in which resources are matched.
        terms: of all contracts that share anything; `urgent`: of those on stations.
        platforms: those that they run over.
        book: what is paid for resources, and for moving them.
    """

    def __init__(self, stage: Stage, sources: Mapping[str, Source]) -> None:
        self.stage, inputs = stage, stage.inputs
        self.terms = [terms for terms in inputs.resource_contracts if not is_null(terms)]
        self.platforms = Memberships(stage, inputs.resource_platforms, self.terms)
        ordered = sorted((t for t in self.terms if t.resource in STAGES), key=lambda t: list(STAGES).index(t.resource))
        self.urgent = [terms for terms in self.terms if terms.resource == "station"]
        self.contracts = [self._at_work(terms, sources[terms.resource]) for terms in ordered]
        self.hooked = [kind for kind in stage.firms.kinds if overrides(kind, "decide_offer")]
        self.book = Book(stage.population)
        self.moving = self.book.account("moving") if self.contracts else None
        clearing = dict.fromkeys(contract.terms.platform for contract in self.contracts)
        self.payments = {hub: self._payments(hub) for hub in clearing}
        self.commission = {hub.name: hub.commission for hub in inputs.resource_platforms}
        self.refunds = {
            hub.name: self._refund(hub.name)
            for hub in inputs.resource_platforms
            if hub.name in clearing and hub.governance == "cooperative" and hub.commission > 0.0
        }

    def begin(self, day: int) -> None:
        """Open the books and the platforms for the day."""
        self.book.clear()
        self.platforms.begin(day)

    def match(self, day: int, stage: str) -> None:
        """Let the contracts on the resources of one stage of the day find who uses what of whom.

        Raises:
            BalanceError: a mechanism broke the rules that all keep.
        """
        for contract in self.contracts:
            if STAGES[contract.terms.resource] != stage:
                continue
            contract.session.clear_results()
            contract.open = bool(contract.online[day])
            if contract.open:
                contract.source.fill(contract.terms, contract.session, day)
                if self.hooked:
                    self._ask_agents(contract)
                with blamed(f"{contract.terms.name} on day {day}"):
                    contract.mechanism.clear(day, contract.session)
                self._require(contract, day)
                self._pay(contract)
                contract.source.take(contract.terms, contract.session, day)
            else:  # nobody is asked what it needs, and nothing could be matched
                contract.session.need[:], contract.session.offer[:], contract.session.bound = 0.0, 0.0, 0.0

    def count(self) -> None:
        """Count what was matched today."""
        for contract in self.contracts:
            session = contract.session
            if not contract.open:
                continue
            contract.worth += worth(session.value, session.need)
            contract.met += worth(session.value, session.taken)
            contract.saved += session.surplus
            contract.bound += session.bound
            taken = session.taken.sum(axis=(1, 2))
            contract.units += float(taken.sum())
            contract.eur += float(np.nansum(session.price * taken))

    def outcomes(self, ledger: Any, scale: float) -> dict[tuple[str, str], float]:
        """Return the declared outcomes: (name, party) -> value per 365-day year; `scale`: years per counted time."""
        values: dict[tuple[str, str], float] = {}
        for hub in self.payments:
            mine = [contract for contract in self.contracts if contract.terms.platform == hub]
            for party in dict.fromkeys(name for contract in mine for name in (*contract.terms.members, hub)):
                values["rent", party] = (ledger.paid(party, "rent") + ledger.paid(party, "commission")) * scale
            values["matched_surplus", hub] = sum(contract.saved for contract in mine) * scale
            worth, bound = sum(one.worth for one in mine), sum(one.bound for one in mine)
            if worth > 0.0:
                values["match_rate", hub] = sum(contract.met for contract in mine) / worth
            if not np.isnan(bound):
                values["matched_bound", hub] = bound * scale
            for resource in dict.fromkeys(contract.terms.resource for contract in mine):
                alike = [contract for contract in mine if contract.terms.resource == resource]
                units = sum(contract.units for contract in alike)
                if units > 0.0:
                    values[f"price_of_{resource}", hub] = sum(contract.eur for contract in alike) / units
        return values

    def _at_work(self, terms: ResourceContract, source: Source) -> AtWork:
        people = self.stage.population
        rows = np.concatenate([people.rows_of(name) for name in terms.members])
        session = source.session(terms, rows)
        names = [f"{terms.name}/{people.names[row]}" for row in session.rows]
        entities = np.array([entity_id(name) for name in names], dtype=np.int64)
        overstating = [people.rows_of(name) for name in terms.overstating or terms.members]
        draws = Draws(self.stage.key, entities, np.isin(session.rows, np.concatenate(overstating)))
        kind = class_of(self.stage.inputs.extensions, "resource", terms.variant)
        assert kind is not None, "inputs refuse unknown variants"
        with blamed(terms.name):
            mechanism = kind(terms, session, draws)
        return AtWork(terms, self.platforms.online[terms.platform], source, session, mechanism)

    def _ask_agents(self, contract: AtWork) -> None:
        """Let agents whose class has a rule of its own decide what they offer.

        Raises:
            RunError: one offers what it does not have.
        """
        session, table = contract.session, self.stage.firms
        wanted = np.concatenate([table.rows(kind) for kind in self.hooked])
        for member in np.flatnonzero(np.isin(session.rows, wanted)):
            agent, idle = table.agent(int(session.rows[member])), session.offer[:, member]
            with blamed(f"what {agent.name} offers"):
                offer = np.asarray(agent.decide_offer(contract.terms.resource, idle.copy()), dtype=np.float64)
            if offer.shape != idle.shape or not ((offer >= 0.0) & (offer <= idle)).all():
                msg = f"{agent.name} offers {offer} of {contract.terms.resource}, and has {idle} to offer"
                msg += f" (behaviour {agent.behaviour}{origin(agent)})" if agent.behaviour else ""
                raise RunError(msg)
            session.offer[:, member] = offer

    def _require(self, contract: AtWork, day: int) -> None:
        faults = contract.session.faults()
        if faults:
            variant = f"{contract.terms.variant}{origin(contract.mechanism)}"
            what = f"{contract.terms.name} ({variant}) breaks the rules of a session on day {day}"
            msg = f"{what}: {'; '.join(faults)}"
            raise BalanceError(msg)

    def _pay(self, contract: AtWork) -> None:
        """Book what members pay for what they took, what the platform keeps or gives back, and what moving took."""
        session, payments = contract.session, self.payments[contract.terms.platform]
        kept = self.commission[contract.terms.platform] * np.maximum(session.paid, 0.0)
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
        if refund := self.refunds.get(contract.terms.platform):
            self.book.pay(refund.makers, -float(kept.sum()) * refund.parts)
            for account in refund.utilities:
                self.book.pay(account, -float(kept.sum()) * refund.part)

    def _refund(self, hub: str) -> Refund:
        people, members = self.stage.population, self.platforms.members[hub]
        part = 1.0 / sum(members.values())
        rows = np.concatenate([people.rows_of(name) for name in members])
        parts = np.zeros(people.makers)
        parts[rows[rows < people.makers]] = part
        utilities = [u.name for u in self.stage.inputs.utilities if u.name in members]
        lines = [self.book.account_of(name, "platform_result", hub) for name in utilities]
        return Refund(self.book.account("platform_result", hub), lines, parts, part)

    def _payments(self, hub: str) -> Payments:
        people, book = self.stage.population, self.book
        found = Payments(book.account("rent", hub), book.account("commission", hub))
        for utility in self.stage.inputs.utilities:
            if utility.name in self.platforms.members[hub]:
                found.utilities[int(people.rows_of(utility.name)[0])] = (
                    book.account_of(utility.name, "rent", hub),
                    book.account_of(utility.name, "commission", hub),
                    book.account_of(utility.name, "moving"),
                )
        return found
