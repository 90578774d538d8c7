"""Resource contracts in plain Python: who sits at which table, what each brings, and who pays whom."""

import math
from abc import ABC, abstractmethod
from typing import Any

from tests.reference.trades import DEAR, Table, clear, ways_between, ways_to_the_middle

YEAR_DAYS = 365.0
ORDER = ("labour", "equipment", "heat", "by_product")


def shares_nothing(terms: Any) -> bool:
    """Tell whether a contract has no effect by its own terms."""
    asks_nobody = terms.variant == "leasing" or terms.resource == "heat"
    return terms.offered == 0.0 or (asks_nobody and terms.partners == 0)


class ResourceContract(ABC):
    """A contract on one resource: its members, its table, and what came of it; each resource says what is its own."""

    def __init__(self, model: Any, terms: Any) -> None:
        self.model, self.terms = model, terms
        agents = (*model.firms, *model.utilities)
        self.members = [agent for name in terms.members for agent in agents if agent.party == name]
        self.platform = next(p for p in model.resource_platforms if p.party == terms.platform)
        self.saved = self.worth = self.met = self.bound = 0.0
        self.table = self._lay()
        self.pools = terms.variant == "pooling"
        if self.pools:
            self._join_in_the_middle()

    def _lay(self) -> Table:
        """Return the table with its slots and the ways between members; a pool has none."""
        nearest = max(50, self.terms.partners) if self.terms.variant == "leasing" else None
        ways = [] if self.terms.variant == "pooling" else ways_between(
            self.terms, self.members, self.fits, nearest=self.most_links(nearest), arrives=self.arrives
        )  # fmt: skip
        self.takers, self.givers = {way.taker for way in ways}, {way.giver for way in ways}
        return Table(self.terms, self.members, self.slots(), ways)

    def _join_in_the_middle(self) -> None:
        """Tie members within reach of the middle."""
        self.away = ways_to_the_middle(self.members)
        near = [km <= self.terms.reach for km in self.away]
        self.takers, self.givers = self.who_joins(near)
        handling = self.terms.moving_cost / 2.0
        self.table.access = [(handling + self.terms.distance_cost * km, 1.0) for km in self.away]

    def slots(self) -> int:
        """Return how many slots the day has."""
        return 1

    def most_links(self, nearest: int | None) -> int | None:
        """Return of how many givers a taker knows; None for all."""
        return nearest

    def arrives(self, km: float) -> float:
        """Return the part that arrives."""
        return 1.0

    @abstractmethod
    def fits(self, taker: Any, giver: Any, km: float) -> bool:
        """Tell whether one can take from the other."""

    @abstractmethod
    def who_joins(self, near: list[bool]) -> tuple[set[int], set[int]]:
        """Return who takes from a pool and who gives to it."""

    @abstractmethod
    def bring(self, day: int) -> None:
        """Write what members need and offer today."""

    @abstractmethod
    def take_home(self) -> None:
        """Let members have what they took, and miss what they gave."""

    def match(self, day: int) -> None:
        """Hold today's trade, if the platform works."""
        self.table.clear()
        if not self.platform.online[day]:
            self.table.bound = 0.0
            return
        self.bring(day)
        clear(self.table, day, self.model.streams)
        self._pay()
        self.take_home()

    def _pay(self) -> None:
        books, commission = self.model.books, self.platform.terms.commission
        for member, eur, moved in zip(self.members, self.table.paid, self.table.moved, strict=True):
            books.pay(member, self.platform, "rent", eur)
            books.pay(member, self.platform, "commission", commission * max(0.0, eur))
            books.pay(member, self.model.resources, "moving", moved)
        if self.platform.terms.governance == "cooperative":
            kept = commission * sum(max(0.0, eur) for eur in self.table.paid)
            size = sum(self.platform.members.values())
            for firm in (*self.model.firms, *self.model.utilities):
                if firm.party in self.platform.members:
                    books.pay(firm, self.platform, "platform_result", -kept / size)

    def count(self) -> None:
        """Count today."""
        self.saved += self.table.surplus
        self.worth += self.table.worth_of_needs
        self.met += self.table.worth_met
        self.bound += self.table.bound


