"""The risk of bad years: CVaR of yearly costs with the drawn losses of nested years, and what it costs to carry it.

A replication's cost books breaches and fines with their expectation. For the tail that booking is taken out, and each
replication meets its own nested years of drawn losses instead. Means stay as booked, which is exact.

Chance alignment with the system stays in: it is removed from means because it is known to be zero on average, but a
year has it, and a bad year more of it. Differences are paired: replications and their drawn losses are the same under
every strategy. Every error comes from leaving out one replication at a time (`model.risk`).

A party's tail has its own losses and the fines on it; what the members of a cooperative platform bear of its fines
stays in their cost as booked. The tail of all parties together has the losses of all owners, and no fines, which are
transfers.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.estimates import Floats, t_quantile
from analysis.points import TOO_FEW, floats
from analysis.tables import Ints, LossSample, StudyTables
from model.exposure import FINE
from model.ledger import RESOURCES
from model.population import REGULATOR
from model.risk import Estimate, cvar, leave_one_out

DIFFERENCES = ("cvar95", "excess", "capital_charge")
TAIL = (
    "strategy", "outcome", "party", "n", "years", "mean", "expected_loss", "cvar95", "cvar95_error",
    "cvar_minus_mean", "standard_error", "capital_charge", "capital_charge_error", "loss_cvar95", "loss_cvar95_error",
    *(f"{name}_{end}" for name in DIFFERENCES for end in ("difference", "low", "high")), "base_share", "note",
)  # fmt: skip
"""Columns of the frame of tails; EUR/yr except for `n`, `years` and `base_share`."""
COVERAGE = ((1 / 3, ""), (1.0, "88 to 93 %"), (10.0, "76 to 88 %"), (math.inf, "about 75 %"))
"""How often a 95 % interval from 30 normal replications covers the truth, by sd of costs over sd of drawn losses up to
this; measured, for CVaR95 less mean. Up to a third it is 93 % or so, and no reason for a note."""


@dataclass(frozen=True)
class Tail:
    """The tail of one cost under one strategy.

    Attributes:
        replications: numbers of the random futures, shape (n,).
        cost: yearly cost as booked, shape (n,).
        booked: expected losses in it, shape (n,).
        whole: CVaR95 of `cost` less `booked` plus drawn losses.
        without: the same without each replication, shape (n,).
        loss_whole, loss_without: the same of the losses alone.
        charge: price of risk, share of CVaR95 less mean a year.
        years: nested years of each replication; 0 where none were drawn.
        base_share: how much more costs vary between replications than drawn losses vary between years.
    """

    replications: Ints
    cost: Floats
    booked: Floats
    whole: float
    without: Floats
    loss_whole: float
    loss_without: Floats
    charge: float
    years: int
    base_share: float

    @property
    def means(self) -> Floats:
        """Mean cost without each replication, shape (n,)."""
        n = self.cost.size
        means: Floats = (self.cost.sum() - self.cost) / max(1, n - 1)
        return means

    @property
    def figures(self) -> dict[str, tuple[float, Floats]]:
        """What is told of a tail and compared: name -> value of the whole sample, and without each replication."""
        excess, excesses = self.whole - float(self.cost.mean()), self.without - self.means
        return {
            "cvar95": (self.whole, self.without), "excess": (excess, excesses),
            "capital_charge": (self.charge * excess, self.charge * excesses),
        }  # fmt: skip


def jackknife(whole: float, without: Floats) -> Estimate:
    """Return an estimate and its standard error from the figures of a sample and of it without each replication.

    Args:
        whole: figure of the whole sample.
        without: figures with one replication left out, shape (n,); with one replication there is no error.
    """
    n = without.size
    if n < 2:
        return Estimate(whole, math.nan)
    value = n * whole - (n - 1) * float(without.mean())
    return Estimate(value, math.sqrt((n - 1) * float(without.var())))


def tail_frame(tables: StudyTables, baseline: str) -> pd.DataFrame:
    """Return the tail of yearly cost by strategy, for the economy and for every party; columns `TAIL`."""
    booked = _booked(tables.transfers)
    charges = {m.name: float(m.inputs.get("economy", {}).get("capital_charge", math.nan)) for m in tables.strategies}
    rows = []
    wanted = tables.metrics[tables.metrics["outcome"].isin(["real_cost", "party_cost"])]
    for (outcome, party), table in wanted.groupby(["outcome", "party"], sort=False):
        found = {}
        for name, values in table.groupby("strategy", sort=False):
            key = (str(name), str(party))
            cost = values.set_index("replication")["value"].sort_index()
            found[key[0]] = _tail(cost, booked.get(key), _samples(tables.loss_years, *key), charges[key[0]])
        for strategy, tail in found.items():
            differences = _differences(tail, found.get(baseline))
            rows.append([strategy, outcome, party, *_level(tail), *differences, tail.base_share, _note(tail)])
    return pd.DataFrame(rows, columns=list(TAIL))


def _booked(transfers: pd.DataFrame) -> dict[tuple[str, str], "pd.Series[float]"]:
    """Return (strategy, party or "") -> expected losses and fines in its cost by replication, EUR/yr."""
    losses = transfers[(transfers["kind"] == "breach") & (transfers["payee"] == RESOURCES)]
    fines = transfers[(transfers["kind"] == "fine") & (transfers["payee"] == REGULATOR)]
    parts = [losses.assign(party=""), losses.assign(party=losses["payer"]), fines.assign(party=fines["payer"])]
    sums = pd.concat(parts).groupby(["strategy", "party", "replication"])["value"].sum()
    return {
        (str(strategy), str(party)): values.set_index("replication")["value"]
        for (strategy, party), values in sums.reset_index().groupby(["strategy", "party"], sort=False)
    }


def _samples(known: Mapping[tuple[str, str], LossSample], strategy: str, party: str) -> list[LossSample]:
    """Return the drawn losses that fall on a party, or on all owners together."""
    keys = [(strategy, party), *([(strategy, FINE + party)] if party else [])]
    return [known[key] for key in keys if key in known]


def _tail(
    cost: "pd.Series[float]", booked: "pd.Series[float] | None", samples: list[LossSample], charge: float
) -> Tail:
    """Return the tail of a cost by replication; without drawn losses the booked expectation stays in."""
    replications, values = np.asarray(cost.index, dtype=np.int64), floats(cost)
    expected = np.zeros(values.size)
    if booked is not None:
        expected = floats(booked.reindex(cost.index).fillna(0.0))
    years = samples[0].years if samples else 0
    losses = np.zeros((values.size, max(1, years)))
    for sample in samples:
        losses += sample.table(replications)
    base = values - expected if samples else values
    total = base[:, None] + losses
    several, drawn = values.size > 1, float(losses.std())
    return Tail(
        replications, values, expected,
        whole=float(cvar(total.ravel())), without=leave_one_out(total) if several else np.zeros(1),
        loss_whole=float(cvar(losses.ravel())), loss_without=leave_one_out(losses) if several else np.zeros(1),
        charge=charge, years=years, base_share=float(base.std()) / drawn if drawn else math.inf,
    )  # fmt: skip


def _level(tail: Tail) -> list[float]:
    """Return the columns of `TAIL` that tell of one strategy by itself."""
    figures = {name: jackknife(*figure) for name, figure in tail.figures.items()}
    alone = jackknife(tail.loss_whole, tail.loss_without)
    nothing = tail.years == 0 and tail.booked.any()
    lone = Estimate(math.nan, math.nan) if nothing else alone
    levels = [figures["cvar95"], figures["excess"], figures["capital_charge"], lone]
    means = [float(tail.cost.mean()), float(tail.booked.mean())]
    return [tail.cost.size, tail.years, *means, *(number for level in levels for number in level)]


def _differences(tail: Tail, base: Tail | None) -> list[float]:
    """Return difference and ends of its 95 % interval for each of `DIFFERENCES`; NaN where there is no pair."""
    missing = [math.nan] * 3 * len(DIFFERENCES)
    if base is None or not np.array_equal(tail.replications, base.replications):
        return missing
    found = []
    for name in DIFFERENCES:
        (whole, without), (theirs, theirs_without) = tail.figures[name], base.figures[name]
        value, error = jackknife(whole - theirs, without - theirs_without)
        half = t_quantile(tail.cost.size - 1) * error
        found += [value, value - half, value + half]
    return found


def _note(tail: Tail) -> str:
    """Return what a reader must know before believing the figures."""
    n, notes = tail.cost.size, []
    if tail.years == 0 and tail.booked.any():
        notes.append("no nested years were drawn: losses count with their expectation only")
    if n < 2:
        return "; ".join([*notes, "one replication has no tail of its own"])
    if n < TOO_FEW:
        notes.append(f"n = {n} is too small to trust the error")
    covered = next(words for most, words in COVERAGE if tail.base_share <= most)
    if covered:
        notes.append(
            f"mostly the tail of {n} replications' costs, of which the worst 5 % are {n / 20:.2g}: a 95 % interval "
            f"from 30 replications covers the truth in {covered} of cases"
        )
    return "; ".join(notes)
