"""The planner: each second, a worker is called to every channel whose campaigns have rows to let go.

Few jobs wait in Redis, however large a campaign is: one or two batches a run, and none while enough
rows wait that senders may claim. A sender at work feeds itself (`feeding.py`), so these calls begin
the work, and bring it back when a worker was killed or Redis was emptied. A batch whose job was lost
is called again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smsbot.campaigns.feeding import enough
from smsbot.storage import channel_states, messages, releases, run_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection

    from smsbot.storage.database import Database
    from smsbot.storage.releases import CalledBatch, OpenBatch
    from smsbot.values import Channel

CALL_AGAIN_MS: Final = 10_000
"""How long a job may wait or work before its batch is called again: harmless, but idle work."""
CALLED_AT_ONCE: Final = 2
"""How many batches of a run are called at a time."""


class Planner:
    """`call(run_id, number)` queues a job and says whether it could. Two planners do no harm."""

    def __init__(
        self,
        database: Database,
        channels: Mapping[str, Channel],
        call: Callable[[int, int], bool],
    ) -> None:
        self._database = database
        self._channels = channels
        self._call = call

    def tick(self, now_ms: int) -> int:
        """Call what is to be called; give how many jobs were queued."""
        with self._database.read() as connection:
            running = run_rules.running(connection)
            if not running:
                return 0
            called = releases.called(connection, now_ms)
            wanted = [
                batch
                for channel_id in sorted({rule.channel for rule in running.values()})
                for batch in self._wanted(connection, channel_id, called, now_ms)
            ]
        stale = [batch for batch in called if batch.called_at <= now_ms - CALL_AGAIN_MS]
        return sum(self._begin(batch, now_ms) for batch in wanted) + sum(
            self._again(batch, now_ms) for batch in stale
        )

    def _wanted(
        self,
        connection: Connection,
        channel_id: str,
        called: Sequence[CalledBatch],
        now_ms: int,
    ) -> list[OpenBatch]:
        channel = self._channels.get(channel_id)
        if channel is None or channel_states.find(connection, channel_id).paused_at is not None:
            return []
        most = enough(channel) // 2
        bulk = messages.PRIORITY_BULK
        if messages.count_waiting(connection, channel_id, bulk, now_ms, most) >= most:
            return []
        at_work = [batch.run_id for batch in called]
        found = releases.open_batches(connection, channel_id, now_ms, called=False)
        return [batch for batch in found if at_work.count(batch.run_id) < CALLED_AT_ONCE]

    def _begin(self, batch: OpenBatch, now_ms: int) -> bool:
        with self._database.write() as connection:
            if not releases.call(connection, batch, now_ms):
                return False
        if self._call(batch.run_id, batch.number):
            return True
        with self._database.write() as connection:
            releases.uncall(connection, batch)
        return False

    def _again(self, batch: CalledBatch, now_ms: int) -> bool:
        with self._database.write() as connection:
            if not releases.call_again(connection, batch, now_ms, CALL_AGAIN_MS):
                return False
        return self._call(batch.run_id, batch.number)
