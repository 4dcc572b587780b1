"""What is next in a course: days, hours, reminders, edits and clocks that jump."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from random import Random
from zoneinfo import ZoneInfo

import pytest

from smsbot.courses.steps import (
    DAY_MS,
    End,
    Had,
    Remind,
    Standing,
    Step,
    Teach,
    Wait,
    left,
    mended,
    next_step,
)
from smsbot.timetable import Lesson, Since, Timetable

NAIROBI, TUNIS, LISBON = map(ZoneInfo, ("Africa/Nairobi", "Africa/Tunis", "Europe/Lisbon"))


def at(wall: str, zone: ZoneInfo = NAIROBI) -> int:
    return int(datetime.fromisoformat(wall).replace(tzinfo=zone).timestamp() * 1000)


def lesson(days: int, name: str = "", **more: object) -> Lesson:
    name = name or f"day-{days}"
    return Lesson(name, f"flow:{name}", days, **more)  # type: ignore[arg-type]


def course(*lessons: Lesson, **more: object) -> Timetable:
    return Timetable("c", "C", "lessons", lessons, **more)  # type: ignore[arg-type]


BOOSTERS = course(*(lesson(days) for days in (3, 10, 30, 90)))
ENROLLED = at("2026-03-02T15:20")


def live(
    table: Timetable,
    until: int,
    *,
    enrolled: int = ENROLLED,
    zone: ZoneInfo = NAIROBI,
    answers: frozenset[str] = frozenset(),
    answer_after: int = 3_600_000,
    step_ms: int = 3_600_000,
    begin: int | None = None,
) -> list[tuple[str, str]]:
    """Play a planner that looks each hour; give what was sent, with the hour on the wall there."""
    sent: list[tuple[str, str]] = []
    had: dict[str, Had] = {}
    answered: int | None = None
    next_at, now = 0, enrolled if begin is None else begin
    while now < until:
        if now >= next_at:
            standing = Standing(enrolled, zone, had, answered)
            step = next_step(table, standing, now)
            wall = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone)
            if isinstance(step, Teach):
                had[step.lesson.id] = Had(now, step.lesson.what)
                sent.append((step.lesson.id, f"{wall:%m-%d %H:%M}"))
                answered = now + answer_after if step.lesson.id in answers else None
            elif isinstance(step, Remind):
                name = step.lesson.id
                had[name] = replace(had[name], reminded_at=now)
                sent.append((f"{name}!", f"{wall:%m-%d %H:%M}"))
            elif isinstance(step, Wait):
                assert step.until > now
                next_at = step.until
            else:
                sent.append((step.because, f"{wall:%m-%d %H:%M}"))
                return sent
        else:
            now = min(max(now + step_ms, now), max(next_at, now + 1))
    return sent


def test_boosters_go_on_their_days_at_the_local_hour() -> None:
    assert live(BOOSTERS, ENROLLED + 120 * DAY_MS) == [
        ("day-3", "03-05 10:00"),
        ("day-10", "03-12 10:00"),
        ("day-30", "04-01 10:00"),
        ("day-90", "05-31 10:00"),
        ("completed", "05-31 10:00"),
    ]


def test_the_hour_is_the_persons_own_over_a_change_of_clocks() -> None:
    sent = live(
        BOOSTERS, ENROLLED + 120 * DAY_MS, zone=LISBON, enrolled=at("2026-03-20T09:00", LISBON)
    )
    assert {moment.split()[1] for _, moment in sent} == {"10:00"}


@pytest.mark.parametrize(
    ("enrolled", "goes"),
    [("2026-03-02T08:00", "03-02 10:00"), ("2026-03-02T10:01", "03-03 10:00")],
)
def test_day_zero_is_today_if_the_hour_is_still_to_come(enrolled: str, goes: str) -> None:
    sent = live(course(lesson(0)), ENROLLED + 5 * DAY_MS, enrolled=at(enrolled))
    assert sent[0] == ("day-0", goes)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-03-05T09:59:59", Wait(at("2026-03-05T10:00"))),
        ("2026-03-05T10:00", Teach(BOOSTERS.lessons[0])),
        ("2026-03-05T18:59:59", Teach(BOOSTERS.lessons[0])),  # late in its day
        ("2026-03-05T19:00", Wait(at("2026-03-06T10:00"))),
        ("2026-03-06T02:00", Wait(at("2026-03-06T10:00"))),
        ("2026-06-01T12:00", Teach(BOOSTERS.lessons[0])),  # the service was away for months
    ],
)
def test_a_late_lesson_wakes_nobody(now: str, expected: Step) -> None:
    assert next_step(BOOSTERS, Standing(ENROLLED, NAIROBI), at(now)) == expected


def test_an_evening_hour_has_an_hour_of_its_own() -> None:
    table = course(lesson(3, at=time(18, 45)))
    standing = Standing(ENROLLED, NAIROBI)
    assert isinstance(next_step(table, standing, at("2026-03-05T19:30")), Teach)
    assert isinstance(next_step(table, standing, at("2026-03-05T19:45")), Wait)


def test_after_a_long_outage_lessons_follow_each_other_two_a_week() -> None:
    begin = ENROLLED + 200 * DAY_MS
    sent = live(BOOSTERS, begin + 60 * DAY_MS, begin=begin)
    assert [moment for _, moment in sent[:4]] == [
        "09-18 15:20",
        "09-22 10:00",
        "09-26 10:00",
        "09-30 10:00",
    ]


def test_late_lessons_of_a_daily_course_stay_a_day_apart() -> None:
    daily = course(lesson(1), lesson(2), lesson(3))
    begin = ENROLLED + 40 * DAY_MS
    moments = [moment for _, moment in live(daily, begin + 10 * DAY_MS, begin=begin)]
    assert moments == ["04-11 15:20", "04-12 10:00", "04-13 10:00", "04-13 10:00"]


REMINDED = course(lesson(3, remind_days=2), lesson(10), completed_tag="done")


def test_who_does_not_answer_is_reminded_once_and_who_does_is_not() -> None:
    until = ENROLLED + 30 * DAY_MS
    assert live(REMINDED, until)[:3] == [
        ("day-3", "03-05 10:00"),
        ("day-3!", "03-07 10:00"),
        ("day-10", "03-12 10:00"),
    ]
    answered = live(REMINDED, until, answers=frozenset({"day-3"}))
    assert [name for name, _ in answered] == ["day-3", "day-10", "completed"]


def test_the_course_ends_after_the_reminder_of_its_last_lesson() -> None:
    table = course(lesson(3, remind_days=2))
    until = ENROLLED + 30 * DAY_MS
    assert [name for name, _ in live(table, until)] == ["day-3", "day-3!", "completed"]
    had = {"day-3": Had(ENROLLED, "flow:day-3")}
    far = ENROLLED + 60 * DAY_MS  # too late to be of use
    assert next_step(table, Standing(ENROLLED, NAIROBI, had), far) == End("completed")


def test_a_reminder_gives_way_to_a_lesson_that_is_due() -> None:
    table = course(lesson(3, remind_days=5), lesson(6))
    names = [name for name, _ in live(table, ENROLLED + 30 * DAY_MS)]
    assert names == ["day-3", "day-6", "completed"]


def test_a_lesson_never_follows_a_late_reminder_on_its_day() -> None:
    had = {"day-3": Had(at("2026-03-10T10:00"), "flow:day-3", at("2026-03-12T09:00"))}
    step = next_step(REMINDED, Standing(ENROLLED, NAIROBI, had), at("2026-03-12T12:00"))
    assert isinstance(step, Wait)
    assert step.until >= at("2026-03-13T10:00")


ANSWERED = course(lesson(0), lesson(2, "second", since=Since.ANSWER))


@pytest.mark.parametrize(
    ("answers", "after", "second"),
    [
        (frozenset({"day-0"}), 3_600_000, "03-05 10:00"),  # answered on the third
        (frozenset({"day-0"}), 4 * DAY_MS, "03-09 10:00"),  # answered on the seventh
        (frozenset(), 0, "03-12 10:00"),  # a week of patience, and two days
    ],
)
def test_a_lesson_may_wait_for_the_answer_to_the_one_before(
    answers: frozenset[str], after: int, second: str
) -> None:
    def answered_by(now: int, had: dict[str, Had]) -> int | None:
        first = had.get("day-0")
        if first is None or not answers or now < first.at + after:
            return None
        return first.at + after

    had: dict[str, Had] = {}
    now, sent = ENROLLED, []
    while len(sent) < 2 and now < ENROLLED + 60 * DAY_MS:
        step = next_step(ANSWERED, Standing(ENROLLED, NAIROBI, had, answered_by(now, had)), now)
        if isinstance(step, Teach):
            had[step.lesson.id] = Had(now, step.lesson.what)
            wall = datetime.fromtimestamp(now / 1000, UTC).astimezone(NAIROBI)
            sent.append(f"{wall:%m-%d %H:%M}")
        else:
            assert isinstance(step, Wait)
            now = step.until
    assert sent == ["03-03 10:00", second]


def test_a_tag_ends_the_course() -> None:
    table = replace(BOOSTERS, stop_tags=("moved-away", "lost-phone"))
    standing = Standing(ENROLLED, NAIROBI, tags=frozenset({"vip", "lost-phone"}))
    assert next_step(table, standing, ENROLLED) == End("tag")


HAD = {
    "day-3": Had(at("2026-03-05T10:00"), "flow:day-3"),
    "day-10": Had(at("2026-03-12T10:00"), "flow:day-10"),
}
EDITS = [
    ("as it was", BOOSTERS.lessons, ["day-30", "day-90"]),
    ("one removed", BOOSTERS.lessons[1:3], ["day-30"]),
    ("all removed", (), []),
    ("reordered", tuple(reversed(BOOSTERS.lessons)), ["day-90", "day-30"]),
    ("renamed", tuple(replace(each, id=f"new-{each.id}") for each in BOOSTERS.lessons),
     ["new-day-30", "new-day-90"]),
    ("one added in the past", (*BOOSTERS.lessons[:1], lesson(5), *BOOSTERS.lessons[1:]),
     ["day-5", "day-30", "day-90"]),
    ("another flow under the same name",
     tuple(replace(each, what="flow:new") for each in BOOSTERS.lessons[:1]), []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("lessons", "remain"), [each[1:] for each in EDITS], ids=[e[0] for e in EDITS]
)
def test_an_edit_repeats_nothing_and_loses_nothing(
    lessons: tuple[Lesson, ...], remain: list[str]
) -> None:
    assert [each.id for each in left(course(*lessons), HAD)] == remain
    step = next_step(course(*lessons), Standing(ENROLLED, NAIROBI, HAD), at("2026-03-13T09:00"))
    assert isinstance(step, Wait if remain else End)


def test_what_a_fast_clock_wrote_is_mended() -> None:
    future = at("2030-01-01T10:00")
    now = at("2026-03-20T12:00")
    had = mended({"day-3": Had(future, "flow:day-3", future)}, now)
    step = next_step(BOOSTERS, Standing(ENROLLED, NAIROBI, had), now)
    assert step == Wait(at("2026-03-24T10:00"))


def test_whatever_the_clock_does_a_lesson_goes_once_by_day_and_alone() -> None:
    draw = Random(7)
    for _ in range(150):
        table = course(
            *(lesson(days, remind_days=draw.choice([None, 2])) for days in (0, 3, 4, 30))
        )
        zone = draw.choice([NAIROBI, TUNIS, LISBON])
        had: dict[str, Had] = {}
        taught: list[tuple[str, int]] = []
        now = ENROLLED
        for _ in range(400):
            jump = draw.random()
            hours = draw.randrange(1, 20)
            now += hours * 3_600_000
            if jump < 0.02:
                now += draw.randrange(1, 400) * DAY_MS
            elif jump < 0.04:
                now -= draw.randrange(1, 100) * DAY_MS
                taught = [(name, min(moment, now)) for name, moment in taught]
            had = mended(had, now)
            step = next_step(table, Standing(min(ENROLLED, now), zone, had), now)
            if isinstance(step, Wait):
                assert step.until > now
            elif isinstance(step, Teach | Remind):
                wall = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone)
                assert time(10) <= wall.time() < time(19)
                days = [datetime.fromtimestamp(m / 1000, UTC).astimezone(zone) for _, m in taught]
                assert wall.date() not in [each.date() for each in days]
                name = step.lesson.id
                if isinstance(step, Teach):
                    assert name not in had
                    had[name] = Had(now, step.lesson.what)
                else:
                    had[name] = replace(had[name], reminded_at=now)
                taught.append((name, now))
            else:
                break
        names = [name for name, _ in taught]
        assert all(names.count(name) <= 2 for name in names)
