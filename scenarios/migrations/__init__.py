"""The store's schema and its history, run by Alembic from inside the installed package."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def config(connection: Connection | None = None) -> Config:
    """Return an Alembic configuration without an ini file, bound to a live connection if given."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    settings.attributes["connection"] = connection
    return settings


def head() -> str:
    """Return the newest revision this version of Tandem knows."""
    newest = ScriptDirectory.from_config(config()).get_current_head()
    if newest is None:
        msg = "no migration is installed"
        raise RuntimeError(msg)
    return newest


def known_revisions() -> set[str]:
    """Return every revision this version of Tandem knows."""
    return {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}


def current(connection: Connection) -> str | None:
    """Return the revision of a database, or None when no migration ever ran there."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring a database to `revision`."""
    command.upgrade(config(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Take a database back to `revision`."""
    command.downgrade(config(connection), revision)
