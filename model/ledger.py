"""Double entry: every euro has a payer and a payee, and the books are checked every day.

A *line* is one payer, one payee and one kind. Real costs are paid to the party `resources`, the sink of
what is used up; all other kinds are transfers. Two independent accounts must agree daily: the ledger's lines and
the cash that each firm counts for itself.
"""

from dataclasses import dataclass, field

import numpy as np

from model.errors import BalanceError
from model.kernels import kernel
from model.streams import Floats, Ints

RESOURCES = "resources"
REAL_KINDS: dict[str, str] = {
    "production": "cost_production",
    "generation": "cost_energy",
    "intraday": "cost_intraday",
    "balancing": "cost_imbalance",
    "stock": "cost_stock",
    "restart": "cost_restart",
    "comfort": "cost_comfort",
    "maintenance": "cost_maintenance",
    "storage": "cost_storage",
    "interface": "cost_interface",
    "platform": "cost_platform",
    "security": "cost_security",
    "breach": "cost_breach",
    "overtime": "cost_overtime",
    "lending": "cost_lending",
    "moving": "cost_moving",
    "heat": "cost_heat",
    "carbon": "cost_carbon",
    "pipes": "cost_pipes",
    "disposal": "cost_disposal",
    "material": "cost_material",
    "outsourcing": "cost_outsourcing",
    "research": "cost_research",
    "coordination": "cost_coordination",
}
"""Kinds that use up resources -> the outcome that counts them."""

TRANSFER_KINDS = (
    *("sales", "goods", "energy", "peak", "wholesale", "spread", "imbalance_energy", "imbalance"),
    *("fee", "platform_fee", "platform_result", "fine", "rent", "commission", "royalty"),
)
"""Kinds that only move money."""

TOLERANCE = 1e-9
"""Largest residual of a balance, relative to the day's turnover."""


@dataclass
class Ledger:
    """The lines of an economy and what ran over them.

    Attributes:
        parties: names; the last one is `resources`.
        payer, payee: party index by line, shape (line,).
        kind: word by line.
        today: EUR of today by line, shape (line,); submodels write it.
        total: EUR since counting began, shape (line,).
        net: EUR received less paid today by party, shape (party,).
        worst: largest relative residual of each balance so far, by name.
    """

    parties: tuple[str, ...]
    payer: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    payee: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    kind: tuple[str, ...] = ()
    today: Floats = field(default_factory=lambda: np.zeros(0))
    total: Floats = field(default_factory=lambda: np.zeros(0))
    net: Floats = field(default_factory=lambda: np.zeros(0))
    worst: dict[str, float] = field(default_factory=dict)

    def open(self, lines: list[tuple[str, str, str]]) -> None:
        """Open the books with the given (payer, payee, kind) lines.

        Raises:
            ValueError: for a kind that is declared nowhere, or a real cost that is not paid to `resources`.
        """
        for payer, payee, kind in lines:
            if kind not in REAL_KINDS and kind not in TRANSFER_KINDS:
                msg = f"unknown kind of posting {kind!r} from {payer} to {payee}"
                raise ValueError(msg)
            if (kind in REAL_KINDS) != (payee == RESOURCES):
                msg = f"{kind} from {payer} to {payee}: real costs, and only they, go to {RESOURCES}"
                raise ValueError(msg)
        index = {name: i for i, name in enumerate(self.parties)}
        self.payer = np.array([index[payer] for payer, _, _ in lines], dtype=np.int64)
        self.payee = np.array([index[payee] for _, payee, _ in lines], dtype=np.int64)
        self.kind = tuple(kind for _, _, kind in lines)
        self.today = np.zeros(len(lines))
        self.total = np.zeros(len(lines))
        self.net = np.zeros(len(self.parties))

    def post(self, counting: bool) -> None:
        """Post today's amounts to both parties of every line; add them to the totals while counting."""
        post_lines(self.payer, self.payee, self.today, self.total, self.net, 1.0 if counting else 0.0)

    def check(self, name: str, left: float, right: float, turnover: float, day: int) -> None:
        """Require that two sides of a balance agree.

        Raises:
            BalanceError: names the balance, the day and both sides.
        """
        residual = abs(left - right) / max(1.0, abs(turnover))
        if not residual <= TOLERANCE:  # NaN fails as well
            msg = f"{name} does not balance on day {day}: {left:.9g} against {right:.9g}"
            raise BalanceError(msg)
        if residual > self.worst.get(name, 0.0) or name not in self.worst:
            self.worst[name] = residual

    def by_kind(self, kind: str) -> float:
        """Return EUR since counting began over all lines of one kind."""
        return float(sum(self.total[i] for i, k in enumerate(self.kind) if k == kind))

    def paid(self, party: str, kind: str) -> float:
        """Return EUR that `party` paid less received for one kind since counting began."""
        p = self.parties.index(party)
        lines = [i for i, k in enumerate(self.kind) if k == kind]
        return float(sum(self.total[i] * (int(self.payer[i] == p) - int(self.payee[i] == p)) for i in lines))

    def net_cost(self, party: str) -> float:
        """Return EUR that `party` paid less received since counting began, real cost included."""
        p = self.parties.index(party)
        return float(self.total[self.payer == p].sum() - self.total[self.payee == p].sum())

    def flows(self) -> list[tuple[str, str, str, float]]:
        """Return (payer, payee, kind, EUR since counting began), lines of the same three added up."""
        names = self.parties
        sums: dict[tuple[str, str, str], float] = {}
        for i, kind in enumerate(self.kind):
            key = (names[self.payer[i]], names[self.payee[i]], kind)
            sums[key] = sums.get(key, 0.0) + float(self.total[i])
        return [(*key, eur) for key, eur in sums.items()]


@kernel
def post_lines(payer: Ints, payee: Ints, today: Floats, total: Floats, net: Floats, counting: float) -> None:
    """Post today's lines: debit the payer, credit the payee, and add to the totals times `counting`."""
    net[:] = 0.0
    for line in range(today.size):
        net[payer[line]] -= today[line]
        net[payee[line]] += today[line]
        total[line] += counting * today[line]
