"""Numbers that change hands: operators sell a silent number again after some months.

After a long silence whoever writes is taken for a new owner: nothing that was agreed, told or reported
before is theirs. The language stays as a first guess, to be asked again; a STOP stays in force.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.storage import erasure

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from smsbot.storage.contacts import Contact
    from smsbot.storage.profiles import Profile

SILENCE_DAYS = 180
_DAY_MS = 86_400_000


def looks_reassigned(
    person: Contact | Profile, now_ms: int, *, silence_days: int = SILENCE_DAYS
) -> bool:
    """Say whether the silence before this moment is long enough for a new owner.

    Whoever came with a list and was never heard is silent since the list.
    """
    silent_since = max(person.last_seen_at, person.created_at)
    return now_ms - silent_since > silence_days * _DAY_MS


def check_reassigned(
    connection: Connection, contact: Contact, now_ms: int, *, silence_days: int = SILENCE_DAYS
) -> bool:
    """Hand the number to a new owner if it was silent for long; say whether it was.

    Call it before `contacts.touch` and read the contact again when it gives True: `owner_since` moved.
    """
    if not looks_reassigned(contact, now_ms, silence_days=silence_days):
        return False
    return erasure.end_ownership(
        connection, contact.id, now_ms, silent_since=now_ms - silence_days * _DAY_MS
    )
