"""The worker: a line per job, and nothing of a person in logs or Redis, however a job fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from rq import Queue, Retry
from rq.serializers import JSONSerializer

from smsbot.up.schedule import JobSchedule

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

_JOBS = """
import os, signal, time
def succeed(channel_id): return {"accepted": 3}
def fail(channel_id): raise ValueError("+254711000111 said my PIN is 4321")
def die(channel_id): os.kill(os.getpid(), 9)
def once(path):
    if os.path.exists(path): return 1
    open(path, "w").close()
    raise ValueError("first")
def slow(path):
    signal.signal(signal.SIGTERM, lambda *_: None)
    open(path + ".began", "w").close()
    time.sleep(1)
    open(path, "w").close()
"""
_WORKER = """
from smsbot import log
from smsbot.config import load_settings
from smsbot.up.worker import make_worker
log.configure("worker")
make_worker(load_settings()).work()
"""


class Work:
    """A worker process on the test's Redis, and a queue that it works on."""

    def __init__(self, client: redis.Redis, url: str, folder: Path) -> None:
        (folder / "test_jobs.py").write_text(_JOBS)
        self.queue = Queue("default", connection=client, serializer=JSONSerializer)
        self.errors = folder / "stderr"
        environ = {
            "SMSBOT_REDIS_URL": url,
            "SMSBOT_DATA": str(folder),
            "PYTHONPATH": f"{Path(__file__).parents[2]}{os.pathsep}{folder}",
        }
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _WORKER],
                env=os.environ | environ,
                stdout=errors,
                stderr=errors,
                process_group=0,
            )

    def do(self, job: str, argument: str = "at-ke", **more: Any) -> None:
        self.queue.enqueue(f"test_jobs.{job}", argument, **more)

    def lines(self, event: str, count: int) -> list[dict[str, Any]]:
        """Wait for `count` lines of an event and give them."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = [
                orjson.loads(line)
                for line in self.errors.read_text().splitlines()
                if f'"event":"{event}"' in line
            ]
            if len(found) >= count:
                return found
            time.sleep(0.05)
        raise AssertionError(self.errors.read_text())


@pytest.fixture
def work(redis_client: redis.Redis, redis_url: str, tmp_path: Path) -> Iterator[Work]:
    work = Work(redis_client, redis_url, tmp_path)
    yield work
    work.process.terminate()
    try:
        work.process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(work.process.pid, signal.SIGKILL)
        work.process.wait()


def test_each_job_is_one_line_of_ids_and_numbers(work: Work) -> None:
    work.do("succeed")
    work.do("fail")

    first, second = work.lines("job", 2)

    assert (first["job"], first["outcome"], first["queue"]) == ("succeed", "done", "default")
    assert isinstance(first["ms"], int)
    assert (second["job"], second["outcome"]) == ("fail", "failed")
    assert "at-ke" not in str(first)


def test_a_failed_job_leaves_nothing_that_was_said(work: Work) -> None:
    work.do("fail")

    (line,) = work.lines("job_failed", 1)
    work.lines("job", 1)

    assert line["error"] == "ValueError"
    assert line["frames"][-1] == "test_jobs.py:4 fail"
    (job_id,) = work.queue.failed_job_registry.get_job_ids()
    job = work.queue.fetch_job(job_id)
    assert job is not None
    result = job.latest_result()
    assert result is not None
    assert result.exc_string == "ValueError"
    assert "4321" not in work.errors.read_text()


def test_a_job_that_kills_its_process_harms_no_other(work: Work) -> None:
    work.do("die")
    work.do("succeed")

    (line,) = work.lines("job", 1)

    assert line["job"] == "succeed"
    assert work.process.poll() is None


def test_a_job_is_retried_when_it_says_so(work: Work, tmp_path: Path) -> None:
    work.do("once", str(tmp_path / "seen"), retry=Retry(max=1))

    assert [line["outcome"] for line in work.lines("job", 2)] == ["failed", "done"]


def test_asked_to_stop_it_lets_the_job_at_work_end(work: Work, tmp_path: Path) -> None:
    ended = tmp_path / "ended"
    work.do("succeed")
    work.lines("job", 1)
    work.do("slow", str(ended))
    deadline = time.monotonic() + 10
    while not (tmp_path / "ended.began").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    work.process.terminate()

    assert work.process.wait(15) == 0
    assert ended.exists()


def test_a_job_for_later_runs_when_the_ticker_says_so(
    work: Work, redis_client: redis.Redis
) -> None:
    work.queue.enqueue_in(timedelta(seconds=1), "test_jobs.succeed", "at-ke")
    schedule, second = JobSchedule(redis_client), JobSchedule(redis_client)
    schedule.tick()
    second.tick()
    assert work.queue.count == 0
    time.sleep(1.2)

    second.tick()  # has no lock: the first one lives
    assert len(work.queue.scheduled_job_registry) == 1
    schedule.tick()

    assert work.lines("job", 1)[0]["job"] == "succeed"
    schedule.close()
    second.tick()
    assert second._scheduler.acquired_locks == {"send", "default"}
    second.close()
    assert not [key for key in redis_client.keys("rq:scheduler*") if b"lock" in key]
