"""What the model sees of a text: hashed pieces of its words, with numbers, links and codes masked.

A piece is a run of characters inside a word, a word, or two words side by side; a sign is
something about the whole text (it names a phone, it shouts). Each becomes a bucket by its CRC-32, so
that nobody can read a text back from the weights. Pure, and the same on every machine.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from typing import Final

BUCKETS: Final = 1 << 17
LONGEST: Final = 1600
_MASKS: Final = (
    (
        re.compile(
            r"https?://\S{1,400}|www\.\S{1,400}"
            r"|\b[a-z0-9-]{2,63}\.(?:com|net|org|info|biz|co|me|ly|xyz|top|app|link|page|site|online|"
            r"shop|click|africa|ug|tz|ke|rw|ng|gh|uk)\b(?:\.[a-z]{2}\b)?(?:/\S{0,400})?"
        ),
        " <url> ",
    ),
    (re.compile(r"[*#][\d*#]{2,40}#"), " <code> "),
    (re.compile(r"\+?\d[\d ,.\-]{7,20}\d"), " <phone> "),
    (re.compile(r"\b(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{8,14}\b"), " <id> "),
    (re.compile(r"\d[\d,.]*"), "0"),
)
_MONEY: Final = re.compile(
    r"\b(?:ksh|kes|tsh|tzs|ugx|ush|sh|shs|rwf|frw|ngn|ghs|usd|gbp)[. ]{0,2}\d"
    r"|\d ?(?:/[=-]|ksh|tsh|ugx|shs|shillings|shilingi)|[$£€₦]\s?\d"
)
_SHORT_CODE: Final = re.compile(r"\b(?:to|kwa|kwenda|call|piga)\s+\d{3,6}\b")


def masked(text: str) -> str:
    """Give the text in small letters with links, dialling codes, phones, ids and numbers masked."""
    text = unicodedata.normalize("NFKC", text[:LONGEST]).lower()
    for pattern, mark in _MASKS:
        text = pattern.sub(mark, text)
    return text


def features(text: str, shortest: int, longest: int) -> list[int]:
    """Give the buckets of a text, each once, in order: some 700 of a text of 150 characters.

    `shortest` and `longest` are the sizes of the pieces inside words.
    """
    hidden = masked(text)
    words = hidden.split()
    pieces = set(_signs(text, hidden))
    for index, word in enumerate(words):
        padded = f" {word} "
        length = len(padded)
        for size in range(shortest, longest + 1):
            pieces.update("c" + padded[at : at + size] for at in range(max(1, length - size + 1)))
        pieces.add("w" + word)
        if index:
            pieces.add(f"b{words[index - 1]} {word}")
    crc = zlib.crc32
    return sorted({crc(piece.encode()) & (BUCKETS - 1) for piece in pieces})


def _signs(text: str, hidden: str) -> list[str]:
    lowered = text[:LONGEST].lower()
    letters = [char for char in text[:LONGEST] if char.isalpha()]
    shouted = sum(map(str.isupper, letters)) / len(letters) if letters else 0.0
    found = [f"s:length:{min(len(text) // 40, 8)}", f"s:shouts:{int(shouted * 4)}"]
    found += [f"s:{mark}" for mark in ("<url>", "<code>", "<phone>", "<id>") if mark in hidden]
    if _MONEY.search(lowered):
        found.append("s:money")
    if _SHORT_CODE.search(lowered):
        found.append("s:short-code")
    if "<phone>" in hidden and _MONEY.search(lowered):
        found.append("s:phone+money")
    return found
