"""What the rules look at: every flow as written, and every text in every language with its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from smsbot.content.source import Audience, Role

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from smsbot.content.checks.numbers import OfficialNumber
    from smsbot.content.course_source import CourseSource
    from smsbot.content.source import FlowSource
    from smsbot.engine.model import Content
    from smsbot.values import Channel


@dataclass(frozen=True, slots=True)
class Said:
    """One text in one language, and the file and line where it is written.

    `context` is the place in its flow (`source.SourceText`); for the service's own words `flow` is
    `core` and `context` the key; a course's flow has `course-` before its name. `original` is the
    source text that a translation was made from, or empty for a source text itself; `is_stale` says
    that the source has changed since.
    """

    flow: str
    context: str
    language: str
    text: str
    path: str
    line: int
    role: Role
    item: str = ""
    channel: Audience = Audience.BOTH
    original: str = ""
    is_stale: bool = False

    @property
    def is_practice(self) -> bool:
        """Say whether this is the message that a quiz shows to be judged."""
        return bool(self.item) and self.role is Role.SAY


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that `run_checks` has at hand. `content` is None when nothing could be compiled."""

    flows: tuple[FlowSource, ...]
    said: tuple[Said, ...]
    content: Content | None = None
    channels: tuple[Channel, ...] = ()
    numbers: tuple[OfficialNumber, ...] = ()
    today: date | None = None
    practice_labels: dict[str, str] = field(default_factory=dict)
    service_words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Service word to {spelling, folded: language}, as in `engine.model.Content`."""
    courses: tuple[CourseSource, ...] = ()

    @property
    def official(self) -> frozenset[str]:
        """Give every code and number that may stand in a text: the directory's, and our own."""
        ours = {channel.service_code for channel in self.channels}
        ours |= {channel.sender for channel in self.channels}
        return frozenset(plain(each) for each in ours if each) | {
            plain(number.value) for number in self.numbers
        }


def plain(number: str) -> str:
    """Give a number as it is compared: without spaces and hyphens."""
    return "".join(number.split()).replace("-", "")
