"""What the person sees of a session: blocks of text, cut into pages, with the ways out below.

Pages that hold nobody's data are made once per content version, state, language and page limit.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from smsbot.engine.model import AskType, Reply
from smsbot.engine.scope import is_draft, values_of
from smsbot.engine.words import core_template, core_text
from smsbot.text.gsm import Encoding, measure
from smsbot.text.paging import paginate
from smsbot.values import ChannelKind, PageLimit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsbot.engine.model import Content, Flow, Scalar, State, Surface, Template, Texts, Words
    from smsbot.engine.session import Session

TOO_MANY_TRIES = "too-many-tries"
APOLOGY = "apology"
ENDINGS = frozenset({TOO_MANY_TRIES, APOLOGY})
"""Notices that are the last words of a conversation, in place of its state's."""
_VALUES = 2
"""Where the values stand in an item of `Session.pending`."""
RETRY = "retry"
"""The notice that stands for the author's own words after a wrong answer."""
CHOOSE = "hint-choose"
_HINTS = {
    AskType.CHOICE: CHOOSE,
    AskType.YESNO: "hint-yesno",
    AskType.NUMBER: "hint-number",
    AskType.AMOUNT: "hint-amount",
    AskType.PHONE: "hint-phone",
    AskType.DATE: "hint-date",
    AskType.TEXT: "hint-text",
    AskType.TRANSACTION: "hint-transaction",
}
SAY = -1
"""The part of a state that is its `say`; from 0 on it is the feedback of that option."""

_MAX_SCREENS = 20_000
"""Pages kept per content version: about 20 MB. Beyond it they are made anew each time."""

Pages = tuple[str, ...]


def show(content: Content, flow: Flow, session: Session, surface: Surface) -> Reply:
    """Give the page where the session stands."""
    pages = pages_of(content, flow, session, surface)
    page = min(session.page, len(pages) - 1)
    ends = session.ended or (is_last_words(flow, session) and page == len(pages) - 1)
    return Reply(pages[page], ends)


def is_last_words(flow: Flow, session: Session) -> bool:
    """Say whether nothing is asked any more: only pages are left to read."""
    return session.notice in ENDINGS or not flow.states[session.state].waits


def pages_of(content: Content, flow: Flow, session: Session, surface: Surface) -> Pages:
    """Give all pages of the present text, those with a hint in front included."""
    pages = _plain_pages(content, flow, session, surface)
    if not session.hints:
        return pages
    hint = _hint(content, flow, session, surface)
    if surface.kind is ChannelKind.SMS:
        return (f"{hint}\n{pages[0]}",)
    for start in session.hints:
        # The hint pushes lines of its page on to the next ones; the pages before stay as they were.
        rest = (_lines(content, flow, session, surface, page) for page in pages[start:])
        lines = list(chain.from_iterable(rest))
        # In one block with the first line, or a long line would leave the hint alone on its page.
        blocks = ["\n".join([hint, *lines[:1]]), *lines[1:]]
        pages = pages[:start] + _paged(content, flow, session, surface, blocks)
    return pages


# --- the text ----------------------------------------------------------------------------------


def _plain_pages(content: Content, flow: Flow, session: Session, surface: Surface) -> Pages:
    parts = tuple((ref[0], ref[1], *ref[3:]) for ref in session.pending)
    page = surface.page
    key = (
        flow.id,
        session.state,
        session.flow_language,
        session.notice in ENDINGS and session.notice,
        parts,
        surface.kind,
        page.gsm7,
        page.ucs2,
        surface.mark_drafts,
    )
    known: Pages | None = content.screens.get(key, ())
    if known:
        return known
    blocks, is_static = _blocks(content, flow, session, surface)
    pages = _paged(content, flow, session, surface, blocks)
    if known is not None and len(content.screens) < _MAX_SCREENS:
        content.screens[key] = pages if is_static else None
    return pages


def _blocks(
    content: Content, flow: Flow, session: Session, surface: Surface
) -> tuple[list[str], bool]:
    """Give the lines of text, and whether they are the same for everybody."""
    language, kind = session.flow_language, surface.kind
    if session.notice in ENDINGS:
        return [core_text(content, language, session.notice)], True
    state = flow.states[session.state]
    values = values_of(flow, session, surface)
    asked = [_for(state.say[language], kind)] if state.waits and state.say is not None else []
    options = options_of(content, state, language, kind)
    blocks = [
        *(_said(content, flow, session, kind, ref) for ref in session.pending),
        *(template.render(values) for template in asked),
        *(f"{number} {each.render(values)}" for number, each in enumerate(options, start=1)),
    ]
    if state.ask is not None and state.ask.skip and not options:
        blocks.append(f"# {core_text(content, language, 'skip')}")
    blocks = [block for block in blocks if block.strip()]
    is_static = not (
        any(template.names for template in (*asked, *options))
        or any(len(ref) > _VALUES and ref[_VALUES] for ref in session.pending)
    )
    if not blocks:  # nobody gets an empty page, even where an author wrote no words
        blocks = [core_text(content, language, hint_for(state) if state.waits else "goodbye")]
    return blocks, is_static


