"""Books of single submodels: their lines of the ledger, and what these move in the firms' own cash."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from model.hubs import YEAR_DAYS, daily_cash
from model.kernels import kernel
from model.ledger import RESOURCES
from model.streams import Floats, Ints

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.hubs import Posting
    from model.population import Population


@dataclass(frozen=True)
class Account:
    """Lines of one kind to one payee.

    Attributes:
        lines: line of each group of makers, shape (group,), or of the single payer, shape (1,).
        payer: row of the single payer in the firm table; -1 for all groups of makers; -2 for a party without a row.
        payee: row of the payee, -1 for one without.
    """

    lines: Ints
    payer: int
    payee: int


EVERY_GROUP, NO_ROW = -1, -2


@dataclass
class Book:
    """The postings of a submodel, by line and by firm; the balance of money compares the two.

    Attributes:
        people: who is where.
        lines: payer, payee, kind of each line.
        today: EUR of today by line, shape (line,).
        cash: EUR that today moves in each firm's own cash, shape (firm,).
        standing: both as every day begins: a day's part of yearly payments.
    """

    people: Population
    lines: list[tuple[str, str, str]] = field(default_factory=list)
    today: Floats = field(default_factory=lambda: np.zeros(0))
    cash: Floats = field(default_factory=lambda: np.zeros(0))
    standing: tuple[Floats, Floats] = field(default_factory=lambda: (np.zeros(0), np.zeros(0)))

    def __post_init__(self) -> None:
        """Make room for the cash of all firms."""
        self.cash = np.zeros(self.people.party.size)
        self.standing = (np.zeros(0), np.zeros(self.people.party.size))

    def stand(self, postings: Sequence[Posting]) -> None:
        """Open the lines of yearly payments, a 365th of which is paid every day."""
        first = len(self.lines)
        self._open([(one.payer, one.payee, one.kind) for one in postings], NO_ROW, "")
        self.standing[0][first:] = [one.eur / YEAR_DAYS for one in postings]
        self.standing[1][:] += daily_cash(postings, self.people)
        self.clear()

    def account(self, kind: str, payee: str = RESOURCES) -> Account:
        """Open one line for each group of makers, which pays `kind` to the party `payee`."""
        groups = [maker.name for maker in self.people.inputs.manufacturers]
        return self._open([(name, payee, kind) for name in groups], EVERY_GROUP, payee)

    def account_of(self, payer: str, kind: str, payee: str = RESOURCES) -> Account:
        """Open the line of a single party, a platform or a utility, say."""
        row = self._row(payer)
        return self._open([(payer, payee, kind)], NO_ROW if row < 0 else row, payee)

    def pay(self, account: Account, eur: Floats | float) -> None:
        """Add payments of today.

        Args:
            account: of groups or of a single party.
            eur: EUR of each maker, shape (makers,), for an account of groups; else one amount. Negative is received.
        """
        if account.payer == EVERY_GROUP:
            pay_by_group(self.people.group, np.asarray(eur), account.lines[0], account.payee, self.today, self.cash)
            return
        self.today[account.lines] += eur
        if account.payer >= 0:
            self.cash[account.payer] -= eur
        if account.payee >= 0:
            self.cash[account.payee] += eur

    def clear(self) -> None:
        """Begin a new day: nothing is paid yet but what stands."""
        self.today[:] = self.standing[0]
        self.cash[:] = self.standing[1]

    def _open(self, lines: list[tuple[str, str, str]], payer: int, payee: str) -> Account:
        first = len(self.lines)
        self.lines += lines
        self.today = np.zeros(len(self.lines))
        kept = np.zeros(len(self.lines))
        kept[:first] = self.standing[0]
        self.standing = (kept, self.standing[1])
        return Account(np.arange(first, len(self.lines)), payer, self._row(payee))

    def _row(self, party: str) -> int:
        """Return the row of a party that is a single firm or platform, -1 for any other."""
        if party not in self.people.parties:
            return -1
        rows = np.flatnonzero(self.people.party == self.people.parties.index(party))
        return int(rows[0]) if rows.size == 1 else -1


@kernel
def pay_by_group(group: Ints, eur: Floats, first: int, payee: int, today: Floats, cash: Floats) -> None:
    """Add what each maker pays, EUR, shape (n,), to its group's line, counted from `first`, and move the cash.

    Args:
        group: of each maker, shape (n,).
        payee: row of who is paid in the firm table, -1 for a party without one.
        today: EUR by line; `cash`: EUR by row of the firm table; both added to.
    """
    total = 0.0
    for i in range(eur.size):
        today[first + group[i]] += eur[i]
        cash[i] -= eur[i]
        total += eur[i]
    if payee >= 0:
        cash[payee] += total
