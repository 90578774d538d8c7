"""The commands list, new, show, check and schema."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis.cli import main
from model.errors import InputError
from model.inputs import GROUPS
from model.parameters import parameters_of
from scenarios.schema import NAME_PATTERN, json_schema
from scenarios.spec import library, load_study
from scenarios.yaml_source import Node, Source, read_yaml

FAULTY = Path(__file__).parent / "faulty"


@pytest.fixture
def tandem(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main(list(arguments))
        out, err = capsys.readouterr()
        return int(stopped.value.code or 0), out, err

    return run


@pytest.mark.parametrize("name", ["list", "new", "show", "check", "schema"])
def test_help_ends_with_an_example(name: str, tandem: Any) -> None:
    code, out, _ = tandem(name, "--help")
    assert code == 0
    assert out.splitlines()[-1].startswith(f"    tandem {name}")


def test_list_names_question_and_strategies(tandem: Any) -> None:
    code, out, err = tandem("list")
    assert (code, err) == (0, "")
    for name in library():
        study = load_study(name)
        assert re.search(rf"^{name}: ", out, re.MULTILINE)
        assert f"strategies: {', '.join(study.strategies)}\n" in out
    rows = json.loads(tandem("list", "--json")[1])
    assert [row["name"] for row in rows] == list(library())
    assert all(row["question"].endswith("?") for row in rows)


def test_new_copies_and_never_overwrites(tandem: Any, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    assert tandem("new", "steel-and-power", str(file))[0] == 0
    assert file.read_bytes() == library()["steel-and-power"].read_bytes()
    file.write_text("precious")
    code, out, err = tandem("new", "steel-and-power", str(file))
    assert (code, out, err) == (2, "", f"{file}: exists and is kept (--force overwrites it)\n")
    assert file.read_text() == "precious"
    assert tandem("new", "steel-and-power", str(file), "--force")[0] == 0
    assert file.read_bytes() == library()["steel-and-power"].read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("steel-and-powr", "x.yaml"), "did you mean steel-and-power?"),
        (("steel-and-power", "x.txt"), "allowed: a name that ends in .yaml"),
        (("steel-and-power", "nowhere/x.yaml"), "cannot be written: No such file or directory"),
    ],
)
def test_new_refuses(arguments: tuple[str, str], said: str, tandem: Any, tmp_path: Path) -> None:
    code, out, err = tandem("new", arguments[0], str(tmp_path / arguments[1]))
    assert (code, out) == (2, "")
    assert said in err
    assert list(tmp_path.iterdir()) == []


def test_show_prints_the_file_as_written(tandem: Any) -> None:
    code, out, err = tandem("show", "steel-and-power")
    assert (code, err) == (0, "")
    assert out == library()["steel-and-power"].read_text(encoding="utf-8")
    assert json.loads(tandem("show", "steel-and-power", "--json")[1])["text"] == out


def test_show_resolved_is_a_scenario_again(tandem: Any, tmp_path: Path) -> None:
    out = tandem("show", "steel-and-power", "--resolved", "--override", "dual-pricing")[1]
    (tmp_path / "resolved.yaml").write_text(out)
    assert (
        load_study(str(tmp_path / "resolved.yaml")).strategies
        == load_study("steel-and-power", overrides=["dual-pricing"]).strategies
    )
    tree = json.loads(tandem("show", "steel-and-power", "--resolved", "--json")[1])["resolved"]
    assert tree["platforms"]["firms"]["steel"]["process"]["furnace"] == 48.0
    assert list(tree)[-5:] == ["goals", "platforms", "strategies", "run", "evaluate"]


def test_show_explain_names_file_and_line(tandem: Any) -> None:
    lines = library()["steel-and-power"].read_text(encoding="utf-8").splitlines()
    number = next(i for i, line in enumerate(lines, 1) if "furnace: 48 MW" in line)
    out = tandem("show", "steel-and-power", "--explain")[1]
    assert re.search(
        rf"^firms\.steel\.process\.furnace +48 MW +scenarios/library/steel-and-power\.yaml:{number}$", out, re.MULTILINE
    )
    assert re.search(
        r"^economy\.capital_charge +0\.08 +model/\w+\.py:\d+ +default; assumption: yearly cost", out, re.MULTILINE
    )
    rows = json.loads(tandem("show", "steel-and-power", "--explain", "--json")[1])["explain"]
    row = next(row for row in rows if row["key"] == "firms.steel.process.furnace")
    assert (row["value"], row["unit"], row["line"], row["is_default"]) == (48.0, "MW", number, False)


def test_check_says_what_will_run(tandem: Any, tmp_path: Path) -> None:
    code, out, err = tandem("check", "steel-and-power", "--set", "run.replications=7")
    assert (code, err) == (0, "")
    names = ", ".join(load_study("steel-and-power").strategies)
    assert out == f"steel-and-power is sound: {names}; 7 replications of 365 days each\n"
    answer = json.loads(tandem("check", "steel-and-power", "--json")[1])
    assert (answer["ok"], answer["baseline"], answer["faults"]) == (True, "none", [])


# --- the JSON Schema ---------------------------------------------------------------------------------


def breaches(schema: dict[str, Any], value: Any, where: str = "") -> Iterator[str]:
    """Yield what a value breaks: just the keywords of JSON Schema that our schema uses."""
    types = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
    kind = schema.get("type")
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind in ("number", "integer"):
        if not is_number or (kind == "integer" and value != int(value)):
            yield f"{where}: no {kind}"
            return
    elif kind and not isinstance(value, types[kind]):
        yield f"{where}: no {kind}"
        return
    if "const" in schema and value != schema["const"]:
        yield f"{where}: not {schema['const']}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: not one of {schema['enum']}"
    if is_number and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{where}: out of range"
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield f"{where}: no match"
    if "anyOf" in schema and all(any(True for _ in breaches(one, value, where)) for one in schema["anyOf"]):
        yield f"{where}: none of the alternatives"
    for one in schema.get("allOf", []):
        yield from breaches(one, value, where)
    if "not" in schema and not any(True for _ in breaches(schema["not"], value, where)):
        yield f"{where}: forbidden"
    if "if" in schema and not any(True for _ in breaches(schema["if"], value, where)):
        yield from breaches(schema["then"], value, where)
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            yield f"{where}: too short"
        for item in value if "items" in schema else []:
            yield from breaches(schema["items"], item, where)
    if isinstance(value, dict):
        yield from (f"{where}: {key} is missing" for key in schema.get("required", []) if key not in value)
        for key, item in value.items():
            inner = [one for pattern, one in schema.get("patternProperties", {}).items() if re.search(pattern, key)]
            inner += [schema["properties"][key]] if key in schema.get("properties", {}) else []
            for one in inner:
                yield from breaches(one, item, f"{where}.{key}")
            if not inner and schema.get("additionalProperties") is False:
                yield f"{where}: {key} is unknown"


def plain(node: Node) -> Any:
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.entries.items()}
    return [plain(item) for item in node.value] if isinstance(node.value, list) else node.value


def broken(path: Path) -> list[str]:
    node = read_yaml(path.read_bytes(), Source(path.name), [])
    assert node is not None
    return list(breaches(json_schema(), plain(node)))


def test_the_schema_accepts_the_library() -> None:
    for path in library().values():
        assert broken(path) == []


def test_the_schema_accepts_what_a_study_may_evaluate(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("""\
extends: steel-and-power
evaluate:
  break_even:
    - {name: a, parameter: balancing.beta, values: [0.1, 1 EUR/MWh/MW, .inf], spacing: log, strategy: raw,
       outcome: real_cost}
    - {parameter: firms.x.count, values: {from: 1, to: 9, points: 3}, strategy: raw, outcome: party_cost, parties: [x]}
  influence: {strategy: raw, outcome: real_cost, parameters: {balancing.beta: [0.1, 1 EUR/MWh/MW]}, replications: 4}
  waterfall: [{strategy: raw, outcomes: [real_cost], contract: plan},
              {strategy: raw, outcomes: [real_cost], switches: {fee: {contracts.plan.fee: 0}}}]
