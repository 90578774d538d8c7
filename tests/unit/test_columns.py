"""Column tables and the Mesa agents over them."""

import copy
import gc
import multiprocessing
import pickle
from collections.abc import Iterator

import mesa
import numpy as np
import pytest
from mesa.experimental.mesa_signals import ModelSignals

from model.columns import Col, ColumnAgent, ColumnAgentSet, ColumnModelMixin
from model.tables import Table


class Firm(ColumnAgent, table=True):
    stock_t = Col("f8", "t", doc="Steel in stock.")
    machines = Col("i4", "1", default=2)
    open_today = Col("?", "1", default=True)
    load_mw = Col("f4", "MW", shape=(24,))

    def produce(self) -> float:
        self.stock_t += self.machines
        return self.stock_t


class Mill(Firm):
    heats = Col("i4", "1", default=3)


class Works(Firm):
    def __init__(self, model: mesa.Model, *, shift_h: float, **values: object) -> None:
        super().__init__(model, **values)
        self.shift_h = shift_h


class Plant(ColumnAgent, table=True):
    output_mw = Col("f8", "MW")
    stock_t = Col("f8", "t")


class Authority(mesa.Agent):
    pass


class Homeless(ColumnAgent):
    pass


def total_stock(model: mesa.Model) -> float:
    return float(model.tables[Firm].column("stock_t").sum())


class ToyModel(ColumnModelMixin, mesa.Model):
    def __init__(self, n: int = 4, step_t: float = 1.0, rng: int | None = None) -> None:
        super().__init__(rng=rng)
        self.step_t = step_t
        self.seen = 0.0
        Firm.create_agents(self, n, stock_t=np.arange(n, dtype=float))
        self.datacollector = mesa.DataCollector(
            model_reporters={"total": total_stock, "seen": "seen"}, agent_reporters={"stock": "stock_t"}
        )

    def step(self) -> None:
        self.tables[Firm].column("stock_t")[:] += self.step_t
        self.seen = total_stock(self)
        self.datacollector.collect(self)


def stocks(model: ToyModel) -> list[float]:
    return model.agents.get("stock_t")


# Declarations ---------------------------------------------------------------------------------------------------------


def test_class_access_returns_the_declaration() -> None:
    col = Firm.stock_t
    assert (col.name, col.unit, col.dtype, col.shape, col.doc) == ("stock_t", "t", np.float64, (), "Steel in stock.")
    assert list(Mill.columns) == ["stock_t", "machines", "open_today", "load_mw", "heats"]
    assert "heats" not in Firm.columns


@pytest.mark.parametrize("dtype", ["U8", "O", "M8[D]"])
def test_columns_hold_numbers_only(dtype: str) -> None:
    with pytest.raises(TypeError, match="booleans, integers or floats"):
        Col(dtype, "1")


def test_column_without_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a unit"):
        Col("f8", "")


def test_default_that_the_column_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="would change 1.5"):
        Col("i4", "1", default=1.5)


@pytest.mark.parametrize("name", ["alive", "kind", "unique_id", "model", "pos"])
def test_reserved_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"cannot be named '{name}'"):
        type("Bad", (ColumnAgent,), {name: Col("f8", "1")}, table=True)


def test_redeclaring_a_column_with_another_type_is_refused() -> None:
    with pytest.raises(TypeError, match="stock_t: int64"):
        type("Bad", (Firm,), {"stock_t": Col("i8", "t")})


def test_two_subclasses_that_disagree_on_a_column_are_refused_in_one_model() -> None:
    left = type("Left", (Firm,), {"shifts": Col("i4", "1")})
    right = type("Right", (Firm,), {"shifts": Col("f8", "1")})
    model = ToyModel()
    left(model)
    with pytest.raises(TypeError, match="Right redeclares.*shifts: float64"):
        right(model)


def test_subclass_may_override_a_default() -> None:
    busy = type("Busy", (Firm,), {"machines": Col("i4", "1", default=9)})
    model = ToyModel()
    assert busy(model).machines == 9
    assert Firm(model).machines == 2


def test_class_without_storage_class_cannot_be_created() -> None:
    with pytest.raises(TypeError, match="Homeless has no table"):
        Homeless(ToyModel())


def test_column_agent_needs_a_column_model() -> None:
    with pytest.raises(TypeError, match="needs a model with ColumnModelMixin"):
        Firm(mesa.Model())


# Attributes -----------------------------------------------------------------------------------------------------------


