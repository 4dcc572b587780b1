"""Launching: a run of a campaign, and its audience written down as rows, once.

`begin` makes the run, once per occurrence. `freeze` writes its audience piece by piece, in the order of
contacts: each piece is one short transaction that moves the run on by compare-and-set, so a freezer may
be killed at any moment, and two may work at once; every person has one row in the end. Nothing is sent
from here: the rows are held until their batch is released.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from smsbot import metrics
from smsbot.campaigns import lifecycle
from smsbot.campaigns.draws import seed_of
from smsbot.campaigns.freezer import Freezer
from smsbot.log import get_logger
from smsbot.storage import alerts, audiences, campaigns, freezing, runs
from smsbot.storage.alerts import Kind
from smsbot.values import CampaignState, RunState

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from smsbot.storage.campaigns import Campaign
    from smsbot.storage.database import Database
    from smsbot.storage.runs import Run
    from smsbot.values import Channel

CANARY_OVER: Final = 1000
"""How many people a campaign must reach to have a canary of its own accord (SMSBOT_CANARY_OVER)."""
AUDIENCE_GREW: Final = "audience_grew"
"""Why a run is paused that reaches many more people than its approver was told."""
_GROWTH, _MORE = 1.1, 50
_SYSTEM: Final = "system"


def begin(
    connection: Connection,
    campaign: Campaign,
    *,
    planned_at: int,
    began_at: int,
    ends_at: int,
    seed: str = "",
) -> int | None:
    """Make the run of an occurrence in state freezing; give its id, or None when there is one.

    None too when the campaign is not scheduled any more: somebody has cancelled it. Contacts that come
    later than this are not in the audience. Without a `seed` it is the campaign's own, by which its
    preview was drawn.
    """
    if campaigns.held_state(connection, campaign.id) is not CampaignState.SCHEDULED:
        return None
    return runs.add(
        connection,
        campaign.id,
        planned_at=planned_at,
        began_at=began_at,
        ends_at=ends_at,
        seed=seed or seed_of(campaign.id),
        freeze_to=audiences.highest_id(connection),
        budget_micros=campaign.plan.budget_micros,
        currency=campaign.plan.currency,
    )


def freeze(
    database: Database,
    run_id: int,
    *,
    channel: Channel,
    now_ms: int,
    canary_over: int = CANARY_OVER,
    should_stop: Callable[[], bool] = lambda: False,
) -> bool:
    """Write the audience down; say whether it is complete. May be called again, by anybody, any time.

    False when it was told to stop or the run was cancelled. A complete run is running, or paused if it
    reaches many more people than its approver was told. Raises DatabaseAway: what is written stays.
    """
    began = time.monotonic()
    run = _look(database, run_id)
    if run.frozen_at is not None:
        return True
    freezer = Freezer(database, run_id, channel=channel, now_ms=now_ms, canary_over=canary_over)
    done = freezer.run.frozen_to
    while done < run.freeze_to:
        if should_stop():
            return False
        before, done = done, freezer.write_piece(done)
        if done == before:  # another freezer was faster, or somebody has cancelled it
            run = _look(database, run_id)
            if run.frozen_at is not None:
                return True
            if run.state not in freezing.FREEZING:
                return False
            done = run.frozen_to
    with database.write() as connection:
        complete = _complete(connection, run_id, now_ms=now_ms, canary_over=canary_over)
        run = runs.find(connection, run_id)
    if complete:
        took_ms = int((time.monotonic() - began) * 1000)
        get_logger().info("frozen", run=run_id, audience=run.audience, ms=took_ms)
    return run.frozen_at is not None


def _look(database: Database, run_id: int) -> Run:
    with database.read() as connection:
        return runs.find(connection, run_id)


def _complete(connection: Connection, run_id: int, *, now_ms: int, canary_over: int) -> bool:
    """Let the run begin; False when another freezer has done so, or the run has ended."""
    if not freezing.complete(connection, run_id, now_ms):
        return False
    run = runs.find(connection, run_id)
    campaign = campaigns.find(connection, run.campaign_id)
    reached = freezing.reached(connection, run_id)
    if campaign.plan.canary is None and reached <= canary_over:
        freezing.forget_canary(connection, run_id)
    told = campaign.approved_size
    if told is not None and reached > told * _GROWTH + _MORE:
        _pause(connection, run, campaign, reached, told, now_ms)
    elif runs.set_state(connection, run_id, RunState.FREEZING, RunState.RUNNING):
        _move(connection, campaign, CampaignState.RUNNING, now_ms)
    return True


def _pause(
    connection: Connection, run: Run, campaign: Campaign, reached: int, told: int, now_ms: int
) -> None:
    if runs.set_state(
        connection,
        run.id,
        RunState.FREEZING,
        RunState.PAUSED,
        paused_reason=AUDIENCE_GREW,
        paused_at=now_ms,
    ):
        _move(connection, campaign, CampaignState.PAUSED, now_ms, note=AUDIENCE_GREW)
        metrics.campaign_paused(AUDIENCE_GREW)
    words = (
        f"campaign {campaign.id} would reach {reached} people, and its approver was told of {told}: "
        f"look at `smsbot campaign status {campaign.id}`, then resume or cancel it"
    )
    alerts.raise_alert(
        connection, Kind.CAMPAIGN_PAUSED, lifecycle.subject(campaign.id), words, now_ms
    )


def _move(
    connection: Connection, campaign: Campaign, to: CampaignState, now_ms: int, note: str = ""
) -> None:
    if campaign.state is CampaignState.SCHEDULED:
        lifecycle.move(connection, campaign.id, to, actor=_SYSTEM, now_ms=now_ms, note=note)
