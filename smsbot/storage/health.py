"""Is SQL there, migrated, and able to keep something?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from smsbot.errors import DatabaseAway
from smsbot.storage import migrate
from smsbot.storage.insert import insert_if_new
from smsbot.storage.tables import chores

if TYPE_CHECKING:
    from smsbot.storage.database import Database

_PROBE = "readiness"


def probe(database: Database, now_ms: int) -> None:
    """Write one small row; raise DatabaseAway when SQL is away, locked, full or not migrated."""
    if not migrate.is_current(database):
        raise DatabaseAway("the database needs `smsbot db upgrade`")
    with database.write() as connection:
        if not insert_if_new(connection, chores, {"name": _PROBE, "started_at": now_ms}):
            connection.execute(
                update(chores).where(chores.c.name == _PROBE).values(started_at=now_ms)
            )
