"""What is taught now, in SQL: the ticker works from it alone. Written by whoever serves content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from smsbot.storage.insert import insert_if_new
from smsbot.storage.tables import content_versions, courses, openings
from smsbot.timetable import Published, published_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection


def publish(connection: Connection, taught: Iterable[Published], now_ms: int) -> int:
    """Let these be what is taught; courses that are not among them rest. Gives how many changed."""
    changed, kept = 0, []
    for each in taught:
        course = each.timetable.id
        row = {"plan": each.as_json(), "version": each.version, "published_at": now_ms}
        kept.append(course)
        if insert_if_new(connection, courses, {"id": course, **row}):
            changed += 1
            continue
        other = update(courses).where(
            courses.c.id == course,
            (courses.c.plan != row["plan"]) | courses.c.retired_at.is_not(None),
        )
        changed += connection.execute(other.values(**row, retired_at=None)).rowcount
    gone = update(courses).where(courses.c.id.not_in(kept), courses.c.retired_at.is_(None))
    return changed + connection.execute(gone.values(retired_at=now_ms)).rowcount


def open_with(connection: Connection, texts: Mapping[tuple[str, str], int], version: str) -> None:
    """Let these be the first texts of flows: rows of `texts` by (flow, language)."""
    for (flow, language), text_id in texts.items():
        row = {"text_id": text_id, "version": version}
        if not insert_if_new(connection, openings, {"flow": flow, "language": language, **row}):
            known = update(openings).where(openings.c.flow == flow, openings.c.language == language)
            connection.execute(known.values(**row))
    connection.execute(delete(openings).where(openings.c.version != version))


def versions(connection: Connection) -> set[str]:
    """Give the content versions in which replies to what is taught now go on."""
    taught = connection.scalars(select(courses.c.version).distinct())
    return {*taught, *connection.scalars(select(openings.c.version).distinct())}


def still_used(connection: Connection, of: Iterable[str], now_ms: int) -> None:
    """Note that replies to texts of these versions may come yet."""
    connection.execute(
        update(content_versions)
        .where(content_versions.c.version.in_(set(of)), content_versions.c.used_at < now_ms)
        .values(used_at=now_ms),
    )


def current(connection: Connection) -> dict[str, Published]:
    """Give what is taught now, by course."""
    rows = connection.execute(
        select(courses.c.id, courses.c.plan).where(courses.c.retired_at.is_(None))
    )
    return {course: published_from(plan) for course, plan in rows}


def resting(connection: Connection) -> frozenset[str]:
    """Give the courses that the content has no more."""
    return frozenset(
        connection.scalars(select(courses.c.id).where(courses.c.retired_at.is_not(None)))
    )


def first_texts(connection: Connection) -> dict[str, dict[str, int]]:
    """Give the rows of `texts` that begin flows, by flow and language."""
    found: dict[str, dict[str, int]] = {}
    for flow, language, text_id in connection.execute(
        select(openings.c.flow, openings.c.language, openings.c.text_id)
    ):
        found.setdefault(flow, {})[language] = text_id
    return found
