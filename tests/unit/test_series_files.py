"""A user's own files: cleaned and reported, or refused with the row."""

import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from model.errors import InputError
from scenarios.series_files import CleanSeries, read_series
from scenarios.series_text import name_rows

BERLIN, UTC = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")


def _hours(start: str, hours: int, zone: ZoneInfo = UTC) -> list[datetime.datetime]:
    """Return instants, hour by hour, from a wall-clock start in `zone`."""
    first = datetime.datetime.fromisoformat(start).replace(tzinfo=zone).astimezone(UTC)
    return [first + datetime.timedelta(hours=h) for h in range(hours)]


def _local(start: str, days: int, minutes: int = 60) -> list[str]:
    """Return wall-clock stamps without any daylight saving."""
    first = datetime.datetime.fromisoformat(start)
    count = days * 24 * 60 // minutes
    return [(first + datetime.timedelta(minutes=minutes * i)).isoformat(" ", "minutes") for i in range(count)]


def _level(i: int) -> float:
    """A load of 2 to 12 kW by hour that rests on weekends (the first day is a Monday)."""
    return 2.0 + (0.0 if i // 24 % 7 > 4 else 10.0 * (6 <= i % 24 < 18))


def _write(folder: Path, lines: list[str], header: str = "time,load_kw", name: str = "meter.csv") -> Path:
    path = folder / name
    path.write_bytes("\n".join([header, *lines]).encode())
    return path


def _meter(folder: Path, days: int = 21, start: str = "2025-01-06", **changes: str) -> Path:
    """Write a clean hourly meter; `changes` replaces the lines of rows r2, r3, ... (row 1 is the header)."""
    lines = [f"{stamp},{_level(i)}" for i, stamp in enumerate(_local(start, days))]
    for key, line in changes.items():
        lines[int(key[1:]) - 2] = line
    return _write(folder, [line for line in lines if line != "GONE"])


def _faults(path: Path, kind: str = "load", **options: object) -> str:
    with pytest.raises(InputError) as caught:
        read_series(path, kind, **options)  # type: ignore[arg-type]
    return str(caught.value)


def _said(series: CleanSeries) -> str:
    return "\n".join(series.report)


# --- cleaned and reported ----------------------------------------------------------------------------


def test_a_clean_meter_in_kw_becomes_mw_in_quarter_hours(tmp_path: Path) -> None:
    series = read_series(_meter(tmp_path), "load")
    assert series.values.shape == (21, 96)
    assert (series.first, series.unit, series.column) == (datetime.date(2025, 1, 6), "MW", "load_kw")
    assert series.values[0, :28:4] == pytest.approx([0.002] * 6 + [0.012])
    assert "hourly values held for four quarter-hours" in _said(series)


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("kW", 1e-3),
        ("MW", 1.0),
        ("W", 1e-6),
        ("kWh", 4e-3),
        ("MWh", 4.0),
        ("Wh", 4e-6),
    ],
)
def test_energy_per_quarter_hour_is_four_times_power(tmp_path: Path, unit: str, factor: float) -> None:
    path = _write(tmp_path, [f"{s},1.5" for s in _local("2025-01-06", 14, 15)], "time,value")
    np.testing.assert_allclose(read_series(path, "load", unit=unit).values, 1.5 * factor, rtol=1e-12)


@pytest.mark.parametrize(
    ("header", "mean"),
    [
        ("time,Energy (kWh)", 4e-3),
        ("time,load_mw", 1.0),
        ("time,Leistung [kW]", 1e-3),
        ("time,w_per_mwh_yr", 1e-6),
    ],
)
def test_the_unit_is_read_off_the_column(tmp_path: Path, header: str, mean: float) -> None:
    path = _write(tmp_path, [f"{s},1" for s in _local("2025-01-06", 14, 15)], header)
    np.testing.assert_allclose(read_series(path, "load").values, mean, rtol=1e-12)


@pytest.mark.parametrize(
    ("header", "factor"), [("time,price_eur_mwh", 1.0), ("time,Preis ct/kWh", 10.0), ("time,price EUR/MWh", 1.0)]
)
def test_prices_may_be_negative_and_come_hourly(tmp_path: Path, header: str, factor: float) -> None:
    path = _write(tmp_path, [f"{s},{-5 + i % 24}" for i, s in enumerate(_local("2025-01-06", 14))], header)
    series = read_series(path, "price")
    np.testing.assert_allclose(series.values, np.tile(np.arange(-5.0, 19.0), (14, 1)) * factor)


