"""Runs the migrations on the connection that `migrate.upgrade` opened, locked and commits."""

from alembic import context

from smsbot.storage.tables import metadata, speak_postgresql

speak_postgresql()  # a migration is written on SQLite, for both
connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",  # SQLite alters by copying the table
    transaction_per_migration=False,
    compare_server_default=connection.dialect.name != "sqlite",  # it misreads a default of ''
)
context.run_migrations()
