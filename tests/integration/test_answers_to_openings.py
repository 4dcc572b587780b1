"""Answers to texts that we began: who replies to a campaign or a lesson goes on from its first page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from smsbot.conversation.openings import open_flow
from smsbot.storage import claims, contacts, texts
from smsbot.storage import messages as outbox
from smsbot.storage.insert import say
from smsbot.storage.messages import NewMessage
from smsbot.storage.tables import contacts as contacts_table
from smsbot.storage.tables import messages, turns
from smsbot.values import MessageState
from tests.flowkit import content, effect, end, flow, menu, option, quiz, when
from tests.service import Service, english, service_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

    from smsbot.engine.model import Content, Flow
    from smsbot.storage.database import Database
    from smsbot.vault import Vault

LESSON = flow(
    "lesson",
    quiz(
        "item",
        {"en": "PRACTICE. Send the PIN? Real?", "sw": "ZOEZI. Tuma PIN? Kweli?"},
        option({"en": "Real", "sw": "Kweli"}, "who", right=False, feedback="No."),
        option({"en": "A scam", "sw": "Utapeli"}, "who", right=True, feedback="Right."),
    ),
    when("who", ("'lessons' in consents", "friend"), ("'vip' in tags", "vip"), (None, "stranger")),
    end("friend", "You get lessons."),
    end("vip", "In {country}, a tagged one."),
    end("stranger", "Bye stranger.", do=[effect("tag", "met")]),
)
OTHER = flow(
    "other", menu("m", "Other question", ("A", "a"), ("B", "a")), end("a", "Other answered.")
)
MENU = flow("menu", menu("home", "Welcome", ("Bye", "bye")), end("bye", "Bye"))


def everything(*flows: Flow, **more: object) -> Content:
    return content(
        *(flows or (MENU, LESSON, OTHER)),
        core_en=english(),
        service_words=service_words(),
        keywords={"other": "other"},
        language_names={"en": "English", "sw": "Kiswahili"},
        **more,  # type: ignore[arg-type]
    )


@pytest.fixture
def service(
    database: Database, redis_client: redis.Redis, redis_url: str, vault: Vault
) -> Iterator[Service]:
    made = Service(database, redis_url, vault, everything())
    yield made
    made.close()


def begin(
    service: Service,
    flow_id: str,
    *,
    language: str = "en",
    state: MessageState = MessageState.ACCEPTED,
    number: str = "+254711000111",
) -> None:
    """Send the opening of a flow to a phone, as a campaign does, up to a state."""
    now = service.clock.now_ms()
    opening = open_flow(service.library.current(), service.channel, flow_id, language, now_ms=now)
    phone = service.phone(number)
    with service.database.write() as connection:
        contact = contacts.ensure(
            connection, service.vault, phone.number, channel_country="KE", network="", now_ms=now
        )
        sealed = texts.keep(
            connection,
            service.vault,
            key=f"{flow_id}:{language}:{opening.version}",
            language=language,
            text=opening.text,
            now_ms=now,
            flow=flow_id,
            version=opening.version,
            session=opening.session,
        )
        new = NewMessage(
            channel=service.channel.id,
            contact_id=contact.id,
            ref=contact.ref,
            purpose="lessons",
            priority=1,
            text=sealed,
            dedupe_key=f"{flow_id}:{now}",
        )
        added = outbox.add(connection, new, now)
        assert added is not None
        if state is MessageState.QUEUED:
            return
        claims.claim(connection, [added], "me", now)
        if state is not MessageState.SENDING:
            claims.settle(connection, [claims.Settled(added, state, gateway_id="x")], "me", now)
    service.clock.move(seconds=1)


def test_an_answer_goes_on_from_the_text_that_we_began(service: Service) -> None:
    begin(service, "lesson")
    assert service.phone().text("2") == ["Right.\nBye stranger."]
    with service.database.read() as connection:
        turn = connection.execute(select(turns)).one()
    assert (turn.flow, turn.state, turn.item, turn.answer_right) == ("lesson", "item", "scam", True)
    assert turn.ref == service.ref()
    begin(service, "other", number="+254711000222")
    assert service.phone("+254711000222").text("1") == ["Other answered."]


def test_the_person_is_filled_in_when_the_answer_comes(service: Service) -> None:
    begin(service, "lesson")
    with service.database.write() as connection:
        found = contacts.find(connection, service.ref())
        assert found is not None
        contacts.tag(connection, found.id, "vip", service.clock.now_ms())
    assert service.phone().text("1") == ["No.\nIn KE, a tagged one."]


def test_it_is_in_the_language_of_the_text(service: Service) -> None:
    begin(service, "lesson", language="sw")
    assert "Right." in service.phone().text("utapeli")[0]


@pytest.mark.parametrize("state", ["sending", "unknown", "delivered"])
def test_whatever_may_have_arrived_can_be_answered(service: Service, state: str) -> None:
    begin(service, "other", state=MessageState(state))
    assert service.phone().text("1") == ["Other answered."]


@pytest.mark.parametrize("state", ["queued", "failed", "suppressed"])
def test_what_never_left_waits_for_no_answer(service: Service, state: str) -> None:
    begin(service, "other", state=MessageState(state))
    assert "Other answered." not in service.phone().text("1")[0]


def test_the_newest_text_counts(service: Service) -> None:
    begin(service, "lesson")
    service.clock.move(days=2)
    begin(service, "other")
    assert service.phone().text("1") == ["Other answered."]


def test_a_conversation_of_the_persons_own_that_is_newer_goes_on(service: Service) -> None:
    begin(service, "lesson")
    phone = service.phone()
    assert "Other question" in phone.text("other")[0]
    assert phone.text("1") == ["Other answered."]


def test_a_text_that_we_began_since_overtakes_an_older_conversation(service: Service) -> None:
    phone = service.phone()
    phone.text("other")
    service.clock.move(minutes=5)
    begin(service, "lesson")
    assert phone.text("2") == ["Right.\nBye stranger."]


def test_service_words_come_first_and_keep_the_place(service: Service) -> None:
    begin(service, "lesson")
    phone = service.phone()
    assert "STOP" in phone.text("HELP")[0]
    assert phone.text("2") == ["Right.\nBye stranger."]


def test_after_stop_a_number_means_nothing_any_more(service: Service) -> None:
    begin(service, "lesson")
    phone = service.phone()
    phone.text("STOP")
    assert "Right." not in "".join(phone.text("2"))


def test_it_waits_for_fourteen_days(service: Service) -> None:
    begin(service, "other")
    service.clock.move(days=13.9)
    assert service.phone().text("1") == ["Other answered."]
    begin(service, "other", number="+254711000222")
    service.clock.move(days=14.1)
    assert service.phone("+254711000222").text("1") != ["Other answered."]


def test_a_new_owner_of_the_number_was_asked_nothing(service: Service) -> None:
    begin(service, "other")
    with service.database.write() as connection:
        later = service.clock.now_ms() + 1000
        connection.execute(update(contacts_table).values(owner_since=later))
    service.clock.move(minutes=1)
    assert service.phone().text("1") != ["Other answered."]


def test_it_goes_on_in_the_version_in_which_it_was_sent(service: Service) -> None:
    begin(service, "lesson")
    service.library.change(everything(MENU, OTHER, version="f" * 16))
    assert "Right." in service.phone().text("2")[0]


def test_a_dial_opens_the_front_door_as_ever(service: Service) -> None:
    begin(service, "lesson")
    assert service.phone().dial().startswith("Welcome")


def test_the_search_reads_one_persons_rows_by_their_index(service: Service) -> None:
    asked = ("EXPLAIN QUERY PLAN " if service.database.is_sqlite else "EXPLAIN ") + texts._BEGUN
    with service.database.read() as connection:
        if not service.database.is_sqlite:  # an empty table is always walked
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
        plan = "\n".join(str(row) for row in say(connection, asked, 1, 1, "sim", 1))
    assert "ix_messages_contact_id" in plan


def test_no_row_of_another_person_is_looked_at(service: Service) -> None:
    begin(service, "other", number="+254711000222")
    assert service.phone().text("1") != ["Other answered."]
    with service.database.read() as connection:
        states = connection.execute(select(messages.c.state).where(messages.c.text_id.is_not(None)))
        assert states.scalars().all() == ["accepted"]
