"""The first sentence of the report: what it may claim, from totals that can be worked out by hand."""

import datetime as dt

import pandas as pd
import pytest

from analysis.compare import compare_study
from analysis.report_answer import Answer, answer_of
from analysis.tables import METRICS, POINTS, RUNS, TRANSFERS, StudyTables
from scenarios.store import StrategyRow, StudyRow

BASE = 9e6
SURE = (-1.1e6, -1.0e6, -0.9e6)
MAYBE = (-9.0e6, 4.0e6, -1.0e6)
"""A mean of -2 million, twice that of `SURE`, and an interval that holds zero."""
HALF = tuple(saving / 2 for saving in SURE)
NONE = (0.0, 0.0, 0.0)


def answer(repeat: int = 1, /, **savings: tuple[float, ...]) -> Answer:
    """Return the answer of a study in which each strategy changes the total by these amounts, `repeat` times over."""
    found = {"none": NONE, **savings}
    n = 3 * repeat
    rows = [
        (name, r, "real_cost", "", BASE + r + values[r % 3])
        for name, values in found.items() for r in range(n)
    ]  # fmt: skip
    study = StudyRow(
        1, "tiny", "Tiny", "Who gains?", "text", "none", 7, n,
        {"goals": ["real_cost"], "outcomes": ["real_cost"], "parties": []}, dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
    )  # fmt: skip
    members = tuple(StrategyRow(i, i, name, name.title(), "", None, {}, "h") for i, name in enumerate(found))
    runs = [[name, None, r, 1, 7, "done", 0.1, "h", "r", None, "", ""] for name in found for r in range(n)]
    return answer_of(compare_study(StudyTables(
        study, members, pd.DataFrame(rows, columns=list(METRICS)), pd.DataFrame([], columns=list(POINTS)),
        pd.DataFrame([], columns=list(TRANSFERS)), pd.DataFrame(runs, columns=list(RUNS)), (),
    )))  # fmt: skip


def test_the_best_mean_that_is_unclear_does_not_hide_what_is_clear() -> None:
    first = answer(mix=MAYBE, lone=SURE, weak=HALF).sentences[0]
    assert first.startswith("“Mix” has the best mean but is not clearly better than “None”")
    assert "EUR 2.0 million a year" in first
    assert first.endswith(
        "; clearly better than “None”, as far as n = 3 can tell, are “Lone” by EUR 1.0 million a year and “Weak” "
        "by EUR 500 thousand a year."
    )
    assert "No strategy" not in first


def test_many_that_are_clear_are_counted() -> None:
    clear = {f"s{k}": tuple(saving * (1 - k / 10) for saving in SURE) for k in range(6)}
    first = answer(mix=MAYBE, **clear).sentences[0]
    assert "“S3” by EUR 700 thousand a year and 2 more (below)." in first
    assert "“S4”" not in first


def test_nothing_is_clear_where_every_interval_holds_zero() -> None:
    first = answer(mix=MAYBE).sentences[0]
    assert first.startswith("No strategy is clearly better than “None”: the best alternative, “Mix”, lowers")


@pytest.mark.parametrize("better", [True, False])
def test_best_is_not_said_of_few_futures_without_the_caveat(better: bool) -> None:
    savings = SURE if better else tuple(-saving for saving in SURE)
    winner = "“Lone”" if better else "“None”"
    few, many = (answer(repeat, lone=savings).sentences[0] for repeat in (1, 4))
    assert few.startswith(
        f"{winner} has the best mean, though n = 3 is too small to say how probably it is best"
    )  # fmt: skip
    assert many.startswith(f"{winner} is the best strategy")


def test_strategies_that_tie_are_not_said_to_be_best_of_few_futures() -> None:
    first = answer(a=SURE, b=SURE).sentences[0]
    assert first.startswith("“A” and “B” have the best mean, though n = 3 is too small to say how probably they are")


def test_what_changes_nothing_is_no_worse_than_the_baseline() -> None:
    dear = tuple(-saving for saving in SURE)
    assert answer(same=NONE).sentences[0].startswith("No strategy changes the total real cost: “Same” and “None” come")
    assert answer(same=NONE, dear=dear).sentences[0].startswith("No strategy is better than “None”: “Same” and “None”")
