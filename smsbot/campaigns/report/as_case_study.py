"""A campaign as one page of Markdown to share: its context, dates, figures and limits (C14).

Facts come from the report, with their n and what is missing. What only a person knows is left as a
question in brackets, so that nobody takes a guess of ours for experience.
"""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING

from smsbot.campaigns.report.limits import NAMES
from smsbot.campaigns.report.wording import (
    between,
    day,
    in_tens,
    money,
    number,
    people,
    points,
    seconds,
    tens,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsbot.campaigns.report.findings import Learning, Report
    from smsbot.plans import Plan

_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~])")


def as_case_study(report: Report) -> str:
    """Give the page."""
    return "\n".join(_lines(report)) + "\n"


def _plain(words: str) -> str:
    """Give words that Markdown and HTML leave as they are, on one line."""
    return _SIGNS.sub(r"\\\1", " ".join(words.split())).replace("&", "&amp;")


def _lines(report: Report) -> Iterator[str]:
    head = report.head
    yield f"# {_plain(head.title)}"
    yield ""
    yield (
        f"Campaign {head.campaign}, run {head.run}. Began {day(head.began_at)}; these figures are of "
        f"{day(head.made_at)}. Answers count from {head.days} days before to {head.days} days after."
    )
    yield from ("", "## Context", "")
    yield "[Who needed this, and how did you know? Who worked on it, who paid, who agreed?]"
    yield ""
    yield from _context(report)
    yield from ("", "## What happened", "", "| indicator | value | n |", "| --- | --- | --- |")
    yield from (f"| {name} | {value} | {n} |" for name, value, n in _indicators(report))
    yield from ("", "## What is missing", "")
    yield from (f"- {line}" for line in _missing(report))
    yield from (f"- {_plain(limit)}" for limit in report.limits)
    yield from ("", "## For the next one", "")
    yield "[What would you do again? What not? What should another country change first?]"


def _context(report: Report) -> Iterator[str]:
    head, plan = report.head, report.head.plan
    what = f"flow `{head.flow}`" if head.flow else f"course `{head.course}`" if head.course else ""
    purpose, channel = _plain(head.purpose), _plain(head.channel)
    yield f"- Sent: {what or 'a message'}, purpose {purpose}, channel {channel}"
    for language, words in plan.message.items():
        yield f"- In {_plain(language)}: {_plain(words)}"
    yield f"- To: {_audience(plan)}"
    yield f"- Hold-out: {plan.hold_out:.0%} of those who could be reached, drawn at random"
    yield f"- Risks seen beforehand: {_plain(plan.risk_note) or 'none were written down'}"


def _audience(plan: Plan) -> str:
    """Give the rules of the audience as words."""
    parts = []
    for field in fields(plan.audience):
        value = getattr(plan.audience, field.name)
        if value not in ((), None):
            told = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
            parts.append(_plain(f"{field.name.replace('_', ' ')}: {told}"))
    return "; ".join(parts) or "everybody who had agreed"


def _indicators(report: Report) -> Iterator[tuple[str, str, str]]:
    reach, done, left, cost = report.reach, report.completion, report.leaving, report.cost
    currency = report.head.currency
    yield "people meant to be reached", number(reach.meant), number(reach.audience)
    yield "delivered, with a receipt (I01)", number(reach.delivered), number(reach.meant)
    for wait in report.waits[-1:]:
        told = f"half within {seconds(wait.median_s)}, 95 % within {seconds(wait.p95_s)}"
        yield "time to the receipt (I15)", told, number(reach.delivered)
    for name, share in (("began (I02)", done.begun), ("finished (I03)", done.finished)):
        yield name, between(share), "-" if share is None else number(share.people)
    for one in report.learning[:1]:  # the others are in the differences below
        for skill in one.skills[:2]:
            name = f"{skill.measure}, {NAMES[one.arm]}"
            yield f"{name}, before (I05)", between(skill.before), people(skill.before)
            yield f"{name}, after (I05)", between(skill.after), people(skill.after)
            both = number(in_tens(skill.both)) if skill.change else "-"
            yield f"{name}, change in points (I06)", points(skill.change), both
    for effect in report.effects:
        name = f"{_plain(effect.measure)}: difference to the hold-out, points (I06)"
        yield name, points(effect.effect), number(reach.meant + reach.hold_out)
    share = left.share
    rate = "-" if share is None else f"{1000 * share.value:.1f} of 1,000"
    yield "opted out within a week (I14)", rate, "-" if share is None else number(share.people)
    yield "cost (I13)", money(cost.micros, currency), f"{number(cost.segments)} segments"
    yield "cost per person reached", money(cost.per_reached, currency), number(reach.delivered)
    finished = "-" if done.finished is None else number(done.finished.right)
    yield "cost per person who finished", money(cost.per_finisher, currency), finished
    with_replies = money(cost.per_finisher_with_replies, currency)
    yield "the same with our replies, about", with_replies, f"{number(cost.replies)} segments"


def _missing(report: Report) -> Iterator[str]:
    for one in report.learning:
        yield _lost(one)
    hidden = sum(found.hidden for found in (report.delivery, *report.progress))
    pooled = sum(found.pooled for found in (report.delivery, *report.progress))
    yield (
        f"Of the breakdowns by language, network and region {hidden} cells are hidden and {pooled} "
        "groups told as others or not at all, because they are of fewer than ten people."
    )
    yield "Gender and age are not asked, so nothing can be said of them."


def _lost(one: Learning) -> str:
    return (
        f"Of {NAMES[one.arm]} ({number(one.people)} people) answered practice items: "
        f"{tens(one.answered_both)} before and after, {tens(one.answered_before)} only before, "
        f"{tens(one.answered_after)} only after; all others never (in tens)."
    )
