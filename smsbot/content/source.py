"""A flow file as its authors see it: the document, its lines, and every text that is translated."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from smsbot.content.faults import Fault, Severity
from smsbot.content.reading import parse_flow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from smsbot.content.schema import Acts, FlowDoc, OptionDoc, Said, StateDoc
    from smsbot.content.yamlfile import Path_, YamlFile


class Role(StrEnum):
    """What a text is for: how long it may be and which rules hold for it."""

    TITLE = "title"
    SAY = "say"
    OPTION = "option"
    FEEDBACK = "feedback"
    RETRY = "retry"
    EFFECT = "effect"


class Audience(StrEnum):
    """The channel kinds that say a text."""

    BOTH = "both"
    USSD = "ussd"
    SMS = "sms"


@dataclass(frozen=True, slots=True)
class SourceText:
    """One text in the flow's own language.

    `context` is the place in the flow: `story/say`, `story/menu/1`, `story/quiz/2/feedback`,
    `amount/choices/1`, `amount/retry`, `tips/do/1`, `story/menu/1/do/1`, `title`; with `/ussd` or
    `/sms` behind it where the channels say different words. `item` is what the quiz around it
    judges: scam, genuine or empty.
    """

    flow: str
    context: str
    text: str
    line: int
    role: Role
    item: str = ""
    channel: Audience = Audience.BOTH

    @property
    def msgctxt(self) -> str:
        """Give the name of the text in PO files: flow/state/part."""
        return f"{self.flow}/{self.context}"

    @property
    def state(self) -> str:
        """Give the state, or an empty text for the title."""
        return "" if self.role is Role.TITLE else self.context.split("/", 1)[0]


@dataclass(frozen=True, slots=True)
class FlowSource:
    """One flow file that has the right shape."""

    id: str
    path: str
    file: YamlFile
    doc: FlowDoc
    texts: tuple[SourceText, ...]

    def line(self, *place: str | int) -> int:
        """Give the line of what stands at `place` in the file."""
        return self.file.line(place)


def read_flow(path: Path) -> tuple[FlowSource | None, list[Fault]]:
    """Read a flow file: its source, or None and every fault."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        words = f"cannot be read: {error.strerror}"
        return None, [Fault(str(path), 1, Severity.ERROR, "yaml", words)]
    return parse_source(raw, str(path))


def parse_source(raw: bytes, path: str) -> tuple[FlowSource | None, list[Fault]]:
    """Parse the bytes of a flow file named `path`: its source, or None and every fault."""
    file, doc, faults = parse_flow(raw, path)
    if file is None or doc is None:
        return None, faults
    texts = tuple(_texts(file, doc))
    return FlowSource(doc.id, path, file, doc, texts), faults


def parts(said: Said, context: str) -> list[tuple[str, str, Audience]]:
    """Give (context, text, audience) of a text: one, or one per channel that has words."""
    if said.is_one and said.ussd is not None:
        return [(context, said.ussd, Audience.BOTH)]
    found = []
    if said.ussd is not None:
        found.append((f"{context}/ussd", said.ussd, Audience.USSD))
    if said.sms is not None:
        found.append((f"{context}/sms", said.sms, Audience.SMS))
    return found


def _texts(file: YamlFile, doc: FlowDoc) -> Iterator[SourceText]:
    yield SourceText(doc.id, "title", doc.title, file.line(("title",)), Role.TITLE)
    for name, state in doc.states.items():
        yield from _Walk(file, doc.id, name, state).texts()


@dataclass(frozen=True, slots=True)
class _Walk:
    """Collects the texts of one state, in the order in which they stand."""

    file: YamlFile
    flow: str
    name: str
    state: StateDoc

    def texts(self) -> Iterator[SourceText]:
        """Give every text of the state."""
        state, name = self.state, self.name
        place: Path_ = ("states", name)
        if state.say is not None:
            yield from self._said(state.say, f"{name}/say", (*place, "say"), Role.SAY)
        if state.menu:
            yield from self._options(state.menu, "menu", (*place, "menu"))
        if state.quiz:
            quiz = (*place, "quiz")
            listed = (*quiz, 0) in self.file.lines
            yield from self._options(
                state.quiz.options, "quiz", quiz if listed else (*quiz, "options")
            )
        if state.ask:
            for number, choice in enumerate(state.ask.choices or (), 1):
                spot = (*place, "ask", "choices", number - 1, "say")
                yield from self._said(choice.say, f"{name}/choices/{number}", spot, Role.OPTION)
            if state.ask.retry:
                spot = (*place, "ask", "retry")
                yield from self._said(state.ask.retry, f"{name}/retry", spot, Role.RETRY)
        if state.retry:
            yield from self._said(state.retry, f"{name}/retry", (*place, "retry"), Role.RETRY)
        yield from self._effects(state, name, place)

    def _options(
        self, options: Iterable[OptionDoc], part: str, place: Path_
    ) -> Iterator[SourceText]:
        for number, option in enumerate(options, 1):
            context, spot = f"{self.name}/{part}/{number}", (*place, number - 1)
            yield from self._said(option.say, context, (*spot, "say"), Role.OPTION)
            feedback: Said | None = getattr(option, "feedback", None)
            if feedback is not None:
                yield from self._said(
                    feedback, f"{context}/feedback", (*spot, "feedback"), Role.FEEDBACK
                )
            yield from self._effects(option, context, spot)

    def _effects(self, acts: Acts, context: str, place: Path_) -> Iterator[SourceText]:
        for number, effect in enumerate(acts.do, 1):
            if effect.send_sms is not None:
                line = self.file.line((*place, "do", number - 1, "send-sms"))
                yield self._text(
                    effect_context(context, number),
                    effect.send_sms,
                    line,
                    Role.EFFECT,
                    Audience.SMS,
                )

    def _said(self, said: Said, context: str, place: Path_, role: Role) -> Iterator[SourceText]:
        for part, text, audience in parts(said, context):
            suffix = () if audience is Audience.BOTH else (audience.value,)
            yield self._text(part, text, self.file.line((*place, *suffix)), role, audience)

    def _text(
        self, context: str, text: str, line: int, role: Role, audience: Audience
    ) -> SourceText:
        item = self.state.quiz.item if self.state.quiz else ""
        return SourceText(self.flow, context, text, line, role, item, audience)


def effect_context(context: str, number: int) -> str:
    """Give the context of the text that line `number` of a `do` sends."""
    return f"{context}/do/{number}"
