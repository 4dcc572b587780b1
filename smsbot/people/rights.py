"""MYDATA and DELETE by SMS: a code goes to the same phone, and only its return does the act.

The sender of a text can be forged; reading the phone's own texts is what proves the owner (R17, R18).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from smsbot.people.answers import Answer, Answers
from smsbot.storage import audit, codes, erasure
from smsbot.storage.codes import Act, Verdict
from smsbot.storage.holdings import holdings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from smsbot.storage.contacts import Contact
    from smsbot.vault import Vault

RandBelow = Callable[[int], int]
"""Gives a random number from 0 up to, not including, its argument: `secrets.randbelow`."""
CODE_DIGITS = 6
NOTHING = "-"
"""What stands for an empty value: the same in every language."""
_MINUTE_MS = 60_000
_PERSON = "person"


def ask(
    connection: Connection,
    vault: Vault,
    contact: Contact,
    act: Act,
    *,
    randbelow: RandBelow,
    now_ms: int,
) -> Answers:
    """Make a code for the act; the answer carries it to the same phone. MYDATA and DELETE alone."""
    code = f"{randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    opens_at = codes.issue(connection, contact.id, act, _hash(vault, contact, act, code), now_ms)
    if opens_at is not None:
        return (_locked(opens_at, now_ms),)
    return (Answer(f"{act.value}-code", {"code": code, "minutes": codes.LIFE_MS // _MINUTE_MS}),)


def show(
    connection: Connection, vault: Vault, contact: Contact, code: str, *, now_ms: int
) -> Answers:
    """Answer `MYDATA 123456`: what is stored since when, in a few texts; never what was reported.

    Nothing of a former owner of the number is in it. The look is logged.
    """
    refused = _check(connection, vault, contact, Act.MYDATA, code, now_ms=now_ms)
    if refused is not None:
        return (refused,)
    held = holdings(connection, contact)
    audit.append(connection, _PERSON, "mydata", f"contact:{contact.id}", {}, now_ms=now_ms)
    since = datetime.fromtimestamp(contact.owner_since / 1000, UTC).date().isoformat()
    known: dict[str, str | int] = {
        "since": since,
        "language": contact.language or NOTHING,
        "country": contact.country or NOTHING,
        "region": contact.region or NOTHING,
        "network": contact.network or NOTHING,
        "consents": ", ".join(held.agreed) or NOTHING,
        "reports": held.reports,
        "received": held.texts_received,
        "sent": held.texts_sent,
        "steps": held.menu_steps,
    }
    return (Answer("mydata-reply", known),)


def forget(
    connection: Connection,
    vault: Vault,
    contact: Contact,
    code: str,
    *,
    randbelow: RandBelow,
    channel: str,
    now_ms: int,
    answering: int | None = None,
) -> Answers:
    """Answer `DELETE 123456`: erase the person; only the suppression hash stays.

    The confirmation can still be sent to `contact.id`; `erasure.forget_numbers` then takes the number
    away. The caller must also drop the live session of `contact.ref` from Redis after the commit.
    """
    refused = _check(connection, vault, contact, Act.DELETE, code, now_ms=now_ms)
    if refused is not None:
        return (refused,)
    erase(
        connection,
        contact,
        randbelow=randbelow,
        channel=channel,
        now_ms=now_ms,
        answering=answering,
        actor=_PERSON,
    )
    return (Answer("delete-done"),)


def erase(
    connection: Connection,
    contact: Contact,
    *,
    randbelow: RandBelow,
    channel: str,
    now_ms: int,
    actor: str,
    answering: int | None = None,
) -> None:
    """Erase a person whose right to it is proven already, and log that it was done."""
    erasure.erase(
        connection,
        contact,
        fresh_ref=f"{randbelow(1 << 128):032x}",
        channel=channel,
        now_ms=now_ms,
        answering=answering,
    )
    audit.append(connection, actor, "erase", f"contact:{contact.id}", {}, now_ms=now_ms)


def _check(
    connection: Connection, vault: Vault, contact: Contact, act: Act, code: str, *, now_ms: int
) -> Answer | None:
    """Give None when the code is right, else what to say."""
    found = codes.redeem(
        connection, contact.id, act, _hash(vault, contact, act, code.strip()), now_ms
    )
    match found.verdict:
        case Verdict.RIGHT:
            return None
        case Verdict.WRONG:
            return Answer("code-wrong", {"left": found.tries_left})
        case Verdict.LOCKED:
            return _locked(found.opens_at, now_ms)
        case Verdict.NONE:
            return Answer("code-expired", {"word": act.value.upper()})


def _locked(opens_at: int, now_ms: int) -> Answer:
    return Answer("too-many", {"minutes": max(1, -(-(opens_at - now_ms) // _MINUTE_MS))})


def _hash(vault: Vault, contact: Contact, act: Act, code: str) -> str:
    return vault.mac(f"{contact.id}:{act.value}:{code}".encode(), person=b"code")
