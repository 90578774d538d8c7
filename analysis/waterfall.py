"""What each stage of a chain adds: switched off alone, and switched on one after another.

Left out alone, a stage is worth what is lost without it while all others work; switched on in order, it is
worth what it adds to those before it. The two differ where stages need or replace each other.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.estimates import CONTROL, t_estimate
from analysis.points import TOO_FEW, adjusted, floats, paired, reasons, values_of
from analysis.tables import StudyTables, as_list
from model.outcomes import OUTCOME

WATERFALL = (
    "name", "title", "strategy", "outcome", "unit", "party", "stage", "kind", "effect", "lower", "upper", "n", "note",
)  # fmt: skip
"""Columns of the waterfall frame."""
KINDS = ("leave_one_out", "cumulative", "total", "level")
ALL_ON, ALL_OFF = "all on", "all off"


@dataclass(frozen=True)
class _Chain:
    """A waterfall's runs.

    Attributes:
        asked: the waterfall as the study's evaluation holds it.
        rows: label of a point -> its rows.
        refused: label of a point -> why it is infeasible.
        bearer: the party that bears the chance alignment with the system.
    """

    asked: Mapping[str, Any]
    rows: dict[str, pd.DataFrame]
    refused: Mapping[str, str]
    bearer: str | None


def waterfall_frame(tables: StudyTables) -> pd.DataFrame:
    """Return what the stages of a study's waterfalls add; columns `WATERFALL`.

    `effect` is in the outcome's unit, so that a negative effect on a cost is a saving, with 95 % interval; effects
    are paired in the random futures of the study and cleaned of the control variate as in a comparison. Kinds:
    `leave_one_out`, all stages on minus all but this one; `cumulative`, on up to this stage minus on up to the one
    before; `total`, all on minus all off; `level`, the mean itself with all off and all on. An effect is NaN where
    a point is infeasible or has no finished run, with the reason in `note`.
    """
    rows: list[dict[str, Any]] = []
    for asked in as_list(tables.study.evaluation.get("waterfall")):
        chain = _chain(tables, asked)
        for outcome in asked["outcomes"]:
            for party in asked["parties"] if OUTCOME[outcome].per_party else ("",):
                rows += _rows(chain, outcome, party)
    return pd.DataFrame(rows, columns=list(WATERFALL))


def unanswered(tables: StudyTables, frame: pd.DataFrame) -> list[str]:
    """Return which outcomes a waterfall asks for that no run has for its parties, each as a sentence."""
    answered = set(zip(frame["name"], frame["outcome"], strict=True))
    return [
        f"waterfall/{asked['name']}: no run has a value of {outcome} for {', '.join(asked['parties'])}"
        for asked in as_list(tables.study.evaluation.get("waterfall"))
        for outcome in asked["outcomes"]
        if (asked["name"], outcome) not in answered
    ]


def _chain(tables: StudyTables, asked: Mapping[str, Any]) -> _Chain:
    part = f"waterfall/{asked['name']}"
    most = asked.get("replications") or tables.study.replications
    mine = tables.metrics["outcome"].isin([*asked["outcomes"], CONTROL]) & (tables.metrics["replication"] < most)
    own = tables.metrics[mine & (tables.metrics["strategy"] == asked["strategy"])]
    points = tables.points[tables.points["part"] == part]
    rows = {str(label): group for label, group in points.groupby("point", sort=False)} | {ALL_ON: own}
    refused = {label: why for (where, label), why in reasons(tables.study.evaluation).items() if where == part}
    return _Chain(asked, rows, refused, tables.chance_bearer)


def _rows(chain: _Chain, outcome: str, party: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of one outcome of one party; none if no run has a value of it."""
    if not any(len(values_of(rows, outcome, (party,))) for rows in chain.rows.values()):
        return
    stages = [switch["stage"] for switch in chain.asked["switches"]]
    asked = chain.asked
    about = {
        "name": asked["name"], "title": asked["title"], "strategy": asked["strategy"], "outcome": outcome,
        "unit": OUTCOME[outcome].unit, "party": party,
    }  # fmt: skip
    for stage, kind, after, before in _steps(stages):
        yield {**about, "stage": stage, "kind": kind, **_effect(chain, outcome, party, (after, before))}
    for label in (ALL_OFF, ALL_ON):
        yield {**about, "stage": label, "kind": "level", **_level(chain, outcome, party, label)}


def _steps(stages: Sequence[str]) -> Iterator[tuple[str, str, str, str]]:
    """Yield (stage, kind, label of the point after, label of the point before)."""
    for stage in stages:
        yield stage, "leave_one_out", ALL_ON, f"without {stage}"
    labels = [ALL_OFF, *(f"up to {stage}" for stage in stages[:-1]), ALL_ON]
    for number, stage in enumerate(stages):
        yield stage, "cumulative", labels[number + 1], labels[number]
    yield "all", "total", ALL_ON, ALL_OFF


def _effect(chain: _Chain, outcome: str, party: str, labels: tuple[str, str]) -> dict[str, Any]:
    missing = _missing(chain, outcome, party, labels)
    if missing:
        return {"effect": math.nan, "lower": math.nan, "upper": math.nan, "n": 0, "note": missing}
    plain, chance = paired(chain.rows[labels[0]], chain.rows[labels[1]], outcome, (party,), chain.bearer)
    if not len(plain):
        note = f"no replication finished both {labels[0]} and {labels[1]}"
        return {"effect": math.nan, "lower": math.nan, "upper": math.nan, "n": 0, "note": note}
    estimate = adjusted(outcome, floats(plain), floats(chance))
    return {
        "effect": estimate.value, "lower": estimate.low, "upper": estimate.high, "n": len(plain),
        "note": _few(len(plain)),
    }  # fmt: skip


def _level(chain: _Chain, outcome: str, party: str, label: str) -> dict[str, Any]:
    missing = _missing(chain, outcome, party, (label,))
    if missing:
        return {"effect": math.nan, "lower": math.nan, "upper": math.nan, "n": 0, "note": missing}
    estimate = t_estimate(floats(values_of(chain.rows[label], outcome, (party,))))
    return {
        "effect": estimate.value, "lower": estimate.low, "upper": estimate.high, "n": estimate.n,
        "note": _few(estimate.n),
    }  # fmt: skip


def _missing(chain: _Chain, outcome: str, party: str, labels: Sequence[str]) -> str:
    """Return why an effect cannot be had, or an empty string."""
    notes = []
    for label in labels:
        if label in chain.refused:
            notes.append(f"{label} is infeasible: {chain.refused[label]}")
        elif label not in chain.rows or not len(values_of(chain.rows[label], outcome, (party,))):
            notes.append(f"no run of {label} has a value")
    return "; ".join(notes)


def _few(n: int) -> str:
    return f"n = {n} is too small to trust the interval" if n < TOO_FEW else ""
