"""Whether a flow opens with the same words for everybody, so that they can be sent to anybody.

What a campaign or a lesson sends is rendered and approved once, long before anybody reads it. So the
way from the start to the first question may hang on nothing of the person, and may do nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.engine.model import StateKind
from smsbot.engine.scope import is_offered
from smsbot.engine.session import MAX_DEPTH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsbot.engine.model import Content, Flow, State, Surface, Texts

OF_THE_PERSON = frozenset({"country", "network", "region", "consents", "asked", "tags"})
"""Built-in names that differ from one person to the next."""

Frames = tuple[tuple[str, str], ...]
"""Who called, outermost first: (flow, state that called)."""


def unfit(content: Content, flow_id: str, language: str, surface: Surface) -> str:
    """Say why this flow cannot be opened by a text to anybody; an empty text when it can."""
    flow = content.flows.get(flow_id)
    if flow is None:
        return f"there is no flow {flow_id!r}"
    for flow_on_way, state in _before_the_first_answer(content, flow):
        where = f"state {state.name!r}"
        if flow_on_way.id != flow_id:
            where += f" of {flow_on_way.id!r}"
        if not is_offered(content, flow_on_way, language, surface):
            return f"{flow_on_way.id!r} is not offered in {language!r}"
        if state.effects:
            return f"{where} does something ({state.effects[0].kind.value}) before anybody answered"
        names = sorted(_names(state, language, surface) & OF_THE_PERSON)
        if names:
            return f"{where} hangs on the person ({names[0]}) before the first question"
    return ""


def _before_the_first_answer(content: Content, flow: Flow) -> Iterator[tuple[Flow, State]]:
    """Give every state that can be entered before somebody answers, with its flow, once each way."""
    waiting: list[tuple[Frames, Flow, str]] = [((), flow, flow.start)]
    seen = set()
    while waiting:
        frames, flow_here, name = waiting.pop()
        if (frames, flow_here.id, name) in seen:
            continue
        seen.add((frames, flow_here.id, name))
        state = flow_here.states[name]
        yield flow_here, state
        waiting += _next(content, frames, flow_here, state)


def _next(
    content: Content, frames: Frames, flow: Flow, state: State
) -> Iterator[tuple[Frames, Flow, str]]:
    if state.waits:
        return
    if state.kind is StateKind.WHEN:
        for branch in state.branches:
            yield frames, flow, branch.goto
    elif state.kind is StateKind.CALL:
        called = content.flows.get(state.calls)
        if called is not None and len(frames) < MAX_DEPTH:
            yield (*frames, (flow.id, state.name)), called, called.start
    elif state.kind is StateKind.SAY and state.goto:
        yield frames, flow, state.goto
    else:
        yield from _returned(content, frames)


def _returned(content: Content, frames: Frames) -> Iterator[tuple[Frames, Flow, str]]:
    """Give where a flow that ended goes on: in the first of its callers that has a way on."""
    while frames:
        *outer, (flow_id, name) = frames
        frames, caller = tuple(outer), content.flows[flow_id]
        goto = caller.states[name].goto
        if goto:
            yield frames, caller, goto
            return


def _names(state: State, language: str, surface: Surface) -> set[str]:
    """Give every name that what is said and done on entering a state looks at."""
    found: set[str] = set()
    for assign in state.assigns:
        found |= assign.value.names
    for branch in state.branches:
        if branch.condition is not None:
            found |= branch.condition.names
    for texts in _texts(state):
        words = texts.get(language)
        if words is not None:
            found |= set((words.sms if surface.kind.value == "sms" else words.ussd).names)
    return found


def _texts(state: State) -> Iterator[Texts]:
    if state.say is not None:
        yield state.say
    for option in state.options:
        yield option.say
    if state.ask is not None:
        for _, choice in state.ask.choices:
            yield choice
