"""Speed of the engine: entries for pytest-benchmark, and the ratio to the readable reference.

`make bench` times them; with `--benchmark-disable` each runs once and shows that it works.
"""

from typing import Any

import pytest

from model.model import CollaborationModel
from scenarios.run import run_once
from scenarios.spec import load_study
from tests.benchmarks.cases import for_days, reference_case, timed, town
from tests.benchmarks.report import STUDY, lines
from tests.reference.economy import ReferenceModel


def test_a_year_of_the_reference_case(benchmark: Any) -> None:
    inputs = for_days(reference_case(), 3 if benchmark.disabled else 365)
    result = benchmark.pedantic(run_once, args=(inputs, 0, 0), rounds=5, warmup_rounds=1)
    assert result.metrics["real_cost", ""] > 0.0


@pytest.mark.parametrize("firms", [100, 1_000, 10_000])
def test_a_month_of_a_town(benchmark: Any, firms: int) -> None:
    days = 1 if benchmark.disabled else 30
    model = CollaborationModel(for_days(town(firms), 10 * days + 1))
    model.step()
    benchmark.extra_info["firm_days"] = firms * days
    benchmark.pedantic(model.run_for, args=(days,), rounds=5)
    assert model.ledger.total.sum() > 0.0


def test_setting_up_ten_thousand_firms(benchmark: Any) -> None:
    inputs = for_days(town(10_000), 2)
    CollaborationModel(inputs)  # series are generated once for all strategies
    model = benchmark.pedantic(CollaborationModel, args=(inputs,), rounds=3)
    assert len(model.agents) == 10_001


def test_days_of_the_readable_reference(benchmark: Any) -> None:
    model = ReferenceModel(for_days(reference_case(), 30))
    benchmark.pedantic(model.step, rounds=1 if benchmark.disabled else 20)
    assert model.firms[0].load


def test_the_report_side_by_side(benchmark: Any) -> None:
    shown = benchmark.pedantic(lambda: list(lines(quick=benchmark.disabled)), rounds=1)
    print("", *shown, sep="\n")
    assert any("1,000" in line and line.endswith("x") for line in shown)
    assert f"{len(load_study(STUDY).strategies)} strategies x " in "".join(shown)


@pytest.mark.slow
def test_the_engine_is_fifty_times_the_reference_at_a_thousand_firms() -> None:
    inputs = town(1000)
    slow = timed(ReferenceModel, inputs, 2)
    fast = timed(CollaborationModel, inputs, 100, best_of=3)
    assert fast.firm_days_per_second >= 50.0 * slow.firm_days_per_second
