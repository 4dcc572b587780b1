"""A backup from the middle of campaigns: what may have gone since waits for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text, update

from smsbot.storage import alerts, audit
from smsbot.storage.tables import campaign_runs, campaigns
from smsbot.upkeep.restored import hold_campaigns
from smsbot.values import CampaignState, RunState
from tests.integration import desk_support

if TYPE_CHECKING:
    from smsbot.storage.database import Database

NOW = 1_795_000_000_000
HOUR = 3_600_000


def test_what_was_under_way_or_begun_since_is_held_and_the_rest_is_left(database: Database) -> None:
    with database.write() as connection:
        running = desk_support.campaign(connection, CampaignState.RUNNING)
        desk_support.run(connection, running, RunState.RUNNING)
        freezing = desk_support.campaign(connection, CampaignState.SCHEDULED)
        desk_support.run(connection, freezing, RunState.FREEZING)
        begun = desk_support.campaign(connection, CampaignState.SCHEDULED)
        to_come = desk_support.campaign(connection, CampaignState.SCHEDULED)
        paused = desk_support.campaign(connection, CampaignState.PAUSED)
        desk_support.run(connection, paused, RunState.PAUSED)
        finished = desk_support.campaign(connection, CampaignState.FINISHED)
        for campaign, next_at in ((begun, NOW - 1), (to_come, NOW + HOUR)):
            connection.execute(
                update(campaigns).where(campaigns.c.id == campaign).values(next_at=next_at)
            )
        assert hold_campaigns(connection, actor="cli:wanjiru", now_ms=NOW) == 3
        assert hold_campaigns(connection, actor="cli:wanjiru", now_ms=NOW) == 0
        found = connection.execute(select(campaigns.c.id, campaigns.c.state, campaigns.c.next_at))
        assert {row.id: (row.state, row.next_at) for row in found} == {
            running: ("paused", None),
            freezing: ("paused", None),
            begun: ("expired", None),
            to_come: ("scheduled", NOW + HOUR),
            paused: ("paused", None),
            finished: ("finished", None),
        }
        runs = connection.execute(
            select(
                campaign_runs.c.campaign_id, campaign_runs.c.state, campaign_runs.c.paused_reason
            )
        )
        assert {row.campaign_id: (row.state, row.paused_reason) for row in runs} == {
            running: ("paused", "restored"),
            freezing: ("paused", "restored"),
            paused: ("paused", ""),
        }
        told = connection.execute(text("SELECT kind, words FROM alerts ORDER BY id")).all()
        assert [kind for kind, _ in told] == [
            alerts.Kind.CAMPAIGN_PAUSED,
            alerts.Kind.CAMPAIGN_PAUSED,
            alerts.Kind.CAMPAIGN_MISSED,
        ]
        assert f"campaign cancel {running}" in told[0][1]
        assert f"campaign schedule {begun}" in told[2][1]
        assert {entry.actor for entry in audit.newest(connection, 3)} == {"cli:wanjiru"}
