"""People by the million, made up: contacts with consents, tags and a few STOPs, by bulk SQL.

`python -m bench.seed URL COUNT [--first N]` fills a database that `smsbot db upgrade` made; other
benchmarks call `people`. Numbers, refs and ciphertexts are real ones, so everything works on them.
"""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smsbot.config import load_settings
from smsbot.storage.contacts import MSISDN_CONTEXT
from smsbot.storage.database import Database
from smsbot.storage.insert import in_driver_words
from smsbot.values import Msisdn
from smsbot.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

DAY = 86_400_000
CHUNK = 20_000
COUNTRIES = (
    # share, country, prefix, first national digit, networks, languages
    (0.5, "KE", "+2547", ("63902", "63903", "63907"), ("sw", "sw", "en", "")),
    (0.8, "UG", "+2567", ("64110", "64101"), ("en", "en", "sw", "")),
    (1.0, "CD", "+2438", ("63001", "63086"), ("fr", "fr", "sw", "")),
)
REGIONS = ("Nairobi", "Kisumu", "Mombasa", "Kampala", "Goma", "Équateur")

CONTACT = (
    *("id", "ref", "msisdn_enc", "country", "network", "region", "timezone", "language"),
    *("language_at", "created_at", "last_seen_at", "owner_since", "opted_out_at"),
)
CONSENT = (
    *("contact_id", "purpose", "granted", "at", "channel", "text_version", "language", "actor"),
    *("source", "effect_key"),
)
TAG = ("contact_id", "tag", "at")
SUPPRESSION = ("ref", "reason", "channel", "at", "lifted_at")


@dataclass(frozen=True, slots=True)
class Mix:
    """What the people are like, as shares of all."""

    agreed: float = 0.9
    stopped: float = 0.02
    pilot: float = 0.1
    purpose: str = "lessons"


def people(
    database: Database,
    vault: Vault,
    count: int,
    *,
    first: int = 0,
    now_ms: int,
    mix: Mix = Mix(),
) -> float:
    """Add `count` people, numbered from `first`; give the seconds it took. Twice, the same people."""
    began = time.monotonic()
    for start in range(first, first + count, CHUNK):
        numbers = range(start, min(start + CHUNK, first + count))
        tables = _rows(numbers, vault, now_ms, mix)
        with database.write() as connection:
            for table, columns, rows in tables:
                bulk(connection, table, columns, rows)
    if not database.is_sqlite:
        _mind_the_counter(database)
    return time.monotonic() - began


def _rows(
    numbers: Iterable[int], vault: Vault, now_ms: int, mix: Mix
) -> Sequence[tuple[str, Sequence[str], list[tuple[Any, ...]]]]:
    contacts: list[tuple[Any, ...]] = []
    consents: list[tuple[Any, ...]] = []
    tags: list[tuple[Any, ...]] = []
    stops: list[tuple[Any, ...]] = []
    for number in numbers:
        dice = random.Random(number)
        lot = dice.random()
        _, country, prefix, networks, languages = next(c for c in COUNTRIES if lot < c[0])
        msisdn = f"{prefix}{number:08d}"
        ref = vault.ref(Msisdn(msisdn))
        language = dice.choice(languages)
        met = now_ms - dice.randrange(1, 700) * DAY
        seen = min(now_ms - 1, met + dice.randrange(700) * DAY)
        stopped = dice.random() < mix.stopped
        contacts.append(
            (
                *(number + 1, ref, vault.encrypt(msisdn.encode(), MSISDN_CONTEXT), country),
                *(dice.choice(networks), dice.choice(REGIONS), "", language),
                *(met if language else None, met, seen, met, seen if stopped else None),
            )
        )
        if dice.random() < mix.agreed:
            consents.append(
                (number + 1, mix.purpose, True, met, "at-ke", "", language, "bench", "bench", None)
            )
        if dice.random() < mix.pilot:
            tags.append((number + 1, "pilot", met))
        if stopped:
            stops.append((ref, "stop", "at-ke", seen, None))
    return (
        ("contacts", CONTACT, contacts),
        ("consents", CONSENT, consents),
        ("contact_tags", TAG, tags),
        ("suppressions", SUPPRESSION, stops),
    )


def bulk(
    connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows the fastest way that the database has."""
    if not rows:
        return
    names = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        words = f"INSERT INTO {table} ({names}) VALUES ({marks})"
        connection.exec_driver_sql(in_driver_words(connection, words), list(rows))
        return
    driver: Any = connection.connection.dbapi_connection
    with driver.cursor().copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _mind_the_counter(database: Database) -> None:
    """Let contacts that come later have numbers behind ours."""
    with database.write() as connection:
        connection.exec_driver_sql(
            "SELECT setval(pg_get_serial_sequence('contacts', 'id'), max(id)) FROM contacts"
        )


def analyse(database: Database) -> None:
    """Let the planner look at what was added, as a database that lives for a while has done."""
    with database.write() as connection:
        if not database.is_sqlite:
            from smsbot.storage.silence import take_your_time

            take_your_time(connection)
        connection.exec_driver_sql("ANALYZE")


def main(arguments: Sequence[str] | None = None) -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("url")
    asked.add_argument("count", type=int)
    asked.add_argument("--first", type=int, default=0)
    options = asked.parse_args(arguments)
    settings = load_settings()
    vault = Vault(settings.secret_key, settings.pii_key_list)
    database = Database(options.url)
    now_ms = time.time_ns() // 1_000_000
    seconds = people(database, vault, options.count, first=options.first, now_ms=now_ms)
    print(f"{options.count} people in {seconds:.1f} s")
    database.close()


if __name__ == "__main__":
    main()
