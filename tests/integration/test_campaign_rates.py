"""Rates as the gateway sees them: a slow campaign's own, its channel's, and replies before bulk."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from smsbot.clock import Clock
from smsbot.sessions.bucket import OwnRate, RateBucket
from smsbot.storage.messages import PRIORITY_REPLY
from tests.integration.campaign_support import freeze, outcomes, plan
from tests.integration.loopback_gateway import LoopbackGateway, LoopbackServer
from tests.integration.sending_support import TEXTS, channel, drain, queue_bulk, sender_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import redis

    from smsbot.storage.database import Database
    from smsbot.values import Channel
    from smsbot.vault import Vault


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    found = LoopbackServer(latency_s=0.05)
    yield found
    found.close()


def busiest(seen: Sequence[tuple[float, int]]) -> int:
    """Give the most segments of any sliding second."""
    return max(sum(n for other, n in seen if at <= other < at + 1.0) for at, _ in seen)


def send_for(
    database: Database,
    vault: Vault,
    client: redis.Redis,
    server: LoopbackServer,
    ours: Channel,
    seconds: float,
) -> None:
    """Two senders at once."""
    stop = threading.Event()
    gateway = LoopbackGateway(ours, server.port, max_batch=20)
    threads = [
        threading.Thread(
            target=lambda: drain(
                sender_of(database, vault, client, gateway, feeds=True), stop=stop, idle_s=30.0
            )
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    stop.set()
    for thread in threads:
        thread.join()


def test_a_slow_campaign_keeps_its_own_rate_and_holds_no_other_back(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    ours = channel(rate=100.0)
    now_ms = Clock().now_ms()
    slow = freeze(database, vault, 300, plan=plan(rate=12.0), now_ms=now_ms, words=TEXTS[4])
    fast = freeze(database, vault, 300, first=300, now_ms=now_ms)
    send_for(database, vault, redis_client, server, ours, 6.0)
    requests = list(zip(server.seen, server.texts, strict=True))
    slowly = [(at, segments) for (at, segments, _), text in requests if text == TEXTS[4]]
    largest = max(segments for _, segments in slowly)
    assert largest <= 3  # a quarter of its rate
    assert busiest(slowly) <= 12 + largest
    assert sum(segments for _, segments in slowly) >= 36  # half of what it may, on a busy machine
    assert outcomes(database, fast.run_id) == {("accepted", ""): 300}
    every, one = server.busiest_second()
    assert every <= 100 + one
    assert set(server.counts.values()) == {1}
    assert ("accepted", "") in outcomes(database, slow.run_id)


def test_a_reply_overtakes_a_campaign(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    made = freeze(database, vault, 2000, now_ms=Clock().now_ms())
    asked: list[float] = []

    def ask() -> None:
        for number in range(3):
            time.sleep(0.8)
            with database.write() as connection:
                queue_bulk(
                    connection,
                    vault,
                    [made.people[number]],
                    f"Jibu {number}",
                    priority=PRIORITY_REPLY,
                    purpose="reply",
                    now_ms=Clock().now_ms(),
                )
            asked.append(time.monotonic())

    asking = threading.Thread(target=ask)
    asking.start()
    send_for(database, vault, redis_client, server, channel(rate=60.0), 4.0)
    asking.join()
    came = {
        text: at
        for (at, _, _), text in zip(server.seen, server.texts, strict=True)
        if "Jibu" in text
    }
    waits = [came[f"Jibu {number}"] - at for number, at in enumerate(asked)]
    assert max(waits) < 1.0
    assert outcomes(database, made.run_id)[("accepted", "")] < 2000


def test_slots_of_a_slow_run_keep_both_rates(redis_client: redis.Redis) -> None:
    bucket = RateBucket(redis_client)
    own = OwnRate(7, 10.0)
    bucket.reserve("at-ke", (1,), 100.0, own)
    first, second = (bucket.reserve("at-ke", (2,), 100.0, own)[0] for _ in range(2))
    assert 0.2 <= second.earliest - first.earliest + 0.02 < 0.3
    (other,) = bucket.reserve("at-ke", (1,), 100.0)
    assert other.earliest >= second.earliest  # the channel's own order stays
    assert bucket.own_ahead_s("at-ke", own) > bucket.ahead_s("at-ke")
    (quick,) = bucket.reserve("at-ke", (1,), 100.0, OwnRate(8, 90.0))
    assert quick.earliest > other.earliest
