"""When a campaign must not go on: judged from counts alone. Pure.

A failure is a message that failed, was not delivered, or of which nobody knows (a gateway that hangs
must not swallow a million), unless a sender of ours died over it. The rate is failures per answer:
whoever the gateway took or refused. Where it sends receipts, failures come some seconds after the
answers, so a rate is a little low at first, never too high: a pause for nothing would teach people to
resume without looking.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from smsbot.values import MessageState as State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsbot.storage.standings import Tally

WINDOW_S: Final = 300.0
FEWEST_RESULTS: Final = 50
FEWEST_BAD: Final = 3
"""Of a canary: one dead number among ten is no trouble."""
MOST_LEFT: Final = 0.01
"""Opt-outs per message delivered (I14 of the domain's measures: 10 per 1,000)."""
_BAD: Final = (State.FAILED, State.UNDELIVERED, State.UNKNOWN)
_ENDED: Final = (*_BAD, State.DELIVERED)
_ANSWERED: Final = (*_ENDED, State.ACCEPTED)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the deployment sets: the share of failures that pauses, the time a canary is looked at."""

    failure_share: float = 0.2
    canary_watch_s: int = 60


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a canary was bad."""

    words: str
    by_opt_outs: bool


class Window:
    """The counts of the last five minutes; `verdict` says what they came to."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._seen: deque[tuple[float, Tally]] = deque()

    def add(self, at_s: float, tally: Tally) -> None:
        """Take a count into account; what is older than the window only marks its beginning."""
        self._seen.append((at_s, tally))
        while len(self._seen) > 1 and self._seen[1][0] <= at_s - WINDOW_S:
            self._seen.popleft()

    def verdict(self) -> str:
        """Give why the run must pause, in words; empty when it need not."""
        first, last = self._seen[0][1], self._seen[-1][1]
        lost = last.lost - first.lost
        bad = _grown(first, last, _BAD) - lost
        results = max(_grown(first, last, _ANSWERED), _grown(first, last, _ENDED)) - lost
        if results < FEWEST_RESULTS or bad <= self._limits.failure_share * results:
            return ""
        unknown = _grown(first, last, (State.UNKNOWN,)) - lost
        doubt = f", {unknown:,} of them without any answer" if unknown else ""
        return (
            f"{bad:,} of the last {results:,} results were failures ({bad / results:.0%}; the limit is "
            f"{self._limits.failure_share:.0%}){doubt}"
        )


def of_canary(
    answered: Mapping[str, int], left: int, limits: Limits, *, is_out: bool
) -> Verdict | None:
    """Judge the canary's people; None when nothing speaks against the rest (yet).

    Three failures at least, or nothing but failures, make a rate; before all of the canary `is_out`,
    only of enough results.
    """
    results, bad = _sum(answered, _ANSWERED), _sum(answered, _BAD)
    enough = bad >= FEWEST_BAD or bad == results > 1
    enough = enough and (is_out or results >= FEWEST_RESULTS)
    if enough and bad > limits.failure_share * results:
        words = f"{bad:,} of the first {results:,} messages failed ({bad / results:.0%})"
        return Verdict(words, by_opt_outs=False)
    words = of_opt_outs(left, answered)
    return Verdict(words, by_opt_outs=True) if words else None


def of_opt_outs(left: int, counts: Mapping[str, int]) -> str:
    """Give the alarm about opt-outs in words; empty when there is none.

    What was accepted counts as delivered, since not every gateway sends receipts.
    """
    reached = counts.get(State.DELIVERED, 0) + counts.get(State.ACCEPTED, 0)
    if left < FEWEST_BAD or left <= MOST_LEFT * reached:
        return ""
    return f"{left:,} of {reached:,} people whom it reached said STOP (alarm: 10 in 1,000)"


def _grown(first: Tally, last: Tally, states: tuple[State, ...]) -> int:
    return _sum(last.counts, states) - _sum(first.counts, states)


def _sum(counts: Mapping[str, int], states: tuple[State, ...]) -> int:
    return sum(counts.get(state, 0) for state in states)
