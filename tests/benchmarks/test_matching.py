"""Speed of matching needs and offers: days of leasing and pooling among very many members, and of the programme."""

from typing import Any

import numpy as np
import pytest

from model.mechanisms.resource import Mechanism, mechanism_named
from model.resource_terms import ResourceContract
from model.session import Draws, Session, new_session, pairs_within
from model.streams import stream_key

LINKS = 10


def region(members: int, slots: int = 1) -> Session:
    """Return members strewn evenly, one to a square kilometre, who know their ten nearest; half of them lack."""
    rng = np.random.default_rng(members)
    links = pairs_within(rng.uniform(0, np.sqrt(members), (members, 2)), 1000.0, nearest=LINKS)
    session = new_session(np.arange(members), links, way=0.2 * links.distance_km, slots=slots)
    lacks = rng.random((slots, members)) < 0.5
    session.need[:] = np.where(lacks[:, None], rng.uniform(0, 8, session.need.shape), 0.0)
    session.value[:] = np.sort(rng.uniform(10, 80, session.value.shape), axis=1)[:, ::-1]
    session.offer[:] = np.where(lacks, 0.0, rng.uniform(0, 16, session.offer.shape))
    session.cost[:] = rng.uniform(5, 30, session.cost.shape)
    return session


def mechanism(session: Session, variant: str) -> Mechanism:
    terms = ResourceContract(name="region", platform="hub", members=(), variant=variant, partners=LINKS)
    draws = Draws(lambda name: stream_key(0, 0, name), np.arange(session.members))
    return mechanism_named(variant)(terms, session, draws)


@pytest.mark.parametrize("variant", ["leasing", "pooling"])
@pytest.mark.parametrize("members", [1_000, 10_000, 100_000])
def test_a_day_of_many_members(benchmark: Any, variant: str, members: int) -> None:
    session = region(min(members, 1_000) if benchmark.disabled else members)
    some = mechanism(session, variant)
    benchmark.extra_info["members"] = session.members
    benchmark.pedantic(some.clear, args=(0, session), rounds=5, warmup_rounds=1)
    assert session.faults() == []
    assert session.surplus > 0.0


@pytest.mark.parametrize(("members", "slots"), [(20, 1), (1_000, 1), (40, 24)])
def test_a_day_of_the_linear_programme(benchmark: Any, members: int, slots: int) -> None:
    session = region(members, slots)
    some = mechanism(session, "allocation")
    benchmark.extra_info["variables"] = some.programme_size(session)
    benchmark.pedantic(some.clear, args=(0, session), rounds=5, warmup_rounds=1)
    assert session.surplus == pytest.approx(session.bound)


def test_finding_the_nearest_of_many_members(benchmark: Any) -> None:
    members = 1_000 if benchmark.disabled else 100_000
    xy = np.random.default_rng(1).uniform(0, np.sqrt(members), (members, 2))
    links = benchmark.pedantic(pairs_within, args=(xy, 1000.0), kwargs={"nearest": LINKS}, rounds=3, warmup_rounds=1)
    assert links.taker.size == LINKS * members
