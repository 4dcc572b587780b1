"""What in a suspicious text can be looked up, blocked or compared: numbers, senders, links, tills, codes.

Each is given in one form, however it was written: phones in E.164, links without scheme, amounts with
their currency. `defanged` and `undialable` forms are for showing: nobody can follow them by accident.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from smsbot.text.dialcodes import find_codes, undialable
from smsbot.text.folding import plain
from smsbot.text.numbers import parse_amount
from smsbot.text.phones import country_of, find_phones, parse_phone
from smsbot.text.urls import URL, defanged, find_urls

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST: Final = 5000
_MOST: Final = 40


class IndicatorType(StrEnum):
    """The kinds, as they stand in exports."""

    PHONE = "phone"
    SENDER = "sender"
    URL = "url"
    TILL = "till"
    PAYBILL = "paybill"
    WALLET = "wallet"
    AMOUNT = "amount"
    TXID = "txid"
    MMI = "mmi"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One of them. `country` is of a phone alone (ISO 3166-1 alpha-2), else empty."""

    type: IndicatorType
    value: str
    country: str = ""

    @property
    def shown(self) -> str:
        """Give it as it may be shown: not to be clicked or dialled."""
        if self.type is IndicatorType.URL:
            return defanged(self.value)
        if self.type is IndicatorType.MMI:
            return undialable(self.value)
        return self.value


_TILL: Final = re.compile(
    r"\b(?:till(?: (?:no|number|namba))?|buy goods(?: till)?|lipa (?:kwa|namba|na)(?: \w+)?)\b"
    r"[ .:#-]{0,4}(?:no|number|namba|is|ni)?[ .:#-]{0,4}(\d{5,8})(?!\d)",
    re.IGNORECASE,
)
_PAYBILL: Final = re.compile(
    r"\bpay ?bill\b(?: (?:no|number|namba))?[ .:#-]{0,4}(?:is|ni)?[ .:#-]{0,3}(\d{5,7})(?!\d)",
    re.IGNORECASE,
)
_ACCOUNT: Final = re.compile(
    r"\b(?:account|acc(?:t)?|a/c|akaunti)(?: (?:no|number|namba))?[ .:#-]{0,4}(\d{4,16})(?!\d)",
    re.IGNORECASE,
)
_WALLET: Final = re.compile(
    r"\b(0x[0-9a-fA-F]{40}|(?:bc1|[13])[a-km-zA-HJ-NP-Z1-9]{25,39}|T[1-9A-HJ-NP-Za-km-z]{33})\b"
)
_CURRENCIES: Final = {
    "ksh": "KES", "kes": "KES", "kshs": "KES", "tsh": "TZS", "tshs": "TZS", "tzs": "TZS",
    "ugx": "UGX", "ush": "UGX", "rwf": "RWF", "frw": "RWF", "fcfa": "XOF", "cfa": "XOF",
    "xof": "XOF", "xaf": "XAF", "ngn": "NGN", "₦": "NGN", "ghs": "GHS", "gh₵": "GHS", "₵": "GHS",
    "etb": "ETB", "birr": "ETB", "usd": "USD", "$": "USD", "gbp": "GBP", "£": "GBP", "€": "EUR",
    "eur": "EUR", "zar": "ZAR", "mzn": "MZN", "bif": "BIF", "zmw": "ZMW",
}  # fmt: skip
_HOME: Final = {
    "KE": "KES", "TZ": "TZS", "UG": "UGX", "RW": "RWF", "NG": "NGN", "GH": "GHS", "ET": "ETB",
    "ZA": "ZAR", "SN": "XOF", "CI": "XOF", "CM": "XAF", "BI": "BIF", "ZM": "ZMW", "MZ": "MZN",
}  # fmt: skip
_WORDS: Final = "|".join(sorted(map(re.escape, _CURRENCIES), key=len, reverse=True))
_NUMBER: Final = r"\d{1,3}(?:[, ]\d{3})+(?:\.\d{1,2})?|\d{1,10}(?:\.\d{1,2})?"
_AMOUNT: Final = re.compile(
    rf"(?<![\w.])(?:(?P<before>{_WORDS})s?|shs?)[. ]{{0,2}}(?P<first>{_NUMBER})(?P<k>k|m)?(?![\d\w])"
    rf"|(?<![\w.,])(?P<second>{_NUMBER})(?P<k2>k|m)? ?(?:(?P<after>{_WORDS})(?!\w)|(?P<home>/[=-]|shs?\b|bob\b|shillings?\b))",
    re.IGNORECASE,
)
_TXID: Final = re.compile(
    r"(?<![A-Z0-9.])(?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z][A-Z0-9]{8,11}(?![A-Z0-9])"
    r"|(?<![A-Z0-9])[A-Z]{2}\d{6}\.\d{4}\.[A-Z]\d{4,6}(?![A-Z0-9])"
)
_NUMBERED: Final = re.compile(
    r"\b(?:trans(?:action)?|txn|receipt|financial transaction)[ .]{0,2}(?:id|no|number|ref)?[ .:#-]{1,3}(\d{9,14})(?!\d)",
    re.IGNORECASE,
)
_ALPHA_SENDER: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &._-]{2,11}")
_SHORT_SENDER: Final = re.compile(r"\d{3,8}")


