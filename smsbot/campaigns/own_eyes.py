"""Does a text of ours look like what we teach people to distrust?

The rules are those by which a forwarded scam is recognised, with one difference: a text about scams
shows their signs, and only one that also wants something of the reader looks like one. Sentences that
warn, and those that name an official number, are left out before the look.
"""

from __future__ import annotations

import re
from typing import Final

from smsbot.content.checks.codes import dialable_codes, phone_numbers
from smsbot.content.checks.material import plain
from smsbot.content.checks.secrets import sentences
from smsbot.text.folding import bare
from smsbot.text.folding import plain as unfolded
from smsbot.text.forwarded import looks_forwarded, signs_of

_WARNS = re.compile(
    r"\b(never|not|dont|no one|nobody|beware|scam\w*|frauds?|fraudsters?|fake|trick\w*|"
    r"false|liars?|thie(f|ves)|hoax|phish\w*|ignore|refuse|report (it|them)|warn\w*|"
    r"kamwe|usi\w+|msi\w+|hakuna|utapeli|tapeli|matapeli|ulaghai|laghai|walaghai|uongo|bandia|"
    r"wizi|wezi|kataa|epuka|tahadhari|jihadhari|puuza|"
    r"jamais|ne|personne|arnaque\w*|escroc\w*|fraude\w*|faux|fausse|mefiez|attention|pieges?|"
    r"refusez|ignorez|signalez)\b"
)
_DEMANDS: Final = frozenset(
    {
        "a link or a chat",
        "a phone number",
        "send it here, the name will read ...",
        "tell me your PIN, or anything about it",
        "do this",
        "text a word to a short code",
    }
)
"""Signs by which a text wants something of its reader."""


def looks_like_a_scam(text: str, official: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Give the signs for which our own rules would call this text a scam; none when they would not.

    `official` are codes and numbers without spaces, which a text of ours may tell people to use.
    """
    rest = " ".join(
        sentence
        for sentence in sentences(text)
        if not is_warning(sentence) and not _names_only(sentence, official)
    )
    found = signs_of(rest)
    if _DEMANDS.isdisjoint(found) or not looks_forwarded(rest):
        return ()
    return found


def is_warning(sentence: str) -> bool:
    """Say whether a sentence warns or forbids, in English, Swahili or French."""
    return _WARNS.search(bare(unfolded(sentence))) is not None


def _names_only(sentence: str, official: frozenset[str]) -> bool:
    """Say whether a sentence names numbers, and all of them are official."""
    named = {plain(each) for each in (*dialable_codes(sentence), *phone_numbers(sentence))}
    return bool(named) and named <= official
