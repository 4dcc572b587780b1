"""The clock jumps between restarts, as after a repaired NTP or a moved machine: nothing sticks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from smsbot.fakegateway import FakeGateway
from tests.e2e.callers import LESSON, REPORT, dialler, texter, walk
from tests.e2e.running import FLOWS, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.running import Starter, Up

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc"),
    pytest.mark.timeout(400),
]
_MESSAGES = "SELECT state, count(*) FROM messages GROUP BY state"


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with FakeGateway() as gateway:
        yield gateway


def _restarted(starter: Starter, gateway: FakeGateway, offset: str) -> Up:
    up = starter.start(SMSBOT_FLOWS=str(FLOWS), SMSBOT_CLOCK_OFFSET=offset, **gateway.environment)
    up.wait_until_ready()
    return up


@pytest.mark.parametrize(
    ("jumps", "expires"),
    [
        (("+2h", "-1h"), False),
        pytest.param(("+3d", "-1h", "+20d"), True, marks=pytest.mark.drill),
    ],
    ids=["hours", "days"],
)
def test_a_jump_of_the_clock_leaves_nothing_stuck(
    starter: Starter, gateway: FakeGateway, jumps: tuple[str, ...], expires: bool
) -> None:
    up = _restarted(starter, gateway, "+0s")
    caller, writer, waiting = dialler(up), texter(up), texter(up)
    with caller:
        pages = [page.text for page in walk(caller, LESSON[:2])]
    lesson = writer.ask("wrong")
    gateway.behave(throttle_s=600)  # a reply that can't leave before the clock jumps
    assert waiting.send("HELP") == 200
    until(lambda: gateway.stats()["answers"].get("throttle"))
    until(up.drained)
    assert up.stop() == 0
    gateway.behave(throttle_s=0)

    for jump in jumps:
        up = _restarted(starter, gateway, jump)
        writer.up = waiting.up = up
        until(lambda up=up: not {"queued", "sending"} & set(up.counts(_MESSAGES)), 30)  # type: ignore[misc]
        assert waiting.states() == ["expired" if expires else "accepted"]
        with dialler(up, number=caller.number) as again:
            shown = again.dial().text
            if jump.startswith("-"):  # from later back to now: the last call was not long ago
                assert "1 Continue" in shown
                assert again.answer("1").text == pages[-1]
            else:
                assert [shown, *(again.answer(key).text for key in LESSON[:2])] == pages
        with dialler(up) as reporter:
            assert walk(reporter, REPORT)[-1].ends
            assert up.value(
                "SELECT count(*) FROM reports WHERE ref = :r", r=up.ref(reporter.number)
            )
        if not expires:
            assert writer.ask("1") != lesson  # the conversation by SMS goes on
        assert "STOP" in texter(up).ask("HELP")
        until(up.drained, 30)
        assert up.status("/readyz") == 200
        assert up.stop() == 0
        assert up.alarms_since(0) == []
    assert gateway.stats()["twice"] == 0
