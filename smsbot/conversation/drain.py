"""From the journal to SQL: each turn exactly once, in batches, with the effects that could wait."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smsbot.sessions.journal import TurnFacts
from smsbot.storage import contacts
from smsbot.storage import turns as turn_rows
from smsbot.storage.contacts import Met
from smsbot.values import Msisdn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from smsbot.conversation.effects import EffectRunner
    from smsbot.sessions.journal import Journal
    from smsbot.storage.database import Database
    from smsbot.vault import Vault

BATCH = 1000
OPENING_CONTEXT = b"turns.opening"
_LOCK = 0x736D73  # one drain at a time on PostgreSQL; SQLite has one writer anyway


@dataclass(frozen=True, slots=True)
class Drained:
    """What a run moved: turns that SQL did not have, turns that it had, entries beyond reading."""

    fresh: int = 0
    known: int = 0
    lost: int = 0


class Drain:
    """Moves the journal to SQL. A kill at any line loses nothing and doubles nothing.

    A batch is committed before it is trimmed from Redis; read again, its ids are known. Raises
    RedisAway and DatabaseAway.
    """

    def __init__(
        self, journal: Journal, database: Database, vault: Vault, effects: EffectRunner
    ) -> None:
        self._journal = journal
        self._database = database
        self._vault = vault
        self._effects = effects

    def run(self, *, most: int = 20 * BATCH) -> Drained:
        """Move up to `most` turns; give what was moved."""
        fresh = known = lost = 0
        while fresh + known + lost < most:
            batch = self._journal.read(BATCH)
            if batch is None:
                break
            with self._database.write() as connection:
                new = self._store(connection, batch.turns)
            self._journal.trim(batch)
            fresh += new
            known += len(batch.turns) - new
            lost += batch.lost
            if len(batch.turns) + batch.lost < BATCH:
                break  # what comes now is the next second's: a commit per handful would cost more
        return Drained(fresh, known, lost)

    def _store(self, connection: Connection, turns: Sequence[TurnFacts]) -> int:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        fresh_ids = turn_rows.insert_turns(
            connection, [turn_row(turn, self._vault) for turn in turns]
        )
        fresh = [turn for turn in turns if turn.id in fresh_ids]
        self._meet(connection, fresh)
        turn_rows.upsert_sessions(connection, list(sessions_of(fresh)))
        for turn in fresh:
            if turn.effects:
                self._effects.run_journaled(connection, turn)
        return len(fresh)

    def _meet(self, connection: Connection, turns: Sequence[TurnFacts]) -> None:
        """Make contacts of strangers, and note when everybody was last seen."""
        openings = {turn.ref: turn for turn in turns if turn.msisdn}
        contacts.meet(
            connection,
            self._vault,
            [
                Met(turn.ref, Msisdn(turn.msisdn), turn.country, turn.network, turn.at)
                for turn in openings.values()
            ],
        )
        latest = {turn.ref: turn for turn in turns}
        contacts.touch_many(
            connection, [(turn.ref, turn.at, turn.network) for turn in latest.values()]
        )


_COLUMNS = TurnFacts._fields.index("ends") + 1


def turn_row(turn: TurnFacts, vault: Vault) -> tuple[Any, ...]:
    """Give the turn as a row of `turns`."""
    sealed = vault.encrypt(turn.opening.encode(), OPENING_CONTEXT) if turn.opening else None
    return (*turn[:_COLUMNS], sealed)


def sessions_of(turns: Iterable[TurnFacts]) -> Iterable[tuple[Any, ...]]:
    """Give the turns added up by gateway session, as rows of `upsert_sessions`."""
    first: dict[tuple[str, str], int] = {}
    last: dict[tuple[str, str], TurnFacts] = {}
    count: Counter[tuple[str, str]] = Counter()
    for turn in turns:
        key = (turn.channel, turn.session_ref)
        count[key] += 1
        first[key] = min(first.get(key, turn.at), turn.at)
        if key not in last or turn.at >= last[key].at:
            last[key] = turn
    for key, turn in last.items():
        ended = turn_rows.ENDED if turn.ends else turn_rows.LIVE
        yield (*key, turn.ref, first[key], turn.at, count[key], turn.to_flow, turn.to_state, ended)
