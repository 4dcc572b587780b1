from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsbot.text.gsm import (
    ALPHABET,
    BASIC,
    EXTENSION,
    Encoding,
    encoding_of,
    measure,
    outside,
    units,
)

GSM7, UCS2 = Encoding.GSM7, Encoding.UCS2


def test_the_alphabet_has_127_letters_and_ten_extended_ones() -> None:
    assert (len(BASIC), len(set(BASIC)), len(set(EXTENSION))) == (127, 127, 10)
    assert len(ALPHABET) == 137


@pytest.mark.parametrize(
    ("text", "encoding", "length"),
    [
        ("", GSM7, 0),
        ("Usimpe mtu PIN yako", GSM7, 19),
        ("ng'ombe", GSM7, 7),
        ("ngʼombe", UCS2, 7),
        ("@", GSM7, 1),
        ("\f^{}\\[~]|€", GSM7, 20),
        ("Vérifié à Kigali", GSM7, 16),
        ("Ç", GSM7, 1),
        ("ç", UCS2, 1),
        ("forêt", UCS2, 5),
        ("Kada ka faɗa wa kowa lambar sirrinka", UCS2, 36),
        ("ሰላም", UCS2, 3),
        ("`", UCS2, 1),
        ("\t", UCS2, 1),
        ("\N{NO-BREAK SPACE}", UCS2, 1),
        ("\0", UCS2, 1),
        ("\0€", UCS2, 2),
        ("\x1b", UCS2, 1),
        ("\x7f", UCS2, 1),
        ("\r\n", GSM7, 2),
        ("ΔΦΓΛΩΠΨΣΘΞ", GSM7, 10),
        ("Α", UCS2, 1),  # Greek capital alpha looks like A but is not in the table
        ("µ", UCS2, 1),
        ("👍🏾", UCS2, 4),
        ("{👍}", UCS2, 4),
        ("\ud83d", UCS2, 1),
        ("\ufffe", UCS2, 1),
        ("\ufeff", UCS2, 1),
    ],
)
def test_a_text_has_one_encoding_and_length(text: str, encoding: Encoding, length: int) -> None:
    assert measure(text) == (encoding, length)
    assert encoding_of(text) is encoding
    assert units(text, encoding) == length


def test_gsm_text_may_be_measured_as_ucs2() -> None:
    assert units("{a}", UCS2) == 3


def test_septets_of_a_letter_outside_the_alphabet_are_refused() -> None:
    with pytest.raises(ValueError, match="not in GSM"):
        units("ƙ", GSM7)


def test_the_letters_outside_are_named_with_their_place() -> None:
    assert outside("a’b🙂ẹ’") == (("’", 1), ("🙂", 3), ("ẹ", 4), ("’", 5))
    assert outside("M-PESA {x}") == ()


@given(st.text(st.characters(codec=None)))
def test_the_fast_measure_agrees_with_letter_by_letter_counting(text: str) -> None:
    if all(char in ALPHABET for char in text):
        expected = (GSM7, sum(2 if char in EXTENSION else 1 for char in text))
    else:
        expected = (UCS2, sum(2 if ord(char) > 0xFFFF else 1 for char in text))
    assert measure(text) == expected


@given(st.text(sorted(ALPHABET), max_size=200))
def test_gsm_text_is_measured_in_septets(text: str) -> None:
    assert measure(text) == (GSM7, sum(2 if char in EXTENSION else 1 for char in text))
