"""What all submodels of one run stand on: inputs, people, futures, and the table of firms."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from model.futures import Futures
from model.inputs import ModelInputs
from model.population import Population
from model.streams import Key, stream_key
from model.tables import Table


@dataclass(eq=False)
class Stage:
    """The common ground of a run.

    Attributes:
        inputs: the resolved inputs.
        population: who is where.
        futures: exogenous series.
        seed, replication: address of the random future.
        firms: the table of all firms.
    """

    inputs: ModelInputs
    population: Population
    futures: Futures
    seed: int
    replication: int
    firms: Table
    _live: SimpleNamespace | None = field(default=None, repr=False)

    @property
    def live(self) -> SimpleNamespace:
        """The columns of the firm table as live arrays, shape (firm, ...)."""
        if self._live is None:
            self._live = SimpleNamespace(**{name: self.firms.column(name) for name in self.firms.names})
        return self._live

    def key(self, stream: str) -> Key:
        """Return the key of a random stream in this run."""
        return stream_key(self.seed, self.replication, stream)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for copies; views of the table are made anew by the copy."""
        return {**self.__dict__, "_live": None}
