"""Hours of crews of different trades: how much gets done, in pairs and in a pool."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from model.mechanisms.allocation import Allocation
from model.mechanisms.leasing import Leasing
from model.mechanisms.pooling import Pooling
from model.model import CollaborationModel
from tests.unit.shops import CLERK, MILLER, SMITH, crews, knows, share, shared, terms


@pytest.mark.parametrize("mechanism", [Allocation, Leasing])
def test_an_hour_of_another_trade_gets_less_done(mechanism: type[Any]) -> None:
    """150 units lack 50 h of each: the 60 h of skilled work that b has left are 36 at a, other hours are hours."""
    works = crews(SMITH, CLERK)
    variant = terms("labour", variant=mechanism.name, bargaining="truthful")
    (session,) = share(works, (variant, mechanism), orders=[150.0, 40.0])
    assert session.rows.tolist() == [0, 1, 0, 1]
    assert works.lent[1:] == pytest.approx(np.array([[0.0, 60.0], [0.0, 50.0]]))
    assert works.borrowed[1:] == pytest.approx(np.array([[36.0, 0.0], [50.0, 0.0]]))
    assert works.stage.live.produced[:2] == pytest.approx([136.0, 40.0])
    assert works.book.cash[1] == pytest.approx(-110.0 * 10.0)
    assert works.hours_lent == pytest.approx([0.0, 110.0])
    assert works.hours_borrowed == pytest.approx([0.0, 86.0])


def test_a_pool_loses_something_on_the_way_in_and_on_the_way_out() -> None:
    """The mean of both is as far from one as from the other: cosine .8 / sqrt(.8), and .8 both ways."""
    works = crews(SMITH, knows(3, 4, 0, 0, 0))
    mean = np.array([5.0 + 3.0, 4.0])
    into, out = (mean @ v / np.hypot(*mean) / np.hypot(*v) for v in (np.array([3.0, 4.0]), np.array([5.0, 0.0])))
    assert into * out == pytest.approx(0.8)
    (session,) = share(works, (terms("labour"), Pooling), orders=[130.0, 40.0])
    assert works.lent[1:] == pytest.approx(np.array([[0.0, 37.5], [0.0, 30.0]]))
    assert works.borrowed[1:] == pytest.approx(np.array([[30.0, 0.0], [30.0, 0.0]]))
    assert session.access_share == pytest.approx([out, into, 1.0, 1.0])
    assert works.stage.live.produced[0] == pytest.approx(130.0)


def test_a_trade_with_nothing_in_common_helps_with_other_work_only() -> None:
    works = crews(SMITH, MILLER, CLERK)
    share(works, (terms("labour", variant="allocation"), Allocation), orders=[120.0, 10.0, 100.0])
    assert works.lent[1:] == pytest.approx(np.array([[0.0, 0.0, 0.0], [0.0, 20.0, 0.0]]))
    assert works.stage.live.produced[:3] == pytest.approx([100.0, 10.0, 100.0])


@pytest.mark.parametrize("mechanism", [Allocation, Leasing, Pooling])
def test_firms_of_one_trade_stand_once_in_a_session(mechanism: type[Any]) -> None:
    """Who knows twice as much in every area is of the same trade."""
    works = crews(knows(1, 2, 0, 0, 0), knows(2, 4, 0, 0, 0))
    variant = terms("labour", variant=mechanism.name, bargaining="truthful")
    (session,) = share(works, (variant, mechanism), orders=[130.0, 40.0])
    assert session.rows.tolist() == [0, 1]
    assert works.lent[1:, 1] == pytest.approx([30.0, 30.0])


@pytest.mark.parametrize("variant", ["allocation", "leasing", "pooling"])
def test_crews_of_different_trades_lend_more_than_others_get_done(variant: str) -> None:
    alike = shared(1.0, days=120, variant=variant)
    firms = [replace(m, technology=CLERK if m.name in "ab" else SMITH) for m in alike.inputs.manufacturers]
    model = CollaborationModel(replace(alike.inputs, manufacturers=tuple(firms)), rng=11)
    model.run_to_end()
    values = model.outcomes()
    lent, borrowed = (sum(values[f"{kind}_hours", name] for name in "abcd") for kind in ("lent", "borrowed"))
    assert lent > borrowed + 50.0
    assert model.ledger.worst["machine hours"] < 1e-9
    assert model.ledger.worst["labour hours"] < 1e-9
