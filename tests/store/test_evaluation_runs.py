"""Sweeps, rankings and waterfalls on the real engine, as a user runs them: complete, resumed, exported."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from analysis.compare import compare_study
from analysis.tables import read_study
from model.inputs import replace_inputs
from scenarios.run import run_once
from scenarios.spec import load_study
from scenarios.store import Reader
from tests.unit.small_study import GOALS_TO_STRATEGIES

TANDEM = "from analysis.cli import main; main()"
TINY = (
    GOALS_TO_STRATEGIES
    + """\
run: {seed: 7, replications: 3}
evaluate:
  outcomes: [real_cost]
  break_even:
    - {name: beta, title: Slope, parameter: balancing.beta, values: [0.02, 0.2, 2], spacing: log, strategy: raw,
       outcome: real_cost, replications: 2}
    - {parameter: contracts.plan.noise_sd, values: [0, 10 MW, .inf], strategy: raw, outcome: party_cost,
       parties: [power, steel]}
    - {parameter: firms.metalworks.count, values: [4, 8], strategy: raw, outcome: real_cost}
  influence:
    strategy: raw
    outcome: real_cost
    parameters:
      balancing.intraday_cost: [1, 6]
      contracts.plan.interface_cost: [20 kEUR/yr, 100 kEUR/yr]
      contracts.plan.resolution: [1, 5]
  waterfall:
    strategy: raw
    outcomes: [real_cost, load_forecast_rmse]
    parties: [steel]
    switches:
      interface: {contracts.plan.interface_cost: 0 EUR/yr}
      hours: {contracts.plan.resolution: 24 h}
"""
)


def tandem(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", TANDEM, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a tiny study that was checked and run."""
    made = tmp_path_factory.mktemp("evaluation")
    (made / "tiny.yaml").write_text(TINY)
    done = tandem(made, "run", "tiny.yaml", "--workers", "1", "--json")
    assert done.returncode == 0, done.stderr
    (made / "run.json").write_text(done.stdout)
    return made


def test_check_says_what_will_be_left_out(folder: Path) -> None:
    done = tandem(folder, "check", "tiny.yaml")
    assert done.returncode == 0
    left_out = "left out: influence/raw: contracts.plan.resolution high is infeasible: contracts.plan.resolution: 5 h"
    assert done.stderr.startswith(left_out)
    assert len(json.loads(tandem(folder, "check", "tiny.yaml", "--json").stdout)["infeasible"]) == 1


def test_every_point_ran_and_none_twice(folder: Path) -> None:
    told = json.loads((folder / "run.json").read_text())["run"]
    with Reader(str(folder / "tandem.db")) as store:
        runs = store.runs(store.study("tiny").id)
    counted = {part: sum(run.part.startswith(part) for run in runs) for part in ("break", "influence", "waterfall")}
    assert counted == {"break": 3 * 2 * 2 + 3 * 2 * 3 + 2 * 2 * 3, "influence": (3 * 4 - 1) * 3, "waterfall": 4 * 3}
    assert (told["total"], told["failed"]) == (len(runs), 0)
    assert {run.status for run in runs} == {"done"}
    simulated = {run.result_run_id for run in runs}
    assert len(simulated) == len({(run.inputs_hash, run.replication) for run in runs})
    dry = json.loads(tandem(folder, "run", "tiny.yaml", "--dry-run", "--json").stdout)
    assert dry["runs"] == len(simulated)


def test_a_point_holds_what_the_engine_says_of_its_inputs(folder: Path) -> None:
    study = load_study(str(folder / "tiny.yaml"))
    inputs = replace_inputs(study.strategies["raw"], {"firms.metalworks.count": 4})
    expected = run_once(inputs, 7, 2).metrics["real_cost", ""]
    with Reader(str(folder / "tandem.db")) as store:
        points = read_study(store, "tiny").points
    found = points[(points["part"] == "break_even/firms.metalworks.count") & (points["sweep_value"] == 4.0)]
    one = found[(found["strategy"] == "raw") & (found["replication"] == 2) & (found["outcome"] == "real_cost")]
    assert list(one["value"]) == [expected]


