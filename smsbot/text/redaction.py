"""Leaves out of a text what nobody but its owner may read: secrets, names and numbers of bystanders.

What was left out is named in square brackets, so that an analyst still sees the shape of the trick. It
is done before anything is stored in clear, so doubt leaves out: a number too many is lost, never kept.
"""

from __future__ import annotations

import re
from typing import Final

from smsbot.text.dialcodes import find_codes, undialable
from smsbot.text.urls import URL, defanged

_LONGEST: Final = 5000
_GUARDED_WORDS: Final = (
    r"pins?|otp|one[- ]?time (?:code|pin|password)|passwords?|passcode|pass code|cvv|cvc"
    r"|(?:secret|verification|security|confirmation|activation|authorization|auth) (?:code|number|pin)"
    r"|code|kodi|msimbo|nywila|nenosiri|neno la siri|namba(?:ri)? ya siri|mot de passe|code secret"
    r"|ennamba ey[eo]kyama|m-?pin|e-?pin|siri"
)
_ID_WORDS: Final = (
    r"(?:national |huduma |voter |taifa )?id(?: ?card)?(?: no| number| namba)?|nin|bvn|ssnit|nida|passport(?: no)?"
    r"|kitambulisho(?: namba)?|namba(?:ri)? ya kitambulisho|nssf|nhif|kra pin|tin|account(?: no| number)?"
    r"|acc(?:t)?(?: no)?|akaunti(?: namba)?|compte|carte(?: d.identite)?"
)
_JOIN: Final = r"(?:\s{0,3}(?:yako|yangu|lako|langu|wako|wangu|yake|is|was|ni|est|kwa|number|namba|no|:|=|#|-|\.|,|\()){0,4}\s{0,3}"
_CARD: Final = re.compile(r"(?<!\d)\d(?:[ -]{0,2}\d){12,18}(?!\d)")
_LONG_NUMBER: Final = re.compile(r"(?<!\d)\d(?:[ -]?\d){13,23}(?!\d)")
_UGANDA_ID: Final = re.compile(r"\bC[MF]\d{2}[A-Z0-9]{10}\b", re.IGNORECASE)
_NEAR_SECRET: Final = re.compile(rf"\b(?:{_GUARDED_WORDS})\b", re.IGNORECASE)
_NEAR: Final = 60
_DIGITS: Final = re.compile(r"(?<![\w.,/:*#+])(?:\d{3,8}|\d(?:[ -]\d){3,7})(?![\w*#]|[.,:/]\d)")
_LETTERED: Final = re.compile(
    r"\b((?:pin|otp|code|kodi|msimbo)[: ]{1,3})([A-Za-z]{0,3}\d[\dA-Za-z]{2,8})\b", re.IGNORECASE
)
_MONEY_BEFORE: Final = re.compile(
    r"(?:ksh|kes|tsh|tzs|ugx|ush|shs?|rwf|frw|ngn|ghs|fcfa|cfa|usd|[$£€₦])s?[. :]{0,2}$",
    re.IGNORECASE,
)
_MONEY_AFTER: Final = re.compile(
    r" ?(?:/[=-]|ksh|kes|tsh|tzs|ugx|shs?\b|shilling|shilingi|bob\b|fcfa|naira)", re.IGNORECASE
)
_PASSWORD: Final = re.compile(
    r"\b((?:password|passcode|nywila|nenosiri|neno la siri|mot de passe)(?: yako| yangu| lako| langu)?"
    r"\s{0,3}(?:is|ni|est|was|:|=)\s{0,3})([^\s\[]\S{2,40})",
    re.IGNORECASE,
)
_ID: Final = re.compile(
    rf"\b((?:{_ID_WORDS}){_JOIN})([A-Z]{{0,3}}\d[\dA-Z/-]{{4,18}}(?: \d[\d-]{{1,8}}){{0,3}})\b",
    re.IGNORECASE,
)
_MAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_PHONE: Final = re.compile(r"(?<!\d)\+?\(?\d(?:[ ().-]{0,2}\d){8,14}(?!\d)")
_IN_CODE: Final = re.compile(r"\+?\d{7,}")
_BALANCE: Final = re.compile(
    r"\b((?:balance|bal|salio(?: lako)?(?: jipya)?|solde|balansi)(?: yako| la \w{2,12})?(?: is| ni| est|:){0,2}\s{0,2}"
    r"(?:ksh|kes|tsh|tzs|ugx|ush|rwf|frw|ngn|ghs|fcfa)?s?[. :]{0,2})(\d[\d,]*(?:\.\d{1,2})?)",
    re.IGNORECASE,
)
_CAPITALISED: Final = r"[A-Z\u00c0-\u00de][A-Za-z\u00c0-\u024f'\u2019-]{1,24}"
_NAME: Final = rf"(?:{_CAPITALISED} {{1,2}}){{0,3}}{_CAPITALISED}"
_NAME_AFTER: Final = re.compile(
    rf"\b((?i:(?:sent|paid|transferred|given) to|received from|from|to|kwa|kutoka kwa|kutoka|kwenda(?: kwa)?|ya|de"
    rf"|my name is|i am|this is|naitwa|mimi ni|jina langu ni|je m'appelle|nze|a[uù]? nom de|nom"
    rf"|dear|mpendwa|ndugu|cher|chere|mr|mrs|ms|bw|bi|dr)[.:]?\s{{1,3}})({_NAME})"
)
_NAMED: Final = re.compile(
    r"\b((?i:(?:majina|jina)(?: (?:ni|(?:i|li|la|ya)\w{2,12}))(?: ni)?|name(?: is| will \w{2,8}| reads)|name:|jina:)\s{1,3})"
    r"([^\W\d_]{2,24}(?: [^\W\d_]{2,24}){0,2})"
)
_BEFORE_PHONE: Final = re.compile(rf"({_NAME})(?=[ ,:(-]{{1,3}}\[phone\])")
_AFTER_PHONE: Final = re.compile(
    r"(\[phone\][ ,:)-]{1,3})([A-Z][A-Z'-]{1,24}(?: [A-Z][A-Z'-]{1,24}){1,2})"
)
_KEPT_NAMES: Final = frozenset(
    [
        "m-pesa",
        "mpesa",
        "momo",
        "mtn",
        "airtel",
        "safaricom",
        "vodacom",
        "tigo",
        "halotel",
        "telkom",
        "orange",
        "wave",
        "moov",
        "customer",
        "client",
        "mteja",
        "subscriber",
        "user",
        "paybill",
        "till",
        "agent",
        "wakala",
        "bank",
        "benki",
        "kra",
        "equity",
        "kcb",
        "ncba",
        "your",
        "the",
        "this",
        "ksh",
        "tsh",
        "ugx",
        "kes",
        "send",
        "pay",
        "call",
        "dial",
        "tuma",
        "lipa",
        "piga",
        "namba",
        "number",
        "mpokeaji",
        "voda",
        "tigopesa",
        "halopesa",
        "mixx",
        "yas",
        "tanesco",
        "kplc",
        "umeme",
        "nssf",
        "you",
        "we",
        "our",
        "my",
        "a",
        "an",
        "i",
        "it",
        "on",
        "at",
        "all",
        "any",
        "new",
        "please",
        "now",
        "pesa",
        "hela",
        "money",
        "me",
        "us",
        "reply",
        "confirm",
        "kwa",
        "hii",
        "hiyo",
        "simu",
        "laini",
        "line",
        "phone",
        "tel",
        "contact",
        "sim",
        "no",
        "nambari",
        "wetu",
        "yako",
        "yangu",
    ]
)
_SCHEME: Final = re.compile(r"^(?:https?|hxxps?)://", re.IGNORECASE)
_MOSTLY: Final = 0.6
_FEW: Final = 25


