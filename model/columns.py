"""Mesa agents over column tables: plain Mesa outside, numpy columns inside.

- `ColumnAgent`: a `mesa.Agent` whose `Col` attributes are the columns of its storage class's table.
- `ColumnModelMixin`: put before `mesa.Model`; serves `model.agents` and its relatives from the tables.

Storage itself is in model.tables, the sets are in model.agentsets. Only public members of
Mesa 3.5 are used and overridden.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import mesa
import numpy as np
from mesa.experimental.mesa_signals import ModelSignals

from model.agentsets import ColumnAgentSet, RegisteredAgentSet
from model.errors import nearest
from model.tables import Array, Col, Table, check_same_storage, columns_of

__all__ = ["Col", "ColumnAgent", "ColumnAgentSet", "ColumnModelMixin", "Table"]


class ColumnAgent(mesa.Agent):
    """A Mesa agent whose `Col` attributes live in a table.

    `class Firm(ColumnAgent, table=True)` is a storage class: it and its subclasses share one table
    per model, so a kernel runs over all firms in one pass. Subclasses inherit columns and may add some.

    `create_agents` makes rows only; the Python objects appear when someone touches them, and their
    `__init__` does not run then. So state belongs in columns. A class that defines its own `__init__`
    is created one by one, as Mesa does it.

    Args:
        model: a Mesa model with `ColumnModelMixin`.
        **values: values of columns; others take their default.

    Attributes:
        columns: the class's columns by name.
        table_root: the storage class.
        column_table: the agent's table.
        column_row: the agent's row in it.

    Raises:
        TypeError: the model keeps no tables, the class has no storage class, or a value is for an unknown column.
    """

    columns: ClassVar[Mapping[str, Col]] = {}
    table_root: ClassVar[type | None] = None
    column_table: Table
    column_row: int

    def __init_subclass__(cls, *, table: bool = False, **kwargs: Any) -> None:
        """Collect the columns; `table=True` makes the class a storage class."""
        super().__init_subclass__(**kwargs)
        inherited = {name: col for base in cls.__mro__[1:] for name, col in columns_of(base).items()}
        cls.columns = columns_of(cls)
        check_same_storage(cls, cls.columns, inherited)
        if table:
            cls.table_root = cls

    def __init__(self, model: Any, **values: Any) -> None:
        if not isinstance(model, ColumnModelMixin):
            msg = f"{type(self).__name__} needs a model with ColumnModelMixin, not {type(model).__name__}"
            raise TypeError(msg)
        fitted = fit_values(type(self), values, 1)
        super().__init__(model)
        for name, value in fitted.items():
            setattr(self, name, value.reshape(self.columns[name].shape))

    @property
    def unique_id(self) -> int | None:
        """Mesa's id, unique in the model, counted from 1."""
        return int(self.column_table.column("unique_id")[self.column_row])

    @unique_id.setter
    def unique_id(self, value: int | None) -> None:
        # Mesa's constructor sets None before the agent has a row.
        if value is not None:
            self.column_table.column("unique_id")[self.column_row] = value

    @classmethod
    def create_agents(cls, model: Any, n: int, *args: Any, **kwargs: Any) -> Any:
        """Create `n` agents at once, as rows of their table.

        Args:
            model: a Mesa model with `ColumnModelMixin`.
            n: number of agents.
            *args: for classes with an `__init__` of their own; see Mesa.
            **kwargs: columns by name: one value for all, or an array of shape (n, *shape of the column).

        Returns:
            ColumnAgentSet of the new agents (Mesa's AgentSet where the class has its own `__init__`).
        """
        if args or cls.__init__ is not ColumnAgent.__init__:
            return super().create_agents(model, n, *args, **kwargs)
        return model.add_rows(cls, n, kwargs)


def fit_values(kind: type[ColumnAgent], values: Mapping[str, Any], n: int) -> dict[str, Array]:
    """Return column values for `n` new agents of class `kind`, checked and cast.

    Raises:
        TypeError: a name is no column of `kind`; names all of them with the nearest match.
        ValueError: a value does not fit its column.
    """
    unknown = [f"{name} {nearest(name, list(kind.columns))}".rstrip() for name in values if name not in kind.columns]
    if unknown:
        msg = f"{kind.__name__} has no column {'; '.join(unknown)} (columns: {', '.join(kind.columns)})"
        raise TypeError(msg)
    return {name: kind.columns[name].fit_rows(value, n) for name, value in values.items()}


