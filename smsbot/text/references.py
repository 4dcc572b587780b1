"""The reference of a report: eight digits that can be read aloud and typed on any keypad.

The last digit is a check by ISO 7064 MOD 11,10: it finds every wrong digit, and nearly every swap of
neighbours. The first is never 0, so that no spreadsheet and no keypad menu swallows it.
"""

from __future__ import annotations

import re
from hashlib import sha256

from smsbot.text.folding import plain

_DIGITS = 8
_LONGEST = 40
_LOWEST = 10 ** (_DIGITS - 2)
_GAPS = re.compile(r"[\s.,#:/-]+")


def reference_from(seed: bytes, attempt: int = 0) -> str:
    """Give the reference of a report. The same seed and attempt always give the same.

    Nine million are possible, so two seeds may meet: who keeps them unique asks again with the next
    `attempt`.
    """
    digest = sha256(b"%d:%b" % (attempt, seed)).digest()
    body = str(_LOWEST + int.from_bytes(digest) % (9 * _LOWEST))
    return body + _check_digit(body)


def is_reference(raw: str) -> str | None:
    """Give the eight digits when the whole text is a reference with a right check digit, else None.

    Spaces, hyphens and digits of any script are fine.
    """
    text = raw.strip()
    if len(text) > _LONGEST:
        return None
    digits = _GAPS.sub("", plain(text))
    if len(digits) != _DIGITS or not (digits.isascii() and digits.isdecimal()):
        return None
    return digits if digits[0] != "0" and digits[-1] == _check_digit(digits[:-1]) else None


def _check_digit(body: str) -> str:
    """Give the digit that completes `body` (ISO/IEC 7064, hybrid system MOD 11,10)."""
    product = 10
    for digit in body:
        product = (product + int(digit)) % 10 or 10
        product = product * 2 % 11
    return str((11 - product) % 10)
