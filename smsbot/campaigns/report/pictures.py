"""The charts of a report, from findings; each stands beside the table of its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.campaigns.report.wording import number, tens
from smsbot.charts.bars import Bar, bars
from smsbot.charts.intervals import Dot, intervals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smsbot.campaigns.report.findings import Completion, Effect, Learning


def outcomes(rows: Sequence[tuple[str, int]]) -> str:
    """Give people by outcome."""
    return bars(
        "People by outcome", [Bar(name, (many,), number(many)) for name, many in rows if many]
    )


def steps(done: Completion) -> str:
    """Give the people who reached each step, in the order of the steps."""
    return bars(
        f"How far people came in {done.flow}",
        [Bar(step.name, (step.reached or 0,), tens(step.reached)) for step in done.steps],
    )


def skills(one: Learning, who: str) -> str:
    """Give hits, correct accepts and all items before and after."""
    dots = [
        Dot(
            f"{skill.measure}, {when}", share.value, share.low, share.high, is_open=when == "before"
        )
        for skill in one.skills
        for when, share in (("before", skill.before), ("after", skill.after))
        if share is not None
    ]
    return intervals(f"Right answers of {who}", dots, legend=("before", "after"))


def effects(found: Sequence[Effect]) -> str:
    """Give what the message changed, in points around 0."""
    dots = [Dot(one.measure, one.effect.value, one.effect.low, one.effect.high) for one in found]
    return intervals("What the message changed, percentage points", dots, is_change=True)
