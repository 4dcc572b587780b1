"""What a run's people did, read in one pass: its rows with their people, then these people's turns.

Statement plans: `members` walks `ix_messages_run` (campaign_run_id first) and finds each contact by
primary key; PostgreSQL may join the two whole. `turns_of` asks `ix_turns_ref` for some thousand refs
at a time, of people who were seen in the span only. A million rows pass here: nothing is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import orjson
from sqlalchemy import bindparam, func, select

from smsbot.storage.insert import in_driver_words, say
from smsbot.storage.tables import (
    campaign_runs,
    campaign_texts,
    campaigns,
    enrolments,
    messages,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection

CHUNK = 20_000


class Ordered(NamedTuple):
    """A campaign and one of its runs."""

    campaign_id: int
    title: str
    purpose: str
    channel: str
    plan: str
    run_id: int
    number: int
    state: str
    began_at: int
    ends_at: int
    frozen_at: int | None
    currency: str


_RUN = (
    select(
        campaigns.c.id,
        campaigns.c.title,
        campaigns.c.purpose,
        campaigns.c.channel,
        campaigns.c.plan,
        campaign_runs.c.id,
        campaign_runs.c.number,
        campaign_runs.c.state,
        campaign_runs.c.began_at,
        campaign_runs.c.ends_at,
        campaign_runs.c.frozen_at,
        campaign_runs.c.currency,
    )
    .join(campaign_runs, campaign_runs.c.campaign_id == campaigns.c.id)
    .where(campaigns.c.id == bindparam("campaign"))
    .order_by(campaign_runs.c.number.desc())
    .limit(1)
)
_NUMBERED = _RUN.where(campaign_runs.c.number == bindparam("number"))


def find_run(connection: Connection, campaign_id: int, number: int | None) -> Ordered | None:
    """Give a campaign's run of this number, the newest without one, or None."""
    statement = _RUN if number is None else _NUMBERED
    row = connection.execute(statement, {"campaign": campaign_id, "number": number}).one_or_none()
    return None if row is None else Ordered._make(row)


def has_campaign(connection: Connection, campaign_id: int) -> bool:
    """Say whether there is a campaign of this id."""
    found = select(campaigns.c.id).where(campaigns.c.id == campaign_id)
    return connection.execute(found).first() is not None


def other_runs(connection: Connection, run_id: int, since: int, until: int) -> int:
    """Count the other runs that began within a span and reached out to somebody."""
    return connection.execute(
        select(func.count())
        .select_from(campaign_runs)
        .where(
            campaign_runs.c.id != run_id,
            campaign_runs.c.began_at >= since,
            campaign_runs.c.began_at <= until,
            campaign_runs.c.audience > 0,
        )
    ).scalar_one()


def text_languages(connection: Connection, campaign_id: int) -> Mapping[int, str]:
    """Give the language of each text of the campaign by its id."""
    rows = connection.execute(
        select(texts.c.id, texts.c.language)
        .join(campaign_texts, campaign_texts.c.text_id == texts.c.id)
        .where(campaign_texts.c.campaign_id == campaign_id)
    )
    return {row[0]: row[1] for row in rows}


def enrolled(connection: Connection, run_id: int, course: str, since: int) -> int:
    """Count the run's people who were enrolled in a course since its beginning."""
    return connection.execute(
        select(func.count(func.distinct(enrolments.c.contact_id)))
        .join(messages, messages.c.contact_id == enrolments.c.contact_id)
        .where(
            messages.c.campaign_run_id == run_id,
            enrolments.c.course == course,
            enrolments.c.at >= since,
        )
    ).scalar_one()


class Member(NamedTuple):
    """A row of the run with its person.

    Of the erased `ref` is empty and everything of the person, from `language` on, None.
    """

    contact_id: int | None
    ref: str
    state: str
    reason: str
    batch: int | None
    text_id: int | None
    segments: int
    cost_micros: int | None
    price_micros: int | None
    currency: str
    simulated: bool
    accepted_at: int | None
    final_at: int | None
    language: str
    network: str
    region: str
    owner_since: int | None
    opted_out_at: int | None
    last_seen_at: int


