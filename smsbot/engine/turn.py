"""One turn at work: from where an answer leads, through all that asks nothing, to what waits or ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transitions import MachineError

from smsbot.engine.effects import remember, render_effect
from smsbot.engine.expressions import settle
from smsbot.engine.model import EffectKind, StateKind
from smsbot.engine.scope import choose_language, is_offered, values_of
from smsbot.engine.screen import APOLOGY, SAY, said
from smsbot.engine.session import MAX_DEPTH, MAX_HISTORY
from smsbot.text.references import reference_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smsbot.engine.model import (
        Assign,
        Content,
        Effect,
        EffectSpec,
        Flow,
        Scalar,
        State,
        Surface,
    )
    from smsbot.engine.session import Session

BUDGET = 100
"""States that one turn may pass through: flows that go round without a question end kindly."""


class Turn:
    """A session on the move. `session` is the turn's own copy; `effects` gathers what is to be done."""

    __slots__ = (
        "_references",
        "_said",
        "_seed",
        "_values",
        "content",
        "effects",
        "flow",
        "session",
        "surface",
    )

    def __init__(
        self,
        content: Content,
        flow: Flow,
        session: Session,
        surface: Surface,
        *,
        seed: bytes,
        references: Sequence[str],
    ) -> None:
        self.content = content
        self.flow = flow
        self.session = session
        self.surface = surface
        self.effects: list[Effect] = []
        self._seed = seed
        self._references = references
        self._said: list[tuple[Flow, str, list[Any]]] = []
        self._values: dict[str, Any] | None = None

    # --- what changes ---------------------------------------------------------------------------

    def values(self) -> dict[str, Any]:
        """Give what texts and expressions see now; kept until something changes."""
        if self._values is None:
            self._values = values_of(self.flow, self.session, self.surface)
        return self._values

    def put(self, name: str, value: Scalar | None) -> None:
        """Set a variable, or unset it with None. The value takes the variable's type."""
        variables = self.session.variables
        if value is None:
            variables.pop(name, None)
        else:
            variables[name] = settle(value, self.flow.defaults.get(name, value))
        self._values = None

    def assign(self, assigns: Sequence[Assign]) -> None:
        """Do what `set` and `add` say, in order."""
        for each in assigns:
            value = each.value.evaluate(self.values())
            if each.adds:
                old = self.values()[each.name]
                if isinstance(old, str) or isinstance(value, str):
                    continue  # `smsbot check` refuses this; a citizen is not to suffer for it
                value += old
            self.put(each.name, value)

    def do(self, specs: Sequence[EffectSpec]) -> None:
        """Gather effects, and let the session know of them."""
        for spec in specs:
            if spec.kind is EffectKind.REPORT:
                self.put("reference", self._reference())
            effect = render_effect(spec, self.session.flow_language, self.values())
            remember(effect, self.content, self.flow, self.session, self.surface)
            self.effects.append(effect)
            self._values = None

    def _reference(self) -> str:
        """Give the reference of this turn's next report: the one that SQL gave, if it is known."""
        made = sum(effect.kind is EffectKind.REPORT for effect in self.effects)
        if made < len(self._references):
            return self._references[made]
        return reference_from(self._seed + bytes([made]) if made else self._seed, 0)

    def tell(self, state: State, part: int) -> None:
        """Put a text in front of the next page: a `say`, or the feedback of an option."""
        language = self.session.flow_language
        words = said(state, part, language)
        if words is None:
            return
        ref: list[Any] = [state.name, part]
        names = {*words.ussd.names, *words.sms.names}  # it may be read on either channel
        if names:
            # The values as they are now: what follows may change them before this is read.
            values = self.values()
            ref.append({name: values[name] for name in names if _is_shown(values.get(name))})
        self._said.append((self.flow, language, ref))

    # --- where it goes --------------------------------------------------------------------------

    def fire(self, trigger: str) -> bool:
        """Let the flow's machine move the session. False when the flow has no way on from here."""
        event = self.flow.triggers.get(trigger)
        if event is None:
            return False
        try:
            if trigger == "branch":
                return bool(event.trigger(self.session, values=self.values()))
            return bool(event.trigger(self.session))
        except MachineError:
            return False

    def enter(self, flow: Flow) -> None:
        """Begin a flow, with nothing set, in a language that it has."""
        session = self.session
        self.flow = flow
        session.flow, session.state, session.variables = flow.id, flow.start, {}
        session.flow_language = choose_language(self.content, flow, session.language, self.surface)
        self._values = None

    def run(self) -> None:
        """Enter the session's state, and go on until one waits for an answer or all has ended."""
        for _ in range(BUDGET):
            state = self.flow.states[self.session.state]
            if state.assigns:
                self.assign(state.assigns)
            if state.effects:
                self.do(state.effects)
            if state.waits:
                return
            if state.say is not None:
                self.tell(state, SAY)
            if not self._on(state):
                return
        self.session.notice = APOLOGY

    def _on(self, state: State) -> bool:
        """Pass a state that asks nothing. False when the conversation ends with it."""
        if state.kind is StateKind.SAY and state.goto:
            return self.fire("next")
        if state.kind is StateKind.WHEN or state.kind is StateKind.CALL:
            goes_on = self.fire("branch") if state.kind is StateKind.WHEN else self._call(state)
            if not goes_on:
                self.session.notice = APOLOGY
            return goes_on
        return self._return()

    def _call(self, state: State) -> bool:
        session = self.session
        flow = self.content.flows.get(state.calls)
        if flow is None or len(session.frames) >= MAX_DEPTH or not self.fire("called"):
            return False
        session.frames.append(
            [session.flow, session.state, session.variables, session.flow_language]
        )
        self.enter(flow)
        return True

    def _return(self) -> bool:
        """Go back into the flows that called, to the first that goes on. False at the last end."""
        session = self.session
        while session.frames:
            ended = session.variables
            session.flow, session.state, variables, language = session.frames.pop()
            self.flow = self.content.flows[session.flow]
            shared = self.flow.defaults.keys() & ended.keys()
            session.variables = {**variables, **{name: ended[name] for name in shared}}
            wanted = session.language
            offered = is_offered(self.content, self.flow, wanted, self.surface)
            session.flow_language = wanted if offered else language
            self._values = None
            if self.fire("returned"):
                return True
        return False

    # --- what is kept ---------------------------------------------------------------------------

    def settle_view(self) -> None:
        """Begin the new view at its first page, with all that was said on the way in front."""
        session = self.session
        session.page = session.wrong = 0
        session.hints = []
        session.pending = [self._short(*each) for each in self._said]

    def _short(self, flow: Flow, language: str, ref: list[Any]) -> list[Any]:
        session = self.session
        if flow.id == session.flow and language == session.flow_language:
            return ref
        return [*ref, None, flow.id, language] if len(ref) == 2 else [*ref, flow.id, language]  # noqa: PLR2004

    def keep_step(self, before: Session) -> None:
        """Note how to go back to the view that was left."""
        session = self.session
        if before.flow == session.flow and before.frames == session.frames:
            undo = _undo(before.variables, session.variables)
            step: list[Any] = [before.state, undo, before.page, before.pending]
            while not step[-1]:  # most steps are but the name of a state
                step.pop()
        else:
            step = [before.state, before.variables, before.page, before.pending]
            step += [before.flow, before.flow_language, before.frames]
        session.history.append(step)
        del session.history[:-MAX_HISTORY]


