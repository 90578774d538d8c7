"""How a manufacturer's production draws electricity: an electric-steel furnace, a measured shape, or not at all."""

import math
from typing import Any

from tests.reference.draws import Stream

QUARTERS = 96
DAY_MINUTES = 1440.0


def quarter_hours(blocks: list[tuple[float, float]], power: float, base: float) -> list[float]:
    """Return MW by quarter-hour: `base` all day and `power` from minute to minute of each block."""
    profile = [base] * QUARTERS
    for start, end in blocks:
        for q in range(QUARTERS):
            overlap = min(end, 15.0 * (q + 1)) - max(start, 15.0 * q)
            if overlap > 0.0:
                profile[q] += power * overlap / 15.0
    return profile


class NoProcess:
    """Makes what was ordered, without electricity."""

    plan: list[float] | None = None
    restarts = 0
    broke = worn = maintained = False

    def schedule(self, firm: Any, day: int, expected_prices: list[float], published_prices: list[float]) -> None:
        """Nothing to schedule."""

    def run(self, firm: Any, day: int) -> None:
        """Make what is to be made today."""
        firm.load = [0.0] * QUARTERS


class ShapedProcess(NoProcess):
    """Makes what was ordered; the load follows a measured shape, and in part the day's production."""

    def __init__(self, shape: list[list[float]]) -> None:
        self.shape = shape

    def run(self, firm: Any, day: int) -> None:
        """Make what is to be made today and draw the load."""
        terms = firm.terms.process
        activity = firm.produced / firm.usual_demand if firm.usual_demand > 0.0 else 1.0
        follow = max(0.0, (1.0 - terms.production_share) + terms.production_share * activity)
        mean_load = terms.mean_load * firm.energy_factor
        firm.load = [mean_load * follow * float(x) for x in self.shape[day]]


class BatchProcess:
    """A furnace: a day of equal cycles, one heat in each that the pause leaves free."""

    def __init__(self, streams: dict[str, Stream]) -> None:
        self.streams = streams
        self.plan: list[float] = []
        self.starts: list[float] = []
        self.heats = 0
        self.restarts = 0
        self.broke = self.worn = self.maintained = self.maintenance_due = False
        self.days_since_stop = 0

    def schedule(self, firm: Any, day: int, expected_prices: list[float], published_prices: list[float]) -> None:
        """Make the plan of yesterday's gate from the order of the evening before it; last night's order waits."""
        terms = firm.terms.process
        self.days_since_stop += 1
        self.maintained = self.maintenance_due or 0 < terms.maintenance_interval <= self.days_since_stop
        self.maintenance_due = False
        if self.maintained:
            self.days_since_stop = 0
        most = terms.capacity
        if self.maintained:  # a planned stop takes its hours out of the day and leaves sound equipment
            self.worn = False
            most = math.floor(terms.capacity * (1.0 - terms.maintenance_hours / 24.0) + 1e-9)
        self.heats = int(min(most, max(0, math.floor(firm.waiting / terms.heat_output + 0.5))))
        firm.waiting = firm.order
        free = terms.capacity - self.heats
        self.heat_energy = terms.heat_energy * firm.energy_factor
        minutes = self.heat_energy / terms.furnace * 60.0
        slack = max(0.0, DAY_MINUTES / terms.capacity - minutes)
        offset = slack * self.streams["plan_offset"].uniform(firm.entity, day)
        if terms.scheduling == "habit":
            paused = window(self._habitual_pause(firm, day), terms.capacity, free)
        else:
            paused = self._pause_by(expected_prices, firm, free)
        self.starts = self._starts(terms.capacity, paused, offset)
        blocks = [(start, start + minutes) for start in self.starts if not math.isnan(start)]
        self.plan = quarter_hours(blocks, terms.furnace, terms.mill + terms.auxiliary)
        if terms.scheduling == "after_prices":
            paused = self._pause_by(published_prices, firm, free)
            self.starts = self._starts(terms.capacity, paused, offset)
        self.restarts = max(0, pause_count(paused, terms.capacity) - 1)

    def _pause_by(self, prices: list[float], firm: Any, free: int) -> set[int]:
        """Return the cycles to pause at these prices: neighbours, or a split that is worth its restarts."""
        terms = firm.terms.process
        together = window(dearest_window(prices, terms.capacity, free), terms.capacity, free)
        if math.isinf(terms.restart_cost):
            return together
        saved = [self.heat_energy * price for price in cycle_prices(prices, terms.capacity)]
        return best_split(saved, free, terms.restart_cost, together)

    def _habitual_pause(self, firm: Any, day: int) -> int:
        terms, draw = firm.terms.process, self.streams["plan_pause"]
        if draw.uniform(firm.entity, day, 0) < terms.regularity:
            return int(terms.habitual_hour * terms.capacity / 24) % terms.capacity
        return int(draw.uniform(firm.entity, day, 1) * terms.capacity) % terms.capacity

    @staticmethod
    def _starts(capacity: int, paused: set[int], offset: float) -> list[float]:
        """Return the planned minute of each heat; paused cycles are left out."""
        return [math.nan if cycle in paused else cycle * DAY_MINUTES / capacity + offset for cycle in range(capacity)]

    def run(self, firm: Any, day: int) -> None:
        """Melt heat after heat, with what goes wrong; a heat that cannot end before midnight is not started."""
        terms, entity, streams = firm.terms.process, firm.entity, self.streams
        draw = streams["wear"].uniform(entity, day, 1 if self.worn else 0)
        self.worn = draw >= terms.overhaul_rate if self.worn else draw < terms.wear_rate
        rate = terms.breakdown_rate * (terms.wear_ratio if self.worn else 1.0)
        survival = math.exp(-rate * self.heat_energy / terms.furnace)
        ready, blocks = 0.0, []
        self.broke = False
        for cycle, planned in enumerate(self.starts):
            if math.isnan(planned):
                continue
            scrap = max(0.1, 1.0 + terms.energy_variation * streams["heat_energy"].normal(entity, day, cycle))
            start = max(planned, ready)
            start += terms.delay * -math.log(streams["heat_delay"].uniform(entity, day, cycle))
            if streams["breakdown"].uniform(entity, day, cycle) > survival:
                self.broke = True
                start += 60.0 * terms.repair * -math.log(streams["repair"].uniform(entity, day, cycle))
            end = start + 60.0 * self.heat_energy * scrap / terms.furnace
            if end > DAY_MINUTES:
                break
            blocks.append((start, end))
            ready = end + terms.turnaround
        firm.produced = len(blocks) * terms.heat_output
        firm.load = quarter_hours(blocks, terms.furnace, terms.mill + terms.auxiliary)


