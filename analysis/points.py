"""What the parts of an evaluation share: the values of a point, and paired differences between points."""

import dataclasses
import math
import typing
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimates import (
    CARRIED_BY_BEARER,
    CONTROL,
    Estimate,
    Floats,
    control_adjusted,
    known_coefficient,
    t_estimate,
)
from model.inputs import CONTRACTS, FIRMS, ModelInputs
from model.outcomes import OUTCOME
from model.parameters import Parameter, parameters_of
from scenarios.spec_sections import FIRM_TYPES

ROUNDING = 1e-9
"""Difference, relative to the values compared or to the total, that is rounding and not a result."""
TOO_FEW = 10
"""Below this number of replications an interval is a rough guide."""


def party_groups(parties: Sequence[str]) -> list[tuple[str, ...]]:
    """Return each party by itself, then all of them together if there are several."""
    return [(party,) for party in parties] + ([tuple(parties)] if len(parties) > 1 else [])


def party_name(parties: Sequence[str]) -> str:
    """Return whose value it is: empty for the whole economy, else names joined by +."""
    return " + ".join(name for name in parties if name)


def floats(column: "pd.Series[float]") -> Floats:
    """Return a column as an array."""
    return np.asarray(column, dtype=np.float64)


def values_of(rows: pd.DataFrame, outcome: str, parties: Sequence[str]) -> "pd.Series[float]":
    """Return the summed outcome of `parties` by replication, where every one of them has a value."""
    chosen = rows[(rows["outcome"] == outcome) & rows["party"].isin(parties)]
    groups = chosen.groupby("replication")["value"]
    return groups.sum()[groups.count() == len(parties)]


def difference(a: Floats, b: Floats, least: float = 0.0) -> Floats:
    """Return paired differences a - b; what is at most `least` or within the rounding of the two values is zero."""
    plain = a - b
    rounding = np.maximum(least, ROUNDING * np.maximum(np.abs(a), np.abs(b)))
    return np.where(np.abs(plain) <= rounding, 0.0, plain)


def paired(
    ours: pd.DataFrame, theirs: pd.DataFrame, outcome: str, parties: Sequence[str], bearer: str | None = None
) -> tuple["pd.Series[float]", "pd.Series[float]"]:
    """Return the differences ours - theirs by replication, and those of the control variate (zero where none).

    What parties pay is cleaned already where it is known who bears the chance.

    Args:
        ours: replication, outcome, party, value of one configuration.
        theirs: the same of another, in the same random futures.
        outcome: name of the outcome.
        parties: whose, added up; ("",) for the whole economy.
        bearer: the party that bears the chance, None if several share it.
    """
    a, b = values_of(ours, outcome, parties), values_of(theirs, outcome, parties)
    both = a.index.intersection(b.index)
    plain = pd.Series(difference(floats(a[both]), floats(b[both])), both)
    chance = pd.Series(0.0, both)
    if OUTCOME[outcome].unit == "EUR/yr" and OUTCOME[outcome].family != "control":
        found = values_of(ours, CONTROL, ("",)) - values_of(theirs, CONTROL, ("",))
        chance = found.reindex(both).astype(float) if both.isin(found.dropna().index).all() else chance
    known = known_coefficient(outcome, parties, bearer)
    if known is not None and outcome in CARRIED_BY_BEARER:
        return plain - known * chance, 0.0 * chance
    return plain, chance


def adjusted(outcome: str, plain: Floats, chance: Floats) -> Estimate:
    """Return a mean difference with its interval, less the control variate where the outcome contains it."""
    if not np.any(chance):
        return t_estimate(plain)
    return control_adjusted(plain, chance, known_coefficient(outcome, ("",), None))[0]


def declared_parameter(key: str) -> Parameter | None:
    """Return the declaration of the parameter with this dotted key, or None if nothing declares it."""
    head, *path = key.split(".")
    hints = typing.get_type_hints(ModelInputs)
    hint = hints.get(head)
    members = list(FIRM_TYPES.values()) if head == "firms" else list(typing.get_args(hint))
    if head == "contracts":
        members = [group for name in CONTRACTS for group in typing.get_args(hints[name])]
    groups = members or [hint]
    found = (_within(group, path[1:] if members else path) for group in groups if dataclasses.is_dataclass(group))
    return next((parameter for parameter in found if parameter is not None), None)


def _within(group: Any, path: Sequence[str]) -> Parameter | None:
    if len(path) == 1:
        return parameters_of(group).get(path[0])
    inner = typing.get_type_hints(group).get(path[0]) if path else None
    return _within(inner, path[1:]) if dataclasses.is_dataclass(inner) else None


def parameter_unit(key: str) -> str:
    """Return the declared unit of the parameter with this dotted key; empty if it is not declared."""
    parameter = declared_parameter(key)
    return "" if parameter is None else parameter.unit


def value_at(inputs: Mapping[str, Any], key: str) -> Any:
    """Return the value of a dotted key in a tree of resolved inputs, or None if it is not there."""
    head, *path = key.split(".")
    lists = {"firms": FIRMS, "contracts": CONTRACTS}.get(head, (head,))
    here: Any = inputs.get(head)
    if path and any(isinstance(inputs.get(name), list) for name in lists):
        members = [member for name in lists for member in inputs.get(name, [])]
        here = next((member for member in members if member["name"] == path[0]), None)
        path = path[1:]
    for part in path:
        here = here.get(part) if isinstance(here, Mapping) else None
    return here


def as_number(value: Any) -> float:
    """Return a number, or a switch as 0 or 1; NaN for anything else."""
    return float(value) if isinstance(value, int | float) else math.nan


def reasons(evaluation: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Return why points are infeasible: (part, label) -> reason."""
    return {(one["part"], one["label"]): one["reason"] for one in evaluation.get("infeasible", ())}
