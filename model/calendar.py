"""The calendar of a run: one row per model day, as plain integer columns.

Convention: a model day always has 24 hours, that is 96 quarter-hours, of local time
(Europe/Berlin for the German tables). Where a real series is imported, the hour that the
spring change of daylight-saving time skips is filled by linear interpolation, and the hour
that the autumn change repeats is averaged over its two occurrences.
"""

import datetime
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

type Ints = NDArray[np.int64]
type Holidays = Literal["DE", "none"]

HOURS = 24
"""Hours in a model day."""
QUARTERS = 96
"""Quarter-hours in a model day."""
WORKDAY, SATURDAY, SUNDAY_OR_HOLIDAY = 0, 1, 2
"""The three values of `Calendar.day_type`."""
DAY_TYPES = 3
"""How many day types there are."""


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """Model days as columns; day 0 is the first simulated day, burn-in included.

    Attributes:
        weekday: 0 Monday to 6 Sunday, shape (days,).
        day_type: 0 workday, 1 Saturday, 2 Sunday or holiday, shape (days,).
        month: running number of the calendar month, 0 for the month of day 0, shape (days,).
        day_of_year: 1 to 366, shape (days,).
        year: calendar year, shape (days,).
        ordinal: proleptic Gregorian ordinal of the date (1 is 0001-01-01, a Monday), shape (days,).
    """

    weekday: Ints
    day_type: Ints
    month: Ints
    day_of_year: Ints
    year: Ints
    ordinal: Ints

    @property
    def days(self) -> int:
        """Number of model days."""
        return int(self.ordinal.size)

    def date(self, day: int) -> datetime.date:
        """Return the calendar date of the model day `day`."""
        return datetime.date.fromordinal(int(self.ordinal[day]))


def easter_sunday(year: int) -> datetime.date:
    """Return Easter Sunday of the Gregorian year `year`.

    Source: the anonymous Gregorian algorithm (Nature, 1876), as printed in Meeus (1991),
    "Astronomical Algorithms", chapter 8.
    """
    a = year % 19
    b, c = divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    weekday_shift = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * weekday_shift) // 433
    month = (h + weekday_shift - 7 * m + 90) // 25
    day = (h + weekday_shift - 7 * m + 33 * month + 19) % 32
    return datetime.date(year, month, day)


def german_holidays(year: int) -> frozenset[datetime.date]:
    """Return the nine public holidays that every German state observes.

    Source: the public-holiday acts of the sixteen states; German Unity Day by the Unification
    Treaty of 1990, article 2(2). Reformation Day 2017 was a holiday in every state, once.
    """
    easter = easter_sunday(year)
    moving = [easter + datetime.timedelta(days=shift) for shift in (-2, 1, 39, 50)]
    fixed = [datetime.date(year, month, day) for month, day in ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26))]
    once = [datetime.date(2017, 10, 31)] if year == 2017 else []
    return frozenset(moving + fixed + once)


def classify_days(start: datetime.date, days: int, holidays: frozenset[datetime.date]) -> tuple[Ints, Ints]:
    """Return weekday and day type, each shape (days,), of `days` dates from `start`."""
    ordinal = start.toordinal() + np.arange(days, dtype=np.int64)
    weekday = (ordinal - 1) % 7
    free = np.isin(ordinal, np.array([day.toordinal() for day in holidays], dtype=np.int64))
    day_type = np.where(free | (weekday == 6), SUNDAY_OR_HOLIDAY, np.where(weekday == 5, SATURDAY, WORKDAY))
    return weekday, day_type.astype(np.int64)


def build_calendar(start: datetime.date, days: int, holidays: Holidays) -> Calendar:
    """Return the calendar of `days` model days from `start`.

    Args:
        start: date of day 0 (the first simulated day, burn-in included).
        days: number of model days, at least 1.
        holidays: "DE" for the nationwide German public holidays, "none" for no holidays.

    Raises:
        ValueError: if `days` is below 1, `holidays` is unknown, or the range leaves the years 1 to 9999.
    """
    if days < 1:
        message = f"days is {days}; a calendar needs at least 1 day"
        raise ValueError(message)
    if holidays not in ("DE", "none"):
        message = f"holidays is {holidays!r}; allowed are 'DE' and 'none'"
        raise ValueError(message)
    if start.toordinal() + days - 1 > datetime.date.max.toordinal():
        message = f"{days} days from {start} end after the year 9999"
        raise ValueError(message)
    dates = [datetime.date.fromordinal(start.toordinal() + day) for day in range(days)]
    years = sorted({day.year for day in dates})
    free = frozenset().union(*(german_holidays(year) for year in years)) if holidays == "DE" else frozenset()
    weekday, day_type = classify_days(start, days, free)
    return Calendar(
        weekday=weekday,
        day_type=day_type,
        month=np.array([(d.year - start.year) * 12 + d.month - start.month for d in dates], dtype=np.int64),
        day_of_year=np.array([d.timetuple().tm_yday for d in dates], dtype=np.int64),
        year=np.array([d.year for d in dates], dtype=np.int64),
        ordinal=np.array([d.toordinal() for d in dates], dtype=np.int64),
    )
