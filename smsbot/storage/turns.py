"""The journal's home in SQL: turns, and the USSD sessions that they make up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from smsbot.storage.insert import insert_many_if_new
from smsbot.storage.tables import turns, ussd_sessions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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


def _insert(connection: Connection, table: Any) -> Any:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def insert_turns(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Store turns that SQL does not have yet; give the ids of these. Harmless when repeated."""
    if not rows:
        return set()
    ids = [row["id"] for row in rows]
    known = set(connection.execute(select(turns.c.id).where(turns.c.id.in_(ids))).scalars())
    fresh = {row["id"]: row for row in rows if row["id"] not in known}
    insert_many_if_new(connection, turns, list(fresh.values()))
    return set(fresh)


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


def upsert_sessions(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add turns to their USSD sessions: counts add up, the latest place wins.

    Each row: channel, session_ref, ref, started_at, last_at, turns, flow, state, ended.
    """
    if not rows:
        return
    statement = _insert(connection, ussd_sessions)
    new = statement.excluded
    old = ussd_sessions.c
    later = new.last_at >= old.last_at

    def latest(column: str) -> Any:
        return case((later, new[column]), else_=old[column])

    statement = statement.on_conflict_do_update(
        index_elements=["channel", "session_ref"],
        set_={
            "last_at": latest("last_at"),
            "turns": old.turns + new.turns,
            "flow": latest("flow"),
            "state": latest("state"),
            "ended": latest("ended"),
        },
    )
    connection.execute(statement, list(rows))


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
