"""A connection to PostgreSQL that gives up on a silent server.

The server's own `statement_timeout` ends what is slow. A server that is frozen, or behind a cut cable,
says nothing at all, and libpq would wait for as long as TCP does: many minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

import psycopg
from psycopg.errors import _WaitTimeout
from sqlalchemy import event, text

if TYPE_CHECKING:
    from psycopg.abc import PQGen
    from sqlalchemy import Connection as SqlConnection
    from sqlalchemy import Engine

T = TypeVar("T")
AT_REST_S: Final = 0.5
"""For the first word on a connection that was kept: the caller still has to try a new one."""
_GRACE_S: Final = 0.3
"""The server speaks first: its words tell more."""


class Connection(psycopg.Connection[Any]):
    """Waits `limit_s` for each answer (None: for ever), then closes itself."""

    limit_s: float | None = AT_REST_S

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Give what `gen` comes to, or raise OperationalError."""
        try:
            return super().wait(gen, interval, self.limit_s if timeout is None else timeout)
        except _WaitTimeout:
            self.pgconn.finish()
            raise psycopg.OperationalError("the server says nothing") from None


def take_your_time(connection: SqlConnection) -> None:
    """Let the statements of this transaction last as long as they need: a migration, a backup."""
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    driver: Any = connection.connection.dbapi_connection
    driver.limit_s = None


def give_up_on_silence(engine: Engine, patience_s: float) -> None:
    """Let every connection of the engine give up: at rest soon, in use a moment after `patience_s`."""

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, words: Any, named: Any) -> Connection:
        return Connection.connect(*words, **named)

    @event.listens_for(engine, "checkout")
    def _checkout(connection: Connection, _record: Any, _fairy: Any) -> None:
        connection.limit_s = patience_s + _GRACE_S

    @event.listens_for(engine, "checkin")
    def _checkin(connection: Connection | None, _record: Any) -> None:
        if connection is not None:
            connection.limit_s = AT_REST_S
