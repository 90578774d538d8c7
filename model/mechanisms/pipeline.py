"""The data pipeline: how a record gets dirty on its way, and what each stage puts right.

A record is 24 values, MW by hour, with a header of two small numbers (time-zone label, code of the format) and, for
every value, the load that its site-specific code stands for and that only a translation table reveals. `soil` makes
the errors that a sender makes; `clean`, `integrate` and `transform` are the receiver's, which sees the record, its
header, the record it got the day before and its own forecast, never the true values. With clean records every stage
leaves every bit alone.
"""

import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from model.kernels import kernel
from model.records import Pipeline, Records
from model.streams import Floats, Ints, Key, normal, uniform

HOURS = 24

RECORD_STREAMS = ("record_gap", "record_mixup", "record_shift", "record_stale", "record_label", "record_code")
"""Random streams of `soil`, in the order of its keys."""

RATES = ("gap_rate", "mixup_rate", "shift_rate", "stale_rate", "label_rate", "code_sd")
"""Fields of `Records`, in the order of the columns that `soil` takes."""

STAGES = ("soiled", "cleaned", "integrated", "transformed")
"""Rows of the noise counters."""
NOISE = ("read_error", "present_error", "gaps")
"""Columns of the noise counters: mean square error with gaps read as 0 MW, MW2; the same over the hours present, MW2;
hours missing."""

ZONE, FORMAT = 0, 1
"""Columns of a header."""
LOCAL, UTC, UNLABELLED = 0, 1, -1
"""Time-zone labels."""
COMMON, SITE = 0, 1
"""Formats: values in the common standard, or in site-specific codes."""

KILO = 1000.0
UNIT_FACTOR = 10.0
"""How many times the physical limit a record must exceed to be taken for kW (assumption; full load would 1000-fold)."""
RANGE_MARGIN = 0.25
"""Share of the limit by which a value may leave the physical range before it is taken for an error (assumption: smaller
excess is an inexact value and is cut off at the gate)."""
REPEAT_VALUES = 4
"""Changes from hour to hour that a repeated record must show to be taken for an old one (assumption: a flat plan or
coarse totals repeat by themselves)."""
INDEPENDENT_HOURS = 6.0
"""How many independent values a day's 24 are worth when a record is compared with a forecast (assumption: neighbouring
hours deviate together, over about four hours)."""
ROUNDING = 1e-9
"""Share of a value below which a difference is no change but rounding."""
EXACT = 1e-12
"""Share of variance left over at which a record fits exactly: rounding tells no more."""


def record_rates(records: Records) -> Floats:
    """Return a firm's record quality as `soil` takes it, shape (6,), in the order of `RATES`."""
    return np.array([getattr(records, name) for name in RATES], dtype=np.float64)


def stage_flags(pipeline: Pipeline) -> NDArray[np.bool_]:
    """Return which of cleaning, integration and transformation are on, shape (3,)."""
    return np.array([pipeline.cleaning, pipeline.integration, pipeline.transformation])


