"""Languages as people write them in lists, as the codes under which texts are kept."""

from __future__ import annotations

import re
from functools import cache

_CODE = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}))?")
_TWO = 2
UNKNOWN = "und"
"""What BCP 47 writes where nobody knows: a person who never chose."""
_NO_LANGUAGE = frozenset({"mul", "zxx", "mis"})


def canonical_language(raw: str) -> str | None:
    """Give the code as our texts have it (`sw`, `pt-BR`), or None: SW, swa, en_GB are understood.

    A code of two letters must be known; of three letters any may be a small language's.
    """
    match = _CODE.fullmatch(raw.strip())
    if match is None:
        return None
    language = _aliases().get(match[1].lower(), match[1].lower())
    if language in _NO_LANGUAGE or (len(language) == _TWO and language not in _known()):
        return None
    parts = [language]
    if match[2]:
        parts.append(match[2].title())
    if match[3]:
        parts.append(match[3].upper())
    return "-".join(parts)


@cache
def _known() -> frozenset[str]:
    from babel import Locale

    return frozenset(Locale("en").languages)


@cache
def _aliases() -> dict[str, str]:
    """Give the short code of each long or outdated one that has a single short one."""
    from babel.core import get_global

    return {
        old: new
        for old, new in get_global("language_aliases").items()
        if len(old) == _TWO + 1 and len(new) == _TWO
    }
