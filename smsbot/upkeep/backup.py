"""Back up everything but the keys into one file, and bring it back whole or not at all.

SQL goes as portable lines of one moment, so that a backup of SQLite restores into PostgreSQL and the
other way round. What people asked for after the backup (a no, STOP, DELETE) is not undone by a restore
over a living database: it is carried over (decision 074).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from smsbot import __version__
from smsbot.errors import BadBackup, Refused
from smsbot.people.rights import erase
from smsbot.storage import audit, consents, contacts, migrate, sealed, snapshot, suppressions
from smsbot.storage.consents import Evidence
from smsbot.storage.suppressions import Reason
from smsbot.storage.tables import consents as consent_rows
from smsbot.storage.tables import contacts as contact_rows
from smsbot.storage.tables import suppressions as suppression_rows
from smsbot.upkeep import archive, content_files
from smsbot.upkeep.restored import hold_campaigns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Row

    from smsbot.config import Settings
    from smsbot.people.rights import RandBelow
    from smsbot.storage.database import Database
    from smsbot.vault import Vault

_TELL_EVERY = 1000


@dataclass(frozen=True, slots=True)
class Saved:
    """What a backup holds."""

    rows: int
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore brought back. `carried`: people's noes, STOPs and erasures since the backup.

    `held`: campaigns that were under way then, and wait for a person now.
    """

    rows: int
    carried: int
    held: int
    kept: Sequence[Path]


def backup(
    path: Path,
    settings: Settings,
    database: Database,
    vault: Vault,
    *,
    now_ms: int,
    actor: str,
    tell: Callable[[str, int], None],
) -> Saved:
    """Write the backup to `path` and log it. The service may go on meanwhile."""
    if path.exists():
        raise Refused(f"{path} exists: give a name that does not")
    if not path.parent.is_dir():
        raise Refused(f"{path.parent} is not a folder")
    manifest = archive.Manifest(
        made_at=datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(),
        taken_at_ms=now_ms,
        smsbot=__version__,
        schema=migrate.HEAD,
        database="sqlite" if database.is_sqlite else "postgresql",
        secret_check=archive.secret_check(vault),
        key_ids=[],
    )
    rows = files = 0
    with archive.writing(path, vault, manifest) as writer:
        with snapshot.one_moment(database) as connection:
            used = {
                key_id
                for column in sealed.SEALED
                for key_id in sealed.count_by_key(connection, column)
            }
            ours = {key_id.hex() for key_id in vault.key_ids}
            manifest.key_ids = sorted(used & ours)  # what was lost before can't be asked for
            for name, table in snapshot.tables().items():
                lines = _told(snapshot.lines(connection, table), name, tell)
                count = writer.add(f"tables/{name}.jsonl", lines)
                manifest.tables[name] = archive.TablePart([c.name for c in table.c], count)
                rows += count
        for name, file in content_files.files(settings):
            writer.add(name, (file.read_bytes(),))
            files += 1
    with database.write() as connection:
        detail = {"rows": rows, "files": files, "made_at": manifest.made_at}
        audit.append(connection, actor, "backup", "database", detail, now_ms=now_ms)
    return Saved(rows, files, path.stat().st_size)


def restore(
    path: Path,
    settings: Settings,
    database: Database,
    vault: Vault,
    *,
    force: bool,
    now_ms: int,
    actor: str,
    randbelow: RandBelow,
    tell: Callable[[str, int], None],
) -> Restored:
    """Check the whole file, then replace the database's rows and the content by it, or change nothing.

    Stop the service first: a running one waits or fails meanwhile. Without `force` the database must
    be empty and the content absent or the same. Raises BadBackup or Refused.
    """
    with archive.reading(path, vault) as reader:
        manifest = reader.manifest
        known = snapshot.tables()
        for name, part in manifest.tables.items():
            if name not in known:
                raise BadBackup(f"the backup has a table {name} that this version does not know")
            snapshot.readable(known[name], part.columns)
        stamp = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
        rows = sum(part.rows for part in manifest.tables.values())
        content = content_files.ContentRestore(settings, reader, stamp=stamp, force=force)
        try:
            content.stage()
            with snapshot.alone(database) as connection:
                carried = _replace(connection, reader, force=force, tell=tell)
                _carry_over(connection, carried, randbelow=randbelow, actor=actor)
                held = hold_campaigns(connection, actor=actor, now_ms=now_ms)
                detail = {
                    "made_at": manifest.made_at,
                    "rows": rows,
                    "carried": carried.wishes,
                    "held": held,
                    "replaced_audit_rows": carried.audit_rows,
                    "replaced_audit_hash": carried.audit_hash,
                }
                audit.append(connection, actor, "restore", "database", detail, now_ms=now_ms)
            kept = content.put_in_place()
        finally:
            content.drop()
        return Restored(rows, carried.wishes, held, kept)


