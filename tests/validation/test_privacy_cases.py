"""Oracles of the privacy cases against published numbers, the engine away from the defaults, and what is refused."""

import json

import numpy as np
import pytest

from model.errors import InputError
from model.validation import privacy
from model.validation.catalogue import validate

pytestmark = pytest.mark.validation


def test_composition_oracles_give_the_published_bounds() -> None:
    """Advanced 5.850 at k 100, e .1; 719 at k 365, e 1 (Dwork & Roth 2014); zCDP 274.18 (Bun & Steinke 2016)."""
    short = privacy.PrivacyBudget(releases=100, epsilon=0.1)
    assert privacy.advanced_bound(short) == pytest.approx(5.850, abs=5e-4)
    year = privacy.PrivacyBudget()
    assert privacy.advanced_bound(year) == pytest.approx(719, abs=0.5)
    assert privacy.renyi_bound(year) == pytest.approx(274.18, abs=0.005)


@pytest.mark.parametrize(("n", "published"), [(50, 0.038), (100, 0.015)])
def test_sorted_groups_oracle(n: int, published: float) -> None:
    loss, error = privacy.sorted_loss(privacy.KAnonymity(n=n, grouping="sorted"))
    assert loss == pytest.approx(published, abs=6e-4)
    assert error < 2e-4


def test_sorted_groups_oracle_where_one_group_is_all() -> None:
    """Then sorting does not matter, and 1 - 1/n of the variance is lost."""
    loss, error = privacy.sorted_loss(privacy.KAnonymity(n=9, k=5, sigma=2.0, grouping="sorted"))
    assert loss == pytest.approx(4.0 * (1.0 - 1.0 / 9.0), abs=4.0 * error)


def test_exact_sums_oracle_counts_whole_watts() -> None:
    assert list(privacy.exact_sums(np.array([[0.1, -3.0], [0.2, 1e-6], [0.0, 4e-7]]))) == [0.3, -2.999999]


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("laplace_privacy", {"n": 3, "sensitivity": 60, "epsilon": 3}),
        ("privacy_budget", {"releases": 100, "epsilon": 0.1}),
        ("privacy_budget", {"releases": 1, "epsilon": 5, "delta": 1e-12}),
        ("privacy_budget", {"releases": 1_000_000, "epsilon": 20, "delta": 1e-15}),
        ("k_anonymity", {"grouping": "sorted"}),
        ("k_anonymity", {"n": 23, "k": 5, "sigma": 7}),
        ("k_anonymity", {"n": 12, "k": 1}),
        ("secure_aggregation", {"n": 3, "rho": 0.5}),
        ("secure_aggregation", {"n": 4}),
    ],
)
def test_engine_passes_elsewhere(name: str, given: dict[str, object]) -> None:
    tree = validate(name, given).as_tree()
    assert tree["passed"], json.dumps(tree, indent=1)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("secure_aggregation", {"n": "2"}, "each learns the other's by subtracting its own from the sum"),
        ("secure_aggregation", {"n": "1"}, "the sum is that record"),
        ("secure_aggregation", {"rho": "1"}, "out of range"),
        ("k_anonymity", {"n": "4"}, "5 of 4 records cannot be alike"),
        ("k_anonymity", {"grouping": "sort"}, "did you mean sorted?"),
        ("laplace_privacy", {"epsilon": "0"}, "out of range"),
        ("laplace_privacy", {"epsilon": "inf"}, "out of range"),
        ("privacy_budget", {"delta": "0"}, "out of range"),
        ("privacy_budget", {"releases": "1.5"}, "not a whole number"),
    ],
)
def test_wrong_parameters_are_refused_with_the_reason(name: str, given: dict[str, object], words: str) -> None:
    with pytest.raises(InputError) as caught:
        validate(name, given)
    assert words in str(caught.value)
