"""`smsbot test`: the authors' dialogue tests, on the real engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from smsbot.cli.places import Places, places_of, read_settings, sound_content
from smsbot.content.dialogue_file import FOLDER, read_dialogues
from smsbot.content.dialogues import play

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsbot.engine.model import Content


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[PATH]..")
@click.pass_context
def test(context: click.Context, paths: tuple[Path, ...]) -> None:
    """Run the authors' dialogue tests.

    PATH is a test file (flows/tests/FLOW.yaml), a flow file, or a folder; without one, the flows of
    the settings. Exit status 1 means that a line failed. docs/dialogue-tests.md shows the form.
    """
    played = failed = 0
    for places in places_of(paths, read_settings()):
        content = sound_content(places)
        for path in _files(places):
            for went_well in _run(path, content):
                played += 1
                failed += not went_well
    if not played:
        click.echo("no dialogue tests here: write flows/tests/FLOW.yaml", err=True)
        context.exit(1)
    dialogues = "1 dialogue" if played == 1 else f"{played} dialogues"
    click.echo(f"{dialogues}, {failed} failed" if failed else f"{dialogues}, all as expected")
    if failed:
        context.exit(1)


def _files(places: Places) -> list[Path]:
    if places.only:
        own = places.flows / FOLDER / f"{places.only}.yaml"
        return [own] if own.is_file() else []
    return sorted((places.flows / FOLDER).glob("*.yaml"))


def _run(path: Path, content: Content) -> Iterator[bool]:
    """Play the dialogues of a file; give for each whether it went as expected."""
    dialogues, faults = read_dialogues(path.read_bytes(), str(path))
    for fault in faults:
        click.echo(str(fault))
    if faults:
        yield False
    for dialogue in dialogues:
        failures = play(dialogue, content)
        for failure in failures:
            click.echo(str(failure))
        yield not failures
