"""A store that cannot be meant, or cannot be used, is refused in one line and left as it is."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from model.errors import InputError, StoreError
from scenarios.migrations import head
from scenarios.store import Reader, Store

TANDEM = "from analysis.cli import main; main()"


def test_a_text_file_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    file.write_text("these are my notes, not a database\n")
    for opened in (Reader, Store):
        with pytest.raises(StoreError, match=r"notes\.db: is not a database; it is left as it is"):
            opened(str(file))
    assert file.read_text() == "these are my notes, not a database\n"


def test_somebody_elses_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "music.db"
    connection = sqlite3.connect(file)
    connection.execute("create table song (title text)")
    connection.close()
    before = file.read_bytes()
    for opened in (Reader, Store):
        with pytest.raises(StoreError, match="is a database, but not a results store of Tandem"):
            opened(str(file))
    assert file.read_bytes() == before


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    Store(str(file)).close()
    connection = sqlite3.connect(file)
    connection.execute("update alembic_version set version_num = '9999'")
    connection.commit()
    connection.close()
    for opened in (Reader, Store):
        with pytest.raises(StoreError, match=rf"newer version of Tandem \(schema 9999, known up to {head()}\)"):
            opened(str(file))


def test_a_damaged_store_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    Store(str(file)).close()
    file.write_bytes(file.read_bytes()[:100] + b"\x00" * 4000)
    with pytest.raises(StoreError, match=r"store\.db: the results store cannot be used: ") as caught:
        Reader(str(file))
    assert "\n" not in str(caught.value)


def test_reading_never_makes_a_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no results yet; `tandem run NAME --db"):
        Reader(str(tmp_path / "none.db"))
    (tmp_path / "empty.db").touch()
    with pytest.raises(StoreError, match="holds no results yet"):
        Reader(str(tmp_path / "empty.db"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.db"]
    assert (tmp_path / "empty.db").stat().st_size == 0


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("sqlite://", "results need a file to stay in"),
        ("mysql://host/name", "'mysql' is not supported"),
        ("oracle+thick://x", "is not supported"),
        ("sqlite+nonsense:///x.db", "is not supported"),
        ("://", "is not the address of a database"),
        ("missing/folder/store.db", "there is no folder missing/folder"),
        (".", "is a folder"),
    ],
)
def test_an_address_that_cannot_be_meant_is_bad_input(address: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Store(address)


def test_postgresql_without_its_driver_says_what_is_missing() -> None:
    try:
        import psycopg  # noqa: F401
    except ModuleNotFoundError:
        with pytest.raises(StoreError, match="PostgreSQL needs the Python package 'psycopg'"):
            Store("postgresql://user:secret@localhost/tandem")
    else:
        with pytest.raises(StoreError) as caught:
            Store("postgresql://user:secret@localhost:1/tandem")
        assert "secret" not in str(caught.value)


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    folder = Path("/proc") if os.geteuid() == 0 and Path("/proc").is_dir() else tmp_path / "locked"
    if folder.name == "locked":
        folder.mkdir(mode=0o500)
    with pytest.raises(StoreError, match=r"cannot be (written to|used)"):
        Store(str(folder / "store.db"))


def test_two_writers_at_once_are_refused(tmp_path: Path) -> None:
    db = str(tmp_path / "store.db")
    busy = pytest.raises(StoreError, match="another `tandem run` is writing to this store")
    with Store(db) as first, Store(db) as second, first.writing(), busy, second.writing():
        pass
    with Store(db) as third, third.writing():
        assert third.recover() == 0


def test_an_unknown_study_names_the_nearest_one(tmp_path: Path) -> None:
    with Store(str(tmp_path / "store.db")) as store, pytest.raises(InputError, match="no study 'x' was run here"):
        store.study("x")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["compare", "steel-and-power", "--db", "none.db"], 1, "no results yet"),
        (["compare", "steel-and-power", "--db", "no/such/store.db"], 2, "there is no folder no/such"),
        (["compare", "steel-and-power", "--db", "mysql://x/y"], 2, "not supported"),
        (["compare", "steel-and-power", "--outcome", "real_cots"], 2, "did you mean real_cost?"),
        (["compare", "steel-and-power", "--csv", "."], 2, "is a folder"),
        (["run", "steel-and-powr"], 2, "steel-and-power"),
        (["run", "steel-and-power", "--strategy", "rwa"], 2, "did you mean raw?"),
        (["run", "steel-and-power", "--replications", "0"], 2, "0"),
        (["run", "steel-and-power", "--set", "balancing.bta=0.3"], 2, "beta"),
    ],
)
def test_exit_codes(arguments: list[str], code: int, words: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TANDEM, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