def test_what_the_interface_costs_is_what_the_frames_say(folder: Path) -> None:
    """Interface cost is known: 60 kEUR/yr, all of it real; each euro more makes sharing a euro dearer."""
    with Reader(str(folder / "tandem.db")) as store:
        comparison = compare_study(read_study(store, "tiny"))
    ends = comparison.influence.set_index("parameter").loc["contracts.plan.interface_cost"]
    assert ends["at_high"] - ends["at_low"] == pytest.approx(80_000.0)
    assert ends["at_base"] - ends["at_low"] == pytest.approx(40_000.0)
    frame = comparison.waterfall
    cost = frame[(frame["stage"] == "interface") & (frame["outcome"] == "real_cost")]
    assert list(cost["effect"]) == pytest.approx([60_000.0, 60_000.0])
    steps = frame[frame["kind"] == "cumulative"].groupby("outcome")["effect"].sum()
    total = frame[frame["kind"] == "total"].set_index("outcome")["effect"]
    assert dict(steps) == pytest.approx(dict(total))
    assert [(one.name, one.n) for one in comparison.break_even] == [
        ("beta", 2), *[("contracts.plan.noise_sd", 3)] * 3, ("firms.metalworks.count", 3)
    ]  # fmt: skip


def test_compare_shows_and_exports_them(folder: Path) -> None:
    done = tandem(folder, "compare", "tiny.yaml", "--json", "--xlsx", "a.xlsx")
    assert done.returncode == 0, done.stderr
    tree = json.loads(done.stdout)
    assert [one["name"] for one in tree["break_even"]] == [
        "beta", *["contracts.plan.noise_sd"] * 3, "firms.metalworks.count"
    ]  # fmt: skip
    assert tree["break_even"][1]["table"][-1]["value"] == ".inf"
    assert len(tree["influence"]) == 3
    assert {row["kind"] for row in tree["waterfall"]} == {"leave_one_out", "cumulative", "total", "level"}
    assert {"break-even", "influence", "waterfall"} <= set(openpyxl.load_workbook(folder / "a.xlsx").sheetnames)
    assert set(pd.read_excel(folder / "a.xlsx", sheet_name="break-even")["sweep"]) == {
        "beta", "contracts.plan.noise_sd", "firms.metalworks.count"
    }  # fmt: skip
    said = tandem(folder, "compare", "tiny.yaml").stdout
    assert "which assumption moves raw against none: Total real cost, EUR/yr" in said
    assert "what each stage adds in raw: Error of the load forecast of steel, MW" in said
    assert "resolution high is infeasible: contracts.plan.resolution: 5 h does not divide the day" in said


def test_each_part_can_be_left_out(folder: Path) -> None:
    for option, part in (("--no-break-even", "break_even"), ("--no-influence", "influence")):
        dry = tandem(folder, "run", "tiny.yaml", "--dry-run", "--json", option)
        fewer = tandem(folder, "run", "tiny.yaml", "--dry-run", "--json", option, "--no-waterfall")
        assert json.loads(fewer.stdout)["runs"] < json.loads(dry.stdout)["runs"], part
    bare = tandem(folder, "run", "tiny.yaml", "--dry-run", "--json", "--strategies-only")
    assert json.loads(bare.stdout)["runs"] == 6
    alone = tandem(folder, "run", "tiny.yaml", "--dry-run", "--json", "--strategy", "none")
    assert json.loads(alone.stdout)["runs"] == 3


@pytest.mark.slow
def test_an_interrupted_evaluation_is_resumed_to_the_same_results(
    folder: Path, tmp_path: Path, count_status: Callable[[Path, str], int]
) -> None:
    db, arguments = tmp_path / "broken.db", ["run", "tiny.yaml", "--workers", "1", "--set", "calendar.days=40"]
    process = subprocess.Popen(
        [sys.executable, "-c", TANDEM, *arguments, "--db", str(db)],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    limit = time.monotonic() + 120.0
    while count_status(db, "done") == 0 and time.monotonic() < limit:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    kept = count_status(db, "done")
    assert kept > 0
    assert count_status(db, "running") == 0
    assert process.returncode == 130 if count_status(db, "pending") else True
    for name in ("broken.db", "whole.db"):
        assert tandem(folder, *arguments, "--quiet", "--db", str(tmp_path / name)).returncode == 0
    found = []
    for name in ("broken.db", "whole.db"):
        with Reader(str(tmp_path / name)) as store:
            runs = store.runs(store.study("tiny").id)
        found.append({(run.strategy, run.part, run.point, run.replication): run.result_hash for run in runs})
    assert found[0] == found[1]
    assert None not in found[0].values()
