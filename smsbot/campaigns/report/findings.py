"""A report as values: what is told of a run, with nothing in it that may not be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsbot.campaigns.report.statistics import Discernment, Interval, Share
    from smsbot.campaigns.report.tallies import Arm, Dimension
    from smsbot.plans import Plan


@dataclass(frozen=True, slots=True)
class Head:
    """Which run, and how far around it the report looks. Times in ms."""

    campaign: int
    run: int
    title: str
    purpose: str
    channel: str
    flow: str
    course: str
    state: str
    began_at: int
    made_at: int
    days: int
    opt_out_days: int
    currency: str
    plan: Plan

    @property
    def is_early(self) -> bool:
        """Say whether the days after the message are not over yet."""
        return self.made_at < self.began_at + self.days * 86_400_000


@dataclass(frozen=True, slots=True)
class Reach:
    """People by what became of their message; `excluded` and `hold_out` were never to get one."""

    audience: int
    meant: int
    delivered: int
    taken: int
    failed: int
    unclear: int
    not_sent: int
    hold_out: int
    excluded: Mapping[str, int]
    erased: int
    delivered_share: Share | None


@dataclass(frozen=True, slots=True)
class Part:
    """One group of a breakdown. A cell that is None is hidden."""

    name: str
    people: int
    cells: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """People of each group by what became of them. Small groups are one part; see `small_cells`.

    `hides` says why there is nothing: all groups are small, or no cell could be protected.
    """

    dimension: Dimension
    columns: tuple[str, ...]
    parts: tuple[Part, ...]
    pooled: int = 0
    hides: bool = False

    @property
    def hidden(self) -> int:
        """Give the number of its cells that are hidden."""
        return sum(cell is None for part in self.parts for cell in part.cells)


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds from the gateway's acceptance to the receipt of delivery."""

    name: str
    median_s: int
    p95_s: int


@dataclass(frozen=True, slots=True)
class Step:
    """A state of a flow: people who reached it and those who left there, in tens (None: a few)."""

    name: str
    reached: int | None
    left: int | None


@dataclass(frozen=True, slots=True)
class FlowUse:
    """How many people began and finished a flow after the message, in tens."""

    flow: str
    begun: int | None
    finished: int | None


@dataclass(frozen=True, slots=True)
class Completion:
    """What people did after the message. Shares are of those that the message went to."""

    begun: Share | None
    finished: Share | None
    flow: str
    steps: tuple[Step, ...]
    flows: tuple[FlowUse, ...]
    enrolled: int | None


@dataclass(frozen=True, slots=True)
class Leaving:
    """People who opted out within some days; the alarm is for more than ten of a thousand."""

    people: int
    share: Share | None
    hold_out: Share | None

    @property
    def is_alarming(self) -> bool:
        """Say whether more than ten of a thousand left."""
        return self.share is not None and self.share.value > 0.01  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class Cost:
    """What it cost, in millionths; per person only where there is one. `known`: the gateway's price.

    `replies` are the segments of our answers to people who began something afterwards, and
    `replies_micros` about what they cost: they are not of the campaign, but a lesson by SMS needs them.
    """

    messages: int
    segments: int
    micros: int
    known: int
    simulated: int
    per_reached: int | None
    per_finisher: int | None
    replies: int
    replies_micros: int
    per_finisher_with_replies: int | None


@dataclass(frozen=True, slots=True)
class Skill:
    """A share of right answers: before, after, and the change of the `both` who answered twice."""

    measure: str
    before: Share | None
    after: Share | None
    both: int
    change: Interval | None


@dataclass(frozen=True, slots=True)
class Learning:
    """What one arm knew. `skills`: scams caught, genuine accepted, all items; or none of them.

    `repeated` is the share of the later answers that were to items already answered before.
    """

    arm: Arm
    people: int
    skills: tuple[Skill, ...]
    before: Discernment | None
    after: Discernment | None
    answered_both: int | None
    answered_before: int | None
    answered_after: int | None
    repeated: float | None


@dataclass(frozen=True, slots=True)
class Effect:
    """The difference that the message made: of those meant to get it less the hold-out."""

    measure: str
    meant: Interval
    hold_out: Interval
    effect: Interval


@dataclass(frozen=True, slots=True)
class GroupSkill:
    """Right answers of one group after the message, of both kinds."""

    dimension: Dimension
    name: str
    people: int
    hits: Share
    accepts: Share


@dataclass(frozen=True, slots=True)
class Report:
    """All that is told of a run. `limits` are whole sentences: what cannot be said, and why."""

    head: Head
    reach: Reach
    delivery: Breakdown
    waits: tuple[Wait, ...]
    completion: Completion
    progress: tuple[Breakdown, ...]
    leaving: Leaving
    cost: Cost
    learning: tuple[Learning, ...]
    effects: tuple[Effect, ...]
    group_skills: tuple[GroupSkill, ...]
    limits: tuple[str, ...] = ()
