"""Faulty scenario files, one per mistake: what is said about each, and that nothing else happens.

Every file of the folder `faulty` has an entry in a table of faults: for each fault its line and column, the whole
sentence, and a part of what is said about what is allowed.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.cli import main
from model.errors import InputError
from scenarios.spec import load_study
from tests.unit.faults import FAULTY
from tests.unit.faults_of_contracts import CONTRACTS
from tests.unit.faults_of_economy import ECONOMY
from tests.unit.faults_of_evaluation import EVALUATION
from tests.unit.faults_of_text import TEXT

EXPECTED = TEXT | ECONOMY | CONTRACTS | EVALUATION
OTHER_FILE = {"circular": "circular_back", "circular_back": "circular"}


def test_every_faulty_file_has_its_message() -> None:
    named = [*TEXT, *ECONOMY, *CONTRACTS, *EVALUATION]
    assert sorted(path.stem for path in FAULTY.glob("*.yaml")) == sorted(named)


@pytest.mark.parametrize("name", EXPECTED)
def test_message_names_place_fault_and_what_is_allowed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FAULTY)
    with pytest.raises(InputError) as caught:
        load_study(f"{name}.yaml")
    faults = caught.value.faults
    file = OTHER_FILE.get(name, name)
    for fault, (line, column, what, allowed) in zip(faults, EXPECTED[name], strict=True):
        assert fault.where == f"{file}.yaml:{line}:{column}"
        assert fault.what == what
        assert allowed in fault.allowed


def command(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Run `tandem` in this process; return exit code, stdout, stderr."""
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    out, err = capsys.readouterr()
    return int(stopped.value.code or 0), out, err


@pytest.mark.parametrize("name", EXPECTED)
def test_check_exits_with_2_and_says_all_on_stderr(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(FAULTY)
    code, out, err = command("check", f"{name}.yaml", capsys=capsys)
    assert code == 2
    assert out == ""
    assert len(err.splitlines()) == len(EXPECTED[name])
    for line, column, what, _ in EXPECTED[name]:
        assert f"{OTHER_FILE.get(name, name)}.yaml:{line}:{column}: {what}" in err


def test_check_as_json_lists_faults_with_file_line_and_column(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = command("check", str(FAULTY / "misspelt_key.yaml"), "--json", capsys=capsys)
    answer = json.loads(out)
    assert (code, err, answer["ok"], len(answer["faults"])) == (2, "", False, 1)
    fault = answer["faults"][0]
    assert Path(fault["file"]).name == "misspelt_key.yaml"
    assert (fault["line"], fault["column"], fault["what"]) == (4, 5, "unknown key 'betta' in balancing")
    assert fault["allowed"].startswith("did you mean beta?")


@pytest.mark.parametrize("verb", ["run", "show", "check"])
def test_a_bad_scenario_leaves_nothing_behind(verb: str, tmp_path: Path) -> None:
    scenario = tmp_path / "several.yaml"
    scenario.write_bytes((FAULTY / "several.yaml").read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", "from analysis.cli import main; main()", verb, scenario.name],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": str(FAULTY.parents[2])},
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == len(EXPECTED["several"])
    assert done.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["several.yaml"]
