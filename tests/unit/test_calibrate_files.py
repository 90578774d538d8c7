"""Calibrated tables on disk: how they are written, and which are refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.calibrate_rebuild import read_error_statistics
from analysis.calibrate_tables import rounded, table_text, write_table
from model.errors import InputError
from model.reference import forecast_error_table, load_table, price_table
from tests.unit.calibration import table_tree


def test_numbers_keep_six_digits() -> None:
    assert rounded(123456.789) == 123457.0
    assert rounded([0.000123456789, 1e-15, 7]) == [0.000123457, 0.0, 7]


def test_written_text_is_json_and_ends_in_a_line_feed() -> None:
    tree = {"a": np.array([[1.0, 2.0], [3.0, 4.0]]), "b": {"c": []}, "d": [{"e": 1}], "ü": "ß"}
    text = table_text(tree)
    assert text.endswith("}\n")
    assert json.loads(text) == {"a": [[1, 2], [3, 4]], "b": {"c": []}, "d": [{"e": 1}], "ü": "ß"}


def _damaged(tmp_path: Path, name: str, **changes: Any) -> Path:
    tree = table_tree(name)
    for key, value in changes.items():
        place = tree["fit"] if key in tree["fit"] else tree
        if value is None:
            del place[key]
        else:
            place[key] = value
    path = tmp_path / "damaged.json"
    path.write_text(json.dumps(tree), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"kind": "price"}, ["kind", "'price'", "'load'"]),
        ({"scores": None, "licence": None}, ["fit.scores: is missing", "licence: is missing"]),
        ({"mean": [[1.0, 2.0]]}, ["fit.mean", "has shape 1x2", "1x96"]),
        ({"mean": "text"}, ["fit.mean", "not an array"]),
        ({"noise_ar": [1.5]}, ["fit.noise_ar", "not stationary"]),
        ({"noise_ar": [float("nan")]}, ["fit.noise_ar", "not finite"]),
        ({"day_type": [1e300] * 365}, ["fit.day_type", "other values than 0, 1, 2"]),
        ({"block_weeks": 0}, ["fit.block_weeks", "is 0", "from 1 to 26"]),
        ({"statistics": {"mean": {"value": 1}}}, ["statistics.mean", "sampling_sd"]),
        ({"source": ""}, ["source", "not empty"]),
        ({"noise_level": [[2.0, 1.0, 3.0]], "noise_sd": [[1.0, 1.0, 1.0]]}, ["fit.noise_level", "ascending"]),
    ],
)
def test_a_damaged_table_is_refused_with_every_fault(
    tmp_path: Path, changes: dict[str, Any], expected: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        load_table(_damaged(tmp_path, "metal_processing_2018", **changes))
    for part in expected:
        assert part in str(caught.value)


def test_damaged_error_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        forecast_error_table(
            _damaged(tmp_path, "load_error_de_2015_2018", weights=[0.5, 0.1, 0.1], fast_memory=1.0, statistics={})
        )
    for part in ("variance shares", "fast_memory", "statistics.standard_deviation"):
        assert part in str(caught.value)


def test_a_table_written_anew_is_read_anew(tmp_path: Path) -> None:
    path = _damaged(tmp_path, "metal_processing_2018")
    assert load_table(path).provenance.date != "1999-12-31"
    path = _damaged(tmp_path, "metal_processing_2018", date="1999-12-31", method="changed")
    assert load_table(path).provenance.date == "1999-12-31"


def test_an_interrupted_write_leaves_the_old_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "own.json"
    write_table({"a": 1}, path)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_table({"a": 2}, path)
    assert json.loads(path.read_text()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("steel_work_2018", "did you mean steel_works_2018"),
        ("nowhere/table.json", "no such calibrated table"),
    ],
)
def test_unknown_tables_are_refused(name: str, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        load_table(name)


@pytest.mark.parametrize("raw", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 5000])
def test_files_that_are_no_table_are_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "own.json"
    path.write_bytes(raw)
    with pytest.raises(InputError, match="is not a JSON"):
        price_table(path)


def test_statistics_files_with_holes_are_refused(tmp_path: Path) -> None:
    names = "weekend,hour,count,mean,std,min,1%,5%,25%,50%,75%,95%,99%,max"
    (tmp_path / "hours.csv").write_text(f"{names}\nFalse,0,{','.join('1' * 12)}\n", encoding="utf-8")
    (tmp_path / "lags.csv").write_text("lag_15min,autocorr\n4,.9\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_error_statistics(tmp_path / "hours.csv", tmp_path / "lags.csv")
    assert "no row for weekend True, hour 23" in str(caught.value)
    assert "no row for lag 672" in str(caught.value)
