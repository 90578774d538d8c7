"""A park that shares machines, people and know-how on the real engine, and what its report says of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.compare import Comparison, compare_study
from analysis.report import plain_text
from analysis.tables import read_study
from scenarios.store import Reader
from tests.unit.test_report import SECTIONS, Outline

TANDEM = "from analysis.cli import main; main()"
SCENARIO = """\
title: A small park
goals: {question: Which sharing pays?, outcomes: [real_cost], baseline: none}
platforms:
  calendar: {days: 20, burn_in: 10}
  firms:
    mills: {type: manufacturer, like: machinery, utility: power, count: 2}
    shops: {type: manufacturer, like: metal-goods, utility: power, count: 2}
    food: {type: manufacturer, like: food, utility: power}
    power: {type: utility}
  resource_platforms: {park: {fee: 2 kEUR/yr, outage_rate: 0 1/yr}}
  technology_platforms: {club: {}}
strategies:
  none: {title: Alone}
  people:
    title: Allocate workers
    contracts: &people
      crew: {family: resource, platform: park, members: [mills, shops, food], resource: labour, variant: allocation,
             mode: cross_sector}
  learn:
    title: Barter know-how
    contracts: &learn
      know: {family: technology, platform: club, members: [mills, shops], variant: exchange, mode: cross_sector}
  both: {title: Workers and know-how, contracts: {<<: [*people, *learn]}}
run: {seed: 7, replications: 3}
evaluate:
  outcomes: [real_cost, party_cost]
  parties: [mills, shops, food, power]
  orders:
    {outcome: real_cost, steps: [resources, technology],
     sets: {people: [resources], learn: [technology], both: [resources, technology]}}
  break_even:
    {parameter: contracts.crew.moving_cost, values: [0, 40], strategy: people, outcome: real_cost, replications: 3}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the study, run and reported as a user does."""
    made = tmp_path_factory.mktemp("park")
    (made / "park.yaml").write_text(SCENARIO)
    for words in (
        ("run", "park.yaml", "--workers", "1", "--quiet"),
        ("report", "park", "--out", "park.html", "--figures", "figures"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", TANDEM, *words], cwd=made, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "park.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def comparison(folder: Path) -> Comparison:
    with Reader(str(folder / "tandem.db")) as store:
        return compare_study(read_study(store, "park"))


def test_the_page_is_whole_and_has_a_section_for_each_family(page: str) -> None:
    outline = Outline()
    outline.feed(page)
    outline.close()
    assert not outline.faults
    assert not outline.open
    assert len(outline.ids) == len(set(outline.ids))
    assert {*SECTIONS, "hubs", "who-gains", "resources", "technology", "orders"} <= set(outline.ids)
    text = plain_text(page)
    assert "mills, shops and food share workers over park (allocated by a planner, cross-sector)" in text
    assert "mills and shops barter know-how in 3 meetings a quarter over club (cross-sector)" in text
    assert "resource platform 资源平台" in text


def test_figures_of_sharing_and_orders_are_written(folder: Path) -> None:
    assert {"gains.png", "orders.png", "break_even.png"} <= {file.name for file in (folder / "figures").iterdir()}


def test_members_pay_each_other_and_the_planner_reaches_the_most(comparison: Comparison) -> None:
    metrics = comparison.tables.metrics
    mine = metrics[metrics["strategy"] == "people"]
    rents = mine[mine["outcome"] == "rent"].groupby("replication")["value"]
    turnover = rents.apply(lambda values: values.abs().sum())
    assert (turnover > 0.0).any()
    assert (rents.sum().abs() <= 1e-9 * turnover.max()).all()
    surplus, bound = (
        mine[mine["outcome"] == name].set_index("replication")["value"] for name in ("matched_surplus", "matched_bound")
    )
    assert (surplus <= bound * (1 + 1e-9)).all()


def test_a_swept_parameter_of_a_resource_contract_reaches_the_model(comparison: Comparison) -> None:
    """Moving an hour for 40 EUR leaves less to share than moving it for nothing; the study itself is one end."""
    (answer,) = comparison.break_even
    cheap, dear = answer.table["gain"]
    assert cheap == pytest.approx(-comparison.ranking.set_index("strategy")["adjusted_difference"]["people"])
    assert dear < cheap


def test_components_that_nobody_has_are_not_shown(page: str) -> None:
    section = page[page.index('id="components"') : page.index('id="parties"')]
    assert '<td class="w">Overtime</td>' in section
    for title in ("Urgent jobs", "Heat pipes", "Electricity stores", "Expected breach loss"):
        assert f">{title}</td>" not in section, title


def test_sections_that_no_firm_declares_are_left_out_of_show_and_report(folder: Path, page: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TANDEM, "show", "park.yaml", "--explain", "--json"],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    keys = {row["key"] for row in json.loads(done.stdout)["explain"]}
    text = plain_text(page)
    for key, listed in (("firms.food.labour.hours", True), ("firms.food.station.servers", False),
                        ("firms.power.generation.blocks", False), ("firms.shops.technology.review", True)):  # fmt: skip
        assert (key in keys) == listed, key
        assert (key.rpartition(".")[0] in text) == listed or listed, key
