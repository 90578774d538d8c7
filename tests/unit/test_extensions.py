"""Extensions: what a file beside a scenario may add, what is wrong with one, and that every process runs its code."""

import dataclasses
import json
import pickle
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from model.agents import Manufacturer
from model.errors import BalanceError, InputError, RunError
from model.extensions import BUILT_IN, Extension, class_of, known_names, read_extension
from model.inputs import (
    Demand,
    Equipment,
    ManufacturerInputs,
    ModelInputs,
    Ordering,
    OwnSeries,
    Period,
    Process,
    ResourceContract,
    ResourcePlatformInputs,
    as_tree,
    replace_inputs,
)
from model.mechanisms.resource import Mechanism, mechanism_names
from model.model import CollaborationModel, reference_inputs
from model.session import Session
from scenarios.provenance import inputs_hash, inputs_json
from scenarios.rebuild import rebuild
from scenarios.spec import load_study
from scenarios.spec_explain import as_yaml, resolved

STEADY = """\
from model.agents import Manufacturer


class Steady(Manufacturer):
    behaviour = "steady"

    def decide_order(self, proposed: float) -> float:
        return 0.7 * self.demand_mean + 0.3 * proposed
"""
FIRST_COME = """\
from model.kernels import kernel
from model.mechanisms.resource import Mechanism


@kernel
def twice(value: float) -> float:
    return 2.0 * value


class FirstCome(Mechanism):
    name = "first-come"

    def clear(self, day, session):
        session.clear_results()
"""
SCENARIO = """\
extends: steel-and-power
platforms:
  extensions: [steady.py]
  firms:
    steel: {behaviour: steady}
"""


class Halving(Mechanism):
    """A mechanism that is defined in the user's own program, without a file that a scenario names."""

    name = "halving"

    def clear(self, day: int, session: Session) -> None:
        session.clear_results()


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def with_steady(folder: Path, text: str = STEADY) -> ModelInputs:
    extension = read_extension(written(folder, "steady.py", text))
    works = dataclasses.replace(reference_inputs().manufacturers[0], behaviour="steady")
    inputs = replace_inputs(reference_inputs(), {"calendar.days": 20, "calendar.burn_in": 0})
    makers = (works, *inputs.manufacturers[1:])
    return dataclasses.replace(inputs, manufacturers=makers, extensions=(extension,))


def test_a_file_says_what_it_adds_and_carries_its_text(tmp_path: Path) -> None:
    extension = read_extension(written(tmp_path, "both.py", FIRST_COME + STEADY))
    assert extension.provides == (("resource", "first-come"), ("behaviour", "steady"))
    assert extension.source == FIRST_COME + STEADY
    assert known_names((extension,), "behaviour") == ("steady",)
    assert "first-come" in known_names((extension,), "resource")
    found = class_of((extension,), "resource", "first-come")
    assert found is not None
    assert issubclass(found, Mechanism)
    assert "first-come" not in mechanism_names()


def test_kernels_of_an_extension_are_compiled(tmp_path: Path) -> None:
    found = class_of((read_extension(written(tmp_path, "k.py", FIRST_COME)),), "resource", "first-come")
    twice = sys.modules[found.__module__].twice
    assert twice(1.5) == 3.0
    assert twice.signatures


def test_a_behaviour_of_a_file_decides_as_the_class_given_in_python_does(tmp_path: Path) -> None:
    class Steady(Manufacturer):
        def decide_order(self, proposed: float) -> float:
            return float(0.7 * self.demand_mean + 0.3 * proposed)

    inputs = with_steady(tmp_path)
    by_file = CollaborationModel(inputs, rng=2)
    plain = replace_inputs(reference_inputs(), {"calendar.days": 20, "calendar.burn_in": 0})
    by_class = CollaborationModel(plain, rng=2, agent_classes={"steel": Steady})
    without = CollaborationModel(plain, rng=2)
    for model in (by_file, by_class, without):
        model.run_to_end()
    assert by_file.live.net_stock.tobytes() == by_class.live.net_stock.tobytes()
    assert by_file.live.net_stock[0] != without.live.net_stock[0]
    assert type(by_file.firms.agent(0)).__name__ == "Steady"
    assert by_file.firms.agent(0).name == "steel"


def test_a_later_edit_of_the_file_changes_nothing_in_inputs_that_were_read(tmp_path: Path) -> None:
    inputs = with_steady(tmp_path)
    before = CollaborationModel(inputs, rng=2)
    written(tmp_path, "steady.py", STEADY.replace("0.7", "0.1"))
    after, edited = CollaborationModel(inputs, rng=2), CollaborationModel(with_edit(tmp_path, inputs), rng=2)
    for model in (before, after, edited):
        model.run_to_end()
    assert before.live.net_stock.tobytes() == after.live.net_stock.tobytes()
    assert before.live.net_stock[0] != edited.live.net_stock[0]


def with_edit(folder: Path, inputs: ModelInputs) -> ModelInputs:
    return dataclasses.replace(inputs, extensions=(read_extension(folder / "steady.py"),))


