"""The web processes are killed while turns are in flight: what is posted again is answered the same."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import requests

from smsbot.fakegateway import UssdFault
from tests.e2e.callers import REPORT, dialler, new_number, persistently, walk
from tests.e2e.running import WEB, until

if TYPE_CHECKING:
    from tests.e2e.conftest import House
    from tests.e2e.running import Up

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc"),
    pytest.mark.timeout(300),
]
_REFERENCE = re.compile(r"\b\d{8}\b")


def _report(up: Up, number: str, stop: threading.Event) -> list[str]:
    """Make reports one after the other until `stop`; give their references.

    Each turn is posted until it is answered, and then once more.
    """
    references = []
    with dialler(up, number=number) as phone:
        while not stop.is_set() or not references:
            with contextlib.suppress(UssdFault):
                phone.dial()
            page = persistently(phone, "")
            if "1 Continue" in page.text:
                phone.answer("2")
                page = persistently(phone, phone.transcript)
            for key in REPORT:
                transcript = f"{phone.transcript}*{key}" if phone.transcript else key
                page = persistently(phone, transcript)
                again = persistently(phone, transcript)
                assert (again.text, again.ends) == (page.text, page.ends)
            assert page.ends
            references += _REFERENCE.findall(page.text)[:1]
    return references


@pytest.mark.parametrize(("phones", "kills"), [(4, 1), pytest.param(8, 4, marks=pytest.mark.drill)])
@pytest.mark.parametrize("whom", ["a worker", "all"])
def test_web_processes_are_killed_and_no_report_is_doubled_or_lost(
    house: House, phones: int, kills: int, whom: str
) -> None:
    up = house.up
    numbers = [new_number() for _ in range(phones)]
    stop = threading.Event()
    with ThreadPoolExecutor(phones) as people:
        told = [people.submit(_report, up, number, stop) for number in numbers]
        try:
            for _ in range(kills):
                time.sleep(1)
                if whom == "all":
                    up.kill(WEB)
                else:
                    before = up.below(WEB)
                    os.kill(before[0], signal.SIGKILL)
                    until(lambda before=before: set(up.below(WEB)) - set(before))  # type: ignore[misc]
                until(lambda: _answers(up), 60)
        finally:
            stop.set()
        references = [reference for one in told for reference in one.result(120)]
    refs = [up.ref(number) for number in numbers]
    kept = [
        reference
        for ref in refs
        for (reference,) in up.rows("SELECT reference FROM reports WHERE ref = :ref", ref=ref)
    ]
    assert sorted(kept) == sorted(references)
    assert len(references) >= phones


def _answers(up: Up) -> bool:
    with contextlib.suppress(requests.RequestException, UssdFault), dialler(up) as phone:
        return len(walk(phone, REPORT[:1])) == 2
    return False
