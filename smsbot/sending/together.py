"""What several threads want written at once, written by one of them in one transaction.

A commit costs a write to the disk, whether it holds one delivery report or thirty. While one thread
writes, the things of others gather; when it is done it hands the pen to the first who waits, who
writes them all. Nobody is told "done" before the commit, and nobody waits for a clock.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from smsbot.errors import DatabaseAway, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
PATIENCE_S: Final = 1.0
"""How long a thread waits for others to write: it is one of few, and citizens need them too."""


def _held() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(slots=True, eq=False)
class _Place(Generic[T]):
    """A thing that waits, and its thread, which sleeps on `called`."""

    thing: T
    called: threading.Lock = field(default_factory=_held)
    is_settled: bool = False
    has_pen: bool = False
    fault: Exception | None = None


class Together(Generic[T]):
    """Writes things in groups, in the order in which they came. Made once per process.

    `write` commits all of its things or raises; it may be given a thing again that it has committed.
    While SQL is away one thread at a time tries, and the others are told so at once.
    """

    def __init__(self, write: Callable[[Sequence[T]], object]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._waiting: list[_Place[T]] = []
        self._is_writing = False
        self._is_away = False

    def add(self, thing: T) -> None:
        """Return once the thing is committed; raise what kept it from that, or Unavailable.

        After Unavailable it may have been committed all the same.
        """
        place = _Place(thing)
        with self._lock:
            if self._is_writing and self._is_away:
                raise DatabaseAway("the database is away")
            self._waiting.append(place)
            place.has_pen, self._is_writing = not self._is_writing, True
        if not place.has_pen and not place.called.acquire(timeout=PATIENCE_S):
            self._leave(place)
        if place.has_pen:
            try:
                self._settle(self._gathered())
            finally:
                self._hand_over()
        if place.fault is not None:
            raise place.fault

    def _gathered(self) -> Sequence[_Place[T]]:
        with self._lock:
            gathered, self._waiting = self._waiting, []
        return gathered

    def _hand_over(self) -> None:
        with self._lock:
            self._is_writing = bool(self._waiting)
            if self._waiting:
                self._waiting[0].has_pen = True
                self._waiting[0].called.release()

    def _leave(self, place: _Place[T]) -> None:
        """Go without having been written, unless the pen or the good news came at this moment."""
        with self._lock:
            if place.is_settled or place.has_pen:
                return
            if place in self._waiting:
                self._waiting.remove(place)
        raise DatabaseAway("the database did not take this in time")

    def _settle(self, places: Sequence[_Place[T]]) -> None:
        fault: Exception | None = None
        try:
            self._write([place.thing for place in places])
            self._is_away = False
        except Unavailable as unavailable:
            fault, self._is_away = unavailable, True
        except Exception as bad:  # noqa: BLE001  # one bad thing must not take the others along
            if len(places) > 1:
                for place in places:
                    self._settle([place])
                return
            fault = bad
        for place in places:
            place.fault, place.is_settled = fault, True
            if not place.has_pen:
                place.called.release()
