"""Contacts read for an export: a page at a time in the order of their ids, so that memory stays flat.

Left out: the erased, and everybody who said STOP.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import exists, select

from smsbot.storage.consents import holds
from smsbot.storage.tables import consents, contact_tags, contacts, suppressions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Row

PAGE = 1000


class Agreed(NamedTuple):
    """A consent that holds. `at` is milliseconds, UTC."""

    purpose: str
    at: int
    source: str


@dataclass(frozen=True, slots=True)
class Exported:
    """A contact with what a list holds of it; the number is still ciphertext."""

    id: int
    msisdn_enc: bytes
    language: str
    country: str
    region: str
    network: str
    tags: Sequence[str]
    agreed: Sequence[Agreed]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which contacts: any of the tags, of the languages, and of the countries; empty means all."""

    tags: Sequence[str] = ()
    languages: Sequence[str] = ()
    countries: Sequence[str] = ()


def page(connection: Connection, wanted: Wanted, after: int) -> Sequence[Exported]:
    """Give the next contacts whose id is greater than `after`; none at the end."""
    found = connection.execute(
        select(
            contacts.c.id,
            contacts.c.msisdn_enc,
            contacts.c.language,
            contacts.c.country,
            contacts.c.region,
            contacts.c.network,
        )
        .where(contacts.c.id > after, contacts.c.erased_at.is_(None))
        .where(contacts.c.msisdn_enc.is_not(None), contacts.c.opted_out_at.is_(None))
        .where(
            ~exists().where(
                suppressions.c.ref == contacts.c.ref, suppressions.c.lifted_at.is_(None)
            )
        )
        .where(*_conditions(wanted))
        .order_by(contacts.c.id)
        .limit(PAGE)
    ).all()
    ids = [row.id for row in found]
    tags, agreed = _tags(connection, ids), _agreed(connection, ids)
    return [_exported(row, tags, agreed) for row in found]


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.languages:
        conditions.append(contacts.c.language.in_(wanted.languages))
    if wanted.countries:
        conditions.append(contacts.c.country.in_(wanted.countries))
    if wanted.tags:
        conditions.append(
            exists().where(
                contact_tags.c.contact_id == contacts.c.id, contact_tags.c.tag.in_(wanted.tags)
            )
        )
    return conditions


def _exported(
    row: Row[*tuple[Any, ...]],
    tags: Mapping[int, Sequence[str]],
    agreed: Mapping[int, Sequence[Agreed]],
) -> Exported:
    number, sealed, language, country, region, network = row
    return Exported(
        number,
        bytes(sealed),
        language,
        country,
        region,
        network,
        tags.get(number, ()),
        agreed.get(number, ()),
    )


def _tags(connection: Connection, ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    statement = select(contact_tags.c.contact_id, contact_tags.c.tag).where(
        contact_tags.c.contact_id.in_(ids)
    )
    for contact_id, tag in connection.execute(statement.order_by(contact_tags.c.tag)):
        found[contact_id].append(tag)
    return found


def _agreed(connection: Connection, ids: Sequence[int]) -> Mapping[int, Sequence[Agreed]]:
    found: dict[int, list[Agreed]] = defaultdict(list)
    statement = (
        select(consents.c.contact_id, consents.c.purpose, consents.c.at, consents.c.source)
        .join(contacts, contacts.c.id == consents.c.contact_id)
        .where(consents.c.contact_id.in_(ids), consents.c.granted, holds())
        .order_by(consents.c.purpose)
    )
    for contact_id, purpose, at, source in connection.execute(statement):
        found[contact_id].append(Agreed(purpose, at, source))
    return found
