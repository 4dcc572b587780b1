"""Claims on outbox rows: taken before the HTTP call, settled after it, swept when forgotten.

A claim is one conditional UPDATE (on PostgreSQL over rows that nobody else holds), so two senders
never hold one row. Every UPDATE repeats the lattice of `sending/states.py` in its WHERE or CASE.
Rows travel as one JSON value: a statement per batch, whatever its size (SQLite 3.35 and later).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import text, update

from smsbot.storage.insert import say
from smsbot.storage.lists import among, list_of
from smsbot.storage.tables import messages
from smsbot.values import MessageState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, TextClause


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that this sender holds, with what it needs to go out. `msisdn_enc` is None if erased.

    What stands below it says whether a proactive message (priority 1 and above) may go now.
    """

    id: int
    ref: str
    purpose: str
    body_enc: bytes | None
    body_hash: str
    segments: int
    attempts: int
    msisdn_enc: bytes | None
    priority: int
    contact_id: int | None
    run_id: int | None
    batch: int | None
    expires_at: int | None
    timezone: str
    country: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one claimed row. `state` is a move from `sending`; `queued` needs `due_at`.

    `refund` takes the attempt back: the whole request was refused, so the row had no try of its own.
    """

    id: int
    state: MessageState
    reason: str = ""
    gateway_id: str = ""
    code: str = ""
    cost_micros: int | None = None
    currency: str = ""
    segments: int | None = None
    due_at: int | None = None
    refund: bool = False
    simulated: bool = False


# In the driver's words: with 500 rows, SQLAlchemy's list of parameters costs more than the claim.
_CLAIM = """
UPDATE messages SET state = 'sending', claim = ?, claimed_at = ?, attempts = attempts + 1
WHERE id {ids} AND state = 'queued'
  AND due_at <= ? AND (expires_at IS NULL OR expires_at > ?)
RETURNING id
"""  # due_at again: a pause may have come since the row was seen
_FREE = """= ANY(ARRAY(
  SELECT id FROM messages WHERE id = ANY(CAST(? AS bigint[])) AND state = 'queued'
  FOR UPDATE SKIP LOCKED))"""
_HELD = """
SELECT m.id, m.ref, m.purpose, COALESCE(m.body_enc, t.body_enc), m.body_hash, m.segments, m.attempts,
  c.msisdn_enc, m.priority, m.contact_id, m.campaign_run_id, m.batch, m.expires_at,
  COALESCE(c.timezone, ''), COALESCE(c.country, '')
FROM messages m LEFT JOIN contacts c ON c.id = m.contact_id LEFT JOIN texts t ON t.id = m.text_id
WHERE m.id {ids} ORDER BY m.id
"""


def claim(connection: Connection, ids: Sequence[int], by: str, now_ms: int) -> Sequence[Claimed]:
    """Take those of the rows that are still queued; give what sending them needs, by id.

    Commit before the first byte goes to a gateway. A row that another sender took, or that has
    expired, is left out.
    """
    ours = among(connection)
    free = ours if connection.dialect.name == "sqlite" else _FREE
    listed = list_of(connection, ids)
    taken = say(connection, _CLAIM.format(ids=free), by, now_ms, listed, now_ms, now_ms)
    held = taken.scalars().all()
    if not held:
        return []
    rows = say(connection, _HELD.format(ids=ours), list_of(connection, held))
    return [Claimed(*row) for row in rows]


def suppress(connection: Connection, ids: Sequence[int], reason: str, now_ms: int) -> None:
    """End claimed rows that must not go after all (in the transaction of their claim)."""
    connection.execute(
        update(messages)
        .where(messages.c.id.in_(ids), messages.c.state == MessageState.SENDING.value)
        .values(
            state=MessageState.SUPPRESSED.value,
            reason=reason,
            final_at=now_ms,
            attempts=messages.c.attempts - 1,
        ),
    )


def end(
    connection: Connection, ids: Sequence[int], state: MessageState, reason: str, now_ms: int
) -> None:
    """End claimed rows whose campaign is over (in the transaction of their claim)."""
    connection.execute(
        update(messages)
        .where(messages.c.id.in_(ids), messages.c.state == MessageState.SENDING.value)
        .values(
            state=state.value,
            reason=reason,
            final_at=now_ms,
            claim=None,
            claimed_at=None,
            attempts=messages.c.attempts - 1,
        ),
    )


@dataclass(frozen=True, slots=True)
class Waits:
    """A row that was claimed and must wait after all, until `due_at`."""

    id: int
    due_at: int


def _put_back(dialect: str) -> TextClause:
    return text(f"""
UPDATE messages SET state = 'queued', due_at = v.due_at, claim = NULL, claimed_at = NULL,
  attempts = messages.attempts - 1
