"""Posts of a pretend provider to the service: a few kept connections, each post timed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
FAILED = 0
"""The status of a post that got no answer."""


class Poster:
    """Posts forms, at most `at_once` together. Answers statuses; never raises for the network."""

    def __init__(self, timeout_s: float = 15.0, at_once: int = 16) -> None:
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(at_once)
        self._idle: dict[
            tuple[str, int], list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
        ] = {}

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Post a form; give the status, or 0 if there was no answer in time."""
        async with self._slots:
            try:
                return await asyncio.wait_for(self._post(url, body, headers), self._timeout_s)
            except (OSError, ValueError, asyncio.IncompleteReadError, TimeoutError):
                return FAILED

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 80
        if host not in LOOPBACK or parts.scheme != "http":
            raise ValueError("a pretend provider posts to loopback alone")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        head = {
            "Host": parts.netloc,
            "Content-Type": "application/x-www-form-urlencoded",
            "Content-Length": str(len(body)),
        }
        lines = [f"POST {target} HTTP/1.1", *(f"{k}: {v}" for k, v in {**head, **headers}.items())]
        message = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        kept = self._idle.get((host, port), [])
        while kept:
            reader, writer = kept.pop()
            try:
                return await self._exchange((host, port), reader, writer, message)
            except (OSError, asyncio.IncompleteReadError):
                continue  # it was closed while it rested: every post here may be made twice
        reader, writer = await asyncio.open_connection(host, port)
        return await self._exchange((host, port), reader, writer, message)

    async def _exchange(
        self,
        address: tuple[str, int],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        message: bytes,
    ) -> int:
        try:
            writer.write(message)
            status, stays = await _read_answer(reader)
        except BaseException:
            writer.close()
            raise
        if stays:
            self._idle.setdefault(address, []).append((reader, writer))
        else:
            writer.close()
        return status

    def close(self) -> None:
        """Close the connections that are kept."""
        for kept in self._idle.values():
            for _, writer in kept:
                writer.close()
        self._idle.clear()


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """Give the status and whether the connection can be used again."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ")[1])
    headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in head)}
    length = headers.get("content-length")
    if length is None:
        return status, False
    await reader.readexactly(int(length))
    return status, headers.get("connection", "").lower() != "close"
