"""Security spending, the declared rules, and interfaces of pairs and hubs."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.interfaces import interface_cost, interface_costs, interface_count, interfaces
from model.parameters import faults_of, parameters_of
from model.security import PrivacyRule, Security, gordon_loeb, hazard_after, investment, spending_bound


def test_published_illustration() -> None:
    """Gordon & Loeb (2002): v .65, L 1e6, alpha 1e-5, beta 1 spend 154,951; the bound is 239,122."""
    assert gordon_loeb(0.65e6, 1e-5, 1.0) == pytest.approx(154_951, abs=0.5)
    assert spending_bound(0.65e6) == pytest.approx(239_122, abs=0.5)


@given(
    exposure=st.floats(1.0, 1e9), alpha=st.floats(1e-9, 1e-2), beta=st.floats(0.05, 10.0), off=st.floats(-0.9, 3.0)
)  # fmt: skip
def test_no_other_spending_costs_less_and_none_exceeds_the_bound(
    exposure: float, alpha: float, beta: float, off: float
) -> None:
    best = gordon_loeb(exposure, alpha, beta)

    def cost(spending: float) -> float:
        return exposure / math.pow(1.0 + alpha * spending, beta) + spending

    assert 0.0 <= best <= spending_bound(exposure) * (1.0 + 1e-9)
    other = best * (1.0 + off) if best > 0.0 else (1.0 + off) / alpha
    assert cost(best) <= cost(other) * (1.0 + 1e-12)


@pytest.mark.parametrize(
    ("exposure", "spends"), [(0.0, False), (99_999.0, False), (100_000.0, False), (100_100.0, True)]
)
def test_nothing_is_spent_where_the_first_euro_averts_less_than_a_euro(exposure: float, spends: bool) -> None:
    """At alpha 1e-5 and beta 1 the first euro averts a euro at 100,000 EUR a year."""
    assert (gordon_loeb(exposure, 1e-5, 1.0) > 0.0) is spends


@pytest.mark.parametrize(
    ("security", "eur"),
    [
        (Security(spending=5000.0), 0.0),
        (Security(rule="fixed", spending=5000.0), 5000.0),
        (Security(rule="share_of_exposure", exposure_share=0.2), 130_000.0),
        (Security(rule="gordon_loeb"), 154_951.0),
        (Security(rule="gordon_loeb", alpha=0.0), 0.0),
    ],
)
def test_each_rule_spends_as_it_says(security: Security, eur: float) -> None:
    assert investment(security, 0.65e6) == pytest.approx(eur, abs=0.5)


def test_spending_cuts_the_hazard() -> None:
    """154,951 EUR at alpha 1e-5 divide it by 2.54951, 100,000 EUR by 2, at beta 2 by 4."""
    assert hazard_after(0.65, 154_951.0, 1e-5, 1.0) == pytest.approx(0.65 / 2.54951)
    assert hazard_after(0.1, 1e5, 1e-5, 2.0) == pytest.approx(0.025)
    assert hazard_after(0.1, 0.0, 1e-5, 2.0) == 0.1


def test_published_mean_fine_follows_from_median_and_sigma() -> None:
    """2,086 fines on record average 2,142,712 EUR."""
    rule = PrivacyRule()
    assert rule.fine_median * math.exp(rule.fine_sigma**2 / 2.0) == pytest.approx(2_142_712, rel=0.002)


@pytest.mark.parametrize("group", [Security, PrivacyRule])
def test_defaults_are_allowed(group: type) -> None:
    assert not list(faults_of(group(), "x"))


def test_impossible_values_are_refused() -> None:
    rule = PrivacyRule(epsilon_max=0.0, protected="week", block_min=25, k_min=0, fine_probability=1.5)
    assert [fault.where for fault in faults_of(rule, "privacy")] == [
        "privacy.epsilon_max",
        "privacy.protected",
        "privacy.block_min",
        "privacy.k_min",
        "privacy.fine_probability",
    ]
    security = Security(rule="gordon-loeb", exposure_share=-0.1)
    told = list(faults_of(security, "security"))
    assert "did you mean gordon_loeb?" in str(told[0])
    assert len(told) == 2


def test_everything_numeric_has_a_unit() -> None:
    for group in (Security, PrivacyRule):
        assert all(p.unit for p in parameters_of(group).values() if p.kind != "str")


# --- interfaces --------------------------------------------------------------------------------------

CHAIN = [("b", "a"), ("b", "c"), ("a", "b"), ("c", "d"), ("a", "b")]


def test_contracts_of_the_same_two_parties_share_an_interface() -> None:
    assert interfaces(CHAIN, "pairwise") == [("a", "b"), ("b", "c"), ("c", "d")]
    assert interfaces(CHAIN, "hub") == [("a",), ("b",), ("c",), ("d",)]


@pytest.mark.parametrize(("n", "pairs"), [(2, 1), (5, 10), (10, 45), (20, 190), (50, 1225)])
def test_complete_graph(n: int, pairs: int) -> None:
    links = list(itertools.permutations([str(i) for i in range(n)], 2))
    assert interface_count(links, "pairwise") == pairs
    assert interface_count(links, "hub") == n


def test_a_hub_does_not_pay_for_a_star() -> None:
    """One utility with many customers has a link each; its hub needs one interface more."""
    star = [("utility", f"works {i}") for i in range(9)]
    assert interface_count(star, "pairwise") == 9
    assert interface_count(star, "hub") == 10


def test_costs_fall_on_those_who_are_linked() -> None:
    assert interface_costs(CHAIN, "pairwise", 10.0) == {"a": 5.0, "b": 10.0, "c": 10.0, "d": 5.0}
    assert interface_costs(CHAIN, "hub", 7.0) == dict.fromkeys("abcd", 7.0)
    assert interface_cost(CHAIN, "pairwise", 10.0) == pytest.approx(
        sum(interface_costs(CHAIN, "pairwise", 10.0).values())
    )
    assert interface_cost([], "hub", 10.0) == 0.0


def test_nobody_needs_an_interface_to_himself() -> None:
    with pytest.raises(ValueError, match="a is linked with itself"):
        interface_count([("a", "a"), ("a", "b")], "hub")


def test_equal_cost_at_the_threshold() -> None:
    """At n = 1 + 2 c_h / c_p the two cost the same: nine members at 4 and 1."""
    rng = np.random.default_rng(1)
    for n in (8, 9, 10):
        links = list(itertools.combinations([f"firm {i}" for i in rng.permutation(n)], 2))
        saving = interface_cost(links, "pairwise", 1.0) - interface_cost(links, "hub", 4.0)
        assert np.sign(saving) == n - 9
