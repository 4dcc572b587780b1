"""The pieces in which an audience is written: how large, and which batch each person falls in."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsbot.storage.freezing import Batch

BATCH_SIZE: Final = 1000
_WRITE_S: Final = 0.06
"""How long a piece may take to write: on SQLite every citizen's answer waits for it."""
_READ_S: Final = 0.2
_FEWEST, _MOST = 100, 4000
_NARROWEST, _WIDEST = 1000, 100_000


@dataclass(slots=True)
class Pace:
    """How many people the next piece may have, and over how many contacts it may look for them.

    It follows what the last one took: machines, audiences and databases differ by a factor of hundred.
    """

    people: int = 500
    contacts: int = 5000

    def learn(self, *, read_s: float, write_s: float) -> None:
        """Aim at pieces that take as long as they may, growing to twice the size at most."""
        self.people = _scaled(self.people, _WRITE_S, write_s, _FEWEST, _MOST)
        self.contacts = _scaled(self.contacts, _READ_S, read_s, _NARROWEST, _WIDEST)


def _scaled(size: int, allowed_s: float, took_s: float, least: int, most: int) -> int:
    factor = min(2.0, allowed_s / max(took_s, 0.001))
    return max(least, min(most, int(size * factor)))


def first_bulk_batch(contacts: int, canary_share: float) -> int:
    """Give the number of the first batch that is not of the canary: those have the lowest ones.

    How many people the canary will have is not known while the audience is being written, so there
    is room for as many as chance may give: six standard deviations above the mean.
    """
    if canary_share <= 0:
        return 1
    mean = contacts * canary_share
    return 1 + ceil((mean + 6 * sqrt(mean) + 1) / BATCH_SIZE)


class Batches:
    """Gives each queued person the number of a batch, filling one after the other."""

    def __init__(self, last: Mapping[bool, Batch], first_bulk: int) -> None:
        self._room = (first_bulk - 1) * BATCH_SIZE
        self._number = {True: 1, False: first_bulk}
        self._size = {True: 0, False: 0}
        for is_canary, batch in last.items():
            self._number[is_canary], self._size[is_canary] = batch.number, batch.size

    def place(self, *, is_canary: bool) -> int:
        """Give the batch of the next person."""
        is_canary = is_canary and not self._is_full()
        if self._size[is_canary] == BATCH_SIZE:
            self._number[is_canary] += 1
            self._size[is_canary] = 0
        self._size[is_canary] += 1
        return self._number[is_canary]

    def _is_full(self) -> bool:
        return (self._number[True] - 1) * BATCH_SIZE + self._size[True] >= self._room
