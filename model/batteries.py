"""Stores of electricity that firms lend each other for a day: the source of sessions on storage.

A store behind a meter serves its owner's load only, and stands idle on a day when that needs less. Under a contract the
idle capacity serves a partner's load: it is charged in the partner's cheap hours and discharged in its dear ones, and
metered as if it stood behind the partner's meter (a private line, or an energy community). The grid between them is
free but for what the contract says of ways; nothing is lost. A loan of a day is bid for by what it saves in energy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.books import Book
from model.physics.storage import CAPACITY, POWER, size_stores, value_capacity
from model.session import Links, Session, new_session, pairs_within
from model.streams import Floats, Ints
from model.ways import NO_LINKS, by_party, in_the_middle, sites, tied_members, way_between, way_to_middle

if TYPE_CHECKING:
    from model.goods import Goods
    from model.resource_terms import ResourceContract
    from model.stage import Stage

QUARTERS = 96


class Batteries:
    """The submodel of shared stores of one model.

    Attributes:
        rows: firms that schedule their load or share stores, shape (k,); as in `goods.flexible`.
        lent, borrowed: capacity that contracts moved today, MWh, shape (k,); `sums`: the same since counting began.
        book: what lending costs.
    """

    def __init__(self, stage: Stage, goods: Goods) -> None:
        people = stage.population
        self.stage, self.goods = stage, goods
        self.rows = goods.flexible.rows
        self.place = np.full(people.party.size, -1, np.int64)
        self.place[self.rows] = np.arange(self.rows.size)
        self.own = goods.flexible.terms[:, [CAPACITY, POWER]].copy()
        self.rate = np.divide(self.own[:, 1], self.own[:, 0], out=np.zeros(self.rows.size), where=self.own[:, 0] > 0.0)
        self.lending_cost = people.spread("storage", "lending_cost")[self.rows] if people.makers else np.zeros(0)
        self.lent, self.borrowed, self.idle, self.loss, self.lacking = np.zeros((5, self.rows.size))
        self.sums = np.zeros((2, self.rows.size))
        self.shares = np.zeros(self.rows.size, np.bool_)
        self.after = np.zeros((self.rows.size, QUARTERS))
        self.tied: dict[str, Ints] = {}
        self.book = Book(people)

    def survey(self) -> None:
        """Begin a day: every store is its owner's; call it when loads are drawn and prices are foreseen."""
        if not self.tied:
            return
        self.book.clear()
        self.lent[:], self.borrowed[:] = 0.0, 0.0
        flexible = self.goods.flexible
        flexible.terms[:, [CAPACITY, POWER]] = self.own
        live = self.stage.live
        size_stores(
            self.rows,
            flexible.terms,
            self._prices(),
            live.peak_load,
            live.load,
            self.after,
            self.idle,
            self.loss,
            self.lacking,
        )

    def session(self, terms: ResourceContract, rows: Ints) -> Session:
        """Return the session of a contract on storage: one slot, MWh of capacity for the day.

        Args:
            terms: of the contract.
            rows: its members' rows in the firm table, shape (m,).
        """
        if not self.tied:
            self.lending = self.book.account("lending")
        xy = sites(self.stage)[rows]
        able = self.place[rows] >= 0
        if in_the_middle(self.stage, terms):
            away = np.hypot(*(xy - xy.mean(axis=0)).T)
            fits = able & (away <= terms.reach)
            session = new_session(rows, NO_LINKS, access=way_to_middle(terms, away))
        else:
            links: Links = pairs_within(xy, terms.reach, takers=able, givers=able)
            fits = able & np.logical_or(*tied_members(links, rows.size))
            session = new_session(rows, links, way=way_between(terms, links))
        self.tied[terms.name] = np.flatnonzero(fits)
        self.shares[self.place[rows[fits]]] = True
        return session

    def fill(self, terms: ResourceContract, session: Session, day: int) -> None:
        """Write what stores leave idle, what loads lack, and what that would save; `day` is that of the last survey.

        What is idle costs wear, and what its owner loses by charging more slowly.
        What is lacking has two tiers, its first and its second half; each MWh comes with the charging power that the
        idle stores have on average.
        """
        members = self.tied[terms.name]
        at = self.place[session.rows[members]]
        rate = _mean_rate(self.idle[at], self.rate[at])
        value = np.zeros((2, at.size))
        flexible = self.goods.flexible
        value_capacity(
            self.rows[at],
            flexible.terms[at],
            self._prices()[at],
            self.stage.live.peak_load,
            self.after[at],
            self.lacking[at],
            rate,
            value,
        )
        session.need[0][:, members] = 0.5 * self.lacking[at]
        session.value[0][:, members] = value
        session.offer[0, members] = terms.offered * self.idle[at]
        session.cost[0, members] = self.lending_cost[at] + self.loss[at]

    def take(self, terms: ResourceContract, session: Session, day: int) -> None:
        """Let takers run what they took beside their own stores today, and givers do without."""
        members = self.tied[terms.name]
        at = self.place[session.rows[members]]
        given, taken = session.given[0, members], session.taken[0].sum(axis=0)[members]
        self.lent[at] += given
        self.borrowed[at] += taken
        store = self.goods.flexible.terms
        store[at, CAPACITY] += taken - given
        gives, takes = at[given > 0.0], at[taken > 0.0]
        limited = gives[np.isfinite(self.own[gives, 1])]
        store[limited, POWER] -= self.rate[limited] * self.lent[limited]
        own_power = np.where(self.own[takes, 0] > 0.0, self.own[takes, 1], 0.0)
        store[takes, POWER] = own_power + _mean_rate(given, self.rate[at]) * self.borrowed[takes]
        lent = np.zeros(self.stage.population.makers)
        lent[self.rows[at]] = self.lending_cost[at] * given
        self.book.pay(self.lending, lent)

    def count(self) -> None:
        """Count today."""
        self.sums += self.lent, self.borrowed

    def outcomes(self, scale: float) -> dict[tuple[str, str], float]:
        """Return (outcome, party) -> MWh of capacity lent and borrowed times `scale`, for those who share stores."""
        people = self.stage.population
        values: dict[tuple[str, str], float] = {}
        for name, sums in zip(("storage_lent", "storage_borrowed"), self.sums, strict=True):
            values |= by_party(people, name, self.rows, scale * sums, self.shares)
        return values

    def _prices(self) -> Floats:
        """Return what each firm expects to pay, EUR/MWh, shape (k, 24): nothing by the hour on a fixed tariff."""
        view = self.goods.price_view[self.goods.batch.size :]
        return np.where(self.goods.flexible.sees_prices[:, None], view, 0.0)


def _mean_rate(capacity: Floats, rate: Floats) -> float:
    """Return the charging power that comes with a MWh, MW, as a mean over capacities, MWh, of their rates, 1/h."""
    some = capacity > 0.0
    return float((capacity[some] * rate[some]).sum() / capacity[some].sum()) if some.any() else 0.0
