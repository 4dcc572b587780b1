"""The statements that make a person vanish, and those that make room for a number's new owner.

After `erase`, the contact's row has a random ref that nothing else has, every other row has none, and
no body is left. One thing waits: the encrypted number stays on the row until the last confirmation has
left, because no text can be sent without it; `forget_numbers` then takes it away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import String, bindparam, cast, delete, exists, literal, or_, select, update

from smsbot.storage import suppressions as stops
from smsbot.storage.insert import insert_if_new
from smsbot.storage.tables import (
    codes,
    contact_tags,
    contacts,
    enrolments,
    inbound,
    messages,
    reminders,
    reports,
    suppressions,
    turns,
    ussd_sessions,
)
from smsbot.values import MessageState

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select, Table

    from smsbot.storage.contacts import Contact

_ON_THE_WAY = (MessageState.QUEUED.value, MessageState.SENDING.value)
_LATE_JOURNAL_MS = 2 * 86_400_000
"""How long after an erasure the journal may still bring turns from before it."""
_LATELY_ERASED = select(suppressions.c.ref, suppressions.c.at).where(
    suppressions.c.reason == literal(stops.Reason.ERASED.value, literal_execute=True),
    suppressions.c.at > bindparam("since"),
)


def erase(
    connection: Connection,
    contact: Contact,
    *,
    fresh_ref: str,
    channel: str,
    now_ms: int,
    answering: int | None = None,
) -> None:
    """De-identify the contact and all its rows; keep the suppression hash, reason `erased` (R18).

    `fresh_ref` is random: the row's name from now on. `answering` is the inbound row whose reply is
    being made: it is emptied but stays pending. Texts that wait for an answer go unanswered.
    """
    _cut_messages(connection, contact.id, on_the_way=False)
    _cut_inbound(connection, contact, now_ms, answering)
    for table in (reports, turns, ussd_sessions):
        _cut_by_ref(connection, table, contact.ref)
    for personal in (contact_tags, codes, reminders, enrolments):
        connection.execute(delete(personal).where(personal.c.contact_id == contact.id))
    connection.execute(
        update(contacts)
        .where(contacts.c.id == contact.id)
        .values(
            ref=fresh_ref,
            network="",
            region="",
            region_at=None,
            timezone="",
            language="",
            language_at=None,
            erased_at=now_ms,
            opted_out_at=now_ms,
        ),
    )
    values = {
        "reason": stops.Reason.ERASED.value,
        "channel": channel,
        "at": now_ms,
        "lifted_at": None,
    }
    if not insert_if_new(connection, suppressions, {"ref": contact.ref, **values}):
        connection.execute(
            update(suppressions).where(suppressions.c.ref == contact.ref).values(**values),
        )


def forget_numbers(connection: Connection, now_ms: int, *, patience_ms: int) -> int:
    """Take away the numbers of erased contacts whose last text has left, or waited `patience_ms`.

    Clears what came in late too: turns from the journal, and the confirmation itself. Gives how many
    numbers went. May be called at any time, by anybody; it costs one index look when there is nothing.
    """
    for ref, erased_at in connection.execute(_LATELY_ERASED, {"since": now_ms - _LATE_JOURNAL_MS}):
        for table, at in ((turns, turns.c.at), (ussd_sessions, ussd_sessions.c.started_at)):
            connection.execute(
                update(table).where(table.c.ref == ref, at <= erased_at).values(_nameless(table)),
            )
    count = 0
    for contact_id in connection.execute(_unforgotten(now_ms, patience_ms)).scalars().all():
        _cut_messages(connection, contact_id, on_the_way=True)
        connection.execute(
            update(contacts).where(contacts.c.id == contact_id).values(msisdn_enc=None)
        )
        count += 1
    return count


def count_numbers(connection: Connection, now_ms: int, *, patience_ms: int) -> int:
    """Count the numbers that `forget_numbers` would take away."""
    return len(connection.execute(_unforgotten(now_ms, patience_ms)).all())


def _unforgotten(now_ms: int, patience_ms: int) -> Select[Any]:
    waiting = exists().where(
        messages.c.contact_id == contacts.c.id, messages.c.state.in_(_ON_THE_WAY)
    )
    return select(contacts.c.id).where(
        contacts.c.erased_at.is_not(None),
        contacts.c.msisdn_enc.is_not(None),
        or_(contacts.c.erased_at <= now_ms - patience_ms, ~waiting),
    )


def end_ownership(
    connection: Connection, contact_id: int, now_ms: int, *, silent_since: int
) -> bool:
    """Hand the number to a new owner: nothing that the former one was, did or agreed to counts.

    False, and nothing is done, when the person was heard after `silent_since`: another process was
    faster.
    """
    moved = connection.execute(
        update(contacts)
        .where(contacts.c.id == contact_id, contacts.c.last_seen_at < silent_since)
        .values(owner_since=now_ms, last_seen_at=now_ms, region="", region_at=None),
    )
    if moved.rowcount != 1:
        return False
    for personal in (contact_tags, codes, reminders):
        connection.execute(delete(personal).where(personal.c.contact_id == contact_id))
    connection.execute(
        update(enrolments)
        .where(enrolments.c.contact_id == contact_id, enrolments.c.ended_at.is_(None))
        .values(ended_at=now_ms, ended_because="new_owner"),
    )
    connection.execute(
        update(messages)
        .where(messages.c.contact_id == contact_id, messages.c.state == MessageState.QUEUED.value)
        .values(
            state=MessageState.CANCELLED.value,
            reason="new_owner",
            final_at=now_ms,
            body_enc=None,
        ),
    )
    return True


def _cut_messages(connection: Connection, contact_id: int, *, on_the_way: bool) -> None:
    """Cancel what is queued, then empty and unlink; what a sender holds only when `on_the_way`."""
    ours = messages.c.contact_id == contact_id
    connection.execute(
        update(messages)
        .where(ours, messages.c.state == MessageState.QUEUED.value)
        .values(state=MessageState.CANCELLED.value, reason=stops.Refusal.ERASED.value),
    )
    if not on_the_way:
        ours &= messages.c.state != MessageState.SENDING.value
    connection.execute(
        update(messages)
        .where(ours)
        .values(
            contact_id=None,
            ref="",
            body_enc=None,
            body_hash="",
            dedupe_key=literal("erased:") + cast(messages.c.id, String),
        ),
    )


def _cut_inbound(
    connection: Connection, contact: Contact, now_ms: int, answering: int | None
) -> None:
    ours = or_(inbound.c.contact_id == contact.id, inbound.c.ref == contact.ref)
    waiting = ours & (inbound.c.state == "pending")
    if answering is not None:
        waiting &= inbound.c.id != answering
    connection.execute(update(inbound).where(waiting).values(state="silent", answered_at=now_ms))
    cut = {"contact_id": None, "ref": "", "body_enc": None, "session_enc": None, "network": ""}
    connection.execute(update(inbound).where(ours).values(**cut))


def _cut_by_ref(connection: Connection, table: Table, ref: str) -> None:
    connection.execute(update(table).where(table.c.ref == ref).values(_nameless(table)))


def _nameless(table: Table) -> dict[str, object]:
    """Give the columns that name a person, emptied."""
    if table is turns:
        return {"ref": "", "opening_enc": None}
    if table is reports:
        return {"ref": "", "contact_id": None, "owner_since": 0, "raw_enc": None}
    return {"ref": ""}
