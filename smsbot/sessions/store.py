"""Live USSD sessions in Redis: one key per person and channel, written by compare-and-set.

Keys (all expire but the journal):
- `smsbot:s:<channel>:<ref>`    `<version>:` and the sealed Live
- `smsbot:g:<channel>:<gateway session's keyed hash>`    the ref of the caller who opened it
- `smsbot:journal`              stream of sealed turns, until SQL has them (`journal.py`)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.errors import SessionConflict
from smsbot.sessions.client import PREFIX
from smsbot.sessions.link import Link, Script
from smsbot.sessions.live import Live, seal, unseal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smsbot.vault import Vault

JOURNAL = PREFIX + "journal"
JOURNAL_MAX = 1_000_000
"""A drain that is down for hours must not fill Redis: past this the oldest turns fall out."""
USSD_TTL_S = 2 * 3600
GATEWAY_SESSION_TTL_S = 3600
KEPT_RECENT = 1000
"""How many places a process remembers, some 4 MB: those of the last minutes."""

_SAVE = Script("""
-- KEYS: session, journal, gateway session. ARGV: version, value, ttl ms, owner, owner ttl ms, max,
-- then journal entries. Run twice, the second run finds another version and changes nothing.
local current = redis.call('GET', KEYS[1])
local version = '0'
if current then version = string.match(current, '^(%d+):') or '0' end
if version ~= ARGV[1] then return current or '' end
if ARGV[4] ~= '' then
  local owner = redis.call('GET', KEYS[3])
  if owner and owner ~= ARGV[4] then return 1 end
  redis.call('SET', KEYS[3], ARGV[4], 'PX', ARGV[5])
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
for i = 7, #ARGV do
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[6], '*', 't', ARGV[i])
end
return 0
""")


class SessionStore:
    """Loads and saves Lives. Threads and forks may share it. Raises RedisAway.

    A load is one GET, spared where this process has just saved the place. A save is one script that
    compares the version, writes the session and appends the turn to the journal, all or nothing.
    """

    def __init__(self, link: Link, vault: Vault) -> None:
        self._link = link
        self._vault = vault
        self._recent: dict[tuple[str, str], Live] = {}

    def recent(self, channel: str, ref: str) -> Live | None:
        """Give the place that this process saved last, without asking Redis: it may be overtaken.

        Who uses it must see from the transcript that it is the place before this turn; a save of what
        follows is refused if Redis knows better, as always.
        """
        return self._recent.get((channel, ref))

    def load(self, channel: str, ref: str) -> Live | None:
        """Give the person's place on this channel, or None."""
        key = f"{PREFIX}s:{channel}:{ref}".encode()
        return self._read(self._link.call("GET", key), key)

    def save(
        self,
        channel: str,
        ref: str,
        live: Live,
        *,
        expected: int,
        ttl_s: int,
        opens: str = "",
        journal: Sequence[bytes] = (),
    ) -> Live | None:
        """Store `live` as version expected + 1; give None, or the Live of whoever was faster.

        `opens` is the gateway session (its hash) that this turn opens; raise SessionConflict when
        another caller opened it.
        """
        key = f"{PREFIX}s:{channel}:{ref}".encode()
        live.version = expected + 1
        value = b"%d:" % live.version + seal(live, self._vault, key)
        answer = self._link.run(
            _SAVE,
            3,
            key,
            JOURNAL,
            f"{PREFIX}g:{channel}:{opens}",
            expected,
            value,
            ttl_s * 1000,
            ref if opens else "",
            GATEWAY_SESSION_TTL_S * 1000,
            JOURNAL_MAX,
            *journal,
        )
        self._recent.pop((channel, ref), None)
        if answer == 0:
            self._keep(channel, ref, live)
            return None
        if answer == 1:
            raise SessionConflict("this session id belongs to another caller")
        winner = self._read(answer or None, key)
        if winner is None:  # expired, or unreadable: there is nothing to lose to
            version = int(answer.split(b":", 1)[0]) if answer else 0
            return self.save(
                channel, ref, live, expected=version, ttl_s=ttl_s, opens=opens, journal=journal
            )
        return winner

    def _keep(self, channel: str, ref: str, live: Live) -> None:
        self._recent[channel, ref] = live
        while len(self._recent) > KEPT_RECENT:
            try:
                del self._recent[next(iter(self._recent))]  # whoever was saved longest ago
            except (KeyError, RuntimeError, StopIteration):
                return  # another thread is at it

    def forget(self, channel: str, ref: str) -> None:
        """Drop the person's place (DELETE, a number that changed hands)."""
        self._recent.pop((channel, ref), None)
        self._link.call("DEL", f"{PREFIX}s:{channel}:{ref}")

    def owner_of(self, channel: str, gateway_session: str) -> str:
        """Give the ref of the caller who opened this gateway session, or an empty string."""
        found = self._link.call("GET", f"{PREFIX}g:{channel}:{gateway_session}")
        return found.decode() if found else ""

    def _read(self, stored: bytes | None, key: bytes) -> Live | None:
        if stored is None:
            return None
        version, _, sealed = stored.partition(b":")
        return unseal(sealed, int(version), self._vault, key)
