"""Column tables: the state of all agents of one storage class, one numpy array per attribute.

Kernels read and write the arrays of a table, agents are views of its rows (model.columns).
A table belongs to one model: two models alive at once share nothing.
"""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, Self, overload

import numpy as np
from numpy.typing import DTypeLike, NDArray

type Array = NDArray[Any]
type Rows = NDArray[np.int64]

RESERVED = frozenset(
    {"unique_id", "kind", "alive", "column_table", "column_row", "columns", "table_root"}
    | {"model", "pos", "random", "rng", "scenario"}
)
"""Names no column may take: the table's bookkeeping and Mesa's own agent attributes."""

_GROWTH_SHIFT = 3
"""A full table grows by 1/8 beyond the need: amortised cost like a list, at most 12.5 % slack."""


class Col:
    """One attribute of a column agent: declared on the class, stored as a column of the agent's table.

    On an agent it reads and writes the agent's row: a plain Python number where `shape` is (),
    otherwise a writable view of shape `shape`. On the class it returns this declaration.

    Args:
        dtype: numpy boolean, integer or floating type.
        unit: unit of the values, "1" where dimensionless.
        default: value of new rows, of shape () or `shape`.
        shape: shape of one agent's value; the column has shape (agent, *shape).
        doc: what the attribute means.

    Attributes:
        name: attribute name, set by the class that declares the column.

    Raises:
        TypeError: `dtype` is not numeric.
        ValueError: `unit` is empty, or `default` does not fit `dtype` or `shape`.
    """

    def __init__(
        self, dtype: DTypeLike, unit: str, *, default: Any = 0.0, shape: tuple[int, ...] = (), doc: str = ""
    ) -> None:
        self.name = ""
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self.unit = unit
        self.shape = shape
        self.doc = doc
        if self.dtype.kind not in "biuf":
            msg = f"a column holds booleans, integers or floats, not {self.dtype}"
            raise TypeError(msg)
        if not unit:
            msg = 'a column needs a unit; write "1" where it is dimensionless'
            raise ValueError(msg)
        self.default = np.broadcast_to(self.cast(default), shape)

    def __set_name__(self, owner: type, name: str) -> None:
        """Take the attribute's name.

        Raises:
            ValueError: the name belongs to the table or to Mesa.
        """
        if name in RESERVED:
            msg = f"{owner.__name__}.{name}: a column cannot be named {name!r}; reserved: {', '.join(sorted(RESERVED))}"
            raise ValueError(msg)
        self.name = name

    @overload
    def __get__(self, agent: None, owner: type) -> Self: ...
    @overload
    def __get__(self, agent: object, owner: type) -> Any: ...
    def __get__(self, agent: Any, owner: type) -> Any:
        """Return the agent's value, or this declaration on the class."""
        if agent is None:
            return self
        column = agent.column_table.column(self.name)
        return column[agent.column_row] if self.shape else column.item(agent.column_row)

    def __set__(self, agent: Any, value: Any) -> None:
        """Write the agent's value; ValueError or TypeError where the column cannot hold it."""
        agent.column_table.column(self.name)[agent.column_row] = self.fit(value)

    def __repr__(self) -> str:
        """Return the declaration in short."""
        shape = f", shape={self.shape}" if self.shape else ""
        return f"Col({self.name!r}, {self.dtype}, {self.unit!r}{shape})"

    def cast(self, values: Any) -> Array:
        """Return `values` in this column's dtype.

        Raises:
            TypeError: not numbers.
            ValueError: an integer or boolean column would have to round or wrap a value.
        """
        given = np.asarray(values)
        if given.dtype.kind not in "biuf":
            msg = f"{self.name or 'column'} [{self.unit}] holds {self.dtype}, not {type(values).__name__}"
            raise TypeError(msg)
        with np.errstate(invalid="ignore"):
            stored = given.astype(self.dtype, copy=False)
        exact = self.dtype.kind == "f" or self.dtype == given.dtype or np.array_equal(stored, given)
        if not exact:
            msg = f"{self.name or 'column'} [{self.unit}] holds {self.dtype} and would change {values!r}"
            raise ValueError(msg)
        return stored

    def fit(self, value: Any) -> Array:
        """Return one agent's value in this column's dtype and shape; ValueError where the shape differs."""
        stored = self.cast(value)
        if stored.shape != self.shape:
            msg = f"{self.name} [{self.unit}] holds one value of shape {self.shape}, not {stored.shape}"
            raise ValueError(msg)
        return stored

    def fit_rows(self, values: Any, n: int) -> Array:
        """Return values for `n` agents, shape (n, *shape) or, for one common value, `shape`.

        Raises:
            ValueError: any other shape.
        """
        stored = self.cast(values)
        if stored.shape not in {self.shape, (n, *self.shape)}:
            allowed = f"{(n, *self.shape)} (one per agent) or {self.shape} (one for all)"
            msg = f"{self.name} [{self.unit}] got shape {stored.shape}, allowed: {allowed}"
            raise ValueError(msg)
        return stored


