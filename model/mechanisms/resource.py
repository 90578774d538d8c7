"""What a mechanism that shares a resource is, and the register in which contracts look theirs up by name."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from model.extensions import MODULE_PREFIX
from model.kernels import kernel
from model.session import Draws, Session
from model.streams import Floats, Ints, Key, normal

if TYPE_CHECKING:
    from model.resource_terms import ResourceContract

BUILT_IN = ("allocation", "leasing", "pooling")
"""Modules of this package that hold the built-in mechanisms, each under its own name."""

_REGISTER: dict[str, type[Mechanism]] = {}


class Mechanism(ABC):
    """A way to share one resource among the members of one contract.

    A subclass with a `name` registers itself when its module is imported (one in a file that a scenario names belongs
    to that scenario, see `model.extensions`); contracts then use it by `variant: NAME`. It states `name` and
    implements `clear`:

        class FirstCome(Mechanism):
            name = "first_come"

            def clear(self, day, session):
                session.clear_results()
                ...

    `clear` reads what the source wrote (need, value, offer, cost, pairs; see `model.session.Session`) and writes
    every result of the session, beginning with `session.clear_results()`:

    - `taken` (units that arrive, by slot, tier of need and member) and `given` (units that leave, by slot and member),
      with 0 <= taken <= need and 0 <= given <= offer;
    - `flow` (units that arrive over each pair, by slot) where the resource goes straight from giver to taker: each
      pair's giver gives `flow / delivered`. What is taken and given beyond the flows goes through the middle, where
      the sum of `given * access_share` must equal the sum of `taken / access_share` in each slot;
    - `paid`: EUR between members, whose sum is zero; what a platform keeps is taken afterwards as its commission;
    - `moved`: EUR of real cost, by who bears it: `way` times flow, `access` times what goes through the middle, and
      whatever finding a partner takes;
    - `price`: mean price of each slot's trade; `withheld` and `bound` where they mean something.

    The engine checks these rules every day (`Session.faults`) and stops a run that breaks them. Values and costs are
    the members' own: a mechanism that needs to know them says how it comes to know them. There is no benefit to set:
    what a mechanism is worth follows from who takes what from whom.

    A mechanism draws from keyed streams only (`draws`, kept as keys and numbers), keeps nothing from day to day that
    cannot be copied and pickled, and keeps no view of the session's arrays.

    Attributes:
        name: by which contracts call it; unique.
        in_the_middle: whether what is shared meets in the middle of the members, so that the session has no pairs but
            `access` and `access_share`; else it goes from giver to taker.
        terms: the contract.
        entities: number of each member in random streams, shape (m,).
    """

    name: ClassVar[str]
    in_the_middle: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Register a subclass that has a name of its own.

        Raises:
            ValueError: another class has this name.
        """
        super().__init_subclass__(**kwargs)
        name = cls.__dict__.get("name")
        if name is None or cls.__module__.startswith(MODULE_PREFIX):
            return  # an extension's class belongs to the scenarios that name the file: model.extensions
        other = _REGISTER.get(name)
        if other is not None and (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
            msg = (
                f"{cls.__module__}.{cls.__qualname__} calls itself {name!r}, "
                f"and so does {other.__module__}.{other.__qualname__}: give one of them another name"
            )
            raise ValueError(msg)
        _REGISTER[name] = cls

    def __init__(self, terms: ResourceContract, session: Session, draws: Draws) -> None:
        """Take in the contract.

        Args:
            terms: the contract.
            session: as built, before its first day: members and pairs stand, needs and offers are still zero.
            draws: random streams of the run, and the members' numbers in them.
        """
        self.terms = terms
        self.entities = np.asarray(draws.entities, dtype=np.int64)
        self.report_key = draws.key("resource_report")
        self.overstates = np.ones(self.entities.size, np.bool_) if draws.overstates is None else draws.overstates

    @abstractmethod
    def clear(self, day: int, session: Session) -> None:
        """Decide who takes how much from whom on `day`, and write the results into the session."""

    @classmethod
    def programme_size(cls, session: Session) -> int:
        """Return the number of variables of a day's mathematical programme; 0 for a mechanism without one."""
        return 0

    def reports(self, day: int, session: Session, inflation: float = 1.0) -> Floats:
        """Return what members ask for, units, shape (S, K, m): their needs, overstated, and as others read them.

        Args:
            day: of the errors in describing a resource in another sector's terms, one a day and member.
            session: with today's needs.
            inflation: what members who overstate ask for over what they need.
        """
        if self.terms.mapping_sd == 0.0 and inflation == 1.0:
            return session.need
        factor = np.where(self.overstates, inflation, 1.0)
        if self.terms.mapping_sd > 0.0:
            factor *= report_errors(self.report_key, self.entities, day, self.terms.mapping_sd)
        return session.need * factor


def mechanism_named(name: str) -> type[Mechanism]:
    """Return the mechanism of this name.

    Raises:
        KeyError: no module imported so far has one.
    """
    _load()
    return _REGISTER[name]


def mechanism_names() -> tuple[str, ...]:
    """Return the names of all mechanisms, sorted."""
    _load()
    return tuple(sorted(_REGISTER))


def _load() -> None:
    """Import the built-in mechanisms, which register themselves."""
    for module in BUILT_IN:
        importlib.import_module(f"model.mechanisms.{module}")


@kernel
def report_errors(key: Key, entities: Ints, day: int, sd: float) -> Floats:
    """Return the factor by which each member's report is off, shape (m,): lognormal with median 1 and log sd `sd`."""
    out = np.empty(entities.size)
    for i in range(entities.size):
        out[i] = np.exp(sd * normal(key, entities[i], day, 0))
    return out


@kernel
def serve_tiers(need: Floats, got: Floats, taken: Floats) -> Floats:
    """Let each member use what it got for its dearest needs first; return what is left over.

    Args:
        need: units, shape (K, m).
        got: units that each member could have, shape (m,).
        taken: units taken, shape (K, m); written.
    """
    rest = got.copy()
    for i in range(rest.size):
        for k in range(need.shape[0]):
            taken[k, i] = min(need[k, i], rest[i])
            rest[i] -= taken[k, i]
    return rest


def mean_price(session: Session, eur: Floats, units: Floats) -> None:
    """Write the mean price of each slot from what was paid, EUR, and traded, units, shapes (S,)."""
    traded = units > 0.0
    session.price[traded] = eur[traded] / units[traded]
