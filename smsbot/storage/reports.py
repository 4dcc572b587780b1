"""Reports of scams as rows: choices and bands in clear, what was typed only as ciphertext."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import exists, func, select, update

from smsbot.storage.insert import insert_if_new
from smsbot.storage.tables import reports

if TYPE_CHECKING:
    from sqlalchemy import Connection

RAW_CONTEXT = b"reports.raw"
"""What the ciphertext of a report's raw text is bound to."""
RECEIVED = "received"
"""The state of a report that nobody has looked at."""


@dataclass(frozen=True, slots=True)
class NewReport:
    """A report as it is first kept. `contact_id` is None for a report without a person."""

    reference: str
    effect_key: str
    contact_id: int | None
    ref: str
    owner_since: int
    channel: str
    country: str
    network: str
    language: str
    kind: str
    facts: str
    raw_enc: bytes | None
    received_at: int


@dataclass(frozen=True, slots=True)
class Status:
    """What a reporter may be told of the own report."""

    reference: str
    state: str
    received_at: int


def insert(connection: Connection, report: NewReport) -> bool:
    """Insert the report; False when its effect key or its reference exists already."""
    values = {name: getattr(report, name) for name in NewReport.__slots__}
    return insert_if_new(connection, reports, {**values, "state": RECEIVED})


def facts_of(connection: Connection, reference: str, ref: str, owner_since: int) -> str | None:
    """Give the facts of a report to the one who made it, as JSON; None to anybody else."""
    found: str | None = connection.execute(
        select(reports.c.facts).where(
            reports.c.reference == reference,
            reports.c.ref == ref,
            reports.c.owner_since == owner_since,
        ),
    ).scalar_one_or_none()
    return found


def set_facts(connection: Connection, reference: str, facts: str) -> None:
    """Replace the facts of a report."""
    connection.execute(update(reports).where(reports.c.reference == reference).values(facts=facts))


def reference_of(connection: Connection, effect_key: str) -> str | None:
    """Give the reference that this effect was given, or None."""
    found: str | None = connection.execute(
        select(reports.c.reference).where(reports.c.effect_key == effect_key),
    ).scalar_one_or_none()
    return found


def is_taken(connection: Connection, reference: str) -> bool:
    """Say whether a report has this reference."""
    taken = connection.execute(select(exists().where(reports.c.reference == reference)))
    return bool(taken.scalar_one())


def status_of(connection: Connection, reference: str, ref: str, owner_since: int) -> Status | None:
    """Give the state of a report to the one who made it; None to anybody else, a new owner too."""
    row = connection.execute(
        select(reports.c.reference, reports.c.state, reports.c.received_at).where(
            reports.c.reference == reference,
            reports.c.ref == ref,
            reports.c.owner_since == owner_since,
        ),
    ).one_or_none()
    return None if row is None else Status(row.reference, row.state, row.received_at)


def count_of(connection: Connection, contact_id: int, owner_since: int) -> int:
    """Count the reports of this owner of the number."""
    return connection.execute(
        select(func.count()).where(
            reports.c.contact_id == contact_id, reports.c.owner_since == owner_since
        ),
    ).scalar_one()
