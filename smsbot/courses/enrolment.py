"""Enrolling people in courses and ending it, by a flow, a keyword, a campaign or a command.

Enrolling asks for no consent: whoever has not agreed to the course's purpose is sent nothing, each
lesson is a row suppressed(no_consent), and one who agrees later gets the rest (docs/decisions/128).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.storage import contacts, enrolments

if TYPE_CHECKING:
    from sqlalchemy import Connection

BY_COMMAND = "operator"
"""Why an enrolment ended: somebody at the console ended it."""


def enrol(
    connection: Connection,
    contact_id: int,
    course: str,
    *,
    effect_key: str,
    now_ms: int,
    channel: str = "",
) -> bool:
    """Enrol a person in a course; say whether this did it.

    Twice in the same course while it runs is once, and so is the same act again (`effect_key`). Who
    had all of a course is not enrolled anew: nothing would be left to send.
    `channel` is where lessons go out; empty is one of the person's country.
    """
    contacts.lock(connection, contact_id)
    if enrolments.has_it(connection, contact_id, course):
        return False
    return enrolments.add(
        connection, contact_id, course, effect_key=effect_key, now_ms=now_ms, channel=channel
    )


def leave(
    connection: Connection, contact_id: int, course: str, *, now_ms: int, because: str = BY_COMMAND
) -> bool:
    """End a person's course; say whether it ran."""
    return enrolments.end(connection, contact_id, because, now_ms, course=course) > 0
