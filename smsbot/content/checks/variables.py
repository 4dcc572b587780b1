"""Variables: known, and set before they are used, on every path.

A number that nobody set is 0, so that counting needs no start. A text or a yes-or-no that nobody set
would show as nothing, or decide wrongly, and the citizen would find out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from smsbot.content.checks.formulas import check_formulas
from smsbot.content.checks.names import REFERENCE, SHOWN, FlowNames
from smsbot.content.checks.paths import is_end, steps_of
from smsbot.content.checks.rules import found
from smsbot.content.faults import did_you_mean
from smsbot.engine.expressions import BUILT_IN, compile_expression
from smsbot.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from smsbot.content.checks.material import Material, Said
    from smsbot.content.faults import Fault
    from smsbot.content.schema import Acts, EffectDoc, StateDoc
    from smsbot.content.yamlfile import Path_

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(\w+)\}")

Texts = dict[tuple[str, str], "list[Said]"]
"""The texts of each (flow, context) in all languages and for both channels."""


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
    """What happens at one point of a flow, in order: names read, then a name set."""

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
    texts: Texts = {}
    for said in material.said:
        base = said.context.removesuffix("/ussd").removesuffix("/sms")
        texts.setdefault((said.flow, base), []).append(said)
    compiled = material.content.flows if material.content else {}
    names = {flow.id: FlowNames(flow, compiled.get(flow.id)) for flow in material.flows}
    orders: dict[str, _Order] = {}
    for flow in names.values():
        yield from check_formulas(flow)
        orders[flow.source.id] = _Order(flow, texts, orders)
    for order in orders.values():
        yield from order.faults()


class _Order:
    """What is set when, in one flow. `others` are those of the flows that it may call."""

    def __init__(self, names: FlowNames, texts: Texts, others: Mapping[str, _Order]) -> None:
        self._names = names
        self._flow = names.source
        self._texts = texts
        self._others = others
        self._plans: dict[str, _Plan] = {}
        self._set_at_end: set[str] | None = None

    def faults(self) -> Iterator[Fault]:
        """Walk every path; a name counts as set where all the paths to it have set it."""
        before = self._before()
        reported: set[_Use] = set()
        for name, plan in self._plans.items():
            if name not in before:
                continue
            entered = before[name] | plan.entry.names_set()
            for acts, start in (
                (plan.entry, before[name]),
                *((acts, entered) for _, acts in plan.ways),
            ):
                for use, fault in self._breaches(acts, set(start)):
                    if use not in reported:
                        reported.add(use)
                        yield fault

    def set_at_end(self) -> set[str]:
        """Give what is set however the flow ends: that much a caller gets back."""
        if self._set_at_end is None:
            self._set_at_end = set()  # a flow that calls itself adds nothing
            before = self._before()
            ends = [
                before[name] | plan.entry.names_set()
                for name, plan in self._plans.items()
                if name in before and is_end(self._flow.doc.states[name])
            ]
            self._set_at_end = set(frozenset.intersection(*map(frozenset, ends))) if ends else set()
        return self._set_at_end

    def _before(self) -> dict[str, frozenset[str]]:
        if not self._plans:
            self._plans = {name: self._plan(name, state) for name, state in self._names.states()}
        if self._flow.doc.start not in self._plans:
            return {}
        return _set_before(self._flow.doc.start, self._plans)

    def _breaches(self, acts: _Acts, done: set[str]) -> Iterator[tuple[_Use, Fault]]:
        for uses, written in acts.steps:
            for use in uses:
                fault = self._fault(use, done)
                if fault is not None:
                    yield use, fault
            if written:
                done.add(written)

    def _fault(self, use: _Use, done: set[str]) -> Fault | None:
        name, known = use.name, self._names.known
        if name not in known and name not in BUILT_IN:
            if not use.shown and not use.kept:
                return None  # the expression's own rule says so
            words = f"{name!r} is nothing that this flow sets"
            hint = did_you_mean(name, known | SHOWN)
            return found("name-unknown", use.path, use.line, words, hint)
        if use.shown and name in BUILT_IN and name not in SHOWN:
            words = f"{{{name}}} is a list, which a text can't show"
            return found("name-unknown", use.path, use.line, words)
        if name in done or name in BUILT_IN or name in self._names.counters:
            return None
        if self._names.is_number(name):
            if not use.shown:
                return None
            words = f"{{{name}}} shows 0 where nobody has answered yet"
            return found("variable-zero", use.path, use.line, words)
        shown = f"{{{name}}}" if use.shown else repr(name)
        words = f"{shown} is not set yet on every path that leads here"
        return found("variable-unset", use.path, use.line, words)

    # --- what a state reads and sets -------------------------------------------------------------

    def _plan(self, name: str, state: StateDoc) -> _Plan:
        (_, place), *options = self._names.acts_of(name, state)
        part = "menu" if state.menu else "quiz"
        entry = _Acts()
        self._do(entry, state, name, place)
        entry.read(self._shown(f"{name}/say", f"{name}/retry"))
        for number, branch in enumerate(state.when or ()):
            if branch.condition is not None:
                line = self._flow.line(*place, "when", number, "if")
                entry.read(self._named(branch.condition, line))
        entry.read(self._shown(*(f"{name}/{part}/{n}" for n in range(1, len(options) + 1))))
        choices = len(state.ask.choices or ()) if state.ask else 0
        entry.read(self._shown(*(f"{name}/choices/{n}" for n in range(1, choices + 1))))
        ways = []
        for step in steps_of(name, state):
            acts = _Acts()
            if step.option:
                context = f"{name}/{part}/{step.option}"
                self._do(acts, options[step.option - 1][0], context, options[step.option - 1][1])
                acts.read(self._shown(f"{context}/feedback"))
            if state.ask:
                acts.write(state.ask.into)
            if state.call and state.call in self._others:
                for returned in sorted(self._others[state.call].set_at_end()):
                    acts.write(returned)
            ways.append((step.target, acts))
        return _Plan(entry, ways)

    def _do(self, into: _Acts, acts: Acts, context: str, place: Path_) -> None:
        line = self._flow.line
        for variable, value in acts.set.items():
            if isinstance(value, str):
                into.read(self._named(value, line(*place, "set", variable)))
            into.write(variable)
        for variable in acts.add:
            into.write(variable)
        for number, effect in enumerate(acts.do, 1):
            at = (self._flow.path, line(*place, "do", number - 1))
            into.read(
                _Use(name, *at, shown=True)
                for words in _templates(effect)
                for name in _PLACEHOLDER.findall(words)
                if name
            )
            if effect.report:
                into.read(_Use(name, *at, kept=True) for name in effect.report.keep)
                into.write(REFERENCE)
            into.read(self._shown(f"{context}/do/{number}"))

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
