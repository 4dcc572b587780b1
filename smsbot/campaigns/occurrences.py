"""When a campaign begins: its first moment, the ones that follow by cron, and how long each may take.

Pure. An occurrence is named by the moment at which it is launched. For a start on each contact's own
clock that is when the earliest clock on Earth (UTC+14) reaches it; the last one is 26 hours behind.
A repeated time that the clocks skip comes at the end of the gap, one that they show twice comes once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from cronsim import CronSim, CronSimError

from smsbot.plans import StartZone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from smsbot.plans import Plan

EARLIEST: Final = timezone(timedelta(hours=14))
LATEST: Final = timezone(timedelta(hours=-12))
SPREAD_MS: Final = 26 * 3_600_000
"""How long a wall clock time takes to go around the Earth."""
_FIELDS: Final = 5


def fault_of(repeat: str) -> str:
    """Give what is wrong with a cron expression, in words; empty when nothing is."""
    if len(repeat.split()) != _FIELDS:
        return "a repeat has five fields: minute, hour, day of month, month, day of week"
    try:
        next(CronSim(repeat, datetime(2024, 1, 1, tzinfo=UTC)))
    except CronSimError as fault:
        return f"the repeat is not cron: {str(fault)[:1].lower()}{str(fault)[1:]}"
    except StopIteration:
        return "the repeat never comes"
    return ""


def first(plan: Plan, channel_zone: tzinfo, now_ms: int) -> int:
    """Give the first launch. Without a start and a repeat that is now.

    A start that is over is given as it is: whoever launches knows what has expired. A repeat begins
    at its first occurrence that is neither before the start nor before now.
    """
    zone = _clock_of(plan, channel_zone)
    begins = now_ms if plan.start.at is None else _ms(plan.start.at.replace(tzinfo=zone))
    if not plan.repeat:
        return begins
    return next(_occurrences(plan.repeat, zone, max(begins, now_ms) - 1))


def following(plan: Plan, channel_zone: tzinfo, after_ms: int) -> int | None:
    """Give the next occurrence later than `after_ms`; None when the campaign goes but once."""
    if not plan.repeat:
        return None
    return next(_occurrences(plan.repeat, _clock_of(plan, channel_zone), after_ms), None)


def ends_at(plan: Plan, planned_at: int) -> int:
    """Give the last moment at which the last person of an occurrence may be sent."""
    spread_ms = SPREAD_MS if plan.start.zone is StartZone.CONTACT else 0
    return planned_at + spread_ms + plan.expiry_s * 1000


def wall_clock(plan: Plan, channel_zone: tzinfo, planned_at: int) -> datetime:
    """Give what the clock shows when an occurrence begins, without a zone.

    For a start on each contact's own clock it begins for them when theirs shows this.
    """
    zone = _clock_of(plan, channel_zone)
    return datetime.fromtimestamp(planned_at / 1000, zone).replace(tzinfo=None)


def _clock_of(plan: Plan, channel_zone: tzinfo) -> tzinfo:
    return EARLIEST if plan.start.zone is StartZone.CONTACT else channel_zone


def _occurrences(repeat: str, zone: tzinfo, after_ms: int) -> Iterator[int]:
    """Give the moments of a cron expression that are later than `after_ms`.

    CronSim looks from whole minutes on, and at a clock that goes back it may repeat itself.
    """
    begin = datetime.fromtimestamp(after_ms // 60_000 * 60, zone) - timedelta(minutes=1)
    for moment in CronSim(repeat, begin):
        found = _ms(moment)
        if found > after_ms:
            yield found
            after_ms = found


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
