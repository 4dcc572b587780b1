"""Delivery reports: applied forward only, in any order, and parked while their message is unknown.

A gateway may report a message before it has answered the call that sent it; the row then has no
gateway id yet. Such a report waits in `receipts`, and is applied when the answer is settled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import bindparam, delete, select, text

from smsbot.storage.claims import lock_in_order, rows_of
from smsbot.storage.insert import insert_into
from smsbot.storage.tables import messages, receipts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, TextClause

    from smsbot.values import MessageState


@dataclass(frozen=True, slots=True)
class Known:
    """A message that receipts speak of."""

    id: int
    gateway_id: str | None
    state: str
    ref: str


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a receipt takes a message."""

    id: int
    state: MessageState
    gateway_id: str
    code: str


@dataclass(frozen=True, slots=True)
class Parked:
    """A receipt whose message was not known when it came. `state` is empty for a mere opt-out."""

    gateway_id: str
    state: str
    code: str
    opted_out: bool


_COLUMNS = (messages.c.id, messages.c.gateway_id, messages.c.state, messages.c.ref)
_BY_GATEWAY_ID = select(*_COLUMNS).where(
    messages.c.gateway_id.in_(bindparam("ids", expanding=True)),
    messages.c.channel == bindparam("channel"),
)
_BY_ID = select(*_COLUMNS).where(
    messages.c.id.in_(bindparam("ids", expanding=True)),
    messages.c.channel == bindparam("channel"),
)


def find(
    connection: Connection, channel: str, gateway_ids: Sequence[str], our_ids: Sequence[int]
) -> Sequence[Known]:
    """Give the messages of a channel with these gateway ids, and those with these ids of ours."""
    found: dict[int, Known] = {}
    for query, ids in ((_BY_GATEWAY_ID, gateway_ids), (_BY_ID, our_ids)):
        if ids:
            rows = connection.execute(query, {"ids": ids, "channel": channel})
            found.update((row.id, Known(*row)) for row in rows)
    return list(found.values())


_FIELDS = (("id", "bigint"), ("state", "text"), ("gateway_id", "text"), ("code", "text"))


def _move(dialect: str) -> TextClause:
    return text(f"""
UPDATE messages SET
  state = v.state,
  gateway_id = COALESCE(messages.gateway_id, v.gateway_id),
  gateway_code = CASE WHEN v.code = '' THEN messages.gateway_code ELSE v.code END,
  reason = CASE WHEN v.state IN ('accepted', 'delivered') THEN '' ELSE v.code END,
  accepted_at = COALESCE(messages.accepted_at, :now),
  final_at = CASE WHEN v.state = 'accepted' THEN messages.final_at ELSE :now END
FROM {rows_of(dialect, _FIELDS)}
WHERE messages.id = v.id AND (messages.state IN ('sending', 'unknown')
  OR messages.state = 'accepted' AND v.state <> 'accepted')
""")  # noqa: S608  # our own words only


_MOVE = {dialect: _move(dialect) for dialect in ("sqlite", "postgresql")}


def move(connection: Connection, rows: Sequence[Moved], now_ms: int) -> int:
    """Move messages on; give how many moved. What has moved further meanwhile stays."""
    if not rows:
        return 0
    lock_in_order(connection, [row.id for row in rows])
    return connection.execute(
        _MOVE[connection.dialect.name], {"rows": orjson.dumps(rows).decode(), "now": now_ms}
    ).rowcount


def park(connection: Connection, channel: str, rows: Sequence[Parked], now_ms: int) -> None:
    """Keep receipts until their message is known; the same word for the same id is kept once."""
    if not rows:
        return
    connection.execute(
        insert_into(connection.dialect.name, receipts).on_conflict_do_nothing(),
        [
            {
                "channel": channel,
                "gateway_id": row.gateway_id,
                "state": row.state,
                "code": row.code,
                "opted_out": row.opted_out,
                "at": now_ms,
            }
            for row in rows
        ],
    )


_PARKED = (
    select(
        receipts.c.id,
        receipts.c.gateway_id,
        receipts.c.state,
        receipts.c.code,
        receipts.c.opted_out,
    )
    .where(
        receipts.c.channel == bindparam("channel"),
        receipts.c.gateway_id.in_(bindparam("ids", expanding=True)),
    )
    .order_by(receipts.c.id)
)


def unpark(connection: Connection, channel: str, gateway_ids: Sequence[str]) -> Sequence[Parked]:
    """Take the parked receipts of these ids out of the table, in the order in which they came."""
    rows = connection.execute(_PARKED, {"channel": channel, "ids": gateway_ids}).fetchall()
    if rows:
        connection.execute(delete(receipts).where(receipts.c.id.in_([row.id for row in rows])))
    return [Parked(row.gateway_id, row.state, row.code, row.opted_out) for row in rows]


_FOUND = (
    select(receipts.c.channel, receipts.c.gateway_id)
    .distinct()
    .join(
        messages,
        (messages.c.gateway_id == receipts.c.gateway_id)
        & (messages.c.channel == receipts.c.channel),
    )
    .where(receipts.c.at > bindparam("after"))
    .limit(1000)
)


def parked_but_known(connection: Connection, after_ms: int) -> Sequence[tuple[str, str]]:
    """Give (channel, gateway id) of parked receipts whose message is known by now.

    On PostgreSQL a receipt and an answer that commit at the same moment miss each other.
    """
    return [(row[0], row[1]) for row in connection.execute(_FOUND, {"after": after_ms})]
