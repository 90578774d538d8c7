"""Reads a table of stamps and values out of a CSV or parquet file, cell by cell, with the row of every fault."""

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from model.errors import Fault, InputError, nearest
from model.streams import Floats

MAX_BYTES = 200_000_000
"""Largest file that is read; ten years of quarter-hours take about 20 MB."""
SHOWN = 8
"""Rows named in a message; the others are counted."""
FIRST_YEAR, LAST_YEAR = 1980, 2100
"""Years a meter can have seen or a forecast can name."""
MONTHS = 12
"""Largest number that can be a month."""
_MISSING = {"", "-", "--", "nan", "na", "n/a", "null", "none", "#n/a"}
_TIME_WORDS = ("time", "stamp", "date", "datum", "zeit", "uhr", "interval")


@dataclass
class Talk:
    """What is wrong with a file (faults) and what was put right (report lines)."""

    path: str
    faults: list[Fault] = field(default_factory=list)
    report: list[str] = field(default_factory=list)

    def fault(self, what: str, allowed: str = "", rows: Sequence[int] = ()) -> None:
        """Add one fault, placed at its first row and naming the others."""
        place = f"{self.path}:{rows[0]}" if rows else self.path
        also = f", {name_rows(rows)}" if len(rows) > 1 else ""
        self.faults.append(Fault(place, what + also, allowed))

    def note(self, line: str, rows: Sequence[int] = ()) -> None:
        """Add one report line."""
        self.report.append(f"{self.path}: {line}" + (f", {name_rows(rows)}" if rows else ""))

    def stop_if_faulty(self) -> None:
        """Raise InputError with all faults so far, if there are any."""
        if self.faults:
            raise InputError(self.faults)


@dataclass(frozen=True)
class Sheet:
    """A file as columns of cells; `rows` is the row number of each record in the file."""

    names: tuple[str, ...]
    columns: dict[str, list[Any]]
    rows: list[int]


def name_rows(rows: Sequence[int]) -> str:
    """Return "row 5" or "rows 5, 6, 9 and 12 more"."""
    shown = ", ".join(str(row) for row in rows[:SHOWN])
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return f"row{'s' if len(rows) > 1 else ''} {shown}{more}"


def read_sheet(path: Path, talk: Talk) -> Sheet:
    """Return the cells of a CSV or parquet file; raises InputError if it cannot be read as one."""
    if not path.is_file():
        talk.fault("no such file", "a CSV or parquet file with a time column and a value column")
    elif path.stat().st_size == 0:
        talk.fault("the file is empty", "a header line and one line per interval")
    elif path.stat().st_size > MAX_BYTES:
        talk.fault(f"the file has {path.stat().st_size:,} bytes", f"at most {MAX_BYTES:,}")
    talk.stop_if_faulty()
    return _parquet(path, talk) if path.suffix.lower() in {".parquet", ".pq"} else _csv(path, talk)


def _parquet(path: Path, talk: Talk) -> Sheet:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        talk.fault("is not a parquet file", "write it again, or name a CSV file .csv")
        raise InputError(talk.faults) from error
    names = tuple(str(name) for name in table.column_names if not str(name).startswith("__index_level_"))
    columns = {name: table.column(name).to_pylist() for name in names}
    return Sheet(names, columns, list(range(1, table.num_rows + 1)))


def _decode(path: Path, talk: Talk) -> str:
    raw = path.read_bytes()
    if b"\0" in raw:
        talk.fault("holds NUL bytes: it is not a text file", "CSV in UTF-8, or parquet with the ending .parquet")
        talk.stop_if_faulty()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        talk.fault("is not UTF-8", "save the file as UTF-8", [line])
        raise InputError(talk.faults) from error
    if raw.startswith(b"\xef\xbb\xbf"):
        talk.note("byte-order mark at the start removed")
    return text


