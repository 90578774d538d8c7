"""A comparison as JSON, CSV or XLSX. A file is complete or it is not there."""

import json
import math
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.breakeven import BreakEven, break_even_frame
from analysis.compare import Comparison
from model.errors import Fault, InputError, StoreError
from model.outcomes import OUTCOME

_WIDEST = 60


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as a tree that JSON can hold; a number that does not exist is null."""
    study = comparison.tables.study
    tree = {
        "study": study.name, "title": study.title, "question": study.question, "baseline": comparison.baseline,
        "seed": study.seed, "replications": study.replications, "created_at": study.created_at.isoformat(),
        "goal": {"outcome": comparison.goal, "unit": OUTCOME[comparison.goal].unit},
        "bill": {"parties": list(comparison.bill.parties), "eur_per_year": comparison.bill.eur_per_year},
        "strategies": records(comparison.ranking), "differences": records(comparison.differences),
        "components": records(comparison.components), "parties": records(comparison.parties),
        "transfers": records(comparison.transfers), "real_costs": records(comparison.real_costs),
        "tail": records(comparison.tail),
        "break_even": [_break_even_tree(answer) for answer in comparison.break_even],
        "influence": [_written(row, ("low", "base", "high")) for row in records(comparison.influence)],
        "waterfall": records(comparison.waterfall), "orders": records(comparison.orders),
        "precision": comparison.precision, "warnings": list(comparison.warnings), "provenance": provenance(comparison),
    }  # fmt: skip
    return {key: _finite(value) for key, value in tree.items()}


def provenance(comparison: Comparison) -> dict[str, Any]:
    """Return what is needed to repeat the study bit for bit."""
    tables = comparison.tables
    return {
        "executions": [{**e, "started_at": e["started_at"].isoformat()} for e in tables.executions],
        "inputs_hashes": {member.name: member.inputs_hash for member in tables.strategies},
        "runs": len(tables.runs), "failed": int((tables.runs["status"] == "failed").sum()),
    }  # fmt: skip


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame as plain dicts."""
    return [dict(zip(frame.columns, row, strict=True)) for row in frame.astype(object).itertuples(index=False)]


def write_json(tree: dict[str, Any]) -> str:
    """Return a tree of `as_json` as text."""
    return json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False)


def write_csv(comparison: Comparison, path: Path) -> None:
    """Write the frame of differences, one row per strategy, outcome and party, as UTF-8 CSV.

    Raises:
        InputError: if `path` cannot be a file.
        StoreError: if it cannot be written.
    """
    _write(path, lambda target: comparison.differences.to_csv(target, index=False, encoding="utf-8"))


def write_xlsx(comparison: Comparison, path: Path) -> None:
    """Write every table of the comparison as a sheet of one workbook.

    Raises:
        InputError: if `path` cannot be a file.
        StoreError: if it cannot be written.
    """
    _write(path, lambda target: _workbook(comparison, target))


def check_target(path: Path, option: str, suffix: str) -> None:
    """Refuse a target that cannot become a file or must not be replaced, before any work is done.

    Args:
        path: the file to write.
        option: the option that names it, for the message.
        suffix: the ending that such a file has; protects stores, scenarios and meter files from a slip.

    Raises:
        InputError: if it is a folder or a device, has another ending, or its folder is missing.
    """
    if path.suffix.lower() != suffix and not path.is_dir():
        raise InputError([Fault(option, f"{path} does not end in {suffix}", f"name a {suffix} file")])
    if path.exists() and not path.is_file() and not path.is_dir():
        raise InputError([Fault(option, f"{path} is not an ordinary file", f"name a {suffix} file")])
    if path.is_dir():
        raise InputError([Fault(option, f"{path} is a folder", "name a file in it")])
    if not path.parent.is_dir():
        raise InputError([Fault(option, f"there is no folder {path.parent}", "make it first")])


