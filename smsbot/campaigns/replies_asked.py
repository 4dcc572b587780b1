"""Which words does a text ask people to answer with that a gateway acts on before we hear them?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from smsbot.content.checks.keywords import GATEWAY_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEANT_SO: Final = frozenset({"STOP", "HELP", "INFO", "START", "UNSTOP"})
"""A text that names these means what they do."""
_STOPS: Final = frozenset({"STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
_ASKED = re.compile(
    r"\b(?:reply|answer|text|sms|send|respond|write|type|press|jibu|tuma|andika"
    r"|repond(?:ez|s)|répond(?:ez|s)|envoye[zr]|ecrivez|écrivez)"
    r"(?:\s+(?:with|back|by|us|na|neno|par|le|mot|the|word))*\s+[\"'\u201c\u2018«]?\s?([A-Za-z]{2,12})\b",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"\s*[\"'\u201d\u2019»]?\s*(?:to (?:stop|end|leave|opt out|unsubscribe)"
    r"|kuacha|kusitisha|pour (?:arr|quit|ne plus))",
    re.IGNORECASE,
)


def unheard_words(text: str) -> Iterator[tuple[str, bool]]:
    """Give each word that a text asks for and a gateway takes, and whether it ends all messages.

    "Reply END to stop" is what the word does, so it is none.
    """
    for match in _ASKED.finditer(text):
        word = match.group(1).upper()
        if word not in GATEWAY_WORDS or word in _MEANT_SO or match.group(1).islower():
            continue
        if not _ENDS.match(text, match.end()):
            yield word, word in _STOPS
