"""A USSD turn: from the gateway's transcript to one page, once, whatever the gateway does.

The gateway sends all that was typed so far, may send it again, late, out of order, or after Redis has
lost the session. What is new is the rest behind the transcript that we know; a transcript that we have
answered gets the same answer; one that we can't place is played again from how the session opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smsbot.conversation.drain import OPENING_CONTEXT
from smsbot.conversation.facts import turn_facts
from smsbot.conversation.front import Front, Page
from smsbot.engine import step as engine
from smsbot.engine.model import Answered, EffectKind
from smsbot.errors import SessionConflict, StaleSession
from smsbot.sessions.journal import seal_turn
from smsbot.sessions.live import Given, Live, from_plain
from smsbot.sessions.store import USSD_TTL_S
from smsbot.storage import turns as turn_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smsbot.clock import Clock
    from smsbot.content.library import Library
    from smsbot.conversation.effects import EffectRunner
    from smsbot.engine.model import Content, Effect, Outcome
    from smsbot.engine.session import Session
    from smsbot.sessions.store import SessionStore
    from smsbot.storage.database import Database
    from smsbot.values import Channel, Msisdn, UssdTurn
    from smsbot.vault import Vault

RESUME_MS = 30 * 60 * 1000
"""How long after the last turn a re-dial is offered to continue."""
MAX_REPLAYED = 60
"""How many inputs are played again at most; a longer transcript gets the menu."""
_RACES = 3


@dataclass(frozen=True, slots=True)
class _Turn:
    """One turn's names, computed once."""

    channel: Channel
    caller: Msisdn
    network: str
    transcript: str
    ref: str
    session_ref: str
    now_ms: int


