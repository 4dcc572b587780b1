"""Campaigns that do not get on are told, the doctor shows what is amiss, and both fall silent again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from smsbot.campaigns.sweeps import Sweeps
from smsbot.storage import alerts, channel_states
from smsbot.storage.messages import HELD_AT
from smsbot.storage.tables import campaign_batches, campaign_runs, campaigns, contacts, messages
from smsbot.upkeep.examine_campaigns import examine_campaigns
from smsbot.values import CampaignState, RunState
from tests.integration import campaign_rows
from tests.integration.audience_support import launched, many, plan

if TYPE_CHECKING:
    from smsbot.storage.database import Database
    from smsbot.vault import Vault

NOW = campaign_rows.NOW
MINUTE = 60_000


class Swept:
    """The sweeps of one ticker, and what was told."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now_s = 0.0
        self.sweeps = Sweeps(database, clock_s=lambda: self.now_s)

    def told(self, now_ms: int, kind: str = "campaign_stuck") -> str:
        self.sweeps.sweep(now_ms)
        with self.database.read() as connection:
            return " ".join(alert.words for alert in alerts.ongoing(connection, kind))

    def found(self, now_ms: int = NOW) -> list[tuple[str, str, str]]:
        with self.database.read() as connection:
            return [
                (finding.check, finding.state.value, finding.words)
                for finding in examine_campaigns(connection, now_ms)
            ]

    def add(self, *, state: CampaignState = CampaignState.RUNNING, **changes: Any) -> int:
        with self.database.write() as connection:
            return campaign_rows.campaign(connection, state=state, **changes)

    def run(self, campaign: int, **changes: Any) -> int:
        with self.database.write() as connection:
            return campaign_rows.run(connection, campaign, **changes)

    def set(self, table: Any, **values: Any) -> None:
        with self.database.write() as connection:
            connection.execute(update(table).values(**values))


@pytest.fixture
def swept(database: Database) -> Swept:
    return Swept(database)


def test_a_launch_that_does_not_come_is_told_after_a_minute(swept: Swept) -> None:
    campaign = swept.add(state=CampaignState.SCHEDULED, next_at=NOW)
    assert swept.told(NOW + MINUTE) == ""
    assert swept.found(NOW + MINUTE)[0][1] == "ok"
    assert "should have begun 2 min ago and has not" in swept.told(NOW + 2 * MINUTE)
    assert "see that a worker and a ticker run" in swept.told(NOW + 2 * MINUTE)
    (finding,) = swept.found(NOW + 2 * MINUTE)
    assert finding[:2] == (f"campaign {campaign}", "fail")
    swept.run(campaign, state=RunState.FREEZING, frozen_at=None)
    assert swept.told(NOW + 3 * MINUTE) == ""


def test_a_freeze_without_progress_is_told(swept: Swept) -> None:
    run = swept.run(
        swept.add(state=CampaignState.SCHEDULED), state=RunState.FREEZING, frozen_at=None
    )
    assert swept.told(NOW) == ""
    swept.now_s = 59
    assert swept.told(NOW) == ""
    swept.now_s = 61
    assert "has written down nobody of its audience for 1 min" in swept.told(NOW)
    with swept.database.write() as connection:
        connection.execute(
            update(campaign_runs).where(campaign_runs.c.id == run).values(frozen_to=1000)
        )
    assert swept.told(NOW) == ""


def test_people_who_may_go_and_do_not_are_told(swept: Swept) -> None:
    run = swept.run(swept.add())
    with swept.database.write() as connection:
        campaign_rows.batch(connection, run, 1, 3)
        campaign_rows.rows(connection, run, {"queued": 1, "accepted": 2}, due_at=NOW)
    assert swept.told(NOW + 10 * MINUTE) == ""
    assert "has people who might have been sent 11 min ago" in swept.told(NOW + 11 * MINUTE)
    with swept.database.write() as connection:
        channel_states.pause(connection, "sim", "operator", "", NOW)
    assert swept.told(NOW + 12 * MINUTE) == ""
    with swept.database.write() as connection:
        channel_states.resume(connection, "sim")
    assert swept.told(NOW + 12 * MINUTE) != ""
    swept.set(messages, state="accepted")
    assert swept.told(NOW + 13 * MINUTE) == ""