def dearest_window(prices: list[float], capacity: int, length: int) -> int:
    """Return the first cycle of the dearest `length` neighbouring cycles; sums within 1e-9 EUR/MWh are a tie."""
    cycle_price = cycle_prices(prices, capacity)
    best, highest = 0, -math.inf
    for first in range(capacity):
        cost = math.fsum(cycle_price[(first + k) % capacity] for k in range(length))
        if cost > highest + 1e-9:
            best, highest = first, cost
    return best


def cycle_prices(prices: list[float], capacity: int) -> list[float]:
    """Return the price of the hour in which each cycle has its middle."""
    return [prices[int((cycle + 0.5) * 24 / capacity)] for cycle in range(capacity)]


def window(first: int, capacity: int, length: int) -> set[int]:
    """Return `length` neighbouring cycles, round midnight."""
    return {(first + k) % capacity for k in range(length)}


def pause_count(paused: set[int], capacity: int) -> int:
    """Return into how many pauses the day falls; one that runs over midnight is one, a day without heats is one."""
    starts = [cycle for cycle in paused if (cycle - 1) % capacity not in paused]
    return max(len(starts), min(1, len(paused)))


def best_split(saved: list[float], free: int, restart_cost: float, together: set[int]) -> set[int]:
    """Return the cycles whose pause saves most after restarts, `together` unless a split beats it by over 1e-9 EUR.

    Every day is a word of melting (0) and pausing (1); words grow letter by letter, and of those with the same letters
    paused, the same first and the same last letter, only the most saving one can become the best. Of words that save
    the same to 1e-9 EUR the smaller one counts.
    """
    words: dict[tuple[int, int, int], tuple[float, tuple[int, ...]]] = {
        (0, 0, 0): (0.0, (0,)),
        (1, 1, 1): (saved[0], (1,)),
    }
    for value in saved[1:]:
        longer: dict[tuple[int, int, int], tuple[float, tuple[int, ...]]] = {}
        for (first, last, count), (sum_so_far, word) in words.items():
            for letter in (0, 1):
                gain = sum_so_far + letter * value - restart_cost * (letter > last)
                key = (first, letter, count + letter)
                if key not in longer or gain > longer[key][0] + 1e-9:
                    longer[key] = (gain, (*word, letter))
        words = longer
    whole = [
        (gain - restart_cost * (first > last), word)
        for (first, last, count), (gain, word) in words.items()
        if count == free
    ]
    if not whole or free in {0, len(saved)}:
        return together
    most = max(gain for gain, _ in whole)
    plain = sum(saved[cycle] for cycle in together) - restart_cost
    if most <= plain + 1e-9:
        return together
    best = min(word for gain, word in whole if gain > most - 1e-9)
    return {cycle for cycle, letter in enumerate(best) if letter}
