"""Break-even values of gains whose root is known."""

import numpy as np
import pandas as pd
import pytest

from analysis.breakeven import break_evens, find_crossings
from analysis.estimates import CONTROL
from analysis.points import parameter_unit

VALUES = np.array([0.0, 0.1, 0.2, 0.4])
ASKED = {
    "name": "sweep",
    "parameter": "balancing.beta",
    "strategy": "raw",
    "baseline": "none",
    "outcome": "real_cost",
    "parties": ("",),
}


def sweep_of(
    gains: np.ndarray, values: np.ndarray = VALUES, outcome: str = "real_cost", party: str = ""
) -> pd.DataFrame:
    """Return a sweep in which the baseline costs 1000 and the strategy 1000 less its gain."""
    rows = [
        ("break_even/sweep", name, value, r, outcome, party, 1000.0 - (gains[r, i] if name == "raw" else 0.0))
        for i, value in enumerate(values)
        for r in range(gains.shape[0])
        for name in ("none", "raw")
    ]
    return pd.DataFrame(rows, columns=["part", "strategy", "sweep_value", "replication", "outcome", "party", "value"])


def test_the_root_of_a_line_is_found_exactly() -> None:
    gains = np.array([[300.0 * (value - 0.13) for value in VALUES]] * 3)
    (answer,) = break_evens(sweep_of(gains), ASKED)
    (crossing,) = answer.crossings
    assert crossing.value == pytest.approx(0.13, rel=1e-9)
    assert crossing.low == pytest.approx(0.13, abs=2e-4)
    assert crossing.high == pytest.approx(0.13, abs=2e-4)
    assert answer.verdict.startswith("pays if balancing.beta is above 0.13 EUR/MWh per MW (95 % interval 0.13 to 0.13)")
    assert answer.n == 3
    assert list(answer.table["gain"]) == pytest.approx([-39.0, -9.0, 21.0, 81.0])


def test_the_interval_covers_the_true_root_as_often_as_it_says() -> None:
    """Gain 100 (x - .2) + noise that a replication has at every value, as on common random numbers."""
    generator = np.random.default_rng(2)
    covered, roots = [], []
    for _ in range(600):
        level = generator.normal(0.0, 4.0, size=(8, 1))
        slope = generator.normal(100.0, 5.0, size=(8, 1))
        (crossing,) = find_crossings(VALUES, slope * (VALUES - 0.2) + level)
        low = -np.inf if crossing.low is None else crossing.low
        high = np.inf if crossing.high is None else crossing.high
        covered.append(low <= 0.2 <= high)
        roots.append(crossing.value)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.036)  # 4 binomial standard errors
    assert np.mean(roots) == pytest.approx(0.2, abs=0.003)


def test_a_strategy_that_pays_below_a_value() -> None:
    gains = np.array([10.0 - 50.0 * VALUES] * 2)
    (answer,) = break_evens(sweep_of(gains), ASKED)
    assert answer.verdict.startswith("pays if balancing.beta is below 0.2 EUR/MWh per MW")
    assert not answer.crossings[0].rising


def test_always_never_and_no_difference() -> None:
    always, never, nothing = (
        break_evens(sweep_of(np.full((2, 4), gain)), ASKED)[0].verdict for gain in (5.0, -5.0, 0.0)
    )
    assert always == "pays at every value of balancing.beta tried (0 to 0.4 EUR/MWh per MW; n = 2)"
    assert never == "does not pay at any value of balancing.beta tried (0 to 0.4 EUR/MWh per MW; n = 2)"
    assert nothing.startswith("makes no difference at any value of balancing.beta")


def test_two_crossings_are_both_named() -> None:
    (answer,) = break_evens(sweep_of(np.array([[-1.0, 1.0, 1.0, -1.0]] * 2)), ASKED)
    assert [round(c.value, 6) for c in answer.crossings] == [0.05, 0.3]
    assert "above 0.05" in answer.verdict
    assert "and below 0.3" in answer.verdict


def test_an_interval_that_leaves_the_values_tried_is_open() -> None:
    gains = np.array([[value - 0.1 + shift for value in VALUES] for shift in (-2.0, 0.0, 2.0)])
    (answer,) = break_evens(sweep_of(gains), ASKED)
    assert (answer.crossings[0].low, answer.crossings[0].high) == (None, None)
    assert "95 % interval wider than the values tried" in answer.verdict


