"""A report as sections of sentences, tables and charts: what the text, the page and the console show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smsbot.campaigns.report import pictures
from smsbot.campaigns.report.limits import NAMES
from smsbot.campaigns.report.wording import (
    between,
    day,
    in_tens,
    money,
    number,
    people,
    percent,
    plain,
    points,
    seconds,
    tens,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smsbot.campaigns.report.findings import Breakdown, Learning, Report
    from smsbot.campaigns.report.statistics import Interval

SUPPRESSED = {
    "no_consent": "had not agreed to this purpose",
    "opted_out": "had opted out",
    "no_language": "no text in their language",
    "frequency_cap": "had enough messages that week",
    "quiet_expired": "quiet hours until the end",
    "erased": "asked to be erased",
}
_SKILLS = (
    (
        "Two skills, always together: calling a scam a scam, and a genuine message genuine. Who calls "
        "everything a scam catches all scams and has learned only distrust."
    ),
    (
        "A person's first answer to an item counts, once before and once after. The change is that of "
        "the same people. d' says how well the two are told apart (0 is guessing); c which way people "
        "lean (below 0: too much is called a scam)."
    ),
)


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as they are shown; the first column is words, the others are numbers."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One heading: sentences, then charts (SVG, with their tables) and tables, then a list."""

    name: str
    title: str
    words: tuple[str, ...] = ()
    charts: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    points: tuple[str, ...] = ()


def sections(report: Report) -> tuple[Section, ...]:
    """Give the sections in the order in which they are read."""
    return (
        _reach(report),
        _completion(report),
        _learning(report),
        _effect(report),
        _leaving(report),
        _cost(report),
        _breakdowns(report),
        Section("limits", "What we cannot say", points=report.limits),
    )


def heading(report: Report) -> tuple[str, ...]:
    """Give the lines under the title."""
    head = report.head
    what = (
        f"flow {head.flow}" if head.flow else f"course {head.course}" if head.course else "message"
    )
    return (
        (
            f"Campaign {head.campaign}, run {head.run}: {what} on channel {head.channel}, purpose "
            f"{head.purpose}. The run is {head.state}."
        ),
        (
            f"Began {day(head.began_at)}; looked at {day(head.made_at)}. Answers count from {head.days} "
            f"days before to {head.days} days after the message."
        ),
        (
            "Figures in brackets are 95 % intervals. Parts of fewer than ten people are hidden, with as "
            "many others as it takes; counts of answers, steps and who answered are in whole tens."
        ),
    )


def _reach(report: Report) -> Section:
    reach = report.reach
    sent = reach.delivered + reach.taken + reach.failed + reach.unclear
    lines = [
        f"{number(reach.delivered)} of {number(reach.meant)} people meant to be reached have a receipt.",
    ]
    if reach.delivered_share is not None:
        lines.append(f"Delivered of the {number(sent)} sent: {between(reach.delivered_share)}.")
    if reach.erased:
        lines.append(f"{number(reach.erased)} rows belong to people who are erased by now.")
    rows = [
        ("delivered (receipt)", reach.delivered),
        ("taken by the gateway, no receipt", reach.taken),
        ("failed, undelivered or expired", reach.failed),
        ("unclear (never sent again)", reach.unclear),
        ("not sent: waiting or cancelled", reach.not_sent),
        ("held out at random", reach.hold_out),
        *((SUPPRESSED.get(why, why), many) for why, many in reach.excluded.items()),
        ("all", reach.audience),
    ]
    table = Table("People by outcome", ("", "people"), _counted(rows))
    waits = Table(
        "From the gateway's acceptance to the receipt",
        ("network", "half within", "95 % within"),
        tuple((wait.name, seconds(wait.median_s), seconds(wait.p95_s)) for wait in report.waits),
    )
    chart = pictures.outcomes([(name, many) for name, many in rows if name != "all"])
    return Section(
        "reach",
        "Reach",
        tuple(lines),
        (chart,),
        (table, _table(report.delivery, "Delivery by network"), waits),
    )


def _counted(rows: Sequence[tuple[str, int]]) -> tuple[tuple[str, ...], ...]:
    return tuple((name, number(many)) for name, many in rows)


def _table(found: Breakdown, caption: str) -> Table:
    """Give a breakdown; one that may not be told says so in its caption."""
    if found.hides and not found.parts:
        return Table(f"{caption}: too few people to tell apart", (), ())
    return Table(
        caption,
        (found.dimension.value, "people", *found.columns),
        tuple(
            (part.name, number(part.people), *(number(cell) for cell in part.cells))
            for part in found.parts
        ),
    )


def _completion(report: Report) -> Section:
    done = report.completion
    name = report.head.flow or "any flow"
    lines = [
        (
            f"Began {name} after the message, of all that it was sent to and did not fail for: "
            f"{between(done.begun)}."
        ),
        f"Finished: {between(done.finished)}.",
    ]
    if done.enrolled is not None:
        lines.append(f"Enrolled in course {report.head.course} since: {number(done.enrolled)}.")
    tables, charts = [], []
    if done.steps:
        caption = f"Steps of {done.flow}, in the order in which people came to them"
        rows = tuple((step.name, tens(step.reached), tens(step.left)) for step in done.steps)
        tables.append(Table(caption, ("step", "reached", "left there"), rows))
        charts.append(pictures.steps(done))
    if done.flows:
        rows = tuple((use.flow, tens(use.begun), tens(use.finished)) for use in done.flows)
        tables.append(Table("Flows after the message", ("flow", "began", "finished"), rows))
    return Section("completion", "Completion", tuple(lines), tuple(charts), tuple(tables))


