"""Waiting for SQLite's one writer: in turn, and never longer than the patience in all."""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from smsbot.errors import DatabaseAway
from smsbot.storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE_S = 0.5


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = Database(f"sqlite:///{tmp_path}/writers.sqlite3", patience_s=PATIENCE_S)
    with found.write() as connection:
        connection.exec_driver_sql("CREATE TABLE seen (number INTEGER)")
    yield found
    found.close()


def _write(database: Database, number: int) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("INSERT INTO seen VALUES (?)", (number,))


def test_no_writer_waits_longer_than_the_patience_behind_others_that_wait(
    database: Database,
) -> None:
    other = sqlite3.connect(str(database.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    def attempt(number: int) -> float:
        began = time.monotonic()
        with pytest.raises(DatabaseAway):
            _write(database, number)
        return time.monotonic() - began

    with ThreadPoolExecutor(6) as threads:
        waited = list(threads.map(attempt, range(6)))
    other.close()

    assert max(waited) < 2 * PATIENCE_S
    with ThreadPoolExecutor(6) as threads:  # and the next ones have all of it again
        list(threads.map(lambda number: _write(database, number), range(60)))
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM seen").scalar_one() == 60
        patience_ms = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    assert patience_ms == PATIENCE_S * 1000


def test_a_write_that_fails_leaves_the_turn_to_the_next(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write():
        raise ZeroDivisionError
    _write(database, 1)


def test_a_forked_process_has_turns_of_its_own(database: Database) -> None:
    with database.write():
        database.dispose()  # what a child does first; the parent's thread holds the turn for ever
        with database.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM seen").scalar_one() == 0
    _write(database, 1)
