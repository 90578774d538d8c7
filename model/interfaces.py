"""Interfaces between parties: one for each pair that exchanges records, or one for each member of a hub.

What is counted follows from the contracts: two contracts between the same two parties share one interface.
"""

from collections.abc import Iterable
from typing import Literal

type Link = tuple[str, str]
type Wiring = Literal["pairwise", "hub"]


def interfaces(links: Iterable[Link], wiring: Wiring) -> list[tuple[str, ...]]:
    """Return the interfaces that the links need, each as the parties that bear it, in a fixed order.

    Args:
        links: the two parties of each contract, in any order, repeated where they have several contracts.
        wiring: `pairwise` needs one interface for each distinct pair, `hub` one for each distinct member.

    Raises:
        ValueError: a party is linked with itself.
    """
    pairs = {(min(link), max(link)) for link in links}
    for one, other in pairs:
        if one == other:
            msg = f"{one} is linked with itself"
            raise ValueError(msg)
    if wiring == "hub":
        return [(member,) for member in sorted({party for pair in pairs for party in pair})]
    return sorted(pairs)


def interface_count(links: Iterable[Link], wiring: Wiring) -> int:
    """Return how many interfaces the links need; see `interfaces`."""
    return len(interfaces(links, wiring))


def interface_cost(links: Iterable[Link], wiring: Wiring, cost: float) -> float:
    """Return what all interfaces cost together, in the unit of `cost`, the cost of one."""
    return cost * interface_count(links, wiring)


def interface_costs(links: Iterable[Link], wiring: Wiring, cost: float) -> dict[str, float]:
    """Return what each party pays for its interfaces: both sides of a pair pay half; adds up to `interface_cost`.

    Args:
        links, wiring: as in `interfaces`.
        cost: of one interface, EUR/yr.
    """
    paid: dict[str, float] = {}
    for parties in interfaces(links, wiring):
        for party in parties:
            paid[party] = paid.get(party, 0.0) + cost / len(parties)
    return paid
