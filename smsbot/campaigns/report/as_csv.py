"""A report as one tidy table: a row for each number, for a spreadsheet or an evaluator's script.

Shares and differences are parts of 1, to three places; money is in the campaign's currency. A value
that is hidden, or that there is not, is empty, and `note` says which.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, NamedTuple

from smsbot.campaigns.report.wording import in_tens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsbot.campaigns.report.findings import Breakdown, Effect, Learning, Report
    from smsbot.campaigns.report.statistics import Interval, Share

COLUMNS = ("section", "measure", "group", "value", "low", "high", "n", "note")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class Row(NamedTuple):
    """One number. `n` is of people, in tens where answers are behind it."""

    section: str
    measure: str
    group: str = "all"
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    note: str = ""


def as_csv(report: Report) -> str:
    """Give the table with its header; no cell is a formula to a spreadsheet (R33)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_safe(cell) for cell in row] for row in rows(report))
    return out.getvalue()


def _safe(cell: str | float | None) -> str | float:
    """Give words that a spreadsheet will not run; numbers stay numbers, below zero too."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return "'" + cell if cell.startswith(_FORMULA) else cell
    return round(cell, 3)


def rows(report: Report) -> Iterator[Row]:
    """Give every number of the report."""
    yield from _run(report)
    yield from _reach(report)
    yield from _completion(report)
    for arm in report.learning:
        yield from _learning(arm)
    for effect in report.effects:
        yield from _effect(effect)
    yield _share("opt_outs", "share", "reached", report.leaving.share)
    yield _share("opt_outs", "share", "hold_out", report.leaving.hold_out)
    yield from _cost(report)
    for one in report.group_skills:
        for measure, share in (("scams caught", one.hits), ("genuine accepted", one.accepts)):
            yield _share(f"{one.dimension}_learning", measure, one.name, share)
    for number, limit in enumerate(report.limits, 1):
        yield Row("cannot_say", str(number), note=limit)


def _run(report: Report) -> Iterator[Row]:
    head = report.head
    for name in ("title", "state", "channel", "purpose", "flow", "course"):
        yield Row("run", name, note=getattr(head, name))
    for name in ("campaign", "run", "began_at", "made_at", "days"):
        yield Row("run", name, value=getattr(head, name))


def _reach(report: Report) -> Iterator[Row]:
    reach = report.reach
    counts = ("audience", "meant", "delivered", "taken", "failed", "unclear", "not_sent")
    for name in (*counts, "hold_out", "erased"):
        yield Row("reach", name, value=getattr(reach, name))
    for why, many in reach.excluded.items():
        yield Row("reach", "suppressed", why, many)
    yield _share("reach", "delivered of sent", "all", reach.delivered_share)
    yield from _breakdown("delivery", report.delivery)
    for wait in report.waits:
        yield Row("delivery", "half within seconds", wait.name, wait.median_s)
        yield Row("delivery", "95 % within seconds", wait.name, wait.p95_s)


def _cost(report: Report) -> Iterator[Row]:
    cost, currency = report.cost, report.head.currency
    yield Row("cost", "messages", value=cost.messages)
    yield Row("cost", "segments", value=cost.segments)
    yield Row("cost", "segments of replies", value=cost.replies)
    for name, micros in (
        ("total", cost.micros),
        ("per person reached", cost.per_reached),
        ("per person who finished", cost.per_finisher),
        ("replies, about", cost.replies_micros),
        ("per person who finished, with replies", cost.per_finisher_with_replies),
    ):
        yield Row("cost", name, value=None if micros is None else micros / 1e6, note=currency)


def _share(section: str, measure: str, group: str, found: Share | None) -> Row:
    if found is None:
        return Row(section, measure, group, note="too few people")
    n = in_tens(found.people)
    return Row(section, measure, group, found.value, found.low, found.high, n)


def _interval(section: str, measure: str, group: str, found: Interval | None, n: int = 0) -> Row:
    if found is None:
        return Row(section, measure, group, note="too few people")
    return Row(section, measure, group, found.value, found.low, found.high, n or None)


def _breakdown(section: str, found: Breakdown) -> Iterator[Row]:
    name = f"{found.dimension}_{section}"
    if found.hides and not found.parts:
        yield Row(name, "people", note="hidden: too few people to tell apart")
    for part in found.parts:
        yield Row(name, "people", part.name, part.people)
        for column, cell in zip(found.columns, part.cells, strict=True):
            yield Row(name, column, part.name, cell, note="hidden" if cell is None else "")


def _completion(report: Report) -> Iterator[Row]:
    done = report.completion
    yield _share("completion", "began", report.head.flow or "any flow", done.begun)
    yield _share("completion", "finished", report.head.flow or "any flow", done.finished)
    if done.enrolled is not None:
        yield Row("completion", "enrolled", report.head.course, done.enrolled)
    for found in report.progress:
        yield from _breakdown("completion", found)
    for step in done.steps:
        for measure, tens in (("reached", step.reached), ("left", step.left)):
            yield _tens("steps", measure, f"{done.flow}/{step.name}", tens)
    for use in done.flows:
        for measure, tens in (("began", use.begun), ("finished", use.finished)):
            yield _tens("flows", measure, use.flow, tens)


def _tens(section: str, measure: str, group: str, tens: int | None) -> Row:
    return Row(section, measure, group, tens, note="1 to 9" if tens is None else "in tens")


def _learning(one: Learning) -> Iterator[Row]:
    arm = one.arm.value
    for skill in one.skills:
        yield _share("learning", f"{skill.measure}, before", arm, skill.before)
        yield _share("learning", f"{skill.measure}, after", arm, skill.after)
        both = in_tens(skill.both) if skill.change else 0
        yield _interval("learning", f"{skill.measure}, change", arm, skill.change, both)
    for when, apart in (("before", one.before), ("after", one.after)):
        if apart is not None:
            yield _interval("learning", f"d', {when}", arm, apart.d_prime)
            yield _interval("learning", f"c, {when}", arm, apart.bias)
    yield Row("attrition", "people", arm, one.people)
    yield _tens("attrition", "answered both times", arm, one.answered_both)
    yield _tens("attrition", "answered only before", arm, one.answered_before)
    yield _tens("attrition", "answered only after", arm, one.answered_after)
    if one.repeated is not None:
        yield Row("attrition", "later answers to items known before", arm, one.repeated)


def _effect(one: Effect) -> Iterator[Row]:
    yield _interval("effect", one.measure, "meant", one.meant)
    yield _interval("effect", one.measure, "hold_out", one.hold_out)
    yield _interval("effect", one.measure, "difference", one.effect)
