"""Rows and channels for the tests of sending."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from smsbot.storage.messages import PRIORITY_BULK, NewMessage, add_many, seal
from smsbot.storage.tables import contacts
from smsbot.values import Channel, ChannelKind, Msisdn, Prices

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from smsbot.vault import Vault

NOW = 1_764_000_000_000
TEXTS = (
    "Usimpe mtu yeyote PIN yako.",
    "Ne donnez jamais votre code à personne, même à un « agent » ê",
    "የሚስጥር ቁጥርዎን ለማንም አይስጡ።",
    "Kada ka ba kowa lambar sirrinka ƙwarai",
    "Price {500} ~ [Ksh] € \\ ^ |",
    "Beware 🎣 of the “prize” 🏆",
)


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    ref: str
    msisdn: Msisdn


def channel(**changes: object) -> Channel:
    values: dict[str, object] = {
        "id": "at-ke",
        "gateway": "double",
        "kinds": frozenset({ChannelKind.SMS}),
        "languages": ("en", "sw"),
        "country": "KE",
        "timezone": ZoneInfo("Africa/Nairobi"),
        "prices": Prices("KES", 800_000),
        "rate": 1000.0,
    }
    return Channel(**(values | changes))  # type: ignore[arg-type]


def people(connection: Connection, vault: Vault, count: int, first: int = 0) -> list[Person]:
    rows, found = [], []
    for number in range(first, first + count):
        msisdn = Msisdn(f"+2547{number:08d}")
        ref = vault.ref(msisdn)
        rows.append(
            {
                "id": number + 1,
                "ref": ref,
                "msisdn_enc": vault.encrypt(msisdn.e164.encode(), b"contacts.msisdn"),
                "created_at": NOW,
                "last_seen_at": NOW,
                "owner_since": NOW,
            },
        )
        found.append(Person(number + 1, ref, msisdn))
    connection.execute(contacts.insert(), rows)
    return found


def queue_bulk(
    connection: Connection,
    vault: Vault,
    persons: list[Person],
    text: str = TEXTS[0],
    *,
    now_ms: int = NOW,
    **changes: object,
) -> None:
    sealed = seal(vault, text)
    values: dict[str, object] = {
        "channel": "at-ke",
        "purpose": "reply",
        "priority": PRIORITY_BULK,
        "text": sealed,
    } | changes
    add_many(
        connection,
        (
            NewMessage(  # type: ignore[arg-type]
                contact_id=person.id,
                ref=person.ref,
                dedupe_key=f"{sealed.body_hash}:{person.id}:{values['priority']}",
                **values,
            )
            for person in persons
        ),
        now_ms,
    )
