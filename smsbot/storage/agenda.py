"""What is to be launched, and what has ended: the rows behind a campaign's time.

Statement plans: `due` reads `ix_campaigns_next` and `ix_campaign_runs_state`; `is_open` walks a run's
batches from the last one and looks into each by `ix_messages_run` (run, batch, state).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, literal_column, select, text, update

from smsbot.storage.insert import insert_if_new
from smsbot.storage.tables import campaign_runs, campaigns
from smsbot.values import CampaignState, RunState

if TYPE_CHECKING:
    from sqlalchemy import Connection

_UNDER_WAY = [state.value for state in (RunState.FREEZING, RunState.RUNNING, RunState.PAUSED)]
_COME = (
    select(campaigns.c.id)
    .where(
        literal_column("next_at IS NOT NULL"),
        campaigns.c.next_at <= text(":now"),
        campaigns.c.state == CampaignState.SCHEDULED.value,
    )
    .order_by(campaigns.c.next_at)
)
_FREEZING = (  # one that was paused meanwhile is written down nevertheless
    select(campaign_runs.c.campaign_id)
    .where(campaign_runs.c.state.in_(_UNDER_WAY), campaign_runs.c.frozen_at.is_(None))
    .order_by(campaign_runs.c.id)
)


def due(connection: Connection, now_ms: int) -> list[int]:
    """Give the campaigns whose time has come, and those whose audience is not written down yet."""
    come = connection.execute(_COME, {"now": now_ms}).scalars().all()
    freezing = connection.execute(_FREEZING).scalars().all()
    return list(dict.fromkeys([*freezing, *come]))


def freezing(connection: Connection, campaign_id: int) -> int | None:
    """Give the run of a campaign that is being frozen, if there is one."""
    query = _FREEZING.where(campaign_runs.c.campaign_id == campaign_id)
    return connection.execute(query.with_only_columns(campaign_runs.c.id)).scalar()


def plan_next(
    connection: Connection, campaign_id: int, *, planned_at: int, next_at: int | None
) -> bool:
    """Set the next launch by compare-and-set; say whether `planned_at` was still the one planned."""
    changed = connection.execute(
        update(campaigns)
        .where(
            campaigns.c.id == campaign_id,
            campaigns.c.state == CampaignState.SCHEDULED.value,
            campaigns.c.next_at == planned_at,
        )
        .values(next_at=next_at),
    )
    return changed.rowcount == 1


def note_missed(
    connection: Connection,
    campaign_id: int,
    *,
    planned_at: int,
    ends_at: int,
    currency: str,
    now_ms: int,
) -> bool:
    """Note an occurrence that did not take place as a run without people; False when it is noted."""
    newest = select(func.coalesce(func.max(campaign_runs.c.number), 0)).where(
        campaign_runs.c.campaign_id == campaign_id
    )
    return insert_if_new(
        connection,
        campaign_runs,
        {
            "campaign_id": campaign_id,
            "number": connection.execute(newest).scalar_one() + 1,
            "state": RunState.EXPIRED.value,
            "planned_at": planned_at,
            "began_at": now_ms,
            "ends_at": ends_at,
            "frozen_at": now_ms,
            "finished_at": now_ms,
            "seed": "",
            "currency": currency,
        },
    )


_IS_OPEN = text("""
SELECT number FROM campaign_batches AS b WHERE run_id = :run AND EXISTS (
  SELECT 1 FROM messages AS m WHERE m.campaign_run_id = b.run_id AND m.batch = b.number
    AND m.state IN ('queued', 'sending'))
ORDER BY number DESC LIMIT 1
""")


def is_open(connection: Connection, run_id: int) -> bool:
    """Say whether somebody of a frozen run still waits or is in a gateway's hands."""
    return connection.execute(_IS_OPEN, {"run": run_id}).first() is not None


def end_run(
    connection: Connection, run_id: int, before: RunState, after: RunState, now_ms: int
) -> bool:
    """Let a run end by compare-and-set; say whether it was still in the state `before`."""
    changed = connection.execute(
        update(campaign_runs)
        .where(campaign_runs.c.id == run_id, campaign_runs.c.state == before.value)
        .values(state=after.value, finished_at=now_ms),
    )
    return changed.rowcount == 1


