"""Pause, resume and cancel: the campaign and its run in one transaction, then the rows in short ones.

From the first transaction on nothing new is released, and no sender claims a row (it looks at the run
in its claim's transaction). The rest brings the rows to where the run is: what was let go and is not on
its way yet is held again, or cancelled. If the process dies in between, the planner's `sweep` goes on.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from smsbot import metrics
from smsbot.campaigns import lifecycle
from smsbot.errors import Refused
from smsbot.storage import alerts, campaigns, channel_states, halts
from smsbot.storage.alerts import Kind
from smsbot.values import CampaignState, RunState

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from smsbot.storage.database import Database

ACCOUNT: Final = "account"
BUDGET: Final = "budget"
CURRENCY: Final = "currency"
BY_OPERATOR: Final = "operator"
SYSTEM: Final = "system"
"""The actor of what the service does by itself."""
_LOOK_AT: Final = 50
_PATIENCE_S: Final = 4.0
"""How long a command works on the rows of a cancelled run before it leaves the rest to the planner."""
_REST_SHARE: Final = 0.5
"""Between two steps others may write: a step's time again, half of it."""


@dataclass(frozen=True, slots=True)
class Halted:
    """What became of the rows. `is_complete` False: the planner does the rest within seconds."""

    rows: int
    is_complete: bool


def pause(
    database: Database,
    campaign_id: int,
    *,
    reason: str,
    actor: str,
    now_ms: int,
    alert: str = "",
) -> Halted:
    """Stop a campaign until somebody resumes it. Raises Refused when it can't be paused now.

    `reason` is a stable word (`operator`, `budget`, `canary` ...); `alert` tells the operators why and
    what to do, if it was not a person who paused. When this returns, nothing goes to the gateway any
    more but what was on its way.
    """
    with database.write() as connection:
        run_id = pause_now(
            connection, campaign_id, reason=reason, actor=actor, now_ms=now_ms, alert=alert
        )
    return Halted(0, is_complete=True) if run_id is None else follow(database, run_id, now_ms)


def pause_now(
    connection: Connection,
    campaign_id: int,
    *,
    reason: str,
    actor: str,
    now_ms: int,
    alert: str = "",
) -> int | None:
    """Do the first step of `pause` in the caller's transaction; give the run. `sweep` does the rest."""
    run_id = halts.lock_alive(connection, campaign_id)
    lifecycle.move(
        connection, campaign_id, CampaignState.PAUSED, actor=actor, now_ms=now_ms, note=reason
    )
    if run_id is not None:
        halts.pause_run(connection, run_id, reason, now_ms)
    metrics.campaign_paused(reason)
    if alert:
        alerts.raise_alert(
            connection, Kind.CAMPAIGN_PAUSED, lifecycle.subject(campaign_id), alert, now_ms
        )
    return run_id


def resume(database: Database, campaign_id: int, *, actor: str, now_ms: int) -> None:
    """Let a paused campaign go on. Raises Refused when it is not paused.

    If an account fault paused its channel, that is lifted too: whoever resumes has mended it. A pause
    by an operator of the channel stays (`smsbot channels resume`).
    """
    with database.write() as connection:
        run_id = halts.lock_alive(connection, campaign_id)
        lifecycle.move(
            connection,
            campaign_id,
            CampaignState.RUNNING,
            actor=actor,
            now_ms=now_ms,
            only_from=(CampaignState.PAUSED,),
        )
        if run_id is not None:
            halts.resume_run(connection, run_id)
        subject = lifecycle.subject(campaign_id)
        alerts.end_alert(connection, Kind.CAMPAIGN_PAUSED, subject, now_ms)
        channel = campaigns.find(connection, campaign_id).channel
        state = channel_states.find(connection, channel)
        if state.paused_at is not None and state.paused_because != BY_OPERATOR:
            channel_states.resume(connection, channel)
            alerts.end_alert(connection, Kind.CHANNEL_PAUSED, channel, now_ms)


