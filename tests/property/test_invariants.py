"""What no change of the model may touch: null collaboration, other people's draws, order, copies, balances."""

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from model.errors import BalanceError
from model.inputs import DataContract, ManufacturerInputs, ModelInputs, Process, UtilityInputs, replace_inputs
from model.model import CollaborationModel, reference_inputs
from tests.property.drawn_scenarios import scenarios

SHORT = {"calendar.days": 30, "calendar.burn_in": 8}
some = settings(
    max_examples=12, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)


def columns(model: CollaborationModel) -> dict[str, Any]:
    """Return a copy of every column of the firm table, by firm and column."""
    return {
        f"{firm}.{name}": np.copy(column[row])
        for name, column in vars(model.live).items()
        if name not in {"unique_id", "kind", "alive"}
        for row, firm in enumerate(model.population.names)
    }


def live_days(model: CollaborationModel) -> list[dict[str, Any]]:
    """Run to the end and return the columns of every day."""
    days = []
    while round(model.time) < model.futures.calendar.days:
        model.step()
        days.append(columns(model))
    return days


def assert_bitwise(left: list[dict[str, Any]], right: list[dict[str, Any]]) -> None:
    """Require that what `left` has, `right` has bit for bit, on every day."""
    assert len(left) == len(right)
    for day, (a, b) in enumerate(zip(left, right, strict=True)):
        for name, value in a.items():
            assert np.asarray(value).tobytes() == np.asarray(b[name]).tobytes(), f"{name} on day {day}"


def short_reference() -> ModelInputs:
    """Return the reference case with sharing, 38 days long."""
    return replace_inputs(reference_inputs(shared=True), SHORT)


@some
@given(inputs=scenarios(), seed=st.integers(0, 2**31))
def test_infinite_noise_is_no_contract(inputs: ModelInputs, seed: int) -> None:
    terms = [firm for firm in inputs.manufacturers if firm.process.kind == "batch" and firm.utility and firm.count == 1]
    assume(terms)
    silent = tuple(
        DataContract(name=f"silent {f.name}", provider=f.name, partner=f.utility, noise_sd=float("inf"), fee=9e5)
        for f in terms
    )
    without = CollaborationModel(dataclasses.replace(inputs, contracts=()), rng=seed)
    null = CollaborationModel(dataclasses.replace(inputs, contracts=silent), rng=seed)
    assert_bitwise(live_days(without), live_days(null))
    assert without.outcomes() == null.outcomes()
    assert without.transfers() == null.transfers()


@some
@given(inputs=scenarios(), seed=st.integers(0, 2**31), count=st.integers(1, 40))
def test_a_newcomer_shifts_nobody_else(inputs: ModelInputs, seed: int, count: int) -> None:
    newcomer = ManufacturerInputs(name="newcomer", count=count, process=Process(kind="none"))
    before = live_days(CollaborationModel(inputs, rng=seed))
    for firms in ((*inputs.manufacturers, newcomer), (newcomer, *inputs.manufacturers)):
        grown = dataclasses.replace(inputs, manufacturers=firms)
        assert_bitwise(before, live_days(CollaborationModel(grown, rng=seed)))


def test_an_idle_utility_shifts_nobody_else() -> None:
    inputs = short_reference()
    grown = dataclasses.replace(inputs, utilities=(UtilityInputs(name="idle"), *inputs.utilities))
    assert_bitwise(live_days(CollaborationModel(inputs, rng=5)), live_days(CollaborationModel(grown, rng=5)))


@some
@given(inputs=scenarios(), seed=st.integers(0, 2**31), data=st.data())
def test_the_order_of_declaration_changes_nothing(inputs: ModelInputs, seed: int, data: st.DataObject) -> None:
    shuffled = dataclasses.replace(
        inputs,
        manufacturers=tuple(data.draw(st.permutations(inputs.manufacturers))),
        utilities=tuple(data.draw(st.permutations(inputs.utilities))),
        contracts=tuple(data.draw(st.permutations(inputs.contracts))),
    )
    one, two = CollaborationModel(inputs, rng=seed), CollaborationModel(shuffled, rng=seed)
    scale = {}
    for day, (a, b) in enumerate(zip(live_days(one), live_days(two), strict=True)):
        for name, value in a.items():
            scale[name] = max(scale.get(name, 1.0), float(np.abs(value).max()), _size_of(name, a))
            assert np.abs(value - b[name]).max() <= 1e-9 * scale[name], f"{name} on day {day}"


