"""Batches of a run on their way from frozen to released, and the money that goes with them.

Statement plans: the rows of a batch by `ix_messages_run` (campaign_run_id, batch, state, reason), open
batches by `ix_campaign_batches_open` (run_id, number). A held row has `due_at` HELD_AT, or HELD_AT and
the moment until which it must wait. Every change of batches begins with `lock_run`, so that two
releases of a run, or a release and a pause, come one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import select, text

from smsbot.storage.claims import rows_of
from smsbot.storage.insert import say
from smsbot.storage.lists import among, list_of
from smsbot.storage.messages import HELD_AT
from smsbot.storage.tables import campaign_runs
from smsbot.values import RunState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class RunRow:
    """What a release must know of its run."""

    id: int
    campaign_id: int
    state: RunState
    ends_at: int
    budget_micros: int | None
    committed_micros: int
    currency: str
    canary_until: int | None


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A frozen row, with what decides whether its person may be sent it now."""

    id: int
    contact_id: int | None
    run_id: int
    ref: str
    purpose: str
    priority: int
    expires_at: int | None
    segments: int
    price_micros: int | None
    is_erased: bool
    timezone: str
    country: str


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch that has rows to be released now."""

    run_id: int
    number: int


_RUN = select(*(campaign_runs.c[name] for name in RunRow.__slots__))


def lock_run(connection: Connection, run_id: int) -> RunRow | None:
    """Give the run and keep it as it is until the transaction ends; None if there is none."""
    query = _RUN.where(campaign_runs.c.id == run_id)
    if connection.dialect.name == "postgresql":
        query = query.with_for_update(key_share=True)  # rows of its batches may still be written
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    values = row._asdict()
    return RunRow(**(values | {"state": RunState(values["state"])}))


_BATCH = """
SELECT is_canary, EXISTS (SELECT 1 FROM campaign_batches c WHERE c.run_id = b.run_id AND c.is_canary)
FROM campaign_batches b WHERE run_id = ? AND number = ? AND state <> 'released'
"""


def is_held_for_canary(
    connection: Connection, run: RunRow, number: int, now_ms: int
) -> bool | None:
    """Say whether a batch waits for the canary's end; None: it is no open batch at all."""
    row = say(connection, _BATCH, run.id, number).one_or_none()
    if row is None:
        return None
    is_canary, has_canary = row
    until = run.canary_until
    return bool(has_canary and not is_canary and (until is None or until > now_ms))


_HELD = """
SELECT m.id, m.contact_id, m.campaign_run_id, m.ref, m.purpose, m.priority, m.expires_at, m.segments,
  m.price_micros, c.msisdn_enc IS NULL, COALESCE(c.timezone, ''), COALESCE(c.country, '')
FROM messages m LEFT JOIN contacts c ON c.id = m.contact_id
WHERE m.campaign_run_id = ? AND m.batch = ? AND m.state = 'queued'
  AND m.due_at BETWEEN ? AND ? AND (m.expires_at IS NULL OR m.expires_at > ?)
ORDER BY m.id LIMIT ?
"""


def held_rows(
    connection: Connection, run_id: int, number: int, now_ms: int, limit: int
) -> Sequence[HeldRow]:
    """Give the first rows of a batch that are held and need not wait any more."""
    bounds = (HELD_AT, HELD_AT + now_ms, now_ms, limit)
    return [HeldRow(*row) for row in say(connection, _HELD, run_id, number, *bounds)]


def let_go(connection: Connection, ids: Sequence[int], now_ms: int) -> None:
    """Make held rows due."""
    sql = f"UPDATE messages SET due_at = ? WHERE id {among(connection)} AND state = 'queued'"  # noqa: S608
    say(connection, sql, now_ms, list_of(connection, ids))


