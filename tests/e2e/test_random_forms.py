"""Random forms to every route: nothing breaks, nothing grows, nothing is left in Redis for ever."""

from __future__ import annotations

import http.client
import random
import re
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.e2e.callers import new_number
from tests.e2e.odd_forms import OddForms
from tests.e2e.running import WEB, until

if TYPE_CHECKING:
    from tests.e2e.conftest import House
    from tests.e2e.running import Up

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc"),
    pytest.mark.timeout(600),
]
CLIENTS = 4
_FORESEEN = {200, 204, 400, 403, 404, 405, 409, 413}
_METHODS = ("POST",) * 30 + ("GET", "PUT", "HEAD", "OPTIONS", "PATCH")


class _Client:
    """A gateway gone mad, on one kept connection."""

    def __init__(self, up: Up, seed: int, numbers: list[str]) -> None:
        self._source = random.Random(seed)
        self._forms = OddForms(self._source, numbers)
        hooks = [line for line in up.printed() if "/hooks/" in line]
        self._paths = [urlsplit(line).path for line in hooks]
        self._others = (
            "/", "/hooks/", "/hooks/sim", "/hooks/sim/wrong/ussd", "/hooks/%00/x/sms", "/hooks/tw/ussd",
            "/healthz", "/readyz", "/metrics", "/simulator/messages", "/simulator/messages?to=%2B1",
            "/simulator/messages?to=%ff", "/../etc/passwd", "/hooks/at-ke/a/b/c/sms", "/favicon.ico",
        )  # fmt: skip
        self._http = http.client.HTTPConnection("127.0.0.1", up.port, timeout=10)

    def post(self, count: int) -> Counter[int]:
        seen: Counter[int] = Counter()
        for _ in range(count):
            path = self._source.choice(self._paths)
            if self._source.random() < 0.1:
                path = self._source.choice(self._others)
            status, body = self._one(path)
            seen[status] += 1
            assert "Traceback" not in body
            assert status in _FORESEEN, (status, path, body[:200])
        self._http.close()
        return seen

    def _one(self, path: str) -> tuple[int, str]:
        body = self._forms.body(path.rpartition("/")[2])
        kind = "application/x-www-form-urlencoded"
        if self._source.random() < 0.03:
            kind = self._source.choice(("", "application/json", "multipart/form-data", "x" * 500))
        try:
            self._http.request(
                self._source.choice(_METHODS), path, body, {"Content-Type": kind} if kind else {}
            )
            answer = self._http.getresponse()
            said = answer.read().decode()
        except (http.client.HTTPException, ConnectionError):
            self._http.close()  # a server may hang up on a body that it refused
            return 413, ""
        return answer.status, said


def _resident_mb(up: Up) -> float:
    """Give what the web processes hold in memory of their own."""
    total = 0
    for pid in up.below(WEB):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += sum(int(kb) for kb in re.findall(r"Private_\w+:\s+(\d+) kB", rollup))
    return total / 1024


@pytest.mark.parametrize(
    ("forms", "most_mb"), [(1_000, 40), pytest.param(10_000, 8, marks=pytest.mark.drill)]
)
def test_random_forms_break_nothing_and_leave_nothing_behind(
    house: House, forms: int, most_mb: int
) -> None:
    up = house.up
    mark = up.mark()
    numbers = [new_number() for _ in range(40)] + ["+254", "0711", "abc", "+1", "MPESA", "22384"]
    seed = 20261122
    with ThreadPoolExecutor(CLIENTS) as threads:

        def storm(round_: int, count: int) -> Counter[int]:
            clients = [_Client(up, seed + round_ * CLIENTS + n, numbers) for n in range(CLIENTS)]
            found = threads.map(lambda client: client.post(count // CLIENTS), clients)
            return sum(found, Counter())

        seen = storm(0, forms // 4)
        warm_mb, keys_then = _resident_mb(up), _keys(up)
        seen += storm(1, forms - forms // 4)
    assert seen.total() >= forms - 2 * CLIENTS
    assert {200, 400, 403, 404, 405, 413} <= set(seen)
    until(up.drained, 60)
    said = up.errors.read_bytes()[mark:].decode()
    assert '"internal"' not in said
    assert up.alarms_since(mark) == []
    # The same people again, three times as often: a warm process has what it needs.
    assert _resident_mb(up) - warm_mb < most_mb
    assert _keys(up) - keys_then < 3 * len(numbers)
    lasting = _lasting_keys(up)
    assert lasting <= {"smsbot:journal"}


def _keys(up: Up) -> int:
    client = up.redis()
    try:
        return sum(1 for _ in client.scan_iter("smsbot:[sp]*", count=1000))
    finally:
        client.close()


def _lasting_keys(up: Up) -> set[str]:
    client = up.redis()
    try:
        return {
            key.decode()
            for key in client.scan_iter("smsbot:*", count=1000)
            if client.pttl(key) == -1
        }
    finally:
        client.close()
