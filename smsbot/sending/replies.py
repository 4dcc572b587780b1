"""Replies to what a person has just sent: queued in the caller's transaction, within bounds.

Two machines that answer each other would talk for ever, and a pumped range of numbers costs real
money. A reply over a bound is kept as a suppressed row with its reason, so that numbers add up.
The bounds per number are counted in SQL, in the same transaction, so neither a lost Redis nor a
repeated webhook moves them; only the block of numbers is counted in Redis (decision 081).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from smsbot.errors import RedisAway
from smsbot.storage.messages import PRIORITY_REPLY, NewMessage, add, seal, spoken_since

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from smsbot.values import Channel, Msisdn
    from smsbot.vault import Vault

SAME_TEXT_PER_HOUR = 5
LIFETIME_MS = 24 * 3600_000
"""A reply that could not leave for a day answers a question that nobody remembers."""
_HOUR_MS = 3600_000


class Capped(StrEnum):
    """Why a reply stays unsent; the words of `messages.reason`."""

    SAME_TEXT = "loop"
    NUMBER = "number_cap"
    PREFIX = "prefix_cap"


class Person(Protocol):
    """Whom a reply goes to: the stored contact."""

    @property
    def id(self) -> int:
        """The row of the contact."""

    @property
    def ref(self) -> str:
        """The keyed hash of the number."""


class CountsPrefixes(Protocol):
    """Counts replies by block of numbers (`sessions.bucket.PrefixCounter`)."""

    def count(self, channel: str, msisdn: Msisdn, now_ms: int) -> int:
        """Count one more; give the day's count, or raise RedisAway."""


@dataclass(frozen=True, slots=True)
class QueuedReply:
    """What became of a reply. `message_id` is None if this reply was queued before."""

    message_id: int | None
    capped: Capped | None = None


def queue_reply(
    connection: Connection,
    vault: Vault,
    channel: Channel,
    contact: Person,
    text: str,
    *,
    now_ms: int,
    dedupe_key: str,
    msisdn: Msisdn,
    prefixes: CountsPrefixes,
    purpose: str = "reply",
) -> QueuedReply:
    """Queue one text to the person who has just written; call it again and nothing is added.

    The caller commits it with the inbound row, and only then wakes the channel (`jobs.wake`).
    Costs two statements and one call to Redis.
    """
    sealed = seal(vault, text)
    spoken = spoken_since(
        connection,
        channel=channel.id,
        contact_id=contact.id,
        body_hash=sealed.body_hash,
        after_ms=now_ms - _HOUR_MS,
    )
    capped: Capped | None = None
    if spoken.same >= SAME_TEXT_PER_HOUR:
        capped = Capped.SAME_TEXT
    elif spoken.texts >= channel.replies_per_number_hour:
        capped = Capped.NUMBER
    elif _day_of_prefix(prefixes, channel, msisdn, now_ms) > channel.replies_per_prefix_day:
        capped = Capped.PREFIX
    new = NewMessage(
        channel=channel.id,
        contact_id=contact.id,
        ref=contact.ref,
        purpose=purpose,
        priority=PRIORITY_REPLY,
        text=sealed,
        dedupe_key=dedupe_key,
        expires_at=now_ms + LIFETIME_MS,
        suppressed="" if capped is None else capped.value,
    )
    return QueuedReply(add(connection, new, now_ms), capped)


def _day_of_prefix(prefixes: CountsPrefixes, channel: Channel, msisdn: Msisdn, now_ms: int) -> int:
    try:
        return prefixes.count(channel.id, msisdn, now_ms)
    except RedisAway:
        return 0  # the bounds per number hold without Redis; a person is not left without an answer
