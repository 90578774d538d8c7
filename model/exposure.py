"""Who holds whose data: copies and holders, what a leak is expected to cost, and its sampled tail.

A contract makes copies: at the partner (what was released), at the platform (what it can read), and under a mutual
exchange at every other sharer. Only this extra hazard counts; what a firm risks without sharing is not the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from model.incidents import (
    Copies,
    Holders,
    LossYears,
    copy_entity,
    draw_loss_years,
    expected_exposures,
    expected_fines,
    expected_losses,
    holder_entity,
)
from model.security import Security, hazard_after, investment
from model.streams import Floats

if TYPE_CHECKING:
    from model.security import PrivacyRule
    from model.streams import Key

YEAR_HOURS = 8760


@dataclass(frozen=True)
class Copy:
    """One owner's asset at one holder.

    Attributes:
        owner, group: name of the firm and of its group; `asset`: what leaks; `holder`: who has it.
        median, sigma, cap: of the loss, EUR; see `incidents.Copies`.
        revealed: share of the asset that the copy tells.
        rate: marginal hazard of the holder, 1/yr; `security`: what the holder does about it.
        turnover: of the holder, EUR/yr.
        records: values that the holder keeps: a year of them.
        regulated: whether the privacy rule covers the asset.
    """

    owner: str
    group: str
    asset: str
    holder: str
    median: float
    sigma: float
    cap: float
    revealed: float
    rate: float
    security: Security
    turnover: float
    records: float
    regulated: bool


@dataclass
class Exposure:
    """The copies of a run as columns, and what follows from them.

    Attributes:
        copies: one by one; `owners`: groups that own any; `holders`: name and hazard class of each holder.
        spending: on security by holder, EUR/yr.
        columns, hazards: the same for `incidents`.
    """

    copies: Sequence[Copy]
    rule: PrivacyRule
    owners: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    spending: Floats = field(default_factory=lambda: np.zeros(0))
    columns: Copies | None = None
    hazards: Holders | None = None

    def __post_init__(self) -> None:
        """Work out spending and hazards."""
        self.owners = tuple(dict.fromkeys(copy.group for copy in self.copies))
        classes = list(dict.fromkeys((c.holder, c.rate, c.security, c.turnover) for c in self.copies))
        self.holders = tuple(name for name, *_ in classes)
        rates = np.array([rate for _, rate, _, _ in classes], dtype=np.float64)
        turnover = np.array([sales for *_, sales in classes], dtype=np.float64)
        entity = np.array([holder_entity(name) for name in self.holders], dtype=np.int64)
        bare = Holders(entity, rates, np.ones(rates.size), turnover)
        places = {key: k for k, key in enumerate(classes)}
        self.columns = Copies(
            entity=np.array([copy_entity(c.owner, c.asset, c.holder) for c in self.copies], dtype=np.int64),
            owner=np.array([self.owners.index(c.group) for c in self.copies], dtype=np.int64),
            holder=np.array([places[c.holder, c.rate, c.security, c.turnover] for c in self.copies], dtype=np.int64),
            median=np.array([c.median for c in self.copies], dtype=np.float64),
            sigma=np.array([c.sigma for c in self.copies], dtype=np.float64),
            scale=np.array([c.revealed for c in self.copies], dtype=np.float64),
            cap=np.array([c.cap for c in self.copies], dtype=np.float64),
            regulated=np.array([c.regulated for c in self.copies], dtype=np.bool_),
        )
        at_stake = expected_exposures(self.columns, bare) + expected_fines(self.columns, bare, self.rule)
        terms = [security for _, _, security, _ in classes]
        self.spending = np.array([investment(s, float(eur)) for s, eur in zip(terms, at_stake, strict=True)])
        kept = [hazard_after(1.0, z, s.alpha, s.beta) for s, z in zip(terms, self.spending, strict=True)]
        self.hazards = Holders(entity, rates, np.array(kept, dtype=np.float64), turnover)

    def expected_loss(self) -> dict[str, float]:
        """Return the expected breach loss of each owning group, EUR/yr."""
        return self._by_owner(expected_losses(*self._parts, len(self.owners)))

    def expected_fine(self) -> dict[str, float]:
        """Return the expected fines on each holder, EUR/yr."""
        return self._by_holder(expected_fines(*self._parts, self.rule))

    def security_cost(self) -> dict[str, float]:
        """Return what each holder spends on security, EUR/yr."""
        return self._by_holder(self.spending)

    def hazard_of_owner(self) -> dict[str, float]:
        """Return the hazard that anything of a group leaks, 1/yr: each of its holders once."""
        copies, holders = self._parts
        pairs = {(int(owner), int(holder)) for owner, holder in zip(copies.owner, copies.holder, strict=True)}
        found = dict.fromkeys(self.owners, 0.0)
        for owner, holder in sorted(pairs):
            found[self.owners[owner]] += float(holders.hazard[holder])
        return found

    def exposed_records(self) -> dict[str, float]:
        """Return the records of each group that are expected to leak, 1/yr."""
        copies, holders = self._parts
        found = dict.fromkeys(self.owners, 0.0)
        for k, copy in enumerate(self.copies):
            if copy.revealed > 0.0:
                found[copy.group] += float(holders.hazard[copies.holder[k]]) * copy.records
        return found

    def loss_years(self, key: Key, years: int) -> LossYears:
        """Return nested years of breach losses by owning group and of fines by holder."""
        return draw_loss_years(key, *self._parts, len(self.owners), self.rule, years=years)

    @property
    def _parts(self) -> tuple[Copies, Holders]:
        assert self.columns is not None, "made with the object"
        assert self.hazards is not None, "made with the object"
        return self.columns, self.hazards

    def _by_owner(self, values: Floats) -> dict[str, float]:
        return {name: float(value) for name, value in zip(self.owners, values, strict=True)}

    def _by_holder(self, values: Floats) -> dict[str, float]:
        found = dict.fromkeys(self.holders, 0.0)
        for name, value in zip(self.holders, values, strict=True):
            found[name] += float(value)
        return found