def test_an_outcome_of_which_more_is_better_pays_when_it_rises() -> None:
    gains = np.array([300.0 * (VALUES - 0.13)] * 2)
    rising = sweep_of(-gains, outcome="fill_rate", party="steel")  # the strategy's fill rate is higher by `gains`
    (answer,) = break_evens(rising, {**ASKED, "outcome": "fill_rate", "parties": ("steel",)})
    assert answer.crossings[0].value == pytest.approx(0.13)
    assert answer.crossings[0].rising


def test_several_parties_are_answered_one_by_one_and_together() -> None:
    power, steel = np.array([200.0 * VALUES] * 2), np.full((2, 4), -20.0)
    sweep = pd.concat([
        sweep_of(power, outcome="party_cost", party="power"), sweep_of(steel, outcome="party_cost", party="steel")
    ])  # fmt: skip
    answers = break_evens(sweep, {**ASKED, "outcome": "party_cost", "parties": ("power", "steel")})
    assert [answer.parties for answer in answers] == [("power",), ("steel",), ("power", "steel")]
    assert answers[1].verdict.startswith("does not pay at any value")
    assert answers[2].crossings[0].value == pytest.approx(0.1)


def test_a_replication_missing_at_one_value_is_left_out() -> None:
    gains = np.array([300.0 * (VALUES - 0.13)] * 3)
    sweep = sweep_of(gains)
    gap = (sweep["replication"] == 2) & (sweep["sweep_value"] == 0.2)
    (answer,) = break_evens(sweep[~gap], ASKED)
    assert answer.n == 2


def test_chance_alignment_is_taken_out_of_gains_in_euro() -> None:
    """Cost falls by 300 (x - .13) and rises by a control variate of mean zero; per party it enters twofold."""
    chance = np.random.default_rng(5).normal(0.0, 50.0, size=(6, 4))
    gains = np.array([300.0 * (VALUES - 0.13)] * 6)
    for outcome, party, weight in (("real_cost", "", 1.0), ("party_cost", "power", 2.0)):
        control = sweep_of(-chance, outcome="imbalance_covariance")  # strategy less baseline is `chance`
        sweep = pd.concat([sweep_of(gains - weight * chance, outcome=outcome, party=party), control])
        (answer,) = break_evens(sweep, {**ASKED, "outcome": outcome, "parties": (party,)})
        assert answer.crossings[0].value == pytest.approx(0.13, rel=1e-6)
        assert list(answer.table["high"] - answer.table["low"]) == pytest.approx([0.0] * 4, abs=1e-6)


def test_without_a_sweep_there_is_no_answer() -> None:
    assert break_evens(sweep_of(np.ones((2, 4))), None) == ()
    assert break_evens(sweep_of(np.ones((2, 4))).iloc[:0], ASKED) == ()
    assert break_evens(sweep_of(np.ones((2, 4))), {**ASKED, "strategy": "other"}) == ()


@pytest.mark.parametrize(
    ("key", "unit"),
    [
        ("balancing.beta", "EUR/MWh per MW"), ("firms.steel.process.furnace", "MW"), ("firms.town.count", "firm"),
        ("contracts.plan.noise_sd", "MW"), ("balancing.nothing", ""), ("nothing", ""),
    ],
)  # fmt: skip
def test_the_unit_of_the_swept_parameter_is_the_declared_one(key: str, unit: str) -> None:
    assert parameter_unit(key) == unit


def test_chance_is_not_taken_out_of_a_gain_that_is_nothing() -> None:
    """At 0 every replication gains exactly nothing, whatever the control variate does there."""
    generator = np.random.default_rng(5)
    chance = generator.normal(0.0, 50.0, size=(12, 2))
    gains = np.column_stack([np.zeros(12), 100.0 - 3.0 * chance[:, 1]])
    values = np.array([0.0, 1.0])
    sweep = pd.concat(
        [
            sweep_of(gains, values, "cost_maintenance"),
            sweep_of(-chance, values, CONTROL),
        ]
    )
    (answer,) = break_evens(sweep, {**ASKED, "outcome": "cost_maintenance"})
    nothing, something = answer.table["gain"]
    assert nothing == 0.0
    assert something == pytest.approx(100.0)


def test_a_sweep_of_which_only_the_infinite_value_finished_says_so() -> None:
    sweep = sweep_of(np.full((3, 1), -5.0), np.array([np.inf]))
    (answer,) = break_evens(sweep, {**ASKED, "values": [1.0, np.inf]})
    assert answer.crossings == ()
    assert "no run finished at 1" in answer.verdict
