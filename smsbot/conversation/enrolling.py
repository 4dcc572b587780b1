"""A keyword that enrols in a course: the person's own word, so it is the consent as well.

It counts only as the whole text, as STOP does: a longer text that happens to begin with the word agrees
to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.courses.enrolment import enrol
from smsbot.people.answers import Answer
from smsbot.storage import consents, suppressions
from smsbot.text.answers import fold

if TYPE_CHECKING:
    from smsbot.conversation.meaning import Scene
    from smsbot.people.answers import Answers
    from smsbot.storage.consents import Evidence


def course_of(scene: Scene) -> str:
    """Give the course whose keyword this text is, or an empty text."""
    return scene.content.course_keywords.get(fold(scene.turn.text), "")


def enrol_by_keyword(scene: Scene, course_id: str, evidence: Evidence) -> Answers:
    """Agree to what the course is for, and begin it; whoever is in it already is told so."""
    course = scene.content.courses[course_id]
    connection, contact = scene.connection, scene.contact
    suppressions.lift(connection, contact.ref, evidence.at)
    consents.grant(connection, contact.id, course.timetable.purpose, evidence)
    is_new = enrol(
        connection,
        contact.id,
        course_id,
        effect_key=f"{scene.turn.id}:enrol",
        now_ms=evidence.at,
        channel=scene.turn.channel.id,
    )
    title = course.titles.get(scene.language, course.timetable.title)
    return (Answer("course-joined" if is_new else "course-running", {"title": title}),)
