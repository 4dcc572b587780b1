"""A small closed-loop HTTP client: many phones, each walking a USSD session over kept connections."""

from __future__ import annotations

import selectors
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_plus, urlsplit

TICKS = 100  # of the kernel's CPU accounting, per second


@dataclass
class Result:
    """What a run came to. Latencies in seconds."""

    turns: int = 0
    wrong: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def per_s(self) -> float:
        return self.turns / self.seconds

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000

    @property
    def cpu_us(self) -> float:
        return self.cpu_s / self.turns * 1e6


class Phone:
    """One caller on one connection: a new number and session id for each session."""

    def __init__(self, address: tuple[str, int], path: str, walk: list[str], number: int) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.path = path
        self.walk = walk
        self.number = number
        self.step = 0
        self.sent_at = 0.0
        self.buffer = b""

    def send(self) -> None:
        transcript = quote_plus(self.walk[self.step])
        body = (
            f"sessionId=ATUid_{self.number}&serviceCode=%2A384%2A123%23"
            f"&phoneNumber=%2B2547{self.number % 100_000_000:08d}&networkCode=63902&text={transcript}"
        ).encode()
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: localhost\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode()
        self.sent_at = time.perf_counter()
        self.socket.sendall(head + body)

    def receive(self) -> bytes | None:
        """Give the body once the answer is whole, else None."""
        self.buffer += self.socket.recv(65536)
        head, gap, rest = self.buffer.partition(b"\r\n\r\n")
        if not gap:
            return None
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(rest) < length:
            return None
        self.buffer = b""
        return head[9:12] + b" " + rest[:length]


def run(
    url: str,
    walk: list[str],
    expect: list[bytes],
    *,
    phones: int,
    seconds: float,
    first: int,
    pids: list[int],
) -> Result:
    """Walk sessions for so long; every answer must hold what is expected of its step."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    address = (parts.hostname, parts.port or 80)
    selector = selectors.DefaultSelector()
    number = first
    result = Result()
    for _ in range(phones):
        phone = Phone(address, parts.path, walk, number)
        number += 1
        selector.register(phone.socket, selectors.EVENT_READ, phone)
        phone.send()
    cpu = cpu_seconds(pids)
    began = time.perf_counter()
    end = began + seconds
    now = began
    while now < end:
        for key, _ in selector.select(1.0):
            phone = key.data
            answer = phone.receive()
            if answer is None:
                continue
            now = time.perf_counter()
            result.latencies.append(now - phone.sent_at)
            result.turns += 1
            if expect[phone.step] not in answer:
                result.wrong += 1
            phone.step += 1
            if phone.step == len(walk):
                phone.step = 0
                phone.number = number
                number += 1
            phone.send()
    result.seconds = time.perf_counter() - began
    result.cpu_s = cpu_seconds(pids) - cpu
    for key in list(selector.get_map().values()):
        key.data.socket.close()
    return result


def tree(pid: int) -> list[int]:
    """Give the process and all that it started."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += tree(int(child))
    return found


def cpu_seconds(pids: list[int]) -> float:
    """Give the CPU time that these processes have used."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / TICKS
