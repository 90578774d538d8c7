"""What firms know and find out, alone, from each other and together, in plain Python."""

import math
from collections.abc import Iterator
from typing import Any

from tests.reference.draws import entity_number
from tests.reference.resources import join_platforms

AREAS = ("raw_materials", "energy", "processing", "logistics", "information")
YEAR_DAYS = 365.0


class Knower:
    """What a firm knows, in doublings of experience by area, and what it spends on finding out more."""

    def __init__(self, model: Any, firm: Any) -> None:
        self.firm, self.terms = firm, firm.terms.technology
        self.makes = firm in model.firms
        draws, number = model.streams["knowledge"], entity_number(firm.name)
        self.knowledge = [float(getattr(self.terms, area)) for area in AREAS]
        if self.terms.knowledge_spread > 0.0:
            noise = [self.terms.knowledge_spread * draws.normal(number, 0, slot) for slot in range(len(AREAS))]
            self.knowledge = [max(0.0, level + error) for level, error in zip(self.knowledge, noise, strict=True)]
        self.start, self.experience = list(self.knowledge), list(self.knowledge)
        self.spending = self.effort = self.reduction = self.target = 0.0
        self.cost_change = self.price_change = self.demand_change = 0.0
        self.made = 0.0
        self.counted = dict.fromkeys(("cost", "energy", "price", "spending", "knowledge"), 0.0)
        if self.makes:
            process = firm.terms.process
            self.output = firm.usual_demand
            self.cost, self.price = process.unit_cost, process.unit_price
            self.revenue = self.price * self.output
            self.spending = self.terms.research_share * self.revenue
            self.market = self.terms.product_market
            self.slope = self.terms.price_slope if self.market else 0.0
            self.made_before = self.terms.experience * YEAR_DAYS * self.output
        self.public = self.terms.public_experience * self.capacity

    @property
    def capacity(self) -> float:
        """The part of what is laid open that it can take in, by its own research."""
        share = self.spending / self.revenue if self.makes and self.revenue > 0.0 else 0.0
        return float(share / (share + self.terms.half_learning))

    @property
    def flatness(self) -> float:
        """How much more it sells for each EUR of margin; 0 where it takes its price as given."""
        return 1.0 / self.slope if self.slope > 0.0 else 0.0

    def gained(self, less: list[float] | None = None) -> list[float]:
        """Return doublings of effective experience since the start, without some that were learnt."""
        minus = less or [0.0] * len(AREAS)
        own = [now - then - out for now, then, out in zip(self.knowledge, self.start, minus, strict=True)]
        if self.public == 0.0:
            return own
        return [math.log2((2.0**x + self.public) / (1.0 + self.public)) for x in own]

    def lowered(self, less: list[float] | None = None) -> float:
        """Return by what part experience has changed its unit cost."""
        doublings = math.fsum(self.gained(less)) / len(AREAS)
        return float(self.terms.learnable_share * ((1.0 - self.terms.learning_rate) ** doublings - 1.0))


