"""Campaigns that were ordered slower than their channel: which of their rows may be claimed now."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from smsbot.sessions.bucket import OwnRate
from smsbot.storage import run_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from smsbot.sessions.bucket import RateBucket
    from smsbot.storage.messages import Waiting
    from smsbot.values import Channel

_LOOK_AHEAD_S: Final = 0.08
"""A slot of its own may lie so far ahead of the channel's: what lies between stays empty."""
_REQUEST_S: Final = 0.25
"""A request is at most a quarter of the rate."""


class OwnRates:
    """The rates of the runs that one drain has seen; a run's rate never changes."""

    def __init__(self, channel: Channel, bucket: RateBucket) -> None:
        self._channel = channel
        self._bucket = bucket
        self._known: dict[int, OwnRate | None] = {}

    @property
    def slow(self) -> Mapping[int, OwnRate]:
        """The runs with a rate of their own."""
        return {run_id: own for run_id, own in self._known.items() if own is not None}

    def full(self, ahead_s: float) -> Sequence[int]:
        """Give the runs that have sent what they may; a call to Redis for each slow one."""
        most_s = max(ahead_s, _LOOK_AHEAD_S)
        return [
            run_id
            for run_id, own in self.slow.items()
            if self._bucket.own_ahead_s(self._channel.id, own) > most_s
        ]

    def within(self, connection: Connection, rows: Sequence[Waiting]) -> Sequence[Waiting]:
        """Give the rows without what is beyond the next request of each slow run."""
        self._learn(connection, {row.run_id for row in rows if row.run_id is not None})
        slow = self.slow
        return list(_first_of(rows, slow)) if slow else rows

    def _learn(self, connection: Connection, runs: set[int]) -> None:
        unknown = runs - self._known.keys()
        if not unknown:
            return
        rules = run_rules.of_runs(connection, unknown)
        for run_id in unknown:
            rate = rules[run_id].rate if run_id in rules else None
            is_slow = rate is not None and rate < self._channel.rate
            self._known[run_id] = OwnRate(run_id, rate) if rate and is_slow else None


def _first_of(rows: Iterable[Waiting], slow: Mapping[int, OwnRate]) -> Iterable[Waiting]:
    taken: Counter[int] = Counter()
    texts: dict[int, str] = {}
    for row in rows:
        own = slow.get(row.run_id) if row.run_id is not None else None
        if own is None:
            yield row
            continue
        after = taken[own.run_id] + row.segments
        is_first = own.run_id not in texts
        same_text = texts.setdefault(own.run_id, row.body_hash) == row.body_hash
        if is_first or (same_text and after <= own.rate * _REQUEST_S):
            taken[own.run_id] = after
            yield row