class HoursContract(ResourceContract):
    """A contract on machines or on people: hours of the day."""

    def __init__(self, model: Any, terms: Any) -> None:
        people = terms.resource == "labour"
        self.classes = ["skilled", "general"] if people else ["machines"]
        self.kinds: list[str] = []
        if not people:
            firms = [firm for firm in model.firms if firm.party in terms.members]
            self.kinds = sorted({firm.terms.equipment.kind for firm in firms if firm.terms.equipment.machines})
        super().__init__(model, terms)
        for s in range(self.slots()):
            for i, member in enumerate(self.members):
                if self._sits(s, i):
                    member.workshop.may_borrow[self._class(s)] = True

    def slots(self) -> int:
        """Return one slot for each skill, or for each kind of machine."""
        return 2 if self.terms.resource == "labour" else max(1, len(self.kinds))

    def _class(self, s: int) -> str:
        return self.classes[s] if self.terms.resource == "labour" else "machines"

    def _has(self, s: int, i: int) -> bool:
        """Tell whether a member has such hours at all."""
        terms = self.members[i].terms
        if self.terms.resource == "labour":
            return bool(getattr(terms.labour, self.classes[s]))
        return bool(terms.equipment.machines) and terms.equipment.kind == self.kinds[s]

    def _sits(self, s: int, i: int) -> bool:
        return self._has(s, i) and (i in self.takers or i in self.givers)

    def fits(self, taker: Any, giver: Any, km: float) -> bool:
        """People can go to any firm with people, machines work for firms with such machines."""
        if self.terms.resource == "labour":
            return all(f.terms.labour.skilled + f.terms.labour.general > 0 for f in (taker, giver))
        one, other = taker.terms.equipment, giver.terms.equipment
        return bool(one.machines and other.machines) and one.kind == other.kind

    def who_joins(self, near: list[bool]) -> tuple[set[int], set[int]]:
        """Everybody near enough both takes and gives."""
        all_near = {i for i, is_near in enumerate(near) if is_near}
        return all_near, all_near

    def bring(self, day: int) -> None:
        """Offer idle hours, ask for what is lacking."""
        for s, row in enumerate(self.table.seats):
            k = self._class(s)
            for i, seat in enumerate(row):
                if self._sits(s, i):
                    shop = self.members[i].workshop
                    idle, dear, cheap = shop.idle_and_lacking(k)
                    seat.need = [dear, cheap]
                    seat.value = [shop.short_value(k), shop.overtime_cost[k]]
                    seat.offer, seat.cost = self.terms.offered * idle, shop.lending_cost[k]

    def take_home(self) -> None:
        """Move the hours."""
        for s, row in enumerate(self.table.seats):
            for i, seat in enumerate(row):
                if self._sits(s, i):
                    self.members[i].workshop.borrowed[self._class(s)] += sum(seat.taken)
                    self.members[i].workshop.lent[self._class(s)] += seat.given


