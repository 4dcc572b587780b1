"""A course's source and its translations become an `engine.model.Course`, or faults with their lines."""

from __future__ import annotations

import hashlib
from datetime import time
from typing import TYPE_CHECKING

from smsbot.content.catalogue import Review
from smsbot.content.course_source import brace_faults, course_fault, wanted_of
from smsbot.content.faults import did_you_mean
from smsbot.engine.model import Course
from smsbot.engine.render import compile_template
from smsbot.timetable import Lesson, Since, Timetable, reminder_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from smsbot.content.catalogue import Catalogue
    from smsbot.content.course_schema import CourseDoc
    from smsbot.content.course_source import CourseSource, Taught
    from smsbot.content.faults import Fault
    from smsbot.engine.model import Flow

_SECONDS = {"h": 3600, "d": 86_400}


def compile_course(
    source: CourseSource,
    catalogues: Mapping[str, Catalogue],
    flows: Mapping[str, Flow],
    *,
    known: Collection[str],
    speakable: frozenset[str],
    production: bool,
) -> tuple[Course | None, list[Fault]]:
    """Give the course, or None and why not.

    `catalogues` are the course's, by language; `known` are the flows that are written, those with
    faults too. The course is taught in its own language and in each other in which its texts are
    whole (in production also reviewed) and every flow of it is offered.
    """
    faults = [*_flow_faults(source, known), *_translation_faults(source, catalogues)]
    taught = [flows.get(doc.flow) for doc, _, _ in source.lessons() if doc.flow]
    sound = [flow for flow in taught if flow is not None]
    if faults or len(sound) < len(taught):
        return None, faults
    own = source.doc.language
    missing = next((flow for flow in sound if own not in flow.languages), None)
    if missing is not None:
        words = f"the flow {missing.id!r} is not offered in {own!r}, the language of the course"
        return None, [course_fault(source.path, source.line("language"), "course", words)]
    languages, drafts = _languages(source, catalogues, sound, speakable, production=production)
    return _course(source, catalogues, languages, drafts), []


def _flow_faults(source: CourseSource, known: Collection[str]) -> Iterator[Fault]:
    for doc, place, _ in source.lessons():
        if doc.flow is not None and doc.flow not in known:
            words, hint = f"there is no flow {doc.flow!r}", did_you_mean(doc.flow, known)
            yield course_fault(source.path, source.line(*place, "flow"), "course", words, hint)


def _translation_faults(
    source: CourseSource, catalogues: Mapping[str, Catalogue]
) -> Iterator[Fault]:
    for found in catalogues.values():
        for text in source.texts:
            entry = found.entries.get(text.msgctxt)
            if entry is not None:
                yield from brace_faults(found.path, entry.text_line, entry.text)


def _languages(
    source: CourseSource,
    catalogues: Mapping[str, Catalogue],
    flows: Sequence[Flow],
    speakable: frozenset[str],
    *,
    production: bool,
) -> tuple[tuple[str, ...], frozenset[str]]:
    """Give the languages in which the whole course is taught, its own first, and which are drafts."""
    own = source.doc.language
    languages, drafts = [own], {own for flow in flows if own in flow.drafts}
    for language in sorted(catalogues.keys() & speakable - {own}):
        reviews = {catalogues[language].review(wanted) for wanted in wanted_of(source)}
        is_draft = Review.DRAFT in reviews or any(language in flow.drafts for flow in flows)
        is_whole = Review.MISSING not in reviews and all(
            language in flow.languages for flow in flows
        )
        if is_whole and not (production and is_draft):
            languages.append(language)
            drafts |= {language} if is_draft else set()
    return tuple(languages), frozenset(drafts)


def _course(
    source: CourseSource,
    catalogues: Mapping[str, Catalogue],
    languages: tuple[str, ...],
    drafts: frozenset[str],
) -> Course:
    doc = source.doc
    words = {
        text.context: {
            language: _plain(
                text.text
                if language == doc.language
                else catalogues[language].entries[text.msgctxt].text
            )
            for language in languages
        }
        for text in source.texts
    }
    says = {}
    for lesson, _, _ in source.lessons():
        if lesson.say is not None:
            says[lesson.name] = words[f"{lesson.name}/say"]
        if lesson.reminder is not None:
            says[reminder_of(lesson.name)] = words[f"{lesson.name}/reminder"]
    timetable = Timetable(
        id=doc.id,
        title=doc.title,
        purpose=doc.purpose,
        lessons=tuple(_lesson(doc, each) for each in source.lessons()),
        stop_tags=tuple(doc.stop_when),
        completed_tag=doc.completed or "",
    )
    return Course(
        timetable, languages, drafts, words["title"], says, tuple(doc.keywords), source.path
    )


def _plain(text: str) -> str:
    return compile_template(text).render({})


def _lesson(course: CourseDoc, taught: Taught) -> Lesson:
    doc = taught.doc
    said = hashlib.blake2b((doc.say or "").encode(), digest_size=8).hexdigest()
    return Lesson(
        id=doc.name,
        what=f"flow:{doc.flow}" if doc.flow else f"say:{said}",
        days=taught.days or 0,
        since=Since(doc.after.since) if doc.after else Since.ENROLMENT,
        at=time.fromisoformat(doc.at or course.at),
        expires_s=int(doc.expires[:-1]) * _SECONDS[doc.expires[-1]],
        remind_days=doc.reminder.after_days if doc.reminder else None,
    )