class School:
    """A technology contract at work."""

    def __init__(self, model: Any, terms: Any, knowers: list[Knower]) -> None:
        self.model, self.terms = model, terms
        self.members = [k for name in terms.members for k in knowers if k.firm.party == name]
        self.platform = next(p for p in model.technology_platforms if p.party == terms.platform)
        self.learnt = [[0.0] * len(AREAS) for _ in self.members]
        self.put_in = [1.0 for _ in self.members]
        self.waiting = False

    @property
    def pairs(self) -> Iterator[tuple[int, int]]:
        """All pairs of members, each once."""
        return ((i, j) for i in range(len(self.members)) for j in range(i + 1, len(self.members)))

    def research_terms(self) -> dict[tuple[int, int], tuple[float, float]]:
        """Return (weight of the other's profit, part of one's results that the other gets) by pair of makers."""
        found = {}
        for i, one in enumerate(self.members):
            for j, other in enumerate(self.members):
                if i != j and one.makes and other.makes and self.terms.variant != "exchange":
                    shown = self.terms.openness * other.capacity
                    together = self.terms.variant == "cooperation"
                    found[id(one), id(other)] = (
                        (self.terms.joint_weight, self.terms.joint_spillover) if together else (0.0, shown)
                    )
        return found

    def learn(self, day: int) -> None:
        """Let members learn from each other, and rivals from what leaks; those who met pay for it."""
        self.waiting = False
        before = [list(member.knowledge) for member in self.members]
        if self.terms.variant == "exchange":
            self._barter(day)
        if self.terms.variant == "sharing":
            self._open_up()
        for i, member in enumerate(self.members):
            new = [now - then for now, then in zip(member.knowledge, before[i], strict=True)]
            self.learnt[i] = [old + more for old, more in zip(self.learnt[i], new, strict=True)]
            self._leak(member, new)

    def _leak(self, member: Knower, new: list[float]) -> None:
        """Let rivals outside the contract learn a part of what is new, up to the member's level."""
        share = self.terms.leakage * (1.0 - self.platform.terms.protection)
        for rival in self.model.technology.knowers:
            inside = any(rival is other for other in self.members)
            if inside or not (member.makes and rival.makes and member.market) or rival.market != member.market:
                continue
            for a, amount in enumerate(new):
                gap = member.knowledge[a] - rival.knowledge[a]
                rival.knowledge[a] += max(0.0, min(gap, share * amount))

    def _open_up(self) -> None:
        """Let members move towards what they have and see of the others' experience."""
        everything = [math.fsum(2.0 ** member.experience[a] for member in self.members) for a in range(len(AREAS))]
        for member in self.members:
            for a, total in enumerate(everything):
                own = 2.0 ** member.experience[a]
                seen = math.log2(own + self.terms.openness * member.capacity * (total - own))
                member.knowledge[a] += member.terms.absorption * max(0.0, seen - member.knowledge[a])
        self.put_in = [math.fsum(2.0**level for level in member.experience) for member in self.members]

    def _barter(self, day: int) -> None:
        """Let every pair meet so many times; each gives where it leads, if it gets something for it."""
        for meeting in range(self.terms.meetings):
            for i, j in self.pairs:
                self._meet(self.members[i], self.members[j], day, meeting)

    def _meet(self, one: Knower, other: Knower, day: int, meeting: int) -> None:
        names = [f"{self.terms.name}/{member.firm.name}" for member in (one, other)]
        low, high = sorted(entity_number(name) for name in names)
        entity = (low * 0x9E3779B1 + high) % 2**32
        grasp = self._understanding(distance_of_minds(one.knowledge, other.knowledge))
        given, taken = self._leads(one, other), self._leads(other, one)
        trades = min(len(given), len(taken))
        longer = given if len(given) > len(taken) else taken
        if len(longer) > trades:
            for k in range(trades):
                chance = self.model.streams["barter"].uniform(entity, day, meeting * len(AREAS) + k)
                pick = k + int(chance * (len(longer) - k))
                longer[k], longer[pick] = longer[pick], longer[k]
        for to, back in zip(given[:trades], taken[:trades], strict=True):
            gap = one.knowledge[to] - other.knowledge[to]
            other.knowledge[to] += grasp * other.terms.absorption * gap
            gap = other.knowledge[back] - one.knowledge[back]
            one.knowledge[back] += grasp * one.terms.absorption * gap

    def _leads(self, ahead: Knower, behind: Knower) -> list[int]:
        """Return the areas in which one knows more by a relative margin."""
        levels = enumerate(zip(ahead.knowledge, behind.knowledge, strict=True))
        return [a for a, (mine, yours) in levels if mine - yours > self.terms.cutoff * abs(mine)]

    def _understanding(self, distance: float) -> float:
        """Return what two learn at a distance, over the most that is learnt at any."""
        t = self.terms

        def learnt(d: float) -> float:
            return float(max(0.0, t.ability - t.ability_slope * d) * (t.novelty + t.novelty_slope * d))

        best = 0.0 if t.novelty_slope == 0.0 else 1.0
        if t.ability_slope > 0.0 and t.novelty_slope > 0.0:
            bend = t.ability * t.novelty_slope - t.ability_slope * t.novelty
            best = min(1.0, max(0.0, bend / (2.0 * t.ability_slope * t.novelty_slope)))
        return learnt(distance) / learnt(best) if learnt(best) > 0.0 else 0.0

    def royalties(self, made: dict[int, float]) -> list[float]:
        """Return what each member pays net for what it saved by others' experience, EUR."""
        if self.terms.variant != "sharing":
            return [0.0 for _ in self.members]
        due = []
        for member, learnt in zip(self.members, self.learnt, strict=True):
            saved = 0.0
            if member.makes:
                saved = made[id(member)] * member.cost * (member.lowered(learnt) - member.lowered())
            due.append(self.terms.royalty * max(0.0, saved))
        total, net = math.fsum(self.put_in), list(due)
        for i, eur in enumerate(due):
            for j, part in enumerate(self.put_in):
                if i != j:
                    net[j] -= eur * part / (total - self.put_in[i])
        return net