def let_wait(connection: Connection, until: Mapping[int, int]) -> None:
    """Keep rows held, and look at none of them before its moment."""
    if not until:
        return
    rows = [{"id": row_id, "due_at": HELD_AT + moment} for row_id, moment in until.items()]
    fields = (("id", "bigint"), ("due_at", "bigint"))
    connection.execute(
        text(
            f"UPDATE messages SET due_at = v.due_at FROM {rows_of(connection.dialect.name, fields)} "  # noqa: S608
            "WHERE messages.id = v.id AND messages.state = 'queued'"
        ),
        {"rows": orjson.dumps(rows).decode()},
    )


def let_none(connection: Connection, ids: Sequence[int], reason: str, now_ms: int) -> None:
    """End queued rows that must not go."""
    sql = (
        "UPDATE messages SET state = 'suppressed', reason = ?, final_at = ? "  # noqa: S608
        f"WHERE id {among(connection)} AND state = 'queued'"
    )
    say(connection, sql, reason, now_ms, list_of(connection, ids))


_NEXT = """
SELECT min(due_at) FROM messages
WHERE campaign_run_id = ? AND batch = ? AND state = 'queued' AND due_at >= ?
"""
_CLOSE = """
UPDATE campaign_batches SET state = 'released', due_at = 0, released_at = COALESCE(released_at, ?)
WHERE run_id = ? AND number = ?
"""
_KEEP_OPEN = """
UPDATE campaign_batches
SET state = 'frozen', due_at = ?, called_at = NULL, released_at = COALESCE(released_at, ?)
WHERE run_id = ? AND number = ?
"""


def close_or_keep(connection: Connection, run_id: int, number: int, now_ms: int) -> int | None:
    """Call a batch released once it holds nobody; else give when to look at it again (0: any time)."""
    first = say(connection, _NEXT, run_id, number, HELD_AT).scalar()
    if first is None:
        say(connection, _CLOSE, now_ms, run_id, number)
        return None
    again = int(first) - HELD_AT
    say(connection, _KEEP_OPEN, again, now_ms, run_id, number)
    return again


_TAKE_BACK = """
UPDATE messages SET due_at = ? WHERE id IN (
  SELECT id FROM messages
  WHERE campaign_run_id = ? AND batch = ? AND state = 'queued' AND due_at < ? {locking})
RETURNING COALESCE(price_micros, 0)
"""
_REOPEN = """
UPDATE campaign_batches SET state = 'frozen', due_at = 0, called_at = NULL, released_at = NULL
WHERE run_id = ? AND number = ?
"""


def take_back(connection: Connection, run_id: int, number: int) -> int:
    """Hold the rows of a batch that were let go and not claimed yet; give how many there were.

    A row that a sender is claiming at this moment is passed over: it is on its way. Lock the run
    before (`lock_run`).
    """
    locking = "FOR UPDATE SKIP LOCKED" if connection.dialect.name == "postgresql" else ""
    sql = _TAKE_BACK.format(locking=locking)
    prices = say(connection, sql, HELD_AT, run_id, number, HELD_AT).scalars().all()
    commit_money(connection, run_id, -sum(prices))
    say(connection, _REOPEN, run_id, number)
    return len(prices)


_HAS_LET_GO = """
SELECT 1 FROM campaign_batches b WHERE run_id = ? AND released_at IS NOT NULL AND EXISTS (
  SELECT 1 FROM messages m
  WHERE m.campaign_run_id = b.run_id AND m.batch = b.number AND m.state = 'queued' AND m.due_at < ?)
LIMIT 1
"""


def has_let_go(connection: Connection, run_id: int, before_ms: int) -> bool:
    """Say whether a row of the run was let go, is due before a moment and is not claimed yet."""
    return say(connection, _HAS_LET_GO, run_id, before_ms).first() is not None


_LET_GO_NEAR = """
SELECT count(*) FROM messages
WHERE campaign_run_id = ? AND batch BETWEEN ? AND ? AND state = 'queued' AND due_at < ?
"""
_NEAR = 2


