"""`smsbot db upgrade|status`: the release step of a deployment."""

from __future__ import annotations

import click

from smsbot.config import Settings, load_settings
from smsbot.running import find_running
from smsbot.storage import migrate
from smsbot.storage.database import Database


@click.group()
def db() -> None:
    """Bring the database to the newest schema, or say where it is."""


@db.command()
def upgrade() -> None:
    """Take the missing migrations. May be called again, and by two machines at once."""
    database = _open(load_settings())
    changed = migrate.upgrade(database)
    database.close()
    click.echo(f"{'upgraded to' if changed else 'already at'} {migrate.HEAD}")


@db.command()
@click.pass_context
def status(context: click.Context) -> None:
    """Say which revision the database is at; exit status 1 if it is not the newest."""
    database = _open(load_settings())
    revision = migrate.revision(database)
    database.close()
    click.echo(f"{revision or 'empty'}, newest is {migrate.HEAD}")
    if revision != migrate.HEAD:
        context.exit(1)


def _open(settings: Settings) -> Database:
    running = find_running(settings.data)
    if running is not None and not settings.database_url:
        return Database(running.database_url)
    settings.data.mkdir(parents=True, exist_ok=True)
    return Database(settings.effective_database_url)
