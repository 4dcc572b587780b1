"""What a person typed, read as an answer to the state that waits. Total: any text gives a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from smsbot.engine.expressions import MAX_NUMBER, MAX_TEXT
from smsbot.engine.model import Ask, AskType
from smsbot.engine.screen import RETRY, hint_for, options_of, retry_of
from smsbot.engine.words import core_text
from smsbot.text.answers import (
    fold,
    match_option,
    parse_amount,
    parse_date,
    parse_number,
    parse_transaction,
    parse_yesno,
)
from smsbot.text.phones import parse_phone

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from smsbot.engine.model import Content, Scalar, State, Surface

BACK, HOME, MORE = "0", "00", "98"

_MAX_RAW = 10_000
_NUMBERS = {str(number): number for number in range(1, 100)}
_SIGNS = frozenset((BACK, HOME, MORE))
_SHORT = 12


class Place(NamedTuple):
    """Where an answer is awaited. `today` is the person's date."""

    content: Content
    state: State
    language: str
    surface: Surface
    today: date


class Reading(NamedTuple):
    """An answer. `hint` says why there is none: a key of the core words, or `retry`.

    `option` is the line that was meant, from 1, else 0. A `value` of None unsets the variable: the
    question was left out.
    """

    option: int = 0
    value: Scalar | None = None
    hint: str = ""


def clean(raw: str) -> str:
    """Give the text without control signs, lone surrogates and white space around it."""
    if raw.isascii() and raw.isalnum():
        return raw
    text = raw[:_MAX_RAW].encode("utf-8", "replace").decode("utf-8")
    kept = (letter for letter in text if letter in "\n\t" or letter >= " ")
    return "".join(kept).replace("\x7f", "").strip()


def sign_of(text: str) -> str:
    """Give `0`, `00` or `98` when that is what was typed, in whatever digits; else nothing."""
    if text in _SIGNS:
        return text
    if len(text) > _SHORT or text in _NUMBERS:
        return ""
    folded = fold(text).strip(" .")
    return folded if folded in _SIGNS else ""


def sign_word_of(content: Content, language: str, text: str) -> str:
    """Give the way out whose word was typed: "back" for `0`, in the conversation's language."""
    folded = fold(text)
    for sign, key in ((BACK, "back"), (HOME, "home"), (MORE, "more")):
        if folded == fold(core_text(content, language, key)):
            return sign
    return ""


def read(at: Place, text: str) -> Reading:
    """Give the answer to a state that waits. `text` is clean."""
    ask = at.state.ask
    if ask is None:
        option = _option(at, text)
        return Reading(option) if option else _wrong(at)
    if ask.skip and (not text or _is_skip(at, text)):
        return Reading()
    if not text:
        return _wrong(at)
    return _READERS[ask.type](at, ask, text)


def _wrong(at: Place, hint: str = "") -> Reading:
    return Reading(hint=RETRY if retry_of(at.state) else hint or hint_for(at.state))


def _option(at: Place, text: str) -> int:
    """Give the number of the line that was meant, or 0."""
    number = _NUMBERS.get(text, 0)
    if 0 < number <= len(at.state.options):
        return number
    templates = options_of(at.content, at.state, at.language, at.surface.kind)
    if number or not text:
        return number if number <= len(templates) else 0
    # What is matched are the words that are always there: a placeholder counts as nothing.
    spellings = [(template.render({}),) for template in templates]
    return match_option(text, spellings, at.language) or 0


def _choice(at: Place, ask: Ask, text: str) -> Reading:
    option = _option(at, text)
    if not option:
        return _wrong(at)
    if option > len(ask.choices):  # one line more: Skip
        return Reading(option)
    return Reading(option, ask.choices[option - 1][0])


def _yesno(at: Place, _ask: Ask, text: str) -> Reading:
    option = _option(at, text)
    if option == _SKIPPED:
        return Reading(option)
    if not option:
        yes = at.content.yes_words.get(at.language, frozenset())
        no = at.content.no_words.get(at.language, frozenset())
        answer = parse_yesno(text, yes, no)
        if answer is None:
            return _wrong(at)
        option = 1 if answer else 2
    return Reading(option, option == 1)


def _number(at: Place, ask: Ask, text: str) -> Reading:
    value = _value(at, ask, text)
    if value is None or abs(value) > MAX_NUMBER:
        return _wrong(at)
    low, high = ask.low, ask.high
    if (low is not None and value < low) or (high is not None and value > high):
        hint = "hint-between" if None not in (low, high) else "hint-least"
        return _wrong(at, "hint-most" if low is None else hint)
    return Reading(value=float(value) if ask.decimals else int(value))


def _value(at: Place, ask: Ask, text: str) -> int | float | None:
    if ask.type is AskType.NUMBER:
        return parse_number(text, ask.decimals, at.language)
    if ask.decimals:  # an amount is read in whole units; its cents are in the plain number
        value = parse_number(text, ask.decimals, at.language)
        if value is not None:
            return value
    return parse_amount(text, at.language)


def _text(at: Place, ask: Ask, text: str) -> Reading:
    if ask.low is not None and len(text) < ask.low:
        return _wrong(at)
    if ask.high is not None and len(text) > ask.high:
        return _wrong(at, "hint-long")
    return Reading(value=text[:MAX_TEXT])


def _is_skip(at: Place, text: str) -> bool:
    return text == "#" or fold(text) == fold(core_text(at.content, at.language, "skip"))


def _phone(at: Place, _ask: Ask, text: str) -> Reading:
    found = parse_phone(text, at.surface.country)
    return _wrong(at) if found is None else Reading(value=found.e164)


def _date(at: Place, _ask: Ask, text: str) -> Reading:
    found = parse_date(text, at.today, at.language)
    return _wrong(at) if found is None else Reading(value=found.isoformat())


def _transaction(at: Place, _ask: Ask, text: str) -> Reading:
    found = parse_transaction(text)
    return _wrong(at) if found is None else Reading(value=found)


_SKIPPED = 3
"""The line of a yes-or-no question after Yes and No."""
_READERS: dict[AskType, Callable[[Place, Ask, str], Reading]] = {
    AskType.CHOICE: _choice,
    AskType.YESNO: _yesno,
    AskType.NUMBER: _number,
    AskType.AMOUNT: _number,
    AskType.PHONE: _phone,
    AskType.DATE: _date,
    AskType.TEXT: _text,
    AskType.TRANSACTION: _transaction,
}
