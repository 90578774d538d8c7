"""`tandem run` and `tandem compare` as a user types them."""

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from analysis.cli_run import _print_result
from model.inputs import replace_inputs
from scenarios.batch import run_study
from scenarios.spec import Study
from scenarios.store import Reader, Store

TANDEM = "from analysis.cli import main; main()"
PAIR = str(Path(__file__).with_name("pair.yaml"))
SMALL = ["--days", "4", "--replications", "3", "--seed", "7", "--set", "calendar.burn_in=3", "--workers", "1"]


def tandem(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", TANDEM, *arguments],
        cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder whose tandem.db holds a small run of the study `pair`."""
    made = tmp_path_factory.mktemp("cli")
    done = tandem(made, "run", PAIR, *SMALL, "--json")
    assert done.returncode == 0, done.stderr
    (made / "run.json").write_text(done.stdout)
    return made


def test_run_prints_the_comparison_as_json_and_keeps_its_talk_to_stderr(folder: Path) -> None:
    tree = json.loads((folder / "run.json").read_text())
    assert {member["strategy"] for member in tree["strategies"]} == {"none", "raw", "raw-with-fee", "daily-total"}
    assert tree["run"]["failed"] == 0
    assert all(row["n"] == 3 for row in tree["differences"])
    assert tree["break_even"]
    assert any("n = 3" in words for words in tree["warnings"])


def test_run_again_computes_nothing_and_ranks_the_same(folder: Path) -> None:
    done = tandem(folder, "run", PAIR, *SMALL)
    assert done.returncode == 0
    assert "0 computed" in done.stderr
    assert [line.split()[1] for line in done.stdout.splitlines() if line[:1].isdigit()] == [
        row["strategy"] for row in json.loads((folder / "run.json").read_text())["strategies"]
    ]


def test_compare_says_what_run_said_and_exports_it(folder: Path) -> None:
    done = tandem(folder, "compare", "pair", "--json", "--csv", "a.csv", "--xlsx", "a.xlsx")
    assert done.returncode == 0, done.stderr
    told = json.loads((folder / "run.json").read_text())
    told.pop("run")
    assert json.loads(done.stdout) == told
    assert len(pd.read_csv(folder / "a.csv")) == len(told["differences"])
    assert "break-even" in openpyxl.load_workbook(folder / "a.xlsx").sheetnames


def test_compare_takes_the_path_of_a_scenario_and_another_baseline(folder: Path) -> None:
    done = tandem(folder, "compare", "some/where/pair.yaml", "--baseline", "raw", "--outcome", "cost_interface")
    assert done.returncode == 0, done.stderr
    assert "none against raw" in done.stdout
    assert "Interfaces" in done.stdout
    unknown = tandem(folder, "compare", "pair", "--baseline", "rwa")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "did you mean raw?" in unknown.stderr
    missing = tandem(folder, "compare", "pairs")
    assert missing.returncode == 2
    assert "did you mean pair?" in missing.stderr


def test_a_dry_run_counts_and_writes_nothing(tmp_path: Path) -> None:
    done = tandem(tmp_path, "run", PAIR, *SMALL, "--strategy", "raw", "--no-break-even", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("pair: 6 runs, about ")
    assert list(tmp_path.iterdir()) == []


def test_a_strategy_is_run_with_its_baseline_only(tmp_path: Path) -> None:
    done = tandem(tmp_path, "run", PAIR, *SMALL, "--strategy", "daily-total", "--quiet", "--db", "x.db")
    assert done.returncode == 0, done.stderr
    with Reader(str(tmp_path / "x.db")) as store:
        study = store.study("pair")
        assert [member.name for member in store.strategies(study.id)] == ["none", "daily-total"]
        assert store.strategies(study.id, points=True) == []
        assert all(member.inputs["calendar"]["days"] == 4 for member in store.strategies(study.id))


@pytest.mark.parametrize("broken", ["raw", "none"])
def test_a_failed_run_gives_exit_code_one_and_is_named(
    broken: str, small_study: Callable[..., Study], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = small_study(replications=2)
    inputs = replace_inputs(study.strategies[broken], {"market.price_table": "not_there"})
    faulty = dataclasses.replace(study, strategies={**study.strategies, broken: inputs})
    with Store(str(tmp_path / "store.db")) as store:
        report = run_study(faulty, store, workers=1, quiet=True)
        assert _print_result(store, study.name, report, as_json=False) == 1
    out, err = capsys.readouterr()
    assert f"failed: {broken}, seed 7, replication 0: " in err
    assert "2 runs failed" in err
    assert ("Total real cost" in out) == (broken == "raw")


@pytest.mark.slow
def test_kernels_are_compiled_once_for_all_workers_and_say_so(tmp_path: Path) -> None:
    run = ("run", PAIR, "--days", "2", "--replications", "2", "--strategy", "raw", "--workers", "2",
           "--set", "calendar.burn_in=1", "--no-break-even")  # fmt: skip
    first = tandem(tmp_path, *run, "--seed", "1", XDG_CACHE_HOME=str(tmp_path / "cache"))
    second = tandem(tmp_path, *run, "--seed", "2", XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert first.stderr.startswith("compiling kernels, once\n")
    assert "compiling" not in second.stderr
    assert "4 computed" in second.stderr
