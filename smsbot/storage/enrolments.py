"""Who is in which course, what they had of it, and when to look again.

Statement plans: `due` and `strays` walk `ix_enrolments_next` (next_at of those that run) from either
end; `of_contacts` and `has_it` use `ix_enrolments_contact_id`; `answered_by_turn` reads one
person's turns by `ix_turns_ref`, `answered_by_text` one person's texts by `ix_inbound_contact_id`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import func, or_, select, text, update

from smsbot.storage.claims import rows_of
from smsbot.storage.insert import insert_if_new
from smsbot.storage.tables import contact_tags, contacts, enrolments

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Select, TextClause

STOPPED = "stop"
"""Why an enrolment ended: the person's STOP."""
COMPLETED = "completed"
"""Why an enrolment ended: the person had all of it."""


@dataclass(frozen=True, slots=True)
class Due:
    """One enrolment to look at, and what is needed of its person. `had` is JSON."""

    id: int
    contact_id: int
    course: str
    channel: str
    at: int
    next_at: int
    had: str
    ref: str
    language: str
    timezone: str
    country: str
    network: str
    owner_since: int
    last_seen_at: int


@dataclass(frozen=True, slots=True)
class Advanced:
    """What an enrolment comes to. `ended_because` empty: it goes on."""

    id: int
    at: int
    next_at: int
    had: str
    channel: str
    ended_because: str = ""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An enrolment of somebody in a course, running or ended."""

    id: int
    course: str
    at: int
    had: str
    is_running: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A lesson that may have been answered: by whom, since when, and the flow that it began."""

    id: int
    contact_id: int
    ref: str
    since: int
    flow: str


def add(
    connection: Connection,
    contact_id: int,
    course: str,
    *,
    effect_key: str,
    now_ms: int,
    channel: str = "",
) -> bool:
    """Enrol somebody; say whether this act is new. `courses.enrolment.enrol` has the rules."""
    row = {"contact_id": contact_id, "course": course, "at": now_ms, "next_at": now_ms}
    return insert_if_new(
        connection, enrolments, row | {"effect_key": effect_key, "channel": channel}
    )


def has_it(connection: Connection, contact_id: int, course: str) -> bool:
    """Say whether this owner of the number is in a course now, or has had all of it."""
    found = (
        select(enrolments.c.id)
        .join(contacts, contacts.c.id == enrolments.c.contact_id)
        .where(
            enrolments.c.contact_id == contact_id,
            enrolments.c.course == course,
            or_(
                enrolments.c.ended_at.is_(None),
                (enrolments.c.ended_because == COMPLETED)
                & (enrolments.c.at >= contacts.c.owner_since),
            ),
        )
    )
    return connection.execute(found.limit(1)).first() is not None


def end(
    connection: Connection, contact_id: int, because: str, now_ms: int, *, course: str = ""
) -> int:
    """End somebody's courses, or one of them; give how many ran."""
    these = update(enrolments).where(
        enrolments.c.contact_id == contact_id, enrolments.c.ended_at.is_(None)
    )
    if course:
        these = these.where(enrolments.c.course == course)
    return connection.execute(these.values(ended_at=now_ms, ended_because=because)).rowcount


_DUE: Select[Any] = (
    select(
        enrolments.c.id,
        enrolments.c.contact_id,
        enrolments.c.course,
        enrolments.c.channel,
        enrolments.c.at,
        enrolments.c.next_at,
        enrolments.c.had,
        contacts.c.ref,
        contacts.c.language,
        contacts.c.timezone,
        contacts.c.country,
        contacts.c.network,
        contacts.c.owner_since,
        contacts.c.last_seen_at,
    )
    .join(contacts, contacts.c.id == enrolments.c.contact_id)
    .where(enrolments.c.ended_at.is_(None))
    .order_by(enrolments.c.next_at)
)


def due(connection: Connection, now_ms: int, limit: int) -> list[Due]:
    """Give enrolments whose time has come, the longest waiting first; hold them until the commit.

    On PostgreSQL those that another ticker holds are passed over.
    """
    query = _DUE.where(enrolments.c.next_at <= now_ms).limit(limit)
    if connection.dialect.name == "postgresql":
        query = query.with_for_update(of=enrolments, skip_locked=True)
    return [Due(*row) for row in connection.execute(query)]


_RUNS = enrolments.c.ended_at.is_(None)


def earliest(connection: Connection) -> int | None:
    """Give when the first enrolment is to be looked at; None when none runs.

    Ordered, not filtered by time: then either database takes the first entry of the index, whatever
    its statistics say of a day on which many were due.
    """
    return connection.scalar(
        select(enrolments.c.next_at).where(_RUNS).order_by(enrolments.c.next_at).limit(1)
    )


def latest(connection: Connection) -> int | None:
    """Give when the last enrolment is to be looked at; None when none runs."""
    return connection.scalar(
        select(enrolments.c.next_at).where(_RUNS).order_by(enrolments.c.next_at.desc()).limit(1)
    )


def count_due(connection: Connection, now_ms: int) -> int:
    """Count the enrolments whose time has come."""
    found = (
        select(func.count()).select_from(enrolments).where(_RUNS, enrolments.c.next_at <= now_ms)
    )
    return connection.execute(found).scalar_one()


