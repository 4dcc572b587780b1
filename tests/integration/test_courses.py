"""Courses on real SQL: each lesson once and on its day, over edits, STOP and clocks that jump."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, func, select, update

from smsbot.conversation.publishing import publish
from smsbot.courses import enrolment, planner
from smsbot.courses.steps import DAY_MS
from smsbot.engine.model import Course
from smsbot.people import commands, ownership
from smsbot.storage import contacts, enrolments, erasure
from smsbot.storage import tables as t
from smsbot.storage.consents import Evidence
from smsbot.timetable import Lesson, Since, Timetable
from smsbot.values import Msisdn
from tests.flowkit import content, end, flow, menu
from tests.service import channel

if TYPE_CHECKING:
    from smsbot.storage.contacts import Contact
    from smsbot.storage.database import Database
    from smsbot.vault import Vault

NAIROBI = ZoneInfo("Africa/Nairobi")
ENROLLED = int(datetime(2026, 3, 2, 15, 20, tzinfo=NAIROBI).timestamp() * 1000)
AMINA = Msisdn("+254711000111")
FLOWS = tuple(
    flow(name, menu("m", {"en": f"Item {name}", "sw": f"Swali {name}"}, ("A", "e")), end("e", "E"))
    for name in ("a", "b", "c", "d", "e5")
)
BOOSTERS = tuple(
    Lesson(f"day-{days}", f"flow:{name}", days)
    for days, name in zip((3, 10, 30, 90), "abcd", strict=True)
)


@dataclass
class School:
    """A database in which courses are published, one clock, and the planner as the ticker runs it."""

    database: Database
    vault: Vault
    now: int = ENROLLED
    version: str = "0123456789abcdef"

    def __post_init__(self) -> None:
        self.channels = {"sim": channel()}

    def teach(
        self, *lessons: Lesson, says: dict[str, dict[str, str]] | None = None, **more: Any
    ) -> int:
        """Publish a course `boosters`, with these lessons."""
        table = Timetable("boosters", "Boosters", "lessons", lessons, **more)
        course = Course(table, ("en", "sw"), frozenset(), {"en": "Boosters"}, says or {})
        found = content(*FLOWS, courses={"boosters": course}, version=self.version)
        return self.publish(found)

    def publish(self, found: Any) -> int:
        return publish(
            self.database, self.vault, found, self.channels, now_ms=self.now, mark_drafts=True
        )

    def meet(self, number: Msisdn = AMINA, language: str = "") -> Contact:
        with self.database.write() as connection:
            met = contacts.ensure(
                connection, self.vault, number, channel_country="KE", network="", now_ms=self.now
            )
            if language:
                contacts.set_language(connection, met.id, language, self.now)
        return met

    def enrol(self, number: Msisdn = AMINA, key: str = "turn-1", language: str = "") -> bool:
        met = self.meet(number, language)
        with self.database.write() as connection:
            return enrolment.enrol(
                connection, met.id, "boosters", effect_key=key, now_ms=self.now, channel="sim"
            )

    def tick(self) -> planner.Planned:
        return planner.plan(self.database, self.channels, lambda: self.now)

    def live(self, days: float) -> None:
        """Let time pass: the ticker looks whenever somebody is to be looked at."""
        until = self.now + int(days * DAY_MS)
        while self.now < until:
            self.tick()
            with self.database.read() as connection:
                runs = t.enrolments.c.ended_at.is_(None)
                following = select(func.min(t.enrolments.c.next_at)).where(runs)
                due = connection.execute(following).scalar_one()
            self.now = min(until, max(due or until, self.now + 2000))

    def sent(self) -> list[tuple[str, str]]:
        """Give what was queued, by the lesson of its key and the hour in Nairobi."""
        with self.database.read() as connection:
            rows = connection.execute(
                select(t.messages.c.dedupe_key, t.messages.c.due_at).order_by(t.messages.c.id)
            ).all()
        return [(key.partition(":")[2], _wall(due_at)) for key, due_at in rows]

    def one(self, column: Any) -> Any:
        with self.database.read() as connection:
            return connection.execute(select(column)).scalar_one()

    def count(self, table: Any) -> int:
        with self.database.read() as connection:
            return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _wall(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(NAIROBI):%m-%d %H:%M}"


@pytest.fixture
def school(database: Database, vault: Vault) -> School:
    made = School(database, vault)
    made.teach(*BOOSTERS, completed_tag="boosted")
    return made


BOOSTED = [
    ("day-3", "03-05 10:00"),
    ("day-10", "03-12 10:00"),
    ("day-30", "04-01 10:00"),
    ("day-90", "05-31 10:00"),
]


def test_boosters_go_on_day_3_10_30_and_90_and_the_course_ends_with_its_tag(
    school: School,
) -> None:
    school.enrol()
    school.live(95)
    assert school.sent() == BOOSTED
    assert school.one(t.enrolments.c.ended_because) == "completed"
    assert school.one(t.contact_tags.c.tag) == "boosted"
    with school.database.read() as connection:
        row = connection.execute(select(t.messages).order_by(t.messages.c.id)).first()
    assert row is not None
    assert (row.purpose, row.priority, row.state, row.channel) == ("lessons", 1, "queued", "sim")
    assert row.expires_at == row.due_at + 2 * DAY_MS
    assert row.body_enc is None


def test_a_lesson_speaks_the_persons_language_or_the_channels(school: School) -> None:
    school.enrol(language="sw")
    school.enrol(Msisdn("+254711000222"), "turn-2")
    school.enrol(Msisdn("+254711000333"), "turn-3", language="am")
    school.live(3.9)
    with school.database.read() as connection:
        rows = connection.execute(
            select(t.texts.c.language)
            .join(t.messages, t.messages.c.text_id == t.texts.c.id)
            .order_by(t.messages.c.contact_id)
        )
        assert rows.scalars().all() == ["sw", "en", "en"]


def test_enrolled_twice_is_once_and_the_same_act_again_is_nothing(school: School) -> None:
    assert school.enrol()
    assert not school.enrol()
    assert not school.enrol(key="turn-2")
    assert school.count(t.enrolments) == 1


def test_two_rows_of_one_person_from_before_teach_once(school: School) -> None:
    met = school.meet()
    with school.database.write() as connection:
        for key in ("old-1", "old-2"):
            enrolments.add(connection, met.id, "boosters", effect_key=key, now_ms=school.now)
    school.live(4)
    assert [name for name, _ in school.sent()] == ["day-3"]
    with school.database.read() as connection:
        ends = connection.execute(select(t.enrolments.c.ended_because).order_by(t.enrolments.c.id))
        assert ends.scalars().all() == ["", "again"]


def test_who_enrols_anew_gets_no_lesson_twice(school: School) -> None:
    met = school.meet()
    school.enrol()
    school.live(5)
    with school.database.write() as connection:
        assert enrolment.leave(connection, met.id, "boosters", now_ms=school.now)
    assert school.enrol(key="turn-2")
    school.live(120)
    names = [name for name, _ in school.sent()]
    assert names == ["day-3", "day-10", "day-30", "day-90"]


def test_many_tickers_at_once_queue_each_lesson_once(school: School) -> None:
    people = [Msisdn(f"+2547110{number:05}") for number in range(60)]
    for number, person in enumerate(people):
        school.enrol(person, f"turn-{number}")
    school.now = ENROLLED + 3 * DAY_MS
    threads = [threading.Thread(target=school.tick) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    school.tick()
    assert school.count(t.messages) == 60


def test_what_a_lost_write_would_send_again_the_key_holds_back(school: School) -> None:
    school.enrol()
    school.live(4)
    with school.database.write() as connection:  # a restored backup knows less than the outbox
        connection.execute(update(t.enrolments).values(had="{}", next_at=0))
    school.live(4)
    assert [name for name, _ in school.sent()] == ["day-3"]


def test_stop_ends_every_course_and_start_brings_none_back(school: School) -> None:
    met = school.meet()
    school.enrol()
    school.live(4)
    said = Evidence(school.now, "sim", school.version, "en", "STOP", "turn-9")
    with school.database.write() as connection:
        commands.stop(connection, met, said)
        commands.start(connection, met, replace(said, effect_key="turn-10"))
    school.live(100)
    assert school.one(t.enrolments.c.ended_because) == "stop"
    assert [name for name, _ in school.sent()] == ["day-3"]


def test_erased_and_reassigned_people_are_taught_nothing(school: School) -> None:
    met = school.meet()
    school.enrol()
    other = school.meet(Msisdn("+254711000222"))
    school.enrol(Msisdn("+254711000222"), "turn-2")
    later = school.now + 200 * DAY_MS
    with school.database.write() as connection:
        erasure.erase(connection, met, fresh_ref="f" * 32, channel="sim", now_ms=school.now)
        assert ownership.check_reassigned(connection, other, later)
    school.now = later
    school.live(3)
    assert school.sent() == []


def test_a_tag_ends_the_course(school: School) -> None:
    school.teach(*BOOSTERS, stop_tags=("moved",))
    met = school.meet()
    school.enrol()
    with school.database.write() as connection:
        contacts.tag(connection, met.id, "moved", school.now)
    school.live(4)
    assert school.sent() == []
    assert school.one(t.enrolments.c.ended_because) == "tag"


EDITS: list[tuple[str, tuple[Lesson, ...], list[str]]] = [
    ("renamed", tuple(replace(each, id=f"n{each.days}") for each in BOOSTERS), ["n10", "n30", "n90"]),
    ("removed", BOOSTERS[2:], ["day-30", "day-90"]),
    ("moved", (*BOOSTERS[1:], replace(BOOSTERS[0], days=95)), ["day-10", "day-30", "day-90"]),
    ("added", (BOOSTERS[0], Lesson("new", "flow:e5", 5), *BOOSTERS[1:]),
     ["new", "day-10", "day-30", "day-90"]),
    ("earlier", tuple(replace(each, days=each.days // 3) for each in BOOSTERS),
     ["day-10", "day-30", "day-90"]),
]  # fmt: skip


@pytest.mark.parametrize(("lessons", "rest"), [e[1:] for e in EDITS], ids=[e[0] for e in EDITS])
def test_an_edit_between_two_lessons_repeats_none_and_loses_none(
    school: School, lessons: tuple[Lesson, ...], rest: list[str]
) -> None:
    school.enrol()
    school.live(4)
    school.version = "f" * 16
    assert school.teach(*lessons) == 1
    assert school.teach(*lessons) == 0
    school.live(95)
    assert [name for name, _ in school.sent()] == ["day-3", *rest]


def test_a_course_that_is_taken_away_rests_until_it_is_back(school: School) -> None:
    school.enrol()
    school.publish(content(*FLOWS, version="a" * 16))
    school.live(6)
    assert school.sent() == []
    school.teach(*BOOSTERS)
    school.live(2)
    assert [name for name, _ in school.sent()] == ["day-3"]


def test_a_clock_that_jumps_ahead_sends_one_lesson_and_back_again_loses_none(
    school: School,
) -> None:
    school.enrol()
    school.live(1)
    right = school.now
    school.now += 300 * DAY_MS
    for _ in range(6):
        school.tick()
    assert len(school.sent()) <= 1
    school.now = right
    school.live(100)
    assert sorted(name for name, _ in school.sent()) == ["day-10", "day-3", "day-30", "day-90"]
    later = [wall for _, wall in school.sent()[1:]]
    assert len({wall[:5] for wall in later}) == 3


def test_a_clock_that_falls_back_sends_nothing_twice(school: School) -> None:
    school.enrol()
    school.live(11)
    school.now -= 20 * DAY_MS
    school.live(60)
    names = [name for name, _ in school.sent()]
    assert names[:3] == ["day-3", "day-10", "day-30"]
    assert len(names) == len(set(names))


ASKS = replace(BOOSTERS[0], remind_days=2)
SAYS = {"day-3!": {"en": "Did you see it? Answer 1.", "sw": "Umeiona? Jibu 1."}}


def turn(school: School, at: int, name: str = "a", how: str = "option") -> None:
    row = {"id": f"{at}".zfill(32), "channel": "sim", "session_ref": "s", "number": 1, "at": at}
    row |= {"ref": school.vault.ref(AMINA), "version": "", "language": "en", "flow": name}
    row |= {"state": "m", "to_flow": name, "to_state": "e", "how": how, "option": 1, "ends": True}
    with school.database.write() as connection:
        connection.execute(t.turns.insert().values(**row))


@pytest.mark.parametrize(
    ("flow_id", "how", "reminded"),
    [("", "", True), ("b", "option", True), ("a", "wrong", True), ("a", "option", False)],
)
def test_only_who_did_not_answer_is_reminded(
    school: School, flow_id: str, how: str, reminded: bool
) -> None:
    school.teach(ASKS, BOOSTERS[1], says=SAYS)
    school.enrol()
    school.live(3.5)
    if flow_id:
        turn(school, school.now, flow_id, how)
    school.live(8)
    names = [name for name, _ in school.sent()]
    assert names == (["day-3", "day-3!", "day-10"] if reminded else ["day-3", "day-10"])


def test_a_lesson_may_wait_for_the_answer(school: School) -> None:
    school.teach(ASKS, Lesson("then", "flow:b", 1, since=Since.ANSWER), says=SAYS)
    school.enrol()
    school.live(4.5)  # 03-07 03:20
    turn(school, school.now)
    school.live(4)
    assert school.sent() == [("day-3", "03-05 10:00"), ("then", "03-08 10:00")]


def test_who_was_just_heard_is_not_interrupted(school: School) -> None:
    met = school.meet()
    school.enrol()
    school.now = ENROLLED + 4 * DAY_MS
    with school.database.write() as connection:
        contacts.touch(connection, met.id, school.now - 60_000)
    school.tick()
    assert school.sent() == []
    school.now += 30 * 60_000
    school.tick()
    assert [name for name, _ in school.sent()] == ["day-3"]


def test_an_enrolment_of_an_older_release_is_taught_too(school: School) -> None:
    met = school.meet()
    row = {"contact_id": met.id, "course": "boosters", "at": ENROLLED, "effect_key": "old"}
    with school.database.write() as connection:
        connection.execute(t.enrolments.insert().values(**row))
    school.live(4)
    assert [name for name, _ in school.sent()] == ["day-3"]


def test_nothing_that_a_planner_writes_names_a_person(school: School) -> None:
    school.enrol()
    school.live(4)
    with school.database.read() as connection:
        dump = repr(connection.execute(select(t.enrolments)).all())
        dump += repr(connection.execute(select(t.messages.c.dedupe_key)).all())
    assert AMINA.e164[4:] not in dump


def test_a_look_walks_the_index_of_those_that_run(school: School) -> None:
    for number in range(30):
        school.enrol(Msisdn(f"+2547110{number:05}"), f"turn-{number}")
    seen: list[tuple[str, Any]] = []

    @event.listens_for(school.database.engine, "before_cursor_execute")
    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_more: Any) -> None:
        if statement.lstrip().startswith("SELECT") and "enrolments.next_at" in statement:
            seen.append((statement, values))

    school.tick()
    event.remove(school.database.engine, "before_cursor_execute", note)
    assert len(seen) >= 3  # the first, the last, and those that are due
    how = "EXPLAIN QUERY PLAN " if school.database.is_sqlite else "EXPLAIN "
    with school.database.read() as connection:
        if not school.database.is_sqlite:  # a small table is always walked
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SET LOCAL enable_sort = off")
        for statement, values in seen:
            plan = str(connection.exec_driver_sql(how + statement, values).all())
            assert "ix_enrolments_next" in plan, plan
