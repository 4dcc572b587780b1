"""The rate of a channel, shared by every worker on every machine.

Two keys a channel:

`smsbot:rate:<channel>` holds the microsecond (Redis' own clock) from which the next request may
start. `reserve` gives a request its start and moves the mark on by what the request costs, so that
starts never lie closer than the rate allows; over any sliding second the starts add up to the rate
and one request at most. The key expires an hour after its mark.

`smsbot:prefix:<channel>:<day>:<hash>` counts the replies to one block of numbers in a day.

Both scripts may run twice (see `client.py`): a slot is then left empty, or a reply counted twice.
Too slow is harmless; too fast can't happen.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Final

from smsbot.sessions.client import PREFIX, answering
from smsbot.sessions.link import Link
from smsbot.sessions.link import Script as LinkScript

if TYPE_CHECKING:
    from collections.abc import Sequence

    import redis
    from redis.commands.core import Script

    from smsbot.values import Msisdn
    from smsbot.vault import Vault

HEADROOM: Final = 0.035
"""The share of the rate that is left unused: what late wake-ups may bunch without breaking it."""
_MARK_GOES_WRONG_US = 300_000_000
MAX_HOLD_S: Final = 120.0
_PREFIX_CHARS: Final = 7
_UNKNOWN_US = 250_000
_KEEP_MS = 3_600_000
_DAY_MS = 86_400_000
_KEEP_PREFIX_S = 90_000

# A mark further ahead than any cost or hold comes from a clock that was set back: forget it. Without
# a mark (a flushed Redis, an hour of rest) the first slot waits until any slot that was given is past.
_RESERVE = f"""
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local mark = tonumber(redis.call('GET', KEYS[1]) or '0')
if mark == 0 or mark - now > {_MARK_GOES_WRONG_US} then mark = now + {_UNKNOWN_US} end
if mark < now then mark = now end
local wait = mark - now
mark = math.max(mark + tonumber(ARGV[1]), now + tonumber(ARGV[2]))
redis.call('SET', KEYS[1], string.format('%.0f', mark), 'PX',
  string.format('%.0f', math.ceil((mark - now) / 1000) + {_KEEP_MS}))
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


@dataclass(frozen=True, slots=True)
class Slot:
    """When a request may start, by `monotonic()`: the slot lies somewhere between the two.

    Start at `latest`. They differ by what the call to Redis took; long after `earliest` the slot is
    stale, because the next one lies only the request's own cost behind it.
    """

    earliest: float
    latest: float


class RateBucket:
    """Slots of a channel. Every method raises RedisAway when Redis is: then nothing may be sent."""

    def __init__(self, client: redis.Redis) -> None:
        self._reserve = client.register_script(_RESERVE)
        self._ahead = client.register_script(_AHEAD)

    def reserve(self, channel: str, segments: Sequence[int], rate: float) -> Sequence[Slot]:
        """Take the next slots, one for each request of so many segments. One call to Redis."""
        costs = [count / (rate * (1 - HEADROOM)) for count in segments]
        asked = monotonic()
        wait_s = self._run(self._reserve, channel, sum(costs) * 1e6, 0.0)
        answered = monotonic()
        slots = []
        for cost in costs:
            slots.append(Slot(asked + wait_s, answered + wait_s))
            wait_s += cost
        return slots

    def hold(self, channel: str, seconds: float) -> None:
        """Keep every worker from sending on the channel for a while. Twice is once."""
        self._run(self._reserve, channel, 0.0, min(seconds, MAX_HOLD_S) * 1e6)

    def ahead_s(self, channel: str) -> float:
        """Say how long a slot taken now would have to wait."""
        return self._run(self._ahead, channel)

    def _run(self, script: Script, channel: str, *arguments: float) -> float:
        with answering():
            wait_us = script(
                keys=[f"{PREFIX}rate:{channel}"], args=[f"{number:.0f}" for number in arguments]
            )
        return int(wait_us) / 1e6


class PrefixCounter:
    """Counts replies per block of numbers and day, so that pumped number ranges hit a ceiling."""

    def __init__(self, client: redis.Redis, vault: Vault) -> None:
        self._link = Link(client.connection_pool, restart_patience_s=0.0)
        self._script = LinkScript(_COUNT)
        self._vault = vault

    def count(self, channel: str, msisdn: Msisdn, now_ms: int) -> int:
        """Count one more reply today to the block of this number; give the count. Or RedisAway.

        A block is country, network and the next digits: `+` and six digits, a million numbers.
        """
        block = self._vault.mac(msisdn.e164[:_PREFIX_CHARS].encode(), person=b"prefix")[:16]
        key = f"{PREFIX}prefix:{channel}:{now_ms // _DAY_MS}:{block}"
        found = self._link.run(self._script, 1, key, _KEEP_PREFIX_S)
        return int(found)
