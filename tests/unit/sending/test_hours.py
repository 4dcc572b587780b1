from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsbot.plans import Window
from smsbot.sending.hours import is_allowed, next_allowed, wall_to_ms
from smsbot.values import QuietHours

NIGHT = QuietHours(time(19), time(8))
LUNCH = QuietHours(time(12), time(13, 30))
OFFICE = Window(time(9), time(17), days=(0, 1, 2, 3, 4))
EVENING = Window(time(20), time(2), days=(5,))  # Saturday until Sunday 02:00
ZONES = [
    "Africa/Nairobi",
    "Africa/Casablanca",  # goes back for Ramadan
    "Africa/Cairo",  # forward at midnight
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # by half an hour
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
]


def at(words: str, zone: str) -> int:
    moment = datetime.fromisoformat(words)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return round(moment.timestamp() * 1000)


@pytest.mark.parametrize(
    ("zone", "quiet", "window", "now", "expected"),
    [
        ("Africa/Nairobi", NIGHT, None, "2026-03-02T18:59:59.999", "2026-03-02T18:59:59.999"),
        ("Africa/Nairobi", NIGHT, None, "2026-03-02T19:00", "2026-03-03T08:00"),
        ("Africa/Nairobi", NIGHT, None, "2026-03-02T23:59:59.999", "2026-03-03T08:00"),
        ("Africa/Nairobi", NIGHT, None, "2026-03-03T00:00", "2026-03-03T08:00"),
        ("Africa/Nairobi", NIGHT, None, "2026-03-03T07:59:59.999", "2026-03-03T08:00"),
        ("Africa/Nairobi", NIGHT, None, "2026-03-03T08:00", "2026-03-03T08:00"),
        ("Africa/Nairobi", LUNCH, None, "2026-03-03T13:29", "2026-03-03T13:30"),
        ("Africa/Nairobi", None, None, "2026-03-03T03:00", "2026-03-03T03:00"),
        ("Africa/Nairobi", NIGHT, OFFICE, "2026-03-06T17:00", "2026-03-09T09:00"),  # Friday
        ("Africa/Nairobi", None, EVENING, "2026-03-02T12:00", "2026-03-07T20:00"),
        ("Africa/Nairobi", None, EVENING, "2026-03-08T01:59:59.999", "2026-03-08T01:59:59.999"),
        ("Africa/Nairobi", None, EVENING, "2026-03-08T02:00", "2026-03-14T20:00"),
        ("Africa/Nairobi", None, EVENING, "2026-03-08T21:00", "2026-03-14T20:00"),  # Sunday
        # A day of 23 hours and one of 25.
        ("Europe/Berlin", NIGHT, None, "2026-03-28T22:00", "2026-03-29T08:00+02:00"),
        ("Europe/Berlin", NIGHT, None, "2026-10-24T22:00", "2026-10-25T08:00+01:00"),
        # 02:30 is left out: quiet hours that end then end at 03:00.
        (
            "Europe/Berlin",
            QuietHours(time(22), time(2, 30)),
            None,
            "2026-03-28T23:00",
            "2026-03-29T03:00+02:00",
        ),
        # 02:30 comes twice: allowed from the first, quiet again from 02:00 to the second.
        (
            "Europe/Berlin",
            QuietHours(time(22), time(2, 30)),
            None,
            "2026-10-24T23:00",
            "2026-10-25T02:30+02:00",
        ),
        (
            "Europe/Berlin",
            QuietHours(time(22), time(2, 30)),
            None,
            "2026-10-25T02:10+01:00",
            "2026-10-25T02:30+01:00",
        ),
        # Clocks that go back bring an hour that is allowed: 02:00 to 02:30, once more.
        (
            "Europe/Berlin",
            QuietHours(time(2, 30), time(8)),
            None,
            "2026-10-25T02:40+02:00",
            "2026-10-25T02:00+01:00",
        ),
        # Midnight itself is left out.
        (
            "Africa/Cairo",
            None,
            Window(time(0), time(4), days=(4,)),
            "2026-04-23T12:00",
            "2026-04-24T01:00+03:00",
        ),
    ],
)  # fmt: skip
def test_the_first_allowed_moment_is_exact(
    zone: str, quiet: QuietHours | None, window: Window | None, now: str, expected: str
) -> None:
    found = next_allowed(at(now, zone), ZoneInfo(zone), quiet, window)
    assert found == at(expected, zone)


