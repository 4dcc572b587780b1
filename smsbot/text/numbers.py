"""Numbers and sums of money as people type them: `3,500`, `3.500`, `5k`, `sh 1,200/=`, `elfu tano`.

An answer holds one number. With two we can't know which is meant, so the person is asked again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from smsbot.text.folding import bare, plain, words
from smsbot.text.numerals import HIGHEST, scale, small_number, spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST = 300
"""Letters of an answer that may still be a number with words around it."""
_RUN = re.compile(r"[0-9]+(?:[., '][0-9]+)*")
_SUFFIX = re.compile(r"\s?(k|m|mn|mln)(?![^\W_])")
_NEXT_WORD = re.compile(r"[\s-]*([^\W\d_]+)")
_LAST_WORD = re.compile(r"([^\W\d_]+)[\s.]*$")
_SUFFIXES = {"k": 1000, "m": 10**6, "mn": 10**6, "mln": 10**6}
_SEPARATORS = str.maketrans("٫٬،", ".,,")
_DIGITS = len(str(HIGHEST))
_GROUP = 3
_PHONE_DIGITS = 7


def parse_number(raw: str, decimals: bool = False, language: str = "") -> int | float | None:
    """Give the one number of an answer, or None when there is none or more than one.

    Grouping (`1,000,000`, `1 000`, `1.234,5`) and digits of any script are read. Without `decimals`
    a single dot before three digits groups (`3.500` is 3500), and a fraction is no answer.
    """
    text = _readable(raw)
    runs = list(_RUN.finditer(text))
    if not runs:
        return spoken(words(text), language) if text else None
    if len(runs) > 1:
        return None
    sign = -1 if _is_negative(text[: runs[0].start()]) else 1
    run = _with_point(text, runs[0])
    value = _value(run, ",." if not decimals else ",")
    if value is None:
        return None
    whole, fraction = value
    if not fraction.strip("0"):
        return sign * whole
    return sign * float(f"{whole}.{fraction}") if decimals else None


def parse_amount(raw: str, language: str = "") -> int | None:
    """Give a sum of money in whole units of its currency, or None. What is below a unit is cut off.

    Words around the number are fine (`KSh 3,500`, `nilituma 5000`); `k`, `m` and words of scale
    multiply. A number that can only be a phone (leading zero, seven digits or more) is no sum.
    """
    text = _readable(raw)
    runs = list(_RUN.finditer(text))
    if len(runs) != 1:
        return _said(words(text), language)
    run = runs[0]
    before, after = text[: run.start()], text[run.end() :]
    suffix = _SUFFIX.match(after)
    factor = _SUFFIXES[suffix[1]] if suffix else _scale_beside(before, after, language)
    if not suffix and factor > 1 and run[0].isdecimal():
        return _said(words(text), language)  # `elfu 5 mia mbili`, `5 hundred thousand`
    # Beside a scale a dot is a point: 1.5k, 2.125 million. Alone it groups: 3.500.
    value = _value(_with_point(text, run), "," if factor > 1 else ",.")
    if value is None or _is_phone(run[0], before):
        return None
    whole, fraction = value
    amount = whole * factor + int((fraction or "0")[:_DIGITS]) * factor // 10 ** len(
        fraction[:_DIGITS]
    )
    return amount if amount <= HIGHEST else None


def _readable(raw: str) -> str:
    text = raw.strip()
    return plain(text).translate(_SEPARATORS) if len(text) <= _LONGEST else ""


def _is_negative(before: str) -> bool:
    return before.endswith("-") and (len(before) == 1 or before[-2].isspace())


def _is_phone(run: str, before: str) -> bool:
    digits = [char for char in run if char.isdecimal()]
    return (run.startswith("0") and len(digits) >= _PHONE_DIGITS) or before.endswith("+")


def _with_point(text: str, run: re.Match[str]) -> str:
    """Give a run of digits with the point that stands before it: `.51`, but not `hi.51`."""
    before = text[: run.start()].rstrip("-")
    point = before.endswith((".", ",")) and not before[-2:-1].isalnum()
    return f"0.{run[0]}" if point and run[0].isdecimal() else run[0]


def _value(run: str, grouping: str) -> tuple[int, str] | None:
    """Give the whole part and the digits after the point, or None when it can't be one number.

    `grouping`: which of comma and dot groups when it stands once, before three digits.
    """
    if sum(map(str.isdecimal, run)) > _DIGITS:
        return None
    marks = [char for char in run if char in ".,"]
    point = ""
    if len(set(marks)) > 1:
        point = marks[-1]
        if marks.count(point) > 1:
            return None
    elif len(marks) == 1:
        head, _, tail = run.partition(marks[0])
        grouped = len(tail) == _GROUP and len(head) <= _GROUP and not head.startswith("0")
        point = "" if grouped and marks[0] in grouping else marks[0]
    head, _, fraction = run.partition(point) if point else (run, "", "")
    if fraction and not fraction.isdecimal():
        return None
    first, *others = re.split("[., ']", head)
    if others and (not 1 <= len(first) <= _GROUP or any(len(group) != _GROUP for group in others)):
        return None
    return int(first + "".join(others)), fraction


def _scale_beside(before: str, after: str, language: str) -> int:
    follows, leads = _NEXT_WORD.match(after), _LAST_WORD.search(before[-20:])
    return (follows and scale(follows[1], language)) or (leads and scale(leads[1], language)) or 1


_CURRENCY_WORDS = (
    "sh shs ksh kshs kes tsh tshs tzs ush ushs ugx shilingi shillings shilling bob rwf frw fbu bif"
    " fcfa cfa xaf xof f fr franc francs naira ngn cedi cedis ghs birr etb ብር rand zar kwacha zmw"
    " mwk dollar dollars dola usd euro euros about around kama karibu environ only tu"
)
_CURRENCIES = frozenset(_CURRENCY_WORDS.split())


def _said(answer: Sequence[str], language: str) -> int | None:
    """Give the sum that the words say, when they hold one number and only one."""
    found: list[list[str]] = [[]]
    for word in answer:
        joins = bool(found[-1]) and word in _JOINS
        if joins or word.isdecimal() or _counts(word, language):
            found[-1].append(word)
        elif found[-1] and word not in _CURRENCIES:
            found.append([])
    numbers = [number for number in found if number]
    if len(numbers) != 1:
        return None
    others = [word for word in answer if word not in numbers[0] and word not in _CURRENCIES]
    if others and not any(scale(word, language) for word in numbers[0]):
        return None  # `one of my friends` is no sum
    while numbers[0] and numbers[0][-1] in _JOINS:
        numbers[0].pop()
    return spoken(numbers[0], language)


_JOINS = frozenset({"and", "na", "et", "da", "sha", "e"})


def _counts(word: str, language: str) -> bool:
    return small_number(word, language) is not None or scale(bare(word), language) is not None