def cancel(
    database: Database,
    campaign_id: int,
    *,
    actor: str,
    now_ms: int,
    patience_s: float = _PATIENCE_S,
) -> Halted:
    """End a campaign for good. Raises Refused when it is over already.

    Who was not sent yet never will be. A million rows take half a minute to be marked, of which this
    waits `patience_s`; none of them can be sent meanwhile.
    """
    with database.write() as connection:
        run_id = halts.lock_alive(connection, campaign_id)
        lifecycle.move(
            connection,
            campaign_id,
            CampaignState.CANCELLED,
            actor=actor,
            now_ms=now_ms,
            next_at=None,
        )
        if run_id is not None:
            halts.cancel_run(connection, run_id)
        alerts.end_alert(connection, Kind.CAMPAIGN_PAUSED, lifecycle.subject(campaign_id), now_ms)
    if run_id is None:
        return Halted(0, is_complete=True)
    return follow(database, run_id, now_ms, patience_s=patience_s)


def follow(
    database: Database, run_id: int, now_ms: int, *, patience_s: float = _PATIENCE_S
) -> Halted:
    """Bring the rows of a paused or cancelled run to where it is. May be called twice, or at once."""
    until = time.monotonic() + patience_s
    rows = 0
    while True:
        with database.read() as connection:
            found = {halt.run_id: halt.state for halt in halts.halting(connection)}
            state = found.get(run_id)
            if state is RunState.PAUSED:
                numbers = halts.batches_let_go(connection, run_id, _LOOK_AT)
            elif state is RunState.CANCELLED:
                numbers = halts.batches_queued(connection, run_id, _LOOK_AT)
            else:
                return Halted(rows, is_complete=True)
        for number in numbers:
            if time.monotonic() >= until:
                return Halted(rows, is_complete=False)
            rows += _step(database, run_id, number, state, now_ms)
        if not numbers:
            break
    if state is RunState.CANCELLED:
        with database.write() as connection:
            halts.finish_cancelled(connection, run_id, now_ms)
    return Halted(rows, is_complete=True)


def _step(database: Database, run_id: int, number: int, state: RunState, now_ms: int) -> int:
    began = time.monotonic()
    with database.write() as connection:
        if state is RunState.PAUSED:
            rows = halts.hold(connection, run_id, number)
        else:
            rows = halts.end(connection, run_id, number, now_ms)
    time.sleep((time.monotonic() - began) * _REST_SHARE)
    return rows


def sweep(database: Database, now_ms: int, *, patience_s: float = _PATIENCE_S) -> int:
    """Finish the pauses and cancels that a killed process left, or that were too long; give the rows."""
    with database.read() as connection:
        found = halts.halting(connection)
    return sum(
        follow(database, halt.run_id, now_ms, patience_s=patience_s / len(found)).rows
        for halt in found
    )


_WHY: Final = {
    BUDGET: "its budget is spent: messages cost more than `price` in channels.yaml says. Mend that, "
    "then cancel it, or order the rest as a new campaign",
    CURRENCY: "its gateway charges in another currency than `price` in channels.yaml, so its budget "
    "can't be kept. Mend that before you resume it",
}


def stop_run(connection: Connection, run_id: int, reason: str, now_ms: int) -> None:
    """Pause the campaign of a run for its costs, if it runs; `sweep` brings its rows back."""
    campaign_id = halts.campaign_of(connection, run_id)
    with suppress(Refused):  # it is paused or over already
        pause_now(
            connection,
            campaign_id,
            reason=reason,
            actor=SYSTEM,
            now_ms=now_ms,
            alert=f"campaign {campaign_id} is paused: {_WHY[reason]}",
        )


def try_to_pause(
    database: Database, campaign_id: int, *, reason: str, now_ms: int, alert: str
) -> bool:
    """Pause for a rule of the service; False when somebody else has paused or ended it before."""
    try:
        pause(database, campaign_id, reason=reason, actor=SYSTEM, now_ms=now_ms, alert=alert)
    except Refused:
        return False
    return True
