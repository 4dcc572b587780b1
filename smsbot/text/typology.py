"""The kinds of scam and the signs by which a text shows them: rules as data, matched without a guess.

A sign has a weight and a reason in words. The weights of a type's signs add up; signs of T91 speak for
a genuine message. A hard sign decides alone. Where the rules come from: `content/triage_file.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from smsbot.text.dialcodes import find_codes
from smsbot.text.receipts import receipt_signs
from smsbot.text.wordpatterns import Pattern, PatternIndex, is_negated, tokens_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GENUINE: Final = "T91"
MARKETING: Final = "T90"
UNCLEAR: Final = "T99"
_PHONE_SENDER: Final = re.compile(r"\+?[\d ().-]{8,20}")


class Shape(StrEnum):
    """What a text may show besides its words."""

    RECEIPT = "receipt"
    ODD_RECEIPT = "odd-receipt"
    LOCKED_BALANCE = "locked-balance"
    RECEIPT_FROM_PHONE = "receipt-from-phone"
    DANGEROUS_CODE = "dangerous-code"
    LINK = "link"
    PHONE = "phone"
    NAMED_SENDER = "named-sender"


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign of a type. It shows when a pattern matches, or a shape is there, and all `needs` are."""

    name: str
    type: str
    weight: float
    reasons: Mapping[str, str]
    patterns: tuple[Pattern, ...] = ()
    shapes: frozenset[Shape] = frozenset()
    needs: frozenset[Shape] = frozenset()
    without: frozenset[Shape] = frozenset()
    negatable: bool = False
    hard: bool = False

    def reason(self, language: str) -> str:
        """Give the reason in a language, or in English."""
        return self.reasons.get(language) or self.reasons["en"]


@dataclass(frozen=True, slots=True)
class Findings:
    """The signs that a text shows, the heaviest first, and what they come to by type."""

    signs: tuple[Sign, ...]
    weights: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_hard(self) -> bool:
        """Say whether one of them decides alone."""
        return any(sign.hard for sign in self.signs)

    @property
    def against(self) -> float:
        """Give how much speaks for a scam."""
        return sum(
            weight for name, weight in self.weights.items() if name not in (GENUINE, MARKETING)
        )

    @property
    def heaviest(self) -> str:
        """Give the type of scam that most speaks for, or an empty text. A hard sign's comes first."""
        hard = next((sign.type for sign in self.signs if sign.hard), "")
        return hard or max(
            (name for name in self.weights if name not in (GENUINE, MARKETING)),
            key=lambda name: (self.weights[name], name),
            default="",
        )


class Typology:
    """All types and signs of a deployment. Made once, then only read."""

    def __init__(
        self,
        names: Mapping[str, Mapping[str, str]],
        signs: Sequence[Sign],
        never: Pattern,
        go_on: Pattern,
    ) -> None:
        self.names = dict(names)
        self.signs = tuple(signs)
        self._never, self._go_on = never, go_on
        self._index = PatternIndex(
            (pattern, sign) for sign in self.signs for pattern in sign.patterns
        )

    def name(self, type_id: str, language: str = "en") -> str:
        """Give a type's name in a language, or in English."""
        names = self.names[type_id]
        return names.get(language) or names["en"]

    def findings(self, text: str, sender: str = "") -> Findings:
        """Give the signs of a text and its sender (a number, a short code, a name, or empty)."""
        tokens = tokens_of(text)
        shapes = shapes_of(text, sender, tokens)
        shown: dict[str, Sign] = {}
        for sign, start, end in self._index.matches(tokens):
            if sign.name not in shown and not (
                sign.negatable and is_negated(tokens, start, end, self._never, self._go_on)
            ):
                shown[sign.name] = sign
        for sign in self.signs:
            if sign.shapes & shapes:
                shown[sign.name] = sign
        found = [
            sign for sign in shown.values() if sign.needs <= shapes and not sign.without & shapes
        ]
        found.sort(key=lambda sign: (not sign.hard, -abs(sign.weight), sign.name))
        weights: dict[str, float] = {}
        for sign in found:
            weights[sign.type] = weights.get(sign.type, 0.0) + sign.weight
        return Findings(tuple(found), weights)


def shapes_of(text: str, sender: str, tokens: Sequence[str]) -> frozenset[Shape]:
    """Give the shapes of a text and its sender."""
    found: set[Shape] = set()
    receipt = receipt_signs(text)
    from_phone = bool(_PHONE_SENDER.fullmatch(sender.strip()))
    if receipt.is_odd:
        found.add(Shape.ODD_RECEIPT)
    elif receipt.is_receipt:
        found.add(Shape.RECEIPT)
    if receipt.locked_balance:
        found.add(Shape.LOCKED_BALANCE)
    if receipt.is_receipt and from_phone:
        found.add(Shape.RECEIPT_FROM_PHONE)
    if sender.strip() and not from_phone:
        found.add(Shape.NAMED_SENDER)
    if any(code.is_dangerous for code in find_codes(text)):
        found.add(Shape.DANGEROUS_CODE)
    if "<url>" in tokens:
        found.add(Shape.LINK)
    if "<phone>" in tokens:
        found.add(Shape.PHONE)
    return frozenset(found)