def redact(text: str) -> str:
    """Give the text without secrets, identity and card numbers, phones, balances, mail and names.

    Links and dialling codes stay in a form that nobody can follow by accident. The first 5,000 letters
    are kept. Doing it again changes nothing that matters: marks stay marks.
    """
    text = _codes(text[:_LONGEST])
    text = URL.sub(_link, text)
    text = _CARD.sub(_card, text)
    text = _UGANDA_ID.sub("[id]", text)
    text = _LONG_NUMBER.sub("[id]", text)
    text = _MAIL.sub("[mail]", text)
    text = _PASSWORD.sub(r"\1[secret]", text)
    text = _BALANCE.sub(r"\1[balance]", text)
    text = _ID.sub(r"\1[id]", text)
    text = _PHONE.sub("[phone]", text)
    text = _secrets(text)
    text = _NAMED.sub(_named, text)
    text = _NAME_AFTER.sub(_name, text)
    if not _is_shouted(text):
        text = _BEFORE_PHONE.sub(_before_phone, text)
        text = _AFTER_PHONE.sub(r"\1[name]", text)
    return text


def _codes(text: str) -> str:
    for code in reversed(find_codes(text)):
        shown = undialable(_IN_CODE.sub("[phone]", code.code))
        text = f"{text[: code.start]}{shown}{text[code.end :]}"
    return text


def _link(match: re.Match[str]) -> str:
    return defanged(_PHONE.sub("[phone]", _SCHEME.sub("", match[0])))


def _card(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    return "[card]" if _luhn(digits) else match[0]


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004  # two digits of a doubled one
    return total % 10 == 0


def _secrets(text: str) -> str:
    """Mask digits that stand near a word for a secret, unless they are a sum of money."""
    near = [(match.start() - _NEAR, match.end() + _NEAR) for match in _NEAR_SECRET.finditer(text)]
    if not near:
        return text

    def mask(match: re.Match[str]) -> str:
        at = match.start()
        if not any(first <= at <= last for first, last in near):
            return match[0]
        before, after = text[max(0, at - 8) : at], text[match.end() : match.end() + 10]
        if _MONEY_BEFORE.search(before) or _MONEY_AFTER.match(after):
            return match[0]
        return "[secret]"

    return _LETTERED.sub(r"\1[secret]", _DIGITS.sub(mask, text))


def _is_shouted(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    return len(letters) >= _FEW and sum(map(str.isupper, letters)) / len(letters) > _MOSTLY


def _is_kept(word: str) -> bool:
    return word.strip(".").lower() in _KEPT_NAMES


def _name(match: re.Match[str]) -> str:
    return match[0] if _is_kept(match[2].split()[0]) else f"{match[1]}[name]"


def _named(match: re.Match[str]) -> str:
    """Mask two words after `jina itakuja`, and a third that is written as the first is."""
    words = match[2].split(" ")
    taken = 2
    if len(words) > taken and words[2].isupper() == words[0].isupper() and words[2][0].isupper():
        taken = 3
    rest = " ".join(words[taken:])
    return f"{match[1]}[name]" + (f" {rest}" if rest else "")


def _before_phone(match: re.Match[str]) -> str:
    words = match[1].split()
    kept: list[str] = []
    while words and _is_kept(words[0]):
        kept.append(words.pop(0))
    if not words or _is_kept(words[-1]):
        return match[0]
    return " ".join([*kept, "[name]"])
