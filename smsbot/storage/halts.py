"""Runs that are paused, resumed and cancelled: the run itself first, then its rows, batch by batch.

Statement plans: the queued rows of a batch by `ix_messages_run` (campaign_run_id, batch, state, reason),
so that a step touches one batch and no more, whatever the size of the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from smsbot.storage.insert import say
from smsbot.storage.messages import HELD_AT
from smsbot.storage.releases import commit_money, lock_run, take_back
from smsbot.values import RunState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

_ALIVE = """
SELECT id FROM campaign_runs WHERE campaign_id = ? AND state IN ('freezing', 'running', 'paused')
ORDER BY number DESC
"""
_PAUSE = """
UPDATE campaign_runs SET state = 'paused', paused_reason = ?, paused_at = ?
WHERE id = ? AND state IN ('freezing', 'running')
"""
_RESUME = """
UPDATE campaign_runs SET paused_reason = '', paused_at = NULL,
  state = CASE WHEN frozen_at IS NULL THEN 'freezing' ELSE 'running' END
WHERE id = ? AND state = 'paused'
"""
_CANCEL = """
UPDATE campaign_runs SET state = 'cancelled'
WHERE id = ? AND state IN ('freezing', 'running', 'paused')
"""
_CAMPAIGN_OF = "SELECT campaign_id FROM campaign_runs WHERE id = ?"
_REASON = "SELECT paused_reason FROM campaign_runs WHERE id = ?"


def lock_alive(connection: Connection, campaign_id: int) -> int | None:
    """Give the run of a campaign that is under way (there is one at most) and lock it.

    Runs are locked before their campaign, always: a release that pauses for its budget does so too.
    """
    found = say(connection, _ALIVE, campaign_id).first()
    if found is None:
        return None
    lock_run(connection, found[0])
    return int(found[0])


def campaign_of(connection: Connection, run_id: int) -> int:
    """Give the campaign of a run."""
    return int(say(connection, _CAMPAIGN_OF, run_id).scalar_one())


def pause_run(connection: Connection, run_id: int, reason: str, now_ms: int) -> bool:
    """Let nothing of the run go any more; say whether anything of it might have."""
    return say(connection, _PAUSE, reason, now_ms, run_id).rowcount == 1


def resume_run(connection: Connection, run_id: int) -> str | None:
    """Let the run go on; give why it was paused, or None if it was not."""
    reason = say(connection, _REASON, run_id).scalar()
    return str(reason) if say(connection, _RESUME, run_id).rowcount == 1 else None


def cancel_run(connection: Connection, run_id: int) -> bool:
    """End the run. It gets its `finished_at` when the last of its rows has ended."""
    return say(connection, _CANCEL, run_id).rowcount == 1


class Halting(NamedTuple):
    """A run whose rows may still have to follow its state."""

    run_id: int
    state: RunState


_HALTING = """
SELECT id, state FROM campaign_runs
WHERE state = 'paused' OR (state = 'cancelled' AND finished_at IS NULL) ORDER BY id
"""


def halting(connection: Connection) -> Sequence[Halting]:
    """Give the runs that are paused, and those that were cancelled and are not through with it."""
    return [Halting(run_id, RunState(state)) for run_id, state in say(connection, _HALTING)]


_LET_GO = """
SELECT number FROM campaign_batches b
WHERE run_id = ? AND (state = 'called' OR released_at IS NOT NULL AND EXISTS (
  SELECT 1 FROM messages m
  WHERE m.campaign_run_id = b.run_id AND m.batch = b.number AND m.state = 'queued' AND m.due_at < ?))
ORDER BY number LIMIT ?
"""
_UNENDED = """
SELECT number FROM campaign_batches b
WHERE run_id = ? AND EXISTS (
  SELECT 1 FROM messages m
  WHERE m.campaign_run_id = b.run_id AND m.batch = b.number AND m.state IN {states})
ORDER BY number LIMIT ?
"""


def batches_let_go(connection: Connection, run_id: int, limit: int) -> Sequence[int]:
    """Give batches that were called, or have rows that were let go and are not claimed."""
    return list(say(connection, _LET_GO, run_id, HELD_AT, limit).scalars())


def batches_queued(connection: Connection, run_id: int, limit: int) -> Sequence[int]:
    """Give batches that have queued rows."""
    return list(say(connection, _UNENDED.format(states="('queued')"), run_id, limit).scalars())


def hold(connection: Connection, run_id: int, number: int) -> int:
    """Hold the rows of a paused run's batch again; 0 if the run goes on meanwhile."""
    run = lock_run(connection, run_id)
    if run is None or run.state is not RunState.PAUSED:
        return 0
    return take_back(connection, run_id, number)


_END = """
UPDATE messages SET state = 'cancelled', final_at = ? WHERE id IN (
  SELECT id FROM messages WHERE campaign_run_id = ? AND batch = ? AND state = 'queued' {locking})
RETURNING CASE WHEN due_at < ? THEN COALESCE(price_micros, 0) ELSE 0 END
"""


def end(connection: Connection, run_id: int, number: int, now_ms: int) -> int:
    """Cancel the queued rows of a cancelled run's batch; give how many."""
    run = lock_run(connection, run_id)
    if run is None or run.state is not RunState.CANCELLED:
        return 0
    locking = "FOR UPDATE SKIP LOCKED" if connection.dialect.name == "postgresql" else ""
    sql = _END.format(locking=locking)
    prices = say(connection, sql, now_ms, run_id, number, HELD_AT).scalars().all()
    commit_money(connection, run_id, -sum(prices))
    return len(prices)


_FINISH = """
UPDATE campaign_runs SET finished_at = ? WHERE id = ? AND state = 'cancelled' AND finished_at IS NULL
"""


def finish_cancelled(connection: Connection, run_id: int, now_ms: int) -> bool:
    """Note that a cancelled run has nothing queued and nothing on its way; say whether that is so."""
    unended = _UNENDED.format(states="('queued', 'sending')")
    if say(connection, unended, run_id, 1).first() is not None:
        return False
    return say(connection, _FINISH, now_ms, run_id).rowcount == 1
