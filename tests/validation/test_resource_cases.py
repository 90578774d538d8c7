"""Validation of sharing resources: oracles against published numbers, the engine elsewhere, and refusals."""

import json

import pytest

from model.errors import InputError
from model.validation import resources
from model.validation.catalogue import validate

pytestmark = pytest.mark.validation


@pytest.mark.parametrize(("regime", "published"), [("first_best", 1 / 6), ("strategic", 9 / 64), ("posted", 1 / 8)])
def test_lease_oracle(regime: str, published: float) -> None:
    """Chatterjee & Samuelson (1983); Myerson & Satterthwaite (1983): 1/6, 9/64, 1/8; both sides gain alike."""
    assert resources.lease_gain(regime) == pytest.approx((published, published / 2.0), rel=1e-7)


def test_equilibrium_oracle_is_the_published_bid() -> None:
    """A buyer bids 2/3 of its value and 1/12 (Chatterjee & Samuelson 1983)."""
    assert resources.equilibrium_bid() == pytest.approx((2 / 3, 1 / 12), abs=1e-6)


@pytest.mark.parametrize(("n", "published"), [(1, 1 / 6), (2, 0.2), (5, 5 / 22), (10, 10 / 42), (200, 200 / 802)])
def test_market_oracle(n: int, published: float) -> None:
    """N pairs in an efficient market gain N / (4 N + 2) each."""
    assert resources.market_gain(n) == pytest.approx(published, rel=1e-7)


@pytest.mark.parametrize(("n", "kappa"), [(100, 0.5), (10, 0.5), (10, 0.3), (400, 0.25), (7, 1.0)])
def test_rationing_oracle(n: int, kappa: float) -> None:
    """Ratio of means (n + 1) / (2 n + 1 - kappa n)."""
    settings = resources.Rationing(n=n, kappa=kappa)
    assert resources.rationing_efficiency(settings) == pytest.approx((n + 1) / (2 * n + 1 - kappa * n), rel=1e-7)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("leasing", {"regime": "first_best"}),
        ("leasing", {"regime": "posted"}),
        ("pool_market", {"n": 1}),
        ("pool_market", {"n": 40}),
        ("rationing", {"n": 20, "kappa": 0.25}),
        ("rationing", {"n": 40, "kappa": 1}),
    ],
)
def test_engine_passes_elsewhere(name: str, given: dict[str, object]) -> None:
    tree = validate(name, given).as_tree()
    assert tree["passed"], json.dumps(tree, indent=1)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("leasing", {"regime": "strategical"}, "did you mean strategic?"),
        ("pool_market", {"n": "0"}, "from 1 to 200"),
        ("rationing", {"n": "10", "kappa": ".55"}, "kappa n is 5.5"),
        ("rationing", {"n": "10", "kappa": ".01"}, "a multiple of 1 / n"),
        ("rationing", {"kappa": "1.1"}, "out of range"),
    ],
)
def test_wrong_parameters_are_refused_with_the_reason(name: str, given: dict[str, object], words: str) -> None:
    with pytest.raises(InputError) as caught:
        validate(name, given)
    assert words in str(caught.value)
