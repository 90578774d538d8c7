"""What all platforms have in common: the days on which they work, their members' payments, and who bears the result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from model.kernels import kernel
from model.ledger import RESOURCES
from model.streams import Floats, Key, entity_id, uniform

if TYPE_CHECKING:
    from model.inputs import DataPlatformInputs
    from model.platforms import Hub
    from model.population import Population
    from model.stage import Stage

YEAR_DAYS = 365.0


@dataclass(frozen=True)
class Posting:
    """A yearly payment: who pays whom for what, EUR/yr."""

    payer: str
    payee: str
    kind: str
    eur: float


def platform_days(stage: Stage, platform: Hub | DataPlatformInputs) -> Any:
    """Return on which days a platform works, shape (days,): outages begin at random and last geometrically."""
    return online_days(
        stage.futures.calendar.days,
        entity_id(platform.name),
        stage.key("platform_outage"),
        platform.outage_rate / YEAR_DAYS,
        1.0 / platform.outage_days,
    )


@kernel
def online_days(days: int, entity: int, key: Key, fails: float, returns: float) -> Any:
    """Return whether a platform works, by day; `fails` and `returns` are probabilities a day."""
    online = np.ones(days, np.bool_)
    works = True
    for day in range(days):
        chance = uniform(key, entity, day, 0)
        works = chance >= fails if works else chance < returns
        online[day] = works
    return online


def hub_postings(
    hub: Hub | DataPlatformInputs, members: Mapping[str, int], *, own_side: str, extra: tuple[float, ...] = ()
) -> list[Posting]:
    """Return a platform's cost, its members' own side and fees, and who bears the result.

    Args:
        hub: the platform.
        members: number of firms by party.
        own_side: kind of cost that membership is to a member on its own side.
        extra: what the platform spends beside running, EUR/yr.
    """
    name, size = hub.name, sum(members.values())
    found = [Posting(name, RESOURCES, "platform", hub.hub_cost)]
    for member, count in members.items():
        found.append(Posting(member, RESOURCES, own_side, count * hub.member_cost))
        found.append(Posting(member, name, "platform_fee", count * hub.fee))
    if hub.governance == "cooperative":
        result = size * hub.fee - sum(extra, hub.hub_cost)
        found += [Posting(name, m, "platform_result", result * count / size) for m, count in members.items()]
    return found


def membership(contracts: Iterable[Any], platform: str, people: Population) -> dict[str, int]:
    """Return the parties to the contracts that run over a platform, with the number of firms in each."""
    names = dict.fromkeys(name for terms in contracts if terms.platform == platform for name in terms.members)
    return {name: people.size_of(name) for name in names}


def daily_cash(postings: Iterable[Posting], people: Population) -> Floats:
    """Return what yearly payments move in each firm's own cash a day, EUR, shape (firm,); a group's members share."""
    cash = np.zeros(people.party.size)
    rows = {name: np.flatnonzero(people.party == p) for p, name in enumerate(people.parties)}
    for posting in postings:
        for name, sign in ((posting.payer, -1.0), (posting.payee, 1.0)):
            own = rows.get(name, np.zeros(0, np.int64))
            if own.size:
                cash[own] += sign * posting.eur / YEAR_DAYS / own.size
    return cash
