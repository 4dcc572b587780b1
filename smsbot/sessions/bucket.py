"""The rate of a channel, shared by every worker on every machine.

Two keys a channel:

`smsbot:rate:<channel>` holds the microsecond (Redis' own clock) from which the next request may
start. `reserve` gives a request its start and moves the mark on by what the request costs, so that
starts never lie closer than the rate allows; over any sliding second the starts add up to the rate
and one request at most. The key expires a while after its mark.

`smsbot:prefix:<channel>:<day>:<hash>` counts the replies to one block of numbers in a day.

Both scripts may run twice (see `client.py`): a slot is then left empty, or a reply counted twice.
Too slow is harmless; too fast can't happen.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Final

from smsbot.sessions.client import PREFIX, answering

if TYPE_CHECKING:
    import redis

    from smsbot.values import Msisdn
    from smsbot.vault import Vault

HEADROOM: Final = 0.035
"""The share of the rate that is left unused: what late wake-ups may bunch without breaking it."""
_MARK_GOES_WRONG_US = 300_000_000
_MAX_HOLD_S = 120.0
_PREFIX_CHARS: Final = 7
_DAY_MS = 86_400_000
_KEEP_PREFIX_S = 90_000

# A mark further ahead than any cost or hold comes from a clock that was set back: forget it.
_RESERVE = f"""
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local mark = tonumber(redis.call('GET', KEYS[1]) or '0')
if mark < now or mark - now > {_MARK_GOES_WRONG_US} then mark = now end
local wait = mark - now
mark = math.max(mark + tonumber(ARGV[1]), now + tonumber(ARGV[2]))
redis.call('SET', KEYS[1], string.format('%.0f', mark), 'PX',
  string.format('%.0f', math.ceil((mark - now) / 1000) + 10000))
return string.format('%.0f', wait)
"""
_AHEAD = f"""
local t = redis.call('TIME')
local ahead = tonumber(redis.call('GET', KEYS[1]) or '0') - t[1] * 1000000 - t[2]
if ahead < 0 or ahead > {_MARK_GOES_WRONG_US} then ahead = 0 end
return string.format('%.0f', ahead)
"""
_COUNT = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return n
"""


class RateBucket:
    """Slots of a channel. Every method raises RedisAway when Redis is: then nothing may be sent."""

    def __init__(self, client: redis.Redis) -> None:
        self._reserve = client.register_script(_RESERVE)
        self._ahead = client.register_script(_AHEAD)

    def reserve(self, channel: str, segments: int, rate: float) -> tuple[float, float]:
        """Take the next slot for `segments`; give the span in which it starts, by `monotonic()`.

        The two ends differ by what the call itself took: start at the later one. If the earlier one
        is long past, the slot is stale: take another. Later slots of other callers lie
        `segments / rate` seconds behind it.
        """
        asked = monotonic()
        wait_s = self._run(self._reserve, channel, segments / (rate * (1 - HEADROOM)) * 1e6, 0.0)
        return asked + wait_s, monotonic() + wait_s

    def hold(self, channel: str, seconds: float) -> None:
        """Keep every worker from sending on the channel for a while. Twice is once."""
        self._run(self._reserve, channel, 0.0, min(seconds, _MAX_HOLD_S) * 1e6)

    def ahead_s(self, channel: str) -> float:
        """Say how long a slot taken now would have to wait."""
        return self._run(self._ahead, channel)

    def _run(self, script: redis.commands.core.Script, channel: str, *arguments: float) -> float:
        with answering():
            wait_us = script(
                keys=[f"{PREFIX}rate:{channel}"], args=[f"{number:.0f}" for number in arguments]
            )
        return int(wait_us) / 1e6


class PrefixCounter:
    """Counts replies per block of numbers and day, so that pumped number ranges hit a ceiling."""

    def __init__(self, client: redis.Redis, vault: Vault) -> None:
        self._count = client.register_script(_COUNT)
        self._vault = vault

    def count(self, channel: str, msisdn: Msisdn, now_ms: int) -> int:
        """Count one more reply today to the block of this number; give the count. Or RedisAway.

        A block is country, network and the next digits: `+` and six digits, a million numbers.
        """
        block = self._vault.mac(msisdn.e164[:_PREFIX_CHARS].encode(), person=b"prefix")[:16]
        with answering():
            found = self._count(
                keys=[f"{PREFIX}prefix:{channel}:{now_ms // _DAY_MS}:{block}"],
                args=[_KEEP_PREFIX_S],
            )
        return int(found)
