"""Who is in which course, for people who run the service: enrol and end by number, and count."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from smsbot.courses.enrolment import enrol, leave
from smsbot.errors import NotFound
from smsbot.storage import audit, contacts, courses, enrolments
from smsbot.storage.suppressions import may_send

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from smsbot.storage.database import Database
    from smsbot.timetable import Published
    from smsbot.values import Msisdn
    from smsbot.vault import Vault


class Entry(StrEnum):
    """What became of one number."""

    ENROLLED = "enrolled"
    SILENT = "enrolled, but sent nothing until this person agrees to it"
    HAS_IT = "in it already, or has had all of it"
    ENDED = "taken out"
    NOT_IN_IT = "not in it"
    UNKNOWN = "nobody of this number is known: import them with their consent first"


@dataclass(frozen=True, slots=True)
class Class:
    """One course with its people: `ended` counts them by why it ended. `course` None: it rests."""

    id: str
    course: Published | None
    running: int
    ended: Mapping[str, int]


def enrol_number(
    database: Database, vault: Vault, msisdn: Msisdn, course: str, *, actor: str, now_ms: int
) -> Entry:
    """Enrol whoever has this number; audited. Raises NotFound for a course that is not taught."""
    with database.write() as connection:
        taught = find(connection, course)
        contact = contacts.find(connection, vault.ref(msisdn))
        if contact is None or contact.erased_at is not None:
            return Entry.UNKNOWN
        key = f"o{contact.id}:{now_ms}:{course}"[:64]
        if not enrol(connection, contact.id, course, effect_key=key, now_ms=now_ms):
            return Entry.HAS_IT
        _log(connection, actor, "enrol", contact.id, course, now_ms)
        decision = may_send(connection, contact.ref, taught.timetable.purpose)
    return Entry.ENROLLED if decision.allowed else Entry.SILENT


def end_number(
    database: Database, vault: Vault, msisdn: Msisdn, course: str, *, actor: str, now_ms: int
) -> Entry:
    """Take whoever has this number out of a course; audited. Works for a course that rests."""
    with database.write() as connection:
        contact = contacts.find(connection, vault.ref(msisdn))
        if contact is None or not leave(connection, contact.id, course, now_ms=now_ms):
            return Entry.NOT_IN_IT
        _log(connection, actor, "end", contact.id, course, now_ms)
    return Entry.ENDED


def find(connection: Connection, course: str) -> Published:
    """Give a course as it is taught now; raise NotFound with the known ones."""
    taught = courses.current(connection)
    found = taught.get(course)
    if found is None:
        known = ", ".join(sorted(taught)) or "none yet: start the service once"
        raise NotFound(f"there is no course {course!r} (known: {known})")
    return found


def classes(connection: Connection) -> Sequence[Class]:
    """Give every course that is taught, or has people, with their numbers. Reads all enrolments."""
    taught = courses.current(connection)
    counts = enrolments.counts(connection)
    names = sorted({*taught, *(course for course, _ in counts), *courses.resting(connection)})
    return [
        Class(
            name,
            taught.get(name),
            counts.get((name, ""), 0),
            {
                why: count
                for (course, why), count in sorted(counts.items())
                if course == name and why
            },
        )
        for name in names
    ]


def _log(
    connection: Connection, actor: str, act: str, contact_id: int, course: str, now_ms: int
) -> None:
    subject = f"contact:{contact_id}"
    audit.append(connection, actor, f"course.{act}", subject, {"course": course}, now_ms=now_ms)
