"""Writes calibrated tables: one JSON file each, six significant digits, one array row per line."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analysis.calibrate_error import ErrorMemory, ErrorStatistics
from model.reference import BlockFit, Provenance

NOTHING = 1e-12
"""Smaller numbers are rounding noise and are written as 0."""
DIGITS = 6
"""Significant digits kept in a table."""


@dataclass(frozen=True)
class TableText:
    """What only the person who calibrates can say about a series; `date` is ISO."""

    name: str
    source: str
    licence: str
    attribution: str
    date: str


def rounded(value: Any) -> Any:
    """Return numbers, arrays and nested lists with DIGITS significant digits; below NOTHING becomes 0."""
    if isinstance(value, np.ndarray):
        return rounded(value.tolist())
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    if isinstance(value, Mapping):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, float):
        short = float(f"{value:.{DIGITS - 1}e}")
        return 0.0 if abs(short) < NOTHING else short
    return value


def provenance_tree(text: TableText, kind: str, method: str, unit: str) -> dict[str, Any]:
    """Return the head of a table."""
    head = Provenance(text.name, kind, text.source, text.licence, text.attribution, method, text.date, unit)
    return {key: getattr(head, key) for key in Provenance.__slots__}


def statistics_tree(values: Mapping[str, float], sampling: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Return the statistics of a table, value beside sampling standard deviation."""
    return {name: {"value": value, "sampling_sd": sampling[name]} for name, value in values.items()}


def block_fit_tree(fit: BlockFit) -> dict[str, Any]:
    """Return the arrays of a block-bootstrap generator; what the loader derives is left out."""
    return {key: getattr(fit, key) for key in BlockFit.__slots__ if key not in ("pools", "pool_start")}


def error_fit_tree(known: ErrorStatistics, memory: ErrorMemory, normal_quantiles: Any, shape: Any) -> dict[str, Any]:
    """Return the arrays of a forecast-error generator."""
    return {
        "bias": known.bias,
        "sd": known.sd,
        "weights": memory.weights,
        "fast_memory": memory.fast_memory,
        "slow_hours": memory.slow_hours,
        "weekly_hours": memory.weekly_hours,
        "weekly_memory": memory.weekly_memory,
        "normal_quantiles": normal_quantiles,
        "shape_quantiles": shape,
    }


def _lines(value: Any, indent: int) -> str:
    """Return JSON text with a flat list on one line, so that a table reads and differs row by row."""
    pad = " " * indent
    if isinstance(value, dict):
        inner = ",\n".join(f"{pad} {json.dumps(key)}: {_lines(item, indent + 1)}" for key, item in value.items())
        return f"{{\n{inner}\n{pad}}}"
    if isinstance(value, list) and value and isinstance(value[0], list | dict):
        inner = ",\n".join(f"{pad} {_lines(item, indent + 1)}" for item in value)
        return f"[\n{inner}\n{pad}]"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def table_text(tree: Mapping[str, Any]) -> str:
    """Return a table as JSON text, rounded, ending in a line feed."""
    return _lines(rounded(dict(tree)), 0) + "\n"


def write_table(tree: Mapping[str, Any], path: Path) -> None:
    """Write a table; the file appears whole or not at all."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(table_text(tree), encoding="utf-8", newline="\n")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
