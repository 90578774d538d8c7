"""Exchange of know-how: with rivals and strangers, leaks, distance, and what meetings cost."""

from typing import Any

import numpy as np
import pytest

from model.technology import Technology
from tests.unit.school import DAYS, RIVAL, areas, contract, firm, live, technology


def exchanging(members: tuple[str, ...], **terms: Any) -> Technology:
    """Return a and rivals b and c, and a stranger s who knows what b knows, after a and its partner have met."""
    rules = {**RIVAL, "learning_rate": 0.2, "price_slope": 2.0, "absorption": 0.2}
    b_knows = areas(1, 9, 1, 1, 1)
    firms = [
        firm("a", **rules, **areas(9, 1, 1, 1, 1)),
        firm("b", **rules, **b_knows),
        firm("c", **rules),
        firm("s", learning_rate=0.2, absorption=0.2, research_share=0.03, **b_knows),
    ]
    return live(technology(firms, contract("exchange", *members, **terms)))


def profit(tech: Technology, row: int = 0) -> float:
    price, cost = tech.goods.prices[row, :2]
    return float((price - cost) * tech.stage.live.demand_mean[row])


def test_exchange_with_a_rival_is_worse_than_with_a_stranger_and_leakage_hurts() -> None:
    stranger, leaking, protected = (
        exchanging(("a", "s"), leakage=leakage, cutoff=0.0) for leakage in (0.0, 0.3, 0.3 * 0.25)
    )
    rival = exchanging(("a", "b"), leakage=0.0, cutoff=0.0)
    assert rival.knowledge[0] == pytest.approx(stranger.knowledge[0])
    assert profit(stranger) > profit(protected) > profit(leaking)
    assert profit(stranger) > profit(rival) > 0.0
    assert leaking.knowledge[2].sum() > protected.knowledge[2].sum() > 5.0  # c is told, in areas where a is ahead
    assert stranger.knowledge[2].tolist() == [1.0] * 5


def test_a_platform_that_protects_lets_less_leak() -> None:
    rules = {"learning_rate": 0.2, "product_market": "steel"}
    firms = [firm("a", **rules, **areas(9, 1, 1, 1, 1)), firm("b", **rules), firm("s", **areas(1, 9, 1, 1, 1))]
    gained = []
    for protection in (0.0, 0.75, 1.0):
        tech = live(technology(firms, contract("exchange", "a", "s", leakage=0.2), protection=protection), 2)
        gained.append(tech.knowledge[1].sum() - 5.0)
    assert gained[0] > 0.0
    assert gained[1] == pytest.approx(0.25 * gained[0])
    assert gained[2] == 0.0


def test_a_middle_distance_teaches_most() -> None:
    """Partners with the same lead over a, alike, middling and far."""
    gained = []
    for other in ((8, 0, 0, 0, 8.5), (4, 0, 0, 0, 8.5), (0, 0, 0, 0, 8.5)):
        firms = [firm("a", learning_rate=0.2, absorption=0.2, **areas(8.1, 0, 0, 0, 3)), firm("b", **areas(*other))]
        tech = live(technology(firms, contract("exchange", "a", "b", meetings=1, cutoff=0.0)), 2)
        gained.append((tech.knowledge[0, 4] - 3.0) / (8.5 - 3.0))
    assert gained[1] > gained[0]
    assert gained[1] > gained[2]


def test_meetings_cost_both_sides_on_their_day() -> None:
    firms = [firm(name, learning_rate=0.1) for name in "abc"]
    tech = technology(firms, contract("exchange", "a", "b", "c", meetings=3, transfer_cost=500.0))
    booked = []
    for day in range(93):
        tech.review(day)
        booked.append(tech.book.cash[:3].copy())
    assert booked[0].tolist() == [0.0] * 3
    assert booked[1].tolist() == booked[91].tolist() == [-2 * 3 * 500.0] * 3
    assert sum(booked).tolist() == [-6000.0] * 3


def test_a_platform_that_is_down_puts_meetings_off() -> None:
    firms = [firm("a", learning_rate=0.1, **areas(5, 1, 1, 1, 1)), firm("b", **areas(1, 5, 1, 1, 1))]
    tech = technology(firms, contract("exchange", "a", "b"))
    tech.contracts[0].online = np.arange(DAYS) >= 4
    seen = []
    for day in range(8):
        tech.review(day)
        seen.append(tech.knowledge[0, 1])
    assert seen[:4] == [1.0] * 4
    assert seen[4] > 1.0
    assert seen[4:] == [seen[4]] * 4
