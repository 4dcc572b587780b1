"""The files of authors' dialogue tests, flows/tests/<flow>.yaml, read strictly.

A file holds one dialogue (`steps`), or several (`dialogues`), each with its own channel and language.
docs/dialogue-tests.md shows one of everything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import phonenumbers

from smsbot.content.faults import Fault, Severity, did_you_mean
from smsbot.content.yamlfile import YamlError, YamlFile, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


FOLDER = "tests"
"""Below the flows folder."""

ACTS = ("dial", "press", "text", "drop", "replay", "wait")
EXPECTS = ("expect", "expect_not", "expect_end", "expect_effect")
_HEAD = ("flow", "channel", "lang", "phone", "country")
_TOP = (*_HEAD, "steps", "dialogues")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)")
_UNITS = {"": "seconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_EFFECTS = frozenset(
    {
        *("tag", "untag", "language", "consent", "enrol"),
        *("send-sms", "report", "remind", "escalate"),
    }
)


@dataclass(frozen=True, slots=True)
class DialogueStep:
    """One act or one expectation, as its author wrote it. `value` is what stands behind the word."""

    word: str
    value: Any
    line: int


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One conversation to play. `flow` is what a call opens."""

    title: str
    path: str
    line: int
    flow: str
    channel: str
    language: str
    phone: str
    country: str
    steps: tuple[DialogueStep, ...]


def read_dialogues(raw: bytes, path: str) -> tuple[list[Dialogue], list[Fault]]:
    """Give the dialogues of a file named `path`, and every fault of its shape."""
    try:
        file = parse_yaml(raw, path)
    except YamlError as broken:
        return [], [_fault(path, each.line, each.words) for each in broken.faults]
    faults: list[Fault] = []
    dialogues = list(_dialogues(file, faults))
    return ([], faults) if faults else (dialogues, [])


def _fault(path: str, line: int, words: str, hint: str = "") -> Fault:
    return Fault(path, line, Severity.ERROR, "dialogue", words, hint)


def _dialogues(file: YamlFile, faults: list[Fault]) -> Iterator[Dialogue]:
    data = file.data
    if not isinstance(data, dict):
        faults.append(_fault(file.path, 1, "must be a mapping with channel, lang, phone, steps"))
        return
    _known_keys(file, data, (), _TOP, faults)
    if ("steps" in data) == ("dialogues" in data):
        faults.append(_fault(file.path, 1, "needs `steps`, or `dialogues`, and not both"))
        return
    shared = {name: data[name] for name in _HEAD if data.get(name) is not None}
    if "steps" in data:
        yield from _dialogue(file, shared, data["steps"], (), faults)
        return
    if not isinstance(data["dialogues"], list):
        faults.append(_fault(file.path, file.line(("dialogues",)), "`dialogues` must be a list"))
        return
    for index, each in enumerate(data["dialogues"]):
        place = ("dialogues", index)
        if not isinstance(each, dict):
            faults.append(_fault(file.path, file.line(place), "a dialogue must be a mapping"))
            continue
        _known_keys(file, each, place, ("title", *_HEAD, "steps"), faults)
        own = {name: each[name] for name in ("title", *_HEAD) if each.get(name) is not None}
        yield from _dialogue(file, shared | own, each.get("steps"), place, faults)


def _dialogue(
    file: YamlFile,
    head: Mapping[str, Any],
    steps: Any,
    place: tuple[str | int, ...],
    faults: list[Fault],
) -> Iterator[Dialogue]:
    stem = PurePath(file.path).stem
    channel = str(head.get("channel", "ussd"))
    if channel not in ("ussd", "sms"):
        line = file.line((*place, "channel"))
        faults.append(_fault(file.path, line, f"`channel` is {channel!r}: ussd or sms"))
    phone = str(head.get("phone", "+254700000001"))
    if not re.fullmatch(r"\+\d{8,15}", phone):
        line = file.line((*place, "phone"))
        words = '`phone` must be international, in quotes: "+254700000001"'
        faults.append(_fault(file.path, line, words))
        return
    if not isinstance(steps, list) or not steps:
        faults.append(_fault(file.path, file.line((*place, "steps")), "`steps` must be a list"))
        return
    found = [
        step
        for index, each in enumerate(steps)
        for step in _steps(file, each, (*place, "steps", index), faults)
    ]
    if not any(step.word in EXPECTS for step in found):
        line = file.line((*place, "steps"))
        faults.append(_fault(file.path, line, "the dialogue expects nothing, so it can't fail"))
    yield Dialogue(
        title=str(head.get("title", stem)),
        path=file.path,
        line=file.line(place),
        flow=str(head.get("flow", stem)),
        channel=channel,
        language=str(head.get("lang", "en")),
        phone=phone,
        country=str(head.get("country", "")) or country_of(phone),
        steps=tuple(found),
    )


