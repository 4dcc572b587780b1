"""What the commands open: settings, clock, keys and the database, without Redis or a server."""

from __future__ import annotations

import getpass
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smsbot.clock import Clock, parse_offset
from smsbot.config import load_settings
from smsbot.errors import ConfigError
from smsbot.running import find_running
from smsbot.storage import migrate
from smsbot.storage.database import Database
from smsbot.up import redis_server
from smsbot.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsbot.config import Settings

PATIENCE_S = 60.0
"""A command may wait for a lock, where a webhook must not."""


@dataclass(frozen=True, slots=True)
class Stores:
    """What a command works on. `actor` is who the audit log says did it."""

    settings: Settings
    clock: Clock
    vault: Vault
    database: Database
    actor: str


@contextmanager
def open_stores(*, migrated: bool = True) -> Iterator[Stores]:
    """Give the stores of this deployment; refuse a database that lacks a migration."""
    settings = load_settings()
    settings.data.mkdir(parents=True, exist_ok=True)
    database = Database(settings.effective_database_url, patience_s=PATIENCE_S)
    try:
        if migrated and not migrate.is_current(database):
            raise ConfigError("the database lacks a migration: run `smsbot db upgrade`")
        yield Stores(
            settings=settings,
            clock=Clock(parse_offset(settings.clock_offset)),
            vault=Vault(settings.secret_key, settings.pii_key_list),
            database=database,
            actor=f"cli:{_login()}"[:64],
        )
    finally:
        database.close()


def as_running(settings: Settings) -> Settings:
    """Give the settings with the stores of the `up` that runs here, or that it would have."""
    running = find_running(settings.data)
    if running is not None:
        stores = {"redis_url": running.redis_url, "database_url": running.database_url}
        return settings.model_copy(update=stores)
    if settings.redis_url:
        return settings
    embedded = redis_server.url(settings.data.resolve() / "redis")
    return settings.model_copy(update={"redis_url": embedded})


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"
