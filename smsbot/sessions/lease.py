"""Who may do what one process should do at a time. `smsbot:lease:<name>` holds the owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.sessions.client import PREFIX, answering

if TYPE_CHECKING:
    import redis

# Running twice is harmless: the second run finds its own name.
_TAKE = """
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_GIVE_BACK = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


class Lease:
    """One name, one owner at a time. Every method raises RedisAway."""

    def __init__(self, client: redis.Redis, name: str, owner: str) -> None:
        self._key = f"{PREFIX}lease:{name}"
        self._owner = owner
        self._take = client.register_script(_TAKE)
        self._give_back = client.register_script(_GIVE_BACK)

    def take(self, ttl_s: float) -> bool:
        """Take the lease, or renew it; say whether it is ours for `ttl_s`."""
        with answering():
            return bool(self._take(keys=[self._key], args=[self._owner, int(ttl_s * 1000)]))

    def give_back(self) -> None:
        """End the lease if it is ours, so that another need not wait."""
        with answering():
            self._give_back(keys=[self._key], args=[self._owner])
