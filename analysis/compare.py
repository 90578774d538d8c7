"""Paired comparison of strategies with a baseline on common random numbers.

Pure functions of tidy frames (analysis.tables); the store is never touched. Every figure comes with
the number of replications n. Differences are strategy minus baseline, so that a negative difference
of a cost is a saving.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.breakeven import BreakEven, break_evens
from analysis.estimates import (
    CONTROL,
    UNIT_COEFFICIENT,
    Floats,
    bca_interval,
    control_adjusted,
    known_coefficient,
    probability_best,
    replications_for,
    t_estimate,
    variance_ratio,
)
from analysis.influence import influence_frame
from analysis.orders import orders_frame
from analysis.pairs import Bill, Pair, by_strategy, least_of, not_in_energy, pair, reference_bill
from analysis.points import TOO_FEW, difference
from analysis.tables import StudyTables
from analysis.tails import tail_frame
from analysis.waterfall import unanswered, waterfall_frame
from model.errors import StoreError
from model.ledger import RESOURCES
from model.outcomes import COST_COMPONENTS, OUTCOME

FEW = TOO_FEW
"""Below this number of replications an interval is a rough guide, and no probability is worth printing."""
SKEWED = 1.0
"""Sample skewness above which the t interval should give way to the bootstrap."""
HALF_WIDTH_SHARE = 0.05
"""Precision that `replications_needed` aims at: half-width over absolute difference."""
DIFFERENCES = (
    "strategy", "outcome", "party", "title", "unit", "direction", "family", "n", "baseline_mean", "mean", "difference",
    "low", "high", "bca_low", "bca_high", "sd", "share_of_baseline", "share_of_bill", "variance_ratio",
    "variance_ratio_low", "variance_ratio_high", "replications_needed", "replications_needed_independent",
    "adjusted_difference", "adjusted_low", "adjusted_high", "control_coefficient", "control_method",
    "replications_needed_adjusted", "verdict", "note",
)  # fmt: skip
"""Columns of the frame of differences."""
RANKING = (
    "rank", "strategy", "title", "n", "mean", "difference", "low", "high", "share_of_bill", "adjusted_difference",
    "adjusted_low", "adjusted_high", "control_method", "probability_best",
)  # fmt: skip
"""Columns of the ranking."""
FLOWS = ("strategy", "payer", "payee", "kind", "n", "baseline_mean", "mean", "difference", "low", "high")
"""Columns of the frames of transfers and of real cost by party."""


@dataclass(frozen=True)
class Comparison:
    """Everything a comparison says.

    Attributes:
        tables: the study compared.
        baseline: strategy that the others are compared with.
        goal: outcome by which strategies are ranked: the study's first.
        bill: see `Bill`.
        differences: one row per strategy, outcome and party; columns `DIFFERENCES`.
        ranking: the strategies by the goal outcome, best first; columns `RANKING`.
        components: strategy, component, title, n, mean, difference, low, high; sums to the total real cost.
        parties: strategy, party, n, mean, difference, low, high, share_of_bill, verdict (gains, loses, unclear,
            no difference).
        transfers: who pays whom, columns `FLOWS`; real cost excluded, so that each strategy sums to what moves only.
        real_costs: real cost by the party that bears it and by kind, columns `FLOWS`; payee is `resources`.
        tail: the risk of bad years, drawn breach losses included; columns `analysis.tails.TAIL`.
        break_even: the sweeps' answers: for each party asked about, and for all of them together.
        influence: which assumption moves the value of a strategy most; columns `analysis.influence.INFLUENCE`.
        waterfall: what each stage of a pipeline adds; columns `analysis.waterfall.WATERFALL`.
        orders: what steps add in every order; columns `analysis.orders.ORDERS`.
        warnings: what a reader must know before believing a figure.
        precision: half-width over difference that the numbers of replications needed aim at.
    """

    tables: StudyTables
    baseline: str
    goal: str
    bill: Bill
    differences: pd.DataFrame
    ranking: pd.DataFrame
    components: pd.DataFrame
    parties: pd.DataFrame
    transfers: pd.DataFrame
    real_costs: pd.DataFrame
    tail: pd.DataFrame
    break_even: tuple[BreakEven, ...]
    influence: pd.DataFrame
    waterfall: pd.DataFrame
    orders: pd.DataFrame
    warnings: tuple[str, ...]
    precision: float


def compare_study(
    tables: StudyTables, *, baseline: str | None = None, precision: float = HALF_WIDTH_SHARE
) -> Comparison:
    """Return the full comparison of a study.

    Args:
        tables: the study, as read from the store.
        baseline: strategy to compare with; the study's own by default.
        precision: half-width of the interval, as a share of the difference, that `replications_needed` aims at.

    Raises:
        StoreError: if the study has no finished run of the baseline.
    """
    base = tables.study.baseline if baseline is None else baseline
    names = [member.name for member in tables.strategies]
    if not (tables.metrics["strategy"] == base).any():
        state = "has no finished run" if base in names else f"is not a strategy; known: {', '.join(names)}"
        msg = f"{tables.study.name}: the baseline {base!r} {state}"
        raise StoreError(msg)
    stages = waterfall_frame(tables)
    unrelated = not_in_energy(tables.strategies, base)
    bill = reference_bill(tables.metrics, base, (*tables.providers, *tables.members), unrelated)
    bearer = tables.chance_bearer
    differences = paired_differences(tables.metrics, base, bill, half_width_share=precision, bearer=bearer)
    goal = goal_outcome(tables)
    titles = {member.name: member.title for member in tables.strategies}
    return Comparison(
        tables=tables, baseline=base, goal=goal, bill=bill, differences=differences,
        ranking=ranking(tables.metrics, base, goal, bill, titles),
        components=component_table(tables.metrics, base),
        parties=party_table(differences),
        transfers=flow_table(tables.transfers, base, real=False, least=least_of(tables.metrics, base)),
        real_costs=flow_table(tables.transfers, base, real=True, least=least_of(tables.metrics, base)),
        tail=tail_frame(tables, base),
        break_even=break_evens(tables.points, tables.study.evaluation.get("break_even"), bearer),
        influence=influence_frame(tables),
        waterfall=stages,
        orders=orders_frame(tables),
        warnings=(*_warnings(tables, differences), *unanswered(tables, stages)),
        precision=precision,
    )  # fmt: skip


def goal_outcome(tables: StudyTables) -> str:
    """Return the outcome that ranks the strategies: the study's first goal that is one value for all parties."""
    listed = [name for name in tables.study.evaluation.get("goals", ()) if name in OUTCOME]
    whole = [name for name in listed if not OUTCOME[name].per_party and OUTCOME[name].direction != "none"]
    return whole[0] if whole else "real_cost"


