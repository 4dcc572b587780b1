"""Launching on time: what is due is opened as a run and frozen, what came too late is noted.

RQ's scheduler calls at the moment that was planned, the ticker each second for whatever is due in SQL.
Both only call: two launches at once open one run (unique by its planned moment), and a freezer that
was killed is called again. An occurrence that is over before it began needs a person if it is the only
one; a repeated campaign goes on with the next. Of several that are due at once only the newest goes:
nobody wants last night's message three times in the morning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from smsbot.campaigns import launch, lifecycle, occurrences
from smsbot.errors import ConfigError
from smsbot.log import get_logger
from smsbot.storage import agenda, alerts, campaigns
from smsbot.storage.alerts import Kind
from smsbot.values import CampaignState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection

    from smsbot.storage.campaigns import Campaign
    from smsbot.storage.database import Database
    from smsbot.values import Channel

SYSTEM: Final = "system"
"""Who the audit log says did what nobody ordered."""
_LOOK_BACK_MS: Final = 31 * 86_400_000
_NOTED: Final = 100
"""How many missed occurrences are noted as runs; of a longer absence the newest."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a campaign's time asks for: `goes` now (or nothing), `missed` before it, `next_at` after."""

    goes: int | None
    missed: Sequence[int]
    next_at: int | None


def run_due(
    database: Database,
    channels: Mapping[str, Channel],
    campaign_id: int,
    *,
    now_ms: Callable[[], int],
    canary_over: int,
    should_stop: Callable[[], bool],
    call_at: Callable[[int, int], object],
) -> bool:
    """Open the run that is due and write its audience down; say whether nothing is left to do.

    May be called twice, at once, and again after a crash. `call_at(campaign, moment)` is asked to call
    for the next occurrence. Raises ConfigError for a campaign whose channel is gone.
    """
    with database.read() as connection:
        campaign = campaigns.find(connection, campaign_id)
        run_id = agenda.freezing(connection, campaign_id)
    channel = _channel(campaign, channels)
    if run_id is None:
        planned = plan_of(campaign, channel, now_ms())
        if planned is None:
            return True
        with database.write() as connection:
            run_id = _open(connection, campaign, channel, planned, now_ms())
        if planned.next_at is not None:
            call_at(campaign_id, planned.next_at)
    if run_id is None:
        return True
    return launch.freeze(
        database,
        run_id,
        channel=channel,
        now_ms=now_ms(),
        canary_over=canary_over,
        should_stop=should_stop,
    )


def plan_of(campaign: Campaign, channel: Channel, now_ms: int) -> Planned | None:
    """Give what a campaign's time asks for at this moment; None when it is not due."""
    at = campaign.next_at
    if campaign.state is not CampaignState.SCHEDULED or at is None or at > now_ms:
        return None
    plan, come = campaign.plan, [at]
    if plan.repeat and at < now_ms - _LOOK_BACK_MS:
        at = now_ms - _LOOK_BACK_MS
    while (at := occurrences.following(plan, channel.timezone, at) or now_ms + 1) <= now_ms:
        come = [*come[1 - _NOTED :], at]
    goes = come.pop() if occurrences.ends_at(plan, come[-1]) > now_ms else None
    return Planned(goes, come, at if plan.repeat else None)


def _open(
    connection: Connection,
    campaign: Campaign,
    channel: Channel,
    planned: Planned,
    now_ms: int,
) -> int | None:
    """Note what was missed and open what goes, unless somebody else was faster."""
    assert campaign.next_at is not None
    if not agenda.plan_next(
        connection, campaign.id, planned_at=campaign.next_at, next_at=planned.next_at
    ):
        return agenda.freezing(connection, campaign.id)
    if not planned.goes and not campaign.plan.repeat:
        _expire(connection, campaign, channel, now_ms)
        return None
    for at in planned.missed:
        agenda.note_missed(
            connection,
            campaign.id,
            planned_at=at,
            ends_at=occurrences.ends_at(campaign.plan, at),
            currency=channel.prices.currency,
            now_ms=now_ms,
        )
    if planned.goes is None:
        words = (
            f"{name_of(campaign.id, campaign.title)} missed {len(planned.missed)} of its times by more "
            "than its expiry; it goes on with the next. Nothing is to be done, unless somebody waits "
            "for what was missed: `smsbot campaign runs` shows it."
        )
        alerts.raise_alert(connection, Kind.CAMPAIGN_MISSED, subject_of(campaign.id), words, now_ms)
        return None
    alerts.end_alert(connection, Kind.CAMPAIGN_MISSED, subject_of(campaign.id), now_ms)
    run_id = launch.begin(
        connection,
        campaign,
        planned_at=planned.goes,
        began_at=now_ms,
        ends_at=occurrences.ends_at(campaign.plan, planned.goes),
    )
    get_logger().info(
        "campaign_launched",
        campaign=campaign.id,
        run=run_id,
        late_s=(now_ms - planned.goes) // 1000,
        missed=len(planned.missed),
    )
    return run_id


def _expire(connection: Connection, campaign: Campaign, channel: Channel, now_ms: int) -> None:
    lifecycle.move(
        connection,
        campaign.id,
        CampaignState.EXPIRED,
        actor=SYSTEM,
        now_ms=now_ms,
        note="missed",
        next_at=None,
    )
    words = (
        f"{name_of(campaign.id, campaign.title)} should have begun more than its expiry ago, while the "
        f"service was not at work. Nothing was sent. If it is still wanted: `smsbot campaign schedule "
        f"{campaign.id}`; if not: `smsbot campaign cancel {campaign.id}`."
    )
    alerts.raise_alert(connection, Kind.CAMPAIGN_MISSED, subject_of(campaign.id), words, now_ms)
    get_logger().warning("campaign_missed", campaign=campaign.id, channel=channel.id)


def _channel(campaign: Campaign, channels: Mapping[str, Channel]) -> Channel:
    found = channels.get(campaign.channel)
    if found is None:
        raise ConfigError(
            f"campaign {campaign.id} wants the channel {campaign.channel}, which is not in "
            "channels.yaml (any more): put it back, or cancel the campaign"
        )
    return found


def subject_of(campaign_id: int) -> str:
    """Give the subject of a campaign's alerts and of its lines in the audit log."""
    return lifecycle.subject(campaign_id)


def name_of(campaign_id: int, title: str) -> str:
    """Give how an alert names a campaign to people. A title is an author's, not a citizen's."""
    return f"Campaign {campaign_id} (“{title}”)"