def test_agent_reads_and_writes_its_row() -> None:
    model = ToyModel()
    firm, column = model.agents[2], model.tables[Firm].column("stock_t")
    column[2] = 7.5
    assert firm.stock_t == 7.5
    assert type(firm.stock_t) is float
    firm.stock_t = 8.5
    assert column.tolist() == [0.0, 1.0, 8.5, 3.0]
    assert type(firm.machines) is int
    assert firm.open_today is True


def test_shaped_attribute_is_a_view_of_the_row() -> None:
    model = ToyModel()
    model.agents[1].load_mw[23] = 5.0
    loads = model.tables[Firm].column("load_mw")
    assert loads.shape == (4, 24)
    assert loads[1, 23] == 5.0
    assert loads.sum() == 5.0


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("machines", 1.5, ValueError),
        ("machines", 2**40, ValueError),
        ("machines", float("nan"), ValueError),
        ("open_today", 2, ValueError),
        ("stock_t", "3.5", TypeError),
        ("stock_t", None, TypeError),
        ("stock_t", [1.0, 2.0], ValueError),
        ("load_mw", 1.0, ValueError),
        ("load_mw", [1.0] * 23, ValueError),
    ],
)
def test_value_that_a_column_cannot_hold_is_refused(name: str, value: object, error: type[Exception]) -> None:
    model = ToyModel()
    firm = model.agents[0]
    before = copy.deepcopy(getattr(firm, name))
    with pytest.raises(error, match=name):
        setattr(firm, name, value)
    assert np.array_equal(getattr(firm, name), before)


def test_subclass_shares_the_table_and_others_hold_its_default() -> None:
    model = ToyModel()
    mill = Mill(model, stock_t=10.0, heats=8)
    table = model.tables[Firm]
    assert mill.column_table is table
    assert table.column("heats").tolist() == [3, 3, 3, 3, 8]
    assert table.column("stock_t").tolist() == [0.0, 1.0, 2.0, 3.0, 10.0]
    Firm(model)
    assert table.column("heats").tolist() == [3, 3, 3, 3, 8, 3]
    assert table.rows(Mill).tolist() == [4]
    assert table.rows(Firm).tolist() == [0, 1, 2, 3, 4, 5]
    assert table.rows(Plant).tolist() == []
    with pytest.raises(AttributeError):
        _ = model.agents[0].heats


