"""How runs end: when nobody of them waits any more, by being sent, cancelled, or too late.

A run is over when it is frozen and none of its people is queued or in a gateway's hands. It has
`finished` if anybody was sent, or if nobody was to be; it has `expired` if all were too late. Receipts
come later and change its counts only. The campaign follows, or waits for its next occurrence. A
campaign that was paused when its run ended stays so if it repeats: whoever resumes it has looked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot import metrics
from smsbot.campaigns import lifecycle
from smsbot.campaigns.schedule import SYSTEM, subject_of
from smsbot.errors import Refused
from smsbot.log import get_logger
from smsbot.storage import agenda, alerts, campaigns, standings
from smsbot.storage.alerts import Kind
from smsbot.values import CampaignState, MessageState, RunState

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from smsbot.storage.database import Database
    from smsbot.storage.standings import Run, Tally

_OPEN = (MessageState.QUEUED, MessageState.SENDING)


def end_runs(database: Database, now_ms: int, call_at: Callable[[int, int], object]) -> list[int]:
    """End the runs that are over, and give them. May run twice, or at once.

    Costs a few milliseconds for each run that goes on. `call_at(campaign, moment)` is asked to call for
    a next occurrence.
    """
    with database.read() as connection:
        frozen = [
            run
            for run in standings.runs_in(connection, RunState.RUNNING, RunState.PAUSED)
            if run.frozen_at is not None and not agenda.is_open(connection, run.id)
        ]
        idle = agenda.without_run(connection)
    ended = [run.id for run in frozen if _end(database, run, now_ms, call_at)]
    for campaign_id in idle:
        with database.write() as connection:
            next_at = _follow(connection, campaign_id, RunState.FINISHED, now_ms)
        if next_at is not None:
            call_at(campaign_id, next_at)
    return ended


def _end(database: Database, run: Run, now_ms: int, call_at: Callable[[int, int], object]) -> bool:
    with database.read() as connection:
        counted = standings.count(connection, run.id, run.currency)
    tally = counted.tally
    if any(tally.counts.get(state, 0) for state in _OPEN):
        return False  # a row that is in no batch; the next look sees more
    after = outcome(tally)
    with database.write() as connection:
        if not agenda.end_run(connection, run.id, run.state, after, now_ms):
            return False
        standings.keep(connection, run.id, counted, now_ms)
        next_at = _follow(connection, run.campaign_id, after, now_ms)
    if next_at is not None:
        call_at(run.campaign_id, next_at)
    get_logger().info(
        "campaign_run_ended",
        campaign=run.campaign_id,
        run=run.id,
        state=after.value,
        audience=run.audience,
        **tally.counts,
    )
    for state, people in tally.counts.items():
        metrics.campaign_people(state, people)
    return True


def outcome(tally: Tally) -> RunState:
    """Give what became of a run in which nobody waits any more."""
    was_sent = tally.segments > 0 or tally.counts.get(MessageState.FAILED, 0) > 0
    came_late = tally.counts.get(MessageState.EXPIRED, 0) > 0
    return RunState.EXPIRED if came_late and not was_sent else RunState.FINISHED


def _follow(connection: Connection, campaign_id: int, after: RunState, now_ms: int) -> int | None:
    """Move a campaign on whose run has ended; give the moment of its next one, if it waits for it."""
    campaign = campaigns.find(connection, campaign_id)
    if campaign.state is CampaignState.PAUSED and campaign.next_at is not None:
        return None
    to = CampaignState(after.value)
    if campaign.next_at is not None:
        to = CampaignState.SCHEDULED
    try:
        lifecycle.move(connection, campaign_id, to, actor=SYSTEM, now_ms=now_ms)
    except Refused:
        return None  # cancelled at this very moment
    alerts.end_alert(connection, Kind.CAMPAIGN_PAUSED, subject_of(campaign_id), now_ms)
    return campaign.next_at
