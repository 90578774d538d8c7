"""The schema and its history agree, on every database, in both directions."""

import contextlib
import importlib
import importlib.util
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect

from model.errors import StoreError
from scenarios import migrations
from scenarios.batch import run_study
from scenarios.migrations.schema import metadata
from scenarios.provenance import series_hash
from scenarios.spec import Study
from scenarios.store import Reader, Store


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        made = create_engine(f"sqlite:///{tmp_path / 'store.db'}")
        yield made
        made.dispose()
        return
    pytest.importorskip("psycopg", reason="no PostgreSQL driver: psycopg is not installed")
    with postgresql(tmp_path) as url:
        made = create_engine(url)
        yield made
        made.dispose()


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL server of its own: the one of pgserver, else the system's, else skip."""
    if importlib.util.find_spec("pgserver") is not None:
        pgserver = importlib.import_module("pgserver")
        server = pgserver.get_server(folder / "pg")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        server.cleanup()
        return
    initdb, postgres = shutil.which("initdb"), shutil.which("postgres")
    if initdb is None or postgres is None:
        pytest.skip("no PostgreSQL: neither pgserver nor initdb and postgres are installed")
    with tempfile.TemporaryDirectory() as home:  # not below tmp_path, which only its owner may enter
        user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
        if user:
            shutil.chown(home, user)
        options = {"user": user, "cwd": home, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([initdb, "-D", f"{home}/data", "-U", "tandem", "-A", "trust"], check=True, **options)
        server = subprocess.Popen([postgres, "-D", f"{home}/data", "-k", home, "-h", ""], **options)
        try:
            for _ in range(100):
                if Path(home, ".s.PGSQL.5432").exists():
                    break
                time.sleep(0.1)
            yield f"postgresql+psycopg://tandem@/postgres?host={home}"
        finally:
            server.terminate()
            server.wait()


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))


def test_migrations_lead_exactly_to_the_declared_schema(engine: Engine) -> None:
    with engine.begin() as connection:
        migrations.upgrade(connection)
    assert differences(engine) == []


def test_a_missing_column_is_noticed_as_drift(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'store.db'}")
    with engine.begin() as connection:
        migrations.upgrade(connection)
        connection.exec_driver_sql("alter table run drop column error")
    assert len(differences(engine)) == 1
    engine.dispose()


def test_migrations_go_back_to_nothing_and_forth_again(engine: Engine) -> None:
    with engine.begin() as connection:
        migrations.upgrade(connection)
    with engine.begin() as connection:
        migrations.downgrade(connection, "base")
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    with engine.begin() as connection:
        migrations.upgrade(connection)
        assert migrations.current(connection) == migrations.head()
    assert differences(engine) == []


def test_points_of_an_early_sweep_stay_points(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'store.db'}")
    with engine.begin() as connection:
        migrations.upgrade(connection, "0002")
        connection.exec_driver_sql(
            "insert into study (id, name, title, question, text, baseline, seed, replications, evaluation, identity, "
            "created_at) values (1, 's', 't', 'q', 'x', 'none', '1', 1, '{}', 'i', '2026-01-01')"
        )
        for number, value in enumerate(("null", "0.5")):
            connection.exec_driver_sql(
                "insert into strategy (study_id, position, name, title, description, sweep_value, inputs, inputs_hash) "
                f"values (1, {number}, 'raw', 't', 'd', {value}, '{{}}', 'h')"
            )
    engine.dispose()
    with Reader(str(tmp_path / "store.db")) as store:
        assert [row.part for row in store.strategies(1)] == [""]
        assert [(row.part, row.sweep_value) for row in store.strategies(1, points=True)] == [("break_even", 0.5)]


def test_every_constraint_has_a_name_that_a_later_migration_can_drop(tmp_path: Path) -> None:
    with Store(str(tmp_path / "store.db")) as store:
        inspector = inspect(store.engine)
        for table in metadata.tables:
            named = [inspector.get_pk_constraint(table), *inspector.get_foreign_keys(table)]
            named += inspector.get_unique_constraints(table) + inspector.get_check_constraints(table)
            assert all(constraint["name"] for constraint in named), table


def test_a_reader_finds_a_store_that_a_writer_made(tmp_path: Path) -> None:
    db = tmp_path / "store.db"
    Store(str(db)).close()
    with Reader(str(db)) as store:
        assert store.study_names() == []


def test_a_store_copied_as_a_file_is_a_store(tmp_path: Path) -> None:
    db = tmp_path / "store.db"
    Store(str(db)).close()
    shutil.copy(db, tmp_path / "copy.db")
    with Reader(f"sqlite:///{tmp_path / 'copy.db'}") as store:
        assert store.study_names() == []
    assert sqlite3.connect(db).execute("pragma journal_mode").fetchone() == ("wal",)


def test_a_study_runs_on_postgresql_as_on_sqlite(small_study: Callable[..., Study], tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="no PostgreSQL driver: psycopg is not installed")
    study, answers = small_study(replications=2), []
    with postgresql(tmp_path) as url:
        for address in (str(tmp_path / "store.db"), url):
            with Store(address) as store:
                report = run_study(study, store, workers=1, quiet=True)
                again = run_study(study, store, workers=1, quiet=True)
                hourly = store.hourly(report.study_id, "raw")
                runs = [(run.strategy, run.replication, run.result_hash) for run in store.runs(report.study_id)]
                answers.append((runs, store.metrics(report.study_id), series_hash(hourly), again.answered))
            busy = pytest.raises(StoreError, match="another `tandem run` is writing")
            with Store(address) as one, Store(address) as two, one.writing(), busy, two.writing():
                pass
            with Reader(address) as store:
                assert store.study("pair").seed == 7
    assert answers[0] == answers[1]
