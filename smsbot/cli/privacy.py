"""`smsbot privacy purge|report`."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from smsbot.cli.progress import progress
from smsbot.cli.stores import open_stores
from smsbot.errors import NotFound
from smsbot.storage import audit, chores
from smsbot.upkeep import retention


@click.group()
def privacy() -> None:
    """Retention: purge now, show the last report."""


@privacy.command()
@click.option("--dry-run", is_flag=True, help="Count what would go; change nothing.")
def purge(*, dry_run: bool) -> None:
    """Purge what is older than its class allows (the service does it daily by itself)."""
    with open_stores() as stores:
        now_ms = stores.clock.now_ms()
        kept = retention.Retention.parse(stores.settings.retention)
        with progress() as tell:
            done = retention.purge_all(
                stores.database, now_ms, kept, dry_run=dry_run, progress=tell
            )
        if not dry_run:
            with (
                stores.database.write() as connection,
                audit.audited(
                    connection,
                    actor=stores.actor,
                    action="privacy.purge",
                    subject="retention",
                    now_ms=now_ms,
                ) as detail,
            ):
                detail |= dict(done.counts)
    for name, rows in done.counts.items():
        click.echo(f"{name:20} {rows:>10,}")
    click.echo(f"{done.rows:,} rows {'would be purged' if dry_run else 'purged'}")


@privacy.command()
@click.option("--json", "as_json", is_flag=True)
def report(*, as_json: bool) -> None:
    """Show what the last purge did."""
    with open_stores() as stores, stores.database.read() as connection:
        last = chores.last(connection, retention.NAME)
    if last is None:
        raise NotFound("no purge has run yet: `smsbot privacy purge` runs one")
    started = _time(last.started_at)
    done = None if last.done_at is None else _time(last.done_at)
    if as_json:
        click.echo(
            json.dumps({"started_at": started, "done_at": done, **last.report}, sort_keys=True)
        )
        return
    click.echo(f"started {started}, {'not ended' if done is None else f'done {done}'}")
    for name, rows in last.report.get("counts", {}).items():
        click.echo(f"{name:20} {rows:>10,}")


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds")
