"""A freezer in a process of its own, that tests may kill: `freeze_process.py JSON`.

With `dies_at` it kills itself in that piece, after its rows were written and before it is committed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from smsbot import log
from smsbot.campaigns import launch
from smsbot.storage import freezing
from smsbot.storage.database import Database
from tests.integration.audience_support import NOW, channel


def main() -> None:
    wanted = json.loads(sys.argv[1])
    log.configure("test", level="error")
    count_in, pieces = freezing.count_in, 0

    def dying(*arguments: Any) -> None:
        nonlocal pieces
        pieces += 1
        count_in(*arguments)
        if pieces == wanted.get("dies_at"):
            os.kill(os.getpid(), signal.SIGKILL)

    freezing.count_in = dying
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    database = Database(wanted["database"], patience_s=20.0)
    done = launch.freeze(database, wanted["run"], channel=channel(), now_ms=NOW)
    sys.stdout.write(f"{done}\n")


if __name__ == "__main__":
    main()
