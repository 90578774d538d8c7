"""Dated actions: when they happen, in which order, and that copies and pickles of a model hold them."""

import copy
import datetime as dt
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from model.errors import InputError
from model.inputs import Period, replace_inputs
from model.model import CollaborationModel, reference_inputs

INPUTS = replace_inputs(reference_inputs(), {"calendar.start": "2025-01-31", "calendar.days": 5, "calendar.burn_in": 3})
"""Days 0 to 2 are 28 to 30 January, the last one is 4 February."""


def note(model: CollaborationModel, word: str) -> None:
    model.said.append((word, model.day, round(model.goods.efforts.sum())))


def halve_demand(model: CollaborationModel) -> None:
    model.live.demand_mean[:1] *= 0.5


class Shift:
    """An action with a memory of its own."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, model: CollaborationModel) -> None:
        self.calls += 1


@pytest.fixture
def model() -> CollaborationModel:
    model = CollaborationModel(INPUTS, rng=3)
    model.said = []
    return model


def test_actions_happen_on_their_day_in_the_order_noted(model: CollaborationModel) -> None:
    model.on("2025-02-01", partial(note, word="second"))
    model.on(dt.date(2025, 1, 28), partial(note, word="first"))
    model.on("2025-02-01", partial(note, word="third"))
    model.run_to_end()
    assert [(word, day) for word, day, _ in model.said] == [("first", 0), ("second", 4), ("third", 4)]


def test_an_action_comes_before_anything_else_of_its_day() -> None:
    changed, twin = (CollaborationModel(INPUTS, rng=3) for _ in range(2))
    changed.on("2025-02-02", halve_demand)
    changed.run_for(5)
    twin.run_for(5)
    assert changed.live.demand.tobytes() == twin.live.demand.tobytes()
    changed.step()
    twin.step()
    assert changed.live.demand_mean[0] == 0.5 * twin.live.demand_mean[0]
    assert changed.live.demand[0] < twin.live.demand[0]
    assert changed.live.demand[1:].tobytes() == twin.live.demand[1:].tobytes()


def test_copies_and_pickles_hold_the_actions_each_for_itself() -> None:
    model = CollaborationModel(INPUTS, rng=3)
    model.on("2025-02-02", halve_demand)
    model.on("2025-02-03", Shift())
    model.run_for(2)
    twins = [copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
    model.run_to_end()
    for twin in twins:
        assert [one.calls for one in twin.hooks.actions[6]] == [0]
        twin.run_to_end()
        assert twin.live.net_stock.tobytes() == model.live.net_stock.tobytes()
        assert [one.calls for one in twin.hooks.actions[6]] == [1]


def test_an_action_may_note_another_one(model: CollaborationModel) -> None:
    model.on("2025-01-29", note_another)
    model.run_for(4)
    assert [(word, day) for word, day, _ in model.said] == [("later", 3)]


def note_another(model: CollaborationModel) -> None:
    model.on("2025-01-31", partial(note, word="later"))


def nested() -> Callable[[Any], None]:
    def action(_: Any) -> None:
        return None

    return action


@pytest.mark.parametrize(
    ("date", "action", "words"),
    [
        ("2025-02-05", halve_demand, "2025-02-05 is no day of the run (allowed: 2025-01-29 to 2025-02-04)"),
        ("2024-02-05", halve_demand, "2024-02-05 is no day of the run"),
        ("2025-01-28", halve_demand, "2025-01-28 is over (allowed: 2025-01-29 to 2025-02-04)"),
        ("2025-02-30", halve_demand, "'2025-02-30' is not a date (allowed: YYYY-MM-DD)"),
        (17, halve_demand, "17 is not a date"),
        ("2025-02-01", lambda model: None, "<lambda> cannot be copied with the model"),
        ("2025-02-01", nested(), "nested.<locals>.action cannot be copied with the model"),
        ("2025-02-01", "halve", "'halve' cannot be called"),
    ],
)
def test_what_cannot_happen_is_refused(date: Any, action: Any, words: str, model: CollaborationModel) -> None:
    model.step()
    with pytest.raises(InputError) as caught:
        model.on(date, action)
    assert words in str(caught.value)
    assert not model.hooks.actions


def test_both_faults_are_told_at_once(model: CollaborationModel) -> None:
    with pytest.raises(InputError) as caught:
        model.on("never", lambda model: None)
    assert len(caught.value.faults) == 2


def test_a_run_that_is_over_takes_no_more_actions() -> None:
    model = CollaborationModel(replace_inputs(INPUTS, {"calendar.days": 1, "calendar.burn_in": 0}), rng=1)
    assert isinstance(model.inputs.calendar, Period)
    model.run_to_end()
    with pytest.raises(InputError, match="none, the run is over"):
        model.on("2025-02-01", halve_demand)
