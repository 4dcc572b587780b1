"""What the ticker does for sending, every second or so: nothing that waits is forgotten.

Everything here may run twice, on two machines at once, or never for a while: rows say what is left.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from smsbot import metrics
from smsbot.sending.receipts import settle_missed
from smsbot.storage import claims, messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from smsbot.sending.duties import Duties
    from smsbot.storage.database import Database

LEASE_S: Final = 60.0
"""How long a claim may be out. A request ends within 14 s, and a slot is never 5 s away."""
_PIECE: Final = 1000
_PIECES: Final = 50
_REST_S: Final = 0.02
_QUEUED = text("SELECT count(*) FROM messages WHERE state = 'queued'")
_SENDING = text("SELECT count(*) FROM messages WHERE state = 'sending'")


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found: forgotten claims, messages past their time, receipts that were missed."""

    unknown: int
    expired: int
    receipts: int


def wake_waiting(
    database: Database,
    channels: Iterable[str],
    wake: Callable[[str], bool],
    now_ms: int,
) -> int:
    """Call a worker to each channel that has something due; give how many calls were made.

    This is what carries messages whose wake-up call was lost, that were put back for a pause, or
    that are due at a time. A channel that is awake costs one query and one call to Redis.
    """
    with database.read() as connection:
        due = [channel for channel in channels if messages.has_waiting(connection, channel, now_ms)]
    return sum(wake(channel) for channel in due)


def sweep(database: Database, duties: Duties, now_ms: int, *, lease_s: float = LEASE_S) -> Swept:
    """Settle what nobody else will: claims of the dead, messages past their time, early receipts."""
    with database.write() as connection:
        unknown = claims.sweep(connection, now_ms=now_ms, lease_s=lease_s)
        receipts = settle_missed(connection, now_ms, duties)
    return Swept(unknown, _expire(database, now_ms), receipts)


def _expire(database: Database, now_ms: int) -> int:
    """End what is too late, a piece at a time: a campaign of a million may end unsent at night."""
    expired = 0
    for _ in range(_PIECES):
        with database.write() as connection:
            ended = claims.expire(connection, now_ms, _PIECE)
        expired += ended
        if ended < _PIECE:
            break
        time.sleep(_REST_S)
    return expired


def measure(database: Database) -> None:
    """Set the levels of the outbox for the metrics. Reads two small indexes."""
    with database.read() as connection:
        metrics.level("queued", connection.execute(_QUEUED).scalar_one())
        metrics.level("sending", connection.execute(_SENDING).scalar_one())
