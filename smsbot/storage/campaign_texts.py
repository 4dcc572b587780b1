"""The sealed texts of a campaign, by language: what was submitted, approved and is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, insert, select

from smsbot.storage.messages import BODY_CONTEXT
from smsbot.storage.tables import campaign_texts, texts
from smsbot.storage.texts import SESSION_CONTEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from smsbot.vault import Vault


def put(connection: Connection, campaign_id: int, text_ids: Mapping[str, int]) -> None:
    """Note which text is the campaign's in each language."""
    rows = [
        {"campaign_id": campaign_id, "language": language, "text_id": text_id}
        for language, text_id in text_ids.items()
    ]
    connection.execute(insert(campaign_texts), rows)


def forget(connection: Connection, campaign_id: int) -> None:
    """Take away the texts of a campaign that was never launched, with their ciphertext."""
    mine = select(campaign_texts.c.text_id).where(campaign_texts.c.campaign_id == campaign_id)
    gone = list(connection.scalars(mine))
    connection.execute(delete(campaign_texts).where(campaign_texts.c.campaign_id == campaign_id))
    still_used = exists().where(campaign_texts.c.text_id == texts.c.id)
    connection.execute(delete(texts).where(texts.c.id.in_(gone), ~still_used))


def opened(
    connection: Connection, vault: Vault, campaign_id: int
) -> dict[str, tuple[str, str, str, bytes | None]]:
    """Give the sealed texts in clear: (text, flow, content version, conversation) by language."""
    rows = connection.execute(
        select(
            campaign_texts.c.language,
            texts.c.body_enc,
            texts.c.flow,
            texts.c.version,
            texts.c.session_enc,
        )
        .join(texts, texts.c.id == campaign_texts.c.text_id)
        .where(campaign_texts.c.campaign_id == campaign_id)
    )
    return {
        row.language: (
            vault.decrypt(bytes(row.body_enc), BODY_CONTEXT).decode(),
            row.flow,
            row.version,
            None
            if row.session_enc is None
            else vault.decrypt(bytes(row.session_enc), SESSION_CONTEXT),
        )
        for row in rows
    }
