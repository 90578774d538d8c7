"""What the report says of shared resources and technology, from figures that can be worked out by hand."""

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.compare import Comparison, compare_study
from analysis.drawing import png_of
from analysis.figures_sharing import is_uneven
from analysis.glossary import terms_in
from analysis.report_contracts import hub_table, resource_words, technology_words
from analysis.report_sharing import gains_charts, resource_sections, sharing, technology_sections
from analysis.report_sources import absent, kind_label, settings_of, untouched
from analysis.tables import METRICS, POINTS, RUNS, TRANSFERS, StudyTables
from model.inputs import (
    Equipment,
    ManufacturerInputs,
    ModelInputs,
    Process,
    ResourceContract,
    ResourcePlatformInputs,
    TechnologyContract,
    TechnologyPlatformInputs,
    as_tree,
)
from scenarios.store import StrategyRow, StudyRow

NOISE = np.array([3.0, -1.0, -2.0])
"""Of three futures; it sums to zero, so that means are round numbers."""
LEVELS: dict[str, dict[tuple[str, str], float]] = {
    "none": {("real_cost", ""): 9e6, ("cost_overtime", ""): 4e5, ("cost_lending", ""): 0.0, ("cost_heat", ""): 0.0,
             ("cost_production", ""): 8.6e6, ("party_cost", "mill"): 5e6, ("party_cost", "shop"): 4e6,
             ("overtime_hours", "mill"): 900.0, ("overtime_hours", "shop"): 100.0, ("unit_cost_change", "mill"): 0.0,
             ("mean_knowledge", ""): 0.1, ("consumers_gain", ""): 0.0},
    "pool": {("real_cost", ""): 8.9e6, ("cost_overtime", ""): 2e5, ("cost_lending", ""): 1e5, ("cost_heat", ""): 0.0,
             ("cost_production", ""): 8.6e6, ("party_cost", "mill"): 4.8e6, ("party_cost", "shop"): 4.1e6,
             ("overtime_hours", "mill"): 300.0, ("overtime_hours", "shop"): 200.0, ("unit_cost_change", "mill"): 0.0,
             ("mean_knowledge", ""): 0.1, ("consumers_gain", ""): 0.0, ("matched_surplus", "park"): 9e4,
             ("matched_bound", "park"): 1.2e5, ("match_rate", "park"): 0.75, ("rent", "mill"): 5e4,
             ("rent", "shop"): -5e4},
    "learn": {("real_cost", ""): 9.1e6, ("cost_overtime", ""): 4e5, ("cost_lending", ""): 0.0, ("cost_heat", ""): 0.0,
              ("cost_production", ""): 8.7e6, ("party_cost", "mill"): 5.2e6, ("party_cost", "shop"): 4e6,
              ("overtime_hours", "mill"): 900.0, ("overtime_hours", "shop"): 100.0, ("unit_cost_change", "mill"): -2.5,
              ("mean_knowledge", ""): 0.4, ("consumers_gain", ""): 7e4},
}  # fmt: skip
STEADY = ("match_rate", "unit_cost_change", "mean_knowledge")


def economy(name: str, **more: Any) -> dict[str, Any]:
    makers = (
        ManufacturerInputs(
            name="mill", process=Process(kind="none"), equipment=Equipment(machines=3, hours_per_unit=0.02)
        ),
        ManufacturerInputs(name="shop", process=Process(kind="none")),
    )
    hubs = {
        "resource_platforms": (ResourcePlatformInputs(name="park", commission=0.02),),
        "technology_platforms": (TechnologyPlatformInputs(name="club", protection=0.5),),
    }
    return as_tree(ModelInputs(name=name, manufacturers=makers, **hubs, **more))


