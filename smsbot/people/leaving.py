"""Erasing a person for whom an operator was asked by letter, by phone or at a desk (R18).

The same as DELETE by SMS, without its code: who asks has been identified by the operator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smsbot.people import rights
from smsbot.storage import contacts, suppressions

if TYPE_CHECKING:
    from smsbot.people.rights import RandBelow
    from smsbot.storage.database import Database
    from smsbot.values import Msisdn
    from smsbot.vault import Vault

CHANNEL = "operator"
"""What the suppression says of where the wish came in."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What was found. `erased_at` is set when the person had been erased before, in milliseconds."""

    ref: str
    was_known: bool
    erased_at: int | None = None


def erase_number(
    database: Database,
    vault: Vault,
    msisdn: Msisdn,
    *,
    randbelow: RandBelow,
    actor: str,
    now_ms: int,
) -> Erased:
    """Erase whoever has this number; harmless for a stranger, and for one who was erased before.

    The caller must drop the live sessions of `ref` from Redis when `was_known`.
    """
    ref = vault.ref(msisdn)
    with database.write() as connection:
        contact = contacts.find(connection, ref)
        if contact is None:
            return Erased(ref, False, suppressions.erased_at(connection, ref))
        contacts.lock(connection, contact.id)
        rights.erase(
            connection,
            contact,
            randbelow=randbelow,
            channel=CHANNEL,
            now_ms=now_ms,
            actor=actor,
        )
    return Erased(ref, was_known=True)
