"""The migrations make exactly `tables.metadata`, once, whoever asks."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from smsbot.errors import ConfigError
from smsbot.storage import migrate
from smsbot.storage.tables import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from smsbot.storage.database import Database

_POSTGRES_SCHEMA = """
SELECT table_name || '.' || column_name AS what,
       concat_ws(' ', data_type, character_maximum_length, is_nullable, column_default) AS words
  FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace
ORDER BY 1, 2
"""


def _schema(connection: Connection) -> list[Any]:
    if connection.dialect.name == "postgresql":
        rows = connection.execute(text(_POSTGRES_SCHEMA)).all()
        return [tuple(row) for row in rows if "alembic" not in row[0]]
    rows = connection.execute(text("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2")).all()
    # Piece by piece, sorted: the order within CREATE TABLE means nothing, and SQLite writes a column
    # that was added later behind the one before it, on the same line.
    return [
        (*row[:2], sorted(re.split(r",?\s*\n\s*|, ", (row[2] or "").strip())))
        for row in rows
        if "alembic" not in row[1]
    ]


def test_the_migrations_make_exactly_the_tables_of_the_code(
    bare_database: Database, database: Database
) -> None:
    if bare_database.is_sqlite != database.is_sqlite:
        return  # the two fixtures multiply; like is compared with like

    assert migrate.upgrade(bare_database)

    with bare_database.read() as migrated, database.read() as made:
        assert _schema(migrated) == _schema(made)


def test_alembic_itself_sees_no_difference(bare_database: Database) -> None:
    migrate.upgrade(bare_database)

    with bare_database.read() as connection:
        # Alembic misreads a default of '' on SQLite; the test above compares defaults there too.
        options = {"compare_server_default": not bare_database.is_sqlite}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_a_database_is_current_once_upgraded_and_an_upgrade_may_be_repeated(
    bare_database: Database,
) -> None:
    assert not migrate.is_current(bare_database)
    assert migrate.revision(bare_database) == ""

    assert migrate.upgrade(bare_database)
    assert migrate.is_current(bare_database)

    assert not migrate.upgrade(bare_database)


def test_the_constant_names_the_newest_migration() -> None:
    assert ScriptDirectory.from_config(migrate.config()).get_current_head() == migrate.HEAD


def test_processes_that_upgrade_at_once_wait_for_each_other(bare_database: Database) -> None:
    url = bare_database.url.render_as_string(hide_password=False)
    program = (
        "import sys; from smsbot.storage.database import Database; from smsbot.storage import migrate;"
        "sys.exit(0 if migrate.upgrade(Database(sys.argv[1])) else 3)"
    )
    racers = [subprocess.Popen([sys.executable, "-c", program, url]) for _ in range(4)]

    assert sorted(racer.wait(60) for racer in racers) == [0, 3, 3, 3]
    assert migrate.is_current(bare_database)


def test_a_failed_step_leaves_the_database_as_it_was(bare_database: Database) -> None:
    with bare_database.write() as connection:
        connection.execute(
            text("CREATE TABLE turns (id INTEGER)")
        )  # the migration will trip over it

    with pytest.raises(Exception, match="turns"):
        migrate.upgrade(bare_database)

    assert migrate.revision(bare_database) == ""
    with bare_database.read() as connection:
        assert not connection.dialect.has_table(connection, "alerts")


def test_a_database_of_a_newer_version_is_refused_in_words(bare_database: Database) -> None:
    migrate.upgrade(bare_database)
    with bare_database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(ConfigError, match="9999"):
        migrate.upgrade(bare_database)