def _csv(path: Path, talk: Talk) -> Sheet:
    text = _decode(path, talk)
    lines = text.splitlines()
    header = next((line for line in lines if line.strip()), "")
    delimiter = max(";\t|,", key=header.count)
    if not header or delimiter not in header:
        talk.fault("the header has one column only", "columns separated by comma, semicolon, tab or |", [1])
        talk.stop_if_faulty()
    records = list(_records(text, delimiter, talk))
    names = tuple(cell.strip() for cell in records[0][1])
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        talk.fault(f"column {', '.join(map(repr, repeated))} appears twice in the header", "one name per column", [1])
    uneven = [row for row, cells in records[1:] if len(cells) != len(names)]
    if uneven:
        talk.fault(
            f"not {len(names)} cells, as the header has",
            "one cell per column; decimal commas need semicolons between the columns",
            uneven,
        )
    if len(records) == 1:
        talk.fault("holds a header but no values", "one line per interval")
    talk.stop_if_faulty()
    body = records[1:]
    columns: dict[str, list[Any]] = {name: [cells[i].strip() for _, cells in body] for i, name in enumerate(names)}
    return Sheet(names, columns, [row for row, _ in body])


def _records(text: str, delimiter: str, talk: Talk) -> Iterable[tuple[int, list[str]]]:
    """Yield (line number, cells) of every line that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        talk.fault(f"cannot be split into cells: {error}", "plain CSV", [reader.line_num])
        raise InputError(talk.faults) from error


# --- which columns -----------------------------------------------------------------------------------


def time_column(sheet: Sheet, wanted: str | None, talk: Talk) -> str | None:
    """Return the name of the time column, the wanted one or the one that looks like it."""
    if wanted is not None:
        return _named(sheet, wanted, talk)
    like = [n for n in sheet.names if any(word in n.lower() for word in _TIME_WORDS)]
    like.sort(key=lambda n: ("end" in n.lower(), "start" not in n.lower(), "utc" not in n.lower()))
    if not like:
        talk.fault("no time column found", f"a column named like timestamp; there are {', '.join(sheet.names)}", [1])
        return None
    return like[0]


def value_column(sheet: Sheet, wanted: str | None, time: str | None, talk: Talk) -> str | None:
    """Return the name of the value column, the wanted one or the only one there can be."""
    if wanted is not None:
        return _named(sheet, wanted, talk)
    like = [n for n in sheet.names if n != time and not any(word in n.lower() for word in _TIME_WORDS)]
    numeric = [n for n in like if _looks_numeric(sheet.columns[n])]
    if len(numeric) != 1:
        found = ", ".join(numeric or like) or "none"
        talk.fault(f"{len(numeric)} columns could hold the values", f"name one with --column: {found}", [1])
        return None
    return numeric[0]


def _named(sheet: Sheet, name: str, talk: Talk) -> str | None:
    if name in sheet.names:
        return name
    hint = nearest(name, sheet.names) or f"one of {', '.join(sheet.names)}"
    talk.fault(f"no column {name!r}", hint, [1])
    return None


def _looks_numeric(cells: list[Any]) -> bool:
    sample = [c for c in cells[:200] if str(c).strip().lower() not in _MISSING]
    return bool(sample) and sum(_number(c, decimal_comma=True) is not None for c in sample) > len(sample) / 2


# --- numbers -----------------------------------------------------------------------------------------

_GERMAN = re.compile(r"[-+]?(\d{1,3}(\.\d{3})+|\d+),\d+$")


def _number(cell: Any, *, decimal_comma: bool) -> float | None:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return float(cell)
    text = str(cell).strip()
    if decimal_comma and _GERMAN.match(text):
        text = text.replace(".", "").replace(",", ".")
    elif decimal_comma and re.fullmatch(r"[-+]?\d{1,3}(\.\d{3})+", text):
        text = text.replace(".", "")
    if not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text):
        return None
    return float(text)


def numbers(sheet: Sheet, column: str, talk: Talk) -> Floats:
    """Return a column as floats, NaN where a cell is empty or says so; other texts are faults."""
    cells = sheet.columns[column]
    comma = any(isinstance(cell, str) and _GERMAN.match(cell) for cell in cells)
    if comma:
        talk.note(f"column {column!r}: decimal commas read as decimal points")
    out = np.full(len(cells), np.nan)
    bad: list[int] = []
    missing = 0
    for i, cell in enumerate(cells):
        if cell is None or str(cell).strip().lower() in _MISSING:
            missing += 1
            continue
        value = _number(cell, decimal_comma=comma)
        if value is None or not math.isfinite(value):
            bad.append(i)
        else:
            out[i] = value
    if bad:
        talk.fault(
            f"column {column!r}: {cells[bad[0]]!r} is not a number",
            "digits with a decimal point or comma",
            [sheet.rows[i] for i in bad],
        )
    if missing:
        talk.note(f"column {column!r}: {missing} empty values are treated as gaps")
    return out


# --- stamps ------------------------------------------------------------------------------------------

_DATE = re.compile(r"(\d{1,2})([./])(\d{1,2})\2(\d{4})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.0+)?)?)?$")


def _midnight(text: str) -> tuple[str, timedelta]:
    """Return a stamp of 24:00 as 00:00 and the day to add."""
    found = re.search(r"[ T]24:00(:00)?", text)
    return (text, timedelta()) if not found else (text.replace("24:00", "00:00", 1), timedelta(days=1))


def _slash_order(cells: list[Any], talk: Talk, rows: list[int]) -> bool:
    """Tell whether stamps with slashes have the day first; a fault if they do not say."""
    found = [m for m in (_DATE.match(str(c).strip()) for c in cells) if m and m[2] == "/"]
    day_first = any(int(m[1]) > MONTHS for m in found)
    month_first = any(int(m[3]) > MONTHS for m in found)
    if found and day_first == month_first:
        talk.fault(
            "dates with slashes do not say whether day or month comes first", "2025-01-31 or 31.01.2025", rows[:1]
        )
    return day_first


def _stamp(cell: Any, *, day_first: bool) -> datetime | None:
    if isinstance(cell, datetime):
        return cell
    text, later = _midnight(str(cell).strip())
    found = _DATE.match(text)
    try:
        if found:
            a, b, year = int(found[1]), int(found[3]), int(found[4])
            day, month = (a, b) if found[2] == "." or day_first else (b, a)
            hour, minute, second = (int(found[i] or 0) for i in (5, 6, 7))
            local = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the column decides the zone
            return local + later
        return datetime.fromisoformat(text) + later
    except (ValueError, OverflowError):
        return None


def stamps(sheet: Sheet, column: str, talk: Talk) -> tuple[list[datetime], bool]:
    """Return the stamps of a column and whether they are instants (UTC) or local wall-clock times (naive)."""
    cells = sheet.columns[column]
    day_first = _slash_order(cells, talk, sheet.rows)
    parsed = [_stamp(cell, day_first=day_first) for cell in cells]
    bad = [i for i, stamp in enumerate(parsed) if stamp is None]
    if bad:
        talk.fault(
            f"column {column!r}: {str(cells[bad[0]])!r} is not a time",
            "2025-01-31 13:45, 2025-01-31T13:45+01:00 or 31.01.2025 13:45",
            [sheet.rows[i] for i in bad],
        )
    odd_year = [i for i, stamp in enumerate(parsed) if stamp is not None and not FIRST_YEAR <= stamp.year <= LAST_YEAR]
    if odd_year:
        talk.fault(
            f"column {column!r}: the year of {str(cells[odd_year[0]])!r} is out of range",
            f"{FIRST_YEAR} to {LAST_YEAR}",
            [sheet.rows[i] for i in odd_year],
        )
    good = [stamp for stamp in parsed if stamp is not None]
    zoned = [stamp.tzinfo is not None for stamp in good]
    if any(zoned) and not all(zoned):
        odd = [sheet.rows[i] for i, stamp in enumerate(parsed) if stamp is not None and stamp.tzinfo is None]
        talk.fault(f"column {column!r}: some stamps have a UTC offset and some have none", "all or none", odd)
    talk.stop_if_faulty()
    if zoned and all(zoned):
        return [stamp.astimezone(UTC).replace(tzinfo=None) for stamp in good], True
    return good, "utc" in column.lower()
