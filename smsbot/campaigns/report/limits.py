"""What a report cannot say, and why, in sentences that are made from its own data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.campaigns.report.small_cells import SMALLEST
from smsbot.campaigns.report.tallies import Arm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsbot.campaigns.report.findings import Learning, Report

_FEW_HELD = 100
_LOST = 0.5
_REPEATED = 0.2
_WITHOUT_RECEIPT = 0.05


def limits(report: Report, other_runs: int) -> tuple[str, ...]:
    """Give the sentences. `other_runs`: campaigns that reached out in the same weeks."""
    return (
        *_of_reach(report),
        *_of_comparison(report, other_runs),
        *_of_learning(report),
        *_of_money(report),
        *_always(),
    )


def _of_reach(report: Report) -> Iterator[str]:
    head, reach = report.head, report.reach
    if head.state not in ("finished", "expired", "cancelled"):
        yield f"The run is {head.state}: every number here may still change."
    if head.is_early:
        yield (
            f"The {head.days} days after the message are not over: people may still answer, finish "
            "or opt out."
        )
    sent = reach.delivered + reach.taken + reach.unclear
    if sent and not reach.delivered:
        yield (
            "Whether anybody was reached: the gateway sent no receipt of delivery, so a message that it "
            "took may never have arrived."
        )
    elif sent and (reach.taken + reach.unclear) / sent > _WITHOUT_RECEIPT:
        without = reach.taken + reach.unclear
        yield (
            f"Whether {without:,} people were reached: the gateway took their message, or may have, and "
            "sent no receipt."
        )
    if reach.erased:
        yield (
            f"What {reach.erased:,} people did who asked to be erased, or whose number is gone: their "
            "messages are counted, nothing else is known."
        )


def _of_comparison(report: Report, other_runs: int) -> Iterator[str]:
    reach = report.reach
    if not reach.hold_out:
        yield (
            "That the message made any change: no hold-out was kept back, so the season, the news and "
            "practice by itself cannot be told from the message."
        )
    elif reach.hold_out < _FEW_HELD:
        yield (
            f"Small effects: the hold-out is {reach.hold_out:,} people, too few to see anything but a "
            "large difference."
        )
    if other_runs:
        runs = "another campaign run" if other_runs == 1 else f"{other_runs} other campaign runs"
        yield f"Which message did it: {runs} went out in the same weeks, perhaps to the same people."


def _of_learning(report: Report) -> Iterator[str]:
    told = [one for one in report.learning if one.skills]
    if not told:
        yield (
            f"What people learned: fewer than {SMALLEST} people answered items of both kinds, scam and "
            "genuine."
        )
        return
    for one in report.learning:
        if not one.skills:
            yield f"What {NAMES[one.arm]} knew: fewer than {SMALLEST} answered items of both kinds."
    yield from _of_memory(told[0])
    for one in told:
        hits, accepts = one.skills[0].change, one.skills[1].change
        if hits and accepts and hits.low > 0 > accepts.high:
            yield (
                f"That {NAMES[one.arm]} tell messages apart better: they call more scams scam, and more "
                "genuine messages too. That is distrust, not skill (see d' and c)."
            )


def _of_memory(one: Learning) -> Iterator[str]:
    """Give what the answers of the foremost arm leave open."""
    who = NAMES[one.arm]
    if one.skills[0].change is None:
        yield (
            f"How {who} changed: fewer than {SMALLEST} answered items of both kinds before and after. "
            "People who answered before and people who answered after are others."
        )
    both, first = one.answered_both or 0, one.answered_before or 0
    if first and first / (both + first) > _LOST:
        yield (
            f"What most of {who} remember: more than half of those who answered before did not answer "
            "after."
        )
    if one.repeated is not None and one.repeated > _REPEATED:
        yield (
            f"How much of it is memory: {one.repeated:.0%} of the later answers of {who} were to items "
            "that they had answered before. Parallel forms with new items would tell."
        )


def _of_money(report: Report) -> Iterator[str]:
    cost = report.cost
    if cost.simulated:
        yield (
            f"What it would really cost and reach: {cost.simulated:,} messages went to the simulator, "
            "not to phones."
        )
    if cost.messages > cost.known:
        yield (
            f"The exact bill: for {cost.messages - cost.known:,} of {cost.messages:,} messages the "
            "gateway named no price, so ours from channels.yaml stands in."
        )


def _always() -> Iterator[str]:
    yield (
        "How those would answer who did not: people choose to answer, and who does so is keener, or "
        "has more time, than who does not."
    )
    yield (
        "What people do when a real scam comes: practice items measure knowing, not doing. What USSD "
        "sessions cost is not in the cost."
    )


NAMES = {
    Arm.REACHED: "the reached",
    Arm.MEANT: "those meant to be reached",
    Arm.HOLD_OUT: "the hold-out",
}
