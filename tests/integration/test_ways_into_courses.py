"""How people come into courses: by a flow, a keyword, a campaign; and reminders that a flow asks for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, update

from smsbot.conversation.publishing import publish
from smsbot.courses import intake, planner, reminding
from smsbot.courses.steps import DAY_MS
from smsbot.engine.model import Course
from smsbot.plans import Plan, as_json
from smsbot.storage import contacts, courses, enrolments, purge
from smsbot.storage import tables as t
from smsbot.storage.messages import HELD_AT
from smsbot.timetable import Lesson, Timetable
from smsbot.values import Msisdn
from tests.flowkit import content, effect, end, flow, menu, option
from tests.service import Service, english, service_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

    from smsbot.engine.model import Content
    from smsbot.storage.database import Database
    from smsbot.vault import Vault

LESSON = flow(
    "lesson",
    menu("q", "Who may ask?", ("The bank", "no"), ("Nobody", "yes")),
    end("no", "Nobody may."),
    end("yes", "Right."),
)
JOINS = flow(
    "menu",
    menu(
        "home",
        "Welcome",
        option("Lessons", "bye", do=[effect("consent", purpose="lessons", answer="yes"),
                                     effect("enrol", "boosters")]),
        option("Later", "bye", do=[effect("remind", after="2d")]),
    ),
    end("bye", "Bye"),
)  # fmt: skip


def taught(version: str = "0123456789abcdef", *lessons: Lesson) -> Content:
    table = Timetable(
        "boosters", "Boosters", "lessons", lessons or (Lesson("a", "flow:lesson", 3),)
    )
    course = Course(
        table, ("en",), frozenset(), {"en": "Boosters", "sw": "Mazoezi"}, {}, ("BOOST",)
    )
    return content(
        JOINS,
        LESSON,
        core_en=english(),
        service_words=service_words(),
        courses={"boosters": course},
        course_keywords={"boost": "boosters"},
        version=version,
    )


@pytest.fixture
def service(
    database: Database, redis_client: redis.Redis, redis_url: str, vault: Vault
) -> Iterator[Service]:
    made = Service(database, redis_url, vault, taught())
    press(made)
    yield made
    made.close()


def press(service: Service, found: Content | None = None) -> int:
    return publish(
        service.database,
        service.vault,
        found or service.content,
        {"sim": service.channel},
        now_ms=service.clock.now_ms(),
        mark_drafts=True,
    )


def plan(service: Service) -> planner.Planned:
    return planner.plan(service.database, {"sim": service.channel}, service.clock.now_ms)


def rows(service: Service, *columns: object) -> list[tuple[object, ...]]:
    with service.database.read() as connection:
        found = connection.execute(select(*columns).order_by(columns[0]))  # type: ignore[call-overload]
        return [tuple(row) for row in found]


def lessons(service: Service) -> list[tuple[object, ...]]:
    with service.database.read() as connection:
        found = connection.execute(
            select(t.messages.c.purpose, t.messages.c.state).where(t.messages.c.priority == 1)
        )
        return [tuple(row) for row in found]


def teach(service: Service, days: float) -> None:
    until = service.clock.ms + int(days * DAY_MS)
    while service.clock.ms < until:
        plan(service)
        service.clock.move(minutes=60)


def test_a_flow_enrols_by_ussd_once_and_the_lesson_is_answered_by_text(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("1")
    phone.post()  # the gateway posts the turn again
    service.drain.run()
    assert rows(service, t.enrolments.c.course, t.enrolments.c.channel) == [("boosters", "sim")]
    phone.dial()
    phone.press("1")
    service.drain.run()
    assert len(rows(service, t.enrolments.c.id)) == 1
    teach(service, 3.5)
    assert lessons(service) == [("lessons", "queued")]
    with service.database.write() as connection:  # as the sender does
        now = service.clock.now_ms()
        sent = update(t.messages).where(t.messages.c.priority == 1)
        connection.execute(sent.values(state="accepted", claimed_at=now))
    service.clock.move(minutes=5)
    assert phone.text("2") == ["Right."]


@pytest.mark.parametrize("word", ["BOOST", " boost. ", "Boost"])
def test_a_keyword_is_consent_and_enrols(service: Service, word: str) -> None:
    phone = service.phone()
    phone.text("STOP")
    (answer,) = phone.text(word)
    assert "Boosters" in answer
    assert "STOP" in answer
    with service.database.read() as connection:
        newest = connection.execute(select(t.consents).order_by(t.consents.c.id.desc())).first()
    assert newest is not None
    assert (newest.granted, newest.purpose, newest.source) == (True, "lessons", "sms/BOOST") or (
        newest.source.startswith("sms/BOOST")
    )
    assert "already" in phone.text(word)[0]
    assert len(rows(service, t.enrolments.c.id)) == 1


def test_a_longer_text_that_begins_with_the_word_agrees_to_nothing(service: Service) -> None:
    service.phone().text("Boost your account now with my friend")
    assert rows(service, t.enrolments.c.id) == []
    assert rows(service, t.consents.c.id) == []


def test_a_keyword_ends_no_conversation_that_can_read_it(service: Service) -> None:
    phone = service.phone()
    phone.text("BOOST")
    teach(service, 3.5)
    with service.database.write() as connection:
        sent = update(t.messages).where(t.messages.c.priority == 1)
        connection.execute(sent.values(state="accepted", claimed_at=service.clock.now_ms()))
    service.clock.move(minutes=1)
    assert "already" in phone.text("BOOST")[0]
    assert phone.text("2") == ["Right."]


def test_a_flow_is_reminded_of_once_at_its_time(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("2")
    service.drain.run()

    def look() -> int:
        return reminding.remind(service.database, {"sim": service.channel}, service.clock.now_ms)

    service.clock.move(days=1.9)
    assert look() == 0
    service.clock.move(days=0.2)
    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert look() == 0
    assert lessons(service) == [("lessons", "queued")]
    assert phone.inbox()[-1].startswith("Welcome")


def test_stop_ends_what_was_to_be_reminded_of(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("2")
    service.drain.run()
    phone.text("STOP")
    service.clock.move(days=3)
    assert reminding.remind(service.database, {"sim": service.channel}, service.clock.now_ms) == 0


def reached(service: Service, states: dict[str, str], run_state: str = "finished") -> None:
    """Make a run of a campaign with a course, and a message in each state, two to a batch."""
    now = service.clock.now_ms()
    order = Plan(
        title="T", purpose="lessons", channel="sim", message={"en": "x"}, course="boosters"
    )
    row = {"id": 1, "title": "T", "author": "a", "channel": "sim", "purpose": "lessons"}
    row |= {"plan": as_json(order), "state": "finished", "created_at": now, "changed_at": now}
    run = {"id": 5, "campaign_id": 1, "number": 1, "state": run_state, "planned_at": now}
    run |= {"began_at": now, "ends_at": now, "seed": "s", "currency": "KES"}
    with service.database.write() as connection:
        connection.execute(t.campaigns.insert().values(**row))
        connection.execute(t.campaign_runs.insert().values(**run))
        for number, (person, state) in enumerate(states.items()):
            contact = contacts.ensure(
                connection,
                service.vault,
                Msisdn(person),
                channel_country="KE",
                network="",
                now_ms=now,
            )
            sent = {"channel": "sim", "contact_id": contact.id, "ref": contact.ref, "priority": 2}
            sent |= {"purpose": "lessons", "body_hash": "", "encoding": "GSM-7", "segments": 1}
            sent |= {"state": state, "due_at": HELD_AT, "created_at": now, "batch": number // 2}
            sent |= {"campaign_run_id": 5, "dedupe_key": f"c5:{contact.id}"}
            connection.execute(t.messages.insert().values(**sent))
        for batch in range((len(states) + 1) // 2):
            size = {"size": 2, "is_canary": False, "state": "released"}
            connection.execute(t.campaign_batches.insert().values(run_id=5, number=batch, **size))


STATES = ("accepted", "delivered", "unknown", "failed", "suppressed", "delivered", "queued")


def test_a_campaign_enrols_whom_it_reached_once(service: Service) -> None:
    people = {f"+2547110001{number:02}": state for number, state in enumerate(STATES)}
    reached(service, people)
    with service.database.write() as connection:
        first = contacts.find(connection, service.ref("+254711000101"))
        assert first is not None
        enrolments.add(connection, first.id, "boosters", effect_key="x", now_ms=1)
        second = contacts.find(connection, service.ref("+254711000105"))
        assert second is not None
        connection.execute(
            update(t.contacts).where(t.contacts.c.id == second.id).values(opted_out_at=1)
        )
    threads = [
        threading.Thread(target=intake.enrol_reached, args=(service.database, service.clock.now_ms))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    intake.enrol_reached(service.database, service.clock.now_ms)
    assert len(rows(service, t.enrolments.c.id)) == 2  # the first, and the one that was in it
    with service.database.write() as connection:  # a receipt that comes late
        late = update(t.messages).where(t.messages.c.state == "unknown")
        connection.execute(late.values(state="delivered"))
    assert intake.enrol_reached(service.database, service.clock.now_ms) == 0
    service.clock.move(days=1.1)
    assert intake.enrol_reached(service.database, service.clock.now_ms) == 1
    service.clock.move(days=9)
    assert intake.enrol_reached(service.database, service.clock.now_ms) == 0


def test_a_run_that_still_sends_enrols_nobody_yet(service: Service) -> None:
    reached(service, {"+254711000100": "delivered"}, run_state="running")
    assert intake.enrol_reached(service.database, service.clock.now_ms) == 0


def test_publishing_twice_changes_nothing_and_many_may_do_it_at_once(service: Service) -> None:
    assert press(service) == 0
    before = rows(service, t.texts.c.id)
    new = taught("f" * 16, Lesson("a", "flow:lesson", 5))
    faults: list[BaseException] = []

    def publish_it() -> None:
        try:
            press(service, new)
        except BaseException as fault:  # noqa: BLE001
            faults.append(fault)

    threads = [threading.Thread(target=publish_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with service.database.read() as connection:
        current = courses.current(connection)
        opened = connection.execute(select(func.count()).select_from(t.openings)).scalar_one()
    assert current["boosters"].timetable.lessons[0].days == 5
    assert current["boosters"].version == "f" * 16
    assert opened == 2  # the menu, which asks to be reminded of, in two languages
    assert len(rows(service, t.texts.c.id)) == 2 * len(before)


def test_the_version_of_a_lesson_stays_while_it_may_be_answered(service: Service) -> None:
    now = service.clock.now_ms()
    with service.database.write() as connection:
        for version in ("0123456789abcdef", "f" * 16, "e" * 16):
            row = {"version": version, "files": b"", "created_at": now, "used_at": now}
            connection.execute(t.content_versions.insert().values(**row))
    service.clock.move(days=40)
    press(service, taught("f" * 16))
    later = service.clock.now_ms()
    with service.database.write() as connection:
        connection.execute(update(t.texts).values(created_at=1))
        connection.execute(
            update(t.content_versions)
            .where(t.content_versions.c.version == "e" * 16)
            .values(created_at=now + 1)
        )
        purge.drop_contents(connection, later - 14 * DAY_MS)
        kept = set(connection.scalars(select(t.content_versions.c.version)))
        assert kept == {"0123456789abcdef", "f" * 16, "e" * 16}
        purge.drop_contents(connection, later + 1)
        kept = set(connection.scalars(select(t.content_versions.c.version)))
    assert kept == {"f" * 16, "e" * 16}
