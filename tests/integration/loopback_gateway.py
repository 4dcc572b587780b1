"""A gateway on loopback that remembers what it saw and when, and an adapter that speaks to it.

The server lives in the test process; senders may live in others and die there.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from smsbot.values import SendOutcome, SendResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smsbot.values import Channel, SendRequest


_kept_connections: list[http.client.HTTPConnection] = []


class LoopbackServer:
    """Answers POSTs of {segments, ids, to}. `plan` is asked for each: a dict per recipient, or a
    status, or "hang" or "drop"."""

    def __init__(self, latency_s: float = 0.0) -> None:
        self.latency_s = latency_s
        self.plan = lambda _number, _body: {"outcome": "accepted"}
        self.seen: list[tuple[float, int, list[int]]] = []  # (time, segments, ids)
        self.texts: list[str] = []
        self._lock = threading.Lock()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._socket.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._closing = False
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing = True
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)
        for kept in _kept_connections:
            kept.close()
        _kept_connections.clear()

    @property
    def counts(self) -> Counter[int]:
        with self._lock:
            return Counter(i for _, _, ids in self.seen for i in ids)

    def busiest_second(self) -> tuple[int, int]:
        """Give the most segments of any sliding second, and the largest request."""
        with self._lock:
            seen = sorted((at, segments) for at, segments, _ in self.seen)
        most = total = start = 0
        for at, segments in seen:
            total += segments
            while at - seen[start][0] >= 1.0:
                total -= seen[start][1]
                start += 1
            most = max(most, total)
        return most, max(segments for _, segments in seen)

    def _accept(self) -> None:
        while not self._closing:
            try:
                one, _ = self._socket.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(one)
            threading.Thread(target=self._serve, args=(one,), daemon=True).start()

    def _serve(self, one: socket.socket) -> None:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with one, one.makefile("rb") as lines:
                while lines.readline():
                    length = 0
                    while (line := lines.readline()) not in (b"\r\n", b""):
                        if line.lower().startswith(b"content-length:"):
                            length = int(line[15:])
                    at = time.monotonic()
                    body = json.loads(lines.read(length))
                    with self._lock:
                        self.seen.append((at, body["segments"] * len(body["ids"]), body["ids"]))
                        self.texts.append(body["text"])
                        number = len(self.seen)
                    if not self._answer(one, number, body):
                        return
        except (OSError, ValueError):
            pass
        finally:
            with self._lock:
                self._open.discard(one)

    def _answer(self, one: socket.socket, number: int, body: dict) -> bool:
        said = self.plan(number, body)
        if said == "hang":
            time.sleep(30)
            return False
        if said == "drop":
            return False
        time.sleep(self.latency_s)
        status = said if isinstance(said, int) else 200
        results = [
            {"id": i, "gateway_id": f"gw-{i}", "code": "", **(said if status == 200 else {})}
            for i in body["ids"]
        ]
        payload = json.dumps(results).encode()
        one.sendall(
            b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%s" % (status, len(payload), payload)
        )
        return True


class LoopbackGateway:
    """The adapter. Connections are per thread and kept, as the real ones are."""

    routes = frozenset()
    signs = False
    cost_micros = 800_000
    currency = "KES"

    def __init__(
        self, channel: Channel, port: int, *, max_batch: int = 100, has_credentials: bool = True
    ) -> None:
        self.channel = channel
        self.max_batch = max_batch
        self.has_credentials = has_credentials
        self.port = port
        self._kept = threading.local()

    def send(self, request: SendRequest) -> Sequence[SendResult]:
        ids = [recipient.message_id for recipient in request.recipients]
        assert len({recipient.to.e164 for recipient in request.recipients}) == len(ids)
        body = json.dumps({"segments": request.segments, "ids": ids, "text": request.text})
        connection = getattr(self._kept, "connection", None)
        try:
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.connect()
                self._kept.connection = connection
                _kept_connections.append(connection)
        except OSError:
            return [SendResult(i, SendOutcome.RETRY, code="no_connection") for i in ids]
        try:
            connection.request("POST", "/", body)
            response = connection.getresponse()
            raw = response.read()
        except (OSError, http.client.HTTPException):
            self._kept.connection = None
            connection.close()
            return [SendResult(i, SendOutcome.UNKNOWN, code="lost") for i in ids]
        if response.status != 200:
            outcome = SendOutcome.RETRY if response.status == 429 else SendOutcome.UNKNOWN
            return [SendResult(i, outcome, code=f"http_{response.status}") for i in ids]
        return [
            SendResult(
                found["id"],
                SendOutcome(found["outcome"]),
                gateway_id=found["gateway_id"] if found["outcome"] == "accepted" else "",
                code=found["code"],
                words=found.get("words", ""),
                cost_micros=self.cost_micros,
                currency=self.currency,
            )
            for found in json.loads(raw)
        ]
