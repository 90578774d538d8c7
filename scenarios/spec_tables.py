"""Tables and series that a scenario names: committed ones by name, the user's own as files beside the scenario."""

import hashlib
import logging
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from model.errors import Fault, InputError, nearest
from model.inputs import OwnSeries
from scenarios.spec_shape import Reading, dotted
from scenarios.spec_tree import inside, is_file, shown

_log = logging.getLogger(__name__)
_TABLE = "_table"
_SERIES = {"price_table": "price", "load_table": "load"}
"""Parameters that may name a raw series, with the kind of series."""
_SERIES_SUFFIXES = (".csv", ".txt", ".parquet", ".pq")
_TABLE_SUFFIX = ".json"


def resolve_tables(values: dict[str, Any], reading: Reading) -> tuple[OwnSeries, ...]:
    """Check every table that the scenario names, and read the series that are the user's own.

    Args:
        values: plain values of a case; file names are replaced by absolute paths.
        reading: knows where each was written; receives faults.

    Returns:
        The user's own series, each once.
    """
    own: dict[str, OwnSeries] = {}
    for section, key, where in list(_named_tables(values, "")):
        try:
            name, series = _resolved(section[key], key, where, reading)
        except InputError as error:
            for fault in error.faults:
                what = f"{fault.where}: {fault.what}" if fault.where else fault.what
                reading.complain(where, reading.places[where], f"{where}: {what}", fault.allowed)
            continue
        section[key] = name
        if series is not None:
            own[name] = series
    return tuple(own.values())


def _named_tables(values: dict[str, Any], where: str) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Yield (section, key, dotted key) of every parameter that names a table."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _named_tables(value, dotted(where, key))
        elif key.endswith(_TABLE) and isinstance(value, str):
            yield values, key, dotted(where, key)


def _resolved(text: str, key: str, where: str, reading: Reading) -> tuple[str, OwnSeries | None]:
    """Return what the model is to be told, and the series if it is a raw one.

    Raises:
        InputError: if there is no such table or file, or the file is no good.
    """
    suffix = Path(text).suffix.lower()
    if suffix not in (*_SERIES_SUFFIXES, _TABLE_SUFFIX) and "/" not in text:
        _check_committed(text)
        return text, None
    path = _file(text, where, reading)
    if suffix == _TABLE_SUFFIX:
        return str(path), None
    if key not in _SERIES or suffix not in _SERIES_SUFFIXES:
        known = _SERIES_SUFFIXES if key in _SERIES else ()
        raise InputError([Fault("", f"{text!r} is no table", f"allowed: {', '.join((_TABLE_SUFFIX, *known))} files")])
    status = path.stat()
    return str(path), _series(path, _SERIES[key], status.st_mtime_ns, status.st_size)


def _check_committed(name: str) -> None:
    known = committed_tables()
    if name not in known:
        hint = nearest(name, known)
        allowed = f"{hint} known: {', '.join(known)}; or a .csv or .json file beside the scenario".strip()
        raise InputError([Fault("", f"no such table: {name!r}", allowed)])


@lru_cache(maxsize=1)
def committed_tables() -> list[str]:
    """Return the names of the tables that come with Tandem, sorted."""
    folder = files("model") / "data"
    return sorted(entry.name.rsplit(".", 1)[0] for entry in folder.iterdir() if entry.name.endswith((".json", ".csv")))


def _file(text: str, where: str, reading: Reading) -> Path:
    """Return the absolute path of a file that stands beside the scenario that names it."""
    scenario = reading.places[where].source.path or reading.places[""].source.path
    if scenario is None:
        raise InputError([Fault("", f"{text!r}: a file can only be named by a scenario that is a file itself")])
    path = inside(scenario.parent, text)
    if path is None:
        allowed = "allowed: a file in the same folder or below it"
        raise InputError([Fault("", f"{text!r} leads out of the scenario's folder", allowed)])
    if not is_file(path):
        beside = [item.name for item in scenario.parent.iterdir() if item.suffix.lower() in _SERIES_SUFFIXES]
        raise InputError([Fault("", f"no such file: {text!r}", nearest(text, beside))])
    return path


@lru_cache(maxsize=16)
def _series(path: Path, kind: str, _changed: int, _size: int) -> OwnSeries:
    """Read a series once per version of its file."""
    from scenarios.series_files import read_series

    clean = read_series(shown(path), "price" if kind == "price" else "load")
    for line in clean.report:
        _log.warning("%s: %s", path.name, line)
    digest = hashlib.sha256(clean.values.tobytes()).hexdigest()
    return OwnSeries(name=str(path), first_day=clean.first.isoformat(), digest=digest, values=clean.values)
