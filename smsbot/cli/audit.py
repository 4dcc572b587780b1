"""`smsbot audit show|verify`."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from smsbot.cli.stores import open_stores
from smsbot.errors import Refused
from smsbot.storage import audit as log


@click.group()
def audit() -> None:
    """Show and verify the audit log: what commands and people did with personal data."""


@audit.command()
@click.option("-n", "--count", default=50, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--subject", default="", help="Only this subject, as in contact:17.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def show(count: int, subject: str, *, as_json: bool) -> None:
    """Show the newest rows, oldest of them first."""
    with open_stores() as stores, stores.database.read() as connection:
        found = log.newest(connection, count, subject=subject)
    for entry in reversed(found):
        at = datetime.fromtimestamp(entry.at / 1000, UTC).isoformat(timespec="seconds")
        if as_json:
            names = ("seq", "actor", "action", "subject", "detail", "hash")
            row = {name: getattr(entry, name) for name in names}
            click.echo(json.dumps({"at": at, **row}, sort_keys=True))
        else:
            detail = json.dumps(entry.detail, sort_keys=True)
            click.echo(f"{entry.seq:>6} {at} {entry.actor} {entry.action} {entry.subject} {detail}")


@audit.command()
def verify() -> None:
    """Recompute the whole chain; exit status 1 where it breaks."""
    with open_stores() as stores, stores.database.read() as connection:
        found = log.verify(connection)
    if found.broken_seq is not None:
        raise Refused(
            f"the audit log is broken at row {found.broken_seq}: it was changed or a row before it "
            "was removed"
        )
    click.echo(f"{found.rows} rows, unbroken; newest hash {found.newest_hash}")
