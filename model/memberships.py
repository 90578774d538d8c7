"""The platforms of one family: who their members are, when they work, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from model.books import Book
from model.hubs import Posting, hub_postings, membership, platform_days
from model.ledger import RESOURCES, Ledger
from model.population import platforms_of

if TYPE_CHECKING:
    from model.platforms import Hub
    from model.stage import Stage


class Memberships:
    """The resource or technology platforms of a run; one without members has no cost.

    Args:
        stage: the common ground of the run.
        hubs: the platforms of one family.
        contracts: those at work over them.

    Attributes:
        online: whether each platform works, shape (days,), by name.
        members: number of firms by party, by name of the platform.
        hubs: those that have members.
        book: what they, and taking part in contracts, cost.
    """

    def __init__(self, stage: Stage, hubs: Sequence[Hub], contracts: Sequence[Any]) -> None:
        self.stage, people = stage, stage.population
        self.online = {hub.name: platform_days(stage, hub) for hub in hubs}
        self.members = {hub.name: membership(contracts, hub.name, people) for hub in hubs}
        self.hubs = [hub for hub in hubs if self.members[hub.name]]
        self.book = Book(people)
        for hub in self.hubs:
            self.book.stand(hub_postings(hub, self.members[hub.name], own_side="coordination"))
        for terms in contracts:
            self.book.stand(self._taking_part(terms))
        names = [hub.name for hub in platforms_of(stage.inputs)]
        self.rows = people.makers + len(stage.inputs.utilities) + np.array([names.index(hub.name) for hub in hubs], int)
        if self.rows.size:
            stage.live.members[self.rows] = [sum(members.values()) for members in self.members.values()]

    def begin(self, day: int) -> None:
        """Open the platforms that work today."""
        if self.rows.size:
            self.stage.live.online[self.rows] = [days[day] for days in self.online.values()]

    def outcomes(self, ledger: Ledger, scale: float) -> dict[tuple[str, str], float]:
        """Return what members and platforms paid for the platforms: (name, party) -> EUR/yr."""
        values: dict[tuple[str, str], float] = {}
        for party in dict.fromkeys(name for hub in self.hubs for name in (*self.members[hub.name], hub.name)):
            paid = ledger.paid(party, "platform_fee") + ledger.paid(party, "platform_result")
            values["platform_payment", party] = paid * scale
        return values

    def _taking_part(self, terms: Any) -> list[Posting]:
        """Return what a contract costs each member beside the platform."""
        size, each = self.stage.population.size_of, terms.coordination_cost
        return [Posting(name, RESOURCES, "coordination", size(name) * each) for name in terms.members]
