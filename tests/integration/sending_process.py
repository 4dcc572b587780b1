"""A sender in a process of its own, that tests may kill: `sending_process.py JSON`.

`dies` is "before" or "after": it kills itself around the HTTP call of its `dies_at`-th request.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from smsbot.sessions.client import connect
from smsbot.storage.database import Database
from smsbot.vault import Vault
from tests.integration.loopback_gateway import LoopbackGateway
from tests.integration.sending_support import channel, sender_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smsbot.values import SendRequest, SendResult


class Dying(LoopbackGateway):
    dies = ""
    dies_at = 0
    sent = 0

    def send(self, request: SendRequest) -> Sequence[SendResult]:
        self.sent += 1
        mine = self.sent
        if self.dies == "before" and mine >= self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        results = super().send(request)
        if self.dies == "after" and mine >= self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return results


def main() -> None:
    wanted = json.loads(sys.argv[1])
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _signal, _frame: stop.set())
    vault = Vault(
        "a-secret-of-the-test-suite-only-0123456789", ["first-pii-key-of-the-test-suite-012345"]
    )
    gateway = Dying(
        channel(rate=wanted["rate"]), wanted["port"], max_batch=wanted.get("max_batch", 100)
    )
    gateway.dies, gateway.dies_at = wanted.get("dies", ""), wanted.get("dies_at", 0)
    sender = sender_of(
        Database(wanted["database"]),
        vault,
        connect(wanted["redis"]),
        gateway,
        feeds=wanted.get("feeds", False),
    )
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sender.drain("at-ke", max_s=wanted.get("max_s", 60.0), stop=stop, idle_s=0.3)


if __name__ == "__main__":
    main()
