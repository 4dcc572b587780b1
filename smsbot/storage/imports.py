"""Contacts by the thousand: what a list's chunk finds in SQL, and what it writes there.

Every statement takes a whole chunk: SQLite's driver runs an INSERT over all rows in one call,
PostgreSQL gets them by COPY. Ids are taken first, so that nothing waits for what the database answers.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from smsbot.errors import Unavailable
from smsbot.storage.insert import in_driver_words
from smsbot.storage.tables import contacts, imports

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection


class Known(NamedTuple):
    """A contact as stored, as far as a list may change it. `*_at` are milliseconds, UTC."""

    id: int
    ref: str
    country: str
    network: str
    region: str
    region_at: int | None
    language: str
    language_at: int | None
    created_at: int
    last_seen_at: int
    owner_since: int


class Said(NamedTuple):
    """A yes or a no to a purpose; the last one of a purpose holds."""

    purpose: str
    granted: bool
    at: int


class Stop(NamedTuple):
    """A suppression: in force while `lifted_at` is None."""

    reason: str
    at: int
    lifted_at: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """What SQL holds of a chunk: contacts and stops by ref, tags and words by the contact's id."""

    contacts: dict[str, Known]
    stops: dict[str, Stop]
    tags: dict[int, set[str]]
    said: dict[int, list[Said]]


class NewContact(NamedTuple):
    """A row of `contacts` that is to be made. Nobody has heard of this person: `last_seen_at` is 0."""

    id: int
    ref: str
    msisdn_enc: bytes
    country: str
    network: str
    region: str
    language: str
    created_at: int
    owner_since: int


class Changed(NamedTuple):
    """A contact's fields as they are to be."""

    id: int
    country: str
    network: str
    region: str
    language: str


class Tag(NamedTuple):
    """A tag that a contact is to have."""

    contact_id: int
    tag: str
    at: int


class Granted(NamedTuple):
    """A consent that a list brings, with its evidence."""

    contact_id: int
    purpose: str
    at: int
    language: str
    actor: str
    source: str
    import_id: int


@dataclass(slots=True)
class Writing:
    """All that a chunk writes."""

    made: list[NewContact] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)
    granted: list[Granted] = field(default_factory=list)


def begin(connection: Connection, *, actor: str, proof: str, now_ms: int) -> int:
    """Note an import and what proves its consents; give its number."""
    row = imports.insert().values(at=now_ms, actor=actor, proof=proof).returning(imports.c.id)
    return int(connection.execute(row).scalar_one())


_KNOWN = f"SELECT {', '.join(Known._fields)} FROM contacts WHERE ref IN (SELECT value FROM v)"  # noqa: S608
_STOPS = "SELECT ref, reason, at, lifted_at FROM suppressions WHERE ref IN (SELECT value FROM v)"
_TAGS = "SELECT contact_id, tag FROM contact_tags WHERE contact_id IN (SELECT value FROM v)"
_SAID = """
SELECT c.contact_id, c.purpose, c.granted, c.at FROM consents c JOIN contacts o ON o.id = c.contact_id
WHERE c.contact_id IN (SELECT value FROM v) AND (c.at >= o.owner_since OR o.owner_since <= o.created_at)
ORDER BY c.id
"""


def find(connection: Connection, refs: Sequence[str], *, lock: bool = False) -> Found:
    """Give what SQL holds of these people; with `lock`, nobody changes a contact of theirs meanwhile.

    The lock is for PostgreSQL (SQLite has one writer), lets foreign keys be checked, and is taken in
    the order of refs: `contacts.touch_many` goes the same way.
    """
    locking = " ORDER BY ref FOR NO KEY UPDATE" if lock and _is_postgresql(connection) else ""
    rows = _those(connection, _KNOWN + locking, "text", refs)
    found = {row[1]: Known(*row) for row in rows}
    stops = {row[0]: Stop(*row[1:]) for row in _those(connection, _STOPS, "text", refs)}
    ids = [known.id for known in found.values()]
    tags: dict[int, set[str]] = defaultdict(set)
    said: dict[int, list[Said]] = defaultdict(list)
    if ids:
        for contact_id, tag in _those(connection, _TAGS, "bigint", ids):
            tags[contact_id].add(tag)
        for contact_id, purpose, granted, at in _those(connection, _SAID, "bigint", ids):
            said[contact_id].append(Said(purpose, bool(granted), at))
    return Found(found, stops, tags, said)


def reserve(connection: Connection, count: int) -> Sequence[int]:
    """Give numbers for `count` new contacts that nobody else will take."""
    if count == 0:
        return []
    if not _is_postgresql(connection):
        newest = connection.execute(select(func.max(contacts.c.id))).scalar() or 0
        return range(newest + 1, newest + 1 + count)
    numbers = "SELECT nextval(pg_get_serial_sequence('contacts', 'id')) FROM generate_series(1, :n)"
    return connection.execute(text(numbers), {"n": count}).scalars().all()


def write(connection: Connection, writing: Writing) -> None:
    """Write a chunk.

    Raises Unavailable when another process made one of these rows meanwhile: then the transaction is
    spoilt, and the chunk is to be read and decided anew.
    """
    try:
        _insert(connection, "contacts", (*NewContact._fields, "last_seen_at"), writing.made, (0,))
        _change(connection, writing.changed)
        _insert(connection, "contact_tags", Tag._fields, writing.tags)
        _insert(
            connection,
            "consents",
            (*Granted._fields, "granted", "channel", "text_version"),
            writing.granted,
            (True, "", ""),
        )
    except IntegrityError:
        raise Unavailable("somebody else met one of these people at the same moment") from None


def _change(connection: Connection, changed: Sequence[Changed]) -> None:
    if not changed:
        return
    connection.exec_driver_sql(
        in_driver_words(
            connection,
            "UPDATE contacts SET country = ?, network = ?, region = ?, language = ? WHERE id = ?",
        ),
        [(*one[1:], one.id) for one in changed],
    )


def _insert(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
    alike: tuple[Any, ...] = (),
) -> None:
    """Insert rows; `alike` are the values of the last columns, the same in each."""
    if not rows:
        return
    whole = [row + alike for row in rows] if alike else rows
    if _is_postgresql(connection):
        _copy(connection, f"COPY {table} ({', '.join(columns)}) FROM STDIN", whole)
        return
    marks = ", ".join("?" * len(columns))
    connection.exec_driver_sql(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608  # our own words
        list(whole),
    )


def _copy(connection: Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Send rows by COPY, which SQLAlchemy does not know."""
    dialect = connection.dialect
    error = dialect.loaded_dbapi.Error
    try:
        with connection.connection.cursor() as cursor, cursor.copy(sql) as copy:  # type: ignore[attr-defined]
            for row in rows:
                copy.write_row(row)
    except error as fault:
        raise DBAPIError.instance(
            sql, None, fault, error, hide_parameters=True, dialect=dialect
        ) from None


def _those(connection: Connection, sql: str, kind: str, keys: Sequence[object]) -> Iterable[Any]:
    """Run a query over the keys `v(value)`: refs or ids, which need no quoting in an array."""
    if _is_postgresql(connection):
        with_keys = sql.replace("IN (SELECT value FROM v)", f"= ANY(%s::{kind}[])")
        keyed = f"{{{','.join(map(str, keys))}}}"
    else:
        with_keys = sql.replace("FROM v)", "FROM json_each(?))")
        keyed = orjson.dumps(list(keys)).decode()
    return connection.exec_driver_sql(with_keys, (keyed,))


def _is_postgresql(connection: Connection) -> bool:
    return bool(connection.dialect.name == "postgresql")
