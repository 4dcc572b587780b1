"""Reminders of a flow at a time: what a flow's `{remind: 2d}` asked for. Each once by its effect's key.

`waiting` walks `ix_reminders_waiting`, which holds those alone that are not done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from smsbot.storage.insert import insert_if_new
from smsbot.storage.tables import contacts, reminders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Select


@dataclass(frozen=True, slots=True)
class Waiting:
    """One reminder whose time has come, and what is needed of its person."""

    id: int
    contact_id: int
    flow: str
    channel: str
    due_at: int
    ref: str
    language: str
    timezone: str
    country: str
    network: str


def remind(
    connection: Connection, contact_id: int, flow: str, channel: str, due_at: int, effect_key: str
) -> bool:
    """Keep a reminder of a flow for a time; say whether this effect is new."""
    return insert_if_new(
        connection,
        reminders,
        {
            "contact_id": contact_id,
            "flow": flow,
            "channel": channel,
            "due_at": due_at,
            "effect_key": effect_key,
        },
    )


def waiting(
    connection: Connection, now_ms: int, limit: int, *, hold: bool = True
) -> Sequence[Waiting]:
    """Give reminders whose time has come, the oldest first; held until the commit, or only looked at."""
    query: Select[Any] = (
        select(
            reminders.c.id,
            reminders.c.contact_id,
            reminders.c.flow,
            reminders.c.channel,
            reminders.c.due_at,
            contacts.c.ref,
            contacts.c.language,
            contacts.c.timezone,
            contacts.c.country,
            contacts.c.network,
        )
        .join(contacts, contacts.c.id == reminders.c.contact_id)
        .where(reminders.c.done_at.is_(None), reminders.c.due_at <= now_ms)
        .order_by(reminders.c.due_at)
        .limit(limit)
    )
    if hold and connection.dialect.name == "postgresql":
        query = query.with_for_update(of=reminders, skip_locked=True)
    return [Waiting(*row) for row in connection.execute(query)]


def done(connection: Connection, ids: Sequence[int], now_ms: int) -> None:
    """Note that they were acted on."""
    if ids:
        connection.execute(update(reminders).where(reminders.c.id.in_(ids)).values(done_at=now_ms))


def drop(connection: Connection, contact_id: int, now_ms: int) -> None:
    """End somebody's reminders."""
    connection.execute(
        update(reminders)
        .where(reminders.c.contact_id == contact_id, reminders.c.done_at.is_(None))
        .values(done_at=now_ms),
    )
