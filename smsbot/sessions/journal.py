"""The journal: every turn's facts, sealed, in one Redis stream until SQL has them.

An entry goes in with the session's own write (`store.py`), so a turn is either wholly there or not at
all. It is read in batches and trimmed only after SQL has committed them; read twice, the turn's id
makes the second time harmless.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import TYPE_CHECKING

import orjson

from smsbot.errors import CannotDecrypt
from smsbot.sessions.client import answering
from smsbot.sessions.store import JOURNAL

if TYPE_CHECKING:
    import redis

    from smsbot.vault import Vault

_CONTEXT = b"journal"


@dataclass(frozen=True, slots=True)
class TurnFacts:
    """One turn for the journal. Times in milliseconds. `opening` and `msisdn` only when number is 0.

    `flow` and `state` are where the input was given, `to_flow` and `to_state` where it led. `effects`
    are those that SQL may learn a moment later: [kind, arguments].
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
    country: str
    flow: str
    state: str
    to_flow: str
    to_state: str
    how: str
    option: int
    item: str
    right: bool | None
    ends: bool
    opening: str = ""
    msisdn: str = ""
    effects: list[tuple[str, dict[str, str]]] = field(default_factory=list)


_as_row = attrgetter(*(one.name for one in fields(TurnFacts)))  # astuple would copy deeply


def seal_turn(facts: TurnFacts, vault: Vault) -> bytes:
    """Give the journal entry."""
    return vault.encrypt(orjson.dumps(_as_row(facts)), _CONTEXT)


@dataclass(frozen=True, slots=True)
class Batch:
    """Turns read together; `last` is the stream id up to which they reach. `lost` can't be read."""

    turns: tuple[TurnFacts, ...]
    last: bytes
    lost: int


class Journal:
    """Reads and trims the stream. One reader at a time is usual, two are harmless."""

    def __init__(self, client: redis.Redis, vault: Vault) -> None:
        self._client = client
        self._vault = vault

    def read(self, count: int) -> Batch | None:
        """Give the oldest turns, `count` at most, or None when there are none; raise RedisAway."""
        with answering():
            rows: list[tuple[bytes, dict[bytes, bytes]]] = self._client.xrange(JOURNAL, count=count)  # type: ignore[assignment]
        if not rows:
            return None
        turns = []
        lost = 0
        for _, entry in rows:
            try:
                row = orjson.loads(self._vault.decrypt(entry[b"t"], _CONTEXT))
                turns.append(TurnFacts(*row))
            except (CannotDecrypt, KeyError, ValueError, TypeError):
                lost += 1
        return Batch(tuple(turns), rows[-1][0], lost)

    def trim(self, batch: Batch) -> None:
        """Drop what SQL has committed; raise RedisAway."""
        milliseconds, _, number = batch.last.partition(b"-")
        following = b"%s-%d" % (milliseconds, int(number) + 1)
        with answering():
            self._client.xtrim(JOURNAL, minid=following, approximate=False)

    def length(self) -> int:
        """Give how many turns wait; raise RedisAway."""
        with answering():
            return int(self._client.xlen(JOURNAL))
