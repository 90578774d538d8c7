"""Heat and by-products: what firms need, what leaves them unused, and what partners make of it.

Heat goes by the hour, by-products by the day, and neither is stored. What partners do not deliver comes from the own
boiler or is bought; what nobody takes leaves through the chimney, or is disposed of. A utility may heat a town: its own
engines' heat serves it first, as far as it is hot enough, partners' heat and the own boilers do the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.books import Account, Book
from model.by_products import ByProducts
from model.physics.heat import (
    DAY_COLUMNS,
    DELIVERED,
    EMISSION_FACTOR_GAS,
    FUEL,
    GIVEN,
    HOURS,
    LEFT,
    USED,
    carry_over,
    fire_boilers,
    heat_by_hour,
    leave_over,
    level_after,
    network_level,
    pipe_share,
    process_hours,
)
from model.population import signal_means
from model.session import Bools, Links, Session, new_session, pairs_within
from model.streams import Floats, Ints
from model.ways import (
    NO_LINKS,
    by_party,
    in_the_middle,
    parts_borne,
    sites,
    tied_members,
    usual_loads,
    way_between,
    way_to_middle,
)

if TYPE_CHECKING:
    from model.generation import Generators
    from model.goods import Goods
    from model.ledger import Ledger
    from model.resource_terms import ResourceContract
    from model.stage import Stage

YEAR_DAYS = 365.0


class Flows:
    """The submodel of heat and by-products of one model; the source of their sessions.

    Nothing is computed or paid unless somebody declares heat or by-products.

    Attributes:
        book: what both cost.
        heat, materials: the two kinds of flows.
    """

    def __init__(self, stage: Stage, goods: Goods, plants: Generators | None) -> None:
        self.book = Book(stage.population)
        self.heat = HeatFlows(stage, goods, plants, self.book)
        self.materials = ByProducts(stage, self.book)

    def survey(self, day: int) -> None:
        """Find out what is needed and left today; call it when production and loads are what they really were."""
        self.book.clear()
        if self.heat.rows.size:
            self.heat.survey(day)
        if self.materials.rows.size:
            self.materials.survey()

    def session(self, terms: ResourceContract, rows: Ints) -> Session:
        """Return the session of a contract on heat (24 slots, MWh) or a by-product (one, t), and lay its pipes.

        Args:
            terms: of the contract.
            rows: its members' rows in the firm table, shape (m,).

        Raises:
            InputError: a pool of several materials.
        """
        return self._of(terms).session(terms, rows)

    def fill(self, terms: ResourceContract, session: Session, day: int) -> None:
        """Write today's needs, offers, values and costs; `day` is that of the last survey."""
        self._of(terms).fill(terms, session)

    def take(self, terms: ResourceContract, session: Session, day: int) -> None:
        """Carry what was shared into the firms' own flows."""
        self._of(terms).take(session)

    def use(self, day: int) -> None:
        """Fire boilers, buy and dispose of the rest, and write down what it costs."""
        if self.heat.rows.size:
            self.heat.use()
        if self.materials.rows.size:
            self.materials.use()

    def check(self, ledger: Ledger, day: int) -> None:
        """Require that heat and by-products come from somewhere and go somewhere.

        Raises:
            BalanceError: names the balance, the day and both sides.
        """
        for flows in (self.heat, self.materials):
            if flows.rows.size:
                for name, left, right, turnover in flows.balances():
                    ledger.check(name, left, right, turnover, day)

    def count(self) -> None:
        """Add today to what `outcomes` reports."""
        for flows in (self.heat, self.materials):
            flows.sums += flows.day

    def outcomes(self, scale: float) -> dict[tuple[str, str], float]:
        """Return (outcome, party) -> what was counted times `scale`; nothing for parties without such flows."""
        return {**self.heat.outcomes(scale), **self.materials.outcomes(scale)}

    def _of(self, terms: ResourceContract) -> HeatFlows | ByProducts:
        return self.heat if terms.resource == "heat" else self.materials


