"""Pause, resume and cancel: counted at the gateway, at random moments, and after a kill in between."""

from __future__ import annotations

import random
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from smsbot.campaigns import halting
from smsbot.campaigns.release import release
from smsbot.clock import Clock
from smsbot.errors import Refused
from smsbot.storage import alerts, channel_states
from smsbot.storage.alerts import Kind
from smsbot.storage.tables import campaign_batches, campaigns, messages
from tests.integration.campaign_support import HOUR, NOON, PRICE, freeze, outcomes, run_row
from tests.integration.loopback_gateway import LoopbackGateway, LoopbackServer
from tests.integration.sending_support import channel, drain, sender_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

    from smsbot.storage.database import Database
    from smsbot.vault import Vault
    from tests.integration.campaign_support import Frozen

LATENCY_S = 0.05


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    found = LoopbackServer(latency_s=LATENCY_S)
    yield found
    found.close()


def campaign_state(database: Database, made: Frozen) -> str:
    with database.read() as connection:
        query = select(campaigns.c.state).where(campaigns.c.id == made.campaign_id)
        return str(connection.execute(query).scalar_one())


def pause(database: Database, made: Frozen, reason: str = "operator") -> halting.Halted:
    return halting.pause(database, made.campaign_id, reason=reason, actor="amina", now_ms=NOON + 1)


def test_a_pause_holds_what_was_let_go_and_gives_its_money_back(
    database: Database, vault: Vault
) -> None:
    made = freeze(database, vault, 250)
    for number in (1, 2):
        release(database, made.run_id, number, now_ms=NOON, channel=channel())
    with database.write() as connection:
        connection.execute(
            update(messages).where(messages.c.contact_id <= 30).values(state="sending")
        )
    assert pause(database, made) == halting.Halted(170, is_complete=True)
    assert outcomes(database, made.run_id) == {("sending", ""): 30, ("held", ""): 220}
    run = run_row(database, made.run_id)
    assert (run.state, run.paused_reason, run.paused_at) == ("paused", "operator", NOON + 1)
    assert run.committed_micros == 30 * PRICE
    assert campaign_state(database, made) == "paused"
    with pytest.raises(Refused, match="is paused, so it can't be paused"):
        pause(database, made)
    halting.resume(database, made.campaign_id, actor="amina", now_ms=NOON + 2)
    went = [
        release(database, made.run_id, number, now_ms=NOON + 2, channel=channel()).went
        for number in (1, 2, 3)
    ]
    assert went == [70, 100, 50]
    assert run_row(database, made.run_id).committed_micros == 250 * PRICE


def test_a_cancel_is_final(database: Database, vault: Vault) -> None:
    made = freeze(database, vault, 250)
    release(database, made.run_id, 1, now_ms=NOON, channel=channel())
    with database.write() as connection:
        connection.execute(
            update(messages).where(messages.c.contact_id <= 30).values(state="accepted")
        )
    done = halting.cancel(database, made.campaign_id, actor="amina", now_ms=NOON + 1)
    assert done == halting.Halted(220, is_complete=True)
    assert outcomes(database, made.run_id) == {("accepted", ""): 30, ("cancelled", ""): 220}
    run = run_row(database, made.run_id)
    assert (run.state, run.finished_at, run.committed_micros) == (
        "cancelled",
        NOON + 1,
        30 * PRICE,
    )
    for act in (halting.cancel, halting.resume):
        with pytest.raises(Refused, match="final"):
            act(database, made.campaign_id, actor="amina", now_ms=NOON + 2)


def test_a_paused_campaign_can_be_cancelled(database: Database, vault: Vault) -> None:
    made = freeze(database, vault, 10)
    pause(database, made)
    halting.cancel(database, made.campaign_id, actor="amina", now_ms=NOON + 2)
    assert outcomes(database, made.run_id) == {("cancelled", ""): 10}


def test_a_pause_and_a_cancel_that_a_killed_process_began_are_finished(
    database: Database, vault: Vault
) -> None:
    made = freeze(database, vault, 300)
    for number in (1, 2):
        release(database, made.run_id, number, now_ms=NOON, channel=channel())
    with database.write() as connection:
        halting.pause_now(
            connection, made.campaign_id, reason="operator", actor="amina", now_ms=NOON
        )
    assert halting.sweep(database, NOON) == 200
    assert outcomes(database, made.run_id) == {("held", ""): 300}
    assert halting.sweep(database, NOON) == 0
    done = halting.cancel(database, made.campaign_id, actor="amina", now_ms=NOON, patience_s=0)
    assert not done.is_complete
    assert run_row(database, made.run_id).finished_at is None
    assert halting.sweep(database, NOON + 5) == 300
    assert run_row(database, made.run_id).finished_at == NOON + 5
    assert halting.sweep(database, NOON + 6) == 0