@dataclass(frozen=True, slots=True)
class _Carried:
    """What of the replaced database must not be lost: people's later wishes, and its log's end."""

    stops: Sequence[Row[Any]]
    noes: Sequence[Row[Any]]
    audit_rows: int
    audit_hash: str

    @property
    def wishes(self) -> int:
        """Count them."""
        return len(self.stops) + len(self.noes)


def _replace(
    connection: Connection,
    reader: archive.Reader,
    *,
    force: bool,
    tell: Callable[[str, int], None],
) -> _Carried:
    if not force and not snapshot.is_empty(connection):
        raise Refused("the database is not empty: --force replaces all that is in it")
    manifest = reader.manifest
    before = audit.verify(connection)
    since = manifest.taken_at_ms
    stops = connection.execute(
        select(suppression_rows).where(
            suppression_rows.c.lifted_at.is_(None), suppression_rows.c.at > since
        ),
    ).all()
    noes = connection.execute(
        select(contact_rows.c.ref, consent_rows)
        .join(contact_rows, contact_rows.c.id == consent_rows.c.contact_id)
        .where(~consent_rows.c.granted, consent_rows.c.at > since)
        .order_by(consent_rows.c.id),
    ).all()
    snapshot.clear(connection)
    known = snapshot.tables()
    for name, table in known.items():
        part = manifest.tables.get(name)
        if part is None:
            continue
        with reader.part(f"tables/{name}.jsonl") as lines:
            snapshot.load(connection, table, part.columns, _told(lines, name, tell))
        if snapshot.count(connection, table) != part.rows:
            raise BadBackup(f"{name} has other rows than the manifest says")
    snapshot.restart_numbering(connection)
    broken = audit.verify(connection).broken_seq
    if broken is not None:
        raise BadBackup(f"the audit log in the backup is broken at row {broken}")
    return _Carried(stops, noes, before.rows, before.newest_hash)


def _carry_over(
    connection: Connection, carried: _Carried, *, randbelow: RandBelow, actor: str
) -> None:
    """Do again what people asked for after the backup: a restore must not text who said no."""
    for no in carried.noes:
        contact = contacts.find(connection, no.ref)
        if contact is not None:
            consents.withdraw(
                connection,
                contact.id,
                no.purpose,
                Evidence(
                    no.at,
                    no.channel,
                    no.text_version,
                    no.language,
                    no.source,
                    no.effect_key,
                    no.actor,
                ),
            )
    for stop in carried.stops:
        contact = contacts.find(connection, stop.ref)
        if stop.reason != Reason.ERASED:
            evidence = Evidence(stop.at, stop.channel, "", "", "restore", actor=actor)
            suppressions.opt_out(
                connection, stop.ref, reason=Reason(stop.reason), evidence=evidence
            )
        elif contact is None:
            suppressions.suppress(
                connection, stop.ref, reason=Reason.ERASED, channel=stop.channel, now_ms=stop.at
            )
        else:
            erase(
                connection,
                contact,
                randbelow=randbelow,
                channel=stop.channel,
                now_ms=stop.at,
                actor=actor,
            )


def _told(lines: Iterator[bytes], name: str, tell: Callable[[str, int], None]) -> Iterator[bytes]:
    for number, line in enumerate(lines, 1):
        if number % _TELL_EVERY == 0:
            tell(name, number)
        yield line
