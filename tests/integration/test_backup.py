"""Backup and restore between SQLite and PostgreSQL, damaged files, and wishes that must not be lost."""

from __future__ import annotations

import json
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from smsbot.config import Settings
from smsbot.errors import BadBackup, Refused
from smsbot.people import commands, rights
from smsbot.storage import audit, consents, contacts, reports, suppressions, tables
from smsbot.storage.suppressions import Refusal
from smsbot.upkeep import backup as work
from smsbot.values import Msisdn
from smsbot.vault import Vault
from tests.integration.lives import AMINA, PIN, T0, dump, live, lottery, meet, report, said

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from smsbot.storage.database import Database
    from smsbot.upkeep.backup import Restored

TAKEN = T0 + 100
LATER = T0 + 86_400_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    home = tmp_path / "here"
    (home / "flows" / "tests").mkdir(parents=True)
    (home / "flows" / "menu.yaml").write_text("id: menu\n")
    (home / "flows" / "tests" / "menu.yaml").write_text("flow: menu\n")
    (home / "flows" / ".hidden").write_text("not content")
    (home / "messages" / "am").mkdir(parents=True)
    (home / "messages" / "am" / "menu.po").write_text('msgstr "ሰላም"\n')
    (home / "channels.yaml").write_text("- id: sim\n")
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        SMSBOT_FLOWS=home / "flows",
        SMSBOT_MESSAGES=home / "messages",
        SMSBOT_CHANNELS=home / "channels.yaml",
    )


@pytest.fixture
def other_machine(settings: Settings, tmp_path: Path) -> Settings:
    there = tmp_path / "there"
    there.mkdir()
    return settings.model_copy(
        update={
            "flows": there / "flows",
            "messages": there / "messages",
            "channels": there / "channels.yaml",
        },
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backup.zip"


def silent(_name: str, _rows: int) -> None:
    pass


def save(file: Path, settings: Settings, database: Database, vault: Vault) -> work.Saved:
    return work.backup(
        file, settings, database, vault, now_ms=TAKEN, actor="cli:wanjiru", tell=silent
    )


def bring_back(
    file: Path, settings: Settings, database: Database, vault: Vault, *, force: bool = False
) -> Restored:
    return work.restore(
        file,
        settings,
        database,
        vault,
        force=force,
        now_ms=LATER,
        actor="cli:wanjiru",
        randbelow=lottery(0xABC),
        tell=silent,
    )


def rows(database: Database) -> dict[str, list[Any]]:
    with database.read() as connection:
        return {
            table.name: sorted(
                tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)
                for row in connection.execute(select(table))
            )
            for table in tables.metadata.sorted_tables
            if table.name != "audit"
        }


def fill(database: Database, vault: Vault) -> None:
    with database.write() as connection:
        live(connection, vault)
        audit.append(connection, "cli:wanjiru", "test", "nothing", {"ƙ": 1}, now_ms=T0)


@pytest.mark.parametrize(
    ("source", "target"),
    [("sqlite_database", "postgres_database"), ("postgres_database", "sqlite_database")],
)
def test_a_backup_of_one_database_is_a_whole_life_in_the_other(
    request: pytest.FixtureRequest,
    vault: Vault,
    settings: Settings,
    other_machine: Settings,
    file: Path,
    source: str,
    target: str,
) -> None:
    here: Database = request.getfixturevalue(source)
    there: Database = request.getfixturevalue(target)
    fill(here, vault)
    saved = save(file, settings, here, vault)
    assert saved.files == 4
    restored = bring_back(file, other_machine, there, vault)
    assert restored.rows == saved.rows
    assert rows(there) == rows(here)
    with there.write() as connection:
        contact = contacts.find(connection, vault.ref(AMINA))
        assert contact is not None
        assert contacts.msisdn_of(connection, vault, contact.id) == AMINA
        # numbering goes on after the rows that came
        assert report(connection, vault, contact, effect_key="new", reference="11112222")
        assert audit.verify(connection).broken_seq is None
        assert [entry.action for entry in audit.newest(connection, 9)] == ["restore", "test"]
    assert (other_machine.flows / "menu.yaml").read_text() == "id: menu\n"
    assert (other_machine.messages / "am" / "menu.po").read_text() == 'msgstr "ሰላም"\n'
    assert other_machine.channels.read_text() == "- id: sim\n"
    assert not (other_machine.flows / ".hidden").exists()
    left = sorted(path.name for path in other_machine.flows.parent.iterdir())
    assert left == ["channels.yaml", "flows", "messages"]


def test_the_file_is_private_whole_and_without_keys_or_plain_numbers(
    database: Database, vault: Vault, settings: Settings, file: Path
) -> None:
    fill(database, vault)
    save(file, settings, database, vault)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.glob("*backup*")] == ["backup.zip"]
    with zipfile.ZipFile(file) as archive:
        text = b"".join(archive.read(name) for name in archive.namelist()).decode()
    for secret in ("711000123", PIN, "of-the-test-suite"):
        assert secret not in text
    with database.read() as connection:
        (entry,) = audit.newest(connection, 1)
    assert (entry.actor, entry.action) == ("cli:wanjiru", "backup")
    with pytest.raises(Refused, match="exists"):
        save(file, settings, database, vault)


