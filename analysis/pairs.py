"""Pairs of runs in the same random futures: what differs, what is only rounding, and the bill it is set against."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.estimates import Estimate, Floats
from analysis.points import ROUNDING, difference, floats
from model.outcomes import OUTCOME
from scenarios.store import StrategyRow

_MANY = 4


@dataclass(frozen=True)
class Bill:
    """The energy bill that differences are expressed as a share of.

    Attributes:
        parties: the firms whose bills are added: those that share anything, else all that have a bill.
        eur_per_year: their bill under the baseline, mean over replications; NaN if nobody has one.
        own: bill of each party that has one, EUR/yr.
        unrelated: strategies that share (or whose baseline shares) more than data: their saving is not in energy.
    """

    parties: tuple[str, ...]
    eur_per_year: float
    own: Mapping[str, float] = field(default_factory=dict)
    unrelated: frozenset[str] = frozenset()

    def share(self, value: float, strategy: str, party: str = "") -> float:
        """Return an amount over the bill: a party's over its own; NaN where that says nothing.

        Args:
            value: EUR/yr.
            strategy: whose difference from the baseline it is.
            party: whose; empty for the whole economy.
        """
        whole = self.own.get(party, math.nan) if party else self.eur_per_year
        return math.nan if strategy in self.unrelated or not whole else value / whole

    @property
    def whose(self) -> str:
        """The firms in words; their number where they are many."""
        if len(self.parties) > _MANY:
            return f"{len(self.parties)} firms and groups of firms"
        return " and ".join(self.parties)


def not_in_energy(strategies: Iterable[StrategyRow], baseline: str) -> frozenset[str]:
    """Return the strategies whose difference from the baseline is not one of plans and prices of energy alone."""
    members = tuple(strategies)
    sharing = {m.name for m in members if m.inputs.get("resource_contracts") or m.inputs.get("technology_contracts")}
    return frozenset(m.name for m in members) if baseline in sharing else frozenset(sharing)


def reference_bill(
    metrics: pd.DataFrame, baseline: str, sharers: Sequence[str], unrelated: frozenset[str] = frozenset()
) -> Bill:
    """Return the mean energy bill under the baseline of the firms that share, or of all firms; see `Bill`."""
    rows = metrics[(metrics["strategy"] == baseline) & (metrics["outcome"] == "energy_bill")]
    billed = tuple(dict.fromkeys(rows["party"]))
    parties = tuple(name for name in dict.fromkeys(sharers) if name in billed) or billed
    total = rows[rows["party"].isin(parties)].groupby("replication")["value"].sum()
    own = {str(party): float(value) for party, value in rows.groupby("party")["value"].mean().items()}
    return Bill(parties, float(total.mean()) if len(total) else math.nan, own, unrelated)


def by_strategy(metrics: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    """Return (outcome, party) -> values, one row per replication, one column per strategy."""
    order = list(dict.fromkeys(metrics["strategy"]))
    return {
        (str(outcome), str(party)): group.pivot(index="replication", columns="strategy", values="value").reindex(
            columns=order
        )
        for (outcome, party), group in metrics.groupby(["outcome", "party"], sort=False)
    }


@dataclass(frozen=True)
class Pair:
    """One outcome of one party under two strategies in the same random futures.

    Attributes:
        outcome: name of the outcome.
        a: values under the strategy, shape (n,).
        b: values under the baseline, shape (n,).
        chance: paired differences of the control variate, shape (n,); zeros where there is none.
        least: what is at most this is the rounding of sums, in the outcome's unit.
    """

    outcome: str
    a: Floats
    b: Floats
    chance: Floats
    least: float = 0.0

    @property
    def difference(self) -> Floats:
        """Paired differences; what is within the rounding of the two values or of the total is zero."""
        return difference(self.a, self.b, self.least)

    def settled(self, estimate: Estimate) -> Estimate:
        """Return an estimate of the difference; zero where it is nothing but rounding."""
        floor = max(self.least, ROUNDING * float(max(np.abs(self.a).max(), np.abs(self.b).max())))
        size = np.nanmax(np.abs([estimate.value, estimate.low, estimate.high]))
        if size > floor:
            return estimate
        low, high = (math.nan if math.isnan(end) else 0.0 for end in (estimate.low, estimate.high))
        return Estimate(0.0, low, high, 0.0 * estimate.sd, estimate.n)


def least_of(metrics: pd.DataFrame, baseline: str) -> float:
    """Return the difference of money (EUR/yr) that is rounding: `ROUNDING` of the baseline's total real cost."""
    rows = metrics[(metrics["strategy"] == baseline) & (metrics["outcome"] == "real_cost") & (metrics["party"] == "")]
    return ROUNDING * float(rows["value"].abs().mean()) if len(rows) else 0.0


def pair(
    outcome: str,
    table: pd.DataFrame,
    strategy: str,
    baseline: str,
    control: pd.DataFrame | None = None,
    *,
    least: float = 0.0,
) -> Pair:
    """Return the replications that both strategies finished; see `Pair`.

    Args:
        outcome: name of the outcome.
        table: its values, one row per replication, one column per strategy.
        strategy: column to compare.
        baseline: column to compare with.
        control: the control variate in the same shape, if there is one.
        least: difference of money that is rounding, EUR/yr.
    """
    a, b = floats(table[strategy]), floats(table[baseline])
    both = ~(np.isnan(a) | np.isnan(b))
    chance = np.zeros(int(both.sum()))
    if control is not None and {strategy, baseline} <= set(control.columns):
        aligned = floats((control[strategy] - control[baseline]).reindex(table.index))[both]
        chance = aligned if np.isfinite(aligned).all() else chance
    return Pair(outcome, a[both], b[both], chance, least if OUTCOME[outcome].unit == "EUR/yr" else 0.0)
