"""What the ticker watches of the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot import backstage
from smsbot.config import load_settings
from smsbot.sessions.store import JOURNAL
from smsbot.storage import alerts, migrate

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    import redis


def test_a_journal_that_piles_up_is_told_once_and_then_ended(
    tmp_path: Path, redis_client: redis.Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backstage, "JOURNAL_MANY", 3)
    monkeypatch.setattr(backstage, "JOURNAL_FEW", 1)
    house = backstage.Backstage(load_settings(SMSBOT_DATA=tmp_path, SMSBOT_REDIS_URL=redis_url))
    migrate.upgrade(house.database)

    def told() -> list[str]:
        with house.database.read() as connection:
            return [alert.kind for alert in alerts.ongoing(connection)]

    assert (house.watch_journal(), told()) == (0, [])
    for _ in range(4):
        redis_client.xadd(JOURNAL, {"t": b"x"})
    assert house.watch_journal() == 4
    assert house.watch_journal() == 4
    assert told() == ["journal_growing"]
    assert house.drain.run().lost == 4
    assert (house.watch_journal(), told()) == (0, [])
    house.close()
