from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsbot.text.gsm import Encoding, encoding_of
from smsbot.text.typography import _TABLE, fold_typography

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("", ""),
        ("Don't share it", "Don't share it"),
        ("Don’t share “it”", 'Don\'t share "it"'),
        ("ng’ombe ‘wa’ ‚leo‛", "ng'ombe 'wa' 'leo'"),
        ("PIN – siri — yako ‑ tu − 5", "PIN - siri - yako - tu - 5"),
        ("Subiri… ‥", "Subiri... .."),
        ("Dites « non\u00a0» merci", 'Dites "non" merci'),
        ("«\u202fnon\u202f»", '"non"'),
        ("Combien\u00a0? 3\u202f500", "Combien ? 3 500"),
        ("• moja\n• mbili", "- moja\n- mbili"),
        ("a\tb\u3000c", "a b c"),
        ("a\u2028b\u2029c\u0085d", "a\nb\nc\nd"),
        ("soft\u00adhyphen\u200b\ufeff", "softhyphen"),
        ("3 ≤ 6 → ok", "3 <= 6 -> ok"),
        ("`ls` ´a", "'ls' 'a"),
    ],
)
def test_punctuation_becomes_what_a_phone_types(text: str, folded: str) -> None:
    assert fold_typography(text) == folded


@pytest.mark.parametrize(
    "text",
    [
        "ƙ ɗ ɓ ƴ Ƙ",
        "ẹ ọ ṣ ẹ\u0301",
        "ç ê œ ŵ ŋ ɛ",
        "ʼyanci",
        "ሰላም።",
        "می\u200cخواهم",
        "👩\u200d👧 ❤\ufe0f",
        "½ ₦500 №7 2×3÷4",
    ],
)
def test_letters_are_never_changed(text: str) -> None:
    assert fold_typography(text) == text


def test_the_table_holds_no_letter_digit_or_mark() -> None:
    kinds = {unicodedata.category(chr(code))[0] for code in _TABLE}
    assert kinds <= {"P", "S", "Z", "C"}


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    once = fold_typography(text)
    assert fold_typography(once) == once


@given(st.text([chr(code) for code in _TABLE] + list("abc é"), max_size=100))
def test_every_fold_is_within_gsm(text: str) -> None:
    assert encoding_of(fold_typography(text)) is Encoding.GSM7


def test_the_reference_folds_agree_where_no_letter_is_touched(
    reference: Callable[[str], Any],
) -> None:
    table = reference("text-and-numbers.json")["downgrade_table"]["explicit"]
    # Letters stay, joiners stay, and a line separator is a line (docs/decisions/010).
    ours = {"Ł": "Ł", "ł": "ł", "\u200c": "\u200c", "\u200d": "\u200d"}
    ours |= {"\u2028": "\n", "\u2029": "\n"}
    for char, plain in table.items():
        assert fold_typography(char) == ours.get(char, plain), ascii(char)
