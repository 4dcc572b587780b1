"""`smsbot check`: every fault of flows and messages at once."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from smsbot.cli.places import places_of, read_settings
from smsbot.content.channels_file import load_channels
from smsbot.content.checks.rules import found
from smsbot.content.checks.run import check_content
from smsbot.content.faults import Fault, has_errors
from smsbot.errors import ConfigError, ContentError

if TYPE_CHECKING:
    from smsbot.config import Settings
    from smsbot.values import Channel

_PLACE = re.compile(r"^(?P<path>.+?):(?P<line>\d+): (?:error: )?(?P<words>.+)$", re.MULTILINE)


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[PATH]..")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How faults are written.",
)
@click.pass_context
def check(context: click.Context, paths: tuple[Path, ...], form: str) -> None:
    """Find every fault of flows and messages.

    PATH is a flow file, a PO file, or a folder; without one, the folders of the settings. Exit status
    1 means an error; warnings alone give 0. docs/checks.md explains every rule.
    """
    settings = read_settings()
    channels, faults = _channels(settings)
    today = datetime.now(UTC).date()
    for places in places_of(paths, settings):
        if not places.flows.is_dir():
            raise ContentError(f"{places.flows} is no folder of flows")
        every = check_content(places.flows, places.messages, channels=channels, today=today)
        faults += [fault for fault in every if places.shows(fault)]
    faults = sorted(set(faults))
    if form == "json":
        click.echo(json.dumps([_as_json(fault) for fault in faults], indent=1, ensure_ascii=False))
    else:
        _tell(faults)
    if has_errors(faults):
        context.exit(1)


def _channels(settings: Settings) -> tuple[tuple[Channel, ...], list[Fault]]:
    """Read the channels for their page limits and codes; a wrong file is faults, an absent one none."""
    if not settings.channels.exists() and "channels" not in settings.model_fields_set:
        return (), []
    try:
        return load_channels(settings.channels, settings, _unkept_token), []
    except ConfigError as wrong:
        places = list(_PLACE.finditer(str(wrong)))
        if not places:
            return (), [found("channels", str(settings.channels), 1, str(wrong))]
        return (), [
            found("channels", place["path"], int(place["line"]), place["words"]) for place in places
        ]


def _unkept_token(name: str) -> str:
    """Stand in for a token that dev would make and keep: a check writes nothing."""
    return f"{name}-of-a-check-that-keeps-none"


def _tell(faults: list[Fault]) -> None:
    for fault in faults:
        click.echo(str(fault))
    errors = sum(fault.is_error for fault in faults)
    warnings = len(faults) - errors
    click.echo(f"{_count(errors, 'error')}, {_count(warnings, 'warning')}", err=True)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")


def _as_json(fault: Fault) -> dict[str, str | int]:
    return {
        "path": fault.path,
        "line": fault.line,
        "severity": fault.severity.value,
        "code": fault.code,
        "words": fault.words,
        "hint": fault.hint,
    }