def _learning(report: Report) -> Section:
    lines = list(_SKILLS)
    told = [one for one in report.learning if one.skills]
    if not told:
        lines.append("Too few people answered items of both kinds to tell.")
        return Section("learning", "What people know", tuple(lines))
    tables = [table for one in told for table in _of_arm(one)]
    return Section(
        "learning",
        "What people know",
        tuple(lines),
        tuple(pictures.skills(one, NAMES[one.arm]) for one in told),
        (*tables, _attrition(report.learning)),
    )


def _of_arm(one: Learning) -> Iterator[Table]:
    who = NAMES[one.arm]
    yield Table(
        f"Right answers of {who}",
        ("", "before", "after", "change, points"),
        tuple(
            (skill.measure, between(skill.before), between(skill.after), points(skill.change))
            for skill in one.skills
        ),
    )
    yield Table(
        f"Answers / people behind it, {who}",
        ("", "before", "after", "people both times"),
        tuple(
            (
                skill.measure,
                people(skill.before),
                people(skill.after),
                number(in_tens(skill.both)) if skill.change else "-",
            )
            for skill in one.skills
        ),
    )
    if one.before is None and one.after is None:
        return
    apart = [
        (None, None) if told is None else (told.d_prime, told.bias)
        for told in (one.before, one.after)
    ]
    (d_before, c_before), (d_after, c_after) = apart
    yield Table(
        f"Telling apart and leaning, {who}",
        ("", "before", "after"),
        (
            ("d'", plain(d_before), plain(d_after)),
            ("c", plain(c_before), plain(c_after)),
        ),
    )


def _attrition(learning: Sequence[Learning]) -> Table:
    rows = tuple(
        (
            NAMES[one.arm],
            number(one.people),
            tens(one.answered_both),
            tens(one.answered_before),
            tens(one.answered_after),
            "-" if one.repeated is None else percent(one.repeated),
        )
        for one in learning
    )
    columns = ("who", "people", "both", "only before", "only after", "items again")
    return Table("Who answered when (attrition)", columns, rows)


def _effect(report: Report) -> Section:
    title = "What the message changed"
    if not report.effects:
        words = (
            "There is no hold-out to compare with, so nothing is claimed (see What we cannot say)."
        )
        return Section("effect", title, (words,))
    {one.arm: one.people for one in report.learning}
    words = (
        f"People were kept back at random. All {number(report.reach.meant)} who were meant to get the "
        f"message, whether they got it or not, are compared with all {number(report.reach.hold_out)} "
        "who were kept back, both from the run's beginning (intention to treat). A change in right "
        "answers is the difference of the differences."
    )
    rows = tuple(
        (one.measure, *_sides(one.measure, one.meant, one.hold_out), points(one.effect))
        for one in report.effects
    )
    table = Table(
        "Difference that the message made, percentage points",
        ("", "meant", "hold-out", "difference"),
        rows,
    )
    return Section("effect", title, (words,), (pictures.effects(report.effects),), (table,))


def _sides(measure: str, *found: Interval) -> tuple[str, ...]:
    told = points if measure.startswith("change") else between
    return tuple(told(one).partition(" (")[0] for one in found)


def _leaving(report: Report) -> Section:
    left, days = report.leaving, report.head.opt_out_days
    lines = []
    if left.share is not None:
        of = "delivered" if report.reach.delivered else "sent"
        rate = f"{1000 * left.share.value:.1f} ({1000 * left.share.low:.1f} to "
        rate += f"{1000 * left.share.high:.1f})"
        lines.append(f"Opted out within {days} days, of 1,000 {of}: {rate}.")
        alarm = "ALARM: more than 10 of 1,000." if left.is_alarming else "Below the alarm (10)."
        lines.append(alarm)
    else:
        lines.append("Too few messages arrived to tell of opt-outs.")
    if left.hold_out is not None:
        lines.append(f"Of 1,000 in the hold-out: {1000 * left.hold_out.value:.1f}.")
    lines.append("A STOP that the person took back by START is not counted.")
    return Section("leaving", "Opt-outs", tuple(lines))


def _cost(report: Report) -> Section:
    cost, currency = report.cost, report.head.currency
    rows = (
        ("messages sent", number(cost.messages)),
        ("segments", number(cost.segments)),
        ("cost", money(cost.micros, currency)),
        ("cost per person reached", money(cost.per_reached, currency)),
        ("cost per person who finished", money(cost.per_finisher, currency)),
        ("segments of replies to those who began", number(cost.replies)),
        ("cost of these replies, about", money(cost.replies_micros, currency)),
        ("cost per finisher, with replies", money(cost.per_finisher_with_replies, currency)),
        ("citizens paid", f"{currency} 0 for receiving"),
    )
    return Section("cost", "Segments and cost", tables=(Table("Cost", ("", "amount"), rows),))


def _breakdowns(report: Report) -> Section:
    tables = [_table(found, f"Completion by {found.dimension.value}") for found in report.progress]
    for dimension in dict.fromkeys(one.dimension for one in report.group_skills):
        rows = tuple(
            (one.name, number(in_tens(one.people)), between(one.hits), between(one.accepts))
            for one in report.group_skills
            if one.dimension is dimension
        )
        caption = f"Right answers after the message, by {dimension.value}"
        columns = (dimension.value, "people", "scams caught", "genuine accepted")
        tables.append(Table(caption, columns, rows))
    return Section("groups", "Groups", tables=tuple(tables))
