"""What is next for one person in one course: a lesson, a reminder, a wait, or the end. Pure.

Whatever happened to the clock or the course: one step at a time, each lesson once, never two lessons on
one day, and nobody is woken (docs/decisions/127).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from smsbot.sending.hours import wall_to_ms
from smsbot.timetable import Since

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from smsbot.timetable import Lesson, Timetable

DAY_MS: Final = 86_400_000
ANSWER_WAIT_DAYS: Final = 7
"""Who has not answered for so long gets the next lesson as if they had."""
CATCH_UP_DAYS: Final = 4
"""Late lessons follow each other by this much, so that two come in a week (domain R09), or as close as
the course has them."""
EVENING: Final = time(19)
"""A lesson that is late in its day goes until then, else on the next day."""


@dataclass(frozen=True, slots=True)
class Had:
    """A lesson that went to this person: when, what it was, and when its reminder went (0: none)."""

    at: int
    what: str
    reminded_at: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a person stands in a course. `answered_at`: the first answer since the last lesson."""

    enrolled_at: int
    zone: ZoneInfo
    had: Mapping[str, Had] = field(default_factory=dict)
    answered_at: int | None = None
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Teach:
    """The lesson is due now."""

    lesson: Lesson


@dataclass(frozen=True, slots=True)
class Remind:
    """The lesson was not answered: its reminder is due now."""

    lesson: Lesson


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing before then."""

    until: int


@dataclass(frozen=True, slots=True)
class End:
    """The course is over for this person: `completed`, or `tag`."""

    because: str


Step = Teach | Remind | Wait | End
COMPLETED: Final = "completed"
TAGGED: Final = "tag"


def next_step(course: Timetable, standing: Standing, now_ms: int) -> Step:
    """Give what is to be done for this person now."""
    if standing.tags & set(course.stop_tags):
        return End(TAGGED)
    last = _last(course, standing.had)
    lesson = next(iter(left(course, standing.had)), None)
    due = None if lesson is None else _due(lesson, last, standing, now_ms)
    if last is not None and last.lesson is not None and (due is None or due > now_ms):
        reminder = _reminder(last.had, last.lesson, standing, now_ms)
        if reminder is not None and (due is None or reminder < due):
            return Wait(reminder) if reminder > now_ms else Remind(last.lesson)
    if lesson is None or due is None:
        return End(COMPLETED)
    at = _decent(due, lesson.at, standing.zone, now_ms)
    return Teach(lesson) if at <= now_ms else Wait(at)


def mended(had: Mapping[str, Had], now_ms: int) -> dict[str, Had]:
    """Give what a person had, where a clock that was ahead wrote the future: as of now instead."""
    return {
        name: Had(min(each.at, now_ms), each.what, min(each.reminded_at, now_ms))
        for name, each in had.items()
    }


def left(course: Timetable, had: Mapping[str, Had]) -> list[Lesson]:
    """Give the lessons that a person has not had, by name or by substance: a renamed one is the same."""
    substance = {each.what for each in had.values()}
    return [
        lesson for lesson in course.lessons if lesson.id not in had and lesson.what not in substance
    ]


def waits_for_answer(course: Timetable, had: Mapping[str, Had]) -> bool:
    """Say whether the next step hangs on whether the last lesson was answered."""
    last = _last(course, had)
    if last is None:
        return False
    has_reminder = last.lesson is not None and last.lesson.remind_days is not None
    following = next(iter(left(course, had)), None)
    return (has_reminder and not last.had.reminded_at) or (
        following is not None and following.since is Since.ANSWER
    )


def newest(had: Mapping[str, Had]) -> Had | None:
    """Give the lesson that went last."""
    return max(had.values(), key=lambda each: each.at, default=None)


@dataclass(frozen=True, slots=True)
class _Last:
    """The lesson that went last; `lesson` is None once the course has it no more."""

    had: Had
    lesson: Lesson | None

    @property
    def at(self) -> int:
        """When this person was last texted for the course."""
        return max(self.had.at, self.had.reminded_at)


def _last(course: Timetable, had: Mapping[str, Had]) -> _Last | None:
    if not had:
        return None
    lesson_id, found = max(had.items(), key=lambda each: each[1].at)
    same = (each for each in course.lessons if each.id == lesson_id or each.what == found.what)
    return _Last(found, next(same, None))


def _reminder(had: Had, lesson: Lesson, standing: Standing, now_ms: int) -> int | None:
    """Give when the last lesson's reminder goes; None: never, or it is too late to be of use."""
    if lesson.remind_days is None or had.reminded_at or standing.answered_at is not None:
        return None
    zone = standing.zone
    planned = _at(_day(had.at, zone), lesson.remind_days, lesson.at, zone)
    if now_ms > planned + lesson.expires_s * 1000:
        return None
    return _decent(planned, lesson.at, zone, now_ms)


def _due(lesson: Lesson, last: _Last | None, standing: Standing, now_ms: int) -> int:
    zone = standing.zone
    enrolled = _day(standing.enrolled_at, zone)
    if last is None or lesson.since is Since.ENROLMENT:
        due = _at(enrolled, lesson.days, lesson.at, zone)
        if due < standing.enrolled_at:  # on the day itself, but the hour has passed
            due = _at(enrolled, lesson.days + 1, lesson.at, zone)
    else:
        due = _after_answer(lesson, last, standing, now_ms)
    if last is None:
        return due
    gap = _at(_day(last.at, zone), _gap(lesson, last.lesson), lesson.at, zone)
    return max(due, gap)


def _after_answer(lesson: Lesson, last: _Last, standing: Standing, now_ms: int) -> int:
    zone = standing.zone
    if standing.answered_at is not None:
        return _at(_day(standing.answered_at, zone), lesson.days, lesson.at, zone)
    latest = _at(_day(last.had.at, zone), lesson.days + ANSWER_WAIT_DAYS, lesson.at, zone)
    if latest <= now_ms:
        return latest
    # An answer that comes right now makes it due that many days from now, and no answer sooner.
    return min(latest, _at(_day(now_ms, zone), max(lesson.days, 1), lesson.at, zone))


def _gap(lesson: Lesson, before: Lesson | None) -> int:
    """Give the days between the lesson before and this one, at the least."""
    if before is None or Since.ANSWER in (lesson.since, before.since):
        return 1
    return max(1, min(CATCH_UP_DAYS, lesson.days - before.days))


def _decent(due: int, hour: time, zone: ZoneInfo, now_ms: int) -> int:
    """Give when it goes: as due, or when that has passed now, if the hour is fit, else tomorrow."""
    if due > now_ms:
        return due
    today = _day(now_ms, zone)
    begins = _at(today, 0, hour, zone)
    if now_ms < begins:
        return begins
    if now_ms < max(_at(today, 0, EVENING, zone), begins + 3_600_000):
        return now_ms
    return _at(today, 1, hour, zone)


def _day(at_ms: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).date()


def _at(day: date, days: int, hour: time, zone: ZoneInfo) -> int:
    return wall_to_ms(datetime.combine(day + timedelta(days=days), hour), zone)
