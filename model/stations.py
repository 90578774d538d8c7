"""The submodel of stations: urgent jobs at beds, laboratory devices or repair bays, alone or pooled by contract.

Members of a contract on stations act as one: a job whose own station is busy is brought to the nearest free server of
a partner. No rent is paid: what a member gives today it gets on another day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from model.books import Book
from model.physics.stations import AWAY, BLOCKED, BUSY, COUNTS, DAY_HOURS, DELAYED, JOBS, MOVED, WAITED, serve_day
from model.resource_terms import ResourceContract
from model.session import Compatible, pairs_within
from model.streams import Floats, Ints
from model.ways import sites, way_between

if TYPE_CHECKING:
    from model.population import Population
    from model.stage import Stage

ROUNDING = 1e-9
"""Keeps a share of servers that is whole but for rounding whole."""


@dataclass(frozen=True, eq=False)
class Links:
    """Ways from stations to partners' servers, by station and nearest first.

    Attributes:
        first: first link of each station and the end, shape (station + 1,).
        to: station at the other end; `way`: EUR a job; `open`: servers that the partner lends, shape (link,).
        contract: index of the contract that each stands on, shape (link,).
    """

    first: Ints
    to: Ints
    way: Floats
    open: Ints
    contract: Ints


class Stations:
    """The submodel of stations of one model.

    Args:
        stage: the common ground of the run.
        contracts: on resource `station` that share anything.
        online: name of a platform -> whether it is up on each model day; without an entry it always is.

    Attributes:
        rows: firms with servers, shape (station,).
        today: what happened today, shape (station, 7), columns as in `physics.stations.COUNTS`.
        total: the same since counting began; `days`: how many days that were.
    """

    def __init__(
        self,
        stage: Stage,
        contracts: Sequence[ResourceContract] = (),
        online: Mapping[str, Any] | None = None,
    ) -> None:
        people = stage.population
        self.people = people
        self.key = stage.key("station_job")
        servers = _of_makers(people, "servers").astype(np.int64)
        self.rows = np.flatnonzero(servers > 0)
        self.entity = people.entity[self.rows]
        self.servers = servers[self.rows]
        self.arrivals = _of_makers(people, "arrivals")[self.rows]
        self.duration = _of_makers(people, "duration")[self.rows]
        self.costs = np.column_stack([_of_makers(people, n)[self.rows] for n in ("blocked_cost", "waiting_cost")])
        self.loses = np.array([m.station.discipline == "loss" for m in people.inputs.manufacturers], np.bool_)
        self.loses = self.loses[people.group[self.rows]]
        self.first_server = np.concatenate([[0], np.cumsum(self.servers)]).astype(np.int64)
        self.free_at = np.zeros(int(self.first_server[-1]))
        self.waiting = np.zeros((0, 3))
        self.links = _links(stage, self.rows, self.servers, contracts)
        self.first_member, self.members = _pools(self.links)
        self.up = [(online or {}).get(contract.platform) for contract in contracts]
        self.today, self.total = np.zeros((2, self.rows.size, COUNTS))
        self.days = 0
        self.book = Book(people)
        if self.rows.size:
            self.outsourcing = self.book.account("outsourcing")
            self.moving = self.book.account("moving") if self.links.to.size else None

    def serve(self, day: int) -> None:
        """Live through the urgent jobs of a day, and book what those cost that were turned away, waited or moved."""
        self.book.clear()
        if not self.rows.size:
            return
        links = self.links
        self.waiting = serve_day(
            day,
            self.key,
            self.entity,
            self.arrivals,
            self.duration,
            self.loses,
            self.first_server,
            self.free_at,
            links.first,
            links.to,
            links.way,
            links.open,
            self._usable(day),
            self.first_member,
            self.members,
            self.waiting,
            self.today,
        )
        happened = self.today[:, [BLOCKED, WAITED]]
        self.book.pay(self.outsourcing, self._by_maker((happened * self.costs).sum(axis=1)))
        if self.moving is not None:
            self.book.pay(self.moving, self._by_maker(self.today[:, MOVED]))

    def count(self) -> None:
        """Count today."""
        self.days += 1
        self.total += self.today

    def outcomes(self, scale: float) -> dict[tuple[str, str], float]:
        """Return the outcomes of each group with servers: (name, group) -> value; `scale` makes sums yearly."""
        values: dict[tuple[str, str], float] = {}
        if not self.days:
            return values
        group = self.people.group[self.rows]
        for g in np.unique(group):
            mine = group == g
            name, total = self.people.parties[g], self.total[mine].sum(axis=0)
            hours = self.days * DAY_HOURS * float(self.servers[mine].sum())
            values["station_utilisation", name] = float(total[BUSY]) / hours
            values["jobs_away", name] = float(total[AWAY]) * scale
            if total[JOBS] > 0.0:
                values["station_blocked", name] = float(total[BLOCKED] / total[JOBS])
                values["station_delayed", name] = float(total[DELAYED] / total[JOBS])
                values["station_wait", name] = float(total[WAITED] / total[JOBS])
        return values

    def _usable(self, day: int) -> Any:
        """Return which links can be used today, shape (link,): those over a platform that is up."""
        up = np.array([days is None or bool(days[day]) for days in self.up], np.bool_)
        return up[self.links.contract]

    def _by_maker(self, amounts: Floats) -> Floats:
        """Return amounts by manufacturer, shape (makers,), of amounts by station."""
        spread = np.zeros(self.people.makers)
        spread[self.rows] = amounts
        return spread


def _of_makers(people: Population, parameter: str) -> Floats:
    """Return a parameter of stations by manufacturer, shape (makers,)."""
    return people.spread("station", parameter) if people.makers else np.zeros(0)


def _links(stage: Stage, rows: Ints, servers: Ints, contracts: Sequence[ResourceContract]) -> Links:
    """Return the ways between stations of one kind under the contracts, to each within reach that lends a server."""
    people, xy = stage.population, sites(stage)
    kinds = np.array([people.inputs.manufacturers[g].station.kind for g in people.group[rows]])
    table = np.zeros((0, 5))
    for c, terms in enumerate(contracts):
        mine = np.flatnonzero(np.isin(rows, np.concatenate([people.of_group(name) for name in terms.members])))
        lent = np.floor(terms.offered * servers[mine] + ROUNDING)
        pairs = pairs_within(xy[rows[mine]], terms.reach, _alike(kinds[mine]), givers=lent > 0.0)
        way = way_between(terms, pairs)
        of = np.full(way.size, c)
        table = np.concatenate(
            [table, np.column_stack([mine[pairs.taker], mine[pairs.giver], way, lent[pairs.giver], of])]
        )
    table = table[np.argsort(table[:, 0], kind="stable")]
    first = np.searchsorted(table[:, 0], np.arange(rows.size + 1))
    to, lent, contract = table[:, [1, 3, 4]].T.astype(np.int64)
    return Links(first.astype(np.int64), to, table[:, 2].copy(), lent, contract)


def _alike(kinds: Any) -> Compatible:
    """Return which pairs of members have servers of one kind."""
    return lambda taker, giver, _: kinds[taker] == kinds[giver]


def _pools(links: Links) -> tuple[Ints, Ints]:
    """Return (first member of each pool and the end, stations by pool): stations that links join, or one alone."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    stations = links.first.size - 1
    if not stations:
        return np.zeros(1, np.int64), np.zeros(0, np.int64)
    net = csr_matrix((np.ones(links.to.size), links.to, links.first), shape=(stations, stations))
    pools, label = connected_components(net, directed=False)
    members = np.argsort(label, kind="stable").astype(np.int64)
    first = np.searchsorted(label[members], np.arange(pools + 1)).astype(np.int64)
    return first, members
