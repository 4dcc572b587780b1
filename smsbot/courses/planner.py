"""The ticker's part of courses: whoever is due gets their lesson, as a row in the outbox.

A chunk of people is one short transaction: what each has had, the message, and when to look again are
written together or not at all. So a killed ticker, two of them, or one that is told twice double
nothing; the message's own key (`l<enrolment>:<lesson>`) stands behind that. Knows no flow: the words are
rows of `texts` that the web process published.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import orjson

from smsbot.courses import steps
from smsbot.courses.steps import DAY_MS, End, Had, Remind, Standing, Teach, Wait
from smsbot.sending.routes import texting, texting_country
from smsbot.storage import contacts, courses, enrolments, messages, texts
from smsbot.storage.enrolments import Advanced, Asked
from smsbot.storage.messages import PRIORITY_COURSE, NewMessage
from smsbot.text.zones import zone_of
from smsbot.timetable import reminder_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection

    from smsbot.storage.database import Database
    from smsbot.storage.enrolments import Due, Earlier
    from smsbot.storage.messages import SealedText
    from smsbot.timetable import Published, Timetable
    from smsbot.values import Channel

CHUNK: Final = 100
"""Enrolments in one transaction: about 7 ms on SQLite, where citizens wait behind it."""
HORIZON_MS: Final = 2 * DAY_MS
"""Everybody is looked at this often: so an edited course and a mended clock are noticed."""
BUSY_MS: Final = 30 * 60_000
"""Who was heard within this time may be in a conversation: the lesson waits."""
AGAIN: Final = "again"
"""Why an enrolment ended: the person runs in that course already."""
_SOON_MS: Final = 60_000
_REST_S: Final = 0.05
"""As long as it has worked, at most this: whoever else writes to SQLite gets a turn."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a look came to."""

    looked_at: int = 0
    queued: int = 0
    ended: int = 0


def plan(
    database: Database,
    channels: Mapping[str, Channel],
    now: Callable[[], int],
    *,
    max_s: float = 1.5,
) -> Planned:
    """Queue every lesson and reminder that is due, for `max_s` at most; may run twice at once."""
    total, ends = Planned(), time.monotonic() + max_s
    _bring_back(database, now())
    with database.read() as connection:
        first = enrolments.earliest(connection)
        if first is None or first > now():
            return total
        taught = courses.current(connection)
        kept = texts.by_id(connection, _text_ids(taught))
    while time.monotonic() < ends:
        began = time.monotonic()
        with database.write() as connection:
            looked = _Look(connection, taught, kept, channels, now()).run()
        total = Planned(
            total.looked_at + looked.looked_at,
            total.queued + looked.queued,
            total.ended + looked.ended,
        )
        if looked.looked_at < CHUNK:
            break
        time.sleep(min(_REST_S, time.monotonic() - began))
    return total


def _bring_back(database: Database, now_ms: int) -> None:
    beyond = now_ms + HORIZON_MS + DAY_MS
    with database.read() as connection:
        last = enrolments.latest(connection)
        if last is None or last <= beyond:
            return
    with database.write() as connection:
        enrolments.bring_back(connection, now_ms, beyond=beyond, limit=CHUNK)


def _text_ids(taught: Mapping[str, Published]) -> set[int]:
    return {
        text_id
        for course in taught.values()
        for by_language in course.texts.values()
        for text_id in by_language.values()
    }