_OF_MESSAGE = (
    *(
        "contact_id",
        "ref",
        "state",
        "reason",
        "batch",
        "text_id",
        "segments",
        "cost_micros",
        "price_micros",
    ),
    *("currency", "simulated", "accepted_at", "final_at"),
)
_COLUMNS = ", ".join(f"{'m' if name in _OF_MESSAGE else 'c'}.{name}" for name in Member._fields)
_MEMBERS = (
    f"SELECT {_COLUMNS} FROM messages AS m LEFT JOIN contacts AS c "  # noqa: S608  # our own names
    "ON c.id = m.contact_id WHERE m.campaign_run_id = ?"
)


def members(connection: Connection, run_id: int) -> Iterator[Sequence[Member]]:
    """Give the rows of a run, some thousand at a time, in no order; flat memory.

    A row is a plain one in the order of `Member`, as the driver gives it: a million are to pass.
    """
    statement = in_driver_words(connection, _MEMBERS)
    options = {"stream_results": True, "max_row_buffer": CHUNK}
    with connection.exec_driver_sql(statement, (run_id,), execution_options=options) as result:
        yield from cast("Iterator[Sequence[Member]]", result.partitions(CHUNK))


class Turned(NamedTuple):
    """One turn of a person, by USSD or SMS (`tables.turns`)."""

    ref: str
    at: int
    number: int
    flow: str
    state: str
    to_flow: str
    to_state: str
    how: str
    item: str
    answer_right: bool | None
    ends: bool


_WANTED = ", ".join(f"t.{name}" for name in Turned._fields)
_TURNS = {
    "sqlite": "json_each(?) AS v CROSS JOIN turns AS t ON t.ref = v.value",
    "postgresql": "unnest(CAST(? AS text[])) AS v JOIN turns AS t ON t.ref = v",
}


def turns_statement(dialect: str) -> str:
    """Give the statement of `turns_of`: refs, since, until, and the moment of the message."""
    return (
        f"SELECT {_WANTED} FROM {_TURNS[dialect]} "  # noqa: S608  # our own names
        "WHERE t.at >= ? AND t.at < ? AND (t.at >= ? OR t.item <> '')"
    )


def turns_of(
    connection: Connection, refs: Sequence[str], at: int, length: int, until: int
) -> Sequence[Turned]:
    """Give the turns of these people from `at` to before `until`, and the answers to items before.

    `length` is how far before `at`. In no order.
    """
    if not refs:
        return []
    dialect = connection.dialect.name
    given = orjson.dumps(refs).decode() if dialect == "sqlite" else list(refs)
    rows = say(connection, turns_statement(dialect), given, at - length, until, at).fetchall()
    return [Turned._make(row) for row in rows]


class Replies(NamedTuple):
    """Replies to some people: `unpriced` segments are of those whose cost the gateway did not name."""

    segments: int = 0
    micros: int = 0
    unpriced: int = 0


_REPLIES = """
SELECT COALESCE(SUM(m.segments), 0), COALESCE(SUM(m.cost_micros), 0),
  COALESCE(SUM(CASE WHEN m.cost_micros IS NULL THEN m.segments END), 0)
FROM {people} messages AS m ON m.contact_id = v.value
WHERE m.created_at >= ? AND m.created_at < ? AND m.priority = 0
  AND (m.accepted_at IS NOT NULL OR m.state = 'unknown')
"""
_PEOPLE = {
    "sqlite": "json_each(?) AS v CROSS JOIN",
    "postgresql": "unnest(CAST(? AS bigint[])) AS v(value) JOIN",
}


def replies_to(
    connection: Connection, contact_ids: Sequence[int], since: int, until: int
) -> Replies:
    """Give what the replies to these people came to, by `ix_messages_contact_id`."""
    if not contact_ids:
        return Replies()
    dialect = connection.dialect.name
    given = orjson.dumps(contact_ids).decode() if dialect == "sqlite" else list(contact_ids)
    statement = _REPLIES.format(people=_PEOPLE[dialect])
    return Replies(*map(int, say(connection, statement, given, since, until).one()))