def trees() -> dict[str, dict[str, Any]]:
    pool = ResourceContract(name="machines", platform="park", members=("mill", "shop"), offered=0.5)
    learn = TechnologyContract(name="know", platform="club", members=("mill", "shop"), variant="sharing", royalty=0.1)
    alone = economy("none")
    # The contracts need firms that fit them, which is not what is asked here: they are put into the stored tree.
    return {
        "none": alone,
        "pool": {**alone, "resource_contracts": [{**vars(pool), "members": list(pool.members)}]},
        "learn": {**alone, "technology_contracts": [{**vars(learn), "members": list(learn.members)}]},
    }


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    rows = [
        (name, r, outcome, party, value + (0.0 if outcome in STEADY else noise))
        for name, levels in LEVELS.items()
        for (outcome, party), value in levels.items()
        for r, noise in enumerate(NOISE)
    ]
    study = StudyRow(
        1, "tiny", "Tiny", "Who gains?", "text", "none", 7, 3,
        {"goals": ["real_cost"], "outcomes": ["real_cost"], "parties": ["mill", "shop"]},
        dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
    )  # fmt: skip
    members = tuple(
        StrategyRow(i, i, name, title, "", None, tree, "h")
        for i, ((name, tree), title) in enumerate(zip(trees().items(), ("Alone", "Pool", "Learn"), strict=True))
    )
    runs = [[name, None, r, 1, 7, "done", 0.1, "h", "r", None, "", ""] for name in LEVELS for r in range(3)]
    paid = [(name, r, "mill", "park", "rent", 5e4 * (name == "pool")) for name in LEVELS for r in range(3)]
    return compare_study(StudyTables(
        study, members, pd.DataFrame(rows, columns=list(METRICS)), pd.DataFrame([], columns=list(POINTS)),
        pd.DataFrame(paid, columns=list(TRANSFERS)), pd.DataFrame(runs, columns=list(RUNS)), (),
    ))  # fmt: skip


def test_strategies_are_told_by_what_they_share(comparison: Comparison) -> None:
    assert sharing(comparison, "resource_contracts") == ["pool"]
    assert sharing(comparison, "technology_contracts") == ["learn"]
    assert comparison.tables.contract_parties == ("mill", "shop")


def test_what_was_matched_is_set_against_the_most_that_could_be(comparison: Comparison) -> None:
    section = resource_sections(comparison)
    assert section is not None
    matched, costs, moved, rents = section["tables"]
    assert matched.rows == (
        ("Pool", "park", "90.0 (90.0\u00a0to\u00a090.0)", "120 (120\u00a0to\u00a0120)", "75 %", "75 %", "50.0"),
    )
    assert [row[0] for row in costs.rows] == ["Overtime", "Lending"]  # heat costs nothing anywhere and is not shown
    assert costs.rows[0][1:] == ("400.0", "−200")
    assert [row[0] for row in moved.rows] == ["Overtime (h/yr)"]
    assert moved.rows[0][1].startswith("−500")  # 600 hours less in the mill, 100 more in the shop
    assert [(row[0], row[1].split()[0]) for row in rents.rows] == [("mill", "+50.0"), ("shop", "−50.0")]
    (said,) = section["said"]
    assert "park matched EUR 90.0 thousand a year" in said
    assert "75 % of the most that could have been matched; gain: mill; lose: shop." in said


def test_what_is_learnt_is_told_with_what_consumers_gain(comparison: Comparison) -> None:
    section = technology_sections(comparison)
    assert section is not None
    whole, firms = section["tables"]
    assert [row[0] for row in whole.rows] == ["Knowledge gained", "Gain of consumers (thousand EUR/yr)"]
    assert whole.rows[1][3] == "+70.0"
    assert firms.rows == (("Change of unit cost (EUR/unit)", "mill", "0", "−2.50"),)
    (said,) = section["said"]
    assert "firms learn 0.300 (the same in all 3 random futures) doublings of experience more" in said
    assert "research" not in said, "none of it is in this study"
    assert "consumers gain EUR 70.0 thousand a year" in said
    assert "lose: mill; about even: shop." in said


