"""What a campaign's texts may not hold, as for a flow's, and what a manager should think about twice.

Errors keep a campaign from being submitted; warnings are shown, and the audit log keeps that they were.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from smsbot.campaigns.ethics import forbidden_kind
from smsbot.campaigns.own_eyes import looks_like_a_scam
from smsbot.campaigns.replies_asked import unheard_words
from smsbot.content.checks.fit import MOST_SEGMENTS, SMS_BUDGET
from smsbot.content.checks.material import Said
from smsbot.content.checks.tone import is_labelled_practice
from smsbot.content.checks.wording import check_text
from smsbot.content.faults import Severity
from smsbot.content.source import Role
from smsbot.text.folding import bare, fold, plain, words
from smsbot.text.graphemes import clusters
from smsbot.text.gsm import Encoding
from smsbot.text.segments import segment
from smsbot.text.typography import fold_typography

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from smsbot.campaigns.preview import Preview
    from smsbot.plans import Plan

MOST_EMOJI: Final = 2
_FEW_LETTERS: Final = 6
"""So many different letters outside GSM 03.38 are an accident; more are a script."""
_EMOJI_FROM: Final = "\u2600"
_EMOJI_PLANE: Final = "\U0001f000"
_EMOJI_END: Final = "\U0001faff"
_DINGBATS_END: Final = "\u27bf"

_OFFICIAL = re.compile(
    r"\b(safaricom|airtel|mtn|vodacom|vodafone|orange money|tigo|halotel|telkom|m-?pesa|momo|wave"
    r"|polisi|police|serikali|government|gouvernement|kra|cbk|tcra|ministry|wizara)\b"
)
"""Names in which nobody speaks without being asked; a warning, since lessons name them too."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the texts are looked at against.

    `official` are the codes and numbers that may stand in them, without spaces; `capitals` words that
    are read in capitals; `stop_words` the folded spellings of STOP; `practice` the word that marks
    practice, by language.
    """

    official: frozenset[str]
    capitals: frozenset[str]
    stop_words: frozenset[str]
    practice: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about the text in one language. `code` is stable; `language` is empty for the whole."""

    severity: Severity
    code: str
    language: str
    words: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        place = f"{self.language}: " if self.language else ""
        return f"{place}{self.severity}: {self.words}{hint}"

    @property
    def is_error(self) -> bool:
        """Say whether a campaign with this finding can't be submitted."""
        return self.severity is Severity.ERROR


def lint(plan: Plan, texts: Mapping[str, str], around: Surroundings) -> tuple[Finding, ...]:
    """Give everything that is found in the texts by language, errors first."""
    found = [one for language, text in texts.items() for one in _of(text, language, plan, around)]
    if not plan.risk_note.strip():
        words = "`risk_note` is empty: who could be hurt by this campaign, and what prevents it?"
        found.append(_error("risk-note", "", words, "write it into the file: C25"))
    return tuple(sorted(found, key=lambda one: (not one.is_error, one.language, one.code)))


def prospects(found: Preview) -> Iterator[Finding]:
    """Give what a manager should think about twice in the figures of a preview."""
    if not found.reached:
        words = "nobody would be reached"
        yield _warning("nobody", "", words, "look at the audience, the purpose and the languages")
    if not found.budget_suffices:
        words = "the budget won't reach for all: it would pause on the way"
        yield _warning("budget", "", words, "raise it or reach fewer")
    if found.late:
        words = f"{found.late:,} people can't be reached before the expiry at the allowed rate"
        yield _warning("late", "", words, "let it expire later, or begin earlier in the day")


def _of(text: str, language: str, plan: Plan, around: Surroundings) -> Iterator[Finding]:
    label = around.practice.get(language, "")
    is_practice = is_labelled_practice(text, language, label)
    said = Said(
        flow="campaign",
        context="message",
        language=language,
        text=text,
        path=language,
        line=0,
        role=Role.SAY,
        item="scam" if is_practice and plan.flow else "",
    )
    faults = check_text(said, official=around.official, capitals=around.capitals, label=label)
    for fault in faults:
        yield Finding(fault.severity, fault.code, language, fault.words, fault.hint)
    if not is_practice:
        yield from _character(text, language, around)
    yield from _size(text, language)
    yield from _answers(text, language, around)


