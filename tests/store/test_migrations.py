"""The schema and its history agree, on every database, in both directions."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect

from scenarios import migrations
from scenarios.migrations.schema import metadata
from scenarios.store import Reader, Store


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        made = create_engine(f"sqlite:///{tmp_path / 'store.db'}")
        yield made
        made.dispose()
        return
    pytest.importorskip("psycopg", reason="no PostgreSQL driver: psycopg is not installed")
    pgserver = pytest.importorskip("pgserver", reason="no PostgreSQL: pgserver is not installed")
    server = pgserver.get_server(tmp_path / "pg")
    made = create_engine(server.get_uri().replace("postgresql://", "postgresql+psycopg://"))
    yield made
    made.dispose()
    server.cleanup()


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
