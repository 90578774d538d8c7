"""Tables and series that a scenario names: committed ones by name, the user's own as files beside the scenario."""

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from model.errors import Fault, InputError, nearest
from model.inputs import OwnSeries
from scenarios.spec_shape import Reading, dotted
from scenarios.spec_tree import inside, is_file, shown

_log = logging.getLogger(__name__)
_KINDS = {"price_table": "price", "load_table": "load", "error_table": "forecast_error", "stack_table": "stack"}
"""Parameters that name a table, with the kind of table they need."""
_SERIES = ("price_table", "load_table")
"""Those of them that may name a raw series of the user's."""
_SERIES_SUFFIXES = (".csv", ".txt", ".parquet", ".pq")
_TABLE_SUFFIX = ".json"
_MOST_BYTES = 20_000_000


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
        elif key in _KINDS and isinstance(value, str):
            yield values, key, dotted(where, key)


def _resolved(text: str, key: str, where: str, reading: Reading) -> tuple[str, OwnSeries | None]:
    """Return what the model is to be told, and the series if it is a raw one.

    Raises:
        InputError: if there is no such table or file, or the file is no good.
    """
    suffix = Path(text).suffix.lower()
    if not suffix and "/" not in text:
        known = committed_tables(_KINDS[key])
        if text not in known:
            allowed = f"{nearest(text, known)} known: {', '.join(known)}; or a file beside the scenario".strip()
            raise InputError([Fault("", f"no {_spoken(key)} table: {text!r}", allowed)])
        return text, None
    suffixes = (_TABLE_SUFFIX, *(_SERIES_SUFFIXES if key in _SERIES else ()))
    if suffix not in suffixes:
        raise InputError([Fault("", f"{text!r} is no {_spoken(key)} table", f"allowed: {', '.join(suffixes)} files")])
    path = file_beside(text, where, reading, _SERIES_SUFFIXES)
    if suffix == _TABLE_SUFFIX:
        _check_table(path, key)
        return str(path), None
    status = path.stat()
    return str(path), _series(path, _KINDS[key], status.st_mtime_ns, status.st_size)


def _spoken(key: str) -> str:
    return _KINDS[key].replace("_", " ")


def committed_tables(kind: str) -> list[str]:
    """Return the names of the tables of a kind that come with Tandem, sorted."""
    return sorted(name for name, known in _kinds_by_name().items() if known == kind)


@cache
def _kinds_by_name() -> dict[str, str]:
    tables = [entry for entry in (files("model") / "data").iterdir() if entry.name.endswith(_TABLE_SUFFIX)]
    return {
        entry.name.removesuffix(_TABLE_SUFFIX): str(json.loads(entry.read_text(encoding="utf-8")).get("kind"))
        for entry in tables
    }


def _check_table(path: Path, key: str) -> None:
    """Read a calibrated table of the user's once, to find what is wrong with it.

    Raises:
        InputError: with every fault of the table.
    """
    from model.inputs import Market
    from model.reference import forecast_error_table, load_table, price_table, read_tree
    from model.stack import read_stack

    name = Path(shown(path))
    if path.stat().st_size > _MOST_BYTES:
        raise InputError([Fault("", f"{name} has {path.stat().st_size:,} bytes", f"allowed: at most {_MOST_BYTES:,}")])
    try:
        kind = read_tree(name)[1].get("kind")
    except ValueError as error:  # a number of thousands of digits
        raise InputError([Fault("", f"{name} cannot be read: {error}")]) from None
    if kind != _KINDS[key]:
        raise InputError([Fault("", f"{name} is a table of kind {kind!r}", f"needs kind {_KINDS[key]!r}")])
    if key == "stack_table":
        read_stack(Market(stack_table=str(name)))
    else:
        {"price": price_table, "load": load_table, "forecast_error": forecast_error_table}[kind](name)


def file_beside(text: str, where: str, reading: Reading, suffixes: Sequence[str]) -> Path:
    """Return the absolute path of a file that stands beside the scenario that names it.

    Raises:
        InputError: if there is none, or it lies elsewhere; names the nearest file that has one of the endings.
    """
    scenario = reading.places[where].source.path or reading.places[""].source.path
    if scenario is None:
        raise InputError([Fault("", f"{text!r}: a file can only be named by a scenario that is a file itself")])
    path = inside(scenario.parent, text)
    if path is None:
        allowed = "allowed: a file in the same folder or below it"
        raise InputError([Fault("", f"{text!r} leads out of the scenario's folder", allowed)])
    if not is_file(path):
        beside = [item.name for item in scenario.parent.iterdir() if item.suffix.lower() in suffixes]
        raise InputError([Fault("", f"no such file: {text!r}", nearest(text, beside))])
    return path


@lru_cache(maxsize=16)
def _series(path: Path, kind: str, _changed: int, _size: int) -> OwnSeries:
    """Read a series once per version of its file."""
    from scenarios.series_files import read_series

    clean = read_series(shown(path), "price" if kind == "price" else "load")
    for line in clean.report:
        _log.warning("%s", line)
    digest = hashlib.sha256(clean.values.tobytes()).hexdigest()
    return OwnSeries(name=str(path), first_day=clean.first.isoformat(), digest=digest, values=clean.values)
