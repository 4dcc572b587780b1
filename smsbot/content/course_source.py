"""A course file as its authors see it: the document, its lines, and every text that is translated."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from smsbot.content.catalogue import Wanted
from smsbot.content.course_schema import BOOSTER_DAYS, CourseDoc
from smsbot.content.documents import document_faults
from smsbot.content.faults import Fault, Severity
from smsbot.content.source import Audience, Role, SourceText
from smsbot.content.yamlfile import YamlError, parse_yaml
from smsbot.engine.render import compile_template
from smsbot.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsbot.content.course_schema import LessonDoc
    from smsbot.content.yamlfile import Path_, YamlFile

PREFIX = "course-"
"""Before a course's name in messages/<language>/, since a flow may have the same one."""
_PATTERNS = {
    "^[a-z0-9][a-z0-9-]{0,47}$": "small letters, digits and hyphens, 48 at most",
    "^[a-z][a-z0-9-]{0,31}$": "small letters, digits and hyphens, 32 at most",
    "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$": "a language code such as en, sw or fr",
    "^[1-9][0-9]{0,2}[hd]$": "a number and h or d, such as 2d",
    r"^\S{2,20}$": "one word of 2 to 20 letters",
}


class Taught(NamedTuple):
    """One lesson as written, and where. `days` is None for a booster without a day of its own."""

    doc: LessonDoc
    place: Path_
    days: int | None


@dataclass(frozen=True, slots=True)
class CourseSource:
    """One course file that has the right shape. `catalogue` is the name of its PO files."""

    id: str
    path: str
    file: YamlFile
    doc: CourseDoc
    texts: tuple[SourceText, ...]

    @property
    def catalogue(self) -> str:
        """Give the name of its PO files."""
        return PREFIX + self.id

    def line(self, *place: str | int) -> int:
        """Give the line of what stands at `place` in the file."""
        return self.file.line(place)

    def lessons(self) -> Iterator[Taught]:
        """Give the lessons in their order: first `lessons`, then `boosters`."""
        for index, doc in enumerate(self.doc.lessons):
            yield Taught(doc, ("lessons", index), doc.after.days if doc.after else None)
        for index, doc in enumerate(self.doc.boosters):
            usual = BOOSTER_DAYS[index] if index < len(BOOSTER_DAYS) else None
            yield Taught(doc, ("boosters", index), doc.after.days if doc.after else usual)


def parse_course(raw: bytes, path: str) -> tuple[CourseSource | None, list[Fault]]:
    """Parse the bytes of a course file named `path`: its source, or None and every fault."""
    try:
        file = parse_yaml(raw, path)
    except YamlError as error:
        return None, [course_fault(path, each.line, "yaml", each.words) for each in error.faults]
    if not isinstance(file.data, dict):
        return None, [
            course_fault(path, 1, "schema", "must be a mapping with id, title, lessons ..")
        ]
    try:
        doc = CourseDoc.model_validate(file.data)
    except ValidationError as error:
        return None, document_faults(file, error, CourseDoc, _PATTERNS)
    source = CourseSource(doc.id, path, file, doc, ())
    faults = list(_shape_faults(source))
    if faults:
        return None, faults
    return CourseSource(doc.id, path, file, doc, tuple(_texts(source))), []


def wanted_of(source: CourseSource) -> tuple[Wanted, ...]:
    """Give the texts of a course that need a translation, with a note for translators each."""
    return tuple(
        Wanted(
            text.msgctxt,
            text.text,
            "The name of the course." if text.role is Role.TITLE else "Sent as an SMS.",
        )
        for text in source.texts
    )


def course_fault(path: str, line: int, code: str, words: str, hint: str = "") -> Fault:
    """Make an error at a line of a course file."""
    return Fault(path, line, Severity.ERROR, code, words, hint)


def _texts(source: CourseSource) -> Iterator[SourceText]:
    name = source.catalogue
    yield SourceText(name, "title", source.doc.title, source.line("title"), Role.TITLE)
    for doc, place, _ in source.lessons():
        if doc.say is not None:
            line = source.line(*place, "say")
            yield SourceText(
                name, f"{doc.name}/say", doc.say, line, Role.EFFECT, channel=Audience.SMS
            )
        if doc.reminder is not None:
            line = source.line(*place, "reminder", "say")
            context = f"{doc.name}/reminder"
            yield SourceText(
                name, context, doc.reminder.say, line, Role.EFFECT, channel=Audience.SMS
            )


def _shape_faults(source: CourseSource) -> Iterator[Fault]:
    """Find what one lesson alone cannot show: days, order, and what stands twice."""
    lessons = list(source.lessons())
    if not lessons:
        yield course_fault(source.path, 1, "course", "the course has no lessons and no boosters")
    names: dict[str, str] = {}
    for doc, place, days in lessons:
        line = source.line(*place)
        if days is None:
            words = f"the lesson {doc.name!r} needs a day"
            yield course_fault(source.path, line, "course", words, "add after: {days: 3}")
        for key in filter(None, (doc.name, doc.flow and f"flow {doc.flow}")):
            if key in names:
                words = f"{key!r} stands twice: every lesson is a new one"
                yield course_fault(source.path, line, "course", words, "practise with another item")
            names[key] = doc.name
    from_enrolment = [
        each for each in lessons if each.doc.after is None or each.doc.after.since == "enrolment"
    ]
    for before, after in pairwise(from_enrolment):
        if before.days is not None and after.days is not None and after.days < before.days:
            words = f"{after.doc.name!r} on day {after.days} stands behind day {before.days}"
            hint = "write the lessons in the order in which they go"
            yield course_fault(source.path, source.line(*after.place), "course", words, hint)
    for text in _texts(source):
        yield from brace_faults(source.path, text.line, text.text)


def brace_faults(path: str, line: int, text: str) -> Iterator[Fault]:
    """Find placeholders and lone braces: a course's text is the same for everybody."""
    try:
        names = compile_template(text).names
    except ContentError as error:
        yield course_fault(path, line, "placeholder", str(error))
        return
    if names:
        words = f"a course's text knows no {{{names[0]}}}: it is the same for everybody"
        yield course_fault(path, line, "placeholder", words)