def test_the_chart_of_gains_has_every_touched_party_under_every_sharing_strategy(comparison: Comparison) -> None:
    (chart,) = gains_charts(comparison)
    titles = [axes.get_title() for axes in chart.figure.axes if axes.get_visible()]
    assert titles == ["Pool", "Learn"]
    assert [label.get_text() for label in chart.figure.axes[0].get_yticklabels()] == ["mill", "shop"]
    assert "Pool, mill: gains, −200." in chart.description
    assert "Learn, shop: about even, 0." in chart.description
    assert "logarithmic" not in chart.caption
    assert png_of(chart.figure, dpi=40).startswith(b"\x89PNG")


def test_sizes_that_differ_by_orders_of_magnitude_call_for_another_scale() -> None:
    assert is_uneven([1.0, -2.0, 3000.0])
    assert not is_uneven([100.0, -200.0, 3000.0])
    assert not is_uneven([0.0, float("nan"), 3000.0])


def test_contracts_and_platforms_are_put_into_words(comparison: Comparison) -> None:
    found = trees()
    assert resource_words(found["pool"]["resource_contracts"][0]) == (
        "mill and shop share machines over park (pooled and auctioned, horizontal, 50 % of what is idle)"
    )
    assert technology_words(found["learn"]["technology_contracts"][0]) == (
        "mill and shop open 100 % of their experience to each other for 10 % of what it saves over club (horizontal)"
    )
    none = {**found["pool"]["resource_contracts"][0], "offered": 0.0}
    assert resource_words(none).endswith("which shares nothing)")
    table = hub_table(comparison)
    assert table is not None
    assert [(row[0], row[2], row[7]) for row in table.rows] == [
        ("park", "mill and shop", "keeps 2 % of payments"), ("club", "mill and shop", "prevents 50 % of leaks"),
    ]  # fmt: skip
    assert kind_label("royalty") == "licences for know-how"


def test_every_variant_is_told_in_both_languages() -> None:
    """The mission's names of variants and modes stand in the glossary of a report whose strategies use them."""
    resource, technology = trees()["pool"]["resource_contracts"][0], trees()["learn"]["technology_contracts"][0]
    wanted = {
        "分配": resource_words({**resource, "variant": "allocation"}),
        "租赁": resource_words({**resource, "variant": "leasing"}),
        "共享": resource_words({**resource, "variant": "pooling"}),
        "交流": technology_words({**technology, "variant": "exchange"}),
        "合作": technology_words({**technology, "variant": "cooperation"}),
        "技术共享": technology_words(technology),
        "跨行业": resource_words({**resource, "mode": "cross_sector"}),
        "纵向": technology_words({**technology, "mode": "vertical"}),
    }
    for chinese, words in wanted.items():
        assert chinese in " ".join(term.chinese + term.meaning for term in terms_in(words)), words


def test_only_what_firms_have_is_listed_among_the_assumptions() -> None:
    settings = [one for tree in trees().values() for one in settings_of(tree)]
    keys, nowhere = {one.key for one in settings}, absent(settings)
    assert "firms.mill.equipment.repair" in keys - nowhere
    assert {"firms.shop.equipment.repair", "firms.mill.labour.hours", "firms.shop.technology.review"} <= nowhere
    assert not [key for key in nowhere if not key.startswith("firms.")]
    idle = untouched(settings)
    assert {"contracts.machines.bargaining", "contracts.machines.pipe_cost", "contracts.know.meetings"} <= idle
    assert {"contracts.machines.throughput", "contracts.machines.reach", "contracts.know.openness"}.isdisjoint(idle)
    assert {"resource_platforms.park.commission", "technology_platforms.club.protection"} <= keys


def test_a_variant_of_an_extension_may_read_anything() -> None:
    tree = trees()["pool"]
    tree["resource_contracts"][0]["variant"] = "lottery"
    assert "contracts.machines.bargaining" not in untouched(settings_of(tree))
