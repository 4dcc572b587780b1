"""Playing one USSD turn on a known place: opening, taking one input, running its effects.

Which turn it is, and on which place it is played, is decided in `ussd.py` and `rebuild.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from smsbot.conversation.facts import turn_facts
from smsbot.conversation.front import Front, Page
from smsbot.engine import step as engine
from smsbot.engine.model import Answered, EffectKind
from smsbot.errors import StaleSession
from smsbot.sessions.journal import seal_turn
from smsbot.sessions.live import Given, Live

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smsbot.clock import Clock
    from smsbot.content.library import Library
    from smsbot.conversation.effects import EffectRunner
    from smsbot.engine.model import Content, Effect, Outcome
    from smsbot.engine.session import Session
    from smsbot.values import Channel, Msisdn
    from smsbot.vault import Vault

RESUME_MS = 30 * 60 * 1000
"""How long after the last turn a re-dial is offered to continue."""


class DialledTurn(NamedTuple):
    """One turn's names, computed once."""

    channel: Channel
    caller: Msisdn
    network: str
    transcript: str
    ref: str
    session_ref: str
    now_ms: int


class Decided(NamedTuple):
    """What a turn comes to: the place to store (None: nothing changes) and what is shown."""

    page: Page
    live: Live | None = None
    expected: int = 0
    opens: bool = False
    journal: Sequence[bytes] = ()


class Opened(NamedTuple):
    """A place at the beginning of a gateway session, and what is shown there."""

    live: Live
    page: Page
    answered: Answered
    effects: Sequence[Effect] = ()


