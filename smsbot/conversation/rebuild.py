"""A session that was lost, reset, or dialled through: its transcript is played again from its opening.

See docs/decisions/004-rebuild-or-menu.md for when that is safe, and when the menu is shown instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.conversation.drain import OPENING_CONTEXT
from smsbot.conversation.front import Page
from smsbot.conversation.player import RESUME_MS, Decided, DialledTurn, Opened
from smsbot.errors import SessionConflict, StaleSession
from smsbot.sessions.live import Given, Live, from_plain
from smsbot.storage import turns as turn_rows

if TYPE_CHECKING:
    from smsbot.conversation.player import Player
    from smsbot.sessions.store import SessionStore
    from smsbot.storage.database import Database
    from smsbot.vault import Vault

MAX_REPLAYED = 60
"""How many inputs are played again at most; a longer transcript gets the menu."""


class Rebuilder:
    """Plays transcripts. Effects carry their turn's id, so what was done before is not done again."""

    def __init__(
        self, player: Player, store: SessionStore, database: Database, vault: Vault
    ) -> None:
        self._player = player
        self._store = store
        self._database = database
        self._vault = vault

    def dialled_through(self, turn: DialledTurn, previous: Live) -> Decided:
        """A new gateway session that brings inputs (`*384*123*1*2#`): play them from the menu."""
        self._refuse_anothers(turn)
        opened = self._player.opening(turn, previous, resumes=False)
        return self._replay(turn, opened, previous.version)

    def rebuild(self, turn: DialledTurn, live: Live | None) -> Decided:
        """Play the transcript again from how this gateway session opened, as SQL or Redis knows."""
        self._refuse_anothers(turn)
        expected = live.version if live is not None else 0
        opening = self._opening_in_sql(turn)
        if opening is not None:
            decided = self._replay_opening(turn, opening, expected)
        elif self._opened_at_the_door(turn, live):
            decided = self._replay(turn, self._player.opening(turn, None, resumes=False), expected)
        else:
            decided = self._menu(turn, expected)
        if live is not None and len(turn.transcript) < live.length:
            return Decided(decided.page)  # a look back: the person is further on
        return decided

    def _refuse_anothers(self, turn: DialledTurn) -> None:
        """Before an effect is run: the session id must not be another caller's."""
        owner = self._store.owner_of(turn.channel.id, turn.session_ref)
        if owner and owner != turn.ref:
            raise SessionConflict("this session id belongs to another caller")

    def _opening_in_sql(self, turn: DialledTurn) -> Live | None:
        with self._database.read() as connection:
            found = turn_rows.opening_of(connection, turn.channel.id, turn.session_ref)
        if found is None:
            return None
        if found.ref != turn.ref:
            raise SessionConflict("this session id belongs to another caller")
        if found.sealed is None:
            return None
        try:
            return from_plain(self._vault.decrypt(found.sealed, OPENING_CONTEXT), 0)
        except StaleSession:
            return None

    def _opened_at_the_door(self, turn: DialledTurn, live: Live | None) -> bool:
        """Say whether this session can only have opened with the menu.

        True for a direct dial and for a session that Redis lost before SQL heard of it, unless the
        person had left another one unfinished: then the first page may have been the offer to
        continue, and to guess what "1" meant could do the wrong thing.
        """
        if live is not None:
            return live.plain
        since = turn.now_ms - RESUME_MS
        with self._database.read() as connection:
            return not turn_rows.left_unfinished_since(
                connection, turn.channel.id, turn.ref, since, but=turn.session_ref
            )

    def _menu(self, turn: DialledTurn, expected: int) -> Decided:
        """Show the front door in the middle of a gateway session whose beginning nobody knows."""
        opened = self._player.opening(turn, None, resumes=False)
        fresh = opened.live
        fresh.length = len(turn.transcript)
        fresh.transcript = self._player.key(turn.transcript)
        fresh.plain = False
        return self._player.opened(turn, opened, expected=expected)

    def _replay_opening(self, turn: DialledTurn, opening: Live, expected: int) -> Decided:
        opening.at = turn.now_ms
        page = Page("", ends=False)
        if opening.opening is not None:
            page = Page(opening.opening.text, opening.opening.ends)
        return self._inputs(turn, opening, page, [], expected)

    def _replay(self, turn: DialledTurn, opened: Opened, expected: int) -> Decided:
        first = self._player.opened(turn, opened, expected=0)
        return self._inputs(turn, opened.live, opened.page, list(first.journal), expected)

    def _inputs(
        self, turn: DialledTurn, live: Live, page: Page, journal: list[bytes], expected: int
    ) -> Decided:
        transcript = turn.transcript
        rest = transcript[live.length :]
        if live.length:
            rest = rest.removeprefix("*")
        inputs = rest.split("*") if rest else []
        if len(inputs) > MAX_REPLAYED:
            return self._menu(turn, expected)
        reached = transcript[: live.length]
        for typed in inputs:
            reached = f"{reached}*{typed}" if reached else typed
            live, page, facts = self._player.play(turn, live, typed, reached)
            journal.append(facts)
            if page.ends:
                break
        if live.length != len(transcript):  # the conversation ended before the inputs did
            live.length = len(transcript)
            live.transcript = self._player.key(transcript)
            live.remember(Given(live.transcript, live.length, page.text, page.ends))
        return Decided(page, live, expected=expected, opens=True, journal=journal)
