"""The column recorder against Mesa's DataCollector and against values known beforehand."""

import copy
import pickle

import mesa
import numpy as np
import pandas as pd
import pytest

from model.columns import Col, ColumnAgent, ColumnModelMixin
from model.recorder import Recorder


class Works(ColumnAgent, table=True):
    stock_t = Col("f8", "t")
    heats = Col("i4", "1")
    load_mw = Col("f4", "MW", shape=(24,))


class Mill(Works):
    rolls = Col("i4", "1")


class RecordedModel(ColumnModelMixin, mesa.Model):
    def __init__(self, n: int = 3, capacity_days: int = 4) -> None:
        super().__init__(rng=1)
        Works.create_agents(self, n, stock_t=np.arange(n, dtype=float))
        self.recorder = Recorder(self.tables[Works], {"stock": "stock_t", "heats": "heats"}, capacity_days)
        self.collector = mesa.DataCollector(agent_reporters={"stock": "stock_t", "heats": "heats"})

    def step(self) -> None:
        table = self.tables[Works]
        table.column("stock_t")[:] *= 2.0
        table.column("heats")[:] += 1
        self.recorder.record(self.time)
        self.collector.collect(self)


def test_arrays_hold_one_row_per_day() -> None:
    model = RecordedModel()
    model.run_for(3)
    assert model.recorder.array("stock").tolist() == [[0.0, 2.0, 4.0], [0.0, 4.0, 8.0], [0.0, 8.0, 16.0]]
    assert model.recorder.array("heats").dtype == np.int32
    assert model.recorder.steps.tolist() == [1.0, 2.0, 3.0]
    assert model.recorder.unique_ids.tolist() == [1, 2, 3]
    assert len(model.recorder) == 3
    assert model.recorder.names == ("stock", "heats")


def test_frame_is_that_of_mesas_data_collector() -> None:
    model = RecordedModel()
    model.run_for(2)
    frame = model.recorder.frame()
    pd.testing.assert_frame_equal(frame, model.collector.get_agent_vars_dataframe(), check_dtype=False)
    assert frame.index.names == ["Step", "AgentID"]
    assert frame.loc[(2.0, 3), "stock"] == 8.0


def test_frame_follows_agents_that_come_and_go_beyond_capacity() -> None:
    model = RecordedModel(capacity_days=1)
    model.step()
    model.agents[0].remove()
    model.step()
    Mill.create_agents(model, 2, stock_t=100.0)
    model.step()
    Works(model)
    model.run_for(2)
    frame = model.recorder.frame()
    pd.testing.assert_frame_equal(frame, model.collector.get_agent_vars_dataframe(), check_dtype=False)
    assert frame.groupby(level="Step").size().tolist() == [3, 2, 4, 5, 5]
    assert model.recorder.array("stock").shape == (5, 6)
    assert model.recorder.alive[:, 0].tolist() == [True, False, False, False, False]


def test_record_is_not_touched_by_later_steps_nor_by_the_reader() -> None:
    model = RecordedModel()
    model.step()
    first = model.recorder.array("stock").copy()
    model.step()
    assert model.recorder.array("stock")[0].tolist() == first[0].tolist()
    for view in (model.recorder.array("stock"), model.recorder.alive, model.recorder.steps):
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 5.0


def test_shaped_columns_keep_their_shape() -> None:
    model = RecordedModel()
    recorder = Recorder(model.tables[Works], ["load_mw"], 2)
    model.agents[1].load_mw[5] = 7.0
    recorder.record(1.0)
    model.agents[1].load_mw[5] = 8.0
    recorder.record(2.0)
    assert recorder.array("load_mw").shape == (2, 3, 24)
    assert recorder.array("load_mw")[:, 1, 5].tolist() == [7.0, 8.0]
    assert recorder.frame().loc[(2.0, 2), "load_mw"][5] == 8.0


def test_unknown_names_are_refused() -> None:
    model = RecordedModel()
    with pytest.raises(AttributeError, match="no column 'price'"):
        Recorder(model.tables[Works], {"price": "price"}, 1)
    with pytest.raises(KeyError, match="'price' is not recorded; recorded: stock, heats"):
        model.recorder.array("price")


def test_nothing_recorded_gives_empty_results() -> None:
    recorder = RecordedModel().recorder
    assert recorder.array("stock").shape == (0, 3)
    assert recorder.frame().shape == (0, 2)


def test_copied_model_records_on_its_own() -> None:
    model = RecordedModel()
    model.step()
    twin = copy.deepcopy(model)
    twin.step()
    assert (len(model.recorder), len(twin.recorder)) == (1, 2)
    assert twin.recorder.array("stock").tolist() == [[0.0, 2.0, 4.0], [0.0, 4.0, 8.0]]
    del model.collector  # its local functions cannot be pickled
    again = pickle.loads(pickle.dumps(model))
    again.tables[Works].column("stock_t")[:] = 9.0
    again.recorder.record(2.0)
    assert again.recorder.array("stock").tolist() == [[0.0, 2.0, 4.0], [9.0, 9.0, 9.0]]
    assert len(model.recorder) == 1
