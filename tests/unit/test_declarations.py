"""Declarations are complete: every input has unit, source and an allowed default, every output its unit."""

import pytest

from analysis.report_sources import reference_of, sources
from model.inputs import GROUPS
from model.outcomes import OUTCOMES
from model.parameters import Parameter, parameters_of

DECLARED = [
    pytest.param(p, id=f"{name}.{p.name}") for name, group in GROUPS.items() for p in parameters_of(group).values()
]


@pytest.mark.parametrize("parameter", DECLARED)
def test_every_input_is_declared_in_full(parameter: Parameter) -> None:
    assert parameter.unit or parameter.kind in {"str", "bool"}
    assert parameter.doc.endswith(".")
    assert parameter.fault(parameter.default) == ""
    assert parameter.role in {"lever", "uncertainty", "constant"}
    if parameter.kind in {"float", "int"}:
        assert parameter.bounds is not None
        assert parameter.bounds[0] <= parameter.default <= parameter.bounds[1]


@pytest.mark.parametrize("parameter", DECLARED)
def test_every_number_has_a_source_that_exists_or_a_reason(parameter: Parameter) -> None:
    if parameter.is_assumption:
        assert len(parameter.note) > 2
    else:
        assert reference_of(parameter.source) != parameter.source, f"no entry for source {parameter.source!r}"


def test_every_source_says_how_it_was_read() -> None:
    assert all({"title", "reference", "read"} <= set(entry) for entry in sources().values())


def test_outcomes_are_declared_once_and_with_unit() -> None:
    assert len({outcome.name for outcome in OUTCOMES}) == len(OUTCOMES)
    for outcome in OUTCOMES:
        assert outcome.unit
        assert outcome.description.endswith(".")
        assert (outcome.mean is not None) == (outcome.family == "control")
