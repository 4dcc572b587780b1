"""Workers are killed with texts in a gateway's hands: nobody gets two, and what is unknown says so."""

from __future__ import annotations

import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from smsbot.fakegateway import FakeGateway, Fault
from tests.e2e.callers import texter
from tests.e2e.running import WORKER, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.callers import Texter
    from tests.e2e.running import Starter, Up

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc"),
    pytest.mark.timeout(400),
]
_STATES = "SELECT state, count(*) FROM messages GROUP BY state"
_ENDED = {"accepted", "delivered", "unknown"}


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with FakeGateway() as gateway:
        yield gateway


def _people_write(up: Up, count: int) -> list[Texter]:
    people = [texter(up) for _ in range(count)]
    with ThreadPoolExecutor(4) as posts:
        assert set(posts.map(lambda one: one.send("HELP"), people)) == {200}
    return people


def _forget_the_call(up: Up) -> None:
    """Drop the killed worker's wake-up flag, which would last ten seconds, to be done sooner."""
    client = up.redis()
    client.delete("smsbot:wake:at-ke")
    client.close()


def _adds_up(up: Up, gateway: FakeGateway, people: list[Texter]) -> dict[str, int]:
    """Check the rows against what the gateway saw; give the counts by state."""
    found = up.counts(_STATES)
    assert set(found) <= _ENDED
    assert sum(found.values()) == len(people)
    stats = gateway.stats()
    assert stats["twice"] == 0
    reached = {line["number"] for line in gateway.accepted()}
    for person in people:
        (row,) = person.inbox()
        if row["state"] != "unknown":
            assert person.number in reached
    assert found["accepted"] <= len(reached) <= len(people)
    lost = up.counts(
        "SELECT reason, count(*) FROM messages WHERE state = 'unknown' GROUP BY reason"
    )
    assert set(lost) <= {"lost", "no_answer", "ReadTimeout", "ConnectionError"}
    return found


def test_a_worker_killed_between_claim_and_mark_leaves_unknown_and_nobody_gets_two(
    starter: Starter, gateway: FakeGateway
) -> None:
    up = starter.start(**gateway.environment)
    up.wait_until_ready()
    people: list[Texter] = []
    # First the gateway has the request and takes nothing; then it takes it, and never says so.
    for fault in (Fault.HANG, Fault.HANG_AFTER):
        gateway.behave(rates={fault: 1})
        people += _people_write(up, 6)
        hung = gateway.stats()["answers"].get(fault.value, 0)
        until(
            lambda fault=fault, hung=hung: gateway.stats()["answers"].get(fault.value, 0) > hung  # type: ignore[misc]
        )
        up.kill(WORKER)
        _forget_the_call(up)
    gateway.behave(rates={})
    people += _people_write(up, 6)
    until(lambda: "queued" not in up.counts(_STATES), 60)
    time.sleep(2)  # the last good ones are answered; what stays is in nobody's hands
    in_doubt = up.counts(_STATES)["sending"]
    assert in_doubt >= 2
    taken = gateway.stats()["accepted"]

    # A lease lasts a minute; the clock of the next run is past it.
    assert up.stop() == 0
    up = starter.start(SMSBOT_CLOCK_OFFSET="+5m", **gateway.environment)
    up.wait_until_ready()
    until(lambda: "sending" not in up.counts(_STATES), 60)
    for person in people:
        person.up = up
    found = _adds_up(up, gateway, people)
    assert found["unknown"] == in_doubt
    assert gateway.stats()["accepted"] == taken
    doctor = starter.command("doctor", SMSBOT_DATA=str(up.data), **gateway.environment)
    assert f"unknown: of {in_doubt} messages" in doctor.stdout
    assert up.stop() == 0


@pytest.mark.drill
def test_workers_killed_at_any_moment_send_nothing_twice(
    starter: Starter, gateway: FakeGateway
) -> None:
    up = starter.start(**gateway.environment)
    up.wait_until_ready()
    rolls = random.Random(7)
    gateway.behave(latency_ms=150, jitter_ms=300)
    people: list[Texter] = []
    for _ in range(6):
        people += _people_write(up, 30)
        before = gateway.stats()["requests"]
        until(lambda before=before: gateway.stats()["requests"] > before, 40)  # type: ignore[misc]
        time.sleep(rolls.uniform(0, 0.8))
        up.kill(WORKER)
    until(lambda: not {"queued", "sending"} & set(up.counts(_STATES)), 150)
    found = _adds_up(up, gateway, people)
    assert found["unknown"] < len(people) / 3
    assert up.stop() == 0
