"""A campaign on its way: what is asked again at the claim, what it really costs, and who is killed."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from smsbot.campaigns import halting
from smsbot.campaigns.release import release
from smsbot.clock import Clock
from smsbot.conversation.duties import duties
from smsbot.sending.loading import claim_allowed
from smsbot.storage import alerts, claims, suppressions
from smsbot.storage.consents import Evidence
from smsbot.storage.suppressions import opt_out
from smsbot.storage.tables import campaign_runs, contacts, messages
from tests.integration.campaign_support import (
    DAY,
    HOUR,
    NOON,
    PRICE,
    freeze,
    night,
    outcomes,
    plan,
    run_row,
)
from tests.integration.loopback_gateway import LoopbackGateway, LoopbackServer
from tests.integration.sending_support import TEXTS, channel, drain, sender_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import redis

    from smsbot.storage.claims import Claimed
    from smsbot.storage.database import Database
    from smsbot.values import Channel
    from smsbot.vault import Vault

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    found = LoopbackServer(latency_s=0.02)
    yield found
    found.close()


def claim(
    database: Database, ours: Channel, now_ms: int, by: str = "me", run_id: int | None = None
) -> Sequence[Claimed]:
    """Claim every row that was let go, as a drain does."""
    with database.write() as connection:
        query = select(messages.c.id).where(messages.c.state == "queued")
        if run_id is not None:
            query = query.where(messages.c.campaign_run_id == run_id)
        ids = list(connection.execute(query.order_by(messages.c.id)).scalars())
        groups = claim_allowed(
            connection, [ids], channel=ours, by=by, now_ms=now_ms, duties=duties()
        )
    return [row for group in groups for row in group]


def test_a_stop_between_release_and_claim_silences_at_once(
    database: Database, vault: Vault
) -> None:
    made = freeze(database, vault, 5)
    release(database, made.run_id, 1, now_ms=NOON, channel=channel())
    said = Evidence(NOON, "at-ke", "", "en", "STOP", "stop")
    with database.write() as connection:
        opt_out(connection, made.people[0].ref, reason=suppressions.Reason.STOP, evidence=said)
        suppressions.suppress(  # by another way: only the list has it
            connection,
            made.people[1].ref,
            reason=suppressions.Reason.OPERATOR,
            channel="",
            now_ms=NOON,
        )
    assert len(claim(database, channel(), NOON)) == 3
    assert outcomes(database, made.run_id) == {
        ("sending", ""): 3,
        ("suppressed", "opted_out"): 2,
    }


def test_a_row_that_is_claimed_as_quiet_hours_begin_waits_for_the_morning(
    database: Database, vault: Vault
) -> None:
    made = freeze(database, vault, 4, expires_ms=DAY)
    evening = NOON + 7 * HOUR
    release(database, made.run_id, 1, now_ms=evening - 1, channel=night())
    with database.write() as connection:
        connection.execute(
            update(messages)
            .where(messages.c.contact_id == made.people[0].id)
            .values(expires_at=evening + HOUR)
        )
    assert claim(database, night(), evening) == []
    assert outcomes(database, made.run_id) == {
        ("queued", ""): 3,
        ("suppressed", "quiet_expired"): 1,
    }
    with database.read() as connection:
        query = select(messages.c.due_at, messages.c.attempts, messages.c.claim)
        waiting = connection.execute(query.where(messages.c.state == "queued")).all()
        assert set(waiting) == {(NOON + 20 * HOUR, 0, None)}
    assert claim(database, night(), NOON + 20 * HOUR - 1) == []
    assert len(claim(database, night(), NOON + 20 * HOUR)) == 3


def test_the_last_millisecond_before_quiet_hours_goes(database: Database, vault: Vault) -> None:
    made = freeze(database, vault, 1)
    evening = NOON + 7 * HOUR
    with database.write() as connection:
        connection.execute(
            update(messages).values(due_at=0, expires_at=NOON + DAY, campaign_run_id=None)
        )
    assert claim(database, night(), evening) == []
    with database.write() as connection:
        connection.execute(update(messages).values(due_at=0))
    assert [row.contact_id for row in claim(database, night(), evening - 1)] == [made.people[0].id]


@pytest.mark.parametrize(("priority", "goes"), [(0, True), (1, False), (2, False)])
def test_replies_know_no_quiet_hours(
    database: Database, vault: Vault, priority: int, goes: bool
) -> None:
    freeze(database, vault, 1, expires_ms=DAY)
    with database.write() as connection:
        connection.execute(
            update(messages).values(due_at=0, priority=priority, campaign_run_id=None)
        )
    assert bool(claim(database, night(), NOON + 8 * HOUR)) is goes


def test_quiet_hours_follow_the_clock_on_the_day_it_is_moved(
    database: Database, vault: Vault
) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    before = int(datetime(2026, 10, 24, 21, tzinfo=berlin).timestamp() * 1000)
    made = freeze(database, vault, 1, now_ms=before, expires_ms=DAY)
    with database.write() as connection:
        connection.execute(update(contacts).values(timezone="Europe/Berlin"))
    found = release(database, made.run_id, 1, now_ms=before, channel=night())
    assert found.again_at == before + 12 * HOUR  # eleven by the clock, and one that comes twice


def test_of_two_campaigns_to_one_person_the_cap_lets_one_go(
    database: Database, vault: Vault
) -> None:
    ours = channel(frequency_cap=(1, 7))
    first = freeze(database, vault, 3)
    second = freeze(database, vault, 3, persons=first.people, consented=False)
    for made in (first, second):
        assert release(database, made.run_id, 1, now_ms=NOON, channel=ours).went == 3
    assert len(claim(database, ours, NOON)) == 3  # both of each person in one claim
    assert outcomes(database, first.run_id) == {("sending", ""): 3}
    assert outcomes(database, second.run_id) == {("suppressed", "frequency_cap"): 3}


def test_a_lesson_counts_towards_the_cap_but_is_not_held_by_it(
    database: Database, vault: Vault
) -> None:
    ours = channel(frequency_cap=(1, 7))
    lesson = freeze(database, vault, 1)
    with database.write() as connection:
        connection.execute(
            update(messages).values(due_at=0, priority=1, campaign_run_id=None, purpose="lessons")
        )
    again = freeze(database, vault, 1, persons=lesson.people, consented=False)
    assert len(claim(database, ours, NOON)) == 1
    found = release(database, again.run_id, 1, now_ms=NOON + 1, channel=ours)
    assert dict(found.suppressed) == {"frequency_cap": 1}


@pytest.mark.parametrize(
    ("state", "ends"),
    [
        ("paused", {("held", ""): 2}),
        ("freezing", {("held", ""): 2}),
        ("cancelled", {("cancelled", ""): 2}),
        ("finished", {("expired", "too_late"): 2}),
    ],
)
def test_a_claim_looks_at_the_state_of_its_run(
    database: Database, vault: Vault, state: str, ends: dict[tuple[str, str], int]
) -> None:
    made = freeze(database, vault, 2)
    release(database, made.run_id, 1, now_ms=NOON, channel=channel())
    with database.write() as connection:
        connection.execute(update(campaign_runs).values(state=state))
    assert claim(database, channel(), NOON) == []
    assert outcomes(database, made.run_id) == ends
    with database.read() as connection:
        assert connection.execute(select(func.max(messages.c.attempts))).scalar_one() == 0


@pytest.mark.parametrize(
    ("cost", "currency", "reason", "most"),
    [
        (2 * PRICE, "KES", "budget", 80),
        (PRICE, "USD", "currency", 60),
        (PRICE // 2, "KES", "", 100),
    ],
)
def test_real_costs_stop_a_campaign_that_its_estimate_would_not(
    database: Database,
    vault: Vault,
    redis_client: redis.Redis,
    server: LoopbackServer,
    cost: int,
    currency: str,
    reason: str,
    most: int,
) -> None:
    budget = 100 * PRICE
    made = freeze(database, vault, 100, now_ms=Clock().now_ms(), plan=plan(budget_micros=budget))
    gateway = LoopbackGateway(channel(rate=100.0), server.port, max_batch=5)
    gateway.cost_micros, gateway.currency = cost, currency
    drain(sender_of(database, vault, redis_client, gateway, feeds=True))
    halting.sweep(database, NOON)
    run = run_row(database, made.run_id)
    assert run.paused_reason == reason
    sent = len(server.counts)
    assert sent <= most
    if currency == "KES":
        assert sent * cost <= budget
        assert run.committed_micros == sent * cost
    with database.read() as connection:
        told = [alert.kind for alert in alerts.ongoing(connection)]
    assert told == (["campaign_paused"] if reason else [])
    found = outcomes(database, made.run_id)
    assert found[("accepted", "")] == sent
    assert found.get(("held", ""), 0) == 100 - sent


def test_the_same_answer_written_twice_costs_once(database: Database, vault: Vault) -> None:
    from smsbot.sending.settling import Batch, Settler
    from smsbot.storage.claims import Settled
    from smsbot.values import MessageState

    made = freeze(database, vault, 3, plan=plan(budget_micros=100 * PRICE))
    release(database, made.run_id, 1, now_ms=NOON, channel=channel())
    rows = [
        Settled(row.id, MessageState.ACCEPTED, cost_micros=3 * PRICE, currency="KES")
        for row in claim(database, channel(), NOON)
    ]
    settler = Settler("at-ke", "me", duties())
    for _ in range(2):
        with database.write() as connection:
            batch = Batch(rows=rows, is_bulk=True)
            settler.write(connection, batch, NOON, probing=False)
    assert run_row(database, made.run_id).committed_micros == 9 * PRICE


def test_texts_of_every_script_go_out_once_and_as_priced(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    now_ms = Clock().now_ms()
    made = [
        freeze(database, vault, 40, first=40 * number, now_ms=now_ms, words=words * (1 + number))
        for number, words in enumerate(TEXTS)
    ]
    gateway = LoopbackGateway(channel(rate=2000.0), server.port, max_batch=20)
    drain(sender_of(database, vault, redis_client, gateway, feeds=True))
    for one in made:
        assert outcomes(database, one.run_id) == {("accepted", ""): 40}
        run = run_row(database, one.run_id)
        assert run.committed_micros == 40 * PRICE  # the gateway charged one segment each
    assert set(server.counts.values()) == {1}
    assert set(server.texts) == {words * (1 + n) for n, words in enumerate(TEXTS)}


def test_releasers_and_senders_that_are_killed_double_nobody_and_lose_nobody(
    database: Database,
    vault: Vault,
    redis_client: redis.Redis,
    redis_url: str,
    server: LoopbackServer,
) -> None:
    made = freeze(database, vault, 600, now_ms=Clock().now_ms())
    chance = random.Random(11)
    wanted = {
        "database": database.url.render_as_string(hide_password=False),
        "redis": redis_url,
        "port": server.port,
        "rate": 400.0,
        "max_batch": 20,
        "feeds": True,
    }
    until = time.monotonic() + 60
    kills = 0
    while outcomes(database, made.run_id).keys() - {("accepted", ""), ("unknown", "lost")}:
        assert time.monotonic() < until
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.sending_process", json.dumps(wanted)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin
        assert process.stdout
        with process, process.stdin, process.stdout:
            process.stdout.readline()
            process.stdin.write("go\n")
            process.stdin.flush()
            if kills < 3:
                time.sleep(chance.uniform(0.1, 0.7))
                process.send_signal(signal.SIGKILL)
                kills += 1
            process.wait(60)
        with database.write() as connection:
            claims.sweep(connection, now_ms=Clock().now_ms() + 61_000, lease_s=60)
    assert set(server.counts.values()) == {1}
    found = outcomes(database, made.run_id)
    assert sum(found.values()) == 600
    assert found[("accepted", "")] <= len(server.counts)
    assert found.get(("unknown", "lost"), 0) >= 600 - len(server.counts)
    assert run_row(database, made.run_id).committed_micros == 600 * PRICE
