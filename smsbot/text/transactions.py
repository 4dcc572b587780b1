"""The code that mobile money gives each payment, found in what a person types or forwards."""

from __future__ import annotations

import re
import unicodedata

_LONGEST = 1000
_CODE = re.compile(r"(?<![A-Z0-9.])(?=[A-Z0-9]*[0-9])(?=[A-Z0-9]*[A-Z])[A-Z0-9]{8,12}(?![A-Z0-9])")
_DOTTED = re.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{6}\.\d{4}\.[A-Z]\d{4,6}(?![A-Z0-9])")
_NUMERIC = re.compile(r"[1-9]\d{9,10}")
_GAPS = re.compile(r"[\s\-_]+")
_ALONE = re.compile(r"[A-Z0-9 \-_]+")


def parse_transaction(raw: str) -> str | None:
    """Give the payment code of an answer in capitals, or None when there is none or more than one.

    Eight to twelve letters and digits, both present (M-Pesa: ten); Airtel Money's dotted form; ten
    or eleven digits when they are the whole answer (MTN), since in a sentence they may be a phone.
    A code typed alone may hold spaces and hyphens.
    """
    text = raw.strip()
    if len(text) > _LONGEST:
        return None
    text = unicodedata.normalize("NFKC", text).upper()
    text = "".join(
        str(unicodedata.decimal(char)) if char > "\x7f" and char.isdecimal() else char
        for char in text
    )
    found: set[str] = set(_DOTTED.findall(text)) or set(_CODE.findall(text))
    if len(found) == 1:
        return found.pop()
    if found or not _ALONE.fullmatch(text):
        return None
    joined = _GAPS.sub("", text)
    if _CODE.fullmatch(joined) and sum(map(str.isdecimal, joined)) > 1:
        return joined
    return joined if _NUMERIC.fullmatch(joined) else None
