"""The service's own words in every language: core.po files become templates and spellings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from smsbot.content.catalogue import CORE, Review, Wanted
from smsbot.content.corewords import CORE_TEXTS, WORD, WORDS, spellings
from smsbot.content.faults import Fault, Severity
from smsbot.engine.render import compile_template
from smsbot.errors import ContentError
from smsbot.text.folding import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from smsbot.content.catalogue import Catalogue
    from smsbot.engine.model import Template

ENGLISH = "en"
_ANSWERS = ("YES", "NO")
_LANGUAGE = "LANGUAGE"


@dataclass(slots=True)
class Core:
    """What `Content` needs of core.po. `languages` begins with English."""

    languages: tuple[str, ...] = (ENGLISH,)
    drafts: frozenset[str] = frozenset()
    texts: dict[str, dict[str, Template]] = field(default_factory=dict)
    language_names: dict[str, str] = field(default_factory=dict)
    service_words: dict[str, dict[str, str]] = field(default_factory=dict)
    yes_words: dict[str, frozenset[str]] = field(default_factory=dict)
    no_words: dict[str, frozenset[str]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def build_core(catalogues: Mapping[str, Catalogue], *, production: bool) -> Core:
    """Give the words of English and of each language whose core.po is whole (in production: reviewed).

    The words that people send us count in every language as soon as they stand in a core.po, reviewed
    or not: a STOP must never wait for a reviewer.
    """
    core = Core()
    own = catalogues.get(ENGLISH)
    core.texts[ENGLISH] = {
        word.key: _template(core, own, Wanted(word.key, word.english)) for word in CORE_TEXTS
    }
    drafts = set()
    for language in sorted(catalogues.keys() - {ENGLISH}):
        found = catalogues[language]
        reviews = {found.review(Wanted(word.key, word.english)) for word in CORE_TEXTS}
        texts = {
            word.key: _template(core, found, Wanted(word.key, word.english)) for word in CORE_TEXTS
        }
        if Review.MISSING in reviews or (production and Review.DRAFT in reviews):
            continue
        core.texts[language] = texts
        core.languages += (language,)
        if Review.DRAFT in reviews:
            drafts.add(language)
    core.drafts = frozenset(drafts)
    core.language_names = {
        language: core.texts[language]["language-name"].source for language in core.languages
    }
    _add_words(core, catalogues)
    return core


def _template(core: Core, found: Catalogue | None, wanted: Wanted) -> Template:
    words = found.text(wanted) if found else ""
    if not words.strip():
        return compile_template(wanted.text)
    try:
        return compile_template(words)
    except ContentError as error:
        assert found is not None
        line = found.line(wanted.msgctxt)
        core.faults.append(Fault(found.path, line, Severity.ERROR, "placeholder", str(error)))
        return compile_template(wanted.text)


# --- the words that people send us ---------------------------------------------------------------


def _add_words(core: Core, catalogues: Mapping[str, Catalogue]) -> None:
    meanings: dict[str, str] = {}
    for language, word, spelling, path, line in _spelled(catalogues):
        if word in _ANSWERS:
            continue
        if word == _LANGUAGE and language not in core.languages:
            continue  # nobody can be spoken to in it yet
        meaning = f"{word} {language}" if word == _LANGUAGE else word
        other = meanings.setdefault(spelling, meaning)
        if other != meaning:
            words = f"{spelling!r} means {other} already: it can't mean {meaning} too"
            core.faults.append(Fault(path, line, Severity.ERROR, "word-twice", words))
            continue
        core.service_words.setdefault(word, {}).setdefault(spelling, language)
    for word, target in (("YES", core.yes_words), ("NO", core.no_words)):
        by_language: dict[str, set[str]] = {language: set() for language in core.languages}
        for language, each, spelling, _, _ in _spelled(catalogues):
            if each == word and language in by_language:
                by_language[language].add(spelling)
        english = by_language[ENGLISH]
        target.update({lang: frozenset(own | english) for lang, own in by_language.items()})


def _spelled(catalogues: Mapping[str, Catalogue]) -> Iterator[tuple[str, str, str, str, int]]:
    """Give (language, word, folded spelling, path, line): first the English ones, then by language."""
    for word in WORDS:
        for spelling in spellings(word.english):
            yield ENGLISH, word.key, fold(spelling), CORE, 1
    for language in sorted(catalogues, key=lambda language: (language != ENGLISH, language)):
        found = catalogues[language]
        for word in WORDS:
            entry = found.entries.get(WORD + word.key)
            for spelling in spellings(entry.text if entry else ""):
                yield language, word.key, fold(spelling), found.path, found.line(WORD + word.key)
