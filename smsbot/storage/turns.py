"""The journal's home in SQL: turns, and the USSD sessions that they make up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, or_, select, update

from smsbot.storage.insert import in_driver_words, say
from smsbot.storage.tables import turns, ussd_sessions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

LIVE = ""
ENDED = "end"
SILENCE = "silence"
LEFT = "left"


@dataclass(frozen=True, slots=True)
class Opening:
    """How a gateway session began. `sealed` is None once the day's retention has passed."""

    ref: str
    sealed: bytes | None


COLUMNS = (
    *("id", "channel", "session_ref", "ref", "number", "at", "version", "language", "network"),
    *("flow", "state", "to_flow", "to_state", "how", "option", "item", "answer_right", "ends"),
    "opening_enc",
)
"""The columns of a turn, in the order of the rows that `insert_turns` takes."""
_NAMES = ", ".join(COLUMNS)
_MARKS = ", ".join("?" * len(COLUMNS))
_INSERT = f"INSERT INTO turns ({_NAMES}) VALUES ({_MARKS}) ON CONFLICT DO NOTHING"  # noqa: S608
_UPSERT = """
INSERT INTO ussd_sessions
  (channel, session_ref, ref, started_at, last_at, turns, flow, state, ended)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (channel, session_ref) DO UPDATE SET
  turns = ussd_sessions.turns + excluded.turns,
  flow = CASE WHEN excluded.last_at >= ussd_sessions.last_at
    THEN excluded.flow ELSE ussd_sessions.flow END,
  state = CASE WHEN excluded.last_at >= ussd_sessions.last_at
    THEN excluded.state ELSE ussd_sessions.state END,
  ended = CASE WHEN excluded.last_at >= ussd_sessions.last_at
    THEN excluded.ended ELSE ussd_sessions.ended END,
  last_at = CASE WHEN excluded.last_at >= ussd_sessions.last_at
    THEN excluded.last_at ELSE ussd_sessions.last_at END
"""


def insert_turns(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> set[str]:
    """Store turns that SQL does not have yet; give the ids of these. Harmless when repeated.

    In the driver's own words: a country's turns pass here, and a compiled statement would double the
    cost of each row.
    """
    if not rows:
        return set()
    known = _known(connection, [row[0] for row in rows])
    fresh = {row[0]: row for row in rows if row[0] not in known}
    if fresh:
        connection.exec_driver_sql(in_driver_words(connection, _INSERT), list(fresh.values()))
    return set(fresh)


def insert_turn(connection: Connection, row: tuple[Any, ...]) -> None:
    """Store one turn that is new, or was stored before: one statement."""
    say(connection, _INSERT, *row)


def _known(connection: Connection, ids: Sequence[str]) -> set[str]:
    if connection.dialect.name == "postgresql":
        found = connection.exec_driver_sql("SELECT id FROM turns WHERE id = ANY(%s)", (list(ids),))
    else:
        marks = ", ".join("?" * len(ids))
        statement = f"SELECT id FROM turns WHERE id IN ({marks})"  # noqa: S608  # marks only
        found = connection.exec_driver_sql(statement, tuple(ids))
    return {row[0] for row in found}


def opening_of(connection: Connection, channel: str, session_ref: str) -> Opening | None:
    """Give what this gateway session opened with, or None when SQL never heard of it."""
    row = connection.execute(
        select(turns.c.ref, turns.c.opening_enc).where(
            turns.c.channel == channel,
            turns.c.session_ref == session_ref,
            turns.c.number == 0,
        ),
    ).first()
    return None if row is None else Opening(row.ref, row.opening_enc)


def left_unfinished_since(
    connection: Connection, channel: str, ref: str, since_ms: int, *, but: str
) -> bool:
    """Say whether the person has a session, other than `but`, that was live after `since_ms`."""
    row = connection.execute(
        select(ussd_sessions.c.session_ref)
        .where(
            ussd_sessions.c.channel == channel,
            ussd_sessions.c.ref == ref,
            ussd_sessions.c.last_at >= since_ms,
            ussd_sessions.c.session_ref != but,
            ussd_sessions.c.ended != ENDED,
        )
        .limit(1),
    ).first()
    return row is not None


def upsert_sessions(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Add turns to their USSD sessions: counts add up, the latest place wins.

    Each row: channel, session_ref, ref, started_at, last_at, turns, flow, state, ended.
    """
    if rows:
        connection.exec_driver_sql(in_driver_words(connection, _UPSERT), list(rows))


def close_silent(connection: Connection, before_ms: int, *, limit: int = 5000) -> int:
    """Mark sessions without a turn since `before_ms` as ended by silence; give how many."""
    stale = (
        select(ussd_sessions.c.channel, ussd_sessions.c.session_ref)
        .where(ussd_sessions.c.ended == LIVE, ussd_sessions.c.last_at < before_ms)
        .limit(limit)
    )
    keys = connection.execute(stale).all()
    for start in range(0, len(keys), 200):
        some = keys[start : start + 200]
        connection.execute(
            update(ussd_sessions)
            .where(
                or_(
                    *(
                        and_(ussd_sessions.c.channel == channel, ussd_sessions.c.session_ref == ref)
                        for channel, ref in some
                    )
                ),
                ussd_sessions.c.ended == LIVE,
                ussd_sessions.c.last_at < before_ms,
            )
            .values(ended=SILENCE),
        )
    return len(keys)


def note_gateway_end(
    connection: Connection,
    channel: str,
    session_ref: str,
    *,
    status: str,
    duration_ms: int | None,
    cost_micros: int | None,
) -> bool:
    """Enrich a session with the gateway's end record; give False when it is not known (yet)."""
    done = connection.execute(
        update(ussd_sessions)
        .where(ussd_sessions.c.channel == channel, ussd_sessions.c.session_ref == session_ref)
        .values(
            gateway_status=status[:16],
            duration_ms=func.coalesce(duration_ms, ussd_sessions.c.duration_ms),
            cost_micros=func.coalesce(cost_micros, ussd_sessions.c.cost_micros),
            ended=case(
                (ussd_sessions.c.ended.in_([LIVE, SILENCE]), LEFT), else_=ussd_sessions.c.ended
            ),
        ),
    )
    return done.rowcount > 0
