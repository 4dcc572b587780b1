"""Feeding the senders: while campaigns run, some seconds' worth of their rows may go, never more.

A sender whose channel runs low asks here for the next rows (`Feeder.feed`), so that the rate never
starves. Runs of one channel take turns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smsbot.campaigns.release import MOST, Outcome, release
from smsbot.storage import releases, run_rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from smsbot.clock import Clock
    from smsbot.storage.database import Database
    from smsbot.storage.releases import OpenBatch
    from smsbot.values import Channel

_FEWEST: Final = 200
_AHEAD_S: Final = 3.0
_FEWEST_OF_OWN_RATE: Final = 20
_FRUITLESS: Final = 5
"""How many batches that had nobody to go one call passes over."""


def enough(channel: Channel) -> int:
    """Give how many rows of campaigns may wait on a channel: what it sends in some seconds."""
    return max(_FEWEST, int(channel.rate * _AHEAD_S))


def portion(channel: Channel, own_rate: float | None) -> int:
    """Give how many rows one release lets go."""
    if own_rate is None:
        return min(MOST, enough(channel))
    return min(MOST, max(_FEWEST_OF_OWN_RATE, int(own_rate * _AHEAD_S)))


class Feeder:
    """Made once per process. Any number of processes may feed one channel."""

    def __init__(self, database: Database, channels: Mapping[str, Channel], clock: Clock) -> None:
        self._database = database
        self._channels = channels
        self._clock = clock
        self._last: dict[str, int] = {}

    def feed(self, channel_id: str) -> bool:
        """Release the next rows of a channel; say whether any may go now. Raises DatabaseAway."""
        channel = self._channels.get(channel_id)
        if channel is None:
            return False
        for _ in range(_FRUITLESS):
            now_ms = self._clock.now_ms()
            with self._database.read() as connection:
                found = self._hungry(connection, channel, now_ms)
            if not found:
                return False
            batch, most = self._in_turn(channel_id, found)
            self._last[channel_id] = batch.run_id
            done = release(
                self._database,
                batch.run_id,
                batch.number,
                now_ms=now_ms,
                channel=channel,
                most=most,
            )
            if done.went:
                return True
            if done.outcome is Outcome.BUDGET and len(found) == 1:
                return False
        return False

    def release(self, run_id: int, number: int) -> str | None:
        """Release the next rows of one batch; give the channel that may have something to send."""
        with self._database.read() as connection:
            rule = run_rules.of_runs(connection, [run_id]).get(run_id)
        channel = self._channels.get(rule.channel) if rule else None
        if rule is None or channel is None or not rule.is_running:
            return None
        release(
            self._database,
            run_id,
            number,
            now_ms=self._clock.now_ms(),
            channel=channel,
            most=portion(channel, rule.rate),
        )
        return rule.channel

    def _hungry(
        self, connection: Connection, channel: Channel, now_ms: int
    ) -> Sequence[tuple[OpenBatch, int]]:
        """Give the next batch of each run and how much of it; a slow run that has enough is none."""
        found = []
        batches = releases.open_batches(connection, channel.id, now_ms)
        rules = run_rules.of_runs(connection, [batch.run_id for batch in batches])
        for batch in batches:
            rate = rules[batch.run_id].rate
            most = portion(channel, rate)
            if rate is None or releases.let_go_near(connection, batch) < most:
                found.append((batch, most))
        return sorted(found, key=lambda pair: pair[0].run_id)

    def _in_turn(
        self, channel_id: str, found: Sequence[tuple[OpenBatch, int]]
    ) -> tuple[OpenBatch, int]:
        last = self._last.get(channel_id, 0)
        return next((pair for pair in found if pair[0].run_id > last), found[0])
