"""A course as a timetable: which lesson when, after which day. Values alone, as JSON in SQL.

`content/course_schema.py` reads it from YAML, with every rule; `courses/steps.py` says what is next for
a person. The words stand elsewhere: by language in the content, as rows of `texts` in SQL.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping


class Since(StrEnum):
    """What the days of a lesson are counted from."""

    ENROLMENT = "enrolment"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson. `what` names its substance, whatever its id: `flow:<id>`, or `say:` and a hash.

    It goes `days` days after the enrolment, or after the answer to the lesson before it, at `at` on
    the person's clock. Who has not answered is reminded `remind_days` days later (None: never). It is
    of no use any more `expires_s` after it was due.
    """

    id: str
    what: str
    days: int
    since: Since = Since.ENROLMENT
    at: time = time(10)
    expires_s: int = 2 * 86_400
    remind_days: int | None = None

    @property
    def flow(self) -> str:
        """Give the flow that it begins, or an empty text."""
        kind, _, name = self.what.partition(":")
        return name if kind == "flow" else ""


@dataclass(frozen=True, slots=True)
class Timetable:
    """One course. Whoever has a tag of `stop_tags` leaves it; `completed_tag` may be empty."""

    id: str
    title: str
    purpose: str
    lessons: tuple[Lesson, ...]
    stop_tags: tuple[str, ...] = ()
    completed_tag: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """A course as the ticker works with it: `texts` are rows of `texts` by lesson and language.

    The key of a reminder's texts is the lesson's id with `!` behind it. `languages` are those of the
    whole course, its own first. `version` is the content's.
    """

    timetable: Timetable
    languages: tuple[str, ...]
    version: str
    texts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def as_json(self) -> str:
        """Give it as it is kept in SQL: the same course gives the same text."""
        return orjson.dumps(self, option=orjson.OPT_SORT_KEYS).decode()


def published_from(kept: str) -> Published:
    """Give what `Published.as_json` wrote."""
    data = orjson.loads(kept)
    table = data["timetable"]
    return Published(
        timetable=Timetable(
            **{
                **table,
                "lessons": tuple(_lesson(each) for each in table["lessons"]),
                "stop_tags": tuple(table["stop_tags"]),
            }
        ),
        languages=tuple(data["languages"]),
        version=data["version"],
        texts=data["texts"],
    )


def _lesson(data: Mapping[str, Any]) -> Lesson:
    return Lesson(
        **{**data, "since": Since(data["since"]), "at": time.fromisoformat(data["at"])},
    )


def reminder_of(lesson_id: str) -> str:
    """Give the key of a lesson's reminder."""
    return f"{lesson_id}!"
