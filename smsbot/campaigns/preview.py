"""What a campaign would do, before anybody approves it: who, why others not, how much, how long.

It looks at every contact who fits and decides by the same rule as the freeze (`choosing`), so that the
counts are the ones that a launch at the same moment writes down. Nothing is written.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from smsbot.campaigns import occurrences
from smsbot.campaigns.choosing import HELD_OUT, NO_LANGUAGE, Choice, draw_sample
from smsbot.campaigns.duration import Share, estimate
from smsbot.plans import StartZone
from smsbot.sending.hours import wall_to_ms
from smsbot.storage import audiences
from smsbot.storage.frequency import DAY_MS, written_often
from smsbot.storage.suppressions import Refusal
from smsbot.text.zones import zone_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from smsbot.plans import Plan
    from smsbot.storage.database import Database
    from smsbot.values import Channel

FREQUENCY_CAP: Final = "frequency_cap"
REASONS: Final = (
    Refusal.OPTED_OUT.value,
    Refusal.NO_CONSENT.value,
    NO_LANGUAGE,
    HELD_OUT,
    FREQUENCY_CAP,
)
"""Why people are left out; they exclude each other, and the first that holds counts."""


class Measured(Protocol):
    """A text that was counted: `text.segments.Segmentation`, or what a message row carries."""

    @property
    def segments(self) -> int:
        """How many segments it has."""


@dataclass(frozen=True, slots=True)
class Group:
    """The people who are reached in one language, country and network, and what they cost."""

    language: str
    country: str
    network: str
    people: int
    segments: int
    cost_micros: int


@dataclass(frozen=True, slots=True)
class Preview:
    """`audience` is `reached` and all who are `excluded`, by reason; `groups` are those reached.

    `begins_at` and `ends_at` are the first and the last moment of sending, in milliseconds (None:
    nobody is sent anything); `late` people can't be sent before the expiry at the allowed rate.
    """

    audience: int
    reached: int
    excluded: Mapping[str, int]
    groups: tuple[Group, ...]
    segments: int
    cost_micros: int
    currency: str
    begins_at: int | None
    ends_at: int | None
    late: int
    budget_suffices: bool

    @property
    def duration_s(self) -> float:
        """How long sending takes at least."""
        if self.begins_at is None or self.ends_at is None:
            return 0.0
        return (self.ends_at - self.begins_at) / 1000


class _Home(NamedTuple):
    """What the price, the words and the clock of a person go by."""

    language: str
    country: str
    network: str
    timezone: str


def preview(
    database: Database,
    plan: Plan,
    texts: Mapping[str, Measured],
    channel: Channel,
    *,
    now_ms: int,
    sample_seed: str,
    number: int = 1,
) -> Preview:
    """Count and price a campaign, as if it were launched now.

    `sample_seed` is `draws.seed_of` the campaign, and `number` that of the next run: then sample and
    hold-out are the people whom the launch will draw. Seconds for a million contacts; flat memory.
    """
    excluded, homes = _count(database, plan, texts, channel, now_ms, sample_seed, number)
    groups = _priced(homes, texts, channel)
    reached = sum(homes.values())
    segments = sum(group.segments for group in groups)
    cost_micros = sum(group.cost_micros for group in groups)
    begins_at, ends_at, late = _times(plan, homes, texts, channel, now_ms)
    return Preview(
        audience=reached + sum(excluded.values()),
        reached=reached,
        excluded=excluded,
        groups=groups,
        segments=segments,
        cost_micros=cost_micros,
        currency=channel.prices.currency,
        begins_at=begins_at,
        ends_at=ends_at,
        late=late,
        budget_suffices=plan.budget_micros is None or cost_micros <= plan.budget_micros,
    )


def _count(
    database: Database,
    plan: Plan,
    texts: Mapping[str, Measured],
    channel: Channel,
    now_ms: int,
    seed: str,
    number: int,
) -> tuple[dict[str, int], Counter[_Home]]:
    """Give how many are left out by reason, and how many are reached by their home."""
    first_language = channel.languages[0]
    with database.read() as connection:
        rules = audiences.rules(
            connection,
            plan.audience,
            purpose=plan.purpose,
            first_language=first_language,
            now_ms=now_ms,
        )
        upto = audiences.highest_id(connection)
    sample_below = None
    if plan.audience.sample is not None:
        size = plan.audience.sample
        sample_below = draw_sample(database, rules, size, upto=upto, seed=seed, number=number)
    choice = Choice(
        plan,
        languages=texts,
        first_language=first_language,
        seed=seed,
        number=number,
        sample_below=sample_below,
    )
    often, days = channel.frequency_cap
    since_ms = _last_moment(plan, channel, now_ms) - days * DAY_MS
    excluded = dict.fromkeys(REASONS, 0)
    found: Counter[tuple[str, str, str, str]] = Counter()
    capped_ones = partial(written_often, since_ms=since_ms, count=often)
    for people, capped in audiences.walk(database, rules, upto=upto, beside=capped_ones):
        for person in choice.sampled(people):
            reason = choice.reason_against(person)
            if not reason and person.id in capped:
                reason = FREQUENCY_CAP
            if reason:
                excluded[reason] += 1
            else:
                found[person[2:6]] += 1  # all of a home: a slice costs half of making one
    homes: Counter[_Home] = Counter()
    for (language, *elsewhere), people_there in found.items():
        homes[_Home(language or first_language, *elsewhere)] += people_there
    return excluded, homes


def _priced(
    homes: Mapping[_Home, int], texts: Mapping[str, Measured], channel: Channel
) -> tuple[Group, ...]:
    people: Counter[tuple[str, str, str]] = Counter()
    for home, number in homes.items():
        people[home.language, home.country, home.network] += number
    groups = []
    for (language, country, network), number in sorted(people.items()):
        segments = number * texts[language].segments
        price_micros = channel.prices.segment_micros(country, network)
        groups.append(Group(language, country, network, number, segments, segments * price_micros))
    return tuple(groups)


def _first_moment(plan: Plan, channel: Channel, now_ms: int) -> int:
    """Give when the first run is planned: not before now."""
    return max(now_ms, occurrences.first(plan, channel.timezone, now_ms))


def _last_moment(plan: Plan, channel: Channel, now_ms: int) -> int:
    return occurrences.ends_at(plan, _first_moment(plan, channel, now_ms))


def _times(
    plan: Plan,
    homes: Mapping[_Home, int],
    texts: Mapping[str, Measured],
    channel: Channel,
    now_ms: int,
) -> tuple[int | None, int | None, int]:
    """Give the first and the last moment of sending, and how many people come too late."""
    people: dict[ZoneInfo, int] = defaultdict(int)
    segments: dict[ZoneInfo, int] = defaultdict(int)
    for home, number in homes.items():
        zone = zone_of(home.timezone, home.country, channel.timezone)
        people[zone] += number
        segments[zone] += number * texts[home.language].segments
    planned_at = _first_moment(plan, channel, now_ms)
    shares = {}
    for zone, total in segments.items():
        from_ms = planned_at
        if plan.start.zone is StartZone.CONTACT:
            wall = occurrences.wall_clock(plan, channel.timezone, planned_at)
            from_ms = max(now_ms, wall_to_ms(wall, zone))
        shares[zone] = Share(total, from_ms, from_ms + plan.expiry_s * 1000)
    found = estimate(
        shares,
        rate=min(plan.rate or channel.rate, channel.rate),
        quiet=channel.quiet_hours,
        window=plan.window,
    )
    late = sum(round(people[zone] * unsent / segments[zone]) for zone, unsent in found.late.items())
    watch_ms = plan.canary.watch_s * 1000 if plan.canary is not None and homes else 0
    ends_at = None if found.ends_ms is None else found.ends_ms + watch_ms
    return found.begins_ms, ends_at, late
