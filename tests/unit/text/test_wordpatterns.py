from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsbot.text.wordpatterns import compile_pattern, is_negated, tokens_of

LISTS = {
    "secret": ["pin", "otp"],
    "never": ["never", "dont"],
    "go-on": ["delay"],
    "give": ["send", "tell"],
}


def matches(pattern: str, text: str) -> bool:
    compiled, tokens = compile_pattern(pattern, LISTS), tokens_of(text)
    return any(compiled.ends(tokens, start) >= 0 for start in range(len(tokens)))


@pytest.mark.parametrize(
    ("pattern", "text", "wanted"),
    [
        ("send money", "Please SEND  money!", True),
        ("send money", "send my money", False),
        ("send my? money", "send my money", True),
        ("send .. money", "send all of the big money", True),
        ("send .. money", "send it. I have money", False),
        ("send .. money", "send a b c d e f g money", False),
        ("@give .. @secret", "tell me, quickly, your OTP", True),
        ("(send|give @secret)", "x", False),
        ("umeshind*", "Umeshinda", True),
        ("send to <phone>", "send to 0712 345 678", True),
        ("pay <amount>", "pay Ksh 3,500", True),
        ("pay <amount>", "pay 3500/=", True),
        ("open <url>", "open http://x.y/z", True),
        ("dial <code>", "dial *144#", True),
        ("code <number>", "code 4455", True),
        ("recu", "reçu", True),
        ("dont", "don’t", True),
    ],
)
def test_a_pattern_matches_words_in_order(pattern: str, text: str, *, wanted: bool) -> None:
    if "|give @" in pattern:
        with pytest.raises(Exception, match="single word"):
            compile_pattern(pattern, LISTS)
        return
    assert matches(pattern, text) is wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("never send your pin", True),
        ("dont ever tell anybody your pin", True),
        ("dont delay send your pin", False),
        ("never mind, send your pin", False),
        ("I never lie. send your pin", False),
    ],
)
def test_a_warning_negates_and_haste_does_not(text: str, *, wanted: bool) -> None:
    tokens = tokens_of(text)
    give = compile_pattern("@give .. @secret", LISTS)
    start = next(place for place in range(len(tokens)) if give.ends(tokens, place) >= 0)
    never, go_on = compile_pattern("@never", LISTS), compile_pattern("@go-on", LISTS)
    assert is_negated(tokens, start, give.ends(tokens, start), never, go_on) is wanted


@given(st.text(max_size=300))
def test_any_text_has_words(text: str) -> None:
    assert all(tokens_of(text))
