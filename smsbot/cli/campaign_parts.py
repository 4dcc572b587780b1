"""What the campaign commands share: the desk of a user, and what a campaign file may name."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import click

from smsbot.campaigns.desk import Desk
from smsbot.campaigns.order import Known
from smsbot.campaigns.purposes import KNOWN
from smsbot.cli.stores import open_stores
from smsbot.content.channels_file import load_channels
from smsbot.content.checks.numbers import read_numbers
from smsbot.content.checks.run import CONTACTS, run_checks
from smsbot.content.faults import has_errors
from smsbot.content.loader import load_content
from smsbot.conversation.campaign_words import CampaignWords
from smsbot.errors import ContentError
from smsbot.people import users
from smsbot.storage import consents
from smsbot.storage.content_versions import ContentVersions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import tzinfo

    from smsbot.cli.stores import Stores
    from smsbot.values import Channel

MICROS = 1_000_000
_DAY_MINUTES = 24 * 60

as_user: Callable[[Any], Any] = click.option(
    "--as", "user", default="", metavar="USER", help="Who you are. In dev, without it: operator."
)
"""The option of every command that acts."""


@dataclass(frozen=True, slots=True)
class Table:
    """A desk and the stores behind it."""

    stores: Stores
    desk: Desk
    channels: Mapping[str, Channel]

    @property
    def now_ms(self) -> int:
        """The service's time."""
        return self.stores.clock.now_ms()


@contextmanager
def open_table(user: str) -> Iterator[Table]:
    """Give the desk of a user; the content is opened when something asks for it."""
    with open_stores() as stores:
        settings = stores.settings
        with stores.database.read() as connection:
            actor = users.acting(connection, user, is_dev=settings.is_dev)
        channels = {one.id: one for one in load_channels(settings.channels, settings)}

        @cache
        def words() -> CampaignWords:
            return _words(stores, tuple(channels.values()))

        desk = Desk(
            database=stores.database,
            vault=stores.vault,
            channels=channels,
            words=words,
            approval_over=settings.approval_over,
            actor=actor,
            via=stores.actor,
        )
        yield Table(stores, desk, channels)


def _words(stores: Stores, channels: tuple[Channel, ...]) -> CampaignWords:
    """Open the content as the service would: with an error in it nothing is sealed."""
    settings = stores.settings
    loaded = load_content(settings.flows, settings.messages, production=not settings.is_dev)
    faults = run_checks(loaded, flows_dir=settings.flows, channels=channels)
    if loaded.content is None or has_errors(faults):
        first = next(fault for fault in faults if fault.is_error)
        raise ContentError(f"{first}; `smsbot check` shows every fault", tuple(faults))
    numbers, _ = read_numbers(settings.flows / CONTACTS)
    files = {name: raw.decode() for name, raw in loaded.files.items()}
    versions = ContentVersions(stores.database, stores.clock)
    return CampaignWords(
        loaded.content,
        channels=channels,
        numbers=numbers,
        mark_drafts=settings.is_dev,
        keep=lambda: versions.save(loaded.version, files),
    )


def known_here(table: Table, purpose: str) -> Known:
    """Give what a campaign file may name, by the names of files: nothing is loaded.

    `purpose` is the file's, which may be one that somebody agreed to by an import.
    """
    settings = table.stores.settings
    languages = {language for one in table.channels.values() for language in one.languages}
    languages |= {folder.name for folder in settings.messages.glob("*/") if folder.is_dir()}
    with table.stores.database.read() as connection:
        agreed = purpose in KNOWN or consents.is_known_purpose(connection, purpose)
    return Known(
        channels=table.channels,
        languages=frozenset(languages),
        flows=frozenset(
            path.stem for path in settings.flows.glob("*.yaml") if path.name != CONTACTS
        ),
        courses=frozenset(path.stem for path in (settings.flows / "courses").glob("*.yaml")),
        purposes=frozenset({purpose} if agreed else ()),
    )


def money(micros: int, currency: str) -> str:
    """Give an amount as people write it: `KES 1,234.50`."""
    return f"{currency} {micros / MICROS:,.2f}"


def moment(at_ms: int | None, zone: tzinfo = UTC) -> str:
    """Give a time on a clock, or a dash for none."""
    if at_ms is None:
        return "-"
    return f"{datetime.fromtimestamp(at_ms / 1000, zone):%Y-%m-%d %H:%M %Z}"


def span(seconds: float) -> str:
    """Give a time span as people say it: `2 h 5 min`."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "under a minute"
    days, minutes = divmod(minutes, _DAY_MINUTES)
    hours, minutes = divmod(minutes, 60)
    said = [(days, "d"), (hours, "h"), (minutes, "min")]
    return " ".join(f"{number} {unit}" for number, unit in said if number)
