"""What the guards of a running campaign look at: its canary, and who left after its message.

Statement plans: the canary's rows by `ix_messages_run` (run, batch), some 1 % of the run. Who left is
found from `ix_contacts_left` (opted_out_at), then each one's rows by `ix_messages_contact_id`: it costs
as much as people left since the launch, whatever the size of the campaign. `CROSS JOIN` keeps SQLite to
that order.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import exists, select, text, update

from smsbot.storage.messages import HELD_AT
from smsbot.storage.standings import LOST
from smsbot.storage.tables import campaign_batches, campaign_runs
from smsbot.values import MessageState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

_ANSWERED: Final = ("accepted", "delivered", "failed", "undelivered", "unknown")
_CANARY_BATCHES = "(SELECT number FROM campaign_batches WHERE run_id = :run AND is_canary)"


@dataclass(frozen=True, slots=True)
class CanaryLook:
    """The canary's people: those with an answer by state, and those without one.

    `waiting` may go now, `later` must wait for their hour. `last_at` is when the last of the answered
    was sent, or had its answer if it never was; None when there is nobody. Who is unknown because a
    sender died is in none of these.
    """

    answered: Mapping[str, int]
    waiting: int
    later: int
    last_at: int | None


def has_canary(connection: Connection, run_id: int) -> bool:
    """Say whether a part of the run goes first."""
    found = exists().where(campaign_batches.c.run_id == run_id, campaign_batches.c.is_canary)
    return bool(connection.execute(select(found)).scalar_one())


_CANARY = text(f"""
SELECT state, count(*) AS people,
  SUM(CASE WHEN state = 'sending' OR state = 'queued' AND (due_at <= :now
    OR due_at BETWEEN {HELD_AT} AND {HELD_AT} + :now) THEN 1 ELSE 0 END) AS waiting,
  MAX(COALESCE(accepted_at, final_at, claimed_at)) AS last_at
FROM messages
WHERE campaign_run_id = :run AND batch IN {_CANARY_BATCHES}
  AND NOT (state = 'unknown' AND reason = '{LOST}')
GROUP BY state
""")  # noqa: S608  # our own words


def look_at_canary(connection: Connection, run_id: int, now_ms: int) -> CanaryLook:
    """Count the canary's people."""
    answered: Counter[str] = Counter()
    waiting = later = 0
    last = []
    for row in connection.execute(_CANARY, {"run": run_id, "now": now_ms}):
        waiting += row.waiting
        if row.state == MessageState.QUEUED:
            later = row.people - row.waiting
        if row.state in _ANSWERED:
            answered[row.state] += row.people
            last.append(row.last_at or 0)
    return CanaryLook(dict(answered), waiting, later, max(last, default=None))


def end_canary(connection: Connection, run_id: int, now_ms: int) -> bool:
    """Let the rest of a run go; say whether this call did."""
    ended = connection.execute(
        update(campaign_runs)
        .where(campaign_runs.c.id == run_id, campaign_runs.c.canary_until.is_(None))
        .values(canary_until=now_ms),
    )
    return ended.rowcount == 1


def _left(which: str) -> str:
    return f"""
SELECT count(*) FROM contacts AS c CROSS JOIN messages AS m
WHERE c.opted_out_at IS NOT NULL AND c.opted_out_at >= :since
  AND m.contact_id = c.id AND m.campaign_run_id = :run {which}
  AND m.state IN ('accepted', 'delivered', 'undelivered', 'unknown')
  AND c.opted_out_at >= COALESCE(m.accepted_at, m.claimed_at)"""  # noqa: S608  # our own words


_LEFT = text(_left(""))
_LEFT_CANARY = text(_left(f"AND m.batch IN {_CANARY_BATCHES}"))


def left_since(connection: Connection, run_id: int, since_ms: int, *, canary: bool = False) -> int:
    """Count the people of a run (or of its canary) who said STOP after its message."""
    query = _LEFT_CANARY if canary else _LEFT
    return int(connection.execute(query, {"run": run_id, "since": since_ms}).scalar_one())
