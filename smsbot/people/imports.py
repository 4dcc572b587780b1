"""Lists of contacts brought in: chunk by chunk, each one short transaction, as often as one likes.

A second import of the same list changes nothing, so a killed one is simply run again. What a person
said themselves is never overruled (`merging.py`). The proof of the consents is kept by its hash.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING

from smsbot.errors import Refused, Unavailable
from smsbot.people.contact_file import ContactFile
from smsbot.people.contact_row import Person, Refusal, RowReader
from smsbot.people.merging import Fate, Merged, merge
from smsbot.storage import audit
from smsbot.storage import imports as rows
from smsbot.storage.contacts import MSISDN_CONTEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import BinaryIO

    from sqlalchemy import Connection

    from smsbot.clock import Clock
    from smsbot.storage.database import Database
    from smsbot.vault import Vault

CHUNK = 1000
"""Rows a transaction: some 50 ms of SQLite's one writer."""
_BREATH_S = 0.01
_BREATH_SHARE = 0.5
"""Between two chunks, of the time that the last one took: a process that waits for SQLite's writer
sleeps and looks again, so it must find it free often enough. The next chunk is read meanwhile."""
_TRIES = 30
_RETRY_S = 1.0
_PIECE = 1 << 20


@dataclass(slots=True)
class Tally:
    """What became of the rows so far; `without_consent` are those of the kept that claim none."""

    rows: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    without_consent: int = 0


@dataclass(frozen=True, slots=True)
class Proof:
    """A file that shows who agreed to what, by its SHA-256."""

    sha256: str

    @classmethod
    def of(cls, file: BinaryIO) -> Proof:
        """Read the file; raise Refused for an empty one."""
        digest = hashlib.sha256()
        empty = True
        while piece := file.read(_PIECE):
            empty = False
            digest.update(piece)
        if empty:
            raise Refused("the proof is an empty file: give the forms, or the log, of the consents")
        return cls(digest.hexdigest())


@dataclass(frozen=True, slots=True)
class Importer:
    """Brings lists into one deployment. `actor` is who the audit log says did it."""

    database: Database
    vault: Vault
    clock: Clock
    actor: str

    def run(
        self,
        file: BinaryIO,
        proof: Proof,
        *,
        refuse: Callable[[Refusal], None],
        tell: Callable[[int, int], None],
    ) -> Tally:
        """Take every good row; `refuse` gets each bad one, `tell` the rows and bytes read so far.

        Raises BadList when the file is no list of contacts: then nothing was taken.
        """
        listed = ContactFile(file)
        now_ms = self.clock.now_ms()
        by = f"import:{self.actor}"[:64]
        with self.database.write() as connection:
            number = rows.begin(connection, actor=by, proof=proof.sha256, now_ms=now_ms)
            detail = {"proof_sha256": proof.sha256}
            audit.append(
                connection,
                self.actor,
                "contacts.import",
                f"import:{number}",
                detail,
                now_ms=now_ms,
            )
        tally = Tally()
        try:
            with closing(self.database.for_bulk()) as bulk:
                for chunk in _chunks(self._read(listed)):
                    for refusal in _sum_up(tally, self._taken(bulk, chunk, number, by)):
                        refuse(refusal)
                    tell(tally.rows, listed.bytes_read)
        finally:
            self._close(number, proof, tally)
        return tally

    def _close(self, number: int, proof: Proof, tally: Tally) -> None:
        with self.database.write() as connection:
            audit.append(
                connection,
                self.actor,
                "contacts.imported",
                f"import:{number}",
                {**asdict(tally), "proof_sha256": proof.sha256},
                now_ms=self.clock.now_ms(),
            )

    def _read(self, listed: ContactFile) -> Iterator[Person | Refusal]:
        """Read the rows, each number once."""
        reader = RowReader(listed.columns, self.vault)
        now_ms = self.clock.now_ms()
        with closing(_Seen()) as seen:
            for row in listed:
                read = reader.read(row, now_ms)
                if isinstance(read, Person) and not seen.is_new(read.ref):
                    read = Refusal(row.line, "msisdn", "doubled")
                yield read

    def _taken(
        self, bulk: Database, chunk: Sequence[Person | Refusal], number: int, by: str
    ) -> Iterator[tuple[Person | Refusal, Merged]]:
        """Take a chunk, again if the database is away for a moment: what is done is found done."""
        persons = [read for read in chunk if isinstance(read, Person)]
        taking = _Taking(self.vault, number, by, self.clock.now_ms())
        fates = _patiently(bulk, taking, persons) if persons else {}
        for read in chunk:
            yield read, fates[read.ref] if isinstance(read, Person) else _UNREADABLE


