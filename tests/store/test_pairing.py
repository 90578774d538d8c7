"""What pairing is worth, against seeds that really are independent; and the control variate's known mean."""

import numpy as np
import pytest

from analysis.compare import CONTROL
from analysis.estimates import control_adjusted, variance_ratio
from model.inputs import ModelInputs
from scenarios.run import run_once
from scenarios.spec import load_study

pytestmark = pytest.mark.slow

N = 60
NAMES = (
    ("real_cost", ""),
    ("cost_imbalance", ""),
    ("cost_intraday", ""),
    ("load_forecast_rmse", "steel"),
    (CONTROL, ""),
)
type Samples = dict[str, dict[str, np.ndarray]]


def simulate(inputs: ModelInputs, seed: int) -> dict[str, np.ndarray]:
    results = [run_once(inputs, seed, replication).metrics for replication in range(N)]
    return {name: np.array([result[name, party] for result in results]) for name, party in NAMES}


@pytest.fixture(scope="module")
def samples() -> Samples:
    study = load_study("steel-and-power", sets=["calendar.days=28", "calendar.burn_in=28"])
    none, raw = study.strategies["none"], study.strategies["raw"]
    return {"none": simulate(none, 1), "raw": simulate(raw, 1), "raw, other seeds": simulate(raw, 2)}


@pytest.mark.parametrize("outcome", [name for name, _ in NAMES])
def test_the_formula_for_independent_seeds_is_what_independent_seeds_give(samples: Samples, outcome: str) -> None:
    """F test at the 99.8 % level: Var(a) + Var(b) of paired runs against Var(a' - b) of independent ones.

    Degrees of freedom of the sum lie between n - 1 and 2(n - 1); n - 1 is the wider choice.
    """
    a, b, other = (samples[name][outcome] for name in ("raw", "none", "raw, other seeds"))
    ratio = (a.var(ddof=1) + b.var(ddof=1)) / (other - b).var(ddof=1)
    assert 0.44 < ratio < 2.27  # scipy.stats.f.ppf([.001, .999], 59, 59)


def test_pairing_cuts_the_variance_of_total_cost_a_hundredfold_and_of_imbalance_little(samples: Samples) -> None:
    total, total_low, _ = variance_ratio(samples["raw"]["real_cost"], samples["none"]["real_cost"])
    imbalance, _, imbalance_high = variance_ratio(samples["raw"]["cost_imbalance"], samples["none"]["cost_imbalance"])
    assert total > total_low > 100
    assert 1 < imbalance < imbalance_high < 100


def test_the_control_variate_has_mean_zero_and_belongs_to_balancing_cost_with_coefficient_one(samples: Samples) -> None:
    chance = samples["raw"][CONTROL] - samples["none"][CONTROL]
    assert abs(chance.mean()) < 4 * chance.std(ddof=1) / np.sqrt(N)
    difference = samples["raw"]["cost_imbalance"] - samples["none"]["cost_imbalance"]
    _, slope = control_adjusted(difference, chance, None)
    cleaned, _ = control_adjusted(difference, chance, 1.0)
    assert slope == pytest.approx(1.0, abs=0.05)
    assert cleaned.sd < difference.std(ddof=1) / 10
