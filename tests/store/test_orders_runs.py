"""Steps in every order on the real engine, as a user runs, compares and reports them."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from analysis.compare import compare_study
from analysis.tables import StudyTables, read_study
from scenarios.run import run_once
from scenarios.spec import load_study
from scenarios.store import Reader
from tests.unit.small_study import GOALS_TO_STRATEGIES

TANDEM = "from analysis.cli import main; main()"
STEPS = ("data", "shifting", "waiting")
_CONTRACT = "contracts: {plan: {provider: steel, partner: power}}"
_SHIFTING = "firms.steel.process.scheduling: before_prices"
_WAITING = "firms.steel.ordering.lead_time: 4 day"
SCENARIO = (
    GOALS_TO_STRATEGIES
    + f"""\
  moved: {{title: Moved, changes: {{{_SHIFTING}}}}}
  late: {{title: Late, changes: {{{_WAITING}}}}}
  raw-moved: {{title: Plan and moved, {_CONTRACT}, changes: {{{_SHIFTING}}}}}
  raw-late: {{title: Plan and late, {_CONTRACT}, changes: {{{_WAITING}}}}}
  moved-late: {{title: Moved and late, changes: {{{_SHIFTING}, {_WAITING}}}}}
  all: {{title: All three, {_CONTRACT}, changes: {{{_SHIFTING}, {_WAITING}}}}}
run: {{seed: 7, replications: 3}}
evaluate:
  outcomes: [real_cost, party_cost]
  parties: [steel, power]
  orders:
    - outcome: party_cost
      parties: [steel, power]
      steps: [data, shifting, waiting]
      sets: &sets
        raw: [data]
        moved: [shifting]
        late: [waiting]
        raw-moved: [data, shifting]
        raw-late: [data, waiting]
        moved-late: [waiting, shifting]
        all: [data, shifting, waiting]
    - {{outcome: real_cost, title: In which order, steps: [data, shifting, waiting], sets: *sets}}
"""
)


def tandem(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", TANDEM, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a study of three steps that was run without any point."""
    made = tmp_path_factory.mktemp("orders")
    (made / "steps.yaml").write_text(SCENARIO)
    done = tandem(made, "run", "steps.yaml", "--workers", "1", "--quiet", "--strategies-only")
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def tables(folder: Path) -> StudyTables:
    with Reader(str(folder / "tandem.db")) as store:
        return read_study(store, "steps")


def test_no_run_is_added_for_orders(tables: StudyTables) -> None:
    assert len(tables.runs) == 8 * 3
    assert not len(tables.points)


def test_what_a_step_adds_is_the_difference_of_two_runs_of_the_engine(folder: Path, tables: StudyTables) -> None:
    """The whole economy's cost less the chance alignment, whose coefficient in it is known to be 1."""
    study = load_study(str(folder / "steps.yaml"))
    gained = []
    for replication in range(3):
        after, before = (run_once(study.strategies[name], 7, replication).metrics for name in ("raw-moved", "raw"))
        cost, chance = ("real_cost", ""), ("imbalance_covariance", "")
        gained.append(after[cost] - before[cost] - (after[chance] - before[chance]))
    frame = compare_study(tables).orders
    rows = frame[(frame["name"] == "real_cost") & (frame["kind"] == "marginal")]
    one = rows[(rows["order"] == "data > shifting > waiting") & (rows["step"] == "shifting")].iloc[0]
    assert one["effect"] == pytest.approx(sum(gained) / 3, rel=1e-6)
    assert (one["n"], one["place"], one["before"]) == (3, 2, "data")


def test_every_order_and_the_shapley_values_add_up_to_what_compare_says(tables: StudyTables) -> None:
    comparison = compare_study(tables)
    frame = comparison.orders
    for (name, party), part in frame.groupby(["name", "party"]):
        total = part[part["kind"] == "set"].set_index("step")["effect"][" + ".join(STEPS)]
        sums = part[part["kind"] == "marginal"].groupby("order")["effect"].sum()
        assert set(sums.index) == {" > ".join(order) for order in itertools.permutations(STEPS)}
        assert sums.to_numpy() == pytest.approx(total), (name, party)
        assert part[part["kind"] == "shapley"]["effect"].sum() == pytest.approx(total), (name, party)
    alone = comparison.ranking.set_index("strategy")["adjusted_difference"]
    sets = frame[(frame["name"] == "real_cost") & (frame["kind"] == "set")].set_index("step")["effect"]
    assert sets["data"] == pytest.approx(alone["raw"])
    assert sets["shifting + waiting"] == pytest.approx(alone["moved-late"])
    assert sets[" + ".join(STEPS)] == pytest.approx(alone["all"])


def test_compare_and_report_show_and_export_them(folder: Path) -> None:
    done = tandem(folder, "compare", "steps", "--json", "--xlsx", "a.xlsx")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["orders"]
    assert {row["party"] for row in rows} == {"steel", "power", "steel + power", ""}
    assert "orders" in openpyxl.load_workbook(folder / "a.xlsx").sheetnames
    assert len(pd.read_excel(folder / "a.xlsx", sheet_name="orders")) == len(rows)
    said = tandem(folder, "compare", "steps").stdout
    assert "In which order: Total real cost, EUR/yr" in said
    assert "mean over orders" in said
    written = tandem(folder, "report", "steps", "--out", "steps.html", "--figures", "figures")
    assert written.returncode == 0, written.stderr
    page = (folder / "steps.html").read_text()
    assert '<h3 id="orders">In which order?</h3>' in page
    assert "data → shifting → waiting" in page
    assert {"orders.png", "orders_2.png"} <= {file.name for file in (folder / "figures").iterdir()}


def test_without_one_of_its_strategies_the_question_is_left_out(folder: Path) -> None:
    some = ("--strategy", "raw", "--strategy", "moved", "--db", "some.db")
    assert tandem(folder, "run", "steps.yaml", "--workers", "1", "--quiet", *some).returncode == 0
    assert json.loads(tandem(folder, "compare", "steps", "--json", "--db", "some.db").stdout)["orders"] == []
