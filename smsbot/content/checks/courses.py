"""Courses: every lesson can be sent to anybody, and nobody is sent too much.

A reminder of a flow (`{remind: 2d}`) is a text like a lesson, so the same holds for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.content.checks.rules import found
from smsbot.content.faults import did_you_mean
from smsbot.engine.model import Surface
from smsbot.engine.opening import unfit
from smsbot.timetable import Since
from smsbot.values import ChannelKind, PageLimit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsbot.content.checks.material import Material
    from smsbot.content.course_source import CourseSource
    from smsbot.content.faults import Fault
    from smsbot.content.schema import Acts
    from smsbot.content.source import FlowSource
    from smsbot.engine.model import Course, Flow

MOST_A_WEEK = 2
"""Texts that nobody asked for, a week and person (domain R09). A reminder is one."""
_WEEK = 7
_SURFACE = Surface(ChannelKind.SMS, PageLimit(), "", mark_drafts=True)


def check_courses(material: Material) -> Iterator[Fault]:
    """Find lessons that cannot be sent, courses that crowd, and flows that name no course."""
    courses = {course.id: course for course in material.courses}
    for source in material.courses:
        taught = material.content.courses.get(source.id) if material.content else None
        if taught is not None:
            yield from _openings(material, source, taught)
            yield from _crowding(source, taught)
            yield from _silent_languages(material, source, taught)
    for flow in material.flows:
        yield from _later(material, flow, courses)


def _openings(material: Material, source: CourseSource, taught: Course) -> Iterator[Fault]:
    assert material.content is not None
    for doc, place, _ in source.lessons():
        if doc.flow is None:
            continue
        for language in taught.languages:
            why = unfit(material.content, doc.flow, language, _SURFACE)
            if why:
                words = f"the flow {doc.flow!r} cannot be sent as a lesson: {why}"
                yield found("lesson-opening", source.path, source.line(*place), words)
                break


def _crowding(source: CourseSource, taught: Course) -> Iterator[Fault]:
    """Find seven days with too many texts, as far as the days are known beforehand."""
    days: list[int] = []
    for lesson in taught.timetable.lessons:
        day = lesson.days
        if lesson.since is Since.ANSWER:
            day += days[-1] if days else 0
        days.append(day)
        if lesson.remind_days is not None:
            days.append(day + lesson.remind_days)
    days.sort()
    for index, day in enumerate(days):
        within = sum(day <= other < day + _WEEK for other in days[index:])
        if within > MOST_A_WEEK:
            words = f"{within} texts go to a person within the week from day {day} on"
            first = next(source.lessons())
            yield found("course-crowded", source.path, source.line(*first.place), words)
            return


def _silent_languages(material: Material, source: CourseSource, taught: Course) -> Iterator[Fault]:
    """Find languages into which the course is translated, but not all of its flows."""
    assert material.content is not None
    languages = {said.language for said in material.said if said.flow == source.catalogue}
    for language in sorted(languages - set(taught.languages)):
        flows = (doc.flow for doc, _, _ in source.lessons() if doc.flow)
        missing = [
            flow for flow in flows if language not in _languages(material.content.flows.get(flow))
        ]
        if missing:
            words = f"the course is not taught in {language!r}: its flow {missing[0]!r} lacks it"
            yield found("course-language", source.path, source.line("language"), words)


def _languages(flow: Flow | None) -> tuple[str, ...]:
    return flow.languages if flow is not None else ()


def _later(
    material: Material, flow: FlowSource, courses: dict[str, CourseSource]
) -> Iterator[Fault]:
    """Look at what a flow asks to happen later: a course to begin, a reminder of itself."""
    compiled = material.content.flows.get(flow.id) if material.content else None
    for name, state in flow.doc.states.items():
        acts: list[Acts] = [state, *(state.menu or ()), *(state.quiz.options if state.quiz else ())]
        effects = [effect for act in acts for effect in act.do]
        line = flow.line("states", name)
        for effect in effects:
            if effect.enrol is not None and effect.enrol not in courses:
                words = f"{name!r} enrols in {effect.enrol!r}, but there is no such course"
                hint = did_you_mean(effect.enrol, courses)
                yield found("course-unknown", flow.path, line, words, hint)
        if compiled is None or not any(effect.remind for effect in effects):
            continue
        assert material.content is not None
        why = unfit(material.content, flow.id, compiled.language, _SURFACE)
        if why:
            words = f"{name!r} asks for a reminder, but no text can begin this flow: {why}"
            yield found("remind-opening", flow.path, line, words)
