"""Work of the hot path that can wait a tenth of a second: log lines, counts.

Done at once, each piece would cost a turn more than it is worth (a write to the kernel lets another
thread take the interpreter away); done together by a thread of its own, hardly anything.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_S = 0.1
T = TypeVar("T")


class Later(Generic[T]):
    """Collects things and hands them over together. What is not yet handed over dies with a kill -9.

    A fork begins empty: what its parent collected is the parent's to hand over.
    """

    def __init__(self, name: str, hand_over: Callable[[list[T]], None]) -> None:
        self._name = name
        self._hand_over = hand_over
        self._waiting: deque[T] = deque()
        self._runs = False
        _all.add(self)

    def add(self, thing: T) -> None:
        """Collect one; threads may call at once."""
        self._waiting.append(thing)
        if not self._runs:
            self._runs = True
            threading.Thread(target=self._run, name=self._name, daemon=True).start()
            atexit.register(self.flush)

    def flush(self) -> None:
        """Hand over what waits, now."""
        things = []
        while self._waiting:
            try:
                things.append(self._waiting.popleft())
            except IndexError:
                break  # another thread flushes, too
        if things:
            self._hand_over(things)

    def _run(self) -> None:
        while True:
            time.sleep(EVERY_S)
            self.flush()

    def begin_anew(self) -> None:
        """Forget what a parent process collected, and its thread, which a fork does not have."""
        self._waiting = deque()
        self._runs = False


_all: WeakSet[Later[Any]] = WeakSet()


def _forked() -> None:
    for later in list(_all):
        later.begin_anew()


os.register_at_fork(after_in_child=_forked)
