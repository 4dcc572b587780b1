"""Campaigns that a backup brings back in the middle of their work: held, until a person decides.

A backup knows who was sent until it was made. Whoever was sent after it looks as if still waiting, so a
campaign that simply went on would write to them twice, and one whose start came later would begin anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from smsbot.campaigns import halting, lifecycle
from smsbot.storage import alerts
from smsbot.storage.alerts import Kind
from smsbot.values import CampaignState

if TYPE_CHECKING:
    from sqlalchemy import Connection

RESTORED: Final = "restored"
"""Why a campaign is paused that was under way in a backup."""

_UNDER_WAY = text(
    "SELECT DISTINCT campaign_id FROM campaign_runs WHERE state IN ('freezing', 'running') "
    "ORDER BY campaign_id"
)
_BEGUN_SINCE = text(
    "SELECT id FROM campaigns WHERE state = 'scheduled' AND next_at <= :now ORDER BY id"
)


def hold_campaigns(connection: Connection, *, actor: str, now_ms: int) -> int:
    """Pause what was under way and take back starts that have passed; give how many campaigns."""
    under_way = list(connection.execute(_UNDER_WAY).scalars())
    for campaign_id in under_way:
        halting.pause_now(
            connection,
            campaign_id,
            reason=RESTORED,
            actor=actor,
            now_ms=now_ms,
            alert=f"campaign {campaign_id} was under way when the restored backup was made, and whom it "
            "was sent to after that is not known here. Ask the gateway: `smsbot campaign resume "
            f"{campaign_id}` would write to them again, `smsbot campaign cancel {campaign_id}` ends it",
        )
    begun = list(connection.execute(_BEGUN_SINCE, {"now": now_ms}).scalars())
    for campaign_id in begun:
        lifecycle.move(
            connection,
            campaign_id,
            CampaignState.EXPIRED,
            actor=actor,
            now_ms=now_ms,
            note=RESTORED,
            next_at=None,
        )
        alerts.raise_alert(
            connection,
            Kind.CAMPAIGN_MISSED,
            lifecycle.subject(campaign_id),
            f"campaign {campaign_id} was to start after the restored backup was made and may have been "
            f"sent. If it was not, `smsbot campaign schedule {campaign_id}` lets it go",
            now_ms,
        )
    return len(under_way) + len(begun)
