"""What is stored about a person, counted: the facts of a MYDATA answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from smsbot.storage import consents
from smsbot.storage.reports import count_of
from smsbot.storage.tables import inbound, messages, turns

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from smsbot.storage.contacts import Contact


@dataclass(frozen=True, slots=True)
class Holdings:
    """Counts since the present owner of the number was first seen, and what they agree to."""

    reports: int
    texts_received: int
    texts_sent: int
    menu_steps: int
    agreed: tuple[str, ...]


def holdings(connection: Connection, contact: Contact) -> Holdings:
    """Count the rows of this owner; a former owner's are not counted."""
    since = contact.owner_since
    received = select(func.count()).where(
        inbound.c.contact_id == contact.id, inbound.c.received_at >= since
    )
    sent = select(func.count()).where(
        messages.c.contact_id == contact.id, messages.c.created_at >= since
    )
    steps = select(func.count()).where(turns.c.ref == contact.ref, turns.c.at >= since)
    said = consents.current(connection, contact.id)
    return Holdings(
        reports=count_of(connection, contact.id, since),
        texts_received=connection.execute(received).scalar_one(),
        texts_sent=connection.execute(sent).scalar_one(),
        menu_steps=connection.execute(steps).scalar_one(),
        agreed=tuple(purpose for purpose, granted in said.items() if granted),
    )