def find_indicators(text: str, *, sender: str = "", country: str = "") -> tuple[Indicator, ...]:
    """Give the indicators of a text and its sender, each once, in the order of their kinds; 40 at most.

    `sender` is as the person gave it: a number, a short code or a name. The first 5,000 letters are
    read, and each pattern is bounded, so no text takes long.
    """
    text = text[:_LONGEST]
    found = dict.fromkeys(_all(text, sender.strip(), country.upper()))
    return tuple(found)[:_MOST]


def _all(text: str, sender: str, country: str) -> Iterator[Indicator]:
    codes = find_codes(text)
    without_codes = text
    for code in reversed(codes):
        without_codes = f"{without_codes[: code.start]} | {without_codes[code.end :]}"
    if sender:
        yield sender_indicator(sender, country)
    tills = [match[1] for match in _TILL.finditer(without_codes)]
    paybills = [match[1] for match in _PAYBILL.finditer(without_codes)]
    for pattern in (URL, _TILL, _PAYBILL, _ACCOUNT):
        without_codes = pattern.sub(" | ", without_codes)
    for number in find_phones(without_codes, country):
        yield Indicator(IndicatorType.PHONE, number.e164, country_of(number))
    for url in find_urls(text):
        yield Indicator(IndicatorType.URL, url)
    yield from (Indicator(IndicatorType.PAYBILL, value) for value in paybills)
    yield from (Indicator(IndicatorType.TILL, value) for value in tills if value not in paybills)
    yield from (Indicator(IndicatorType.WALLET, match[1]) for match in _WALLET.finditer(text))
    yield from (Indicator(IndicatorType.AMOUNT, value) for value in find_amounts(text, country))
    yield from (Indicator(IndicatorType.TXID, value) for value in find_transactions(text))
    yield from (Indicator(IndicatorType.MMI, code.code) for code in codes)


def sender_indicator(sender: str, country: str) -> Indicator:
    """Give a sender as an indicator: a phone where it is one, else a name or a short code."""
    number = parse_phone(sender, country)
    if number is not None:
        return Indicator(IndicatorType.PHONE, number.e164, country_of(number))
    return Indicator(IndicatorType.SENDER, " ".join(plain(sender).split())[:40].upper())


def is_name(sender: str) -> bool:
    """Say whether a sender is one that an operator gives out: a name or a short code, no phone."""
    return bool(_ALPHA_SENDER.fullmatch(sender) or _SHORT_SENDER.fullmatch(sender))


def find_amounts(text: str, country: str = "") -> list[str]:
    """Give the sums of money of a text as `KES 3500`, by the currency that stands beside each."""
    found = []
    for match in _AMOUNT.finditer(text[:_LONGEST]):
        word = (match["before"] or match["after"] or "").lower()
        currency = _CURRENCIES.get(word, "") if word else _HOME.get(country.upper(), "")
        number = (match["first"] or match["second"]) + (match["k"] or match["k2"] or "")
        amount = parse_amount(number)
        if amount is not None and amount > 0:
            found.append(f"{currency} {amount}".strip())
    return list(dict.fromkeys(found))


def find_transactions(text: str) -> list[str]:
    """Give the payment codes of a text: capital letters and digits, or digits after their name."""
    upper = [match[0] for match in _TXID.finditer(text[:_LONGEST])]
    numbered = [match[1] for match in _NUMBERED.finditer(text[:_LONGEST])]
    return list(dict.fromkeys([*upper, *numbered]))
