"""One lean Redis connection per thread for the webhook path.

redis-py's client spends most of a call on pools, retries and observability; its `Connection` alone
(address, TLS, AUTH, SELECT, parser) is about a third cheaper and as well kept. All that is sent here
may run twice: reads, and scripts that compare a version first.

While Redis restarts a call waits for it, 1.5 s at most, so that a citizen's turn outlives the restart;
once Redis has been away longer than that, calls fail at once until it is back.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from redis.connection import ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from smsbot.errors import RedisAway
from smsbot.sessions.client import PATIENCE_S

if TYPE_CHECKING:
    from redis.connection import ConnectionInterface

RESTART_PATIENCE_S = 1.5
_PAUSE_S = 0.05
_BUSY = ("LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY")
_FULL = ("OOM", "MISCONF", "NOREPLICAS")


class Script:
    """A Lua script: its text, and its SHA-1 once a server has it."""

    def __init__(self, lua: str) -> None:
        self.lua = lua.encode()
        self.sha = b""


class Link:
    """Calls Redis over this thread's own connection. Threads and forks may share a Link."""

    def __init__(self, url: str, *, restart_patience_s: float = RESTART_PATIENCE_S) -> None:
        self._pool = ConnectionPool.from_url(
            url,
            socket_timeout=PATIENCE_S,
            socket_connect_timeout=PATIENCE_S,
            protocol=2,
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
        except NoScriptError:  # Redis restarted or was flushed
            return self._within_patience(("EVAL", script.lua, keys, *arguments))

    def _within_patience(self, command: tuple[bytes | str | int, ...]) -> Any:
        try:
            answer = self._once(command)
        except RedisAway as fault:
            return self._keep_trying(command, fault)
        self._away_since = 0.0
        return answer

    def _keep_trying(self, command: tuple[bytes | str | int, ...], fault: RedisAway) -> Any:
        now = time.monotonic()
        if not self._away_since:
            self._away_since = now
        deadline = self._away_since + self._patience_s
        while time.monotonic() < deadline:
            time.sleep(_PAUSE_S)
            try:
                answer = self._once(command)
            except RedisAway as again:
                fault = again
            else:
                self._away_since = 0.0
                return answer
        raise fault

    def _once(self, command: tuple[bytes | str | int, ...]) -> Any:
        connection = self._connection()
        try:
            connection.send_packed_command(connection.pack_command(*command), check_health=False)
            return connection.read_response(disable_decoding=True)
        except NoScriptError:
            raise
        except ReadOnlyError:
            self._drop()
            raise RedisAway("Redis is read-only now") from None
        except ResponseError as fault:
            self._say_if_busy(fault)
            raise
        except (RedisConnectionError, RedisTimeoutError, OSError) as fault:
            self._drop()
            raise RedisAway("Redis does not answer") from fault
        except RedisError as fault:
            self._drop()
            self._say_if_busy(fault)
            raise

    def _say_if_busy(self, fault: RedisError) -> None:
        words = str(fault)
        if words.startswith((*_BUSY, *_FULL)) or "loading" in words.lower():
            raise RedisAway("Redis cannot serve now") from fault

    def _connection(self) -> ConnectionInterface:
        held: _Held | None = getattr(self._local, "connection", None)
        if held is not None and held.thread == threading.get_native_id():
            return held.connection
        connection = self._pool.make_connection()
        try:
            connection.connect()  # type: ignore[no-untyped-call]
        except RedisError as fault:
            raise RedisAway("Redis does not answer") from fault
        self._local.connection = _Held(threading.get_native_id(), connection)
        return connection

    def _drop(self) -> None:
        held = getattr(self._local, "connection", None)
        self._local.connection = None
        if held is not None:
            held.connection.disconnect()


class _Held:
    """A connection and the kernel's id of the thread that made it: a fork gets another."""

    __slots__ = ("connection", "thread")

    def __init__(self, thread: int, connection: ConnectionInterface) -> None:
        self.thread = thread
        self.connection = connection
