"""Campaigns that enrol whom they reach (`course:` in their plan), once a run is over.

Batch by batch, each a short transaction that moves `course_intakes` on; a second pass a day later finds
those whose receipt came late. Whoever runs in the course already, or said STOP, is passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smsbot.storage import intakes

if TYPE_CHECKING:
    from collections.abc import Callable

    from smsbot.storage.database import Database

SECOND_LOOK_MS: Final = 86_400_000
PASSES: Final = 2
BATCHES_A_CALL: Final = 20
"""Batches in one call, so that the ticker's other tasks of courses get their turn."""


def enrol_reached(database: Database, now: Callable[[], int]) -> int:
    """Enrol people whose message of a finished run was accepted or delivered; give how many."""
    with database.read() as connection:
        fresh = intakes.without_intake(connection)
    if fresh:
        with database.write() as connection:
            intakes.begin(connection, fresh, now())
    enrolled = 0
    for _ in range(BATCHES_A_CALL):
        with database.read() as connection:
            intake = intakes.due(connection, now(), passes=PASSES)
        if intake is None:
            break
        with database.write() as connection:
            enrolled += intakes.enrol_batch(connection, intake, now(), rest_ms=SECOND_LOOK_MS)
    return enrolled
