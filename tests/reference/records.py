"""A record on its way: how its sender soils it, and what the receiver's stages put right, as plain lists.

A record carries 24 values (MW by hour, None where missing), the load that site-specific codes hide in each value, a
time-zone label ("local", "utc" or "" for none) and whether its codes are the site's own.
"""

import copy
import datetime as dt
import itertools
import math
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from tests.reference.draws import Stream

HOURS = range(24)
STAGES = ("soiled", "cleaned", "integrated", "transformed")
BERLIN = ZoneInfo("Europe/Berlin")


@dataclass
class Record:
    """What is sent."""

    values: list[float | None] = field(default_factory=lambda: [0.0] * 24)
    hidden: list[float] = field(default_factory=lambda: [0.0] * 24)
    zone: str = "local"
    site_codes: bool = False


def hours_ahead_of_utc(date: dt.date) -> int:
    """Return by how many hours Berlin's clock is ahead of UTC at noon."""
    offset = dt.datetime.combine(date, dt.time(12), BERLIN).utcoffset()
    assert offset is not None
    return int(offset.total_seconds() // 3600)


class RecordWay:
    """The way of one firm's records to one partner."""

    def __init__(self, firm: Any, terms: Any, common_standard: bool, limit: float, streams: dict[str, Stream]) -> None:
        self.firm, self.stages, self.limit, self.streams = firm, terms.pipeline, limit, streams
        self.resolution = terms.resolution
        quality = firm.terms.records
        self.gap_rate, self.mixup_rate, self.stale_rate = quality.gap_rate, quality.mixup_rate, quality.stale_rate
        self.shift_rate = 0.0 if common_standard else quality.shift_rate
        self.label_rate = 0.0 if common_standard else quality.label_rate
        self.code_sd = 0.0 if common_standard else quality.code_sd
        self.yesterday = Record()
        self.square_errors: dict[str, list[float]] = {stage: [] for stage in STAGES}

    def send(self, day: int, date: dt.date, plan: list[float], own_forecast: list[float]) -> list[float]:
        """Return what the partner reads of a clean record, MW by hour."""
        offset = hours_ahead_of_utc(date)
        record = self._soil(day, offset, plan)
        sent = copy.deepcopy(record)
        self._note("soiled", record, plan)
        if self.stages.cleaning:
            self._clean(record)
        self._note("cleaned", record, plan)
        if self.stages.integration:
            self._integrate(record, offset, own_forecast)
        self._note("integrated", record, plan)
        if self.stages.transformation:
            self._fill(record, own_forecast)
        self._note("transformed", record, plan)
        self.yesterday = sent
        return [self._read(value) for value in record.values]

    def _read(self, value: float | None) -> float:
        return 0.0 if value is None else min(self.limit, max(0.0, value))

    def _note(self, stage: str, record: Record, plan: list[float]) -> None:
        misses = [(self._read(value) - planned) ** 2 for value, planned in zip(record.values, plan, strict=True)]
        self.square_errors[stage].append(math.fsum(misses) / 24.0)

    def _happens(self, name: str, rate: float, day: int, slot: int = 0) -> bool:
        return rate > 0.0 and self.streams[name].uniform(self.firm.entity, day, slot) < rate

    def _soil(self, day: int, offset: int, plan: list[float]) -> Record:
        """Codes, gaps, UTC stamps, a lost label, kW, or yesterday's record once more, in this order."""
        record = Record(values=list(plan))
        if self.code_sd > 0.0:
            codes = self.streams["record_code"]
            record.site_codes = True
            record.hidden = [self.code_sd * codes.normal(self.firm.entity, day, h) for h in HOURS]
            record.values = [load + code for load, code in zip(plan, record.hidden, strict=True)]
        for h in HOURS:
            if self._happens("record_gap", self.gap_rate, day, h):
                record.values[h] = None
        if self._happens("record_shift", self.shift_rate, day):
            record.zone = "utc"  # 00:00 UTC is `offset` o'clock here; what is left at the end repeats
            sources = [min(23, max(0, h + offset)) for h in HOURS]
            record.values, record.hidden = [record.values[s] for s in sources], [record.hidden[s] for s in sources]
        if self._happens("record_label", self.label_rate, day):
            record.zone = ""
        if self._happens("record_mixup", self.mixup_rate, day):
            record.values = [None if value is None else 1000.0 * value for value in record.values]
            record.hidden = [1000.0 * code for code in record.hidden]
        if self._happens("record_stale", self.stale_rate, day):
            return copy.deepcopy(self.yesterday)
        return record

    def _clean(self, record: Record) -> None:
        """Drop a repeated record, turn kW into MW, and what the works cannot draw into gaps."""
        values = record.values
        if self.stale_rate > 0.0 and values == self.yesterday.values:
            pairs = [(a, b) for a, b in itertools.pairwise(values) if a is not None and b is not None]
            if sum(abs(b - a) > 1e-9 * abs(b) for a, b in pairs) >= 4:  # a flat plan may repeat by itself
                record.values = [None] * 24
                return
        if any(value is not None and value > 10.0 * self.limit for value in values):
            record.values = values = [None if value is None else value / 1000.0 for value in values]
            record.hidden = [code / 1000.0 for code in record.hidden]
        low, high = -0.25 * self.limit, 1.25 * self.limit
        record.values = [None if value is None or value < low or value > high else value for value in values]

    def _integrate(self, record: Record, offset: int, own_forecast: list[float]) -> None:
        """Bring a record to local time and common codes."""
        if record.zone == "utc" or (record.zone == "" and self._seems_utc(record.values, offset, own_forecast)):
            before = [(record.values[h], record.hidden[h]) for h in HOURS]
            moved = [before[h - offset] if 0 <= h - offset < 24 else (None, 0.0) for h in HOURS]
            record.values, record.hidden = [value for value, _ in moved], [code for _, code in moved]
        if record.site_codes:
            pairs = zip(record.values, record.hidden, strict=True)
            record.values = [None if value is None else value - code for value, code in pairs]

    def _seems_utc(self, values: list[float | None], offset: int, own_forecast: list[float]) -> bool:
        """Weigh how much better UTC fits the receiver's forecast against how rare it is."""
        if offset <= 0 or self.shift_rate <= 0.0:
            return False
        as_utc = correlation([(values[h - offset], own_forecast[h]) for h in range(offset, 24)])
        as_local = correlation([(values[h], own_forecast[h]) for h in range(offset, 24)])
        left_utc, left_local = (max(1e-12, 1.0 - max(0.0, r) ** 2) for r in (as_utc, as_local))
        odds = (1.0 - self.shift_rate) / self.shift_rate
        return 0.5 * 6.0 * math.log(left_local / left_utc) > (math.log(odds) if odds > 0.0 else -math.inf)

    def _fill(self, record: Record, own_forecast: list[float]) -> None:
        """Fill each block's gaps with the mean of its other hours, or of the receiver's own forecast."""
        for start in range(0, 24, self.resolution):
            block = range(start, start + self.resolution)
            there = [value for value in (record.values[h] for h in block) if value is not None]
            fill = math.fsum(there or [own_forecast[h] for h in block]) / (len(there) or len(block))
            for h in block:
                if record.values[h] is None:
                    record.values[h] = fill


def correlation(pairs: list[tuple[float | None, float]]) -> float:
    """Return the correlation over the pairs that are complete; 0 where one side does not vary."""
    complete = [(x, y) for x, y in pairs if x is not None]
    if not complete:
        return 0.0
    xs, ys = ([pair[side] for pair in complete] for side in (0, 1))
    x_mean, y_mean = math.fsum(xs) / len(xs), math.fsum(ys) / len(ys)
    xx, yy = math.fsum((x - x_mean) ** 2 for x in xs), math.fsum((y - y_mean) ** 2 for y in ys)
    flat = xx <= 1e-12 * math.fsum(x * x for x in xs) or yy <= 1e-12 * math.fsum(y * y for y in ys)
    if flat:
        return 0.0
    return math.fsum((x - x_mean) * (y - y_mean) for x, y in complete) / math.sqrt(xx * yy)
