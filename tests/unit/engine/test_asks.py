from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.flowkit import SMS, Phone, ask, content, end, flow

if TYPE_CHECKING:
    from smsbot.engine.model import State


def _phone(question: State, surface: Any = None) -> Phone:
    phone = Phone(content(flow("f", question, end("done", "Got it."))), "f")
    if surface is not None:
        phone.surface = surface
    phone.dial()
    return phone


def _ask(type_: str, **more: Any) -> State:
    return ask("q", "What?", type_, "x", "done", **more)


@pytest.mark.parametrize(
    ("question", "raw", "value"),
    [
        (_ask("number"), "12", 12),
        (_ask("number"), " 12. ", 12),
        (_ask("number"), "0", 0),
        (_ask("number", decimals=True), "2.5", 2.5),
        (_ask("number", decimals=True), "2", 2.0),
        (_ask("amount"), "KSh 3,500", 3500),
        (_ask("amount"), "5k", 5000),
        (_ask("amount", low=1, high=500), "500", 500),
        (_ask("text"), "They said \u201csend\u201d 🙂", "They said \u201csend\u201d 🙂"),
        (_ask("text"), "  ሰላም\nነው  ", "ሰላም\nነው"),
        (_ask("text"), "a\x00b\ud800c", "ab?c"),
        (_ask("text", high=3), "abc", "abc"),
        (_ask("text"), "1", "1"),
        (_ask("phone"), "0712 345 678", "+254712345678"),
        (_ask("date"), "21/11/2026", "2026-11-21"),
        (_ask("transaction"), "qgh7xk2m4p", "QGH7XK2M4P"),
        (_ask("yesno"), "1", True),
        (_ask("yesno"), "2", False),
        (_ask("yesno"), "Yes", True),
        (_ask("yesno"), "n", False),
        (_ask("choice", choices={"mpesa": "M-Pesa", "airtel": "Airtel Money"}), "2", "airtel"),
        (_ask("choice", choices={"mpesa": "M-Pesa", "airtel": "Airtel Money"}), "m-pesa", "mpesa"),
    ],
)
def test_an_answer_is_read_and_kept(question: State, raw: str, value: object) -> None:
    phone = _phone(question)
    assert phone.press(raw) == "Got it."
    assert phone.variables == {"x": value}
    assert type(phone.variables["x"]) is type(value)


@pytest.mark.parametrize(
    ("question", "raw", "hint"),
    [
        (_ask("number"), "many", "Please type a number, like 12."),
        (_ask("number", low=3), "2", "Please type a number, 3 or more."),
        (_ask("number", high=3), "4", "Please type a number, at most 3."),
        (_ask("number", low=1, high=3.5), "4", "Please type a number from 1 to 3.5."),
        (_ask("number"), "9" * 30, "Please type a number, like 12."),
        (_ask("amount"), "a lot", "Please type an amount, like 500."),
        (_ask("text"), "", "Please type your answer."),
        (_ask("text"), " \n\x00", "Please type your answer."),
        (_ask("text", low=4), "abc", "Please type your answer."),
        (_ask("text", high=3), "abcd", "Please use fewer words."),
        (_ask("text"), "98", "Please type your answer."),
        (_ask("phone"), "my phone", "Please type a phone number."),
        (_ask("date"), "later", "Please type a date, like 25/12/2026."),
        (
            _ask("transaction"),
            "no",
            "Please type the code of the transaction. It is in its SMS.",
        ),
        (_ask("yesno"), "maybe", "Please answer 1 for yes or 2 for no."),
        (_ask("yesno"), "3", "Please answer 1 for yes or 2 for no."),
        (
            _ask("choice", choices={"a": "M-Pesa", "b": "Airtel"}),
            "3",
            "Please choose a number from the list.",
        ),
        (_ask("number", retry="Digits only, e.g. 500"), "many", "Digits only, e.g. 500"),
        (_ask("number", low=3, retry="Digits only"), "1", "Digits only"),
    ],
)
def test_a_wrong_answer_is_asked_again_with_the_reason_in_front(
    question: State, raw: str, hint: str
) -> None:
    phone = _phone(question)
    first = phone.again().text
    assert phone.press(raw) == f"{hint}\n{first}"
    assert phone.variables == {}
    assert phone.again().text == f"{hint}\n{first}"


def test_a_yes_or_no_question_and_a_choice_show_their_lines() -> None:
    assert _phone(_ask("yesno")).again().text == "What?\n1 Yes\n2 No\n0 Back 00 Home"
    choice = _ask("choice", choices={"a": "M-Pesa", "b": "Airtel"}, skip=True)
    assert _phone(choice).again().text == "What?\n1 M-Pesa\n2 Airtel\n3 Skip\n0 Back 00 Home"


@pytest.mark.parametrize(
    ("question", "raw"),
    [
        (_ask("amount", skip=True, low=1), ""),
        (_ask("amount", skip=True, low=1), "#"),
        (_ask("text", skip=True), "skip"),
        (_ask("text", skip=True), "SKIP."),
        (_ask("yesno", skip=True), "3"),
        (_ask("yesno", skip=True), ""),
        (_ask("choice", choices={"a": "A lot", "b": "Little"}, skip=True), "3"),
        (_ask("choice", choices={"a": "A lot", "b": "Little"}, skip=True), "Skip"),
    ],
)
def test_a_question_that_may_be_left_out_leaves_the_variable_unset(
    question: State, raw: str
) -> None:
    phone = _phone(question)
    assert phone.press(raw) == "Got it."
    assert phone.variables == {}


def test_how_to_leave_a_typed_question_out_is_shown() -> None:
    assert _phone(_ask("text", skip=True)).again().text == "What?\n# Skip\n0 Back 00 Home"
    assert _phone(_ask("text", skip=True), SMS).again().text == "What?\n# Skip"


def test_leaving_a_question_out_takes_an_earlier_answer_away() -> None:
    asked = ask("q", "What?", "text", "x", "q", skip=True)
    phone = Phone(content(flow("f", asked)), "f")
    phone.dial()
    phone.press("words")
    assert phone.variables == {"x": "words"}
    phone.press("#")
    assert phone.variables == {}


def test_where_zero_is_an_answer_only_home_is_offered() -> None:
    phone = _phone(_ask("number"))
    assert phone.again().text == "What?\n00 Home"
    assert phone.press("0") == "Got it."
    assert phone.variables == {"x": 0}
    phone = _phone(_ask("number", low=1))
    assert phone.again().text == "What?\n0 Back 00 Home"
    assert phone.press("0") == "What?\n0 Back 00 Home"
    assert phone.variables == {}


def test_ninety_eight_is_a_number_where_no_page_follows() -> None:
    phone = _phone(_ask("number"))
    assert phone.press("98") == "Got it."
    assert phone.variables == {"x": 98}


def test_a_long_text_is_kept_up_to_its_bound() -> None:
    phone = _phone(_ask("text"))
    phone.press("ok " * 4_000)
    assert len(phone.variables["x"]) == 2_000


def test_the_word_for_yes_is_that_of_the_conversations_language() -> None:
    phone = Phone(content(flow("f", _ask("yesno"), end("done", "Got it."))), "f", language="sw")
    phone.dial()
    phone.press("Ndiyo")
    assert phone.variables == {"x": True}


def test_what_was_typed_is_not_in_the_facts_of_the_turn() -> None:
    phone = _phone(_ask("text"))
    phone.press("my PIN is 4321")
    assert phone.outcome is not None
    assert "4321" not in repr(phone.outcome.answered)
