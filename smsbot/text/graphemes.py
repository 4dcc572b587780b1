"""Where a text may be cut without breaking what a person sees as one letter.

A grapheme cluster (Unicode UAX #29) in the part that short messages hold: combining marks, emoji with
skin tones, joiners and variation selectors, flags, keycaps, CR LF. Hangul jamo and Indic conjuncts
(GB6-8, GB9c) are cut as code points: no phone here shows them wrong.
"""

from __future__ import annotations

import unicodedata

_ZWJ = "\u200d"
_EXTENDING = frozenset({"\u200c", _ZWJ, *map(chr, range(0x1F3FB, 0x1F400))})
_MARKS = frozenset({"Mn", "Me", "Mc"})
_FLAG_A, _FLAG_Z = "\U0001f1e6", "\U0001f1ff"
_FIRST_MARK = "\u0300"
_PICTOGRAPHS = frozenset({"So", "Sm"})


def _extends(char: str) -> bool:
    if char < _FIRST_MARK:
        return False
    if char in _EXTENDING or unicodedata.category(char) in _MARKS:
        return True
    return "\U000e0020" <= char <= "\U000e007f"  # tag letters of the flags of regions


def _is_flag(char: str) -> bool:
    return _FLAG_A <= char <= _FLAG_Z


def clusters(text: str) -> list[str]:
    """Give the text as a list of grapheme clusters; joined they are the text again."""
    if text.isascii():
        return list(text) if "\r\n" not in text else _cut(text)
    return _cut(text)


def _cut(text: str) -> list[str]:
    found: list[str] = []
    start = 0
    flags = 0
    previous = ""
    for index, char in enumerate(text):
        if previous and not _joins(previous, char, flags):
            found.append(text[start:index])
            start = index
        flags = flags + 1 if _is_flag(char) else 0
        previous = char
    if text:
        found.append(text[start:])
    return found


def _joins(previous: str, char: str, flags: int) -> bool:
    """Say whether `char` belongs to the letter before it. `flags`: indicators in a row so far."""
    if previous == "\r":
        return char == "\n"
    if previous < " ":
        return False
    if _extends(char):
        return True
    if previous == _ZWJ:
        return unicodedata.category(char) in _PICTOGRAPHS
    return flags % 2 == 1 and _is_flag(char)
