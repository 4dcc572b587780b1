"""Whether proactive messages may go at this moment: person by person, many in a few statements.

Asked twice: when a batch of a campaign is released, and again when a row is claimed, because hours
can lie between. Replies are never asked. Consent and STOP come first, then the clock where the person
lives, then how often the person was written to. The frequency cap holds campaigns back; a lesson that
a person enrolled for counts towards it and goes.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from smsbot.sending.hours import next_allowed
from smsbot.storage.frequency import DAY_MS, free_at, sent_since
from smsbot.storage.messages import PRIORITY_BULK, PRIORITY_REPLY
from smsbot.text.zones import zone_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection

    from smsbot.plans import Window
    from smsbot.storage.claims import Claimed
    from smsbot.storage.releases import HeldRow
    from smsbot.storage.run_rules import RunRules
    from smsbot.values import Channel

    Screened = Claimed | HeldRow

LEAD_MS: Final = 1000
"""Between a claim and the gateway lies a moment: in the last second before quiet hours nothing goes."""
ERASED: Final = "erased"
QUIET_EXPIRED: Final = "quiet_expired"
FREQUENCY_CAP: Final = "frequency_cap"


class Verdict(NamedTuple):
    """`refused` is why it must never go; `until` is when it may, if not now."""

    refused: str = ""
    until: int | None = None


GO: Final = Verdict()


def refused(
    connection: Connection,
    rows: Sequence[Screened],
    refusals: Callable[[Connection, Sequence[str], str], Mapping[str, str]],
) -> dict[int, str]:
    """Give the rows that consent or STOP forbids, and the word: a statement or two per purpose."""
    refs: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        refs[row.purpose].append(row.ref)
    words = {purpose: refusals(connection, found, purpose) for purpose, found in refs.items()}
    return {
        row.id: str(words[row.purpose][row.ref]) for row in rows if row.ref in words[row.purpose]
    }


def screen(
    connection: Connection,
    rows: Sequence[Screened],
    *,
    channel: Channel,
    rules: Mapping[int, RunRules],
    now_ms: int,
) -> dict[int, Verdict]:
    """Judge by the clock and by the cap the rows that consent allows; give those that don't go now.

    Of several rows for one person the first ones go, as far as the cap lets them.
    """
    capped = [row for row in rows if row.priority >= PRIORITY_BULK and row.contact_id is not None]
    sent = sent_since(
        connection,
        {row.contact_id for row in capped if row.contact_id is not None},
        now_ms - channel.frequency_cap[1] * DAY_MS,
        leave_out={row.id for row in rows},
    )
    counted = {contact: list(times) for contact, times in sent.items()}
    clock = _Clock(channel, now_ms)
    found: dict[int, Verdict] = {}
    for row in rows:
        if row.priority <= PRIORITY_REPLY:
            continue
        verdict = _judge(row, clock, counted.get(row.contact_id or 0, ()), rules, channel)
        if verdict is not GO:
            found[row.id] = verdict
        elif row.contact_id is not None:
            counted.setdefault(row.contact_id, []).append(now_ms)
    return found


class _Clock:
    """The first moment that is allowed, found once for each zone and order."""

    def __init__(self, channel: Channel, now_ms: int) -> None:
        self.now_ms = now_ms
        self._channel = channel
        self._known: dict[tuple[object, ...], int | None] = {}

    def next(self, row: Screened, rule: RunRules | None, from_ms: int) -> int | None:
        zone = zone_of(row.timezone, row.country, self._channel.timezone)
        window = rule.window if rule else None
        start = rule.start if rule else None
        key = (zone, row.run_id, from_ms)
        if key not in self._known:
            self._known[key] = self._next(zone, window, start, from_ms)
        return self._known[key]

    def _next(
        self, zone: ZoneInfo, window: Window | None, start: datetime | None, from_ms: int
    ) -> int | None:
        return next_allowed(from_ms, zone, self._channel.quiet_hours, window, start)


def _judge(
    row: Screened,
    clock: _Clock,
    sent: Sequence[int],
    rules: Mapping[int, RunRules],
    channel: Channel,
) -> Verdict:
    now_ms = clock.now_ms
    rule = rules.get(row.run_id) if row.run_id is not None else None
    allowed = clock.next(row, rule, now_ms)
    if allowed == now_ms and (later := clock.next(row, rule, now_ms + LEAD_MS)) != now_ms + LEAD_MS:
        allowed = later
    if allowed is None or _is_late(allowed, row):
        return Verdict(QUIET_EXPIRED)
    if row.priority >= PRIORITY_BULK:
        free = free_at(sent, channel.frequency_cap, now_ms)
        if free > allowed:
            later = clock.next(row, rule, free)
            if later is None or _is_late(later, row):
                return Verdict(FREQUENCY_CAP)
            allowed = later
    return GO if allowed <= now_ms else Verdict(until=allowed)


def _is_late(moment: int, row: Screened) -> bool:
    return row.expires_at is not None and moment >= row.expires_at
