"""Are the courses sound: is everybody looked at in time, and is there a course for everybody?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smsbot.courses import register
from smsbot.storage import enrolments
from smsbot.upkeep.findings import Finding, ok, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

LATE_MS: Final = 30 * 60_000
"""The ticker looks every two seconds; a day on which a million are due takes it some minutes."""
_MINUTE_MS: Final = 60_000


def examine_courses(connection: Connection, now_ms: int) -> Iterator[Finding]:
    """Look for enrolments that nobody looks at, and for people in courses that have no file.

    Counts all enrolments: a second for some millions. `now_ms` is the service's own time.
    """
    classes = register.classes(connection)
    first = enrolments.earliest(connection)
    if first is not None and first < now_ms - LATE_MS:
        late = f"for {(now_ms - first) // _MINUTE_MS:,} minutes" if first else "to be looked at"
        words = f"{enrolments.count_due(connection, now_ms):,} people wait {late}"
        yield warn("courses", words, "see that a ticker runs, and what it logs: smsbot up")
    for each in classes:
        if each.course is None and each.running:
            words = f"{each.running:,} people wait in {each.id!r}, which is not taught"
            remedy = f"write flows/courses/{each.id}.yaml, or end it: smsbot course end {each.id}"
            yield warn("courses", words, remedy)
    taught = [each for each in classes if each.course is not None]
    running = sum(each.running for each in taught)
    yield ok("courses", f"{len(taught)} taught, {running:,} people in them")
