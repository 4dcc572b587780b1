"""Texts that came in: once each by (channel, the gateway's id), with the session they led to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from smsbot.storage.insert import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from smsbot.values import InboundSms
    from smsbot.vault import Vault

BODY_CONTEXT = b"inbound.body"
SESSION_CONTEXT = b"inbound.session"
ANSWERED = "answered"
SILENT = "silent"
_STORE = f"""
INSERT INTO inbound (channel, gateway_id, ref, contact_id, body_enc, network, opt_hint, received_at,
  state, answered_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, '{ANSWERED}', ?) ON CONFLICT DO NOTHING RETURNING id
"""  # noqa: S608  # our own words only
_LAST = """
SELECT session_enc, received_at FROM inbound WHERE contact_id = ? AND channel = ? AND id < ?
ORDER BY id DESC LIMIT 1
"""
_SETTLE = "UPDATE inbound SET session_enc = ?, state = ? WHERE id = ?"


def store(
    connection: Connection,
    vault: Vault,
    channel: str,
    event: InboundSms,
    *,
    ref: str,
    contact_id: int,
    now_ms: int,
) -> int | None:
    """Keep a text; give its row, or None when this (channel, gateway id) is there already."""
    row = say(
        connection,
        _STORE,
        channel,
        event.gateway_id,
        ref,
        contact_id,
        vault.encrypt(event.text.encode(), BODY_CONTEXT),
        event.network,
        event.opt_hint.value if event.opt_hint else "",
        now_ms,
        now_ms,
    ).first()
    return None if row is None else int(row[0])


class Last(NamedTuple):
    """A person's last text on a channel: when it came, and the session that it led to, sealed."""

    received_at: int
    session_enc: bytes | None


def last(connection: Connection, channel: str, contact_id: int, before_id: int) -> Last | None:
    """Give the text before this one, or None when this is the first."""
    row = say(connection, _LAST, contact_id, channel, before_id).first()
    return None if row is None else Last(row[1], None if row[0] is None else bytes(row[0]))


def settle(
    connection: Connection, inbound_id: int, *, session_enc: bytes | None, silent: bool
) -> None:
    """Note the session that a text led to, and whether it got no answer."""
    say(connection, _SETTLE, session_enc, SILENT if silent else ANSWERED, inbound_id)
