"""`make bench`: every measurement, each a table. `python -m bench turns sending` runs some of them."""

from __future__ import annotations

import importlib
import sys

ALL = (
    "engine_step",
    "content_load",
    "turns",
    "sms",
    "sending",
    "receipts",
    "freeze",
    "contacts",
    "halting",
    "report",
    "courses",
    "triage",
    "memory",
)


def main() -> None:
    for name in sys.argv[1:] or ALL:
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()
