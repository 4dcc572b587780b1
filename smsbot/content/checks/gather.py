"""From what the loader read to what the rules look at, even where some flows are broken."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from smsbot.content.catalogue import CORE
from smsbot.content.checks.material import Material, Said
from smsbot.content.compiling import compile_flow
from smsbot.content.core import build_core
from smsbot.content.corewords import CORE_WANTED, WORD
from smsbot.content.source import Role
from smsbot.engine.model import Content

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from smsbot.content.checks.numbers import OfficialNumber
    from smsbot.content.course_source import CourseSource
    from smsbot.content.loader import Loaded
    from smsbot.content.source import FlowSource
    from smsbot.values import Channel

PRACTICE_LABEL = "practice"
"""The key of core.po whose words label a practice message, where it has one."""


def gather(
    loaded: Loaded,
    *,
    channels: Sequence[Channel] = (),
    numbers: Sequence[OfficialNumber] = (),
    today: date | None = None,
) -> Material:
    """Give the material of the rules."""
    content = loaded.content or _what_is_sound(loaded)
    labels = {
        language: words[PRACTICE_LABEL].source
        for language, words in content.core.items()
        if PRACTICE_LABEL in words
    }
    return Material(
        flows=tuple(loaded.sources.values()),
        said=tuple(_said(loaded)),
        content=content,
        channels=tuple(channels),
        numbers=tuple(numbers),
        today=today,
        practice_labels=labels,
        service_words=content.service_words,
        courses=tuple(loaded.courses.values()),
    )


def _what_is_sound(loaded: Loaded) -> Content:
    """Compile the flows that can be, so that one broken flow hides no fault of another."""
    core = build_core(
        {language: found for (language, flow), found in loaded.catalogues.items() if flow == CORE},
        production=False,
    )
    flows = {}
    for source in loaded.sources.values():
        own = {
            language: found
            for (language, flow), found in loaded.catalogues.items()
            if flow == source.id
        }
        flow, _ = compile_flow(source, own, speakable=core.languages, production=False)
        if flow is not None:
            flows[flow.id] = flow
    return Content(
        version=loaded.version,
        flows=flows,
        core=core.texts,
        languages=core.languages,
        drafts=core.drafts,
        language_names=core.language_names,
        service_words=core.service_words,
        keywords={},
        yes_words=core.yes_words,
        no_words=core.no_words,
    )


def _said(loaded: Loaded) -> Iterator[Said]:
    for source in loaded.sources.values():
        yield from _said_by(loaded, source, source.id)
    for course in loaded.courses.values():
        yield from _said_by(loaded, course, course.catalogue)
    yield from _core_said(loaded)


def _said_by(loaded: Loaded, source: FlowSource | CourseSource, name: str) -> Iterator[Said]:
    own = [
        Said(
            flow=name,
            context=text.context,
            language=source.doc.language,
            text=text.text,
            path=source.path,
            line=text.line,
            role=text.role,
            item=text.item,
            channel=text.channel,
        )
        for text in source.texts
    ]
    yield from own
    for (language, flow), found in loaded.catalogues.items():
        if flow != name or language == source.doc.language:
            continue
        for said, text in zip(own, source.texts, strict=True):
            entry = found.entries.get(text.msgctxt)
            if entry is None or not entry.text.strip():
                continue
            yield replace(
                said,
                language=language,
                text=entry.text,
                path=found.path,
                line=entry.text_line,
                original=(entry.previous if entry.fuzzy else "") or entry.msgid,
                is_stale=entry.msgid != text.text,
            )


def _core_said(loaded: Loaded) -> Iterator[Said]:
    for (language, flow), found in loaded.catalogues.items():
        if flow != CORE:
            continue
        for wanted in CORE_WANTED:
            entry = found.entries.get(wanted.msgctxt)
            if entry is None or not entry.text.strip() or wanted.msgctxt.startswith(WORD):
                continue
            yield Said(
                flow=CORE,
                context=wanted.msgctxt,
                language=language,
                text=entry.text,
                path=found.path,
                line=entry.text_line,
                role=Role.SAY,
                original=(entry.previous if entry.fuzzy else "") or entry.msgid,
                is_stale=entry.msgid != wanted.text,
            )