def test_a_window_inside_the_quiet_hours_never_opens() -> None:
    window = Window(time(20), time(7))
    assert next_allowed(at("2026-03-02T12:00", "UTC"), ZoneInfo("UTC"), NIGHT, window) is None


def test_a_start_holds_by_the_clock_of_each_zone() -> None:
    start = datetime(2026, 12, 1, 9)  # noqa: DTZ001
    now = at("2026-11-30T00:00", "UTC")
    expected = {
        "Pacific/Kiritimati": "2026-12-01T09:00+14:00",
        "Africa/Nairobi": "2026-12-01T09:00+03:00",
        "Africa/Dakar": "2026-12-01T09:00+00:00",
        "America/New_York": "2026-12-01T09:00-05:00",
    }
    for zone, moment in expected.items():
        assert next_allowed(now, ZoneInfo(zone), NIGHT, None, start) == at(moment, zone)


@pytest.mark.parametrize(
    ("zone", "wall", "expected"),
    [
        ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T03:00+02:00"),
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T02:30+02:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:10", "2026-10-04T02:30+11:00"),
        ("Africa/Nairobi", "2026-10-04T02:10:00.001", "2026-10-04T02:10:00.001"),
    ],
)
def test_a_time_on_the_wall_is_one_moment(zone: str, wall: str, expected: str) -> None:
    assert wall_to_ms(datetime.fromisoformat(wall), ZoneInfo(zone)) == at(expected, zone)


TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
QUIET = st.none() | st.builds(QuietHours, TIMES, TIMES).filter(lambda q: q.start != q.end)
DAYS = st.sets(st.integers(0, 6), min_size=1).map(lambda found: tuple(sorted(found)))
WINDOWS = st.none() | st.builds(Window, TIMES, TIMES, DAYS)
YEAR = st.integers(at("2026-01-01T00:00", "UTC"), at("2027-01-01T00:00", "UTC"))
NEAR_A_CHANGE = st.sampled_from(
    [
        at(words, "UTC")
        for words in (
            "2026-03-29T01:00",
            "2026-10-25T01:00",
            "2026-02-15T02:00",
            "2026-03-22T02:00",
            "2026-04-23T22:00",
            "2026-10-29T21:00",
            "2026-03-08T07:00",
            "2026-11-01T06:00",
            "2026-04-04T15:00",
            "2026-10-03T15:30",
        )
    ]
).flatmap(lambda moment: st.integers(moment - 100_000_000, moment + 20_000_000))
MINUTE = 60_000


@settings(max_examples=300)
@given(YEAR | NEAR_A_CHANGE, st.sampled_from(ZONES), QUIET, WINDOWS)
def test_what_comes_out_is_allowed_and_nothing_earlier_is(
    now: int, name: str, quiet: QuietHours | None, window: Window | None
) -> None:
    zone = ZoneInfo(name)
    found = next_allowed(now, zone, quiet, window)
    if found is None:
        steps = range(now, now + 8 * 86_400_000, 15 * MINUTE)
        assert not any(is_allowed(moment, zone, quiet, window) for moment in steps)
        return
    assert found >= now
    assert is_allowed(found, zone, quiet, window)
    if found > now:
        assert not is_allowed(found - 1, zone, quiet, window)
        assert not is_allowed(now, zone, quiet, window)
        first_minute = (now // MINUTE + 1) * MINUTE  # every edge lies on a minute
        span = min(found, now + 2 * 86_400_000)
        earlier = [*range(first_minute, span, MINUTE), *range(span, found, 15 * MINUTE)]
        assert not any(is_allowed(moment, zone, quiet, window) for moment in earlier)
