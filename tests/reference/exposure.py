"""Who holds copies of whose data, what a leak costs on average, and what holders spend against it."""

import math
from collections import defaultdict
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any


@dataclass
class Copy:
    """One owner's asset at one holder; `sales` is the holder's revenue and `bearer` who pays for it, EUR/yr."""

    owner: str
    group: str
    asset: str
    holder: str
    bearer: str
    rate: float
    sales: float
    median: float
    sigma: float
    cap: float
    revealed: float
    records: float
    regulated: bool

    @property
    def loss(self) -> float:
        """What its leak costs on average, EUR."""
        return limited_mean(self.revealed * self.median, self.sigma, self.cap)

    def swallow(self, other: "Copy") -> None:
        """Be one copy with another one of the same asset at the same holder: the larger of every number counts."""
        for name in ("rate", "sales", "median", "sigma", "cap", "revealed", "records", "regulated"):
            setattr(self, name, max(getattr(self, name), getattr(other, name)))


class Holder:
    """Who has copies: a breach exposes them all, and is fined once."""

    def __init__(self, name: str, bearer: str) -> None:
        self.name, self.bearer = name, bearer
        self.copies: list[Copy] = []
        self.asked: list[Any] = []
        self.spent = self.fine = 0.0
        self.let_through = 1.0

    def secure(self, rule: Any) -> None:
        """Spend what the strictest security that any contract asks for takes: the one that lets least through."""
        cap = max(rule.fine_cap, rule.fine_cap_share * max(copy.sales for copy in self.copies))
        fined = rule.fine_probability * limited_mean(rule.fine_median, rule.fine_sigma, cap)
        highest = max((copy.rate for copy in self.copies if copy.regulated), default=0.0)
        at_stake = math.fsum(copy.rate * copy.loss for copy in self.copies) + highest * fined
        offers = [(1.0 / (s.alpha * spent(s, at_stake) + 1.0) ** s.beta, spent(s, at_stake)) for s in self.asked]
        self.let_through, self.spent = min(offers)
        self.fine = highest * self.let_through * fined


class Exposure:
    """All copies of a run and their holders."""

    def __init__(self, made: list[tuple[Copy, Any]], rule: Any) -> None:
        self.copies: list[Copy] = []
        self.holders: dict[str, Holder] = {}
        for copy, security in made:
            holder = self.holders.setdefault(copy.holder, Holder(copy.holder, copy.bearer))
            holder.asked.append(security)
            same = [c for c in holder.copies if (c.owner, c.asset) == (copy.owner, copy.asset)]
            if same:
                same[0].swallow(copy)
            else:
                holder.copies.append(copy)
                self.copies.append(copy)
        for holder in self.holders.values():
            holder.secure(rule)

    def hazard(self, copy: Copy) -> float:
        """Return how often a copy leaks, 1/yr."""
        return copy.rate * self.holders[copy.holder].let_through

    def losses(self) -> dict[str, float]:
        """Return the expected loss of each group, EUR/yr."""
        found: dict[str, float] = defaultdict(float)
        for copy in self.copies:
            found[copy.group] += self.hazard(copy) * copy.loss
        return found

    def fines(self) -> dict[str, float]:
        """Return the expected fines on each party that holds copies, EUR/yr."""
        found: dict[str, float] = defaultdict(float)
        for holder in self.holders.values():
            found[holder.bearer] += holder.fine
        return found

    def security(self) -> dict[str, float]:
        """Return what each party that holds copies spends, EUR/yr."""
        found: dict[str, float] = defaultdict(float)
        for holder in self.holders.values():
            found[holder.bearer] += holder.spent
        return found

    def outcomes(self) -> dict[tuple[str, str], float]:
        """Return what could leak, and how likely: breaches at a holder's lower rate are among those at its higher."""
        values: dict[tuple[str, str], float] = {}
        for group in {copy.group for copy in self.copies}:
            own = [copy for copy in self.copies if copy.group == group and copy.revealed > 0.0]
            worst = [max(self.hazard(c) for c in own if c.holder == name) for name in {c.holder for c in own}]
            values["exposed_copies", group] = float(len(own))
            values["breach_probability", group] = 1.0 - math.exp(-math.fsum(worst))
            told = [copy for copy in own if copy.revealed > 0.0]
            values["exposed_records", group] = math.fsum(self.hazard(copy) * copy.records for copy in told)
        return values | {("fines", name): eur for name, eur in self.fines().items()}


def spent(security: Any, at_stake: float) -> float:
    """Return what a holder spends on security, EUR/yr, where `at_stake` EUR/yr are expected to be lost."""
    if security.rule == "fixed":
        return float(security.spending)
    if security.rule == "share_of_exposure":
        return float(security.exposure_share * at_stake)
    if security.rule == "gordon_loeb":  # the euro that averts one euro: d/dz of at_stake (alpha z + 1)^-beta is -1
        marginal = security.alpha * security.beta * at_stake
        return max(0.0, (marginal ** (1.0 / (security.beta + 1.0)) - 1.0) / security.alpha) if marginal > 0.0 else 0.0
    return 0.0


def limited_mean(median: float, sigma: float, cap: float) -> float:
    """Return the mean of a lognormal loss of which no more than `cap` is lost.

    E min(X, cap) is the integral of the survival function from 0 to the cap, done here by its closed form:
    E[X; X < cap] + cap P(X > cap).
    """
    if 0.0 in (median, cap) or sigma == 0.0:
        return min(median, cap)
    mean, phi = median * math.exp(sigma**2 / 2.0), NormalDist().cdf
    if math.isinf(cap):
        return mean
    z = math.log(cap / median) / sigma
    return mean * phi(z - sigma) + cap * phi(-z)