def test_a_cancelled_run_is_finished_when_nothing_is_on_its_way(
    database: Database, vault: Vault
) -> None:
    made = freeze(database, vault, 10)
    one = messages.c.contact_id == made.people[0].id
    with database.write() as connection:
        connection.execute(update(messages).where(one).values(state="sending"))
    halting.cancel(database, made.campaign_id, actor="amina", now_ms=NOON)
    assert run_row(database, made.run_id).finished_at is None
    with database.write() as connection:
        connection.execute(update(messages).where(one).values(state="queued"))
    assert halting.sweep(database, NOON + 1) == 1
    assert outcomes(database, made.run_id) == {("cancelled", ""): 10}
    assert run_row(database, made.run_id).finished_at == NOON + 1


@pytest.mark.parametrize(("because", "stays"), [("405", False), ("operator", True)])
def test_resuming_lifts_an_account_fault_but_not_what_an_operator_paused(
    database: Database, vault: Vault, because: str, stays: bool
) -> None:
    made = freeze(database, vault, 10)
    with database.write() as connection:
        channel_states.pause(connection, "at-ke", because, "no balance", NOON)
        alerts.raise_alert(connection, Kind.CHANNEL_PAUSED, "at-ke", "paused", NOON)
    halting.pause(
        database,
        made.campaign_id,
        reason=halting.ACCOUNT,
        actor="system",
        now_ms=NOON,
        alert="no balance",
    )
    with database.read() as connection:
        assert len(alerts.ongoing(connection)) == 2
    halting.resume(database, made.campaign_id, actor="amina", now_ms=NOON)
    with database.read() as connection:
        assert (channel_states.find(connection, "at-ke").paused_at is not None) is stays
        assert [alert.kind for alert in alerts.ongoing(connection)] == (
            ["channel_paused"] if stays else []
        )


def test_a_message_that_the_gateway_gave_back_during_a_pause_is_held(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    made = freeze(database, vault, 20, now_ms=Clock().now_ms())
    sender = sender_of(
        database, vault, redis_client, LoopbackGateway(channel(), server.port), feeds=True
    )
    server.plan = lambda _n, _body: 429
    drain(sender, max_s=0.5)
    pause(database, made)
    with database.write() as connection:  # one that was on its way came back afterwards
        connection.execute(
            update(messages).where(messages.c.contact_id == made.people[6].id).values(due_at=0)
        )
        connection.execute(update(campaign_batches).values(state="released"))
    asked = len(server.seen)
    redis_client.flushall()
    drain(sender)
    assert len(server.seen) == asked
    assert outcomes(database, made.run_id) == {("held", ""): 20}
    server.plan = lambda _n, _body: {"outcome": "accepted"}
    halting.resume(database, made.campaign_id, actor="amina", now_ms=NOON)
    redis_client.flushall()
    drain(sender)
    assert outcomes(database, made.run_id) == {("accepted", ""): 20}


@contextmanager
def senders_at_work(
    database: Database, vault: Vault, client: redis.Redis, server: LoopbackServer, rate: float
) -> Iterator[None]:
    """Two senders in threads, which feed themselves, until the end of the block."""
    stop = threading.Event()
    gateway = LoopbackGateway(channel(rate=rate), server.port, max_batch=20)

    def work() -> None:
        sender = sender_of(database, vault, client, gateway, feeds=True)
        while not stop.is_set():
            drain(sender, stop=stop, idle_s=30.0)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("seed", [1])
def test_pauses_and_resumes_at_random_lose_nobody_and_double_nobody(
    database: Database,
    vault: Vault,
    redis_client: redis.Redis,
    server: LoopbackServer,
    seed: int,
) -> None:
    chance = random.Random(seed)
    made = freeze(database, vault, 1200, now_ms=Clock().now_ms())
    halts = 0
    with senders_at_work(database, vault, redis_client, server, rate=800.0):
        until = time.monotonic() + 30
        while outcomes(database, made.run_id) != {("accepted", ""): 1200}:
            assert time.monotonic() < until
            time.sleep(chance.uniform(0.3, 0.9))
            with suppress(Refused):
                pause(database, made)
                halts += 1
                paused = time.monotonic()
                time.sleep(0.6)
                late = [at - paused for at, _, _ in server.seen if at > paused]
                assert max(late, default=0.0) < 0.4  # what waited for its slot
                halting.resume(database, made.campaign_id, actor="amina", now_ms=NOON)
    assert halts >= 2
    assert set(server.counts.values()) == {1}
    assert len(server.counts) == 1200


def test_after_a_cancel_nothing_goes(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    made = freeze(database, vault, 2000, now_ms=Clock().now_ms())
    with senders_at_work(database, vault, redis_client, server, rate=400.0):
        until = time.monotonic() + 20
        while len(server.counts) < 100 and time.monotonic() < until:
            time.sleep(0.05)
        halting.cancel(database, made.campaign_id, actor="amina", now_ms=NOON + HOUR, patience_s=30)
        cancelled = time.monotonic()
        time.sleep(1.0)
    assert max((at - cancelled for at, _, _ in server.seen), default=0.0) < 0.4
    found = outcomes(database, made.run_id)
    assert found[("accepted", "")] == len(server.counts) > 100
    assert found[("cancelled", "")] == 2000 - len(server.counts)
    assert set(server.counts.values()) == {1}
