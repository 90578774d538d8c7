"""Column agent sets against Mesa's own agent sets: the same operation on twin models gives the same answer."""

import copy
import pickle
import statistics
from collections.abc import Callable
from typing import Any

import mesa
import numpy as np
import pytest

from model.agentsets import ColumnAgentSet
from model.columns import Col, ColumnAgent, ColumnModelMixin

STOCK_T = [3.0, 1.5, 3.0, -2.0, 0.0, 1.5, 8.25, 3.0]
REGION = [2, 1, 2, 3, 1, 1, 2, 3]


class ColumnFirm(ColumnAgent, table=True):
    stock_t = Col("f8", "t")
    region = Col("i2", "1")
    load_mw = Col("f4", "MW", shape=(2,))
    label = "firm"

    @property
    def stock_kg(self) -> float:
        return 1000.0 * self.stock_t

    def ship(self, amount_t: float) -> float:
        self.stock_t -= amount_t
        return self.stock_t


class ColumnMill(ColumnFirm):
    heats = Col("u1", "1")
    label = "mill"


class ColumnPlant(ColumnAgent, table=True):
    stock_t = Col("f4", "t")
    region = Col("i8", "1")
    load_mw = Col("f8", "MW", shape=(2,))
    label = "plant"
    stock_kg = ColumnFirm.stock_kg
    ship = ColumnFirm.ship


class PlainFirm(mesa.Agent):
    label = "firm"

    def __init__(self, model: mesa.Model, stock_t: float = 0.0, region: int = 0, heats: int | None = None) -> None:
        mesa.Agent.__init__(self, model)
        self.stock_t, self.region = stock_t, region
        self.load_mw = np.zeros(2)
        if heats is not None:
            self.heats = heats

    stock_kg = ColumnFirm.stock_kg
    ship = ColumnFirm.ship


class PlainMill(PlainFirm):
    label = "mill"


class PlainPlant(mesa.Agent):
    label = "plant"
    __init__ = PlainFirm.__init__
    stock_kg = ColumnFirm.stock_kg
    ship = ColumnFirm.ship


class ColumnModel(ColumnModelMixin, mesa.Model):
    firm, mill, plant = ColumnFirm, ColumnMill, ColumnPlant


class PlainModel(mesa.Model):
    firm, mill, plant = PlainFirm, PlainMill, PlainPlant


def build(cls: type[Any]) -> Any:
    """Five firms, two mills and a plant, registered in mixed order, the same in both kinds of model."""
    model = cls(rng=5)
    model.firm.create_agents(model, 4, stock_t=STOCK_T[:4], region=REGION[:4])
    model.mill(model, stock_t=STOCK_T[4], region=REGION[4], heats=6)
    model.plant(model, stock_t=STOCK_T[5], region=REGION[5])
    model.firm(model, stock_t=STOCK_T[6], region=REGION[6])
    model.mill(model, stock_t=STOCK_T[7], region=REGION[7], heats=7)
    return model


@pytest.fixture
def twins() -> tuple[Any, Any]:
    return build(ColumnModel), build(PlainModel)


def plain(value: Any) -> Any:
    """Sets as lists of ids, so that answers of twin models can be compared."""
    if isinstance(value, mesa.agentset.AbstractAgentSet | list):
        return [plain(v) for v in value]
    if isinstance(value, mesa.agentset.GroupBy):
        return [(key, plain(group)) for key, group in value.groups.items()]
    return value.unique_id if isinstance(value, mesa.Agent) else value


def has_stock(agent: Any) -> bool:
    return bool(agent.stock_t > 1.0)


def stock_and_region(agent: Any) -> tuple[float, int]:
    return agent.region, agent.stock_t


def add_label(agent: Any, mark: str, times: int = 1) -> str:
    agent.label += mark * times
    return agent.label


OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "len": lambda s, m: len(s),
    "iter": lambda s, m: list(s),
    "to_list": lambda s, m: s.to_list(),
    "first": lambda s, m: s[0],
    "last": lambda s, m: s[-1],
    "slice": lambda s, m: s[1:6:2],
    "get column": lambda s, m: s.get("stock_t"),
    "get property": lambda s, m: s.get("stock_kg"),
    "get class attribute": lambda s, m: s.get("label"),
    "get id": lambda s, m: s.get("unique_id"),
    "get several": lambda s, m: s.get(["stock_t", "label", "region"]),
    "get none": lambda s, m: s.get([]),
    "get default": lambda s, m: s.get("heats", handle_missing="default", default_value=-1),
    "get several default": lambda s, m: s.get(["heats", "region"], "default", None),
    "agg sum": lambda s, m: s.agg("stock_t", sum),
    "agg min": lambda s, m: s.agg("stock_t", min),
    "agg len": lambda s, m: s.agg("stock_t", len),
    "agg mean": lambda s, m: s.agg("stock_t", np.mean),
    "agg median": lambda s, m: s.agg("region", statistics.median),
    "agg several": lambda s, m: s.agg("region", [min, max, sum, np.std, sorted]),
    "agg property": lambda s, m: s.agg("stock_kg", max),
    "agg lambda on list": lambda s, m: s.agg("region", lambda xs: xs[::-1] if xs else None),
    "set column": lambda s, m: s.set("stock_t", 4.0).get("stock_t"),
    "set attribute": lambda s, m: s.set("note", "x").get("note"),
    "select all": lambda s, m: s.select(),
    "select filter": lambda s, m: s.select(has_stock),
    "select first": lambda s, m: s.select(has_stock, at_most=2),
    "select none": lambda s, m: s.select(has_stock, at_most=0),
    "select negative": lambda s, m: s.select(at_most=-3),
    "select share": lambda s, m: s.select(at_most=0.4),
    "select everyone as share": lambda s, m: s.select(at_most=1.0),
    "select one": lambda s, m: s.select(at_most=1),
    "select too many": lambda s, m: s.select(has_stock, at_most=99),
    "select type": lambda s, m: s.select(agent_type=m.firm),
    "select type and filter": lambda s, m: s.select(has_stock, agent_type=m.mill, at_most=1),
    "select inplace": lambda s, m: [s.select(has_stock, inplace=True) is s, s],
    "shuffle": lambda s, m: s.shuffle(),
    "shuffle inplace": lambda s, m: [s.shuffle(inplace=True) is s, s],
    "sort descending": lambda s, m: s.sort("stock_t"),
    "sort ascending": lambda s, m: s.sort("stock_t", ascending=True),
    "sort integers": lambda s, m: s.sort("region"),
    "sort by property": lambda s, m: s.sort("stock_kg"),
    "sort by function": lambda s, m: s.sort(stock_and_region, ascending=True),
    "sort by path": lambda s, m: s.sort("model.time"),
    "sort inplace": lambda s, m: [s.sort("region", inplace=True) is s, s],
    "groupby column": lambda s, m: s.groupby("region"),
    "groupby attribute": lambda s, m: s.groupby("label"),
    "groupby function": lambda s, m: s.groupby(has_stock),
    "groupby list": lambda s, m: s.groupby("region", result_type="list"),
    "groupby agg": lambda s, m: s.groupby("region").agg("stock_t", sum),
    "groupby count": lambda s, m: s.groupby("region").count(),
    "groupby map": lambda s, m: s.groupby("region").map("get", "stock_t"),
    "do name": lambda s, m: [s.do("ship", 0.5) is s, s.get("stock_t")],
    "do function": lambda s, m: [s.do(add_label, "!", times=2) is s, s.get("label")],
    "map name": lambda s, m: s.map("ship", amount_t=1.0),
    "map function": lambda s, m: s.map(add_label, "?"),
    "shuffle_do": lambda s, m: [s.shuffle_do(lambda a: m.__dict__.setdefault("log", []).append(a)) is s, m.log],
    "do removing": lambda s, m: [s.do(lambda a: s[-1].remove()).get("unique_id"), m.agents],
    "union": lambda s, m: s.select(at_most=2) | s.select(agent_type=m.mill),
    "intersection": lambda s, m: s.select(has_stock) & s.select(agent_type=m.mill),
    "difference": lambda s, m: s.select() - s.select(agent_type=m.mill),
    "equal": lambda s, m: [s.shuffle() == s.select(), s.select(at_most=2) == s],
    "contains": lambda s, m: [m.agents[i] in s.select(has_stock) for i in range(8)],
    "contains others": lambda s, m: [3 in s, mesa.Agent(mesa.Model()) in s],
    "copy": lambda s, m: copy.copy(s),
    "by type": lambda s, m: [m.agents_by_type[m.mill].get("heats"), m.agents_by_type[m.firm]],
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_same_answer_as_mesa(twins: tuple[Any, Any], name: str) -> None:
    mine, theirs = (plain(OPERATIONS[name](model.agents, model)) for model in twins)
    assert mine == theirs
    states = [[(a.unique_id, a.stock_t, a.region, a.label) for a in model.agents] for model in twins]
    assert states[0] == states[1]


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        (lambda s: s.get("price"), AttributeError),
        (lambda s: s.get("heats"), AttributeError),
        (lambda s: s.agg("price", sum), AttributeError),
        (lambda s: s.get("stock_t", handle_missing="ignore"), ValueError),
        (lambda s: s.remove(mesa.Agent(mesa.Model())), KeyError),
        (lambda s: s.sort("load_mw"), ValueError),
        (lambda s: s.groupby("load_mw"), TypeError),
        (lambda s: s[8], IndexError),
        (lambda s: s.select(at_most=0).agg("stock_t", min), ValueError),
    ],
)
def test_same_error_as_mesa(twins: tuple[Any, Any], operation: Callable[[Any], Any], error: type[Exception]) -> None:
    for model in twins:
        with pytest.raises(error):
            operation(model.agents)


