"""When a message may go, by the clock on the wall where its recipient lives.

Quiet hours and a campaign's window are spans of the local day: from their first moment on, up to but
not including the last. Where clocks go forward, a time that does not exist is the moment after the
gap; where they go back, an hour that comes twice is judged alike both times. Pure: the time is an
argument.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from smsbot.plans import Window
    from smsbot.values import QuietHours

_HORIZON_DAYS: Final = 9
"""A window opens at least once a week: who finds nothing in this span never will."""
_MIDNIGHT: Final = time()
_DAY: Final = timedelta(days=1)


def is_allowed(at_ms: int, zone: ZoneInfo, quiet: QuietHours | None, window: Window | None) -> bool:
    """Say whether a message may reach somebody in this zone at this moment."""
    wall = _moment(at_ms).astimezone(zone)
    return not _is_quiet(wall.time(), quiet) and _is_open(wall, window)


def next_allowed(
    at_ms: int,
    zone: ZoneInfo,
    quiet: QuietHours | None,
    window: Window | None,
    not_before: datetime | None = None,
) -> int | None:
    """Give the first moment from `at_ms` on that is allowed, to the millisecond; None: there is none.

    `not_before` is a time on the wall in that zone (without a zone of its own). None comes back when
    the window lies within the quiet hours.
    """
    if not_before is not None:
        at_ms = max(at_ms, wall_to_ms(not_before, zone))
    if is_allowed(at_ms, zone, quiet, window):
        return at_ms
    return next(
        (
            moment
            for moment in _edges(at_ms, zone, quiet, window)
            if is_allowed(moment, zone, quiet, window)
        ),
        None,
    )


def wall_to_ms(wall: datetime, zone: ZoneInfo) -> int:
    """Give the moment when the clocks of a zone show this time: the first one, if it comes twice.

    A time that clocks going forward leave out is the first moment after the gap.
    """
    found = _from_wall(wall.replace(tzinfo=zone, fold=0))
    if _moment(found).astimezone(zone).replace(tzinfo=None, fold=0) == wall:
        return found
    before = _from_wall(wall.replace(tzinfo=zone, fold=1))  # in a gap the two have changed places
    return _transition(before, found, zone)


def _is_quiet(wall: time, quiet: QuietHours | None) -> bool:
    if quiet is None:
        return False
    if quiet.start <= quiet.end:
        return quiet.start <= wall < quiet.end
    return wall >= quiet.start or wall < quiet.end


def _is_open(wall: datetime, window: Window | None) -> bool:
    if window is None:
        return True
    today, now = wall.weekday(), wall.time()
    if window.start < window.end:
        return today in window.days and window.start <= now < window.end
    yesterday = (today - 1) % 7  # past midnight, the day on which it opened counts
    return (today in window.days and now >= window.start) or (
        yesterday in window.days and now < window.end
    )


def _edges(
    at_ms: int, zone: ZoneInfo, quiet: QuietHours | None, window: Window | None
) -> Iterator[int]:
    """Give, in order, the moments after `at_ms` when something may begin to be allowed."""
    times = {_MIDNIGHT}
    if quiet is not None:
        times.add(quiet.end)
    if window is not None:
        times.add(window.start)
    day: date = _moment(at_ms).astimezone(zone).date() - _DAY
    after = at_ms
    for _ in range(_HORIZON_DAYS + 1):
        found = set(_transitions(day, zone))
        for edge in times:
            wall = datetime.combine(day, edge)
            found.add(wall_to_ms(wall, zone))
            found.add(_from_wall(wall.replace(tzinfo=zone, fold=1)))
        for moment in sorted(found):
            if moment > after:
                yield moment
                after = moment
        day += _DAY


def _transitions(day: date, zone: ZoneInfo) -> Iterator[int]:
    """Give the moment on about this day when the clocks of the zone are moved, if they are."""
    begin = _from_wall(datetime.combine(day, _MIDNIGHT, UTC))
    end = begin + 86_400_000
    if _offset(begin, zone) != _offset(end, zone):
        yield _transition(begin, end, zone)


def _transition(begin: int, end: int, zone: ZoneInfo) -> int:
    """Give the first moment with the offset that holds at `end`; at `begin` another one holds."""
    goal = _offset(end, zone)
    while end - begin > 1:
        middle = (begin + end) // 2
        if _offset(middle, zone) == goal:
            end = middle
        else:
            begin = middle
    return end


def _offset(at_ms: int, zone: ZoneInfo) -> timedelta | None:
    return _moment(at_ms).astimezone(zone).utcoffset()


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)


def _moment(at_ms: int) -> datetime:
    """Exact: a float of seconds would be a microsecond off, and so beside the edge."""
    return _EPOCH + at_ms * _MS


def _from_wall(wall: datetime) -> int:
    return -((_EPOCH - wall.astimezone(UTC)) // _MS)
