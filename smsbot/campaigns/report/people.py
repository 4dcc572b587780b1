"""What one person did before and after a message, read from her turns: pure, and quick for a million.

An item counts once in each period: the first answer, because the feedback comes right after it and `0`
leads back. A number that changed hands has two owners, and only the answers of the one who had it at
the time of the message count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING

from smsbot.campaigns.report.statistics import Answers
from smsbot.campaigns.report.tallies import Item

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from smsbot.storage.learning import Turned

FORWARD = frozenset(("option", "answer", "more"))
"""How a turn goes on in a flow; by these alone a flow is finished (as `finished` audiences are)."""
_NOT_BEGUN = frozenset(("offer", "end", "home"))
"""A dial that only offers to go on, or that left for the front door, begins nothing."""
_IN_ORDER = itemgetter(1, 2)
"""By `at`, then `number`."""
_NONE = Answers(0, 0, 0, 0)
_KINDS = {Item.SCAM.value: Item.SCAM, Item.GENUINE.value: Item.GENUINE}


@dataclass(frozen=True, slots=True)
class Span:
    """The moment of the message and how long before and after it counts, in ms."""

    at: int
    length: int

    def divides_as(self, other: Span, turns: Iterable[Turned]) -> bool:
        """Say whether another span, as long and later, parts these turns in the same way."""
        gap, length = other.at - self.at, self.length
        for turn in turns:
            past = turn.at - self.at
            if 0 <= past < gap or -length <= past < gap - length or length <= past < length + gap:
                return False
        return True


@dataclass(slots=True)
class Walk:
    """A person's way through one flow: states in the order in which they were first reached."""

    states: dict[str, None] = field(default_factory=dict)
    at: str = ""
    is_finished: bool = False


@dataclass(slots=True)
class Deeds:
    """What a person did. `answers` has the kinds that she answered, before or after; then both added."""

    answers: dict[Item, Answers] = field(default_factory=dict)
    all_answers: Answers = _NONE
    walks: dict[str, Walk] = field(default_factory=dict)
    new_items: int = 0
    known_items: int = 0


def in_order(turns: Iterable[Turned]) -> Sequence[Turned]:
    """Give a person's turns as they happened."""
    return sorted(turns, key=_IN_ORDER)


def deeds(turns: Iterable[Turned], span: Span, owner_since: int) -> Deeds:
    """Give what the owner of the number at `span.at` did within the span; turns `in_order`."""
    done = Deeds()
    walks = done.walks
    counts: dict[Item, list[int]] = {}
    first: set[tuple[str, str]] = set()
    then: set[tuple[str, str]] = set()
    message, length = span.at, span.length
    is_owners = message >= owner_since
    for turn in turns:
        _, at, _, flow, state, _, _, how, item, right, _ = turn
        past = at - message
        if not -length <= past < length or (at >= owner_since) is not is_owners:
            continue
        if item in _KINDS:
            seen = first if past < 0 else then
            if (flow, state) not in seen:
                seen.add((flow, state))
                count = counts.setdefault(_KINDS[item], [0, 0, 0, 0])
                column = 0 if past < 0 else 2
                count[column] += bool(right)
                count[column + 1] += 1
        if past >= 0 and how not in _NOT_BEGUN:
            _walk(walks, turn)
    if counts:
        done.answers = {kind: Answers(*count) for kind, count in counts.items()}
        done.all_answers = Answers(*map(sum, zip(*counts.values(), strict=True)))
        done.known_items = len(then & first)
        done.new_items = len(then) - done.known_items
    return done


def _walk(walks: dict[str, Walk], turn: Turned) -> None:
    _, _, _, flow, state, to_flow, to_state, how, _, _, ends = turn
    walk = walks.get(flow)
    if walk is None:
        walk = walks[flow] = Walk()
    walk.states[state] = None
    if how in FORWARD and (ends or flow != to_flow):
        walk.is_finished = True
    if to_flow != flow:
        walk.at = state
        walk = walks.get(to_flow)
        if walk is None:
            walk = walks[to_flow] = Walk()
    walk.states[to_state] = None
    walk.at = to_state
