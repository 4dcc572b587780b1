"""Translations of one flow (or of the service's own words) in one language, and their review.

An entry is missing (no words), a draft (a machine or an unreviewed person wrote it, or the source
changed since), or reviewed: a native speaker approved it, by a line `# reviewed: NAME DATE [seal]`.
The seal is a hash of source and translation, so that words edited afterwards are a draft again.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from smsbot.content.po import Entry, PoFile, read_po, without_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CORE = "core"
"""The catalogue of the service's own words: core.po."""

MAX_NAME = 60
_REVIEWED = re.compile(
    r"reviewed: (?P<by>.+?) (?P<on>\d{4}-\d{2}-\d{2})(?: \[(?P<seal>[0-9a-f]{8})\])?"
)
_NUMBERS = re.compile(r"\d+")


class Review(StrEnum):
    """How far a translation may be trusted. Only `reviewed` is said to citizens in production."""

    MISSING = "missing"
    DRAFT = "draft"
    REVIEWED = "reviewed"


class Wanted(NamedTuple):
    """A text that needs a translation. `msgctxt` names it; `note` tells translators what it is."""

    msgctxt: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One PO file: messages/<language>/<flow>.po. Obsolete entries are kept but not offered."""

    language: str
    flow: str
    path: str
    file: PoFile
    entries: Mapping[str, Entry]
    """The live entries by msgctxt."""

    def review(self, wanted: Wanted) -> Review:
        """Say how far the translation of this text may be trusted."""
        entry = self.entries.get(wanted.msgctxt)
        if entry is None or not entry.text.strip():
            return Review.MISSING
        if entry.fuzzy or entry.msgid != wanted.text or not is_reviewed(entry):
            return Review.DRAFT
        return Review.REVIEWED

    def text(self, wanted: Wanted) -> str:
        """Give the translation, or an empty text."""
        entry = self.entries.get(wanted.msgctxt)
        return entry.text if entry else ""

    def line(self, msgctxt: str) -> int:
        """Give the line of a translation in the file, for faults."""
        entry = self.entries.get(msgctxt)
        return entry.text_line if entry else 1


def catalogue(language: str, flow: str, path: str, raw: bytes) -> Catalogue:
    """Read a PO file; its faults stand in `file.faults`."""
    file = read_po(raw)
    entries = {entry.context: entry for entry in file.entries if not entry.obsolete}
    return Catalogue(language, flow, path, file, entries)


def is_reviewed(entry: Entry) -> bool:
    """Say whether a reviewer approved exactly these words of exactly this source."""
    return any(
        found["seal"] in (None, _seal(entry))
        for found in map(_REVIEWED.fullmatch, entry.comments)
        if found
    )


def is_review_name(name: str) -> bool:
    """Say whether this can stand as a reviewer's name in a PO file."""
    return (
        name == name.strip()
        and name.isprintable()
        and 0 < len(name) <= MAX_NAME
        and ("[" not in name)
    )


def counts(found: Catalogue | None, wanted: Iterable[Wanted]) -> dict[Review, int]:
    """Count the texts by review."""
    total = dict.fromkeys(Review, 0)
    for text in wanted:
        total[found.review(text) if found else Review.MISSING] += 1
    return total


# --- merge: what `smsbot messages update` does ---------------------------------------------------


def merged(language: str, flow: str, old: PoFile | None, wanted: Sequence[Wanted]) -> PoFile:
    """Give the file with an entry for every wanted text, in their order.

    Same place and same source: kept as it is. Same source at another place (an option moved): its
    translation moves along. Same place, new source: the translation stays as fuzzy with the previous
    msgid. What nobody wants any more is kept as obsolete. Merging twice changes nothing.
    """
    had = old.entries if old else ()
    live = {(entry.context, entry.msgid): entry for entry in had if not entry.obsolete}
    taken: set[tuple[str, str]] = {
        (text.msgctxt, text.text) for text in wanted if (text.msgctxt, text.text) in live
    }
    by_source: dict[str, list[Entry]] = {}
    for entry in had:
        if entry.text and (entry.obsolete or (entry.context, entry.msgid) not in taken):
            by_source.setdefault(entry.msgid, []).append(entry)
    found: list[Entry | None] = []
    for text in wanted:
        same = live.get((text.msgctxt, text.text)) or _moved(text, by_source)
        if same:
            taken.add((same.context, same.msgid))
        found.append(_at(same, text) if same else None)
    by_place = {
        entry.context: entry
        for entry in had
        if not entry.obsolete and entry.text and (entry.context, entry.msgid) not in taken
    }
    entries = []
    for text, kept in zip(wanted, found, strict=True):
        changed = None if kept else by_place.pop(text.msgctxt, None)
        if changed:
            taken.add((changed.context, changed.msgid))
        entries.append(kept or (_changed(changed, text) if changed else _new(text)))
    return PoFile(
        old.header if old and old.header else header(language),
        old.header_comments if old else _about(language, flow),
        (*entries, *_left(had, taken)),
    )


