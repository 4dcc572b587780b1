"""Every column of ciphertext in SQL, and what each is bound to: the list that `keys rotate` walks.

A test compares it with the tables, so that no `*_enc` column is ever forgotten.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, func, select, update

from smsbot.storage.contacts import MSISDN_CONTEXT
from smsbot.storage.inbound import BODY_CONTEXT as INBOUND_BODY
from smsbot.storage.inbound import SESSION_CONTEXT as INBOUND_SESSION
from smsbot.storage.messages import BODY_CONTEXT as MESSAGE_BODY
from smsbot.storage.reports import RAW_CONTEXT
from smsbot.storage.tables import contacts, inbound, messages, reports, texts, turns
from smsbot.storage.texts import SESSION_CONTEXT as TEXT_SESSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Column, ColumnElement, Connection

    from smsbot.vault import Vault

OPENING_CONTEXT = b"turns.opening"
"""What the ciphertext of a session's opening is bound to."""
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Sealed:
    """One column of ciphertext. `context` is what its values are encrypted with."""

    column: Column[bytes]
    context: bytes

    @property
    def name(self) -> str:
        """Give `table.column`."""
        return f"{self.column.table.name}.{self.column.name}"


SEALED = (
    Sealed(contacts.c.msisdn_enc, MSISDN_CONTEXT),
    Sealed(inbound.c.body_enc, INBOUND_BODY),
    Sealed(inbound.c.session_enc, INBOUND_SESSION),
    Sealed(messages.c.body_enc, MESSAGE_BODY),
    Sealed(reports.c.raw_enc, RAW_CONTEXT),
    Sealed(texts.c.body_enc, MESSAGE_BODY),
    Sealed(texts.c.session_enc, TEXT_SESSION),
    Sealed(turns.c.opening_enc, OPENING_CONTEXT),
)


@dataclass(frozen=True, slots=True)
class Resealed:
    """One batch: the rows sealed anew, and the key after which the next batch goes on."""

    rows: int
    after: object | None


def count_by_key(connection: Connection, sealed: Sealed) -> dict[str, int]:
    """Count the values of each key, by the key's id in hex. Reads the whole column."""
    key_id = func.substr(sealed.column, 1, 4)
    found = connection.execute(
        select(key_id, func.count()).where(sealed.column.is_not(None)).group_by(key_id),
    )
    return {bytes(key).hex(): rows for key, rows in found}


def reseal(connection: Connection, vault: Vault, sealed: Sealed, after: object | None) -> Resealed:
    """Encrypt one batch anew with the first key; a value that changes meanwhile is left alone.

    Raises CannotDecrypt for a value that none of the keys opens: nothing of the batch is changed then.
    """
    (key,) = sealed.column.table.primary_key
    statement = (
        select(key, sealed.column)
        .where(*_stale(sealed, key, vault, after))
        .order_by(key)
        .limit(BATCH)
    )
    found = connection.execute(statement).all()
    if not found:
        return Resealed(0, None)
    changes = [
        {
            "seal_key": number,
            "seal_old": bytes(old),
            "seal_fresh": vault.encrypt(vault.decrypt(bytes(old), sealed.context), sealed.context),
        }
        for number, old in found
    ]
    same = and_(key == bindparam("seal_key"), sealed.column == bindparam("seal_old"))
    change = (
        update(sealed.column.table)
        .where(same)
        .values({sealed.column.name: bindparam("seal_fresh")})
    )
    rows = connection.execute(change, changes).rowcount
    return Resealed(rows, found[-1][0] if len(found) == BATCH else None)


def _stale(
    sealed: Sealed, key: Column[int], vault: Vault, after: object | None
) -> Sequence[ColumnElement[bool]]:
    stale = (
        sealed.column.is_not(None),
        operator.ne(func.substr(sealed.column, 1, 4), vault.key_ids[0]),
    )
    return stale if after is None else (*stale, key > after)