def _write(path: Path, fill: Callable[[Path], None]) -> None:
    """Fill a temporary file beside `path`, then give it its name; a link stays a link."""
    path = path.resolve()
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
        os.close(handle)
    except OSError as error:
        msg = f"{path}: cannot be written: {error.strerror}"
        raise StoreError(msg) from error
    scratch = Path(name)
    try:
        fill(scratch)
        scratch.chmod(0o666 & ~_umask())
        scratch.replace(path)
    except OSError as error:
        msg = f"{path}: cannot be written: {error.strerror}"
        raise StoreError(msg) from error
    finally:
        scratch.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sheets(comparison: Comparison) -> dict[str, pd.DataFrame]:
    sheets = {
        "about": _about(comparison), "strategies": comparison.ranking, "differences": comparison.differences,
        "components": comparison.components, "parties": comparison.parties, "transfers": comparison.transfers,
        "real costs": comparison.real_costs, "tail": comparison.tail,
    }  # fmt: skip
    gains, values = break_even_frame(comparison.break_even), ["low", "base", "high"]
    gains["value"] = _readable(gains["value"])
    ends = comparison.influence.copy()
    ends[values] = ends[values].apply(_readable)
    more = {
        "break-even": gains, "influence": ends, "waterfall": comparison.waterfall, "orders": comparison.orders,
    }  # fmt: skip
    return sheets | {name: frame for name, frame in more.items() if len(frame)}


def _readable(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return values of a parameter as a scenario writes them: infinity as a word."""
    return column.astype(object).map(_as_written)


def _as_written(value: Any) -> Any:
    return (".inf" if value > 0 else "-.inf") if isinstance(value, float) and math.isinf(value) else value


def _written(row: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """Return a row with values of a parameter as a scenario writes them."""
    return {key: _as_written(value) if key in keys else value for key, value in row.items()}


def _about(comparison: Comparison) -> pd.DataFrame:
    tree = as_json(comparison)
    names = ("study", "title", "question", "baseline", "seed", "replications", "created_at")
    rows = [[name, str(tree[name])] for name in names]
    rows += [["bill of", ", ".join(comparison.bill.parties)], ["bill, EUR/yr", tree["bill"]["eur_per_year"]]]
    rows += [["break-even", f"{answer.name}: {answer.verdict}"] for answer in comparison.break_even]
    rows += [["warning", words] for words in comparison.warnings]
    rows += [["provenance", json.dumps(entry, ensure_ascii=False)] for entry in tree["provenance"]["executions"]]
    return pd.DataFrame(rows, columns=["what", "value"])


def _workbook(comparison: Comparison, target: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook()
    book.remove(book.worksheets[0])
    for name, frame in _sheets(comparison).items():
        sheet = book.create_sheet(name)
        sheet.append(list(frame.columns))
        for row in records(frame):
            cells = [_finite(value) for value in row.values()]
            sheet.append([ILLEGAL_CHARACTERS_RE.sub("", cell) if isinstance(cell, str) else cell for cell in cells])
        _finish_sheet(sheet)
    book.save(target)


def _finish_sheet(sheet: Any) -> None:
    """Freeze the header, fit the columns, and keep any text that looks like a formula a text."""
    sheet.freeze_panes = "A2"
    for column in sheet.iter_cols():
        longest = max(len(str(cell.value if cell.value is not None else "")) for cell in column)
        sheet.column_dimensions[column[0].column_letter].width = min(longest + 2, _WIDEST)
        for cell in column:
            if isinstance(cell.value, str):
                cell.data_type = "s"


def _break_even_tree(answer: BreakEven) -> dict[str, Any]:
    ends = ("value", "low", "high")
    crossings = [
        _written({"value": c.value, "low": c.low, "high": c.high, "rising": c.rising}, ends) for c in answer.crossings
    ]
    return {
        "name": answer.name, "title": answer.title, "spacing": answer.spacing, "kind": answer.kind,
        "parameter": answer.parameter, "unit": answer.unit, "strategy": answer.strategy, "baseline": answer.baseline,
        "outcome": answer.outcome, "parties": list(answer.parties), "n": answer.n, "verdict": answer.verdict,
        "crossings": crossings, "table": [_written(row, ("value",)) for row in records(answer.table)],
    }  # fmt: skip


def _finite(value: Any) -> Any:
    """Return `value` with numpy numbers as Python's and every number that does not exist as None."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
