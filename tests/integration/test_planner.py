"""The planner and the feeding of senders: few jobs, few rows let go, and nobody forgotten."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from smsbot import jobs
from smsbot.campaigns import halting
from smsbot.campaigns.feeding import Feeder, enough
from smsbot.campaigns.planner import CALL_AGAIN_MS, Planner
from smsbot.clock import Clock
from smsbot.storage import channel_states
from smsbot.storage.messages import count_waiting
from smsbot.storage.tables import campaign_batches, campaign_runs, contacts, messages
from tests.integration.campaign_support import DAY, HOUR, NOON, freeze, night, outcomes, plan
from tests.integration.loopback_gateway import LoopbackGateway, LoopbackServer
from tests.integration.sending_support import channel, drain, sender_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

    from smsbot.storage.database import Database
    from smsbot.values import Channel
    from smsbot.vault import Vault

SECOND = 1000


class StandingClock(Clock):
    def __init__(self, now_ms: int = NOON) -> None:
        super().__init__()
        self.at = now_ms

    def now_ms(self) -> int:
        return self.at


class Jobs:
    """Where calls go; `reachable` False is a Redis that is away."""

    def __init__(self) -> None:
        self.queued: list[tuple[int, int]] = []
        self.reachable = True

    def call(self, run_id: int, number: int) -> bool:
        if self.reachable:
            self.queued.append((run_id, number))
        return self.reachable


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    found = LoopbackServer(latency_s=0.05)
    yield found
    found.close()


def planner_of(database: Database, calls: Jobs, ours: Channel | None = None) -> Planner:
    ours = ours or channel(rate=50.0)
    return Planner(database, {ours.id: ours}, calls.call)


def feeder_of(
    database: Database, ours: Channel | None = None, clock: Clock | None = None
) -> Feeder:
    ours = ours or channel(rate=50.0)
    return Feeder(database, {ours.id: ours}, clock or StandingClock())


def due(database: Database) -> int:
    with database.read() as connection:
        rows = connection.execute(
            select(messages.c.id).where(messages.c.state == "queued", messages.c.due_at <= NOON)
        )
        return len(rows.all())


def test_a_large_campaign_has_few_jobs_and_few_rows_that_may_go(
    database: Database, vault: Vault
) -> None:
    made = freeze(database, vault, 3000)
    calls, feeder = Jobs(), feeder_of(database)
    planner = planner_of(database, calls)
    for second in range(10):
        planner.tick(NOON + second * SECOND)
    assert calls.queued == [(made.run_id, 1), (made.run_id, 2)]
    for run_id, number in calls.queued:
        assert feeder.release(run_id, number) == "at-ke"
    for second in range(10, 15):
        planner.tick(NOON + second * SECOND)
    assert len(calls.queued) == 2  # enough rows wait
    assert due(database) <= enough(channel(rate=50.0))


def test_a_batch_whose_job_was_lost_is_called_again(database: Database, vault: Vault) -> None:
    made = freeze(database, vault, 100)
    calls = Jobs()
    planner = planner_of(database, calls)
    assert planner.tick(NOON) == 1
    assert planner.tick(NOON + CALL_AGAIN_MS - 1) == 0
    assert planner.tick(NOON + CALL_AGAIN_MS) == 1
    assert planner.tick(NOON + CALL_AGAIN_MS + 1) == 0
    assert calls.queued == [(made.run_id, 1)] * 2


def test_without_redis_a_batch_stays_to_be_called(database: Database, vault: Vault) -> None:
    freeze(database, vault, 100)
    calls = Jobs()
    planner = planner_of(database, calls)
    calls.reachable = False
    assert planner.tick(NOON) == 0
    calls.reachable = True
    assert planner.tick(NOON + SECOND) == 1


def test_nothing_is_called_for_runs_and_channels_that_do_not_send(
    database: Database, vault: Vault
) -> None:
    made = freeze(database, vault, 100)
    calls = Jobs()
    planner = planner_of(database, calls)
    with database.write() as connection:
        channel_states.pause(connection, "at-ke", "405", "no balance", NOON)
    assert planner.tick(NOON) == 0
    with database.write() as connection:
        channel_states.resume(connection, "at-ke")
    halting.pause(database, made.campaign_id, reason="operator", actor="a", now_ms=NOON)
    assert planner.tick(NOON) == 0
    assert feeder_of(database).release(made.run_id, 1) is None
    assert not feeder_of(database).feed("at-ke")
    halting.resume(database, made.campaign_id, actor="a", now_ms=NOON)
    assert planner.tick(NOON) == 1
    assert planner.tick(NOON + 7 * HOUR) == 0  # its time is over
    assert not feeder_of(database).feed("no-such-channel")


def test_only_the_canary_is_called_until_it_was_looked_at(database: Database, vault: Vault) -> None:
    made = freeze(database, vault, 50, batch=10, canary=1)
    feeder = feeder_of(database)
    assert [feeder.feed("at-ke") for _ in range(3)] == [True, False, False]
    assert outcomes(database, made.run_id) == {("queued", ""): 10, ("held", ""): 40}
    with database.write() as connection:
        connection.execute(update(campaign_runs).values(canary_until=NOON))
    assert feeder.feed("at-ke")


def test_runs_of_one_channel_take_turns(database: Database, vault: Vault) -> None:
    first = freeze(database, vault, 500)
    second = freeze(database, vault, 500, first=500)
    feeder = feeder_of(database)
    for _ in range(6):
        assert feeder.feed("at-ke")
    for made in (first, second):
        assert outcomes(database, made.run_id) == {("queued", ""): 300, ("held", ""): 200}


def test_at_night_no_row_is_let_go_and_in_the_morning_all_of_them(
    database: Database, vault: Vault
) -> None:
    made = freeze(database, vault, 1200, expires_ms=DAY)
    ours, clock = night(rate=50.0), StandingClock(NOON + 8 * HOUR)
    feeder = feeder_of(database, ours, clock)
    for _ in range(10):
        assert not feeder.feed("at-ke")
    assert outcomes(database, made.run_id) == {("held", ""): 1200}
    with database.read() as connection:
        again = connection.execute(select(campaign_batches.c.due_at)).scalars()
        assert set(again) == {NOON + 20 * HOUR}
    calls = Jobs()
    assert planner_of(database, calls, ours).tick(clock.at) == 0
    clock.at = NOON + 20 * HOUR
    assert planner_of(database, calls, ours).tick(clock.at) == 1
    for _ in range(12):
        assert feeder.feed("at-ke")
    assert outcomes(database, made.run_id) == {("queued", ""): 1200}


def test_a_slow_campaign_lets_go_only_what_it_sends_soon(database: Database, vault: Vault) -> None:
    slow = freeze(database, vault, 500, plan=plan(rate=2.0))
    fast = freeze(database, vault, 500, first=500)
    feeder = feeder_of(database)
    for _ in range(8):
        feeder.feed("at-ke")
    assert outcomes(database, slow.run_id) == {("queued", ""): 20, ("held", ""): 480}
    assert outcomes(database, fast.run_id) == {("queued", ""): 500}


def test_a_sender_asks_for_more_before_it_runs_out(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    rate, people = 150.0, 1200
    made = freeze(database, vault, people, batch=600, now_ms=Clock().now_ms())
    gateway = LoopbackGateway(channel(rate=rate), server.port, max_batch=20)
    feeder = Feeder(database, {"at-ke": gateway.channel}, Clock())
    left: list[int] = []

    def feed(channel_id: str) -> bool:
        with database.read() as connection:
            waiting = count_waiting(connection, channel_id, 2, Clock().now_ms(), people)
        fed = feeder.feed(channel_id)
        if fed:
            left.append(waiting)
        return fed

    drain(sender_of(database, vault, redis_client, gateway, feeds=feed))
    assert outcomes(database, made.run_id) == {("accepted", ""): people}
    assert set(server.counts.values()) == {1}
    busiest, largest = server.busiest_second()
    assert busiest <= rate + largest
    first, *later = left
    assert first == 0
    assert min(later) > rate / 2  # on a busy machine, too, it never runs dry


def test_a_job_releases_its_batch_and_drains_the_channel(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    made = freeze(database, vault, 250, now_ms=Clock().now_ms())
    ours = channel(rate=1000.0)
    sender = sender_of(
        database, vault, redis_client, LoopbackGateway(ours, server.port), feeds=True
    )
    feeder = Feeder(database, {ours.id: ours}, Clock())
    waker = jobs.Waker(redis_client)
    planner = Planner(database, {ours.id: ours}, waker.call)
    assert planner.tick(Clock().now_ms()) == 1
    queue = jobs.queue(jobs.SEND, redis_client)
    (job,) = queue.jobs
    assert job.func_name == "smsbot.jobs.batch"
    assert list(job.args) == [made.run_id, 1]  # ids alone
    crew = jobs.Crew(sender, redis_client, lambda: None, feeder.release)
    jobs.prepare(crew)
    queue.empty()
    began = time.monotonic()
    assert jobs.batch(*job.args) == {"accepted": 250}
    assert time.monotonic() - began < 20
    assert outcomes(database, made.run_id) == {("accepted", ""): 250}
    with database.read() as connection:
        assert not connection.execute(
            select(contacts.c.id).join(messages).where(messages.c.gateway_id.is_(None))
        ).all()
