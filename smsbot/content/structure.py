"""What holds a flow together: where its states lead, and which names they take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.content.faults import Fault, Severity, did_you_mean
from smsbot.engine.expressions import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from smsbot.content.schema import OptionDoc, StateDoc
    from smsbot.content.source import FlowSource
    from smsbot.content.yamlfile import Path_

RESERVED = frozenset(BUILT_IN) | {"reference"}
"""Names that a flow may read but not set."""


def structure_faults(source: FlowSource) -> Iterator[Fault]:
    """Find gotos to nowhere, names that are not the flow's to set, and a `when` without an end."""
    yield from _goto_faults(source)
    for name, state in source.doc.states.items():
        yield from _name_faults(source, name, state)
        yield from _branch_faults(source, name, state)


def call_faults(source: FlowSource, flows: Iterable[str]) -> Iterator[Fault]:
    """Find calls of flows that do not exist."""
    known = set(flows)
    for name, state in source.doc.states.items():
        if state.call and state.call not in known:
            line = source.line("states", name, "call")
            words = f"there is no flow {state.call!r}"
            hint = did_you_mean(state.call, known)
            yield Fault(source.path, line, Severity.ERROR, "call-unknown", words, hint)


def options_of(source: FlowSource, name: str, state: StateDoc) -> Iterator[tuple[Path_, OptionDoc]]:
    """Give the options of a menu or quiz, each with its place below the state."""
    for index, option in enumerate(state.menu or ()):
        yield ("menu", index), option
    if state.quiz:
        listed = ("states", name, "quiz", 0) in source.file.lines
        for index, answer in enumerate(state.quiz.options):
            yield ("quiz", index) if listed else ("quiz", "options", index), answer


def _goto_faults(source: FlowSource) -> Iterator[Fault]:
    known = source.doc.states.keys()
    gotos: list[tuple[Path_, str]] = [(("start",), source.doc.start)]
    for name, state in source.doc.states.items():
        place: Path_ = ("states", name)
        if state.goto:
            gotos.append(((*place, "goto"), state.goto))
        gotos += [
            ((*place, "when", index, "goto"), branch.goto)
            for index, branch in enumerate(state.when or ())
        ]
        gotos += [
            ((*place, *part, "goto"), option.goto)
            for part, option in options_of(source, name, state)
            if option.goto
        ]
    for spot, goto in gotos:
        if goto not in known:
            words = f"there is no state {goto!r}"
            hint = did_you_mean(goto, known)
            line = source.file.line(spot)
            yield Fault(source.path, line, Severity.ERROR, "goto-unknown", words, hint)


def _name_faults(source: FlowSource, name: str, state: StateDoc) -> Iterator[Fault]:
    place: Path_ = ("states", name)
    names = [((*place, "ask", "into"), state.ask.into)] if state.ask else []
    for part, acts in ((), state), *options_of(source, name, state):
        for key in ("set", "add"):
            names += [((*place, *part, key, each), each) for each in getattr(acts, key)]
    for spot, each in names:
        if each in RESERVED:
            words = f"{each!r} is a name of the service's own: it can be read, not set"
            line = source.file.line(spot)
            yield Fault(source.path, line, Severity.ERROR, "name-reserved", words)


def _branch_faults(source: FlowSource, name: str, state: StateDoc) -> Iterator[Fault]:
    last = len(state.when or ()) - 1
    for index, branch in enumerate(state.when or ()):
        if index == last and branch.condition is not None:
            words = (
                f"the last line of `when` in {name!r} has an `if`: nothing is left when it fails"
            )
            hint = "add a last line with only a goto"
        elif index < last and branch.condition is None:
            words = f"a line of `when` in {name!r} has no `if`, so the lines after it never count"
            hint = "move it to the end"
        else:
            continue
        line = source.line("states", name, "when", index)
        yield Fault(source.path, line, Severity.ERROR, "when-last", words, hint)
