"""The names of one flow: what it sets, of which type, and where in the file acts stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.engine.expressions import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from smsbot.content.schema import Acts, StateDoc
    from smsbot.content.source import FlowSource
    from smsbot.content.yamlfile import Path_
    from smsbot.engine.model import Flow, Scalar

SHOWN = BUILT_IN.keys() - {"consents", "asked", "tags"}
"""Built-in names that make sense in a text; the others are lists."""
REFERENCE = "reference"
"""Set by a `report`: the number by which the citizen asks again."""


class FlowNames:
    """A flow with the names that it sets. `defaults` is empty where the flow could not be compiled."""

    def __init__(self, source: FlowSource, compiled: Flow | None) -> None:
        self.source = source
        self.defaults: Mapping[str, Scalar] = compiled.defaults if compiled else {}
        every = [acts for name, state in self.states() for acts, _ in self.acts_of(name, state)]
        self.counters = {name for acts in every for name in acts.add}
        """Names that count: unset they are 0, and that is meant."""
        self.known = {name for acts in every for name in acts.set} | self.counters
        self.known |= {state.ask.into for _, state in self.states() if state.ask}
        self.known |= self.defaults.keys()
        reports = any(effect.report for acts in every for effect in acts.do)
        if reports or any(state.call for _, state in self.states()):
            self.known.add(REFERENCE)

    def states(self) -> Iterator[tuple[str, StateDoc]]:
        """Give the states with their names."""
        yield from self.source.doc.states.items()

    def acts_of(self, name: str, state: StateDoc) -> Iterator[tuple[Acts, Path_]]:
        """Give what a state and each of its options does, and its place in the file."""
        yield state, ("states", name)
        for number, option in enumerate(state.menu or ()):
            yield option, ("states", name, "menu", number)
        for number, answer in enumerate(state.quiz.options if state.quiz else ()):
            listed: Path_ = ("states", name, "quiz", number)
            long: Path_ = ("states", name, "quiz", "options", number)
            yield answer, listed if listed in self.source.file.lines else long

    def is_number(self, name: str) -> bool:
        """Say whether a name holds a number, which is 0 while it is unset."""
        if self.defaults:
            default = self.defaults.get(name, "")
            return isinstance(default, int | float) and not isinstance(default, bool)
        asks = [state.ask for _, state in self.states() if state.ask and state.ask.into == name]
        return any(ask.type in ("number", "amount") for ask in asks)