def test_unknown_column_is_refused_with_the_nearest_and_creates_nothing() -> None:
    model = ToyModel()
    with pytest.raises(TypeError, match=r"Firm has no column stok_t did you mean stock_t\?; speed"):
        Firm.create_agents(model, 2, stok_t=1.0, speed=3.0)
    with pytest.raises(TypeError, match="speed"):
        Firm(model, speed=3.0)
    with pytest.raises(ValueError, match=r"allowed: \(2,\)"):
        Firm.create_agents(model, 2, stock_t=[1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="-1 agents"):
        Firm.create_agents(model, -1)
    assert model.tables[Firm].size == len(model.agents) == 4


def test_unknown_column_of_a_table_names_the_known() -> None:
    with pytest.raises(AttributeError, match="no column 'stock'.*stock_t"):
        ToyModel().tables[Firm].column("stock")


# Rows and identity ----------------------------------------------------------------------------------------------------


def test_bulk_creation_makes_rows_but_no_objects() -> None:
    model = ToyModel(0)
    firms = Firm.create_agents(model, 1000, stock_t=np.arange(1000.0), machines=5, load_mw=np.ones((1000, 24)))
    assert model.agents.agg("stock_t", sum) == 499_500.0
    assert firms.agg("machines", max) == 5
    mine = [o for o in gc.get_objects() if type(o) is Firm and o.model is model]
    assert mine == []
    assert model.agents[3].stock_t == 3.0
    assert model.agents[3].pos is None
    assert len([o for o in gc.get_objects() if type(o) is Firm and o.model is model]) == 1


def test_agents_keep_their_identity_without_anyone_holding_them() -> None:
    model = ToyModel()
    first = id(model.agents[1])
    model.agents[1].nickname = "kept"
    gc.collect()
    assert id(model.agents[1]) == first
    assert model.agents[1].nickname == "kept"
    assert model.agents.to_list()[1] is model.agents_by_type[Firm][1]


def test_table_grows_when_agents_are_created_one_by_one() -> None:
    model = ToyModel()
    firms = [Firm(model, stock_t=float(i)) for i in range(100)]
    assert model.tables[Firm].column("stock_t")[4:].tolist() == [float(i) for i in range(100)]
    firms[50].stock_t = -1.0
    assert model.tables[Firm].column("stock_t")[54] == -1.0
    assert [f.unique_id for f in firms] == list(range(5, 105))
    assert model.tables[Firm].nbytes < 1.3 * 104 * (8 + 2 + 1 + 8 + 4 + 1 + 4 * 24)


def test_class_with_its_own_constructor_is_created_one_by_one() -> None:
    model = ToyModel()
    Works.create_agents(model, 3, shift_h=[6.0, 7.0, 8.0], stock_t=1.0)
    assert model.agents_by_type[Works].get(["shift_h", "stock_t"]) == [[6.0, 1.0], [7.0, 1.0], [8.0, 1.0]]
    with pytest.raises(TypeError, match="shift_h"):
        Works.create_agents(model, 1)


def test_ids_count_over_all_classes_as_in_mesa() -> None:
    model = ToyModel(2)
    authority = Authority(model)
    Plant.create_agents(model, 2)
    assert authority.unique_id == 3
    assert model.agents.get("unique_id") == [1, 2, 3, 4, 5]
    assert Firm(model).unique_id == 6


def test_removed_agent_leaves_the_model_but_stays_readable() -> None:
    model = ToyModel()
    firms, table = model.agents_by_type[Firm], model.tables[Firm]
    gone = model.agents[1]
    gone.remove()
    gone.remove()
    assert (len(model.agents), len(firms), len(table), table.size) == (3, 3, 3, 4)
    assert gone not in model.agents
    assert stocks(model) == [0.0, 2.0, 3.0]
    assert gone.stock_t == 1.0
    assert table.column("alive").tolist() == [True, False, True, True]
    assert table.rows().tolist() == [0, 2, 3]
    with pytest.raises(KeyError, match="no living agent in row 1"):
        table.agent(1)
    with pytest.raises(KeyError):
        model.deregister_agent(gone)
    assert Firm(model).unique_id == 5


def test_agent_of_another_model_cannot_be_deregistered() -> None:
    one, other = ToyModel(), ToyModel()
    with pytest.raises(KeyError):
        one.deregister_agent(other.agents[0])
    assert len(one.agents) == len(other.agents) == 4


def test_remove_all_agents_calls_each_agents_own_remove() -> None:
    removed = []

    class Shy(Firm):
        def remove(self) -> None:
            removed.append(self.unique_id)
            super().remove()

    model = ToyModel(2)
    Shy.create_agents(model, 2)
    Authority(model)
    tracked = model.data_registry.track_agents(model.agents_by_type[Firm], "firms", ["stock_t"])
    assert tracked.data == [{"unique_id": 1, "stock_t": 0.0}, {"unique_id": 2, "stock_t": 1.0}]
    model.remove_all_agents()
    with pytest.raises(RuntimeError, match="closed"):
        _ = tracked.data
    assert removed == [3, 4]
    assert len(model.agents) == 0
    assert all(len(agents) == 0 for agents in model.agents_by_type.values())
    assert stocks(model) == []


# The model's public members -------------------------------------------------------------------------------------------


def test_model_serves_plain_and_column_agents_in_order_of_registration() -> None:
    model = ToyModel(2)
    authority = Authority(model)
    plants = Plant.create_agents(model, 1)
    mill = Mill(model)
    late = Authority(model)
    kinds = [type(agent) for agent in model.agents]
    assert kinds == [Firm, Firm, Authority, Plant, Mill, Authority]
    assert model.agent_types == [Firm, Authority, Plant, Mill]
    assert model.agents_by_type[Authority].to_list() == [authority, late]
    assert model.agents_by_type[Mill].to_list() == [mill]
    assert plants.to_list() == model.agents_by_type[Plant].to_list()
    late.remove()
    assert list(model.agents)[-1] is mill


def test_registered_sets_are_live() -> None:
    model = ToyModel()
    everyone, firms = model.agents, model.agents_by_type[Firm]
    Firm.create_agents(model, 3)
    assert (len(everyone), len(firms)) == (7, 7)
    firms[0].remove()
    assert (len(everyone), len(firms)) == (6, 6)
    assert everyone is model.agents


def test_agents_cannot_be_replaced() -> None:
    with pytest.raises(AttributeError):
        ToyModel().agents = []


def test_observers_hear_of_every_agent() -> None:
    model, heard = ToyModel(0), []

    def note(message: object) -> None:
        heard.append((message.signal_type, message.additional_kwargs["args"][0].unique_id))

    model.observe("agents", ModelSignals.AGENT_ADDED, note)
    model.observe("agents", ModelSignals.AGENT_REMOVED, note)
    Firm(model)
    Firm.create_agents(model, 2)
    model.agents[1].remove()
    added, removed = ModelSignals.AGENT_ADDED, ModelSignals.AGENT_REMOVED
    assert heard == [(added, 1), (added, 2), (added, 3), (removed, 2)]


# Models as values -----------------------------------------------------------------------------------------------------


def test_two_models_at_once_do_not_touch_each_other() -> None:
    one, other = ToyModel(step_t=1.0), ToyModel(step_t=10.0)
    mine, theirs = one.agents[0], other.agents[0]
    one.step()
    other.step()
    one.step()
    mine.stock_t += 100.0
    assert stocks(one) == [102.0, 3.0, 4.0, 5.0]
    assert stocks(other) == [10.0, 11.0, 12.0, 13.0]
    assert theirs.stock_t == 10.0


def round_trip(model: ToyModel) -> ToyModel:
    return pickle.loads(pickle.dumps(model))


def test_deepcopy_is_independent_and_keeps_identity() -> None:
    check_copy(copy.deepcopy)


def test_pickle_is_independent_and_keeps_identity() -> None:
    # Mesa's DataCollector holds local functions for agent reporters, which nothing can pickle.
    check_copy(round_trip)


def check_copy(duplicate: object) -> None:
    model = ToyModel()
    model.datacollector = mesa.DataCollector(model_reporters={"total": total_stock})
    model.favourite = model.agents[2]
    model.subset = model.agents.select(at_most=2)
    Mill(model, heats=7)
    authority = Authority(model)
    model.agents[0].remove()
    model.step()
    twin = duplicate(model)
    assert isinstance(twin.tables[Firm], Table)
    assert twin.favourite is twin.agents[1]
    assert twin.favourite is not model.favourite
    assert twin.favourite.model is twin
    assert twin.favourite.column_table is twin.tables[Firm]
    assert twin.agents[-1].unique_id == authority.unique_id
    assert twin.agents[-1] is not authority
    assert twin.subset.get("unique_id") == [2]
    twin.step()
    twin.step()
    twin.favourite.stock_t = -5.0
    twin.agents[0].remove()
    Firm(twin)
    assert model.agents_by_type[Firm].get("stock_t") == [2.0, 3.0, 4.0]
    assert twin.agents_by_type[Firm].get("stock_t") == [-5.0, 6.0, 0.0]
    assert twin.agents_by_type[Mill].get("heats") == [7]
    assert (model.time, twin.time) == (1.0, 3.0)
    assert model.favourite.stock_t == 3.0


def test_data_collector_reports_model_and_agents() -> None:
    model = ToyModel(2)
    model.step()
    model.agents[0].remove()
    model.step()
    totals = model.datacollector.get_model_vars_dataframe()
    assert totals["total"].tolist() == totals["seen"].tolist() == [3.0, 5.0]
    agents = model.datacollector.get_agent_vars_dataframe()
    assert agents["stock"].to_dict() == {(1.0, 1): 1.0, (1.0, 2): 2.0, (2.0, 2): 3.0}


def test_run_for_steps_the_model() -> None:
    model = ToyModel(1)
    model.run_for(3)
    assert stocks(model) == [3.0]


@pytest.fixture
def start_method() -> Iterator[None]:
    """Mesa's batch_run forces the spawn start method on the whole process."""
    before = multiprocessing.get_start_method(allow_none=True)
    yield
    multiprocessing.set_start_method(before, force=True)


@pytest.mark.usefixtures("start_method")
@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_batch_run(processes: int) -> None:
    results = mesa.batch_run(
        ToyModel, {"n": [2, 3], "step_t": 2.0}, number_processes=processes, max_steps=2, display_progress=False, rng=1
    )
    found = sorted((row["n"], row["AgentID"], row["stock"], row["total"]) for row in results)
    assert found == [
        (2, 1, 4.0, 9.0),
        (2, 2, 5.0, 9.0),
        (3, 1, 4.0, 15.0),
        (3, 2, 5.0, 15.0),
        (3, 3, 6.0, 15.0),
    ]


def test_created_agents_are_a_column_set() -> None:
    model = ToyModel()
    firms = Firm.create_agents(model, 2, stock_t=5.0)
    assert isinstance(firms, ColumnAgentSet)
    assert firms.table is model.tables[Firm]
    assert firms.rows.tolist() == [4, 5]
    assert firms.map("produce") == [7.0, 7.0]