def test_quarter_hourly_prices_are_averaged(tmp_path: Path) -> None:
    lines = [f"{s},{i % 4}" for i, s in enumerate(_local("2025-01-06", 14, 15))]
    series = read_series(_write(tmp_path, lines, "time,price_eur_mwh"), "price")
    assert series.values.shape == (14, 24)
    assert (series.values == 1.5).all()
    assert "averaged to hours" in _said(series)


def test_excel_export_with_bom_crlf_semicolons_decimal_commas_and_german_dates(tmp_path: Path) -> None:
    first = datetime.datetime.fromisoformat("2025-01-06")
    stamps = [(first + datetime.timedelta(hours=h)).strftime("%d.%m.%Y %H:%M") for h in range(24 * 14)]
    body = "\r\n".join(["Zeitstempel;Last kW", *(f"{s};1.234,5" for s in stamps), ""])
    path = tmp_path / "Zähler.csv"
    path.write_bytes(b"\xef\xbb\xbf" + body.encode())
    series = read_series(path, "load")
    np.testing.assert_allclose(series.values, 1.2345)
    assert "byte-order mark" in _said(series)
    assert "decimal commas" in _said(series)


def test_daylight_saving_with_offsets(tmp_path: Path) -> None:
    """2025: 30 March has 23 hours, 26 October 25. The value is the UTC hour, so the repair can be seen."""
    hours = _hours("2025-03-24", 24 * 230, BERLIN)
    lines = [f"{h.astimezone(BERLIN).isoformat()},{h.hour}" for h in hours]
    series = read_series(_write(tmp_path, lines), "load")
    days = series.values[:, ::4] * 1000.0
    march, october = (datetime.date(2025, 3, 30) - series.first).days, (datetime.date(2025, 10, 26) - series.first).days
    assert days[march, :5].tolist() == [23.0, 0.0, 0.5, 1.0, 2.0]
    assert days[october, :5].tolist() == [22.0, 23.0, 0.5, 2.0, 3.0]
    assert "averaged on 2025-10-26" in _said(series)
    assert "1 hour(s) skipped by daylight saving filled" in _said(series)


def test_utc_stamps_and_local_stamps_of_the_same_meter_agree(tmp_path: Path) -> None:
    hours = _hours("2025-03-24", 24 * 230, BERLIN)
    zulu = _write(tmp_path, [f"{h:%Y-%m-%dT%H:%M}Z,{i % 50}" for i, h in enumerate(hours)], name="utc.csv")
    named = _write(tmp_path, [f"{h:%Y-%m-%d %H:%M},{i % 50}" for i, h in enumerate(hours)], "time_utc,load_kw", "n.csv")
    local = _write(tmp_path, [f"{h.astimezone(BERLIN):%Y-%m-%d %H:%M},{i % 50}" for i, h in enumerate(hours)])
    expected = read_series(zulu, "load").values
    np.testing.assert_array_equal(read_series(local, "load").values, expected)
    np.testing.assert_array_equal(read_series(named, "load").values, expected)


def test_a_meter_that_ignores_daylight_saving_is_taken_as_it_stands(tmp_path: Path) -> None:
    series = read_series(_meter(tmp_path, days=21, start="2025-03-17"), "load")
    assert "hour that daylight saving skips has values (2025-03-30 02:00:00)" in _said(series)


def test_interval_ends_are_shifted(tmp_path: Path) -> None:
    first = datetime.datetime.fromisoformat("2025-01-06T01:00")
    lines = [f"{first + datetime.timedelta(hours=i)},{_level(i)}" for i in range(24 * 14)]
    series = read_series(_write(tmp_path, lines, "interval_end,load_kw"), "load")
    assert series.days == 14
    assert series.values[0, 24] == pytest.approx(0.012)
    assert "shifted by 60 minutes" in _said(series)


def test_midnight_may_be_written_as_24_o_clock(tmp_path: Path) -> None:
    first = datetime.date(2025, 1, 6)
    lines = [f"{first + datetime.timedelta(days=d)} {h:02d}:00,{h}" for d in range(14) for h in range(1, 25)]
    series = read_series(_write(tmp_path, lines, "interval_end,load_kw"), "load")
    np.testing.assert_allclose(series.values[:, ::4], np.tile(np.arange(1.0, 25.0), (14, 1)) / 1000.0)


