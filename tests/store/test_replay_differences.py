"""`tandem replay` of runs whose store, surroundings or failure are not what they were: what is told of it."""

import dataclasses
import json
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from model.inputs import replace_inputs
from scenarios.batch import run_study
from scenarios.provenance import canonical_json, sha256
from scenarios.replay import failure, series_changes, value_changes
from scenarios.spec import Study
from scenarios.store import Records, Store
from scenarios.store.reading import pack_series
from tests.store.replays import Call, ask, change, number_of

# --- what differs ------------------------------------------------------------------------------------


def test_a_changed_value_is_found_and_measured(db: Path, call: Call) -> None:
    run = number_of(db, "pair/raw/0")
    key = "where run_id = ? and outcome = 'real_cost' and party = ''"
    true = ask(db, f"select value from run_metric {key}", run)
    change(db, f"update run_metric set value = value * 1.25 {key}", run)
    change(db, "update transfer set value = value + 8 where run_id = ? and kind = 'energy'", run)
    code, out, _ = call("replay", str(run), "--db", str(db))
    assert code == 3
    assert "values in the store were changed after the run" in out
    line = next(line for line in out.splitlines() if line.startswith("real_cost "))
    assert repr(1.25 * true) in line
    assert repr(true) in line
    assert "different: 1 outcomes, " in out
    assert "; largest relative difference 0.2\n" in out
    tree = json.loads(call("replay", str(run), "--db", str(db), "--json")[1])
    assert tree["verdict"] == "altered"
    (row,) = tree["outcomes"]
    assert (row["outcome"], row["party"], row["unit"]) == ("real_cost", "", "EUR/yr")
    assert row["relative"] == pytest.approx(-0.2)
    assert row["difference"] == pytest.approx(-0.25 * true)
    assert {row["kind"] for row in tree["transfers"]} == {"energy"}
    assert [row["difference"] for row in tree["transfers"]] == pytest.approx([-8.0] * len(tree["transfers"]))


def test_another_result_is_told_from_a_changed_store_by_its_hash(db: Path, call: Call) -> None:
    change(db, "update run set result_hash = ? where id = 1", "0" * 64)
    code, out, _ = call("replay", "1", "--db", str(db))
    assert code == 3
    assert "comes out differently" in out
    assert f"hash then: {'0' * 64}" in out
    assert "every stored value is reproduced; only the stored hash is not" in out
    assert "nothing that the store records explains this" in out


def test_a_value_that_is_missing_on_one_side_is_named(db: Path, call: Call) -> None:
    change(db, "delete from run_metric where run_id = 1 and outcome = 'real_cost' and party = ''")
    tree = json.loads(call("replay", "1", "--db", str(db), "--json")[1])
    (row,) = tree["outcomes"]
    assert (row["outcome"], row["stored"], row["difference"], row["relative"]) == ("real_cost", None, None, None)
    assert row["replayed"] > 0.0


def test_a_changed_hour_is_found(db: Path, call: Call) -> None:
    run = number_of(db, "pair/raw/0")
    with Records(str(db)) as store:
        hourly = {name: values.copy() for name, values in store.run_hourly(run).items()}
    name = sorted(hourly)[0]
    hourly[name][2, 5] += 3.0
    hourly[name][3, 1] -= 1.0
    change(db, "update run_series set payload = ? where run_id = ?", pack_series(hourly), run)
    code, out, _ = call("replay", str(run), "--db", str(db))
    assert code == 3
    assert f"series {name}: 2 hours differ, by up to 3; first in hour 5 of day 2" in out
    assert "values in the store were changed" in out


def test_values_are_compared_bit_by_bit_and_sorted_by_size() -> None:
    stored = {("a", ""): 1.0, ("b", ""): 0.0, ("c", ""): -4.0, ("d", ""): 5.0}
    replayed = {("a", ""): float(np.nextafter(1.0, 2.0)), ("b", ""): 2.0, ("c", ""): -3.0, ("d", ""): 5.0}
    changes = value_changes(stored, replayed, {"a": "EUR/yr", "b": "MW"})
    assert [(one.key[0], one.unit, one.relative) for one in changes] == [
        ("b", "MW", None), ("c", "", 0.25), ("a", "EUR/yr", 2.0**-52),
    ]  # fmt: skip


