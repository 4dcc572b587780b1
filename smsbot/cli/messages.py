"""`smsbot messages update|status|approve`."""

from __future__ import annotations

import json
import sys

import click

from smsbot.clock import Clock, parse_offset
from smsbot.config import load_settings
from smsbot.content import messages as work


@click.group()
def messages() -> None:
    """Translations: extract and merge texts, show how far they are, approve them."""


@messages.command()
@click.option(
    "--lang", "languages", multiple=True, metavar="L", help="Only this language (repeat)."
)
def update(languages: tuple[str, ...]) -> None:
    """Bring messages/<lang>/<flow>.po up to date with the flows.

    Keeps every translation: one whose source changed becomes fuzzy, with the previous source beside it.
    A language without a folder is begun with --lang. A second update writes nothing.
    """
    settings = load_settings()
    done = work.update(settings.flows, settings.messages, languages)
    for written in done.written:
        click.echo(
            f"{written.path}: {written.texts} texts, {written.missing} without words, "
            f"{written.drafts} to review"
        )
    files = len(done.written) + done.unchanged
    click.echo(f"{len(done.written)} of {files} files written")
    if done.faults:
        for fault in done.faults:
            click.echo(str(fault), err=True)
        click.echo("smsbot: these files were left alone", err=True)
        sys.exit(1)


@messages.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
def status(*, as_json: bool) -> None:
    """Show how far each flow is in each language, and where citizens hear it.

    `dev` means: whole, but not all of it reviewed. The flow `core` is the service's own words, without
    which no flow is spoken in a language.
    """
    settings = load_settings()
    found = work.status(settings.flows, settings.messages)
    if as_json:
        rows = [each._asdict() | {"spoken": each.spoken} for each in found]
        click.echo(json.dumps(rows, indent=1))
        return
    width = max((len(each.flow) for each in found), default=4)
    click.echo(f"{'flow':{width}}  lang     texts  reviewed  draft  missing  spoken in")
    for each in found:
        click.echo(
            f"{each.flow:{width}}  {each.language:8}{each.texts:6}{each.reviewed:10}"
            f"{each.drafts:7}{each.missing:9}  {each.spoken}"
        )


@messages.command()
@click.option("--lang", "language", required=True, metavar="L", help="The language.")
@click.option("--flow", required=True, metavar="ID", help="The flow, or core.")
@click.option("--by", required=True, metavar="NAME", help="Who read every text: a native speaker.")
def approve(language: str, flow: str, by: str) -> None:
    """Mark every translation of a flow as reviewed by NAME today.

    A text that is edited later is a draft again, and so is one whose source changes.
    """
    settings = load_settings()
    today = Clock(parse_offset(settings.clock_offset)).now().date().isoformat()
    done = work.approve(
        settings.flows, settings.messages, language=language, flow=flow, by=by, on=today
    )
    click.echo(f"{flow} in {language}: {done.marked} texts approved by {by}")
    if done.missing:
        click.echo(f"{done.missing} texts have no translation yet")
    if done.outdated:
        click.echo(
            f"{done.outdated} texts translate an older source: run `smsbot messages update` and read "
            "them again"
        )
