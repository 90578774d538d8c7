"""Alembic's entry point: migrates over the live connection it is handed."""

from alembic import context

from scenarios.migrations.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
