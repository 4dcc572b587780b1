"""Texts that came in: once each by (channel, the gateway's id), with the session they led to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from smsbot.storage.insert import insert_once
from smsbot.storage.tables import inbound

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from smsbot.values import InboundSms
    from smsbot.vault import Vault

BODY_CONTEXT = b"inbound.body"
SESSION_CONTEXT = b"inbound.session"
ANSWERED = "answered"
SILENT = "silent"


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
    return insert_once(
        connection,
        inbound,
        {
            "channel": channel,
            "gateway_id": event.gateway_id,
            "ref": ref,
            "contact_id": contact_id,
            "body_enc": vault.encrypt(event.text.encode(), BODY_CONTEXT),
            "network": event.network,
            "opt_hint": event.opt_hint.value if event.opt_hint else "",
            "received_at": now_ms,
            "state": ANSWERED,
            "answered_at": now_ms,
        },
    )


def last_session(
    connection: Connection, channel: str, contact_id: int, before_id: int, since_ms: int
) -> bytes | None:
    """Give the session that the text before this one led to, unless it is older than `since_ms`."""
    row = connection.execute(
        select(inbound.c.session_enc, inbound.c.received_at)
        .where(
            inbound.c.contact_id == contact_id,
            inbound.c.channel == channel,
            inbound.c.id < before_id,
        )
        .order_by(inbound.c.id.desc())
        .limit(1),
    ).first()
    return None if row is None or row.received_at < since_ms else row.session_enc


def settle(
    connection: Connection, inbound_id: int, *, session_enc: bytes | None, silent: bool
) -> None:
    """Note the session that a text led to, and whether it got no answer."""
    connection.execute(
        update(inbound)
        .where(inbound.c.id == inbound_id)
        .values(session_enc=session_enc, state=SILENT if silent else ANSWERED),
    )
