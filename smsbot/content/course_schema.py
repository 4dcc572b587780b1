"""The course file as a typed document. docs/courses.md explains it to authors."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from smsbot.content.schema import FlowId, Keyword, Label, Language, Strict, Text

BOOSTER_DAYS = (3, 10, 30, 90)
"""When a booster goes that says nothing else: practice fades, and a reminder keeps it (domain D3)."""
MOST_DAYS = 365
EARLIEST, LATEST = time(7), time(19)
"""A lesson goes between these hours of the person's day: quiet hours may narrow it further."""
_HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d")

LessonId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")]
Purpose = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Days = Annotated[int, Field(ge=0, le=MOST_DAYS)]
Expiry = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,2}[hd]$")]


def _hour(value: Any) -> Any:
    if not isinstance(value, str) or not _HOUR.fullmatch(value):
        raise PydanticCustomError("hour_wanted", 'must be a time of day in quotes, such as "10:00"')
    return value


def _decent(value: str) -> str:
    if not EARLIEST <= time.fromisoformat(value) < LATEST:
        words = "must be from {earliest} on and before {latest}: nobody is woken for a lesson"
        span = {"earliest": f"{EARLIEST:%H:%M}", "latest": f"{LATEST:%H:%M}"}
        raise PydanticCustomError("hour_indecent", words, span)
    return value


Hour = Annotated[str, BeforeValidator(_hour), AfterValidator(_decent)]


class AfterDoc(Strict):
    """`after: {days: 3}`, or with `from: answer`."""

    days: Days
    since: Literal["enrolment", "answer"] = Field("enrolment", alias="from")


class ReminderDoc(Strict):
    """`reminder: {after_days: 2, say: ..}`: for who has not answered by then."""

    after_days: Annotated[int, Field(ge=1, le=30)]
    say: Text


class LessonDoc(Strict):
    """A lesson begins a flow or says a text."""

    id: LessonId | None = None
    flow: FlowId | None = None
    say: Text | None = None
    after: AfterDoc | None = None
    at: Hour | None = None
    reminder: ReminderDoc | None = None
    expires: Expiry = "2d"

    @model_validator(mode="after")
    def _one(self) -> LessonDoc:
        if (self.flow is None) == (self.say is None):
            raise PydanticCustomError("flow_or_say", "needs a `flow`, or words to `say`, not both")
        if self.say is not None and self.id is None:
            raise PydanticCustomError(
                "id_wanted", "needs an `id`: it has no flow to be named after"
            )
        return self

    @property
    def name(self) -> str:
        """Give its id: a lesson that has none is named after its flow."""
        return self.id or self.flow or ""


def _as_lesson(value: Any) -> Any:
    return {"flow": value} if isinstance(value, str) else value


Listed = Annotated[LessonDoc, BeforeValidator(_as_lesson)]
"""A lesson, or the plain name of the flow that it is."""


class CourseDoc(Strict):
    """A whole course file. `boosters` are lessons that need no `after`."""

    id: FlowId
    title: Text
    language: Language
    keywords: list[Keyword] = Field(default_factory=list)
    purpose: Purpose = "lessons"
    at: Hour = "10:00"
    lessons: list[Listed] = Field(default_factory=list)
    boosters: list[Listed] = Field(default_factory=list)
    stop_when: list[Label] = Field(default_factory=list)
    completed: Label | None = None