def header(language: str) -> str:
    """Give the header of a new file: no dates, so that nothing changes by itself."""
    return (
        "Project-Id-Version: smsbot\n"
        f"Language: {language}\n"
        "MIME-Version: 1.0\n"
        "Content-Type: text/plain; charset=UTF-8\n"
        "Content-Transfer-Encoding: 8bit\n"
    )


class Approval(NamedTuple):
    """What approving did: texts newly marked, without a translation, and of an older source."""

    file: PoFile
    marked: int
    missing: int
    outdated: int


def approved(old: PoFile, wanted: Sequence[Wanted], by: str, on: str) -> Approval:
    """Mark the translations of the wanted texts as reviewed.

    One whose source is another text by now is left as it is: its reviewer has not seen the new one.
    """
    texts = {text.msgctxt: text.text for text in wanted}
    entries, marked, outdated, seen = [], 0, 0, set()
    for entry in old.entries:
        live = not entry.obsolete and entry.context in texts and bool(entry.text.strip())
        if live:
            seen.add(entry.context)
        if live and texts[entry.context] != entry.msgid:
            outdated += 1
        elif live and (entry.fuzzy or not is_reviewed(entry)):
            marked += 1
            line = f"reviewed: {by} {on} [{_seal(entry)}]"
            comments = (*_unreviewed(entry.comments), line)
            entries.append(without_lines(entry, fuzzy=False, previous="", comments=comments))
            continue
        entries.append(entry)
    file = PoFile(old.header, old.header_comments, tuple(entries))
    return Approval(file, marked, len(texts.keys() - seen), outdated)


def _moved(text: Wanted, by_source: dict[str, list[Entry]]) -> Entry | None:
    """Take the translation of the same source from another place: first from the likest."""
    offered = by_source.get(text.text)
    if not offered:
        return None
    kin = _kin(text.msgctxt)
    offered.sort(key=lambda entry: (_kin(entry.context) != kin, entry.obsolete))
    return offered.pop(0)


def _at(entry: Entry, text: Wanted) -> Entry:
    """Give the entry at its wanted place; words from a place of another kind need a new look."""
    strange = _kin(entry.context) != _kin(text.msgctxt)
    return without_lines(
        entry,
        context=text.msgctxt,
        notes=_notes(text),
        obsolete=False,
        fuzzy=entry.fuzzy or strange,
        comments=_unreviewed(entry.comments) if strange else entry.comments,
    )


def _changed(entry: Entry, text: Wanted) -> Entry:
    return without_lines(
        entry,
        msgid=text.text,
        fuzzy=True,
        previous=entry.previous or entry.msgid,
        comments=_unreviewed(entry.comments),
        notes=_notes(text),
    )


def _new(text: Wanted) -> Entry:
    return Entry(text.msgctxt, text.text, notes=_notes(text))


def _left(had: Iterable[Entry], taken: set[tuple[str, str]]) -> list[Entry]:
    """Give what nobody wants any more, once each, if it holds somebody's work."""
    left: dict[tuple[str, str], Entry] = {}
    for entry in had:
        key = (entry.context, entry.msgid)
        if entry.text and key not in taken:
            left[key] = without_lines(entry, obsolete=True, previous="", notes=())
    return list(left.values())


def _kin(context: str) -> str:
    """Give the place without its numbers: the options of one menu are kin."""
    return _NUMBERS.sub("#", context)


def _notes(text: Wanted) -> tuple[str, ...]:
    return (text.note,) if text.note else ()


def _unreviewed(comments: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(line for line in comments if not _REVIEWED.fullmatch(line))


def _seal(entry: Entry) -> str:
    words = f"{entry.msgid}\0{entry.text}".encode()
    return hashlib.blake2b(words, digest_size=4).hexdigest()


def _about(language: str, flow: str) -> tuple[str, ...]:
    course = flow.removeprefix("course-")
    what = f"the flow {flow}" if course == flow else f"the course {course}"
    what = "the service's own words" if flow == CORE else what
    return (f"Translation of {what} to {language}.",)
