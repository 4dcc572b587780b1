"""The ticker's round through all of courses: reminders, campaigns that enrol, lessons.

One after the other in one thread: a thread of the ticker costs memory on the smallest machine, and none
of these is in a hurry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.courses import intake, planner, reminding

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smsbot.courses.planner import Planned
    from smsbot.storage.database import Database
    from smsbot.values import Channel


def go_round(
    database: Database, channels: Mapping[str, Channel], now: Callable[[], int]
) -> Planned:
    """Do what is due now; may run twice at once. Takes some two seconds on a day with much to do."""
    reminding.remind(database, channels, now)
    intake.enrol_reached(database, now)
    return planner.plan(database, channels, now)
