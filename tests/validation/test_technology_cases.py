"""Technology cases away from their defaults, and what they refuse."""

import json

import pytest

from model.errors import InputError
from model.validation import technology
from model.validation.catalogue import validate

pytestmark = pytest.mark.validation


@pytest.mark.parametrize(
    ("name", "given"),
    [
        *(("joint_rd", {"regime": regime, "beta": 0.7, "b": 0.3, "gamma": 12}) for regime in technology.REGIMES),
        ("joint_rd", {"D": 900, "b": 40, "gamma": 0.05, "beta": 0, "subsidy": 3}),
        ("joint_rd", {"regime": "cartel", "beta": 1, "subsidy": 2}),
        ("joint_rd_thresholds", {"b": 0.05, "gamma": 12}),
        ("joint_rd_thresholds", {"b": 5, "gamma": 0.26}),
        ("cognitive_distance", {"a0": 3, "a1": 0.5, "b0": 0, "b1": 0.1}),
        ("cognitive_distance", {"b0": 4}),
        ("learning_pool", {"learning_rate": 0.55, "n": 3}),
        ("learning_pool", {"n": 5000}),
        ("learning_pool", {"public": 30.0}),
    ],
)
def test_engine_passes_elsewhere(name: str, given: dict[str, object]) -> None:
    tree = validate(name, given).as_tree()
    assert tree["passed"], json.dumps(tree, indent=1)


def test_subsidy_raises_effort_as_published() -> None:
    """The slope of effort in the subsidy is .6667 at spillover one half, D 50, b 1, gamma 2."""
    less, more = (technology.planned(technology.JointResearch(beta=0.5, subsidy=s))[0] for s in (0.0, 3.0))
    assert (more - less) / 3.0 == pytest.approx(2.0 / 3.0)


def test_published_thresholds() -> None:
    assert technology.published_thresholds(technology.Thresholds()) == pytest.approx((0.5, 0.1771, 0.4118), abs=5e-5)


def test_published_distance_and_pool() -> None:
    assert technology.highest_point(technology.CognitiveDistance()) == pytest.approx((0.4, 0.36))
    assert technology.pooled_ratio(technology.LearningPool()) == pytest.approx(0.512)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("joint_rd", {"gamma": "0.3"}, "own effort has no best"),
        ("joint_rd", {"gamma": "0.3"}, "both firms' effort has no best"),
        ("joint_rd", {"regime": "cartel", "gamma": "1"}, "unevenly split effort has no best"),
        ("joint_rd", {"regime": "full", "gamma": "0.3"}, "joint effort has no best"),
        ("joint_rd", {"regime": "planner", "beta": "1"}, "the planner's effort has no best"),
        ("joint_rd", {"regime": "planner", "subsidy": "1"}, "a payment between parties"),
        ("joint_rd", {"regime": "cartell"}, "did you mean cartel?"),
        ("joint_rd", {"beta": "1.1"}, "from 0 to 1"),
        ("joint_rd_thresholds", {"gamma": "2"}, "from 4/3 on answers settle"),
        ("joint_rd_thresholds", {"gamma": "0.5"}, "almost without limit"),
        ("cognitive_distance", {"a1": "0"}, "out of range"),
        ("learning_pool", {"n": "1"}, "out of range"),
    ],
)
def test_wrong_parameters_are_refused_with_the_reason(name: str, given: dict[str, object], words: str) -> None:
    with pytest.raises(InputError) as caught:
        validate(name, given)
    assert words in str(caught.value)
