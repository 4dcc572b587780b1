"""A quiz teaches telling apart, so it needs both kinds: all-scam quizzes taught people to trust nothing.

Kubilay et al. 2023, J. Dev. Econ. 165: tips raised the scams caught and lowered the genuine messages
accepted, with no net effect. Hence at least 40 % genuine messages (domain rule D1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.content.checks.rules import found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smsbot.content.faults import Fault
    from smsbot.content.source import FlowSource

LEAST_GENUINE = 0.4


def check_quizzes(flows: Sequence[FlowSource]) -> Iterator[Fault]:
    """Find flows whose quizzes are one-sided."""
    for flow in flows:
        items = [
            (name, state.quiz.item)
            for name, state in flow.doc.states.items()
            if state.quiz is not None
        ]
        if not items:
            continue
        genuine = sum(item == "genuine" for _, item in items)
        line = flow.line("states", items[0][0])
        if genuine == len(items):
            words = f"all {len(items)} quizzes of this flow show genuine messages"
            yield found("quiz-one-sided", flow.path, line, words, "add a scam to recognise")
        elif genuine < LEAST_GENUINE * len(items):
            words = f"{genuine} of {len(items)} quizzes show a genuine message; 40 % must"
            yield found("quiz-one-sided", flow.path, line, words)
