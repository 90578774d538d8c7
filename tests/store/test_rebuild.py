"""From the inputs that a store holds back to inputs that run: equal, or each departure named."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import pytest

from model.errors import RunError
from model.inputs import CONTRACTS, FIRMS, PLATFORMS, ModelInputs, OwnSeries, as_tree, replace_inputs
from scenarios.provenance import canonical_json, inputs_json
from scenarios.rebuild import _arguments, _declared, _Reading, declared_parameters, leaves, rebuild
from scenarios.run import run_once
from scenarios.spec import load_study


def no_series(one: Mapping[str, Any]) -> OwnSeries:
    raise AssertionError(one)


def again(tree: Mapping[str, Any], then: Mapping[str, Any] | None = None, *, same: bool = False) -> Any:
    return rebuild(tree, name="raw", then=then, same_version=same, series=no_series)


@pytest.fixture(scope="module")
def asked() -> ModelInputs:
    return load_study("steel-and-power").strategies["raw"]


@pytest.fixture
def tree(asked: ModelInputs) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(inputs_json(asked))
    return found


THEN = json.loads(declared_parameters())


def test_all_library_inputs_come_back_equal() -> None:
    from scenarios.spec_tree import library

    for name in library():
        for label, inputs in load_study(name).strategies.items():
            text = inputs_json(inputs)
            made = rebuild(json.loads(text), name=label, then=THEN, same_version=True, series=no_series)
            back = dataclasses.replace(made.inputs, name=inputs.name)
            assert back == inputs
            assert inputs_json(back) == text
            types = {key: type(value) for key, value in leaves(as_tree(inputs))}
            assert {key: type(value) for key, value in leaves(as_tree(back))} == types


def test_infinite_noise_and_whole_floats_come_back_as_they_were(asked: ModelInputs) -> None:
    (contract,) = asked.contracts
    inputs = replace_inputs(
        asked, {f"contracts.{contract.name}.noise_sd": float("inf"), "balancing.beta": 1.0, "market.gas_price": 1e-17}
    )
    back = again(json.loads(inputs_json(inputs)), THEN, same=True).inputs
    assert back.contracts[0].noise_sd == float("inf")
    assert (type(back.balancing.beta), back.balancing.beta, back.market.gas_price) == (float, 1.0, 1e-17)


def test_a_parameter_new_since_takes_its_default_and_says_so(tree: dict[str, Any]) -> None:
    del tree["balancing"]["beta"]
    del tree["manufacturers"][0]["retail"]
    then = {path: facts for path, facts in THEN.items() if path != "balancing.beta" and ".retail." not in path}
    for known in (then, None):
        made = again(tree, known)
        assert made.inputs.balancing.beta == 0.2
        assert {one.kind for one in made.departures} == {"new"}
        keys = {one.parameter for one in made.departures}
        assert {"balancing.beta", "manufacturers.steel.retail.margin"} <= keys
        assert all(key == "balancing.beta" or key.startswith("manufacturers.steel.retail.") for key in keys)


def test_a_parameter_that_the_store_ought_to_hold_is_missed(tree: dict[str, Any]) -> None:
    del tree["balancing"]["beta"]
    with pytest.raises(RunError, match=r"balancing\.beta is not stored, though the model that ran knew it"):
        again(tree, THEN)
    with pytest.raises(RunError, match=r"balancing\.beta is not stored"):
        again(tree, None, same=True)


def test_a_parameter_gone_since_is_dropped_only_if_it_was_silent(tree: dict[str, Any]) -> None:
    tree["balancing"]["gate_closure"] = 45.0
    tree["manufacturers"][0]["old"] = {"sharing": "no", "list": []}
    silent = {
        "balancing.gate_closure": {"default": 45, "unit": "min"},
        "manufacturers[].old.sharing": {"default": "no"},
    }
    made = again(tree, {**THEN, **silent})
    assert [(one.parameter, one.path, one.value) for one in made.departures] == [
        ("balancing.gate_closure", "balancing.gate_closure", 45.0),
        ("manufacturers.steel.old.list", "manufacturers[].old.list", []),
        ("manufacturers.steel.old.sharing", "manufacturers[].old.sharing", "no"),
    ]
    assert {one.kind for one in made.departures} == {"gone"}
    asking = {**THEN, **silent, "balancing.gate_closure": {"default": 60, "unit": "min"}}
    with pytest.raises(RunError) as caught:
        again(tree, asking)
    assert "balancing.gate_closure was 45.0 min, and this version has no such parameter" in str(caught.value)
    assert "sharing" not in str(caught.value)
    with pytest.raises(RunError, match=r"gate_closure was 45\.0, and .*old\.sharing was 'no'"):
        again(tree, None)


def test_a_parameter_in_another_unit_changes_the_question(tree: dict[str, Any]) -> None:
    then = {**THEN, "market.gas_price": {**THEN["market.gas_price"], "unit": "EUR/t"}}
    with pytest.raises(RunError, match=r"market\.gas_price was in EUR/t and is in EUR/MWh"):
        again(tree, then)


def test_values_this_version_refuses_and_groups_that_are_none_are_named(tree: dict[str, Any]) -> None:
    with pytest.raises(RunError, match=r"balancing\.rule: 'triple' is not allowed"):
        again({**tree, "balancing": {**tree["balancing"], "rule": "triple"}}, THEN)
    with pytest.raises(RunError, match="market is stored as 3, not as a group"):
        again({**tree, "market": 3}, THEN)
    nameless = {**tree, "contracts": [{k: v for k, v in tree["contracts"][0].items() if k != "provider"}]}
    with pytest.raises(RunError, match=r"provider is not stored and has no default"):
        again(nameless, None)


def test_what_was_declared_covers_every_leaf_of_the_inputs(tree: dict[str, Any]) -> None:
    assert THEN["manufacturers[].process.furnace"] == {"kind": "float", "unit": "MW", "default": 48}
    assert THEN["contracts[].provider"] == {"kind": "str"}
    stored = {key for key, value in leaves(tree) if value not in ([], {}) and not key.startswith("user_files")}
    lists = (*FIRMS, *PLATFORMS, *CONTRACTS)
    for key in stored:
        head, _, rest = key.partition(".")
        assert (f"{head}[].{rest.split('.', 1)[1]}" if head in lists else key) in THEN


@dataclasses.dataclass(frozen=True)
class Laplace:
    epsilon: float = 1.0


@dataclasses.dataclass(frozen=True)
class Blocks:
    hours: int = 4


@dataclasses.dataclass(frozen=True)
class Zoo:
    privacy: Laplace | Blocks | None = None
    levels: tuple[float, ...] = (1.0,)
    pair: tuple[str, int] = ("a", 1)
    members: tuple[str, ...] = ()
    by_name: Mapping[str, Laplace] = dataclasses.field(default_factory=dict)
    cap: float | None = None
    count: int | str = 1


@pytest.mark.parametrize(
    "zoo",
    [
        Zoo(),
        Zoo(privacy=Laplace(2.0), levels=(1.0, 2.5), cap=3.0),
        Zoo(privacy=Blocks(8), pair=("b", 2), members=("x", "y"), by_name={"k": Laplace(4.0)}, count="many"),
    ],
)
def test_any_dataclass_comes_back_by_its_types(zoo: Zoo) -> None:
    reading = _Reading(no_series)
    stored = json.loads(canonical_json(dataclasses.asdict(zoo)))
    back = Zoo(**_arguments(Zoo, stored, ("", ""), reading))
    assert back == zoo
    assert all(type(level) is float for level in back.levels)
    assert (reading.new, reading.gone, reading.faults) == ([], [], [])
    assert dict(_declared(Zoo, ""))["by_name[].epsilon"] == {"kind": "float", "default": 1.0}


def test_a_rebuilt_run_gives_the_same_bits(asked: ModelInputs) -> None:
    short = replace_inputs(asked, {"calendar.days": 3, "calendar.burn_in": 2})
    back = again(json.loads(inputs_json(short)), THEN, same=True).inputs
    assert run_once(back, 3, 1).metrics == run_once(short, 3, 1).metrics
