"""Texts on real SQL: what they mean, in which order, once each, and what stays in nobody's sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, update

from smsbot.storage import messages as outbox
from smsbot.storage.tables import (
    consents,
    contacts,
    inbound,
    messages,
    reports,
    suppressions,
    turns,
)
from smsbot.values import InboundSms, OptHint
from tests.flowkit import ask, call, content, effect, end, flow, menu
from tests.service import Service, channel, english, service_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

    from smsbot.engine.model import Content
    from smsbot.storage.database import Database
    from smsbot.vault import Vault

SCAM = (
    "Congratulations! You have won KSh 50,000 in our promotion. To receive the money send your PIN to "
    "0722123456 now or your line will be blocked."
)
MENU = flow(
    "menu",
    menu("home", "Welcome", ("Learn", "learn"), ("Bye", "bye")),
    call("learn", "lesson"),
    end("bye", "Bye"),
)
LESSON = flow(
    "lesson",
    menu("who", "Who may ask your PIN?", ("The bank", "wrong"), ("Nobody", "right")),
    end("wrong", "Nobody may."),
    ask("right", "May we text you lessons?", "yesno", "agreed", "bye"),
    end("bye", "Thank you.", do=[effect("consent", purpose="lessons", answer="yes")]),
    keywords=("PIN",),
)
STORY = flow(
    "story",
    ask("tell", "What happened?", "text", "what", "kept"),
    end("kept", "Kept as {reference}.", do=[effect("report", type="other")]),
    keywords=("STORY",),
)


def everything(**more: object) -> Content:
    return content(
        MENU,
        LESSON,
        STORY,
        core_en=english(),
        service_words=service_words(sw={"STOP": "SIMAMA", "JOIN": "JIUNGE", "HELP": "MSAADA"}),
        keywords={"pin": "lesson", "story": "story"},
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


def count(service: Service, table: object) -> int:
    with service.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


def test_a_keyword_starts_its_flow_and_answers_go_on(service: Service) -> None:
    phone = service.phone()
    assert phone.text("Pin please") == ["Who may ask your PIN?\n1 The bank\n2 Nobody"]
    assert "May we text" in phone.text("nobody")[0]
    assert phone.text("YES")[0] == "Thank you."
    assert count(service, turns) == 3
    assert service.woken.count("sim") == 3


def test_the_same_message_again_is_answered_once(service: Service) -> None:
    phone = service.phone()
    assert len(phone.text("pin", gateway_id="a")) == 1
    assert phone.text("pin", gateway_id="a") == []
    assert count(service, inbound) == 1


@pytest.mark.parametrize("stop", ["STOP", " stop. ", "Simama", "UNSUBSCRIBE", "stop all"])
def test_stop_in_any_language_and_state_ends_everything(service: Service, stop: str) -> None:
    phone = service.phone()
    phone.text("JOIN")
    phone.text("pin")
    answer = phone.text(stop)
    assert len(answer) == 1
    assert "START" in answer[0]
    assert phone.text(stop) == []  # one confirmation
    with service.database.read() as connection:
        assert connection.execute(select(contacts.c.opted_out_at)).scalar_one() is not None
        last = connection.execute(select(consents.c.granted).order_by(consents.c.id.desc()))
        assert last.scalars().first() is False
        assert connection.execute(select(suppressions.c.reason)).scalar_one() == "stop"


def test_a_forwarded_text_that_begins_with_stop_opts_nobody_out(service: Service) -> None:
    phone = service.phone()
    phone.text(
        "Stop! Your account will be closed today. Send your PIN to 0722123456 to keep it open."
    )
    with service.database.read() as connection:
        assert connection.execute(select(contacts.c.opted_out_at)).scalar_one() is None
    assert count(service, reports) == 1


def test_stop_that_the_gateway_confirms_gets_no_second_answer(service: Service) -> None:
    service.channel = channel(gateway_confirms_stop=True)
    assert service.phone().text("STOP") == []
    assert count(service, suppressions) == 1


def test_the_gateways_own_word_for_stop_counts(service: Service) -> None:
    phone = service.phone()
    event = InboundSms("x", phone.number, phone.number.e164, "aaa", opt_hint=OptHint.STOP)
    service.sms.receive(service.channel, event)
    assert count(service, suppressions) == 1


def test_stop_ends_what_is_queued_already(service: Service) -> None:
    phone = service.phone()
    phone.text("JOIN")
    with service.database.write() as connection:
        contact_id = connection.execute(select(contacts.c.id)).scalar_one()
        outbox.enqueue(
            connection,
            service.vault,
            channel="sim",
            contact_id=contact_id,
            ref=service.ref(),
            purpose="lessons",
            priority=1,
            text="A lesson",
            now_ms=service.clock.now_ms(),
            dedupe_key="lesson-1",
        )
    phone.text("STOP")
    with service.database.read() as connection:
        row = connection.execute(select(messages).where(messages.c.dedupe_key == "lesson-1")).one()
    assert (row.state, row.reason) == ("suppressed", "opted_out")


def test_join_opts_in_again_and_names_its_proof(service: Service) -> None:
    phone = service.phone()
    phone.text("STOP")
    assert "lessons" in phone.text("JIUNGE")[0]
    with service.database.read() as connection:
        row = connection.execute(select(consents).where(consents.c.granted)).one()
        assert connection.execute(select(contacts.c.opted_out_at)).scalar_one() is None
    assert (row.purpose, row.channel, row.actor, row.source) == (
        "lessons",
        "sim",
        "person",
        "sms/JOIN",
    )
    assert row.text_version == service.content.version


def test_help_keeps_the_conversation_where_it_is(service: Service) -> None:
    phone = service.phone()
    phone.text("pin")
    assert "STOP" in phone.text("MSAADA")[0]
    assert "May we text" in phone.text("2")[0]


def test_a_language_word_changes_the_language_in_any_state(service: Service) -> None:
    phone = service.phone()
    phone.text("pin")
    assert "Kiswahili" in phone.text("kiswahili")[0]
    with service.database.read() as connection:
        assert connection.execute(select(contacts.c.language)).scalar_one() == "sw"


def test_a_conversation_gives_way_to_a_keyword_that_it_cannot_read(service: Service) -> None:
    phone = service.phone()
    phone.text("pin")
    assert phone.text("story") == ["What happened?"]


def test_a_conversation_that_waits_for_words_takes_them(service: Service) -> None:
    phone = service.phone()
    phone.text("story")
    assert phone.text("pin was asked")[0].startswith("Kept as ")
    assert count(service, reports) == 1


def test_silence_of_a_day_ends_a_conversation(service: Service) -> None:
    phone = service.phone()
    phone.text("pin")
    service.clock.move(days=1.1)
    assert "did not understand" in phone.text("2")[0]


def test_chatter_is_answered_once_a_day(service: Service) -> None:
    phone = service.phone()
    assert len(phone.text("hello")) == 1
    assert phone.text("hello?") == []
    service.clock.move(days=1)
    assert len(phone.text("hello again")) == 1


def test_a_forwarded_scam_is_kept_and_given_a_reference(service: Service) -> None:
    phone = service.phone()
    answer = phone.text(SCAM)
    with service.database.read() as connection:
        row = connection.execute(select(reports)).one()
    assert row.reference in answer[0]
    assert "received" in phone.text(f"STATUS {row.reference}")[0]
    assert "no such report" in service.phone("+254733000000").text(f"STATUS {row.reference}")[0]


def test_mydata_needs_the_code_that_came_back_to_this_phone(service: Service) -> None:
    phone = service.phone()
    phone.text("pin")
    assert "123456" in phone.text("MYDATA")[0]
    assert "not right" in phone.text("MYDATA 999999")[0]
    told = phone.text("MYDATA 123456")[0]
    assert "country KE" in told
    assert "menu steps 1" in told


def test_delete_leaves_nothing_that_joins(service: Service) -> None:
    phone = service.phone()
    phone.text("JOIN")
    phone.text(SCAM)
    phone.text("DELETE")
    assert "erased" in phone.text("DELETE 123456")[0]
    ref = service.ref()
    with service.database.read() as connection:
        for table in (contacts, reports, turns):
            assert connection.execute(select(table).where(table.c.ref == ref)).all() == []
        row = connection.execute(select(suppressions)).one()
    assert (row.ref, row.reason) == (ref, "erased")


def test_a_new_owner_of_a_number_sees_nothing_of_the_former_one(service: Service) -> None:
    phone = service.phone()
    phone.text("JOIN")
    phone.text(SCAM)
    with service.database.read() as connection:
        reference = connection.execute(select(reports.c.reference)).scalar_one()
    service.clock.move(days=200)
    answers = phone.text(f"STATUS {reference}")
    assert "no such report" in answers[0]
    assert "If you are new" in answers[1]
    phone.text("MYDATA")
    told = phone.text("MYDATA 123456")[0]
    assert "Reports 0" in told
    assert "agreed to: -" in told


def test_a_short_code_is_never_answered(service: Service) -> None:
    service.sms.receive(service.channel, InboundSms("y", None, "MPESA", "Confirmed."))
    assert count(service, inbound) == 0
    assert count(service, messages) == 0


def test_the_same_answer_goes_to_one_number_five_times_an_hour_at_most(service: Service) -> None:
    phone = service.phone()
    answers = [phone.text("pin") for _ in range(8)]
    assert [len(answer) for answer in answers] == [1] * 5 + [0] * 3
    service.clock.move(minutes=61)
    assert len(phone.text("pin")) == 1


def test_no_number_and_no_text_is_in_clear(service: Service) -> None:
    phone = service.phone("+254722987654")
    phone.text("story")
    phone.text("my PIN is 4821 and my name is Wanjiku")
    phone.text(SCAM)
    with service.database.read() as connection:
        for table in service.tables():
            for row in connection.execute(select(table)):
                for value in row:
                    for secret in ("722987654", "4821", "Wanjiku", "722123456"):
                        assert not isinstance(value, str) or secret not in value, (
                            table.name,
                            value,
                        )
                        assert not isinstance(value, bytes) or secret.encode() not in value


def test_texts_are_answered_while_redis_is_away(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.redis.connection_pool.connection_kwargs["path"] = "/nowhere"
    service.redis.connection_pool.reset()
    assert service.phone().text("pin") != []


def test_a_state_that_expired_in_sql_is_no_conversation(service: Service) -> None:
    phone = service.phone()
    phone.text("pin")
    with service.database.write() as connection:
        connection.execute(update(inbound).values(session_enc=b"unreadable"))
    assert "did not understand" in phone.text("2")[0]
