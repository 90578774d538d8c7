"""Whatever members need and offer: every mechanism keeps the rules, and none beats the linear programme."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.mechanisms.resource import mechanism_named
from model.resource_terms import ResourceContract
from model.session import TIERS, Draws, Links, Session, new_session
from model.streams import stream_key

drawn = settings(max_examples=50, deadline=None)

AMOUNTS = st.sampled_from([0.0, 0.1, 0.3, 1.0, 1.0, 2.5, 1e-9, 4e5])
WORTHS = st.sampled_from([-8.0, 0.0, 0.1, 5.0, 5.0, 20.0, 20.0, 1e4])
"""Few values, so that ties are common; and sizes far apart."""

RULES: tuple[dict[str, Any], ...] = (
    {"variant": "allocation"},
    {"variant": "allocation", "inflation": 2.0, "mapping_sd": 0.4},
    {"variant": "allocation", "objective": "proportional"},
    {"variant": "allocation", "objective": "proportional", "inflation": 1.5, "mapping_sd": 0.4},
    {"variant": "leasing", "search_cost": 0.0, "partners": 2},
    {"variant": "leasing", "bargaining": "truthful", "search_cost": 1.0},
    {"variant": "leasing", "bargaining": "posted", "mapping_sd": 0.4},
    {"variant": "pooling"},
    {"variant": "pooling", "priority": "equal"},
    {"variant": "pooling", "throughput": 1.5},
    {"variant": "pooling", "throughput": 1.5, "priority": "equal", "mapping_sd": 0.4},
)
HONEST = [rule for rule in RULES if "mapping_sd" not in rule and rule.get("objective") is None]


@st.composite
def sessions(draw: st.DrawFn) -> Session:
    """Return members who all know each other; over the middle or straight, the way costs the same."""
    m, slots = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    access = np.array(draw(st.lists(st.sampled_from([0.0, 1.0, 3.0]), min_size=m, max_size=m)))
    share = np.array(draw(st.lists(st.sampled_from([1.0, 0.9, 0.5]), min_size=m, max_size=m)))
    taker, giver = np.nonzero(~np.eye(m, dtype=bool))
    session = new_session(
        np.arange(m),
        Links(taker, giver, np.zeros(taker.size)),
        way=(access[taker] + access[giver]) / share[taker],
        delivered=share[taker] * share[giver],
        access=access,
        access_share=share,
        slots=slots,
    )

    def array(values: st.SearchStrategy[float], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        size = int(np.prod(shape))
        return np.reshape(draw(st.lists(values, min_size=size, max_size=size)), shape)

    lacks = array(st.booleans(), (slots, m)).astype(bool)
    session.need[:] = np.where(lacks[:, None], array(AMOUNTS, (slots, TIERS, m)), 0.0)
    session.value[:] = -np.sort(-array(WORTHS, (slots, TIERS, m)), axis=1)
    session.offer[:] = np.where(lacks, 0.0, array(AMOUNTS, (slots, m)))
    session.cost[:] = array(WORTHS, (slots, m))
    return session


def clear(session: Session, rule: dict[str, Any], day: int = 0) -> None:
    terms = ResourceContract(name="any", platform="hub", members=(), **rule)
    draws = Draws(lambda name: stream_key(3, 1, name), np.arange(session.members) * 77 + 5)
    mechanism_named(terms.variant)(terms, session, draws).clear(day, session)


def bound_of(session: Session) -> float:
    clear(session, RULES[0])
    return session.bound


def room(session: Session) -> float:
    """Return the rounding of a sum of money in this session, EUR."""
    turnover = float((np.abs(session.value) * session.need).sum() + (np.abs(session.cost) * session.offer).sum())
    return 1e-9 * (1.0 + turnover)


@pytest.mark.parametrize("rule", RULES, ids=str)
@drawn
@given(session=sessions(), day=st.integers(0, 1000))
def test_every_mechanism_keeps_the_rules(rule: dict[str, Any], session: Session, day: int) -> None:
    needed, offered = session.need.copy(), session.offer.copy()
    clear(session, rule, day)
    assert session.faults() == []
    assert (session.taken <= session.need).all()
    assert (session.given <= session.offer).all()
    assert (session.withheld >= 0.0).all()
    assert (session.need == needed).all()
    assert (session.offer == offered).all()
    results = [getattr(session, name).copy() for name in ("taken", "given", "paid", "moved", "withheld", "price")]
    clear(session, rule, day)
    for before, name in zip(results, ("taken", "given", "paid", "moved", "withheld", "price"), strict=True):
        np.testing.assert_array_equal(before, getattr(session, name))


@pytest.mark.parametrize("rule", RULES, ids=str)
@drawn
@given(session=sessions())
def test_no_mechanism_beats_the_linear_programme(rule: dict[str, Any], session: Session) -> None:
    bound = bound_of(session)
    clear(session, rule)
    assert session.surplus <= bound + room(session)


@drawn
@given(session=sessions())
def test_a_truthful_pool_reaches_the_bound_where_all_ways_lead_through_the_middle(session: Session) -> None:
    """The middle may be free, or cost as much as the direct way."""
    bound = bound_of(session)
    clear(session, {"variant": "pooling"})
    assert session.surplus == pytest.approx(bound, abs=room(session))


@pytest.mark.parametrize("rule", HONEST, ids=str)
@drawn
@given(session=sessions())
def test_nobody_who_reports_truly_loses_more_than_its_calls(rule: dict[str, Any], session: Session) -> None:
    clear(session, rule)
    worth = (session.value * session.taken).sum(axis=(0, 1)) - (session.cost * session.given).sum(axis=0)
    calls = rule.get("search_cost", 5.0 if rule["variant"] == "leasing" else 0.0) * rule.get("partners", 3)
    assert (worth - session.paid - session.moved >= -calls - room(session)).all()


@drawn
@given(session=sessions(), rule=st.sampled_from(RULES))
def test_no_offers_means_no_trade(session: Session, rule: dict[str, Any]) -> None:
    session.offer[:] = 0.0
    clear(session, rule)
    for result in (session.taken, session.given, session.flow, session.paid, session.moved):
        assert (result == 0.0).all()
    assert np.isnan(session.price).all()
