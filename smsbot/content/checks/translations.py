"""What must be the same in every language: placeholders, PIN and OTP, numbers, codes, keywords.

A translation that says 5,000 where the source says 500, or that loses a keyword, sends people wrong,
and a reviewer reads over it. Numbers are compared by value, so that 3,500, 3 500 and 3.500 agree.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from smsbot.content.checks.codes import dialable_codes
from smsbot.content.checks.rules import found

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from smsbot.content.checks.material import Material, Said
    from smsbot.content.faults import Fault

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(\w+)\}")
_NUMBER = re.compile(r"\d+(?:[,.\u00a0\u202f ]\d{3})*(?!\d)(?:[.,]\d{1,2}(?!\d))?")
_SEPARATOR = re.compile(r"[,.\u00a0\u202f ](?=\d{3}(?:\D|$))")
_ALWAYS = ("PIN", "OTP", "PUK", "CVV")
_CAPITALS = re.compile(r"(?<![\w-])[^\W\d_a-z]{2,}(?![\w-])")


def check_translations(material: Material) -> Iterator[Fault]:
    """Compare every translated text with its source."""
    synonyms = _synonyms(material)
    for said in material.said:
        if said.is_stale:
            words = (
                f"{said.flow}/{said.context} has changed since it was translated to {said.language}"
            )
            yield found("translation-stale", said.path, said.line, words)
        if said.original:
            yield from _placeholders(said)
            yield from _numbers(said)
            yield from _words(said, synonyms)


def placeholders(text: str) -> Counter[str]:
    """Count the `{name}` placeholders of a text."""
    return Counter(name for name in _PLACEHOLDER.findall(text) if name)


def numbers(text: str) -> set[str]:
    """Give the numbers of a text as plain digits; thousands' separators are dropped."""
    text = _PLACEHOLDER.sub(" ", text)
    return {
        _SEPARATOR.sub("", number).replace(",", ".").removesuffix(".00")
        for number in _NUMBER.findall(text)
    }


def _synonyms(material: Material) -> dict[str, frozenset[str]]:
    """Give, for every keyword in capitals, the words that may stand for it in other languages."""
    found_words: dict[str, frozenset[str]] = {}
    spoken = [flow.doc.keywords for flow in material.flows]
    spoken += [course.doc.keywords for course in material.courses]
    for keywords in spoken:
        group = frozenset(word.upper() for word in keywords)
        found_words |= dict.fromkeys(group, group)
    for word, spellings in material.service_words.items():
        group = frozenset({word.upper(), *(spelling.upper() for spelling in spellings)})
        if word != "LANGUAGE":  # the names of the languages are no synonyms of each other
            found_words |= dict.fromkeys(group, group)
    return found_words


def _placeholders(said: Said) -> Iterator[Fault]:
    wanted, given = set(placeholders(said.original)), set(placeholders(said.text))
    for name in sorted(wanted - given):
        words = f"the {said.language} text of {said.flow}/{said.context} lacks {{{name}}}"
        yield found("placeholder-differs", said.path, said.line, words)
    for name in sorted(given - wanted):
        words = (
            f"the {said.language} text of {said.flow}/{said.context} has {{{name}}}, the source not"
        )
        yield found("placeholder-differs", said.path, said.line, words)


def _numbers(said: Said) -> Iterator[Fault]:
    wanted, given = numbers(said.original), numbers(said.text)
    for number in sorted(wanted - given):
        words = f"the {said.language} text of {said.flow}/{said.context} lacks the number {number}"
        yield found("number-differs", said.path, said.line, words)
    for number in sorted(given - wanted):
        words = (
            f"the {said.language} text of {said.flow}/{said.context} has {number}, the source not"
        )
        code = "number-differs" if len(number) > 1 else "number-added"
        yield found(code, said.path, said.line, words)
    for code_missing in sorted(set(dialable_codes(said.original)) ^ set(dialable_codes(said.text))):
        words = f"the code {code_missing} of {said.flow}/{said.context} is not in both languages"
        yield found("number-differs", said.path, said.line, words)


def _words(said: Said, synonyms: Mapping[str, frozenset[str]]) -> Iterator[Fault]:
    given = set(_CAPITALS.findall(said.text))
    for word in dict.fromkeys(_CAPITALS.findall(said.original)):
        allowed = frozenset({word}) if word in _ALWAYS else synonyms.get(word, frozenset())
        if allowed and not allowed & given and word not in said.text:
            words = f"the {said.language} text of {said.flow}/{said.context} lacks {word}"
            others = sorted(allowed - {word})
            hint = f"keep {word}" + (f", or use {' or '.join(others[:4])}" if others else "")
            yield found("word-differs", said.path, said.line, words, hint)
