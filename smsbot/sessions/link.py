"""One lean Redis connection per thread for the webhook path.

redis-py's client spends most of a call on pools, retries and observability. Here its `Connection` is
used for what it does well (address, TLS, AUTH, SELECT, time limits), and then hiredis packs and reads
on the open socket: about half the CPU of a call. All that is sent here may run twice: reads, and
scripts that compare a version first.

While Redis restarts a call waits for it, 1.5 s at most, so that a citizen's turn outlives the restart;
once Redis has been away longer than that, calls fail at once until it is back.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Any

import hiredis
from redis.connection import ConnectionPool
from redis.exceptions import RedisError, ResponseError

from smsbot.errors import RedisAway
from smsbot.sessions.client import PATIENCE_S

if TYPE_CHECKING:
    from redis.connection import ConnectionInterface

RESTART_PATIENCE_S = 1.5
_PAUSE_S = 0.05
_CHUNK = 65536
_AWAY = (
    *("LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY", "READONLY"),
    *("OOM", "MISCONF", "NOREPLICAS"),
)
"""What a Redis says that is up and cannot serve: starting, failing over, full."""


class Script:
    """A Lua script: its text, and its SHA-1 once a server has it."""

    def __init__(self, lua: str) -> None:
        self.lua = lua.encode()
        self.sha = b""


class Link:
    """Calls Redis over this thread's own connection. Threads and forks may share a Link."""

    def __init__(
        self, at: str | ConnectionPool, *, restart_patience_s: float = RESTART_PATIENCE_S
    ) -> None:
        """Link to a URL, or to where the pool of a redis-py client leads."""
        self._pool = (
            ConnectionPool.from_url(
                at,
                socket_timeout=PATIENCE_S,
                socket_connect_timeout=PATIENCE_S,
                protocol=2,
            )
            if isinstance(at, str)
            else at
        )
        self._local = threading.local()
        self._patience_s = restart_patience_s
        self._away_since = 0.0

    def call(self, *command: bytes | str | int) -> Any:
        """Give the raw answer (bytes, int, list or None); raise RedisAway."""
        return self._within_patience(command)

    def run(self, script: Script, keys: int, *arguments: bytes | str | int) -> Any:
        """Run a script (`keys` of the arguments are keys); raise RedisAway."""
        if not script.sha:
            script.sha = self._within_patience(("SCRIPT", "LOAD", script.lua))
        try:
            return self._within_patience(("EVALSHA", script.sha, keys, *arguments))
        except ResponseError as fault:
            if not str(fault).startswith("NOSCRIPT"):
                raise
        return self._within_patience(("EVAL", script.lua, keys, *arguments))  # it was flushed

    def _within_patience(self, command: tuple[bytes | str | int, ...]) -> Any:
        was_kept = getattr(self._local, "held", None) is not None
        try:
            answer = self._once(command)
        except RedisAway as fault:
            return self._keep_trying(command, fault, at_once=was_kept)
        self._away_since = 0.0
        return answer

    def _keep_trying(
        self, command: tuple[bytes | str | int, ...], fault: RedisAway, *, at_once: bool
    ) -> Any:
        """Call again until the patience ends; `at_once` is once more in any case.

        A connection that was kept since before an outage fails although Redis is back, and the
        patience may have been used up long ago by another thread: only a fresh one can tell.
        """
        now = time.monotonic()
        if not self._away_since:
            self._away_since = now
        deadline = self._away_since + self._patience_s
        while at_once or time.monotonic() < deadline:
            if not at_once:
                time.sleep(_PAUSE_S)
            at_once = False
            try:
                answer = self._once(command)
            except RedisAway as again:
                fault = again
            else:
                self._away_since = 0.0
                return answer
        raise fault

    def _once(self, command: tuple[bytes | str | int, ...]) -> Any:
        held = self._held()
        try:
            held.socket.sendall(hiredis.pack_command(command))  # type: ignore[arg-type]
            answer = held.reader.gets()
            while answer is False:
                received = held.socket.recv(_CHUNK)
                if not received:
                    raise ConnectionResetError
                held.reader.feed(received)
                answer = held.reader.gets()
        except (OSError, hiredis.ProtocolError) as fault:
            self._drop()
            raise RedisAway("Redis does not answer") from fault
        if isinstance(answer, ResponseError):
            if str(answer).startswith(_AWAY):
                self._drop()  # it may be a replica by now: look anew
                raise RedisAway("Redis cannot serve now") from answer
            raise answer
        return answer

    def _held(self) -> _Held:
        held: _Held | None = getattr(self._local, "held", None)
        if held is not None and held.generation == _generation:
            return held
        connection = self._pool.make_connection()
        try:
            connection.connect()  # type: ignore[no-untyped-call]
        except (RedisError, OSError) as fault:
            raise RedisAway("Redis does not answer") from fault
        held = _Held(connection)
        self._local.held = held
        return held

    def _drop(self) -> None:
        held: _Held | None = getattr(self._local, "held", None)
        self._local.held = None
        if held is not None:
            held.connection.disconnect()  # type: ignore[no-untyped-call]


class _Held:
    """An open connection of one thread, and the generation of the process that made it.

    The kernel keeps the time limit: Python's own would poll before each send and each receive, and
    every system call is a chance for another thread to take the interpreter away.
    """

    __slots__ = ("connection", "generation", "reader", "socket")

    def __init__(self, connection: ConnectionInterface) -> None:
        self.generation = _generation
        self.connection = connection
        self.socket: Any = connection._sock  # type: ignore[attr-defined]  # noqa: SLF001
        limit = struct.pack("ll", *divmod(int(PATIENCE_S * 1_000_000), 1_000_000))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        self.socket.settimeout(None)
        self.reader = hiredis.Reader(replyError=ResponseError)


_generation = 0


def _forked() -> None:
    """A child of a fork must not speak on its parent's connections."""
    global _generation  # noqa: PLW0603  # the process has one
    _generation += 1


os.register_at_fork(after_in_child=_forked)
