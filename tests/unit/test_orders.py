"""Steps in every order, with figures that can be worked out by hand; and what a scenario may ask of orders."""

import datetime as dt
import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import text
from analysis.compare import compare_study
from analysis.estimates import CONTROL
from analysis.export import as_json
from analysis.orders import ORDERS, orders_frame, shapley_weights, subsets
from analysis.report_orders import orders_charts, orders_sentences
from analysis.tables import METRICS, POINTS, RUNS, TRANSFERS, StudyTables
from model.errors import InputError
from scenarios.spec import load_study
from scenarios.spec_explain import as_yaml, resolved
from scenarios.store import StrategyRow, StudyRow
from tests.unit.small_study import GOALS_TO_STRATEGIES

FUTURES = np.array([1000.0, 1200.0, 900.0, 1100.0])
"""Cost of the baseline in four futures."""
NOISE = np.array([1.0, -2.0, 0.0, 1.0])
GLOVES = {
    "left": (("left",), 0.0), "right": (("right",), 0.0), "spare": (("spare",), 0.0),
    "pair": (("left", "right"), -12.0), "same": (("left", "spare"), 0.0), "other": (("right", "spare"), -12.0),
    "all": (("left", "right", "spare"), -12.0),
}  # fmt: skip
"""A saving of 12 takes a right glove and one of two left ones (left, spare): Shapley 1/6, 4/6 and 1/6 of it."""


def asked(sets: dict[str, tuple[tuple[str, ...], float]], **more: Any) -> dict[str, Any]:
    steps = max((steps for steps, _ in sets.values()), key=len)
    return {
        "name": "gloves", "title": "", "baseline": "none", "outcome": "real_cost", "parties": [""],
        "steps": list(steps), "sets": [{"strategy": name, "steps": list(own)} for name, (own, _) in sets.items()],
    } | more  # fmt: skip


def values_of(sets: dict[str, tuple[tuple[str, ...], float]]) -> dict[str, np.ndarray]:
    """Each strategy costs what the baseline does, its saving, and noise by the number of its steps."""
    return {"none": FUTURES} | {name: FUTURES + saved + len(own) * NOISE for name, (own, saved) in sets.items()}


def tables(
    values: dict[str, np.ndarray], evaluation: dict[str, Any], chance: dict[str, np.ndarray] | None = None,
    outcome: str = "real_cost", parties: tuple[str, ...] = ("",),
) -> StudyTables:  # fmt: skip
    rows = [(name, r, outcome, p, x) for name, own in values.items() for p in parties for r, x in enumerate(own)]
    if outcome != "real_cost":
        rows += [(name, r, "real_cost", "", x) for name, own in values.items() for r, x in enumerate(own)]
    rows += [(name, r, CONTROL, "", x) for name, own in (chance or {}).items() for r, x in enumerate(own)]
    study = StudyRow(
        1, "tiny", "Tiny", "Which first?", "text", "none", 7, 4,
        {"goals": ["real_cost"], "outcomes": ["real_cost"], "parties": [], "orders": [evaluation]},
        dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
    )  # fmt: skip
    members = tuple(StrategyRow(i, i, name, name, "", None, {}, "h") for i, name in enumerate(values))
    runs = [[name, None, r, 1, 7, "done", 0.1, "h", "r", None, "", ""] for name in values for r in range(4)]
    paid = [(name, r, "steel", "power", "energy", 1.0) for name in values for r in range(4)]
    return StudyTables(
        study, members, pd.DataFrame(rows, columns=list(METRICS)), pd.DataFrame([], columns=list(POINTS)),
        pd.DataFrame(paid, columns=list(TRANSFERS)), pd.DataFrame(runs, columns=list(RUNS)), (),
    )  # fmt: skip


def effects(frame: pd.DataFrame, kind: str, key: str = "step") -> dict[str, float]:
    part = frame[frame["kind"] == kind]
    return dict(zip(part[key], part["effect"], strict=True))


def test_gloves_are_worth_what_shapley_says() -> None:
    frame = orders_frame(tables(values_of(GLOVES), asked(GLOVES)))
    assert tuple(frame.columns) == ORDERS
    assert effects(frame, "shapley") == pytest.approx({"left": -2.0, "right": -8.0, "spare": -2.0})
    assert effects(frame, "set")["left + right + spare"] == pytest.approx(-12.0)
    assert effects(frame, "interaction") == pytest.approx(
        {"left + right": -12.0, "left + spare": 0.0, "right + spare": -12.0, "left + right + spare": -12.0}
    )
    order = frame[(frame["kind"] == "marginal") & (frame["order"] == "left > right > spare")]
    assert list(order["effect"]) == pytest.approx([0.0, -12.0, 0.0])
    assert list(order["before"]) == ["", "left", "left + right"]
    assert len(frame[frame["kind"] == "marginal"]) == math.factorial(3) * 3


