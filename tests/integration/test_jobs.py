from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smsbot import jobs
from smsbot.errors import SmsbotError
from tests.integration.loopback_gateway import LoopbackServer
from tests.integration.sending_support import people, queue_bulk, states

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import redis

    from smsbot.storage.database import Database
    from smsbot.vault import Vault

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    found = LoopbackServer(latency_s=0.1)
    yield found
    found.close()


@pytest.fixture
def worker(
    database: Database, redis_client: redis.Redis, redis_url: str, server: LoopbackServer
) -> Iterator[subprocess.Popen[bytes]]:
    wanted = {
        "database": database.url.render_as_string(hide_password=False),
        "redis": redis_url,
        "port": server.port,
        "rate": 200.0,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.jobs_process", json.dumps(wanted)], cwd=ROOT
    )
    yield process
    if process.poll() is None:
        process.terminate()
    process.wait(20)


def _wait(until: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _queue(database: Database, vault: Vault, first: int, count: int) -> None:
    with database.write() as connection:
        queue_bulk(connection, vault, people(connection, vault, count, first=first), "x")


def test_a_wake_up_call_sends_what_was_queued_and_what_comes_while_it_is_at_work(
    database: Database,
    vault: Vault,
    redis_client: redis.Redis,
    server: LoopbackServer,
    worker: subprocess.Popen[bytes],
) -> None:
    waker = jobs.Waker(redis_client)
    _queue(database, vault, 0, 3)
    assert waker.wake("at-ke")
    _wait(lambda: sum(server.counts.values()) == 3)
    _queue(database, vault, 10, 2)
    assert not waker.wake("at-ke")  # the job at work looks again
    _wait(lambda: states(database) == {"accepted": 5})
    _wait(lambda: not redis_client.exists("smsbot:wake:at-ke"))
    _queue(database, vault, 20, 1)
    assert waker.wake("at-ke")
    _wait(lambda: states(database) == {"accepted": 6})
    assert set(server.counts.values()) == {1}


def test_a_worker_asked_to_stop_ends_its_job_and_leaves_nothing_in_doubt(
    database: Database,
    vault: Vault,
    redis_client: redis.Redis,
    server: LoopbackServer,
    worker: subprocess.Popen[bytes],
) -> None:
    _queue(database, vault, 0, 2000)
    jobs.Waker(redis_client).wake("at-ke")
    _wait(lambda: len(server.seen) > 2)
    began = time.monotonic()
    worker.terminate()
    assert worker.wait(20) == 0
    assert time.monotonic() - began < 5
    found = states(database)
    assert set(found) == {"accepted", "queued"}
    assert found["accepted"] == sum(server.counts.values())


def test_a_job_in_a_worker_without_a_crew_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_crew", None)
    with pytest.raises(SmsbotError, match="prepare"):
        jobs.send("at-ke")


def test_without_a_worker_the_calls_for_batches_stay_few(redis_client: redis.Redis) -> None:
    waker = jobs.Waker(redis_client)
    for number in range(jobs.MOST_WAITING):
        assert waker.call(1, number)
    assert not waker.call(1, jobs.MOST_WAITING)
    assert jobs.queue(jobs.SEND, redis_client).count == jobs.MOST_WAITING
