"""USSD turns on real Redis and real SQL: what a gateway may do, and what a citizen then sees."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from smsbot.errors import RedisAway, SessionConflict
from smsbot.storage.tables import contact_tags, contacts, reports, turns, ussd_sessions
from tests.flowkit import ask, call, content, effect, end, flow, menu, option
from tests.service import Service, english

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

    from smsbot.storage.database import Database
    from smsbot.vault import Vault

MENU = flow(
    "menu",
    menu("home", "Welcome", ("Learn", "learn"), ("Report", "report"), ("Language", "language")),
    call("learn", "lesson"),
    call("report", "report"),
    menu(
        "language",
        "Language?",
        option("English", "done", do=[effect("language", "en")]),
        option("Kiswahili", "done", do=[effect("language", "sw")]),
    ),
    end("done", {"en": "From now on in English.", "sw": "Sasa kwa Kiswahili."}),
)
LESSON = flow(
    "lesson",
    menu("who", "Who may ask your PIN?", ("The bank", "wrong"), ("Nobody", "right")),
    end("wrong", "Nobody may.", do=[effect("tag", "saw-lesson")]),
    menu("right", "Right. One more?", ("Yes", "more"), ("No", "bye")),
    menu("more", "A stranger calls. Do you", ("hang up", "bye"), ("talk", "wrong")),
    end("bye", "Well done.", do=[effect("tag", "learned")]),
    title="Your PIN",
)
REPORT = flow(
    "report",
    ask("what", "What happened?", "text", "what", "kept"),
    end("kept", "Thank you. Reference {reference}.", do=[effect("report", type="other")]),
)


@pytest.fixture
def service(
    database: Database, redis_client: redis.Redis, redis_url: str, vault: Vault
) -> Iterator[Service]:
    made = Service(database, redis_url, vault, content(MENU, LESSON, REPORT, core_en=english()))
    yield made
    made.close()


def count(service: Service, table: object) -> int:
    with service.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


def test_a_session_walks_from_the_menu_to_an_end(service: Service) -> None:
    phone = service.phone()
    assert "1 Learn" in phone.dial()
    assert "Who may ask" in phone.press("1")
    assert "One more" in phone.press("2")
    assert phone.press("2") == "Well done."
    assert phone.page is not None
    assert phone.page.ends


def test_the_same_transcript_gets_the_same_page_and_changes_nothing(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    first = phone.press("1")
    assert [phone.post() for _ in range(3)] == [first] * 3
    assert "One more" in phone.press("2")


def test_three_posts_of_one_turn_at_once_are_one_turn(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("2")
    phone.transcript += "*they took my money"
    pages: list[str] = []
    threads = [threading.Thread(target=lambda: pages.append(phone.post())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(pages)) == 1, pages
    assert "Reference" in pages[0]
    assert count(service, reports) == 1


def test_input_with_a_star_is_one_input(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("2")
    assert "Reference" in phone.press("dial *35*0000*16# he said")
    assert count(service, reports) == 1


def test_a_transcript_that_goes_back_gets_the_page_of_that_turn(service: Service) -> None:
    phone = service.phone()
    menu_page = phone.dial()
    question = phone.press("1")
    phone.press("2")
    assert phone.post("1") == question
    assert phone.post("") == menu_page
    assert phone.press("2") == "Well done."  # the person's own place did not move


def test_a_transcript_that_departs_from_the_known_one_is_played_again(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("1", "2")
    phone.transcript = "1"
    assert phone.press("1") == "Nobody may."


def test_dialling_with_inputs_walks_through_the_menu(service: Service) -> None:
    phone = service.phone()
    assert "One more" in phone.dial("1*2")
    assert phone.press("2") == "Well done."


@pytest.mark.parametrize("drained", [True, False])
def test_a_session_that_redis_lost_goes_on_where_it_was(
    service: Service, redis_client: redis.Redis, drained: bool
) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("1")
    if drained:
        service.drain.run()
    service.lose_redis()
    assert "One more" in phone.press("2")
    assert phone.press("2") == "Well done."


def test_a_lost_session_does_not_report_twice(service: Service, redis_client: redis.Redis) -> None:
    phone = service.phone()
    phone.dial()
    told = phone.press("2", "they took my money")
    service.drain.run()
    service.lose_redis()
    assert phone.post() == told
    assert count(service, reports) == 1


def test_a_lost_session_that_began_with_the_offer_is_rebuilt_from_the_offer(
    service: Service, redis_client: redis.Redis
) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("1", "2")
    phone.dial()
    assert "One more" in phone.press("1")
    service.drain.run()
    service.lose_redis()
    assert "A stranger calls" in phone.press("1")


def test_a_beginning_that_nobody_knows_shows_the_menu_and_does_not_guess(
    service: Service, redis_client: redis.Redis
) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("1", "2")
    service.drain.run()  # SQL knows of an unfinished session
    phone.dial()  # the offer, which SQL never hears of
    service.lose_redis()
    assert "1 Learn" in phone.press("1")
    assert "Who may ask" in phone.press("1")


def test_a_new_dial_offers_to_go_on(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("1", "2")
    service.clock.move(minutes=10)
    offer = phone.dial()
    assert "Your PIN" in offer
    assert "1 Continue" in offer
    assert "2 Start again" in offer
    assert "One more" in phone.press("1")
    phone.dial()
    assert "1 Learn" in phone.press("2")


def test_a_first_caller_is_offered_to_go_on_after_sql_has_met_them(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("1", "2")
    service.drain.run()
    service.clock.move(minutes=1)
    assert "1 Continue" in phone.dial()
    assert "One more" in phone.press("1")


def test_a_wrong_answer_to_the_offer_asks_again(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("1", "2")
    phone.dial()
    assert "1 Continue" in phone.press("7")
    assert "One more" in phone.press("1")


def test_after_half_an_hour_a_dial_begins_anew(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("1", "2")
    service.clock.move(minutes=31)
    assert "1 Learn" in phone.dial()


def test_a_finished_session_is_not_offered(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("1", "1")
    assert "1 Learn" in phone.dial()


def test_a_straggler_of_an_older_session_moves_nothing(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("1")
    older = f"{phone.number.e164}-{phone.session}"
    phone.dial()
    phone.press("2")
    assert "ended" in phone.post("1*2", session=older)
    assert "Who may ask" in phone.press("1")


def test_another_caller_cannot_use_a_session(service: Service) -> None:
    first, second = service.phone("+254711000111"), service.phone("+254711000222")
    first.dial()
    first.press("1")
    taken = f"{first.number.e164}-{first.session}"
    for transcript in ("", "1", "1*2"):
        with pytest.raises(SessionConflict):
            second.post(transcript, session=taken)
    service.drain.run()
    service.lose_redis()
    with pytest.raises(SessionConflict):
        second.post("1*2", session=taken)
    assert "One more" in first.press("2")


def test_a_version_stays_with_the_session_until_it_ends(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("1")
    changed = flow("lesson", menu("who", "New words", ("A", "x"), ("B", "x")), end("x", "New end"))
    service.library.change(content(MENU, changed, REPORT, core_en=english(), version="f" * 16))
    assert "One more" in phone.press("2")
    assert phone.press("2") == "Well done."
    phone.dial()
    assert "New words" in phone.press("1")


def test_a_language_is_kept_for_the_next_dial(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    assert phone.press("3", "2") == "Sasa kwa Kiswahili."
    with service.database.read() as connection:
        assert connection.execute(select(contacts.c.language)).scalar_one() == "sw"


def test_the_journal_reaches_sql_once(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("1", "2", "2")
    for _ in range(3):
        service.drain.run()
    assert count(service, turns) == 4
    assert count(service, contacts) == 1
    assert count(service, contact_tags) == 1
    assert service.redis.xlen("smsbot:journal") == 0
    with service.database.read() as connection:
        row = connection.execute(select(ussd_sessions)).one()
    assert (row.turns, row.ended) == (4, "end")


def test_a_drain_that_dies_before_it_trims_doubles_nothing(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("1", "2", "2")

    def die(*_: object) -> None:
        raise RedisAway("killed here")

    with monkeypatch.context() as patch:
        patch.setattr(service.drain._journal, "trim", die)
        with pytest.raises(RedisAway):
            service.drain.run()
    service.drain.run()
    assert count(service, turns) == 4
    with service.database.read() as connection:
        assert connection.execute(select(ussd_sessions.c.turns)).scalar_one() == 4


def test_nothing_personal_is_in_redis(service: Service) -> None:
    phone = service.phone("+254722123456")
    phone.dial()
    phone.press("2", "my PIN is 4821")
    dump = b""
    for key in service.redis.keys("*"):
        dump += key + (service.redis.dump(key) or b"")
        if key.startswith(b"smsbot:") and key != b"smsbot:journal":
            assert service.redis.ttl(key) > 0, key
    for secret in (b"722123456", b"4821"):
        assert secret not in dump


def test_two_processes_take_turns_on_one_session(service: Service) -> None:
    """What a process remembers is overtaken by another's turn, and never shown or built upon."""
    other = Service(service.database, service.redis_url, service.vault, service.content)
    here = service.phone()
    there = other.phone()
    here.dial()
    there.session = here.session
    assert "Who may ask" in here.press("1")
    there.transcript = "1"
    assert "One more" in there.press("2")
    here.transcript = "1*2"
    assert "A stranger calls" in here.press("1")
    assert "Well done" in there.post("1*2*1*1")
    assert "Well done" in here.post("1*2*1*1")
    other.close()


def test_what_redis_forgot_a_process_may_still_know(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("1")
    service.redis.flushall()
    assert "One more" in phone.press("2")
    assert service.redis.keys("smsbot:s:*") != []
