"""`smsbot course list|show|enrol|end|status`: courses as they are taught, and the people in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TextIO

import click

from smsbot.cli.stores import open_stores
from smsbot.courses import register
from smsbot.courses.register import Entry
from smsbot.people import roles, users
from smsbot.people.roles import Act
from smsbot.storage import enrolments
from smsbot.text.phones import parse_phone
from smsbot.timetable import Since

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smsbot.cli.stores import Stores
    from smsbot.courses.register import Class
    from smsbot.timetable import Lesson

_MAX_LINE = 64
_BAD = (Entry.UNKNOWN, Entry.NOT_IN_IT)


@click.group()
def course() -> None:
    """Lessons that come days apart: what is taught, and to whom."""


@course.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
def list_courses(*, as_json: bool) -> None:
    """List the courses with their people."""
    with open_stores() as stores, stores.database.read() as connection:
        found = register.classes(connection)
    if as_json:
        click.echo(json.dumps([_row(each) for each in found], indent=1))
        return
    for each in found:
        taught = each.course
        words = "rests: no file" if taught is None else ", ".join(taught.languages)
        lessons = 0 if taught is None else len(taught.timetable.lessons)
        click.echo(f"{each.id:24} {lessons:3} lessons  {each.running:>9,} in it  {words}")


@course.command()
@click.argument("course_id", metavar="COURSE")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def show(course_id: str, *, as_json: bool) -> None:
    """Show the days and hours of a course, as it is taught now."""
    with open_stores() as stores, stores.database.read() as connection:
        taught = register.find(connection, course_id)
    table = taught.timetable
    if as_json:
        click.echo(json.dumps(json.loads(taught.as_json()), indent=1))
        return
    click.echo(f"{table.title} ({table.id}), consent to {table.purpose}")
    click.echo(f"taught in {', '.join(taught.languages)}")
    for lesson in table.lessons:
        click.echo(f"  {_when(lesson):28} {lesson.id}")
    if table.stop_tags:
        click.echo(f"ends for who is tagged {' or '.join(table.stop_tags)}")
    if table.completed_tag:
        click.echo(f"who had all of it is tagged {table.completed_tag}")


@course.command()
@click.argument("course_id", metavar="COURSE")
@click.argument("number", required=False)
@click.option("--file", "listed", type=click.File("r"), help="One number a line; - is stdin.")
@click.option("--country", default="", help="Reads national numbers, as in KE.")
@click.option("--as", "user", metavar="USER", default="", help="Who does it.")
@click.pass_context
def enrol(
    context: click.Context,
    course_id: str,
    number: str | None,
    listed: TextIO | None,
    country: str,
    user: str,
) -> None:
    """Enrol people of known numbers in COURSE. It is no consent: without one they are sent nothing."""
    _each_number(context, (number, listed, country), user, course_id, register.enrol_number)


@course.command()
@click.argument("course_id", metavar="COURSE")
@click.argument("number", required=False)
@click.option("--file", "listed", type=click.File("r"), help="One number a line; - is stdin.")
@click.option("--country", default="", help="Reads national numbers, as in KE.")
@click.option("--as", "user", metavar="USER", default="", help="Who does it.")
@click.pass_context
def end(
    context: click.Context,
    course_id: str,
    number: str | None,
    listed: TextIO | None,
    country: str,
    user: str,
) -> None:
    """Take people out of COURSE. What is queued for them already still goes."""
    _each_number(context, (number, listed, country), user, course_id, register.end_number)


@course.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status(*, as_json: bool) -> None:
    """Say how people's time in each course ended, and how many lessons wait for the ticker."""
    with open_stores() as stores, stores.database.read() as connection:
        found = register.classes(connection)
        waiting = enrolments.count_due(connection, stores.clock.now_ms())
    if as_json:
        rows = [_row(each) for each in found]
        click.echo(json.dumps({"due_now": waiting, "courses": rows}, indent=1))
        return
    for each in found:
        ended = ", ".join(f"{count:,} {why}" for why, count in each.ended.items()) or "none ended"
        click.echo(f"{each.id:24} {each.running:>9,} in it; {ended}")
    click.echo(f"{waiting:,} people are to be looked at now")


def _row(each: Class) -> dict[str, object]:
    return {
        "id": each.id,
        "taught": each.course is not None,
        "languages": [] if each.course is None else list(each.course.languages),
        "lessons": 0 if each.course is None else len(each.course.timetable.lessons),
        "running": each.running,
        "ended": dict(each.ended),
    }


def _when(lesson: Lesson) -> str:
    since = "after the answer" if lesson.since is Since.ANSWER else "after enrolment"
    return f"{lesson.days:3} days {since}, {lesson.at:%H:%M}"


def _each_number(
    context: click.Context,
    given: tuple[str | None, TextIO | None, str],
    user: str,
    course_id: str,
    act: Callable[..., Entry],
) -> None:
    number, listed, country = given
    if (number is None) == (listed is None):
        raise click.UsageError("name a NUMBER, or give --file")
    failed = False
    with open_stores() as stores:
        actor = _actor(stores, user)
        for place, raw in _lines(number, listed):
            msisdn = parse_phone(raw[:_MAX_LINE], country)
            if msisdn is None:
                click.echo(f"smsbot: {place}this is no phone number: write +254711000123", err=True)
                failed = True
                continue
            entry = act(
                stores.database,
                stores.vault,
                msisdn,
                course_id,
                actor=actor,
                now_ms=stores.clock.now_ms(),
            )
            failed |= entry in _BAD
            click.echo(f"{place}{msisdn}: {entry.value}", err=entry in _BAD)
    if failed:
        context.exit(1)


def _lines(number: str | None, listed: TextIO | None) -> Iterator[tuple[str, str]]:
    if number is not None:
        yield "", number
        return
    for index, line in enumerate(listed or (), 1):
        if line.strip():
            yield f"line {index}: ", line.strip()


def _actor(stores: Stores, user: str) -> str:
    with stores.database.read() as connection:
        acting = users.acting(connection, user, is_dev=stores.settings.is_dev)
    roles.demand(acting.name, acting.role, Act.TEACH)
    return acting.name
