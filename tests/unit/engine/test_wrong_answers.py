from __future__ import annotations

import pytest

from smsbot.engine.model import EffectKind
from smsbot.text.paging import fits
from tests.flowkit import SMS, USSD, Phone, content, end, flow, menu

SORRY = "Sorry, we did not understand your answers. You can dial or text again any time."
HINT = "Please choose a number from the list."
ASKED = flow(
    "f",
    menu("a", "Which?", ("This", "b"), ("That", "b")),
    menu("b", "Next?", ("Go", "c")),
    end("c"),
)
LONG = flow(
    "long",
    menu(
        "a",
        "Which of these happened to you?",
        *((f"Topic number {n} of ours", "b") for n in range(1, 15)),
    ),
    end("b", "Done."),
)


@pytest.mark.parametrize("raw", ["7", "3", "", "   ", "nothing like it", "1.5", "98", "🙂"])
def test_a_wrong_answer_stays_with_a_hint_in_front(raw: str) -> None:
    phone = Phone(content(ASKED), "f")
    first = phone.dial()
    assert phone.press(raw) == f"{HINT}\n{first}"
    assert not phone.ended
    assert phone.press("1").startswith("Next?")


def test_the_third_wrong_answer_in_a_row_ends_kindly_with_help_by_sms() -> None:
    phone = Phone(content(ASKED), "f")
    phone.dial()
    assert phone.press("x", "y", "z") == SORRY
    assert phone.ended
    (effect,) = phone.effects
    assert (effect.kind, effect.args) == (EffectKind.SEND_SMS, {"why": "too-many-tries"})
    assert "HELP" in effect.text
    assert phone.press("1") == SORRY


def test_by_sms_the_kind_end_is_itself_the_help() -> None:
    phone = Phone(content(ASKED), "f", SMS)
    phone.dial()
    assert phone.press("xx", "yy", "zz") == SORRY
    assert phone.effects == []


@pytest.mark.parametrize("good", ["0", "1"])
def test_only_wrong_answers_in_a_row_count(good: str) -> None:
    asked = flow("f", menu("a", "Which?", ("This", "b")), menu("b", "Next?", ("Go", "a")))
    phone = Phone(content(asked), "f")
    phone.dial()
    phone.press("1", "x", "y", good)
    phone.press("x", "y")
    assert not phone.ended


@pytest.mark.parametrize("tries", [1, 2, 5])
def test_a_state_says_how_many_tries_it_gives(tries: int) -> None:
    asked = flow("f", menu("a", "Which?", ("This", "b"), tries=tries), end("b"))
    phone = Phone(content(asked), "f")
    phone.dial()
    for left in range(tries, 0, -1):
        assert not phone.ended, left
        phone.press("nothing")
    assert phone.ended


def test_an_authors_own_retry_words_replace_the_hint() -> None:
    asked = flow("f", menu("a", "Which?", ("This", "b"), retry="Only 1 works."), end("b"))
    phone = Phone(content(asked), "f")
    phone.dial()
    assert phone.press("x").startswith("Only 1 works.\nWhich?")


def test_the_hint_goes_with_the_next_right_answer() -> None:
    phone = Phone(content(ASKED), "f")
    first = phone.dial()
    phone.press("x")
    assert HINT not in phone.press("1")
    assert phone.press("0") == first


def test_a_full_page_makes_room_for_the_hint_and_loses_no_line() -> None:
    phone = Phone(content(LONG), "long")
    phone.dial()
    page = phone.press("98")
    pages = [phone.press("nonsense")]
    assert pages[0].startswith(f"{HINT}\n{page.splitlines()[0]}")
    while pages[-1].splitlines()[-2] == "98 More":
        pages.append(phone.press("98"))
    assert all(fits(text, USSD.page) for text in pages)
    lines = [line for text in pages for line in text.splitlines() if line[0] in "123456789"]
    numbers = [int(line.split()[0]) for line in lines if "More" not in line]
    first_there = int(page.split()[0])
    assert numbers == list(range(first_there, 15))


def test_wrong_answers_on_many_pages_keep_to_the_page_and_to_the_limit() -> None:
    topics = ((f"Topic number {n} of ours", "b") for n in range(1, 40))
    phone = Phone(
        content(flow("f", menu("a", "Which?", *topics, tries=10), end("b", "Done."))), "f"
    )
    phone.dial()
    for _ in range(4):
        before = phone.press("98")
        after = phone.press("?!")
        assert after.startswith(HINT)
        assert after.splitlines()[1] == before.splitlines()[0]
        assert fits(after, USSD.page)
    for _ in range(12):
        assert fits(phone.press("0"), USSD.page)
    assert phone.press("14") == "Done."


def test_a_page_back_begins_the_count_anew_and_the_next_page_does_not() -> None:
    phone = Phone(content(LONG), "long")
    phone.dial()
    phone.press("98", "x", "y", "0", "x", "y")
    assert not phone.ended
    phone.press("98", "x")
    assert phone.ended
