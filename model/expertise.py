"""What firms that make something, and utilities, know at the start, and how far their trades are from each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.kernels import kernel
from model.know_how import AREAS
from model.mechanisms.knowledge import cognitive_distance, spread_knowledge
from model.streams import Floats, Ints, entity_id

if TYPE_CHECKING:
    from model.population import Population
    from model.stage import Stage


def of_everybody(people: Population, parameter: str) -> Floats:
    """Return a parameter of `Technology` of all makers and then all utilities, shape (firm,)."""
    utilities = [float(getattr(u.technology, parameter)) for u in people.inputs.utilities]
    return np.concatenate([people.spread("technology", parameter), np.array(utilities, dtype=np.float64)])


def knowledge_at_start(stage: Stage) -> Floats:
    """Return what each firm knows at the start, doublings by area, shape (firm, area): makers, then utilities."""
    people = stage.population
    knowledge = np.column_stack([of_everybody(people, area) for area in AREAS])
    spread = of_everybody(people, "knowledge_spread")
    if spread.any():
        utilities = np.array([entity_id(u.name) for u in stage.inputs.utilities], dtype=np.int64)
        spread_knowledge(stage.key("knowledge"), np.concatenate([people.entity, utilities]), spread, knowledge)
    return knowledge


@kernel
def distances(knowledge: Floats, point: Floats, one: Ints, other: Ints) -> Floats:
    """Return the cognitive distance of pairs, 0 to 1, shape (pair,); see `cognitive_distance`.

    Args:
        knowledge: doublings of those whom `one` numbers, shape (firm, area).
        point: of those whom `other` numbers, shape (point, area).
        one, other: shape (pair,).
    """
    out = np.empty(one.size)
    for p in range(one.size):
        out[p] = cognitive_distance(knowledge[one[p]], point[other[p]])
    return out
