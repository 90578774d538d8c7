"""Opening a results store: which databases are accepted, and why others are refused."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from model.errors import Fault, InputError, StoreError
from scenarios import migrations

DEFAULT_URL = "sqlite:///tandem.db"
"""The store when none is named: one file in the current folder."""
_SQLITE_MAGIC = b"SQLite format 3\x00"
_BUSY_MS = 30_000


def open_engine(url: str, *, create: bool) -> Engine:
    """Return an engine on a migrated results store.

    Args:
        url: `sqlite:///file.db`, `postgresql://...`, or simply the path of a SQLite file.
        create: whether a missing SQLite file is made.

    Raises:
        InputError: for an address that cannot be meant: unknown database, missing folder, a folder.
        StoreError: if the database is missing, not Tandem's, newer than this program, or not accessible.
    """
    address = _address(url)
    name = label(address)
    if address.get_backend_name() == "sqlite":
        _check_file(Path(address.database or ""), create)
    try:
        engine = create_engine(address)
    except ModuleNotFoundError as error:
        msg = f"{name}: PostgreSQL needs the Python package {error.name!r}, which is not installed"
        raise StoreError(msg) from error
    if address.get_backend_name() == "sqlite":
        _make_transactional(engine)
    with refusals(name):
        _migrate(engine, name, create)
    return engine


@contextmanager
def refusals(name: str) -> Iterator[None]:
    """Turn what the database complains about into one line that names the store."""
    try:
        yield
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        msg = f"{name}: the results store cannot be used: {reason}"
        raise StoreError(msg) from error


def label(address: URL) -> str:
    """Return how a store is called in messages: its file, or its address without password."""
    if address.get_backend_name() == "sqlite":
        return str(address.database)
    return address.render_as_string(hide_password=True)


def _address(url: str) -> URL:
    text = url if "://" in url else f"sqlite:///{url}"
    try:
        address = make_url(text)
    except ArgumentError as error:
        raise InputError([Fault("--db", f"{url!r} is not the address of a database", _ALLOWED)]) from error
    if address.drivername not in _DRIVERS:
        raise InputError([Fault("--db", f"{address.drivername!r} is not supported", _ALLOWED)])
    if address.get_backend_name() == "sqlite" and address.database in (None, "", ":memory:"):
        raise InputError([Fault("--db", "results need a file to stay in", _ALLOWED)])
    if address.drivername == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    return address


_DRIVERS = ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg")
_ALLOWED = "allowed: sqlite:///file.db, a path, or postgresql://user@host/name"


def _check_file(path: Path, create: bool) -> None:
    if path.is_dir():
        raise InputError([Fault("--db", f"{path} is a folder", "name a file in it")])
    if not path.parent.is_dir():
        raise InputError([Fault("--db", f"there is no folder {path.parent}", "make it first")])
    if not path.exists():
        if not create:
            msg = f"{path}: no results yet; `tandem run NAME --db {path}` makes them"
            raise StoreError(msg)
        if not os.access(path.parent, os.W_OK):
            msg = f"{path}: the folder {path.parent} cannot be written to"
            raise StoreError(msg)
        return
    try:
        with path.open("rb") as file:
            start = file.read(len(_SQLITE_MAGIC))
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}"
        raise StoreError(msg) from error
    if start not in (b"", _SQLITE_MAGIC):
        msg = f"{path}: is not a database; it is left as it is"
        raise StoreError(msg)
    if create and not os.access(path, os.W_OK):
        msg = f"{path}: is read-only"
        raise StoreError(msg)


def _make_transactional(engine: Engine) -> None:
    """Let SQLAlchemy open every SQLite transaction itself, so that schema changes roll back as well."""

    @event.listens_for(engine, "connect")
    def _on_connect(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]
        cursor = connection.cursor()  # type: ignore[attr-defined]
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: object) -> None:
        connection.exec_driver_sql("BEGIN")  # type: ignore[attr-defined]


def _migrate(engine: Engine, name: str, create: bool) -> None:
    with engine.begin() as connection:
        revision = migrations.current(connection)
        tables = inspect(connection).get_table_names()
        if revision is None and tables:
            msg = f"{name}: is a database, but not a results store of Tandem; it is left as it is"
            raise StoreError(msg)
        if revision is None and not create:
            msg = f"{name}: holds no results yet; `tandem run NAME --db {name}` makes them"
            raise StoreError(msg)
        if revision is not None and revision not in migrations.known_revisions():
            msg = (
                f"{name}: was written by a newer version of Tandem (schema {revision}, known up to {migrations.head()})"
            )
            raise StoreError(msg)
        if revision != migrations.head():
            migrations.upgrade(connection)
    if engine.dialect.name == "sqlite" and create:
        _write_ahead(engine)


def _write_ahead(engine: Engine) -> None:
    """Switch to write-ahead logging, so that reading goes on while a batch writes."""
    raw = engine.raw_connection()
    try:
        raw.cursor().execute("PRAGMA journal_mode=WAL")
    finally:
        raw.close()
