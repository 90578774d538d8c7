"""Mesa's agent-set interface over rows of column tables; agent objects are made only when touched.

Order and return values are Mesa's. Two differences are meant: removed agents leave every column
set at once, and builtin `sum`, `min` and `max` over a column run in numpy (same value up to rounding).
"""

import itertools
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self

import numpy as np
from mesa.agentset import AbstractAgentSet, GroupBy

from model.tables import Array, Rows, Table

# Builtins that Mesa users pass to agg; on a column their numpy twin is 10-100 times faster.
_NUMPY_TWINS: tuple[tuple[Any, Callable[[Array], Any]], ...] = ((sum, np.sum), (min, np.min), (max, np.max))


def _aggregate(values: Array, func: Callable[[Any], Any]) -> Any:
    """Apply `func` to a column: numpy's functions get the array, any other a list as Mesa gives it."""
    for builtin, twin in _NUMPY_TWINS:
        if func is builtin and values.ndim == 1:
            return twin(values).item()
    if (getattr(func, "__module__", None) or "").partition(".")[0] == "numpy":
        return func(values)
    return func(values.tolist() if values.ndim == 1 else list(values))


def _widened(values: Array) -> Array:
    """Return values as float64, int64, uint64 or bool: what numpy makes of the Python numbers."""
    wide = {"f": np.float64, "i": np.int64, "u": np.int64, "b": np.bool_}[values.dtype.kind]
    return values if values.dtype == np.uint64 else values.astype(wide, copy=False)


