"""Writing what is taught to SQL: timetables, and every text that a lesson or a reminder sends.

Whoever serves content does it, whenever that changes; the ticker teaches from SQL alone. The same
content again changes nothing.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from smsbot.conversation.openings import open_flow
from smsbot.engine.model import EffectKind
from smsbot.engine.words import core_text
from smsbot.errors import Refused
from smsbot.storage import courses, texts
from smsbot.timetable import Published

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection

    from smsbot.engine.model import Content, Course, Flow
    from smsbot.storage.database import Database
    from smsbot.values import Channel
    from smsbot.vault import Vault


def publish(
    database: Database,
    vault: Vault,
    content: Content,
    channels: Mapping[str, Channel],
    *,
    now_ms: int,
    mark_drafts: bool,
) -> int:
    """Write the courses and reminders of this content; give how many courses changed.

    Raises DatabaseAway: then nothing changed, and it may be done again. A flow that no text can open is
    left out; `smsbot check` refuses such content.
    """
    channel = next(iter(channels.values()), None)
    if channel is None:
        return 0
    with database.write() as connection:
        press = _Press(connection, vault, content, channel, now_ms, mark_drafts=mark_drafts)
        before = courses.versions(connection)
        changed = courses.publish(connection, press.courses(), now_ms)
        courses.open_with(connection, press.openings(), content.version)
        courses.still_used(connection, before - {content.version}, now_ms)
    return changed


class _Press:
    """Makes the texts of one version of the content, in the caller's transaction."""

    def __init__(
        self,
        connection: Connection,
        vault: Vault,
        content: Content,
        channel: Channel,
        now_ms: int,
        *,
        mark_drafts: bool,
    ) -> None:
        self._connection = connection
        self._vault = vault
        self._content = content
        self._channel = channel
        self._now_ms = now_ms
        self._mark_drafts = mark_drafts

    def courses(self) -> Iterator[Published]:
        """Give every course with the rows of its texts."""
        for course in self._content.courses.values():
            yield Published(
                course.timetable,
                course.languages,
                self._content.version,
                {
                    **{
                        lesson.id: self._flow(lesson.flow, course.languages)
                        for lesson in course.timetable.lessons
                        if lesson.flow
                    },
                    **{key: self._said(course, key) for key in course.says},
                },
            )

    def openings(self) -> dict[tuple[str, str], int]:
        """Give the first texts of the flows that ask to be reminded of."""
        return {
            (flow.id, language): text_id
            for flow in self._content.flows.values()
            if asks_for_a_reminder(flow)
            for language, text_id in self._flow(flow.id, flow.languages).items()
        }

    def _flow(self, flow: str, languages: tuple[str, ...]) -> dict[str, int]:
        found = {}
        for language in languages:
            try:
                opening = open_flow(
                    self._content,
                    self._channel,
                    flow,
                    language,
                    now_ms=self._now_ms,
                    mark_drafts=self._mark_drafts,
                )
            except Refused:
                continue
            found[language] = self._keep(language, opening.text, flow=flow, session=opening.session)
        return found

    def _said(self, course: Course, key: str) -> dict[str, int]:
        found = {}
        for language, said in course.says[key].items():
            is_draft = language in course.drafts and self._mark_drafts
            mark = core_text(self._content, language, "draft-mark") + " " if is_draft else ""
            found[language] = self._keep(language, mark + said)
        return found

    def _keep(
        self, language: str, text: str, *, flow: str = "", session: bytes | None = None
    ) -> int:
        version = self._content.version if flow else ""
        parts = f"{language}\0{flow}\0{version}\0{text}".encode()
        kept = texts.keep(
            self._connection,
            self._vault,
            key=f"taught:{hashlib.blake2b(parts, digest_size=16).hexdigest()}",
            language=language,
            text=text,
            now_ms=self._now_ms,
            flow=flow,
            version=version,
            session=session,
        )
        assert kept.text_id is not None
        return kept.text_id


def asks_for_a_reminder(flow: Flow) -> bool:
    """Say whether a state or an option of the flow has `{remind: ..}`."""
    states = flow.states.values()
    acts = [state.effects for state in states]
    acts += [option.effects for state in states for option in state.options]
    return any(effect.kind is EffectKind.REMIND for effects in acts for effect in effects)
