"""Links in a text: found without scheme, named by the domain that somebody registered, defanged."""

from __future__ import annotations

import re
from typing import Final

_LONGEST: Final = 5000
_TOP: Final = (
    "com|org|net|info|biz|app|online|site|shop|xyz|top|link|click|club|live|vip|icu|dev|africa|mobi"
    "|page|tech|win|loan|store|work|fun|bit|me|ly|gl|gd|io|co|ke|tz|ug|ng|gh|rw|za|et|sn|ci|cm|mz|ao"
    "|ml|bf|bj|tg|cd|bi|ss|zm|zw|mw|uk|fr|eu|us|ru|cn|in"
)
URL: Final = re.compile(
    rf"(?<![\w@.])(?:(?:https?|hxxps?)://)?(?:[a-z0-9-]{{1,63}}(?:\.|\[\.\])){{1,6}}(?:{_TOP})"
    r"(?![\w-])(?:/[^\s<>\"']{0,300})?",
    re.IGNORECASE,
)
_TRAILING: Final = ".,;:!?)]}'\""
_SECOND_LEVEL: Final = frozenset(
    {"co", "go", "or", "ac", "ne", "sc", "gov", "edu", "com", "org", "me"}
)
_COUNTRY_LETTERS: Final = 2


def find_urls(text: str) -> list[str]:
    """Give the links of a text without scheme, as `host/path`, the host in small letters."""
    found = []
    for match in URL.finditer(text[:_LONGEST]):
        link = match[0].replace("[.]", ".").rstrip(_TRAILING)
        bare = re.sub(r"^(?:https?|hxxps?)://", "", link, flags=re.IGNORECASE)
        host, slash, path = bare.partition("/")
        top = host.rpartition(".")[2].lower()
        is_plain_word = len(top) == _COUNTRY_LETTERS and not slash and "://" not in match[0]
        if is_plain_word and host.count(".") < 2 and not host.lower().startswith("www."):  # noqa: PLR2004
            continue  # "asante.me": a full stop without a space
        found.append(host.lower() + slash + path)
    return list(dict.fromkeys(found))


def registered_domain(url: str) -> str:
    """Give the part of a link's host that somebody registered: `x.co.ke` of `a.b.x.co.ke/p`.

    By a short list of second levels (co, go, or, ac ...), which fits Africa's registries.
    """
    labels = url.partition("/")[0].partition(":")[0].split(".")
    keep = 2
    if len(labels) > keep and len(labels[-1]) == _COUNTRY_LETTERS and labels[-2] in _SECOND_LEVEL:
        keep = 3
    return ".".join(labels[-keep:])


def defanged(url: str) -> str:
    """Give a link that no phone makes clickable: `bit[.]ly/x`."""
    host, slash, path = url.replace("[.]", ".").partition("/")
    return host.replace(".", "[.]") + slash + path.replace(".", "[.]")
