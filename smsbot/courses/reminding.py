"""The ticker's part of `{remind: 2d}`: the first text of the flow once more, when its time has come.

It needs a consent to `lessons`, like any text that the person has not just asked for. A flow that no
text can open, or that the content has no more, is let go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smsbot.sending.routes import texting, texting_country
from smsbot.storage import courses, messages, reminders, texts
from smsbot.storage.messages import PRIORITY_COURSE, NewMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smsbot.storage.database import Database
    from smsbot.storage.messages import SealedText
    from smsbot.storage.reminders import Waiting
    from smsbot.values import Channel

PURPOSE: Final = "lessons"
CHUNK: Final = 200
LIFETIME_MS: Final = 2 * 86_400_000
"""A reminder that could not leave for so long reminds of nothing."""


def remind(database: Database, channels: Mapping[str, Channel], now: Callable[[], int]) -> int:
    """Queue the reminders whose time has come; give how many. May run twice at once.

    Quiet hours are looked at when they are sent, as for all that nobody waits for.
    """
    with database.read() as connection:
        if not reminders.waiting(connection, now(), 1, hold=False):
            return 0
        first = courses.first_texts(connection)
        ids = {text_id for by_language in first.values() for text_id in by_language.values()}
        kept = texts.by_id(connection, ids)
    with database.write() as connection:
        now_ms = now()
        due = reminders.waiting(connection, now_ms, CHUNK)
        found = [_message(each, channels, first.get(each.flow, {}), kept, now_ms) for each in due]
        queued = [new for new in found if new is not None]
        messages.add_many(connection, queued, now_ms)
        reminders.done(connection, [each.id for each in due], now_ms)
    return len(queued)


def _message(
    due: Waiting,
    channels: Mapping[str, Channel],
    by_language: Mapping[str, int],
    kept: Mapping[int, SealedText],
    now_ms: int,
) -> NewMessage | None:
    given = channels.get(due.channel)
    channel = (texting(channels, given) if given else None) or texting_country(
        channels, due.country
    )
    if channel is None:
        return None
    spoken = (due.language, *channel.languages, *sorted(by_language))
    language = next((each for each in spoken if each in by_language), None)
    text = None if language is None else kept.get(by_language[language])
    if text is None:
        return None
    return NewMessage(
        channel=channel.id,
        contact_id=due.contact_id,
        ref=due.ref,
        purpose=PURPOSE,
        priority=PRIORITY_COURSE,
        text=text,
        dedupe_key=f"r{due.id}",
        due_at=now_ms,
        expires_at=now_ms + LIFETIME_MS,
    )