def test_short_gaps_are_filled_and_counted(tmp_path: Path) -> None:
    """Rows 34 to 36 are 08:00 to 10:00 of the second day; 07:00 has 12 kW, 11:00 is set to 4 kW."""
    series = read_series(
        _meter(tmp_path, r34="GONE", r35="2025-01-07 09:00,", r36="2025-01-07 10:00,nan", r37="2025-01-07 11:00,4"),
        "load",
    )
    np.testing.assert_allclose(series.values[1, 28:48:4] * 1000.0, [12.0, 10.0, 8.0, 6.0, 4.0])
    assert "3 missing values in gaps of at most 3 hours filled" in _said(series)


def test_repeated_rows_with_the_same_value_are_dropped(tmp_path: Path) -> None:
    path = _meter(tmp_path, r30="2025-01-07 04:00,2.0\n2025-01-07 04:00,2.0")
    series = read_series(path, "load")
    np.testing.assert_array_equal(series.values, read_series(_meter(tmp_path), "load").values)
    assert "1 row(s) repeat a stamp with the same value: dropped, row 31" in _said(series)


def test_unsorted_rows_are_sorted_and_reported(tmp_path: Path) -> None:
    swapped = _meter(tmp_path, r10="2025-01-06 09:00,12.0", r11="2025-01-06 08:00,12.0")
    series = read_series(swapped, "load")
    np.testing.assert_array_equal(series.values, read_series(_meter(tmp_path), "load").values)
    assert "sorted, row 11" in _said(series)


def test_incomplete_first_and_last_day_are_left_out(tmp_path: Path) -> None:
    lines = [f"{s},1" for s in _local("2025-01-06 05:00", 14)]
    series = read_series(_write(tmp_path, lines), "load")
    assert (series.first, series.days) == (datetime.date(2025, 1, 7), 13)
    assert "first day 2025-01-06 does not start at 00:00" in _said(series)
    assert "last day 2025-01-20 does not end at 24:00" in _said(series)


def test_a_parquet_file_is_read_like_the_csv(tmp_path: Path) -> None:
    import pandas as pd

    csv = _meter(tmp_path)
    frame = pd.read_csv(csv, parse_dates=["time"])
    frame.to_parquet(tmp_path / "meter.parquet")
    expected = read_series(csv, "load").values
    np.testing.assert_array_equal(read_series(tmp_path / "meter.parquet", "load").values, expected)


def test_dates_can_be_cut_out(tmp_path: Path) -> None:
    series = read_series(_meter(tmp_path), "load", start=datetime.date(2025, 1, 8), end=datetime.date(2025, 1, 17))
    assert (series.first, series.days) == (datetime.date(2025, 1, 8), 10)


# --- refused with the row ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"r5": "2025-01-06 03:00,abc"}, ["meter.csv:5", "'abc' is not a number"]),
        ({"r5": "2025-01-06 03:00,inf"}, ["meter.csv:5", "'inf' is not a number"]),
        ({"r5": "2025-01-06 03:00,-2"}, ["meter.csv:5", "negative"]),
        ({"r5": "yesterday,2"}, ["meter.csv:5", "'yesterday' is not a time"]),
        ({"r5": "0025-01-06 03:00,2"}, ["meter.csv:5", "out of range", "1980 to 2100"]),
        ({"r5": "2025-02-30 03:00,2"}, ["meter.csv:5", "is not a time"]),
        ({"r5": "2025-01-06T03:00+01:00,2"}, ["offset", "all or none"]),
        ({"r5": "2025-01-06 03:00,2,9"}, ["meter.csv:5", "not 2 cells"]),
        ({"r5": "2025-01-06 03:00,2\n2025-01-06 03:00,9"}, ["meter.csv:5", "different values", "rows 5, 6"]),
        ({"r5": "2025-01-06 03:07,2"}, ["meter.csv:5", "off the grid of 60 minutes"]),
        ({f"r{i}": "GONE" for i in range(30, 34)}, ["meter.csv:30", "4 hours are missing", "2025-01-07 04:00"]),
    ],
)
def test_rows_that_cannot_be_repaired_are_named(tmp_path: Path, changes: dict[str, str], expected: list[str]) -> None:
    text = _faults(_meter(tmp_path, **changes))
    for part in expected:
        assert part in text


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    text = _faults(_meter(tmp_path, r5="2025-01-06 03:00,-2", r9="never,2", r12="2025-01-06 10:00,many"))
    assert "'never' is not a time" in text
    assert "'many' is not a number" in text


