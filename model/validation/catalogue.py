"""All validation cases by name, and the one way to run them."""

from __future__ import annotations

from collections.abc import Mapping

from model.errors import Fault, InputError, nearest
from model.inputs import ModelInputs
from model.validation import (
    electricity,
    flexibility,
    incidents,
    invariants,
    knowledge,
    pooling,
    privacy,
    resources,
    stock,
    symbiosis,
    tails,
    technology,
)
from model.validation.case import Bench, Case, Report, Scenarios

CATALOGUE: dict[str, Case] = {
    case.name: case
    for family in (
        stock,
        privacy,
        incidents,
        electricity,
        flexibility,
        resources,
        pooling,
        symbiosis,
        tails,
        technology,
        knowledge,
        invariants,
    )
    for case in family.CASES
}
"""Case by name, in the order of the families."""


def find_case(name: str) -> Case:
    """Return the case of this name.

    Raises:
        InputError: there is none; names the nearest.
    """
    if name not in CATALOGUE:
        hint = nearest(name, list(CATALOGUE)) or f"known: {', '.join(CATALOGUE)}"
        raise InputError([Fault("validate", f"no such case: {name!r}", hint)])
    return CATALOGUE[name]


def no_scenarios(name: str) -> dict[str, ModelInputs]:
    """Refuse every scenario name: the model alone knows none but the reference case."""
    raise InputError([Fault("scenario", f"no such scenario: {name!r}", "allowed: reference")])


def validate(
    name: str, given: Mapping[str, object] | None = None, *, effort: float = 1.0, scenarios: Scenarios = no_scenarios
) -> Report:
    """Run one case.

    Args:
        name: name of the case.
        given: parameter -> value, or the text of it; defaults where silent.
        effort: share of the usual number of draws, in (0, 1]; tolerances widen with its root.
        scenarios: name of a scenario -> its configurations by name.

    Raises:
        InputError: for an unknown case, and for unknown, wrong or refused parameters, all at once.
    """
    case = find_case(name)
    return case.run(case.read(given or {}), Bench(effort, scenarios))
