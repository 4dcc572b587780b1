"""What a text means.

In this order: STOP, START, HELP and languages; consent and rights; the live conversation; a keyword;
a forwarded scam; else help, once a day. A live conversation gives way when it cannot read a text that
means something by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.conversation import enrolling, place
from smsbot.conversation.meaning import Said, Scene, Step, Understanding
from smsbot.engine import step as engine
from smsbot.engine.model import Answered, EffectKind, Outcome, Reply
from smsbot.errors import StaleSession
from smsbot.people import commands, rights
from smsbot.people.answers import Answer
from smsbot.scamdesk import intake, status
from smsbot.sessions.live import Live
from smsbot.storage.codes import Act
from smsbot.storage.consents import Evidence
from smsbot.text.answers import first_word, fold
from smsbot.text.forwarded import looks_forwarded
from smsbot.text.references import reference_from
from smsbot.values import ChannelKind, OptHint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from smsbot.clock import Clock
    from smsbot.content.library import Library
    from smsbot.conversation.front import Front
    from smsbot.conversation.meaning import TextTurn
    from smsbot.people.answers import Answers
    from smsbot.storage.contacts import Contact
    from smsbot.vault import Vault

FORWARDED_FLOW = "report-forwarded"
"""The flow that asks about a forwarded text, where the content has it."""
ASIDE = "aside"
"""How a turn went that was about something else: the conversation stays where it was."""
_DAY_MS = 86_400_000


class Understands:
    """Decides what a text means. Acts of service words happen in the caller's transaction."""

    def __init__(
        self,
        *,
        library: Library,
        front: Front,
        vault: Vault,
        clock: Clock,
        randbelow: Callable[[int], int],
    ) -> None:
        self._library = library
        self._front = front
        self._vault = vault
        self._clock = clock
        self._randbelow = randbelow

    def meaning(
        self,
        connection: Connection,
        turn: TextTurn,
        contact: Contact,
        live: Live | None,
        inbound_id: int,
    ) -> Understanding:
        """Give what this text means to this person, having done what a service word does."""
        content = self._library.current()
        language = self._language(turn, contact, live)
        scene = Scene(connection, turn, contact, content, language, inbound_id)
        understood = (
            self._at_any_time(scene, live)
            or self._rights(scene)
            or self._goes_on(scene, live)
            or self._begins(scene)
            or self._lost(scene)
        )
        if understood.step is None and live is not None and not understood.leaves:
            understood.step = _aside(live)  # the word was about something else: the place stays
        return understood

    def who_are_you(self, turn: TextTurn, contact: Contact) -> Said:
        """Ask the new owner of a number for the language; what the former one chose is a guess."""
        content = self._library.current()
        languages = {"languages": ", ".join(content.language_names.values())}
        language = contact.language or turn.channel.languages[0]
        words = self._front.word(content, turn.channel, language, "who-are-you-again", languages)
        return Said(words)

    def _language(self, turn: TextTurn, contact: Contact, live: Live | None) -> str:
        if live is not None:
            return live.session.language
        return contact.language or turn.channel.languages[0]

    # --- words that hold in any state ---

    def _at_any_time(self, scene: Scene, live: Live | None) -> Understanding | None:
        turn, words = scene.turn, scene.content.service_words
        folded = fold(turn.text)
        spoken = words["STOP"].get(folded)
        if turn.hint is OptHint.STOP or spoken is not None:
            answers = commands.stop(scene.connection, scene.contact, self._evidence(scene, "STOP"))
            scene.speak(scene.contact.language or spoken or scene.language)
            if turn.channel.gateway_confirms_stop:
                answers = ()
            return Understanding(self._said(scene, answers), leaves=True)
        spoken = words["START"].get(folded)
        if turn.hint is OptHint.START or spoken is not None:
            scene.speak(scene.contact.language or spoken or scene.language)
            answers = commands.start(
                scene.connection, scene.contact, self._evidence(scene, "START")
            )
            return Understanding(self._said(scene, answers))
        spoken = words["HELP"].get(folded)
        if turn.hint is OptHint.HELP or spoken is not None:
            scene.speak(scene.contact.language or spoken or scene.language)
            answers = commands.help_answer(scene.connection, scene.contact.ref)
            return Understanding(self._said(scene, answers))
        language = words["LANGUAGE"].get(folded)
        return None if language is None else self._speaks(scene, language, live)

    def _speaks(self, scene: Scene, language: str, live: Live | None) -> Understanding:
        answers = commands.set_language(
            scene.connection,
            scene.contact,
            language,
            scene.content.language_names,
            scene.turn.now_ms,
        )
        if language in scene.content.language_names:
            scene.speak(language)
        if live is not None:
            live.session.language = scene.language
        return Understanding(self._said(scene, answers))

    # --- consent and rights ---

    def _rights(self, scene: Scene) -> Understanding | None:
        word, rest = scene.service_word()
        if word == "JOIN":
            answers = commands.join(scene.connection, scene.contact, self._evidence(scene, "JOIN"))
            return Understanding(self._said(scene, answers))
        if word == "REGION":
            answers = commands.set_region(scene.connection, scene.contact, rest, scene.turn.now_ms)
            return Understanding(self._said(scene, answers))
        if word in ("MYDATA", "DELETE"):
            return self._right(scene, Act(word.lower()), rest)
        return None

    def _right(self, scene: Scene, act: Act, code: str) -> Understanding:
        now_ms = scene.turn.now_ms
        if not code:
            answers = rights.ask(
                scene.connection,
                self._vault,
                scene.contact,
                act,
                randbelow=self._randbelow,
                now_ms=now_ms,
            )
            return Understanding(self._said(scene, answers))
        if act is Act.MYDATA:
            answers = rights.show(scene.connection, self._vault, scene.contact, code, now_ms=now_ms)
            return Understanding(self._said(scene, answers))
        answers = rights.forget(
            scene.connection,
            self._vault,
            scene.contact,
            code,
            randbelow=self._randbelow,
            channel=scene.turn.channel.id,
            now_ms=now_ms,
            answering=scene.inbound_id,
        )
        done = answers[0].key == "delete-done"
        return Understanding(self._said(scene, answers), leaves=done, forgets=done)

    # --- conversations ---

    def _goes_on(self, scene: Scene, live: Live | None) -> Understanding | None:
        if live is None:
            return None

        def attempt(references: Sequence[str]) -> Outcome:
            return engine.step(
                self._library.get(live.session.version),
                live.session,
                scene.turn.text,
                surface=self._front.surface(scene.turn.channel, ChannelKind.SMS),
                now=self._clock.now(),
                seed=scene.turn.id.encode(),
                references=references,
            )

        try:
            outcome = _with_free_references(scene, attempt)
        except StaleSession:
            return None
        if outcome.answered.how == "wrong" and self._means_something(scene):
            return None
        return self._conversation(scene, outcome, live.number + 1)

    def _means_something(self, scene: Scene) -> bool:
        word, _ = scene.service_word()
        text = scene.turn.text
        if enrolling.course_of(scene):
            return True
        return bool(word) or first_word(text) in scene.content.keywords or looks_forwarded(text)

    def _begins(self, scene: Scene) -> Understanding | None:
        word, rest = scene.service_word()
        if word == "STATUS":
            return Understanding(
                self._said(scene, status.of(scene.connection, scene.contact, rest))
            )
        if word == "WHY":
            return Understanding(
                self._said(scene, status.why(scene.connection, scene.contact, rest))
            )
        if word in ("SCAM", "CHECK"):
            return self._reported(scene, rest) if rest else self._ask_for_it(scene)
        course = enrolling.course_of(scene)
        if course:
            evidence = self._evidence(scene, scene.turn.text.strip().upper()[:20])
            answers = enrolling.enrol_by_keyword(scene, course, evidence)
            return Understanding(self._said(scene, answers))
        flow = scene.content.keywords.get(first_word(scene.turn.text))
        if flow is not None:
            return self._start(scene, flow)
        if looks_forwarded(scene.turn.text):
            return self._reported(scene, scene.turn.text)
        return None

    def _ask_for_it(self, scene: Scene) -> Understanding:
        if FORWARDED_FLOW not in scene.content.flows and "report" in scene.content.flows:
            return self._start(scene, "report")
        return Understanding([Said(scene.word(self._front, "scam-ask"))])

    def _reported(self, scene: Scene, raw_text: str) -> Understanding:
        """Keep the report at once, so that whatever follows can only add to it."""
        turn = scene.turn
        key = f"{turn.id}:forwarded"

        def candidate(attempt: int) -> str:
            return reference_from(turn.id.encode(), attempt)

        reference = intake.take_report(
            scene.connection,
            self._vault,
            effect_key=key,
            contact=scene.contact,
            channel=turn.channel.id,
            kind="forwarded",
            facts={},
            raw_text=raw_text,
            now_ms=turn.now_ms,
            reference=intake.free_reference(scene.connection, candidate),
        )
        thanks = scene.word(self._front, "forward-thanks", {"reference": reference})
        if FORWARDED_FLOW not in scene.content.flows:
            return Understanding([Said(thanks)])
        understood = self._start(scene, FORWARDED_FLOW)
        first = understood.texts[0].text
        understood.texts = [Said(f"{thanks}\n{first}")]
        return understood

    def _start(self, scene: Scene, flow: str) -> Understanding:
        turn = scene.turn
        person = place.person(scene.connection, turn, scene.contact)
        outcome = engine.start(
            scene.content,
            flow,
            person=person,
            language=scene.language,
            surface=self._front.surface(turn.channel, ChannelKind.SMS),
            now=self._clock.now(),
            seed=turn.id.encode(),
        )
        return self._conversation(scene, outcome, 0)

    def _conversation(self, scene: Scene, outcome: Outcome, number: int) -> Understanding:
        live = Live(session=outcome.session, gateway_session=scene.turn.session_ref, number=number)
        return Understanding([Said(outcome.reply.text)], Step(live, outcome))

    def _lost(self, scene: Scene) -> Understanding:
        """Nothing fits: help, at most once a day, so that chatter is not answered for ever."""
        day = scene.turn.now_ms // _DAY_MS
        said = self._said(scene, (Answer("unknown-text"),))
        key = f"help:{scene.turn.channel.id}:{scene.contact.ref}:{day}"[:96]
        return Understanding([Said(one.text, one.purpose, once=key) for one in said])

    # --- words ---

    def _said(self, scene: Scene, answers: Answers) -> list[Said]:
        return [
            Said(scene.word(self._front, answer.key, self._values(scene, answer)))
            for answer in answers
        ]

    def _values(self, scene: Scene, answer: Answer) -> dict[str, str]:
        """Give what fills an answer; states and purposes are words of the person's language too."""
        values = {name: str(value) for name, value in answer.values.items()}
        if "state" in values:
            values["state"] = scene.word(self._front, f"state-{values['state']}")
        if "consents" in values:
            named = [scene.purpose(self._front, one) for one in values["consents"].split(", ")]
            values["consents"] = ", ".join(named)
        return values

    def _evidence(self, scene: Scene, word: str) -> Evidence:
        return Evidence(
            at=scene.turn.now_ms,
            channel=scene.turn.channel.id,
            text_version=scene.content.version,
            language=scene.language,
            source=f"sms/{word}",
            effect_key=f"{scene.turn.id}:{word}",
        )


def _with_free_references(scene: Scene, attempt: Callable[[Sequence[str]], Outcome]) -> Outcome:
    """Give the outcome of `attempt`; made again where another report has a reference that it told."""
    outcome = attempt(())
    told = [one.args["reference"] for one in outcome.effects if one.kind is EffectKind.REPORT]
    free = [intake.free_reference(scene.connection, _candidates(scene, one)) for one in told]
    return outcome if free == told else attempt(free)


def _candidates(scene: Scene, told: str) -> Callable[[int], str]:
    seed = f"{scene.turn.id}{told}".encode()
    return lambda attempt: reference_from(seed, attempt) if attempt else told


def _aside(live: Live) -> Step:
    session = live.session
    answered = Answered(session.flow, session.state, ASIDE)
    return Step(live, Outcome(session, Reply("", session.ended), (), answered))
