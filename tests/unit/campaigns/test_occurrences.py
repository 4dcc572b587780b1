"""When campaigns begin, over the edges of clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsbot.campaigns import occurrences
from smsbot.plans import Plan, Start, StartZone

NAIROBI, CAIRO, BERLIN = (
    ZoneInfo("Africa/Nairobi"),
    ZoneInfo("Africa/Cairo"),
    ZoneInfo("Europe/Berlin"),
)
CASABLANCA = ZoneInfo("Africa/Casablanca")


def _plan(repeat: str = "", at: str = "", zone: StartZone = StartZone.CHANNEL) -> Plan:
    start = Start(datetime.fromisoformat(at) if at else None, zone)
    return Plan("t", "alerts", "sim", repeat=repeat, start=start)


def _ms(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000)


def _iso(ms: int | None) -> str:
    assert ms is not None
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%m-%dT%H:%M")


def _series(plan: Plan, zone: ZoneInfo, after: str, count: int) -> list[str]:
    found, at = [], _ms(after)
    for _ in range(count):
        at = occurrences.following(plan, zone, at) or 0
        found.append(_iso(at))
    return found


@pytest.mark.parametrize(
    ("plan", "zone", "now", "begins"),
    [
        (_plan(), NAIROBI, "2026-11-22T12:00:30Z", "11-22T12:00"),
        (_plan(at="2026-12-01T09:00"), NAIROBI, "2026-11-22T12:00Z", "12-01T06:00"),
        (_plan(at="2026-11-01T09:00"), NAIROBI, "2026-11-22T12:00Z", "11-01T06:00"),
        (_plan(at="2026-12-01T09:00", zone=StartZone.CONTACT), NAIROBI, "2026-11-22T12:00Z",
         "11-30T19:00"),
        (_plan("0 9 * * 1"), NAIROBI, "2026-11-22T12:00Z", "11-23T06:00"),
        (_plan("0 9 * * 1"), NAIROBI, "2026-11-23T06:00Z", "11-23T06:00"),
        (_plan("0 9 * * 1", at="2026-12-01T00:00"), NAIROBI, "2026-11-22T12:00Z", "12-07T06:00"),
        (_plan("0 9 * * 1", zone=StartZone.CONTACT), NAIROBI, "2026-11-22T12:00Z", "11-22T19:00"),
        (_plan(at="2026-03-29T02:30"), BERLIN, "2026-03-01T12:00Z", "03-29T01:30"),
        (_plan(at="2026-10-25T02:30"), BERLIN, "2026-03-01T12:00Z", "10-25T00:30"),
    ],
)  # fmt: skip
def test_the_first_launch_is_on_the_clock_that_was_named(
    plan: Plan, zone: ZoneInfo, now: str, begins: str
) -> None:
    assert _iso(occurrences.first(plan, zone, _ms(now))) == begins


@pytest.mark.parametrize(
    ("repeat", "zone", "after", "found"),
    [
        ("30 2 * * *", BERLIN, "2026-03-28T12:00Z", ["03-29T01:00", "03-30T00:30"]),  # skipped
        ("30 2 * * *", BERLIN, "2026-10-24T12:00Z", ["10-25T00:30", "10-26T01:30"]),  # twice
        ("30 2 * * *", CASABLANCA, "2026-02-14T12:00Z", ["02-15T01:30", "02-16T02:30"]),  # Ramadan
        ("0 0 * * *", CAIRO, "2026-04-23T12:00Z", ["04-23T22:00", "04-24T21:00"]),  # midnight
        ("0 * * * *", BERLIN, "2026-10-25T00:30Z", ["10-25T01:00", "10-25T02:00"]),
        ("0 9 31 * *", NAIROBI, "2026-08-31T06:00Z", ["10-31T06:00", "12-31T06:00"]),
    ],
)
def test_a_repeat_comes_once_a_day_whatever_the_clocks_do(
    repeat: str, zone: ZoneInfo, after: str, found: list[str]
) -> None:
    assert _series(_plan(repeat), zone, after, 2) == found


def test_what_goes_once_has_no_next() -> None:
    assert occurrences.following(_plan(), NAIROBI, 0) is None


@given(
    st.sampled_from(["30 2 * * *", "0 0 * * *", "*/30 * * * *", "15 */3 * * *"]),
    st.sampled_from([BERLIN, CAIRO, CASABLANCA, NAIROBI]),
    st.integers(_ms("2026-01-01T00:00Z"), _ms("2026-12-31T00:00Z")),
)
def test_the_next_is_later_and_nothing_lies_between(
    repeat: str, zone: ZoneInfo, after: int
) -> None:
    plan = _plan(repeat)
    found = occurrences.following(plan, zone, after)
    assert found is not None
    assert after < found <= after + int(timedelta(hours=26).total_seconds() * 1000)
    assert occurrences.following(plan, zone, (after + found) // 2) == found


def test_a_start_on_each_contacts_clock_lasts_until_the_last_of_them() -> None:
    plan = _plan(at="2026-12-01T09:00", zone=StartZone.CONTACT)
    begins = occurrences.first(plan, NAIROBI, 0)
    last_zone = datetime(2026, 12, 1, 9, tzinfo=occurrences.LATEST)
    assert occurrences.ends_at(plan, begins) == int(last_zone.timestamp() * 1000) + 6 * 3_600_000
    assert occurrences.wall_clock(plan, NAIROBI, begins) == datetime(2026, 12, 1, 9)  # noqa: DTZ001
    here = _plan(at="2026-12-01T09:00")
    begins = occurrences.first(here, NAIROBI, 0)
    assert occurrences.ends_at(here, begins) == begins + 6 * 3_600_000
    assert occurrences.wall_clock(here, NAIROBI, begins) == datetime(2026, 12, 1, 9)  # noqa: DTZ001


@pytest.mark.parametrize(
    "repeat",
    ["", "9", "0 9 * *", "0 0 9 * * 1", "61 * * * *", "0 9 * * 8", "0 0 31 2 *", "@daily", "x"],
)
def test_what_is_not_cron_is_told(repeat: str) -> None:
    assert occurrences.fault_of(repeat).startswith(("a repeat has five", "the repeat"))


@pytest.mark.parametrize("repeat", ["0 9 * * 1", "*/15 8-17 * * mon-fri", "0 9 L * *"])
def test_cron_is_cron(repeat: str) -> None:
    assert occurrences.fault_of(repeat) == ""