def test_results_are_plain_python_numbers_where_mesa_gives_them(twins: tuple[Any, Any]) -> None:
    for model in twins:
        for value in [*model.agents.get("stock_t"), model.agents.agg("stock_t", sum)]:
            assert type(value) is float
        for value in [
            *model.agents.get("region"),
            model.agents.agg("region", max),
            *model.agents.groupby("region").groups,
        ]:
            assert type(value) is int
        assert type(model.agents.agg("stock_t", np.mean)) is np.float64


def test_float32_columns_are_added_in_float64() -> None:
    model = ColumnModel()
    ColumnPlant.create_agents(model, 100_001, stock_t=0.1)
    stored = float(np.float32(0.1))
    assert model.agents.agg("stock_t", sum) == pytest.approx(100_001 * stored, rel=1e-12)
    assert model.agents.agg("stock_t", np.mean) == pytest.approx(stored, rel=1e-12)


def test_column_is_a_copy_in_the_order_of_the_set() -> None:
    model = build(ColumnModel)
    values = model.agents.sort("stock_t", ascending=True).column("stock_t")
    assert values.tolist() == sorted(STOCK_T)
    values[:] = 99.0
    assert model.agents.column("stock_t").tolist() == STOCK_T
    assert model.agents.column("unique_id").tolist() == list(range(1, 9))
    assert model.agents_by_type[ColumnMill].column("load_mw").shape == (2, 2)


def test_column_that_some_agents_lack_is_refused() -> None:
    model = build(ColumnModel)
    with pytest.raises(AttributeError, match="'heats' is not a column of every agent"):
        model.agents.column("heats")
    with pytest.raises(AttributeError, match="'heats'"):
        model.agents_by_type[ColumnFirm].column("heats")
    assert model.agents_by_type[ColumnMill].column("heats").tolist() == [6, 7]


def test_set_on_a_column_checks_the_value() -> None:
    model = build(ColumnModel)
    with pytest.raises(ValueError, match="region"):
        model.agents.set("region", 1.5)
    with pytest.raises(ValueError, match="one value"):
        model.agents.set("stock_t", STOCK_T)
    assert model.agents.get("region") == REGION
    assert model.agents.get("stock_t") == STOCK_T


def test_shaped_columns_give_live_rows() -> None:
    model = build(ColumnModel)
    firms = model.agents.select(agent_type=ColumnFirm)
    firms.set("load_mw", [1.0, 2.0])
    firms.get("load_mw")[0][1] = 5.0
    assert firms.agg("load_mw", sum).tolist() == [7.0, 17.0]
    assert firms.agg("load_mw", np.max) == 5.0


def test_table_and_rows_address_the_columns() -> None:
    model = build(ColumnModel)
    mills = model.agents_by_type[ColumnMill]
    mills.table.column("stock_t")[mills.rows] = [10.0, 20.0]
    assert mills.get("stock_t") == [10.0, 20.0]
    assert model.agents_by_type[ColumnPlant].rows.tolist() == [0]
    assert model.agents.select(agent_type=ColumnFirm).rows.tolist() == [0, 1, 2, 3, 4, 5, 6]
    with pytest.raises(ValueError, match="2 tables"):
        _ = model.agents.rows


def test_take_by_mask_and_positions() -> None:
    agents = build(ColumnModel).agents
    assert agents.take(agents.column("stock_t") > 2.0).get("unique_id") == [1, 3, 7, 8]
    assert agents.take([4, 0]).get("unique_id") == [5, 1]