@pytest.mark.parametrize(
    ("batch", "run", "told"),
    [
        ({}, {}, True),
        ({"due_at": NOW + 20 * MINUTE}, {}, False),  # they wait for their morning
        ({"state": "released"}, {}, False),
        ({}, {"tallied_at": NOW + 15 * MINUTE}, False),  # something moved
        ({}, {"state": "paused"}, False),
        ({}, {"ends_at": NOW + MINUTE}, False),
        ({"canary": True}, {}, False),  # the rest waits for the canary
        ({"canary": True}, {"canary_until": NOW}, True),
    ],
)
def test_a_run_that_lets_nobody_go_is_told(
    swept: Swept, batch: dict[str, Any], run: dict[str, Any], told: bool
) -> None:
    run_id = swept.run(swept.add(), tallied_at=NOW)
    with swept.database.write() as connection:
        if "canary" in batch:
            campaign_rows.batch(connection, run_id, 1, 1, is_canary=True)
        campaign_rows.batch(connection, run_id, 2, 3, state="called")
        campaign_rows.rows(connection, run_id, {"queued": 3}, due_at=HELD_AT, batch=2)
        changed = {name: value for name, value in batch.items() if name != "canary"}
        if changed:
            connection.execute(
                update(campaign_batches).where(campaign_batches.c.number == 2).values(**changed)
            )
        if run:
            connection.execute(update(campaign_runs).values(**run))
    assert ("has let nobody go for 20 min" in swept.told(NOW + 20 * MINUTE)) is told


def test_alerts_end_with_their_trouble(swept: Swept) -> None:
    missed = swept.add(state=CampaignState.EXPIRED)
    paused = swept.add(state=CampaignState.PAUSED)
    subjects = {
        "campaign_missed": f"campaign:{missed}",
        "campaign_paused": f"campaign:{paused}",
        "opt_outs": f"campaign:{paused}/1",
    }
    with swept.database.write() as connection:
        for kind, subject in subjects.items():
            alerts.raise_alert(connection, kind, subject, kind, NOW)
    assert all(swept.told(NOW + MINUTE, kind) == kind for kind in subjects)
    swept.set(campaigns, state="cancelled")
    assert swept.told(NOW + MINUTE, "campaign_missed") == ""
    assert swept.told(NOW + MINUTE, "campaign_paused") == ""
    assert swept.told(NOW + MINUTE, "opt_outs") != ""
    assert swept.told(NOW + 25 * 60 * MINUTE, "opt_outs") == ""


def test_the_doctor_has_nothing_against_a_sound_campaign(database: Database, vault: Vault) -> None:
    with database.write() as connection:
        ids = many(connection, vault, 30)
        speak_french = update(contacts).where(contacts.c.id > ids[19])
        connection.execute(speak_french.values(language="fr"))
    launched(database, vault, plan())
    swept = Swept(database)
    assert swept.found(NOW) == [
        ("campaigns", "ok", "1 under way, 0 wait for their time, all counts add up")
    ]
    swept.set(campaign_batches, size=21)
    (finding,) = swept.found(NOW)
    assert finding[1] == "fail"
    assert re.fullmatch(r"batch \d has more or fewer people than were written down", finding[2])


@pytest.mark.parametrize(
    ("state", "run", "changes", "expected"),
    [
        ("running", "running", {"audience": 4}, ("fail", "4 people are in its audience, 3 are")),
        ("finished", "finished", {"audience": 4, "finished_at": NOW}, ("fail", "4 people are in")),
        ("finished", "finished", {"audience": 4, "finished_at": 5}, None),  # long ago
        ("running", "running", {"committed_micros": 5}, ("warn", "2.40 KES differ")),
        ("running", "running", {"committed_micros": 5, "tallied_at": NOW}, None),
        ("paused", "paused", {"paused_reason": "budget"}, ("warn", "paused: budget")),
        ("paused", "expired", {}, ("warn", "paused")),
        ("running", "finished", {"finished_at": NOW}, ("warn", "it is running, but none of its")),
        ("expired", None, {}, ("warn", "it missed its start, and nobody was sent")),
    ],
)
def test_the_doctor_shows_what_is_amiss(
    swept: Swept,
    state: str,
    run: str | None,
    changes: dict[str, Any],
    expected: tuple[str, str] | None,
) -> None:
    campaign = swept.add(state=CampaignState(state))
    if run is not None:
        run_id = swept.run(campaign, state=RunState(run))
        with swept.database.write() as connection:
            campaign_rows.batch(connection, run_id, 1, 3)
            campaign_rows.rows(connection, run_id, {"accepted": 3})
            settled = {"committed_micros": 2_400_000} | changes
            connection.execute(update(campaign_runs).values(**settled))
    found = swept.found()
    if expected is None:
        assert [one[1] for one in found] == ["ok"]
    else:
        assert len(found) == 1
        assert found[0][1] == expected[0]
        assert found[0][2].startswith(expected[1])


def test_the_doctor_counts_what_nobody_ended(swept: Swept) -> None:
    run = swept.run(swept.add(), committed_micros=0)
    with swept.database.write() as connection:
        campaign_rows.batch(connection, run, 1, 2)
        campaign_rows.rows(connection, run, {"queued": 2}, expires_at=NOW - 2 * MINUTE)
    assert ("campaigns", "warn", "2 messages wait although their time is over") in swept.found()
