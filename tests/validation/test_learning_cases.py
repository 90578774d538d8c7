"""Barter of know-how and trust: oracles by hand, what the cases refuse, and kernels where they can be followed."""

import json

import numpy as np
import pytest

from model.errors import InputError
from model.mechanisms.trust import remember, trust
from model.streams import stream_key
from model.validation.catalogue import validate
from model.validation.knowledge import (
    KnowledgeBarter,
    Trust,
    barter_to_rest,
    jackknife,
    plain_barter,
    small_world,
    stationary_trust,
)

pytestmark = pytest.mark.validation


def test_stationary_trust_is_the_published_mean() -> None:
    """Josang & Ismail (2002): p .8 and lambda .9 give .75; nobody's past gives .5."""
    assert stationary_trust(Trust()) == pytest.approx(0.75)
    assert stationary_trust(Trust(p=0.5, forgetting=0.3)) == pytest.approx(0.5)
    assert trust(0.0, 0.0) == 0.5


def test_trust_decays_before_it_adds() -> None:
    kept, broken = np.array([2.0, 0.0]), np.array([1.0, 0.0])
    remember(kept, broken, np.array([1.0, 0.0]), 0.5)
    assert kept.tolist() == [2.0, 0.0]
    assert broken.tolist() == [0.5, 1.0]
    assert [trust(k, b) for k, b in zip(kept, broken, strict=True)] == pytest.approx([3.0 / 4.5, 1.0 / 3.0])


@pytest.mark.parametrize("given", [{"p": 0.3, "forgetting": 0.5}, {"p": 1, "forgetting": 0.99}, {"forgetting": 0}])
def test_trust_passes_elsewhere(given: dict[str, object]) -> None:
    tree = validate("trust", given).as_tree()
    assert tree["passed"], json.dumps(tree, indent=1)


@pytest.mark.parametrize("given", [{"n": 24, "degree": 4, "nets": 8}, {"n": 20, "degree": 4, "alpha": 1, "nets": 8}])
def test_barter_agrees_with_a_simulation_of_its_own(given: dict[str, object]) -> None:
    tree = validate("knowledge_barter", given).as_tree()
    assert tree["passed"], json.dumps(tree, indent=1)


def test_both_simulations_end_where_two_firms_must() -> None:
    """With alpha 1 each takes the other's lead in full at the first meeting; a third firm has nothing to give."""
    start = np.array([[9.0, 1.0, 5.0], [2.0, 8.0, 5.0], [1.0, 1.0, 1.0]])
    level, links = start.copy(), np.array([[0, 1], [1, 2]])
    assert barter_to_rest(links, level, 1.0, 0.01, np.stack([stream_key(1, 0, "a"), stream_key(1, 0, "b")]))
    assert level.tolist() == [[9.0, 8.0, 5.0], [9.0, 8.0, 5.0], [1.0, 1.0, 1.0]]
    plain = plain_barter(KnowledgeBarter(alpha=1.0), links[np.newaxis], start[np.newaxis])
    assert plain == pytest.approx(level.mean())


def test_rewiring_keeps_the_number_of_links_and_their_near_ends() -> None:
    key = stream_key(1, 0, "links")
    ring, random = small_world(40, 6, 0.0, key), small_world(40, 6, 1.0, key)
    steps = (ring[:, 1] - ring[:, 0]) % 40
    assert sorted(set(steps.tolist())) == [1, 2, 3]
    assert len({frozenset(pair) for pair in ring.tolist()}) == 120
    assert len({frozenset(pair) for pair in random.tolist()}) == 120
    assert (random[:, 0] == ring[:, 0]).all()
    assert (random[:, 1] != ring[:, 1]).mean() > 0.9


def test_jackknife_of_a_mean_is_its_standard_error() -> None:
    rows = np.array([[1.0], [4.0], [2.0], [7.0]])
    value, error = jackknife(rows, lambda some: float(some.mean()))
    assert value == pytest.approx(3.5)
    assert error == pytest.approx(rows.std(ddof=1) / 2.0)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"n": "400"}, "2000 links: away from the defaults an independent simulation judges"),
        ({"n": "20", "degree": "5"}, "no ring of 20 firms has 5 links each"),
        ({"degree": "50", "n": "20"}, "no ring of 20 firms has 50 links each"),
        ({"alpha": "0"}, "from 0.05 to 1"),
        ({"nets": "1"}, "from 4 to 256"),
    ],
)
def test_barter_refuses_what_nothing_can_judge(given: dict[str, object], words: str) -> None:
    with pytest.raises(InputError) as caught:
        validate("knowledge_barter", given)
    assert words in str(caught.value)
