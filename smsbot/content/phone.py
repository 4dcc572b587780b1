"""A phone in memory on the real engine: for authors' tests and for the simulator in the terminal.

It behaves as the service does towards one person: a dropped USSD session is offered again for half an
hour, a repeated webhook gets the same answer and does nothing twice, a keyword by SMS starts its flow.
What needs the service's own records (STATUS, MYDATA, consent by JOIN) is named, not played.
The session goes through its stored form between any two turns, so that nothing can hide in memory.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from smsbot.engine import step as engine
from smsbot.engine.model import Person
from smsbot.engine.session import as_json, from_json
from smsbot.errors import SmsbotError
from smsbot.text.answers import match_option
from smsbot.text.folding import first_word, fold
from smsbot.values import ChannelKind, PageLimit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from smsbot.engine.model import Content, Effect, Outcome, Surface

USSD_IDLE = timedelta(seconds=60)
"""After this silence the operator has closed the USSD session (30 s in some networks, 60 in most)."""
RESUME = timedelta(minutes=30)
"""How long after the last turn a new call is offered to go on."""
SMS_KEPT = timedelta(hours=24)
"""How long a conversation by SMS waits for an answer."""

_PLAYED = {"STOP": "stop-done", "START": "start-done", "HELP": "help"}
_FIRST_WORDS = ("JOIN", "MYDATA", "DELETE", "STATUS", "WHY", "CHECK", "SCAM", "REGION")


class NotOpen(SmsbotError):
    """Something was typed into a USSD session that is not open."""

    code = "not_open"


@dataclass(frozen=True, slots=True)
class Heard:
    """What the phone shows after one act. `note` says what happened outside of the conversation."""

    text: str
    ends: bool
    effects: tuple[Effect, ...] = ()
    note: str = ""


@dataclass(slots=True)
class _Line:
    """One conversation of this phone, by USSD or by SMS. `stored` is the session as it is kept."""

    stored: bytes
    at: datetime
    is_open: bool
    offered: bool = False


class Phone:
    """One person's phone. Not shared between threads.

    `flow` is what a call opens; empty is the front door. `language` is what the person chose before,
    `now` their local time, which only `wait` moves.
    """

    def __init__(
        self,
        content: Content,
        *,
        language: str,
        now: datetime,
        flow: str = "",
        country: str = "",
        page: PageLimit | None = None,
        mark_drafts: bool = True,
    ) -> None:
        self.content = content
        self.language = language
        self.now = now
        self.person = Person(country=country)
        self.effects: list[Effect] = []
        self._flow = flow or content.home
        self._page = page or PageLimit()
        self._mark_drafts = mark_drafts
        self._lines: dict[ChannelKind, _Line] = {}
        self._again: Callable[[], Heard] | None = None
        self._was_wrong = False
        self._turns = 0

    def surface(self, kind: ChannelKind) -> Surface:
        """Give how texts look on this phone."""
        return engine.Surface(kind, self._page, self.person.country, self._mark_drafts)

    @property
    def is_open(self) -> bool:
        """Say whether a USSD session is open now."""
        line = self._lines.get(ChannelKind.USSD)
        return line is not None and line.is_open

    # --- what a person does ----------------------------------------------------------------------

    def dial(self, inputs: Sequence[str] = ()) -> Heard:
        """Call the service; inputs walk right in, as with `*384*123*2*1#`, and nothing is offered."""
        line = self._lines.get(ChannelKind.USSD)
        if line is not None and not inputs and self._may_resume(line):
            line.is_open = line.offered = True
            line.at = self.now
            return self._kept(lambda: self._offer(line))
        heard = self.begin(ChannelKind.USSD, self._flow)
        for raw in inputs:
            if heard.ends:
                break
            before = heard.effects
            heard = self._step(ChannelKind.USSD, raw)
            heard = replace(heard, effects=(*before, *heard.effects))
        return heard

    def press(self, raw: str) -> Heard:
        """Answer the open USSD session; raise NotOpen where there is none."""
        line = self._lines.get(ChannelKind.USSD)
        if line is None or not line.is_open:
            raise NotOpen("no USSD session is open: dial first")
        if not line.offered:
            return self._step(ChannelKind.USSD, raw)
        return self._answer_offer(line, raw)

    def text(self, raw: str) -> Heard:
        """Send an SMS to the service."""
        for word, spellings in self.content.service_words.items():
            folded = fold(raw)
            if word == "LANGUAGE" and folded in spellings:
                return self._speak(spellings[folded])
            if word in _PLAYED and folded in spellings:
                return self._service_word(word)
        first = first_word(raw)
        flow = self.content.keywords.get(first, "")
        line = self._lines.get(ChannelKind.SMS)
        if line is not None and line.is_open and self.now - line.at <= SMS_KEPT:
            kept = replace(line)
            heard = self._step(ChannelKind.SMS, raw)
            if not self._was_wrong or not flow:
                return heard
            self._lines[ChannelKind.SMS] = kept
        for word in _FIRST_WORDS:
            if first in self.content.service_words.get(word, {}):
                return Heard("", ends=True, note=f"{word} is answered by the running service only")
        if flow:
            return self.begin(ChannelKind.SMS, flow)
        return Heard(self._word("unknown-text"), ends=True, note="no keyword, no conversation")

    def drop(self) -> None:
        """Lose the USSD session: the network went, or a call came in."""
        line = self._lines.get(ChannelKind.USSD)
        if line is not None:
            line.is_open = False

    def replay(self) -> Heard:
        """Let the gateway post the last turn once more; give what the engine makes of it."""
        if self._again is None:
            raise NotOpen("nothing was sent yet that could come twice")
        heard = self._again()
        return replace(heard, effects=(), note="the same turn once more: nothing is done twice")

    def wait(self, span: timedelta) -> bool:
        """Let time pass; give whether the operator has closed a USSD session meanwhile."""
        self.now += span
        line = self._lines.get(ChannelKind.USSD)
        if line is None or not line.is_open or self.now - line.at < USSD_IDLE:
            return False
        line.is_open = False
        return True

    # --- turns -----------------------------------------------------------------------------------

    def begin(self, kind: ChannelKind, flow: str) -> Heard:
        """Open a flow: what a keyword does, or a campaign."""
        seed = self._seed()
        person, language = self.person, self.language
        if flow not in self.content.flows:
            raise NotOpen(f"there is no flow {flow!r} to begin with")

        def run() -> Outcome:
            return engine.start(
                self.content,
                flow,
                person=person,
                language=language,
                surface=self.surface(kind),
                now=now,
                seed=seed,
            )

        now = self.now
        return self._turn(kind, run)

    def _step(self, kind: ChannelKind, raw: str) -> Heard:
        seed, now, stored = self._seed(), self.now, self._lines[kind].stored

        def run() -> Outcome:
            return engine.step(
                self.content,
                from_json(stored),
                raw,
                surface=self.surface(kind),
                now=now,
                seed=seed,
            )

        return self._turn(kind, run)

    def _turn(self, kind: ChannelKind, run: Callable[[], Outcome]) -> Heard:
        outcome = run()
        session = outcome.session
        self.person, self.language = session.person, session.language
        self._was_wrong = outcome.answered.how == "wrong"
        self._lines[kind] = _Line(as_json(session), self.now, not outcome.reply.ends)
        self.effects += outcome.effects

        def again() -> Heard:
            reply = run().reply
            return Heard(reply.text, reply.ends)

        self._again = again
        return Heard(outcome.reply.text, outcome.reply.ends, tuple(outcome.effects))

    def _kept(self, show: Callable[[], Heard]) -> Heard:
        self._again = show
        return show()

    def _seed(self) -> bytes:
        self._turns += 1
        return self._turns.to_bytes(8, "big")

    # --- coming back -----------------------------------------------------------------------------

    def _may_resume(self, line: _Line) -> bool:
        session = from_json(line.stored)
        under_way = bool(session.history or session.frames or session.page)
        return under_way and not session.ended and self.now - line.at <= RESUME

    def _offer(self, line: _Line) -> Heard:
        session = from_json(line.stored)
        language = session.flow_language
        flow = self.content.flows[session.flow]
        title = flow.titles.get(language, flow.title)
        lines = [self._word("resume-offer", language, title=title)]
        lines += [f"{number} {each}" for number, each in enumerate(self._choices(language), 1)]
        return Heard("\n".join(lines), ends=False)

    def _choices(self, language: str) -> tuple[str, str]:
        return self._word("resume-continue", language), self._word("resume-again", language)

    def _answer_offer(self, line: _Line, raw: str) -> Heard:
        session = from_json(line.stored)
        choices = self._choices(session.flow_language)
        choice = match_option(raw, [[each] for each in choices])
        line.at = self.now
        if choice == 1:
            line.offered = False
            return self._kept(lambda: self._shown(line))
        if choice is None and raw.strip() not in ("0", "00"):
            return self._kept(lambda: self._offer(line))
        return self.begin(ChannelKind.USSD, self._flow)

    def _shown(self, line: _Line) -> Heard:
        reply = engine.show(self.content, from_json(line.stored), self.surface(ChannelKind.USSD))
        return Heard(reply.text, reply.ends)

    # --- words of the service --------------------------------------------------------------------

    def _speak(self, language: str) -> Heard:
        self.language = language
        return Heard(self._word("language-set"), ends=True, note=f"language is {language} now")

    def _service_word(self, word: str) -> Heard:
        if word == "STOP":
            self._lines.pop(ChannelKind.SMS, None)
        return Heard(self._word(_PLAYED[word]), ends=True, note=f"the service's own word {word}")

    def _word(self, key: str, language: str = "", **values: str) -> str:
        words = self.content.core.get(language or self.language, {})
        template = words.get(key) or self.content.core.get("en", {}).get(key)
        if template is None:
            return ""
        known = {name: self._word(name, language) for name in ("service",) if name != key}
        return template.render({**known, "cost": self._cost(language), **values}).strip()

    def _cost(self, language: str) -> str:
        words = self.content.core.get(language or self.language, {})
        template = words.get("cost-standard")
        return template.render({}) if template else ""
