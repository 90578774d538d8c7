"""A user's own meter or price file, cleaned and reported, or refused with the row.

Cleaned: byte-order mark, line ends, delimiter, decimal commas, order of the rows, rows that
appear twice with the same value, daylight-saving hours, gaps of up to three hours, incomplete
first and last days, prices in quarter-hours, loads in hours. Refused: longer gaps, stamps with
conflicting values, texts among the numbers, negative loads, and jumps that only a change of
unit explains (factor 4 of kW against kWh per quarter-hour, factor 1000 of kW against MW).
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from model.calendar import HOURS, QUARTERS
from model.errors import InputError, nearest
from model.streams import Floats
from scenarios.series_text import Talk, numbers, read_sheet, stamps, time_column, value_column

type Kind = Literal["load", "price", "residual_load"]

MAX_GAP_HOURS = 3
"""Longest gap that is interpolated (assumption: beyond a few hours a straight line is no load curve)."""
MOST_MW = 1e6
"""No system draws more: ten times the peak load of Germany (assumption)."""

MOST_EUR_MWH = 20_000.0
"""Five times the declared price cap of a market zone, `market.price_cap` (assumption)."""

UNITS: dict[str, tuple[str, float]] = {
    "w": ("power", 1e-6),
    "kw": ("power", 1e-3),
    "mw": ("power", 1.0),
    "gw": ("power", 1e3),
    "wh": ("energy", 1e-6),
    "kwh": ("energy", 1e-3),
    "mwh": ("energy", 1.0),
    "gwh": ("energy", 1e3),
    "eur/mwh": ("price", 1.0),
    "eur/kwh": ("price", 1e3),
    "ct/kwh": ("price", 10.0),
}
"""Unit -> what it measures, and the factor to MW, MWh (per interval) or EUR/MWh."""
_UNIT_IN_NAME = re.compile(
    r"(?<![a-z])(eur_?/?_?per_?mwh|eur[_/]mwh|€/mwh|eur[_/]kwh|€/kwh|ct[_/]kwh|gwh|mwh|kwh|wh|gw|mw|kw|w)(?![a-z])"
)
_MEASURES = {"load": ("power", "energy"), "residual_load": ("power", "energy"), "price": ("price",)}
MIN_DAYS = 7
"""Fewest whole days: one of each weekday."""
TWICE = 2
_SLOTS = {15: QUARTERS, 60: HOURS}


@dataclass(frozen=True)
class CleanSeries:
    """A series in whole local days without gaps.

    Attributes:
        values: MW (load, residual load) or EUR/MWh (price), shape (days, slots): 96 for loads, 24 for prices
            and residual loads.
        first: local date of the first row.
        unit: "MW" or "EUR/MWh".
        column: the column the values come from.
        report: what was found and put right, one line each, for stderr.
    """

    values: Floats
    first: date
    unit: str
    column: str
    report: tuple[str, ...]

    @property
    def days(self) -> int:
        """Number of days."""
        return int(self.values.shape[0])


def read_series(
    path: str | Path,
    kind: Kind,
    *,
    unit: str | None = None,
    time_zone: str = "Europe/Berlin",
    column: str | None = None,
    time: str | None = None,
    start: date | None = None,
    end: date | None = None,
) -> CleanSeries:
    """Read, clean and report a user's series, or refuse it.

    Args:
        path: CSV (comma, semicolon, tab or |) or parquet file with a time column and a value column.
        kind: "load", "price" or "residual_load" (the only one that may be negative besides prices).
        unit: unit of the values, one of UNITS (energy units: per interval); default: read off the column's name.
        time_zone: the zone of the model days; stamps without offset are taken to be in it.
        column: name of the value column, if there are several.
        time: name of the time column, if there are several.
        start: first local date to keep.
        end: last local date to keep.

    Raises:
        InputError: naming every fault with file:row and what is allowed.
    """
    talk = Talk(str(path))
    zone = _zone(time_zone, talk)
    sheet = read_sheet(Path(path), talk)
    time_name = time_column(sheet, time, talk)
    value_name = value_column(sheet, column, time_name, talk)
    if time_name is None or value_name is None:
        raise InputError(talk.faults)
    factor, measure = _unit(value_name, unit, kind, talk)
    values = numbers(sheet, value_name, talk)
    found, instants = stamps(sheet, time_name, talk)
    rows = np.array(sheet.rows)
    found, values, rows = _between(_Stamped(found, values, rows), start, end, zone if instants else None, talk)
    if kind == "load" and (values < 0).any():
        below = rows[values < 0].tolist()
        talk.fault("the load is negative", "at least 0; feed-in belongs in a series of its own", below)
    talk.stop_if_faulty()
    series = _sorted_once(_Stamped(found, values, rows), zone, talk, instants=instants)
    minutes = _step(series, talk)
    talk.stop_if_faulty()
    if "end" in time_name.lower():
        talk.note(f"column {time_name!r} holds interval ends; shifted by {minutes} minutes to starts")
        series = _Stamped([stamp - timedelta(minutes=minutes) for stamp in series.stamps], series.values, series.rows)
    if instants:
        series = _Stamped([_to_local(stamp, zone) for stamp in series.stamps], series.values, series.rows)
    scale = factor * (60.0 / minutes if measure == "energy" else 1.0)
    start = datetime.combine(series.stamps[0].date(), datetime.min.time())
    days, first = _whole_days(series, _Grid(start, minutes, zone), talk)
    _refuse_unit_jumps(days, first, series, kind, talk)
    _refuse_absurd_levels(days * scale, kind, talk)
    talk.stop_if_faulty()
    return CleanSeries(
        values=_resampled(days * scale, kind, talk),
        first=first,
        unit="EUR/MWh" if kind == "price" else "MW",
        column=value_name,
        report=tuple(talk.report),
    )


def _refuse_absurd_levels(values: Floats, kind: Kind, talk: Talk) -> None:
    """Refuse a load that is zero throughout, and values beyond anything a site or a market has seen."""
    if kind == "load" and not (values > 0.0).any():
        talk.fault("the load is zero throughout", "a meter that reads something")
    unit, most = ("EUR/MWh", MOST_EUR_MWH) if kind == "price" else ("MW", MOST_MW)
    if np.abs(values).max(initial=0.0) > most:
        talk.fault(f"a value of {np.abs(values).max():.3g} {unit}", f"at most {most:g} {unit}; is the unit right?")


# --- what the values are -----------------------------------------------------------------------------


def _zone(name: str, talk: Talk) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        talk.fault(f"time zone {name!r} is unknown", "an IANA name such as Europe/Berlin")
        talk.stop_if_faulty()
        raise


def _canonical(unit: str) -> str:
    short = unit.strip().lower().replace("€", "eur").replace(" ", "").replace("_per_", "/").replace("per", "/")
    return short.replace("_", "/").replace("//", "/")


def _unit(column: str, declared: str | None, kind: Kind, talk: Talk) -> tuple[float, str]:
    """Return the factor to MW, MWh or EUR/MWh and what is measured; faults where name and declaration disagree."""
    in_name = [_canonical(m) for m in _UNIT_IN_NAME.findall(column.lower())]
    fitting = [u for u in in_name if u in UNITS and UNITS[u][0] in _MEASURES[kind]]
    allowed = ", ".join(u for u, (measure, _) in UNITS.items() if measure in _MEASURES[kind])
    unit = _canonical(declared) if declared else next(iter(fitting), None)
    if unit is None:
        talk.fault(f"column {column!r} names no unit", f"end it in one of {allowed}, or give --unit", [1])
    elif unit not in UNITS or UNITS[unit][0] not in _MEASURES[kind]:
        hint = nearest(unit, list(UNITS)) if unit not in UNITS else ""
        talk.fault(f"unit {declared or unit!r} does not fit a {kind}", f"{hint} one of {allowed}".strip())
    elif fitting and unit not in fitting:
        talk.fault(
            f"column {column!r} says {fitting[0]}, but the declared unit is {unit}",
            "one of the two is wrong: kW is power, kWh is energy per interval",
            [1],
        )
    measure, factor = UNITS.get(unit or "", ("power", 1.0))[0], UNITS.get(unit or "", ("power", 1.0))[1]
    return factor, measure


# --- stamps: order, duplicates, step -----------------------------------------------------------------


@dataclass(frozen=True)
class _Stamped:
    """Stamps, values and row numbers, side by side."""

    stamps: list[datetime]
    values: Floats
    rows: NDArray[np.int64]


def _to_local(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.replace(tzinfo=ZoneInfo("UTC")).astimezone(zone).replace(tzinfo=None)


def _between(
    series: _Stamped, start: date | None, end: date | None, zone: ZoneInfo | None, talk: Talk
) -> tuple[list[datetime], Floats, NDArray[np.int64]]:
    """Return stamps, values and rows of the local dates from `start` to `end`; `zone` is None for local stamps."""
    if start is None and end is None:
        return series.stamps, series.values, series.rows
    dates = [(_to_local(stamp, zone) if zone else stamp).date() for stamp in series.stamps]
    keep = [i for i, day in enumerate(dates) if (start is None or day >= start) and (end is None or day <= end)]
    if not keep:
        talk.fault(f"no row lies between {start} and {end}", f"dates from {min(dates)} to {max(dates)}")
        talk.stop_if_faulty()
    return [series.stamps[i] for i in keep], series.values[keep], series.rows[keep]


def _is_repeated_hour(local: datetime, zone: ZoneInfo) -> bool:
    """Tell whether a wall-clock time occurs twice because clocks are put back."""
    return local.replace(tzinfo=zone).utcoffset() != local.replace(tzinfo=zone, fold=1).utcoffset() and not (
        _is_skipped_hour(local, zone)
    )


def _is_skipped_hour(local: datetime, zone: ZoneInfo) -> bool:
    """Tell whether a wall-clock time never occurs because clocks are put forward."""
    return _to_local(local.replace(tzinfo=zone).astimezone(ZoneInfo("UTC")).replace(tzinfo=None), zone) != local


def _sorted_once(series: _Stamped, zone: ZoneInfo, talk: Talk, *, instants: bool) -> _Stamped:
    """Return the series in order of time with every stamp once; a repeated hour of local stamps is averaged later."""
    late = [i for i in range(1, len(series.stamps)) if series.stamps[i] < series.stamps[i - 1]]
    if late and not (not instants and all(_is_repeated_hour(series.stamps[i], zone) for i in late)):
        talk.note(f"rows not in order of time ({len(late)} steps back): sorted", [int(series.rows[i]) for i in late])
    order = sorted(range(len(series.stamps)), key=lambda i: series.stamps[i])
    seen: dict[datetime, list[int]] = {}
    for i in order:
        seen.setdefault(series.stamps[i], []).append(i)
    values = np.empty(len(seen))
    dropped: list[int] = []
    clash: list[int] = []
    for at, (stamp, places) in enumerate(seen.items()):
        known = [float(series.values[i]) for i in places]
        values[at] = known[0]
        if len(places) == TWICE and not instants and _is_repeated_hour(stamp, zone):
            values[at] = sum(known) / 2
        elif len(places) > 1 and np.array_equal(known, [known[0]] * len(known), equal_nan=True):
            dropped += places[1:]
        elif len(places) > 1:
            clash += places
    if dropped:
        repeats = [int(series.rows[i]) for i in dropped]
        talk.note(f"{len(dropped)} row(s) repeat a stamp with the same value: dropped", repeats)
    if clash:
        conflicts = [int(series.rows[i]) for i in clash]
        talk.fault("stamps appear twice with different values", "one value per stamp", conflicts)
    rows = series.rows[[places[0] for places in seen.values()]]
    return _Stamped(list(seen), values, rows)


def _step(series: _Stamped, talk: Talk) -> int:
    """Return the interval in minutes, 15 or 60; every stamp must lie on its grid."""
    if len(series.stamps) < TWICE:
        talk.fault("only one stamp", "at least a week of hourly or quarter-hourly values")
        return 60
    at = np.array([(stamp - series.stamps[0]).total_seconds() / 60.0 for stamp in series.stamps])
    gaps = np.diff(at)
    kinds, counts = np.unique(gaps, return_counts=True)
    minutes = float(kinds[counts.argmax()])
    if minutes not in (15.0, 60.0):
        talk.fault(f"the step between rows is {minutes:g} minutes", "15 or 60", [int(series.rows[0])])
        return 60
    second = np.array([stamp.minute + stamp.second / 60.0 + stamp.microsecond / 6e7 for stamp in series.stamps])
    off = second % minutes != 0
    if off.any():
        talk.fault(
            f"stamps off the grid of {minutes:g} minutes",
            "one step throughout the file, at full quarters or hours",
            [int(row) for row in series.rows[off]],
        )
    return int(minutes)


# --- gaps, days, slots -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Grid:
    """A grid of wall-clock slots from midnight `start`, `minutes` apart, in `zone`."""

    start: datetime
    minutes: int
    zone: ZoneInfo

    def place(self, stamp: datetime) -> int:
        """Return the slot of a wall-clock time."""
        return int((stamp - self.start).total_seconds() // 60 // self.minutes)

    def time(self, slot: int) -> datetime:
        """Return the wall-clock time at which a slot begins."""
        return self.start + timedelta(minutes=slot * self.minutes)

    def is_skipped(self, slot: int) -> bool:
        """Tell whether the slot lies in the hour that daylight saving skips."""
        return _is_skipped_hour(self.time(slot), self.zone)


def _whole_days(series: _Stamped, grid: _Grid, talk: Talk) -> tuple[Floats, date]:
    """Return values (days, slots) of whole local days without gaps, and the first date."""
    slots = _SLOTS[grid.minutes]
    place = np.array([grid.place(stamp) for stamp in series.stamps])
    values = np.zeros((int(place.max()) // slots + 1) * slots)
    count = np.zeros(values.size)
    known = np.isfinite(series.values)
    np.add.at(values, place[known], series.values[known])
    np.add.at(count, place[known], 1.0)
    values = np.where(count > 0, values / np.maximum(count, 1.0), np.nan)
    _note_daylight_saving(values, count, grid, talk)
    first, last = _trim(values.reshape(-1, slots), grid, talk)
    whole = values[first * slots : last * slots]
    _fill_gaps(whole, _Grid(grid.time(first * slots), grid.minutes, grid.zone), series, talk)
    return whole.reshape(-1, slots), grid.time(first * slots).date()


def _note_daylight_saving(values: Floats, count: Floats, grid: _Grid, talk: Talk) -> None:
    """Report averaged hours, and values in an hour that a zone with daylight saving does not have."""
    doubled = sorted({grid.time(int(slot)).date() for slot in np.flatnonzero(count > 1)})
    if doubled:
        talk.note(f"hour repeated by daylight saving averaged on {', '.join(map(str, doubled))}")
    years = range(grid.start.year, grid.time(values.size).year + 1)
    skipped = [grid.place(hour) for year in years for hour in _skipped_hours(year, grid.zone)]
    present = [str(grid.time(slot)) for slot in skipped if 0 <= slot < values.size and np.isfinite(values[slot])]
    if present:
        talk.note(
            f"the hour that daylight saving skips has values ({', '.join(present)}): "
            "stamps taken as they stand, without daylight saving"
        )


def _skipped_hours(year: int, zone: ZoneInfo) -> list[datetime]:
    """Return the wall-clock hours of a year that never occur in `zone`."""
    days = [datetime(year, 1, 1) + timedelta(days=d) for d in range(366)]  # noqa: DTZ001 - wall-clock time
    changing = [
        d
        for d in days
        if d.replace(tzinfo=zone).utcoffset() != (d + timedelta(days=1)).replace(tzinfo=zone).utcoffset()
    ]
    hours = [d + timedelta(hours=h) for d in changing for h in range(24)]
    return [hour for hour in hours if _is_skipped_hour(hour, zone)]


def _trim(days: Floats, grid: _Grid, talk: Talk) -> tuple[int, int]:
    """Return first and last day to keep: an incomplete first or last day is left out."""
    slots = days.shape[1]
    first, last = 0, len(days)
    if not np.isfinite(days[0, 0]):
        first = 1
        talk.note(f"first day {grid.start.date()} does not start at 00:00: left out")
    if last > first and not np.isfinite(days[-1, -1]):
        last -= 1
        talk.note(f"last day {grid.time(last * slots).date()} does not end at 24:00: left out")
    if last - first < MIN_DAYS:
        talk.fault(f"only {max(last - first, 0)} whole days", f"at least {MIN_DAYS} whole local days")
        talk.stop_if_faulty()
    return first, last


def _fill_gaps(values: Floats, grid: _Grid, series: _Stamped, talk: Talk) -> None:
    """Interpolate short gaps in `values` in place; long ones are faults, placed at the row after the gap."""
    missing = ~np.isfinite(values)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], missing.astype(np.int8), [0]])))
    filled, spring = 0, 0
    for low, high in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        hours = (high - low) * grid.minutes / 60.0
        if all(grid.is_skipped(slot) for slot in range(low, high)):
            spring += 1
        elif hours > MAX_GAP_HOURS:
            end = grid.time(high)
            after = (int(r) for s, r in zip(series.stamps, series.rows, strict=True) if s >= end)
            talk.fault(
                f"{hours:g} hours are missing before this row, from {grid.time(low)} to {end}",
                f"gaps of at most {MAX_GAP_HOURS} hours",
                [next(after, int(series.rows[-1]))],
            )
        else:
            filled += high - low
    if missing.any() and not missing.all():
        known = np.flatnonzero(~missing)
        values[missing] = np.interp(np.flatnonzero(missing), known, values[known])
    if spring:
        talk.note(f"{spring} hour(s) skipped by daylight saving filled by interpolation")
    if filled:
        talk.note(f"{filled} missing values in gaps of at most {MAX_GAP_HOURS} hours filled by interpolation")


def _resampled(days: Floats, kind: Kind, talk: Talk) -> Floats:
    """Return loads in quarter-hours, prices and residual loads in hours."""
    if kind == "load" and days.shape[1] == HOURS:
        talk.note("hourly values held for four quarter-hours: quarter-hour peaks are those of hourly means")
        return np.repeat(days, 4, axis=1)
    if kind != "load" and days.shape[1] == QUARTERS:
        talk.note("quarter-hourly values averaged to hours")
        return days.reshape(len(days), HOURS, 4).mean(axis=2)
    return days


# --- kW against kWh ----------------------------------------------------------------------------------

_JUMPS = {4.0: "kW among kWh per quarter-hour", 1000.0: "kW among MW"}


def _refuse_unit_jumps(days: Floats, first: date, series: _Stamped, kind: Kind, talk: Talk) -> None:
    """Refuse a load whose whole distribution jumps by 4 or 1000 from one week to the next.

    A works that produces more keeps its idle load; a change of unit lifts 10 %, 50 % and 90 %
    quantile and maximum alike. All four must lie within 15 % of the factor, weekday on weekday.
    """
    if kind != "load":
        return
    for day in range(7, len(days) - 6):
        before, after = days[day - 7 : day], days[day : day + 7]
        low, high = (np.append(np.quantile(part, (0.1, 0.5, 0.9)), part.max()) for part in (before, after))
        if (low <= 0).any() or (high <= 0).any():
            continue
        for factor, name in _JUMPS.items():
            for ratio, way in ((high / low, "up"), (low / high, "down")):
                if (np.abs(np.log(ratio / factor)) < np.log(1.15)).all():
                    when = datetime.combine(first + timedelta(days=day), datetime.min.time())
                    row = next(int(r) for s, r in zip(series.stamps, series.rows, strict=True) if s >= when)
                    talk.fault(
                        f"the load jumps {way} by a factor of {factor:g} on {when.date()}, idle load included: "
                        f"it looks like {name}",
                        "one unit throughout the file",
                        [row],
                    )
                    return
