"""Records columns of a table day by day, at the price of a copy, in the shape of Mesa's DataCollector.

Mesa's agent reporters make and ask every agent every day; here a day is one slice per column.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from model.tables import Array, Rows, Table

if TYPE_CHECKING:
    import pandas as pd


class Recorder:
    """The history of chosen columns of one table.

    Args:
        table: where the columns stand.
        columns: names in the record to names of columns; an iterable of names records them as they are.
        capacity_days: number of records to make room for; more are possible, at the price of a copy.

    Raises:
        AttributeError: the table has no such column.
    """

    def __init__(self, table: Table, columns: Mapping[str, str] | Iterable[str], capacity_days: int) -> None:
        self._table = table
        self._columns = dict(columns) if isinstance(columns, Mapping) else {name: name for name in columns}
        self._steps = np.zeros(capacity_days)
        self._days = 0
        self._alive: Array = np.zeros((capacity_days, table.size), np.bool_)
        self._arrays: dict[str, Array] = {}
        for name, source in self._columns.items():
            column = table.column(source)
            self._arrays[name] = np.zeros((capacity_days, *column.shape), column.dtype)

    def __len__(self) -> int:
        """Return the number of records."""
        return self._days

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the recorded columns."""
        return tuple(self._columns)

    @property
    def steps(self) -> Array:
        """The `step` of each record, shape (days,), read-only."""
        return _read_only(self._steps[: self._days])

    @property
    def unique_ids(self) -> Rows:
        """Mesa's id of each recorded agent, shape (agent,)."""
        return self._table.column("unique_id")[: self._alive.shape[1]].copy()

    @property
    def alive(self) -> Array:
        """Whether each agent was in the model at each record, shape (days, agent), read-only."""
        return _read_only(self._alive[: self._days])

    def record(self, step: float) -> None:
        """Append the columns as they are now.

        Args:
            step: label of the record; `model.time`, as Mesa's DataCollector uses it.
        """
        self._reserve(self._days + 1, self._table.size)
        day = self._days
        self._steps[day] = step
        self._alive[day] = self._table.column("alive")
        for name, source in self._columns.items():
            self._arrays[name][day] = self._table.column(source)
        self._days += 1

    def array(self, name: str) -> Array:
        """Return the record of a column, shape (days, agent, *shape of the column), read-only.

        Agents that were not in the model yet hold 0, removed ones their last value; see `alive`.

        Raises:
            KeyError: `name` is not recorded.
        """
        if name not in self._arrays:
            msg = f"{name!r} is not recorded; recorded: {', '.join(self._arrays)}"
            raise KeyError(msg)
        return _read_only(self._arrays[name][: self._days])

    def frame(self) -> "pd.DataFrame":
        """Return the record as `DataCollector.get_agent_vars_dataframe` would.

        Returns:
            One row per record and agent in the model at that time, index (Step, AgentID), one column
            per recorded name; columns with a shape hold one array per row.
        """
        import pandas as pd

        day, row = np.nonzero(self.alive)
        index = pd.MultiIndex.from_arrays([self._steps[day], self.unique_ids[row]], names=["Step", "AgentID"])
        data = {name: _as_series(self._arrays[name][day, row]) for name in self._columns}
        return pd.DataFrame(data, index=index)

    def _reserve(self, days: int, agents: int) -> None:
        """Make room for `days` records of `agents` agents."""
        held_days, held_agents = self._alive.shape
        if days <= held_days and agents == held_agents:
            return
        capacity = held_days if days <= held_days else max(days, 2 * held_days)
        self._steps = _grown(self._steps, (capacity,))
        self._alive = _grown(self._alive, (capacity, agents))
        self._arrays = {name: _grown(a, (capacity, agents, *a.shape[2:])) for name, a in self._arrays.items()}


def _grown(array: Array, shape: tuple[int, ...]) -> Array:
    """Return a copy of `array` in the first places of a zero array of the larger `shape`."""
    grown = np.zeros(shape, array.dtype)
    grown[tuple(slice(n) for n in array.shape)] = array
    return grown


def _read_only(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False
    return view


def _as_series(values: Array) -> Any:
    return values if values.ndim == 1 else list(values)
