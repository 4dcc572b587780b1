"""Texts that many messages carry, sealed once: a campaign's words, a lesson, the first page of a flow.

A million rows of a campaign then hold a number each instead of 200 bytes. A text that begins a flow
keeps the SMS conversation after its first page, the same for everybody; whoever answers goes on from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from smsbot.storage.insert import insert_if_new, say
from smsbot.storage.messages import SealedText, seal
from smsbot.storage.tables import texts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from smsbot.vault import Vault

SESSION_CONTEXT = b"texts.session"
"""What the ciphertext of a conversation's place is bound to."""
_WAIT_MS = 31 * 86_400_000
"""How long before it is sent a row may have been made: a campaign's expiry is 30 days at most."""
_BEGUN = """
SELECT texts.session_enc FROM messages JOIN texts ON texts.id = messages.text_id
WHERE messages.contact_id = ? AND messages.created_at > ? AND messages.channel = ?
  AND messages.state IN ('sending', 'accepted', 'delivered', 'unknown')
  AND messages.claimed_at > ? AND texts.session_enc IS NOT NULL
ORDER BY messages.claimed_at DESC, messages.id DESC LIMIT 1
"""


def keep(
    connection: Connection,
    vault: Vault,
    *,
    key: str,
    language: str,
    text: str,
    now_ms: int,
    flow: str = "",
    version: str = "",
    session: bytes | None = None,
) -> SealedText:
    """Keep a text under a key (64 characters at most); give what a message row needs of it.

    The same key again gives the text that was kept first. `session` is the conversation that a reply
    goes on with, in clear (`sessions.live.to_plain`).
    """
    sealed = seal(vault, text)
    insert_if_new(
        connection,
        texts,
        {
            "key": key,
            "language": language,
            "body_enc": sealed.body_enc,
            "body_hash": sealed.body_hash,
            "encoding": sealed.encoding,
            "segments": sealed.segments,
            "flow": flow,
            "version": version,
            "session_enc": None if session is None else vault.encrypt(session, SESSION_CONTEXT),
            "created_at": now_ms,
        },
    )
    found = find(connection, key)
    assert found is not None
    return found


def find(connection: Connection, key: str) -> SealedText | None:
    """Give the text that is kept under a key, as a message row carries it, or None."""
    row = connection.execute(
        select(texts.c.body_hash, texts.c.encoding, texts.c.segments, texts.c.id).where(
            texts.c.key == key
        ),
    ).one_or_none()
    return None if row is None else SealedText(None, *row)


def begun(connection: Connection, channel: str, contact_id: int, after_ms: int) -> bytes | None:
    """Give the sealed conversation of the newest text since then that begins a flow, or None.

    Only what has left, or may have. Reads one contact's rows of a month by `ix_messages_contact_id`.
    """
    row = say(connection, _BEGUN, contact_id, after_ms - _WAIT_MS, channel, after_ms).first()
    return None if row is None else bytes(row[0])


def by_id(connection: Connection, ids: Iterable[int]) -> dict[int, SealedText]:
    """Give kept texts as message rows carry them."""
    rows = connection.execute(
        select(texts.c.id, texts.c.body_hash, texts.c.encoding, texts.c.segments).where(
            texts.c.id.in_(set(ids))
        ),
    )
    return {
        row.id: SealedText(None, row.body_hash, row.encoding, row.segments, row.id) for row in rows
    }
