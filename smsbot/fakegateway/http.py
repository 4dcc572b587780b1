"""The least HTTP/1.1 that the official SDKs speak, fast: one process takes thousands of requests.

Not a web server: no TLS, no chunks, one request at a time on a connection.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_LARGEST_HEAD = 16_384
_LARGEST_BODY = 1_048_576
_REASONS = {status.value: status.phrase for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class Request:
    """A request. `path` is raw, without the query; header names are lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. The length is added; the connection stays open."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Give the bytes on the wire."""
        lines = [
            f"HTTP/1.1 {self.status} {_REASONS.get(self.status, 'Odd')}",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(self.body)}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


class Hang:
    """No answer: the connection stays open until the other side gives up."""


class Drop:
    """No answer: the connection is cut."""


Answer = Reply | Hang | Drop


class Connection(asyncio.Protocol):
    """One client. Each request is answered before the next is read."""

    def __init__(
        self, answer: Callable[[Request], Awaitable[Answer]], open_now: set[asyncio.Transport]
    ) -> None:
        self._answer = answer
        self._open_now = open_now
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._open_now.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the base's signature
        """Forget what was not answered yet."""
        if self._transport is not None:
            self._open_now.discard(self._transport)
        self._transport = None
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """Collect, and answer when a request is whole."""
        self._buffer += data
        if self._task is None:
            self._read_next()

    def _read_next(self) -> None:
        try:
            request = _take_request(self._buffer)
        except ValueError:
            self._write(Reply(400, b'{"error": "not HTTP as we know it"}'))
            self._close()
            return
        if request is not None:
            self._task = asyncio.get_running_loop().create_task(self._serve(request))

    async def _serve(self, request: Request) -> None:
        answer = await self._answer(request)
        if isinstance(answer, Hang):
            return  # the task stays set: nothing more is read on this connection
        self._task = None
        if isinstance(answer, Drop):
            if self._transport is not None:
                self._transport.abort()
            return
        self._write(answer)
        if self._buffer:
            self._read_next()

    def _write(self, reply: Reply) -> None:
        if self._transport is not None:
            self._transport.write(reply.encode())

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def _take_request(buffer: bytearray) -> Request | None:
    """Take one whole request off the buffer, or give None if more must come."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        if len(buffer) > _LARGEST_HEAD:
            raise ValueError("the head is too large")
        return None
    first, *lines = buffer[:end].decode("latin-1").split("\r\n")
    method, target, _version = first.split(" ")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    length = int(headers.get("content-length", "0"))
    if "transfer-encoding" in headers or not 0 <= length <= _LARGEST_BODY:
        raise ValueError("the body is too large, or in chunks")
    start = end + 4
    if len(buffer) < start + length:
        return None
    body = bytes(buffer[start : start + length])
    del buffer[: start + length]
    path, _, query = target.partition("?")
    return Request(method, path, query, headers, body)
