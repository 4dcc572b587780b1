from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsbot.text.graphemes import clusters


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("abc", ["a", "b", "c"]),
        ("a\r\nb\n\r", ["a", "\r\n", "b", "\n", "\r"]),
        ("e\u0323\u0301kọ", ["e\u0323\u0301", "k", "ọ"]),
        ("👍🏾!", ["👍🏾", "!"]),
        ("❤\ufe0f1\ufe0f\u20e3", ["❤\ufe0f", "1\ufe0f\u20e3"]),
        ("👨\u200d👩\u200d👧x", ["👨\u200d👩\u200d👧", "x"]),
        ("a\u200db", ["a\u200d", "b"]),
        ("🇰🇪🇹🇿🇺", ["🇰🇪", "🇹🇿", "🇺"]),
        ("x🇰🇪🇰🇪", ["x", "🇰🇪", "🇰🇪"]),
        ("\n\u0301", ["\n", "\u0301"]),
        ("ሰላም", ["ሰ", "ላ", "ም"]),
        ("مَرْ", ["مَ", "رْ"]),
    ],
)
def test_what_a_person_sees_as_one_letter_is_one_cluster(text: str, expected: list[str]) -> None:
    assert clusters(text) == expected


@given(st.text())
def test_the_clusters_joined_are_the_text(text: str) -> None:
    found = clusters(text)
    assert "".join(found) == text
    assert all(found)
