"""The doctor's eye: what is sound, what is not, and the remedy."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, text

from smsbot.config import load_settings
from smsbot.errors import ConfigError
from smsbot.sessions.client import connect
from smsbot.storage import channel_states, migrate
from smsbot.storage.database import Database
from smsbot.storage.tables import inbound, messages
from smsbot.up import redis_server
from smsbot.upkeep import examine_settings, examine_stores
from smsbot.upkeep.findings import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import redis

NOW = 1_790_000_000_000
MINUTE = 60_000
_MESSAGE = {
    "channel": "at-ke", "ref": "a" * 32, "purpose": "reply", "priority": 0, "body_hash": "b" * 32,
    "encoding": "GSM-7", "segments": 1, "created_at": 0,
}  # fmt: skip


def _sql(database: Database, now_ms: int = NOW) -> dict[str, Any]:
    found = examine_stores.examine_sql(database, now_ms, ["at-ke", "sim"])
    return {finding.check: finding for finding in found if finding.check != "clock"}


@pytest.fixture
def migrated(bare_database: Database) -> Database:
    migrate.upgrade(bare_database)
    return bare_database


def test_a_database_without_tables_is_told_to_upgrade(bare_database: Database) -> None:
    (finding,) = _sql(bare_database).values()

    assert finding.state is State.FAIL
    assert finding.remedy == "run: smsbot db upgrade"


def test_a_fresh_database_is_sound(migrated: Database) -> None:
    assert {finding.state for finding in _sql(migrated).values()} == {State.OK}


def test_an_absent_database_is_one_sentence() -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/none", patience_s=1)

    (finding,) = _sql(away).values()

    assert (finding.check, finding.state) == ("database", State.FAIL)


def test_rows_that_wait_too_long_are_counted(migrated: Database) -> None:
    late = {**_MESSAGE, "due_at": NOW - 11 * MINUTE}
    with migrated.write() as connection:
        for number, row in enumerate(
            (
                {**late, "state": "queued"},
                {**late, "state": "queued", "due_at": NOW - 9 * MINUTE},
                {**late, "state": "sending", "claimed_at": NOW - 6 * MINUTE},
                {**late, "state": "delivered"},
            )
        ):
            connection.execute(insert(messages).values(**row, dedupe_key=str(number)))
        connection.execute(
            insert(inbound).values(
                channel="at-ke",
                gateway_id="1",
                ref="a" * 32,
                received_at=NOW - 3 * MINUTE,
                state="pending",
            )
        )

    found = _sql(migrated)

    assert [found[check].words.split()[0] for check in ("outbox", "sending", "inbox")] == ["1"] * 3
    assert {found[check].state for check in ("outbox", "sending", "inbox")} == {State.WARN}


def test_messages_of_which_nobody_knows_are_told_for_a_day(migrated: Database) -> None:
    row = {**_MESSAGE, "due_at": 0, "state": "unknown"}
    with migrated.write() as connection:
        for number, hours in enumerate((1, 23, 25)):
            at = {"created_at": NOW - hours * 60 * MINUTE, "dedupe_key": str(number)}
            connection.execute(insert(messages).values(**row | at))

    unknown = _sql(migrated)["unknown"]

    assert unknown.state is State.WARN
    assert unknown.words.startswith("of 2 messages")


def test_a_paused_channel_fails_and_its_queue_is_not_blamed_twice(migrated: Database) -> None:
    with migrated.write() as connection:
        channel_states.pause(connection, "at-ke", "no_balance", "", NOW)
        late = {**_MESSAGE, "due_at": NOW - 60 * MINUTE, "state": "queued"}
        connection.execute(insert(messages).values(**late, dedupe_key="1"))

    found = _sql(migrated)

    assert found["channel at-ke"].state is State.FAIL
    assert found["outbox"].state is State.OK


@pytest.mark.parametrize(
    ("away_ms", "state"), [(0, State.OK), (5_000, State.WARN), (60_000, State.FAIL)]
)
def test_clocks_that_disagree_are_found(
    postgres_database: Database, away_ms: int, state: State
) -> None:
    with postgres_database.write() as connection:
        now = connection.scalar(text("SELECT (extract(epoch FROM clock_timestamp())*1000)::bigint"))
        (finding,) = examine_stores._clock(connection, int(now or 0) + away_ms)

    assert finding.state is state


def _redis(client: redis.Redis, *, is_dev: bool = False, away_ms: int = 0) -> dict[str, State]:
    seconds, micros = client.time()
    now_ms = int(seconds) * 1000 + int(micros) // 1000 + away_ms
    found = examine_stores.examine_redis(client, now_ms, is_dev=is_dev)
    return {finding.check: finding.state for finding in found}


def test_our_own_redis_is_sound(redis_client: redis.Redis) -> None:
    assert set(_redis(redis_client).values()) == {State.OK}
    examine_stores.refuse_forgetful(redis_client)


@pytest.fixture
def forgetful(tmp_path: Path) -> Iterator[redis.Redis]:
    options = ["--appendonly", "no", "--maxmemory-policy", "allkeys-lru"]
    process = subprocess.Popen([*redis_server.command(tmp_path), *options])
    try:
        redis_server.wait_until_ready(redis_server.url(tmp_path), process)
        client = connect(redis_server.url(tmp_path))
        yield client
        client.close()
    finally:
        process.terminate()
        process.wait(10)


def test_a_forgetful_or_evicting_redis_is_found(forgetful: redis.Redis) -> None:
    found = _redis(forgetful, away_ms=5_000)

    assert found["redis persistence"] is State.FAIL
    assert found["redis memory"] is State.WARN
    assert found["redis clock"] is State.WARN
    assert _redis(forgetful, is_dev=True)["redis persistence"] is State.WARN
    with pytest.raises(ConfigError, match="appendonly"):
        examine_stores.refuse_forgetful(forgetful)


def test_an_absent_redis_is_one_sentence(tmp_path: Path) -> None:
    (finding,) = examine_stores.examine_redis(
        connect(f"unix://{tmp_path}/none.sock"), NOW, is_dev=True
    )

    assert (finding.check, finding.state) == ("redis", State.FAIL)


@pytest.mark.parametrize(
    ("secret", "guessable"),
    [
        ("changeme-changeme-changeme-changeme", True),
        ("a" * 40, True),
        ("my-Secret-9f8a7d6c5b4e3f2a1q0w9e8r7", True),
        ("kV3zqT0nX8sB1hYwLr5uJcPdGf7mEa2oQiNt", False),
    ],
)
def test_a_secret_that_can_be_guessed_is_found(secret: str, guessable: bool) -> None:
    assert examine_settings.is_guessable(secret) is guessable


def test_made_secrets_of_dev_are_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SMSBOT_")]:
        monkeypatch.delenv(name)
    settings = load_settings(data=tmp_path)

    (finding,) = examine_settings.examine_secrets(settings)

    assert finding.state is State.OK


def test_a_weak_or_doubled_secret_fails_in_production(tmp_path: Path) -> None:
    settings = load_settings(
        env="production", data=tmp_path, public_url="https://sms.example.org",
        secret_key="a" * 40, pii_keys="a" * 40,
    )  # fmt: skip

    found = list(examine_settings.examine_secrets(settings))

    assert {finding.state for finding in found} == {State.FAIL}
    assert "one secret is used twice" in {finding.words for finding in found}


def test_the_room_on_the_disk_is_told(tmp_path: Path) -> None:
    (finding,) = examine_settings.examine_disk([tmp_path])

    assert finding.check == "disk"
