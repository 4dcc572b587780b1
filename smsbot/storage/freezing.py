"""A frozen audience: one `messages` row per person, written in pieces that each move the run on.

A piece is one short transaction. It begins with `advance`, a compare-and-set of how far the run is, so
of two freezers at the same piece one writes it and the other gives way; a killed one leaves a whole
number of pieces. Rows are made of `contacts` by SQL itself, from lists of ids in one JSON value: one
statement a piece, half the cost of sending every row's columns.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import orjson
from sqlalchemy import func, select, text, update

from smsbot.storage.claims import rows_of
from smsbot.storage.insert import insert_into
from smsbot.storage.messages import HELD_AT, PRIORITY_BULK, SealedText
from smsbot.storage.tables import campaign_batches, campaign_runs, campaign_texts, texts
from smsbot.values import BatchState, MessageState, RunState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, TextClause

FREEZING = (RunState.FREEZING, RunState.RUNNING, RunState.PAUSED)
"""A run that was paused meanwhile is written down to the end all the same: only cancelling ends it."""
_NOTHING = SealedText(None, "", "GSM-7", 0)  # the text of whoever is sent none


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


_FIELDS = (
    ("text_id", "bigint"),
    ("body_hash", "text"),
    ("encoding", "text"),
    ("segments", "integer"),
    ("state", "text"),
    ("reason", "text"),
    ("due_at", "bigint"),
    ("final_at", "bigint"),
    ("expires_at", "bigint"),
    ("batch", "integer"),
    ("price_micros", "bigint"),
)
_EACH = {"sqlite": ("json_each(v.ids)", "value"), "postgresql": ("unnest(v.ids)", "who")}


def _write(dialect: str) -> TextClause:
    names = ", ".join(name for name, _ in _FIELDS)
    values = ", ".join(f"v.{name}" for name, _ in _FIELDS)
    each, who = _EACH[dialect]
    return text(f"""
WITH v AS MATERIALIZED (SELECT * FROM {rows_of(dialect, (*_FIELDS, ("ids", "bigint[]")))})
INSERT INTO messages (channel, contact_id, ref, purpose, priority, created_at, dedupe_key,
  campaign_run_id, {names})
SELECT :channel, c.id, c.ref, :purpose, {PRIORITY_BULK}, :now, :prefix || c.id, :run, {values}
FROM v CROSS JOIN {each} AS i{"" if dialect == "sqlite" else "(who)"}
JOIN contacts AS c ON c.id = i.{who}
WHERE c.erased_at IS NULL
ON CONFLICT (dedupe_key) DO NOTHING
RETURNING batch
""")  # noqa: S608  # our own words only


_WRITE = {dialect: _write(dialect) for dialect in _EACH}


def write(
    connection: Connection,
    run_id: int,
    lots: Mapping[Lot, Sequence[int]],
    *,
    texts: Mapping[str, SealedText],
    channel: str,
    purpose: str,
    now_ms: int,
) -> Mapping[int | None, int]:
    """Write the rows of these contacts; give how many by batch (None: of those who are suppressed).

    Who was erased meanwhile has none.
    """
    rows = [
        _values(lot, texts.get(lot.language, _NOTHING), now_ms, ids) for lot, ids in lots.items()
    ]
    if not rows:
        return {}
    written = connection.execute(
        _WRITE[connection.dialect.name],
        {
            "rows": orjson.dumps(rows).decode(),
            "channel": channel,
            "purpose": purpose,
            "now": now_ms,
            "prefix": f"c{run_id}:",
            "run": run_id,
        },
    )
    return Counter(written.scalars())


def _values(lot: Lot, text: SealedText, now_ms: int, ids: Sequence[int]) -> dict[str, object]:
    goes = not lot.reason
    return {
        "text_id": text.text_id,
        "body_hash": text.body_hash,
        "encoding": text.encoding,
        "segments": text.segments,
        "state": (MessageState.QUEUED if goes else MessageState.SUPPRESSED).value,
        "reason": lot.reason,
        "due_at": HELD_AT if goes else now_ms,
        "final_at": None if goes else now_ms,
        "expires_at": lot.expires_at,
        "batch": lot.batch,
        "price_micros": lot.price_micros,
        "ids": ids,
    }


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
