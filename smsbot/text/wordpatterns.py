"""Patterns of words that an analyst can read, matched in bounded time: `@give .. your? @secret`.

A text becomes small words without accents; a link, a dialling code, a phone, a sum, an id or a number
is one word: `<url>`, `<code>`, `<phone>`, `<amount>`, `<id>`, `<number>`. In a pattern stand a word,
`(this|that)`, a beginning (`umeshind*`), `@list`, `<phone>`, each perhaps with `?` behind it, and `..`
for up to six words of the same sentence. There is no way to write a pattern that takes long.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from smsbot.errors import ContentError
from smsbot.text.folding import bare, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

T = TypeVar("T")
LONGEST: Final = 1600
CLASSES: Final = ("<url>", "<code>", "<phone>", "<amount>", "<id>", "<number>")
_END, _PAUSE = ".", ","
_GAP: Final = 6
_LOOK_BACK: Final = 8
_MOST_PARTS: Final = 12
_KEY: Final = 3
_MONEY: Final = (
    r"ksh|kshs|kes|tsh|tshs|tzs|ugx|ush|shs|sh|rwf|frw|fcfa|cfa|xof|xaf|ngn|ghs|etb|usd|gbp|gh"
)
_TOKEN: Final = re.compile(
    r"(?P<url>(?:https?|hxxps?)://\S{1,400}|www\.\S{1,400}"
    r"|\b[a-z0-9-]{2,63}\.(?:com|net|org|info|biz|me|ly|xyz|top|app|link|page|site|online|shop|click|vip"
    r"|co(?:\.[a-z]{2})?|or\.[a-z]{2}|africa|win|loan)\b(?:/\S{0,400})?)"
    r"|(?P<code>(?<![\w*#])[*#][\d*#+]{1,60})"
    rf"|(?P<amount>(?:\b(?:{_MONEY})\.?:? {{0,2}}|[$£€₦] ?)\d{{1,12}}(?:[.,]\d{{1,3}}){{0,4}}(?: ?[km]\b)?"
    rf"|\b\d{{1,12}}(?:[.,]\d{{1,3}}){{0,4}} ?(?:/[=-]|(?:{_MONEY}|shillings|shilingi|bob|naira|francs?)\b|[£€]))"
    r"|(?P<phone>\+?\(?\b\d(?:[ ().-]?\d){8,13}\b)"
    r"|(?P<id>\b(?=[a-z]{0,14}\d)(?=\d{0,14}[a-z])[a-z0-9]{8,14}\b)"
    r"|(?P<number>\d{1,20}(?:[,.:/]\d{1,6}){0,6}(?![^\W\d_]))"
    r"|(?P<word>[^\W_]+(?:-[^\W_]+)*)"
    r"|(?P<end>[.!?;\n]+)"
    r"|(?P<comma>,)"
)
_PART: Final = re.compile(r"(\.\.)|(?:(@[a-z-]{1,30})|\(([^()]{1,600})\)|([^\s()@?]{1,40}))(\?)?")


@dataclass(frozen=True, slots=True)
class _Part:
    exact: frozenset[str]
    beginnings: tuple[str, ...]
    gap: int
    optional: bool

    def takes(self, token: str) -> bool:
        return token in self.exact or (
            bool(self.beginnings) and token[0] != "<" and token.startswith(self.beginnings)
        )


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern; `text` is as it was written."""

    text: str
    parts: tuple[_Part, ...]

    def ends(self, tokens: Sequence[str], start: int) -> int:
        """Give the index behind the match that begins at `start`, or -1."""
        if not self.parts[0].takes(tokens[start]):
            return -1
        return _ends(self.parts, 1, tokens, start + 1)


def tokens_of(text: str) -> list[str]:
    """Give the words of a text; `.` ends a sentence, `,` is a pause. The first 1,600 letters are read."""
    found: list[str] = []
    for match in _TOKEN.finditer(bare(plain(text[:LONGEST]))):
        kind = match.lastgroup
        if kind == "word":
            found.append(match[0])
        elif kind == "end":
            found.append(".")
        elif kind == "comma":
            found.append(",")
        else:
            found.append(f"<{kind}>")
    return found