class _Look:
    """One look at a chunk of people who are due, within one transaction."""

    def __init__(
        self,
        connection: Connection,
        taught: Mapping[str, Published],
        kept: Mapping[int, SealedText],
        channels: Mapping[str, Channel],
        now_ms: int,
    ) -> None:
        self._connection = connection
        self._taught = taught
        self._kept = kept
        self._channels = channels
        self._now_ms = now_ms
        self._queued: list[NewMessage] = []
        self._tags: list[tuple[int, str]] = []

    def run(self) -> Planned:
        """Write what each of them comes to."""
        due = enrolments.due(self._connection, self._now_ms, CHUNK)
        if not due:
            return Planned()
        had = self._had(due)
        answers = self._answers(due, had)
        tags = self._tags_of(due)
        advanced = [
            self._one(each, had[each.id], answers.get(each.id), tags.get(each.contact_id))
            for each in due
        ]
        messages.add_many(self._connection, self._queued, self._now_ms)
        enrolments.advance(self._connection, advanced, self._now_ms)
        for contact_id, tag in self._tags:
            contacts.tag(self._connection, contact_id, tag, self._now_ms)
        ended = sum(bool(each.ended_because) for each in advanced)
        return Planned(len(due), len(self._queued), ended)

    # --- what is known of them ---

    def _had(self, due: Sequence[Due]) -> dict[int, dict[str, Had] | None]:
        """Give what each has had, in earlier enrolments too; None: they run in that course already."""
        others = enrolments.of_contacts(self._connection, [each.contact_id for each in due])
        return {
            each.id: _merged(each, others.get((each.contact_id, each.course), ()), self._now_ms)
            for each in due
        }

    def _answers(
        self, due: Sequence[Due], had: Mapping[int, Mapping[str, Had] | None]
    ) -> Mapping[int, int]:
        asked = []
        for each in due:
            course, found = self._taught.get(each.course), had[each.id]
            if course is None or not found:
                continue
            if steps.waits_for_answer(course.timetable, found):
                last = steps.newest(found)
                assert last is not None
                kind, _, name = last.what.partition(":")
                flow = name if kind == "flow" else ""
                asked.append(Asked(each.id, each.contact_id, each.ref, last.at, flow))
        return enrolments.answered(self._connection, asked)

    def _tags_of(self, due: Sequence[Due]) -> Mapping[int, frozenset[str]]:
        asking = {
            each.contact_id
            for each in due
            if (course := self._taught.get(each.course)) and course.timetable.stop_tags
        }
        return enrolments.tags_of(self._connection, asking) if asking else {}

    # --- what they come to ---

    def _one(
        self,
        due: Due,
        had: dict[str, Had] | None,
        answered_at: int | None,
        tags: frozenset[str] | None,
    ) -> Advanced:
        now_ms, course, channel = self._now_ms, self._taught.get(due.course), self._channel(due)
        at = min(due.at, now_ms)
        if had is None:
            return Advanced(due.id, at, now_ms, due.had, due.channel, AGAIN)
        if course is None or channel is None:  # it rests: its people wait
            return Advanced(due.id, at, now_ms + HORIZON_MS, _kept(had), due.channel)
        zone = zone_of(due.timezone, due.country, channel.timezone)
        standing = Standing(at, zone, had, answered_at, tags or frozenset())
        step = steps.next_step(course.timetable, standing, now_ms)
        silence = now_ms - due.last_seen_at
        if isinstance(step, Teach | Remind) and 0 <= silence < BUSY_MS:
            step = Wait(due.last_seen_at + BUSY_MS)
        match step:
            case Teach(lesson) | Remind(lesson):
                key = lesson.id if isinstance(step, Teach) else reminder_of(lesson.id)
                text = self._text(due, course, channel, key)
                if (
                    text is None
                ):  # published anew between two looks: its words are there by the next
                    return Advanced(due.id, at, now_ms + _SOON_MS, _kept(had), channel.id)
                self._queue(due, course.timetable, channel, key, text, lesson.expires_s)
                if isinstance(step, Teach):
                    had[lesson.id] = Had(now_ms, lesson.what)
                else:
                    _reminded(had, now_ms)
                # looked at once more at once: the next look says until when this person waits
                return Advanced(due.id, at, now_ms + 1, _kept(had), channel.id)
            case End(because):
                self._tag(due, course.timetable, because)
                return Advanced(due.id, at, now_ms, _kept(had), channel.id, because)
            case Wait(until):
                next_at = min(until, now_ms + HORIZON_MS)
                return Advanced(due.id, at, next_at, _kept(had), channel.id)
        raise AssertionError(step)

    def _channel(self, due: Due) -> Channel | None:
        given = self._channels.get(due.channel)
        found = texting(self._channels, given) if given is not None else None
        return found or texting_country(self._channels, due.country)

    def _text(self, due: Due, course: Published, channel: Channel, key: str) -> SealedText | None:
        text_id = course.texts.get(key, {}).get(_language(course, due, channel))
        return None if text_id is None else self._kept.get(text_id)

    def _queue(
        self,
        due: Due,
        course: Timetable,
        channel: Channel,
        key: str,
        text: SealedText,
        expires_s: int,
    ) -> None:
        self._queued.append(
            NewMessage(
                channel=channel.id,
                contact_id=due.contact_id,
                ref=due.ref,
                purpose=course.purpose,
                priority=PRIORITY_COURSE,
                text=text,
                dedupe_key=f"l{due.id}:{key}",
                due_at=self._now_ms,
                expires_at=self._now_ms + expires_s * 1000,
            ),
        )

    def _tag(self, due: Due, course: Timetable, because: str) -> None:
        if because == steps.COMPLETED and course.completed_tag:
            self._tags.append((due.contact_id, course.completed_tag))


def _language(course: Published, due: Due, channel: Channel) -> str:
    """Give the language of the whole course for this person, as flows fall back."""
    for language in (due.language, *channel.languages):
        if language in course.languages:
            return language
    return course.languages[0]


def _reminded(had: dict[str, Had], now_ms: int) -> None:
    name = max(had, key=lambda each: had[each].at)
    had[name] = replace(had[name], reminded_at=now_ms)


def _merged(due: Due, others: Sequence[Earlier], now_ms: int) -> dict[str, Had] | None:
    """Give what this owner of the number had of the course, ever; None where an older one runs."""
    if any(each.is_running and each.id < due.id for each in others):
        return None
    had: dict[str, Had] = {}
    for each in others:
        if each.id <= due.id and each.at >= due.owner_since:
            had |= _read(each.had)
    had |= _read(due.had)
    return steps.mended(had, now_ms)


def _read(kept: str) -> dict[str, Had]:
    return {name: Had(*values) for name, values in orjson.loads(kept).items()}


def _kept(had: Mapping[str, Had]) -> str:
    rows = {name: (each.at, each.what, each.reminded_at) for name, each in had.items()}
    return orjson.dumps(rows).decode()
