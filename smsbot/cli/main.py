"""The `smsbot` command. Each subcommand is loaded only when it is called, so that help is fast."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from smsbot import __version__
from smsbot.cli.lazy import LazyGroup
from smsbot.errors import SmsbotError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "backup": ("smsbot.cli.backup:backup", "Save SQL, content and audit in one file."),
    "campaign": ("smsbot.cli.campaign:campaign", "Broadcasts: plan, price, approve, send, stop."),
    "channels": ("smsbot.cli.channels:channels", "List the channels and their webhook addresses."),
    "check": ("smsbot.cli.check:check", "Find every fault of flows and messages."),
    "contacts": ("smsbot.cli.contacts:contacts", "People: lists in and out, erasing a person."),
    "course": ("smsbot.cli.course:course", "Lessons that come days apart, and who gets them."),
    "db": ("smsbot.cli.db:db", "Migrations."),
    "doctor": ("smsbot.cli.doctor:doctor", "Say whether this deployment is sound."),
    "fake-gateway": ("smsbot.cli.fake_gateway:fake_gateway", "Pretend to be a provider."),
    "flow": ("smsbot.cli.flow:flow", "Look at one flow."),
    "keys": ("smsbot.cli.keys:keys", "Rotate the keys of personal data."),
    "messages": ("smsbot.cli.messages:messages", "Extract, merge and approve translations."),
    "audit": ("smsbot.cli.audit:audit", "Show and verify the audit log."),
    "privacy": ("smsbot.cli.privacy:privacy", "Retention: purge now, show the last report."),
    "restore": ("smsbot.cli.backup:restore", "Bring a backup back, and check it."),
    "segments": ("smsbot.cli.segments:segments", "Count the SMS segments of a text."),
    "simulate": ("smsbot.cli.simulate:simulate", "A phone in the terminal."),
    "test": ("smsbot.cli.test:test", "Run the authors' dialogue tests."),
    "ticker": ("smsbot.cli.ticker:ticker", "The one-second ticker (a child of the worker)."),
    "user": ("smsbot.cli.user:user", "Users and what they may do."),
    "up": ("smsbot.cli.up:up", "Run everything on this machine."),
}


@click.group(
    cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="smsbot")
def group() -> None:
    """SMS and USSD lessons on digital safety, and a desk for reports of scams."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; an error of ours is one sentence on stderr and exit status 1."""
    try:
        group.main(args=arguments, prog_name="smsbot")
    except SmsbotError as fault:
        click.echo(f"smsbot: {fault}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as fault:
        place = f"{fault.filename}: " if fault.filename else ""
        click.echo(f"smsbot: {place}{fault.strerror or fault}", err=True)
        sys.exit(1)
