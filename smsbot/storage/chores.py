"""Periodic work: who ran it last, and what it did."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select, update

from smsbot.storage.insert import insert_if_new
from smsbot.storage.tables import chores

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Chore:
    """The last run. `done_at` is None while it runs, or when it died."""

    name: str
    started_at: int
    done_at: int | None
    report: Mapping[str, Any]


def begin(
    connection: Connection, name: str, now_ms: int, *, every_ms: int, patience_ms: int
) -> bool:
    """Take the chore if it is due: of many processes that ask, one gets True.

    It is due `every_ms` after its last start, or when a run has not ended within `patience_ms`.
    """
    if insert_if_new(connection, chores, {"name": name, "started_at": now_ms}):
        return True
    died = chores.c.done_at.is_(None) & (chores.c.started_at <= now_ms - patience_ms)
    due = chores.c.started_at <= now_ms - every_ms
    taken = connection.execute(
        update(chores)
        .where(chores.c.name == name, or_(due & chores.c.done_at.is_not(None), died))
        .values(started_at=now_ms, done_at=None),
    )
    return taken.rowcount == 1


def end(connection: Connection, name: str, now_ms: int, report: Mapping[str, Any]) -> None:
    """Note that the chore is done, with its report: names and numbers only."""
    values = {"done_at": now_ms, "report": json.dumps(report, sort_keys=True)}
    row = {"name": name, "started_at": now_ms, **values}
    if not insert_if_new(connection, chores, row):
        connection.execute(update(chores).where(chores.c.name == name).values(**values))


def last(connection: Connection, name: str) -> Chore | None:
    """Give the last run of this chore, or None."""
    row = connection.execute(select(chores).where(chores.c.name == name)).one_or_none()
    if row is None:
        return None
    return Chore(row.name, row.started_at, row.done_at, json.loads(row.report))