def compile_pattern(text: str, lists: Mapping[str, Sequence[str]]) -> Pattern:
    """Compile; raise ContentError that says in words what is wrong. `lists` are what `@name` stands for."""
    parts: list[_Part] = []
    gap, at = 0, 0
    for match in _PART.finditer(text):
        if text[at : match.start()].strip():
            raise ContentError(f"{text[at : match.start()].strip()[:20]!r} has no meaning")
        at = match.end()
        if match[1]:
            if not parts or gap:
                raise ContentError("`..` stands between two words")
            gap = _GAP
            continue
        exact, beginnings = _choices(match, lists)
        parts.append(_Part(exact, beginnings, gap, bool(match[5])))
        gap = 0
    if text[at:].strip():
        raise ContentError(f"{text[at:].strip()[:20]!r} has no meaning")
    if not parts or gap or parts[0].optional:
        raise ContentError("a pattern begins with a word that must be there, and ends with a word")
    if len(parts) > _MOST_PARTS:
        raise ContentError(f"a pattern has {_MOST_PARTS} parts at most")
    return Pattern(text, tuple(parts))


def _choices(
    match: re.Match[str], lists: Mapping[str, Sequence[str]]
) -> tuple[frozenset[str], tuple[str, ...]]:
    said = [match[2]] if match[2] else match[3].split("|") if match[3] else [match[4]]
    words: list[str] = []
    for word in said:
        if not word.startswith("@"):
            words.append(word)
        elif word[1:] in lists:
            words += lists[word[1:]]
        else:
            raise ContentError(f"there is no list {word}")
    exact, beginnings = set(), set()
    for raw in words:
        word = bare(plain(raw.strip()))
        if word.startswith("<"):
            if word not in CLASSES:
                raise ContentError(f"{word} is none of {' '.join(CLASSES)}")
            exact.add(word)
        elif word.endswith("*"):
            if len(word) <= _KEY or len(tokens_of(word[:-1])) != 1:
                raise ContentError(f"{raw!r} needs three letters before the *")
            beginnings.add(word[:-1])
        elif tokens_of(word) != [word]:
            raise ContentError(f"{raw!r} is no single word")
        else:
            exact.add(word)
    return frozenset(exact), tuple(sorted(beginnings))


def _ends(parts: Sequence[_Part], index: int, tokens: Sequence[str], at: int) -> int:
    if index == len(parts):
        return at
    part = parts[index]
    skipped = 0
    for place in range(at, len(tokens)):
        token = tokens[place]
        if part.takes(token):
            end = _ends(parts, index + 1, tokens, place + 1)
            if end >= 0:
                return end
        if token == _END:
            break
        if token != _PAUSE:
            skipped += 1
        if skipped > part.gap:
            break
    return _ends(parts, index + 1, tokens, at) if part.optional else -1


class PatternIndex(Generic[T]):
    """Many patterns, looked up by their first word, so that a text asks only those that may match."""

    def __init__(self, patterns: Iterable[tuple[Pattern, T]]) -> None:
        self._exact: dict[str, list[tuple[Pattern, T]]] = {}
        self._beginnings: dict[str, list[tuple[Pattern, T]]] = {}
        for pattern, owner in patterns:
            for word in pattern.parts[0].exact:
                self._exact.setdefault(word, []).append((pattern, owner))
            for word in {begin[:_KEY] for begin in pattern.parts[0].beginnings}:
                self._beginnings.setdefault(word, []).append((pattern, owner))

    def matches(self, tokens: Sequence[str]) -> Iterator[tuple[T, int, int]]:
        """Give (owner, start, end) of every pattern that matches, at each place where it begins."""
        for start, token in enumerate(tokens):
            for found in (self._exact.get(token, ()), self._beginnings.get(token[:_KEY], ())):
                for pattern, owner in found:
                    end = pattern.ends(tokens, start)
                    if end >= 0:
                        yield owner, start, end


def is_negated(tokens: Sequence[str], start: int, end: int, never: Pattern, go_on: Pattern) -> bool:
    """Say whether a word of `never` stands in a match or up to eight words before it in its clause.

    `don't delay, send ..` negates nothing: a word of `go_on` behind it takes it back.
    """
    first = start
    while first > 0 and start - first < _LOOK_BACK and tokens[first - 1] not in (".", ","):
        first -= 1
    for place in range(first, end):
        if never.parts[0].takes(tokens[place]):
            follows = tokens[place + 1] if place + 1 < len(tokens) else "."
            if not go_on.parts[0].takes(follows):
                return True
    return False
