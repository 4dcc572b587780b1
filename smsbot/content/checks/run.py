"""All rules over all content."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from smsbot.content.checks.courses import check_courses
from smsbot.content.checks.fit import check_fit
from smsbot.content.checks.gather import gather
from smsbot.content.checks.keywords import check_keywords
from smsbot.content.checks.numbers import read_numbers, stale_numbers
from smsbot.content.checks.paths import check_paths
from smsbot.content.checks.quizzes import check_quizzes
from smsbot.content.checks.rules import found
from smsbot.content.checks.translations import check_translations
from smsbot.content.checks.variables import check_variables
from smsbot.content.checks.wording import check_wording
from smsbot.content.dialogue_file import FOLDER, read_dialogues
from smsbot.content.loader import load_content
from smsbot.content.triage_file import FOLDER as TRIAGE
from smsbot.content.triage_file import read_typology

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from smsbot.content.faults import Fault
    from smsbot.content.loader import Loaded
    from smsbot.values import Channel

CONTACTS = "contacts.yaml"
"""In the flows folder: the official numbers."""


def check_content(
    flows_dir: Path,
    messages_dir: Path,
    *,
    channels: Sequence[Channel] = (),
    today: date | None = None,
) -> list[Fault]:
    """Load two folders and give every fault, sorted by file and line."""
    loaded = load_content(flows_dir, messages_dir, production=False)
    return run_checks(loaded, flows_dir=flows_dir, channels=channels, today=today)


def run_checks(
    loaded: Loaded,
    *,
    flows_dir: Path | None = None,
    channels: Sequence[Channel] = (),
    today: date | None = None,
) -> list[Fault]:
    """Give every fault of loaded content, the loader's own included.

    `flows_dir` is where contacts.yaml, the authors' tests and the rules of triage stand; without it
    there are none, and none are missed. `channels` give the smallest page and our own codes. `today`
    tells which official numbers are stale.
    """
    numbers, faults = read_numbers(flows_dir / CONTACTS) if flows_dir else ((), [])
    material = gather(loaded, channels=channels, numbers=numbers, today=today)
    every = chain(
        loaded.faults,
        faults,
        check_paths(material.flows),
        check_variables(material),
        check_wording(material),
        check_translations(material),
        check_fit(material),
        check_quizzes(material.flows),
        check_keywords((*material.flows, *material.courses), material.service_words),
        check_courses(material),
        stale_numbers(numbers, str(flows_dir / CONTACTS), today) if flows_dir and today else (),
        _dialogue_files(loaded, flows_dir) if flows_dir else (),
        _triage_rules(flows_dir) if flows_dir else (),
    )
    return sorted(set(every))


def _triage_rules(flows_dir: Path) -> list[Fault]:
    """Read the rules that judge reported texts, where there are any."""
    folder = flows_dir / TRIAGE
    return read_typology(folder)[1] if folder.is_dir() else []


def _dialogue_files(loaded: Loaded, flows_dir: Path) -> Iterator[Fault]:
    """Read the authors' tests for their form; they are run by `smsbot test`."""
    folder = flows_dir / FOLDER
    for source in loaded.sources.values():
        if not (folder / f"{source.id}.yaml").is_file():
            words = f"the flow {source.id} has no dialogue test"
            yield found("dialogue-missing", source.path, 1, words)
    for path in sorted(folder.glob("*.yaml")):
        yield from read_dialogues(path.read_bytes(), str(path))[1]
