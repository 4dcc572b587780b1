"""A campaign to many people while the service is harmed: counted at the gateway."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest
import requests

from smsbot import jobs
from smsbot.config import read_made_secrets
from smsbot.fakegateway import FakeGateway, Fault
from tests.e2e.blast import Blast
from tests.e2e.running import REDIS, TICKER, WORKER, Starter, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc"),
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blast]:
    folder = tmp_path_factory.mktemp("blast")
    starter = Starter(folder)
    with FakeGateway() as gateway:
        try:
            blast = Blast(starter, gateway, folder)
            yield blast
            assert blast.up.stop() == 0
        finally:
            blast.end_workers()
            starter.clear()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def blast(_shared: Blast) -> Iterator[Blast]:
    """A running service, harmed by one test after the other; each has people of its own."""
    _shared.gateway.reset()
    _shared.gateway.behave(latency_ms=100, jitter_ms=0, rates={}, balance=None, receipts={})
    mark = _shared.up.mark()
    yield _shared
    until(lambda: _shared.up.status("/readyz") == 200, 60)
    assert _shared.up.alarms_since(mark) == []


def test_people_who_say_stop_pause_resume_and_cancel_are_obeyed_at_once(blast: Blast) -> None:
    crowd = blast.people(900)
    campaign = blast.go(crowd)
    blast.wait_taken(100)

    # STOP: who says it during the blast is not claimed any more once the answer is given.
    later = [number for number in crowd.numbers if not blast.reached(campaign)[number]]
    for number in random.Random(3).sample(later, 12):
        form = {"from": number, "to": "22384", "text": "STOP", "id": f"stop-{number}", "date": "x"}
        assert requests.post(blast.up.url("at-ke", "sms"), data=form, timeout=30).status_code == 200

    for _ in range(2):
        blast.say("campaign", "pause", campaign)
        paused_at = time.monotonic()
        time.sleep(1.0)  # what was on its way has landed
        taken = blast.taken()
        assert blast.status(campaign)["state"] == "paused"
        time.sleep(1.0)
        assert blast.taken() == taken
        assert time.monotonic() - paused_at < 5
        assert blast.refused("campaign", "pause", campaign)
        blast.say("campaign", "resume", campaign)
        blast.wait_taken(taken + 100)
    blast.say("campaign", "cancel", campaign)
    time.sleep(1.0)
    taken = blast.taken()
    assert blast.refused("campaign", "resume", campaign)
    time.sleep(2.0)
    assert blast.taken() == taken
    blast.wait(campaign)
    counts = blast.proves(campaign, crowd)
    assert set(counts) == {"accepted", "cancelled", "suppressed"}
    assert blast.status(campaign)["state"] == "cancelled"
    assert blast.status(campaign)["suppressed"]["opted_out"] >= 6  # some were on their way before
    assert (
        blast.up.rows(
            "SELECT m.id FROM messages m JOIN contacts c ON c.id = m.contact_id "
            "WHERE m.campaign_run_id IS NOT NULL AND m.claimed_at > c.opted_out_at"
        )
        == []
    )


def test_workers_killed_in_the_middle_send_nobody_two(blast: Blast) -> None:
    crowd, rolls = blast.people(900), random.Random(2)
    blast.gateway.behave(latency_ms=100, jitter_ms=200)
    campaign = blast.go(crowd)
    for taken in (200, 500):
        blast.wait_taken(taken)
        time.sleep(rolls.uniform(0, 0.4))
        blast.up.kill(WORKER)
        blast.status(campaign)
        blast.forget_the_call()
    blast.wait(campaign, 120, but=["sending"])
    assert blast.proves(campaign, crowd).get("sending", 0) <= 2 * 100


@pytest.mark.drill
def test_workers_killed_twenty_times_send_nobody_two(blast: Blast) -> None:
    people, kills = 10_000, 20
    crowd, rolls = blast.people(people), random.Random(20)
    blast.gateway.behave(latency_ms=100, jitter_ms=200)
    blast.more_workers(3)
    campaign = blast.go(crowd)
    for kill in range(kills):
        # A kill may keep a hundred from the gateway: it never counts more than eight in ten.
        blast.wait_taken(people * (kill + 1) // (kills + 10), 240)
        time.sleep(rolls.uniform(0, 0.4))
        blast.kill_one_at_work(rolls)
        blast.status(campaign)
    blast.wait(campaign, 300, but=["sending"])
    assert blast.proves(campaign, crowd)["sending"] <= kills * 100
    blast.wait(campaign, 120)  # the leases run out
    counts = blast.proves(campaign, crowd)
    assert set(counts) == {"accepted", "unknown"}
    assert sum(counts.values()) == people
    until(lambda: blast.status(campaign)["state"] == "finished", 30)
    blast.end_workers()


@pytest.mark.parametrize(
    ("people", "rounds"), [(800, 1), pytest.param(5000, 4, marks=pytest.mark.drill)]
)
def test_redis_killed_and_emptied_in_the_middle_goes_on_from_sql(
    blast: Blast, people: int, rounds: int
) -> None:
    crowd = blast.people(people)
    campaign = blast.go(crowd)
    each = people // (2 * rounds + 1)
    for turn in range(rounds):
        blast.wait_taken(each * (2 * turn + 1), 60)
        client = blast.up.redis()
        client.flushall()
        client.close()
        blast.wait_taken(each * (2 * turn + 2), 60)
        before = blast.up.child(REDIS)
        os.kill(before, signal.SIGKILL)
        until(lambda before=before: blast.up.child(REDIS) not in (0, before))  # type: ignore[misc]
        client = blast.up.redis()
        until(lambda client=client: _answers(client))  # type: ignore[misc]
        client.flushall()
        client.close()
    blast.wait(campaign, 120)
    assert blast.proves(campaign, crowd) == {"accepted": people}
    assert blast.gateway.stats()["peak_per_second"] <= 200 * 1.1


def _answers(client: object) -> bool:
    try:
        return bool(client.ping())  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001  # not yet
        return False


_WRONG = (Fault.ERROR_AFTER, Fault.PARTIAL, Fault.SHUFFLED, Fault.LEFT_OUT, Fault.DROP)


@pytest.mark.parametrize(
    ("faults", "throttle_s"),
    [
        (_WRONG, 2),
        pytest.param((*_WRONG, Fault.HANG, Fault.HANG_AFTER), 60, marks=pytest.mark.drill),
    ],
)
def test_a_gateway_in_trouble_is_told_apart_person_by_person(
    blast: Blast, faults: tuple[Fault, ...], throttle_s: float
) -> None:
    crowd = blast.people(900)
    good = [None] * 2
    blast.gateway.next(*(one for fault in faults for one in (*good, fault)))
    campaign = blast.go(crowd)
    until(lambda: not blast.gateway._world.behaviour.script, 60, "the faults were not all played")
    blast.gateway.behave(throttle_s=throttle_s, retry_after_s=1)  # 429 for a while
    blast.wait_taken(550, throttle_s + 90)
    blast.gateway.behave(balance=40)  # and then the money is gone
    until(lambda: blast.status(campaign)["state"] == "paused", 30)
    assert blast.status(campaign)["paused_reason"] == "account"
    kinds = {kind for kind, _ in blast.alerts()}
    assert "campaign_paused" in kinds
    taken = blast.taken()
    time.sleep(2)
    assert blast.taken() == taken
    blast.gateway.behave(balance=None)
    blast.say("campaign", "resume", campaign)
    blast.wait(campaign, 60)
    counts = blast.proves(campaign, crowd)
    assert set(counts) == {"accepted", "failed", "unknown"}
    answers = blast.gateway.stats()["answers"]
    assert all(answers[fault.value] == 1 for fault in faults)
    assert answers["throttle"] >= 1
    # Unknown is who was in the request that failed after it was taken, and who was cut off.
    assert 0 < counts["unknown"] <= 20 * len(faults)
    assert 0 < counts["failed"] <= 20
    assert [words for _, words in blast.alerts() if f"campaign {campaign} " in words] == []
    assert "channel_paused" not in {kind for kind, _ in blast.alerts()}


def test_receipts_before_the_answer_doubled_and_backwards_during_a_blast_only_go_forward(
    blast: Blast,
) -> None:
    url = blast.up.url("at-ke", "delivery")
    plan = {"when": "before", "url": url, "repeat": 2, "reverse": True, "fail_rate": 0.1}
    blast.gateway.behave(receipts=plan)
    crowd = blast.people(500)
    campaign = blast.go(crowd)
    blast.wait_taken(500)
    blast.wait(campaign)
    blast.gateway.wait_until_quiet(30)
    until(lambda: "accepted" not in blast.counts(campaign), 30)
    counts, stats = blast.counts(campaign), blast.gateway.stats()
    assert set(counts) == {"delivered", "failed"}
    assert 10 < counts["failed"] < 120
    assert len(blast.reached(campaign)) == stats["accepted"] == 500
    assert set(stats["callbacks"]) == {"200"}


def test_launched_by_many_at_once_and_with_the_ticker_killed_everybody_has_one_row(
    blast: Blast,
) -> None:
    crowd = blast.people(1500)
    campaign = blast.order(crowd)
    blast.more_workers(2)
    client = blast.up.redis()
    calls = jobs.queue(jobs.SEND, client)
    blast.say("campaign", "schedule", campaign, "--now")
    for _ in range(9):  # RQ's own call, the ticker's, and these
        calls.enqueue(jobs.launch, campaign)
    until(lambda: blast.status(campaign)["audience"] > 0, 30)
    blast.up.kill(TICKER)
    blast.wait_taken(300)
    blast.end_workers(signal.SIGKILL)
    blast.up.kill(TICKER)
    blast.forget_the_call()
    blast.wait(campaign, 90, but=["sending"])
    assert (
        blast.up.value("SELECT count(*) FROM campaign_runs WHERE campaign_id = :c", c=campaign) == 1
    )
    assert blast.status(campaign)["audience"] == 1500
    blast.proves(campaign, crowd)
    client.close()


@pytest.mark.parametrize("seconds", [3, pytest.param(10, marks=pytest.mark.drill)])
def test_the_database_locked_in_the_middle_loses_nobody(blast: Blast, seconds: float) -> None:
    crowd = blast.people(700)
    campaign = blast.go(crowd)
    blast.wait_taken(150)
    with blast.up.sql_locked():
        time.sleep(seconds)
    blast.wait(campaign, 90)
    assert blast.proves(campaign, crowd) == {"accepted": 700}


def test_a_backup_of_the_middle_of_a_blast_adds_up_and_sends_nothing_by_itself(
    blast: Blast, tmp_path: Path
) -> None:
    crowd = blast.people(700)
    campaign = blast.go(crowd)
    blast.wait_taken(200)
    file = tmp_path / "blast.zip"
    blast.say("backup", file)
    counts = blast.counts(campaign)
    assert counts["queued"]
    blast.wait(campaign)
    assert blast.proves(campaign, crowd) == {"accepted": 700}

    made = read_made_secrets(blast.up.data)
    there = {
        "SMSBOT_DATA": str(tmp_path / "there"),
        "SMSBOT_SECRET_KEY": made["secret_key"],
        "SMSBOT_PII_KEYS": made["pii_keys"],
    }
    restored = blast.starter.command("restore", str(file), "--force", **blast.environ, **there)
    assert restored.returncode == 0, restored.stderr
    assert "are held" in restored.stdout
    told = blast.starter.command(
        "campaign", "status", str(campaign), "--json", **blast.environ, **there
    )
    status = json.loads(told.stdout)
    assert (status["state"], status["paused_reason"]) == ("paused", "restored")
    assert sum(status["counts"].values()) == status["audience"] == 700
    assert status["counts"]["accepted"] >= 100
    assert status["counts"]["queued"] >= counts["queued"]