def country_of(phone: str) -> str:
    """Give the country of an international number (ISO 3166-1 alpha-2), or an empty text."""
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.region_code_for_number(number) or ""


def _steps(
    file: YamlFile, raw: Any, place: tuple[str | int, ...], faults: list[Fault]
) -> Iterator[DialogueStep]:
    if isinstance(raw, str):
        raw = {raw: None}
    if not isinstance(raw, dict):
        words = "a step is a word such as `drop`, or a word with a value such as `press: 1`"
        faults.append(_fault(file.path, file.line(place), words))
        return
    _known_keys(file, raw, place, (*ACTS, *EXPECTS), faults)
    for word, value in raw.items():
        line = file.line((*place, word))
        wrong = _wrong_value(word, value)
        if wrong:
            faults.append(_fault(file.path, line, wrong))
        elif word in ACTS or word in EXPECTS:
            yield DialogueStep(word, value, line)


def _wrong_value(word: str, value: Any) -> str:
    """Say what is wrong with the value behind a word, or give an empty text."""
    plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    if word in ("press", "text"):
        return "" if plain else f"`{word}` needs what is typed"
    if word == "wait":
        return "" if parse_span(value) is not None else "`wait` needs seconds, or a text such as 2d"
    if word in ("expect", "expect_not"):
        texts = value if isinstance(value, list) else [value]
        fine = bool(texts) and all(isinstance(each, str | int | float) for each in texts)
        return "" if fine else f"`{word}` needs a text or a list of texts"
    if word == "expect_end":
        return "" if value is True or plain else "`expect_end` needs true, or a text"
    if word == "expect_effect":
        return _wrong_effect(value)
    if word == "dial":
        fine = value is None or value is True or plain
        return "" if fine else "`dial` needs nothing, or a code such as *384*123*1#"
    return "" if value is None or value is True else f"`{word}` has no value"


def _wrong_effect(value: Any) -> str:
    for each in value if isinstance(value, list) else [value]:
        if not isinstance(each, dict) or len(each) != 1:
            return "`expect_effect` needs one effect such as {tag: done}, or a list of them"
        kind = next(iter(each))
        if kind not in _EFFECTS:
            return f"`expect_effect`: there is no effect {kind!r}"
    return ""


def _known_keys(
    file: YamlFile,
    data: Mapping[str, Any],
    place: tuple[str | int, ...],
    known: tuple[str, ...],
    faults: list[Fault],
) -> None:
    for key in data:
        if key not in known:
            words = f"`{key}` has no meaning here"
            hint = did_you_mean(key, known)
            faults.append(_fault(file.path, file.line((*place, key)), words, hint))


def parse_span(value: Any) -> timedelta | None:
    """Give the time that `70`, `5m`, `2h` or `3d` stands for, or None."""
    match = _SPAN.fullmatch(str(value).strip()) if not isinstance(value, bool) else None
    if match is None:
        return None
    return timedelta(**{_UNITS[match[2]]: float(match[1])})


def inputs_of(raw: str, codes: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Give what is typed with a code: `*384*123*2*1#` and `2*1` both give 2 and 1.

    A code is one of `codes`, else the first two numbers behind a leading `*`.
    """
    text = raw.strip()
    if not text.startswith("*"):
        return tuple(part for part in text.removesuffix("#").split("*") if part)
    body = text.removesuffix("#")
    for code in sorted((code.removesuffix("#") for code in codes), key=len, reverse=True):
        if code and (body == code or body.startswith(f"{code}*")):
            return tuple(part for part in body[len(code) :].split("*") if part)
    return tuple(part for part in body.split("*")[3:] if part)
