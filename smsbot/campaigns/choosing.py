"""What becomes of each person of an audience: the one rule that a preview counts by and a freeze writes.

The reasons exclude each other; the first that holds is the one: opted_out, no_consent, no_language,
hold_out. So the hold-out is drawn among those who would else be sent the message, and is like them.
"""

from __future__ import annotations

from heapq import heappush, heapreplace
from typing import TYPE_CHECKING

from smsbot.campaigns.draws import CANARY, END, HOLD_OUT, SAMPLE, Draw, below
from smsbot.storage.audiences import walk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from smsbot.plans import Plan
    from smsbot.storage.audiences import Person, Rules
    from smsbot.storage.database import Database

NO_LANGUAGE = "no_language"
HELD_OUT = "hold_out"


class Choice:
    """Decides person by person. Made once per run or preview; the same people get the same answers.

    `number` is the run's: each run of a repeated campaign has a sample and a canary of its own, while
    the hold-out stays the same people. `sample_below` None means everybody who fits.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        languages: Collection[str],
        first_language: str,
        seed: str,
        number: int,
        sample_below: int | None,
        canary_share: float = 0.0,
    ) -> None:
        self._languages = frozenset(languages)
        self._first_language = first_language
        self._held_out_below = below(plan.hold_out)
        self._hold_out = Draw(seed, HOLD_OUT)
        self._sample_below = END if sample_below is None else sample_below
        self._sample = _sample_draw(seed, number)
        self._canary_below = below(canary_share)
        self._canary = Draw(seed, f"{CANARY}:{number}")

    def sampled(self, people: Sequence[Person]) -> Sequence[Person]:
        """Give those who are in the sample: they are the audience."""
        if self._sample_below >= END:
            return people
        return [person for person in people if self._sample(person.ref) < self._sample_below]

    def language_of(self, person: Person) -> str:
        """Give the language to speak: who never chose one is spoken to in the channel's first."""
        return person.language or self._first_language

    def reason_against(self, person: Person) -> str:
        """Give why the person is not sent the message, or an empty text."""
        if person.refusal:
            return person.refusal
        if (person.language or self._first_language) not in self._languages:
            return NO_LANGUAGE
        if self._held_out_below and self._hold_out(person.ref) < self._held_out_below:
            return HELD_OUT
        return ""

    def is_canary(self, person: Person) -> bool:
        """Say whether a person who is sent the message goes first."""
        return self._canary_below > 0 and self._canary(person.ref) < self._canary_below


def draw_sample(
    database: Database, rules: Rules, size: int, *, upto: int, seed: str, number: int
) -> int:
    """Give the `sample_below` of a run that means `size` of the people who fit; looks at all of them."""
    draw = _sample_draw(seed, number)
    pages = (people for people, _ in walk(database, rules, upto=upto))
    return bound_of((draw(person.ref) for people in pages for person in people), size)


def bound_of(draws: Iterable[int], size: int) -> int:
    """Give the bound below which `size` of the draws lie, or all of them if there are not so many."""
    if size <= 0:
        return 0
    lowest: list[int] = []  # negative, so that the highest of them is at the top of the heap
    for drawn in draws:
        if len(lowest) < size:
            heappush(lowest, -drawn)
        elif drawn < -lowest[0]:
            heapreplace(lowest, -drawn)
    return END if len(lowest) < size else 1 - lowest[0]


def _sample_draw(seed: str, number: int) -> Draw:
    return Draw(seed, f"{SAMPLE}:{number}")
