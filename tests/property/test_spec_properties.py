"""Scenario files under random values, random typos and random bytes."""

import contextlib
import math
import string
import tempfile
import typing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from model.errors import InputError
from model.inputs import ModelInputs, Process
from model.parameters import Parameter, parameters_of
from model.units import UNITS, UnitError, convert, parse_unit
from scenarios.spec import load_study
from scenarios.spec_explain import as_yaml, parameters
from scenarios.spec_sections import PLATFORM_GROUPS, STUDY
from scenarios.spec_shape import Section

HEAD: dict[str, Any] = {
    "goals": {"question": "Does it pay?", "outcomes": ["real_cost"], "baseline": "none"},
    "strategies": {"none": {"title": "No sharing"}},
    "run": {"seed": 1, "replications": 2},
    "evaluate": {"outcomes": ["real_cost"]},
}
NESTED = ("demand", "ordering", "process", "retail")
_HINTS = typing.get_type_hints(ModelInputs)


def values_of(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Return valid values of a parameter."""
    if parameter.choices:
        return st.sampled_from(parameter.choices)
    if parameter.kind == "bool":
        return st.booleans()
    low, high = parameter.bounds or (0, 0)
    if parameter.kind == "int":
        return st.integers(int(low), int(high))
    return st.floats(low, 1e12 if math.isinf(high) else high, allow_nan=False)


def sections(group: type) -> st.SearchStrategy[dict[str, Any]]:
    """Return any subset of a group's numbers, switches and choices with valid values."""
    optional = {
        name: values_of(parameter)
        for name, parameter in parameters_of(group).items()
        if parameter.choices or parameter.kind != "str"
    }
    return st.fixed_dictionaries({}, optional=optional)


def firm_sections() -> st.SearchStrategy[dict[str, Any]]:
    from model.inputs import ManufacturerInputs

    hints = typing.get_type_hints(ManufacturerInputs)
    return st.fixed_dictionaries({}, optional={name: sections(hints[name]) for name in NESTED})


def made_possible(platforms: dict[str, Any], works: dict[str, Any]) -> None:
    """Change values that are allowed each for itself and contradict each other together."""
    process, ordering = works.get("process", {}), works.get("ordering", {})
    if ordering.get("lead_time", 3) < 3:
        ordering["lead_time"] = 3
    usual = Process()
    capacity, energy = process.get("capacity", usual.capacity), process.get("heat_energy", usual.heat_energy)
    if capacity * energy / process.get("furnace", usual.furnace) > 24.0:
        process["furnace"] = capacity * energy / 23.0
    if platforms.get("market", {}).get("closure") == "endogenous" and process.get("scheduling") == "after_prices":
        process["scheduling"] = "before_prices"


def scenario(platforms: dict[str, Any], works: dict[str, Any]) -> dict[str, Any]:
    firms = {
        "works": {"type": "manufacturer", "utility": "power", "metered_alone": True, **works},
        "power": {"type": "utility"},
    }
    return {**HEAD, "platforms": {**platforms, "firms": firms}}


def load(content: bytes | str) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drawn.yaml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return load_study(str(path))


@given(
    platforms=st.fixed_dictionaries({}, optional={name: sections(group) for name, group in PLATFORM_GROUPS.items()}),
    works=firm_sections(),
)
@settings(max_examples=60, deadline=None)
def test_any_valid_values_survive_the_way_through_yaml(platforms: dict[str, Any], works: dict[str, Any]) -> None:
    made_possible(platforms, works)
    """What is written arrives unchanged, and what is not written keeps its default."""
    study = load(as_yaml(scenario(platforms, works)))
    flat = {f"{group}.{key}": value for group, section in platforms.items() for key, value in section.items()}
    flat |= {f"firms.works.{group}.{key}": value for group, section in works.items() for key, value in section.items()}
    for key, _, parameter, value in parameters(study.strategies["none"]):
        if key in flat:
            assert value == flat[key]
            assert isinstance(value, {"int": int, "float": float, "bool": bool, "str": str}[parameter.kind])
        elif key.startswith(tuple(PLATFORM_GROUPS)):
            assert value == parameter.default


def keys_of(section: Section, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the paths of all keys below the platforms' groups."""
    found = []
    for name, shape in section.fields.items():
        found.append((*path, name))
        if isinstance(shape, Section):
            found += keys_of(shape, (*path, name))
    return found


GROUP_KEYS = [
    path
    for path in keys_of(typing.cast("Section", STUDY.fields["platforms"]))
    if path[0] in PLATFORM_GROUPS and path[1:]
]


@given(
    path=st.sampled_from(GROUP_KEYS),
    at=st.integers(0, 30),
    letter=st.sampled_from(string.ascii_lowercase + string.digits),
    kind=st.sampled_from(["replace", "insert", "delete"]),
)
@settings(max_examples=80, deadline=None)
def test_any_slip_of_one_letter_in_a_key_is_named_with_its_place(
    path: tuple[str, ...], at: int, letter: str, kind: str
) -> None:
    key, at = path[-1], at % len(path[-1])
    wrong = key[:at] + {"replace": letter + key[at + 1 :], "insert": letter + key[at:], "delete": key[at + 1 :]}[kind]
    siblings = {other[-1] for other in GROUP_KEYS if other[:-1] == path[:-1]}
    assume(wrong and wrong not in siblings)
    text = as_yaml(scenario({path[0]: {"XXX": 1}}, {})).replace("XXX", f'"{wrong}"')
    line = next(number for number, line in enumerate(text.splitlines(), 1) if f'"{wrong}"' in line)
    with pytest.raises(InputError) as caught:
        load(text)
    (fault,) = caught.value.faults
    assert fault.what == f"unknown key {wrong!r} in {path[0]}"
    assert fault.where.endswith(f"drawn.yaml:{line}:5")
    assert key in fault.allowed


@given(content=st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_random_bytes_are_refused_with_a_place(content: bytes) -> None:
    with pytest.raises(InputError) as caught:
        load(content)
    assert all("drawn.yaml" in fault.where for fault in caught.value.faults)


YAML_PIECES = st.lists(
    st.sampled_from([
        "extends: steel-and-power\n", "goals:\n", "platforms:\n", "  firms:\n", "    steel:\n", "      type: utility\n",
        "- a\n", "{", "}", "[", "]", "&a ", "*a", "!!str ", "? ", ": ", "|\n", ">-\n", '"', "'", "#", "---\n", "...\n",
        "%YAML 1.1\n", "\t", "\r\n", "null", ".nan", "1e400", "run: {seed: 1}\n", "钢厂: 1\n", "<<: *a\n", " ", "\n",
        "strategies: {raw: {changes: {x.y: 1}}}\n", "policies: {a: {b: [1]}}\n", "overrides: {q: {run.seed: x}}\n",
    ]),
    max_size=25,
)  # fmt: skip


@given(pieces=YAML_PIECES)
@settings(max_examples=250, deadline=None)
def test_any_mixture_of_yaml_is_read_or_refused(pieces: list[str]) -> None:
    with contextlib.suppress(InputError):
        assert load("".join(pieces)).strategies


@given(text=st.text(max_size=60), key=st.sampled_from(["balancing.beta", "run.seed", "firms.steel.count", "goals", ""]))
@settings(max_examples=150, deadline=None)
def test_any_set_option_is_read_or_refused(text: str, key: str) -> None:
    with contextlib.suppress(InputError):
        assert load_study("steel-and-power", sets=[f"{key}={text}" if key else text]).strategies


SAME_DIMENSION = [
    (a, b) for a in UNITS for b in UNITS if parse_unit(a).powers == parse_unit(b).powers and a != "1" != b
]


@given(pair=st.sampled_from(SAME_DIMENSION), value=st.integers(-(10**9), 10**9))
def test_conversion_there_and_back_is_exact(pair: tuple[str, str], value: int) -> None:
    """Factors are fractions: only the rounding to a float in between may show."""
    there = convert(f"{value} {pair[0]}", pair[1])
    expected = value * parse_unit(pair[0]).factor / parse_unit(pair[1]).factor
    assert there == float(expected)


@given(text=st.text(max_size=40), unit=st.sampled_from(["MW", "1", "EUR/MWh per MW", ""]))
def test_any_text_is_a_quantity_or_refused(text: str, unit: str) -> None:
    with contextlib.suppress(UnitError):
        assert not math.isnan(convert(text, unit))
