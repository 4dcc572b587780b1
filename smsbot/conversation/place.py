"""Where a text from a person goes on: in the conversation of their last text, or in one that we began.

A campaign or a lesson sends the first text of a flow. Whoever answers it goes on from there, if it is
newer than anything they wrote to us since (docs/decisions/126).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.engine.model import Person
from smsbot.errors import CannotDecrypt, StaleSession
from smsbot.sessions.live import from_plain
from smsbot.storage import inbound, texts
from smsbot.storage.profiles import profile

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from smsbot.conversation.meaning import TextTurn
    from smsbot.sessions.live import Live
    from smsbot.storage.contacts import Contact
    from smsbot.vault import Vault

SILENCE_MS = 24 * 3600 * 1000
"""An SMS conversation without an answer for this long is over."""
ANSWERABLE_MS = 14 * 86_400_000
"""How long a text that begins a flow waits for its first answer: a booster is not read at once."""


def of(
    connection: Connection, vault: Vault, turn: TextTurn, contact: Contact, inbound_id: int
) -> Live | None:
    """Give the conversation that waits for this text, if one does."""
    last = inbound.last(connection, turn.channel.id, contact.id, inbound_id)
    heard_at = last.received_at if last else 0
    since = max(turn.now_ms - ANSWERABLE_MS, contact.owner_since - 1, heard_at)
    begun = texts.begun(connection, turn.channel.id, contact.id, since)
    if begun is not None:
        live = _opened(vault, begun, texts.SESSION_CONTEXT)
        if live is not None:
            live.session.person = person(connection, turn, contact)
            return live
    if last is None or last.session_enc is None or last.received_at < turn.now_ms - SILENCE_MS:
        return None
    live = _opened(vault, last.session_enc, inbound.SESSION_CONTEXT)
    return live if live is not None and live.owner_since == contact.owner_since else None


def person(connection: Connection, turn: TextTurn, contact: Contact) -> Person:
    """Give what a flow may know of the person who wrote."""
    known = profile(connection, turn.ref)
    return Person(
        country=contact.country or turn.channel.country,
        network=turn.network or contact.network,
        region=contact.region,
        consents=known.consents if known else (),
        asked=known.asked if known else (),
        tags=known.tags if known else (),
    )


def _opened(vault: Vault, sealed: bytes, context: bytes) -> Live | None:
    try:
        live = from_plain(vault.decrypt(sealed, context), 0)
    except (CannotDecrypt, StaleSession):
        return None
    return None if live.session.ended else live
