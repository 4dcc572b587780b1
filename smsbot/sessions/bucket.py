"""The rate of a channel, shared by every worker on every machine.

Keys of a channel:

`smsbot:rate:<channel>` holds the microsecond (Redis' own clock) from which the next request may
start. `reserve` gives a request its start and moves the mark on by what the request costs, so that
starts never lie closer than the rate allows; over any sliding second the starts add up to the rate
and one request at most. The key expires an hour after its mark. A campaign that is slower than its
channel has a mark of its own, `smsbot:rate:<channel>:<run>`, and starts by the later of the two.

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
if KEYS[2] then
  local own = tonumber(redis.call('GET', KEYS[2]) or '0')
  if own == 0 or own - now > {_MARK_GOES_WRONG_US} then own = now + {_UNKNOWN_US} end
  mark = math.max(mark, own)
  redis.call('SET', KEYS[2], string.format('%.0f', mark + tonumber(ARGV[3])), 'PX', {_KEEP_MS})
end
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


@dataclass(frozen=True, slots=True)
class OwnRate:
    """A campaign's run that is to be slower than its channel: segments a second."""

    run_id: int
    rate: float


class RateBucket:
    """Slots of a channel. Every method raises RedisAway when Redis is: then nothing may be sent."""

    def __init__(self, client: redis.Redis) -> None:
        self._reserve = client.register_script(_RESERVE)
        self._ahead = client.register_script(_AHEAD)

    def reserve(
        self, channel: str, segments: Sequence[int], rate: float, own: OwnRate | None = None
    ) -> Sequence[Slot]:
        """Take the next slots, one for each request of so many segments. One call to Redis.

        With an `own` rate, one request at a time: its slot keeps both rates.
        """
        costs = [_cost(count, rate) for count in segments]
        own_cost = _cost(sum(segments), own.rate) * 1e6 if own else 0.0
        asked = monotonic()
        wait_s = self._run(self._reserve, channel, sum(costs) * 1e6, 0.0, own_cost, own=own)
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

    def own_ahead_s(self, channel: str, own: OwnRate) -> float:
        """Say how long a campaign's own rate would let it wait."""
        return self._run(self._ahead, f"{channel}:{own.run_id}")

    def _run(
        self, script: Script, channel: str, *arguments: float, own: OwnRate | None = None
    ) -> float:
        keys = [f"{PREFIX}rate:{channel}"]
        if own is not None:
            keys.append(f"{PREFIX}rate:{channel}:{own.run_id}")
        with answering():
            wait_us = script(keys=keys, args=[f"{number:.0f}" for number in arguments])
        return int(wait_us) / 1e6


def _cost(segments: int, rate: float) -> float:
    return segments / (rate * (1 - HEADROOM))


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
