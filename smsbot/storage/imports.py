"""Contacts by the thousand: what a list's chunk finds in SQL, and what it writes there.

Every statement takes a whole chunk. SQLite gets rows one by one in one call of its driver, PostgreSQL
gets columns as arrays: each is several times faster there than the other way. Ids are taken first, so
that tags and consents need not wait for what the database answers.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from sqlalchemy import func, select, text

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
    effect_key: str
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


def write(connection: Connection, writing: Writing) -> set[int]:
    """Write a chunk; give the ids of contacts that were not made, for another process was faster.

    Their tags and consents are not written either: read them again and decide anew.
    """
    lost = _make(connection, writing.made)
    if lost:
        writing.tags = [tag for tag in writing.tags if tag.contact_id not in lost]
        writing.granted = [one for one in writing.granted if one.contact_id not in lost]
    _change(connection, writing.changed)
    _insert(
        connection,
        "contact_tags (contact_id, tag, at)",
        "contact_id, tag, at",
        ("bigint", "text", "bigint"),
        writing.tags,
    )
    _insert(
        connection,
        "consents (contact_id, purpose, at, language, actor, source, effect_key, import_id,"
        " granted, channel, text_version)",
        f"{', '.join(Granted._fields)}, true, '', ''",
        ("bigint", "text", "bigint", "text", "text", "text", "text", "bigint"),
        writing.granted,
    )
    return lost


def _make(connection: Connection, made: Sequence[NewContact]) -> set[int]:
    names = ", ".join(NewContact._fields)
    kinds = ("bigint", "text", "bytea", "text", "text", "text", "text", "bigint", "bigint")
    inserted = _insert(
        connection,
        f"contacts ({names}, last_seen_at)",
        f"{names}, 0",
        kinds,
        made,
        giving="id" if _is_postgresql(connection) else "",
    )
    if inserted is None:
        return set()
    return {one.id for one in made}.difference(inserted)


def _change(connection: Connection, changed: Sequence[Changed]) -> None:
    if not changed:
        return
    if not _is_postgresql(connection):
        connection.exec_driver_sql(
            "UPDATE contacts SET country = ?, network = ?, region = ?, language = ? WHERE id = ?",
            [(*one[1:], one.id) for one in changed],
        )
        return
    connection.exec_driver_sql(
        "UPDATE contacts SET country = v.country, network = v.network, region = v.region, "
        "language = v.language FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], "
        "%s::text[]) AS v(id, country, network, region, language) WHERE contacts.id = v.id",
        tuple(map(list, zip(*changed, strict=True))),
    )


def _insert(
    connection: Connection,
    target: str,
    values: str,
    kinds: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
    *,
    giving: str = "",
) -> list[int] | None:
    """Insert rows whose unique keys are not there yet; give what `giving` names of those that were.

    `values` are the columns of `rows`, in their order, and what is the same for all of them.
    """
    if not rows:
        return None
    if not _is_postgresql(connection):
        names = values.split(", ")
        marks = ", ".join(["?"] * len(kinds) + names[len(kinds) :])
        connection.exec_driver_sql(
            f"INSERT INTO {target} VALUES ({marks}) ON CONFLICT DO NOTHING",  # noqa: S608
            list(rows),
        )
        return None
    names = values.split(", ")[: len(kinds)]
    arrays = ", ".join(f"%b::{kind}[]" if kind == "bytea" else f"%s::{kind}[]" for kind in kinds)
    returning = f" RETURNING {giving}" if giving else ""
    done = connection.exec_driver_sql(
        f"INSERT INTO {target} SELECT {values} FROM unnest({arrays}) AS v({', '.join(names)}) "  # noqa: S608
        f"ON CONFLICT DO NOTHING{returning}",
        tuple(map(list, zip(*rows, strict=True))),
    )
    return list(done.scalars()) if giving else None


def _those(connection: Connection, sql: str, kind: str, keys: Sequence[object]) -> Iterable[Any]:
    """Run a query over the keys `v(value)`; SQLite reads them as JSON, PostgreSQL as an array."""
    if _is_postgresql(connection):
        with_keys = sql.replace("IN (SELECT value FROM v)", f"= ANY(?::{kind}[])")
        keyed: object = list(keys)
    else:
        with_keys = sql.replace("FROM v)", "FROM json_each(?))")
        keyed = orjson.dumps(list(keys)).decode()
    return connection.exec_driver_sql(in_driver_words(connection, with_keys), (keyed,))


def _is_postgresql(connection: Connection) -> bool:
    return bool(connection.dialect.name == "postgresql")
