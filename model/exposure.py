"""Who holds whose data: copies and holders, what a leak is expected to cost, and its sampled tail.

A contract makes copies: at the partner (what was released), at the platform (what it can read), and under a mutual
exchange at every other sharer. Only this extra hazard counts; what a firm risks without sharing is not the question.

A holder is one firm, whatever contracts it has: it has one security, the strictest that any of them asks for, and a
breach is fined once. Contracts may still expose it at different rates: the breaches of the lower rate are then among
those of the higher one (they share their attacks), so that an owner's hazard at a holder is that of its largest rate.
An asset that two contracts bring to the same holder is one copy: the larger revealed share and rate count.

A cap is the owner's yearly revenue and holds for each copy and breach by itself: a year with two breaches, or a breach
that takes two of an owner's assets, can cost more than it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from model.incidents import (
    Copies,
    Flags,
    Holders,
    LossYears,
    copy_entity,
    draw_loss_years,
    expected_exposures,
    expected_fines,
    expected_losses,
    holder_entity,
    owner_hazards,
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


FINE = "fine/"
"""Prefix of a holder's name where `Exposure.by_party` gives the fines on it."""


@dataclass
class Exposure:
    """The copies of a run as columns, and what follows from them.

    Attributes:
        copies: one by one, those of an owner's asset at a holder merged; `owners`: groups that own any.
        names: holders; `holders`: name of the holder of each hazard class, a class for each of its rates.
        spending: on security by name, EUR/yr.
        columns, hazards: the same for `incidents`.
    """

    copies: Sequence[Copy]
    rule: PrivacyRule
    owners: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    spending: Floats = field(default_factory=lambda: np.zeros(0))
    columns: Copies | None = None
    hazards: Holders | None = None

    def __post_init__(self) -> None:
        """Work out spending and hazards."""
        asked = {(copy.holder, copy.security): None for copy in self.copies}  # by the contracts, merged copies or not
        self.copies = merged(self.copies)
        self.owners = tuple(dict.fromkeys(copy.group for copy in self.copies))
        classes = list(dict.fromkeys((c.holder, c.rate) for c in self.copies))
        self.holders = tuple(name for name, _ in classes)
        self.names = tuple(dict.fromkeys(self.holders))
        turnover = {name: max(c.turnover for c in self.copies if c.holder == name) for name in self.names}
        bare = Holders(
            entity=np.array([holder_entity(name) for name in self.holders], dtype=np.int64),
            rate=np.array([rate for _, rate in classes], dtype=np.float64),
            kept=np.ones(len(classes)),
            turnover=np.array([turnover[name] for name in self.holders], dtype=np.float64),
        )
        self.columns = self._columns({key: k for k, key in enumerate(classes)})
        at_stake = expected_exposures(self.columns, bare) + expected_fines(self.columns, bare, self.rule)
        secured = {
            name: _secured([s for holder, s in asked if holder == name], eur)
            for name, eur in self._by_holder(at_stake).items()
        }
        self.spending = np.array([spent for spent, _ in secured.values()], dtype=np.float64)
        self.hazards = replace(bare, kept=np.array([secured[name][1] for name in self.holders], dtype=np.float64))

    def expected_loss(self) -> dict[str, float]:
        """Return the expected breach loss of each owning group, EUR/yr."""
        return self._by_owner(expected_losses(*self._parts, len(self.owners)))

    def expected_fine(self) -> dict[str, float]:
        """Return the expected fines on each holder, EUR/yr."""
        return self._by_holder(expected_fines(*self._parts, self.rule))

    def security_cost(self) -> dict[str, float]:
        """Return what each holder spends on security, EUR/yr."""
        return {name: float(eur) for name, eur in zip(self.names, self.spending, strict=True)}

    def hazard_of_copy(self) -> list[float]:
        """Return the hazard of the holder of each copy with its security, 1/yr."""
        copies, holders = self._parts
        return [float(holders.hazard[holder]) for holder in copies.holder]

    @property
    def readable(self) -> list[Copy]:
        """The copies that tell anything: ciphertext tells nothing."""
        return [copy for copy in self.copies if copy.revealed > 0.0]

    def hazard_of_owner(self) -> dict[str, float]:
        """Return the hazard that anything of a group leaks, 1/yr: each holder that reads it, at its largest rate."""
        copies, holders = self._parts
        worst: dict[tuple[str, str], float] = {}
        for copy in self.readable:
            key = (copy.group, copy.holder)
            worst[key] = max(copy.rate, worst.get(key, 0.0))
        first = np.array([c.revealed > 0.0 and c.rate == worst[c.group, c.holder] for c in self.copies], dtype=np.bool_)
        return self._by_owner(owner_hazards(_chosen(copies, first), holders, len(self.owners)))

    def exposed_records(self) -> dict[str, float]:
        """Return the records of each group that are expected to leak, 1/yr."""
        copies, holders = self._parts
        found = dict.fromkeys(self.owners, 0.0)
        for k, copy in enumerate(self.copies):
            if copy.revealed > 0.0:
                found[copy.group] += float(holders.hazard[copies.holder[k]]) * copy.records
        return found

    def loss_years(self, key: Key, years: int) -> LossYears:
        """Return nested years of breach losses by owning group and of fines by hazard class."""
        return draw_loss_years(key, *self._parts, len(self.owners), self.rule, years=years)

    def by_party(self, drawn: LossYears) -> dict[str, Floats]:
        """Return what `loss_years` drew by name, EUR, shape (years,) each.

        Keys: an owning group; "" for all owners together; `FINE` and a holder, where it can be fined.
        """
        found: dict[str, Floats] = {"": drawn.losses.sum(axis=0)}
        found |= dict(zip(self.owners, drawn.losses, strict=True))
        if self.rule.fine_probability > 0.0:
            for name, fines in zip(self.holders, drawn.fines, strict=True):
                found[FINE + name] = found.get(FINE + name, 0.0) + fines
        return found

    @property
    def _parts(self) -> tuple[Copies, Holders]:
        assert self.columns is not None, "made with the object"
        assert self.hazards is not None, "made with the object"
        return self.columns, self.hazards

    def _columns(self, places: dict[tuple[str, float], int]) -> Copies:
        """Return the copies as columns; a holder is fined for its regulated copies of the largest rate only."""
        fined: dict[str, float] = {}
        for copy in self.copies:
            if copy.regulated:
                fined[copy.holder] = max(copy.rate, fined.get(copy.holder, 0.0))
        return Copies(
            entity=np.array([copy_entity(c.owner, c.asset, c.holder) for c in self.copies], dtype=np.int64),
            owner=np.array([self.owners.index(c.group) for c in self.copies], dtype=np.int64),
            holder=np.array([places[c.holder, c.rate] for c in self.copies], dtype=np.int64),
            median=np.array([c.median for c in self.copies], dtype=np.float64),
            sigma=np.array([c.sigma for c in self.copies], dtype=np.float64),
            scale=np.array([c.revealed for c in self.copies], dtype=np.float64),
            cap=np.array([c.cap for c in self.copies], dtype=np.float64),
            regulated=np.array([c.regulated and c.rate == fined[c.holder] for c in self.copies], dtype=np.bool_),
        )

    def _by_owner(self, values: Floats) -> dict[str, float]:
        return {name: float(value) for name, value in zip(self.owners, values, strict=True)}

    def _by_holder(self, values: Floats) -> dict[str, float]:
        found = dict.fromkeys(self.names, 0.0)
        for name, value in zip(self.holders, values, strict=True):
            found[name] += float(value)
        return found


def _secured(asked: Sequence[Security], at_stake: float) -> tuple[float, float]:
    """Return what a holder spends on security, EUR/yr, and the share of attacks that still get through."""
    spending = [investment(security, at_stake) for security in asked]
    kept = [hazard_after(1.0, eur, s.alpha, s.beta) for s, eur in zip(asked, spending, strict=True)]
    through, spent = min(zip(kept, spending, strict=True))
    return spent, through


def merged(copies: Iterable[Copy]) -> tuple[Copy, ...]:
    """Return the copies with those of one owner's asset at one holder as one: the largest of every number counts."""
    found: dict[tuple[str, str, str], Copy] = {}
    for copy in copies:
        key = (copy.owner, copy.asset, copy.holder)
        found[key] = _larger(found[key], copy) if key in found else copy
    return tuple(found.values())


LARGEST = ("median", "sigma", "cap", "revealed", "rate", "turnover", "records", "regulated")


def _larger(one: Copy, other: Copy) -> Copy:
    return replace(one, **{name: max(getattr(one, name), getattr(other, name)) for name in LARGEST})


def _chosen(copies: Copies, rows: Flags) -> Copies:
    return Copies(**{item.name: getattr(copies, item.name)[rows] for item in fields(Copies)})
