"""How long sending takes at the allowed rate, between quiet hours, in the zones where people live.

An estimate of the earliest end: the gateway takes all it may, nothing is sent twice, and what else the
channel has to send is not counted. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from smsbot.sending.hours import is_allowed, next_allowed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from smsbot.plans import Window
    from smsbot.values import QuietHours

_STEP_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Share:
    """What is to be sent into one zone, and between which moments it may be, quiet hours aside."""

    segments: float
    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """From when to when something is sent (None: never), and the segments by zone that come too late."""

    begins_ms: int | None
    ends_ms: int | None
    late: Mapping[ZoneInfo, float]


def estimate(
    shares: Mapping[ZoneInfo, Share],
    *,
    rate: float,
    quiet: QuietHours | None,
    window: Window | None,
) -> Estimate:
    """Let the segments flow minute by minute, zone beside zone, skipping the time when none may."""
    left = {zone: share.segments for zone, share in shares.items() if share.segments > 0}
    late: dict[ZoneInfo, float] = {}
    now_ms = min((shares[zone].from_ms for zone in left), default=0)
    begins_ms = ends_ms = None
    while left:
        waits = {
            zone: next_allowed(max(now_ms, shares[zone].from_ms), zone, quiet, window)
            for zone in left
            if now_ms < shares[zone].from_ms or not is_allowed(now_ms, zone, quiet, window)
        }
        for zone in list(left):
            first = waits.get(zone, now_ms)
            if first is None or first >= shares[zone].until_ms:
                late[zone] = left.pop(zone)
        open_now = {zone: segments for zone, segments in left.items() if zone not in waits}
        if not open_now:
            now_ms = min((moment for zone in left if (moment := waits[zone])), default=now_ms)
            continue
        begins_ms = now_ms if begins_ms is None else begins_ms
        together = sum(open_now.values())
        step_ms = min(_STEP_MS, *(shares[zone].until_ms - now_ms for zone in open_now))
        sent = rate * step_ms / 1000
        ends_ms = now_ms + min(step_ms, int(together / rate * 1000))
        for zone, segments in open_now.items():
            if together <= sent:
                del left[zone]
            else:
                left[zone] = segments - sent * segments / together
        now_ms += step_ms
    return Estimate(begins_ms, ends_ms, late)
