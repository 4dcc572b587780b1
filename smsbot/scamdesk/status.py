"""STATUS, WHY and CHECK by SMS: what the one who reported may hear, safe on a shared phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.people.answers import Answer, Answers
from smsbot.storage import reports
from smsbot.text.references import is_reference

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from smsbot.storage.contacts import Contact


def of(connection: Connection, contact: Contact, raw_reference: str) -> Answers:
    """Answer `STATUS 12345678`: how far the report is. To anybody else it does not exist."""
    if not raw_reference:
        return (Answer("status-ask"),)
    found = _find(connection, contact, raw_reference)
    if found is None:
        return (Answer("status-unknown"),)
    return (Answer("status-reply", {"reference": found.reference, "state": found.state}),)


def why(connection: Connection, contact: Contact, raw_reference: str) -> Answers:
    """Answer `WHY 12345678`. A report that is not the person's does not exist; none is judged yet."""
    found = _find(connection, contact, raw_reference)
    return (Answer("status-unknown" if found is None else "why-none"),)


def _find(connection: Connection, contact: Contact, raw_reference: str) -> reports.Status | None:
    reference = is_reference(raw_reference)
    if reference is None:
        return None
    return reports.status_of(connection, reference, contact.ref, contact.owner_since)
