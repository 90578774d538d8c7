"""`CollaborationModel` behaves as a Mesa model, its books balance, and strategies share their futures."""

import copy
import dataclasses
import math
import pickle
from typing import Any

import mesa
import numpy as np
import pytest

from model.agents import Firm, Manufacturer, Utility
from model.errors import BalanceError, InputError, RunError
from model.goods import Goods
from model.inputs import ModelInputs, replace_inputs
from model.ledger import Ledger
from model.model import CollaborationModel, reference_inputs
from model.outcomes import COST_COMPONENTS, OUTCOME
from model.power import Power

SHORT = {"calendar.days": 45, "calendar.burn_in": 20}


@pytest.fixture(scope="module")
def inputs() -> ModelInputs:
    return replace_inputs(reference_inputs(shared=True), SHORT)


@pytest.fixture
def model(inputs: ModelInputs) -> CollaborationModel:
    return CollaborationModel(inputs, rng=5, keep_hours=True, record=("net_stock", "cash"))


class Capped(Manufacturer):
    """A works that never orders more than 1,000 units."""

    def decide_order(self, proposed: float) -> float:
        return min(proposed, 1000.0)


def test_steps_days_and_stops_at_the_horizon(model: CollaborationModel) -> None:
    model.step()
    model.run_for(4)
    assert (model.time, model.day, model.counting, model.running) == (5.0, 4, False, True)
    model.run_to_end()
    assert (model.time, model.counting, model.running) == (65.0, True, False)
    with pytest.raises(RunError, match="horizon of 65 days"):
        model.step()


def test_agents_are_mesa_agents_over_columns(model: CollaborationModel) -> None:
    assert len(model.agents) == 26
    assert {kind: len(agents) for kind, agents in model.agents_by_type.items()} == {Manufacturer: 25, Utility: 1}
    steel = model.agents_by_type[Manufacturer].to_list()[0]
    assert steel.name == "steel"
    model.step()
    assert steel.load.shape == (96,)
    assert steel.electricity == pytest.approx(steel.load.sum() / 4.0)
    steel.net_stock = 123.0
    assert model.firms.column("net_stock")[0] == 123.0
    assert model.firms.agent(3).name == "metalworks 3"


def test_every_outcome_is_declared_and_parts_make_the_total(model: CollaborationModel) -> None:
    model.run_to_end()
    outcomes = model.outcomes()
    for (name, party), value in outcomes.items():
        assert OUTCOME[name].per_party == bool(party)
        assert math.isfinite(value)
    total = sum(outcomes[name, ""] for name in COST_COMPONENTS)
    assert outcomes["real_cost", ""] == pytest.approx(total, rel=1e-12)


def test_money_only_moves_between_parties(model: CollaborationModel) -> None:
    """Net costs of all parties together are the real cost: transfers cancel."""
    model.run_to_end()
    outcomes = model.outcomes()
    parties = sum(value for (name, _), value in outcomes.items() if name == "party_cost")
    assert parties == pytest.approx(outcomes["real_cost", ""], rel=1e-9)
    assert set(model.ledger.worst) == {"money", "energy", "materials", "hours"}


