"""Brings a database to the newest schema, one process at a time, all or nothing.

alembic is imported only to upgrade: it costs 13 MB and 0.4 s, and `is_current`, which /readyz asks
often, needs one SELECT. Backups go before an upgrade; there is no way down.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy
from sqlalchemy import text

from smsbot.errors import ConfigError
from smsbot.storage import audit
from smsbot.storage.database import Database

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

HEAD: Final = "0002"
"""The newest revision in `migrations/versions`."""
_FOLDER = Path(__file__).with_name("migrations")
_PATIENCE_S = 120.0
_LOCK = 7_306_284_517  # of pg_advisory_xact_lock; any number that nobody else takes


def config(connection: Connection | None = None) -> Config:
    """Give alembic's configuration without an alembic.ini."""
    from alembic.config import Config

    found = Config()
    found.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    found.set_main_option("path_separator", "os")
    if connection is not None:
        found.attributes["connection"] = connection
    return found


def upgrade(database: Database) -> bool:
    """Take the missing steps in one transaction; say whether there were any.

    Processes that call it at once wait for each other (up to two minutes). Raises ConfigError when
    the database is newer than this program, DatabaseAway when it does not answer.
    """
    from alembic import command

    patient = Database(
        database.url.render_as_string(hide_password=False), patience_s=_PATIENCE_S, pool_size=1
    )
    try:
        with patient.write() as connection:
            _wait_for_my_turn(connection)
            before = _revision(connection)
            if before == HEAD:
                return False
            _refuse_unknown(before)
            command.upgrade(config(connection), "head")
            audit.guard(connection)  # triggers: autogenerate doesn't see them
            return True
    finally:
        patient.close()


def is_current(database: Database) -> bool:
    """Say whether no step is missing; an empty database lacks them all. Raises DatabaseAway."""
    return revision(database) == HEAD


def revision(database: Database) -> str:
    """Give the revision that the database is at, "" for an empty one. Raises DatabaseAway."""
    with database.read() as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str:
    if not sqlalchemy.inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.scalar(text("SELECT version_num FROM alembic_version")) or "")


def _wait_for_my_turn(connection: Connection) -> None:
    # SQLite: BEGIN IMMEDIATE has already made us the one writer.
    if connection.dialect.name == "postgresql":
        from smsbot.storage.silence import take_your_time

        take_your_time(connection)
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _refuse_unknown(before: str) -> None:
    from alembic.script import ScriptDirectory

    known = {step.revision for step in ScriptDirectory.from_config(config()).walk_revisions()}
    if before and before not in known:
        raise ConfigError(
            f"the database is at revision {before}, which this version of smsbot does not know: "
            "install the version that made it, or restore a backup",
        )
