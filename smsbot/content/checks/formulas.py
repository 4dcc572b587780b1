"""Expressions: do they use names that exist, and do their types fit for every value?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.content.checks.rules import found
from smsbot.content.checks.samples import type_faults
from smsbot.content.faults import did_you_mean
from smsbot.engine.expressions import BUILT_IN, FUNCTIONS, compile_expression, problems
from smsbot.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsbot.content.checks.names import FlowNames
    from smsbot.content.faults import Fault


def check_formulas(flow: FlowNames) -> Iterator[Fault]:
    """Compile every expression and try it on typed samples. What is no CEL the loader tells."""
    path = flow.source.path
    known = flow.defaults or dict.fromkeys(flow.known, 0)
    for source, line in _formulas(flow):
        try:
            expression = compile_expression(source)
        except ContentError:
            continue
        unknown = [words for words in problems(expression, known) if "unknown" in words]
        for words in unknown:
            names = FUNCTIONS if "function" in words else known.keys() | BUILT_IN.keys()
            hint = did_you_mean(words.split("'")[1], names)
            yield found("name-unknown", path, line, f"`{source}`: {words}", hint)
        if not unknown and flow.defaults:  # else the types are not known
            for words in type_faults(expression, known)[:1]:
                yield found("cel-type", path, line, f"`{source}`: {words}")


def _formulas(flow: FlowNames) -> Iterator[tuple[str, int]]:
    line = flow.source.line
    for name, state in flow.states():
        for number, branch in enumerate(state.when or ()):
            if branch.condition is not None:
                yield branch.condition, line("states", name, "when", number, "if")
        for acts, place in flow.acts_of(name, state):
            for variable, value in acts.set.items():
                if isinstance(value, str):
                    yield value, line(*place, "set", variable)