_FIELDS = (
    ("id", "bigint"),
    ("at", "bigint"),
    ("next_at", "bigint"),
    ("had", "text"),
    ("channel", "text"),
    ("ended_because", "text"),
)


def _advance(dialect: str) -> TextClause:
    return text(f"""
UPDATE enrolments SET at = v.at, next_at = v.next_at, had = v.had, channel = v.channel,
  ended_because = v.ended_because, ended_at = CASE WHEN v.ended_because = '' THEN NULL ELSE :now END
FROM {rows_of(dialect, _FIELDS)}
WHERE enrolments.id = v.id AND enrolments.ended_at IS NULL
""")  # noqa: S608  # our own words only


_ADVANCE = {dialect: _advance(dialect) for dialect in ("sqlite", "postgresql")}


def advance(connection: Connection, rows: Sequence[Advanced], now_ms: int) -> None:
    """Write what enrolments came to; one that has ended meanwhile stays ended."""
    if rows:
        given = {"rows": orjson.dumps([asdict(row) for row in rows]).decode(), "now": now_ms}
        connection.execute(_ADVANCE[connection.dialect.name], given)


def of_contacts(
    connection: Connection, contact_ids: Iterable[int]
) -> Mapping[tuple[int, str], list[Earlier]]:
    """Give all enrolments of these people by contact and course, the oldest first."""
    found: dict[tuple[int, str], list[Earlier]] = defaultdict(list)
    rows = connection.execute(
        select(
            enrolments.c.contact_id,
            enrolments.c.id,
            enrolments.c.course,
            enrolments.c.at,
            enrolments.c.had,
            enrolments.c.ended_at.is_(None),
        )
        .where(enrolments.c.contact_id.in_(set(contact_ids)))
        .order_by(enrolments.c.id),
    )
    for contact_id, *row in rows:
        found[contact_id, row[1]].append(Earlier(*row))
    return found


def tags_of(connection: Connection, contact_ids: Iterable[int]) -> Mapping[int, frozenset[str]]:
    """Give the tags of these people, without those of a number's former owner."""
    found: dict[int, set[str]] = defaultdict(set)
    rows = connection.execute(
        select(contact_tags.c.contact_id, contact_tags.c.tag)
        .join(contacts, contacts.c.id == contact_tags.c.contact_id)
        .where(
            contact_tags.c.contact_id.in_(set(contact_ids)),
            contact_tags.c.at >= contacts.c.owner_since,
        ),
    )
    for contact_id, tag in rows:
        found[contact_id].add(tag)
    return {contact_id: frozenset(tags) for contact_id, tags in found.items()}


_ASKED = (
    ("id", "bigint"),
    ("contact_id", "bigint"),
    ("ref", "text"),
    ("since", "bigint"),
    ("flow", "text"),
)
_BY_TURN = {
    dialect: text(f"""
SELECT v.id, MIN(turns.at) FROM {rows_of(dialect, _ASKED)}
JOIN turns ON turns.ref = v.ref AND turns.flow = v.flow AND turns.at >= v.since
  AND turns.how IN ('option', 'answer')
GROUP BY v.id
""")  # noqa: S608  # our own words only
    for dialect in ("sqlite", "postgresql")
}
_BY_TEXT = {
    dialect: text(f"""
SELECT v.id, MIN(inbound.received_at) FROM {rows_of(dialect, _ASKED)}
JOIN inbound ON inbound.contact_id = v.contact_id AND inbound.received_at >= v.since
GROUP BY v.id
""")  # noqa: S608  # our own words only
    for dialect in ("sqlite", "postgresql")
}


def answered(connection: Connection, asked: Sequence[Asked]) -> dict[int, int]:
    """Give when each was first answered, by its id; those that were not are absent.

    A flow is answered by a turn in it, by SMS or by USSD; a plain text by any text of the person.
    """
    found: dict[int, int] = {}
    for statement, rows in (
        (_BY_TURN, [row for row in asked if row.flow]),
        (_BY_TEXT, [row for row in asked if not row.flow]),
    ):
        if rows:
            given = {"rows": orjson.dumps([asdict(row) for row in rows]).decode()}
            answers = connection.execute(statement[connection.dialect.name], given)
            found.update((row[0], row[1]) for row in answers)
    return found


def bring_back(connection: Connection, now_ms: int, *, beyond: int, limit: int) -> int:
    """Look again at enrolments that wait for a time beyond any plan: a clock was ahead."""
    strays = (
        select(enrolments.c.id)
        .where(enrolments.c.ended_at.is_(None), enrolments.c.next_at > beyond)
        .order_by(enrolments.c.next_at.desc())
        .limit(limit)
    )
    brought = update(enrolments).where(
        enrolments.c.id.in_(strays.scalar_subquery()), enrolments.c.next_at > beyond
    )
    return connection.execute(brought.values(next_at=now_ms)).rowcount


def counts(connection: Connection) -> dict[tuple[str, str], int]:
    """Count the people of each course: (course, "" while it runs, else why it ended). Reads all rows."""
    rows = connection.execute(
        select(enrolments.c.course, enrolments.c.ended_because, func.count()).group_by(
            enrolments.c.course, enrolments.c.ended_because
        )
    )
    return {(course, because): number for course, because, number in rows}
