"""`tandem replay` and `tandem runs` on real runs: what comes out the same, what is listed, and what cannot be asked."""

import json
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from model.kernels import source_hash
from scenarios.batch import run_study
from scenarios.provenance import sha256
from scenarios.replay import find_run, replay
from scenarios.spec import Study
from scenarios.store import Records, Store
from tests.store.replays import Call, ask, change, number_of, write_mine

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