def _character(text: str, language: str, around: Surroundings) -> Iterator[Finding]:
    """Find what makes a text look like a scam, or like one of the broadcasts that we never send."""
    signs = looks_like_a_scam(text, around.official)
    if signs:
        seen = "; ".join(signs)
        words = f"by our own rules this text looks like a scam: {seen}"
        yield _error("own-eyes", language, words, "say who you are, ask for nothing")
    kind, sentence = forbidden_kind(text)
    if kind:
        words = f"the text is {kind}: {sentence[:60]!r}"
        yield _error("category", language, words, "such campaigns are refused: R38")
    named = _OFFICIAL.findall(bare(plain(text)))
    if named:
        words = f"the text names {', '.join(dict.fromkeys(named))}: people may take it for theirs"
        yield _warning("official-name", language, words, "have their word that you may")


def _size(text: str, language: str) -> Iterator[Finding]:
    """Find what a text costs that it need not cost."""
    measured = segment(text)
    if measured.segments > SMS_BUDGET:
        words = f"the text takes {measured.segments} segments, over {SMS_BUDGET}"
        if measured.segments > MOST_SEGMENTS:
            yield _error("sms-too-long", language, words, f"{MOST_SEGMENTS} at most")
        else:
            yield _warning("sms-long", language, words, "each segment is paid for each person")
    emoji = sum(map(_is_emoji, clusters(text)))
    if emoji > MOST_EMOJI:
        words = f"the text holds {emoji} emoji, over {MOST_EMOJI}: basic phones show boxes"
        yield _error("emoji", language, words, "say it in words")
    if measured.encoding is Encoding.UCS2:
        yield from _forced(text, language, measured.segments, measured.forces)


def _forced(
    text: str, language: str, segments: int, forces: tuple[tuple[str, int], ...]
) -> Iterator[Finding]:
    """Name the few letters that make a text dearer, and what it would take without them."""
    letters = list(dict.fromkeys(letter for letter, _ in forces))
    if len(letters) > _FEW_LETTERS:
        return  # the language's own script
    without = fold_typography(text)
    for letter in letters:
        without = without.replace(letter, "")
    cheaper = segment(without).segments
    if cheaper < segments:
        shown = " ".join(f"{letter} (U+{ord(letter):04X})" for letter in letters)
        words = f"{shown} makes {segments} segments of what takes {cheaper} without"
        yield _warning("ucs2", language, words, "write it with the letters of GSM 03.38")


def _answers(text: str, language: str, around: Surroundings) -> Iterator[Finding]:
    """Find answers that would not reach us, and a text that does not say how to end them."""
    for word, is_stop in unheard_words(text):
        if is_stop:
            fate = f"who answers {word} is opted out, by the gateway or by us"
            yield _error("stop-word", language, fate, "ask for another word")
        else:
            fate = f"an answer {word} is the gateway's own word: it may never reach us"
            yield _warning("gateway-word", language, fate, "ask for another word")
    if around.stop_words.isdisjoint(words(fold(text))):
        missing = "the text does not say how to end these messages"
        yield _warning("no-stop", language, missing, "add: STOP to end")


def _is_emoji(cluster: str) -> bool:
    first = cluster[0]
    return _EMOJI_FROM <= first <= _DINGBATS_END or _EMOJI_PLANE <= first <= _EMOJI_END


def _error(code: str, language: str, words: str, hint: str) -> Finding:
    return Finding(Severity.ERROR, code, language, words, hint)


def _warning(code: str, language: str, words: str, hint: str) -> Finding:
    return Finding(Severity.WARNING, code, language, words, hint)