def test_another_process_runs_the_same_code_without_the_file(tmp_path: Path) -> None:
    inputs = with_steady(tmp_path)
    model = CollaborationModel(inputs, rng=2)
    model.run_to_end()
    (tmp_path / "steady.py").unlink()
    (tmp_path / "inputs").write_bytes(pickle.dumps(inputs))
    text = (
        "import pickle, sys\n"
        "from model.model import CollaborationModel\n"
        f"model = CollaborationModel(pickle.load(open({str(tmp_path / 'inputs')!r}, 'rb')), rng=2)\n"
        "model.run_to_end()\n"
        "print(model.live.net_stock.tobytes().hex())\n"
    )
    done = subprocess.run([sys.executable, "-c", text], cwd=Path(__file__).parents[2], capture_output=True, text=True,
                          check=False, timeout=100)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == model.live.net_stock.tobytes().hex()


def test_results_are_told_apart_by_the_code_behind_them(tmp_path: Path) -> None:
    inputs = with_steady(tmp_path)
    written(tmp_path, "steady.py", STEADY.replace("0.7", "0.1"))
    edited = with_edit(tmp_path, inputs)
    assert inputs_hash(inputs) != inputs_hash(edited)
    assert as_tree(inputs)["extensions"][0]["digest"] == inputs.extensions[0].digest
    with pytest.raises(ValueError, match="does not match its sha256"):
        Extension(name="a.py", digest="0" * 64, source="", provides=())


def test_the_store_gives_back_the_code_without_the_file(tmp_path: Path) -> None:
    inputs = with_steady(tmp_path)
    stored = json.loads(inputs_json(inputs))
    (tmp_path / "steady.py").unlink()
    rebuilt = rebuild(stored, name=inputs.name, then=None, same_version=True, series=no_series)
    assert rebuilt.inputs == inputs
    assert class_of(rebuilt.inputs.extensions, "behaviour", "steady") is not None
    stored["extensions"][0]["source"] = STEADY.replace("0.7", "0.1")
    with pytest.raises(RunError, match="does not match its sha256"):
        rebuild(stored, name=inputs.name, then=None, same_version=True, series=no_series)


def no_series(one: Mapping[str, Any]) -> OwnSeries:
    raise AssertionError(one)


def test_a_class_of_the_users_program_needs_no_file() -> None:
    assert class_of((), "resource", "halving") is Halving
    assert "halving" in known_names((), "resource")


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in BUILT_IN.items() for name in names])
def test_names_that_are_taken_are_those_of_built_in_classes(kind: str, name: str) -> None:
    found = class_of((), kind, name)
    assert found is not None
    assert found.__module__.startswith("model.mechanisms.")


@pytest.mark.parametrize(
    "clear",
    [
        "def clear(self, *what):",
        "def clear(self, when, market, depth=2):",
        "@staticmethod\n    def clear(day, session):",
    ],
)
def test_any_way_to_take_the_arguments_will_do(tmp_path: Path, clear: str) -> None:
    text = FIRST_COME.replace("def clear(self, day, session):", clear).replace("session.clear_results()", "pass")
    assert read_extension(written(tmp_path, "a.py", text)).provides == (("resource", "first-come"),)


def sharing(folder: Path, body: str) -> CollaborationModel:
    """Return two shops that share machines by a mechanism whose `clear` has this body, from line 14 of its file on."""
    text = FIRST_COME.replace("session.clear_results()", f"session.clear_results()\n        {body}")
    extension = read_extension(written(folder, "own.py", text))
    machines = Equipment(machines=10, hours_per_unit=1.0, failure_rate=0.0)
    shops = tuple(
        ManufacturerInputs(
            name=name, demand=Demand(mean=100.0), ordering=Ordering(lead_time=2), process=Process(kind="none"),
            equipment=machines,
        )
        for name in ("one", "two")
    )  # fmt: skip
    contract = ResourceContract(name="pact", platform="hub", members=("one", "two"), variant="first-come")
    inputs = ModelInputs(
        calendar=Period(start="2025-03-04", days=2, burn_in=0),
        manufacturers=shops,
        resource_platforms=(ResourcePlatformInputs(name="hub"),),
        resource_contracts=(contract,),
        extensions=(extension,),
    )
    return CollaborationModel(inputs, rng=1)


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("raise RuntimeError('boom')", RunError, "pact on day 0: own.py:15: RuntimeError: boom"),
        ("1 / len(session.rows[:0])", RunError, "pact on day 0: own.py:15: ZeroDivisionError"),
        ("session.no_such", RunError, "pact on day 0: own.py:15: AttributeError"),
        ("raise SystemExit(3)", RunError, "pact on day 0: own.py:15: SystemExit: 3"),
        ("session.taken = session.taken[0]", BalanceError, "pact (first-come of own.py) breaks the rules of a session"),
        (
            "session.moved[0] = 1e300",
            BalanceError,
            "pact (first-come of own.py) breaks the rules of a session on day 0",
        ),
    ],
)
def test_what_fails_at_work_is_said_with_file_and_line(
    tmp_path: Path, body: str, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind) as caught:
        sharing(tmp_path, body).run_to_end()
    assert str(caught.value).startswith(words)


