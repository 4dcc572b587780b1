"""`smsbot campaign report|case-study`: what a campaign came to."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from smsbot.campaigns.report.report import DAYS, make_report
from smsbot.cli.campaign_arguments import RUN_NUMBER, campaign_id
from smsbot.cli.progress import progress
from smsbot.cli.stores import open_stores
from smsbot.content.channels_file import load_channels

if TYPE_CHECKING:
    from smsbot.campaigns.report.findings import Report

_FORMATS = {
    "text": "smsbot.campaigns.report.as_text:as_text",
    "csv": "smsbot.campaigns.report.as_csv:as_csv",
    "html": "smsbot.campaigns.report.as_html:as_html",
}


@click.command()
@campaign_id
@click.option("--run", type=RUN_NUMBER, help="Which run; the newest if left out.")
@click.option("--format", "form", type=click.Choice(list(_FORMATS)), default="text")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file.")
@click.option(
    "--days",
    type=click.IntRange(1, 365),
    default=DAYS,
    show_default=True,
    help="How long before and after the message answers count.",
)
def report(campaign_id: int, *, run: int | None, form: str, output: Path | None, days: int) -> None:
    """Say what a campaign came to: reach, completion, learning, cost, and what cannot be said."""
    found = _made(campaign_id, run, days)
    module, name = _FORMATS[form].split(":")
    words: str = getattr(import_module(module), name)(found)
    _write(words, output, found)


@click.command("case-study")
@campaign_id
@click.option("--run", type=RUN_NUMBER, help="Which run; the newest if left out.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file.")
def case_study(campaign_id: int, *, run: int | None, output: Path | None) -> None:
    """Tell a campaign as one page of Markdown: facts are filled in, a person writes the rest."""
    from smsbot.campaigns.report.as_case_study import as_case_study

    found = _made(campaign_id, run, DAYS)
    _write(as_case_study(found), output, found)


def _made(campaign_id: int, run: int | None, days: int) -> Report:
    with open_stores() as stores, progress() as tell:
        channels = load_channels(stores.settings.channels, stores.settings)
        return make_report(
            stores.database,
            campaign_id,
            now_ms=stores.clock.now_ms(),
            first_languages={channel.id: channel.languages[0] for channel in channels},
            run=run,
            days=days,
            tell=tell,
        )


def _write(words: str, output: Path | None, found: Report) -> None:
    if output is None:
        click.echo(words, nl=False)
        return
    output.write_text(words, encoding="utf-8", newline="")
    click.echo(f"{output}: {found.reach.audience:,} people, run {found.head.run}")
