"""A gateway that goes bad in the middle: the campaign pauses by itself, and a person lets it go on."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from smsbot.clock import Clock
from smsbot.fakegateway import FakeGateway
from smsbot.storage.database import Database
from smsbot.storage.tables import campaigns as campaigns_table
from smsbot.storage.tables import contacts
from smsbot.values import Msisdn
from tests.e2e.running import FLOWS, until
from tests.integration.audience_support import many, plan, scheduled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.running import Starter, Up

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc"),
    pytest.mark.timeout(400),
]
CHANNELS = """
- {id: at-ke, gateway: africastalking, kinds: [sms], sender: "22384", country: KE,
   timezone: Africa/Nairobi, languages: [en, sw], rate: 200, tariff: standard,
   quiet_hours: {from: "03:00", to: "03:01"}, price: {currency: KES, default: 0.8},
   tokens: [0123456789abcdefghijkl]}
"""
PEOPLE, CANARY = 2500, 25
REFUSES_HALF = {"partial": 1.0}


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with FakeGateway() as gateway:
        yield gateway


def _campaign(up: Up) -> int:
    """Keep people with real numbers and a campaign to them that begins now."""
    database, vault = Database(up.running()["database_url"], patience_s=30), up.vault()
    with database.write() as connection:
        many(connection, vault, PEOPLE)
        for number in range(1, PEOPLE + 1):
            e164 = Msisdn(f"+2547{number:08d}").e164.encode()
            sealed = vault.encrypt(e164, b"contacts.msisdn")
            connection.execute(
                update(contacts).where(contacts.c.id == number).values(msisdn_enc=sealed)
            )
        made = scheduled(connection, vault, plan())
        connection.execute(update(campaigns_table).values(next_at=Clock().now_ms()))
    database.close()
    return made


def _told(starter: Starter, up: Up, *arguments: str) -> str:
    done = starter.command("campaign", *arguments, SMSBOT_DATA=str(up.data))
    assert done.returncode == 0, done.stderr
    return done.stdout


def _paused(up: Up, reason: str) -> bool:
    found = up.rows("SELECT paused_reason FROM campaign_runs WHERE state = 'paused'")
    return bool(found) and found[0][0] == reason


def test_a_gateway_that_goes_bad_is_noticed_and_a_person_goes_on(
    starter: Starter, gateway: FakeGateway, tmp_path: Path
) -> None:
    (tmp_path / "channels.yaml").write_text(CHANNELS)
    starter._environ_of_all = gateway.environment | {
        "SMSBOT_FLOWS": str(FLOWS),
        "SMSBOT_CHANNELS": str(tmp_path / "channels.yaml"),
        "SMSBOT_CANARY_WATCH": "1",
    }
    up = starter.start()
    up.wait_until_ready()
    gateway.behave(rates=REFUSES_HALF)
    campaign = str(_campaign(up))
    until(lambda: _paused(up, "canary"), 60)
    asked = len(gateway.accepted())
    assert asked <= CANARY
    (words,) = up.rows("SELECT words FROM alerts WHERE kind = 'campaign_paused'")[0]
    assert f"`smsbot campaign resume {campaign}`" in words

    gateway.behave(rates={})
    _told(starter, up, "resume", campaign)
    until(lambda: len(gateway.accepted()) > asked + 300, 60)
    gateway.behave(rates=REFUSES_HALF)
    until(lambda: _paused(up, "failure_rate"), 60)
    gateway.behave(rates={})
    told = json.loads(_told(starter, up, "status", campaign, "--json"))
    assert (told["state"], told["paused_reason"]) == ("paused", "failure_rate")
    assert told["counts"]["queued"] > 0

    _told(starter, up, "resume", campaign)
    until(lambda: up.value("SELECT state FROM campaigns") == "finished", 90)
    told = json.loads(_told(starter, up, "status", campaign, "--json"))
    counts = told["counts"]
    assert sum(counts.values()) == told["audience"] == PEOPLE
    assert counts["accepted"] + counts["failed"] == PEOPLE
    numbers = [line["number"] for line in gateway.accepted()]
    assert len(numbers) == len(set(numbers)) == counts["accepted"]
    assert gateway.stats()["twice"] == 0
    assert up.value("SELECT count(*) FROM alerts WHERE ended_at IS NULL") == 0
    assert up.stop() == 0
    assert up.alarms_since(0) == []
