"""Workshops: firms whose machines and people limit what they make in a day, alone or with hours of others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from model.books import Account, Book
from model.expertise import distances, knowledge_at_start
from model.mechanisms.leasing import Leasing
from model.physics.capacity import (
    CLASSES,
    EQUIPMENT,
    GENERAL,
    SKILLED,
    cost_factors,
    make_units,
    man_crews,
    overtime_left,
    run_hours,
    run_machines,
    size_needs,
    take_session,
    weigh_hours,
    write_session,
)
from model.session import Bools, Links, Session, new_session, pairs_within
from model.stocks import workshops_of
from model.streams import Floats, Ints
from model.ways import NO_LINKS, in_the_middle, sites, tied_members, way_between, way_to_middle

if TYPE_CHECKING:
    from model.goods import Goods
    from model.ledger import Ledger
    from model.population import Population
    from model.resource_terms import ResourceContract
    from model.stage import Stage

LABOUR = slice(SKILLED, GENERAL + 1)
HOURS = ("manned", "own", "used", "lent", "borrowed", "overtime")
"""Hours that are counted by class: as if all were up and present, at hand, and what became of them."""

ACQUAINTANCES = 50
"""Leasing: neighbours of whom a firm knows that they have such hours, the nearest ones (assumption)."""


ALIKE = 1e-12
"""Cognitive distance, or share that is left of an hour, that counts as none."""


@dataclass(frozen=True)
class Slots:
    """What the slots of a contract's session are.

    Attributes:
        classes: class of hours of each slot, shape (S,).
        fits: whether a member has such hours of the slot's kind, and a partner within reach, shape (S, member).
    """

    classes: tuple[int, ...]
    fits: Any


class Workshops:
    """The submodel of machines and people.

    A day: `survey` lets machines fail and workers be absent and sizes the needs; contracts may move hours
    (`session`, `fill`, `take`); `work` limits what the goods submodel makes. What is not made was never in the
    pipeline, so the order-up-to policy orders it again tonight.

    A firm uses its own normal hours first, then borrowed ones, then overtime up to its limit: if
    `ordering.overtime` is `promised`, whatever that costs, so that it works overtime before it falls short; if
    `worthwhile`, not where an hour of it costs more than a day's backlog of what it makes. So an hour that not even
    overtime can give is worth what its units cost a day later, the backlog cost over hours per unit, and no less
    than an hour of overtime; an hour that overtime could give is worth that overtime. (With stock above the safety
    stock a unit made a day late costs less than a day of backlog, where capacity stays short for days it costs
    more; the firm weighs neither. What it bids decides who trades, and no cost: those are read off what was really
    worked, stocked and owed.) Who does skilled work in a trade that is not its own gets less done: an hour lent is
    1 - d hours borrowed, with d the cognitive distance between what the two firms know at the start; in a pool it
    passes the mean of what members know, and loses something on either side. An hour of other work is an hour
    everywhere.

    How much machines run today decides how often they fail, and is known only at night: today's failures follow the
    hours that they ran yesterday.

    Args:
        stage: the common ground of the run.
        goods: whose production is limited.

    Attributes:
        rows: rows of the workshops in the firm table, shape (r,).
        own: normal hours at hand today by class, `need`: hours wanted, `lent`, `borrowed`, shape (3, r).
        used, guests, overtime: own and borrowed hours and overtime that went into today's production, shape (3, r).
        hours_lent, hours_borrowed: machine-hours and labour-hours that contracts moved today, shape (2,); what is
            borrowed counts by what it gets done, at most what was lent.
        book: payments for overtime and lending.
    """

    def __init__(self, stage: Stage, goods: Goods) -> None:
        people = stage.population
        self.stage, self.goods = stage, goods
        self.rows = rows = workshops_of(people)
        self.place = np.full(people.makers, -1, np.int64)
        self.place[rows] = np.arange(rows.size)
        self.keys = np.stack([stage.key(name) for name in ("absence_common", "absence", "absent")])
        self.machine_key = stage.key("machine")
        self.entity = people.entity[rows]
        self.kind = _kinds(people)[rows]
        self._declare(people)
        self.left = np.zeros(int(self.first[-1]))
        shape = (CLASSES, rows.size)
        self.own, self.most_overtime, self.need, self.lent, self.borrowed = (np.zeros(shape) for _ in range(5))
        self.used, self.guests, self.overtime = (np.zeros(shape) for _ in range(3))
        self.target, self.made = np.zeros(rows.size), np.zeros(rows.size)
        self.use = np.ones(rows.size)
        self.hard = np.ones(shape, np.bool_)
        self.slots: dict[str, Slots] = {}
        self.trades_differ = False
        self.hours_sums, self.units_sums = np.zeros((len(HOURS), *shape)), np.zeros((2, rows.size))
        self.book = Book(people)
        if rows.size:
            self.overtime_account, self.lending_account = self.book.account("overtime"), self.book.account("lending")

    def _declare(self, people: Population) -> None:
        """Read what the workshops declare; arrays by class have shape (3, r)."""
        rows = self.rows

        def of(section: str, *names: str) -> Floats:
            return np.stack([people.spread(section, name)[rows] for name in names])

        labour = of("labour", "skilled_hours_per_unit", "general_hours_per_unit")
        self.machines, machine_hours, self.shift, self.machine_overtime = of(
            "equipment", "machines", "hours_per_unit", "shift_hours", "overtime_hours"
        )
        self.failure_rate, self.repair, overtime_cost, lending_cost = of(
            "equipment", "failure_rate", "repair", "overtime_cost", "lending_cost"
        )
        self.crew = of("labour", "skilled", "general")
        self.hours, self.absence, self.spread, self.common, self.overtime_share = of(
            "labour", "hours", "absence", "absence_spread", "absence_common", "overtime_share"
        )
        has = np.vstack([self.machines, self.crew]) > 0.0
        self.unit_hours = np.where(has, np.vstack([machine_hours, labour]), 0.0)
        self.overtime_cost = np.vstack([overtime_cost, of("labour", "overtime_cost", "overtime_cost")])
        self.lending_cost = np.vstack([lending_cost, of("labour", "lending_cost", "lending_cost")])
        self._spread_costs(of("equipment", "cost_spread")[0], of("labour", "cost_spread")[0])
        self._forgo_overtime(people, of("ordering", "backlog_cost")[0])
        self.first = np.concatenate([[0], np.cumsum(self.machines)]).astype(np.int64)
        self.manned = np.vstack([self.machines * self.shift, self.crew * self.hours])
        late = np.full(self.unit_hours.shape, 0.0)
        np.divide(of("ordering", "backlog_cost"), self.unit_hours, out=late, where=self.unit_hours > 0.0)
        may_work_over = np.vstack([self.machine_overtime, self.overtime_share, self.overtime_share]) > 0.0
        self.short_value = np.where(may_work_over, np.maximum(late, self.overtime_cost), late)

    def _spread_costs(self, machines: Floats, people: Floats) -> None:
        """Let firms of a group differ in what overtime and lending cost them, by the sds of the logs, shapes (r,)."""
        key = self.stage.key("work_cost")
        for part, sd, slot in ((slice(0, 1), machines, 0), (slice(1, None), people, 2)):
            if sd.any():
                self.overtime_cost[part] *= cost_factors(key, self.entity, slot, sd)
                self.lending_cost[part] *= cost_factors(key, self.entity, slot + 1, sd)

    def _forgo_overtime(self, people: Population, backlog_cost: Floats) -> None:
        """Rule out overtime dearer than a day's backlog, EUR/unit/day, shape (r,), where a firm weighs them."""
        weighs = people.coded("ordering", "overtime", ("promised", "worthwhile"))[self.rows] == 1
        dear = weighs & (self.overtime_cost * self.unit_hours > backlog_cost)
        self.machine_overtime = np.where(dear[EQUIPMENT], 0.0, self.machine_overtime)
        self.overtime_share = np.where(dear[SKILLED] | dear[GENERAL], 0.0, self.overtime_share)

    @property
    def hours_lent(self) -> Floats:
        """Machine-hours and labour-hours that workshops lent today, shape (2,)."""
        return np.array([self.lent[EQUIPMENT].sum(), self.lent[LABOUR].sum()])

    @property
    def hours_borrowed(self) -> Floats:
        """Machine-hours and labour-hours that workshops borrowed today, shape (2,)."""
        return np.array([self.borrowed[EQUIPMENT].sum(), self.borrowed[LABOUR].sum()])

    def survey(self, day: int) -> None:
        """Find out which machines are up and who is there today, and what that leaves to be wished for."""
        self.book.clear()
        if not self.rows.size:
            return
        run_machines(
            day,
            self.entity,
            self.machine_key,
            self.first,
            self.shift,
            self.failure_rate,
            self.use,
            self.repair,
            self.left,
            self.own[EQUIPMENT],
        )
        man_crews(
            day, self.entity, self.keys, self.crew, self.hours, self.absence, self.spread, self.common, self.own[LABOUR]
        )
        overtime = self.machine_overtime, self.overtime_share
        overtime_left(self.machines, self.manned, *overtime, self.own, self.most_overtime)
        self.lent[:], self.borrowed[:] = 0.0, 0.0
        self.target[:] = self.stage.live.produced[self.rows]
        self._size_needs(np.arange(self.rows.size))

    def _size_needs(self, firms: Ints) -> None:
        """Work out the hours that workshops want of each class, from what they have by now."""
        hours = self.own, self.most_overtime, self.lent, self.borrowed
        size_needs(firms, self.target, self.unit_hours, *hours, self.hard, self.need)

    def session(self, terms: ResourceContract, rows: Ints) -> Session:
        """Return the session of a contract on equipment (one slot for each kind) or labour (skilled, general), in h.

        Machines work for firms with machines of the same kind. Members without any have nothing to need or to offer.
        Where members' trades differ each firm stands in the session twice, first with its skilled work, then, behind
        all others, with the rest, since only skilled hours are worth less to others.

        Args:
            terms: of the contract.
            rows: its members' rows in the firm table, shape (m,).
        """
        own = self._slots_of(terms, rows)
        xy = sites(self.stage)[rows]
        if in_the_middle(self.stage, terms):
            away = np.hypot(*(xy - xy.mean(axis=0)).T)
            fits = own.fits & (away <= terms.reach)
            access = way_to_middle(terms, away)
            session = new_session(rows, NO_LINKS, access=access, slots=len(own.classes))
            if terms.resource == "labour" and (worth := self._worth_in_pool(rows, fits[0])).min() < 1.0 - ALIKE:
                session, fits = _pool_by_skill(session, fits, worth)
        else:
            word = np.where(own.fits.any(axis=0), own.fits.argmax(axis=0), -1)
            alike = None if terms.resource == "labour" else lambda taker, giver, _: word[taker] == word[giver]
            able = word >= 0
            known = max(ACQUAINTANCES, terms.partners) if terms.variant == Leasing.name else None
            links = pairs_within(xy, terms.reach, alike, takers=able, givers=able, nearest=known)
            fits = own.fits & np.logical_or(*tied_members(links, rows.size))
            session = new_session(rows, links, way=way_between(terms, links), slots=len(own.classes))
            if (
                terms.resource == "labour"
                and (worth := self._worth_to_others(rows, links)).min(initial=1.0) < 1.0 - ALIKE
            ):
                session, fits = _links_by_skill(session, links, own.fits, worth)
        self.trades_differ |= session.members > rows.size
        self.slots[terms.name] = Slots(own.classes, fits)
        for s, k in enumerate(own.classes):
            self.hard[k, self.place[session.rows[fits[s]]]] = False
        return session

    def _worth_to_others(self, rows: Ints, links: Links) -> Floats:
        """Return what an hour of skilled work gets done at each taker over what it does at its giver, shape (p,)."""
        known = knowledge_at_start(self.stage)[rows]
        return 1.0 - distances(known, known, links.taker, links.giver)

    def _worth_in_pool(self, rows: Ints, skilled: Bools) -> Floats:
        """Return what is left of an hour of skilled work between each member and the mean of those with such, (m,)."""
        worth = np.ones(rows.size)
        if skilled.any():
            known, place = knowledge_at_start(self.stage)[rows], np.flatnonzero(skilled)
            mean = known[skilled].mean(axis=0, keepdims=True)
            worth[skilled] = 1.0 - distances(known, mean, place, np.zeros(place.size, np.int64))
        return worth

    def _slots_of(self, terms: ResourceContract, rows: Ints) -> Slots:
        """Return the slots of a contract, whatever the reach."""
        at = self.place[rows]
        if terms.resource == "labour":
            has = self.crew[:, at] > 0.0 if self.rows.size else np.zeros((2, rows.size), np.bool_)
            return Slots((SKILLED, GENERAL), has & (at >= 0))
        owners = at >= 0
        owners[owners] = self.machines[at[owners]] > 0.0
        kinds = np.unique(self.kind[at[owners]])
        fits = np.zeros((max(1, kinds.size), rows.size), np.bool_)
        for s, kind in enumerate(kinds):
            fits[s, owners] = self.kind[at[owners]] == kind
        return Slots((EQUIPMENT,) * fits.shape[0], fits)

    def fill(self, terms: ResourceContract, session: Session, day: int) -> None:
        """Write today's needs, offers, values and costs; `day` is that of the last survey.

        The dearer tier of need is what not even overtime could make, the other what overtime would. What earlier
        contracts of the day moved is counted in.
        """
        at = self.place[session.rows]
        self._size_needs(at[at >= 0])
        hours = self.need, self.own, self.most_overtime, self.lent, self.borrowed
        worth = self.short_value, self.overtime_cost, self.lending_cost
        results = session.need, session.value, session.offer, session.cost
        write_session(self._places(terms, at), hours, worth, terms.offered, results)

    def _places(self, terms: ResourceContract, at: Ints) -> tuple[Ints, Any, Ints]:
        """Return the slots of a contract, with the workshops of its members, shape (m,)."""
        slots = self.slots[terms.name]
        return np.array(slots.classes), slots.fits, at

    def take(self, terms: ResourceContract, session: Session, day: int) -> None:
        """Carry the hours that were matched into the day's work."""
        places = self._places(terms, self.place[session.rows])
        take_session(places, session.taken, session.given, self.lent, self.borrowed)

    def work(self, day: int) -> None:
        """Let everybody make what its hours allow, and pay for overtime and for hours that were lent."""
        if not self.rows.size:
            return
        hours = self.own, self.most_overtime, self.lent, self.borrowed
        made = self.made, self.used, self.guests, self.overtime
        make_units(self.target, self.unit_hours, *hours, *made)
        self.stage.live.produced[self.rows] = self.made
        prices = self.overtime_cost, self.lending_cost
        overtime, lending = run_hours(self.own, self.used, self.lent, self.overtime, prices, self.use)
        self._pay(self.overtime_account, overtime)
        self._pay(self.lending_account, lending)

    def _pay(self, account: Account, eur: Floats) -> None:
        """Pay EUR of each workshop, shape (r,)."""
        amounts = np.zeros(self.place.size)
        amounts[self.rows] = eur
        self.book.pay(account, amounts)

    def check(self, ledger: Ledger, day: int) -> None:
        """Require that all hours at hand were used, idle or lent, and that no more hours were borrowed than lent.

        Machine-hours that are lent are borrowed to the last; so are hours of labour where all are of one trade.

        Raises:
            BalanceError: names the balance, the day and both sides.
        """
        if not self.rows.size:
            return
        hours = self.own, self.used, self.lent, self.borrowed, self.guests, self.overtime
        sums = weigh_hours(self.stage.live.produced[self.rows], self.unit_hours, *hours)
        for name, weighed in (("machine hours", sums[EQUIPMENT]), ("labour hours", sums[SKILLED] + sums[GENERAL])):
            spent, at_hand, lent, borrowed, others = weighed.tolist()
            ledger.check(name, spent, at_hand, at_hand + others, day)
            if self.trades_differ and name == "labour hours":
                lent = min(lent, borrowed)  # what is missing was lost on the way to another trade
            ledger.check(name, lent, borrowed, at_hand + others, day)

    def count(self) -> None:
        """Add today to what `outcomes` reports."""
        for k, name in enumerate(HOURS):
            self.hours_sums[k] += getattr(self, name)
        self.units_sums[0] += np.maximum(0.0, self.target)
        self.units_sums[1] += np.maximum(0.0, self.target - self.made)

    def outcomes(self, scale: float) -> dict[tuple[str, str], float]:
        """Return (outcome, party) -> value of what was counted, hours times `scale`; nothing for other parties."""
        people = self.stage.population
        values: dict[tuple[str, str], float] = {}
        party = people.party[self.rows]
        hours = {name: _by_party(party, sums) for name, sums in zip(HOURS, self.hours_sums, strict=True)}
        busy, own, manned = hours["used"] + hours["lent"], hours["own"], hours["manned"]
        target, short = _by_party(party, self.units_sums)
        for p in np.unique(party):
            name = people.parties[p]
            ratios = {
                "machine_utilisation": (busy[EQUIPMENT, p], own[EQUIPMENT, p]),
                "machine_availability": (own[EQUIPMENT, p], manned[EQUIPMENT, p]),
                "labour_utilisation": (busy[LABOUR, p].sum(), own[LABOUR, p].sum()),
                "production_shortfall": (short[p], target[p]),
            }
            values |= {(outcome, name): float(part / whole) for outcome, (part, whole) in ratios.items() if whole > 0.0}
            for kind in ("overtime", "borrowed", "lent"):
                values[f"{kind}_hours", name] = float(hours[kind][:, p].sum()) * scale
        return values


