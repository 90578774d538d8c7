"""What a mechanism is that spreads technology among the members of a contract, and the three that are built in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from model.mechanisms.knowledge import exchange_quarter, learn_from_pool, pooled_experience
from model.streams import Floats, Ints

if TYPE_CHECKING:
    from model.session import Draws
    from model.technology_terms import TechnologyContract


@dataclass
class Quarter:
    """What the members of a contract bring along, once a quarter; all arrays are copies, by member.

    Attributes:
        day: model day.
        knowledge: doublings by area, shape (m, area); a mechanism writes what members know afterwards.
        experience: doublings of own cumulative output by area, nothing learnt from others, shape (m, area).
        absorption: part of a gap in knowledge that a member closes when it learns, shape (m,).
        capacity: part of what is laid open that a member can take in, by its own research, shape (m,).
    """

    day: int
    knowledge: Floats
    experience: Floats
    absorption: Floats
    capacity: Floats


class Pairs(NamedTuple):
    """Who weighs whose profit in its research, and what of its results the other gets; members, shape (pair,) each.

    Attributes:
        one, other: who does research, and whom it thinks of.
        weight: of the other's profit in the choice of effort.
        spillover: least part of `one`'s cost reduction that the other gets; rivals get what spills over anyway.
    """

    one: Ints
    other: Ints
    weight: Floats
    spillover: Floats


class TechnologyMechanism:
    """A way in which the members of one contract come by each other's technology.

    A subclass states `name`, by which contracts call it (`variant: NAME`), and overrides what it needs of:

    - `learn`: raise what members know, in `quarter.knowledge`. Nobody forgets; the engine stops a run otherwise.
      What members newly know lowers their unit cost and their electricity per unit by the learning rates that they
      declare, and a part of it leaks to rivals: both are the engine's business.
    - `research`: say whose profit counts in whose research and what spills over between members. The engine lets all
      members and their rivals look for their best efforts under these terms.
    - `meetings`: how many meetings each member attends in a quarter, each at the contract's transfer cost.
    - `royalties`: what members pay each other for what they save, EUR a day; must sum to zero. Asked for only where
      the contract's `royalty` is above 0.
    - `is_null`: whether the terms do nothing at all; such a contract is left out as if it had not been written.

    There is no benefit to set: what technology is worth follows from costs, quantities and prices. A mechanism draws
    from keyed streams only (`draws`) and keeps nothing that cannot be copied and pickled:

        class Mentoring(TechnologyMechanism):
            name = "mentoring"

            def learn(self, quarter):
                best = quarter.knowledge.max(axis=0)
                quarter.knowledge += quarter.absorption[:, None] * (best - quarter.knowledge)

    Attributes:
        name: by which contracts call it; unique.
        terms: the contract.
        members: how many there are.
        one, other: all pairs of members, each once, shape (pair,).
    """

    name: ClassVar[str] = ""

    def __init__(self, terms: TechnologyContract, members: int, draws: Draws) -> None:
        """Take in the contract.

        Args:
            terms: the contract.
            members: how many firms take part.
            draws: random streams of the run, and the members' numbers in them.
        """
        self.terms, self.members = terms, members
        one, other = np.triu_indices(members, 1)
        self.one, self.other = one.astype(np.int64), other.astype(np.int64)

    @classmethod
    def is_null(cls, terms: TechnologyContract) -> bool:
        """Tell whether a contract on these terms does nothing."""
        return False

    def learn(self, quarter: Quarter) -> None:
        """Let members learn from each other."""

    def research(self, quarter: Quarter) -> Pairs:
        """Return the terms of research between members; none unless overridden."""
        nobody, nothing = np.zeros(0, np.int64), np.zeros(0)
        return Pairs(nobody, nobody, nothing, nothing)

    def meetings(self) -> Floats:
        """Return how many meetings each member attends in a quarter, shape (m,)."""
        return np.zeros(self.members)

    def royalties(self, saved: Floats) -> Floats:
        """Return what each member pays net to the others today, EUR, shape (m,).

        Args:
            saved: EUR that each saves today by what it learnt under this contract, shape (m,).
        """
        return np.zeros(self.members)

    def _both_ways(self, weight: float, spillover: Floats) -> Pairs:
        """Return all pairs in both directions, with one weight, and what each member gets, shape (m,)."""
        one, other = np.concatenate([self.one, self.other]), np.concatenate([self.other, self.one])
        return Pairs(one, other, np.full(one.size, weight), spillover[other])


class Exchange(TechnologyMechanism):
    """Every two members meet and barter know-how: each gives where it leads, and only if it gets something for it.

    Source: Cowan & Jonard (2004), JEDC 28(8); understanding at a cognitive distance: Nooteboom et al. (2007), Research
    Policy 36(7). See `model.mechanisms.knowledge.meet`.
    """

    name = "exchange"

    def __init__(self, terms: TechnologyContract, members: int, draws: Draws) -> None:
        """Number the pairs, so that a new member changes nobody else's meetings."""
        super().__init__(terms, members, draws)
        self.key = draws.key("barter")
        entities = np.asarray(draws.entities, dtype=np.int64)
        low, high = (pick(entities[self.one], entities[self.other]) for pick in (np.minimum, np.maximum))
        self.pair_entities = (low * PAIR_FACTOR + high) % 2**32
        self.ability = np.array([terms.ability, terms.ability_slope, terms.novelty, terms.novelty_slope])

    @classmethod
    def is_null(cls, terms: TechnologyContract) -> bool:
        """Tell whether nobody ever meets."""
        return terms.meetings == 0

    def learn(self, quarter: Quarter) -> None:
        """Hold the quarter's meetings."""
        exchange_quarter(
            self.one,
            self.other,
            quarter.knowledge,
            quarter.absorption,
            self.ability,
            self.terms.cutoff,
            self.terms.meetings,
            self.key,
            self.pair_entities,
            quarter.day,
        )

    def meetings(self) -> Floats:
        """Return how many meetings each member attends: with everybody else, as often as agreed."""
        return np.full(self.members, float(self.terms.meetings * (self.members - 1)))


