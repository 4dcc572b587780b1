"""Who an audience is, in SQL: the rules of `plans.Audience` as conditions on a row of `contacts`.

Statement plans: `page` walks the primary key of `contacts` within a range of ids, and asks of each
contact by an index: `consents` by (contact_id, purpose, id), `contact_tags` and `enrolments` by
contact_id, `suppressions` by ref, `turns` by `ix_turns_left` (flow, ref, at), which holds only turns
that led out of a flow.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Integer, and_, bindparam, case, func, literal, literal_column, or_, select

from smsbot.errors import DatabaseAway
from smsbot.storage.consents import is_of_the_owner
from smsbot.storage.suppressions import SERVICE, Refusal
from smsbot.storage.tables import (
    TURNS_LEFT,
    consents,
    contact_tags,
    contacts,
    enrolments,
    suppressions,
    turns,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from sqlalchemy import ColumnElement, Connection, Select

    from smsbot.plans import Audience
    from smsbot.storage.database import Database

DAY_MS = 86_400_000
_CONTACTS_AT_ONCE, _FEWEST_AT_ONCE = 10_000, 500
"""A tenth of a second, and some megabytes."""
_FORWARD = ("option", "answer", "more")
"""How a turn goes on in a flow, instead of leaving it by `0`, `00` or a keyword."""


class Person(NamedTuple):
    """A contact who fits the rules. `refusal` is empty, opted_out or no_consent, as of now."""

    id: int
    ref: str
    language: str
    country: str
    network: str
    timezone: str
    refusal: str


@dataclass(frozen=True, slots=True)
class Rules:
    """An audience that is ready to be asked for: regions as they are spelled in the database."""

    statement: Select[tuple[int, str, str, str, str, str, str]]


def rules(
    connection: Connection,
    audience: Audience,
    *,
    purpose: str,
    first_language: str,
    now_ms: int,
) -> Rules:
    """Give the rules of an audience. `first_language` is that of whoever never chose one.

    `now_ms` is the moment that `active_within_days` counts back from.
    """
    conditions = [
        *_of_the_contact(connection, audience, first_language, now_ms),
        *_of_tags(audience),
        *_of_flows(audience),
        *_of_courses(audience),
        *(_agreed_to(purpose) for purpose in audience.consent),
    ]
    refusal = case(
        (_said_stop(), Refusal.OPTED_OUT.value),
        *([] if purpose == SERVICE else [(~_agreed_to(purpose), Refusal.NO_CONSENT.value)]),
        else_="",
    )
    return Rules(
        select(
            contacts.c.id,
            contacts.c.ref,
            contacts.c.language,
            contacts.c.country,
            contacts.c.network,
            contacts.c.timezone,
            refusal.label("refusal"),
        )
        .where(
            contacts.c.id > bindparam("after", 0),
            contacts.c.id <= bindparam("upto", 0),
            contacts.c.erased_at.is_(None),
            contacts.c.msisdn_enc.is_not(None),
            *conditions,
        )
        .order_by(contacts.c.id)
        .limit(bindparam("most", 0))
    )


def page(
    connection: Connection, found: Rules, *, after: int, upto: int, most: int
) -> Sequence[Person]:
    """Give the first people with an id above `after` and not above `upto`, by id: `most` at most."""
    rows = connection.execute(found.statement, {"after": after, "upto": upto, "most": most})
    return [Person._make(row) for row in rows]


def walk(
    database: Database,
    found: Rules,
    *,
    upto: int,
    beside: Callable[[Connection, int, int], Collection[int]] = lambda *_: (),
) -> Iterator[tuple[Sequence[Person], Collection[int]]]:
    """Give all of the audience by id, page by page, each as of its own moment: no long transaction.

    With each page comes what `beside` reads of the same contacts: it is given the id that they are
    above, and the last one. A page that a busy database does not give in time is asked for again,
    shorter; raises DatabaseAway when even a short one does not come.
    """
    after, contacts_at_once = 0, _CONTACTS_AT_ONCE
    while after < upto:
        last = min(after + contacts_at_once, upto)
        try:
            with database.read() as connection:
                people = page(connection, found, after=after, upto=last, most=contacts_at_once)
                more = beside(connection, after, last)
        except DatabaseAway:
            if contacts_at_once <= _FEWEST_AT_ONCE:
                raise
            contacts_at_once = max(_FEWEST_AT_ONCE, contacts_at_once // 4)
            continue
        yield people, more
        after = last


def highest_id(connection: Connection) -> int:
    """Give the id of the newest contact, 0 when there is none; those who come have a higher one."""
    return int(connection.execute(select(func.coalesce(func.max(contacts.c.id), 0))).scalar_one())


def _of_the_contact(
    connection: Connection, audience: Audience, first_language: str, now_ms: int
) -> Iterable[ColumnElement[bool]]:
    if audience.language:
        languages = {*audience.language, *([""] if first_language in audience.language else [])}
        yield contacts.c.language.in_(sorted(languages))
    if audience.country:
        yield contacts.c.country.in_([country.upper() for country in audience.country])
    if audience.network:
        yield contacts.c.network.in_(audience.network)
    if audience.region:
        yield contacts.c.region.in_(_spellings(connection, audience.region))
    if audience.active_within_days is not None:
        yield contacts.c.last_seen_at >= now_ms - audience.active_within_days * DAY_MS


def _spellings(connection: Connection, regions: Sequence[str]) -> list[str]:
    """Give the regions as contacts have them: `lower()` of neither database folds É or Ṣ everywhere.

    Reads every contact once: a second for a million.
    """
    if connection.dialect.name == "postgresql":
        from smsbot.storage.silence import take_your_time

        take_your_time(connection)
    wanted = {_folded(region) for region in regions}
    known = connection.execute(select(contacts.c.region).distinct()).scalars()
    return sorted(region for region in known if region and _folded(region) in wanted)


def _folded(region: str) -> str:
    return unicodedata.normalize("NFKC", " ".join(region.split())).casefold()


def _of_tags(audience: Audience) -> Iterable[ColumnElement[bool]]:
    for tag in audience.tags_all:
        yield _tagged([tag])
    if audience.tags_any:
        yield _tagged(audience.tags_any)
    if audience.tags_none:
        yield ~_tagged(audience.tags_none)


def _tagged(tags: Sequence[str]) -> ColumnElement[bool]:
    return _has(
        contact_tags.c.contact_id == contacts.c.id,
        _plain(contact_tags.c.tag).in_(tags),
        contact_tags.c.at >= contacts.c.owner_since,
    )


def _of_flows(audience: Audience) -> Iterable[ColumnElement[bool]]:
    if audience.finished:
        yield finished(audience.finished)
    if audience.not_finished:
        yield ~finished(audience.not_finished)


def finished(flows: Sequence[str]) -> ColumnElement[bool]:
    """Give the condition that the contact, as the number's present owner, went through one of the flows.

    That is a turn, by USSD or SMS, in which an answer given in the flow, or its last page, led out of
    it: to the end of the conversation, into the flow that it calls last, or back into the one that
    called it. Leaving by `00`, by silence, by a keyword or after too many wrong answers is not.
    """
    return _has(
        turns.c.ref == contacts.c.ref,
        turns.c.flow.in_(flows),
        literal_column(TURNS_LEFT),
        turns.c.how.in_(_FORWARD),
        turns.c.at >= contacts.c.owner_since,
    )


def _of_courses(audience: Audience) -> Iterable[ColumnElement[bool]]:
    if audience.enrolled:
        yield _enrolled(audience.enrolled)
    if audience.not_enrolled:
        yield ~_enrolled(audience.not_enrolled)


def _enrolled(courses: Sequence[str]) -> ColumnElement[bool]:
    return _has(
        enrolments.c.contact_id == contacts.c.id,
        _plain(enrolments.c.course).in_(courses),
        enrolments.c.ended_at.is_(None),
        enrolments.c.at >= contacts.c.owner_since,
    )


def _plain(column: ColumnElement[str]) -> ColumnElement[str]:
    """Give the column so that no index of it is used: a contact has few of these rows, a tag has many.

    With statistics from before an import, PostgreSQL takes the new tag for a rare one.
    """
    return column + literal_column("''")


def _agreed_to(purpose: str) -> ColumnElement[bool]:
    """Give the condition that the newest word of the number's owner on this purpose is a yes."""
    newest = (
        select(case((and_(consents.c.granted, is_of_the_owner()), 1), else_=0))
        .where(consents.c.contact_id == contacts.c.id, consents.c.purpose == literal(purpose))
        .order_by(consents.c.id.desc())
        .limit(1)
        .correlate(contacts)
        .scalar_subquery()
    )
    return func.coalesce(newest, literal_column("0")) == literal_column("1")


def _said_stop() -> ColumnElement[bool]:
    listed = _has(suppressions.c.ref == contacts.c.ref, suppressions.c.lifted_at.is_(None))
    return or_(contacts.c.opted_out_at.is_not(None), listed)


def _has(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Give the condition that another table has such a row, looked for one contact at a time.

    Not as EXISTS: PostgreSQL would turn that into a join, and for some pages read a whole table
    (40 million turns) to save some thousand looks into an index.
    """
    looked: Select[int] = (
        select(literal_column("1", Integer)).where(*conditions).limit(literal_column("1"))
    )
    return func.coalesce(looked.correlate(contacts).scalar_subquery(), literal_column("0")) == (
        literal_column("1")
    )
