"""Which assumption moves the value of a strategy most: one at a time, from its low to its high end.

Every end runs in the random futures of the study with everything else as it is, so that the value of the
strategy, its paired difference from the baseline, is comparable between ends. What one assumption does
while another differs too is not asked here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.estimates import CONTROL, Estimate
from analysis.points import (
    TOO_FEW,
    adjusted,
    as_number,
    floats,
    paired,
    parameter_unit,
    party_groups,
    party_name,
    reasons,
    value_at,
)
from analysis.tables import StudyTables, as_list
from model.outcomes import OUTCOME

ENDS = ("low", "base", "high")
INFLUENCE = (
    "name", "title", "strategy", "baseline", "outcome", "outcome_unit", "party", "parameter", "unit", *ENDS,
    *(f"at_{end}{part}" for end in ENDS for part in ("", "_lower", "_upper")), "swing", "n", "note",
)  # fmt: skip
"""Columns of the influence frame."""


@dataclass(frozen=True)
class _Question:
    """One ranking for one group of parties.

    Attributes:
        asked: the ranking as the study's evaluation holds it.
        parties: whose outcome, added up.
        base: strategy -> rows of its own runs, of the replications asked for.
        points: (label, strategy) -> rows of a point.
        refused: (part, label) -> why a point is infeasible.
        bearer: the party that bears the chance alignment with the system.
    """

    asked: Mapping[str, Any]
    parties: tuple[str, ...]
    base: dict[str, pd.DataFrame]
    points: dict[tuple[str, str], pd.DataFrame]
    refused: Mapping[tuple[str, str], str]
    bearer: str | None


def influence_frame(tables: StudyTables) -> pd.DataFrame:
    """Return the rankings of a study, largest swing first within each; columns `INFLUENCE`.

    `low`, `base` and `high` are values of the parameter in its unit, a switch as 0 and 1. `at_low`, `at_base` and
    `at_high` are the paired change, strategy minus baseline, in the outcome's unit, with 95 % interval, cleaned of
    the control variate as in a comparison; NaN where an end is infeasible or nothing finished, with the reason in
    `note`. `swing` is their largest less their smallest. All three use the same n replications.
    """
    rows: list[dict[str, Any]] = []
    for asked in as_list(tables.study.evaluation.get("influence")):
        for group in party_groups(asked["parties"]):
            question = _question(tables, asked, group)
            found = [_row(tables, question, entry) for entry in asked["parameters"]]
            rows += sorted(found, key=lambda row: -row["swing"] if math.isfinite(row["swing"]) else math.inf)
    return pd.DataFrame(rows, columns=list(INFLUENCE))


def _question(tables: StudyTables, asked: Mapping[str, Any], parties: tuple[str, ...]) -> _Question:
    most = asked.get("replications") or tables.study.replications
    outcomes = [asked["outcome"], CONTROL]
    own = tables.metrics[(tables.metrics["replication"] < most) & tables.metrics["outcome"].isin(outcomes)]
    base = {name: own[own["strategy"] == name] for name in (asked["strategy"], asked["baseline"])}
    rows = tables.points[tables.points["part"] == f"influence/{asked['name']}"]
    rows = rows[rows["outcome"].isin(outcomes)]
    points = {(str(label), str(name)): group for (label, name), group in rows.groupby(["point", "strategy"])}
    return _Question(asked, parties, base, points, reasons(tables.study.evaluation), tables.chance_bearer)


def _row(tables: StudyTables, question: _Question, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of one assumption."""
    asked, key = question.asked, entry["parameter"]
    inputs = next((member.inputs for member in tables.strategies if member.name == asked["strategy"]), {})
    samples = {end: _sample(question, key, end) for end in ENDS}
    estimates, n = _estimates(asked["outcome"], samples)
    values = [estimate.value for estimate in estimates.values()]
    row = {
        "name": asked["name"], "title": asked["title"], "strategy": asked["strategy"], "baseline": asked["baseline"],
        "outcome": asked["outcome"], "outcome_unit": OUTCOME[asked["outcome"]].unit,
        "party": party_name(question.parties), "parameter": key, "unit": parameter_unit(key),
        "low": as_number(entry["low"]), "base": as_number(value_at(inputs, key)), "high": as_number(entry["high"]),
        "swing": max(values) - min(values) if len(values) > 1 else math.nan, "n": n,
        "note": _note(question, key, samples, estimates, n),
    }  # fmt: skip
    for end, estimate in estimates.items():
        row |= {f"at_{end}": estimate.value, f"at_{end}_lower": estimate.low, f"at_{end}_upper": estimate.high}
    return row


def _sample(question: _Question, key: str, end: str) -> tuple["pd.Series[float]", "pd.Series[float]"]:
    """Return the differences and those of the control variate, by replication, at one end; empty without runs."""
    asked = question.asked
    sides = [question.base[name] for name in (asked["strategy"], asked["baseline"])]
    if end != "base":
        none = question.base[asked["strategy"]].iloc[:0]
        sides = [question.points.get((f"{key} {end}", name), none) for name in (asked["strategy"], asked["baseline"])]
    return paired(sides[0], sides[1], asked["outcome"], question.parties, question.bearer)


def _estimates(
    outcome: str, samples: Mapping[str, tuple["pd.Series[float]", "pd.Series[float]"]]
) -> tuple[dict[str, Estimate], int]:
    """Return the estimate at every end that has runs, all from the replications that these have in common."""
    present = {end: sample for end, sample in samples.items() if len(sample[0])}
    common: pd.Index[Any] | None = None
    for plain, _ in present.values():
        common = plain.index if common is None else common.intersection(plain.index)
    if common is None or not len(common):
        return {}, 0
    estimates = {
        end: adjusted(outcome, floats(plain[common]), floats(chance[common]))
        for end, (plain, chance) in present.items()
    }
    return estimates, len(common)


def _note(
    question: _Question, key: str, samples: Mapping[str, Any], estimates: Mapping[str, Estimate], n: int
) -> str:  # fmt: skip
    """Return what a reader must know about a row."""
    notes = []
    part = f"influence/{question.asked['name']}"
    for end in ENDS:
        reason = question.refused.get((part, f"{key} {end}"))
        if reason is not None:
            notes.append(f"{end} is infeasible: {reason}")
        elif not len(samples[end][0]):
            notes.append(f"no run finished at {end}")
    if estimates and n < TOO_FEW:
        notes.append(f"n = {n} is too small to trust the interval")
    base = estimates.get("base")
    turns = [end for end, one in estimates.items() if base is not None and one.value * base.value < 0.0]
    notes += [f"the sign turns at {' and '.join(turns)}"] if turns else []
    return "; ".join(notes)
