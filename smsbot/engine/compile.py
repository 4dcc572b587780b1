"""States become a flow: one `transitions` machine, its variables with their types, built once.

The machine is shared by all sessions and threads: never given a model, never queued
(`queued=True` mixes sessions up under threads), and told the session at each trigger.
"""

from __future__ import annotations

import logging
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from transitions import Machine

from smsbot.engine.expressions import BUILT_IN, all_set, unset_of
from smsbot.engine.model import AskType, EffectKind, Flow, Scalar, StateKind
from smsbot.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from transitions.core import EventData

    from smsbot.engine.model import Ask, Assign, EffectSpec, Expression, State, Template, Texts

# The library logs every step of every turn at INFO; ours is one line a turn.
logging.getLogger("transitions").setLevel(logging.WARNING)

_SENSITIVE = frozenset({AskType.TEXT, AskType.PHONE, AskType.TRANSACTION})
_COUNTS = frozenset({AskType.NUMBER, AskType.AMOUNT})


def build_flow(
    *,
    id: str,  # noqa: A002 - the word of the flow file
    title: str,
    language: str,
    languages: tuple[str, ...],
    drafts: frozenset[str],
    keywords: tuple[str, ...],
    topics: tuple[str, ...],
    start: str,
    states: Mapping[str, State],
    path: str = "",
) -> Flow:
    """Give the flow, ready to run. Raises ContentError for a goto to a state that does not exist."""
    machine = _machine(id, start, states)
    return Flow(
        id=id,
        title=title,
        language=language,
        languages=languages,
        drafts=drafts,
        keywords=keywords,
        topics=topics,
        start=start,
        states=states,
        defaults=_defaults(states),
        triggers=dict(machine.events),
        path=path,
        sensitive=_sensitive(states),
    )


# --- the machine -------------------------------------------------------------------------------


def _machine(flow: str, start: str, states: Mapping[str, State]) -> Machine:
    arrows = list(chain.from_iterable(_arrows(state) for state in states.values()))
    known = states.keys()
    for source, target in [("start", start), *((a["source"], a["dest"]) for a in arrows)]:
        if target is not None and target not in known:
            raise ContentError(f"{flow}: {source} goes to {target!r}, which is no state")
    return Machine(
        model=None,
        states=list(states),
        initial=start,
        transitions=arrows,
        auto_transitions=False,
        send_event=True,
        queued=False,
    )


def _arrows(state: State) -> Iterator[dict[str, Any]]:
    """Give the transitions that leave a state, in the order in which the machine tries them."""
    if state.kind in (StateKind.MENU, StateKind.QUIZ):
        for number, option in enumerate(state.options, start=1):
            yield _arrow(f"option{number}", state, option.goto)
    elif state.kind is StateKind.ASK:
        yield _arrow("answered", state, state.goto)
    elif state.kind is StateKind.WHEN:
        for branch in state.branches:
            holds = None if branch.condition is None else _holds(branch.condition)
            yield _arrow("branch", state, branch.goto, holds)
    elif state.kind is StateKind.CALL:
        yield _arrow("called", state, None)  # internal: the state waits for the other flow
        if state.goto:
            yield _arrow("returned", state, state.goto)
    elif state.kind is StateKind.SAY and state.goto:
        yield _arrow("next", state, state.goto)


def _arrow(
    trigger: str,
    state: State,
    target: str | None,
    conditions: Callable[[EventData], bool] | None = None,
) -> dict[str, Any]:
    return {"trigger": trigger, "source": state.name, "dest": target, "conditions": conditions}


def _holds(condition: Expression) -> Callable[[EventData], bool]:
    def holds(event: EventData) -> bool:
        return condition.evaluate(event.kwargs["values"]) is True

    return holds


# --- the variables -----------------------------------------------------------------------------


def _unset(ask: Ask) -> Scalar:
    if ask.type in _COUNTS:
        return 0.0 if ask.decimals else 0
    return False if ask.type is AskType.YESNO else ""