def utc_offsets(ordinals: Ints, zone: str = "Europe/Berlin") -> Ints:
    """Return hours by which local time is ahead of UTC at noon of each day.

    Args:
        ordinals: proleptic Gregorian ordinals, shape (days,), as in `Calendar.ordinal`.
        zone: IANA name of the time zone.
    """
    noon, local = datetime.time(12), ZoneInfo(zone)
    days = [datetime.datetime.combine(datetime.date.fromordinal(int(o)), noon, local) for o in ordinals]
    return np.array([(day.utcoffset() or datetime.timedelta()) // datetime.timedelta(hours=1) for day in days])


def blank_header() -> Ints:
    """Return the header of a record in local time and common codes, shape (2,)."""
    return np.array([LOCAL, COMMON], dtype=np.int64)


@kernel
def soil(
    day: int,
    entity: int,
    keys: Key,
    rates: Floats,
    utc_offset_hours: int,
    previous: Floats,
    previous_header: Ints,
    record: Floats,
    header: Ints,
) -> None:
    """Make a clean record dirty, in place: codes, gaps, UTC stamps, lost label, kW, or yesterday's record once more.

    Args:
        day: model day; `entity`: stream entity of the sender or contract.
        keys: streams `RECORD_STREAMS`, shape (6, 2).
        rates: as from `record_rates`, shape (6,).
        utc_offset_hours: local time less UTC of the day, hours.
        previous: record sent the day before, shape (2, 24); `previous_header`: its header, shape (2,).
        record: row 0 values, MW; row 1 what the codes hide, MW; shape (2, 24).
        header: result, shape (2,).
    """
    header[ZONE], header[FORMAT] = LOCAL, COMMON
    for h in range(HOURS):
        record[1, h] = 0.0
    if rates[5] > 0.0:
        header[FORMAT] = SITE
        for h in range(HOURS):
            record[1, h] = rates[5] * normal(keys[5], entity, day, h)
            record[0, h] += record[1, h]
    if rates[0] > 0.0:
        for h in range(HOURS):
            if uniform(keys[0], entity, day, h) < rates[0]:
                record[0, h] = np.nan
    if uniform(keys[2], entity, day, 0) < rates[2]:
        header[ZONE] = UTC
        stamp_in_utc(utc_offset_hours, record)
    if uniform(keys[4], entity, day, 0) < rates[4]:
        header[ZONE] = UNLABELLED
    if uniform(keys[1], entity, day, 0) < rates[1]:
        for h in range(HOURS):
            record[0, h] *= KILO
            record[1, h] *= KILO
    if uniform(keys[3], entity, day, 0) < rates[3]:
        record[:, :] = previous
        header[:] = previous_header


@kernel
def stamp_in_utc(offset: int, record: Floats) -> None:
    """Stamp a record in UTC, in place, shape (2, 24): its first hours are lost to yesterday, its last value repeats."""
    local = record.copy()
    for h in range(HOURS):
        source = min(HOURS - 1, max(0, h + offset))
        record[0, h] = local[0, source]
        record[1, h] = local[1, source]


@kernel
def stamp_in_local_time(offset: int, record: Floats) -> None:
    """Stamp a record in local time, in place, shape (2, 24); the hours that its sender lost become gaps."""
    utc = record.copy()
    for h in range(HOURS):
        source = h - offset
        known = 0 <= source < HOURS
        record[0, h] = utc[0, source] if known else np.nan
        record[1, h] = utc[1, source] if known else 0.0


@kernel
def is_repeated(values: Floats, previous: Floats) -> bool:
    """Tell whether a record is the previous one again, shapes (24,); a nearly flat one may repeat by itself."""
    changes = 0
    for h in range(HOURS):
        both_missing = np.isnan(values[h]) and np.isnan(previous[h])
        if values[h] != previous[h] and not both_missing:
            return False
        if h > 0 and abs(values[h] - values[h - 1]) > ROUNDING * abs(values[h]):  # never where one is missing
            changes += 1
    return changes >= REPEAT_VALUES


@kernel
def clean(record: Floats, previous: Floats, limit: float, stale_rate: float) -> None:
    """Put right units, drop a repeated record, and turn impossible values into gaps, in place.

    Args:
        record: as in `soil`; `previous`: the record received the day before, as it came, shape (2, 24).
        limit: physical limit of the load, MW.
        stale_rate: announced share of records that are sent again; at zero a repeated record is a repeated plan.
    """
    if stale_rate > 0.0 and is_repeated(record[0], previous[0]):
        record[0, :] = np.nan
        return
    in_kw = False
    for h in range(HOURS):
        in_kw = in_kw or record[0, h] > UNIT_FACTOR * limit
    margin = RANGE_MARGIN * limit
    for h in range(HOURS):
        if in_kw:
            record[0, h] /= KILO
            record[1, h] /= KILO
        if record[0, h] < -margin or record[0, h] > limit + margin:
            record[0, h] = np.nan


@kernel
def likeness(values: Floats, offset: int, baseline: Floats, margin: int) -> float:
    """Return the correlation of a forecast with a record that is moved `offset` hours later, shapes (24,).

    The first `margin` hours are left out, so that different offsets are compared on the same hours; gaps too.
    """
    n, x, y, xx, yy, xy = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for h in range(margin, HOURS):
        a, b = values[h - offset], baseline[h]
        if np.isnan(a):
            continue
        n += 1.0
        x += a
        y += b
        xx += a * a
        yy += b * b
        xy += a * b
    spread_x, spread_y = n * xx - x * x, n * yy - y * y
    if spread_x <= EXACT * n * xx or spread_y <= EXACT * n * yy:  # flat: what is left is rounding
        return 0.0
    return float((n * xy - x * y) / np.sqrt(spread_x * spread_y))


@kernel
def seems_utc(values: Floats, offset: int, baseline: Floats, shift_rate: float) -> bool:
    """Tell whether an unlabelled record is rather in UTC, given how well either reading fits the receiver's forecast.

    The log Bayes factor of two normal regressions of the forecast on the record, n/2 log of the ratio of their
    residual variances, is weighed against the announced share of such days.
    """
    if offset <= 0 or shift_rate <= 0.0:
        return False
    as_utc = max(0.0, likeness(values, offset, baseline, offset))
    as_local = max(0.0, likeness(values, 0, baseline, offset))
    left_local, left_utc = max(EXACT, 1.0 - as_local**2), max(EXACT, 1.0 - as_utc**2)
    evidence = 0.5 * INDEPENDENT_HOURS * np.log(left_local / left_utc)
    return bool(evidence > np.log((1.0 - shift_rate) / shift_rate))


@kernel
def integrate(record: Floats, header: Ints, utc_offset_hours: int, baseline: Floats, shift_rate: float) -> None:
    """Bring a record to local time and common codes, in place.

    Args:
        record, header, utc_offset_hours: as in `soil`.
        baseline: the receiver's own forecast, MW, shape (24,), and `shift_rate`, announced share of days in UTC; they
            decide where the time-zone label is missing.
    """
    zone = header[ZONE]
    if zone == UTC or (zone == UNLABELLED and seems_utc(record[0], utc_offset_hours, baseline, shift_rate)):
        stamp_in_local_time(utc_offset_hours, record)
    header[ZONE] = LOCAL
    if header[FORMAT] == SITE:
        for h in range(HOURS):
            record[0, h] -= record[1, h]
            record[1, h] = 0.0
        header[FORMAT] = COMMON


@kernel
def transform(record: Floats, baseline: Floats, resolution: int) -> None:
    """Fill the gaps of a record so that they carry no news, in place.

    A gap takes the mean of what is present of its block of `resolution` hours (one value was sent for all of them),
    or else the block's mean of the receiver's own forecast `baseline`, MW, shape (24,).
    """
    for start in range(0, HOURS, resolution):
        present, total, own = 0, 0.0, 0.0
        for h in range(start, start + resolution):
            own += baseline[h]
            if np.isfinite(record[0, h]):
                present += 1
                total += record[0, h]
        if present < resolution:
            fill = total / present if present > 0 else own / resolution
            for h in range(start, start + resolution):
                if not np.isfinite(record[0, h]):
                    record[0, h] = fill


@kernel
def gate(value: float, limit: float) -> float:
    """Return `value` cut off at the physical limits 0 and `limit` MW; what is no number is read as 0 MW."""
    if not np.isfinite(value):
        return limit if value > 0.0 else 0.0
    return min(limit, max(0.0, value))


@kernel
def count_noise(values: Floats, clean_values: Floats, limit: float, noise: Floats) -> None:
    """Add to the counters of one stage how far a record, read at the gate, is from the clean one; see `NOISE`."""
    present, error, lost = 0, 0.0, 0.0
    for h in range(HOURS):
        miss = (gate(values[h], limit) - clean_values[h]) ** 2
        if np.isnan(values[h]):
            lost += miss
        else:
            present += 1
            error += miss
    noise[0] += (error + lost) / HOURS
    noise[1] += error / present if present > 0 else 0.0
    noise[2] += HOURS - present


@kernel
def run_pipeline(
    day: int,
    entity: int,
    keys: Key,
    rates: Floats,
    flags: NDArray[np.bool_],
    utc_offset_hours: int,
    resolution: int,
    limit: float,
    baseline: Floats,
    previous: Floats,
    previous_header: Ints,
    noise: Floats,
    values: Floats,
) -> None:
    """Send one clean record on its dirty way and through the stages that are on, in place.

    Args:
        day, entity, keys, rates, utc_offset_hours: as in `soil`.
        flags: as from `stage_flags`, shape (3,).
        resolution: hours per shared value, divides 24.
        limit: physical limit, MW; `baseline`: the receiver's own forecast, MW, shape (24,).
        previous, previous_header: the last record as it was sent, shapes (2, 24) and (2,); replaced by today's.
        noise: counters that grow by one record, shape (4, 3); rows `STAGES`, columns `NOISE`.
        values: the clean record, then the result within 0 and `limit`, MW, shape (24,).
    """
    record = np.empty((2, HOURS))
    record[0] = values
    header = np.empty(2, dtype=np.int64)
    soil(day, entity, keys, rates, utc_offset_hours, previous, previous_header, record, header)
    sent, sent_zone, sent_format = record.copy(), header[ZONE], header[FORMAT]
    count_noise(record[0], values, limit, noise[0])
    if flags[0]:
        clean(record, previous, limit, rates[3])
    count_noise(record[0], values, limit, noise[1])
    if flags[1]:
        integrate(record, header, utc_offset_hours, baseline, rates[2])
    count_noise(record[0], values, limit, noise[2])
    if flags[2]:
        transform(record, baseline, resolution)
    count_noise(record[0], values, limit, noise[3])
    previous[:, :] = sent
    previous_header[ZONE], previous_header[FORMAT] = sent_zone, sent_format
    for h in range(HOURS):
        values[h] = gate(record[0, h], limit)