def test_series_of_another_length_or_missing_are_named() -> None:
    day = np.zeros((1, 24))
    changes = series_changes({"a": day, "b": day, "c": day}, {"a": np.zeros((2, 24)), "b": day})
    assert [(one.name, one.hours) for one in changes] == [("a", None), ("c", None)]


def test_what_is_not_as_it_was_is_listed_even_if_the_result_is_identical(db: Path, call: Call) -> None:
    packages = {**json.loads(ask(db, "select packages from execution where id = 1")), "numpy": "1.0.0"}
    machine = {**json.loads(ask(db, "select machine from execution where id = 1")), "python": "3.11.9"}
    del machine["vectors"]
    change(db, "update execution set packages = ?, machine = ?, git_commit = 'abc' where id = 1",
           json.dumps(packages), json.dumps(machine))  # fmt: skip
    code, out, _ = call("replay", "mine/raw/0", "--db", str(db), "--json")
    tree = json.loads(out)
    assert (code, tree["verdict"]) == (0, "identical")
    then = {row["what"]: row["then"] for row in tree["environment"]}
    assert then == {
        "git commit": "abc", "package numpy": "1.0.0", "machine: python": "3.11.9", "machine: vectors": "not recorded",
    }  # fmt: skip
    assert next(row["now"] for row in tree["environment"] if row["what"] == "package numpy") == np.__version__
    code, out, _ = call("replay", "mine/raw/0", "--db", str(db))
    assert "package numpy" in out
    assert "are as they were" not in out
    assert call("replay", "pair/raw/0", "--db", str(db))[1].rstrip().endswith("are as they were")


def test_a_run_of_an_older_version_is_replayed_at_the_defaults_of_what_is_new(db: Path, call: Call) -> None:
    """A store as an older version left it: other sources, fewer parameters, nothing declared, one that is gone."""
    run = number_of(db, "pair/raw/0")
    tree = json.loads(ask(db, "select inputs from strategy where id = (select strategy_id from run where id = ?)", run))
    for firm in tree["manufacturers"]:
        del firm["retail"]["peak_charge"]
    del tree["contracts"][0]["noise_sd"]
    tree["forecasts"] = []
    text = canonical_json(tree)
    change(db, "update strategy set inputs = ? where id = (select strategy_id from run where id = ?)", text, run)
    change(db, "update run set inputs_hash = ?, model_version = 'older' where id = ?", sha256(text), run)
    change(db, "delete from declaration")
    code, out, _ = call("replay", str(run), "--db", str(db))
    assert code == 0
    assert "identical, bit for bit" in out
    assert "model sources and tables  older" in out
    assert "parameters unknown then, now at their defaults:\n  manufacturers[].retail.peak_charge: 10.0\n" in out
    assert "parameters unknown now, then at their defaults:\n  forecasts: []\n" in out
    rows = json.loads(call("replay", str(run), "--db", str(db), "--json")[1])["parameters"]
    firms = [firm["name"] for firm in tree["manufacturers"]]
    assert [row["parameter"] for row in rows] == [
        *(f"manufacturers.{name}.retail.peak_charge" for name in firms), "contracts.plan.noise_sd", "forecasts",
    ]  # fmt: skip
    tree["forecasts"] = ["weather"]
    text = canonical_json(tree)
    change(db, "update strategy set inputs = ? where id = (select strategy_id from run where id = ?)", text, run)
    change(db, "update run set inputs_hash = ? where id = ?", sha256(text), run)
    code, out, err = call("replay", str(run), "--db", str(db))
    assert (code, out) == (1, "")
    assert "cannot be replayed: this version cannot ask the same question again: forecasts.0 was 'weather'" in err


# --- failures ----------------------------------------------------------------------------------------


