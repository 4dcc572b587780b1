"""Rows and channels for the tests of sending."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from smsbot.campaigns import halting
from smsbot.campaigns.feeding import Feeder
from smsbot.clock import Clock
from smsbot.sending.drain import Tools
from smsbot.sending.duties import Duties
from smsbot.sending.sender import Sender
from smsbot.sessions.bucket import RateBucket
from smsbot.sessions.wake import WakeFlags
from smsbot.storage.messages import PRIORITY_BULK, NewMessage, add_many, counts, seal
from smsbot.storage.tables import contacts
from smsbot.values import Channel, ChannelKind, Msisdn, Prices

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import redis
    from sqlalchemy import Connection

    from smsbot.gateways.protocol import Gateway
    from smsbot.storage.database import Database
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


class Diary:
    """Duties that write down what they are told; STOP is read from the contact."""

    def __init__(self) -> None:
        self.left: list[str] = []
        self.raised: list[tuple[str, str, str]] = []
        self.ended: list[tuple[str, str]] = []

    def duties(self) -> Duties:
        return Duties(self._refusals, self._opt_out, self._raise, self._end, halting.stop_run)

    def _refusals(
        self, connection: Connection, refs: Sequence[str], purpose: str
    ) -> dict[str, str]:
        if purpose == "service":
            return {}
        stopped = connection.execute(
            select(contacts.c.ref).where(
                contacts.c.ref.in_(refs), contacts.c.opted_out_at.is_not(None)
            ),
        ).scalars()
        return dict.fromkeys(stopped, "opted_out")

    def _opt_out(self, connection: Connection, ref: str, channel: str, now_ms: int) -> None:
        self.left.append(ref)
        connection.execute(
            update(contacts).where(contacts.c.ref == ref).values(opted_out_at=now_ms)
        )

    def _raise(self, _: Connection, kind: str, subject: str, words: str, now_ms: int) -> None:
        self.raised.append((kind, subject, words))

    def _end(self, _: Connection, kind: str, subject: str, now_ms: int) -> None:
        self.ended.append((kind, subject))


def sender_of(
    database: Database,
    vault: Vault,
    client: redis.Redis,
    *gateways: Gateway,
    diary: Diary | None = None,
    simulate: bool = True,
    threads: int | None = None,
    clock: Clock | None = None,
    feeds: bool | Callable[[str], bool] = False,
) -> Sender:
    """`feeds`: campaigns are released as they are in the service, or by this."""
    clock = clock or Clock()
    feeder = Feeder(database, {gateway.channel.id: gateway.channel for gateway in gateways}, clock)
    tools = Tools(
        database,
        vault,
        RateBucket(client),
        clock,
        (diary or Diary()).duties(),
        random.Random(7),
        *([feeder.feed if feeds is True else feeds] if feeds else []),
    )
    return Sender(
        {gateway.channel.id: gateway for gateway in gateways},
        tools,
        WakeFlags(client),
        simulate=simulate,
        threads=threads,
    )


def drain(sender: Sender, channel_id: str = "at-ke", **changes: object) -> dict[str, int]:
    values: dict[str, object] = {
        "max_s": 20.0,
        "stop": threading.Event(),
        "idle_s": 0.05,
    } | changes
    return dict(sender.drain(channel_id, **values))  # type: ignore[arg-type]


def states(database: Database) -> dict[str, int]:
    with database.read() as connection:
        found = counts(connection)
    return {state.value: number for state, number in found.items() if number}