def test_the_interval_is_that_of_paired_differences() -> None:
    """Every step adds the same noise, so the noise of a marginal value is that of one step, of a pair twice that."""
    frame = orders_frame(tables(values_of(GLOVES), asked(GLOVES)))
    order = frame[(frame["kind"] == "marginal") & (frame["order"] == "left > right > spare")].set_index("step")
    interval = stats.ttest_1samp(NOISE - 12.0, 0.0).confidence_interval(0.95)
    assert tuple(order.loc["right", ["lower", "upper"]]) == pytest.approx((interval.low, interval.high))
    pair = frame[(frame["kind"] == "set") & (frame["step"] == "left + right")].iloc[0]
    interval = stats.ttest_1samp(2.0 * NOISE - 12.0, 0.0).confidence_interval(0.95)
    assert (pair["lower"], pair["upper"], pair["n"]) == pytest.approx((interval.low, interval.high, 4))
    together = frame[(frame["kind"] == "interaction") & (frame["step"] == "left + right")].iloc[0]
    assert (together["lower"], together["upper"]) == pytest.approx((-12.0, -12.0))  # the noise is additive


@pytest.mark.parametrize("count", [2, 3, 4])
def test_everything_adds_up_to_all_steps_together(count: int) -> None:
    steps = ("data", "resources", "technology", "markets")[:count]
    draws = np.random.default_rng(1)
    every = subsets(steps)[1:]
    sets = {f"s{k}": (own, 0.0) for k, own in enumerate(every)}
    values = {"none": FUTURES} | {name: FUTURES + draws.normal(0.0, 50.0, 4) for name in sets}
    frame = orders_frame(tables(values, asked(sets)))
    total = effects(frame, "set")[" + ".join(steps)]
    assert sum(effects(frame, "shapley").values()) == pytest.approx(total, rel=1e-12)
    marginal = frame[frame["kind"] == "marginal"]
    assert len(set(marginal["order"])) == math.factorial(count)
    assert marginal.groupby("order")["effect"].sum().to_numpy() == pytest.approx(total, rel=1e-12)
    mean = marginal.groupby("step")["effect"].mean()
    assert dict(mean) == pytest.approx(effects(frame, "shapley"))


def test_weights_of_a_shapley_value_are_the_share_of_orders() -> None:
    steps = ("a", "b", "c")
    found = shapley_weights(steps, "b")
    for before in (("a",), ("c",), ("a", "c"), ()):
        orders = [one for one in itertools.permutations(steps) if set(one[: one.index("b")]) == set(before)]
        assert -found[before] == pytest.approx(len(orders) / 6)
    assert sum(found.values()) == pytest.approx(0.0)


def test_chance_is_taken_out_of_every_figure_and_they_still_add_up() -> None:
    luck = {name: np.array([5.0, -9.0, 2.0, 1.0]) * k for k, name in enumerate(("none", *GLOVES))}
    values = {name: own + luck[name] for name, own in values_of(GLOVES).items()}
    plain = orders_frame(tables(values_of(GLOVES), asked(GLOVES)))
    cleaned = orders_frame(tables(values, asked(GLOVES), luck))
    assert cleaned["effect"].to_numpy() == pytest.approx(plain["effect"].to_numpy())
    assert cleaned["upper"].to_numpy() == pytest.approx(plain["upper"].to_numpy())
    unknown = asked(GLOVES, outcome="party_cost", parties=["steel"])
    shared = orders_frame(
        tables({n: v + 0.4 * luck[n] for n, v in values.items()}, unknown, luck, "party_cost", ("steel",))
    )
    assert sum(effects(shared, "shapley").values()) == pytest.approx(effects(shared, "set")["left + right + spare"])


def test_parties_are_told_apart_and_together() -> None:
    wanted = asked(GLOVES, outcome="party_cost", parties=["steel", "power"])
    frame = orders_frame(tables(values_of(GLOVES), wanted, None, "party_cost", ("steel", "power")))
    total = frame[(frame["kind"] == "set") & (frame["step"] == "left + right + spare")].set_index("party")["effect"]
    assert dict(total) == pytest.approx({"steel": -12.0, "power": -12.0, "steel + power": -24.0})


def test_without_a_run_of_every_set_there_is_nothing_but_a_reason() -> None:
    values = values_of(GLOVES)
    missing = tables({name: own for name, own in values.items() if name != "pair"}, asked(GLOVES))
    frame = orders_frame(missing)
    assert frame["effect"].isna().all()
    assert set(frame["note"]) == {"no random future is finished under pair"}
    short = orders_frame(tables({**values, "pair": values["pair"][:2]}, asked(GLOVES)))
    assert set(short["n"]) == {2}


