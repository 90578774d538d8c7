"""Oracles of pooling against published numbers, other parameters, and refusals with their reason."""

import json

import pytest

from model.errors import InputError
from model.validation import pooling
from model.validation.catalogue import validate

pytestmark = pytest.mark.validation


@pytest.mark.parametrize(
    ("machines", "load", "published"), [(10, 8.0, 0.12166), (20, 16.0, 0.06441), (40, 32.0, 0.02684)]
)
def test_lost_share_is_erlang_b(machines: int, load: float, published: float) -> None:
    """Five digits of the design's science notes."""
    assert pooling.lost_share(machines, load) == pytest.approx(published, abs=6e-6)


@pytest.mark.parametrize(("load", "servers"), [(5.0, 11), (10.0, 18), (20.0, 30), (50.0, 64), (100.0, 117)])
def test_servers_that_lose_one_in_a_hundred(load: float, servers: int) -> None:
    """The tabled number of servers is the least with a loss of at most 1 %."""
    assert pooling.lost_share(servers, load) <= 0.01 < pooling.lost_share(servers - 1, load)


@pytest.mark.parametrize(("machines", "published"), [(1, 0.8), (2, 0.7111), (4, 0.5965), (10, 0.4092), (20, 0.2561)])
def test_delayed_share_is_erlang_c(machines: int, published: float) -> None:
    """Utilisation .8, the published digits give or take one of the last."""
    assert pooling.delayed_share(machines, 0.8 * machines) == pytest.approx(published, abs=1.1e-4)


@pytest.mark.parametrize(
    ("n", "rho", "published"),
    [(4, 0.0, 0.5), (4, 0.25, 0.661), (4, 0.5, 0.791), (4, 1.0, 1.0), (10, 0.0, 0.316), (10, 0.5, 0.742)],
)
def test_cost_ratio_is_eppens(n: int, rho: float, published: float) -> None:
    assert pooling.cost_ratio(pooling.InventoryPooling(n=n, rho=rho)) == pytest.approx(published, abs=6e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("equipment_pooling", {"discipline": "queue"}),
        ("equipment_pooling", {"machines": 3, "load": 6, "groups": 4}),
        ("equipment_pooling", {"machines": 1, "load": 0.7, "groups": 5, "discipline": "queue"}),
        ("equipment_pooling", {"machines": 4, "load": 2, "groups": 1}),
        ("inventory_pooling", {"n": 3, "rho": 0.6, "h": 2, "b": 6, "sigma": 5}),
        ("inventory_pooling", {"n": 7, "rho": 1}),
        ("inventory_pooling", {"n": 1}),
    ],
)
def test_engine_passes_elsewhere(name: str, given: dict[str, object]) -> None:
    tree = validate(name, given).as_tree()
    assert tree["passed"], json.dumps(tree, indent=1)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("equipment_pooling", {"discipline": "queue", "load": "9.9"}, "the queue never settles"),
        ("equipment_pooling", {"machines": "0"}, "from 1 to 200"),
        ("equipment_pooling", {"load": "nan"}, "NaN is not a value"),
        ("equipment_pooling", {"discipline": "priority"}, "allowed: one of: loss, queue"),
        ("inventory_pooling", {"rho": "-.5"}, "their sum would vary less than 0"),
        ("inventory_pooling", {"rho": "-.1"}, "share one common factor with the same sign"),
        ("inventory_pooling", {"b": ".5"}, "no negative safety stock"),
        ("inventory_pooling", {"rho": "1.5"}, "out of range"),
    ],
)
def test_wrong_parameters_are_refused_with_the_reason(name: str, given: dict[str, object], words: str) -> None:
    with pytest.raises(InputError) as caught:
        validate(name, given)
    assert words in str(caught.value)
