"""Links, dialable codes and phone numbers in a text: what a thumb could follow by accident.

A phone turns `*35*0000*16#` into something to tap, and that one bars the owner's own receipts. So a
code stands in a text only when flows/contacts.yaml vouches for it, and never in a practice item.
"""

from __future__ import annotations

import re

_GENERIC = (
    "com|org|net|info|biz|app|online|site|shop|xyz|top|link|click|club|live|vip|icu|dev|africa"
    "|mobi|page|tech"
)
_COUNTRY = (
    "ke|tz|ug|ng|gh|rw|za|et|sn|ci|cm|mz|ao|ml|bf|bj|tg|cd|bi|ss|zm|zw|mw"
    "|uk|fr|eu|us|ru|cn|in|io|gd|ly|gl|me"
)
_LINKS = re.compile(
    r"\b(?:https?|ftp)://\S+"
    r"|\bwww\.\S+"
    rf"|(?<![\w@.])(?:[\w-]+\.)+(?:{_GENERIC})\b(?!\.\w)(?:/\S*)?"
    rf"|(?<![\w@.])(?:[\w-]+\.)+(?:co|go|or|ac|ne|sc|gov|edu)\.(?:{_COUNTRY})\b(?:/\S*)?"
    rf"|(?<![\w@.])(?:[\w-]+\.)+(?:{_COUNTRY})/\S*",
    re.IGNORECASE,
)
_MAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")

_CODE = re.compile(
    r"(?<![\w*#])(?:"
    r"[*#]{1,2}\d{1,4}(?:\*+[\d+]*)*#"  # *100#, **21*number#, *#06# is below
    r"|\*#\d{2,}(?:\*\d*)*#"
    r"|\*\*\d{2,3}\*[\d+]*"  # begun and not closed: **21*
    r"|\*\d{2,4}\*[\d*+]*"
    r")"
)
CALL_CONTROL = frozenset(
    {"21", "61", "62", "67", "002", "004", "33", "331", "332", "35", "351", "330", "333", "353"}
    | {"03", "04", "042", "05", "052", "30", "31", "43"}
)
"""Service codes of 3GPP TS 22.030 annex B: they divert, bar, hide or unlock. No operator's menu."""

_E164 = re.compile(r"(?<![\d*#+])\+\d(?:[ -]?\d){8,14}(?!\d)")
_NATIONAL = re.compile(r"(?<![\d*#+,.])0\d(?:[ -]?\d){7,9}(?![\d,])")
_LONG = re.compile(r"(?<![\d*#+,.])[1-9]\d{8,14}(?![\d,])")
_SHORT = re.compile(
    r"\b(?:call|dial|ring|phone|sms|text|to|free on|line|number"
    r"|piga(?: simu)?|pigia|namba|nambari|kwenda|appelez|composez|num[eé]ro|au|le)"
    r"\s+(\d{3,6})(?![\d,.]\d|\d|\s*(?:/|%|x\b|times|mara|fois))",
    re.IGNORECASE,
)
_MONEY_AFTER = re.compile(
    r"\s*(?:/=|/-|ksh|kes|tsh|tzs|ugx|shillings?|francs?|fcfa|naira|bob)\b", re.IGNORECASE
)


def links(text: str) -> list[str]:
    """Give every web address and mail address in a text."""
    return [match.group().rstrip(".,;:!?)") for match in _LINKS.finditer(text)] + _MAIL.findall(
        text
    )


def dialable_codes(text: str) -> list[str]:
    """Give every code that a phone would offer to dial: `*` or `#`, digits, nothing between."""
    return [match.group() for match in _CODE.finditer(text)]


def is_call_control(code: str) -> bool:
    """Say whether a code is a network's own (divert, bar, hide), which no operator's menu is.

    Only the first number counts: `*33#` is call barring, `*100*33#` is a menu. `*#06#` only shows the
    phone's own number and is let through.
    """
    head = re.match(r"[*#]+(\d+)", code)
    return head is not None and head.group(1) in CALL_CONTROL


def phone_numbers(text: str) -> list[str]:
    """Give every phone number and short code that a text tells the reader about, digits and `+` only.

    Long numbers count wherever they stand; three to six digits only after a word such as "call" or
    "SMS", because they are amounts elsewhere.
    """
    found: list[str] = []
    for pattern in (_E164, _NATIONAL, _LONG):
        found += [re.sub(r"[ -]", "", number) for number in pattern.findall(text)]
        text = pattern.sub(" ", text)
    for match in _SHORT.finditer(text):
        if not _MONEY_AFTER.match(text, match.end()):
            found.append(match.group(1))
    return found
