"""The one pass over a run: rows and people by the thousand, their turns, and what is counted of them.

A million rows in flat memory: a chunk of rows, one statement for the turns of those among them who
were seen in the span, and counters.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from smsbot.campaigns.report.people import Span, deeds, in_order
from smsbot.campaigns.report.tallies import (
    DELIVERED,
    ERASED,
    FAILED,
    FINISHED,
    NOT_SENT,
    NOT_STARTED,
    TAKEN,
    UNCLEAR,
    UNFINISHED,
    UNKNOWN,
    Arm,
    Dimension,
    Group,
    Money,
    Tallies,
)
from smsbot.storage import learning

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection

    from smsbot.campaigns.report.people import Deeds, Walk
    from smsbot.storage.learning import Member, Ordered, Turned

DAY_MS = 86_400_000
OPT_OUT_DAYS = 7
"""How long after a message a STOP is counted to it."""
_OUTCOMES = {
    "delivered": DELIVERED,
    "accepted": TAKEN,
    "failed": FAILED,
    "undelivered": FAILED,
    "expired": FAILED,
    "sending": UNCLEAR,
    "unknown": UNCLEAR,
}
_WENT = frozenset(("accepted", "delivered", "undelivered", "unknown"))
"""States of messages that cost money, as `campaign status` counts them."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the pass looks at: how long around a message, of which flow, until when.

    `flow` is the campaign's own; empty, any flow that people began counts. `text_languages` names the
    language of each of its texts.
    """

    began_at: int
    now_ms: int
    flow: str
    first_language: str
    currency: str
    text_languages: Mapping[int, str]
    span: Span

    @property
    def length(self) -> int:
        """Give the days in ms."""
        return self.span.length


class _Person(NamedTuple):
    """A member whose turns are looked at."""

    contact_id: int
    arm: Arm
    is_reached: bool
    sent_at: int
    owner_since: int
    groups: tuple[Group, ...]


_Kind = tuple[str, str, bool, tuple[str, str, str]]
"""State, reason, whether it got a batch, and language, network and region: all that rows share."""


def gather(
    connection: Connection,
    ordered: Ordered,
    frame: Frame,
    tell: Callable[[str, int], None],
) -> Tallies:
    """Give the tallies of a run; `tell` hears how many rows are done."""
    tallies = Tallies()
    kinds: Counter[_Kind] = Counter()
    done = 0
    for rows in learning.members(connection, ordered.run_id):
        active = _count_rows(tallies, kinds, rows, frame)
        turns: defaultdict[str, list[Turned]] = defaultdict(list)
        for turn in learning.turns_of(
            connection, list(active), frame.began_at, frame.length, frame.now_ms
        ):
            turns[turn[0]].append(turn)
        begun = [
            active[ref].contact_id
            for ref, its_turns in turns.items()
            if _count_deeds(tallies, active[ref], in_order(its_turns), frame)
        ]
        _count_replies(tallies.money, connection, begun, frame)
        done += len(rows)
        tell("people", done)
    _count_kinds(tallies, kinds)
    return tallies


def _count_rows(
    tallies: Tallies, kinds: Counter[_Kind], rows: Sequence[Member], frame: Frame
) -> dict[str, _Person]:
    """Count the rows themselves; give the people whose turns are to be looked at, by ref."""
    active: dict[str, _Person] = {}
    languages, first = frame.text_languages, frame.first_language
    since = frame.began_at - frame.length
    ours = ("", frame.currency)
    for (
        contact_id, ref, state, reason, batch, text_id, segments, cost, price, currency, simulated,
        accepted_at, final_at, language, network, region, owner_since, opted_out_at, last_seen_at,
    ) in rows:  # fmt: skip
        if accepted_at is not None or state in _WENT:
            _count_money(
                tallies.money,
                segments,
                cost if currency in ours else None,
                price,
                simulated=simulated,
            )
            if state == "delivered" and final_at is not None:
                waited = final_at - (accepted_at or final_at)
                tallies.latency[network or UNKNOWN][_rounded(waited)] += 1
        elif cost is not None and currency in ours:
            tallies.money.micros += cost  # refused, and still billed
        if owner_since is None or contact_id is None:
            kinds[state, reason, batch is not None, (ERASED, ERASED, ERASED)] += 1
            continue
        names = (
            languages.get(text_id or 0) or language or first,
            network or UNKNOWN,
            region or UNKNOWN,
        )
        kinds[state, reason, batch is not None, names] += 1
        if last_seen_at < since and opted_out_at is None:
            continue
        arm = _arm(state, reason, is_batched=batch is not None)
        if arm is Arm.EXCLUDED:
            continue
        person = _Person(
            contact_id,
            arm,
            state == "delivered",
            accepted_at or frame.began_at,
            owner_since,
            _groups(names),
        )
        active[ref] = person
        if opted_out_at is not None:
            _count_left(tallies, person, opted_out_at)
    return active


@lru_cache(maxsize=10_000)
def _groups(names: tuple[str, str, str]) -> tuple[Group, ...]:
    return tuple(zip(Dimension, names, strict=True))


def _arm(state: str, reason: str, *, is_batched: bool) -> Arm:
    """Give the arm. Rows that were suppressed at the freeze got no batch; later ones keep theirs."""
    if state == "suppressed":
        if reason == "hold_out":
            return Arm.HOLD_OUT
        if not is_batched:
            return Arm.EXCLUDED
    return Arm.MEANT


def _rounded(ms: int) -> int:
    """Give seconds; above two minutes in tens, above an hour in ten minutes."""
    seconds = max(0, ms) // 1000
    step = 1 if seconds < 120 else 10 if seconds < 3600 else 600  # noqa: PLR2004
    return seconds - seconds % step


def _count_money(
    money: Money, segments: int, cost: int | None, price: int | None, *, simulated: bool
) -> None:
    money.messages += 1
    money.segments += segments
    money.simulated += simulated
    if cost is None:
        money.micros += price or 0
    else:
        money.known += 1
        money.micros += cost


def _count_left(tallies: Tallies, person: _Person, opted_out_at: int) -> None:
    if not 0 <= opted_out_at - person.sent_at < OPT_OUT_DAYS * DAY_MS:
        return
    tallies.left[person.arm] += 1
    if person.is_reached:
        tallies.left[Arm.REACHED] += 1


def _count_replies(
    money: Money, connection: Connection, contact_ids: Sequence[int], frame: Frame
) -> None:
    until = frame.began_at + frame.length
    replies = learning.replies_to(connection, contact_ids, frame.began_at, until)
    money.replies_segments += replies.segments
    money.replies_micros += replies.micros
    money.replies_unpriced += replies.unpriced


def _count_deeds(tallies: Tallies, person: _Person, turns: Sequence[Turned], frame: Frame) -> bool:
    """Count a person: both arms by one clock, the run's beginning; the reached by their own message.

    Say whether it is one of those meant to be reached who began something after their message.
    """
    by_run = frame.span
    did = own = deeds(turns, by_run, person.owner_since)
    if person.arm is Arm.MEANT and person.sent_at > frame.began_at:
        by_own = Span(person.sent_at, frame.length)
        if not by_run.divides_as(by_own, turns):
            own = deeds(turns, by_own, person.owner_since)
    _count_arm(tallies, person.arm, did, frame.flow)
    if person.is_reached:
        _count_arm(tallies, Arm.REACHED, own, frame.flow)
    if person.arm is not Arm.MEANT:
        return False
    _count_ways(tallies, person, own, frame.flow)
    return bool(own.walks)


def _count_arm(tallies: Tallies, arm: Arm, did: Deeds, flow: str) -> None:
    walks = _wanted(did, flow)
    tallies.begun[arm] += bool(walks)
    tallies.finished[arm] += any(walk.is_finished for walk in walks)
    if not did.answers:
        return
    for item, answers in did.answers.items():
        tallies.answers[arm, item][answers] += 1
    both = did.all_answers
    tallies.all_answers[arm][both] += 1
    tallies.practised[arm] += both.after > 0
    tallies.attrition[arm, both.before > 0, both.after > 0] += 1
    tallies.repeated[arm, False] += did.new_items
    tallies.repeated[arm, True] += did.known_items


def _wanted(did: Deeds, flow: str) -> Sequence[Walk]:
    if not flow:
        return list(did.walks.values())
    walk = did.walks.get(flow)
    return [] if walk is None else [walk]


def _count_ways(tallies: Tallies, person: _Person, did: Deeds, flow: str) -> None:
    walks = _wanted(did, flow)
    if walks:
        progress = FINISHED if any(walk.is_finished for walk in walks) else UNFINISHED
        for group in person.groups:
            tallies.progress[group, progress] += 1
    for name, walk in did.walks.items():
        tallies.flows_begun[name] += 1
        tallies.flows_finished[name] += walk.is_finished
        steps = tallies.steps[name]
        steps.started += 1
        steps.finished += walk.is_finished
        for place, state in enumerate(walk.states):
            steps.reached[state] += 1
            steps.places[state] += place
        if not walk.is_finished:
            steps.left[walk.at] += 1
    for item, answers in did.answers.items():
        if answers.after:
            for group in person.groups:
                tallies.group_answers[group, item][answers] += 1


def _count_kinds(tallies: Tallies, kinds: Counter[_Kind]) -> None:
    """Spread what the rows shared over states, arms and groups; the rest has not begun."""
    for (state, reason, is_batched, names), many in kinds.items():
        arm = _arm(state, reason, is_batched=is_batched)
        tallies.states[state, reason] += many
        tallies.arms[arm] += many
        if state == "delivered":
            tallies.arms[Arm.REACHED] += many
        if names[0] == ERASED:
            tallies.erased += many
        if arm is Arm.MEANT:
            for group in _groups(names):
                tallies.people_groups[group] += many
                tallies.deliveries[group, _OUTCOMES.get(state, NOT_SENT)] += many
    for group, people in tallies.people_groups.items():
        begun = tallies.progress[group, UNFINISHED] + tallies.progress[group, FINISHED]
        tallies.progress[group, NOT_STARTED] = people - begun
