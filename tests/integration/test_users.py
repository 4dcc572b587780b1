"""Users on both databases and by command: no password ever comes back, the last admin stays."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from smsbot.cli.main import group
from smsbot.errors import NotFound, Refused
from smsbot.people import users
from smsbot.storage import audit
from smsbot.storage import users as stored
from smsbot.values import Role

if TYPE_CHECKING:
    from pathlib import Path

    from smsbot.storage.database import Database

NOW_MS = 1_795_000_000_000
GOOD = "maji safi 7 kisima"


def test_a_user_is_made_found_by_any_case_and_known_by_the_password(database: Database) -> None:
    with database.write() as connection:
        users.create(connection, "Amina", Role.MANAGER, GOOD, actor="cli:root", now_ms=NOW_MS)

        found = users.by_password(connection, "AMINA", GOOD)
        assert found is not None
        assert (found.name, found.role) == ("amina", Role.MANAGER)
        assert found.password_hash.startswith("$argon2id$")
        assert "argon2" not in repr(found)
        assert users.by_password(connection, "amina", GOOD + "x") is None
        assert users.by_password(connection, "nobody", GOOD) is None


def test_every_act_on_a_user_is_in_the_audit_log_without_the_password(database: Database) -> None:
    who = {"actor": "cli:root", "now_ms": NOW_MS}
    with database.write() as connection:
        users.create(connection, "amina", Role.ADMIN, GOOD, **who)  # type: ignore[arg-type]
        users.create(connection, "bo", Role.VIEWER, GOOD, **who)  # type: ignore[arg-type]
        users.set_role(connection, "bo", Role.APPROVER, **who)  # type: ignore[arg-type]
        users.disable(connection, "bo", **who)  # type: ignore[arg-type]
        users.disable(connection, "bo", **who)  # type: ignore[arg-type]
        users.enable(connection, "bo", **who)  # type: ignore[arg-type]
        users.set_password(connection, "bo", "another good one", **who)  # type: ignore[arg-type]
        rows = audit.newest(connection, 99, subject="user:bo")

    assert [row.action for row in reversed(rows)] == [
        "user.create",
        "user.role",
        "user.disable",
        "user.enable",
        "user.password",
    ]
    assert rows[3].detail == {"role": "approver", "before": "viewer"}
    assert GOOD not in str(rows)


@pytest.mark.parametrize(
    ("name", "password", "words"),
    [
        ("a", GOOD, "2 to 64 letters"),
        ("amina wanjiru", GOOD, "2 to 64 letters"),
        ("operator", GOOD, "the service itself"),
        ("system", GOOD, "the service itself"),
        ("amina", "short", "8 to 512 characters"),
        ("amina", "x" * 513, "8 to 512 characters"),
        ("amina", "Password", "anybody tries"),
        ("amina", "aaaaaaaaaa", "anybody tries"),
        ("amina-w@x.org", "Amina-W@x.org", "anybody tries"),
    ],
)
def test_a_bad_name_or_password_is_refused(
    name: str, password: str, words: str, sqlite_database: Database
) -> None:
    with sqlite_database.write() as connection:
        with pytest.raises(Refused, match=words):
            users.create(connection, name, Role.VIEWER, password, actor="x", now_ms=NOW_MS)
        assert stored.every(connection) == []


def test_a_name_is_taken_once(database: Database) -> None:
    with database.write() as connection:
        users.create(connection, "amina", Role.VIEWER, GOOD, actor="x", now_ms=NOW_MS)
        with pytest.raises(Refused, match="a user amina already"):
            users.create(connection, "AMINA", Role.ADMIN, GOOD, actor="x", now_ms=NOW_MS)


def test_the_last_admin_stays(database: Database) -> None:
    with database.write() as connection:
        for name in ("amina", "bo"):
            users.create(connection, name, Role.ADMIN, GOOD, actor="x", now_ms=NOW_MS)
        users.disable(connection, "bo", actor="x", now_ms=NOW_MS)

        with pytest.raises(Refused, match="amina is the last admin"):
            users.disable(connection, "amina", actor="x", now_ms=NOW_MS)
        with pytest.raises(Refused, match="amina is the last admin"):
            users.set_role(connection, "amina", Role.VIEWER, actor="x", now_ms=NOW_MS)
        users.set_role(connection, "bo", Role.VIEWER, actor="x", now_ms=NOW_MS)


def test_who_acts_is_an_enabled_user_or_in_dev_the_operator(database: Database) -> None:
    with database.write() as connection:
        users.create(connection, "amina", Role.MANAGER, GOOD, actor="x", now_ms=NOW_MS)

        assert users.acting(connection, "Amina", is_dev=False).role is Role.MANAGER
        operator = users.acting(connection, "", is_dev=True)
        assert (operator.name, operator.role) == ("operator", Role.ADMIN)
        with pytest.raises(Refused, match="--as USER"):
            users.acting(connection, "", is_dev=False)
        with pytest.raises(NotFound, match="no user eve"):
            users.acting(connection, "eve", is_dev=True)
        users.disable(connection, "amina", actor="x", now_ms=NOW_MS)
        with pytest.raises(Refused, match="amina is disabled"):
            users.acting(connection, "amina", is_dev=True)
        assert users.by_password(connection, "amina", GOOD) is None


@pytest.fixture
def _deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.startswith(("SMSBOT_", "AFRICASTALKING_", "TWILIO_")) or name == "PORT":
            monkeypatch.delenv(name)
    monkeypatch.setenv("SMSBOT_DATA", str(tmp_path / "data"))
    _run("db", "upgrade")


def _run(*arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(group, arguments, input=given)


@pytest.mark.usefixtures("_deployment")
def test_the_commands_make_show_and_end_a_user() -> None:
    made = _run(
        "user", "create", "amina", "--role", "manager", "--password-stdin", given=f"{GOOD}\n"
    )
    assert (made.exit_code, made.output) == (0, "amina is made (manager)\n")
    assert _run("user", "role", "amina", "approver").output == "amina is approver now\n"
    assert _run("user", "disable", "amina").exit_code == 0

    (shown,) = json.loads(_run("user", "list", "--json").output)
    assert {key: shown[key] for key in ("name", "role", "disabled")} == {
        "name": "amina",
        "role": "approver",
        "disabled": True,
    }
    assert "disabled" in _run("user", "list").output
    assert _run("user", "enable", "amina").exit_code == 0
    fresh = _run("user", "password", "amina", "--password-stdin", given="another good one")
    assert (fresh.exit_code, fresh.output) == (0, "amina has a new password\n")


@pytest.mark.usefixtures("_deployment")
def test_a_password_is_taken_from_standard_input_only() -> None:
    assert _run("user", "create", "amina", "--role", "manager").exit_code == 2
    assert _run("user", "create", "amina", "--role", "king", "--password-stdin").exit_code == 2
    assert isinstance(
        _run("user", "create", "a b", "--role", "viewer", "--password-stdin", given=GOOD).exception,
        Refused,
    )
