"""The lean connection to Redis: what a call does while Redis is away, and after it."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smsbot.errors import RedisAway
from smsbot.sessions.link import Link
from smsbot.up import redis_server

if TYPE_CHECKING:
    from collections.abc import Iterator


class Server:
    """A Redis that is killed and started again at the same address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = redis_server.url(folder)
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            redis_server.command(self._folder), stdout=subprocess.DEVNULL
        )
        redis_server.wait_until_ready(self.url, self.process)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="smsbot-redis-") as folder:
        found = Server(Path(folder))
        yield found
        found.kill()


def test_a_call_outlives_a_restart(server: Server) -> None:
    link = Link(server.url)
    assert link.call("PING") == b"PONG"
    server.kill()
    threading.Timer(0.4, server.start).start()
    assert link.call("PING") == b"PONG"


def test_after_a_long_outage_the_first_call_of_every_thread_is_served(server: Server) -> None:
    link = Link(server.url, restart_patience_s=0.1)
    assert link.call("PING") == b"PONG"  # this thread keeps a connection
    server.kill()

    def fail() -> None:
        with pytest.raises(RedisAway):
            link.call("PING")

    other = threading.Thread(target=fail)  # uses up the patience of all
    other.start()
    other.join()
    time.sleep(0.2)
    server.start()
    assert link.call("PING") == b"PONG"


def test_while_redis_stays_away_calls_fail_at_once(server: Server) -> None:
    link = Link(server.url, restart_patience_s=0.2)
    link.call("PING")
    server.kill()
    with pytest.raises(RedisAway):
        link.call("PING")
    began = time.monotonic()
    for _ in range(20):
        with pytest.raises(RedisAway):
            link.call("PING")
    assert time.monotonic() - began < 0.2
