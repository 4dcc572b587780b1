"""What a pretend provider took: who, which text, when. Tests prove from it that nobody got two."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Taken:
    """The recipients of one request that were taken, at `at` seconds since 1970."""

    at: float
    numbers: tuple[str, ...]
    text_hash: str
    segments: int


def hash_of(text: str) -> str:
    """Name a text without showing it."""
    return sha256(text.encode()).hexdigest()[:16]


class Ledger:
    """Written by the server's thread alone; read by any."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.requests = 0
        self.answers: Counter[str] = Counter()
        self.callbacks: Counter[str] = Counter()

    def take(self, at: float, numbers: Sequence[str], text: str, segments: int) -> None:
        """Count recipients as reached."""
        if numbers:
            self.taken.append(Taken(at, tuple(numbers), hash_of(text), segments))

    def lines(self) -> Iterator[dict[str, Any]]:
        """Give one line per recipient, in order."""
        for taken in list(self.taken):
            for number in taken.numbers:
                yield {
                    "at": taken.at,
                    "number": number,
                    "text": taken.text_hash,
                    "segments": taken.segments,
                }

    def stats(self) -> dict[str, Any]:
        """Give the counts. `twice` is how many were taken beyond one for a number and a text."""
        reached = Counter(
            (number, taken.text_hash) for taken in list(self.taken) for number in taken.numbers
        )
        return {
            "requests": self.requests,
            "answers": dict(self.answers),
            "callbacks": dict(self.callbacks),
            "accepted": reached.total(),
            "segments": sum(len(taken.numbers) * taken.segments for taken in list(self.taken)),
            "distinct": len(reached),
            "twice": reached.total() - len(reached),
            "largest_request": max((len(taken.numbers) for taken in list(self.taken)), default=0),
            "peak_per_second": self.peak(),
        }

    def peak(self, window_s: float = 1.0) -> int:
        """Give the most segments that were taken within any window of so many seconds."""
        taken = sorted(self.taken, key=lambda one: one.at)
        most = within = first = 0
        for one in taken:
            within += len(one.numbers) * one.segments
            while one.at - taken[first].at >= window_s:
                within -= len(taken[first].numbers) * taken[first].segments
                first += 1
            most = max(most, within)
        return most
