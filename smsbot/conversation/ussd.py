"""A USSD turn: from the gateway's transcript to one page, once, whatever the gateway does.

The gateway sends all that was typed so far, may send it again, late, out of order, or after Redis has
lost the session. What is new is the rest behind the transcript that we know; a transcript that we have
answered gets the same answer; one that we can't place is played again from how the session opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.conversation.front import Front, Page
from smsbot.conversation.player import Decided, DialledTurn, Player
from smsbot.conversation.rebuild import Rebuilder
from smsbot.sessions.store import USSD_TTL_S

if TYPE_CHECKING:
    from smsbot.clock import Clock
    from smsbot.content.library import Library
    from smsbot.conversation.effects import EffectRunner
    from smsbot.sessions.live import Live
    from smsbot.sessions.store import SessionStore
    from smsbot.storage.database import Database
    from smsbot.values import Channel, UssdTurn
    from smsbot.vault import Vault

_RACES = 3


class UssdConversation:
    """Answers USSD turns. Threads share it.

    Raises SessionConflict, and Unavailable when a part that this turn needs is away: then nothing
    was changed, and the same transcript may come again.
    """

    def __init__(
        self,
        *,
        library: Library,
        store: SessionStore,
        database: Database,
        vault: Vault,
        clock: Clock,
        front: Front,
        effects: EffectRunner,
    ) -> None:
        self._library = library
        self._store = store
        self._vault = vault
        self._clock = clock
        self._front = front
        self._player = Player(
            library=library, vault=vault, clock=clock, front=front, effects=effects
        )
        self._rebuilder = Rebuilder(self._player, store, database, vault)

    def answer(self, channel: Channel, event: UssdTurn) -> Page:
        """Give the page for this transcript."""
        mac = self._vault.mac
        turn = DialledTurn(
            channel,
            event.caller,
            event.network,
            event.transcript,
            self._vault.ref(event.caller),
            mac(f"{channel.id}|{event.session_id}".encode(), person=b"gateway-session"),
            self._clock.now_ms(),
        )
        live = self._store.recent(channel.id, turn.ref)
        decided = None if live is None else self._at_once(turn, live)
        if decided is None:
            live = self._store.load(channel.id, turn.ref)
        for _ in range(_RACES):
            decided = decided or self._decide(turn, live)
            if decided.live is None:
                return decided.page
            winner = self._store.save(
                channel.id,
                turn.ref,
                decided.live,
                expected=decided.expected,
                ttl_s=USSD_TTL_S,
                opens=turn.session_ref if decided.opens else "",
                journal=decided.journal,
            )
            if winner is None:
                return decided.page
            live, decided = winner, None
        return self._front.apology(self._library.current(), channel)

    # --- what kind of turn is it -----------------------------------------------------------------

    def _decide(self, turn: DialledTurn, live: Live | None) -> Decided:
        transcript = turn.transcript
        if live is None:
            return self._open(turn, None) if not transcript else self._rebuilder.rebuild(turn, None)
        if live.gateway_session != turn.session_ref:
            if turn.session_ref in live.past:
                return self._late(turn, live)
            return (
                self._open(turn, live)
                if not transcript
                else self._rebuilder.dialled_through(turn, live)
            )
        key = self._player.key(transcript)
        if key == live.transcript and len(transcript) == live.length:
            given = live.answer_to(key)
            return (
                Decided(Page(given.text, given.ends))
                if given
                else self._rebuilder.rebuild(turn, live)
            )
        if self._extends(transcript, live):
            return self._go_on(turn, live, transcript[live.length :].removeprefix("*"))
        given = live.answer_to(key)
        if given is not None:
            return Decided(Page(given.text, given.ends))
        return self._rebuilder.rebuild(turn, live)

    def _at_once(self, turn: DialledTurn, live: Live) -> Decided | None:
        """Decide on the place that this process remembers, or give None: then Redis must be asked.

        If the turn repeats, or follows by one input, the turn that led to `live`, then `live` is the
        place before it, whoever else may have written since: the keyed hash of the transcript says so.
        A `*` may be two inputs, of which another process took the first.
        """
        if live.gateway_session != turn.session_ref:
            return None
        if len(turn.transcript) == live.length:
            given = live.answer_to(self._player.key(turn.transcript))
            return Decided(Page(given.text, given.ends)) if given else None
        typed = turn.transcript[live.length :].removeprefix("*")
        if "*" in typed or not self._extends(turn.transcript, live):
            return None
        return self._go_on(turn, live, typed)

    def _extends(self, transcript: str, live: Live) -> bool:
        length = live.length
        if len(transcript) <= length or self._player.key(transcript[:length]) != live.transcript:
            return False
        return length == 0 or transcript[length] == "*"

    def _late(self, turn: DialledTurn, live: Live) -> Decided:
        """A post of a session that the person has left for a newer one: nothing may change."""
        content = self._library.current()
        return Decided(
            Page(
                self._front.word(content, turn.channel, live.session.language, "session-ended"),
                ends=True,
            )
        )

    def _open(self, turn: DialledTurn, previous: Live | None) -> Decided:
        opened = self._player.opening(turn, previous, resumes=True)
        return self._player.opened(turn, opened, expected=previous.version if previous else 0)

    def _go_on(self, turn: DialledTurn, live: Live, typed: str) -> Decided:
        following, page, facts = self._player.play(turn, live, typed, turn.transcript)
        return Decided(page, following, expected=live.version, journal=[facts])
