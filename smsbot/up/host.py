"""One worker and one ticker under a supervisor, for hosts that run a Procfile.

Any number may run at once: jobs are claimed in SQL, and the tickers take turns by a lease.
"""

from __future__ import annotations

import sys

from smsbot.up.plan import ChildSpec, Plan
from smsbot.up.supervisor import become


def main() -> None:
    """Become the supervisor of both; SIGTERM stops them in order."""
    python = (sys.executable, "-m")
    become(
        Plan(
            (
                ChildSpec("ticker", (*python, "smsbot", "ticker")),
                ChildSpec("worker", (*python, "smsbot.up.worker"), grace_s=20.0),
            )
        ),
        "smsbot worker",
    )
