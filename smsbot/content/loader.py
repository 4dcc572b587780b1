"""All files of content, compiled into one `engine.model.Content`, or every fault at once."""

from __future__ import annotations

import gc
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from smsbot.content.catalogue import CORE, catalogue
from smsbot.content.compiling import compile_flow
from smsbot.content.core import Core, build_core
from smsbot.content.course_compile import compile_course
from smsbot.content.course_source import PREFIX, parse_course
from smsbot.content.faults import Fault, Severity, has_errors
from smsbot.content.files import COURSES, list_files, read_files, version_of
from smsbot.content.source import FlowSource, parse_source
from smsbot.content.structure import call_faults
from smsbot.engine.model import Content
from smsbot.text.folding import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from smsbot.content.catalogue import Catalogue
    from smsbot.content.course_source import CourseSource
    from smsbot.content.files import Files
    from smsbot.engine.model import Course, Flow

HOME = "menu"
"""The flow that is the front door."""

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the files hold. `content` is None when there is an error among the faults.

    `sources` and `courses` are those that can be read, by id; `catalogues` the PO files by (language,
    flow), where the flow of the service's own words is `core`, and a course's has `course-` before it.
    """

    version: str
    content: Content | None
    sources: Mapping[str, FlowSource]
    catalogues: Mapping[tuple[str, str], Catalogue]
    faults: tuple[Fault, ...]
    files: Mapping[str, bytes] = field(repr=False, default_factory=dict)
    courses: Mapping[str, CourseSource] = field(default_factory=dict)


class _Compiled(NamedTuple):
    """A flow, and exactly what it was compiled from."""

    source: FlowSource
    catalogues: dict[str, Catalogue]
    languages: tuple[str, ...]
    flow: Flow | None
    faults: list[Fault]


class Loader:
    """Compiles content, and keeps what it has compiled: a file that did not change costs nothing.

    Not for many threads at once; `Library` holds a lock around it. Flows and templates are immutable,
    so versions of content share those that are equal.
    """

    def __init__(self, flows_dir: Path, messages_dir: Path, *, production: bool) -> None:
        self._folders = {"flows": flows_dir, "messages": messages_dir}
        self._production = production
        self._sources: dict[str, tuple[bytes, FlowSource | None, list[Fault]]] = {}
        self._catalogues: dict[str, tuple[bytes, Catalogue]] = {}
        self._compiled: dict[str, _Compiled] = {}
        self._courses: dict[str, tuple[bytes, CourseSource | None, list[Fault]]] = {}

    def load(self, files: Files) -> Loaded:
        """Give what the files hold; raises nothing for wrong ones."""
        with _collector_at_rest():
            return self._load(files)

    def _load(self, files: Files) -> Loaded:
        faults: list[Fault] = []
        sources = self._read_flows(files, faults)
        courses = self._read_courses(files, faults)
        names = {*sources, *(course.catalogue for course in courses.values())}
        catalogues = self._read_messages(files, names, faults)
        core = build_core(
            {language: each for (language, flow), each in catalogues.items() if flow == CORE},
            production=self._production,
        )
        faults += core.faults
        flows: dict[str, Flow] = {}
        for source in sources.values():
            faults += call_faults(source, sources)
            compiled = self._compile(source, catalogues, core)
            faults += compiled.faults
            if compiled.flow is not None:
                flows[source.id] = compiled.flow
        if HOME not in sources:
            words = f"there is no front door: {HOME}.yaml"
            faults.append(
                Fault(self._path(f"flows/{HOME}.yaml"), 1, Severity.WARNING, "home", words)
            )
        taught = self._compile_courses(courses, catalogues, flows, sources, core, faults)
        version = version_of(files)
        content = None if has_errors(faults) else _content(version, flows, taught, core)
        self._forget(files)
        found = tuple(sorted(set(faults)))
        return Loaded(version, content, sources, catalogues, found, files, courses)

    def _read_flows(self, files: Files, faults: list[Fault]) -> dict[str, FlowSource]:
        sources: dict[str, FlowSource] = {}
        for name, raw in files.items():
            kind, _, rest = name.partition("/")
            if kind != "flows" or "/" in rest:
                continue
            path = self._path(name)
            if rest.endswith(".yml"):
                fault = Fault(path, 1, Severity.ERROR, "file-name", "a flow's file ends in .yaml")
                faults.append(fault)
                continue
            kept = self._sources.get(name)
            if kept is None or kept[0] != raw:
                kept = (raw, *parse_source(raw, path))
                self._sources[name] = kept
            _, source, found = kept
            faults += found
            stem = PurePosixPath(rest).stem
            if source is None:
                continue
            if source.id != stem:
                words = f"`id` is {source.id!r}, but the file is {rest}"
                faults.append(Fault(path, source.line("id"), Severity.ERROR, "id-file-name", words))
            sources.setdefault(source.id, source)
        return sources

    def _read_courses(self, files: Files, faults: list[Fault]) -> dict[str, CourseSource]:
        found: dict[str, CourseSource] = {}
        for name, raw in files.items():
            if not name.startswith(f"flows/{COURSES}/"):
                continue
            path, stem = self._path(name), PurePosixPath(name).stem
            if name.endswith(".yml"):
                words = "a course's file ends in .yaml"
                faults.append(Fault(path, 1, Severity.ERROR, "file-name", words))
                continue
            kept = self._courses.get(name)
            if kept is None or kept[0] != raw:
                kept = (raw, *parse_course(raw, path))
                self._courses[name] = kept
            _, source, own = kept
            faults += own
            if source is None:
                continue
            if source.id != stem:
                words = f"`id` is {source.id!r}, but the file is {stem}.yaml"
                faults.append(Fault(path, source.line("id"), Severity.ERROR, "id-file-name", words))
            found.setdefault(source.id, source)
        return found

    def _compile_courses(
        self,
        courses: Mapping[str, CourseSource],
        catalogues: Mapping[tuple[str, str], Catalogue],
        flows: Mapping[str, Flow],
        known: Collection[str],
        core: Core,
        faults: list[Fault],
    ) -> dict[str, Course]:
        taught: dict[str, Course] = {}
        for source in courses.values():
            own = {
                language: each
                for (language, name), each in catalogues.items()
                if name == source.catalogue
            }
            course, found = compile_course(
                source,
                own,
                flows,
                known=known,
                speakable=frozenset(core.languages),
                production=self._production,
            )
            faults += found
            if course is not None:
                taught[source.id] = course
        return taught

    def _read_messages(
        self, files: Files, names: Collection[str], faults: list[Fault]
    ) -> dict[tuple[str, str], Catalogue]:
        catalogues: dict[tuple[str, str], Catalogue] = {}
        for name, raw in files.items():
            kind, _, rest = name.partition("/")
            if kind != "messages":
                continue
            language, _, file_name = rest.partition("/")
            flow, path = PurePosixPath(file_name).stem, self._path(name)
            if not is_language(language):
                words = f"the folder {language!r} is no language code, such as sw or pt-MZ"
                faults.append(Fault(path, 1, Severity.WARNING, "language-code", words))
                continue
            kept = self._catalogues.get(name)
            if kept is None or kept[0] != raw:
                kept = (raw, catalogue(language, flow, path, raw))
                self._catalogues[name] = kept
            found = kept[1]
            faults += [
                Fault(path, fault.line, Severity.ERROR, "po", fault.words)
                for fault in found.file.faults
            ]
            if flow != CORE and flow not in names and not _is_there(flow, files):
                words = f"there is no flow {flow!r}, so nobody reads this"
                faults.append(Fault(path, 1, Severity.WARNING, "po-unused", words))
            catalogues[language, flow] = found
        return catalogues

    def _compile(
        self,
        source: FlowSource,
        catalogues: Mapping[tuple[str, str], Catalogue],
        core: Core,
    ) -> _Compiled:
        own = {language: each for (language, flow), each in catalogues.items() if flow == source.id}
        kept = self._compiled.get(source.id)
        if (
            kept is not None
            and kept.source is source
            and kept.languages == core.languages
            and kept.catalogues.keys() == own.keys()
            and all(kept.catalogues[language] is own[language] for language in own)
        ):
            return kept
        flow, faults = compile_flow(
            source, own, speakable=core.languages, production=self._production
        )
        if source.doc.language not in core.languages:
            words = f"the service's own words in {source.doc.language!r} are not whole"
            hint = f"messages/{source.doc.language}/core.po"
            line = source.line("language")
            faults.append(Fault(source.path, line, Severity.WARNING, "core-language", words, hint))
        kept = _Compiled(source, own, core.languages, flow, faults)
        self._compiled[source.id] = kept
        return kept

    def _path(self, name: str) -> str:
        kind, _, rest = name.partition("/")
        return str(self._folders[kind] / rest)

    def _forget(self, files: Files) -> None:
        """Drop what is kept of files that are no more."""
        for kept in (self._sources, self._catalogues, self._courses):
            for name in kept.keys() - files.keys():
                del kept[name]
        flows = {PurePosixPath(name).stem for name in files if name.startswith("flows/")}
        for flow in self._compiled.keys() - flows:
            del self._compiled[flow]


def _is_there(flow: str, files: Files) -> bool:
    """Say whether a PO file has its flow or course, even one that can't be read."""
    course = flow.removeprefix(PREFIX) if flow.startswith(PREFIX) else ""
    return f"flows/{flow}.yaml" in files or f"flows/{COURSES}/{course}.yaml" in files


def _content(
    version: str, flows: dict[str, Flow], courses: dict[str, Course], core: Core
) -> Content:
    keywords: dict[str, str] = {}
    for flow in flows.values():
        for keyword in flow.keywords:
            keywords.setdefault(fold(keyword), flow.id)
    return Content(
        version=version,
        flows=flows,
        core=core.texts,
        languages=core.languages,
        drafts=core.drafts,
        language_names=core.language_names,
        service_words=core.service_words,
        keywords=keywords,
        home=HOME,
        yes_words=core.yes_words,
        no_words=core.no_words,
        courses=courses,
        course_keywords={
            fold(keyword): course.timetable.id
            for course in courses.values()
            for keyword in course.keywords
        },
    )


def is_language(name: str) -> bool:
    """Say whether a folder's name is a language code: sw, pt-MZ, ha-Latn-NG."""
    return _LANGUAGE.fullmatch(name) is not None


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Keep the cycle collector from walking what grows here: it takes half of a load's time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def load_content(flows_dir: Path, messages_dir: Path, *, production: bool) -> Loaded:
    """Read and compile everything in the two folders, once."""
    files = read_files(list_files(flows_dir, messages_dir))
    return Loader(flows_dir, messages_dir, production=production).load(files)