def paired_differences(
    metrics: pd.DataFrame,
    baseline: str,
    bill: Bill,
    *,
    half_width_share: float = HALF_WIDTH_SHARE,
    bearer: str | None = None,
) -> pd.DataFrame:
    """Return one row per strategy other than the baseline, outcome and party; columns `DIFFERENCES`."""
    values, least = by_strategy(metrics), least_of(metrics, baseline)
    order = {name: i for i, name in enumerate(OUTCOME)}
    rows = []
    declared = [item for item in values.items() if item[0][0] in order]  # a store may know outcomes of another version
    for (outcome, party), table in sorted(declared, key=lambda item: (order[item[0][0]], item[0][1])):
        control = values.get((CONTROL, party), values.get((CONTROL, "")))
        for strategy in table.columns:
            if strategy == baseline or baseline not in table:
                continue
            both = pair(outcome, table, strategy, baseline, control if _has_control(outcome) else None, least=least)
            if both.a.size:
                measures = _measures(both, half_width_share, known_coefficient(outcome, (party,), bearer))
                rows.append({"strategy": strategy, "outcome": outcome, "party": party, **measures})
    frame = pd.DataFrame(rows, columns=list(DIFFERENCES))
    keys = zip(frame["difference"], frame["strategy"], frame["party"], strict=True)
    shares = pd.Series([bill.share(*key) for key in keys], frame.index, dtype=float)
    frame["share_of_bill"] = shares.where(frame["unit"] == "EUR/yr")
    return frame


def _has_control(outcome: str) -> bool:
    return OUTCOME[outcome].unit == "EUR/yr" and OUTCOME[outcome].family != "control"


def _measures(both: Pair, share: float, coefficient: float | None) -> dict[str, Any]:
    """Return the columns of `DIFFERENCES` that follow from one pair."""
    declared, a, b = OUTCOME[both.outcome], both.a, both.b
    plain = t_estimate(both.difference)
    bca_low, bca_high = bca_interval(both.difference)
    ratio, ratio_low, ratio_high = variance_ratio(a, b)
    half_width = share * abs(plain.value)
    independent = math.sqrt(float(a.var(ddof=1) + b.var(ddof=1))) if a.size > 1 else math.nan
    base_mean = float(b.mean())
    return {
        "title": declared.title, "unit": declared.unit, "direction": declared.direction, "family": declared.family,
        "n": plain.n, "baseline_mean": base_mean, "mean": float(a.mean()), "difference": plain.value,
        "low": plain.low, "high": plain.high, "bca_low": bca_low, "bca_high": bca_high, "sd": plain.sd,
        "share_of_baseline": plain.value / abs(base_mean) if base_mean else math.nan,
        "variance_ratio": ratio, "variance_ratio_low": ratio_low, "variance_ratio_high": ratio_high,
        "replications_needed": replications_for(plain.sd, half_width),
        "replications_needed_independent": replications_for(independent, half_width),
        **_adjusted(both, share, coefficient),
        "verdict": verdict(plain.low, plain.high, declared.direction, plain.value), "note": _note(both.difference),
    }  # fmt: skip