@pytest.fixture
def failed(small_study: Callable[..., Study], tmp_path: Path) -> Path:
    """Return a store whose strategy raw fails for want of a table."""
    study = small_study(replications=1)
    broken = replace_inputs(study.strategies["raw"], {"market.price_table": "not_there"})
    strategies = {"none": study.strategies["none"], "raw": broken}
    with Store(str(tmp_path / "failed.db")) as store:
        run_study(dataclasses.replace(study, strategies=strategies), store, workers=1, quiet=True)
    return tmp_path / "failed.db"


def test_a_failed_run_fails_as_it_did(failed: Path, call: Call) -> None:
    code, out, _ = call("replay", "pair/raw/0", "--db", str(failed))
    assert code == 0
    assert "fails as it did: model.errors.InputError: not_there: no such calibrated table" in out
    change(failed, "update run set error = replace(error, 'no such', 'damaged') where status = 'failed'")
    code, out, _ = call("replay", "pair/raw/0", "--db", str(failed))
    assert code == 3
    assert "  then: model.errors.InputError: not_there: damaged calibrated table" in out
    assert "  now:  model.errors.InputError: not_there: no such calibrated table" in out


def test_a_run_that_fails_only_now_and_one_that_failed_only_then(failed: Path, call: Call) -> None:
    error = ask(failed, "select error from run where status = 'failed'")
    change(failed, "update run set status = 'failed', error = ? where status = 'done'", error)
    code, out, _ = call("replay", "pair/none/0", "--db", str(failed))
    assert code == 3
    assert "failed, and has a result now" in out
    run = number_of(failed, "pair/raw/0")
    change(failed, "update run set status = 'done', error = null, result_run_id = id where id = ?", run)
    code, out, _ = call("replay", str(run), "--db", str(failed), "--json")
    tree = json.loads(out)
    assert (code, tree["verdict"], tree["failure"]["stored"]) == (3, "fails now", None)
    assert tree["failure"]["replayed"].startswith("model.errors.InputError: not_there")
    assert tree["hash"]["replayed"] is None


def test_own_paths_are_named_as_they_were_when_a_replay_fails(db: Path, call: Call) -> None:
    error = 'Traceback (most recent call last):\n  File "a.py", line 1, in run\nValueError: then\n'
    text = ask(db, "select inputs from strategy where name = 'raw' and inputs like '%errors.json%'")
    spoilt = text.replace('"price_table":', '"stack_table_was":0,"price_table":', 1)
    assert spoilt != text
    tree = json.loads(text)
    name = tree["utilities"][0]["forecasting"]["error_table"]
    digest = sha256(b"[]")
    tree["user_files"][name] = digest
    changed = canonical_json(tree)
    run = number_of(db, "mine/raw/0")
    change(db, "insert into own_data values (?, ?)", digest, zlib.compress(b"[]"))
    change(db, "update strategy set inputs = ? where id = (select strategy_id from run where id = ?)", changed, run)
    change(db, "update run set status = 'failed', error = ?, inputs_hash = ? where id = ?", error, sha256(changed), run)
    code, out, _ = call("replay", str(run), "--db", str(db))
    assert code == 3
    assert "then: ValueError: then\n" in out
    assert f"now:  model.errors.InputError: {name}: is not a JSON object" in out


@pytest.mark.slow
def test_what_killed_a_worker_is_given_a_process_of_its_own(failed: Path, call: Call) -> None:
    change(failed, "update run set error = 'the worker process died 3 times (killed, or out of memory); seed 7' "
                   "where status = 'failed'")  # fmt: skip
    code, out, _ = call("replay", "pair/raw/0", "--db", str(failed))
    assert code == 3
    assert "then: the worker process died 3 times" in out
    assert "now:  model.errors.InputError: not_there" in out


def test_a_failure_is_what_a_traceback_ends_with() -> None:
    trace = (
        'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    g()\n    ~^^\n'
        '  File "b.py", line 2, in g\n'
        "    raise ValueError(text)\nValueError: first line\n  second line\n"
    )
    assert failure(trace) == "ValueError: first line\n  second line"
    assert failure("the worker process died 3 times") == "the worker process died 3 times"