class HeatContract(ResourceContract):
    """A contract on waste heat, by the hour, through pipes."""

    def __init__(self, model: Any, terms: Any) -> None:
        self.flows = model.flows.heat
        super().__init__(model, terms)
        tied = self.takers | self.givers
        km = sum(self.away[i] for i in tied) if self.pools else sum(way.km for way in self.table.ways)
        for member, part in zip(self.members, self._parts(), strict=True):
            self.flows[id(member)].pipes += terms.pipe_cost * km / YEAR_DAYS * part

    def _parts(self) -> list[float]:
        """Return the part of the pipes that each member pays; firms of a group share theirs alike."""
        agreed = dict(self.terms.shares)
        if not agreed:
            return [1.0 / len(self.members) for _ in self.members]
        alike = [sum(other.party == member.party for other in self.members) for member in self.members]
        return [agreed.get(m.party, 0.0) / n for m, n in zip(self.members, alike, strict=True)]

    def slots(self) -> int:
        """Return the hours of a day."""
        return 24

    def most_links(self, nearest: int | None) -> int | None:
        """Return the pipes to each user."""
        return int(self.terms.partners)

    def arrives(self, km: float) -> float:
        """Return what pipes leave of a MWh."""
        return max(0.0, 1.0 - self.terms.pipe_loss * km)

    def _arriving(self, member: Any, km: float) -> float:
        """Return the temperature at which a member's heat arrives."""
        return float(self.flows[id(member)].waste_level - self.terms.approach - self.terms.cooling * km)

    def fits(self, taker: Any, giver: Any, km: float) -> bool:
        """Heat must arrive hot enough."""
        one, other = self.flows[id(taker)], self.flows[id(giver)]
        return one.takes and other.gives and self._arriving(giver, km) >= one.level and self.arrives(km) > 0.0

    def who_joins(self, near: list[bool]) -> tuple[set[int], set[int]]:
        """Return who draws from the network and who feeds it, at the lowest temperature that moves most heat."""
        sources = [self.flows[id(member)] for member in self.members]
        self._lose_on_the_way()
        near = [ok and self.arrives(km) > 0.0 for ok, km in zip(near, self.away, strict=True)]
        needed = {i: source.level + self.terms.cooling * self.away[i] for i, source in enumerate(sources)}
        arriving = {
            i: self._arriving(self.members[i], self.away[i]) for i, source in enumerate(sources) if source.gives
        }
        hottest = max((heat for i, heat in arriving.items() if near[i]), default=-math.inf)
        asks = [source.usual[0] if needed[i] <= hottest else 0.0 for i, source in enumerate(sources)]
        feeds = {i for i, source in enumerate(sources) if source.gives and source.usual[1] > asks[i]}
        takers = {i for i, source in enumerate(sources) if source.takes and near[i] and i not in feeds}
        givers = {i for i in feeds if near[i]}
        best, level = -1.0, math.inf
        for candidate in sorted({needed[i] for i in takers}):
            asked = sum(asks[i] for i in takers if needed[i] <= candidate)
            there = sum(sources[i].usual[1] for i in givers if arriving[i] >= candidate)
            if min(asked, there) > best:
                best, level = min(asked, there), candidate
        takers = {i for i in takers if needed[i] <= level}
        givers = {i for i in givers if arriving[i] >= level}
        return (takers, givers) if takers and givers else (set(), set())

    def _lose_on_the_way(self) -> None:
        self.losses = [self.arrives(km) for km in self.away]

    def _join_in_the_middle(self) -> None:
        """Tie members, and let heat be lost on their ways."""
        super()._join_in_the_middle()
        tied = self.takers | self.givers
        self.table.access = [
            (way, self.losses[i] if i in tied else 1.0) for i, (way, _) in enumerate(self.table.access)
        ]

    def bring(self, day: int) -> None:
        """Ask for what the boiler would make, offer what leaves unused."""
        for i, member in enumerate(self.members):
            source = self.flows[id(member)]
            for h, row in enumerate(self.table.seats):
                seat = row[i]
                seat.value, seat.cost = [source.value, 0.0], source.recovery_cost
                if i in self.takers:
                    seat.need[DEAR] = max(0.0, source.lacking[h])
                if i in self.givers:
                    seat.offer = self.terms.offered * max(0.0, source.unused[h])

    def take_home(self) -> None:
        """Send heat through the pipes."""
        for i, member in enumerate(self.members):
            source = self.flows[id(member)]
            for h, row in enumerate(self.table.seats):
                source.delivered[h] += sum(row[i].taken)
                source.given[h] += row[i].given


class MaterialContract(ResourceContract):
    """A contract on by-products."""

    def __init__(self, model: Any, terms: Any) -> None:
        self.flows = model.flows.materials
        super().__init__(model, terms)

    def fits(self, taker: Any, giver: Any, km: float) -> bool:
        """One makes what the other takes."""
        wanted = self.flows[id(taker)].takes
        return bool(wanted) and wanted == self.flows[id(giver)].makes

    def who_joins(self, near: list[bool]) -> tuple[set[int], set[int]]:
        """Return who takes and who makes the one material that members can share."""
        made = {self.flows[id(member)].makes for member in self.members}
        taken = {self.flows[id(member)].takes for member in self.members}
        words = (made & taken) - {""}
        assert len(words) < 2, "a pool is of one material"
        word = next(iter(words), None)
        near_ones = [(i, self.flows[id(member)]) for i, member in enumerate(self.members) if near[i]]
        takers = {i for i, flow in near_ones if word and flow.takes == word}
        return takers, {i for i, flow in near_ones if word and flow.makes == word}

    def bring(self, day: int) -> None:
        """Ask for what would be bought, where it is dearer than preparing a by-product; offer what would be dumped."""
        for i, (member, seat) in enumerate(zip(self.members, self.table.seats[0], strict=True)):
            flow, terms = self.flows[id(member)], member.terms.by_product
            saves = terms.price - terms.preparation
            seat.value, seat.cost = [saves, 0.0], -terms.disposal_cost
            if i in self.takers and saves > 0.0:
                seat.need[DEAR] = max(0.0, flow.need - flow.used)
            if i in self.givers:
                seat.offer = self.terms.offered * max(0.0, flow.made - flow.given)

    def take_home(self) -> None:
        """Move the material."""
        for member, seat in zip(self.members, self.table.seats[0], strict=True):
            self.flows[id(member)].used += sum(seat.taken)
            self.flows[id(member)].given += seat.given


