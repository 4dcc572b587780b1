"""Says of a text what it probably is, why, what in it can be looked up, and what of it may be kept.

Rules and the small model vote together: each sign moves the model's odds by its weight, so that a text
unlike any that the model learned from is judged by the rules, and one that they miss by the model.
A hard sign decides alone. The band is cautious: `ordinary` means that nothing unusual was found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from smsbot.scamdesk.model import UNKNOWING, shipped
from smsbot.text.indicators import IndicatorType, find_indicators
from smsbot.text.redaction import redact
from smsbot.text.typology import GENUINE, MARKETING, UNCLEAR

if TYPE_CHECKING:
    from smsbot.scamdesk.model import Model
    from smsbot.text.indicators import Indicator
    from smsbot.text.typology import Findings, Typology

_SIGN_FOR: Final = 0.5
_SIGN_AGAINST: Final = 0.4
_KNOWN_TRICK: Final = 4.0
_CERTAIN: Final = 0.98
_SCAM: Final = 0.5
_UNSURE: Final = 0.25
_FAR: Final = 30.0
_NO_DOUBT: Final = 1e-6
_MOST_REASONS: Final = 3


class Band(StrEnum):
    """What a person is told. `ordinary` is never called safe."""

    SCAM = "scam"
    UNSURE = "unsure"
    ORDINARY = "ordinary"


_LIKE_SCAMS: Final = {
    "en": "Its words are like those of reported scams.",
    "sw": "Maneno yake yanafanana na ya utapeli ulioripotiwa.",
    "fr": "Ses mots ressemblent a ceux d'arnaques signalees.",
}
_LIKE_MARKETING: Final = {
    "en": "Its words are like those of advertising.",
    "sw": "Maneno yake yanafanana na ya matangazo.",
    "fr": "Ses mots ressemblent a ceux de la publicite.",
}
_BLANK: Final = {
    "en": "There is no text to judge.",
    "sw": "Hakuna maandishi ya kuchunguza.",
    "fr": "Il n'y a pas de texte.",
}
_NOTHING: Final = {
    "en": "Nothing unusual was found. Still never share your PIN.",
    "sw": "Hakuna kisicho cha kawaida. Bado usitoe PIN yako.",
    "fr": "Rien d'inhabituel. Ne donnez jamais votre code secret.",
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What triage says. `score` is how likely a scam is, 0 to 1; `redacted` may be kept in clear."""

    band: Band
    type: str
    score: float
    reasons: tuple[str, ...]
    indicators: tuple[Indicator, ...]
    redacted: str


def classify_text(
    text: str,
    *,
    typology: Typology,
    sender: str = "",
    country: str = "",
    language: str = "en",
    model: Model | None = None,
) -> Judgement:
    """Judge one text; about 1 ms. `language` is that of the reasons.

    `country` (ISO 3166-1 alpha-2) reads national numbers and sums. `model` is the package's own.
    """
    if not text.strip():
        nothing = find_indicators("", sender=sender, country=country)
        words = _BLANK.get(language, _BLANK["en"])
        return Judgement(Band.UNSURE, UNCLEAR, 0.0, (words,), nothing, "")
    found = typology.findings(text, sender)
    opinion = (model or shipped()).opinion(text)
    signs = _SIGN_FOR * found.against - _SIGN_AGAINST * found.weights.get(GENUINE, 0.0)
    # A trick that the rules know and the model never read: its certainty is then worth little.
    least = UNKNOWING if found.against >= _KNOWN_TRICK else 0.0
    scam = _moved(max(opinion.scam, least), signs)
    unwanted = _moved(opinion.unwanted, signs + _SIGN_FOR * found.weights.get(MARKETING, 0.0))
    if found.is_hard:
        scam = max(scam, _CERTAIN)
    band = Band.SCAM if scam > _SCAM else Band.UNSURE if scam > _UNSURE else Band.ORDINARY
    kind = _type(band, found, is_unwanted=unwanted > _SCAM)
    return Judgement(
        band=band,
        type=kind,
        score=round(scam, 3),
        reasons=_reasons(band, kind, found, language),
        indicators=_accused(found, band, text, sender, country),
        redacted=redact(text),
    )


def _accused(
    found: Findings, band: Band, text: str, sender: str, country: str
) -> tuple[Indicator, ...]:
    """Give the indicators, without the phones of those whom a genuine receipt names: bystanders."""
    every = find_indicators(text, sender=sender, country=country)
    if band is not Band.ORDINARY or not found.weights.get(GENUINE):
        return every
    of_sender = find_indicators("", sender=sender, country=country)
    return tuple(
        each for each in every if each.type is not IndicatorType.PHONE or each in of_sender
    )


def _moved(likelihood: float, by: float) -> float:
    """Move a likelihood by log odds."""
    likelihood = min(max(likelihood, _NO_DOUBT), 1 - _NO_DOUBT)
    odds = math.log(likelihood / (1 - likelihood)) + by
    return 1 / (1 + math.exp(-max(-_FAR, min(_FAR, odds))))


def _type(band: Band, found: Findings, *, is_unwanted: bool) -> str:
    if band is Band.SCAM:
        return found.heaviest or UNCLEAR
    if is_unwanted:
        return MARKETING
    return GENUINE if band is Band.ORDINARY else UNCLEAR


def _reasons(band: Band, kind: str, found: Findings, language: str) -> tuple[str, ...]:
    """Give at most three: what was seen, the heaviest first; or that the words alone decided."""
    if band is Band.ORDINARY and kind != MARKETING:
        shown = [sign for sign in found.signs if sign.type == GENUINE]
        fallback = _NOTHING
    elif kind == MARKETING:
        shown = [sign for sign in found.signs if sign.type == MARKETING]
        fallback = _LIKE_MARKETING
    else:
        shown = [sign for sign in found.signs if sign.type not in (GENUINE, MARKETING)]
        fallback = _LIKE_SCAMS
    words = [sign.reason(language) for sign in shown[:_MOST_REASONS]]
    return tuple(words or [fallback.get(language, fallback["en"])])
