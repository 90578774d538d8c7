"""What a protection leaves of the value of sharing, and what it still reveals.

The value in use is what better-informed decisions save, before what sharing itself costs (interfaces, platforms,
security, expected loss): that is where noise and coarsening tell. Of two strategies in the same random futures the
share of value that one keeps is a ratio of paired means; its interval is Fieller's (1954), and there is none where the
value it is a share of cannot be told from zero.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimates import Estimate, Floats, t_estimate, t_quantile
from analysis.points import adjusted, floats, paired, values_of
from analysis.tables import StudyTables
from model.contracts import DataContract

COSTS_OF_SHARING = ("cost_interface", "cost_platform", "cost_security", "cost_breach")
"""Parts of the real cost that sharing itself causes."""
PROTECTION = (
    "strategy", "revealed", "revealed_low", "revealed_high", "epsilon_year", "copies", "n", "saving", "saving_low",
    "saving_high", "gain", "gain_low", "gain_high", "use", "use_low", "use_high", "kept", "kept_low", "kept_high",
)  # fmt: skip
"""Columns of the frame of protections."""


@dataclass(frozen=True)
class _Pairing:
    """A strategy beside the baseline: the rows of their metrics."""

    ours: pd.DataFrame
    base: pd.DataFrame
    bearer: str | None


def protection_frame(
    tables: StudyTables, baseline: str, parties: Sequence[str], strategies: Sequence[str], reference: str
) -> pd.DataFrame:  # fmt: skip
    """Return what strategies reveal and what they are worth; columns `PROTECTION`, a row per strategy.

    `revealed` and `epsilon_year` are those of the sharer of whom most is revealed, `copies` those of all; `saving` is
    the saving of total real cost, `gain` what `parties` together gain, `use` the value in use, all in EUR/yr against
    the baseline with 95 % intervals, chance removed; `kept` is `use` over that of the reference.

    Args:
        tables: the study.
        baseline: strategy to compare with.
        parties: whose gain; those without a net cost of their own are left out.
        strategies: the strategies, in the order of the rows; the baseline has no row.
        reference: the strategy whose value in use the others keep a part of; empty for none.
    """
    rows = {name: tables.metrics[tables.metrics["strategy"] == name] for name in (*strategies, baseline)}
    known = set(rows[baseline][rows[baseline]["outcome"] == "party_cost"]["party"])
    group = [name for name in parties if name in known]
    bearer = tables.chance_bearer
    full = _use(_Pairing(rows[reference], rows[baseline], bearer)) if reference else pd.Series(dtype=np.float64)
    found = []
    for name in strategies:
        both = _Pairing(rows[name], rows[baseline], bearer)
        found.append({"strategy": name, **_revealed(rows[name]), **_worth(both, group), **_kept(both, full)})
    return pd.DataFrame(found, columns=list(PROTECTION))


def ratio_interval(above: Floats, below: Floats) -> tuple[float, float, float]:
    """Return the ratio of the means of two paired samples, shape (n,), with Fieller's 95 % interval.

    The interval is NaN where the mean below cannot be told from zero (the set is then not an interval), or n is 1.
    """
    n = above.size
    a, b = float(above.mean()), float(below.mean())
    if n < 2 or b == 0.0:
        return (a / b if b else math.nan), math.nan, math.nan
    covariance = np.cov(above, below, ddof=1) / n
    square = t_quantile(n - 1) ** 2
    # Values r for which the paired t test does not reject mean(above - r below) = 0: a quadratic in r.
    leading = b * b - square * float(covariance[1, 1])
    middle = a * b - square * float(covariance[0, 1])
    last = a * a - square * float(covariance[0, 0])
    if leading <= 0.0:
        return a / b, math.nan, math.nan
    root = math.sqrt(max(0.0, middle * middle - leading * last))
    return a / b, (middle - root) / leading, (middle + root) / leading


def _revealed(rows: pd.DataFrame) -> dict[str, Any]:
    """Return share revealed and yearly epsilon of the sharer of whom most is revealed, and copies of all."""
    shares = {
        str(party): t_estimate(floats(group["value"]))
        for party, group in rows[rows["outcome"] == "revealed_share"].groupby("party", sort=False)
    }
    if not shares:
        nothing = Estimate(0.0, 0.0, 0.0, 0.0, 0)
        return _cells("revealed", nothing) | {"epsilon_year": math.nan, "copies": 0.0}
    party = max(shares, key=lambda name: shares[name].value)
    copies = rows[rows["outcome"] == "exposed_copies"].groupby("replication")["value"].sum().mean()
    epsilon = values_of(rows, "epsilon_year", (party,)).mean()
    return _cells("revealed", shares[party]) | {"epsilon_year": float(epsilon), "copies": float(copies)}


def _worth(both: _Pairing, group: Sequence[str]) -> dict[str, Any]:
    saving = _gain(both, "real_cost", ("",))
    gain = _gain(both, "party_cost", group) if group else Estimate(math.nan, math.nan, math.nan, math.nan, 0)
    return {"n": saving.n, **_cells("saving", saving), **_cells("gain", gain)}


def _gain(both: _Pairing, outcome: str, parties: Sequence[str]) -> Estimate:
    """Return how much lower a cost is than under the baseline, chance removed."""
    plain, chance = paired(both.ours, both.base, outcome, parties, both.bearer)
    one = adjusted(outcome, floats(plain), floats(chance))
    return Estimate(-one.value, -one.high, -one.low, one.sd, one.n)


def _use(both: _Pairing) -> "pd.Series[float]":
    """Return the value in use by replication, chance removed."""
    plain, chance = paired(both.ours, both.base, "real_cost", ("",))
    own = [paired(both.ours, both.base, name, ("",))[0] for name in COSTS_OF_SHARING]
    return -(plain - chance - sum(one.reindex(plain.index).fillna(0.0) for one in own))


def _kept(both: _Pairing, full: "pd.Series[float]") -> dict[str, float]:
    use = _use(both)
    common = use.index.intersection(full.index)
    kept = (math.nan, math.nan, math.nan)
    if len(common):
        kept = ratio_interval(floats(use[common]), floats(full[common]))
    names = ("kept", "kept_low", "kept_high")
    return _cells("use", t_estimate(floats(use))) | dict(zip(names, kept, strict=True))


def _cells(name: str, one: Estimate) -> dict[str, float]:
    return {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}


def reference_strategy(contracts: Mapping[str, Sequence[DataContract]]) -> str:
    """Return the strategy that shares one firm's hourly plan as it is, and nothing else; empty if none does.

    Of several the one with the lowest fee.

    Args:
        contracts: strategy -> its contracts, as the privacy rule lets them be.
    """
    found = [(pairs[0].fee, name) for name, pairs in contracts.items() if len(pairs) == 1 and is_raw_plan(pairs[0])]
    return min(found, key=lambda one: one[0])[1] if found else ""


def is_raw_plan(pair: DataContract) -> bool:
    """Tell whether a contract shares an hourly plan as it is, bilaterally and of one firm."""
    return (
        pair.asset == "plan" and pair.variant == "raw" and pair.resolution == 1 and pair.noise_sd == 0.0
        and not pair.platform and not pair.members
    )  # fmt: skip
