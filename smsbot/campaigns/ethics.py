"""Political, betting and commercial words in a broadcast (R38), in English, Swahili and French.

A sentence that warns of such offers is a lesson, not an offer.
"""

from __future__ import annotations

import re
from typing import Final

from smsbot.campaigns.own_eyes import is_warning
from smsbot.content.checks.secrets import sentences
from smsbot.text.folding import bare, plain


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?:\b{pattern}\b)" for pattern in patterns))


_KINDS: Final = (
    (
        "political",
        _any_of(
            r"vote[sz]? (?:for|against|wisely|pour|contre)",
            r"(?:our|your|votre|notre) (?:candidates?|party|candidat|parti)",
            r"(?:re-?)?elect (?!ric)\w+",
            r"(?:rally|manifesto|meeting politique|mkutano wa kampeni)",
            r"(?:mpigie|tumpigie|mchague|tumchague|piga) kura",
            r"(?:mgombea|wagombea|chama cha \w+)",
            r"votez",
        ),
    ),
    (
        "betting",
        _any_of(
            r"(?:place|your|free|a|win|winning|best) bets?",
            r"bet (?:now|today|on|and)",
            r"(?:betting|jackpots?|casinos?|free spins?|sure odds|lotto|lottery)",
            r"(?:weka|beti|bashiri) (?:mkeka|beti|leo|na ushinde)",
            r"(?:mkeka|kubeti|kubashiri|bahati nasibu)",
            r"paris? sportifs?|pariez|loterie|cagnotte",
        ),
    ),
    (
        "commercial",
        _any_of(
            r"(?:buy|order|shop|subscribe|upgrade) (?:now|today|yours)",
            r"\d{1,2} ?% (?:off|discount|de remise|punguzo)",
            r"(?:special|limited|exclusive|best) (?:offer|offers|price|deal|deals)",
            r"(?:promo code|sale ends|on sale|cashback|free delivery|discounts?)",
            r"(?:nunua|agiza) (?:sasa|leo)|punguzo|ofa (?:maalum|kabambe)",
            r"(?:achetez|commandez)|offre speciale|promotions?|en solde|soldes|remises?",
        ),
    ),
)


def forbidden_kind(text: str) -> tuple[str, str]:
    """Give which kind of refused broadcast a text is, and the sentence; two empty texts for none."""
    for sentence in sentences(text):
        if is_warning(sentence):
            continue
        folded = bare(plain(sentence))
        for kind, signs in _KINDS:
            if signs.search(folded):
                return kind, sentence
    return "", ""