class Player:
    """Plays turns, and commits what people rely on. What it gives, its caller stores, or not.

    Raises Unavailable when a part that the turn needs is away; then nothing happened.
    """

    def __init__(
        self, *, library: Library, vault: Vault, clock: Clock, front: Front, effects: EffectRunner
    ) -> None:
        self._library = library
        self._vault = vault
        self._clock = clock
        self._front = front
        self._effects = effects

    def key(self, transcript: str) -> str:
        """Give the keyed hash of a transcript: all of it that is ever kept."""
        return self._vault.mac(transcript.encode(), person=b"transcript")

    def turn_id(self, turn: DialledTurn, number: int, key: str) -> str:
        """Give the id of a turn; the same turn played again has the same."""
        parts = f"{turn.channel.id}|{turn.session_ref}|{number}|{key}"
        return self._vault.mac(parts.encode(), person=b"turn")

    def opening(self, turn: DialledTurn, previous: Live | None, *, resumes: bool) -> Opened:
        """Give a fresh place at the front door, or the offer to continue the previous one."""
        known = self._front.known(turn.channel, turn.ref, previous, turn.now_ms, turn.network)
        if resumes and previous is not None and self._may_resume(previous, known.owner_since, turn):
            try:
                content = self._library.get(previous.session.version)
                page = self._front.offer(content, previous.session, turn.channel)
            except StaleSession:
                pass  # the flow it was in is gone: begin anew
            else:
                live = self._successor(turn, previous, previous.session)
                live.offer, live.plain, live.owner_since = True, False, known.owner_since
                session = previous.session
                return Opened(live, page, Answered(session.flow, session.state, "offer"))
        content = self._library.current()
        surface = self._front.surface(turn.channel)
        key = self.key("")
        outcome = engine.start(
            content,
            content.home,
            person=known.person,
            language=known.language,
            surface=surface,
            now=self._clock.now(),
            seed=self.turn_id(turn, 0, key).encode(),
        )
        live = self._successor(turn, previous, outcome.session)
        live.owner_since = known.owner_since
        page = Page(outcome.reply.text, outcome.reply.ends)
        return Opened(live, page, outcome.answered, outcome.effects)

    def _may_resume(self, previous: Live, owner_since: int, turn: DialledTurn) -> bool:
        # 0: SQL did not know the caller then. That is no other owner: the drain has met them since.
        if previous.owner_since not in (0, owner_since):
            return False
        if turn.now_ms - previous.at > RESUME_MS:
            return False
        return not previous.session.ended and self._front.is_under_way(previous.session)

    def _successor(self, turn: DialledTurn, previous: Live | None, session: Session) -> Live:
        past = [] if previous is None else [*previous.past, previous.gateway_session]
        return Live(
            session=session,
            gateway_session=turn.session_ref,
            transcript=self.key(""),
            past=[one for one in past if one][-3:],
        )

    def opened(self, turn: DialledTurn, opened: Opened, *, expected: int) -> Decided:
        """Run what an opening does, and give what is to be stored over version `expected`."""
        live, page = opened.live, opened.page
        turn_id = self.turn_id(turn, 0, live.transcript)
        journaled: Sequence[Effect] = ()
        if opened.effects:
            _, journaled = self._effects.commit(turn, live, opened.effects, turn_id)
        live.at = turn.now_ms
        live.remember(Given(live.transcript, live.length, page.text, page.ends))
        facts = turn_facts(
            turn_id, turn, live, opened.answered, journaled, ends=page.ends, opens=True
        )
        return Decided(page, live, expected, opens=True, journal=[seal_turn(facts, self._vault)])

    def play(
        self, turn: DialledTurn, live: Live, typed: str, transcript: str
    ) -> tuple[Live, Page, bytes]:
        """Take one input; commit what people rely on; give the place after it."""
        key = self.key(transcript)
        number = live.number + 1
        turn_id = self.turn_id(turn, number, key)
        outcome = self._step(turn, live, typed, turn_id)
        following = Live(
            session=outcome.session,
            gateway_session=live.gateway_session,
            number=number,
            length=len(transcript),
            transcript=key,
            offer=outcome.answered.how == "offer",
            plain=live.plain,
            at=turn.now_ms,
            owner_since=live.owner_since,
            opening=live.opening,
            given=live.given,
            past=live.past,
        )
        following, outcome, journaled = self._committed(
            turn, live, following, outcome, typed, turn_id
        )
        page = Page(outcome.reply.text, outcome.reply.ends)
        following.remember(Given(key, len(transcript), page.text, page.ends))
        facts = turn_facts(turn_id, turn, following, outcome.answered, journaled, ends=page.ends)
        return following, page, seal_turn(facts, self._vault)

    def _step(
        self,
        turn: DialledTurn,
        live: Live,
        typed: str,
        turn_id: str,
        references: Sequence[str] = (),
    ) -> Outcome:
        surface = self._front.surface(turn.channel)
        if live.session.ended:
            return self._front.after_the_end(self._library.current(), live.session, turn.channel)
        if live.offer:
            choice = self._front.answer_offer(
                self._content(live), live.session, turn.channel, typed
            )
            if choice is not None:
                return choice
            return self._start_again(turn, live, turn_id)
        try:
            return engine.step(
                self._content(live),
                live.session,
                typed,
                surface=surface,
                now=self._clock.now(),
                seed=turn_id.encode(),
                references=references,
            )
        except StaleSession:
            return self._start_again(turn, live, turn_id)

    def _start_again(self, turn: DialledTurn, live: Live, turn_id: str) -> Outcome:
        content = self._library.current()
        return engine.start(
            content,
            content.home,
            person=live.session.person,
            language=live.session.language,
            surface=self._front.surface(turn.channel),
            now=self._clock.now(),
            seed=turn_id.encode(),
        )

    def _content(self, live: Live) -> Content:
        return self._library.get(live.session.version)

    def _committed(
        self,
        turn: DialledTurn,
        live: Live,
        following: Live,
        outcome: Outcome,
        typed: str,
        turn_id: str,
    ) -> tuple[Live, Outcome, Sequence[Effect]]:
        """Run the effects; when SQL gave a report another reference, step again to show that one."""
        if not outcome.effects:
            return following, outcome, ()
        given, journaled = self._effects.commit(turn, following, outcome.effects, turn_id)
        told = [one.args["reference"] for one in outcome.effects if one.kind is EffectKind.REPORT]
        if given != told:
            outcome = self._step(turn, live, typed, turn_id, given)
            following.session = outcome.session
        return following, outcome, journaled
