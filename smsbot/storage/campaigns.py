"""Campaigns as rows: the plan as JSON, the state moved by compare-and-set.

Statement plans: everything goes by primary key, but `listed` (`ix_campaigns_state`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, update

from smsbot.errors import NotFound
from smsbot.plans import Plan, as_json, from_json
from smsbot.storage.tables import campaign_runs, campaigns
from smsbot.values import CampaignState, RunState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as stored. `*_at` are milliseconds in UTC; `*_by` and `author` are users' names.

    `approved_size` is the people that the approver was told of; `next_at` the next launch.
    """

    id: int
    title: str
    author: str
    channel: str
    purpose: str
    plan: Plan
    state: CampaignState
    created_at: int
    changed_at: int
    submitted_by: str
    submitted_at: int | None
    decided_by: str
    decided_at: int | None
    decision_note: str
    approved_size: int | None
    next_at: int | None


def add(connection: Connection, plan: Plan, *, author: str, now_ms: int) -> int:
    """Keep a new draft; give its id."""
    statement = (
        insert(campaigns)
        .values(
            **_of(plan),
            author=author,
            state=CampaignState.DRAFT.value,
            created_at=now_ms,
            changed_at=now_ms,
        )
        .returning(campaigns.c.id)
    )
    return int(connection.execute(statement).scalar_one())


def find(connection: Connection, campaign_id: int, *, lock: bool = False) -> Campaign:
    """Give the campaign of this id, or raise NotFound; `lock` holds it until the transaction ends."""
    statement = select(campaigns).where(campaigns.c.id == campaign_id)
    if lock and connection.dialect.name == "postgresql":  # SQLite has one writer anyway
        statement = statement.with_for_update()
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise NotFound(f"there is no campaign {campaign_id}: `smsbot campaign list` shows them")
    return _campaign(row)


def listed(
    connection: Connection, *, states: Sequence[CampaignState] = (), limit: int = 1000
) -> list[Campaign]:
    """Give the campaigns that changed last, of some states or of all."""
    statement = select(campaigns).order_by(campaigns.c.changed_at.desc()).limit(limit)
    if states:
        statement = statement.where(campaigns.c.state.in_([state.value for state in states]))
    return [_campaign(row) for row in connection.execute(statement)]


def rewrite(connection: Connection, campaign_id: int, plan: Plan, now_ms: int) -> bool:
    """Put another plan in a draft's place; say False when it is no draft (any more)."""
    changed = connection.execute(
        update(campaigns)
        .where(campaigns.c.id == campaign_id, campaigns.c.state == CampaignState.DRAFT.value)
        .values(**_of(plan), changed_at=now_ms)
    )
    return changed.rowcount == 1


def set_state(
    connection: Connection,
    campaign_id: int,
    before: CampaignState,
    after: CampaignState,
    now_ms: int,
    **also: Any,
) -> bool:
    """Compare-and-set the state, and other columns with it; say whether it was still `before`."""
    changed = connection.execute(
        update(campaigns)
        .where(campaigns.c.id == campaign_id, campaigns.c.state == before.value)
        .values(state=after.value, changed_at=now_ms, **also)
    )
    return changed.rowcount == 1


def held_state(connection: Connection, campaign_id: int) -> CampaignState | None:
    """Give the state, and let nobody change it until the transaction ends; None when it is gone.

    SQLite has one writer at a time anyway.
    """
    statement = select(campaigns.c.state).where(campaigns.c.id == campaign_id).with_for_update()
    found = connection.execute(statement).scalar_one_or_none()
    return None if found is None else CampaignState(found)


def was_launched(connection: Connection, campaign_id: int) -> bool:
    """Say whether any run of the campaign has written down an audience."""
    people = connection.execute(
        select(func.coalesce(func.max(campaign_runs.c.audience), 0)).where(
            campaign_runs.c.campaign_id == campaign_id
        )
    ).scalar_one()
    return int(people) > 0


def is_under_way(connection: Connection, campaign_id: int) -> bool:
    """Say whether a run of the campaign is being frozen, sends or is paused."""
    alive = [state.value for state in (RunState.FREEZING, RunState.RUNNING, RunState.PAUSED)]
    found = connection.execute(
        select(campaign_runs.c.id)
        .where(campaign_runs.c.campaign_id == campaign_id, campaign_runs.c.state.in_(alive))
        .limit(1)
    )
    return found.first() is not None


def _of(plan: Plan) -> dict[str, str]:
    return {
        "title": plan.title,
        "channel": plan.channel,
        "purpose": plan.purpose,
        "plan": as_json(plan),
    }


def _campaign(row: Row[Any]) -> Campaign:
    kept = dict(row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping
    return Campaign(
        **{**kept, "plan": from_json(kept["plan"]), "state": CampaignState(kept["state"])}
    )
