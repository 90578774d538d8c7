"""`tandem replay` and `tandem runs` on real runs: what comes out the same, what does not, and what cannot be asked."""

import dataclasses
import json
import logging
import shutil
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import model
from analysis.cli import main
from model.errors import RunError
from model.inputs import ModelInputs, OwnSeries, as_tree, replace_inputs
from model.kernels import source_hash
from scenarios.batch import run_study
from scenarios.provenance import canonical_json, inputs_json, sha256
from scenarios.rebuild import _arguments, _declared, _Reading, declared_parameters, leaves, rebuild
from scenarios.replay import failure, find_run, replay, series_changes, value_changes
from scenarios.run import run_once
from scenarios.spec import Study, load_study
from scenarios.store import Records, Store
from scenarios.store.reading import pack_series

Call = Callable[..., tuple[int, str, str]]
MINE = """\
extends: pair.yaml
platforms:
  calendar: {days: 4, burn_in: 3}
  market: {price_table: prices.csv}
  firms:
    power:
      forecasting: {error_table: errors.json}
run: {seed: 7, replications: 2}
"""


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Iterator[Call]:
    """Return a caller of the command line: (exit code, stdout, stderr)."""
    before = logging.getLogger().handlers[:]

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    yield run
    logging.getLogger().handlers[:] = before


