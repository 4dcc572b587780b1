from __future__ import annotations

import pytest

from smsbot.text.dialcodes import CodeEffect, find_codes, undialable


@pytest.mark.parametrize(
    ("text", "code", "effect"),
    [
        ("dial *35*0000*16# now", "*35*0000*16#", CodeEffect.BAR),
        ("*33*0000#", "*33*0000#", CodeEffect.BAR),
        ("**21*0712345678#", "**21*0712345678#", CodeEffect.DIVERT),
        ("*21*+256772123456", "*21*+256772123456", CodeEffect.DIVERT),
        ("**61*0712345678*11*20#", "**61*0712345678*11*20#", CodeEffect.DIVERT),
        ("call *62* 0712 345 678#", "*62*0712345678#", CodeEffect.DIVERT),
        ("* 35 * 0000 * 16 #", "*35*0000*16#", CodeEffect.BAR),
        ("＊21＊0712345678＃", "*21*0712345678#", CodeEffect.DIVERT),
        ("**04*1234*0000*0000#", "**04*1234*0000*0000#", CodeEffect.UNLOCK),
        ("##002#", "##002#", CodeEffect.CANCEL),
        ("#33*0000#", "#33*0000#", CodeEffect.CANCEL),
        ("*#21#", "*#21#", CodeEffect.SHOW),
        ("*#06#", "*#06#", CodeEffect.SHOW),
        ("*144#", "*144#", CodeEffect.MENU),
        ("*100*33#", "*100*33#", CodeEffect.MENU),
    ],
)
def test_a_code_is_found_with_what_it_would_do(text: str, code: str, effect: CodeEffect) -> None:
    (found,) = find_codes(text)
    assert (found.code, found.effect) == (code, effect)
    assert text[found.start : found.end].startswith(("*", "#", "＊"))


@pytest.mark.parametrize(
    "text", ["5 * 3 = 15", "#hashtag", "**bold**", "call 21 people", "*401*0712", ""]
)
def test_what_only_looks_like_a_code_is_none(text: str) -> None:
    assert find_codes(text) == ()


def test_a_code_is_shown_so_that_no_phone_dials_it() -> None:
    assert undialable("*35*0000*16#") == "* 35 * 0000 * 16 #"


def test_no_text_takes_long() -> None:
    assert find_codes("*1" * 20_000 + " " + "* " * 20_000) == ()
