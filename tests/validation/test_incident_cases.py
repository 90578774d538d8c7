"""Oracles of the incident cases against published and hand-derived numbers, and the engine away from the defaults."""

import json
import math

import numpy as np
import pytest
from scipy import stats

from model.errors import InputError
from model.validation import incidents
from model.validation.catalogue import validate

pytestmark = pytest.mark.validation


def test_quantile_oracle() -> None:
    """Rate .1, median 2e5, sigma 2: 5.410e6 by the fast Fourier transform; 3.3 % above the single-loss formula at 1."""
    assert incidents.yearly_loss_quantile(incidents.BreachLoss()) == pytest.approx(5.410e6, rel=2e-4)
    single = stats.lognorm(2.0, scale=2e5).ppf(1.0 - 0.005)
    assert single / incidents.yearly_loss_quantile(incidents.BreachLoss(rate=1.0)) == pytest.approx(
        1 - 0.033, abs=0.001
    )


def test_compound_poisson_oracle_against_a_sum_over_counts() -> None:
    """Nearly equal losses of 1 at rate 2: the total is close to a Poisson count."""
    s = incidents.BreachLoss(rate=2.0, median=1.0, sigma_ln=0.1)
    step = 0.01
    total = np.cumsum(incidents.compound_poisson(s, step))
    between = [total[int((k + 0.5) / step)] for k in range(3)]
    assert between == pytest.approx(stats.poisson(2.0).cdf([0, 1, 2]), abs=2e-3)


def test_spending_oracles() -> None:
    """Gordon & Loeb (2002): 154,951 of at most v L / e = 239,122."""
    s = incidents.SecurityInvestment()
    assert incidents.cheapest_spending(s) == pytest.approx(154_951, abs=1.0)
    assert incidents.dearest_spending(0.65e6) == pytest.approx(0.65e6 / math.e)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("interfaces", {"n": 2}),
        ("interfaces", {"n": 40, "cost_hub": 0, "cost_pair": 3}),
        ("breach_loss", {"rate": 2, "sigma_ln": 1}),
        ("breach_loss", {"rate": 0.01, "sigma_ln": 0.5, "median": 1}),
        ("hub_common_mode", {"n": 3, "p": 0.5}),
        ("hub_common_mode", {"n": 1}),
        ("security_investment", {"v": 0.1, "loss": 9e5}),
        ("security_investment", {"loss": 1e9, "beta": 0.2}),
        ("security_investment", {"alpha": 1, "beta": 15}),
    ],
)
def test_engine_passes_elsewhere(name: str, given: dict[str, object]) -> None:
    tree = validate(name, given).as_tree()
    assert tree["passed"], json.dumps(tree, indent=1)


def test_nothing_is_spent_below_the_threshold() -> None:
    """V beta alpha L = .9 at most 1: the optimum is a corner."""
    report = validate("security_investment", {"v": 0.1, "loss": 9e5})
    assert report.checks["investment"].found == 0.0


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("breach_loss", {"sigma_ln": "2.5", "rate": ".01"}, "no affordable sample"),
        ("breach_loss", {"rate": "0"}, "from 0.01 to 10 1/yr"),
        ("breach_loss", {"sigma": "2"}, "did you mean sigma_ln?"),
        ("hub_common_mode", {"p": "1"}, "from 0.01 to 0.5"),
        ("interfaces", {"cost_pair": "0"}, "out of range"),
        ("security_investment", {"alpha": "inf"}, "out of range"),
    ],
)
def test_wrong_parameters_are_refused_with_the_reason(name: str, given: dict[str, object], words: str) -> None:
    with pytest.raises(InputError) as caught:
        validate(name, given)
    assert words in str(caught.value)
