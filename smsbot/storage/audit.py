"""The audit log: append-only, each row holding the hash of the one before (R35).

A changed, removed or reordered row breaks the chain from there on. Cutting rows off the end does not:
whoever needs proof against that keeps the newest hash elsewhere (`smsbot audit verify` prints it).
Triggers refuse UPDATE and DELETE, so that it takes intent to break the log at all.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, select, text

from smsbot.storage.tables import audit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection, Table

BEGINNING = "0" * 64
"""What the first row has for `previous`."""
_LOCK = 0x534D5342_41554449  # any number of ours: "SMSB AUDI"
_FIELDS = ("seq", "at", "actor", "action", "subject", "detail")

GUARDS = {
    "sqlite": (
        (
            "CREATE TRIGGER IF NOT EXISTS audit_no_update BEFORE UPDATE ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        ),
        (
            "CREATE TRIGGER IF NOT EXISTS audit_no_delete BEFORE DELETE ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        ),
    ),
    "postgresql": (
        (
            "CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$"
        ),
        "DROP TRIGGER IF EXISTS audit_no_change ON audit",  # PostgreSQL 13 cannot replace one
        (
            "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
        ),
    ),
}
_UNGUARDS = {
    "sqlite": ("DROP TRIGGER IF EXISTS audit_no_update", "DROP TRIGGER IF EXISTS audit_no_delete"),
    "postgresql": ("DROP TRIGGER IF EXISTS audit_no_change ON audit",),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the log. `detail` holds ids, names and numbers: no phone number, no text."""

    seq: int
    at: int
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look through the whole log found. `broken_seq` is None when the chain holds."""

    rows: int
    newest_hash: str
    broken_seq: int | None


def guard(connection: Connection) -> None:
    """Make the triggers that refuse changes; harmless if they are there. Migrations call it too."""
    for statement in GUARDS[connection.dialect.name]:
        connection.execute(text(statement))


def unguard(connection: Connection) -> None:
    """Take the triggers away: only a restore does, and guards again in the same transaction."""
    for statement in _UNGUARDS[connection.dialect.name]:
        connection.execute(text(statement))


@event.listens_for(audit, "after_create")
def _guard_when_created(_table: Table, connection: Connection, **_options: object) -> None:
    guard(connection)


def append(
    connection: Connection,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    *,
    now_ms: int,
) -> int:
    """Add a row in the caller's transaction; give its number. Appenders wait for each other.

    On SQLite the caller's transaction must be `Database.write()`, which is one at a time; on
    PostgreSQL a lock is held until the caller commits, so append last.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    newest = connection.execute(
        select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1),
    ).one_or_none()
    seq, previous = (1, BEGINNING) if newest is None else (newest.seq + 1, newest.hash)
    row = {
        "seq": seq,
        "at": now_ms,
        "actor": actor,
        "action": action,
        "subject": subject,
        "detail": _canonical(detail),
    }
    connection.execute(
        audit.insert().values(**row, previous=previous, hash=_hash(previous, row)),
    )
    return seq


@contextmanager
def audited(
    connection: Connection, *, actor: str, action: str, subject: str, now_ms: int
) -> Iterator[dict[str, Any]]:
    """Log what the block does, in its own transaction; the block fills the detail that it gets.

    Nothing is logged when the block raises: its transaction is rolled back with all that it did.
    """
    detail: dict[str, Any] = {}
    yield detail
    append(connection, actor, action, subject, detail, now_ms=now_ms)


def verify(connection: Connection) -> Verified:
    """Recompute the chain from its beginning; rows are read as they come, never all at once."""
    previous, rows = BEGINNING, 0
    statement = select(audit).order_by(audit.c.seq).execution_options(yield_per=1000)
    with connection.execute(statement) as result:  # a server-side cursor must be closed
        for row in result:
            rows += 1
            plain = {name: getattr(row, name) for name in _FIELDS}
            sound = (
                row.seq == rows and row.previous == previous and row.hash == _hash(previous, plain)
            )
            if not sound:
                return Verified(rows, previous, rows)
            previous = row.hash
    return Verified(rows, previous, None)


def newest(connection: Connection, count: int, *, subject: str = "") -> list[Entry]:
    """Give the last rows, newest first; of one subject if it is named."""
    statement = select(audit).order_by(audit.c.seq.desc()).limit(count)
    if subject:
        statement = statement.where(audit.c.subject == subject)
    return [
        Entry(row.seq, row.at, row.actor, row.action, row.subject, json.loads(row.detail), row.hash)
        for row in connection.execute(statement)
    ]


def _canonical(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _hash(previous: str, row: Mapping[str, Any]) -> str:
    return hashlib.sha256((previous + _canonical(row)).encode()).hexdigest()
