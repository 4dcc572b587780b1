"""Every way to answer a practice item leaves one row that says what it was and whether it was right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from smsbot.storage.tables import turns
from tests.flowkit import call, content, end, flow, menu, option, quiz
from tests.service import Service, english, service_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

    from smsbot.storage.database import Database
    from smsbot.vault import Vault

LESSON = flow(
    "lesson",
    quiz(
        "caller",
        "PRACTICE. Care asks your PIN. Real?",
        option("Real", "menu", right=False, feedback="No, a scam."),
        option("A scam", "menu", right=True, feedback="Right."),
    ),
    quiz(
        "menu",
        "PRACTICE. Your own menu asks your PIN. Real?",
        option("Real", "bye", right=True, feedback="Right."),
        option("A scam", "bye", right=False, feedback="It is real."),
        item="genuine",
    ),
    end("bye", "Bye"),
    keywords=("PIN",),
)
MENU = flow(
    "menu", menu("home", "Welcome", ("Learn", "learn"), ("Bye", "bye")), call("learn", "lesson"),
    end("bye", "Bye"),
)  # fmt: skip
WRONG_SCAM, RIGHT_SCAM = ("caller", "scam", False), ("caller", "scam", True)
WRONG_REAL, RIGHT_REAL = ("menu", "genuine", False), ("menu", "genuine", True)


@pytest.fixture
def service(
    database: Database, redis_client: redis.Redis, redis_url: str, vault: Vault
) -> Iterator[Service]:
    words = content(
        MENU,
        LESSON,
        core_en=english(),
        service_words=service_words(),
        keywords={"pin": "lesson"},
        language_names={"en": "English"},
    )
    made = Service(database, redis_url, vault, words)
    yield made
    made.close()


def stored(service: Service) -> list[tuple[str, str, bool | None]]:
    """The answers to items, as SQL has them in the order in which they came."""
    service.drain.run()
    with service.database.read() as connection:
        rows = connection.execute(
            select(turns.c.state, turns.c.item, turns.c.answer_right, turns.c.ref)
            .where(turns.c.item != "")
            .order_by(turns.c.at, turns.c.number)
        ).all()
    assert {row.ref for row in rows} <= {service.ref()}
    return [(row.state, row.item, row.answer_right) for row in rows]


def test_answers_by_ussd_are_kept_with_what_the_item_was(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("1", "1", "1")
    assert stored(service) == [WRONG_SCAM, RIGHT_REAL]


def test_answers_by_sms_are_kept_by_number_and_by_words(service: Service) -> None:
    phone = service.phone()
    for words in ("PIN", "2", "a scam"):
        service.clock.move(seconds=1)
        phone.text(words)
    assert stored(service) == [RIGHT_SCAM, WRONG_REAL]


def test_an_answer_that_is_given_again_after_the_feedback_is_a_second_row(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    for key in ("1", "1", "0", "2"):
        service.clock.move(seconds=1)
        phone.press(key)
    assert stored(service) == [WRONG_SCAM, RIGHT_SCAM]


def test_what_is_not_understood_is_no_answer(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("1", "7", "2")
    assert stored(service) == [RIGHT_SCAM]


@pytest.mark.parametrize("inputs", ["1*2*1", "1*2*1*9"])
def test_answers_that_were_dialled_along_are_kept(service: Service, inputs: str) -> None:
    service.phone().dial(inputs)
    assert stored(service) == [RIGHT_SCAM, RIGHT_REAL]


def test_a_repeated_post_and_a_lost_redis_leave_one_row_each(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("1", "2")
    phone.post()
    assert stored(service) == [RIGHT_SCAM]
    service.lose_redis()
    phone.press("1")  # played again from the opening: the first answer is known by its id
    assert stored(service) == [RIGHT_SCAM, RIGHT_REAL]


def test_an_answer_after_the_offer_to_go_on_is_kept(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("1")
    service.clock.move(minutes=5)
    assert "Continue" in phone.dial()
    phone.press("1", "1")
    assert stored(service) == [WRONG_SCAM]
