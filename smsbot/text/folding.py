"""Two ways to write the same answer, made one: case, width, digits, quotes, accents left out.

`fold` changes no letter into another; it is what keywords and service words are compared by. `bare`
goes on to what people type on keypads without their letters, so it may only break a tie.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from smsbot.text.typography import fold_typography

if TYPE_CHECKING:
    from collections.abc import Iterator

_EDGES = " \t\n\r\v\f\0!\"#%&'()*,-./:;<=>?@[\\]^_`{|}~"
"""What a phone puts around an answer by accident. `+` and `$` say something and stay."""
_DROPPED = re.compile("[\ufe00-\ufe0f\u20e3]")  # 1 in a keycap, a heart in colour
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[$+<=>^`|~]")


def fold(text: str) -> str:
    """Give the text for comparing: NFKC, casefolded, ASCII digits, plain quotes, trimmed.

    Punctuation goes at both ends only; runs of space become one. Idempotent. Any input is fine.
    """
    text = " ".join(plain(text).split()).strip(_EDGES)
    if text.isascii():
        return text
    start, end = 0, len(text)
    while start < end and _is_edge(text[start]):
        start += 1
    while start < end and _is_edge(text[end - 1]):
        end -= 1
    return text[start:end]


def plain(text: str) -> str:
    """Give the text as `fold` does, with its spaces and punctuation left where they are."""
    if text.isascii():
        return text.casefold()
    text = fold_typography(unicodedata.normalize("NFKC", fold_typography(text)))
    text = _DROPPED.sub("", unicodedata.normalize("NFKC", text.casefold()))
    return "".join(map(_plain_digit, text)).casefold()


def _plain_digit(char: str) -> str:
    if char <= "\x7f":
        return char
    value = unicodedata.digit(char, -1)  # decimal digits of every script, and Ethiopic 1 to 9
    return char if value < 0 else str(value)


def _is_edge(char: str) -> bool:
    if char <= "\x7f":
        return char in _EDGES
    return unicodedata.category(char)[0] in "PZC"


def words(text: str) -> list[str]:
    """Give the folded words in order. Symbols and emoji are words of their own, `ng'ombe` is one."""
    return list(_words(fold(text)))


def first_word(text: str) -> str:
    """Give the first folded word, or an empty string. Keywords are looked up by it."""
    return next(_words(fold(text)), "")


def _words(folded: str) -> Iterator[str]:
    if folded.isascii():
        yield from _WORD.findall(folded)
        return
    start = -1
    for index, char in enumerate(folded):
        kind = unicodedata.category(char)[0]
        if kind in "LNM" or (
            char == "'" and start >= 0 and folded[index + 1 : index + 2].isalnum()
        ):
            start = index if start < 0 else start
            continue
        if start >= 0:
            yield folded[start:index]
            start = -1
        if kind == "S":
            yield char
    if start >= 0:
        yield folded[start:]


def _pairs(left: str, right: str) -> dict[int, str]:
    return {ord(char): right[index] for index, char in enumerate(left)}


def _series(source: int, target: int, length: int) -> dict[int, str]:
    return {source + offset: chr(target + offset) for offset in range(length)}


_BARE = {
    **_pairs("ƙɗɓƴŋɛɔɣʋƒɖɲıøł", "kdbyneogvfdniol"),
    ord("œ"): "oe",
    ord("æ"): "ae",
    ord("'"): "",
    ord("ʼ"): "",
    ord("ʻ"): "",
    # Arabic letters that keyboards of neighbours type: yeh, kaf, teh marbuta; tatweel.
    **_pairs("ىیکة", "ييكه"),
    ord("ـ"): "",
    # Amharic letters of one sound, which writers interchange: three of ha, two of sa, a and tsa.
    **_series(0x1210, 0x1200, 8),
    **_series(0x1280, 0x1200, 8),
    **_series(0x1220, 0x1230, 8),
    **_series(0x12D0, 0x12A0, 7),
    **_series(0x1340, 0x1338, 7),
    # Accents and tone marks, and the vowel signs of Arabic. Marks of other scripts are letters.
    **dict.fromkeys([*range(0x300, 0x370), *range(0x64B, 0x656), 0x670], ""),
}


def bare(folded: str) -> str:
    """Give a folded text without accents, hooks and apostrophes: `ƙ` as k, `ẹ` as e, `é` as e."""
    if folded.isascii():
        return folded.replace("'", "")
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", folded).translate(_BARE))
