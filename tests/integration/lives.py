"""A contact's life for the suite: met, taught, agreed, texted, and robbed of a PIN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from smsbot.people import commands
from smsbot.scamdesk import intake
from smsbot.storage import contacts, tables
from smsbot.storage.consents import Evidence
from smsbot.values import Msisdn

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from smsbot.storage.contacts import Contact
    from smsbot.vault import Vault

AMINA = Msisdn("+254711000123")
PIN = "9371"
RAW = f"Nimetapeliwa! Alisema PIN yangu {PIN} na namba 0711000123 \U0001f622"
DAY = 86_400_000
T0 = 1_780_000_000_000


def said(at: int = T0, key: str | None = None) -> Evidence:
    return Evidence(at, "at-ke", "0011223344556677", "sw", "JIUNGE", key)


def lottery(*numbers: int) -> Callable[[int], int]:
    """A chance that is known beforehand."""
    drawn = iter(numbers)
    return lambda below: next(drawn) % below


def meet(connection: Connection, vault: Vault, at: int = T0) -> Contact:
    return contacts.ensure(
        connection, vault, AMINA, channel_country="KE", network="63902", now_ms=at
    )


def report(connection: Connection, vault: Vault, contact: Contact, **changes: Any) -> str:
    given: dict[str, Any] = {
        "effect_key": "turn-7",
        "contact": contact,
        "channel": "at-ke",
        "kind": "wrong-send",
        "facts": {"lost_amount": "3500", "told_pin": "true", "who": "alijiita wakala 0722"},
        "raw_text": RAW,
        "now_ms": T0 + 5,
        "reference": "12345678",
    }
    return intake.take_report(connection, vault, **(given | changes))


def dump(connection: Connection) -> str:
    """Everything that anybody who has the database, but no key, can read."""
    rows = [
        repr(row)
        for table in tables.metadata.sorted_tables
        for row in connection.execute(select(table))
    ]
    return "\n".join(rows)


def live(connection: Connection, vault: Vault) -> Contact:
    """A contact who learned, agreed, wrote, was answered and reported."""
    contact = meet(connection, vault)
    contacts.set_language(connection, contact.id, "sw", T0)
    commands.set_region(connection, contact, "Kisumu", T0)
    commands.join(connection, contact, said(T0 + 1, key="turn-1"))
    contacts.tag(connection, contact.id, "learned-wrong-send", T0 + 2)
    row = {"channel": "at-ke", "ref": contact.ref, "contact_id": contact.id}
    for number, state in enumerate(("answered", "pending", "pending")):
        sealed = vault.encrypt(RAW.encode(), b"inbound.body")
        connection.execute(
            tables.inbound.insert().values(
                **row,
                gateway_id=f"in-{number}",
                body_enc=sealed,
                received_at=T0 + number,
                state=state,
            ),
        )
    for number, state in enumerate(("delivered", "queued", "sending")):
        connection.execute(
            tables.messages.insert().values(
                **row,
                purpose="lessons",
                priority=1,
                body_enc=vault.encrypt(b"Somo", b"messages.body"),
                body_hash=vault.mac(b"Somo"),
                encoding="GSM-7",
                segments=1,
                state=state,
                due_at=T0,
                created_at=T0,
                dedupe_key=f"lesson:{contact.ref}:{number}",
            ),
        )
    connection.execute(
        tables.turns.insert().values(
            id="a" * 32,
            channel="at-ke",
            session_ref="b" * 32,
            ref=contact.ref,
            number=0,
            at=T0,
            version="0011223344556677",
            language="sw",
            flow="menu",
            state="front",
            to_flow="menu",
            to_state="front",
            how="start",
            option=0,
            ends=False,
            opening_enc=vault.encrypt(b"place", b"turns.opening"),
        ),
    )
    connection.execute(
        tables.ussd_sessions.insert().values(
            channel="at-ke",
            session_ref="b" * 32,
            ref=contact.ref,
            started_at=T0,
            last_at=T0,
            turns=1,
            flow="menu",
            state="front",
            ended="",
        ),
    )
    row = {"contact_id": contact.id, "effect_key": "turn-9"}
    connection.execute(tables.enrolments.insert().values(**row, course="boosters", at=T0))
    connection.execute(
        tables.reminders.insert().values(**row, flow="menu", channel="at-ke", due_at=T0 + DAY)
    )
    report(connection, vault, contact)
    return contacts.by_id(connection, contact.id)
