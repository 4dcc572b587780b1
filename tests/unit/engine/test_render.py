from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsbot.engine.render import as_text, compile_template
from smsbot.errors import ContentError


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("Hello {name}", "Hello Amina"),
        ("{name}{name}", "AminaAmina"),
        ("{{name}} is {name}", "{name} is Amina"),
        ("You lost {amount}", "You lost 35000"),
        ("{half} of {amount}", "2.5 of 35000"),
        ("{whole}, {tiny}, {big}", "3, 0, 1000000000000000"),
        ("Sure: {sure}, {unsure}", "Sure: yes, no"),
        ("{nobody}!", "!"),
        ("ሰላም {name} 🙂 ƙwarai", "ሰላም Amina 🙂 ƙwarai"),
        ("", ""),
    ],
)
def test_values_stand_where_their_names_were(source: str, shown: str) -> None:
    values = {
        "name": "Amina",
        "amount": 35_000,
        "half": 2.5,
        "whole": 3.0,
        "tiny": -1e-9,
        "big": 1e15,
        "sure": True,
        "unsure": False,
    }
    assert compile_template(source).render(values) == shown


@pytest.mark.parametrize(
    "source", ["{", "}", "{name", "name}", "{}", "{na me}", "{1}", "{a.b}", "{{}"]
)
def test_a_lone_brace_or_a_name_that_is_none_is_refused(source: str) -> None:
    with pytest.raises(ContentError):
        compile_template(source)


def test_names_are_listed_once_in_their_order() -> None:
    assert compile_template("{b} {a} {b} {{c}}").names == ("b", "a")


@given(st.text())
def test_what_a_person_typed_is_never_read_as_a_template(typed: str) -> None:
    assert compile_template("<{words}>").render({"words": typed, "a": "wrong"}) == f"<{typed}>"


@given(st.text())
def test_any_text_survives_when_its_braces_are_doubled(text: str) -> None:
    source = text.replace("{", "{{").replace("}", "}}")
    assert compile_template(source).render({}) == text


@given(st.floats(-1e15, 1e15) | st.integers(-(10**15), 10**15))
def test_a_number_is_plain_digits(number: float) -> None:
    assert set(as_text(number)) <= set("-.0123456789")
    assert float(as_text(number)) == pytest.approx(number, abs=1e-6)
