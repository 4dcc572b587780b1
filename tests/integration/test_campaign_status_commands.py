"""`smsbot campaign status|list|runs`, as JSON and as words."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from smsbot.cli.main import group
from smsbot.config import load_settings
from smsbot.errors import NotFound
from smsbot.plans import Plan
from smsbot.storage import migrate, standings
from smsbot.storage.database import Database
from smsbot.values import CampaignState, RunState
from tests.integration import campaign_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = campaign_rows.NOW


@pytest.fixture
def deployed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    for name in [*os.environ]:
        if name.startswith(("SMSBOT_", "AFRICASTALKING_", "TWILIO_")) or name == "PORT":
            monkeypatch.delenv(name)
    monkeypatch.setenv("SMSBOT_DATA", str(tmp_path))
    database = Database(load_settings().effective_database_url)
    migrate.upgrade(database)
    yield database
    database.close()


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(group, ("campaign", *arguments), catch_exceptions=False)


def test_a_running_campaign_is_told_in_words_and_as_json(deployed: Database) -> None:
    with deployed.write() as connection:
        campaign = campaign_rows.campaign(connection, replace(campaign_rows.PLAN, rate=10.0))
        run = campaign_rows.run(connection, campaign)
        campaign_rows.rows(
            connection,
            run,
            {"queued": 1200, "delivered": 700, "suppressed/hold_out": 100},
            segments=2,
        )
    found = json.loads(_run("status", str(campaign), "--json").stdout)
    assert list(found) == [
        *("id", "run", "title", "state", "paused_reason", "audience", "counts", "suppressed"),
        *("segments", "cost_micros", "currency"),
    ]
    assert (found["audience"], found["counts"]["queued"], found["segments"]) == (2000, 1200, 1400)
    words = _run("status", str(campaign)).stdout
    assert words.splitlines()[:3] == [
        f"Mwezi wa usalama – “PIN”  (campaign {campaign}, run 1)",
        "running",
        f"[{'█' * 16}{'·' * 24}] 40% of 2,000 people",
    ]
    assert "    hold_out             100" in words
    assert "1,400 segments, KES 560.00" in words
    assert "10.0 segments/s allowed, 4 min left if nothing makes it wait" in words


def test_the_speed_is_told_from_the_last_count(
    deployed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with deployed.write() as connection:
        campaign = campaign_rows.campaign(connection)
        run = campaign_rows.run(connection, campaign)
        campaign_rows.rows(connection, run, {"queued": 9000})
        standings.keep(connection, run, standings.count(connection, run, "KES"), NOW)
        campaign_rows.rows(connection, run, {"accepted": 500}, first=9000)
    monkeypatch.setattr("smsbot.clock.Clock.now_ms", lambda _: NOW + 5000)
    assert "100.0 segments/s now, 2 min left" in _run("status", str(campaign)).stdout


def test_a_pause_tells_its_reason_and_a_plan_its_beginning(deployed: Database) -> None:
    with deployed.write() as connection:
        paused = campaign_rows.campaign(connection, state=CampaignState.PAUSED)
        run = campaign_rows.run(
            connection, paused, state=RunState.PAUSED, paused_reason="failure_rate"
        )
        campaign_rows.rows(connection, run, {"queued": 1})
        planned = campaign_rows.campaign(
            connection, Plan("Later", "alerts", "sim"), state=CampaignState.SCHEDULED, next_at=NOW
        )
    assert "paused: failure_rate" in _run("status", str(paused)).stdout
    words = _run("status", str(planned)).stdout
    assert "begins at 2026-09-21 14:13 UTC" in words
    assert "nobody is written down yet" in words
    assert json.loads(_run("status", str(planned), "--json").stdout)["currency"] == "KES"
    assert "failure_rate" in _run("runs", str(paused)).stdout
    listed = [line.split()[:2] for line in _run("list").stdout.splitlines()]
    assert listed == [[str(planned), "scheduled"], [str(paused), "paused"]]
    (one,) = json.loads(_run("list", "--state", "paused", "--json").stdout)
    assert (one["id"], one["run"], one["audience"], one["done"]) == (paused, 1, 1, 0)
    (only,) = json.loads(_run("runs", str(paused), "--json").stdout)
    assert (only["state"], only["paused_reason"]) == ("paused", "failure_rate")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("status", "7"), "there is no campaign 7"),
        (("runs", "7"), "there is no campaign 7"),
        (("status", "1", "--run", "3"), "campaign 1 has no run 3"),
    ],
)
def test_what_is_not_there_is_one_sentence(
    deployed: Database, arguments: tuple[str, ...], words: str
) -> None:
    with deployed.write() as connection:
        campaign_rows.campaign(connection)
    with pytest.raises(NotFound, match=words):
        _run(*arguments)


def test_an_id_is_a_number(deployed: Database) -> None:
    assert _run("status", "the-first").exit_code == 2
    assert _run("status", "1", "--run", "0").exit_code == 2


@pytest.mark.parametrize("command", ["status", "runs", "report", "show", "cancel"])
def test_a_number_that_no_database_holds_is_no_id(deployed: Database, command: str) -> None:
    assert _run(command, "9" * 30).exit_code == 2