def _pool_by_skill(session: Session, fits: Bools, worth: Floats) -> tuple[Session, Bools]:
    """Return a pool's session on labour, and who fits, with each firm's skilled work apart from the rest."""
    fits, none = fits & np.stack([worth > ALIKE, np.ones(worth.size, np.bool_)]), np.ones(worth.size)
    access, share = np.tile(session.access, 2), np.concatenate([np.where(fits[0], worth, 1.0), none])
    apart = new_session(np.tile(session.rows, 2), NO_LINKS, access=access, access_share=share, slots=session.slots)
    return apart, _sides(fits)


def _links_by_skill(session: Session, links: Links, fits: Bools, worth: Floats) -> tuple[Session, Bools]:
    """Return a session of pairs on labour, and who fits, with each firm's skilled work apart from the rest."""
    kept = [np.flatnonzero(has[links.taker] & has[links.giver]) for has in fits]
    kept[0] = kept[0][worth[kept[0]] > ALIKE]
    pairs, second = np.concatenate(kept), np.repeat([0, session.members], [each.size for each in kept])
    by_skill = Links(links.taker[pairs] + second, links.giver[pairs] + second, links.distance_km[pairs])
    share = np.where(second == 0, worth[pairs], 1.0)
    rows, way = np.tile(session.rows, 2), session.way[pairs]
    apart = new_session(rows, by_skill, way=way, delivered=share, slots=session.slots)
    return apart, _sides(fits) & np.logical_or(*tied_members(by_skill, rows.size))


def _sides(fits: Bools) -> Bools:
    """Return who fits, shape (2, 2 m), where skilled work and the rest stand apart, from shape (2, m)."""
    nobody = np.zeros(fits.shape[1], np.bool_)
    return np.stack([np.concatenate([fits[0], nobody]), np.concatenate([nobody, fits[1]])])


def _by_party(party: Ints, sums: Floats) -> Floats:
    """Return sums of workshops, shape (n, r), by the number of their party, shape (n, parties)."""
    return np.stack([np.bincount(party, line) for line in sums])


def _kinds(people: Population) -> Ints:
    """Return a number for the kind of each manufacturer's machines, the same for the same word, shape (n,)."""
    words = [maker.equipment.kind for maker in people.inputs.manufacturers]
    known = sorted(set(words))
    return np.array([known.index(word) for word in words], dtype=np.int64)[people.group]
