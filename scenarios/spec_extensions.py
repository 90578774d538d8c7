"""Extensions that a scenario names: Python files beside it, run once to see what they add."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from model.errors import Fault, InputError
from model.extensions import Extension, read_extension
from scenarios.spec_shape import Reading
from scenarios.spec_tables import file_beside

_SUFFIX = ".py"


def resolve_extensions(values: dict[str, Any], reading: Reading) -> tuple[Extension, ...]:
    """Read the extensions that a case names.

    Args:
        values: plain values of a case.
        reading: knows where each was written; receives faults.

    Returns:
        The extensions, in the order of the scenario.
    """
    found: dict[str, Extension] = {}
    for number, text in enumerate(values.get("extensions", ())):
        where = f"extensions.{number}"
        try:
            extension = _read(text, where, reading, found)
        except InputError as error:
            reading.faulty.add("extensions")
            for fault in error.faults:
                what = f"{fault.where}: {fault.what}" if fault.where else fault.what
                reading.complain(where, reading.places[where], f"{where}: {what}", fault.allowed)
            continue
        found[extension.name] = extension
    return tuple(found.values())


def _read(text: str, where: str, reading: Reading, before: Mapping[str, Extension]) -> Extension:
    if Path(text).suffix != _SUFFIX:
        raise InputError([Fault("", f"{text!r} is no Python file", f"allowed: a file that ends in {_SUFFIX}")])
    path = file_beside(text, where, reading, (_SUFFIX,))
    if str(path) in before:
        raise InputError([Fault("", f"{text!r} is named twice")])
    status = path.stat()
    return _version(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=64)
def _version(path: Path, _changed: int, _size: int) -> Extension:
    """Read an extension once per version of its file."""
    return read_extension(path)