def test_compare_prints_and_exports_them() -> None:
    comparison = compare_study(tables(values_of(GLOVES), asked(GLOVES)))
    said = text.full(comparison)
    assert "what left, right, spare add to none in every order: Total real cost, EUR/yr" in said
    lines = {line.split("  ")[0]: line for line in said.splitlines()}
    assert lines["left > right > spare"].split("  ")[1:]
    assert [word for word in lines["mean over orders"].split() if word in ("-2", "-8")] == ["-2", "-8", "-2"]
    tree = as_json(comparison)
    assert {row["kind"] for row in tree["orders"]} == {"marginal", "shapley", "set", "interaction"}


SCENARIO = (
    GOALS_TO_STRATEGIES
    + """\
  moved: {title: Moved, changes: {firms.steel.process.scheduling: before_prices}}
  both:
    title: Both
    contracts: {plan: {provider: steel, partner: power}}
    changes: {firms.steel.process.scheduling: before_prices}
run: {seed: 7, replications: 3}
evaluate:
  outcomes: [real_cost]
  orders:
    outcome: party_cost
    parties: [steel, power]
    steps: [data, shifting]
    sets: {raw: [data], moved: [shifting], both: [shifting, data]}
"""
)


def test_a_scenario_names_a_strategy_for_every_set_and_is_the_same_when_resolved(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(SCENARIO)
    study = load_study(str(tmp_path / "one.yaml"))
    (orders,) = study.evaluation.orders
    assert (orders.name, orders.baseline, orders.steps) == ("party_cost", "none", ("data", "shifting"))
    assert [(one.strategy, one.steps) for one in orders.sets] == [
        ("raw", ("data",)), ("moved", ("shifting",)), ("both", ("data", "shifting"))
    ]  # fmt: skip
    (tmp_path / "two.yaml").write_text(as_yaml(resolved(study)))
    assert load_study(str(tmp_path / "two.yaml")).evaluation == study.evaluation
    assert study.evaluation.limited(study.strategies, ()).orders == (orders,)
    assert study.evaluation.limited(["none", "raw"]).orders == ()


@pytest.mark.parametrize(
    ("before", "after", "what", "allowed"),
    [
        ("raw: [data], ", "", "evaluate.orders.sets: no strategy takes [data]", "each of the 3 sets of steps"),
        ("raw: [data]", "rwa: [data]", "evaluate.orders.sets.rwa: no such strategy: 'rwa'", "did you mean raw?"),
        ("raw: [data]", "raw: [dta]", "evaluate.orders.sets.raw.0: no such step: 'dta'", "did you mean data?"),
        ("raw: [data]", "raw: [data, data]", "evaluate.orders.sets.raw: 'data' is named twice", "each step once"),
        ("raw: [data]", "none: [data]", "evaluate.orders.sets.none: the baseline takes no step", "leave it out"),
        ("raw: [data]", "raw: [shifting]", "evaluate.orders.sets.moved: raw takes the same steps: shifting", "one"),
        ("steps: [data, shifting]", "steps: [data]", "evaluate.orders.steps has fewer than 2 entries", "[a, b]"),
        ("steps: [data, shifting]", "steps: [data, data]", "evaluate.orders.steps: 'data' is named twice", "2 to 4"),
        ("steps: [data,", "steps: [a, b, c, data,", "evaluate.orders.steps names 5 steps", "2 to 4"),
        ("parties: [steel, power]", "parties: [stel]", "evaluate.orders.parties.0: no such party: 'stel'", "steel?"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told_where_it_stands(
    tmp_path: Path, before: str, after: str, what: str, allowed: str
) -> None:  # fmt: skip
    file = tmp_path / "bad.yaml"
    file.write_text(SCENARIO.replace(before, after))
    with pytest.raises(InputError) as caught:
        load_study(str(file))
    found = [fault for fault in caught.value.faults if fault.what == what]
    assert len(found) == 1, caught.value.faults
    assert allowed in found[0].allowed
    line = int(found[0].where.split(":")[-2])
    assert after.split(":", maxsplit=1)[0] in file.read_text().splitlines()[line - 1]


def test_the_report_says_in_words_what_the_orders_show() -> None:
    comparison = compare_study(tables(values_of(GLOVES), asked(GLOVES, title="Which glove first?")))
    total, *pairs = orders_sentences(comparison)
    assert total.startswith("Which glove first? (total real cost): all steps together lower it by EUR 12")
    assert "the step “right” lowers it by EUR 8" in total
    assert "The order matters most for “" in total
    assert pairs == [
        "“left” and “right” help each other: together they bring EUR 12.0 a year (the same in all 4 random futures) "
        "more than each alone.",
        "“left” and “spare” bring together exactly what each brings alone.",
        "“right” and “spare” help each other: together they bring EUR 12.0 a year (the same in all 4 random futures) "
        "more than each alone.",
    ]
    (chart,) = orders_charts(comparison)
    assert chart.table.rows[-1][0] == "mean over all orders (Shapley value)"
    assert len(chart.table.rows) == math.factorial(3) + 1
    labels = [label.get_text() for label in chart.figure.axes[0].get_yticklabels()]
    assert labels[:6] == ["left", "taken first", "after right", "after spare", "taken last", "mean over all orders"]
