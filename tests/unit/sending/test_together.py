"""Several threads' things in one write: nobody is told before it is written, nobody goes missing."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from smsbot.errors import DatabaseAway
from smsbot.sending import together
from smsbot.sending.together import Together

if TYPE_CHECKING:
    from collections.abc import Sequence


class Disk:
    """Writes slowly, when it is let to; refuses what it is told to refuse."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.written: list[int] = []
        self.open = threading.Event()
        self.open.set()
        self.away = False
        self.bad: set[int] = set()
        self.tries = 0

    def write(self, things: Sequence[int]) -> None:
        self.tries += 1
        self.open.wait(10)
        time.sleep(0.005)
        if self.away:
            raise DatabaseAway("away")
        if self.bad & set(things):
            raise ValueError("bad")
        self.groups.append(list(things))
        self.written += things


@pytest.fixture
def disk() -> Disk:
    return Disk()


def _until(condition: object) -> None:
    deadline = time.monotonic() + 10
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_what_comes_while_one_writes_is_written_together_and_nobody_returns_before(
    disk: Disk,
) -> None:
    together_ = Together(disk.write)

    def add(number: int) -> None:
        together_.add(number)
        assert number in disk.written

    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(add, number) for number in range(200)]:
            done.result()
    assert sorted(disk.written) == list(range(200))
    assert len(disk.groups) < 100
    together_.add(200)  # alone it waits for nobody
    assert disk.groups[-1] == [200]


def test_a_group_keeps_the_order_in_which_its_things_came(disk: Disk) -> None:
    together_ = Together(disk.write)
    disk.open.clear()
    with ThreadPoolExecutor(5) as threads:
        threads.submit(together_.add, 0)
        _until(lambda: disk.tries == 1)
        for number in (1, 2, 3, 4):
            threads.submit(together_.add, number)
            _until(lambda number=number: len(together_._waiting) == number)
        disk.open.set()
    assert disk.groups == [[0], [1, 2, 3, 4]]


def test_one_bad_thing_takes_no_other_along(disk: Disk) -> None:
    together_ = Together(disk.write)
    disk.bad = {3}
    disk.open.clear()
    with ThreadPoolExecutor(6) as threads:
        first = threads.submit(together_.add, 0)
        _until(lambda: disk.tries == 1)
        others = [threads.submit(together_.add, number) for number in range(1, 6)]
        _until(lambda: len(together_._waiting) == 5)
        disk.open.set()
        first.result()
        for number, done in enumerate(others, 1):
            if number == 3:
                with pytest.raises(ValueError, match="bad"):
                    done.result()
            else:
                done.result()
    assert sorted(disk.written) == [0, 1, 2, 4, 5]


def test_while_the_database_is_away_one_thread_tries_and_the_others_are_told_at_once(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "PATIENCE_S", 0.2)
    together_ = Together(disk.write)
    disk.away = True
    with pytest.raises(DatabaseAway):
        together_.add(0)
    disk.open.clear()
    with ThreadPoolExecutor(2) as threads:
        trying = threads.submit(together_.add, 1)
        _until(lambda: disk.tries == 2)
        for number in range(2, 10):
            began = time.monotonic()
            with pytest.raises(DatabaseAway):
                together_.add(number)
            assert time.monotonic() - began < 0.1
        disk.away = False
        disk.open.set()
        trying.result()
    with ThreadPoolExecutor(4) as threads:  # and then all of them again
        assert list(threads.map(together_.add, range(10, 30))) == [None] * 20
    assert sorted(disk.written) == [1, *range(10, 30)]


def test_a_thread_waits_only_so_long_for_its_turn_and_then_asks_for_nothing_more(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "PATIENCE_S", 0.1)
    together_ = Together(disk.write)
    disk.open.clear()
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(together_.add, 0)
        _until(lambda: disk.tries == 1)
        with pytest.raises(DatabaseAway):
            together_.add(1)
        disk.open.set()
        slow.result()
    together_.add(2)
    assert disk.written == [0, 2]
