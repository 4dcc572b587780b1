"""How often people were written to lately without having asked: what the frequency cap goes by (R09).

A message counts from the moment when it was claimed for sending, on whatever channel and for whatever
purpose, if it reached the gateway or may have. One statement for any number of people; it reads all
their rows by `ix_messages_contact_id`. A bound on `created_at` would be of no use, and makes PostgreSQL
walk everybody's messages of the last weeks by `ix_messages_created_at` instead.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from smsbot.storage.insert import say
from smsbot.storage.lists import list_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Connection

DAY_MS: Final = 86_400_000

_COUNTS = """priority >= 1
  AND (state IN ('sending', 'accepted', 'delivered', 'undelivered', 'unknown')
    OR state = 'expired' AND accepted_at IS NOT NULL)"""
_SENT = {
    "sqlite": f"""
SELECT contact_id, claimed_at, id FROM messages
WHERE contact_id IN (SELECT value FROM json_each(?)) AND claimed_at > ? AND {_COUNTS}
""",  # noqa: S608  # our own words only
    # Person by person, whatever the planner believes of a table that a launch has just filled.
    "postgresql": f"""
SELECT people.id, sent.claimed_at, sent.id FROM unnest(CAST(? AS bigint[])) AS people(id)
CROSS JOIN LATERAL (SELECT id, claimed_at FROM messages
  WHERE contact_id = people.id AND claimed_at > ? AND {_COUNTS} OFFSET 0) AS sent
""",  # noqa: S608
}
_OFTEN = f"""
SELECT contact_id FROM messages
WHERE contact_id > ? AND contact_id <= ? AND claimed_at > ? AND {_COUNTS}
GROUP BY contact_id HAVING count(*) >= ?
"""  # noqa: S608


def sent_since(
    connection: Connection,
    people: Collection[int],
    since_ms: int,
    *,
    leave_out: Collection[int] = (),
) -> Mapping[int, Sequence[int]]:
    """Give when each of these contacts was last written to after `since_ms`, without some rows."""
    if not people:
        return {}
    sql = _SENT[connection.dialect.name]
    rows = say(connection, sql, list_of(connection, people), since_ms)
    found: dict[int, list[int]] = defaultdict(list)
    for contact_id, claimed_at, row_id in rows:
        if row_id not in leave_out:
            found[contact_id].append(claimed_at)
    return found


def written_often(
    connection: Connection, after: int, upto: int, *, since_ms: int, count: int
) -> set[int]:
    """Give the contacts, of those above id `after` up to `upto`, written to `count` times or more."""
    rows = say(connection, _OFTEN, after, upto, since_ms, count)
    return {contact_id for (contact_id,) in rows}


_ALONE = """
SELECT id FROM unnest(CAST(? AS bigint[])) AS people(id) WHERE pg_try_advisory_xact_lock(? + id)
"""
_LOCKS = 0x534D5342 << 32  # any number of ours: "SMSB"


def held_alone(connection: Connection, people: Collection[int]) -> Collection[int]:
    """Give those contacts whom no other transaction is about to write to, until this one ends.

    Two campaigns at once could else both see that one more message may go. SQLite has one writer.
    """
    if connection.dialect.name != "postgresql" or not people:
        return people
    return {row for (row,) in say(connection, _ALONE, sorted(people), _LOCKS)}


def free_at(sent: Sequence[int], cap: tuple[int, int], now_ms: int) -> int:
    """Give when the next message may go to whom these were sent: `now_ms`, or a later moment.

    `cap` is so many messages in so many days.
    """
    count, days = cap
    span_ms = days * DAY_MS
    counted = sorted((at for at in sent if at > now_ms - span_ms), reverse=True)
    return now_ms if len(counted) < count else counted[count - 1] + span_ms
