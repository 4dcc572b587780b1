"""Variables: set before they are used on every path, known names, and expressions whose types fit.

A number that nobody set is 0, so that counting needs no start. A text or a yes-or-no that nobody set
would show as nothing, or decide wrongly, and the citizen would find out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from smsbot.content.checks.paths import steps_of
from smsbot.content.checks.rules import found
from smsbot.content.checks.samples import type_faults
from smsbot.content.faults import did_you_mean
from smsbot.engine.expressions import BUILT_IN, FUNCTIONS, compile_expression, problems
from smsbot.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from smsbot.content.checks.material import Material, Said
    from smsbot.content.faults import Fault
    from smsbot.content.schema import Acts, EffectDoc, StateDoc
    from smsbot.content.source import FlowSource
    from smsbot.engine.model import Flow, Scalar

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(\w+)\}")
_SHOWN = BUILT_IN.keys() - {"consents", "asked", "tags"}
"""Built-in names that make sense in a text; the others are lists."""
REFERENCE = "reference"
"""Set by a `report`: the number by which the citizen asks again."""


@dataclass(frozen=True, slots=True)
class _Use:
    """A name that is read, and where: `shown` in a text, `kept` by a report, else in an expression."""

    name: str
    path: str
    line: int
    shown: bool = False
    kept: bool = False


@dataclass(slots=True)
class _Acts:
    """What happens at one point of a flow, in order: names read, then names set."""

    steps: list[tuple[list[_Use], str]] = field(default_factory=list)

    def read(self, uses: Iterable[_Use]) -> None:
        self.steps.append((list(uses), ""))

    def write(self, name: str) -> None:
        self.steps.append(([], name))

    def names_set(self) -> set[str]:
        return {name for _, name in self.steps if name}


@dataclass(slots=True)
class _Plan:
    """A state: what happens on entry, and on each way out."""

    entry: _Acts
    ways: list[tuple[str, _Acts]]


def check_variables(material: Material) -> Iterator[Fault]:
    """Find names that are not known or not yet set, and expressions that would fail."""
    texts: dict[tuple[str, str], list[Said]] = {}
    for said in material.said:
        base = said.context.removesuffix("/ussd").removesuffix("/sms")
        texts.setdefault((said.flow, base), []).append(said)
    compiled = material.content.flows if material.content else {}
    for flow in material.flows:
        walker = _Walker(flow, compiled.get(flow.id), texts)
        yield from walker.expression_faults()
        yield from walker.order_faults()


class _Walker:
    """One flow under the rules."""

    def __init__(
        self, flow: FlowSource, compiled: Flow | None, texts: Mapping[tuple[str, str], list[Said]]
    ) -> None:
        self._flow = flow
        self._texts = texts
        self._defaults: Mapping[str, Scalar] = compiled.defaults if compiled else {}
        self._counters = {name for acts in self._all_acts() for name in acts.add}
        self._known = self._names() | set(self._defaults)

    def _all_acts(self) -> Iterator[Acts]:
        for state in self._flow.doc.states.values():
            yield state
            yield from state.menu or ()
            yield from state.quiz.options if state.quiz else ()

    def _names(self) -> set[str]:
        names = {name for acts in self._all_acts() for name in (*acts.set, *acts.add)}
        for state in self._flow.doc.states.values():
            if state.ask:
                names.add(state.ask.into)
            if state.call:
                names.add(REFERENCE)
        reports = any(effect.report for acts in self._all_acts() for effect in acts.do)
        return names | ({REFERENCE} if reports else set())

    # --- expressions ---------------------------------------------------------------------------

    def expression_faults(self) -> Iterator[Fault]:
        """Compile every expression and try it on typed samples."""
        for source, line in self._expressions():
            try:
                expression = compile_expression(source)
            except ContentError:
                continue  # the loader says so
            known = self._defaults or dict.fromkeys(self._known, 0)
            line_of = (self._flow.path, line)
            unknown = [words for words in problems(expression, known) if "unknown" in words]
            for words in unknown:
                name = words.split("'")[1]
                names = FUNCTIONS if "function" in words else known.keys() | BUILT_IN.keys()
                hint = did_you_mean(name, names)
                yield found("name-unknown", *line_of, f"`{source}`: {words}", hint)
            if not unknown and self._defaults:  # else the types are not known
                for words in type_faults(expression, known)[:1]:
                    yield found("cel-type", *line_of, f"`{source}`: {words}")

    def _expressions(self) -> Iterator[tuple[str, int]]:
        for name, state in self._flow.doc.states.items():
            place = ("states", name)
            for number, branch in enumerate(state.when or ()):
                if branch.condition is not None:
                    yield branch.condition, self._flow.line(*place, "when", number, "if")
            for acts, spot in self._acts_of(name, state):
                for variable, value in acts.set.items():
                    if isinstance(value, str):
                        yield value, self._flow.line(*spot, "set", variable)

    def _acts_of(self, name: str, state: StateDoc) -> Iterator[tuple[Acts, tuple[str | int, ...]]]:
        yield state, ("states", name)
        for number, option in enumerate(state.menu or ()):
            yield option, ("states", name, "menu", number)
        for number, answer in enumerate(state.quiz.options if state.quiz else ()):
            yield answer, self._quiz_place(name, number)

    def _quiz_place(self, name: str, number: int) -> tuple[str | int, ...]:
        listed = ("states", name, "quiz", number)
        long = ("states", name, "quiz", "options", number)
        return listed if listed in self._flow.file.lines else long

    # --- order ---------------------------------------------------------------------------------

    def order_faults(self) -> Iterator[Fault]:
        """Walk every path; a name counts as set where all the paths to it have set it."""
        plans = {name: self._plan(name, state) for name, state in self._flow.doc.states.items()}
        if self._flow.doc.start not in plans:
            return
        before = _set_before(self._flow.doc.start, plans)
        reported: set[tuple[str, str, int]] = set()
        for name, plan in plans.items():
            if name not in before:
                continue
            after_entry = before[name] | plan.entry.names_set()
            for acts, start in (
                (plan.entry, before[name]),
                *((acts, after_entry) for _, acts in plan.ways),
            ):
                done = set(start)
                for uses, written in acts.steps:
                    for use in uses:
                        if (use.name, use.path, use.line) in reported:
                            continue
                        fault = self._fault(use, done)
                        if fault is not None:
                            reported.add((use.name, use.path, use.line))
                            yield fault
                    if written:
                        done.add(written)

    def _fault(self, use: _Use, done: set[str]) -> Fault | None:
        name = use.name
        if name not in self._known and name not in BUILT_IN:
            if not use.shown and not use.kept:
                return None  # the expression's own rule says so
            hint = did_you_mean(name, self._known | _SHOWN)
            words = f"{name!r} is nothing that this flow sets"
            return found("name-unknown", use.path, use.line, words, hint)
        if use.shown and name in BUILT_IN and name not in _SHOWN:
            words = f"{{{name}}} is a list, which a text can't show"
            return found("name-unknown", use.path, use.line, words)
        if name in done or name in BUILT_IN or name in self._counters:
            return None
        if self._is_number(name):
            if not use.shown:
                return None
            words = f"{{{name}}} shows 0 where nobody has answered yet"
            return found("variable-zero", use.path, use.line, words)
        shown = f"{{{name}}}" if use.shown else repr(name)
        words = f"{shown} is not set yet on every path that leads here"
        return found("variable-unset", use.path, use.line, words)

    def _is_number(self, name: str) -> bool:
        default = self._defaults.get(name, "")
        if isinstance(default, int | float) and not isinstance(default, bool):
            return True
        return not self._defaults and any(
            state.ask is not None
            and state.ask.into == name
            and state.ask.type in ("number", "amount")
            for state in self._flow.doc.states.values()
        )

    # --- what a state reads and sets -------------------------------------------------------------

    def _plan(self, name: str, state: StateDoc) -> _Plan:
        entry = _Acts()
        self._do(entry, state, name, ("states", name))
        entry.read(self._shown(f"{name}/say", f"{name}/retry"))
        for number, branch in enumerate(state.when or ()):
            if branch.condition is not None:
                line = self._flow.line("states", name, "when", number, "if")
                entry.read(self._named(branch.condition, line))
        options = [*(state.menu or ()), *(state.quiz.options if state.quiz else ())]
        part = "menu" if state.menu else "quiz"
        for number in range(1, len(options) + 1):
            entry.read(self._shown(f"{name}/{part}/{number}"))
        for number in range(1, len(state.ask.choices or () if state.ask else ()) + 1):
            entry.read(self._shown(f"{name}/choices/{number}"))
        ways = []
        for step in steps_of(name, state):
            acts = _Acts()
            if step.option:
                spot = ("states", name, "menu", step.option - 1)
                place = self._quiz_place(name, step.option - 1) if state.quiz else spot
                context = f"{name}/{part}/{step.option}"
                self._do(acts, options[step.option - 1], context, place)
                acts.read(self._shown(f"{context}/feedback"))
            if state.ask:
                acts.write(state.ask.into)
            if state.call:
                acts.write(REFERENCE)
            ways.append((step.target, acts))
        return _Plan(entry, ways)

    def _do(self, into: _Acts, acts: Acts, context: str, place: tuple[str | int, ...]) -> None:
        for variable, value in acts.set.items():
            if isinstance(value, str):
                into.read(self._named(value, self._flow.line(*place, "set", variable)))
            into.write(variable)
        for variable in acts.add:
            into.write(variable)
        for number, effect in enumerate(acts.do, 1):
            line = self._flow.line(*place, "do", number - 1)
            if effect.report:
                path = self._flow.path
                into.read(_Use(name, path, line, kept=True) for name in effect.report.keep)
                into.write(REFERENCE)
            into.read(self._shown(f"{context}/do/{number}"))
            into.read(
                _Use(name, self._flow.path, line, shown=True)
                for words in _templates(effect)
                for name in _PLACEHOLDER.findall(words)
                if name
            )

    def _named(self, source: str, line: int) -> list[_Use]:
        try:
            names = compile_expression(source).names
        except ContentError:
            return []
        return [_Use(name, self._flow.path, line) for name in sorted(names)]

    def _shown(self, *contexts: str) -> list[_Use]:
        return [
            _Use(name, said.path, said.line, shown=True)
            for context in contexts
            for said in self._texts.get((self._flow.id, context), [])
            for name in dict.fromkeys(_PLACEHOLDER.findall(said.text))
            if name
        ]


def _templates(effect: EffectDoc) -> list[str]:
    """Give the arguments of an effect that may hold placeholders."""
    plain = (effect.tag, effect.untag, effect.language, effect.enrol, effect.escalate)
    named = (
        effect.report.type if effect.report else None,
        effect.consent.purpose if effect.consent else None,
    )
    return [words for words in (*plain, *named) if words]


def _set_before(start: str, plans: Mapping[str, _Plan]) -> dict[str, frozenset[str]]:
    """Give what is set on every path to each state that can be reached, before its entry."""
    before: dict[str, frozenset[str]] = {start: frozenset()}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        entered = before[name] | plans[name].entry.names_set()
        for target, acts in plans[name].ways:
            if target not in plans:
                continue
            here = entered | acts.names_set()
            known = before.get(target)
            merged = here if known is None else known & here
            if merged != known:
                before[target] = merged
                waiting.append(target)
    return before
