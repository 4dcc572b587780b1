"""Authors' dialogue tests: flows/tests/<flow>.yaml, read strictly and played on a `Phone`.

A file holds one dialogue (`steps`), or several (`dialogues`), each with its own channel and language.
docs/dialogue-tests.md shows one of everything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import phonenumbers

from smsbot.content.faults import Fault, Severity, did_you_mean
from smsbot.content.phone import Heard, Phone
from smsbot.content.yamlfile import YamlError, YamlFile, parse_yaml
from smsbot.errors import SmsbotError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from smsbot.engine.model import Content, Effect

FOLDER = "tests"
"""Below the flows folder."""
START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
"""A Monday morning: when every dialogue begins."""

_ACTS = ("dial", "press", "text", "drop", "replay", "wait")
_EXPECTS = ("expect", "expect_not", "expect_end", "expect_effect")
_HEAD = ("flow", "channel", "lang", "phone", "country")
_TOP = (*_HEAD, "steps", "dialogues")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)")
_UNITS = {"": "seconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_MAIN_ARGUMENT = {"consent": "purpose", "report": "type", "remind": "after"}
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


@dataclass(frozen=True, slots=True)
class Failure:
    """An expectation that did not come true, with both texts."""

    path: str
    line: int
    title: str
    expected: str
    got: str

    def __str__(self) -> str:
        return (
            f"{self.path}:{self.line}: {self.title}\n"
            f"  expected: {_indented(self.expected)}\n  got:      {_indented(self.got)}"
        )


def _indented(text: str) -> str:
    return text.replace("\n", "\n            ") if text else "(nothing)"


# --- reading -------------------------------------------------------------------------------------


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
    if not any(step.word in _EXPECTS for step in found):
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
        country=str(head.get("country", "")) or _country_of(phone),
        steps=tuple(found),
    )


def _country_of(phone: str) -> str:
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
    _known_keys(file, raw, place, (*_ACTS, *_EXPECTS), faults)
    for word, value in raw.items():
        line = file.line((*place, word))
        wrong = _wrong_value(word, value)
        if wrong:
            faults.append(_fault(file.path, line, wrong))
        elif word in _ACTS or word in _EXPECTS:
            yield DialogueStep(word, value, line)


def _wrong_value(word: str, value: Any) -> str:
    """Say what is wrong with the value behind a word, or give an empty text."""
    plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    if word in ("press", "text"):
        return "" if plain else f"`{word}` needs what is typed"
    if word == "wait":
        return "" if _span(value) is not None else "`wait` needs seconds, or a text such as 2d"
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


def _span(value: Any) -> timedelta | None:
    match = _SPAN.fullmatch(str(value).strip()) if not isinstance(value, bool) else None
    if match is None:
        return None
    return timedelta(**{_UNITS[match[2]]: float(match[1])})


# --- playing -------------------------------------------------------------------------------------


def play(dialogue: Dialogue, content: Content, codes: tuple[str, ...] = ()) -> list[Failure]:
    """Play a dialogue; give what did not come true. `codes` are our service codes, for `dial`."""
    return _Player(dialogue, content, codes).failures()


class _Player:
    """One run of one dialogue. It stops at an act that can't be done."""

    def __init__(self, dialogue: Dialogue, content: Content, codes: tuple[str, ...]) -> None:
        self._dialogue = dialogue
        self._codes = codes
        self._phone = Phone(
            content,
            language=dialogue.language,
            now=START,
            flow=dialogue.flow,
            country=dialogue.country,
        )
        self._heard = Heard("", ends=False)

    def failures(self) -> list[Failure]:
        found: list[Failure] = []
        for step in self._dialogue.steps:
            if step.word in _EXPECTS:
                found += self._expectations(step)
                continue
            try:
                self._act(step)
            except SmsbotError as fault:
                wanted = f"to do `{step.word}`"
                found.append(self._failure(step, wanted, str(fault)))
                break
        return found

    def _act(self, step: DialogueStep) -> None:
        phone, value = self._phone, step.value
        if step.word == "dial":
            self._heard = self._dial(value)
        elif step.word == "press" and self._dialogue.channel == "ussd":
            self._heard = phone.press(str(value))
        elif step.word in ("press", "text"):
            self._heard = phone.text(str(value))
        elif step.word == "drop":
            phone.drop()
        elif step.word == "replay":
            self._heard = phone.replay()
        elif step.word == "wait":
            phone.wait(_span(value) or timedelta())

    def _dial(self, value: Any) -> Heard:
        return self._phone.dial(() if value in (None, True) else inputs_of(str(value), self._codes))

    def _expectations(self, step: DialogueStep) -> list[Failure]:
        heard, value = self._heard, step.value
        shown = _plain(heard.text)
        if step.word == "expect":
            missing = [str(each) for each in _listed(value) if _plain(str(each)) not in shown]
            return [self._failure(step, each, heard.text) for each in missing]
        if step.word == "expect_not":
            there = [str(each) for each in _listed(value) if _plain(str(each)) in shown]
            return [self._failure(step, f"not {each!r}", heard.text) for each in there]
        if step.word == "expect_end":
            wanted = "" if value is True else str(value)
            if heard.ends and _plain(wanted) in shown:
                return []
            goes_on = "" if heard.ends else "\n(and the conversation goes on)"
            words = f"{wanted}\n(and the end)" if wanted else "the end of the conversation"
            return [self._failure(step, words, heard.text + goes_on)]
        missing_effects = [each for each in _listed(value) if not _has(heard.effects, each)]
        told = "\n".join(map(_told, heard.effects)) or "no effect"
        return [self._failure(step, _wanted(each), told) for each in missing_effects]

    def _failure(self, step: DialogueStep, expected: str, got: str) -> Failure:
        dialogue = self._dialogue
        return Failure(dialogue.path, step.line, dialogue.title, expected, got)


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


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _plain(text: str) -> str:
    return " ".join(text.split())


def _has(effects: tuple[Effect, ...], wanted: Mapping[str, Any]) -> bool:
    (kind, value), *_ = wanted.items()
    return any(effect.kind.value == kind and _fits(effect, value) for effect in effects)


def _fits(effect: Effect, value: Any) -> bool:
    if isinstance(value, dict):
        return all(effect.args.get(name) == str(each) for name, each in value.items())
    if effect.kind.value == "send-sms":
        return _plain(str(value)) in _plain(effect.text)
    return effect.args.get(_MAIN_ARGUMENT.get(effect.kind.value, "value")) == str(value)


def _wanted(wanted: Mapping[str, Any]) -> str:
    (kind, value), *_ = wanted.items()
    return f"{kind}: {value}"


def _told(effect: Effect) -> str:
    args = ", ".join(f"{name}={value}" for name, value in effect.args.items())
    return f"{effect.kind.value}: {effect.text or args}"