def write_mine(folder: Path) -> None:
    """Write a scenario with a price series and a table of its owner's, and no sweep of its own."""
    shutil.copy(Path(__file__).with_name("pair.yaml"), folder)
    (folder / "mine.yaml").write_text(MINE)
    rows = [f"2025-01-{day:02d} {hour:02d}:00,{10 * day + hour}" for day in range(1, 15) for hour in range(24)]
    (folder / "prices.csv").write_text("time,price_eur_mwh\n" + "\n".join(rows) + "\n")
    shutil.copy(Path(model.__file__).parent / "data" / "load_error_de_2015_2018.json", folder / "errors.json")


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a store of two studies, run as a user runs them, and the files of one of them."""
    folder = tmp_path_factory.mktemp("replay")
    write_mine(folder)
    small = ["--strategy", "raw", "--no-break-even", "--workers", "1", "--quiet", "--db", str(folder / "tandem.db")]
    for scenario, options in (
        (str(folder / "mine.yaml"), []),
        (
            str(folder / "pair.yaml"),
            ["--days", "4", "--replications", "2", "--seed", "7", "--set", "calendar.burn_in=3"],
        ),
    ):
        with pytest.raises(SystemExit) as ended:
            main(["run", scenario, *options, *small])
        assert ended.value.code == 0
    return folder


@pytest.fixture
def db(master: Path, tmp_path: Path) -> Path:
    """Return a copy of that store that a test may spoil."""
    with sqlite3.connect(master / "tandem.db") as source, sqlite3.connect(tmp_path / "tandem.db") as copy:
        source.backup(copy)
    source.close()
    copy.close()
    return tmp_path / "tandem.db"


def change(db: Path, statement: str, *values: Any) -> int:
    connection = sqlite3.connect(db)
    with connection:
        count = connection.execute(statement, values).rowcount
    connection.close()
    assert count > 0
    return count


def ask(db: Path, query: str, *values: Any) -> Any:
    connection = sqlite3.connect(db)
    (answer,) = connection.execute(query, values).fetchone()
    connection.close()
    return answer


def number_of(db: Path, label: str) -> int:
    with Records(str(db)) as store:
        return find_run(store, label).id


# --- the same again ----------------------------------------------------------------------------------


def test_every_run_is_identical_by_number_and_by_name(db: Path, call: Call) -> None:
    code, out, _ = call("runs", "--db", str(db), "--json")
    runs = json.loads(out)
    assert (code, len(runs)) == (0, 8)
    for one in runs:
        for name in (str(one["id"]), one["label"]):
            code, out, err = call("replay", name, "--db", str(db))
            assert (code, err) == (0, "")
            assert out.startswith(
                f"run {one['id']}, {one['label']}: identical, bit for bit (hash {one['result_hash']})\n"
            )
            assert out.rstrip().endswith("code, packages, machine and random streams are as they were")


def test_json_tells_everything(db: Path, call: Call) -> None:
    code, out, _ = call("replay", "pair/raw/0", "--db", str(db), "--json")
    tree = json.loads(out)
    assert code == 0
    assert tree["reproduced"] is True
    assert tree["verdict"] == "identical"
    assert tree["hash"]["stored"] == tree["hash"]["replayed"] == tree["run"]["result_hash"]
    assert tree["run"]["model_version"] != source_hash()
    assert tree["compared"]["series"] > 0
    assert tree["compared"]["outcomes"] == ask(
        db, "select count(*) from run_metric where run_id = ?", tree["run"]["id"]
    )
    assert {name: tree[name] for name in ("outcomes", "transfers", "series", "environment", "parameters")} == {
        "outcomes": [], "transfers": [], "series": [], "environment": [], "parameters": [],
    }  # fmt: skip
    assert tree["failure"] == {"stored": None, "replayed": None}
    assert 0.0 < tree["seconds"] < 60.0


def test_a_replay_writes_nothing(db: Path, call: Call) -> None:
    def content() -> list[str]:
        connection = sqlite3.connect(db)
        lines = list(connection.iterdump())
        connection.close()
        return lines

    before = content()
    assert call("replay", "1", "--db", str(db))[0] == 0
    assert content() == before


def test_the_scenario_and_its_files_may_be_gone(tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mine(tmp_path)
    monkeypatch.chdir(tmp_path)
    options = ["--strategy", "raw", "--no-break-even", "--workers", "1", "--quiet", "--db", "tandem.db"]
    assert call("run", "mine.yaml", *options)[0] == 0
    for name in ("mine.yaml", "prices.csv", "errors.json"):
        (tmp_path / name).unlink()
    code, out, err = call("replay", "mine/raw/1", "--db", "tandem.db")
    assert (code, err) == (0, "")
    assert "identical, bit for bit" in out
    with Records("tandem.db") as store:
        record = find_run(store, "mine/raw/1")
        assert replay(store, record).record.result_hash == record.result_hash != store.all_runs("mine")[0].result_hash


def test_own_data_is_kept_once_and_answers_for_its_hash(db: Path) -> None:
    assert ask(db, "select count(*) from own_data") == 2
    assert ask(db, "select count(*) from declaration") == 1
    connection = sqlite3.connect(db)
    rows = connection.execute("select digest, payload from own_data").fetchall()
    connection.close()
    assert sorted(sha256(zlib.decompress(payload)) == digest for digest, payload in rows) == [False, True]


def test_a_run_answered_from_the_store_is_compared_with_its_twin(
    small_study: Callable[..., Study], tmp_path: Path
) -> None:
    db = str(tmp_path / "store.db")
    with Store(db) as store:
        run_study(small_study(replications=1), store, workers=1, quiet=True)
        run_study(small_study(replications=2), store, workers=1, quiet=True)
    with Records(db) as store:
        twin = find_run(store, "pair/raw/0")
        assert twin.result_run_id != twin.id
        answer = replay(store, twin)
        assert (answer.verdict, answer.environment) == ("identical", ())
        first = store.run_record(twin.result_run_id or 0)
        assert first is not None
        assert first.superseded
        assert replay(store, first).verdict == "identical"


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


# --- own data that the store does not hold, or not any more ------------------------------------------


def test_a_store_without_own_data_reads_the_file_if_it_is_unchanged(
    master: Path, db: Path, call: Call
) -> None:  # fmt: skip
    change(db, "delete from own_data")
    assert call("replay", "mine/raw/0", "--db", str(db))[0] == 0
    prices, errors = master / "prices.csv", master / "errors.json"
    kept = prices.read_text(), errors.read_text()
    try:
        prices.write_text(kept[0].replace("00:00,10\n", "00:00,11\n"))
        code, out, err = call("replay", "mine/raw/0", "--db", str(db))
        assert (code, out) == (1, "")
        assert f"it read {prices}, of which the store holds only the sha256" in err
        assert "has other content now" in err
        prices.unlink()
        assert "prices.csv" in (missing := call("replay", "mine/raw/0", "--db", str(db))[2])
        assert "the file is not there" in missing
        prices.write_text(kept[0])
        errors.write_text(kept[1] + " ")
        code, _, err = call("replay", "mine/raw/0", "--db", str(db))
        assert code == 1
        assert "errors.json" in err
    finally:
        prices.write_text(kept[0])
        errors.write_text(kept[1])
    assert call("replay", "mine/raw/0", "--db", str(db))[0] == 0


def test_spoilt_copies_and_inputs_are_refused(db: Path, call: Call) -> None:
    change(db, "update own_data set payload = ?", zlib.compress(b"{}"))
    code, _, err = call("replay", "mine/raw/0", "--db", str(db))
    assert code == 1
    assert "the store's copy of" in err
    assert "does not match its hash" in err
    run = number_of(db, "pair/raw/0")
    change(db, "update strategy set inputs = replace(inputs, '\"beta\":0.2', '\"beta\":0.3')")
    code, _, err = call("replay", str(run), "--db", str(db))
    assert code == 1
    assert f"run {run}, pair/raw/0, cannot be replayed: the stored inputs do not match their hash" in err


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


# --- which run ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("999", "no run 999 (this store holds runs 1 to 8"),
        ("0", "no run 0 (this store holds runs 1 to 8"),
        ("99999999999999999999", "no run 99999999999999999999"),
        ("mine/rwa/0", "no strategy 'rwa' (did you mean raw?)"),
        ("mime/raw/0", "no study 'mime' (did you mean mine?)"),
        ("mine/raw/2", "no replication '2' of mine/raw (allowed: 0 to 1; the nearest is mine/raw/1)"),
        ("mine/raw/x", "no replication 'x' of mine/raw"),
        ("mine/raw", "'mine/raw' names no run (a run is its number, or STUDY/STRATEGY/REPLICATION"),
        ("raw", "names no run"),
        ("//", "names no run"),
        ("-1", "-1"),
        ("", "names no run"),
    ],
)
def test_a_run_that_is_not_there_is_bad_input_in_one_line(name: str, words: str, db: Path, call: Call) -> None:
    code, out, err = call("replay", "--db", str(db), "--", name)
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_a_run_not_computed_yet_is_not_replayed(db: Path, call: Call) -> None:
    change(db, "update run set status = 'pending' where id = 2")
    code, _, err = call("replay", "2", "--db", str(db))
    assert code == 2
    assert "has not been computed (tandem run mine does it)" in err


def test_the_file_of_a_scenario_stands_for_its_study(db: Path) -> None:
    assert number_of(db, "some/where/mine.yaml/raw/1") == number_of(db, "mine/raw/1")


def test_runs_lists_numbers_that_replay_takes(db: Path, call: Call) -> None:
    code, out, _ = call("runs", "mine", "--db", str(db))
    lines = out.splitlines()
    assert code == 0
    assert lines[0].split()[:3] == ["run", "study/strategy/replication", "status"]
    assert [line.split()[1] for line in lines[1:]] == ["mine/none/0", "mine/none/1", "mine/raw/0", "mine/raw/1"]
    for line in lines[1:]:
        number, label, *_ = line.split()
        assert number_of(db, label) == int(number)
    code, out, err = call("runs", "mien", "--db", str(db))
    assert (code, out) == (2, "")
    assert "did you mean mine?" in err


def test_runs_shows_what_was_superseded_only_when_asked(
    small_study: Callable[..., Study], tmp_path: Path, call: Call
) -> None:
    db = str(tmp_path / "store.db")
    with Store(db) as store:
        run_study(small_study(replications=1), store, workers=1, quiet=True)
        run_study(small_study(replications=1, days=5), store, workers=1, quiet=True)
    current = json.loads(call("runs", "--db", db, "--json")[1])
    everything = json.loads(call("runs", "--db", db, "--all", "--json")[1])
    assert (len(current), len(everything)) == (4, 8)
    assert {one["id"] for one in current} == {one["id"] for one in everything if not one["superseded"]}
    assert "superseded" in call("runs", "--db", db, "--all")[1]


def test_an_empty_store_holds_no_runs(tmp_path: Path, call: Call) -> None:
    db = str(tmp_path / "store.db")
    Store(db).close()
    assert call("runs", "--db", db)[:2] == (0, "")
    assert call("runs", "--db", db, "--json")[1].strip() == "[]"
    assert "this store is empty" in call("replay", "1", "--db", db)[2]
    assert call("replay", "1", "--db", str(tmp_path / "none.db"))[0] == 1


# --- from the stored tree back to the inputs ---------------------------------------------------------


def no_series(one: Mapping[str, Any]) -> OwnSeries:
    raise AssertionError(one)


def again(tree: Mapping[str, Any], then: Mapping[str, Any] | None = None, *, same: bool = False) -> Any:
    return rebuild(tree, name="raw", then=then, same_version=same, series=no_series)


@pytest.fixture(scope="module")
def asked() -> ModelInputs:
    return load_study("steel-and-power").strategies["raw"]


@pytest.fixture
def tree(asked: ModelInputs) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(inputs_json(asked))
    return found


THEN = json.loads(declared_parameters())


def test_all_library_inputs_come_back_equal() -> None:
    from scenarios.spec_tree import library

    for name in library():
        for label, inputs in load_study(name).strategies.items():
            text = inputs_json(inputs)
            made = rebuild(json.loads(text), name=label, then=THEN, same_version=True, series=no_series)
            back = dataclasses.replace(made.inputs, name=inputs.name)
            assert back == inputs
            assert inputs_json(back) == text
            types = {key: type(value) for key, value in leaves(as_tree(inputs))}
            assert {key: type(value) for key, value in leaves(as_tree(back))} == types


def test_infinite_noise_and_whole_floats_come_back_as_they_were(asked: ModelInputs) -> None:
    (contract,) = asked.contracts
    inputs = replace_inputs(
        asked, {f"contracts.{contract.name}.noise_sd": float("inf"), "balancing.beta": 1.0, "market.gas_price": 1e-17}
    )
    back = again(json.loads(inputs_json(inputs)), THEN, same=True).inputs
    assert back.contracts[0].noise_sd == float("inf")
    assert (type(back.balancing.beta), back.balancing.beta, back.market.gas_price) == (float, 1.0, 1e-17)


def test_a_parameter_new_since_takes_its_default_and_says_so(tree: dict[str, Any]) -> None:
    del tree["balancing"]["beta"]
    del tree["manufacturers"][0]["retail"]
    then = {path: facts for path, facts in THEN.items() if path != "balancing.beta" and ".retail." not in path}
    for known in (then, None):
        made = again(tree, known)
        assert made.inputs.balancing.beta == 0.2
        assert {one.kind for one in made.departures} == {"new"}
        keys = {one.parameter for one in made.departures}
        assert {"balancing.beta", "manufacturers.steel.retail.margin"} <= keys
        assert all(key == "balancing.beta" or key.startswith("manufacturers.steel.retail.") for key in keys)


def test_a_parameter_that_the_store_ought_to_hold_is_missed(tree: dict[str, Any]) -> None:
    del tree["balancing"]["beta"]
    with pytest.raises(RunError, match=r"balancing\.beta is not stored, though the model that ran knew it"):
        again(tree, THEN)
    with pytest.raises(RunError, match=r"balancing\.beta is not stored"):
        again(tree, None, same=True)


def test_a_parameter_gone_since_is_dropped_only_if_it_was_silent(tree: dict[str, Any]) -> None:
    tree["balancing"]["gate_closure"] = 45.0
    tree["manufacturers"][0]["old"] = {"sharing": "no", "list": []}
    silent = {
        "balancing.gate_closure": {"default": 45, "unit": "min"},
        "manufacturers[].old.sharing": {"default": "no"},
    }
    made = again(tree, {**THEN, **silent})
    assert [(one.parameter, one.path, one.value) for one in made.departures] == [
        ("balancing.gate_closure", "balancing.gate_closure", 45.0),
        ("manufacturers.steel.old.list", "manufacturers[].old.list", []),
        ("manufacturers.steel.old.sharing", "manufacturers[].old.sharing", "no"),
    ]
    assert {one.kind for one in made.departures} == {"gone"}
    asking = {**THEN, **silent, "balancing.gate_closure": {"default": 60, "unit": "min"}}
    with pytest.raises(RunError) as caught:
        again(tree, asking)
    assert "balancing.gate_closure was 45.0 min, and this version has no such parameter" in str(caught.value)
    assert "sharing" not in str(caught.value)
    with pytest.raises(RunError, match=r"gate_closure was 45\.0, and .*old\.sharing was 'no'"):
        again(tree, None)


def test_a_parameter_in_another_unit_changes_the_question(tree: dict[str, Any]) -> None:
    then = {**THEN, "market.gas_price": {**THEN["market.gas_price"], "unit": "EUR/t"}}
    with pytest.raises(RunError, match=r"market\.gas_price was in EUR/t and is in EUR/MWh"):
        again(tree, then)


def test_values_this_version_refuses_and_groups_that_are_none_are_named(tree: dict[str, Any]) -> None:
    with pytest.raises(RunError, match=r"balancing\.rule: 'triple' is not allowed"):
        again({**tree, "balancing": {**tree["balancing"], "rule": "triple"}}, THEN)
    with pytest.raises(RunError, match="market is stored as 3, not as a group"):
        again({**tree, "market": 3}, THEN)
    nameless = {**tree, "contracts": [{k: v for k, v in tree["contracts"][0].items() if k != "provider"}]}
    with pytest.raises(RunError, match=r"provider is not stored and has no default"):
        again(nameless, None)


def test_what_was_declared_covers_every_leaf_of_the_inputs(tree: dict[str, Any]) -> None:
    assert THEN["manufacturers[].process.furnace"] == {"kind": "float", "unit": "MW", "default": 48}
    assert THEN["contracts[].provider"] == {"kind": "str"}
    stored = {key for key, value in leaves(tree) if value not in ([], {}) and not key.startswith("user_files")}
    lists = ("manufacturers", "utilities", "data_platforms", "contracts")
    for key in stored:
        head, _, rest = key.partition(".")
        assert (f"{head}[].{rest.split('.', 1)[1]}" if head in lists else key) in THEN


@dataclasses.dataclass(frozen=True)
class Laplace:
    epsilon: float = 1.0


@dataclasses.dataclass(frozen=True)
class Blocks:
    hours: int = 4


@dataclasses.dataclass(frozen=True)
class Zoo:
    privacy: Laplace | Blocks | None = None
    levels: tuple[float, ...] = (1.0,)
    pair: tuple[str, int] = ("a", 1)
    members: tuple[str, ...] = ()
    by_name: Mapping[str, Laplace] = dataclasses.field(default_factory=dict)
    cap: float | None = None
    count: int | str = 1


@pytest.mark.parametrize(
    "zoo",
    [
        Zoo(),
        Zoo(privacy=Laplace(2.0), levels=(1.0, 2.5), cap=3.0),
        Zoo(privacy=Blocks(8), pair=("b", 2), members=("x", "y"), by_name={"k": Laplace(4.0)}, count="many"),
    ],
)
def test_any_dataclass_comes_back_by_its_types(zoo: Zoo) -> None:
    reading = _Reading(no_series)
    stored = json.loads(canonical_json(dataclasses.asdict(zoo)))
    back = Zoo(**_arguments(Zoo, stored, ("", ""), reading))
    assert back == zoo
    assert all(type(level) is float for level in back.levels)
    assert (reading.new, reading.gone, reading.faults) == ([], [], [])
    assert dict(_declared(Zoo, ""))["by_name[].epsilon"] == {"kind": "float", "default": 1.0}


def test_a_rebuilt_run_gives_the_same_bits(asked: ModelInputs) -> None:
    short = replace_inputs(asked, {"calendar.days": 3, "calendar.burn_in": 2})
    back = again(json.loads(inputs_json(short)), THEN, same=True).inputs
    assert run_once(back, 3, 1).metrics == run_once(short, 3, 1).metrics


@pytest.mark.parametrize(
    "damage",
    ["UPDATE run SET seed = 'abc'", "UPDATE run SET seed = -5", "UPDATE execution SET packages = '{'"],
)
def test_a_damaged_field_is_said_without_a_traceback(db: Path, call: Call, damage: str) -> None:
    change(db, damage)
    code, said, talk = call("replay", "1", "--db", str(db))
    assert (code, said) == (1, "")
    assert "damaged" in talk
    assert "Traceback" not in talk
