"""`smsbot backup FILE` and `smsbot restore FILE`."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from smsbot.cli.progress import progress
from smsbot.cli.stores import open_stores
from smsbot.errors import ConfigError
from smsbot.storage import migrate
from smsbot.upkeep import backup as work

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
def backup(file: Path) -> None:
    """Save SQL, flows, messages, channels.yaml and the audit log in FILE; the service may run.

    The keys are not in it: keep SMSBOT_SECRET_KEY and SMSBOT_PII_KEYS (in dev: secrets.json)
    elsewhere, for the file is of no use without them.
    """
    with open_stores() as stores, progress() as tell:
        saved = work.backup(
            file,
            stores.settings,
            stores.database,
            stores.vault,
            now_ms=stores.clock.now_ms(),
            actor=stores.actor,
            tell=tell,
        )
    click.echo(f"{file}: {saved.rows:,} rows, {saved.files} files, {saved.bytes:,} bytes")
    click.echo("The keys are NOT in it. Keep SMSBOT_SECRET_KEY and SMSBOT_PII_KEYS elsewhere.")


@click.command()
@click.argument("file", type=_FILE)
@click.option("--force", is_flag=True, help="Replace a database that is not empty, and content.")
def restore(file: Path, *, force: bool) -> None:
    """Bring a backup back, whole or not at all, and check it. Stop the service first.

    With --force, STOPs and erasures that came after the backup are kept, and the content that was
    here stays beside the restored one.
    """
    with open_stores(migrated=False) as stores, progress() as tell:
        if not migrate.revision(stores.database):
            migrate.upgrade(stores.database)  # a new machine: the tables are made first
        elif not migrate.is_current(stores.database):
            raise ConfigError("the database lacks a migration: run `smsbot db upgrade`")
        restored = work.restore(
            file,
            stores.settings,
            stores.database,
            stores.vault,
            force=force,
            now_ms=stores.clock.now_ms(),
            actor=stores.actor,
            randbelow=secrets.randbelow,
            tell=tell,
        )
    click.echo(f"{restored.rows:,} rows are back; counts and the audit log were checked")
    if restored.carried:
        click.echo(f"{restored.carried:,} STOPs and erasures since the backup were kept")
    if restored.held:
        click.echo(
            f"{restored.held:,} campaigns were under way and are held: `smsbot campaign list`"
        )
    for former in restored.kept:
        click.echo(f"what was there before is in {former}")
