"""What one pass over a run counts. Counters of small tuples: exact, and small for any audience."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsbot.campaigns.report.statistics import Answers


class Arm(StrEnum):
    """Where a person stands in the comparison. `reached` are those of `meant` with a receipt.

    `meant` and `hold_out` were parted at random, so they may be compared; `excluded` could never have
    been sent to (no consent, opted out, no text in the language) and belong to neither.
    """

    __hash__ = str.__hash__  # an Enum's own is written in Python, and these are keys by the million
    MEANT = "meant"
    REACHED = "reached"
    HOLD_OUT = "hold_out"
    EXCLUDED = "excluded"


class Item(StrEnum):
    """What a practice message was. Both kinds are told, or neither (I05)."""

    __hash__ = str.__hash__
    SCAM = "scam"
    GENUINE = "genuine"


class Dimension(StrEnum):
    """What an audience is broken down by."""

    __hash__ = str.__hash__
    LANGUAGE = "language"
    NETWORK = "network"
    REGION = "region"


Group = tuple[Dimension, str]
ERASED = "(erased)"
UNKNOWN = "(not known)"
DELIVERED, TAKEN, FAILED, UNCLEAR, NOT_SENT = range(5)
"""Columns of `deliveries`: every person of the audience is in one of them."""
NOT_STARTED, UNFINISHED, FINISHED = range(3)
"""Columns of `progress`."""


@dataclass(slots=True)
class Money:
    """Segments and money of what was sent. `known` messages have the gateway's own price.

    The replies are those to people who began something afterwards; `replies_unpriced` of their
    segments have no price of the gateway's.
    """

    messages: int = 0
    segments: int = 0
    micros: int = 0
    known: int = 0
    simulated: int = 0
    replies_segments: int = 0
    replies_micros: int = 0
    replies_unpriced: int = 0


@dataclass(slots=True)
class Steps:
    """How people went through one flow. `places` sums up at which step of theirs a state came."""

    started: int = 0
    finished: int = 0
    reached: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)


def _counters() -> defaultdict[Any, Counter[Any]]:
    return defaultdict(Counter)


@dataclass(slots=True)
class Tallies:
    """The counts of a run. Every number is of people, but in `latency` and `money`."""

    states: Counter[tuple[str, str]] = field(default_factory=Counter)
    arms: Counter[Arm] = field(default_factory=Counter)
    erased: int = 0
    deliveries: Counter[tuple[Group, int]] = field(default_factory=Counter)
    latency: defaultdict[str, Counter[int]] = field(default_factory=_counters)
    money: Money = field(default_factory=Money)
    left: Counter[Arm] = field(default_factory=Counter)
    begun: Counter[Arm] = field(default_factory=Counter)
    finished: Counter[Arm] = field(default_factory=Counter)
    practised: Counter[Arm] = field(default_factory=Counter)
    progress: Counter[tuple[Group, int]] = field(default_factory=Counter)
    flows_begun: Counter[str] = field(default_factory=Counter)
    flows_finished: Counter[str] = field(default_factory=Counter)
    steps: defaultdict[str, Steps] = field(default_factory=lambda: defaultdict(Steps))
    answers: defaultdict[tuple[Arm, Item], Counter[Answers]] = field(default_factory=_counters)
    all_answers: defaultdict[Arm, Counter[Answers]] = field(default_factory=_counters)
    group_answers: defaultdict[tuple[Group, Item], Counter[Answers]] = field(
        default_factory=_counters
    )
    attrition: Counter[tuple[Arm, bool, bool]] = field(default_factory=Counter)
    repeated: Counter[tuple[Arm, bool]] = field(default_factory=Counter)
    people_groups: Counter[Group] = field(default_factory=Counter)

    @property
    def audience(self) -> int:
        """Give the number of rows of the run."""
        return sum(self.states.values())

    def in_state(self, *states: str) -> int:
        """Give how many people are in one of these states."""
        return sum(many for (state, _), many in self.states.items() if state in states)

    def because(self, reason: str) -> int:
        """Give how many people were suppressed for this reason."""
        return self.states[("suppressed", reason)]

    def answers_of(self, arm: Arm, item: Item) -> Mapping[Answers, int]:
        """Give how many people of an arm answered how."""
        return self.answers.get((arm, item), {})
