from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsbot.text.indicators import find_indicators
from smsbot.text.urls import defanged, find_urls, registered_domain


def shown(text: str, sender: str = "", country: str = "KE") -> list[tuple[str, str]]:
    return [
        (each.type.value, each.shown)
        for each in find_indicators(text, sender=sender, country=country)
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("call 0712345678", [("phone", "+254712345678")]),
        ("call +255 657 189 015", [("phone", "+255657189015")]),
        ("Pay rent to Paybill 522522 account 12345", [("paybill", "522522")]),
        ("Lipa kwa till no 5632178", [("till", "5632178")]),
        ("claim at http://bit.ly/3xYz.", [("url", "bit[.]ly/3xYz")]),
        ("see www.mpesa-win.co.ke/a.b", [("url", "www[.]mpesa-win[.]co[.]ke/a[.]b")]),
        ("Ksh3,500.00 and TSh 20,000/=", [("amount", "KES 3500"), ("amount", "TZS 20000")]),
        ("send 5k bob", [("amount", "KES 5000")]),
        ("RB47XK20LM Confirmed", [("txid", "RB47XK20LM")]),
        ("ID PP250301.1412.C12345", [("txid", "PP250301.1412.C12345")]),
        ("Transaction ID: 19876543210", [("txid", "19876543210")]),
        ("dial *35*0000*16#", [("mmi", "* 35 * 0000 * 16 #")]),
        ("USDT to 0x52908400098527886E0F7030069857D2E4169EE7", [("wallet", "0x52908400098527886E0F7030069857D2E4169EE7")]),
        ("asante.me naona kesho.ni sawa", []),
        ("see you at 10:30 on 12/03/2026", []),
    ],
)  # fmt: skip
def test_each_kind_is_found_in_one_form(text: str, wanted: list[tuple[str, str]]) -> None:
    assert shown(text) == wanted


@pytest.mark.parametrize(
    ("sender", "wanted"),
    [
        ("0799111222", ("phone", "+254799111222")),
        ("M-Pesa", ("sender", "M-PESA")),
        ("22384", ("sender", "22384")),
    ],
)
def test_a_sender_is_a_phone_or_a_name(sender: str, wanted: tuple[str, str]) -> None:
    assert shown("hello", sender=sender) == [wanted]


def test_a_phone_names_its_country() -> None:
    (found,) = find_indicators("piga +255657189015", country="KE")
    assert found.country == "TZ"


@pytest.mark.parametrize(
    ("url", "domain"),
    [("a.b.x.co.ke/p", "x.co.ke"), ("bit.ly/1", "bit.ly"), ("login.bank.com", "bank.com"), ("y.go.ug", "y.go.ug")],
)  # fmt: skip
def test_the_registered_domain_is_told(url: str, domain: str) -> None:
    assert registered_domain(url) == domain


@given(st.text(max_size=300))
def test_any_text_is_read_and_nothing_clickable_is_shown(text: str) -> None:
    for each in find_indicators(text, country="KE"):
        if each.type.value == "url":
            assert not find_urls(each.shown.replace("[.]", " "))
            assert each.shown == defanged(each.value)
        if each.type.value == "mmi":
            assert " " in each.shown


@pytest.mark.parametrize(
    "piece", ["a.", "1 ", "*1", "0", "1,000 ", "till ", "http://a.", "TZS ", "0x", "A1"]
)
def test_no_text_takes_long(piece: str) -> None:
    assert len(find_indicators(piece * 5000, country="KE")) <= 40