def test_a_broken_line_stops_the_run(model: CollaborationModel, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Ledger.post

    def dishonest(self: Ledger, counting: bool) -> None:
        self.today[0] *= 1.01
        honest(self, counting)

    monkeypatch.setattr(Ledger, "post", dishonest)
    with pytest.raises(BalanceError, match="money does not balance on day"):
        model.run_for(5)


@pytest.mark.parametrize(
    ("owner", "rule", "column", "name"),
    [
        (Power, "settle", "electricity", "energy"),
        (Goods, "trade_day", "net_stock", "materials"),
        (Goods, "run_day", "load", "hours"),
    ],
)
def test_what_appears_from_nowhere_stops_the_run(
    model: CollaborationModel, monkeypatch: pytest.MonkeyPatch, owner: type, rule: str, column: str, name: str
) -> None:
    honest = getattr(owner, rule)

    def leaky(self: Any, *arguments: Any) -> None:
        honest(self, *arguments)
        model.firms.column(column)[0] += 1.0

    monkeypatch.setattr(owner, rule, leaky)
    with pytest.raises(BalanceError, match=f"{name} does not balance on day"):
        model.run_for(5)


def test_hourly_series_cover_the_counted_days(model: CollaborationModel) -> None:
    model.run_to_end()
    hourly = model.hourly()
    assert {values.shape for values in hourly.values()} == {(45, 24)}
    error = hourly["load_mw/steel"] - hourly["forecast_mw/steel"]
    assert model.outcomes()["load_forecast_rmse", "steel"] == pytest.approx(np.sqrt((error**2).mean()))
    plan = hourly["load_mw/steel"] - hourly["plan_mw/steel"]
    spread = ((hourly["load_mw/steel"] - hourly["load_mw/steel"].mean()) ** 2).sum()
    assert model.outcomes()["load_r2_plan", "steel"] == pytest.approx(1.0 - (plan**2).sum() / spread)


def test_monthly_peak_is_charged_once_a_month(inputs: ModelInputs) -> None:
    """April and May at full length, from the load itself: 10 EUR/kW on each month's highest quarter-hour."""
    changes = {"calendar.start": "2025-04-01", "calendar.days": 61, "calendar.burn_in": 0}
    model = CollaborationModel(replace_inputs(inputs, changes), rng=5, record=("load",))
    model.run_to_end()
    assert model.recorder is not None
    load = model.recorder.array("load")[:, 0]
    expected = 10_000.0 * (load[:30].max() + load[30:].max()) * 365.0 / 61.0
    assert model.outcomes()["peak_charge", "steel"] == pytest.approx(expected)


def test_a_copy_lives_on_by_itself(model: CollaborationModel) -> None:
    model.run_for(30)
    twin = copy.deepcopy(model)
    revived = pickle.loads(pickle.dumps(model))
    twin.firms.column("cash")[0] += 1.0
    assert model.firms.column("cash")[0] != twin.firms.column("cash")[0]
    twin.firms.column("cash")[0] -= 1.0
    for one in (model, twin, revived):
        one.run_to_end()
    assert model.outcomes() == twin.outcomes() == revived.outcomes()


def test_two_models_do_not_disturb_each_other(inputs: ModelInputs) -> None:
    alone = CollaborationModel(inputs, rng=5)
    alone.run_to_end()
    first, second = CollaborationModel(inputs, rng=5), CollaborationModel(inputs, rng=6)
    for _ in range(65):
        first.step()
        second.step()
    assert first.outcomes() == alone.outcomes()
    assert second.outcomes() != alone.outcomes()


def test_recorder_and_data_collector_have_mesas_shape(model: CollaborationModel) -> None:
    model.run_to_end()
    assert model.recorder is not None
    frame = model.recorder.frame()
    assert frame.index.names == ["Step", "AgentID"]
    assert frame.shape == (65 * 26, 2)
    assert frame.loc[(65.0, 1), "cash"] == model.firms.column("cash")[0]
    reported = model.datacollector.get_model_vars_dataframe()
    assert reported["real_cost"].iloc[-1] == model.outcomes()["real_cost", ""]


def test_runs_in_mesas_batch_runner(inputs: ModelInputs) -> None:
    rows = mesa.batch_run(
        CollaborationModel,
        {"inputs": [inputs], "balancing__beta": [0.1, 0.4]},
        rng=[1, 2],
        number_processes=1,
        display_progress=False,
    )
    alignment = {(row["balancing__beta"], row["rng"]): row["imbalance_covariance"] for row in rows}
    assert len(rows) == len(alignment) == 4
    assert alignment[0.4, 1] == pytest.approx(4.0 * alignment[0.1, 1])  # proportional to beta on the same futures


def test_a_subclass_decides_for_its_own_agents_only(inputs: ModelInputs) -> None:
    usual = CollaborationModel(inputs, rng=5, record=("order",))
    capped = CollaborationModel(inputs, rng=5, record=("order",), agent_classes={"steel": Capped})
    for one in (usual, capped):
        one.run_to_end()
    assert usual.recorder is not None
    assert capped.recorder is not None
    before, after = usual.recorder.array("order"), capped.recorder.array("order")
    assert before[:, 0].max() > 1000.0 >= after[:, 0].max()
    np.testing.assert_array_equal(before[:, 1:], after[:, 1:])
    assert len(capped.agents_by_type[Capped]) == 1


def test_agent_classes_must_name_a_manufacturer(inputs: ModelInputs) -> None:
    with pytest.raises(InputError, match=r"steal.*did you mean steel"):
        CollaborationModel(inputs, agent_classes={"steal": Capped})


def test_strategies_share_their_random_futures(inputs: ModelInputs) -> None:
    """Sharing changes what is known, not what happens: loads, demand and stock are the same bits."""
    with_plan = CollaborationModel(inputs, rng=5, record=("load", "demand", "net_stock"))
    without = CollaborationModel(
        dataclasses.replace(inputs, contracts=()), rng=5, record=("load", "demand", "net_stock")
    )
    for one in (with_plan, without):
        one.run_to_end()
        assert one.recorder is not None
    for name in ("load", "demand", "net_stock"):
        np.testing.assert_array_equal(with_plan.recorder.array(name), without.recorder.array(name))  # type: ignore[union-attr]
    assert with_plan.outcomes()["load_forecast_rmse", "steel"] < without.outcomes()["load_forecast_rmse", "steel"]


def test_null_collaboration_is_the_baseline_bit_for_bit(inputs: ModelInputs) -> None:
    null = replace_inputs(inputs, {"contracts.plan.noise_sd": math.inf})
    base = dataclasses.replace(inputs, contracts=())
    columns = CollaborationModel(base, rng=5).firms.names
    models = [CollaborationModel(i, rng=5, record=columns, keep_hours=True) for i in (null, base)]
    for one in models:
        one.run_to_end()
    for name in columns:
        pair = [one.recorder.array(name) for one in models if one.recorder is not None]
        np.testing.assert_array_equal(pair[0], pair[1], err_msg=name)
    assert models[0].outcomes() == models[1].outcomes()


def test_seed_must_be_a_number(inputs: ModelInputs) -> None:
    with pytest.raises(InputError, match="seed"):
        CollaborationModel(inputs, rng=None)


def test_mass_of_firms_is_one_table() -> None:
    inputs = replace_inputs(reference_inputs(), {"firms.metalworks.count": 500, **SHORT})
    model = CollaborationModel(inputs, rng=1)
    model.run_for(3)
    assert len(model.table_of(Firm)) == 518


def test_cost_per_unit_is_what_all_but_sales_cost(model: CollaborationModel) -> None:
    model.run_to_end()
    outcomes = model.outcomes()
    paid = sum(eur for payer, _, _, eur in model.transfers() if payer == "steel")
    earned = sum(eur for _, payee, kind, eur in model.transfers() if payee == "steel" and kind != "sales")
    assert outcomes["unit_cost", "steel"] == pytest.approx((paid - earned) / outcomes["output", "steel"])
    assert outcomes["unit_cost", "steel"] > 0.0
