"""`doctor`, `channels` and `db` on a deployment that does not run, as JSON and as words."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from smsbot.cli.main import group
from smsbot.errors import NotFound, Refused
from smsbot.running import Running, announce, hold
from smsbot.storage import channel_states
from smsbot.storage.database import Database
from smsbot.storage.migrate import HEAD

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.startswith(("SMSBOT_", "AFRICASTALKING_", "TWILIO_")) or name == "PORT":
            monkeypatch.delenv(name)
    monkeypatch.setenv("SMSBOT_DATA", str(tmp_path / "data"))


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(group, arguments, catch_exceptions=False)


def test_the_doctor_tells_an_empty_deployment_what_to_do() -> None:
    result = _run("doctor", "--json")

    found = {finding["check"]: finding for finding in json.loads(result.stdout)}
    assert result.exit_code == 1
    assert set(found["database"]) == {"check", "state", "words", "remedy"}
    assert (found["database"]["state"], found["database"]["remedy"]) == (
        "fail",
        "run: smsbot db upgrade",
    )
    assert found["redis"]["state"] == "fail"
    assert found["redis"]["remedy"].startswith("start: smsbot up")
    assert found["content"]["state"] == "ok"
    assert found["gateway at-ke"]["state"] == "warn"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMSBOT_CLOCK_OFFSET", "tomorrow"),
        ("SMSBOT_REDIS_URL", "localhost:6379"),
        ("SMSBOT_DATABASE_URL", "mysql://localhost/x"),
    ],
)
def test_the_doctor_names_a_wrong_setting(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    result = _run("doctor")

    assert result.exit_code == 1
    assert f"settings: {name}" in result.stdout


def test_the_doctor_names_broken_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows/menu.yaml").write_text("id: menu\nstart: nowhere\n")
    monkeypatch.setenv("SMSBOT_FLOWS", str(tmp_path / "flows"))

    result = _run("doctor")

    assert result.exit_code == 1
    assert "fail  content" in result.stdout


def test_db_says_where_it_is_and_upgrades_once() -> None:
    before = _run("db", "status")
    assert (before.exit_code, before.stdout) == (1, f"empty, newest is {HEAD}\n")

    assert _run("db", "upgrade").stdout == f"upgraded to {HEAD}\n"
    assert _run("db", "upgrade").stdout == f"already at {HEAD}\n"
    assert _run("db", "status").exit_code == 0


def test_channels_lists_each_webhook_under_the_address_that_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def urls_of(channel: str) -> dict[str, str]:
        listed = json.loads(_run("channels", "--json").stdout)
        assert {tuple(one) for one in listed} == {("id", "gateway", "kinds", "urls")}
        (found,) = (one["urls"] for one in listed if one["id"] == channel)
        return dict(found)

    assert urls_of("tw") == {
        "sms": "http://127.0.0.1:8000/hooks/tw/sms",
        "status": "http://127.0.0.1:8000/hooks/tw/status",
    }
    assert list(urls_of("at-ke")) == ["ussd", "ussd-end", "sms", "delivery", "optout"]

    data = tmp_path / "data"
    held = hold(data)
    announce(data, Running(os.getpid(), "http://127.0.0.1:8123", 8123, "", ""))
    assert urls_of("tw")["sms"] == "http://127.0.0.1:8123/hooks/tw/sms"
    os.close(held)

    monkeypatch.setenv("SMSBOT_PUBLIC_URL", "https://sms.example.org/")
    assert urls_of("tw")["sms"] == "https://sms.example.org/hooks/tw/sms"


def test_channels_in_words_has_one_unbroken_url_a_line() -> None:
    lines = _run("channels").stdout.splitlines()

    assert "tw (twilio: sms)" in lines
    assert sum("/hooks/at-ke/" in line for line in lines) == 5


def _why_paused(data: Path) -> str:
    database = Database(f"sqlite:///{data / 'smsbot.sqlite3'}")
    with database.read() as connection:
        state = channel_states.find(connection, "at-ke")
    database.close()
    return "" if state.paused_at is None else state.paused_because


def test_a_person_pauses_a_channel_and_lets_it_send_again(tmp_path: Path) -> None:
    assert _run("db", "upgrade").exit_code == 0

    assert _run("channels", "pause", "at-ke", "--reason", "invoice").exit_code == 0
    assert _why_paused(tmp_path / "data") == "operator"
    with pytest.raises(Refused, match="paused already"):
        _run("channels", "pause", "at-ke", "--reason", "again")

    assert _run("channels", "resume", "at-ke").exit_code == 0
    assert _why_paused(tmp_path / "data") == ""
    with pytest.raises(Refused, match="not paused"):
        _run("channels", "resume", "at-ke")
    shown = _run("audit", "show").stdout
    assert "channel.paused channel:at-ke" in shown
    assert "channel.resumed channel:at-ke" in shown


def test_a_persons_pause_takes_over_a_faults(tmp_path: Path) -> None:
    assert _run("db", "upgrade").exit_code == 0
    database = Database(f"sqlite:///{tmp_path / 'data' / 'smsbot.sqlite3'}")
    with database.write() as connection:
        channel_states.pause(connection, "at-ke", "405", "no balance", 1)
    database.close()

    assert _run("channels", "pause", "at-ke", "--reason", "invoice").exit_code == 0
    assert _why_paused(tmp_path / "data") == "operator"


def test_a_channel_that_is_not_there_is_named_with_those_that_are() -> None:
    assert _run("db", "upgrade").exit_code == 0
    with pytest.raises(NotFound, match="at-ke, tw"):
        _run("channels", "resume", "at-kenya")
