"""The ticker as a process, beside a real worker: what was forgotten is sent."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smsbot.clock import Clock
from smsbot.config import load_settings
from smsbot.storage import migrate
from smsbot.storage.database import Database
from smsbot.vault import Vault
from tests.integration.sending_support import TEXTS, people, queue_bulk, states

if TYPE_CHECKING:
    import redis

ROOT = Path(__file__).parents[2]


@pytest.mark.usefixtures("redis_client")
def test_a_text_that_nobody_woke_a_worker_for_is_sent(
    tmp_path: Path, redis_url: str, redis_client: redis.Redis
) -> None:
    settings = load_settings(data=tmp_path, redis_url=redis_url)
    database = Database(settings.effective_database_url)
    migrate.upgrade(database)
    vault = Vault(settings.secret_key, settings.pii_key_list)
    with database.write() as connection:
        persons = people(connection, vault, len(TEXTS))
        for person, text in zip(persons, TEXTS, strict=True):
            queue_bulk(connection, vault, [person], text, channel="sim", now_ms=Clock().now_ms())
    awake = (
        (ROOT / "channels.yaml")
        .read_text()
        .replace('quiet_hours: {from: "19:00", to: "08:00"}', "quiet_hours: none")
    )
    (tmp_path / "channels.yaml").write_text(awake)  # the test passes at night, too
    environ = os.environ | {
        "SMSBOT_DATA": str(tmp_path),
        "SMSBOT_REDIS_URL": redis_url,
        "SMSBOT_CHANNELS": str(tmp_path / "channels.yaml"),
    }
    children = [
        subprocess.Popen([sys.executable, "-m", *program], cwd=ROOT, env=environ)
        for program in (("smsbot", "ticker"), ("smsbot.up.worker",))
    ]
    try:
        deadline = time.monotonic() + 60
        while states(database) != {"accepted": len(TEXTS)} and time.monotonic() < deadline:
            time.sleep(0.1)
        assert states(database) == {"accepted": len(TEXTS)}
        assert redis_client.exists("smsbot:lease:ticker")
    finally:
        for child in children:
            child.terminate()
        ends = [child.wait(30) for child in children]
        database.close()
    assert ends == [0, 0]
    assert not redis_client.exists("smsbot:lease:ticker")  # the next one need not wait
