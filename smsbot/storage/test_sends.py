"""Test sends of campaigns: how many a phone had of late.

Statement plan: one contact's newest rows by `ix_messages_contact_id` (contact_id, created_at).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from smsbot.storage.tables import messages

if TYPE_CHECKING:
    from sqlalchemy import Connection

KEY: Final = "test:"
"""How the dedupe keys of tests begin."""


def count_since(connection: Connection, contact_id: int, after_ms: int) -> int:
    """Count the tests that a contact was sent after a moment."""
    return connection.execute(
        select(func.count())
        .select_from(messages)
        .where(
            messages.c.contact_id == contact_id,
            messages.c.created_at > after_ms,
            messages.c.dedupe_key.startswith(KEY, autoescape=True),
        )
    ).scalar_one()