_IDLE = text("""
SELECT id FROM campaigns WHERE state = 'running' AND NOT EXISTS (
  SELECT 1 FROM campaign_runs AS r WHERE r.campaign_id = campaigns.id
    AND r.state IN ('freezing', 'running', 'paused'))
""")


def without_run(connection: Connection) -> list[int]:
    """Give the campaigns that run, of which no run is under way: they wait for their next one."""
    return list(connection.execute(_IDLE).scalars())


@dataclass(frozen=True, slots=True)
class Stuck:
    """A campaign that does not get on. `what` is launch, freezing, waiting or release."""

    campaign_id: int
    title: str
    what: str
    since_ms: int


_LATE = text("""
SELECT c.id, c.title, 'launch' AS what, c.next_at FROM campaigns AS c
WHERE c.next_at IS NOT NULL AND c.next_at < :launch_before AND c.state = 'scheduled'
  AND NOT EXISTS (SELECT 1 FROM campaign_runs AS r WHERE r.campaign_id = c.id
    AND r.state IN ('freezing', 'running', 'paused'))
""")
_WAITING = text("""
SELECT c.id, c.title, 'waiting' AS what, MIN(m.due_at) FROM campaign_runs AS r
JOIN campaigns AS c ON c.id = r.campaign_id
JOIN campaign_batches AS b ON b.run_id = r.id
JOIN messages AS m ON m.campaign_run_id = r.id AND m.batch = b.number AND m.state = 'queued'
WHERE r.state = 'running' AND r.frozen_at IS NOT NULL AND b.released_at IS NOT NULL
  AND m.due_at < :before AND m.expires_at > :now
  AND NOT EXISTS (SELECT 1 FROM channel_states AS s WHERE s.channel = c.channel
    AND s.paused_at IS NOT NULL)
GROUP BY c.id, c.title
""")
_UNRELEASED = text("""
SELECT c.id, c.title, 'release' AS what, r.tallied_at FROM campaign_runs AS r
JOIN campaigns AS c ON c.id = r.campaign_id
WHERE r.state = 'running' AND r.frozen_at < :before AND r.tallied_at < :before AND r.ends_at > :now
  AND EXISTS (SELECT 1 FROM campaign_batches AS b WHERE b.run_id = r.id AND b.state <> 'released'
    AND b.due_at < :before AND (b.is_canary OR r.canary_until IS NOT NULL OR NOT EXISTS (
      SELECT 1 FROM campaign_batches AS k WHERE k.run_id = r.id AND k.is_canary)))
  AND NOT EXISTS (SELECT 1 FROM channel_states AS s WHERE s.channel = c.channel
    AND s.paused_at IS NOT NULL)
""")


def stuck(connection: Connection, now_ms: int, *, launch_ms: int, rest_ms: int) -> list[Stuck]:
    """Give the campaigns that should have got on, by launches for `launch_ms`, else for `rest_ms`.

    Whose channel is paused, or whose people wait for a decent hour, is not stuck.
    """
    bounds = {"now": now_ms, "before": now_ms - rest_ms}
    found = [
        *connection.execute(_LATE, {"launch_before": now_ms - launch_ms}),
        *connection.execute(_WAITING, bounds),
        *connection.execute(_UNRELEASED, bounds),
    ]
    return [Stuck(*row) for row in found]


_MISSIZED = text("""
SELECT b.number FROM campaign_batches AS b WHERE b.run_id = :run AND b.size <> (
  SELECT count(*) FROM messages AS m WHERE m.campaign_run_id = b.run_id AND m.batch = b.number)
ORDER BY b.number LIMIT 1
""")
_OVERDUE = text("""
SELECT count(*) FROM messages
WHERE state = 'queued' AND expires_at IS NOT NULL AND expires_at < :before
""")


def missized(connection: Connection, run_id: int) -> int | None:
    """Give the first batch of a frozen run that has more or fewer rows than it should, if any."""
    return connection.execute(_MISSIZED, {"run": run_id}).scalar()


def overdue(connection: Connection, before_ms: int) -> int:
    """Count the messages that wait although their time was over at `before_ms`."""
    return int(connection.execute(_OVERDUE, {"before": before_ms}).scalar_one())