def _patiently(
    database: Database, taking: _Taking, persons: Sequence[Person]
) -> Mapping[str, Merged]:
    for _ in range(_TRIES):
        try:
            return _take(database, taking, persons)
        except Unavailable:
            time.sleep(_RETRY_S)
    return _take(database, taking, persons)


def _take(database: Database, taking: _Taking, persons: Sequence[Person]) -> Mapping[str, Merged]:
    with database.write() as connection:
        began = time.monotonic()
        fates = taking.take(connection, persons)
    if database.is_sqlite:
        time.sleep(max(_BREATH_S, (time.monotonic() - began) * _BREATH_SHARE))
    return fates


def _sum_up(tally: Tally, taken: Iterable[tuple[Person | Refusal, Merged]]) -> Iterator[Refusal]:
    """Count a chunk; give the rows that were refused, in the order of the file."""
    for read, merged in taken:
        tally.rows += 1
        match merged.fate:
            case Fate.ADDED:
                tally.added += 1
            case Fate.UPDATED:
                tally.updated += 1
            case Fate.UNCHANGED:
                tally.unchanged += 1
            case Fate.REFUSED:
                tally.refused += 1
        if isinstance(read, Refusal):
            yield read
        elif merged.fate is Fate.REFUSED:
            yield Refusal(read.line, merged.column, merged.code)
        elif not read.claims:
            tally.without_consent += 1


def _chunks(reads: Iterator[Person | Refusal]) -> Iterator[list[Person | Refusal]]:
    """Give chunks; the next one is read by a thread while this one is written."""

    def chunk() -> list[Person | Refusal]:
        return list(islice(reads, CHUNK))

    with ThreadPoolExecutor(1, "contacts") as ahead:
        coming = ahead.submit(chunk)
        while found := coming.result():
            coming = ahead.submit(chunk)
            yield found


_UNREADABLE = Merged(Fate.REFUSED)


class _Seen:
    """The refs of a file so far: in a table of SQLite's own, which goes to disk when it grows."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA journal_mode=OFF")
        self._file.execute("PRAGMA cache_size=-65536")
        self._file.execute("CREATE TABLE seen (ref BLOB PRIMARY KEY) WITHOUT ROWID")
        self._file.execute("BEGIN")

    def is_new(self, ref: str) -> bool:
        added = self._file.execute("INSERT OR IGNORE INTO seen VALUES (?)", (bytes.fromhex(ref),))
        return added.rowcount == 1

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True, slots=True)
class _Taking:
    """How persons of one import are written at one moment."""

    vault: Vault
    number: int
    by: str
    now_ms: int

    def take(self, connection: Connection, persons: Sequence[Person]) -> Mapping[str, Merged]:
        """Write what these persons change, in the caller's transaction; give each one's fate by ref.

        On PostgreSQL others write too: who is to be changed is locked, read again and decided anew.
        """
        fates: dict[str, Merged] = {}
        left: Sequence[Person] = persons
        lock = connection.dialect.name != "postgresql"
        while left:
            again = []
            made = []
            writing = rows.Writing()
            found = rows.find(connection, [person.ref for person in left], lock=lock)
            for person in left:
                known = found.contacts.get(person.ref)
                merged = merge(
                    person,
                    known,
                    found.tags.get(known.id, _NOTHING) if known else _NOTHING,
                    found.said.get(known.id, ()) if known else (),
                    found.stops.get(person.ref),
                )
                fates[person.ref] = merged
                if known is None and merged.fate is Fate.ADDED:
                    made.append(person)
                elif known is not None and merged.fate is Fate.UPDATED:
                    if lock:
                        self._note(writing, known.id, person, merged)
                    else:
                        again.append(person)
            for contact_id, person in zip(rows.reserve(connection, len(made)), made, strict=True):
                self._note(writing, contact_id, person, fates[person.ref])
            rows.write(connection, writing)
            left, lock = again, True
        return fates

    def _note(self, writing: rows.Writing, contact_id: int, person: Person, merged: Merged) -> None:
        if merged.fate is Fate.ADDED:
            writing.made.append(
                rows.NewContact(
                    contact_id,
                    person.ref,
                    self.vault.encrypt(person.msisdn.e164.encode(), MSISDN_CONTEXT),
                    merged.country,
                    merged.network,
                    merged.region,
                    merged.language,
                    self.now_ms,
                    min((claim.at for claim in merged.claims), default=self.now_ms),
                )
            )
        elif merged.fields_change:
            writing.changed.append(
                rows.Changed(
                    contact_id, merged.country, merged.network, merged.region, merged.language
                )
            )
        writing.tags += [rows.Tag(contact_id, tag, self.now_ms) for tag in merged.tags]
        writing.granted += [
            rows.Granted(contact_id, purpose, at, person.language, self.by, source, self.number)
            for purpose, at, source in merged.claims
        ]


_NOTHING: frozenset[str] = frozenset()