def test_a_database_that_is_not_empty_is_replaced_only_when_forced(
    database: Database, vault: Vault, settings: Settings, file: Path
) -> None:
    fill(database, vault)
    save(file, settings, database, vault)
    before = rows(database)
    with database.write() as connection:
        contact = meet(connection, vault)
        report(connection, vault, contact, effect_key="later", reference="22223333")
        ends_at = audit.verify(connection)
    with pytest.raises(Refused, match="not empty"):
        bring_back(file, settings, database, vault)
    with database.read() as connection:
        assert reports.is_taken(connection, "22223333")
    bring_back(file, settings, database, vault, force=True)
    assert rows(database) == before
    with database.write() as connection:
        (entry, *_) = audit.newest(connection, 1)
        assert entry.detail["replaced_audit_rows"] == ends_at.rows
        assert entry.detail["replaced_audit_hash"] == ends_at.newest_hash
        with pytest.raises(Exception, match="append-only"):
            connection.execute(tables.audit.delete())


def test_a_stop_a_no_and_an_erasure_since_the_backup_are_not_undone(
    database: Database, vault: Vault, settings: Settings, file: Path
) -> None:
    with database.write() as connection:
        people = [
            contacts.ensure(
                connection,
                vault,
                Msisdn(f"+25471100000{n}"),
                channel_country="KE",
                network="",
                now_ms=T0,
            )
            for n in range(4)
        ]
        for person in people:
            commands.join(connection, person, said(T0 + 1))
    save(file, settings, database, vault)
    stopped, declined, erased, happy = people
    with database.write() as connection:
        commands.stop(connection, stopped, said(LATER))
        consents.withdraw(connection, declined.id, "lessons", said(LATER))
        rights.erase(
            connection,
            erased,
            randbelow=lottery(1),
            channel="at-ke",
            now_ms=LATER,
            actor="person",
        )
    assert bring_back(file, settings, database, vault, force=True).carried == 4
    with database.read() as connection:

        def refusal(ref: str) -> Refusal | None:
            return suppressions.may_send(connection, ref, "lessons").refusal

        assert refusal(stopped.ref) is Refusal.OPTED_OUT
        assert refusal(declined.ref) is Refusal.NO_CONSENT
        assert refusal(erased.ref) is Refusal.ERASED
        assert refusal(happy.ref) is None
        assert contacts.find(connection, erased.ref) is None
        listed = select(tables.suppressions.c.reason).where(tables.suppressions.c.ref == erased.ref)
        assert connection.execute(listed).scalar_one() == "erased"
        assert dump(connection).count(erased.ref) == 1


def _flip_a_row(archive: dict[str, bytes]) -> None:
    archive["tables/contacts.jsonl"] = archive["tables/contacts.jsonl"].replace(b"KE", b"UG")


def _drop_a_part(archive: dict[str, bytes]) -> None:
    del archive["tables/consents.jsonl"]


def _add_a_part(archive: dict[str, bytes]) -> None:
    archive["content/flows/evil.yaml"] = b"id: evil\n"


def _forge_the_manifest(archive: dict[str, bytes]) -> None:
    manifest = json.loads(archive["manifest.json"])
    manifest["taken_at_ms"] = 0
    archive["manifest.json"] = json.dumps(manifest).encode()


def _lose_the_manifest(archive: dict[str, bytes]) -> None:
    del archive["manifest.json"]


def _other_format(archive: dict[str, bytes]) -> None:
    archive["manifest.json"] = archive["manifest.json"].replace(b'"format": 1', b'"format": 9')


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_flip_a_row, "contacts.jsonl in the backup is damaged"),
        (_drop_a_part, "parts are not those"),
        (_add_a_part, "parts are not those"),
        (_forge_the_manifest, "manifest was changed"),
        (_lose_the_manifest, "not a backup of smsbot"),
        (_other_format, "format 9"),
    ],
)
def test_a_changed_backup_touches_nothing(
    sqlite_database: Database,
    vault: Vault,
    settings: Settings,
    file: Path,
    damage: Callable[[dict[str, bytes]], None],
    words: str,
) -> None:
    fill(sqlite_database, vault)
    save(file, settings, sqlite_database, vault)
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    damage(parts)
    with zipfile.ZipFile(file, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    before = rows(sqlite_database)
    with pytest.raises(BadBackup, match=words):
        bring_back(file, settings, sqlite_database, vault, force=True)
    assert rows(sqlite_database) == before


@pytest.mark.parametrize("kept", [0, 100, 0.5, 0.9])
def test_a_torn_file_is_refused(
    sqlite_database: Database, vault: Vault, settings: Settings, file: Path, kept: float
) -> None:
    fill(sqlite_database, vault)
    save(file, settings, sqlite_database, vault)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(kept if kept > 1 else kept * len(whole))])
    with pytest.raises(BadBackup):
        bring_back(file, settings, sqlite_database, vault, force=True)