class Cooperation(TechnologyMechanism):
    """Members choose their research for the good of all of them, and let each other have its results.

    Source: d'Aspremont & Jacquemin (1988), AER 78(5). Rivals get at least what spills over anyway; members that are no
    rivals get `joint_spillover`, since nothing reaches them without a contract.
    """

    name = "cooperation"

    @classmethod
    def is_null(cls, terms: TechnologyContract) -> bool:
        """Tell whether members neither care for each other nor let each other have anything."""
        return terms.joint_weight == 0.0 and terms.joint_spillover == 0.0

    def research(self, quarter: Quarter) -> Pairs:
        """Return all pairs, with the agreed weight and spillover."""
        return self._both_ways(self.terms.joint_weight, np.full(self.members, self.terms.joint_spillover))


class Sharing(TechnologyMechanism):
    """An open pool: members see each other's experience and results, as far as their own research lets them.

    Everybody still chooses its research for itself; what all can see is worth less to have found. A royalty pays part
    of what a member saves to the others, by what they put in.
    """

    name = "sharing"

    def __init__(self, terms: TechnologyContract, members: int, draws: Draws) -> None:
        """Begin with even contributions."""
        super().__init__(terms, members, draws)
        self.put_in = np.ones(members)

    @classmethod
    def is_null(cls, terms: TechnologyContract) -> bool:
        """Tell whether the pool shows nothing."""
        return terms.openness == 0.0

    def learn(self, quarter: Quarter) -> None:
        """Move what members know towards their own and the pool's experience."""
        rows = np.arange(self.members)
        pooled = np.zeros(quarter.experience.shape)
        pooled_experience(rows, quarter.experience, self.terms.openness, quarter.capacity, pooled)
        learn_from_pool(rows, pooled, quarter.absorption, quarter.knowledge)
        self.put_in = np.exp2(quarter.experience).sum(axis=1)

    def research(self, quarter: Quarter) -> Pairs:
        """Return all pairs: nobody's profit counts for others, but each sees what the pool shows and it can take in."""
        return self._both_ways(0.0, self.terms.openness * quarter.capacity)

    def royalties(self, saved: Floats) -> Floats:
        """Return what each pays less what it gets: a part of its saving, to the others by what they put in."""
        if self.terms.royalty == 0.0:
            return np.zeros(self.members)
        due = self.terms.royalty * np.maximum(0.0, saved)
        per_share = due / (self.put_in.sum() - self.put_in)
        net: Floats = due - self.put_in * (per_share.sum() - per_share)
        return net


PAIR_FACTOR = 0x9E3779B1
"""Odd number that spreads two entities over one."""
