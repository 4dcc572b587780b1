"""How a text sounds: shouting, long sentences, and the label that a practice item carries.

Fear and haste are the scammers' voice (domain rules D5, D8): one exclamation mark at most, no
sentence in capitals. Capitals that people must read as they stand (PIN, STOP, a keyword) are fine.
"""

from __future__ import annotations

import re

from smsbot.content.checks.secrets import sentences

MAX_WORDS = 20
MAX_EXCLAMATIONS = 1

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_TWO_CAPITALS = re.compile(r"[^\W\d_a-z]{2}")
_EXCLAMATION = re.compile(r"[!\u00a1\uff01]")
_TRUSTED_CAPITALS = frozenset(
    (
        *("PIN", "PINS", "PUK", "OTP", "CVV", "SMS", "SIM", "USSD", "ATM", "ID", "URL", "QR"),
        *("APK", "CRB", "KRA", "NGO", "CERT", "TV", "FM", "GSM", "MTN", "M-PESA", "OK"),
        *("KES", "TZS", "UGX", "NGN", "GHS", "RWF", "FCFA", "XAF", "XOF", "USD", "KSH", "TSH"),
    )
)
_LABELS = {
    "en": ("practice", "practise", "exercise"),
    "sw": ("zoezi", "mazoezi"),
    "fr": ("exercice", "entraînement", "entrainement"),
    "am": ("ልምምድ", "መልመጃ"),
    "ha": ("gwaji", "motsa jiki"),
    "pt": ("exercício", "exercicio", "prática", "pratica"),
    "rw": ("imyitozo", "umwitozo"),
    "so": ("tababar",),
    "yo": ("ìdánwò", "idanwo"),
}
_ANYWHERE = ("practice", "[practice]")


def shouts(text: str, allowed: frozenset[str]) -> str:
    """Give why a text shouts, or an empty text. `allowed` are keywords, in capitals."""
    if len(_EXCLAMATION.findall(text)) > MAX_EXCLAMATIONS:
        return f"more than {MAX_EXCLAMATIONS} exclamation mark"
    if not _TWO_CAPITALS.search(text):
        return ""
    for sentence in sentences(text):
        words = [word for word in _WORD.findall(sentence) if len(word) > 1]
        loud = [word for word in words if _is_loud(word, allowed)]
        capitals = sum(word.isupper() for word in words)
        if len(loud) >= 2 and capitals == len(words):  # noqa: PLR2004 - one word alone is emphasis
            return f"a sentence in capitals ({' '.join(loud[:4])})"
        if _longest_loud_run(words, allowed) >= 3:  # noqa: PLR2004
            return f"words in capitals ({' '.join(loud[:4])})"
    return ""


def _is_loud(word: str, allowed: frozenset[str]) -> bool:
    return word.isupper() and word not in _TRUSTED_CAPITALS and word not in allowed


def _longest_loud_run(words: list[str], allowed: frozenset[str]) -> int:
    longest = run = 0
    for word in words:
        run = run + 1 if _is_loud(word, allowed) else 0
        longest = max(longest, run)
    return longest


def long_sentence(text: str) -> tuple[int, str]:
    """Give the words and the beginning of the longest sentence that is too long, or (0, "")."""
    worst, which = 0, ""
    if text.count(" ") < MAX_WORDS:
        return worst, which
    for sentence in sentences(text):
        count = len(_WORD.findall(sentence)) + len(re.findall(r"\d[\d.,]*", sentence))
        if count > max(MAX_WORDS, worst):
            worst, which = count, sentence
    return worst, which


def is_labelled_practice(text: str, language: str, label: str = "") -> bool:
    """Say whether the text itself tells that it is practice, in its language, near its beginning.

    `label` is the word of core.po, where the language has one. The English word counts everywhere.
    """
    labels = (*_LABELS.get(language.split("-", maxsplit=1)[0], ()), *_ANYWHERE)
    if label.strip(" :"):
        labels += (label.casefold().strip(" :"),)
    folded = text.casefold()
    return any(re.search(rf"(?:^|[^\w]){re.escape(each)}(?!\w)", folded) for each in labels)