def _adjusted(both: Pair, share: float, known: float | None) -> dict[str, Any]:
    """Return the columns of the control-variate estimate; for outcomes without one, those of the plain estimate."""
    difference = both.difference
    estimate, coefficient, method = t_estimate(difference), 0.0, "none"
    if np.any(both.chance):
        estimate, coefficient = control_adjusted(difference, both.chance, known)
        estimate = both.settled(estimate)
        method = "estimated" if known is None else f"fixed at {known:.0f}"
    return {
        "adjusted_difference": estimate.value, "adjusted_low": estimate.low, "adjusted_high": estimate.high,
        "control_coefficient": coefficient, "control_method": method,
        "replications_needed_adjusted": replications_for(estimate.sd, share * abs(estimate.value)),
    }  # fmt: skip


def verdict(low: float, high: float, direction: str, value: float = math.nan) -> str:
    """Return better, worse, unchanged, unclear, or an empty word where neither way is better.

    Args:
        low, high: the interval; NaN if there is none.
        direction: of the outcome.
        value: the estimate, which tells a difference of exactly zero where there is no interval.
    """
    if direction == "none":
        return ""
    if low == high == 0.0 or (value == 0.0 and math.isnan(low)):
        return "unchanged"
    if not (math.isfinite(low) and math.isfinite(high)) or low <= 0.0 <= high:
        return "unclear"
    falls = high < 0.0
    return "better" if falls == (direction == "lower") else "worse"


def _note(difference: Floats) -> str:
    n = difference.size
    notes = []
    if n < FEW:
        notes.append(f"n = {n} is too small to trust the interval")
    spread = float(difference.std())
    if n >= 3 and spread > 0:
        skewness = float(((difference - difference.mean()) ** 3).mean()) / spread**3
        if abs(skewness) > SKEWED:
            notes.append(f"skewed ({skewness:+.1f}): read the bootstrap interval")
    return "; ".join(notes)


def ranking(
    metrics: pd.DataFrame, baseline: str, goal: str, bill: Bill, titles: Mapping[str, str]
) -> pd.DataFrame:  # fmt: skip
    """Return the strategies by their estimated mean of the goal outcome, best first; see `Comparison`.

    The probability of being best is the share of bootstrap samples of replications in which a strategy
    has the best mean, after the control variate where it applies with coefficient 1; NaN below `FEW` replications,
    where resampling the few there are says little about others.
    """
    values, least = by_strategy(metrics), least_of(metrics, baseline)
    if (goal, "") not in values:
        msg = f"no finished run has a value of {goal}"
        raise StoreError(msg)
    table = values[goal, ""].dropna(axis="columns", how="all").dropna()
    if table.empty:
        msg = "no replication is finished under all strategies yet; `tandem run` resumes the study"
        raise StoreError(msg)
    control = values.get((CONTROL, "")) if _has_control(goal) else None
    lower = OUTCOME[goal].direction != "higher"
    chance = np.full(len(table.columns), math.nan)
    if len(table) >= FEW:
        chance = probability_best(_without_chance(table, control, goal), lower_is_better=lower)
    rows = []
    for name, probability in zip(table.columns, chance, strict=True):
        both = pair(goal, table, name, baseline, control, least=least)
        estimate = t_estimate(both.difference)
        adjusted = {
            key: value
            for key, value in _adjusted(both, 1.0, known_coefficient(goal, ("",), None)).items()
            if key in RANKING
        }
        share = bill.share(estimate.value, str(name)) if OUTCOME[goal].unit == "EUR/yr" else math.nan
        rows.append({
            "strategy": name, "title": titles.get(name, name), "n": estimate.n, "mean": float(both.a.mean()),
            "difference": estimate.value, "low": estimate.low, "high": estimate.high, "share_of_bill": share,
            **adjusted, "probability_best": float(probability),
        })  # fmt: skip
    frame = pd.DataFrame(rows).sort_values("adjusted_difference", ascending=lower, kind="stable", ignore_index=True)
    frame["rank"] = frame["adjusted_difference"].rank(method="min", ascending=lower).astype(int)
    return frame[list(RANKING)]


def _without_chance(table: pd.DataFrame, control: pd.DataFrame | None, goal: str) -> Floats:
    """Return the values, shape (replication, strategy), less the control variate where its coefficient is 1."""
    if control is None or goal not in UNIT_COEFFICIENT:
        return table.to_numpy(np.float64)
    chance = control.reindex(index=table.index, columns=table.columns).fillna(0.0)
    return (table - chance).to_numpy(np.float64)