class ColumnModelMixin:
    """Keeps a model's agents in column tables: `class MyModel(ColumnModelMixin, mesa.Model)`.

    Agents of any class are welcome: a `ColumnAgent` gets a row in the table of its storage class,
    any other `mesa.Agent` one in a table without columns. Bulk creation signals AGENT_ADDED, one
    signal per agent, only to a model that somebody observes.

    Attributes:
        tables: the tables by storage class; plain Mesa agents stand under `mesa.Agent`.
    """

    random: Any
    data_registry: Any
    subscribers: Any
    notify: Any
    agent_id_counter: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tables: dict[type, Table] = {}
        self._registered = RegisteredAgentSet(self.tables, self.random)
        self._registered_by_type: dict[type, RegisteredAgentSet] = {}

    @property
    def agents(self) -> RegisteredAgentSet:
        """All agents in the order of their registration."""
        return self._registered

    @property
    def agents_by_type(self) -> dict[type, RegisteredAgentSet]:
        """The agents of each concrete class, in the order of their registration."""
        return self._registered_by_type

    @property
    def agent_types(self) -> list[type]:
        """The concrete classes of all agents that were ever registered."""
        return list(self._registered_by_type)

    def table_of(self, kind: type) -> Table:
        """Return the table in which agents of class `kind` stand; made where it is new.

        Raises:
            TypeError: a `ColumnAgent` class without a storage class.
        """
        root = kind.table_root if issubclass(kind, ColumnAgent) else mesa.Agent
        if root is None:
            msg = f"{kind.__name__} has no table: declare it, or a class it derives from, with table=True"
            raise TypeError(msg)
        if root not in self.tables:
            self.tables[root] = Table(self, root)
        return self.tables[root]

    def add_rows(self, kind: type[ColumnAgent], n: int, values: Mapping[str, Any]) -> ColumnAgentSet:
        """Create `n` agents of class `kind` as rows; what `ColumnAgent.create_agents` calls.

        Args:
            kind: the agents' class.
            n: their number.
            values: columns by name: one value for all, or an array of shape (n, *shape of the column).

        Returns:
            The new agents.

        Raises:
            TypeError, ValueError: `values` or `n` do not fit; nothing was created then.
        """
        if n < 0:
            msg = f"cannot create {n} agents of {kind.__name__}"
            raise ValueError(msg)
        table, start = self._append(kind, n, fit_values(kind, values, n))
        created = ColumnAgentSet.of_rows(table, np.arange(start, start + n), self.random)
        if self.subscribers.get(("agents", ModelSignals.AGENT_ADDED)):
            for agent in created:
                self.notify("agents", ModelSignals.AGENT_ADDED, args=(agent,))
        return created

    def _append(self, kind: type, n: int, values: Mapping[str, Array]) -> tuple[Table, int]:
        """Give `n` new agents rows and ids; return their table and first row."""
        table = self.table_of(kind)
        ids = np.arange(self.agent_id_counter, self.agent_id_counter + n)
        start = table.append(kind, ids, values)
        self.agent_id_counter += n
        if kind not in self._registered_by_type:
            self._registered_by_type[kind] = RegisteredAgentSet({table.root: table}, self.random, kind)
        return table, start

    def register_agent(self, agent: Any) -> None:
        """Give an agent that was made in Mesa's way its row and id; `mesa.Agent.__init__` calls it."""
        table, row = self._append(type(agent), 1, {})
        table.bind(row, agent)
        agent.unique_id = int(table.column("unique_id")[row])
        self.notify("agents", ModelSignals.AGENT_ADDED, args=(agent,))

    def deregister_agent(self, agent: Any) -> None:
        """Take an agent out of the model; `mesa.Agent.remove` calls it.

        Raises:
            KeyError: the agent is not in this model (any more).
        """
        table = getattr(agent, "column_table", None)
        if table is None or table.model is not self:
            raise KeyError(agent)
        table.remove(agent.column_row)
        self.notify("agents", ModelSignals.AGENT_REMOVED, args=(agent,))

    def remove_all_agents(self) -> None:
        """Call `remove` of every agent, and close the data sets of `data_registry`, as Mesa does."""
        for agent in self.agents.to_list():
            agent.remove()
        self.data_registry.close()
