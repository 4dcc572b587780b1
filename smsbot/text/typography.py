"""Punctuation as phones type it, so that one curly quote does not triple the price of a message.

Only punctuation, spaces and signs are folded, to GSM 03.38. A letter is never changed: in Hausa
`ƙ` and `k`, in Yoruba `ẹ` and `e` are different letters and words. Nor is U+02BC, the apostrophe
that is a letter in Hausa, nor the joiners that Arabic and emoji need.
"""

from __future__ import annotations

import re

_FOLDS = {
    "'": "‘’‚‛‹›′´`",
    '"': "“”„‟«»″",
    "-": "‐‑‒–—―−⁃•‣◦●▪■",
    "...": "…",
    "..": "‥",
    "<=": "≤",
    ">=": "≥",
    "->": "→",
    "/": "⁄",
    " ": "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f"
    "\u205f\u3000",
    "\n": "\v\u0085\u2028\u2029",
    "": "\u00ad\u180e\u200b\u2060\ufeff",
}
_TABLE = {ord(char): plain for plain, chars in _FOLDS.items() for char in chars}
# French sets « mot » apart with a thin space; a plain quotation mark stands next to its word.
_GUILLEMETS = re.compile("«[ \u00a0\u202f]*|[ \u00a0\u202f]*»")


def fold_typography(text: str) -> str:
    """Give the text with quotes, dashes, dots, bullets and spaces of GSM 03.38. Idempotent.

    The result may still need UCS-2, and may be longer (`…` becomes three dots, as phones show it).
    """
    if text.isascii() and "`" not in text and "\t" not in text and "\v" not in text:
        return text
    return _GUILLEMETS.sub('"', text).translate(_TABLE)
