"""Reads the folder of triage rules: a typology to match with, or every fault with file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from smsbot.content.documents import document_faults
from smsbot.content.faults import Fault, Severity
from smsbot.content.triage_schema import RulesDoc
from smsbot.content.yamlfile import YamlError, read_yaml
from smsbot.errors import ContentError
from smsbot.text.typology import GENUINE, MARKETING, UNCLEAR, Sign, Typology
from smsbot.text.wordpatterns import Pattern, compile_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from smsbot.content.triage_schema import SignDoc
    from smsbot.content.yamlfile import Path_, YamlFile

FOLDER = "triage"
"""In the flows folder."""
NEVER, GO_ON = "never", "go-on"
"""The lists that patterns are negated by: `never send`, and not by `do not delay`."""
KNOWN_TYPES = frozenset(
    {*(f"T{number:02}" for number in range(1, 23)), MARKETING, GENUINE, UNCLEAR}
)
_PATTERNS = {
    r"^T\d{2}$": "a type such as T01",
    "^[a-z][a-z0-9-]{0,39}$": "small letters, digits and hyphens, 40 at most",
    "^[a-z]{2,3}$": "a language code such as en, sw or lg",
}


def load_typology(folder: Path) -> Typology:
    """Give the typology of a folder; raise ContentError with every fault."""
    typology, faults = read_typology(folder)
    if typology is None:
        first = faults[0] if faults else f"{folder} holds no rules"
        more = f" and {len(faults) - 1} more: run smsbot check" if len(faults) > 1 else ""
        raise ContentError(f"the triage rules can't be used: {first}{more}", tuple(faults))
    return typology


def read_typology(folder: Path) -> tuple[Typology | None, list[Fault]]:
    """Read every file of the folder: the typology, or None and the faults."""
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        return None, [_fault(str(folder), 1, "there are no rules (*.yaml) in this folder")]
    faults: list[Fault] = []
    read: list[tuple[YamlFile, RulesDoc]] = []
    for path in paths:
        file, doc, found = _read(path)
        faults += found
        if file is not None and doc is not None:
            read.append((file, doc))
    if faults:
        return None, sorted(faults)
    return _compiled(read, folder)


def _compiled(
    read: list[tuple[YamlFile, RulesDoc]], folder: Path
) -> tuple[Typology | None, list[Fault]]:
    lists = {name: words for _, doc in read for name, words in doc.lists.items()}
    faults = [*_shape_faults(read, str(folder)), *_list_faults(read)]
    special = {}
    for name in (NEVER, GO_ON):
        try:
            special[name] = compile_pattern(f"@{name}", lists)
        except ContentError as wrong:
            faults.append(_fault(str(folder), 1, f"the list `{name}`: {wrong}"))
    signs: list[Sign] = []
    for file, doc in read:
        for number, type_doc in enumerate(doc.types):
            for index, sign in enumerate(type_doc.signs):
                place = ("types", number, "signs", index)
                compiled, found = _compile(file, place, sign, type_doc.id, lists)
                faults += found
                signs.append(compiled)
    if faults:
        return None, sorted(set(faults))
    names = {each.id: each.name for _, doc in read for each in doc.types}
    return Typology(names, signs, special[NEVER], special[GO_ON]), []


def _read(path: Path) -> tuple[YamlFile | None, RulesDoc | None, list[Fault]]:
    try:
        file = read_yaml(path)
    except YamlError as error:
        return None, None, [_fault(str(path), each.line, each.words) for each in error.faults]
    if not isinstance(file.data, dict):
        return file, None, [_fault(str(path), 1, "must be a mapping with lists or types")]
    try:
        return file, RulesDoc.model_validate(file.data), []
    except ValidationError as error:
        faults = document_faults(file, error, RulesDoc, _PATTERNS)
        return file, None, [_fault(each.path, each.line, each.words, each.hint) for each in faults]


def _shape_faults(read: list[tuple[YamlFile, RulesDoc]], folder: str) -> Iterator[Fault]:
    """Find what one entry alone cannot show: names that stand twice, types that nobody knows or gave."""
    seen: dict[str, str] = {}
    for file, doc in read:
        for name in doc.lists:
            yield from _twice(seen, f"the list {name}", file, ("lists", name))
        for number, each in enumerate(doc.types):
            place: Path_ = ("types", number)
            yield from _twice(seen, f"the type {each.id}", file, (*place, "id"))
            if each.id not in KNOWN_TYPES:
                words = f"there is no type {each.id}"
                yield _fault(
                    file.path, file.line((*place, "id")), words, "T01 to T22, T90, T91, T99"
                )
            for index, sign in enumerate(each.signs):
                yield from _twice(seen, f"the sign {sign.name}", file, (*place, "signs", index))
    missing = sorted(KNOWN_TYPES - {each.id for _, doc in read for each in doc.types})
    if missing:
        yield _fault(folder, 1, f"no file has the type {', '.join(missing)}")


def _twice(seen: dict[str, str], what: str, file: YamlFile, place: Path_) -> Iterator[Fault]:
    line = file.line(place)
    if what in seen:
        yield _fault(file.path, line, f"{what} stands twice, first at {seen[what]}")
    seen.setdefault(what, f"{file.path}:{line}")


def _list_faults(read: list[tuple[YamlFile, RulesDoc]]) -> Iterator[Fault]:
    for file, doc in read:
        for name, words in doc.lists.items():
            for index, word in enumerate(words):
                try:
                    compile_pattern("@one", {"one": [word]})
                except ContentError as wrong:
                    yield _fault(file.path, file.line(("lists", name, index)), str(wrong))


def _compile(
    file: YamlFile, place: Path_, doc: SignDoc, type_id: str, lists: dict[str, list[str]]
) -> tuple[Sign, list[Fault]]:
    patterns: list[Pattern] = []
    faults: list[Fault] = []
    for language, words in doc.words.items():
        for index, text in enumerate(words):
            try:
                patterns.append(compile_pattern(text, lists))
            except ContentError as wrong:
                line = file.line((*place, "words", language, index))
                faults.append(_fault(file.path, line, f"the pattern {text[:40]!r}: {wrong}"))
    sign = Sign(
        name=doc.name,
        type=type_id,
        weight=doc.weight,
        reasons=doc.reason,
        patterns=tuple(patterns),
        shapes=frozenset(doc.shapes),
        needs=frozenset(doc.needs),
        without=frozenset(doc.without),
        negatable=doc.unless_negated,
        hard=doc.hard,
    )
    return sign, faults


def _fault(path: str, line: int, words: str, hint: str = "") -> Fault:
    hint = hint or "docs/triage.md shows what may stand in a file of rules"
    return Fault(path, line, Severity.ERROR, "triage", words, hint)