def test_shuffled_model_set_keeps_its_order_and_newcomers_join_at_the_end(twins: tuple[Any, Any]) -> None:
    for model in twins:
        model.agents.sort("stock_t", inplace=True)
        model.plant(model)
        model.firm.create_agents(model, 2)
    assert plain(twins[0].agents) == plain(twins[1].agents)
    assert plain(twins[0].agents)[-3:] == [9, 10, 11]


def test_derived_sets_do_not_grow_but_lose_removed_agents() -> None:
    model = build(ColumnModel)
    everyone = model.agents.copy()
    model.firm(model)
    model.agents[0].remove()
    assert plain(everyone) == [2, 3, 4, 5, 6, 7, 8]
    assert plain(model.agents) == [2, 3, 4, 5, 6, 7, 8, 9]


def test_adding_and_discarding_change_one_set_only() -> None:
    model = build(ColumnModel)
    firm, plant, other = model.agents[0], model.agents[5], model.agents[1]
    chosen = ColumnAgentSet([firm, other, firm])
    chosen.add(plant)
    chosen.add(firm)
    assert plain(chosen) == [1, 2, 6]
    chosen.discard(firm)
    chosen.discard(firm)
    with pytest.raises(KeyError):
        chosen.remove(firm)
    assert plain(chosen) == [2, 6]
    assert chosen.pop() is other
    chosen.clear()
    assert len(chosen) == 0
    assert len(model.agents) == 8


def test_subset_may_take_agents_of_other_tables_without_changing_its_origin() -> None:
    model = build(ColumnModel)
    firms = model.agents_by_type[ColumnFirm]
    chosen = firms.select(has_stock)
    chosen.add(model.agents_by_type[ColumnPlant][0])
    assert plain(chosen) == [1, 2, 3, 7, 6]
    ColumnPlant.create_agents(model, 2)
    model.firm(model)
    assert plain(firms) == [1, 2, 3, 4, 7, 11]
    assert plain(chosen) == [1, 2, 3, 7, 6]


def test_select_asks_no_more_agents_than_needed() -> None:
    model, asked = build(ColumnModel), []

    def remember(agent: Any) -> bool:
        asked.append(agent.unique_id)
        return has_stock(agent)

    assert plain(model.agents.select(remember, at_most=2)) == [1, 2]
    assert asked == [1, 2]


def test_agents_removed_while_a_filter_looks_at_them_do_not_join() -> None:
    model = build(ColumnModel)
    chosen = model.agents.select(lambda agent: agent.unique_id != 3 or agent.remove() is None)
    assert plain(chosen) == [1, 2, 4, 5, 6, 7, 8]


def test_removed_agents_cannot_join() -> None:
    model = build(ColumnModel)
    gone, chosen = model.agents[0], model.agents.select(at_most=0)
    gone.remove()
    with pytest.raises(ValueError, match="agent 1 was removed"):
        chosen.add(gone)
    assert len(ColumnAgentSet([gone], model.random)) == 0


def test_model_set_takes_no_agents_of_other_models() -> None:
    model, other = build(ColumnModel), build(ColumnModel)
    with pytest.raises(ValueError, match="no table of this set"):
        model.agents.add(other.agents[0])
    assert len(model.agents) == 8


def test_set_of_foreign_agents_is_refused() -> None:
    with pytest.raises(TypeError, match="is in no table"):
        ColumnAgentSet(build(PlainModel).agents)
    with pytest.raises(ValueError, match="needs random="):
        ColumnAgentSet()


def test_mesa_sets_accept_column_agents() -> None:
    model = build(ColumnModel)
    theirs = mesa.agent.AgentSet(model.agents, model.random)
    assert theirs.get("stock_t") == STOCK_T
    assert theirs.agg("region", max) == 3


def test_empty_sets_answer() -> None:
    agents = ColumnModel().agents
    assert (len(agents), agents.to_list(), agents.get("stock_t"), agents.agg("stock_t", sum)) == (0, [], [], 0)
    assert agents.shuffle().sort("stock_t").select(has_stock).groupby("region").count() == {}
    assert agents.set("stock_t", 1.0).do("ship").map("ship") == []


def test_sets_survive_pickling_with_their_model() -> None:
    model = build(ColumnModel)
    model.chosen = model.agents.sort("stock_t").select(at_most=3)
    twin = pickle.loads(pickle.dumps(model))
    assert plain(twin.chosen) == plain(model.chosen) == [7, 1, 3]
    twin.agents[0].remove()
    assert plain(twin.chosen) == [7, 3]
    assert plain(model.chosen) == [7, 1, 3]
