"""Enrolments and reminders: what a flow asked to happen later. Each once by its effect's key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.storage.insert import insert_if_new
from smsbot.storage.tables import enrolments, reminders

if TYPE_CHECKING:
    from sqlalchemy import Connection


def enrol(
    connection: Connection, contact_id: int, course: str, effect_key: str, now_ms: int
) -> bool:
    """Enrol a contact in a course; say whether this effect is new."""
    return insert_if_new(
        connection,
        enrolments,
        {"contact_id": contact_id, "course": course, "at": now_ms, "effect_key": effect_key},
    )


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
