"""`smsbot keys rotate|status|new|alert-webhook`."""

from __future__ import annotations

import click

from smsbot.cli.progress import progress
from smsbot.cli.stores import Stores, open_stores
from smsbot.config import write_made_secrets
from smsbot.errors import Refused
from smsbot.storage import audit
from smsbot.upkeep import keys as work
from smsbot.upkeep.alerts import webhook_key
from smsbot.vault import Vault


@click.group()
def keys() -> None:
    """Rotate the keys of personal data.

    Put a new key (`smsbot keys new`) in front of the others in SMSBOT_PII_KEYS, restart every
    process, then run `smsbot keys rotate`. Keep the old keys for another day.
    """


@keys.command()
@click.option(
    "--new", "make_new", is_flag=True, help="Dev: make a key, keep it first, then rotate."
)
def rotate(*, make_new: bool) -> None:
    """Encrypt everything anew with the first key; run it again if it was stopped."""
    with open_stores() as stores:
        vault = _with_new_key(stores) if make_new else stores.vault
        with progress() as tell:
            done = work.rotate(stores.database, vault, progress=tell)
        with (
            stores.database.write() as connection,
            audit.audited(
                connection,
                actor=stores.actor,
                action="keys.rotate",
                subject="pii-keys",
                now_ms=stores.clock.now_ms(),
            ) as detail,
        ):
            detail |= {"rows": dict(done.rows), "left": done.left, "made": make_new}
    for name, rows in done.rows.items():
        click.echo(f"{name:20} {rows:>10,} sealed anew")
    if done.left:
        raise Refused(
            f"{done.left:,} values are not under the first key: a process without it is still "
            "writing; restart every process and run this again"
        )
    if make_new:
        click.echo("A new key is first in secrets.json: restart the service so that it is used.")
    click.echo("Everything is under the first key. Keep the old keys for 24 hours: Redis may hold")
    click.echo("sessions, and backups need the keys of their day.")


def _with_new_key(stores: Stores) -> Vault:
    settings = stores.settings
    if not settings.is_dev:
        raise Refused(
            "--new is for dev: in production, put the new key into SMSBOT_PII_KEYS yourself"
        )
    kept = f"{work.new_key()},{settings.pii_keys}"
    made = write_made_secrets(settings.data, {}).get("pii_keys", "")
    if made != settings.pii_keys:
        raise Refused("--new needs the keys that smsbot made: yours are set in SMSBOT_PII_KEYS")
    write_made_secrets(settings.data, {"pii_keys": kept}, replace=True)
    return Vault(settings.secret_key, kept.split(","))


@keys.command()
def status() -> None:
    """Say how many values each key holds; ids only, never a key."""
    with open_stores() as stores:
        found = work.status(stores.database, stores.vault)
    for use in found:
        words = f"key {use.place}" if use.place else "NOT in SMSBOT_PII_KEYS"
        click.echo(f"{use.id}  {use.values:>10,} values  {words}")
    if any(use.place == 0 and use.values for use in found):
        raise Refused("some values cannot be read: put the key that they need back")


@keys.command()
def new() -> None:
    """Print a fresh key for SMSBOT_PII_KEYS."""
    click.echo(work.new_key())


@keys.command("alert-webhook")
def alert_webhook() -> None:
    """Print the key that a receiver of SMSBOT_ALERT_WEBHOOK checks signatures with."""
    with open_stores(migrated=False) as stores:
        click.echo(webhook_key(stores.settings))