""")  # fmt: skip
    assert broken(file) == []
    file.write_text(file.read_text().replace("spacing: log", "spacing: lg"))
    assert any(".evaluate.break_even: none of the alternatives" in breach for breach in broken(file))
    file.write_text(file.read_text().replace("spacing: lg", "spacing: log").replace("fee: {", "fe e: {"))
    assert any(".evaluate.waterfall: none of the alternatives" in breach for breach in broken(file))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("unknown_key", ".platforms.market: weather is unknown"),
        ("misspelt_key", ".platforms.balancing: betta is unknown"),
        ("misspelt_section", ": platfroms is unknown"),
        ("misspelt_word", ".platforms.balancing.rule: not one of ['single', 'dual']"),
        ("out_of_range", ".platforms.balancing.beta: none of the alternatives"),
        ("missing_section", ": run is missing"),
        ("a_list", ": no object"),
        ("firm_name", ".platforms.firms: a.b is unknown"),
        ("override_misspelt", ".overrides.cheap-carbon"),
    ],
)
def test_the_schema_refuses_what_an_editor_can_see(name: str, said: str) -> None:
    assert any(said in breach for breach in broken(FAULTY / f"{name}.yaml"))


def test_the_schema_describes_every_declared_parameter() -> None:
    text = json.dumps(json_schema(), ensure_ascii=False)
    for group in GROUPS.values():
        for parameter in parameters_of(group).values():
            assert f'"{parameter.name}": {{"description": {json.dumps(parameter.doc, ensure_ascii=False)[:-1]}' in text


@pytest.mark.parametrize(
    ("name", "fits"),
    [("steel", True), ("钢厂", True), ("raw-with_fee2", True), ("a.b", False), ("-a", False), ("a b", False)],
)
def test_schema_and_checker_allow_the_same_names(name: str, fits: bool, tmp_path: Path) -> None:
    assert bool(re.search(NAME_PATTERN, name)) is fits
    file = tmp_path / "x.yaml"
    file.write_text(f"extends: steel-and-power\noverrides: {{'{name}': {{balancing.beta: 0.3}}}}\n", encoding="utf-8")
    if fits:
        assert name in load_study(str(file)).overrides
    else:
        with pytest.raises(InputError, match="is not a valid override name"):
            load_study(str(file))


def test_schema_prints_json(tandem: Any) -> None:
    code, out, _ = tandem("schema")
    assert code == 0
    assert json.loads(out) == json.loads(json.dumps(json_schema()))