def test_a_rule_of_a_behaviour_that_fails_is_named_too(tmp_path: Path) -> None:
    inputs = with_steady(tmp_path, STEADY.replace("return 0.7", "return {}[0] * 0.7"))
    with pytest.raises(RunError, match=r"^the order of steel on day 0: steady\.py:8: KeyError: 0$") as caught:
        CollaborationModel(inputs, rng=2).run_to_end()
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = (1,\ndef f(: pass\n", "a.py:2: is no Python: "),
        ("import model.agents\n\nraise ValueError('no')\n", "a.py:3: fails: ValueError: no"),
        ("import no_such_module\n", "a.py:1: fails: ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise SystemExit(3)\n", "a.py:1: fails: SystemExit: 3"),
        ("x = '\0'\n", "a.py"),
        ("from model.agents import Manufacturer\n", "a.py: adds nothing (needed: a class derived from Mechanism of"),
        (STEADY.replace('"steady"', '"Very Steady"'), "a.py:4: Steady bears no name that a scenario can write"),
        (STEADY.replace('behaviour = "steady"', "pass"), "a.py:4: Steady bears no name that a scenario can write"),
        (STEADY + STEADY.replace("class Steady", "class Other"), "Other: the behaviour 'steady' is taken by another"),
        (FIRST_COME.replace("first-come", "pooling"), "a.py:10: FirstCome: the resource 'pooling' is built in"),
        (FIRST_COME.replace("def clear", "def clean"), "a.py:10: FirstCome does not say how to clear"),
        (
            FIRST_COME.replace("(self, day, session)", "(self)"),
            "a.py:13: FirstCome.clear(self) cannot be called as the engine does (needed: clear(self, day, session))",
        ),
        (
            FIRST_COME.replace("def clear(self, day, session):\n        session.clear_results()", "clear = None"),
            "a.py:10: FirstCome.clear cannot be called (needed: clear(self, day, session))",
        ),
        (STEADY.replace("(self, proposed: float)", "(self)"), "a.py:7: Steady.decide_order(self) -> float cannot be"),
        (
            FIRST_COME + "\n    def __init__(self, terms):\n        self.terms = terms\n",
            "a.py:16: FirstCome.__init__(self, terms) cannot be called",
        ),
        ("#" * 200_001, "has 200,001 bytes (allowed: at most 200,000)"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_extension(written(tmp_path, "a.py", text))
    assert words in str(caught.value)
    assert not [name for name in sys.modules if getattr(sys.modules[name], "__file__", "") == str(tmp_path / "a.py")]


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    text = FIRST_COME.replace("first-come", "pooling").replace("def clear", "def clean")
    with pytest.raises(InputError) as caught:
        read_extension(written(tmp_path, "a.py", text))
    assert len(caught.value.faults) == 2


def test_a_scenario_names_files_and_what_they_add(tmp_path: Path) -> None:
    written(tmp_path, "steady.py", STEADY)
    study = load_study(str(written(tmp_path, "mine.yaml", SCENARIO)))
    inputs = study.strategies["none"]
    assert [one.provides for one in inputs.extensions] == [(("behaviour", "steady"),)]
    assert inputs.manufacturers[0].behaviour == "steady"
    again = load_study(str(written(tmp_path, "again.yaml", as_yaml(resolved(study)))))
    assert again.strategies["none"].extensions == inputs.extensions
    assert inputs_hash(again.strategies["raw"]) == inputs_hash(study.strategies["raw"])


def test_every_fault_of_extensions_stands_at_its_line(tmp_path: Path) -> None:
    written(tmp_path, "steady.py", STEADY)
    written(tmp_path, "twin.py", STEADY + "\n")
    written(tmp_path, "bad.py", "x = (1,\ndef f(: pass\n")
    names = "steady.py, a.txt, ../b.py, bad.py, stedy.py, steady.py"
    text = SCENARIO.replace("[steady.py]", f"[{names}]").replace("behaviour: steady", "behaviour: anything")
    with pytest.raises(InputError) as caught:
        load_study(str(written(tmp_path, "mine.yaml", text)))
    said = [str(fault).split("mine.yaml:")[1] for fault in caught.value.faults]
    assert said == [
        "3:27: extensions.1: 'a.txt' is no Python file (allowed: a file that ends in .py)",
        "3:34: extensions.2: '../b.py' leads out of the scenario's folder "
        "(allowed: a file in the same folder or below it)",
        "3:43: extensions.3: bad.py:2: is no Python: invalid syntax",
        "3:51: extensions.4: no such file: 'stedy.py' (did you mean steady.py?)",
        "3:61: extensions.5: 'steady.py' is named twice",
    ]
    with pytest.raises(InputError, match="twin.py: the behaviour 'steady' is taken by steady.py"):
        load_study(str(written(tmp_path, "mine.yaml", SCENARIO.replace("[steady.py]", "[steady.py, twin.py]"))))
    with pytest.raises(InputError, match="no such behaviour: 'stedy' .did you mean steady"):
        load_study(str(written(tmp_path, "mine.yaml", SCENARIO.replace("behaviour: steady", "behaviour: stedy"))))