def _defaults(states: Mapping[str, State]) -> dict[str, Scalar]:
    """Give each variable's unset value. An `ask` decides a type before a `set` or an `add` does."""
    found = {s.ask.into: _unset(s.ask) for s in states.values() if s.ask is not None}
    if _uses_reference(states):
        found["reference"] = ""
    waiting = [assign for state in states.values() for assign in _assigns(state)]
    while waiting:  # a `set` may read what another one sets, written further down
        left = [assign for assign in waiting if not _settled(assign, found)]
        if len(left) == len(waiting):
            _guess(left[0], found)
            left = left[1:]
        waiting = left
    return found


def _settled(assign: Assign, found: dict[str, Scalar]) -> bool:
    """Learn a variable's type from its expression, once all that it reads is known."""
    if assign.name in found:
        return True
    known = found | ({assign.name: 0} if assign.adds else {})
    unset = {**BUILT_IN, **known}
    for values in (unset, all_set(unset)):  # an unset number may stand below a fraction line
        value = assign.value.attempt(values)
        if value is not None:
            found[assign.name] = unset_of(value)
            return True
    return False


def _guess(assign: Assign, found: dict[str, Scalar]) -> None:
    """Learn a variable's type where its expression reads the variable itself, or what nobody sets."""
    for guess in (0, 0.0, "", False):
        if assign.value.attempt({**BUILT_IN, **found, assign.name: guess}) is not None:
            break
    else:
        guess = 0 if assign.adds else ""  # `smsbot check` says what is wrong with it
    found[assign.name] = guess


def _assigns(state: State) -> Iterator[Assign]:
    yield from state.assigns
    for option in state.options:
        yield from option.assigns


def _effects(state: State) -> Iterator[EffectSpec]:
    yield from state.effects
    for option in state.options:
        yield from option.effects


def _uses_reference(states: Mapping[str, State]) -> bool:
    """Say whether a flow makes a report, or shows the reference of one that it called for."""
    for state in states.values():
        if any(effect.kind is EffectKind.REPORT for effect in _effects(state)):
            return True
        if any("reference" in template.names for template in _templates(state)):
            return True
    return False


def _templates(state: State) -> Iterator[Template]:
    texts: list[Texts | None] = [state.say, state.retry]
    texts += [text for option in state.options for text in (option.say, option.feedback)]
    texts += [effect.texts for effect in _effects(state)]
    for said in texts:
        for words in (said or {}).values():
            yield words.ussd
            yield words.sms
    for effect in _effects(state):
        yield from effect.args.values()


def _sensitive(states: Mapping[str, State]) -> frozenset[str]:
    """Give the variables that may hold a person's words, also by way of a `set`."""
    found = {s.ask.into for s in states.values() if s.ask is not None and s.ask.type in _SENSITIVE}
    assigns = [assign for state in states.values() for assign in _assigns(state)]
    before = -1
    while before != len(found):
        before = len(found)
        found |= {assign.name for assign in assigns if assign.value.names & found}
    return frozenset(found)


# --- the picture -------------------------------------------------------------------------------


class Arrow(NamedTuple):
    """One transition of the machine. `target` is empty where a state calls another flow."""

    source: str
    target: str
    label: str


class Graph(NamedTuple):
    """A flow as its machine has it: states in the flow's order, and arrows."""

    flow: str
    start: str
    states: tuple[tuple[str, StateKind], ...]
    arrows: tuple[Arrow, ...]


def graph_of(flow: Flow) -> Graph:
    """Walk the machine. Labels are option texts in the flow's own language, conditions in CEL."""
    arrows: list[Arrow] = []
    for name, event in flow.triggers.items():
        for source, transitions in event.transitions.items():
            arrows += (
                Arrow(source, each.dest or "", _label(flow.states[source], name, index, flow))
                for index, each in enumerate(transitions)
            )
    order = {name: index for index, name in enumerate(flow.states)}
    arrows.sort(key=lambda arrow: order[arrow.source])  # stable: options stay in their order
    states = tuple((name, state.kind) for name, state in flow.states.items())
    return Graph(flow.id, flow.start, states, tuple(arrows))


def _label(state: State, trigger: str, index: int, flow: Flow) -> str:
    if trigger.startswith("option"):
        number = int(trigger.removeprefix("option"))
        return f"{number} {state.options[number - 1].say[flow.language].ussd.source}"
    if trigger == "branch":
        condition = state.branches[index].condition
        return "else" if condition is None else condition.source
    if trigger == "called":
        return state.calls
    return state.ask.into if state.ask is not None else ""