def test_every_flipped_byte_is_refused_or_harmless(
    sqlite_database: Database, vault: Vault, settings: Settings, file: Path
) -> None:
    fill(sqlite_database, vault)
    save(file, settings, sqlite_database, vault)
    whole = file.read_bytes()
    before = rows(sqlite_database)
    refused = 0
    for place in range(0, len(whole), len(whole) // 60):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            bring_back(file, settings, sqlite_database, vault, force=True)
        except BadBackup:
            refused += 1
        assert rows(sqlite_database) == before
    assert refused > 30


@pytest.mark.parametrize(
    ("secret", "keys", "words"),
    [
        ("b" * 40, ["first-pii-key-of-the-test-suite-012345"], "SMSBOT_SECRET_KEY"),
        ("a-secret-of-the-test-suite-only-0123456789", ["k" * 40], "SMSBOT_PII_KEYS"),
    ],
)
def test_a_backup_of_other_keys_is_refused_and_says_which(
    sqlite_database: Database,
    vault: Vault,
    settings: Settings,
    file: Path,
    secret: str,
    keys: list[str],
    words: str,
) -> None:
    fill(sqlite_database, vault)
    save(file, settings, sqlite_database, vault)
    with pytest.raises(BadBackup, match=words):
        bring_back(file, settings, sqlite_database, Vault(secret, keys), force=True)


def test_a_restore_that_fails_half_way_leaves_everything_as_it_was(
    database: Database,
    vault: Vault,
    settings: Settings,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill(database, vault)
    save(file, settings, database, vault)
    (settings.flows / "menu.yaml").write_text("id: menu # mine\n")
    before = rows(database)

    def explode(_connection: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(work.snapshot, "restart_numbering", explode)
    with pytest.raises(RuntimeError):
        bring_back(file, settings, database, vault, force=True)
    assert rows(database) == before
    assert (settings.flows / "menu.yaml").read_text() == "id: menu # mine\n"
    assert not list(settings.flows.parent.glob(".*"))
    with database.read() as connection:
        assert audit.verify(connection).broken_seq is None


def test_content_that_differs_is_replaced_only_when_forced_and_kept_beside(
    sqlite_database: Database, vault: Vault, settings: Settings, file: Path
) -> None:
    save(file, settings, sqlite_database, vault)
    with sqlite_database.write() as connection:
        audit.unguard(connection)
        connection.execute(tables.audit.delete())
        audit.guard(connection)
    (settings.flows / "menu.yaml").write_text("id: menu # mine\n")
    with pytest.raises(Refused, match="differs"):
        bring_back(file, settings, sqlite_database, vault)
    restored = bring_back(file, settings, sqlite_database, vault, force=True)
    (former,) = restored.kept
    assert (former / "menu.yaml").read_text() == "id: menu # mine\n"
    assert (settings.flows / "menu.yaml").read_text() == "id: menu\n"


def test_a_backup_of_an_older_schema_restores_when_the_new_columns_may_be_empty(
    sqlite_database: Database, vault: Vault, settings: Settings, file: Path
) -> None:
    from smsbot.storage import snapshot

    table = tables.contacts
    names = [column.name for column in table.c]
    snapshot.readable(table, [name for name in names if name not in ("language_at", "region")])
    with pytest.raises(BadBackup, match=r"contacts\.shoe_size"):
        snapshot.readable(table, [*names, "shoe_size"])
    with pytest.raises(BadBackup, match=r"contacts\.ref"):
        snapshot.readable(table, [name for name in names if name != "ref"])
    lines = [b'[1,"mydata","h",5,0]\n', b'{"not": "a row"}\n']
    columns = [column.name for column in tables.codes.c]
    with sqlite_database.write() as connection:
        meet(connection, vault)
        with pytest.raises(BadBackup, match="row 2 of codes"):
            snapshot.load(connection, tables.codes, columns, lines)


def test_a_backup_that_fails_leaves_no_file(
    sqlite_database: Database, vault: Vault, settings: Settings, file: Path
) -> None:
    with pytest.raises(Refused, match="not a folder"):
        save(file.parent / "missing" / "b.zip", settings, sqlite_database, vault)
    shutil.rmtree(settings.flows)
    settings.flows.write_text("a file where a folder was")
    settings.flows.chmod(0)
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(type(settings.flows), "read_bytes", _denied)
        with pytest.raises(PermissionError):
            save(file, settings, sqlite_database, vault)
    assert [path.name for path in file.parent.iterdir() if "backup" in path.name] == []


def _denied(_path: object) -> bytes:
    raise PermissionError
