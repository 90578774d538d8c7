"""By-products: materials that leave firms beside their products, and that others can use instead of bought ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.errors import Fault, InputError
from model.session import Bools, Session, new_session, pairs_within
from model.streams import Floats, Ints
from model.ways import NO_LINKS, by_party, in_the_middle, sites, tied_members, way_between, way_to_middle

if TYPE_CHECKING:
    from model.books import Book
    from model.resource_terms import ResourceContract
    from model.stage import Stage


class ByProducts:
    """By-products by the day.

    Attributes:
        rows: manufacturers that make or take a by-product, shape (k,); `place`: as in `HeatFlows`.
        makes, takes: materials by their number, -1 for none, shape (k,).
        made, need: t, shape (k,); `used`, `given`: part of them that partners share.
        day: today's sums of what was used and of what was disposed of, t, shape (k, 2); `sums`: since counting began.
    """

    def __init__(self, stage: Stage, book: Book) -> None:
        people, firms = stage.population, stage.inputs.manufacturers
        self.stage, self.book = stage, book
        words = sorted({w for m in firms for w in (m.by_product.makes, m.by_product.takes)} - {""})
        codes = ("", *words)
        self.names = words
        makes = people.coded("by_product", "makes", codes) - 1 if firms else np.zeros(0, np.int64)
        takes = people.coded("by_product", "takes", codes) - 1 if firms else np.zeros(0, np.int64)
        makes = np.where(people.spread("by_product", "rate") > 0.0, makes, -1) if firms else makes
        takes = np.where(people.spread("by_product", "need") > 0.0, takes, -1) if firms else takes
        self.rows = np.flatnonzero((makes >= 0) | (takes >= 0))
        self.makes, self.takes = makes[self.rows], takes[self.rows]
        self.place = np.full(people.party.size, -1, np.int64)
        self.place[self.rows] = np.arange(self.rows.size)
        self.terms = {
            name: people.spread("by_product", name)[self.rows] if firms else np.zeros(0)
            for name in ("rate", "need", "disposal_cost", "price", "preparation")
        }
        self.made, self.need, self.used, self.given = (np.zeros(self.rows.size) for _ in range(4))
        self.day, self.sums = (np.zeros((self.rows.size, 2)) for _ in range(2))
        self.within_reach: dict[str, tuple[Bools, Bools]] = {}
        self.accounts = {kind: book.account(kind) for kind in ("disposal", "material")} if self.rows.size else {}

    def session(self, terms: ResourceContract, rows: Ints) -> Session:
        """Return the session of one contract; see `Flows.session`."""
        xy = sites(self.stage)[rows]
        k = self.place[rows]
        makes, takes = self.makes[k], self.takes[k]
        if in_the_middle(self.stage, terms):
            away = np.hypot(*(xy - xy.mean(axis=0)).T)
            material = self._pooled(terms, makes, takes)
            near = away <= terms.reach
            taking, giving = near & (takes == material), near & (makes == material)
            session = new_session(rows, NO_LINKS, access=way_to_middle(terms, away))
        else:

            def fits(taker: Ints, giver: Ints, _: Floats) -> Bools:
                same: Bools = takes[taker] == makes[giver]
                return same

            links = pairs_within(xy, terms.reach, fits, takers=takes >= 0, givers=makes >= 0)
            taking, giving = tied_members(links, rows.size)
            session = new_session(rows, links, way=way_between(terms, links))
        self.within_reach[terms.name] = taking, giving
        return session

    def _pooled(self, terms: ResourceContract, makes: Ints, takes: Ints) -> int:
        """Return the material of a pool.

        Raises:
            InputError: there are several that members could share.
        """
        shared = np.intersect1d(makes[makes >= 0], takes[takes >= 0])
        if shared.size > 1:
            what = f"a pool is of one material, and its members share {', '.join(self.names[m] for m in shared)}"
            where = f"contracts.{terms.name}.members"
            raise InputError([Fault(where, what, "a contract for each material; or variant allocation or leasing")])
        return int(shared[0]) if shared.size else -2

    def survey(self) -> None:
        """Work out what today's production leaves and takes."""
        produced = np.maximum(0.0, self.stage.live.produced[self.rows])
        self.made[:] = np.where(self.makes >= 0, self.terms["rate"], 0.0) * produced
        self.need[:] = np.where(self.takes >= 0, self.terms["need"], 0.0) * produced
        self.used[:], self.given[:] = 0.0, 0.0

    def fill(self, terms: ResourceContract, session: Session) -> None:
        """Write what members need and have left, at what it saves and costs them.

        Using a tonne saves its price less the preparation; giving one saves its disposal (or loses what a dealer pays).
        """
        k = self.place[session.rows]
        taking, giving = self.within_reach[terms.name]
        saves = (self.terms["price"] - self.terms["preparation"])[k]
        session.need[0, 0] = np.maximum(0.0, self.need[k] - self.used[k]) * (taking & (saves > 0.0))
        session.value[0, 0] = saves
        session.offer[0] = terms.offered * np.maximum(0.0, self.made[k] - self.given[k]) * giving
        session.cost[0] = -self.terms["disposal_cost"][k]

    def take(self, session: Session) -> None:
        """Carry what was shared over."""
        k = self.place[session.rows]
        self.used[k] += session.taken[0].sum(axis=0)
        self.given[k] += session.given[0]

    def use(self) -> None:
        """Dispose of what nobody took and buy what nobody gave.

        What a dealer pays for the rest is a negative real cost, not a transfer: bought material counts as used up at
        its price, so material that leaves for the world outside must count as won at its price, else a firm that takes
        it from the dealer would seem to save the economy its whole value.
        """
        t = self.terms
        self.day[:, 0] = self.used
        self.day[:, 1] = np.maximum(0.0, self.made - self.given)
        bought = np.maximum(0.0, self.need - self.used)
        self._pay("disposal", t["disposal_cost"] * self.day[:, 1])
        self._pay("material", t["price"] * bought + t["preparation"] * self.used)

    def _pay(self, kind: str, eur: Floats) -> None:
        """Book what the firms in `rows` pay, EUR, shape (k,)."""
        payments = np.zeros(self.stage.population.makers)
        payments[self.rows] = eur
        self.book.pay(self.accounts[kind], payments)

    def balances(self) -> list[tuple[str, float, float, float]]:
        """Return name, both sides and turnover of today's balances, t."""
        made, gone = float(self.made.sum()), float(self.given.sum() + self.day[:, 1].sum())
        over = float(np.maximum(0.0, self.used - self.need).sum())
        return [
            ("by-products", made, gone, made),
            ("material", over, 0.0, float(self.need.sum())),
        ]

    def outcomes(self, scale: float) -> dict[tuple[str, str], float]:
        """Return (outcome, party) -> sum since counting began, times `scale`."""
        people = self.stage.population
        return {
            **by_party(people, "by_product_used", self.rows, scale * self.sums[:, 0], self.takes >= 0),
            **by_party(people, "by_product_disposed", self.rows, scale * self.sums[:, 1], self.makes >= 0),
        }
