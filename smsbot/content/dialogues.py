"""Plays authors' dialogue tests on a `Phone`, and tells each line that did not come true."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from smsbot.content.dialogue_file import EXPECTS, inputs_of, parse_span
from smsbot.content.phone import Heard, Phone
from smsbot.errors import SmsbotError
from smsbot.values import ChannelKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsbot.content.dialogue_file import Dialogue, DialogueStep
    from smsbot.engine.model import Content, Effect

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
"""A Monday morning: when every dialogue begins."""
_MAIN_ARGUMENT = {"consent": "purpose", "report": "type", "remind": "after"}


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
            if step.word in EXPECTS:
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
            phone.wait(parse_span(value) or timedelta())

    def _dial(self, value: Any) -> Heard:
        if self._dialogue.channel == "sms":
            return self._phone.begin(ChannelKind.SMS, self._dialogue.flow)
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
