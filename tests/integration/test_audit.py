"""The audit log: a chain that shows every change, and triggers that refuse one."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from smsbot.storage import audit
from smsbot.storage.tables import audit as rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from smsbot.storage.database import Database

T0 = 1_780_000_000_000


def fill(connection: Connection, count: int = 5) -> None:
    for number in range(count):
        audit.append(
            connection,
            "cli:wanjiru",
            "keys.rotate",
            f"table:{number}",
            {"rows": number, "words": "Ƙofa"},
            now_ms=T0 + number,
        )


def test_the_chain_holds_from_the_first_row_and_gives_the_newest_hash(database: Database) -> None:
    with database.write() as connection:
        assert audit.verify(connection) == audit.Verified(0, audit.BEGINNING, None)
        fill(connection)
        newest = audit.newest(connection, 2)
        assert [entry.seq for entry in newest] == [5, 4]
        assert newest[0].detail == {"rows": 4, "words": "Ƙofa"}
        assert audit.verify(connection) == audit.Verified(5, newest[0].hash, None)
        assert [entry.seq for entry in audit.newest(connection, 9, subject="table:1")] == [2]


@pytest.mark.parametrize(
    "change", [update(rows).values(actor="nobody"), delete(rows).where(rows.c.seq == 2)]
)
def test_a_row_cannot_be_changed_or_removed(database: Database, change: object) -> None:
    with database.write() as connection:
        fill(connection)
    with pytest.raises(DBAPIError, match="append-only"), database.write() as connection:
        connection.execute(change)  # type: ignore[call-overload]
    with database.read() as connection:
        assert audit.verify(connection).broken_seq is None


@pytest.mark.parametrize(
    ("change", "broken_seq"),
    [
        (update(rows).where(rows.c.seq == 3).values(detail="{}"), 3),
        (update(rows).where(rows.c.seq == 1).values(at=T0 - 1), 1),
        (update(rows).where(rows.c.seq == 5).values(actor="cli:other"), 5),
        (update(rows).where(rows.c.seq == 4).values(hash="0" * 64), 4),
        (delete(rows).where(rows.c.seq == 2), 2),
        (delete(rows).where(rows.c.seq == 1), 1),
    ],
)
def test_a_change_behind_the_triggers_shows_where(
    database: Database, change: object, broken_seq: int
) -> None:
    with database.write() as connection:
        fill(connection)
        audit.unguard(connection)
        connection.execute(change)  # type: ignore[call-overload]
        audit.guard(connection)
        assert audit.verify(connection).broken_seq == broken_seq


def test_many_writers_make_one_chain(database: Database) -> None:
    def write() -> None:
        for _ in range(5):
            with database.write() as connection:
                fill(connection, 1)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with database.read() as connection:
        found = audit.verify(connection)
    assert (found.rows, found.broken_seq) == (20, None)


def test_what_fails_is_not_logged_and_what_is_done_is(database: Database) -> None:
    def act(*, fail: bool) -> None:
        with (
            database.write() as connection,
            audit.audited(
                connection, actor="cli:wanjiru", action="purge", subject="all", now_ms=T0
            ) as detail,
        ):
            detail["rows"] = 3
            if fail:
                raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011  # our own, two lines above
        act(fail=True)
    act(fail=False)
    with database.read() as connection:
        assert [row.action for row in connection.execute(select(rows))] == ["purge"]
        assert audit.newest(connection, 1)[0].detail == {"rows": 3}
