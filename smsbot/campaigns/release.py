"""Releasing a batch: from held rows to rows that senders may claim, as far as rules and money go.

One short transaction under the lock of the run. Consent, STOP, the hour where each person lives and the
frequency cap are looked at now; who must wait stays held, with the moment to look again, so that no more
rows are ever let go than a channel sends in some seconds. What is let go is set aside from the budget in
the same transaction.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from smsbot.campaigns import halting
from smsbot.log import get_logger
from smsbot.sending.screening import ERASED, Verdict, refused, screen
from smsbot.storage import releases
from smsbot.storage.run_rules import of_runs
from smsbot.storage.suppressions import refusals
from smsbot.values import RunState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from smsbot.storage.database import Database
    from smsbot.storage.releases import HeldRow, RunRow
    from smsbot.values import Channel

MOST: Final = 1000
"""How many rows one transaction looks at."""
_SOON_MS: Final = 60_000


class Outcome(StrEnum):
    """What a release came to."""

    DONE = "done"
    NOT_RUNNING = "not_running"
    NOT_OPEN = "not_open"
    CANARY = "canary"
    BUDGET = "budget"


@dataclass(frozen=True, slots=True)
class Released:
    """How many rows may go, must wait, or never go and why. `again_at`: the batch holds people still."""

    outcome: Outcome
    went: int = 0
    waits: int = 0
    suppressed: Mapping[str, int] = field(default_factory=dict)
    again_at: int | None = None


def release(
    database: Database,
    run_id: int,
    number: int,
    *,
    now_ms: int,
    channel: Channel,
    most: int = MOST,
) -> Released:
    """Let go what may go of the next `most` rows of a batch. Twice, or two at once, is harmless.

    Pauses the campaign when its budget has no room for another message. Raises DatabaseAway: nothing
    was done.
    """
    with database.write() as connection:
        found = _release(connection, run_id, number, now_ms, channel, most)
    if found.outcome in (Outcome.DONE, Outcome.BUDGET):
        get_logger().info(
            "released",
            run=run_id,
            batch=number,
            outcome=found.outcome.value,
            went=found.went,
            waits=found.waits,
            suppressed=sum(found.suppressed.values()),
        )
    return found


def _release(
    connection: Connection, run_id: int, number: int, now_ms: int, channel: Channel, most: int
) -> Released:
    run = releases.lock_run(connection, run_id)
    if run is None or run.state is not RunState.RUNNING or run.ends_at <= now_ms:
        return Released(Outcome.NOT_RUNNING)
    waits_for_canary = releases.is_held_for_canary(connection, run, number, now_ms)
    if waits_for_canary is None:
        return Released(Outcome.NOT_OPEN)
    if waits_for_canary:
        return Released(Outcome.CANARY)
    rows = releases.held_rows(connection, run_id, number, now_ms, most)
    verdicts = _judge(connection, rows, channel, now_ms)
    going = [row for row in rows if row.id not in verdicts]
    affordable = _affordable(run, going, channel)
    if going and not affordable:
        # What fitted goes first: a pause would take it back.
        if not releases.has_let_go(connection, run_id, now_ms + _SOON_MS):
            _pause_for_budget(connection, run, now_ms)
        return Released(Outcome.BUDGET)
    suppressed: Counter[str] = Counter()
    for reason in {verdict.refused for verdict in verdicts.values() if verdict.refused}:
        ids = [row for row, verdict in verdicts.items() if verdict.refused == reason]
        releases.let_none(connection, ids, reason, now_ms)
        suppressed[reason] = len(ids)
    until = {row: v.until for row, v in verdicts.items() if v.until is not None}
    releases.let_wait(connection, until)
    releases.let_go(connection, [row.id for row in affordable], now_ms)
    releases.commit_money(connection, run_id, sum(_price(row, channel) for row in affordable))
    again_at = releases.close_or_keep(connection, run_id, number, now_ms)
    return Released(Outcome.DONE, len(affordable), len(until), suppressed, again_at)


def _judge(
    connection: Connection, rows: Sequence[HeldRow], channel: Channel, now_ms: int
) -> dict[int, Verdict]:
    stopped = refused(connection, rows, refusals) | {
        row.id: ERASED for row in rows if row.is_erased
    }
    rules = of_runs(connection, {row.run_id for row in rows})
    asked = [row for row in rows if row.id not in stopped]
    found = screen(connection, asked, channel=channel, rules=rules, now_ms=now_ms)
    return found | {row: Verdict(word) for row, word in stopped.items()}


def _affordable(run: RunRow, rows: Sequence[HeldRow], channel: Channel) -> Sequence[HeldRow]:
    """Give the first rows, as many as the budget pays by our own estimate."""
    if run.budget_micros is None:
        return rows
    left = run.budget_micros - run.committed_micros
    for count, row in enumerate(rows):
        left -= _price(row, channel)
        if left < 0:
            return rows[:count]
    return rows


def _price(row: HeldRow, channel: Channel) -> int:
    if row.price_micros is not None:
        return row.price_micros
    return row.segments * channel.prices.segment_micros(row.country, "")


def _pause_for_budget(connection: Connection, run: RunRow, now_ms: int) -> None:
    spent, limit = run.committed_micros / 1e6, (run.budget_micros or 0) / 1e6
    halting.pause_now(
        connection,
        run.campaign_id,
        reason=halting.BUDGET,
        actor=halting.SYSTEM,
        now_ms=now_ms,
        alert=f"campaign {run.campaign_id} is paused: {spent:.2f} of its budget of {limit:.2f} "
        f"{run.currency} is spent or set aside, and the next message does not fit. Cancel it, or "
        "order the rest as a new campaign",
    )
