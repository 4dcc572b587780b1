"""What authors and translators do with messages/: extract and merge, count, approve."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from smsbot.content import course_source
from smsbot.content.catalogue import (
    CORE,
    Review,
    approved,
    catalogue,
    counts,
    is_review_name,
    merged,
)
from smsbot.content.compiling import wanted_of
from smsbot.content.corewords import CORE_WANTED, WORD
from smsbot.content.faults import did_you_mean
from smsbot.content.loader import is_language, load_content
from smsbot.content.po import write_po
from smsbot.errors import ContentError, NotFound, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from smsbot.content.catalogue import Catalogue, Wanted
    from smsbot.content.faults import Fault
    from smsbot.content.loader import Loaded
    from smsbot.content.po import PoFile


_UNREADABLE = ("yaml", "schema", "po", "course")
"""Faults of a file that keep its texts from being read."""


class Written(NamedTuple):
    """A PO file that an update changed: how many texts it has, and how many wait for words."""

    path: Path
    texts: int
    missing: int
    drafts: int


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update did. `faults` are those that kept a flow or a PO file from being merged."""

    written: tuple[Written, ...]
    unchanged: int
    faults: tuple[Fault, ...]


class Coverage(NamedTuple):
    """How far a flow (or `core`) is in a language. The three counts add up to `texts`."""

    flow: str
    language: str
    texts: int
    reviewed: int
    drafts: int
    missing: int

    @property
    def spoken(self) -> str:
        """Give where citizens hear it: in `production`, in `dev` alone, or `nowhere`."""
        if self.missing:
            return "nowhere"
        return "dev" if self.drafts else "production"


class Approved(NamedTuple):
    """What an approval came to."""

    marked: int
    missing: int
    outdated: int


def update(flows_dir: Path, messages_dir: Path, languages: Sequence[str] = ()) -> Updated:
    """Write a PO file for each flow and `core` in each language, merged with what is there.

    Without `languages` those that have a folder. A flow or a PO file that can't be read is left alone.
    Doing it twice writes nothing the second time.
    """
    strange = [language for language in languages if not is_language(language)]
    if strange:
        raise Refused(f"{strange[0]!r} is no language code, such as sw or pt-MZ")
    loaded = load_content(flows_dir, messages_dir, production=False)
    blocked = [fault for fault in loaded.faults if fault.code in _UNREADABLE]
    unreadable = {fault.path for fault in blocked}
    written, unchanged = [], 0
    for language in languages or _languages(loaded, messages_dir):
        for flow, wanted in _wanted(loaded, language):
            path = messages_dir / language / f"{flow}.po"
            old = loaded.catalogues.get((language, flow))
            if str(path) in unreadable or (flow == CORE and language == "en" and old is None):
                continue
            file = merged(language, flow, old.file if old else None, wanted)
            if _write(path, file):
                state = _coverage(flow, language, _read(language, flow, path, file), wanted)
                written.append(Written(path, state.texts, state.missing, state.drafts))
            else:
                unchanged += 1
    return Updated(tuple(written), unchanged, tuple(blocked))


def status(flows_dir: Path, messages_dir: Path) -> tuple[Coverage, ...]:
    """Give the coverage and review of every flow in every language but its own; `core` comes first."""
    loaded = load_content(flows_dir, messages_dir, production=False)
    found = [
        _coverage(flow, language, loaded.catalogues.get((language, flow)), wanted)
        for language in _languages(loaded, messages_dir)
        for flow, wanted in _wanted(loaded, language)
        if not (flow == CORE and language == "en")
    ]
    return tuple(sorted(found, key=lambda each: (each.flow != CORE, each.flow, each.language)))


def approve(
    flows_dir: Path, messages_dir: Path, *, language: str, flow: str, by: str, on: str
) -> Approved:
    """Mark every translation of a flow in a language as reviewed by a person on a day (2026-11-22).

    Raises NotFound for a flow or a language without a PO file, Refused for a name that the PO file
    can't hold, ContentError for a PO file that can't be read.
    """
    loaded = load_content(flows_dir, messages_dir, production=False)
    flows = dict(_wanted(loaded, language))
    if flow not in flows:
        raise NotFound(f"there is no flow {flow!r} to translate; {did_you_mean(flow, flows)}")
    found = loaded.catalogues.get((language, flow))
    path = messages_dir / language / f"{flow}.po"
    if found is None:
        raise NotFound(f"there is no {path}: run `smsbot messages update --lang {language}` first")
    if found.file.faults:
        fault = found.file.faults[0]
        raise ContentError(f"{path}:{fault.line}: {fault.words}")
    if not is_review_name(by):
        raise Refused("give the reviewer's name: letters on one line, without brackets")
    done = approved(found.file, flows[flow], by, on)
    if done.marked:
        _write(path, done.file)
    return Approved(done.marked, done.missing, done.outdated)


def _languages(loaded: Loaded, messages_dir: Path) -> list[str]:
    """Give the languages that have a folder, or a flow written in them."""
    folders = {path.name for path in messages_dir.glob("*") if path.is_dir()}
    own = {source.doc.language for source in loaded.sources.values()}
    own |= {course.doc.language for course in loaded.courses.values()}
    return sorted({name for name in folders if is_language(name)} | own)


def _wanted(loaded: Loaded, language: str) -> Iterator[tuple[str, tuple[Wanted, ...]]]:
    yield CORE, CORE_WANTED
    for flow, source in sorted(loaded.sources.items()):
        if source.doc.language != language:
            yield flow, wanted_of(source)
    for course in loaded.courses.values():
        if course.doc.language != language:
            yield course.catalogue, course_source.wanted_of(course)


def _coverage(
    flow: str, language: str, found: Catalogue | None, wanted: Sequence[Wanted]
) -> Coverage:
    """Count; the words that people send us need no review, so they don't count."""
    texts = [text for text in wanted if flow != CORE or not text.msgctxt.startswith(WORD)]
    by_review = counts(found, texts)
    return Coverage(
        flow,
        language,
        len(texts),
        by_review[Review.REVIEWED],
        by_review[Review.DRAFT],
        by_review[Review.MISSING],
    )


def _read(language: str, flow: str, path: Path, file: PoFile) -> Catalogue:
    return catalogue(language, flow, str(path), write_po(file))


def _write(path: Path, file: PoFile) -> bool:
    """Write the file whole or not at all; say whether it was other than before."""
    raw = write_po(file)
    if path.exists() and path.read_bytes() == raw:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(raw)
    partial.replace(path)
    return True