def let_go_near(connection: Connection, batch: OpenBatch) -> int:
    """Count the rows of a run that were let go and not claimed, in this batch and the two before."""
    span = (batch.number - _NEAR, batch.number)
    return int(say(connection, _LET_GO_NEAR, batch.run_id, *span, HELD_AT).scalar_one())


_COMMIT = "UPDATE campaign_runs SET committed_micros = committed_micros + ? WHERE id = ?"


def commit_money(connection: Connection, run_id: int, micros: int) -> None:
    """Set money aside for rows that were let go; less than nothing gives it back."""
    if micros:
        say(connection, _COMMIT, micros, run_id)


_SENDING_RUNS = """
SELECT r.id, CASE WHEN r.canary_until <= ? THEN 0 ELSE 1 END FROM campaign_runs r
JOIN campaigns c ON c.id = r.campaign_id
WHERE r.state = 'running' AND r.frozen_at IS NOT NULL AND r.ends_at > ? AND c.channel = ?
ORDER BY r.id
"""
_OPEN = """
SELECT number FROM campaign_batches
WHERE run_id = ? AND state <> 'released' AND state {states} AND due_at <= ? {canary}
ORDER BY number LIMIT 1
"""
_IF_CANARY_IS_OVER = """AND (is_canary OR NOT EXISTS (
  SELECT 1 FROM campaign_batches k WHERE k.run_id = ? AND k.is_canary))"""


def open_batches(
    connection: Connection, channel: str, now_ms: int, *, called: bool = True
) -> Sequence[OpenBatch]:
    """Give the next batch of each run of a channel that may be released now.

    Without `called`, those that a job was queued for already are passed over.
    """
    found = []
    states = "IN ('frozen', 'called')" if called else "= 'frozen'"
    for run_id, watches_canary in say(connection, _SENDING_RUNS, now_ms, now_ms, channel).all():
        sql = _OPEN.format(states=states, canary=_IF_CANARY_IS_OVER if watches_canary else "")
        values = (run_id, now_ms, *([run_id] if watches_canary else []))
        row = say(connection, sql, *values).first()
        if row is not None:
            found.append(OpenBatch(run_id, row[0]))
    return found


_CALL = """
UPDATE campaign_batches SET state = 'called', called_at = ?
WHERE run_id = ? AND number = ? AND state = 'frozen'
"""
_UNCALL = """
UPDATE campaign_batches SET state = 'frozen', called_at = NULL
WHERE run_id = ? AND number = ? AND state = 'called'
"""
_RECALL = """
UPDATE campaign_batches SET called_at = ?
WHERE run_id = ? AND number = ? AND state = 'called' AND called_at <= ?
"""
_CALLED = """
SELECT b.run_id, b.number, b.called_at FROM campaign_batches b
JOIN campaign_runs r ON r.id = b.run_id
WHERE r.state = 'running' AND r.ends_at > ? AND b.state = 'called' ORDER BY b.run_id, b.number
"""


@dataclass(frozen=True, slots=True)
class CalledBatch:
    """A batch that a job was queued for."""

    run_id: int
    number: int
    called_at: int


def call(connection: Connection, batch: OpenBatch, now_ms: int) -> bool:
    """Note that a job is queued for a frozen batch; of two callers one gets True."""
    return say(connection, _CALL, now_ms, batch.run_id, batch.number).rowcount == 1


def uncall(connection: Connection, batch: OpenBatch) -> None:
    """Note that no job could be queued."""
    say(connection, _UNCALL, batch.run_id, batch.number)


def called(connection: Connection, now_ms: int) -> Sequence[CalledBatch]:
    """Give the called batches of running runs."""
    return [CalledBatch(*row) for row in say(connection, _CALLED, now_ms)]


def call_again(connection: Connection, batch: CalledBatch, now_ms: int, after_ms: int) -> bool:
    """Note that a job is queued once more for a batch whose call is older; of two one gets True."""
    found = say(connection, _RECALL, now_ms, batch.run_id, batch.number, now_ms - after_ms)
    return found.rowcount == 1
