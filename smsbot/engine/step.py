"""The engine's three verbs: `start` a conversation, `step` it by what was typed, `show` it again.

All are pure and total: any text gives a reply or an end. Only StaleSession is raised, for a session
that is not of this content. The session that is given is never changed.

References: a report makes its reference from `seed` (`text.references.reference_from(seed, 0)`) and
shows it at once. Where SQL finds that one taken, it takes another and the caller runs the same step
again with `references`, those that SQL really gave to this turn's reports, in their order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.engine import screen
from smsbot.engine.model import (
    Answered,
    AskType,
    Effect,
    EffectKind,
    Outcome,
    Reply,
    Surface,
)
from smsbot.engine.reading import (
    BACK,
    HOME,
    MORE,
    Place,
    Reading,
    clean,
    read,
    sign_of,
    sign_word_of,
)
from smsbot.engine.screen import CHOOSE, ENDINGS, TOO_MANY_TRIES, is_last_words, pages_of
from smsbot.engine.session import Session
from smsbot.engine.turn import Turn, step_back
from smsbot.engine.words import core_text
from smsbot.errors import StaleSession
from smsbot.values import ChannelKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from smsbot.engine.model import Content, Flow, Person, State

__all__ = ["Surface", "show", "start", "step"]


def start(
    content: Content,
    flow_id: str,
    *,
    person: Person,
    language: str,
    surface: Surface,
    now: datetime,  # noqa: ARG001 - the same arguments as for `step`
    seed: bytes,
    references: Sequence[str] = (),
) -> Outcome:
    """Begin a flow; raise StaleSession if the content has no flow of this id.

    `language` is what the person chose, or the channel's first; the flow speaks it if it has it.
    `now` is the person's local time, and counts only where a date is asked; `seed` makes references.
    """
    flow = _flow(content, flow_id)
    session = Session(
        content.version, surface.kind.value, flow.id, flow.start, language, language, person
    )
    turn = Turn(content, flow, session, surface, seed=seed, references=references)
    turn.enter(flow)
    turn.run()
    turn.settle_view()
    return _outcome(turn, Answered(flow.id, session.state, "start"))


def step(
    content: Content,
    session: Session,
    raw: str,
    *,
    surface: Surface,
    now: datetime,
    seed: bytes,
    references: Sequence[str] = (),
) -> Outcome:
    """Take what was typed, and give the next page. Arguments as for `start`.

    An ended session answers with its last page again. Raises StaleSession where the session is of
    another content version, or of a flow or state that is not in it.
    """
    flow, state = _place(content, session)
    turn = Turn(content, flow, session.copy(), surface, seed=seed, references=references)
    turn.session.channel = surface.kind.value
    if session.ended:
        return _outcome(turn, Answered(flow.id, state.name, "end"))
    text = clean(raw)
    sign = sign_of(text)
    if sign:
        outcome = _out_of_here(turn, state, sign)
        if outcome is not None:
            return outcome
    if is_last_words(flow, session):  # pages of an ending are left to read; nothing is asked
        return _wrong(turn, state, CHOOSE)
    reading = _reading(turn, state, text, sign, now)
    if not reading.hint:
        return _move(turn, session, state, reading)
    word = sign_word_of(content, session.flow_language, text) if state.options else ""
    return (word and _out_of_here(turn, state, word)) or _wrong(turn, state, reading.hint)


def show(content: Content, session: Session, surface: Surface) -> Reply:
    """Give the page where the session stands, for a person who comes back. Raises StaleSession."""
    flow, _ = _place(content, session)
    return screen.show(content, flow, session, surface)


# --- the ways a turn can go --------------------------------------------------------------------


def _out_of_here(turn: Turn, state: State, sign: str) -> Outcome | None:
    """Go back, home or on to the next page; None where the sign is an answer like any other."""
    session = turn.session
    flow = turn.flow.id
    if sign == HOME:
        _go_home(turn)
        return _outcome(turn, Answered(flow, state.name, "home"))
    last = len(pages_of(turn.content, turn.flow, session, turn.surface)) - 1
    page = min(session.page, last)
    if sign == BACK:
        if state.ask is not None and state.ask.accepts_zero:
            return None
        session.wrong = 0
        if page > 0:
            session.page = page - 1
        else:
            turn.flow = step_back(turn.content, session)
        return _outcome(turn, Answered(flow, state.name, "back"))
    if page == last:
        return None
    session.page = page + 1
    return _outcome(turn, Answered(flow, state.name, "more"))


def _go_home(turn: Turn) -> None:
    """Begin the front door anew: no variables, no callers, nothing to go back to."""
    session = turn.session
    flows = turn.content.flows
    outermost = session.frames[0][0] if session.frames else session.flow
    session.frames, session.history, session.notice = [], [], ""
    turn.enter(flows.get(turn.content.home) or flows[outermost])
    turn.run()
    turn.settle_view()


def _reading(turn: Turn, state: State, text: str, sign: str, now: datetime) -> Reading:
    if sign == MORE and state.ask is not None and state.ask.type is AskType.TEXT:
        text = ""  # the last page has no next one, and nobody means 98 as words
    language = turn.session.flow_language
    return read(Place(turn.content, state, language, turn.surface, now.date()), text)


def _move(turn: Turn, before: Session, state: State, reading: Reading) -> Outcome:
    """Take an answer: what it sets and does, its feedback, and where the machine leads."""
    flow, number = turn.flow.id, reading.option
    turn.session.notice = ""
    if state.ask is not None:
        answered = Answered(flow, state.name, "answer", number)
        turn.put(state.ask.into, reading.value)
        turn.fire("answered")
    else:
        option = state.options[number - 1]
        answered = Answered(flow, state.name, "option", number, state.item, option.right)
        turn.assign(option.assigns)
        turn.do(option.effects)
        if option.feedback is not None:
            turn.tell(state, number - 1)
        turn.fire(f"option{number}")
    turn.run()
    turn.settle_view()
    turn.keep_step(before)
    return _outcome(turn, answered)


def _wrong(turn: Turn, state: State, hint: str) -> Outcome:
    """Stay on the page with a hint in front; after the last try, end kindly."""
    session = turn.session
    answered = Answered(turn.flow.id, state.name, "wrong")
    session.wrong += 1
    is_over = session.wrong >= state.tries
    if session.notice in ENDINGS:
        session.ended = is_over
    elif is_over:
        _give_up(turn)
    else:
        last = len(pages_of(turn.content, turn.flow, session, turn.surface)) - 1
        session.page = min(session.page, last)
        session.hints = [*(page for page in session.hints if page < session.page), session.page]
        session.notice = hint
    return _outcome(turn, answered)


def _give_up(turn: Turn) -> None:
    """End after too many wrong answers, with help by SMS to a person who was on USSD."""
    session = turn.session
    session.notice, session.page, session.hints = TOO_MANY_TRIES, 0, []
    if turn.surface.kind is ChannelKind.USSD:
        text = core_text(turn.content, session.flow_language, "help-by-sms")
        turn.effects.append(Effect(EffectKind.SEND_SMS, {"why": TOO_MANY_TRIES}, text))


def _outcome(turn: Turn, answered: Answered) -> Outcome:
    session = turn.session
    reply = screen.show(turn.content, turn.flow, session, turn.surface)
    if reply.ends:
        session.ended = True
        session.history = []
    return Outcome(session, reply, turn.effects, answered)


# --- where a session is ------------------------------------------------------------------------


def _flow(content: Content, flow_id: str) -> Flow:
    flow = content.flows.get(flow_id)
    if flow is None:
        raise StaleSession(f"this content has no flow {flow_id!r}")
    return flow


def _place(content: Content, session: Session) -> tuple[Flow, State]:
    if session.version != content.version:
        raise StaleSession("the session is of another content version")
    flow = _flow(content, session.flow)
    state = flow.states.get(session.state)
    if state is None:
        raise StaleSession(f"flow {flow.id!r} has no state {session.state!r}")
    return flow, state
