import datetime

import numpy as np
import pytest

from model.calendar import build_calendar, easter_sunday, german_holidays

# Dates as printed in the ecclesiastical tables; 1818 and 2285 are the earliest, 1943 and 2038 the latest possible.
EASTER = [
    "1818-03-22",
    "1943-04-25",
    "1961-04-02",
    "2000-04-23",
    "2015-04-05",
    "2018-04-01",
    "2024-03-31",
    "2025-04-20",
    "2026-04-05",
    "2038-04-25",
    "2285-03-22",
]


@pytest.mark.parametrize("text", EASTER)
def test_easter_is_where_the_tables_put_it(text: str) -> None:
    day = datetime.date.fromisoformat(text)
    assert easter_sunday(day.year) == day


def test_nationwide_holidays_of_2025() -> None:
    expected = ["01-01", "04-18", "04-21", "05-01", "05-29", "06-09", "10-03", "12-25", "12-26"]
    assert sorted(day.strftime("%m-%d") for day in german_holidays(2025)) == expected


def test_reformation_day_was_nationwide_in_2017_only() -> None:
    years = [year for year in range(2015, 2025) if datetime.date(year, 10, 31) in german_holidays(year)]
    assert years == [2017]


def test_columns_agree_with_the_standard_library() -> None:
    start = datetime.date(2023, 11, 17)
    calendar = build_calendar(start, 500, "none")
    dates = [start + datetime.timedelta(days=i) for i in range(500)]
    assert calendar.days == 500
    assert calendar.weekday.tolist() == [d.weekday() for d in dates]
    assert calendar.day_of_year.tolist() == [d.timetuple().tm_yday for d in dates]
    assert calendar.year.tolist() == [d.year for d in dates]
    assert calendar.ordinal.tolist() == [d.toordinal() for d in dates]
    assert calendar.date(499) == dates[499]
    assert {c.dtype for c in (calendar.weekday, calendar.day_type, calendar.month)} == {np.dtype(np.int64)}


def test_months_run_on_over_the_new_year() -> None:
    calendar = build_calendar(datetime.date(2023, 11, 17), 500, "none")
    by_month = {(d.year, d.month): m for d, m in zip(map(calendar.date, range(500)), calendar.month, strict=True)}
    assert list(by_month.values()) == list(range(17))


def test_day_types() -> None:
    calendar = build_calendar(datetime.date(2025, 12, 22), 7, "DE")  # Monday; Thursday and Friday are Christmas
    assert calendar.day_type.tolist() == [0, 0, 0, 2, 2, 1, 2]
    assert build_calendar(datetime.date(2025, 12, 22), 7, "none").day_type.tolist() == [0, 0, 0, 0, 0, 1, 2]


def test_a_holiday_on_a_saturday_is_a_holiday() -> None:
    assert build_calendar(datetime.date(2026, 10, 3), 1, "DE").day_type.tolist() == [2]


@pytest.mark.parametrize(
    ("days", "holidays", "message"),
    [
        (0, "DE", "at least 1"),
        (-5, "DE", "at least 1"),
        (10, "FR", "'DE' and 'none'"),
        (10_000_000, "none", "9999"),
    ],
)
def test_impossible_calendars_are_refused(days: int, holidays: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_calendar(datetime.date(2025, 1, 1), days, holidays)  # type: ignore[arg-type]