def distance_of_minds(one: list[float], other: list[float]) -> float:
    """Return how differently two spread what they know over areas: one less the cosine."""
    product = math.fsum(a * b for a, b in zip(one, other, strict=True))
    sizes = math.fsum(a * a for a in one), math.fsum(b * b for b in other)
    if not all(sizes):
        return 0.0 if sizes[0] == sizes[1] else 1.0
    return min(1.0, max(0.0, 1.0 - product / math.sqrt(sizes[0] * sizes[1])))


def does_nothing(terms: Any) -> bool:
    """Tell whether a technology contract has no effect by its own terms."""
    return bool({
        "exchange": terms.meetings == 0,
        "cooperation": terms.joint_weight == terms.joint_spillover == 0.0,
        "sharing": terms.openness == 0.0,
    }[terms.variant])  # fmt: skip


class Technology:
    """Learning, research and product markets of all firms."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.knowers = [Knower(model, firm) for firm in (*model.firms, *model.utilities)]
        self.makers = [knower for knower in self.knowers if knower.makes]
        at_work = [terms for terms in model.inputs.technology_contracts if not does_nothing(terms)]
        join_platforms(model, model.technology_platforms, at_work)
        self.schools = [School(model, terms, self.knowers) for terms in at_work]
        declared = [knower.terms for knower in self.makers]
        self.active = bool(at_work) or any(t.learning_rate + t.energy_learning + t.research_share > 0 for t in declared)
        self.consumers_gain = 0.0
        self.ties: dict[tuple[int, int], tuple[float, float]] = {}
        self.difficulty = {id(knower): self._difficulty(knower) for knower in self.makers}
        for knower in self.makers:
            gamma = self.difficulty[id(knower)]
            knower.effort = math.sqrt(2.0 * knower.spending / gamma)
        self.usual = {id(knower): self._reduction(knower) for knower in self.makers}

    # --- research ---

    def _reached(self, one: Knower, other: Knower) -> float:
        """Return what a unit of one's effort lowers the other's unit cost by."""
        if one is other:
            return 1.0
        anyway = other.terms.spillover if one.market and one.market == other.market else 0.0
        return max(anyway, self.ties.get((id(one), id(other)), (0.0, 0.0))[1])

    def _rivals(self, knower: Knower) -> list[Knower]:
        """Return all firms of a firm's market, itself included."""
        return [k for k in self.makers if k is knower or (knower.market and k.market == knower.market)]

    def _effect(self, one: Knower, other: Knower) -> float:
        """Return what a unit of one's effort adds to the other's margin, once its market has adjusted."""
        passed = self._reached(one, other)
        if other.slope > 0.0:
            rivals = self._rivals(other)
            passed -= math.fsum(self._reached(one, k) for k in rivals) / (len(rivals) + 1)
        return passed

    def _difficulty(self, knower: Knower) -> float:
        """Return how difficult research is, if what a firm spends by itself is best for it."""
        slope = self._effect(knower, knower) * (knower.output + knower.flatness * knower.slope * knower.output)
        return slope**2 / (2.0 * knower.spending) if knower.spending > 0.0 and slope > 0.0 else math.inf

    def _reduction(self, knower: Knower) -> float:
        """Return what all present efforts lower a firm's unit cost by."""
        return math.fsum(self._reached(other, knower) * other.effort for other in self.makers)

    def _margin_gain(self, knower: Knower, cheaper: dict[int, float]) -> float:
        """Return what lower costs raise a firm's margin by, once its market has adjusted."""
        gain = cheaper[id(knower)]
        if knower.slope > 0.0:
            rivals = self._rivals(knower)
            gain -= math.fsum(cheaper[id(k)] for k in rivals) / (len(rivals) + 1)
        return gain

    def _plan(self) -> None:
        """Let members of contracts and their rivals look for efforts from which nobody would move."""
        damping: dict[int, float] = {}
        self.ties = {}
        for school in self.schools:
            terms = school.research_terms()
            for pair, (weight, part) in terms.items():
                old = self.ties.get(pair, (0.0, 0.0))
                self.ties[pair] = max(old[0], weight), max(old[1], part)
            for member in school.members if terms else ():
                damping[id(member)] = min(damping.get(id(member), math.inf), school.terms.damping)
        if not self.ties:
            return
        involved = [k for k in self.makers if any(id(rival) in damping for rival in self._rivals(k))]
        effects = {(id(a), id(b)): self._effect(a, b) for a in involved for b in involved}
        for _ in range(20_000):
            cheaper = {id(k): self._reduction(k) - self.usual[id(k)] for k in self.makers}
            gains = {id(k): self._margin_gain(k, cheaper) for k in involved}
            best = [self._best(k, involved, effects, gains) for k in involved]
            steps = [damping.get(id(k), 0.5) * (b - k.effort) for k, b in zip(involved, best, strict=True)]
            for knower, step in zip(involved, steps, strict=True):
                knower.effort += step
            if max(map(abs, steps)) <= 1e-12 * max(k.effort for k in involved):
                break
        for knower in involved:
            knower.target = self._reduction(knower) - self.usual[id(knower)]
            gamma = self.difficulty[id(knower)]
            knower.spending = gamma * knower.effort**2 / 2.0 if math.isfinite(gamma) else knower.spending
        for knower in self.makers:
            knower.reduction += knower.terms.review * (knower.target - knower.reduction)

    def _best(
        self, knower: Knower, others: list[Knower], effects: dict[tuple[int, int], float], gains: dict[int, float]
    ) -> float:
        """Return a firm's best effort against the others' present ones, for its profit and its partners' by weight."""
        gamma = self.difficulty[id(knower)]
        if math.isinf(gamma):
            return 0.0
        slope = curvature = 0.0
        for other in others:
            weight = 1.0 if other is knower else self.ties.get((id(knower), id(other)), (0.0, 0.0))[0]
            effect, flat = effects[id(knower), id(other)], other.flatness
            margin = other.slope * other.output
            slope += weight * effect * (other.output + flat * (margin + 2.0 * gains[id(other)]))
            curvature += weight * 2.0 * flat * effect**2
        return max(0.0, knower.effort + (slope - gamma * knower.effort) / (gamma - curvature))

    # --- the quarter and the day ---

    def review(self, day: int) -> None:
        """Begin the day: learn and plan on the first day of a quarter, then pay."""
        if not self.active:
            return
        made = {id(k): k.firm.produced if day > 0 else 0.0 for k in self.makers}
        for knower in self.makers:
            knower.made += made[id(knower)]
        date = self.model.date(day)
        quarter, first = date.day == 1 and date.month in {1, 4, 7, 10}, self.model.inputs.calendar.burn_in
        if quarter:
            self._learn_by_doing()
        if day == first or (quarter and day > first):  # contracts begin when counting does
            self._plan()
            for school in self.schools:
                school.waiting = True
        due = [school for school in self.schools if school.waiting and school.platform.online[day]]
        for school in due:
            school.learn(day)
            if school.terms.variant == "exchange":
                cost = school.terms.transfer_cost * school.terms.meetings * (len(school.members) - 1)
                for member in school.members:
                    self.model.books.pay(member.firm, self.model.resources, "coordination", cost)
        if due or quarter or day == first:
            self._apply()
        for knower in self.makers:
            self.model.books.pay(knower.firm, self.model.resources, "research", knower.spending)
        for school in self.schools:
            for member, eur in zip(school.members, school.royalties(made), strict=True):
                self.model.books.pay(member.firm, school.platform, "royalty", eur)

    def _learn_by_doing(self) -> None:
        """Add what own output of the past quarter has taught."""
        for knower in self.makers:
            if knower.terms.learning_rate + knower.terms.energy_learning > 0.0 and knower.made_before > 0.0:
                doublings = math.log2(1.0 + max(0.0, knower.made) / knower.made_before)
                knower.knowledge = [level + doublings for level in knower.knowledge]
                knower.experience = [level + doublings for level in knower.experience]
            knower.made_before += knower.made
            knower.made = 0.0

    def _apply(self) -> None:
        """Let costs, prices, demand and electricity follow what is known by now."""
        for knower in self.makers:
            knower.cost_change = max(-knower.cost, knower.cost * knower.lowered() - knower.reduction)
        cheaper = {id(knower): -knower.cost_change for knower in self.makers}
        for knower in self.makers:
            firm, gain = knower.firm, self._margin_gain(knower, cheaper)
            if knower.slope > 0.0:
                knower.price_change = gain + knower.cost_change
                knower.demand_change = max(-knower.output, knower.flatness * gain)
            firm.unit_cost, firm.unit_price = knower.cost + knower.cost_change, knower.price + knower.price_change
            firm.mean_demand = firm.terms.demand.mean + knower.demand_change
            firm.energy_factor = (1.0 - knower.terms.energy_learning) ** knower.gained()[AREAS.index("energy")]
        change = {id(knower.firm): knower.demand_change for knower in self.makers}

        def reaching(firm: Any) -> float:
            return change[id(firm)] + sum(reaching(customer) for customer in firm.customers)

        for knower in self.makers:
            knower.firm.signal_mean = knower.firm.usual_demand + reaching(knower.firm)

    def count(self) -> None:
        """Count today."""
        for knower in self.makers:
            knower.counted["cost"] += knower.cost_change
            knower.counted["energy"] += knower.firm.energy_factor - 1.0
            knower.counted["price"] += knower.price_change
            knower.counted["spending"] += knower.spending
            knower.counted["knowledge"] += math.fsum(knower.gained()) / len(AREAS)
            self.consumers_gain -= knower.price_change * (knower.output + knower.demand_change / 2.0)

    def outcomes(self, days: int) -> dict[tuple[str, str], float]:
        """Return what is reported; nothing where nothing is declared."""
        if not self.active:
            return {}
        year, count = YEAR_DAYS / days, len(self.makers)
        values = {("consumers_gain", ""): year * self.consumers_gain}
        values["mean_knowledge", ""] = math.fsum(k.counted["knowledge"] for k in self.makers) / count / days
        for party in dict.fromkeys(knower.firm.party for knower in self.makers):
            own = [knower.counted for knower in self.makers if knower.firm.party == party]
            total = {word: math.fsum(counted[word] for counted in own) for word in own[0]}
            values["research_spending", party] = year * total["spending"]
            for name, word in (("unit_cost_change", "cost"), ("energy_change", "energy"), ("price_change", "price")):
                values[name, party] = total[word] / len(own) / days
        return values
