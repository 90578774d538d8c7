"""The oracles of the cases of moving load against published numbers, other parameters, and what they refuse."""

import json
import math

import pytest

from model.errors import InputError
from model.validation import flexibility
from model.validation.catalogue import validate

pytestmark = pytest.mark.validation


def test_demand_response_oracle() -> None:
    """100 and 60 MW on a slope of .5: payments fall by 400, production cost by 200."""
    assert flexibility.changes_by_shifting(flexibility.DemandResponse()) == (-400.0, -200.0)


def test_storage_oracle() -> None:
    """Nine firms, 100 +- 20, prices .20/.08/.03: 105.864 alone, 101.288 together, at the quantile .75."""
    settings = flexibility.StorageSharing()
    assert flexibility.best_level(settings) == pytest.approx(0.75)
    assert flexibility.storage_costs(settings) == pytest.approx((105.864, 101.288), abs=6e-4)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("demand_response", {"peak": 0.002, "off_peak": 0.001, "slope": 0.0001}),
        ("demand_response", {"peak": 40000, "off_peak": 39500, "slope": 0.01}),
        ("demand_response", {"peak": 80, "off_peak": 0.001, "slope": 50}),
        ("storage_sharing", {"n": 1}),
        ("storage_sharing", {"price_high": 200, "price_low": 80, "price_storage": 20, "n": 4, "mu": 33, "sigma": 5}),
    ],
)
def test_engine_passes_elsewhere(name: str, given: dict[str, object]) -> None:
    tree = validate(name, given).as_tree()
    assert tree["passed"], json.dumps(tree, indent=1)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("demand_response", {"off_peak": "100"}, "there is nothing to move"),
        ("demand_response", {"off_peak": "110"}, "demand_response.off_peak"),
        ("demand_response", {"slope": "60"}, "the stack is no longer linear"),
        ("demand_response", {"peak": "inf"}, "out of range"),
        ("storage_sharing", {"sigma": "21"}, "needs would be negative"),
        ("storage_sharing", {"price_storage": ".12"}, "next to nothing or a far tail"),
        ("storage_sharing", {"price_low": ".2"}, "storage_sharing.price_storage"),
        ("storage_sharing", {"n": "0"}, "from 1 to 30"),
    ],
)
def test_where_the_closed_form_does_not_hold_the_case_refuses(name: str, given: dict[str, object], words: str) -> None:
    with pytest.raises(InputError) as caught:
        validate(name, given)
    assert words in str(caught.value)


def test_owning_together_saves_nothing_alone() -> None:
    alone, together = flexibility.storage_costs(flexibility.StorageSharing(n=1))
    assert alone == together
    assert math.isfinite(alone)