def columns_of(kind: type) -> dict[str, Col]:
    """Return the columns of agent class `kind` by name: inherited ones first, overridden ones as overridden."""
    names = dict.fromkeys(
        name for base in reversed(kind.__mro__) for name, value in vars(base).items() if isinstance(value, Col)
    )
    found = ((name, inspect.getattr_static(kind, name)) for name in names)
    return {name: value for name, value in found if isinstance(value, Col)}


class Table:
    """All agents of one storage class in one model, one row each, one array per column.

    Rows are never moved or reused: an agent keeps its row, and a removed agent's row stays with
    `alive` False, so kernels either run over `rows(...)` or test `alive`.

    Three columns are always there: `unique_id` (int64, Mesa's id), `kind` (int16, index into
    `kinds`) and `alive` (bool).

    Args:
        model: the Mesa model.
        root: the storage class; every agent in the table is an instance of it.

    Attributes:
        size: number of rows, removed agents included.
        n_removed: number of rows whose agent was removed.
        kinds: concrete agent classes, in the order of their first agent.
        kind_columns: for each of `kinds` its columns by name.
    """

    def __init__(self, model: Any, root: type) -> None:
        self.model = model
        self.root = root
        self.size = 0
        self.n_removed = 0
        self.kinds: list[type] = []
        self.kind_columns: list[dict[str, Col]] = []
        self._declared: dict[str, Col] = {}
        self._capacity = 0
        self._arrays: dict[str, Array] = {
            "unique_id": np.zeros(0, np.int64),
            "kind": np.zeros(0, np.int16),
            "alive": np.zeros(0, np.bool_),
        }
        # Strong references: an agent that exists keeps its identity although Mesa's sets are weak.
        self._agents: dict[int, Any] = {}

    def __len__(self) -> int:
        """Return the number of agents that are not removed."""
        return self.size - self.n_removed

    def __repr__(self) -> str:
        """Return the storage class, the number of agents and the columns."""
        return f"Table({self.root.__name__}, {len(self)} agents, columns: {', '.join(self._declared)})"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the declared columns, without `unique_id`, `kind` and `alive`."""
        return tuple(self._declared)

    @property
    def nbytes(self) -> int:
        """Memory of all columns in bytes, spare capacity included."""
        return sum(array.nbytes for array in self._arrays.values())

    def column(self, name: str) -> Array:
        """Return the live array of a column, writable, shape (size, *shape of the column).

        A later growth of the table detaches it: take it when you use it, do not keep it.

        Raises:
            AttributeError: no agent class in this table declares `name`.
        """
        try:
            return self._arrays[name][: self.size]
        except KeyError:
            allowed = ", ".join(self._arrays)
            msg = f"table {self.root.__name__} has no column {name!r}; columns: {allowed}"
            raise AttributeError(msg) from None

    def declaration(self, name: str) -> Col:
        """Return the declaration (dtype, unit, doc) of a column; KeyError where it is not declared."""
        return self._declared[name]

    def rows(self, kind: type | None = None) -> Rows:
        """Return the rows of the agents that are not removed, ascending; only those of class `kind` where given.

        Subclasses of `kind` count as `kind`.
        """
        chosen = self.column("alive")
        if kind is not None:
            member = np.array([issubclass(k, kind) for k in self.kinds], dtype=np.bool_)
            chosen = chosen & member[self.column("kind")] if len(member) else chosen
        return np.flatnonzero(chosen)

    def append(self, kind: type, ids: Rows, values: Mapping[str, Array]) -> int:
        """Add rows for new agents and return the first of them; no agent object is made.

        Args:
            kind: their class, a subclass of `root` or `root` itself.
            ids: their unique ids, shape (n,).
            values: columns of `kind` by name, as returned by `Col.fit_rows`; others take their default.
        """
        code = self.adopt(kind)
        start, stop = self.size, self.size + len(ids)
        self._reserve(stop)
        self.size = stop
        self._arrays["unique_id"][start:stop] = ids
        self._arrays["kind"][start:stop] = code
        self._arrays["alive"][start:stop] = True
        for name, declared in (self._declared | self.kind_columns[code]).items():
            value = values.get(name, declared.default)
            if name in values or np.any(value):  # fresh rows are zero already
                self._arrays[name][start:stop] = value
        return start

    def adopt(self, kind: type) -> int:
        """Make room for the columns of agent class `kind` and return its code in column `kind`.

        Agents of other classes in the table hold the default in columns that only `kind` has.

        Raises:
            TypeError: another class in the table declares a column of that name with another type or shape.
        """
        if kind in self.kinds:
            return self.kinds.index(kind)
        columns = columns_of(kind)
        known = self._declared
        check_same_storage(kind, columns, known)
        for name in [name for name in columns if name not in known]:
            declared = columns[name]
            array = np.zeros((self._capacity, *declared.shape), declared.dtype)
            array[: self.size] = declared.default
            self._arrays[name], known[name] = array, declared
        self.kinds.append(kind)
        self.kind_columns.append(columns)
        return len(self.kinds) - 1

    def agent(self, row: int) -> Any:
        """Return the agent of `row`, always the same object; it is made when first asked for.

        Raises:
            KeyError: the row does not exist or its agent was removed.
        """
        agent = self._agents.get(row)
        if agent is None:
            if not (0 <= row < self.size and self._arrays["alive"][row]):
                msg = f"table {self.root.__name__} has no living agent in row {row}"
                raise KeyError(msg)
            agent = object.__new__(self.kinds[self._arrays["kind"][row]])
            agent.model = self.model
            agent.pos = None
            self.bind(row, agent)
        return agent

    def agents(self, rows: Iterable[int]) -> list[Any]:
        """Return the agents of `rows`, in that order."""
        return [self.agent(int(row)) for row in rows]

    def bind(self, row: int, agent: Any) -> None:
        """Make `agent` the agent of `row`."""
        agent.column_table = self
        agent.column_row = int(row)
        self._agents[int(row)] = agent

    def remove(self, row: int) -> None:
        """Mark the agent of `row` as removed and let go of it; its values stay readable.

        Raises:
            KeyError: it was removed before.
        """
        if not self._arrays["alive"][row]:
            msg = f"table {self.root.__name__} has no living agent in row {row}"
            raise KeyError(msg)
        self._arrays["alive"][row] = False
        self._agents.pop(row, None)
        self.n_removed += 1

    def _reserve(self, n: int) -> None:
        """Make all arrays at least `n` rows long; exactly `n` the first time."""
        if n <= self._capacity:
            return
        self._capacity = n + (n >> _GROWTH_SHIFT) if self._capacity else n
        for name, array in self._arrays.items():
            grown = np.zeros((self._capacity, *array.shape[1:]), array.dtype)
            grown[: self.size] = array[: self.size]
            self._arrays[name] = grown


def check_same_storage(kind: type, columns: Mapping[str, Col], known: Mapping[str, Col]) -> None:
    """Raise TypeError where `kind` declares a known column with another dtype or shape; names all of them."""
    faults = [
        f"{name}: {columns[name].dtype} {columns[name].shape}, but the table holds {old.dtype} {old.shape}"
        for name, old in known.items()
        if name in columns and (columns[name].dtype, columns[name].shape) != (old.dtype, old.shape)
    ]
    if faults:
        msg = f"{kind.__name__} redeclares columns of its table with another type: " + "; ".join(faults)
        raise TypeError(msg)
