"""Wake-up flags: at most one send job per channel is pending or at work, however many texts come.

`smsbot:wake:<channel>` exists while a send job of the channel is queued or draining. A job renews it
as it works, drops it when it finds nothing, and then looks once more: whoever queued a row before
that look is served, whoever comes after finds no flag and wakes anew. A flag whose job was lost
expires, and the ticker wakes the channel again, so nothing depends on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smsbot.sessions.client import PREFIX, answering
from smsbot.sessions.link import Link

if TYPE_CHECKING:
    import redis

PENDING_S: Final = 10
"""How long a job may wait for a worker before another is queued beside it: harmless."""
WORKING_S: Final = 10
"""How long after a killed worker's last sign of life its channel is woken again."""


class WakeFlags:
    """Flags by channel. Every method raises RedisAway."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._link = Link(client.connection_pool, restart_patience_s=0.0)

    def raise_flag(self, channel: str) -> bool:
        """Set the flag; say whether it was down, so that the caller must queue the job."""
        key = f"{PREFIX}wake:{channel}"
        return self._link.call("SET", key, "1", "NX", "EX", PENDING_S) is not None

    def renew(self, channel: str) -> None:
        """Say that a job is at work on the channel."""
        with answering():
            self._client.set(f"{PREFIX}wake:{channel}", b"1", ex=WORKING_S)

    def rest(self, channel: str, seconds: float) -> None:
        """Let nobody be woken for the channel for a while: its gateway asked for a pause."""
        with answering():
            self._client.set(f"{PREFIX}wake:{channel}", b"1", px=max(1, int(seconds * 1000)))

    def lower(self, channel: str) -> None:
        """Drop the flag: the next text wakes a job again."""
        with answering():
            self._client.delete(f"{PREFIX}wake:{channel}")