class ColumnAgentSet(AbstractAgentSet):
    """An ordered set of agents, kept as rows of tables.

    Whatever Mesa does with an attribute that is a column of all agents in the set (agg, get, set,
    sort, groupby) runs on the column; everything else makes the agents and does as Mesa does.
    Removed agents leave the set. Derived sets (select, shuffle, sort, groupby, copy) do not grow.

    Args:
        agents: agents of models with `ColumnModelMixin`, in order; duplicates are dropped.
        random: generator for `shuffle`; taken from the first agent's model where missing.

    Raises:
        ValueError: no agents and no `random`.
        TypeError: an agent without a table.
    """

    def __init__(self, agents: Iterable[Any] = (), random: Any = None) -> None:
        self._tables: list[Table] = []
        self._codes: Array = np.zeros(0, np.int16)  # for each member the index of its table in _tables
        self._rows: Rows = np.zeros(0, np.int64)
        self._removals = 0
        self._update(agents)
        if random is None and not self._tables:
            msg = "an empty ColumnAgentSet needs random="
            raise ValueError(msg)
        self.random = self._tables[0].model.random if random is None else random

    @classmethod
    def of_rows(cls, table: Table, rows: Rows, random: Any) -> "ColumnAgentSet":
        """Return the set of the agents in these rows of `table`, in that order."""
        members = ColumnAgentSet((), random)
        members._tables = [table]
        members._codes, members._rows = np.zeros(len(rows), np.int16), rows
        members._removals = -1
        return members

    def _update(self, agents: Iterable[Any]) -> Self:
        """Replace the members by `agents`, in their order."""
        members = list(dict.fromkeys(agents))
        self._codes = np.array([self._code_of(agent) for agent in members], np.int16)
        self._rows = np.array([agent.column_row for agent in members], np.int64)
        return self

    def _code_of(self, agent: Any) -> int:
        """Return the index of the agent's table, a new one where it was not in use."""
        table = getattr(agent, "column_table", None)
        if table is None:
            msg = f"{agent!r} is in no table; column sets hold agents of models with ColumnModelMixin"
            raise TypeError(msg)
        if table not in self._tables:
            self._tables.append(table)
        return self._tables.index(table)

    def _current(self) -> tuple[Array, Rows]:
        """Return tables' indices and rows of the members, without those removed since the last look."""
        removals = sum(table.n_removed for table in self._tables)
        if removals != self._removals:
            alive = self._gather("alive").astype(np.bool_)
            self._codes, self._rows = self._codes[alive], self._rows[alive]
            self._removals = removals
        return self._codes, self._rows

    def _gather(self, name: str) -> Array:
        """Return a column's values for the members, in order, as a copy."""
        if len(self._tables) == 1:
            return self._tables[0].column(name)[self._rows]
        masks = [(table, self._codes == code) for code, table in enumerate(self._tables)]
        parts = [(mask, table.column(name)[self._rows[mask]]) for table, mask in masks if mask.any()]
        if not parts:
            return np.zeros(0)
        gathered = np.empty((len(self._rows), *parts[0][1].shape[1:]), np.result_type(*(p for _, p in parts)))
        for mask, part in parts:
            gathered[mask] = part
        return gathered

    def _is_column(self, name: str) -> bool:
        """Tell whether attribute `name` is a column for every member."""
        if name == "unique_id" or all(name in columns for table in self._tables for columns in table.kind_columns):
            return True
        if not len(self._rows):
            return all(name in table.names for table in self._tables)
        return all(
            name in table.kind_columns[kind]
            for code, table in enumerate(self._tables)
            for kind in np.flatnonzero(np.bincount(table.column("kind")[self._rows[self._codes == code]]))
        )

    def _numbers(self, key: Any) -> Array | None:
        """Return the members' values where `key` names a column of single numbers, else None."""
        self._current()
        if not (isinstance(key, str) and self._is_column(key)):
            return None
        values = self._gather(key)
        return values if values.ndim == 1 else None

    def _living(self) -> Iterator[tuple[int, Any]]:
        """Yield position and agent for the members of this moment, without those removed meanwhile."""
        codes, rows = self._current()
        for position, (code, row) in enumerate(zip(codes.tolist(), rows.tolist(), strict=True)):
            table = self._tables[code]
            if table.column("alive")[row]:
                yield position, table.agent(row)

    @property
    def table(self) -> Table:
        """The one table of the members; ValueError where they stand in several."""
        return self._require_one_table()

    @property
    def rows(self) -> Rows:
        """The members' rows in `table`, in order; ValueError where they stand in several tables."""
        self._require_one_table()
        return self._rows.copy()

    def _require_one_table(self) -> Table:
        codes, _ = self._current()
        used = np.unique(codes) if len(codes) else range(len(self._tables))
        if len(used) != 1:
            msg = f"the agents stand in {len(used)} tables, not one"
            raise ValueError(msg)
        return self._tables[used[0]]

    def column(self, name: str) -> Array:
        """Return the members' values of a column, in order, as a copy of shape (len(self), *shape).

        To write values, use `table.column(name)[rows]`.

        Raises:
            AttributeError: it is not a column of every member.
        """
        self._current()
        if name not in {"kind", "alive"} and not self._is_column(name):
            msg = f"{name!r} is not a column of every agent in the set"
            raise AttributeError(msg)
        return self._gather(name)

    def take(self, index: Any) -> "ColumnAgentSet":
        """Return the members at `index` (positions, slice or boolean mask), in that order."""
        codes, rows = self._current()
        return self._derive(codes[index], rows[index])

    def _derive(self, codes: Array, rows: Rows, inplace: bool = False) -> "ColumnAgentSet":
        """Return a new set of these rows, or this one with these rows where `inplace`."""
        derived = self if inplace else ColumnAgentSet((), self.random)
        derived._tables = self._tables if inplace else list(self._tables)
        derived._codes, derived._rows = codes, rows
        derived._removals = -1  # look for removed agents at the next use
        return derived

    def __repr__(self) -> str:
        """Return the number of agents and their classes."""
        roots = ", ".join(table.root.__name__ for table in self._tables)
        return f"{type(self).__name__}({len(self)} agents of {roots})"

    def __len__(self) -> int:
        """Return the number of agents."""
        return len(self._current()[1])

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the agents of this moment, in order."""
        return (agent for _, agent in self._living())

    def __contains__(self, agent: object) -> bool:
        """Tell whether `agent` is in the set."""
        return self._position(agent) is not None

    def _position(self, agent: object) -> int | None:
        table = getattr(agent, "column_table", None)
        codes, rows = self._current()
        if table is None or table not in self._tables:
            return None
        found = np.flatnonzero((rows == getattr(agent, "column_row", -1)) & (codes == self._tables.index(table)))
        return int(found[0]) if len(found) else None

    def __getitem__(self, item: int | slice) -> Any:
        """Return the agent at a position, or a list of agents for a slice, as `model.agents` does in Mesa."""
        if isinstance(item, slice):
            return self.take(item).to_list()
        codes, rows = self._current()
        return self._tables[codes[item]].agent(int(rows[item]))

    def __copy__(self) -> "ColumnAgentSet":
        """Return a set of the same agents that can change on its own."""
        return self.take(slice(None))

    def copy(self) -> "ColumnAgentSet":
        """Return a set of the same agents that can change on its own."""
        return self.take(slice(None))

    def _from_iterable(self, agents: Iterable[Any]) -> "ColumnAgentSet":
        """Return the set that `|`, `&`, `-` and `^` build."""
        return ColumnAgentSet(agents, self.random)

    def to_list(self) -> list[Any]:
        """Return all agents as a list."""
        return list(iter(self))

    def select(
        self,
        filter_func: Callable[[Any], bool] | None = None,
        at_most: int | float = math.inf,
        inplace: bool = False,
        agent_type: type | None = None,
    ) -> "ColumnAgentSet":
        """Return the agents that pass `filter_func` and are of `agent_type`, the first `at_most` of them.

        `at_most` is a number, or where it is a float up to 1.0 a share of the set, rounded down.
        """
        codes, rows = self._current()
        limit = int(len(rows) * at_most) if isinstance(at_most, float) and at_most <= 1.0 else at_most
        end = len(rows) if limit == math.inf else max(math.ceil(limit), 0)
        chosen = np.arange(len(rows)) if agent_type is None else np.flatnonzero(self._is_instance(agent_type))
        if filter_func is not None:
            candidates = self._derive(codes[chosen], rows[chosen])
            passed = (position for position, agent in candidates._living() if filter_func(agent))
            chosen = chosen[np.fromiter(itertools.islice(passed, end), np.int64)]
        chosen = chosen[:end]
        return self._derive(codes[chosen], rows[chosen], inplace)

    def _is_instance(self, agent_type: type) -> Array:
        """Return for each member whether it is an instance of `agent_type`."""
        mask = np.zeros(len(self._rows), np.bool_)
        for code, table in enumerate(self._tables):
            mine = np.flatnonzero(self._codes == code)
            member = np.array([issubclass(kind, agent_type) for kind in table.kinds], np.bool_)
            mask[mine] = member[table.column("kind")[self._rows[mine]]]
        return mask

    def shuffle(self, inplace: bool = False) -> "ColumnAgentSet":
        """Return the agents in random order; the same order as Mesa for the same state of `random`."""
        codes, rows = self._current()
        order = list(range(len(rows)))
        self.random.shuffle(order)
        return self._derive(codes[order], rows[order], inplace)

    def sort(self, key: Callable[[Any], Any] | str, ascending: bool = False, inplace: bool = False) -> "ColumnAgentSet":
        """Return the agents sorted by an attribute or function, equal ones in their old order."""
        codes, rows = self._current()
        values = self._numbers(key)
        if values is not None:
            # Reversing before and after a stable ascending sort gives a stable descending one.
            order = np.argsort(values if ascending else values[::-1], axis=0, kind="stable")
            order = order if ascending else len(values) - 1 - order[::-1]
        else:
            by = operator.attrgetter(key) if isinstance(key, str) else key
            keyed = [(by(agent), position) for position, agent in self._living()]
            keyed.sort(key=operator.itemgetter(0), reverse=not ascending)
            order = np.array([position for _, position in keyed], np.int64)
        return self._derive(codes[order], rows[order], inplace)

    def groupby(self, by: Callable[[Any], Any] | str, result_type: str = "agentset") -> Any:
        """Return Mesa's GroupBy of the agents by an attribute or function; groups in order of first member."""
        codes, rows = self._current()
        values = self._numbers(by)
        keyed: Iterable[tuple[int, Any]]
        if values is not None:
            keyed = enumerate(_widened(values).tolist())
        else:
            key_of = operator.attrgetter(by) if isinstance(by, str) else by
            keyed = ((position, key_of(agent)) for position, agent in self._living())
        positions: dict[Any, list[int]] = {}
        for position, key in keyed:
            positions.setdefault(key, []).append(position)
        groups = {key: self._derive(codes[members], rows[members]) for key, members in positions.items()}
        if result_type == "agentset":
            return GroupBy(groups)
        return GroupBy({key: group.to_list() for key, group in groups.items()})

    def get(self, attr_names: str | list[str], handle_missing: str = "error", default_value: Any = None) -> list[Any]:
        """Return a list with each agent's attribute, or with a list of them where `attr_names` is a list.

        Args:
            attr_names: one name or several.
            handle_missing: "error" or "default".
            default_value: for agents without the attribute, with "default".

        Raises:
            AttributeError: an agent lacks the attribute, with "error".
            ValueError: `handle_missing` is neither.
        """
        if handle_missing not in {"error", "default"}:
            msg = f"Unknown handle_missing option: {handle_missing}, should be one of 'error' or 'default'"
            raise ValueError(msg)
        fallback = () if handle_missing == "error" else (default_value,)
        if isinstance(attr_names, str):
            return self._values(attr_names, fallback)
        each = [self._values(name, fallback) for name in attr_names]
        return [list(values) for values in zip(*each, strict=True)] if each else [[] for _ in range(len(self))]

    def _values(self, name: str, fallback: tuple[Any, ...]) -> list[Any]:
        values = self._numbers(name)
        if values is not None:
            return list(values.tolist())
        return [getattr(agent, name, *fallback) for agent in self]

    def agg(self, attribute: str, func: Callable[[Any], Any] | Iterable[Callable[[Any], Any]]) -> Any:
        """Return `func` of the agents' values of an attribute, or a list of results for several functions.

        On a column, numpy functions and builtin sum, min, max get the array in float64 (int64), others a list.
        """
        self._current()
        funcs = [func] if callable(func) else list(func)
        if self._is_column(attribute):
            column = _widened(self._gather(attribute))
            results = [_aggregate(column, f) for f in funcs]
        else:
            values = self._values(attribute, ())
            results = [f(values) for f in funcs]
        return results[0] if callable(func) else results

    def set(self, attr_name: str, value: Any) -> Self:
        """Set an attribute of all agents to one value, and return the set."""
        codes, rows = self._current()
        if attr_name == "unique_id" or not self._is_column(attr_name):
            for agent in self:
                setattr(agent, attr_name, value)
            return self
        for code, table in enumerate(self._tables):
            mine = rows[codes == code]
            if len(mine):
                table.column(attr_name)[mine] = table.declaration(attr_name).fit(value)
        return self

    def map(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Call a method (by name) or a function on each agent and return the results."""
        if isinstance(method, str):
            return [getattr(agent, method)(*args, **kwargs) for agent in self]
        return [method(agent, *args, **kwargs) for agent in self]

    def do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> Self:
        """Call a method (by name) or a function on each agent, and return the set."""
        self.map(method, *args, **kwargs)
        return self

    def shuffle_do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> Self:
        """Call a method (by name) or a function on each agent in random order, and return the set."""
        self.shuffle().map(method, *args, **kwargs)
        return self

    def add(self, agent: Any) -> None:
        """Add an agent at the end where it is not in the set.

        Raises:
            ValueError: the agent was removed from its model.
        """
        if agent in self:
            return
        code = self._code_of(agent)
        if not agent.column_table.column("alive")[agent.column_row]:
            msg = f"agent {agent.unique_id} was removed from its model and cannot join a set"
            raise ValueError(msg)
        self._current()
        self._codes = np.append(self._codes, np.int16(code))
        self._rows = np.append(self._rows, agent.column_row)

    def discard(self, agent: Any) -> None:
        """Take an agent out of the set where it is in it; it stays in the model."""
        position = self._position(agent)
        if position is not None:
            self._codes, self._rows = np.delete(self._codes, position), np.delete(self._rows, position)

    def remove(self, agent: Any) -> None:
        """Take an agent out of the set; it stays in the model. KeyError where it is not in the set."""
        if agent not in self:
            raise KeyError(agent)
        self.discard(agent)


class RegisteredAgentSet(ColumnAgentSet):
    """The agents registered with a model, all or of one class: new agents join by themselves, at the end.

    Args:
        tables: the model's tables by storage class; looked at anew at each use.
        random: the model's generator.
        kind: only agents of exactly this class, as in Mesa's `agents_by_type`.
    """

    def __init__(self, tables: Mapping[type, Table], random: Any, kind: type | None = None) -> None:
        self._registry = tables
        self._kind = kind
        self._seen: list[int] = []  # for each table the rows already looked at
        super().__init__((), random)

    def _code_of(self, agent: Any) -> int:
        table = getattr(agent, "column_table", None)
        if table is None or table not in self._registry.values():
            msg = f"{agent!r} stands in no table of this set"
            raise ValueError(msg)
        return super()._code_of(agent)

    def _current(self) -> tuple[Array, Rows]:
        for table in self._registry.values():
            if table not in self._tables:
                self._tables.append(table)
        self._seen += [0] * (len(self._tables) - len(self._seen))
        if any(table.size != seen for table, seen in zip(self._tables, self._seen, strict=True)):
            self._admit()
        return super()._current()

    def _admit(self) -> None:
        """Append the rows made since the last look, in the order of registration."""
        codes, rows, ids = [], [], []
        for code, (table, seen) in enumerate(zip(self._tables, self._seen, strict=True)):
            fresh = np.arange(seen, table.size)
            if self._kind is not None:
                fresh = fresh[table.column("kind")[seen:] == table.kinds.index(self._kind)]
            codes.append(np.full(len(fresh), code, np.int16))
            rows.append(fresh)
            ids.append(table.column("unique_id")[fresh])
        order = np.argsort(np.concatenate(ids), kind="stable")
        self._codes = np.concatenate([self._codes, np.concatenate(codes)[order]])
        self._rows = np.concatenate([self._rows, np.concatenate(rows)[order]])
        self._seen = [table.size for table in self._tables]
