"""Texts in and answered: webhook, SQL, outbox, one worker, a pretend gateway of 100 ms.

500 texts a second come in at their times, whatever the service does (a gateway does not wait for us
either), over kept connections, from 5,000 persons: first a keyword that begins a lesson, then the
answer to its question. The web processes, the worker, the ticker, Redis and SQLite are the service's
own. Latencies count from the moment when a text was due. The queue must not grow.

    python -m bench.sms [--rate 500] [--seconds 20] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import selectors
import socket
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from pathlib import Path

from bench.load import cpu_seconds, tree
from bench.rig import TOKEN, Rig

CONNECTIONS = 16
SAMPLE_S = 1.0
PATIENCE_S = 20.0


@dataclass
class Run:
    """What was sent and what came of it. Times are wall clock, in seconds."""

    sent: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    waits: list[float] = field(default_factory=list)
    refused: int = 0
    depths: list[int] = field(default_factory=list)
    seconds: float = 0.0


def text_of(number: int, persons: int) -> tuple[str, bytes]:
    """Give who sends the text of this number, and the form in which the gateway posts it."""
    person = number % persons
    words = "WRONG" if number < persons else "2"
    phone = f"2547{person % 100:02d}{person:06d}"
    form = (
        f"id=ATXid_{number:08d}&linkId=L{number}&from=%2B{phone}&to=22384&text={words}"
        "&date=2026-11-22+12%3A00%3A00&networkCode=63902"
    )
    return f"+{phone}", form.encode()


class Wire:
    """One kept connection with one text on its way at most."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due_at = 0.0
        self._buffer = b""

    def send(self, form: bytes, due_at: float, route: bytes = b"sms") -> None:
        self.due_at = due_at
        self.socket.sendall(
            b"POST /hooks/at-ke/%b/%b HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%b"
            % (TOKEN.encode(), route, len(form), form)
        )

    def status(self) -> int:
        """Give the status of a whole answer, 0 while some of it is missing."""
        self._buffer += self.socket.recv(65536)
        head, gap, rest = self._buffer.partition(b"\r\n\r\n")
        if not gap:
            return 0
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
        if len(rest) < length:
            return 0
        self._buffer = b""
        return int(head[9:12])


def drive(rig: Rig, rate: int, seconds: float) -> Run:
    """Send every text when it is due, or as soon after as a connection is free."""
    run, total = Run(), int(rate * seconds)
    selector = selectors.DefaultSelector()
    idle: deque[Wire] = deque(Wire(rig.port) for _ in range(CONNECTIONS))
    for wire in idle:
        selector.register(wire.socket, selectors.EVENT_READ, wire)
    levels = sqlite3.connect(f"file:{rig.folder}/smsbot.sqlite3?mode=ro", uri=True)
    began = sampled_at = time.time()
    number = answered = 0
    while answered < total:
        now = time.time()
        while idle and number < total and began + number / rate <= now:
            phone, form = text_of(number, total // 2)
            due_at = began + number / rate
            run.sent[phone].append(due_at)
            idle.popleft().send(form, due_at)
            number += 1
        if now - sampled_at >= SAMPLE_S:
            sampled_at = now
            query = "SELECT count(*) FROM messages WHERE state = 'queued'"
            run.depths.append(levels.execute(query).fetchone()[0])
        next_due = began + number / rate if number < total and idle else now + SAMPLE_S
        for key, _ in selector.select(max(0.0, min(next_due - time.time(), SAMPLE_S))):
            status = key.data.status()
            if not status:
                continue
            run.waits.append(time.time() - key.data.due_at)
            run.refused += status != 200
            answered += 1
            idle.append(key.data)
    run.seconds = time.time() - began
    levels.close()
    for wire in idle:
        wire.socket.close()
    return run


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000


def measure(rate: int, seconds: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="smsbot-bench-") as name, Rig(Path(name)) as rig:
        # The job is a process of its own for each drain: its time shows when RQ has waited for it.
        pids = {
            "web": tree(rig.web.pid),
            "worker": [rig.worker.pid],
            "ticker": [rig.ticker.pid],
        }
        before = {part: cpu_seconds(each) for part, each in pids.items()}
        run = drive(rig, rate, seconds)
        web = cpu_seconds(pids["web"]) - before["web"]
        total = int(rate * seconds)
        until = time.monotonic() + PATIENCE_S
        taken = rig.taken()
        while sum(map(len, taken.values())) < total and time.monotonic() < until:
            time.sleep(0.5)
            taken = rig.taken()
        time.sleep(2.5)  # the job ends a second after the last text
        worker = reaped_cpu(rig.worker.pid)
        ticker = cpu_seconds(pids["ticker"]) - before["ticker"]
    reached = [
        took - sent
        for phone, times in run.sent.items()
        for sent, took in zip(times, taken.get(phone, ()), strict=False)
    ]
    answers = sorted(at for times in taken.values() for at in times)
    depths = run.depths or [0]
    return {
        "in/s": total / run.seconds,
        "refused": run.refused,
        "hook p50 ms": percentile(run.waits, 0.5),
        "hook p99 ms": percentile(run.waits, 0.99),
        "out/s": len(answers) / (answers[-1] - answers[0]) if len(answers) > 1 else 0,
        "lost": total - len(answers),
        "queue mid": statistics.median(depths[: len(depths) // 2] or depths),
        "queue end": statistics.median(depths[len(depths) // 2 :]),
        "queue max": max(depths),
        "sent p50 ms": percentile(reached, 0.5) if reached else 0,
        "sent p99 ms": percentile(reached, 0.99) if reached else 0,
        "web us": web / total * 1e6,
        "worker us": worker / total * 1e6,
        "ticker us": ticker / total * 1e6,
    }


def reaped_cpu(pid: int) -> float:
    """Give the CPU time of a process and of the children that it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    asked = argparse.ArgumentParser(description="Texts in and answered, in one table.")
    asked.add_argument("--rate", type=int, default=500)
    asked.add_argument("--seconds", type=float, default=20.0)
    asked.add_argument("--rounds", type=int, default=3)
    options = asked.parse_args(sys.argv[1:] if sys.argv[0].endswith("sms.py") else [])
    print(
        f"{options.rate} texts/s for {options.seconds:.0f} s, one worker, gateway of 100 ms; "
        "queue: rows that wait, median of each half and the most at any second"
    )
    rounds = []
    for _ in range(options.rounds):
        rounds.append(measure(options.rate, options.seconds))
        if len(rounds) == 1:
            print("".join(f"{name:>12}" for name in rounds[0]))
        print("".join(f"{value:12.1f}" for value in rounds[-1].values()), flush=True)
    medians = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    print("".join(f"{value:12.1f}" for value in medians.values()) + "  medians")
    verdict = "holds" if medians["queue end"] <= max(100, 2 * medians["queue mid"]) else "grows"
    print(f"the queue {verdict}")


if __name__ == "__main__":
    main()