def _size_of(name: str, values: dict[str, Any]) -> float:
    """Return the size of the terms that a column's value is the difference of."""
    firm, _, column = name.rpartition(".")
    if column == "cash":
        return float(max(abs(v) for k, v in values.items() if k.endswith(".cash")))
    if column == "imbalance":
        return float(np.abs(values[f"{firm}.drawn"]).max())
    if column in {"lead_error", "error_variance", "shock", "net_stock"}:
        return float(values[f"{firm}.demand_mean"]) ** (2 if column == "error_variance" else 1) * 10.0
    return 1.0


def test_a_copy_lives_on_alike_and_apart() -> None:
    whole = CollaborationModel(short_reference(), rng=2)
    wanted = live_days(whole)
    model = CollaborationModel(short_reference(), rng=2)
    model.run_for(17)
    twin = copy.deepcopy(model)
    first = live_days(model)
    assert_bitwise(first, wanted[17:])
    assert_bitwise(live_days(twin), wanted[17:])
    assert twin.outcomes() == whole.outcomes() == model.outcomes()


def test_two_models_side_by_side_do_not_meet() -> None:
    cases = [(short_reference(), 2), (replace_inputs(short_reference(), {"balancing.rule": "dual"}), 3)]
    alone = [live_days(CollaborationModel(inputs, rng=seed)) for inputs, seed in cases]
    models = [CollaborationModel(inputs, rng=seed) for inputs, seed in cases]
    together: list[list[dict[str, Any]]] = [[], []]
    for _ in range(38):
        for model, days in zip(models, together, strict=True):
            model.step()
            days.append(columns(model))
    for wanted, got in zip(alone, together, strict=True):
        assert_bitwise(wanted, got)


@some
@given(inputs=scenarios(), seed=st.integers(0, 2**31))
def test_money_energy_materials_and_hours_balance(inputs: ModelInputs, seed: int) -> None:
    model = CollaborationModel(inputs, rng=seed)
    model.run_to_end()
    assert model.ledger.worst.keys() == {"money", "energy", "materials", "hours"}
    assert max(model.ledger.worst.values()) <= 1e-9
    assert sum(model.ledger.net_cost(party) for party in model.ledger.parties) == pytest.approx(0.0, abs=1e-3)


def spoil_line(arguments: tuple[Any, ...]) -> None:
    """A group's production cost is posted too high by a millionth, but paid as it is."""
    arguments[-2][0, 2] *= 1.0 + 1e-6


def spoil_imbalance(arguments: tuple[Any, ...]) -> None:
    """A utility's imbalance loses a watt-hour in a thousand."""
    arguments[11][:] *= 0.999


def spoil_stock(arguments: tuple[Any, ...]) -> None:
    """A unit in a million leaks out of the first firm's stock."""
    arguments[15][0] -= 1e-3


def spoil_hours(arguments: tuple[Any, ...]) -> None:
    """A minute of melting is not counted."""
    arguments[-1][0, 0] -= 1.0 / 60.0


@pytest.mark.parametrize(
    ("kernel", "spoil", "balance"),
    [
        ("model.goods.book_firms", spoil_line, "money"),
        ("model.power.settle", spoil_imbalance, "energy"),
        ("model.goods.replenish", spoil_stock, "materials"),
        ("model.goods.run_batches", spoil_hours, "hours"),
    ],
)
def test_a_broken_posting_stops_the_run(
    monkeypatch: pytest.MonkeyPatch, kernel: str, spoil: Callable[[tuple[Any, ...]], None], balance: str
) -> None:
    module, _, name = kernel.rpartition(".")
    real = getattr(__import__(module, fromlist=[name]), name)

    def broken(*arguments: Any) -> Any:
        result = real(*arguments)
        spoil(arguments)
        return result

    model = CollaborationModel(short_reference())
    model.run_for(5)
    monkeypatch.setattr(kernel, broken)
    with pytest.raises(BalanceError, match=rf"{balance} does not balance on day 5"):
        model.run_for(3)
