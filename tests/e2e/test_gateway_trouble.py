"""The gateway is away, refuses for a while, hangs, or reports out of order: everybody gets one text."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from smsbot.fakegateway import Fault
from tests.e2e.callers import texter
from tests.e2e.running import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsbot.fakegateway import FakeGateway
    from tests.e2e.callers import Texter
    from tests.e2e.conftest import House

pytestmark = pytest.mark.timeout(200)


@contextlib.contextmanager
def _away(gateway: FakeGateway) -> Iterator[None]:
    """Let nobody listen at the gateway's address; what it counted stays."""
    gateway.__exit__(None, None, None)
    try:
        yield
    finally:
        gateway.__enter__()


def _people_write(house: House, count: int) -> list[Texter]:
    people = [texter(house.up) for _ in range(count)]
    with ThreadPoolExecutor(4) as posts:
        assert set(posts.map(lambda one: one.send("HELP"), people)) == {200}
    return people


@pytest.mark.parametrize("seconds", [1.5, pytest.param(20, marks=pytest.mark.drill)])
def test_a_gateway_that_was_away_delivers_once_when_it_is_back(
    house: House, seconds: float
) -> None:
    with _away(house.gateway):
        people = _people_write(house, 6)
        time.sleep(seconds)
        assert {state for one in people for state in one.states()} <= {"queued", "sending"}
    for person in people:
        assert len(person.receives(1, 60)) == 1
        assert house.times_reached(person.number) == 1


@pytest.mark.parametrize("seconds", [2, pytest.param(20, marks=pytest.mark.drill)])
def test_a_gateway_that_refuses_for_a_while_delivers_once_afterwards(
    house: House, seconds: float
) -> None:
    house.gateway.behave(throttle_s=seconds, retry_after_s=1)
    people = _people_write(house, 6)
    for person in people:
        assert len(person.receives(1, 60 + seconds)) == 1
        assert house.times_reached(person.number) == 1
    assert house.gateway.stats()["answers"]["throttle"] >= 1


@pytest.mark.drill
@pytest.mark.parametrize("fault", [Fault.HANG, Fault.HANG_AFTER, Fault.DROP_AFTER])
def test_a_request_that_nobody_answers_is_unknown_and_never_sent_again(
    house: House, fault: Fault
) -> None:
    house.gateway.behave(rates={fault: 1})
    (person,) = _people_write(house, 1)
    until(lambda: person.states() == ["unknown"], 40)
    house.gateway.behave(rates={})
    time.sleep(12)
    assert person.states() == ["unknown"]
    assert house.times_reached(person.number) == (0 if fault is Fault.HANG else 1)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fails", [0.0, 1.0])
def test_receipts_doubled_and_reversed_lead_to_the_same_end(
    house: House, when: str, fails: float
) -> None:
    url = house.up.url("at-ke", "delivery")
    end = "failed" if fails else "delivered"
    for reverse in (False, True):
        plan = {"when": when, "url": url, "repeat": 2, "reverse": reverse, "fail_rate": fails}
        house.gateway.behave(receipts=plan)
        people = _people_write(house, 3)
        for person in people:
            until(lambda person=person: person.states() == [end], 30)  # type: ignore[misc]
        house.gateway.wait_until_quiet()
        assert {state for one in people for state in one.states()} == {end}
    assert set(house.gateway.stats()["callbacks"]) == {"200"}