def _is_shown(value: object) -> bool:
    """Say whether a placeholder shows this value: lists of names are for conditions only."""
    return value is not None and not isinstance(value, tuple)


def _undo(before: dict[str, Scalar], after: dict[str, Scalar]) -> dict[str, Scalar | None]:
    """Give what must be put back: only what changed, null for what was unset."""
    if before == after:
        return {}
    undo: dict[str, Scalar | None] = dict.fromkeys(after.keys() - before.keys())
    undo.update(
        (name, value)
        for name, value in before.items()
        if after.get(name) != value or type(after[name]) is not type(value)
    )
    return undo


def step_back(content: Content, session: Session) -> Flow:
    """Put back the view before: state, page, texts and variables. Gives the flow it is in."""
    session.wrong, session.hints, session.notice = 0, [], ""
    if not session.history:
        return content.flows[session.flow]
    step = session.history.pop()
    session.state, variables, session.page, session.pending, *elsewhere = (
        *step,
        *_NOTHING[len(step) :],
    )
    if elsewhere:
        session.flow, session.flow_language, frames = elsewhere
        session.frames = list(frames)
        session.variables = dict(variables)
    else:
        for name, value in variables.items():
            if value is None:
                session.variables.pop(name, None)
            else:
                session.variables[name] = value
    return content.flows[session.flow]


_NOTHING: tuple[Any, ...] = ("", {}, 0, [])
"""What a step back holds where its end was left out: never changed, so it may be shared."""
