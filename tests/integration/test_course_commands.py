"""`smsbot course`: what is taught and to whom, by command."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from smsbot.cli.check import check
from smsbot.cli.course import course
from smsbot.config import load_settings
from smsbot.content.channels_file import load_channels
from smsbot.content.loader import load_content
from smsbot.conversation.publishing import publish
from smsbot.errors import NotFound, Refused
from smsbot.storage import contacts, migrate
from smsbot.storage.consents import Evidence, grant
from smsbot.storage.database import Database
from smsbot.storage.tables import audit, courses, enrolments
from smsbot.upkeep.examine_courses import examine_courses
from smsbot.upkeep.findings import State
from smsbot.values import Msisdn
from smsbot.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

KNOWN, AGREED = "+254711000111", "+254711000222"


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A deployment in dev with the shipped content published, and two people."""
    monkeypatch.setenv("SMSBOT_DATA", str(tmp_path))
    monkeypatch.delenv("SMSBOT_DATABASE_URL", raising=False)
    settings = load_settings()
    made = Database(settings.effective_database_url)
    migrate.upgrade(made)
    vault = Vault(settings.secret_key, settings.pii_key_list)
    content = load_content(settings.flows, settings.messages, production=False).content
    assert content is not None
    channels = {each.id: each for each in load_channels(settings.channels, settings)}
    assert publish(made, vault, content, channels, now_ms=1, mark_drafts=True) == 1
    with made.write() as connection:
        for number in (KNOWN, AGREED):
            met = contacts.ensure(
                connection, vault, Msisdn(number), channel_country="KE", network="", now_ms=1
            )
        grant(connection, met.id, "lessons", Evidence(2, "sim", "", "en", "JOIN", "x"))
    yield made
    made.close()


def run(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(course, words, input=typed)


def test_a_course_is_listed_and_shown(database: Database) -> None:
    assert "boosters                   4 lessons          0 in it  en, fr, sw" in run("list").output
    shown = run("show", "boosters").output
    assert "Practice by text (boosters), consent to lessons" in shown
    assert "90 days after enrolment, 10:00 practice-offers" in " ".join(shown.split())
    assert json.loads(run("show", "boosters", "--json").output)["languages"] == ["en", "fr", "sw"]
    fault = run("show", "nothing").exception
    assert isinstance(fault, NotFound)
    assert "known: boosters" in str(fault)


def test_people_are_enrolled_and_taken_out_by_number_and_it_is_logged(database: Database) -> None:
    assert "enrolled, but sent nothing until" in run("enrol", "boosters", KNOWN).output
    done = run(
        "enrol", "boosters", "--file", "-", "--country", "KE", typed="0711000222\n\n0711000111\n"
    )
    assert done.exit_code == 0
    assert "line 1: +254...22: enrolled\n" in done.output
    assert "line 3: +254...11: in it already" in done.output
    status = json.loads(run("status", "--json").output)
    assert status["due_now"] == 2
    assert status["courses"][0]["running"] == 2
    assert "taken out" in run("end", "boosters", AGREED).output
    again = run("end", "boosters", AGREED)
    assert again.exit_code == 1
    assert "boosters                         1 in it; 1 operator" in run("status").output
    with database.read() as connection:
        acts = connection.execute(
            select(audit.c.action, audit.c.actor).where(audit.c.action.like("course.%"))
        ).all()
        ends = connection.scalars(
            select(enrolments.c.ended_because).order_by(enrolments.c.id)
        ).all()
    assert [tuple(act) for act in acts] == [
        ("course.enrol", "operator"),
        ("course.enrol", "operator"),
        ("course.end", "operator"),
    ]
    assert ends == ["", "operator"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("enrol", "boosters"), 2, "name a NUMBER, or give --file"),
        (("enrol", "boosters", "12"), 1, "no phone number"),
        (("enrol", "boosters", "+254711999999"), 1, "nobody of this number is known"),
        (("enrol", "nothing", KNOWN), 1, ""),
    ],
)
def test_what_cannot_be_is_said(
    database: Database, words: tuple[str, ...], code: int, said: str
) -> None:
    done = run(*words)
    assert done.exit_code == code
    assert said in done.output
    assert KNOWN[4:] not in done.output


def test_a_name_that_no_user_has_does_nothing(database: Database) -> None:
    fault = run("enrol", "boosters", KNOWN, "--as", "nobody").exception
    assert isinstance(fault, NotFound | Refused)
    with database.read() as connection:
        assert connection.scalars(select(enrolments.c.id)).all() == []


def test_the_doctor_tells_of_people_whom_nobody_looks_at(database: Database) -> None:
    run("enrol", "boosters", KNOWN)
    with database.write() as connection:
        (enrolled,) = connection.scalars(select(enrolments.c.next_at))
        assert [f.words for f in examine_courses(connection, enrolled + 1000)] == [
            "1 taught, 1 people in them"
        ]
        late, _ = examine_courses(connection, enrolled + 3_600_000)
        assert (late.state, late.words) == (State.WARN, "1 people wait for 60 minutes")
        connection.execute(courses.update().values(retired_at=1))
        rests, _ = examine_courses(connection, enrolled)
    assert rests.state is State.WARN
    assert "1 people wait in 'boosters', which is not taught" in rests.words


def test_one_course_file_is_checked_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flows = tmp_path / "flows"
    shutil.copytree("flows", flows)
    path = flows / "courses" / "boosters.yaml"
    assert CliRunner().invoke(check, [str(path)]).exit_code == 0
    path.write_text(path.read_text().replace("practice-family", "practise-family"))
    done = CliRunner().invoke(check, [str(path)])
    assert done.exit_code == 1
    assert (
        "boosters.yaml:15: error: there is no flow 'practise-family' (did you mean" in done.output
    )
    assert "contacts.yaml" not in done.output
