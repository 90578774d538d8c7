"""Money in plain Python: accounts that pay each other, and the record of who paid whom for what."""

from collections import defaultdict
from typing import Any

type Line = tuple[str, str, str]


class Account:
    """A purse outside the agents, such as the wholesale market; `party` is its name in tables."""

    def __init__(self, party: str) -> None:
        self.party = party
        self.cash = 0.0


class Books:
    """Every payment by (payer, payee, kind), today and since counting began."""

    def __init__(self) -> None:
        self.today: dict[Line, float] = defaultdict(float)
        self.total: dict[Line, float] = defaultdict(float)

    def pay(self, payer: Any, payee: Any, kind: str, eur: float) -> None:
        """Move `eur` from one account to another."""
        payer.cash -= eur
        payee.cash += eur
        self.today[payer.party, payee.party, kind] += eur

    def pay_between(self, payers: list[Any], payees: list[Any], kind: str, eur: float) -> None:
        """Move `eur` from one party to another, the members of either sharing it equally."""
        for payer in payers:
            payer.cash -= eur / len(payers)
        for payee in payees:
            payee.cash += eur / len(payees)
        self.today[payers[0].party, payees[0].party, kind] += eur

    def close_day(self, counting: bool) -> None:
        """Add today to the totals while counting, and start a new page."""
        if counting:
            for line, eur in self.today.items():
                self.total[line] += eur
        self.today = defaultdict(float)

    def of_kind(self, kind: str) -> float:
        """Return the EUR of one kind."""
        return sum(eur for line, eur in self.total.items() if line[2] == kind)

    def paid(self, party: str, kind: str | None = None) -> float:
        """Return the EUR that a party paid less what it received, of one kind or of all."""
        net = 0.0
        for (payer, payee, what), eur in self.total.items():
            if kind in (None, what):
                net += eur * ((payer == party) - (payee == party))
        return net
