"""A frozen audience: one `messages` row per person, written in pieces that each move the run on.

A piece is one short transaction. It begins with `advance`, a compare-and-set of how far the run is, so
of two freezers at the same piece one writes it and the other gives way; a killed one leaves a whole
number of pieces. Rows are made of `contacts` by SQL itself, from lists of ids: on both databases the
cheapest way that was measured (9 us a row on SQLite, 26 us on PostgreSQL with its foreign keys).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import orjson
from sqlalchemy import func, select, update

from smsbot.storage.insert import in_driver_words, insert_into
from smsbot.storage.messages import HELD_AT, PRIORITY_BULK, SealedText
from smsbot.storage.tables import campaign_batches, campaign_runs, campaign_texts, texts
from smsbot.values import BatchState, MessageState, RunState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

FREEZING = (RunState.FREEZING, RunState.RUNNING, RunState.PAUSED)
"""A run that was paused meanwhile is written down to the end all the same: only cancelling ends it."""
NOTHING = SealedText(None, "", "GSM-7", 0)
"""The text of whoever is sent none."""


class Lot(NamedTuple):
    """What the rows of a group have in common. `reason` says why they are suppressed, else empty."""

    reason: str
    language: str
    price_micros: int
    expires_at: int
    batch: int | None


@dataclass(frozen=True, slots=True)
class Batch:
    """How many queued rows a batch has."""

    number: int
    size: int
    is_canary: bool


def advance(connection: Connection, run_id: int, before: int, after: int) -> bool:
    """Compare-and-set how far the audience is written; False: another was faster, or it has ended."""
    moved = connection.execute(
        update(campaign_runs)
        .where(
            campaign_runs.c.id == run_id,
            campaign_runs.c.frozen_to == before,
            campaign_runs.c.frozen_at.is_(None),
            campaign_runs.c.state.in_([state.value for state in FREEZING]),
        )
        .values(frozen_to=after)
    )
    return moved.rowcount == 1


_COLUMNS = (
    "channel, contact_id, ref, purpose, priority, text_id, body_hash, encoding, segments, state, "
    "reason, due_at, expires_at, created_at, final_at, dedupe_key, campaign_run_id, batch, price_micros"
)
_AMONG = {
    "sqlite": "c.id IN (SELECT value FROM json_each(?))",
    "postgresql": "c.id = ANY(?)",
}
_WRITE = {
    dialect: f"""
INSERT INTO messages ({_COLUMNS})
SELECT ?, c.id, c.ref, ?, {PRIORITY_BULK}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? || c.id, ?, ?, ?
FROM contacts AS c WHERE c.erased_at IS NULL AND {among}
ON CONFLICT (dedupe_key) DO NOTHING
"""  # noqa: S608  # our own words only
    for dialect, among in _AMONG.items()
}


def write(
    connection: Connection,
    run_id: int,
    lot: Lot,
    contact_ids: Sequence[int],
    *,
    text: SealedText,
    channel: str,
    purpose: str,
    now_ms: int,
) -> int:
    """Write the rows of these people; give how many. Who was erased meanwhile has none.

    `text` is what the message of the lot's language says; NOTHING for whoever is suppressed.
    """
    goes = not lot.reason
    dialect = connection.dialect.name
    written = connection.exec_driver_sql(
        in_driver_words(connection, _WRITE[dialect]),
        (
            channel,
            purpose,
            text.text_id,
            text.body_hash,
            text.encoding,
            text.segments,
            (MessageState.QUEUED if goes else MessageState.SUPPRESSED).value,
            lot.reason,
            HELD_AT if goes else now_ms,
            lot.expires_at,
            now_ms,
            None if goes else now_ms,
            f"c{run_id}:",
            run_id,
            lot.batch,
            lot.price_micros,
            list(contact_ids) if dialect == "postgresql" else orjson.dumps(contact_ids).decode(),
        ),
    )
    return written.rowcount


def count_in(connection: Connection, run_id: int, people: int, batches: Sequence[Batch]) -> None:
    """Add a piece's people to the audience, and its queued rows to their batches."""
    connection.execute(
        update(campaign_runs)
        .where(campaign_runs.c.id == run_id)
        .values(audience=campaign_runs.c.audience + people)
    )
    if not batches:
        return
    insert = insert_into(connection.dialect.name, campaign_batches)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["run_id", "number"],
            set_={"size": campaign_batches.c.size + insert.excluded.size},
        ),
        [
            {
                "run_id": run_id,
                "number": batch.number,
                "state": BatchState.FROZEN.value,
                "size": batch.size,
                "is_canary": batch.is_canary,
            }
            for batch in batches
        ],
    )


def last_batches(connection: Connection, run_id: int) -> Mapping[bool, Batch]:
    """Give the last batch of the canary (True) and of the others (False), as far as they exist."""
    found: dict[bool, Batch] = {}
    for is_canary in (True, False):
        row = connection.execute(
            select(campaign_batches.c.number, campaign_batches.c.size)
            .where(campaign_batches.c.run_id == run_id, campaign_batches.c.is_canary.is_(is_canary))
            .order_by(campaign_batches.c.number.desc())
            .limit(1)
        ).one_or_none()
        if row is not None:
            found[is_canary] = Batch(row.number, row.size, is_canary)
    return found


def reached(connection: Connection, run_id: int) -> int:
    """Give how many people of a run have a message that waits or went: the sum of its batches."""
    total = select(func.coalesce(func.sum(campaign_batches.c.size), 0)).where(
        campaign_batches.c.run_id == run_id
    )
    return int(connection.execute(total).scalar_one())


def forget_canary(connection: Connection, run_id: int) -> None:
    """Let no batch of a run be a canary any more: the audience turned out to be a small one."""
    connection.execute(
        update(campaign_batches).where(campaign_batches.c.run_id == run_id).values(is_canary=False)
    )


def complete(connection: Connection, run_id: int, now_ms: int) -> bool:
    """Say that the whole audience has its rows; False when another said so before, or it has ended."""
    done = connection.execute(
        update(campaign_runs)
        .where(
            campaign_runs.c.id == run_id,
            campaign_runs.c.frozen_at.is_(None),
            campaign_runs.c.frozen_to >= campaign_runs.c.freeze_to,
            campaign_runs.c.state.in_([state.value for state in FREEZING]),
        )
        .values(frozen_at=now_ms)
    )
    return done.rowcount == 1


def set_sample(connection: Connection, run_id: int, sample_below: int) -> None:
    """Keep the bound of a run's sample, unless another freezer has, or has begun to write."""
    connection.execute(
        update(campaign_runs)
        .where(
            campaign_runs.c.id == run_id,
            campaign_runs.c.sample_below.is_(None),
            campaign_runs.c.frozen_to == 0,
        )
        .values(sample_below=sample_below)
    )


def approved_texts(connection: Connection, campaign_id: int) -> dict[str, SealedText]:
    """Give the texts that were approved, by language."""
    rows = connection.execute(
        select(
            campaign_texts.c.language,
            texts.c.body_hash,
            texts.c.encoding,
            texts.c.segments,
            texts.c.id,
        )
        .join(texts, texts.c.id == campaign_texts.c.text_id)
        .where(campaign_texts.c.campaign_id == campaign_id)
    )
    return {language: SealedText(None, *kept) for language, *kept in rows}
