"""The commands of upkeep as an operator runs them: exit status, words, and what they leave behind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from smsbot.cli.main import main
from smsbot.config import load_settings, read_made_secrets
from smsbot.storage import audit, contacts, migrate
from smsbot.storage.database import Database
from smsbot.vault import Vault
from tests.integration.lives import AMINA, PIN, live

if TYPE_CHECKING:
    from pathlib import Path

NUMBER = AMINA.e164[1:]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A deployment in dev, with a person in it."""
    for name in ("SECRET_KEY", "PII_KEYS", "DATABASE_URL", "REDIS_URL", "ENV", "RETENTION"):
        monkeypatch.delenv(f"SMSBOT_{name}", raising=False)
    monkeypatch.setenv("SMSBOT_DATA", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    database = Database(settings.effective_database_url)
    migrate.upgrade(database)
    with database.write() as connection:
        live(connection, Vault(settings.secret_key, settings.pii_key_list))
    database.close()
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(words)
    told = capsys.readouterr()
    assert NUMBER not in told.out + told.err
    assert PIN not in told.out
    return int(ended.value.code or 0), told.out, told.err


def opened() -> tuple[Database, Vault]:
    settings = load_settings()
    return (
        Database(settings.effective_database_url),
        Vault(settings.secret_key, settings.pii_key_list),
    )


def test_a_backup_comes_back_on_another_machine_with_its_keys(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, _ = run(capsys, "backup", "saved.zip")
    assert (status, "keys are NOT in it" in out) == (0, True)
    monkeypatch.setenv("SMSBOT_DATA", str(home / "elsewhere"))
    status, _, err = run(capsys, "restore", "saved.zip")
    assert (status, "SMSBOT_SECRET_KEY" in err) == (1, True)
    (home / "elsewhere" / "secrets.json").write_bytes((home / "var" / "secrets.json").read_bytes())
    status, out, err = run(capsys, "restore", "saved.zip")
    assert (status, err) == (0, "")
    assert "rows are back" in out
    database, vault = opened()
    with database.read() as connection:
        contact = contacts.find(connection, vault.ref(AMINA))
    database.close()
    assert contact is not None
    status, _, err = run(capsys, "restore", "saved.zip")
    assert (status, err.count("\n")) == (1, 1)
    assert "--force" in err


def test_keys_are_rotated_in_dev_with_one_command(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = read_made_secrets(home / "var")["pii_keys"]
    status, out, _ = run(capsys, "keys", "rotate", "--new")
    assert (status, "first key" in out) == (0, True)
    after = read_made_secrets(home / "var")["pii_keys"].split(",")
    assert after[1:] == [before]
    status, out, _ = run(capsys, "keys", "status")
    assert status == 0
    assert [line.split()[1] for line in out.splitlines()] == ["9", "0"]
    assert before not in out
    database, vault = opened()
    with database.read() as connection:
        contact = contacts.find(connection, vault.ref(AMINA))
        assert contact is not None
        assert contacts.msisdn_of(connection, vault, contact.id) == AMINA
        assert audit.newest(connection, 1)[0].action == "keys.rotate"
    database.close()
    status, out, _ = run(capsys, "keys", "new")
    assert (status, len(out.strip())) == (0, 43)


def test_a_purge_is_reported_and_logged(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "privacy", "report")
    assert (status, "no purge has run" in err) == (1, True)
    status, out, _ = run(capsys, "privacy", "purge", "--dry-run")
    assert (status, "would be purged" in out) == (0, True)
    status, out, _ = run(capsys, "privacy", "purge")
    assert status == 0
    status, out, _ = run(capsys, "privacy", "report", "--json")
    found: dict[str, Any] = json.loads(out)
    assert set(found["counts"]) >= {"inbound.body", "messages.body", "reports", "consents"}
    status, out, _ = run(capsys, "audit", "show", "--json")
    (row,) = [json.loads(line) for line in out.splitlines()]
    assert (row["seq"], row["action"]) == (1, "privacy.purge")
    assert row["actor"].startswith("cli:")


def test_a_wrong_retention_is_one_sentence(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSBOT_RETENTION", "bodies=soon")
    status, _, err = run(capsys, "privacy", "purge")
    assert (status, err.count("\n"), err.startswith("smsbot: SMSBOT_RETENTION")) == (1, 1, True)


def test_a_broken_audit_log_is_found(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "privacy", "purge")
    status, out, _ = run(capsys, "audit", "verify")
    assert (status, out.startswith("1 rows, unbroken")) == (0, True)
    database, _ = opened()
    with database.write() as connection:
        audit.unguard(connection)
        connection.exec_driver_sql("UPDATE audit SET actor = 'cli:nobody'")
    database.close()
    status, _, err = run(capsys, "audit", "verify")
    assert (status, "broken at row 1" in err) == (1, True)


def test_a_database_without_its_migrations_is_named(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSBOT_DATA", str(home / "empty"))
    status, _, err = run(capsys, "audit", "show")
    assert (status, "smsbot db upgrade" in err) == (1, True)


@pytest.mark.parametrize(
    "words",
    [
        ("backup",),
        ("restore",),
        ("keys", "rotate", "--old"),
        ("audit", "show", "-n", "0"),
        ("privacy", "forget"),
    ],
)
def test_a_wrong_call_is_a_usage_error(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    status, _, err = run(capsys, *words)
    assert (status, "Usage:" in err) == (2, True)


@pytest.mark.parametrize(
    "words", [("backup",), ("restore",), ("keys", "rotate"), ("audit",), ("privacy", "purge")]
)
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    status, out, _ = run(capsys, *words, "--help")
    assert (status, "Usage:" in out) == (0, True)
