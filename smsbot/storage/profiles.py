"""What a turn must know of a person, in one statement: the first read of each dial and each text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, String, and_, bindparam, cast, func, select

from smsbot.storage.consents import holds
from smsbot.storage.tables import consents, contact_tags, contacts, suppressions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from smsbot.storage.database import Database

_GAP = "\x1f"
"""Between joined words; no purpose or tag holds a control character."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A person at the start of a turn: never the number.

    `language_is_guess` says that a former owner of the number, or a list, chose the language: ask
    again. `last_seen_at` is 0 for whoever came with a list and was never heard.
    `consents` are the purposes granted now, `asked` those ever answered by this owner.
    """

    contact_id: int
    ref: str
    country: str
    network: str
    region: str
    timezone: str
    language: str
    language_is_guess: bool
    created_at: int
    last_seen_at: int
    owner_since: int
    opted_out: bool
    consents: tuple[str, ...]
    asked: tuple[str, ...]
    tags: tuple[str, ...]

    def as_stranger(self, now_ms: int) -> Profile:
        """Give what may be shown to a new owner of the number, before SQL has noted the change."""
        return replace(
            self,
            region="",
            language_is_guess=True,
            owner_since=now_ms,
            consents=(),
            asked=(),
            tags=(),
        )


_answers = (
    select(
        func.aggregate_strings(
            cast(cast(consents.c.granted, Integer), String) + consents.c.purpose, _GAP
        ),
    )
    .where(consents.c.contact_id == contacts.c.id, holds())
    .correlate(contacts)
    .scalar_subquery()
)
_tags = (
    select(func.aggregate_strings(contact_tags.c.tag, _GAP))
    .where(contact_tags.c.contact_id == contacts.c.id, contact_tags.c.at >= contacts.c.owner_since)
    .correlate(contacts)
    .scalar_subquery()
)
_PROFILE = (
    select(
        contacts.c.id,
        contacts.c.country,
        contacts.c.network,
        contacts.c.region,
        contacts.c.timezone,
        contacts.c.language,
        contacts.c.language_at,
        contacts.c.created_at,
        contacts.c.last_seen_at,
        contacts.c.owner_since,
        contacts.c.opted_out_at,
        suppressions.c.ref,
        _answers,
        _tags,
    )
    .select_from(
        contacts.outerjoin(
            suppressions,
            and_(suppressions.c.ref == contacts.c.ref, suppressions.c.lifted_at.is_(None)),
        ),
    )
    .where(contacts.c.ref == bindparam("ref", ""))
)


def profile(connection: Connection, ref: str) -> Profile | None:
    """Give the profile of this ref, or None for a stranger."""
    row = connection.execute(_PROFILE, {"ref": ref}).one_or_none()
    return None if row is None else _profile(ref, row)


class Glance:
    """Reads a profile alone, outside of any transaction: the first thing that a dial needs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.driver_sql(_PROFILE)

    def __call__(self, ref: str) -> Profile | None:
        """Give the profile of this ref, or None for a stranger; raise DatabaseAway."""
        row = self._database.one(self._sql, {"ref": ref})
        return None if row is None else _profile(ref, row)


def _profile(ref: str, row: Sequence[Any]) -> Profile:
    (
        contact_id,
        country,
        network,
        region,
        timezone,
        language,
        language_at,
        created_at,
        last_seen_at,
        owner_since,
        opted_out_at,
        suppressed,
        answers,
        tags,
    ) = row
    said = sorted(answers.split(_GAP), key=_purpose) if answers else ()
    return Profile(
        contact_id=contact_id,
        ref=ref,
        country=country,
        network=network,
        region=region,
        timezone=timezone,
        language=language,
        language_is_guess=bool(language) and (language_at or 0) < owner_since,
        created_at=created_at,
        last_seen_at=last_seen_at,
        owner_since=owner_since,
        opted_out=opted_out_at is not None or suppressed is not None,
        consents=tuple(answer[1:] for answer in said if answer[0] == "1"),
        asked=tuple(answer[1:] for answer in said),
        tags=tuple(sorted(tags.split(_GAP))) if tags else (),
    )


def _purpose(answer: str) -> str:
    return answer[1:]
