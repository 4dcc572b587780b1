"""`smsbot campaign ...`: the table of its commands; each is imported only when it is called."""

from __future__ import annotations

import click

from smsbot.cli.lazy import LazyGroup

COMMANDS: dict[str, tuple[str, str]] = {
    # name: (module:attribute, one line of help)
}


@click.group(cls=LazyGroup, table=COMMANDS)
def campaign() -> None:
    """Broadcasts: plan, price, approve, send, stop."""
