"""Connections to SQL with short patience: what is away must be said at once, not after a minute."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from smsbot.errors import DatabaseAway
from smsbot.storage import tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection, Dialect, Select

PATIENCE_S = 2.0
"""How long a statement waits for a lock or a connection: USSD must answer within 3 s."""
_CHECKPOINT_PAGES = 4000
"""16 MB: a text changes some twenty pages, mostly the same ones, and each is copied but once then."""
_BULK = ("synchronous=NORMAL", "cache_size=-65536")
_UNNOTICED_MS = 50
_SQLITE_AWAY = ("locked", "busy", "full", "disk i/o", "unable to open", "readonly")


class Database:
    """One pool per process. After a fork, call `dispose()` in the child before the first use.

    `write()` opens a transaction that may read and then write (BEGIN IMMEDIATE on SQLite, which has
    one writer); keep it short. `read()` never waits for a writer. Both raise DatabaseAway when SQL
    does not answer within `patience_s`, is locked, or its disk is full.
    """

    def __init__(
        self,
        url: str | sqlalchemy.URL,
        *,
        patience_s: float = PATIENCE_S,
        pool_size: int = 8,
        in_bulk: bool = False,
    ) -> None:
        self.url = sqlalchemy.make_url(url)
        self._in_bulk = in_bulk
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.patience_s = patience_s
        self._kept: dict[int, Connection] = {}
        self._writing = threading.Lock()
        self.engine = self._sqlite() if self.is_sqlite else self._postgresql(pool_size)
        self._driver_error = self.engine.dialect.loaded_dbapi.Error

    def _sqlite(self) -> sqlalchemy.Engine:
        engine = sqlalchemy.create_engine(
            self.url,
            connect_args={"timeout": self.patience_s, "check_same_thread": False},
            hide_parameters=True,  # an error quotes its statement, never the values in it
        )
        patience_ms = int(self.patience_s * 1000)

        @event.listens_for(engine, "connect")
        def _connect(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # we say BEGIN ourselves
            for pragma in (
                f"busy_timeout={patience_ms}",
                "journal_mode=WAL",
                "synchronous=FULL",  # an acknowledged STOP outlives a power cut
                "foreign_keys=ON",
                "temp_store=MEMORY",
                f"wal_autocheckpoint={_CHECKPOINT_PAGES}",
                *(_BULK if self._in_bulk else ()),
            ):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            options = connection.get_execution_options()
            if not options.get("smsbot_write", False):
                connection.exec_driver_sql("BEGIN")
                return
            left_ms = options["smsbot_left_ms"]
            if left_ms > patience_ms - _UNNOTICED_MS:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                return
            connection.exec_driver_sql(f"PRAGMA busy_timeout={left_ms}")
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout={patience_ms}")

        return engine

    def _postgresql(self, pool_size: int) -> sqlalchemy.Engine:
        from smsbot.storage.silence import AT_REST_S, give_up_on_silence

        self._at_rest_s = AT_REST_S
        tables.speak_postgresql()
        patience_ms = int(self.patience_s * 1000)
        engine = sqlalchemy.create_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=self.patience_s,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={
                "connect_timeout": max(1, int(self.patience_s)),
                "options": f"-c statement_timeout={patience_ms} -c lock_timeout={patience_ms} "
                "-c timezone=UTC",
            },
        )
        give_up_on_silence(engine, self.patience_s)
        return engine

    def for_bulk(self) -> Database:
        """Give a second pool, for thousands of commits that may all be made again after a power cut.

        On SQLite they do not wait for the disk one by one: the next commit of this pool makes them
        last. Close it.
        """
        return Database(self.url, patience_s=self.patience_s, pool_size=1, in_bulk=True)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection in a transaction that commits at the end, or rolls back on an error."""
        with (
            self._answering(),
            self._turn_to_write() as left_ms,
            self.engine.connect() as plain,
        ):
            connection = plain.execution_options(smsbot_write=True, smsbot_left_ms=left_ms)
            with connection.begin():
                yield connection

    @contextmanager
    def _turn_to_write(self) -> Iterator[int]:
        """Let this process's threads write one after the other; give what is left of the patience.

        Who waits for SQLite itself sleeps, and looks again after 1, 2, 5 ... 100 ms: under load its
        waiters starve by chance.
        """
        if not self.is_sqlite:
            yield 0
            return
        writing, began = self._writing, time.monotonic()
        if not writing.acquire(timeout=self.patience_s):
            raise DatabaseAway("no turn to write came in time")
        try:
            yield max(0, int((self.patience_s - (time.monotonic() - began)) * 1000))
        finally:
            writing.release()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one moment of the database."""
        with self._answering(), self.engine.connect() as connection, connection.begin():
            yield connection

    def one(self, sql: str, parameters: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Give the first row of one plain SELECT, or None, on a connection that this thread keeps.

        A tenth of the cost of `read()`: no pool, no transaction, no compiled statement. `sql` is in
        the driver's own words (`driver_sql`). A connection that was closed is made anew once.
        """
        with self._answering():
            was_kept = threading.get_native_id() in self._kept
            try:
                return self._one(sql, parameters)
            except (OperationalError, InterfaceError):
                self._let_go()
                if self.is_sqlite or not was_kept:
                    raise
            return self._one(sql, parameters)

    def _one(self, sql: str, parameters: Mapping[str, Any]) -> tuple[Any, ...] | None:
        try:
            driver = self._driver()
            cursor = driver.cursor()
            row: tuple[Any, ...] | None = cursor.execute(sql, parameters).fetchone()
            cursor.close()
            if not self.is_sqlite:
                driver.limit_s = self._at_rest_s
        except self._driver_error as fault:
            raise DBAPIError.instance(
                sql, None, fault, self._driver_error, dialect=self.engine.dialect
            ) from fault
        return row

    def _driver(self) -> Any:
        """Give this thread's own connection of the driver, outside of transactions."""
        thread = threading.get_native_id()  # a forked child has another
        kept = self._kept.get(thread)
        if kept is None:
            kept = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._kept[thread] = kept
        return kept.connection.dbapi_connection

    def _let_go(self) -> None:
        kept = self._kept.pop(threading.get_native_id(), None)
        if kept is not None:
            kept.invalidate()
            kept.close()

    def driver_sql(self, statement: Select[Any]) -> str:
        """Give a SELECT with its parameters by name, in the words of this database's driver."""
        spoken = import_module(f"sqlalchemy.dialects.{self.url.get_backend_name()}")
        dialect: Dialect = spoken.dialect(paramstyle="named" if self.is_sqlite else "pyformat")
        return str(statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True}))

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except PoolTimeoutError:
            raise DatabaseAway("no database connection became free in time") from None
        except (OperationalError, InterfaceError) as fault:
            words = str(fault.orig).lower()
            if self.is_sqlite and not any(sign in words for sign in _SQLITE_AWAY):
                raise
            raise DatabaseAway("the database is away, locked or full") from fault
        except DBAPIError as fault:
            if fault.connection_invalidated:
                raise DatabaseAway("the database closed the connection") from fault
            raise

    def dispose(self) -> None:
        """Forget the pool without closing what a parent process shares."""
        self._writing = threading.Lock()
        self._kept = {}
        self.engine.dispose(close=False)

    def close(self) -> None:
        """Close every connection of this process."""
        for kept in self._kept.values():
            kept.close()
        self._kept = {}
        self.engine.dispose()
