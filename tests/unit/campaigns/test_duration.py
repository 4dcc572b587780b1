"""The duration is what rate, quiet hours, window and zones leave of the time."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from smsbot.campaigns.duration import Share, estimate
from smsbot.plans import Window
from smsbot.values import QuietHours

NAIROBI, ACCRA = ZoneInfo("Africa/Nairobi"), ZoneInfo("Africa/Accra")
HOUR = 3_600_000
QUIET = QuietHours(time(20), time(8))


def at(hour: int, minute: int = 0, day: int = 1) -> int:
    """Nairobi's clock, 2026-12-01 being a Tuesday."""
    return int(datetime(2026, 12, day, hour, minute, tzinfo=NAIROBI).timestamp() * 1000)


@pytest.mark.parametrize(
    ("begins", "segments", "rate", "quiet", "window", "ends", "late"),
    [
        (at(9), 36_000, 10, None, None, at(10), 0),
        (at(9), 15, 10, QUIET, None, at(9) + 1500, 0),
        (at(19), 72_000, 10, QUIET, None, at(9, day=2), 0),
        (at(21), 36_000, 10, QUIET, None, at(9, day=2), 0),
        (at(9), 72_000, 10, None, Window(time(9), time(10)), at(10, day=2), 0),
        (at(9), 72_000, 10, None, Window(time(9), time(10), (1, 3)), at(10, day=3), 0),
        (at(9), 1_728_000, 10, None, None, at(9, day=2), 864_000),
        (at(20), 1000, 10, QUIET, Window(time(21), time(22)), None, 1000),
    ],
    ids=[
        "one hour",
        "a second and a half",
        "over the night",
        "after the night",
        "two days of an hour",
        "on Tuesdays and Thursdays",
        "more than a day holds",
        "never",
    ],
)
def test_one_zone(
    begins: int,
    segments: int,
    rate: float,
    quiet: QuietHours | None,
    window: Window | None,
    ends: int | None,
    late: int,
) -> None:
    expiry = begins + (72 if window else 24) * HOUR
    shares = {NAIROBI: Share(segments, begins, expiry)}

    found = estimate(shares, rate=rate, quiet=quiet, window=window)

    assert found.ends_ms == ends or abs((found.ends_ms or 0) - (ends or 0)) < 60_000
    assert sum(found.late.values()) == pytest.approx(late, abs=600)


def test_zones_share_the_rate_and_wait_for_their_own_mornings() -> None:
    shares = {
        NAIROBI: Share(36_000, at(6), at(6) + 24 * HOUR),
        ACCRA: Share(36_000, at(6), at(6) + 24 * HOUR),  # three hours behind
    }

    found = estimate(shares, rate=10, quiet=QUIET, window=None)

    assert found.begins_ms == at(8)
    assert found.ends_ms == at(12)  # Accra's eight o'clock is Nairobi's eleven
    together = estimate(shares, rate=10, quiet=None, window=None)
    assert (together.begins_ms, together.ends_ms) == (at(6), at(8))


def test_nobody_takes_no_time() -> None:
    assert estimate({}, rate=10, quiet=QUIET, window=None).ends_ms is None
    empty = {NAIROBI: Share(0, at(6), at(7))}
    assert estimate(empty, rate=10, quiet=None, window=None).begins_ms is None
    assert datetime.fromtimestamp(at(6) / 1000, UTC).hour == 3
