"""From tallies to findings: shares and intervals made, small groups pooled, small cells hidden."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from smsbot.campaigns.report.findings import (
    Breakdown,
    Completion,
    Cost,
    FlowUse,
    Leaving,
    Part,
    Reach,
    Step,
    Wait,
)
from smsbot.campaigns.report.small_cells import SMALLEST, about, hide, pooled
from smsbot.campaigns.report.statistics import proportion, quantile
from smsbot.campaigns.report.tallies import FINISHED, UNFINISHED, Arm, Dimension, Tallies

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smsbot.campaigns.report.statistics import Share
    from smsbot.campaigns.report.tallies import Group

DELIVERY_COLUMNS = ("delivered", "taken, no receipt", "failed", "unclear", "not sent")
PROGRESS_COLUMNS = ("did not begin", "began, left", "finished")
MOST_FLOWS = 10
MOST_PARTS = 40
_UNKNOWN_OUTCOME = ("unknown", "sending")


def reach(tallies: Tallies) -> Reach:
    """Give who was reached; accepted without a receipt is told apart (I01)."""
    in_state = tallies.in_state
    delivered = in_state("delivered")
    meant = tallies.arms[Arm.MEANT]
    taken, failed = in_state("accepted"), in_state("failed", "undelivered", "expired")
    unclear = in_state(*_UNKNOWN_OUTCOME)
    excluded = Counter(
        {
            reason: many
            for (state, reason), many in tallies.states.items()
            if state == "suppressed" and reason != "hold_out"
        }
    )
    return Reach(
        audience=tallies.audience,
        meant=meant,
        delivered=delivered,
        taken=taken,
        failed=failed,
        unclear=unclear,
        not_sent=in_state("queued", "cancelled"),
        hold_out=tallies.arms[Arm.HOLD_OUT],
        excluded=dict(excluded.most_common()),
        erased=tallies.erased,
        delivered_share=_share(delivered, delivered + taken + failed + unclear),
    )


def _share(count: int, of: int) -> Share | None:
    """Give a share of people, or None where there are too few to tell of."""
    return None if of < SMALLEST else proportion(min(count, of), of)


def breakdown(
    dimension: Dimension,
    columns: Sequence[str],
    people: Mapping[Group, int],
    cells: Mapping[tuple[Group, int], int],
) -> Breakdown:
    """Give the people of each group by column, the largest group first."""
    groups = {name: many for (kind, name), many in people.items() if kind is dimension and many}
    together = pooled(groups)
    if len(together) == len(groups):
        return Breakdown(dimension, tuple(columns), (), pooled=len(groups), hides=bool(groups))
    width = range(len(columns))
    shown = sorted(groups.keys() - together, key=lambda name: (-groups[name], name))
    if len(shown) > MOST_PARTS:
        together |= frozenset(shown[MOST_PARTS:])
        shown = shown[:MOST_PARTS]
    rows = [
        (name, [cells.get(((dimension, name), column), 0) for column in width]) for name in shown
    ]
    if together:
        sums = [sum(cells.get(((dimension, name), c), 0) for name in together) for c in width]
        rows.append((f"{len(together)} other groups", sums))
    hidden = hide([counts for _, counts in rows])
    parts = tuple(
        Part(
            name,
            sum(counts),
            tuple(
                None if hidden is None or (row, column) in hidden else count
                for column, count in enumerate(counts)
            ),
        )
        for row, (name, counts) in enumerate(rows)
    )
    return Breakdown(dimension, tuple(columns), parts, pooled=len(together), hides=hidden is None)


def waits(tallies: Tallies) -> tuple[Wait, ...]:
    """Give how long delivery took by network, of networks with enough people; then of all."""
    enough = {
        name: seconds
        for name, seconds in tallies.latency.items()
        if sum(seconds.values()) >= SMALLEST
    }
    everybody: Counter[int] = Counter()
    for seconds in tallies.latency.values():
        everybody.update(seconds)
    found = []
    named = sorted(enough.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    for name, seconds in [*named[:MOST_PARTS], ("all", everybody)]:
        median, p95 = quantile(seconds.items(), 0.5), quantile(seconds.items(), 0.95)
        if median is not None and p95 is not None and sum(seconds.values()) >= SMALLEST:
            found.append(Wait(name, median, p95))
    return tuple(found)


def sent_to(tallies: Tallies) -> int:
    """Give the people whom the gateway took a message for and did not report as failed."""
    return tallies.in_state("delivered", "accepted", *_UNKNOWN_OUTCOME)


def progressed(tallies: Tallies, *columns: int) -> int:
    """Give how many people are in these columns of the progress: one dimension holds everybody."""
    return sum(
        many
        for (group, column), many in tallies.progress.items()
        if group[0] is Dimension.LANGUAGE and column in columns
    )


def completion(tallies: Tallies, flow: str, enrolled: int | None) -> Completion:
    """Give what people did after the message: how many began, where they left, who finished."""
    base = sent_to(tallies)
    begun = progressed(tallies, UNFINISHED, FINISHED)
    finished = progressed(tallies, FINISHED)
    name = flow or next((name for name, _ in tallies.flows_begun.most_common(1)), "")
    walked = tallies.steps.get(name)
    steps: tuple[Step, ...] = ()
    if walked is not None and walked.started >= SMALLEST:
        in_order = sorted(
            walked.reached, key=lambda state: (walked.places[state] / walked.reached[state], state)
        )
        steps = tuple(
            Step(state, about(walked.reached[state]), about(walked.left[state]))
            for state in in_order
        )
    flows = tuple(
        FlowUse(other, about(many), about(tallies.flows_finished[other]))
        for other, many in tallies.flows_begun.most_common(MOST_FLOWS)
    )
    return Completion(
        begun=_share(begun, base),
        finished=_share(finished, base),
        flow=name,
        steps=steps,
        flows=flows,
        enrolled=enrolled,
    )


def leaving(tallies: Tallies) -> Leaving:
    """Give the opt-outs per delivered message, or per taken one where there is no receipt (I14)."""
    delivered = tallies.in_state("delivered")
    if delivered:
        people, base = tallies.left[Arm.REACHED], delivered
    else:
        people, base = tallies.left[Arm.MEANT], sent_to(tallies)
    held = tallies.arms[Arm.HOLD_OUT]
    return Leaving(
        tallies.left[Arm.MEANT], _share(people, base), _share(tallies.left[Arm.HOLD_OUT], held)
    )


def cost(tallies: Tallies) -> Cost:
    """Give what it cost, and per person delivered to and per person who finished (I13)."""
    money, finished = tallies.money, progressed(tallies, FINISHED)
    delivered = tallies.in_state("delivered")
    per_segment = money.micros / money.segments if money.segments else 0.0
    replies_micros = round(money.replies_micros + per_segment * money.replies_unpriced)
    return Cost(
        messages=money.messages,
        segments=money.segments,
        micros=money.micros,
        known=money.known,
        simulated=money.simulated,
        per_reached=round(money.micros / delivered) if delivered else None,
        per_finisher=round(money.micros / finished) if finished else None,
        replies=money.replies_segments,
        replies_micros=replies_micros,
        per_finisher_with_replies=(
            round((money.micros + replies_micros) / finished) if finished else None
        ),
    )