class HeatFlows:
    """Heat by the hour.

    Attributes:
        rows: firms that need or leave heat, manufacturers first, then utilities, shape (k,).
        place: row in the firm table -> index among `rows`, -1 for firms without heat.
        need, waste: MWh by hour, shape (k, 24); `delivered`, `given`: part of them that partners share, or that a
            utility's engines give its own town.
        homes: utilities among `rows` whose engines are hot enough for their own town; `kept`: MWh that those gave it
            today, shape (home,).
        day: today's sums, shape (k, 5), columns as in `physics.heat`, partners' heat only; `sums`: since counting
            began.
        pipes: EUR a day that each firm pays for pipes, shape (firm row,).
    """

    def __init__(self, stage: Stage, goods: Goods, plants: Generators | None, book: Book) -> None:
        people, market = stage.population, stage.inputs.market
        self.stage, self.goods, self.plants, self.book = stage, goods, plants, book
        declared = sum(people.spread("heat", name) for name in ("use", "space", "waste_share"))
        makers = np.flatnonzero(declared) if people.makers else np.zeros(0, np.int64)
        owned = [(u.generation.blocks * u.generation.heat_ratio, u.heat.space) for u in stage.inputs.utilities]
        leaves, heats = np.array(owned).reshape(-1, 2).T > 0.0
        self.utilities = np.flatnonzero(leaves | heats)
        self.makers = makers.size
        self.rows = np.concatenate([makers, people.makers + self.utilities]).astype(np.int64)
        self.place = np.full(people.party.size, -1, np.int64)
        self.place[self.rows] = np.arange(self.rows.size)
        self.terms = {name: self._column(name, other) for name, other in HEAT.items()}
        self.within = process_hours(self.terms["start"], self.terms["hours"])
        self.takes = self.terms["use"] + self.terms["space"] > 0.0
        self.gives = self.terms["waste_share"] > 0.0
        self.gives[self.makers :] = leaves[self.utilities]
        hot = self.terms["waste_level"] >= self.terms["level"]
        self.homes = self.makers + np.flatnonzero((self.takes & self.gives & hot)[self.makers :])
        self.kept = np.zeros(self.homes.size)
        self.fuel_cost = market.gas_price, EMISSION_FACTOR_GAS * market.carbon_price
        self.value = sum(self.fuel_cost) / self.terms["efficiency"]
        self.need, self.waste, self.delivered, self.given = (np.zeros((self.rows.size, HOURS)) for _ in range(4))
        self.day, self.sums = (np.zeros((self.rows.size, DAY_COLUMNS)) for _ in range(2))
        self.arrived = 0.0
        self.pipes = np.zeros(people.party.size)
        self.within_reach: dict[str, tuple[Bools, Bools]] = {}
        self.accounts: dict[str, Account] = {}
        self.plant_accounts: list[dict[str, Account]] = []
        if self.rows.size:
            self._open_accounts()

    def _column(self, name: str, of_utility: tuple[str, str]) -> Floats:
        """Return a parameter of all firms in `rows`; a utility's is the one of that section and name."""
        people, inputs = self.stage.population, self.stage.inputs
        section, own_name = of_utility
        own = [getattr(getattr(inputs.utilities[u], section), own_name) for u in self.utilities]
        return np.concatenate([people.spread("heat", name)[self.rows[: self.makers]], np.array(own, dtype=np.float64)])

    def _open_accounts(self) -> None:
        book, utilities = self.book, self.stage.inputs.utilities
        self.accounts = {kind: book.account(kind) for kind in ("heat", "carbon", "pipes")}
        for u, burns in zip(self.utilities, self.takes[self.makers :], strict=True):
            name = utilities[u].name
            kinds = ("heat", "carbon", "pipes") if burns else ("heat", "pipes")
            lines = {kind: book.account_of(name, kind) for kind in kinds}
            self.plant_accounts.append(lines)

    def session(self, terms: ResourceContract, rows: Ints) -> Session:
        """Return the session of one contract; see `Flows.session`."""
        xy = sites(self.stage)[rows]
        k = self.place[rows]
        if in_the_middle(self.stage, terms):
            away = np.hypot(*(xy - xy.mean(axis=0)).T)
            takes, gives = self._in_network(terms, k, away)
            tied = takes | gives
            share = np.where(tied, pipe_share(away, terms.pipe_loss), 1.0)
            session = new_session(rows, NO_LINKS, access=way_to_middle(terms, away), access_share=share, slots=HOURS)
            km = float(away[tied].sum())
        else:
            links = self._tie_pairs(terms, k, xy)
            takes, gives = tied_members(links, rows.size)
            way, share = way_between(terms, links), pipe_share(links.distance_km, terms.pipe_loss)
            session = new_session(rows, links, way=way, delivered=share, slots=HOURS)
            km = float(links.distance_km.sum())
        self.within_reach[terms.name] = takes, gives
        self.pipes[rows] += terms.pipe_cost * km / YEAR_DAYS * parts_borne(self.stage.population, terms, rows)
        return session

    def _tie_pairs(self, terms: ResourceContract, k: Ints, xy: Floats) -> Links:
        """Return a pipe to each taker from the nearest givers whose heat arrives hot enough."""
        needed, given = self.terms["level"][k], self.terms["waste_level"][k]

        def fits(taker: Ints, giver: Ints, km: Floats) -> Bools:
            hot: Bools = level_after(given[giver], km, terms.approach, terms.cooling) >= needed[taker]
            return hot & (pipe_share(km, terms.pipe_loss) > 0.0)

        return pairs_within(xy, terms.reach, fits, takers=self.takes[k], givers=self.gives[k], nearest=terms.partners)

    def _in_network(self, terms: ResourceContract, k: Ints, away: Floats) -> tuple[Bools, Bools]:
        """Tell which members draw from a pool's network and which feed it, at the temperature that serves most.

        A member has one pipe, and heat runs through it one way: into the network where it usually has more than the
        network could bring it. What must be hotter than any member's heat is not asked of the network.
        """
        near = (away <= terms.reach) & (pipe_share(away, terms.pipe_loss) > 0.0)
        needed = self.terms["level"][k] + terms.cooling * away
        arriving = level_after(self.terms["waste_level"][k], away, terms.approach, terms.cooling)
        need, offer = (usual[k] for usual in self._usual())
        hottest = arriving[self.gives[k] & near].max(initial=-np.inf)
        need = np.where(needed <= hottest, need, 0.0)
        feeds = self.gives[k] & (offer > need)
        takes, gives = self.takes[k] & near & ~feeds, feeds & near
        level = network_level(needed[takes], need[takes], arriving[gives], offer[gives])
        takes, gives = takes & (needed <= level), gives & (arriving >= level)
        both = bool(takes.any() and gives.any())
        return takes & both, gives & both

    def _usual(self) -> tuple[Floats, Floats]:
        """Return what firms usually need and have to give, MW, shapes (k,); less what a utility gives its own town."""
        people, t = self.stage.population, self.terms
        rows = self.rows[: self.makers]
        need, offer = t["space"].copy(), np.zeros(self.rows.size)
        need[: self.makers] += t["use"][: self.makers] * signal_means(people)[rows] / HOURS
        offer[: self.makers] = t["waste_share"][: self.makers] * usual_loads(people)[rows]
        plants = [self.stage.inputs.utilities[u].generation for u in self.utilities]
        offer[self.makers :] = [p.heat_ratio * p.blocks * p.capacity for p in plants]
        kept = np.minimum(need, offer)[self.homes]
        need[self.homes] -= kept
        offer[self.homes] -= kept
        return need, offer

    def survey(self, day: int) -> None:
        """Work out today's heat, hour by hour."""
        c, t = self.stage.live, self.terms
        cold = -float(self.goods.seasons[day])
        heat_by_hour(
            self.rows,
            cold,
            c.produced,
            c.load,
            t["use"],
            self.within,
            t["space"],
            t["season"],
            t["waste_share"],
            self.need,
            self.waste,
        )
        if self.plants is not None:
            ratio = self.terms["waste_share"][self.makers :, None]
            self.waste[self.makers :] = ratio * self.plants.output_mw[self.utilities]
        self.delivered[:], self.given[:] = 0.0, 0.0
        self.arrived = 0.0
        if self.homes.size:
            own = np.minimum(self.need[self.homes], self.waste[self.homes])
            self.delivered[self.homes] = self.given[self.homes] = own
            self.kept[:] = own.cumsum(axis=1)[:, -1]  # hour by hour, as `fire_boilers` adds up: no rounding is left

    def fill(self, terms: ResourceContract, session: Session) -> None:
        """Write what members need and have left, at what a MWh from the own boiler and from recovery costs."""
        k = self.place[session.rows]
        takes, gives = self.within_reach[terms.name]
        leave_over(k, takes, 1.0, self.need, self.delivered, session.need[:, 0, :])
        session.value[:, 0, :] = self.value[k]
        leave_over(k, gives, terms.offered, self.waste, self.given, session.offer)
        session.cost[:] = self.terms["recovery_cost"][k]

    def take(self, session: Session) -> None:
        """Carry what was shared over."""
        k = self.place[session.rows]
        for tier in range(session.taken.shape[1]):
            carry_over(k, session.taken[:, tier, :], self.delivered)
        carry_over(k, session.given, self.given)
        self.arrived += float(session.taken.sum())

    def use(self) -> None:
        """Let boilers make the rest, and book fuel, carbon, recovery and pipes."""
        fire_boilers(self.need, self.delivered, self.waste, self.given, self.terms["efficiency"], self.day)
        gas, carbon = self.fuel_cost
        heat = gas * self.day[:, FUEL] + self.terms["recovery_cost"] * self.day[:, GIVEN]
        for column in (DELIVERED, GIVEN) if self.homes.size else ():
            self.day[self.homes, column] = np.maximum(0.0, self.day[self.homes, column] - self.kept)
        self._pay("heat", heat)
        self._pay("carbon", carbon * self.day[:, FUEL])
        makers = self.stage.population.makers
        self.book.pay(self.accounts["pipes"], self.pipes[:makers])
        for k, lines in enumerate(self.plant_accounts, self.makers):
            self.book.pay(lines["heat"], float(heat[k]))
            self.book.pay(lines["pipes"], float(self.pipes[self.rows[k]]))
            if "carbon" in lines:
                self.book.pay(lines["carbon"], float(carbon * self.day[k, FUEL]))

    def _pay(self, kind: str, eur: Floats) -> None:
        """Book what the manufacturers among `rows` pay, EUR, shape (k,)."""
        payments = np.zeros(self.stage.population.makers)
        payments[self.rows[: self.makers]] = eur[: self.makers]
        self.book.pay(self.accounts[kind], payments)

    def balances(self) -> list[tuple[str, float, float, float]]:
        """Return name, both sides and turnover of today's balances, MWh."""
        need, delivered, given = float(self.need.sum()), *(float(self.day[:, c].sum()) for c in (DELIVERED, GIVEN))
        burnt = float((self.day[:, FUEL] * self.terms["efficiency"]).sum())
        over = float(np.maximum(0.0, self.given - self.waste).sum())
        return [
            ("heat", need, burnt + delivered + float(self.kept.sum()), need),
            ("heat from partners", delivered, self.arrived, given),
            ("waste heat", over, 0.0, float(self.waste.sum())),
        ]

    def outcomes(self, scale: float) -> dict[tuple[str, str], float]:
        """Return (outcome, party) -> sum since counting began, times `scale`."""
        emissions = self.sums[:, FUEL] * EMISSION_FACTOR_GAS
        people = self.stage.population
        return {
            **by_party(people, "heat_demand", self.rows, scale * self.sums[:, USED], self.takes),
            **by_party(people, "heat_from_partners", self.rows, scale * self.sums[:, DELIVERED], self.takes),
            **by_party(people, "boiler_emissions", self.rows, scale * emissions, self.takes),
            **by_party(people, "waste_heat", self.rows, scale * self.sums[:, LEFT], self.gives),
            **by_party(people, "heat_given", self.rows, scale * self.sums[:, GIVEN], self.gives),
        }


HEAT = {
    "use": ("heat", "use"),
    "space": ("heat", "space"),
    "season": ("heat", "season"),
    "start": ("heat", "start"),
    "hours": ("heat", "hours"),
    "level": ("heat", "level"),
    "efficiency": ("heat", "efficiency"),
    "waste_share": ("generation", "heat_ratio"),
    "waste_level": ("generation", "heat_level"),
    "recovery_cost": ("generation", "recovery_cost"),
}
"""What heat takes of each firm -> section and name of the same of a utility."""
