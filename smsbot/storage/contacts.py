"""Contacts: one row per phone number, found by its keyed hash; the number itself is ciphertext."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from smsbot.errors import NotFound
from smsbot.storage.insert import in_driver_words, insert_if_new, insert_many_if_new, say
from smsbot.storage.tables import contact_tags, contacts
from smsbot.text.phones import country_of
from smsbot.values import Msisdn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from smsbot.vault import Vault

MSISDN_CONTEXT = b"contacts.msisdn"
"""What the ciphertext of a number is bound to."""
MAX_REGION_CHARS = 64
ALPHA2 = 2
"""Letters of an ISO 3166-1 code."""
MAX_NETWORK_CHARS = 16


@dataclass(frozen=True, slots=True)
class Contact:
    """A person as stored, without the number. `*_at` and `owner_since` are milliseconds, UTC.

    `language` is empty when never chosen; one that came with a list has no `language_at`.
    `last_seen_at` is 0 for whoever came with a list and was never heard. `owner_since` is when this
    owner of the number was first known; once it has moved on, consents, reports and tags from before
    it are a former owner's.
    """

    id: int
    ref: str
    country: str
    network: str
    region: str
    timezone: str
    language: str
    language_at: int | None
    created_at: int
    last_seen_at: int
    owner_since: int
    opted_out_at: int | None
    erased_at: int | None


_NAMES = ", ".join(field.name for field in fields(Contact))
_BY_REF = f"SELECT {_NAMES} FROM contacts WHERE ref = ?"  # noqa: S608  # our own words only
_BY_ID = f"SELECT {_NAMES} FROM contacts WHERE id = ?"  # noqa: S608
_TOUCH = """
UPDATE contacts SET network = COALESCE(NULLIF(?, ''), network),
  last_seen_at = CASE WHEN last_seen_at < ? THEN ? ELSE last_seen_at END
WHERE id = ?
"""


def find(connection: Connection, ref: str) -> Contact | None:
    """Give the contact of this ref, or None."""
    row = say(connection, _BY_REF, ref).first()
    return None if row is None else Contact(*row)


def by_id(connection: Connection, contact_id: int) -> Contact:
    """Give the contact of this id, or raise NotFound."""
    row = say(connection, _BY_ID, contact_id).first()
    if row is None:
        raise NotFound(f"there is no contact {contact_id}")
    return Contact(*row)


def ensure(
    connection: Connection,
    vault: Vault,
    msisdn: Msisdn,
    *,
    channel_country: str,
    network: str,
    now_ms: int,
    timezone: str = "",
) -> Contact:
    """Give the contact of this number, made now if it is new; of two racing callers one makes it.

    The number's own prefix tells its country; `channel_country` stands in where it cannot.
    """
    ref = vault.ref(msisdn)
    known = find(connection, ref)
    if known is not None:
        return known
    insert_if_new(
        connection,
        contacts,
        {
            "ref": ref,
            "msisdn_enc": vault.encrypt(msisdn.e164.encode(), MSISDN_CONTEXT),
            "country": _country(msisdn) or channel_country,
            "network": network[:MAX_NETWORK_CHARS],
            "timezone": timezone,
            "created_at": now_ms,
            "last_seen_at": now_ms,
            "owner_since": now_ms,
        },
    )
    made = find(connection, ref)
    assert made is not None
    return made


@dataclass(frozen=True, slots=True)
class Met:
    """A person who was heard: the ref, the number, and what the channel and the gateway know."""

    ref: str
    msisdn: Msisdn
    channel_country: str
    network: str
    at: int


def meet(connection: Connection, vault: Vault, heard: Sequence[Met]) -> None:
    """Make contacts of the strangers among these, in two statements whatever their number."""
    if not heard:
        return
    refs = [one.ref for one in heard]
    known = set(
        connection.execute(select(contacts.c.ref).where(contacts.c.ref.in_(refs))).scalars()
    )
    strangers = [
        {
            "ref": one.ref,
            "msisdn_enc": vault.encrypt(one.msisdn.e164.encode(), MSISDN_CONTEXT),
            "country": _country(one.msisdn) or one.channel_country,
            "network": one.network[:MAX_NETWORK_CHARS],
            "timezone": "",
            "created_at": one.at,
            "last_seen_at": one.at,
            "owner_since": one.at,
        }
        for one in heard
        if one.ref not in known
    ]
    insert_many_if_new(connection, contacts, strangers)


def _country(msisdn: Msisdn) -> str:
    found = country_of(msisdn)
    return found if len(found) == ALPHA2 else ""  # satellites and the like have "001"


def msisdn_of(connection: Connection, vault: Vault, contact_id: int) -> Msisdn:
    """Give the number of a contact; raise NotFound once it is erased."""
    sealed = connection.execute(
        select(contacts.c.msisdn_enc).where(contacts.c.id == contact_id),
    ).scalar_one_or_none()
    if sealed is None:
        raise NotFound(f"contact {contact_id} has no number (any more)")
    return Msisdn(vault.decrypt(bytes(sealed), MSISDN_CONTEXT).decode())


def touch(connection: Connection, contact_id: int, now_ms: int, *, network: str = "") -> None:
    """Note that the person was heard; time moves forward only, however late the news comes."""
    say(connection, _TOUCH, network[:MAX_NETWORK_CHARS], now_ms, now_ms, contact_id)


def set_language(connection: Connection, contact_id: int, language: str, now_ms: int) -> None:
    """Keep the language that the person chose."""
    _set(connection, contact_id, language=language, language_at=now_ms)


def set_region(connection: Connection, contact_id: int, region: str, now_ms: int) -> None:
    """Keep the region that the person named (`people.commands.set_region` checks the words)."""
    _set(connection, contact_id, region=region[:MAX_REGION_CHARS], region_at=now_ms)


def set_network(connection: Connection, contact_id: int, network: str) -> None:
    """Keep the network that a gateway or the person named."""
    _set(connection, contact_id, network=network[:MAX_NETWORK_CHARS])


def _set(connection: Connection, contact_id: int, **values: object) -> None:
    connection.execute(update(contacts).where(contacts.c.id == contact_id).values(**values))


def tag(connection: Connection, contact_id: int, word: str, now_ms: int) -> None:
    """Tag the contact; twice is once."""
    insert_if_new(connection, contact_tags, {"contact_id": contact_id, "tag": word, "at": now_ms})


def untag(connection: Connection, contact_id: int, word: str) -> None:
    """Take a tag away if it is there."""
    connection.execute(
        contact_tags.delete().where(
            contact_tags.c.contact_id == contact_id, contact_tags.c.tag == word
        ),
    )


def lock(connection: Connection, contact_id: int) -> None:
    """Hold the contact until the transaction ends, so that a person's texts are taken one by one.

    SQLite has one writer at a time anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(
            select(contacts.c.id).where(contacts.c.id == contact_id).with_for_update()
        )


def touch_many(connection: Connection, seen: Sequence[tuple[str, int, str]]) -> None:
    """Note many persons at once, by (ref, when, network or empty); time moves forward only.

    In the order of refs, as an import locks them, so that the two can't wait for each other.
    """
    if not seen:
        return
    later = "max" if connection.dialect.name == "sqlite" else "greatest"
    connection.exec_driver_sql(
        in_driver_words(
            connection,
            f"UPDATE contacts SET last_seen_at = {later}(last_seen_at, ?), "  # noqa: S608  # no input
            "network = coalesce(nullif(?, ''), network) WHERE ref = ?",
        ),
        [(at, network[:MAX_NETWORK_CHARS], ref) for ref, at, network in sorted(seen)],
    )
