"""Runs of campaigns that enrol whom they reached: how far each is, and one batch at a time.

`enrol_batch` reads one batch by `ix_messages_run` and writes a row per person; a person's row is
unique by run and contact, so a batch may be taken twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select, text, update

from smsbot.plans import from_json
from smsbot.storage.insert import insert_many_if_new
from smsbot.storage.tables import campaign_batches, campaign_runs, campaigns, course_intakes
from smsbot.values import RunState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

_OVER = (RunState.FINISHED.value, RunState.EXPIRED.value, RunState.CANCELLED.value)
_NO_COURSE = '%"course":""%'


class Intake(NamedTuple):
    """One run at work: the course, the next batch (None: all were looked at), and passes done."""

    run_id: int
    plan: str
    batch: int | None
    passes: int


def without_intake(connection: Connection) -> Sequence[int]:
    """Give runs that are over, enrol in a course, and have not begun to."""
    known = select(course_intakes.c.run_id)
    return connection.scalars(
        select(campaign_runs.c.id)
        .join(campaigns, campaigns.c.id == campaign_runs.c.campaign_id)
        .where(
            campaign_runs.c.state.in_(_OVER),
            campaigns.c.plan.not_like(_NO_COURSE),
            campaign_runs.c.id.not_in(known),
        ),
    ).all()


def begin(connection: Connection, runs: Sequence[int], now_ms: int) -> None:
    """Note that these runs enrol from now on; twice is once."""
    rows = [{"run_id": run, "batch": 0, "passes": 0, "next_at": now_ms} for run in runs]
    insert_many_if_new(connection, course_intakes, rows)


def due(connection: Connection, now_ms: int, *, passes: int) -> Intake | None:
    """Give a run that has a batch to look at now."""
    following = (
        select(func.min(campaign_batches.c.number))
        .where(
            campaign_batches.c.run_id == course_intakes.c.run_id,
            campaign_batches.c.number >= course_intakes.c.batch,
        )
        .scalar_subquery()
    )
    row = connection.execute(
        select(course_intakes.c.run_id, campaigns.c.plan, following, course_intakes.c.passes)
        .join(campaign_runs, campaign_runs.c.id == course_intakes.c.run_id)
        .join(campaigns, campaigns.c.id == campaign_runs.c.campaign_id)
        .where(course_intakes.c.passes < passes, course_intakes.c.next_at <= now_ms)
        .order_by(course_intakes.c.next_at)
        .limit(1),
    ).one_or_none()
    return None if row is None else Intake(*row)


_ENROL = text("""
INSERT INTO enrolments (contact_id, course, at, next_at, effect_key, channel, ended_because, had)
SELECT messages.contact_id, CAST(:course AS varchar(64)), CAST(:now AS bigint),
  CAST(:now AS bigint), CAST(:key AS varchar(64)) || messages.contact_id, messages.channel, '', '{}'
FROM messages JOIN contacts ON contacts.id = messages.contact_id
WHERE messages.campaign_run_id = :run AND messages.batch = :batch
  AND messages.state IN ('accepted', 'delivered')
  AND contacts.opted_out_at IS NULL AND contacts.owner_since <= messages.created_at
  AND NOT EXISTS (SELECT 1 FROM enrolments AS other WHERE other.contact_id = messages.contact_id
    AND other.course = CAST(:course AS varchar(64)) AND (other.ended_at IS NULL
      OR other.ended_because = 'completed' AND other.at >= contacts.owner_since))
ON CONFLICT (effect_key) DO NOTHING
""")


def enrol_batch(connection: Connection, intake: Intake, now_ms: int, *, rest_ms: int) -> int:
    """Enrol those whom a batch reached, and move on; give how many. Behind the last batch it rests."""
    ours = update(course_intakes).where(
        course_intakes.c.run_id == intake.run_id, course_intakes.c.passes == intake.passes
    )
    if intake.batch is None:
        rested = {"passes": intake.passes + 1, "batch": 0, "next_at": now_ms + rest_ms}
        connection.execute(ours.values(**rested))
        return 0
    course = from_json(intake.plan).course
    given = {"course": course, "now": now_ms, "run": intake.run_id, "batch": intake.batch}
    enrolled = connection.execute(_ENROL, given | {"key": f"c{intake.run_id}:"}).rowcount
    connection.execute(
        ours.where(course_intakes.c.batch <= intake.batch).values(batch=intake.batch + 1)
    )
    return max(0, enrolled)