def component_table(metrics: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Return the real cost by component, its total in the last row of each strategy; see `Comparison`."""
    names = [*COST_COMPONENTS, "real_cost"]
    return _mean_table(metrics[metrics["outcome"].isin(names)], baseline, names)


def _mean_table(metrics: pd.DataFrame, baseline: str, names: Sequence[str]) -> pd.DataFrame:
    values, least = by_strategy(metrics), least_of(metrics, baseline)
    rows = []
    for strategy in dict.fromkeys(metrics["strategy"]):
        for name in names:
            table = values.get((name, ""))
            if table is None or strategy not in table or baseline not in table:
                continue
            both = pair(name, table, strategy, baseline, least=least)
            estimate = t_estimate(both.difference)
            rows.append(
                {
                    "strategy": strategy, "component": name, "title": OUTCOME[name].title, "n": estimate.n,
                    "mean": float(both.a.mean()), "difference": estimate.value,
                    "low": estimate.low, "high": estimate.high,
                }
            )  # fmt: skip
    columns = ["strategy", "component", "title", "n", "mean", "difference", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def party_table(differences: pd.DataFrame) -> pd.DataFrame:
    """Return who gains and who loses: the difference of every party's net cost, chance removed where it can be."""
    rows = differences[differences["outcome"] == "party_cost"].reset_index(drop=True)
    frame = rows[
        ["strategy", "party", "n", "baseline_mean", "mean", "difference", "low", "high", "share_of_bill"]
    ].copy()
    controlled = rows["control_method"] != "none"
    for name in ("difference", "low", "high"):
        frame[name] = rows[name].where(~controlled, rows[f"adjusted_{name}"])
    frame["share_of_bill"] *= (frame["difference"] / rows["difference"]).where(
        controlled & (rows["difference"] != 0), 1.0
    )
    words = {"better": "gains", "worse": "loses", "unchanged": "no difference"}
    found = zip(frame["low"], frame["high"], frame["difference"], strict=True)
    frame["verdict"] = [words.get(w, w) for w in (verdict(low, high, "lower", value) for low, high, value in found)]
    return frame


def flow_table(flows: pd.DataFrame, baseline: str, *, real: bool, least: float = 0.0) -> pd.DataFrame:
    """Return what flows from whom to whom for what, and how that differs from the baseline; columns `FLOWS`.

    Args:
        flows: strategy, replication, payer, payee, kind, value (EUR per year); a missing flow is zero.
        baseline: strategy to compare with.
        real: flows to `resources`, which are real cost; else all others, which only move money.
        least: difference that is rounding, EUR/yr.
    """
    key = ["payer", "payee", "kind"]
    chosen = flows[(flows["payee"] == RESOURCES) == real]
    if chosen.empty:
        return pd.DataFrame(columns=list(FLOWS))
    runs = pd.MultiIndex.from_frame(flows[["strategy", "replication"]].drop_duplicates())
    wide = chosen.pivot_table(index=key, columns=["strategy", "replication"], values="value")
    wide = wide.reindex(columns=runs).fillna(0.0)
    rows = []
    for strategy in dict.fromkeys(flows["strategy"]):
        common = wide[strategy].columns.intersection(wide[baseline].columns)
        ours, theirs = (wide[name][common].to_numpy(np.float64) for name in (strategy, baseline))
        for payment, a, b in zip(wide.index, ours, theirs, strict=True):
            estimate = t_estimate(difference(a, b, least))
            means = [estimate.n, float(b.mean()), float(a.mean()), estimate.value, estimate.low, estimate.high]
            rows.append([strategy, *payment, *means])
    return pd.DataFrame(rows, columns=list(FLOWS))


def _warnings(tables: StudyTables, differences: pd.DataFrame) -> list[str]:
    found = []
    failed = int((tables.runs["status"] == "failed").sum())
    waiting = int(tables.runs["status"].isin(["pending", "running"]).sum())
    if failed:
        found.append(f"{failed} of {len(tables.runs)} runs failed; replications are compared where both sides finished")
    if waiting:
        found.append(f"{waiting} of {len(tables.runs)} runs are not finished; `tandem run` resumes them")
    if not len(differences):
        return [*found, "there is no strategy to compare with the baseline"]
    least = int(differences["n"].min())
    if least < FEW:
        found.append(
            f"n = {least} replications: too few for the intervals to be trusted, and for a probability of being best; "
            f"{FEW} or more are needed"
        )
    return found + _infeasible(tables)


def _infeasible(tables: StudyTables) -> list[str]:
    """Return what could not be run because the model refuses it."""
    refused = tables.study.evaluation.get("infeasible", ())
    return list(dict.fromkeys(f"{one['part']}: {one['label']} is infeasible: {one['reason']}" for one in refused))
