"""Launches are called by RQ's scheduler and by the ticker, and go on when their worker is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text, update

from smsbot import jobs
from smsbot.clock import Clock
from smsbot.sessions.client import connect
from smsbot.storage import agenda, standings
from smsbot.storage.database import Database
from smsbot.storage.tables import campaign_runs
from smsbot.storage.tables import campaigns as campaigns_table
from smsbot.up.schedule import JobSchedule
from tests.e2e.running import children_of, until
from tests.integration.audience_support import many, plan, scheduled

if TYPE_CHECKING:
    import redis

    from smsbot.vault import Vault

ROOT = Path(__file__).parents[2]
PEOPLE = 20_000


def _waiting(client: redis.Redis) -> list[tuple[str, list[object]]]:
    waiting = jobs.queue(jobs.SEND, client).jobs
    return [(str(job.func_name).rpartition(".")[2], list(job.args)) for job in waiting]


def test_one_launch_is_called_at_a_time(redis_client: redis.Redis) -> None:
    waker = jobs.Waker(redis_client)
    assert waker.launch(7)
    assert not waker.launch(7)
    assert waker.launch(8)
    assert _waiting(redis_client) == [("launch", [7]), ("launch", [8])]
    redis_client.flushall()
    assert waker.launch(7)  # its call was lost with all of Redis


def test_the_scheduler_calls_at_the_moment_of_our_clock(redis_client: redis.Redis) -> None:
    waker, schedule = jobs.Waker(redis_client), JobSchedule(redis_client)
    tomorrow = 86_400_000  # the service's clock may be moved; RQ's is not
    assert waker.launch_at(7, tomorrow + 500, now_ms=tomorrow)
    assert waker.launch_at(7, tomorrow + 500, now_ms=tomorrow)
    assert waker.launch_at(8, tomorrow + 60_000, now_ms=tomorrow)
    schedule.tick()
    assert _waiting(redis_client) == []

    def is_called() -> bool:
        schedule.tick()
        return _waiting(redis_client) == [("launch", [7])]

    until(is_called, 10)
    schedule.close()


def test_without_redis_a_launch_is_only_not_called(tmp_path: Path) -> None:
    waker = jobs.Waker(connect(f"unix://{tmp_path}/nobody.sock"))
    assert not waker.launch(7)
    assert not waker.launch_at(7, 1000, now_ms=0)
    waker.at_work(7)
    waker.rest(7)


class Freezing:
    """A campaign that is due, workers that freeze it, and the ticker's call each half second."""

    def __init__(
        self, database: Database, vault: Vault, client: redis.Redis, redis_url: str
    ) -> None:
        self.database, self.client = database, client
        self.waker = jobs.Waker(client)
        url = database.url.render_as_string(hide_password=False)
        self.wanted = {"database": url, "redis": redis_url, "port": 1, "rate": 1000.0}
        self.workers: list[subprocess.Popen[bytes]] = []
        patient = Database(url, patience_s=60)
        with patient.write() as connection:
            many(connection, vault, PEOPLE)
            self.id = scheduled(connection, vault, plan())
            connection.execute(update(campaigns_table).values(next_at=Clock().now_ms()))
        patient.close()

    def start_worker(self) -> None:
        program = [sys.executable, "-m", "tests.integration.jobs_process", json.dumps(self.wanted)]
        self.workers.append(subprocess.Popen(program, cwd=ROOT))

    def kill_worker(self) -> None:
        worker = self.workers.pop()
        for pid in [worker.pid, *children_of(worker.pid)]:
            os.kill(pid, signal.SIGKILL)
        worker.wait()

    def tick(self) -> None:
        with self.database.read() as connection:
            due = agenda.due(connection, Clock().now_ms())
        for campaign_id in due:
            self.waker.launch(campaign_id)

    def frozen_to(self) -> int:
        with self.database.read() as connection:
            return connection.execute(select(campaign_runs.c.frozen_to)).scalar() or 0

    def is_done(self) -> bool:
        self.tick()
        with self.database.read() as connection:
            return bool(connection.execute(select(campaign_runs.c.frozen_at)).scalar())

    def end(self) -> None:
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.wait(20)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_a_killed_freezer_is_taken_up_again_within_seconds(
    database: Database, vault: Vault, redis_client: redis.Redis, redis_url: str
) -> None:
    freezing = Freezing(database, vault, redis_client, redis_url)
    try:
        freezing.start_worker()
        freezing.tick()
        until(lambda: freezing.frozen_to() > 0)
        freezing.kill_worker()
        assert 0 < freezing.frozen_to() < PEOPLE
        freezing.start_worker()
        until(freezing.is_done, 60)  # 10 s for the flag to go, then the rest of the work
    finally:
        freezing.end()
    with database.read() as connection:
        (run,) = standings.runs_of(connection, freezing.id)
        counted = standings.count(connection, run.id, "KES")
        twice = text("SELECT count(*) - count(DISTINCT contact_id) FROM messages")
        assert connection.execute(twice).scalar() == 0
    assert (counted.audience, counted.tally.counts) == (PEOPLE, {"queued": PEOPLE})
