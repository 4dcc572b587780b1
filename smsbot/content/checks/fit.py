"""Does everything fit: each USSD screen its page, each answer by SMS its segments?

A screen is checked as the engine shows it: the texts said on the way (a feedback, a `say` that goes
on), the question, its options and the ways out, in each language, with the longest values. Long
screens page by themselves; that costs the reader a key each, so it is a warning, and too much of it an
error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smsbot.content.catalogue import CORE
from smsbot.content.checks.rules import found
from smsbot.content.source import Role
from smsbot.engine.model import AskType, Person, StateKind, Surface
from smsbot.engine.screen import SAY, options_of, pages_of
from smsbot.engine.session import Session
from smsbot.engine.words import core_text
from smsbot.text.gsm import Encoding, measure
from smsbot.text.paging import fits
from smsbot.text.segments import JOINED, segment
from smsbot.values import ChannelKind, PageLimit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from smsbot.content.checks.material import Material, Said
    from smsbot.content.faults import Fault
    from smsbot.engine.model import Content, Flow, Scalar, State

MOST_PAGES = 4
SMS_BUDGET = 3
MOST_SEGMENTS = 6
_UNBOUNDED_TEXT = 160
"""What can be typed in one USSD answer or one SMS, where an `ask` sets no `max`."""
_UNBOUNDED_NUMBER = 999_999_999
_WIDEST = {
    AskType.PHONE: "+" + "8" * 15,
    AskType.DATE: "2028-12-28",
    AskType.TRANSACTION: "W" * 20,
    AskType.YESNO: "yes",
}
_ON_THE_WAY = 6
"""How many texts in a row are followed: longer rows are over every limit before."""

_CUT = 20
"""What a segment may lose at its end, where a letter with its marks is kept whole."""
_MEASURED = 2
"""How many of the ways to a screen are really paged, the heaviest first."""

Ref = tuple[str, int]
"""A text said before a screen: a state and SAY, or the option whose feedback it is."""


def check_fit(material: Material) -> Iterator[Fault]:
    """Measure every screen of every flow in every language that the flow has."""
    if material.content is None:
        return
    lines = {(said.flow, said.context, said.language): said for said in material.said}
    limit = _smallest(material)
    for flow in material.content.flows.values():
        checker = _Checker(material.content, flow, limit, lines)
        for language in flow.languages:
            yield from checker.faults(language)
    for said in material.said:
        if said.role is Role.EFFECT or said.flow == CORE:
            yield from _sms(said)


def _smallest(material: Material) -> PageLimit:
    pages = [
        channel.page for channel in material.channels if ChannelKind.USSD in channel.kinds
    ] or [PageLimit()]
    return PageLimit(min(page.gsm7 for page in pages), min(page.ucs2 for page in pages))


def _sms(said: Said) -> Iterator[Fault]:
    """Measure a text that is an SMS of its own."""
    count = segment(said.text).segments
    if count > SMS_BUDGET:
        code = "sms-long" if count <= MOST_SEGMENTS else "sms-too-long"
        words = f"this SMS takes {count} segments in {said.language}"
        yield found(code, said.path, said.line, words)


def _segments(text: str) -> int:
    """Give the segments of a text; one that is surely within the budget is not cut to be counted."""
    encoding, used = measure(text)
    if used <= SMS_BUDGET * (JOINED[encoding] - _CUT):
        return 1
    return segment(text).segments


@dataclass(frozen=True, slots=True)
class _Screen:
    """A state that stops, and the texts said on the way to it in the same turn."""

    state: str
    before: tuple[Ref, ...]


class _Checker:
    """Measures one flow."""

    def __init__(
        self,
        content: Content,
        flow: Flow,
        limit: PageLimit,
        said: Mapping[tuple[str, str, str], Said],
    ) -> None:
        self._content = content
        self._flow = flow
        self._limit = limit
        self._said = said
        self._values = widest_values(flow)
        self._screens = _Ways(flow).find()
        self._measured: dict[tuple[Ref, str, ChannelKind], tuple[Encoding, int, int]] = {}

    def faults(self, language: str) -> Iterator[Fault]:
        """Give the faults of all screens in one language; the worst way to each state only."""
        for state in self._flow.states.values():
            yield from self._option_faults(state, language)
            yield from self._block_faults(state, language)
        for name, ways in self._screens.items():
            yield from self._pages(name, ways, language)
            yield from self._segments(name, ways, language)

    def _pages(self, name: str, ways: list[_Screen], language: str) -> Iterator[Fault]:
        surface = Surface(ChannelKind.USSD, self._limit, "")
        own: tuple[Ref, ...] = () if self._flow.states[name].waits else ((name, SAY),)
        alone = len(self._shown(_Screen(name, own), language, surface))
        worst, count = self._worst(ways, language, surface, len)
        where = f"{name!r} in {language}"
        if count > MOST_PAGES:
            words = f"{where} takes {count} USSD pages{_after(worst)}; {MOST_PAGES} are the most"
            yield self._found("pages-too-many", worst, language, words)
        elif alone > 1:
            words = f"{where} takes {alone} USSD pages"
            yield self._found("pages", _Screen(name, own), language, words)

    def _segments(self, name: str, ways: list[_Screen], language: str) -> Iterator[Fault]:
        surface = Surface(ChannelKind.SMS, self._limit, "")
        worst, count = self._worst(ways, language, surface, lambda pages: _segments(pages[0]))
        if count > SMS_BUDGET:
            code = "sms-long" if count <= MOST_SEGMENTS else "sms-too-long"
            words = f"{name!r} in {language} takes {count} SMS segments{_after(worst)}"
            yield self._found(code, worst, language, words)

    def _worst(
        self,
        ways: list[_Screen],
        language: str,
        surface: Surface,
        size: Callable[[tuple[str, ...]], int],
    ) -> tuple[_Screen, int]:
        """Give the way that needs most, and how much. Only the two heaviest are really paged."""
        if len(ways) > _MEASURED:
            weighed = [(self._weight(way, language, surface.kind), way) for way in ways]
            ways = [way for _, way in sorted(weighed, key=lambda pair: -pair[0])[:_MEASURED]]
        sizes = [size(self._shown(way, language, surface)) for way in ways]
        worst = max(range(len(ways)), key=sizes.__getitem__)
        return ways[worst], sizes[worst]

    def _weight(self, screen: _Screen, language: str, kind: ChannelKind) -> float:
        """Give how full the texts on the way make a page, in the encoding that they need together."""
        texts = [self._text(ref, language, kind) for ref in (*screen.before, (screen.state, SAY))]
        is_gsm = all(encoding is Encoding.GSM7 for encoding, _, _ in texts)
        if is_gsm:
            return sum(used for _, used, _ in texts) / self._limit.gsm7
        return sum(letters for _, _, letters in texts) / self._limit.ucs2

    def _text(self, ref: Ref, language: str, kind: ChannelKind) -> tuple[Encoding, int, int]:
        """Give encoding, units and letters of one text; kept, because many screens share it."""
        key = (ref, language, kind)
        if key not in self._measured:
            state, part = self._flow.states[ref[0]], ref[1]
            texts = state.say if part == SAY else state.options[part].feedback
            words = getattr(texts[language], kind.value).render(self._values) if texts else ""
            self._measured[key] = (*measure(words), len(words))
        return self._measured[key]

    def _shown(self, screen: _Screen, language: str, surface: Surface) -> tuple[str, ...]:
        session = Session(
            version="",
            channel=surface.kind.value,
            flow=self._flow.id,
            state=screen.state,
            language=language,
            flow_language=language,
            person=Person(),
            variables=dict(self._values),
        )
        session.pending = [[name, part, dict(self._values)] for name, part in screen.before]
        return pages_of(self._content, self._flow, session, surface)

    def _option_faults(self, state: State, language: str) -> Iterator[Fault]:
        """Find lines that no page can hold beside the ways out: they would be cut in two."""
        if not state.waits:
            return
        more, footer = self._ways_out(language)
        options = options_of(self._content, state, language, ChannelKind.USSD)
        for number, option in enumerate(options, 1):
            line = f"{number} {option.render(self._values)}"
            tail = footer if number == len(options) else f"{more}\n{footer}"
            if not fits(f"{line}\n{tail}", self._limit):
                words = f"option {number} of {state.name!r} in {language} does not fit a USSD page"
                part = "choices" if state.kind is StateKind.ASK else state.kind.value
                said = self._at(f"{state.name}/{part}/{number}", language)
                yield self._fault("option-too-long", said, state.name, words)

    def _block_faults(self, state: State, language: str) -> Iterator[Fault]:
        """Find texts said on the way that no page can hold whole."""
        texts = [
            (option.feedback, f"quiz/{n}/feedback") for n, option in enumerate(state.options, 1)
        ]
        if not state.waits and state.kind is not StateKind.END:
            texts.append((state.say, "say"))
        more, footer = self._ways_out(language)
        for text, part in texts:
            if text is None:
                continue
            words = text[language].ussd.render(self._values)
            if not fits(f"{words}\n{more}\n{footer}", self._limit):
                context = f"{state.name}/{part}"
                words = f"{context!r} in {language} does not fit one USSD page"
                yield self._fault("pages", self._at(context, language), state.name, words)

    def _ways_out(self, language: str) -> tuple[str, str]:
        """Give the line to the next page, and the line back and home."""
        back, home, more = (
            core_text(self._content, language, key) for key in ("back", "home", "more")
        )
        return f"98 {more}", f"0 {back} 00 {home}"

    def _found(self, code: str, screen: _Screen, language: str, words: str) -> Fault:
        return self._fault(code, self._at(f"{screen.state}/say", language), screen.state, words)

    def _at(self, context: str, language: str) -> Said | None:
        for suffix in ("", "/ussd", "/sms"):
            said = self._said.get((self._flow.id, context + suffix, language))
            if said is not None:
                return said
        return None

    def _fault(self, code: str, said: Said | None, state: str, words: str) -> Fault:
        if said is not None:
            return found(code, said.path, said.line, words)
        return found(code, self._flow.path, self._flow.states[state].line, words)


def _after(screen: _Screen) -> str:
    names = dict.fromkeys(name for name, _ in screen.before)
    return f" after {', '.join(map(repr, names))}" if names else ""


def widest_values(flow: Flow) -> dict[str, Scalar]:
    """Give the longest value that each variable may have."""
    widest: dict[str, Scalar] = {
        name: "W" * 20 if isinstance(value, str) else value if isinstance(value, bool) else 999_999
        for name, value in flow.defaults.items()
    }
    if "reference" in widest:
        widest["reference"] = "8" * 8
    for state in flow.states.values():
        ask = state.ask
        if ask is None:
            continue
        if ask.type in (AskType.NUMBER, AskType.AMOUNT):
            high = _UNBOUNDED_NUMBER if ask.high is None else ask.high
            widest[ask.into] = high - 0.01 if ask.decimals else int(high)
        elif ask.type is AskType.CHOICE:
            widest[ask.into] = max((value for value, _ in ask.choices), key=len)
        elif ask.type is AskType.TEXT:
            widest[ask.into] = "W" * int(_UNBOUNDED_TEXT if ask.high is None else ask.high)
        else:
            widest[ask.into] = _WIDEST[ask.type]
    return widest


class _Ways:
    """Finds the states at which a turn stops, each with every row of texts that may come before."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._seen: set[_Screen] = set()
        self.stops: dict[str, list[_Screen]] = {}

    def find(self) -> dict[str, list[_Screen]]:
        """Begin a turn at the start, and after each option and answer."""
        self._follow(self._flow.start, ())
        for state in self._flow.states.values():
            for index, option in enumerate(state.options):
                told: tuple[Ref, ...] = ((state.name, index),) if option.feedback else ()
                self._follow(option.goto, told)
            if state.waits:
                self._follow(state.name, ())
            if state.ask is not None:
                self._follow(state.goto, ())
        return self.stops

    def _follow(self, first: str, before: tuple[Ref, ...]) -> None:
        waiting = [_Screen(first, before)]
        while waiting:
            screen = waiting.pop()
            if screen in self._seen:
                continue
            self._seen.add(screen)
            state = self._flow.states[screen.state]
            if state.say is not None and not state.waits:
                screen = _Screen(screen.state, (*screen.before, (state.name, SAY)))
            # what a called flow says first is measured in that flow
            ends = state.waits or state.kind in (StateKind.END, StateKind.CALL)
            if ends or len(screen.before) >= _ON_THE_WAY:
                self.stops.setdefault(screen.state, []).append(screen)
            if state.waits or len(screen.before) >= _ON_THE_WAY:
                continue
            told = () if state.kind is StateKind.CALL else screen.before
            targets = [branch.goto for branch in state.branches] or [state.goto]
            waiting += [_Screen(target, told) for target in dict.fromkeys(targets) if target]
