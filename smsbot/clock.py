"""The service's clock: the only place that reads the time. Moved as a whole in dev for tests."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

from smsbot.errors import ConfigError

_OFFSET = re.compile(r"([+-])(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_offset(raw: str) -> timedelta:
    """Give the shift that `+3d`, `-90m` or an empty text names."""
    if not raw:
        return timedelta()
    match = _OFFSET.fullmatch(raw.strip())
    if match is None:
        raise ConfigError(f"SMSBOT_CLOCK_OFFSET: {raw!r} is not a sign, digits and s, m, h or d")
    sign, digits, unit = match.groups()
    shift = timedelta(**{_UNITS[unit]: int(digits)})
    return shift if sign == "+" else -shift


class Clock:
    """Wall time in UTC. Fakes give a time of their own by the same two methods."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self._offset_ms = int(offset.total_seconds() * 1000)

    def now_ms(self) -> int:
        """Give the milliseconds since 1970, in UTC."""
        return time.time_ns() // 1_000_000 + self._offset_ms

    def now(self) -> datetime:
        """Give the time, aware, in UTC."""
        return datetime.fromtimestamp(self.now_ms() / 1000, UTC)
