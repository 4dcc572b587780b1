"""`smsbot contacts import|export|erase`."""

from __future__ import annotations

import gc
import os
import secrets
import sys
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from smsbot.cli.import_report import JsonReport, TextReport
from smsbot.cli.progress import bar, progress
from smsbot.cli.stores import as_running, open_stores
from smsbot.errors import BadList, RedisAway
from smsbot.people import exports, leaving, users
from smsbot.people.imports import Importer, Proof
from smsbot.people.roles import Act, demand
from smsbot.storage import erasure
from smsbot.storage.exports import Wanted
from smsbot.text.phones import parse_phone
from smsbot.upkeep.retention import Retention

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsbot.cli.stores import Stores

_FILE = click.Path(dir_okay=False, path_type=Path)
_PRIVATE = 0o600
_GARBAGE = 50_000
"""New objects between two looks for cycles: rows make none, and looking is a tenth of the time."""
_MAX_LINE = 200


@click.group()
def contacts() -> None:
    """People: bring lists in, take them out, erase a person."""


@contacts.command("import")
@click.argument("file", type=_FILE)
@click.option(
    "--proof",
    type=_FILE,
    required=True,
    help="The forms, or the log, that show who agreed to what: its hash is kept as evidence.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--as", "user", metavar="USER", default="", help="Who does it.")
@click.pass_context
def import_(context: click.Context, file: Path, proof: Path, user: str, *, as_json: bool) -> None:
    """Bring in the contacts of a CSV FILE (docs/contacts.md); the service may run.

    Every bad row is reported with its line and reason, good rows are kept, and the exit status is 1
    if any row was refused. The same file again changes nothing.
    """
    gc.set_threshold(_GARBAGE, 20, 20)
    with (
        open_stores() as stores,
        file.open("rb") as listed,
        JsonReport() if as_json else nullcontext(TextReport(file)) as report,
    ):
        with proof.open("rb") as shown:
            proven = Proof.of(shown)
        importer = Importer(
            stores.database, stores.vault, stores.clock, _actor(stores, user, Act.IMPORT_CONTACTS)
        )
        try:
            with bar(file.stat().st_size) as tell:
                tally = importer.run(listed, proven, refuse=report.refuse, tell=tell)
        except BadList as fault:
            report.fail(fault)
            raise
        report.sum_up(tally)
    if tally.refused:
        context.exit(1)


@contacts.command()
@click.option("--reason", required=True, metavar="WORDS", help="Why full numbers leave: audited.")
@click.option("-o", "--output", type=_FILE, help="The file to write; without it, stdout.")
@click.option("--tag", "tags", multiple=True, help="Only with this tag (repeat: any of them).")
@click.option("--language", "languages", multiple=True, help="Only of this language (repeat).")
@click.option("--country", "countries", multiple=True, help="Only of this country (repeat).")
@click.option("--as", "user", metavar="USER", default="", help="Who does it.")
def export(
    reason: str,
    output: Path | None,
    tags: tuple[str, ...],
    languages: tuple[str, ...],
    countries: tuple[str, ...],
    user: str,
) -> None:
    """Write contacts with their full numbers as a CSV that `import` takes again.

    Left out are the erased, and everybody who said STOP. The file is readable by its owner alone.
    """
    wanted = Wanted(tags, languages, tuple(country.upper() for country in countries))
    with open_stores() as stores, progress() as tell, _writing(output) as to:
        count = exports.export(
            stores.database,
            stores.vault,
            stores.clock,
            wanted,
            to,
            actor=_actor(stores, user, Act.EXPORT_CONTACTS),
            reason=reason,
            tell=lambda rows: tell("contacts", rows),
        )
    click.echo(f"{count:,} contacts{f' in {output}' if output else ''}", err=True)


@contextmanager
def _writing(output: Path | None) -> Iterator[TextIO]:
    """Give what an export is written to: a file that is there whole, or not at all."""
    if output is None:
        yield sys.stdout
        return
    partial = output.with_name(f"{output.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as to:
            yield to
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)


@contacts.command()
@click.argument("number", required=False)
@click.option(
    "--file",
    "listed",
    type=click.File("r", errors="replace"),
    help="One number a line; - is stdin.",
)
@click.option("--country", default="", help="Reads national numbers, as in KE.")
@click.option("--as", "user", metavar="USER", default="", help="Who does it.")
@click.pass_context
def erase(
    context: click.Context, number: str | None, listed: TextIO | None, country: str, user: str
) -> None:
    """Erase the person of NUMBER, as DELETE by SMS does; without a code, so be sure who asks.

    With --file - the number need not stand in the shell's history.
    """
    if (number is None) == (listed is None):
        raise click.UsageError("name a NUMBER, or give --file")
    lines = [number] if number is not None else listed or []
    failed = False
    with open_stores() as stores:
        actor = _actor(stores, user, Act.ERASE_CONTACTS)
        for place, line in enumerate(lines, 1):
            if line.strip():
                failed |= not _erase(
                    stores, actor, line, country, f"line {place}: " if listed else ""
                )
        with stores.database.write() as connection:
            erasure.forget_numbers(
                connection,
                stores.clock.now_ms(),
                patience_ms=Retention.parse(stores.settings.retention).numbers,
            )
    if failed:
        context.exit(1)


def _erase(stores: Stores, actor: str, raw_number: str, country: str, place: str) -> bool:
    msisdn = parse_phone(raw_number[:_MAX_LINE], country)
    if msisdn is None:
        click.echo(f"smsbot: {place}this is no phone number: write +254711000123", err=True)
        return False
    done = leaving.erase_number(
        stores.database,
        stores.vault,
        msisdn,
        randbelow=secrets.randbelow,
        actor=actor,
        now_ms=stores.clock.now_ms(),
    )
    if done.was_known:
        _forget_sessions(stores, done.ref)
        click.echo(f"{place}{msisdn}: erased; nothing is sent to this number any more")
    elif done.erased_at is not None:
        day = datetime.fromtimestamp(done.erased_at / 1000, UTC).date().isoformat()
        click.echo(f"{place}{msisdn}: was erased on {day}; nothing is stored")
    else:
        click.echo(f"{place}{msisdn}: nothing is stored about this number")
    return True


def _actor(stores: Stores, raw_name: str, act: Act) -> str:
    """Give who does it, as the audit log names them; raise Refused for whom may not."""
    with stores.database.read() as connection:
        user = users.acting(connection, raw_name, is_dev=stores.settings.is_dev)
    demand(user.name, user.role, act)
    return user.name if raw_name else stores.actor


def _forget_sessions(stores: Stores, ref: str) -> None:
    from smsbot.content.channels_file import load_channels
    from smsbot.sessions.link import Link
    from smsbot.sessions.store import SessionStore

    sessions = SessionStore(Link(as_running(stores.settings).redis_url), stores.vault)
    try:
        for channel in load_channels(stores.settings.channels, stores.settings):
            sessions.forget(channel.id, ref)
    except RedisAway:
        return  # it expires by itself within two hours, and holds no number