@dataclass(frozen=True, slots=True)
class _Decided:
    """What a turn comes to: the place to store (None: nothing changes) and what is shown."""

    page: Page
    live: Live | None = None
    expected: int = 0
    opens: bool = False
    journal: Sequence[bytes] = ()


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
        self._database = database
        self._vault = vault
        self._clock = clock
        self._front = front
        self._effects = effects

    def answer(self, channel: Channel, event: UssdTurn) -> Page:
        """Give the page for this transcript."""
        mac = self._vault.mac
        turn = _Turn(
            channel,
            event.caller,
            event.network,
            event.transcript,
            self._vault.ref(event.caller),
            mac(f"{channel.id}|{event.session_id}".encode(), person=b"gateway-session"),
            self._clock.now_ms(),
        )
        live = self._store.recent(channel.id, turn.ref)
        if live is None or not self._is_the_next(turn, live):
            live = self._store.load(channel.id, turn.ref)
        for _ in range(_RACES):
            decided = self._decide(turn, live)
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
            live = winner
        return self._front.apology(self._library.current(), channel)

    # --- what kind of turn is it -----------------------------------------------------------------

    def _decide(self, turn: _Turn, live: Live | None) -> _Decided:
        transcript = turn.transcript
        if live is None:
            return self._open(turn, None) if not transcript else self._rebuild(turn, None)
        if live.gateway_session != turn.session_ref:
            if turn.session_ref in live.past:
                return self._late(turn, live)
            return self._open(turn, live) if not transcript else self._dialled_through(turn, live)
        key = self._key(transcript)
        if key == live.transcript and len(transcript) == live.length:
            given = live.answer_to(key)
            return _Decided(Page(given.text, given.ends)) if given else self._rebuild(turn, live)
        if self._extends(transcript, live):
            return self._go_on(turn, live, transcript[live.length :].removeprefix("*"))
        given = live.answer_to(key)
        if given is not None:
            return _Decided(Page(given.text, given.ends))
        return self._rebuild(turn, live)

    def _is_the_next(self, turn: _Turn, live: Live) -> bool:
        """Say whether this turn repeats, or follows by one input, the turn that led to `live`.

        Then `live` is the place before this turn, whoever else may have written since: the keyed hash
        of the transcript says so. A `*` may be two inputs, of which another process took the first.
        """
        if live.gateway_session != turn.session_ref:
            return False
        if len(turn.transcript) == live.length:
            return self._key(turn.transcript) == live.transcript
        typed = turn.transcript[live.length :].removeprefix("*")
        return "*" not in typed and self._extends(turn.transcript, live)

    def _extends(self, transcript: str, live: Live) -> bool:
        length = live.length
        if len(transcript) <= length or self._key(transcript[:length]) != live.transcript:
            return False
        return length == 0 or transcript[length] == "*"

    def _key(self, transcript: str) -> str:
        return self._vault.mac(transcript.encode(), person=b"transcript")

    def _turn_id(self, turn: _Turn, number: int, key: str) -> str:
        parts = f"{turn.channel.id}|{turn.session_ref}|{number}|{key}"
        return self._vault.mac(parts.encode(), person=b"turn")

    def _late(self, turn: _Turn, live: Live) -> _Decided:
        """A post of a session that the person has left for a newer one: nothing may change."""
        content = self._library.current()
        return _Decided(
            Page(
                self._front.word(content, turn.channel, live.session.language, "session-ended"),
                ends=True,
            )
        )

    # --- opening ---------------------------------------------------------------------------------

    def _open(self, turn: _Turn, previous: Live | None) -> _Decided:
        live, page, answered, effects = self._opening(turn, previous, resumes=True)
        return self._opened(turn, live, page, answered, effects, previous)

    def _opening(
        self, turn: _Turn, previous: Live | None, *, resumes: bool
    ) -> tuple[Live, Page, Answered, Sequence[Effect]]:
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
                return (
                    live,
                    page,
                    Answered(previous.session.flow, previous.session.state, "offer"),
                    (),
                )
        content = self._library.current()
        surface = self._front.surface(turn.channel)
        key = self._key("")
        outcome = engine.start(
            content,
            content.home,
            person=known.person,
            language=known.language,
            surface=surface,
            now=self._clock.now(),
            seed=self._turn_id(turn, 0, key).encode(),
        )
        live = self._successor(turn, previous, outcome.session)
        live.owner_since = known.owner_since
        page = Page(outcome.reply.text, outcome.reply.ends)
        return live, page, outcome.answered, outcome.effects

    def _may_resume(self, previous: Live, owner_since: int, turn: _Turn) -> bool:
        # 0: SQL did not know the caller then. That is no other owner: the drain has met them since.
        if previous.owner_since not in (0, owner_since):
            return False
        if turn.now_ms - previous.at > RESUME_MS:
            return False
        return not previous.session.ended and self._front.is_under_way(previous.session)

    def _successor(self, turn: _Turn, previous: Live | None, session: Session) -> Live:
        past = [] if previous is None else [*previous.past, previous.gateway_session]
        return Live(
            session=session,
            gateway_session=turn.session_ref,
            transcript=self._key(""),
            past=[one for one in past if one][-3:],
        )

    def _opened(
        self,
        turn: _Turn,
        live: Live,
        page: Page,
        answered: Answered,
        effects: Sequence[Effect],
        previous: Live | None,
    ) -> _Decided:
        turn_id = self._turn_id(turn, 0, live.transcript)
        journaled = self._commit(turn, live, effects, turn_id)
        live.at = turn.now_ms
        live.remember(Given(live.transcript, live.length, page.text, page.ends))
        facts = turn_facts(turn_id, turn, live, answered, journaled, ends=page.ends, opens=True)
        return _Decided(
            page,
            live,
            expected=previous.version if previous else 0,
            opens=True,
            journal=[seal_turn(facts, self._vault)],
        )

    # --- going on --------------------------------------------------------------------------------

    def _go_on(self, turn: _Turn, live: Live, typed: str) -> _Decided:
        following, page, facts = self._play(turn, live, typed, turn.transcript)
        return _Decided(page, following, expected=live.version, journal=[facts])

    def _play(
        self, turn: _Turn, live: Live, typed: str, transcript: str
    ) -> tuple[Live, Page, bytes]:
        """Take one input; commit what people rely on; give the place after it."""
        key = self._key(transcript)
        number = live.number + 1
        turn_id = self._turn_id(turn, number, key)
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
        self, turn: _Turn, live: Live, typed: str, turn_id: str, references: Sequence[str] = ()
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

    def _start_again(self, turn: _Turn, live: Live, turn_id: str) -> Outcome:
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

    def _commit(
        self, turn: _Turn, live: Live, effects: Sequence[Effect], turn_id: str
    ) -> Sequence[Effect]:
        if not effects:
            return ()
        _, journaled = self._effects.commit(turn, live, effects, turn_id)
        return journaled

    def _committed(
        self,
        turn: _Turn,
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

    # --- lost, reset or dialled through ------------------------------------------------------------

    def _dialled_through(self, turn: _Turn, previous: Live) -> _Decided:
        """A new gateway session that brings inputs (`*384*123*1*2#`): play them from the menu."""
        self._refuse_anothers(turn)
        live, page, answered, effects = self._opening(turn, previous, resumes=False)
        return self._replay(turn, live, page, answered, effects, expected=previous.version)

    def _rebuild(self, turn: _Turn, live: Live | None) -> _Decided:
        """Play the transcript again from how this gateway session opened, as SQL or Redis knows."""
        self._refuse_anothers(turn)
        expected = live.version if live is not None else 0
        opening = self._opening_in_sql(turn)
        if opening is not None:
            decided = self._replay_opening(turn, opening, expected)
        elif self._opened_at_the_door(turn, live):
            fresh, page, answered, effects = self._opening(turn, None, resumes=False)
            decided = self._replay(turn, fresh, page, answered, effects, expected=expected)
        else:
            decided = self._menu(turn, live)
        if live is not None and len(turn.transcript) < live.length:
            return _Decided(decided.page)  # a look back: the person is further on
        return decided

    def _refuse_anothers(self, turn: _Turn) -> None:
        """Before an effect is run: the session id must not be another caller's."""
        owner = self._store.owner_of(turn.channel.id, turn.session_ref)
        if owner and owner != turn.ref:
            raise SessionConflict("this session id belongs to another caller")

    def _opening_in_sql(self, turn: _Turn) -> Live | None:
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

    def _opened_at_the_door(self, turn: _Turn, live: Live | None) -> bool:
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

    def _menu(self, turn: _Turn, live: Live | None) -> _Decided:
        """Show the front door in the middle of a gateway session whose beginning nobody knows."""
        fresh, page, answered, effects = self._opening(turn, None, resumes=False)
        fresh.length = len(turn.transcript)
        fresh.transcript = self._key(turn.transcript)
        fresh.plain = False
        return self._opened(turn, fresh, page, answered, effects, live)

    def _replay_opening(self, turn: _Turn, opening: Live, expected: int) -> _Decided:
        opening.at = turn.now_ms
        page = Page("", ends=False)
        if opening.opening is not None:
            page = Page(opening.opening.text, opening.opening.ends)
        return self._inputs(turn, opening, page, [], expected)

    def _replay(
        self,
        turn: _Turn,
        live: Live,
        page: Page,
        answered: Answered,
        effects: Sequence[Effect],
        *,
        expected: int,
    ) -> _Decided:
        opened = self._opened(turn, live, page, answered, effects, None)
        return self._inputs(turn, live, page, list(opened.journal), expected)

    def _inputs(
        self, turn: _Turn, live: Live, page: Page, journal: list[bytes], expected: int
    ) -> _Decided:
        transcript = turn.transcript
        rest = transcript[live.length :]
        if live.length:
            rest = rest.removeprefix("*")
        inputs = rest.split("*") if rest else []
        if len(inputs) > MAX_REPLAYED:
            return self._menu(turn, live)
        reached = transcript[: live.length]
        for typed in inputs:
            reached = f"{reached}*{typed}" if reached else typed
            live, page, facts = self._play(turn, live, typed, reached)
            journal.append(facts)
            if page.ends:
                break
        if live.length != len(transcript):  # the conversation ended before the inputs did
            live.length = len(transcript)
            live.transcript = self._key(transcript)
            live.remember(Given(live.transcript, live.length, page.text, page.ends))
        return _Decided(page, live, expected=expected, opens=True, journal=journal)
