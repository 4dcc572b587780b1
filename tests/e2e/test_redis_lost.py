"""Redis dies, is emptied or hangs while citizens are in the middle of a menu."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.callers import APOLOGY, LESSON, PATIENCE_S, dialler, texter, walk
from tests.e2e.running import REDIS, until

if TYPE_CHECKING:
    from tests.e2e.conftest import House

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")


@pytest.mark.parametrize("rounds", [1, pytest.param(4, marks=pytest.mark.drill)])
def test_redis_is_killed_and_citizens_go_on_where_they_were(house: House, rounds: int) -> None:
    up = house.up
    with dialler(up) as control:
        expected = [page.text for page in walk(control, LESSON)]
    for _ in range(rounds):
        with dialler(up) as early, dialler(up) as late:
            for phone in (early, late):
                assert walk(phone, LESSON[:2])[-1].text == expected[2]
            os.kill(up.child(REDIS), signal.SIGKILL)

            during = early.answer(LESSON[2])
            assert during.took_s < PATIENCE_S
            assert (during.text, during.ends) in ((expected[3], False), (APOLOGY, True))

            until(lambda: up.status("/readyz") == 200, 60)
            assert late.answer(LESSON[2]).text == expected[3]
            assert [late.answer(key).text for key in LESSON[3:]] == expected[4:]
            if during.ends:  # dialled again, the place is offered and is still the same
                assert "1 Continue" in early.dial().text
                assert early.answer("1").text == expected[2]
                assert early.answer(LESSON[2]).text == expected[3]


def test_redis_is_emptied_and_the_transcript_rebuilds_every_session(house: House) -> None:
    up = house.up
    with dialler(up) as control, dialler(up) as known, dialler(up) as fresh:
        expected = [page.text for page in walk(control, LESSON)]
        walk(known, LESSON[:3])
        until(up.drained, 30)
        walk(fresh, LESSON[:3])
        client = up.redis()
        client.flushall()
        client.close()
        # One session's beginning is in SQL, the other's was lost with the journal.
        for phone in (known, fresh):
            assert phone.answer(LESSON[3]).text == expected[4]
            phone.resend()
            assert [phone.answer(key).text for key in LESSON[4:]] == expected[5:]
        until(up.drained, 30)
        turns = up.counts(
            "SELECT ref, count(*) FROM turns WHERE ref IN (:known, :fresh) GROUP BY ref",
            known=up.ref(known.number),
            fresh=up.ref(fresh.number),
        )
        # What SQL had not heard of when Redis was emptied is lost to statistics, at most two seconds.
        whole = len(LESSON) + 1
        assert turns[up.ref(known.number)] == whole
        assert whole - 4 <= turns[up.ref(fresh.number)] <= whole


def test_redis_hangs_and_nobody_waits_for_long(house: House) -> None:
    up = house.up
    writer = texter(up)
    with dialler(up) as control, dialler(up) as phone:
        expected = [page.text for page in walk(control, LESSON[:3])]
        walk(phone, LESSON[:2])
        pid = up.child(REDIS)
        os.kill(pid, signal.SIGSTOP)
        try:
            page = phone.answer(LESSON[2])
            assert (page.text, page.ends) == (APOLOGY, True)
            assert page.took_s < PATIENCE_S
            again = phone.resend()
            assert again.took_s < PATIENCE_S
            began = time.monotonic()
            assert writer.send("HELP") == 200
            assert time.monotonic() - began < 5
        finally:
            os.kill(pid, signal.SIGCONT)
        until(lambda: up.status("/readyz") == 200)
        assert "1 Continue" in phone.dial().text
        # The answer may have reached Redis before it woke up: then the place is already the next one.
        if phone.answer("1").text == expected[2]:
            assert phone.answer(LESSON[2]).text == expected[3]
        else:
            assert phone.page.text == expected[3]
    # The call to a worker may have reached Redis without its job; the flag lasts half a minute.
    assert len(writer.receives(1, 60)) == 1
