"""Does a text ask for a secret? A warning such as "never share your PIN" does not.

A request is an order at the start of a clause ("send your PIN", "jibu na PIN yako") or a bare
question for the secret ("What is your PIN?"). A sentence that forbids is a warning. The rule is
domain rule R11; the languages are those that the service ships or is first offered in.
"""

from __future__ import annotations

import re

_SENTENCES = re.compile(r"(?<=[.!?;\n])\s+|\n+")

_EN = (
    r"(?:pin|otp|password|passcode|cvv|mother'?s (?:maiden )?name|id number|card number"
    r"|(?:secret|one[- ]?time|verification|security|confirmation)[ -](?:code|pin|number|word)"
    r"|code (?:that )?(?:we|they|he|she) (?:just )?sent(?: you)?"
    r"|code (?:that )?you (?:just )?(?:got|received))"
)
_SW = (
    r"(?:pin|otp|nenosiri|nywila|neno (?:lako )?la siri|namba (?:yako )?ya siri"
    r"|nambari (?:yako )?ya siri|msimbo (?:wako )?wa siri|cvv|jina la mama)"
)
_FR = (
    r"(?:(?:code )?pin|otp|mot de passe|cvv|nom de (?:votre|ta) m[eè]re"
    r"|code (?:secret|confidentiel|de v[eé]rification|de s[eé]curit[eé]|re[cç]u)"
    r"|num[eé]ro de carte)"
)
_CLAUSE = r"(?:^|[,:;(\"\u201c\u00ab]\s*|\b(?:"
_EN_START = _CLAUSE + (
    r"and|or|then|now|please|kindly|just|must|should|need to|have to|can you|will you|could you)\s+)"
)
_SW_START = _CLAUSE + r"na|au|kisha|halafu|sasa|tafadhali|lazima|unapaswa|naomba)\s+)"
_FR_START = _CLAUSE + (r"et|ou|puis|maintenant|merci de|veuillez|devez|il faut|pouvez-vous)\s+)")

_REQUESTS = (
    re.compile(
        _EN_START
        + r"(?:send|enter|type|key in|put in|input|reply|answer|respond|text|sms|give|tell|share"
        r"|confirm|provide|submit|forward|say|show|write|read out|verify|dial)(?:\s+back)?"
        r"(?:\s+(?:us|me|him|her|them|it|here|to us|the \w+|our \w+|an? \w+))?"
        r"(?:\s+(?:with|by|in|out))?"
        r"\s+(?:(?:your|the|ur|a|full|own|new|old|current|m-?pesa|momo|mobile|money|bank|atm|sim"
        r"|card|\d+|four|five|six|digit|\d-digit|four-digit)\s+)*" + _EN + r"\b"
    ),
    re.compile(r"\bwhat(?:'s| is| was)\s+(?:your|the)\s+(?:\S+\s+)?" + _EN + r"\b"),
    re.compile(
        _SW_START + r"(?:tuma|tutumie|nitumie|weka|ingiza|toa|tupe|nipe|taja|tutajie|andika|jibu"
        r"|thibitisha|sema|tuambie|niambie|mwambie|waambie|mpe|wape|shiriki|bonyeza|piga)"
        r"(?:\s+(?:sisi|hapa|kwetu|kwa\s+\w+|wakala|mhudumu))?(?:\s+(?:na|kwa))?\s+" + _SW + r"\b"
    ),
    re.compile(_SW + r"(?:\s+yako|\s+lako|\s+wako)?\s+ni\s+(?:ipi|gani|nini)\b"),
    re.compile(
        _FR_START + r"(?:envoye[rz]|envoie|entre[rz]?|tape[rz]?|donne[rz]?|saisi(?:ssez|s|r)"
        r"|communique[rz]?|indique[rz]?|partage[rz]?|r[eé]pond(?:ez|s|re)|confirme[rz]?"
        r"|fourni(?:ssez|s|r)|dites|dis|[eé]cri(?:vez|s|re))(?:-(?:nous|moi|lui|leur))?"
        r"(?:\s+(?:ici|avec|par|à\s+\w+|au\s+\w+))*"
        r"\s+(?:(?:votre|ton|le|la|un|une|nouveau)\s+|l')*" + _FR + r"\b"
    ),
    re.compile(r"\bquel(?:le)?\s+est\s+(?:votre|ton)\s+" + _FR + r"\b"),
)
_BARE = re.compile(
    rf"^(?:(?:your|votre|ton|le|the)\s+)?(?:{_EN}|{_SW}|{_FR})(?:\s+(?:yako|lako|wako))?\s*[?:]$"
)
_FORBIDS = re.compile(
    r"\b(?:never|not|don'?t|doesn'?t|won'?t|can'?t|cannot|nobody|no[ -]one|without|refuse|avoid"
    r"|nor|neither|only (?:in|on|at|into|inside|when|after)"
    r"|kamwe|hakuna|bila|kataa|epuka|usi\w+|msi\w+|asi\w+|hau\w+|hatu\w+|hata\w+|pekee"
    r"|jamais|ne|personne|aucune?|sans|refuse[rz]?|[eé]vite[rz]?|pas|uniquement|seulement)\b"
    r"|\bn'"
)
_ABOUT_THE_PAST = re.compile(r"^(?:did|have|has|had|was|were|who|why|how)\b.*\?$")
_ANY = re.compile(rf"\b(?:{_EN}|{_SW}|{_FR})\b")
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:pin|otp|password|passcode|cvv|secret|mother|maiden|card_?number|id_?number"
    r"|nenosiri)(?:$|_)"
)


def sentences(text: str) -> list[str]:
    """Give the sentences of a text, trimmed, without the empty ones."""
    return [part.strip() for part in _SENTENCES.split(text) if part.strip()]


def request_for_secret(text: str) -> str:
    """Give the sentence that asks for a secret, or an empty text."""
    if not _ANY.search(text.casefold().replace("\u2019", "'")):
        return ""
    for sentence in sentences(text):
        folded = sentence.casefold().replace("\u2019", "'")
        if _FORBIDS.search(folded) or _ABOUT_THE_PAST.search(folded):
            continue
        if _BARE.search(folded) or any(request.search(folded) for request in _REQUESTS):
            return sentence
    return ""


def names_a_secret(variable: str) -> bool:
    """Say whether a variable's name says that it keeps a secret."""
    return _SECRET_NAME.search(variable.casefold()) is not None
