"""Workshops in plain Python: machines that fail, crews with absent members, and what a day's hours can make."""

import math
from typing import Any

from tests.reference.draws import STANDARD_NORMAL, Stream

CLASSES = ("machines", "skilled", "general")
MACHINE_DRAWS = 4096
LARGEST_EXACT_CREW = 1000


class Machine:
    """A machine of a firm; a repair goes on through the night."""

    def __init__(self, shop: "Workshop", number: int) -> None:
        self.shop, self.number = shop, number
        self.repair_left = 0.0

    def live(self, day: int, rate: float) -> float:
        """Return the hours that it is up within today's shift, at so many failures an hour."""
        terms, draws = self.shop.terms.equipment, self.shop.streams["machine"]
        time, up, draw = self.repair_left, 0.0, self.number * MACHINE_DRAWS
        while time < terms.shift_hours:
            chance = draws.uniform(self.shop.firm.entity, day, draw)
            running = -math.log(chance) / rate if rate > 0.0 else math.inf
            if time + running >= terms.shift_hours:
                self.repair_left = 0.0
                return up + terms.shift_hours - time
            up += running
            repair = -math.log(draws.uniform(self.shop.firm.entity, day, draw + 1)) * terms.repair
            time += running + repair
            draw += 2
        self.repair_left = max(0.0, time - 24.0)
        return up


class Workshop:
    """What limits a firm's production: hours of machines and of people, its own and borrowed ones."""

    def __init__(self, firm: Any, streams: dict[str, Stream]) -> None:
        self.firm, self.terms, self.streams = firm, firm.terms, streams
        e, w = self.terms.equipment, self.terms.labour
        self.machines = [Machine(self, number) for number in range(e.machines)]
        numbers = (e.machines, w.skilled, w.general)
        each = (e.hours_per_unit, w.skilled_hours_per_unit, w.general_hours_per_unit)
        self.unit_hours = {k: h if n else 0.0 for k, n, h in zip(CLASSES, numbers, each, strict=True)}
        self.overtime_cost = dict(zip(CLASSES, (e.overtime_cost, w.overtime_cost, w.overtime_cost), strict=True))
        self.lending_cost = dict(zip(CLASSES, (e.lending_cost, w.lending_cost, w.lending_cost), strict=True))
        self.may_borrow = dict.fromkeys(CLASSES, False)
        self.use = 1.0
        self.counted: dict[str, dict[str, float]] = {}
        self.wanted = self.missed = 0.0

    @property
    def manned(self) -> dict[str, float]:
        """Hours a day if everything were up and everybody there."""
        e, w = self.terms.equipment, self.terms.labour
        return {"machines": e.machines * e.shift_hours, "skilled": w.skilled * w.hours, "general": w.general * w.hours}

    def short_value(self, k: str) -> float:
        """Return what an hour is worth that not even overtime could give, EUR: its units a day earlier."""
        hours = self.unit_hours[k]
        late = self.terms.ordering.backlog_cost / hours if hours > 0.0 else 0.0
        most = self.terms.equipment.overtime_hours if k == "machines" else self.terms.labour.overtime_share
        return max(late, self.overtime_cost[k]) if most > 0.0 else late

    def survey(self, day: int) -> None:
        """Find out which machines are up and who is there."""
        e, w = self.terms.equipment, self.terms.labour
        up = sum(machine.live(day, e.failure_rate * self.use) for machine in self.machines)
        self.own = {"machines": up, "skilled": 0.0, "general": 0.0}
        if w.skilled + w.general > 0:
            rate = self._absence(day)
            for slot, (k, crew) in enumerate((("skilled", w.skilled), ("general", w.general))):
                chance = self.streams["absent"].uniform(self.firm.entity, day, slot)
                self.own[k] = (crew - most_absent(crew, rate, chance)) * w.hours
        share_up = up / self.manned["machines"] if self.manned["machines"] > 0.0 else 1.0
        self.most_overtime = {"machines": e.overtime_hours * e.machines * share_up}
        self.most_overtime |= {k: w.overtime_share * self.own[k] for k in ("skilled", "general")}
        self.lent, self.borrowed = dict.fromkeys(CLASSES, 0.0), dict.fromkeys(CLASSES, 0.0)
        self.target = self.firm.produced

    def _absence(self, day: int) -> float:
        """Return today's absence rate: lognormal, partly in common with everybody else."""
        w = self.terms.labour
        if w.absence_spread == 0.0:
            return min(0.9, w.absence)
        everywhere = wave(self.streams["absence_common"], 0, day)
        alone = wave(self.streams["absence"], self.firm.entity, day)
        both = math.sqrt(w.absence_common) * everywhere + math.sqrt(1.0 - w.absence_common) * alone
        variance = math.log(1.0 + w.absence_spread**2)
        return min(0.9, w.absence * math.exp(math.sqrt(variance) * both - 0.5 * variance))

    def at_hand(self, k: str) -> float:
        """Return all hours of a class that can go into today's production."""
        return self.own[k] - self.lent[k] + self.borrowed[k] + self.most_overtime[k]

    def _units(self, classes: list[str]) -> float:
        """Return how many units some classes allow."""
        limits = [self.at_hand(k) / self.unit_hours[k] for k in classes if self.unit_hours[k] > 0.0]
        return min(limits, default=math.inf)

    def wanted_hours(self, k: str) -> float:
        """Return the hours wanted of a class, for the units that the other classes allow.

        People are wanted as far as those classes allow that cannot be borrowed; machines as far as people allow now.
        """
        others = [c for c in CLASSES if c != k and (k == "machines" or not self.may_borrow[c])]
        return max(0.0, min(self.target, self._units(others))) * self.unit_hours[k]

    def idle_and_lacking(self, k: str) -> tuple[float, float, float]:
        """Return hours that are idle, hours lacking that overtime could not give, and those that it could."""
        short = self.wanted_hours(k) - self.own[k] + self.lent[k]
        lacking = max(0.0, short - self.borrowed[k])
        return max(0.0, -short), max(0.0, lacking - self.most_overtime[k]), min(lacking, self.most_overtime[k])

    def work(self, books: Any, resources: Any) -> None:
        """Make what hours allow: own ones first, then borrowed ones, then overtime."""
        made = min(self.target, max(0.0, self._units(list(CLASSES))))
        self.firm.produced = made
        self.used, self.guests, self.overtime = {}, {}, {}
        for k in CLASSES:
            needed = max(0.0, made) * self.unit_hours[k]
            self.used[k] = min(needed, max(0.0, self.own[k] - self.lent[k]))
            self.guests[k] = min(needed - self.used[k], self.borrowed[k])
            self.overtime[k] = needed - self.used[k] - self.guests[k]
        if self.own["machines"] > 0.0:
            ran = self.used["machines"] + self.lent["machines"] + self.overtime["machines"]
            self.use = ran / self.own["machines"]
        for kind, hours, cost in (
            ("overtime", self.overtime, self.overtime_cost),
            ("lending", self.lent, self.lending_cost),
        ):
            books.pay(self.firm, resources, kind, sum(hours[k] * cost[k] for k in CLASSES))

    def count(self) -> None:
        """Add today to what is told of it."""
        for word in ("manned", "own", "used", "lent", "borrowed", "overtime"):
            today, sums = getattr(self, word), self.counted.setdefault(word, dict.fromkeys(CLASSES, 0.0))
            for k in CLASSES:
                sums[k] += today[k]
        self.wanted += max(0.0, self.target)
        self.missed += max(0.0, self.target - self.firm.produced)


