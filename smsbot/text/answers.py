"""Forgiving reading of what a person answers. Every function takes any text and never raises.

A wrong guess is worse than a second question, so what fits two readings fits none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from smsbot.text.dates import parse_date
from smsbot.text.folding import bare, first_word, fold, words
from smsbot.text.numbers import parse_amount, parse_number
from smsbot.text.numerals import small_number
from smsbot.text.slips import forgiven, within
from smsbot.text.transactions import parse_transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

__all__ = [
    "first_word",
    "fold",
    "match_option",
    "parse_amount",
    "parse_date",
    "parse_number",
    "parse_transaction",
    "parse_yesno",
    "words",
]

_LONGEST = 300
_MOST_WORDS = 12
_AROUND_A_NUMBER = frozenset(
    bare(fold(word))
    for word in (
        *("option", "number", "no", "nr", "num", "answer", "choice", "choose", "please", "pls"),
        *("the", "i", "is", "it's", "chaguo", "namba", "nambari", "jibu", "nachagua", "nataka"),
        *("la", "ya", "ni", "tafadhali", "numéro", "n°", "choix", "réponse", "le", "l", "svp"),
        *("stp", "je", "choisis", "c'est"),
    )
)
_NUMBER = re.compile(r"0*([0-9]{1,3})")
_MOST_DIGITS = 4
"""Digits that are looked at: no menu has a thousand options."""
_LEAST_WORD = 3
"""Letters of a word that can name an option alone: `it` and `na` stand in every sentence."""


def match_option(raw: str, options: Sequence[Sequence[str]], language: str = "") -> int | None:
    """Give the number of the option that an answer means, from 1, or None.

    Each option is its spellings: the words it is shown with, and any others. Tried in this order,
    the first that fits decides: its number (`1`, `1.`, `#1`, in any script), its words, its
    letter (`A`, `b)`), a number word of `language`, a number among filler (`option 2 please`), its
    words without accents, some of its words that no other option has, small slips of the thumb.
    """
    if raw.isascii() and raw.isdigit() and len(raw) <= _LEAST_WORD and 0 < int(raw) <= len(options):
        return int(raw)
    answer = fold(raw) if len(raw) <= _LONGEST else fold(raw.strip()[: _LONGEST + 1])
    if not answer or len(answer) > _LONGEST:
        return None
    spellings = [[fold(spelling) for spelling in option] for option in options]
    for fitting in _readings(answer, spellings, language):
        if fitting:
            return fitting.pop() if len(fitting) == 1 else None
    return None


def _readings(answer: str, spellings: list[list[str]], language: str) -> Iterator[set[int]]:
    """Give the options that fit, by one reading after the other, the surest first."""
    numbers = set(range(1, len(spellings) + 1))
    typed = _NUMBER.fullmatch(answer)
    if typed:
        yield {int(typed[1])} & numbers
    yield _those(spellings, lambda spelling: spelling == answer)
    if len(answer) == 1:
        yield {ord(answer) - ord("a") + 1} & numbers
    tokens = [bare(word) for word in words(answer)]
    if not tokens or len(tokens) > _MOST_WORDS:
        return
    own = [{bare(word) for spelling in option for word in words(spelling)} for option in spellings]
    yield _numbered(tokens, own, language)
    key = bare(answer)
    yield _those(spellings, lambda spelling: bare(spelling) == key)
    if typed or all(token.isdecimal() for token in tokens):
        return
    telling = [token for token in tokens if _tells(token)]
    yield {place for place, have in enumerate(own, 1) if telling and have.issuperset(tokens)}
    most = forgiven(key)
    yield _those(spellings, lambda spelling: within(bare(spelling), key, most))
    yield {
        place
        for place, have in enumerate(own, 1)
        if telling and all(_slipped(token, have) for token in tokens)
    }


def _those(spellings: list[list[str]], fits: Callable[[str], bool]) -> set[int]:
    return {place for place, option in enumerate(spellings, 1) if any(map(fits, option))}


def _tells(token: str) -> bool:
    return len(token) >= _LEAST_WORD or not token.isascii()


def _slipped(token: str, have: set[str]) -> bool:
    most = 0 if token.isdecimal() else forgiven(token)
    return any(within(token, word, most) for word in have)


def _numbered(tokens: list[str], own: list[set[str]], language: str) -> set[int]:
    """Give the option whose number stands among filler and its own words, or several when torn."""
    digits = {int(token[:_MOST_DIGITS]) for token in tokens if token.isdecimal()}
    others = [token for token in tokens if not token.isdecimal()]
    spelled = {small_number(token, language) for token in others if token not in _AROUND_A_NUMBER}
    named = digits or {value for value in spelled if value is not None}
    if len(named) != 1:
        return set()
    number = named.pop()
    if not 0 < number <= len(own):
        return set()
    unexplained = [word for word in others if word not in own[number - 1]]
    strange = any(
        word not in _AROUND_A_NUMBER and small_number(word, language) is None
        for word in unexplained
    )
    torn = any(word in have for have in own for word in unexplained)
    return set() if strange or torn else {number}


_THUMBS = {"👍": True, "✅": True, "✔": True, "👎": False, "❌": False}
_STRETCHED = re.compile(r"(.)\1{2,}")


def parse_yesno(raw: str, yes: Collection[str], no: Collection[str]) -> bool | None:
    """Give True for yes, False for no, None for neither or both.

    `yes` and `no` are folded words of the session's language. `1` is yes and `2` is no, as they are
    shown. The first word decides (`ndio, nataka`), unless a word of the other side stands beside.
    """
    if raw in ("1", "2"):
        return raw == "1"
    answer = fold(raw) if len(raw) <= _LONGEST else fold(raw.strip()[: _LONGEST + 1])
    if not answer or len(answer) > _LONGEST:
        return None
    choice = {"1": True, "2": False}.get(answer)
    if choice is not None:
        return choice
    sides = (frozenset(map(bare, yes)), frozenset(map(bare, no)))
    whole = _side(bare(answer), sides)
    if whole is not None:
        return whole
    tokens = [bare(word) for word in words(answer)]
    if not tokens:
        return None
    first = _THUMBS.get(tokens[0], _side(tokens[0], sides))
    said = {_THUMBS.get(token, _exactly(token, sides)) for token in tokens[1:]}
    return None if first is None or (not first) in said else first


def _exactly(word: str, sides: tuple[frozenset[str], frozenset[str]]) -> bool | None:
    yes, no = (word in side for side in sides)
    return None if yes == no else yes


def _side(word: str, sides: tuple[frozenset[str], frozenset[str]]) -> bool | None:
    """Give the side of a word: as it is, with its stretched letters let go, or with a slip."""
    for form in (word, _STRETCHED.sub(r"\1", word)):
        if any(form in side for side in sides):
            return _exactly(form, sides)
    most = forgiven(word)
    yes, no = (any(within(word, known, most) for known in side) for side in sides)
    return None if yes == no else yes
