"""What is to be launched, and what has ended: the rows behind a campaign's time.

Statement plans: `due` reads `ix_campaigns_next` and `ix_campaign_runs_state`; `is_open` walks a run's
batches from the last one and looks into each by `ix_messages_run` (run, batch, state).
"""

from __future__ import annotations

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