def wave(stream: Stream, entity: int, day: int) -> float:
    """Return a standard normal that moves smoothly from one week to the next."""
    week, weekday = divmod(day, 7)
    part = weekday / 7
    mixed = (1.0 - part) * stream.normal(entity, week) + part * stream.normal(entity, week + 1)
    return mixed / math.sqrt((1.0 - part) ** 2 + part**2)


def most_absent(crew: int, rate: float, chance: float) -> int:
    """Return the smallest number of absent workers that is not exceeded with this probability."""
    if crew == 0 or rate <= 0.0:
        return 0
    if crew > LARGEST_EXACT_CREW:
        guess = crew * rate + math.sqrt(crew * rate * (1.0 - rate)) * STANDARD_NORMAL.inv_cdf(chance)
        return min(crew, max(0, math.floor(guess + 0.5)))
    terms = [math.comb(crew, n) * rate**n * (1.0 - rate) ** (crew - n) for n in range(crew + 1)]
    return next((n for n in range(crew) if math.fsum(terms[: n + 1]) >= chance), crew)


def workshop_outcomes(shops: list[Workshop], year: float) -> dict[tuple[str, str], float]:
    """Return what workshops report, party by party; `year` is 365 days over the days counted."""
    values: dict[tuple[str, str], float] = {}
    for party in dict.fromkeys(shop.firm.party for shop in shops):
        own = [shop for shop in shops if shop.firm.party == party]

        def hours(word: str, *classes: str, of: list[Workshop] = own) -> float:
            return math.fsum(shop.counted[word][k] for shop in of for k in classes or CLASSES)

        people = ("skilled", "general")
        ratios = {
            "machine_utilisation": (hours("used", "machines") + hours("lent", "machines"), hours("own", "machines")),
            "machine_availability": (hours("own", "machines"), hours("manned", "machines")),
            "labour_utilisation": (hours("used", *people) + hours("lent", *people), hours("own", *people)),
            "production_shortfall": (math.fsum(s.missed for s in own), math.fsum(s.wanted for s in own)),
        }
        values |= {(name, party): part / whole for name, (part, whole) in ratios.items() if whole > 0.0}
        for word in ("overtime", "borrowed", "lent"):
            values[f"{word}_hours", party] = year * hours(word)
    return values
