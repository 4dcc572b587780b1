from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from smsbot.errors import RedisAway
from smsbot.sessions.bucket import HEADROOM, RateBucket
from smsbot.sessions.client import connect

if TYPE_CHECKING:
    import redis


def test_slots_of_many_callers_lie_as_far_apart_as_the_rate_wants(
    redis_client: redis.Redis,
) -> None:
    rate, starts, lock = 5000.0, [], threading.Lock()

    def take() -> None:
        bucket = RateBucket(redis_client)
        for n in range(100):
            for slot, segments in zip(bucket.reserve("at-ke", (1, 2), rate), (1, 2), strict=True):
                assert slot.earliest <= slot.latest
                with lock:
                    starts.append((slot.latest, segments, n))

    threads = [threading.Thread(target=take) for _ in range(4)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = max(at for at, _, _ in starts)
    assert last - began >= (4 * 300 - 2) / rate  # 1,200 segments can't start any sooner
    assert last - began <= 4 * 300 / (rate * (1 - HEADROOM)) + 1.0


def test_a_hold_keeps_everybody_back_and_twice_is_once(redis_client: redis.Redis) -> None:
    bucket = RateBucket(redis_client)
    assert bucket.ahead_s("at-ke") == 0.0
    bucket.hold("at-ke", 3.0)
    bucket.hold("at-ke", 3.0)
    assert 2.5 < bucket.ahead_s("at-ke") <= 3.0
    bucket.hold("at-ke", 1.0)  # a shorter one takes nothing away
    assert bucket.ahead_s("at-ke") > 2.5
    assert bucket.ahead_s("tw") == 0.0
    bucket.hold("at-ke", 1e9)
    assert bucket.ahead_s("at-ke") <= 120.0


def test_a_mark_from_a_clock_that_was_set_back_is_forgotten(redis_client: redis.Redis) -> None:
    redis_client.set("smsbot:rate:at-ke", int((time.time() + 86_400) * 1e6))
    bucket = RateBucket(redis_client)
    assert bucket.ahead_s("at-ke") == 0.0
    (slot,) = bucket.reserve("at-ke", (1,), 10.0)
    assert slot.latest - time.monotonic() < 0.3
    assert 0.0 < bucket.ahead_s("at-ke") < 0.5


def test_a_flushed_redis_does_not_give_the_same_time_twice(redis_client: redis.Redis) -> None:
    bucket = RateBucket(redis_client)
    bucket.reserve("at-ke", (1,), 100.0)
    time.sleep(0.3)
    before = bucket.reserve("at-ke", (10,) * 2, 100.0)
    redis_client.flushall()
    after = bucket.reserve("at-ke", (10,), 100.0)
    assert after[0].latest > before[-1].latest


def test_the_mark_expires(redis_client: redis.Redis) -> None:
    RateBucket(redis_client).reserve("at-ke", (1,), 1.0)
    assert 3_600_000 < redis_client.pttl("smsbot:rate:at-ke") <= 3_602_000


def test_a_bucket_that_nobody_can_reach_gives_no_slot(tmp_path: object) -> None:
    bucket = RateBucket(connect(f"unix://{tmp_path}/nobody.sock"))
    for call in (
        lambda: bucket.reserve("a", (1,), 1.0),
        lambda: bucket.hold("a", 1.0),
        lambda: bucket.ahead_s("a"),
    ):
        with pytest.raises(RedisAway):
            call()
