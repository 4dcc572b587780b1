"""Campaigns of a running service begin on time, late or never, as its clock and its absences have it."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from smsbot.campaigns import occurrences
from smsbot.clock import Clock
from smsbot.storage.database import Database
from smsbot.storage.tables import campaigns as campaigns_table
from tests.e2e.running import FLOWS, until
from tests.integration.audience_support import People, plan, scheduled

if TYPE_CHECKING:
    from pathlib import Path

    from smsbot.plans import Plan
    from tests.e2e.running import Starter, Up

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc"),
    pytest.mark.timeout(400),
]
CHANNELS = """
- {id: day, gateway: simulator, kinds: [sms], sender: "22384", country: KE, timezone: Africa/Nairobi,
   languages: [en, sw], rate: 100, price: {currency: KES, default: 0.8}, tariff: free,
   quiet_hours: {from: "03:00", to: "03:01"},
   tokens: [0123456789abcdefghijkl]}
"""
PEOPLE, WITHOUT = 30, 4
HOUR, DAY = 3_600_000, 86_400_000


class Desk:
    """What a manager does and sees, on the stores of a running service."""

    def __init__(self, starter: Starter, folder: Path) -> None:
        (folder / "channels.yaml").write_text(CHANNELS)
        self.starter = starter
        self.environ = {
            "SMSBOT_FLOWS": str(FLOWS), "SMSBOT_CHANNELS": str(folder / "channels.yaml")
        }  # fmt: skip

    def start(self, offset: str) -> Up:
        up = self.starter.start(SMSBOT_CLOCK_OFFSET=offset, **self.environ)
        up.wait_until_ready()
        return up

    def people(self, up: Up) -> None:
        database = Database(up.running()["database_url"])
        with database.write() as connection:
            people = People(connection, up.vault())
            people.add(PEOPLE, agreed="lessons")
            people.add(WITHOUT, agreed=None)
        database.close()

    def schedule(self, up: Up, ordered: Plan, next_at: int) -> int:
        database = Database(up.running()["database_url"])
        with database.write() as connection:
            made = scheduled(connection, up.vault(), replace(ordered, channel="day"))
            connection.execute(
                update(campaigns_table).where(campaigns_table.c.id == made).values(next_at=next_at)
            )
        database.close()
        return made

    def status(self, up: Up, campaign: int, *more: str) -> dict[str, object]:
        asked = ("campaign", "status", str(campaign), *more, "--json")
        told = self.starter.command(*asked, SMSBOT_DATA=str(up.data), **self.environ)
        assert told.returncode == 0, told.stderr
        found: dict[str, object] = json.loads(told.stdout)
        return found


def _state(up: Up, campaign: int) -> str:
    return str(up.value("SELECT state FROM campaigns WHERE id = :c", c=campaign))


def _sent(up: Up) -> dict[str, int]:
    """Give how often how many people were sent the same run: {"1": everybody}."""
    return up.counts(
        "SELECT times, count(*) FROM (SELECT count(*) AS times FROM messages WHERE state = 'accepted' "
        "GROUP BY campaign_run_id, contact_id) AS t GROUP BY times"
    )


def test_campaigns_begin_on_time_late_or_never(starter: Starter, tmp_path: Path) -> None:
    desk = Desk(starter, tmp_path)
    up = desk.start("+0s")
    desk.people(up)
    now = Clock().now_ms()
    on_time = desk.schedule(up, plan(), now + 2000)
    weekly = plan(repeat=_weekly(now + 4 * DAY))
    repeated = desk.schedule(up, weekly, _first(weekly, now))
    missed = desk.schedule(up, plan(), now + DAY)
    late = desk.schedule(up, plan(), now + 8 * DAY - 2 * HOUR)
    client = up.redis()
    client.flushall()  # what RQ was to call is lost
    client.close()
    until(lambda: _state(up, on_time) == "finished", 60)
    told = desk.status(up, on_time)
    assert (told["audience"], told["run"]) == (PEOPLE + WITHOUT, 1)
    assert told["counts"] == dict.fromkeys(told["counts"], 0) | {  # type: ignore[call-overload]
        "accepted": PEOPLE,
        "suppressed": WITHOUT,
    }
    assert up.value("SELECT max(began_at - planned_at) FROM campaign_runs") < 10_000
    assert [_state(up, one) for one in (repeated, missed, late)] == ["scheduled"] * 3
    assert up.stop() == 0

    up = desk.start("+8d")
    until(lambda: _state(up, late) == "finished", 60)  # six hours would have been too late
    until(lambda: _state(up, missed) == "expired", 30)
    until(lambda: up.value("SELECT count(*) FROM campaign_runs WHERE state = 'expired'"), 30)
    assert _state(up, repeated) == "scheduled"
    told = desk.status(up, repeated, "--run", "1")
    assert (told["state"], told["audience"]) == ("expired", 0)
    assert desk.status(up, missed)["run"] is None
    assert f"campaign schedule {missed}" in " ".join(
        words for (words,) in up.rows("SELECT words FROM alerts WHERE kind = 'campaign_missed'")
    )
    assert _sent(up) == {"1": 2 * PEOPLE}
    assert up.stop() == 0
    assert up.alarms_since(0) == []


@pytest.mark.drill
def test_a_clock_that_goes_back_sends_nothing_again(starter: Starter, tmp_path: Path) -> None:
    desk = Desk(starter, tmp_path)
    up = desk.start("+8d")
    desk.people(up)
    now = Clock().now_ms() + 8 * DAY
    again = plan(repeat=_weekly(now + DAY), expiry_s=3600)
    campaign = desk.schedule(up, again, now + 1000)
    until(lambda: _sent(up) == {"1": PEOPLE}, 60)
    assert up.stop() == 0
    for offset in ("+0s", "+8d"):
        up = desk.start(offset)
        until(lambda up=up: _state(up, campaign) == "scheduled", 30)  # type: ignore[misc]
        assert _sent(up) == {"1": PEOPLE}
        assert up.stop() == 0


def _weekly(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo("Africa/Nairobi"))
    return f"{moment.minute} {moment.hour} * * {moment.isoweekday() % 7}"


def _first(ordered: Plan, now: int) -> int:
    found = occurrences.first(ordered, ZoneInfo("Africa/Nairobi"), now)
    assert timedelta(milliseconds=found - now) < timedelta(days=5)
    return found
