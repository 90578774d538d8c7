"""Where firms stand, what it takes to move things between them, and who bears what they have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from model.extensions import class_of
from model.population import signal_means
from model.session import Bools, Links
from model.streams import Floats, Ints

if TYPE_CHECKING:
    from model.population import Population
    from model.resource_terms import ResourceContract
    from model.stage import Stage

HOURS = 24

NO_LINKS = Links(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
"""What ties the members of a pool: nothing but its middle."""


def sites(stage: Stage) -> Floats:
    """Return where every firm stands, km, shape (row, 2); platforms stand nowhere, at 0."""
    people, inputs = stage.population, stage.inputs
    xy = np.zeros((people.party.size, 2))
    for axis, name in enumerate(("x", "y")):
        xy[: people.makers, axis] = people.spread("site", name) if people.makers else 0.0
        for u, utility in enumerate(inputs.utilities):
            xy[people.makers + u, axis] = getattr(utility.site, name)
    return xy


def in_the_middle(stage: Stage, terms: ResourceContract) -> bool:
    """Tell whether a contract's mechanism lets what is shared meet in the middle of the members."""
    return bool(getattr(class_of(stage.inputs.extensions, "resource", terms.variant), "in_the_middle", False))


def way_between(terms: ResourceContract, links: Links) -> Floats:
    """Return the real cost of moving a unit over each link, EUR, shape (p,)."""
    return terms.moving_cost + terms.distance_cost * links.distance_km


def way_to_middle(terms: ResourceContract, away: Floats) -> Floats:
    """Return the real cost of moving a unit between each member and the middle, EUR: half of the handling each."""
    return terms.moving_cost / 2.0 + terms.distance_cost * away


def tied_members(links: Links, members: int) -> tuple[Bools, Bools]:
    """Tell which members can take over any link, and which can give, shapes (m,)."""
    everybody = np.arange(members)
    return np.isin(everybody, links.taker), np.isin(everybody, links.giver)


def parts_borne(people: Population, terms: ResourceContract, rows: Ints) -> Floats:
    """Return the part of the common cost that each member bears, shape (m,): as agreed, else all alike; sum 1.

    What a group agreed to bear its firms share alike.
    """
    if not terms.shares:
        return np.full(rows.size, 1.0 / rows.size)
    agreed = dict(terms.shares)
    parties = people.party[rows]
    names = [people.parties[p] for p in parties]
    return np.array([agreed.get(name, 0.0) for name in names]) / np.bincount(parties)[parties]


def usual_loads(people: Population) -> Floats:
    """Return the mean load of each manufacturer in the long run, MW, shape (n,)."""
    p = {name: people.spread("process", name) for name in PROCESS}
    batch, shaped = (np.isin(np.arange(people.makers), people.with_process(kind)) for kind in ("batch", "shaped"))
    heats = np.minimum(p["capacity"], signal_means(people) / p["heat_output"])
    loads = np.where(batch, p["mill"] + p["auxiliary"] + heats * p["heat_energy"] / HOURS, 0.0)
    usual: Floats = np.where(shaped, p["mean_load"], loads)
    return usual


PROCESS = ("capacity", "heat_output", "mill", "auxiliary", "heat_energy", "mean_load")
"""What of a process says how much it usually draws."""


def by_party(people: Population, name: str, rows: Ints, amounts: Floats, listed: Any) -> dict[tuple[str, str], float]:
    """Return (name, party) -> sum of a party's amounts, for parties with a firm that is listed.

    Args:
        people: who is where; `name`: of the outcome.
        rows: firms, shape (k,); `amounts`: of each; `listed`: whether such a thing is to be told of it.
    """
    parties = people.party[rows[listed]]
    sums = np.bincount(parties, amounts[listed], minlength=len(people.parties))
    return {(name, people.parties[p]): float(sums[p]) for p in np.unique(parties)}
