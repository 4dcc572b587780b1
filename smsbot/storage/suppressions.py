"""STOP, and who may be sent what. A suppression is kept by ref, so it outlives even an erased contact.

STOP is final until the person writes START or JOIN; no import, campaign or operator lifts it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from smsbot.storage import enrolments, reminders
from smsbot.storage.consents import withdraw_all
from smsbot.storage.insert import insert_if_new, say
from smsbot.storage.lists import among, list_of
from smsbot.storage.tables import contacts, messages, suppressions
from smsbot.values import MessageState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from smsbot.storage.consents import Evidence


class Reason(StrEnum):
    """Why a number is suppressed."""

    STOP = "stop"
    GATEWAY = "gateway"
    OPERATOR = "operator"
    ERASED = "erased"


class Refusal(StrEnum):
    """Why a message may not go; the words of `messages.reason`."""

    OPTED_OUT = "opted_out"
    NO_CONSENT = "no_consent"
    ERASED = "erased"


REPLY = "reply"
"""The answer to what a person has just sent or dialled: goes even after STOP, as its confirmation."""
SERVICE = "service"
"""About something the person began (a report's progress): needs no consent, but STOP ends it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a message may go now; `refusal` says why not."""

    allowed: bool
    refusal: Refusal | None = None


def suppress(
    connection: Connection, ref: str, *, reason: Reason, channel: str, now_ms: int
) -> bool:
    """Put the number on the list; say whether it was not on it. One in force is left as it is."""
    values = {"reason": reason.value, "channel": channel, "at": now_ms, "lifted_at": None}
    if insert_if_new(connection, suppressions, {"ref": ref, **values}):
        return True
    lifted = update(suppressions).where(
        suppressions.c.ref == ref, suppressions.c.lifted_at.is_not(None)
    )
    return connection.execute(lifted.values(**values)).rowcount == 1


def opt_out(connection: Connection, ref: str, *, reason: Reason, evidence: Evidence) -> bool:
    """End all proactive messages to this number and every consent; say whether that changed anything.

    Works for a number that has no contact: a gateway may tell of a person we never met.
    """
    contact = connection.execute(
        select(contacts.c.id, contacts.c.opted_out_at).where(contacts.c.ref == ref),
    ).one_or_none()
    changed = suppress(connection, ref, reason=reason, channel=evidence.channel, now_ms=evidence.at)
    if contact is None:
        return changed
    connection.execute(  # what waits to be sent is silenced at once, too; by ix_messages_contact_id
        update(messages)
        .where(messages.c.contact_id == contact.id, messages.c.state == MessageState.QUEUED.value)
        .values(
            state=MessageState.SUPPRESSED.value,
            reason=Refusal.OPTED_OUT.value,
            final_at=evidence.at,
        ),
    )
    if contact.opted_out_at is None:
        connection.execute(
            update(contacts).where(contacts.c.id == contact.id).values(opted_out_at=evidence.at),
        )
        changed = True
    withdraw_all(connection, contact.id, evidence)
    enrolments.end(connection, contact.id, enrolments.STOPPED, evidence.at)
    reminders.drop(connection, contact.id, evidence.at)
    return changed


def lift(connection: Connection, ref: str, now_ms: int) -> bool:
    """Let messages through again: call it only for the person's own START or JOIN."""
    lifted = connection.execute(
        update(suppressions)
        .where(suppressions.c.ref == ref, suppressions.c.lifted_at.is_(None))
        .values(lifted_at=now_ms),
    ).rowcount
    marked = connection.execute(
        update(contacts)
        .where(contacts.c.ref == ref, contacts.c.opted_out_at.is_not(None))
        .values(opted_out_at=None),
    ).rowcount
    return bool(lifted or marked)


def erased_at(connection: Connection, ref: str) -> int | None:
    """Say when the person of this number was erased; None when never, or when they came back."""
    found = select(suppressions.c.at).where(
        suppressions.c.ref == ref,
        suppressions.c.reason == Reason.ERASED.value,
        suppressions.c.lifted_at.is_(None),
    )
    at: int | None = connection.execute(found).scalar_one_or_none()
    return at


def may_send(connection: Connection, ref: str, purpose: str) -> Decision:
    """Decide whether a message of this purpose may go to this number at this moment (R01, R02, R05)."""
    refusal = refusals(connection, (ref,), purpose).get(ref)
    return Decision(refusal is None, refusal)


_LISTED = "SELECT ref, reason FROM suppressions WHERE ref {refs} AND lifted_at IS NULL"
# As `consents.holds` says it, person by person. Written so that PostgreSQL has no choice: right after
# a launch its statistics are old, and it read all consents for each of five hundred people.
_AGREED = """
SELECT contacts.ref FROM contacts JOIN consents ON consents.id = (
  SELECT max(newer.id) FROM consents newer
  WHERE newer.contact_id = contacts.id AND newer.purpose = ?)
WHERE contacts.ref {refs} AND consents.granted
  AND (consents.at >= contacts.owner_since OR contacts.owner_since <= contacts.created_at)
"""


def refusals(connection: Connection, refs: Sequence[str], purpose: str) -> dict[str, Refusal]:
    """Give the refs that may not be sent this purpose, and why: one or two statements for them all.

    A reply always may. Everything else needs that no STOP is in force; all but `service` needs a
    consent for the purpose by the number's present owner.
    """
    if purpose == REPLY or not refs:
        return {}
    wanted = set(refs)
    among_refs, listed_refs = among(connection, "text"), list_of(connection, wanted)
    listed = say(connection, _LISTED.format(refs=among_refs), listed_refs)
    found = {
        ref: Refusal.ERASED if reason == Reason.ERASED else Refusal.OPTED_OUT
        for ref, reason in listed
    }
    if purpose == SERVICE:
        return found
    agreed = say(connection, _AGREED.format(refs=among_refs), purpose, listed_refs).scalars()
    for ref in wanted.difference(agreed):
        found.setdefault(ref, Refusal.NO_CONSENT)
    return found
