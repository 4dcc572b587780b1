"""`smsbot up`: check everything, then become the supervisor."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from smsbot.cli.channels import list_channels
from smsbot.config import load_settings
from smsbot.up.prepare import prepare
from smsbot.up.supervisor import become


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port. [default: PORT, or 8000]")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of the database and all else. [default: SMSBOT_DATA, or ./var]",
)
def up(host: str, port: int | None, data: Path | None) -> None:
    """Run the whole service on this machine until Ctrl-C.

    Starts Redis (unless SMSBOT_REDIS_URL is set), upgrades the database (SQLite unless
    SMSBOT_DATABASE_URL is set), then the ticker, the worker and the web server. What crashes is
    restarted. Prints the address, in dev each channel's webhooks, and "ready". Log lines (JSON) go
    to stderr.
    """
    settings = load_settings(data=data, port=port)
    channels = list_channels(settings, f"http://127.0.0.1:{settings.port}")
    urls = [url for channel in channels for url in channel.urls.values()] if settings.is_dev else []
    plan = prepare(settings, host, urls)
    arguments = ["--port", str(settings.port), "--data", str(settings.data)]
    become(plan, f"smsbot up {shlex.join(arguments)}")