FROM {rows_of(dialect, (("id", "bigint"), ("due_at", "bigint")))}
WHERE messages.id = v.id AND messages.claim = :by AND messages.state = 'sending'
""")  # noqa: S608  # our own words only


def put_back(connection: Connection, rows: Sequence[Waits], by: str) -> None:
    """Queue claimed rows again, as if nobody had claimed them (in the transaction of their claim)."""
    if rows:
        connection.execute(
            _put_back(connection.dialect.name), {"rows": orjson.dumps(rows).decode(), "by": by}
        )


_FIELDS = (
    ("id", "bigint"),
    ("state", "text"),
    ("reason", "text"),
    ("gateway_id", "text"),
    ("code", "text"),
    ("cost_micros", "bigint"),
    ("currency", "text"),
    ("segments", "integer"),
    ("due_at", "bigint"),
    ("refund", "boolean"),
    ("simulated", "boolean"),
)


def rows_of(dialect: str, fields: Sequence[tuple[str, str]]) -> str:
    """Give the FROM item `v` that reads `:rows`, a JSON list of objects, on this database."""
    if dialect == "sqlite":
        columns = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name, _ in fields)
        return f"(SELECT {columns} FROM json_each(:rows)) AS v"  # noqa: S608  # our own names
    columns = ", ".join(f"{name} {kind}" for name, kind in fields)
    return f"jsonb_to_recordset(CAST(:rows AS jsonb)) AS v({columns})"


# The answer of a row that the sweep called unknown still counts, but never brings it back to queued;
# a row that a receipt has moved on keeps its state and learns its gateway id and price.
_OPEN = """(messages.state = 'sending'
  OR messages.state = 'unknown' AND v.state NOT IN ('queued', 'unknown'))"""


def _settle(dialect: str) -> TextClause:
    return text(f"""
UPDATE messages SET
  state = CASE WHEN {_OPEN} THEN v.state ELSE messages.state END,
  reason = CASE WHEN {_OPEN} THEN v.reason ELSE messages.reason END,
  final_at = CASE WHEN {_OPEN} AND v.state IN ('failed', 'suppressed') THEN :now
    ELSE messages.final_at END,
  accepted_at = CASE WHEN v.state = 'accepted' THEN COALESCE(messages.accepted_at, :now)
    ELSE messages.accepted_at END,
  due_at = CASE WHEN messages.state = 'sending' THEN COALESCE(v.due_at, messages.due_at)
    ELSE messages.due_at END,
  claim = CASE WHEN v.state = 'unknown' THEN messages.claim ELSE NULL END,
  claimed_at = CASE WHEN messages.state = 'sending' AND v.state = 'queued' THEN NULL
    ELSE messages.claimed_at END,
  attempts = messages.attempts
    - CASE WHEN messages.state = 'sending' AND v.refund THEN 1 ELSE 0 END,
  gateway_id = COALESCE(NULLIF(v.gateway_id, ''), messages.gateway_id),
  gateway_code = CASE WHEN v.code = '' THEN messages.gateway_code ELSE v.code END,
  cost_micros = COALESCE(v.cost_micros, messages.cost_micros),
  currency = CASE WHEN v.currency = '' THEN messages.currency ELSE v.currency END,
  segments = COALESCE(v.segments, messages.segments),
  simulated = v.simulated
FROM {rows_of(dialect, _FIELDS)}
WHERE messages.id = v.id AND messages.claim = :by
""")  # noqa: S608  # our own words only


_SETTLE = {dialect: _settle(dialect) for dialect in ("sqlite", "postgresql")}
_LOCK = "SELECT id FROM messages WHERE id {ids} ORDER BY id FOR UPDATE"


def lock_in_order(connection: Connection, ids: Sequence[int]) -> None:
    """Lock rows by id, so that batches of answers and of receipts can't wait for each other."""
    if len(ids) > 1 and connection.dialect.name == "postgresql":
        say(connection, _LOCK.format(ids=among(connection)), list_of(connection, ids))


def settle(connection: Connection, rows: Sequence[Settled], by: str, now_ms: int) -> None:
    """Write what became of rows claimed by `by`. Twice is once; a state never moves back."""
    if not rows:
        return
    lock_in_order(connection, [row.id for row in rows])
    connection.execute(
        _SETTLE[connection.dialect.name], {"rows": rows_to_json(rows), "by": by, "now": now_ms}
    )


def rows_to_json(rows: Sequence[Settled]) -> str:
    """Give rows as the one parameter that `rows_of` reads."""
    return orjson.dumps(rows).decode()


_SWEEP = text(
    "UPDATE messages SET state = 'unknown', reason = 'lost' "
    "WHERE state = 'sending' AND claimed_at < :before",
)
_EXPIRE = """
UPDATE messages SET state = 'expired', reason = 'too_late', final_at = ? WHERE id IN (
  SELECT id FROM messages WHERE state = 'queued' AND expires_at <= ?
  ORDER BY expires_at LIMIT ? {locking})
"""


def sweep(connection: Connection, *, now_ms: int, lease_s: float) -> int:
    """Call claims older than the lease unknown; give their number.

    Whoever held them is gone, and whether the gateway has them nobody can say: they are not sent
    again. The claim stays on the row as evidence, and for the late answer of a sender that lives.
    """
    before = now_ms - int(lease_s * 1000)
    return connection.execute(_SWEEP, {"before": before}).rowcount


def expire(connection: Connection, now_ms: int, most: int) -> int:
    """End the first `most` queued rows whose time is over (`ix_messages_expiring`); give their number.

    A row that is being claimed or released at this moment is left for the next time.
    """
    locking = "FOR UPDATE SKIP LOCKED" if connection.dialect.name == "postgresql" else ""
    return say(connection, _EXPIRE.format(locking=locking), now_ms, now_ms, most).rowcount