def options_of(content: Content, state: State, language: str, kind: ChannelKind) -> list[Template]:
    """Give the numbered lines of a state, from 1: of a menu, a quiz, a choice or a yes-or-no."""
    if state.options:
        return [_for(option.say[language], kind) for option in state.options]
    ask = state.ask
    if ask is None or ask.type not in (AskType.CHOICE, AskType.YESNO):
        return []
    if ask.type is AskType.CHOICE:
        found = [_for(texts[language], kind) for _, texts in ask.choices]
    else:
        found = [core_template(content, language, key) for key in ("yes", "no")]
    return [*found, core_template(content, language, "skip")] if ask.skip else found


def said(state: State, part: int, language: str) -> Words | None:
    """Give a state's `say`, or the feedback of one of its options."""
    texts = state.say if part == SAY else state.options[part].feedback
    return None if texts is None else texts[language]


def _said(content: Content, flow: Flow, session: Session, kind: ChannelKind, ref: list[Any]) -> str:
    """Give a text that stands in front of the page: see `Session.pending`."""
    name, part, *more = ref
    values: Mapping[str, Scalar] = (more[0] if more else None) or {}
    language = session.flow_language
    if len(more) > 1:
        flow, language = content.flows[more[1]], more[2]
    words = said(flow.states[name], part, language)
    return "" if words is None else _for(words, kind).render(values)


def _for(words: Words, kind: ChannelKind) -> Template:
    return words.ussd if kind is ChannelKind.USSD else words.sms


def _hint(content: Content, flow: Flow, session: Session, surface: Surface) -> str:
    """Give the line that says why an answer was not taken."""
    state = flow.states[session.state]
    language = session.flow_language
    if session.notice == RETRY:
        texts = retry_of(state)
        if texts is not None:
            values = values_of(flow, session, surface)
            return _for(texts[language], surface.kind).render(values)
    ask = state.ask
    bounds = {} if ask is None else {"low": _plain(ask.low), "high": _plain(ask.high)}
    return core_text(content, language, session.notice, bounds)


def hint_for(state: State) -> str:
    """Give the key of the core words that say what this state takes."""
    return _HINTS[state.ask.type] if state.ask is not None else CHOOSE


def retry_of(state: State) -> Texts | None:
    """Give the author's own words for a wrong answer in this state."""
    return state.ask.retry if state.ask is not None and state.ask.retry else state.retry


def _plain(bound: float | None) -> float:
    return 0 if bound is None else bound


# --- the pages ---------------------------------------------------------------------------------


def _paged(
    content: Content, flow: Flow, session: Session, surface: Surface, blocks: list[str]
) -> Pages:
    mark = _mark(content, flow, session, surface)
    if surface.kind is ChannelKind.SMS:
        return (mark + "\n".join(blocks),)
    more, footer = _tails(content, flow, session)
    pages = paginate(
        blocks,
        _beside(mark, surface.page) if mark else surface.page,
        more=more,
        footer=footer,
        last_footer="" if is_last_words(flow, session) else None,
    )
    return tuple(mark + page for page in pages) if mark else pages


def _tails(content: Content, flow: Flow, session: Session) -> tuple[str, str]:
    """Give the ways out: the line to the next page, and the line back and home."""
    language = session.flow_language
    ask = flow.states[session.state].ask
    footer = f"00 {core_text(content, language, 'home')}"
    if ask is None or not ask.accepts_zero:
        footer = f"0 {core_text(content, language, 'back')} {footer}"
    return f"98 {core_text(content, language, 'more')}", footer


def _mark(content: Content, flow: Flow, session: Session, surface: Surface) -> str:
    language = session.flow_language
    if not surface.mark_drafts or not is_draft(content, flow, language):
        return ""
    return core_text(content, language, "draft-mark") + " "


def _beside(mark: str, limit: PageLimit) -> PageLimit:
    """Give what a page still holds beside the mark."""
    encoding, used = measure(mark)
    wide = limit.ucs2 - len(mark.encode("utf-16-le")) // 2
    return PageLimit(
        limit.gsm7 - used if encoding is Encoding.GSM7 else min(limit.gsm7, wide), wide
    )


def _lines(
    content: Content, flow: Flow, session: Session, surface: Surface, page: str
) -> list[str]:
    """Give the lines of a page without its mark and its ways out."""
    lines = page.removeprefix(_mark(content, flow, session, surface)).split("\n")
    tails = _tails(content, flow, session)
    for tail in reversed(tails):
        if lines and lines[-1] == tail:
            lines.pop()
    return lines
