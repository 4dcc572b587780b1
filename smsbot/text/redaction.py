"""Leaves out of a text what nobody but its owner may read: secrets, names and numbers of bystanders.

What was left out is named in square brackets, so that an analyst still sees the shape of the trick. It
is done before anything is stored in clear, so doubt leaves out: a number too many is lost, never kept.
"""

from __future__ import annotations

import re
from typing import Final

_LONGEST: Final = 5000
_SECRET_WORDS: Final = (
    r"pins?|otp|one[- ]?time (?:code|pin|password)|passwords?|passcode|pass code|cvv|cvc"
    r"|(?:secret|verification|security|confirmation|activation|authorization|auth) (?:code|number|pin)"
    r"|code|kodi|msimbo|nywila|nenosiri|neno la siri|namba(?:ri)? ya siri|mot de passe|code secret"
    r"|ennamba ey[eo]kyama"
)
_ID_WORDS: Final = (
    r"(?:national |huduma |voter |taifa )?id(?: ?card)?(?: no| number| namba)?|nin|nida|passport(?: no)?"
    r"|kitambulisho(?: namba)?|namba(?:ri)? ya kitambulisho|nssf|nhif|kra pin|tin|account(?: no| number)?"
    r"|acc(?:t)?(?: no)?|akaunti(?: namba)?|compte|carte(?: d.identite)?"
)
_JOIN: Final = r"(?: yako| yangu| lako| langu| wako| wangu)?(?: is| ni| est|:|=|#|-|\.)*\s{0,3}"
_CARD: Final = re.compile(r"(?<![\d])(?:\d[ -]?){12,18}\d(?!\d)")
_SECRET: Final = re.compile(
    rf"\b((?:{_SECRET_WORDS}){_JOIN})([A-Za-z]?\d[\dA-Za-z]{{2,9}}|\d(?:[ -]\d){{3,7}})\b",
    re.IGNORECASE,
)
_PASSWORD: Final = re.compile(
    r"\b((?:password|passcode|nywila|nenosiri|neno la siri|mot de passe)(?: yako| yangu| lako)?"
    r"\s*(?:is|ni|est|:|=)\s*)(\S{3,40})",
    re.IGNORECASE,
)
_SECRET_BEFORE: Final = re.compile(
    rf"\b(\d{{4,8}})(\s+(?:is|ni|est)\s+(?:your|the|my|yako|yangu|votre|mon|ton)?\s*(?:[\w-]+\s+){{0,3}}(?:{_SECRET_WORDS})\b)",
    re.IGNORECASE,
)
_ID: Final = re.compile(
    rf"\b((?:{_ID_WORDS}){_JOIN})([A-Z]{{0,3}}[\d][\dA-Z -]{{4,18}}[\dA-Z])\b", re.IGNORECASE
)
_MAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_PHONE: Final = re.compile(r"(?<![\w*#])\+?\(?\d(?:[ ().-]{0,2}\d){8,14}(?![\w*#])")
_BALANCE: Final = re.compile(
    r"\b((?:balance|bal|salio(?: lako)?(?: jipya)?|solde|balansi)(?: yako)?(?: is| ni| est|:)?\s{0,2}"
    r"(?:ksh|kes|tsh|tzs|ugx|ush|rwf|frw|ngn|ghs|fcfa)?s?[. ]{0,2})(\d[\d,]*(?:\.\d{1,2})?)",
    re.IGNORECASE,
)
_CAPITALISED: Final = r"[A-Z\u00c0-\u00de][A-Za-z\u00c0-\u024f'\u2019-]{1,24}"
_NAME_AFTER: Final = re.compile(
    rf"\b((?:(?:sent|paid|transferred|given) to|received from|from|to|kwa|kutoka kwa|kutoka|kwenda(?: kwa)?"
    rf"|jina(?: ni| itakuja| litakuja| inakuja| italeta| itasoma| litasoma)?|name(?: is| will read| reads|:)?"
    rf"|a[uù]? nom de|dear|mpendwa|ndugu|cher|chere|mr|mrs|ms|bw|bi|dr)\.?\s{{1,3}})((?:{_CAPITALISED}[ .]{{1,2}}){{0,3}}{_CAPITALISED})"
)
_KEPT_NAMES: Final = frozenset(
    "m-pesa mpesa momo mtn airtel safaricom vodacom tigo halotel telkom orange wave customer client"
    " mteja subscriber user paybill till agent wakala bank kra equity kcb your the this ksh tsh ugx kes".split()
)


def redact(text: str) -> str:
    """Give the text without secrets, identity and card numbers, phones, balances, mail and names."""
    text = text[:_LONGEST]
    text = _CARD.sub(_card, text)
    text = _MAIL.sub("[mail]", text)
    text = _PASSWORD.sub(r"\1[secret]", text)
    text = _SECRET.sub(r"\1[secret]", text)
    text = _SECRET_BEFORE.sub(r"[secret]\2", text)
    text = _ID.sub(r"\1[id]", text)
    text = _PHONE.sub("[phone]", text)
    text = _BALANCE.sub(r"\1[balance]", text)
    return _NAME_AFTER.sub(_name, text)


def _card(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    return "[card]" if _luhn(digits) else match[0]


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004  # two digits of a doubled one
    return total % 10 == 0


def _name(match: re.Match[str]) -> str:
    words = match[2].split()
    if words[0].strip(".").lower() in _KEPT_NAMES:
        return match[0]
    return f"{match[1]}[name]"
