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

    def schedule(self, firm: Any, day: int, expected_prices: list[float], published_prices: list[float]) -> None:
        """Nothing to schedule."""

    def run(self, firm: Any, day: int) -> None:
        """Make last night's order."""
        firm.produced = firm.order
        firm.load = [0.0] * QUARTERS


class ShapedProcess(NoProcess):
    """Makes what was ordered; the load follows a measured shape, and in part the day's production."""

    def __init__(self, shape: list[list[float]]) -> None:
        self.shape = shape

    def run(self, firm: Any, day: int) -> None:
        """Make last night's order and draw the load."""
        terms = firm.terms.process
        firm.produced = firm.order
        activity = firm.produced / firm.usual_demand if firm.usual_demand > 0.0 else 1.0
        follow = max(0.0, (1.0 - terms.production_share) + terms.production_share * activity)
        firm.load = [terms.mean_load * follow * float(x) for x in self.shape[day]]


class BatchProcess:
    """A furnace: a day of equal cycles, one heat in each that the pause leaves free."""

    def __init__(self, streams: dict[str, Stream]) -> None:
        self.streams = streams
        self.plan: list[float] = []
        self.starts: list[float] = []
        self.heats = 0

    def schedule(self, firm: Any, day: int, expected_prices: list[float], published_prices: list[float]) -> None:
        """Make the plan of yesterday's gate from the order of the evening before it; last night's order waits."""
        terms = firm.terms.process
        self.heats = int(min(terms.capacity, max(0, math.floor(firm.waiting / terms.heat_output + 0.5))))
        firm.waiting = firm.order
        free = terms.capacity - self.heats
        minutes = terms.heat_energy / terms.furnace * 60.0
        slack = max(0.0, DAY_MINUTES / terms.capacity - minutes)
        offset = slack * self.streams["plan_offset"].uniform(firm.entity, day)
        if terms.scheduling == "habit":
            pause = self._habitual_pause(firm, day)
        else:
            pause = dearest_window(expected_prices, terms.capacity, free)
        self.starts = self._starts(terms.capacity, pause, free, offset)
        blocks = [(start, start + minutes) for start in self.starts if not math.isnan(start)]
        self.plan = quarter_hours(blocks, terms.furnace, terms.mill + terms.auxiliary)
        if terms.scheduling == "after_prices":
            pause = dearest_window(published_prices, terms.capacity, free)
            self.starts = self._starts(terms.capacity, pause, free, offset)

    def _habitual_pause(self, firm: Any, day: int) -> int:
        terms, draw = firm.terms.process, self.streams["plan_pause"]
        if draw.uniform(firm.entity, day, 0) < terms.regularity:
            return int(terms.habitual_hour * terms.capacity / 24) % terms.capacity
        return int(draw.uniform(firm.entity, day, 1) * terms.capacity) % terms.capacity

    @staticmethod
    def _starts(capacity: int, pause: int, free: int, offset: float) -> list[float]:
        """Return the planned minute of each heat; paused cycles are left out."""
        paused = {(pause + k) % capacity for k in range(free)}
        return [math.nan if cycle in paused else cycle * DAY_MINUTES / capacity + offset for cycle in range(capacity)]

    def run(self, firm: Any, day: int) -> None:
        """Melt heat after heat, with what goes wrong; a heat that cannot end before midnight is not started."""
        terms, entity, streams = firm.terms.process, firm.entity, self.streams
        survival = math.exp(-terms.breakdown_rate * terms.heat_energy / terms.furnace)
        ready, blocks = 0.0, []
        for cycle, planned in enumerate(self.starts):
            if math.isnan(planned):
                continue
            scrap = max(0.1, 1.0 + terms.energy_variation * streams["heat_energy"].normal(entity, day, cycle))
            start = max(planned, ready)
            start += terms.delay * -math.log(streams["heat_delay"].uniform(entity, day, cycle))
            if streams["breakdown"].uniform(entity, day, cycle) > survival:
                start += 60.0 * terms.repair * -math.log(streams["repair"].uniform(entity, day, cycle))
            end = start + 60.0 * terms.heat_energy * scrap / terms.furnace
            if end > DAY_MINUTES:
                break
            blocks.append((start, end))
            ready = end + terms.turnaround
        firm.produced = len(blocks) * terms.heat_output
        firm.load = quarter_hours(blocks, terms.furnace, terms.mill + terms.auxiliary)


def dearest_window(prices: list[float], capacity: int, length: int) -> int:
    """Return the first cycle of the dearest `length` neighbouring cycles; sums within 1e-9 EUR/MWh are a tie."""
    cycle_price = [prices[int((cycle + 0.5) * 24 / capacity)] for cycle in range(capacity)]
    best, highest = 0, -math.inf
    for first in range(capacity):
        cost = math.fsum(cycle_price[(first + k) % capacity] for k in range(length))
        if cost > highest + 1e-9:
            best, highest = first, cost
    return best