def test_negative_loads_are_all_counted(tmp_path: Path) -> None:
    lines = [f"{s},{-1 if i < 30 else 1}" for i, s in enumerate(_local("2025-01-06", 14))]
    assert "rows 2, 3, 4, 5, 6, 7, 8, 9 and 22 more" in _faults(_write(tmp_path, lines))


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        (4.0, "jumps up by a factor of 4"),
        (0.25, "jumps down by a factor of 4"),
        (1000.0, "kW among MW"),
    ],
)
def test_kw_among_kwh_and_mw_is_refused_with_the_row(tmp_path: Path, factor: float, expected: str) -> None:
    days, changed = 42, 21
    lines = [
        f"{s},{_level(i) * (factor if i >= changed * 24 else 1.0)}" for i, s in enumerate(_local("2025-01-06", days))
    ]
    text = _faults(_write(tmp_path, lines))
    assert expected in text
    assert f"meter.csv:{2 + changed * 24}" in text
    assert "2025-01-27" in text


def test_a_works_that_starts_up_is_no_change_of_unit(tmp_path: Path) -> None:
    """Production times four over the same idle load, and a shut-down, are what real works do."""
    for busy, quiet in ((40.0, 10.0), (10.0, 0.0)):
        lines = [
            f"{s},{2 + (0 if i // 24 % 7 > 4 else (busy if i >= 21 * 24 else quiet)) * (6 <= i % 24 < 18)}"
            for i, s in enumerate(_local("2025-01-06", 42))
        ]
        assert read_series(_write(tmp_path, lines), "load").days == 42


@pytest.mark.parametrize(
    ("header", "unit", "expected"),
    [
        ("time,load", None, "names no unit"),
        ("time,load_kwh", "kW", "says kwh, but the declared unit is kw"),
        ("time,load", "furlong", "does not fit a load"),
        ("time,load", "EUR/MWh", "does not fit a load"),
        ("time,price_eur_mwh", None, "names no unit"),
    ],
)
def test_units_that_do_not_fit_are_refused(tmp_path: Path, header: str, unit: str | None, expected: str) -> None:
    path = _write(tmp_path, [f"{s},1" for s in _local("2025-01-06", 14)], header)
    assert expected in _faults(path, unit=unit)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", "file is empty"),
        (b"time,load_kw\n", "no values"),
        (b"time load_kw\n2025-01-06 3\n", "one column only"),
        (b"a,b\n1,2\n", "no time column"),
        (b"time,load_kw,load_kw\n2025-01-06,1,2\n", "appears twice"),
        (b"time,load_kw\n2025-01-06,1\0\n", "NUL"),
        (b"time,load_kw\n2025-01-06,1\n\xff\xfe\n", ":3: is not UTF-8"),
        (b"time,load_kw\n2025-01-06 00:00,1\n", "only one stamp"),
        (b"time,load_kw\n2025-01-06 00:00,1\n2025-01-06 00:30,1\n2025-01-06 01:00,1\n", "is 30 minutes"),
        (b"time,load_kw\n2025-01-06 00:00,1\n2025-01-06 01:00,1\n", "only 0 whole days"),
        (b"time,a_kw,b_kw\n2025-01-06 00:00,1,2\n", "a_kw, b_kw"),
        (b"time,load_kw\n2025-01-06 00:00,0,5\n", "decimal commas need semicolons"),
        (b"time,load_kw\n01/02/2025 00:00,1\n01/02/2025 01:00,1\n", "whether day or month comes first"),
    ],
)
def test_files_that_are_no_series_are_refused(tmp_path: Path, raw: bytes, expected: str) -> None:
    path = tmp_path / "meter.csv"
    path.write_bytes(raw)
    assert expected in _faults(path)


def test_a_parquet_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "meter.parquet"
    path.write_bytes(b"PAR1 not really")
    assert "is not a parquet file" in _faults(path)


def test_unknown_names_get_the_nearest_one(tmp_path: Path) -> None:
    assert "did you mean load_kw?" in _faults(_meter(tmp_path), column="laod_kw")
    assert "time zone 'Europe/Munich' is unknown" in _faults(_meter(tmp_path), time_zone="Europe/Munich")
    assert "no such file" in _faults(tmp_path / "absent.csv")


def test_long_lists_of_rows_are_shortened() -> None:
    assert name_rows([5]) == "row 5"
    assert name_rows([5, 6]) == "rows 5, 6"
    assert name_rows(list(range(100))) == "rows 0, 1, 2, 3, 4, 5, 6, 7 and 92 more"