KINDS = {
    "equipment": HoursContract,
    "labour": HoursContract,
    "heat": HeatContract,
    "by_product": MaterialContract,
}


class Resources:
    """All resource contracts at work, and the money of their platforms."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.terms = [terms for terms in model.inputs.resource_contracts if not shares_nothing(terms)]
        join_platforms(model, model.resource_platforms, self.terms)
        self.contracts = [
            KINDS[resource](model, terms) for resource in ORDER for terms in self.terms if terms.resource == resource
        ]
        for terms in self.terms:
            if terms.resource == "station":
                self._lend_servers(terms)

    def _lend_servers(self, terms: Any) -> None:
        """Open ways between stations of a contract, the nearest first."""
        platform = next(p for p in self.model.resource_platforms if p.party == terms.platform)
        members = [firm for name in terms.members for firm in self.model.firms if firm.party == name]
        members = [firm for firm in self.model.firms if firm in members and firm.terms.station.servers]

        def fits(taker: Any, giver: Any, _: float) -> bool:
            lent = math.floor(terms.offered * giver.terms.station.servers + 1e-9)
            return lent > 0 and taker.terms.station.kind == giver.terms.station.kind

        for way in ways_between(terms, members, fits):
            taker, giver = (self.model.stations.of(members[i]) for i in (way.taker, way.giver))
            lent = math.floor(terms.offered * giver.terms.servers + 1e-9)
            taker.partners.append((giver, way, lent, platform))

    def match(self, day: int, *resources: str) -> None:
        """Hold today's trade in some resources."""
        for contract in self.contracts:
            if contract.terms.resource in resources:
                contract.match(day)

    def count(self) -> None:
        """Count today."""
        for contract in self.contracts:
            contract.count()

    def outcomes(self, year: float) -> dict[tuple[str, str], float]:
        """Return what came of the contracts, by party and platform."""
        values: dict[tuple[str, str], float] = {}
        books = self.model.books
        for hub in dict.fromkeys(contract.terms.platform for contract in self.contracts):
            mine = [contract for contract in self.contracts if contract.terms.platform == hub]
            for party in (hub, *(name for contract in mine for name in contract.terms.members)):
                values["rent", party] = year * (books.paid(party, "rent") + books.paid(party, "commission"))
            values["matched_surplus", hub] = year * sum(contract.saved for contract in mine)
            worth, bound = sum(contract.worth for contract in mine), sum(contract.bound for contract in mine)
            if worth > 0.0:
                values["match_rate", hub] = sum(contract.met for contract in mine) / worth
            if not math.isnan(bound):
                values["matched_bound", hub] = year * bound
        return values


def join_platforms(model: Any, platforms: list[Any], contracts: list[Any]) -> None:
    """Note who is a member of which platform through which contracts, and what membership costs a year."""
    sizes = {agent.party: 0 for agent in (*model.firms, *model.utilities)}
    for agent in (*model.firms, *model.utilities):
        sizes[agent.party] += 1
    for platform in platforms:
        terms, over = platform.terms, [c for c in contracts if c.platform == platform.party]
        platform.members = {name: sizes[name] for contract in over for name in contract.members}
        if not platform.members:
            continue
        size = sum(platform.members.values())
        model.yearly.append((platform.party, "resources", "platform", terms.hub_cost))
        for name, firms in platform.members.items():
            model.yearly.append((name, "resources", "coordination", firms * terms.member_cost))
            model.yearly.append((name, platform.party, "platform_fee", firms * terms.fee))
            if terms.governance == "cooperative":
                result = size * terms.fee - terms.hub_cost
                model.yearly.append((platform.party, name, "platform_result", result * firms / size))
    for contract in contracts:
        for name in contract.members:
            cost = sizes[name] * contract.coordination_cost
            model.yearly.append((name, "resources", "coordination", cost))
