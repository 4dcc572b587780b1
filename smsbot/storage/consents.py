"""Consents: an append-only log per purpose. The newest row of a purpose holds; a "no" is a row too.

Once a number has changed hands (`owner_since` is after `created_at`), rows from before that are a
former owner's word and count for nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select

from smsbot.storage.insert import insert_if_new
from smsbot.storage.tables import consents, contacts

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

PERSON = "person"
"""The actor when the person said it, not a file that was imported."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What proves a consent or a refusal: when, where, which words, in which language, by whom.

    `text_version` is the content version whose words were shown; `source` is flow/state, the
    keyword, or the hash of a proof file. `effect_key` makes a repeated turn one row.
    """

    at: int
    channel: str
    text_version: str
    language: str
    source: str
    effect_key: str | None = None
    actor: str = PERSON


def grant(connection: Connection, contact_id: int, purpose: str, evidence: Evidence) -> bool:
    """Record a yes; say whether it is new (False: this effect was recorded before)."""
    return _append(connection, contact_id, purpose, evidence, granted=True)


def withdraw(connection: Connection, contact_id: int, purpose: str, evidence: Evidence) -> bool:
    """Record a no, or the end of a yes; say whether it is new."""
    return _append(connection, contact_id, purpose, evidence, granted=False)


def withdraw_all(connection: Connection, contact_id: int, evidence: Evidence) -> int:
    """End every purpose that holds; give how many."""
    held = [purpose for purpose, granted in current(connection, contact_id).items() if granted]
    for purpose in held:
        withdraw(
            connection, contact_id, purpose, replace(evidence, effect_key=_key(evidence, purpose))
        )
    return len(held)


def _key(evidence: Evidence, purpose: str) -> str | None:
    """Give one key per purpose out of the key of the act, within the column's 64 characters."""
    if evidence.effect_key is None:
        return None
    return hashlib.sha256(f"{evidence.effect_key}:{purpose}".encode()).hexdigest()


def current(connection: Connection, contact_id: int) -> dict[str, bool]:
    """Give what this owner of the number last said, by purpose; a purpose never asked is absent."""
    statement = (
        select(consents.c.purpose, consents.c.granted)
        .join(contacts, contacts.c.id == consents.c.contact_id)
        .where(contacts.c.id == contact_id, holds())
        .order_by(consents.c.purpose)
    )
    return {row.purpose: row.granted for row in connection.execute(statement)}


def is_known_purpose(connection: Connection, purpose: str) -> bool:
    """Say whether anybody was ever asked for this purpose. Reads all consents for one nobody was."""
    asked = select(consents.c.id).where(consents.c.purpose == purpose).limit(1)
    return connection.execute(asked).first() is not None


def holds() -> ColumnElement[bool]:
    """Give the condition that a consents row, joined to its contact, is the one that counts."""
    newer = consents.alias("newer")
    newest = (
        select(func.max(newer.c.id))
        .where(newer.c.contact_id == consents.c.contact_id, newer.c.purpose == consents.c.purpose)
        .correlate(consents)
        .scalar_subquery()
    )
    return and_(is_of_the_owner(), consents.c.id == newest)


def is_of_the_owner() -> ColumnElement[bool]:
    """Give the condition that a consents row, joined to its contact, is the present owner's word.

    A form may be older than the first call: while a number never changed hands, any date will do.
    """
    return or_(
        consents.c.at >= contacts.c.owner_since, contacts.c.owner_since <= contacts.c.created_at
    )


def _append(
    connection: Connection, contact_id: int, purpose: str, evidence: Evidence, *, granted: bool
) -> bool:
    return insert_if_new(
        connection,
        consents,
        {
            "contact_id": contact_id,
            "purpose": purpose,
            "granted": granted,
            "at": evidence.at,
            "channel": evidence.channel,
            "text_version": evidence.text_version,
            "language": evidence.language,
            "actor": evidence.actor,
            "source": evidence.source,
            "effect_key": evidence.effect_key,
        },
    )
