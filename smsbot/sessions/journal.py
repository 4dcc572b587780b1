"""The journal: every turn's facts, sealed, in one Redis stream until SQL has them.

An entry goes in with the session's own write (`store.py`), so a turn is either wholly there or not at
all. It is read in batches and trimmed only after SQL has committed them; read twice, the turn's id
makes the second time harmless.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import orjson

from smsbot.errors import CannotDecrypt
from smsbot.sessions.store import JOURNAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smsbot.sessions.link import Link
    from smsbot.vault import Vault

_CONTEXT = b"journal"


class TurnFacts(NamedTuple):
    """One turn for the journal. Times in milliseconds. `opening` and `msisdn` only when number is 0.

    `flow` and `state` are where the input was given, `to_flow` and `to_state` where it led. `effects`
    are those that SQL may learn a moment later: [kind, arguments]. The first fields, up to `ends`, are
    the columns of `turns` in their order (`storage/turns.py`).
    """

    id: str
    channel: str
    session_ref: str
    ref: str
    number: int
    at: int
    version: str
    language: str
    network: str
    flow: str
    state: str
    to_flow: str
    to_state: str
    how: str
    option: int
    item: str
    right: bool | None
    ends: bool
    country: str = ""
    opening: str = ""
    msisdn: str = ""
    effects: Sequence[tuple[str, dict[str, str]]] = ()


def seal_turn(facts: TurnFacts, vault: Vault) -> bytes:
    """Give the journal entry."""
    return vault.encrypt(orjson.dumps(tuple(facts)), _CONTEXT)


@dataclass(frozen=True, slots=True)
class Batch:
    """Turns read together; `last` is the stream id up to which they reach. `lost` can't be read."""

    turns: tuple[TurnFacts, ...]
    last: bytes
    lost: int


class Journal:
    """Reads and trims the stream. One reader at a time is usual, two are harmless."""

    def __init__(self, link: Link, vault: Vault) -> None:
        self._link = link
        self._vault = vault

    def read(self, count: int) -> Batch | None:
        """Give the oldest turns, `count` at most, or None when there are none; raise RedisAway."""
        rows = self._link.call("XRANGE", JOURNAL, "-", "+", "COUNT", count)
        if not rows:
            return None
        turns = []
        lost = 0
        decrypt = self._vault.decrypt
        for _, entry in rows:
            try:
                turns.append(TurnFacts._make(orjson.loads(decrypt(entry[1], _CONTEXT))))
            except (CannotDecrypt, ValueError, TypeError):
                lost += 1
        return Batch(tuple(turns), rows[-1][0], lost)

    def trim(self, batch: Batch) -> None:
        """Drop what SQL has committed; raise RedisAway."""
        milliseconds, _, number = batch.last.partition(b"-")
        following = b"%s-%d" % (milliseconds, int(number) + 1)
        self._link.call("XTRIM", JOURNAL, "MINID", following)

    def length(self) -> int:
        """Give how many turns wait; raise RedisAway."""
        return int(self._link.call("XLEN", JOURNAL))
