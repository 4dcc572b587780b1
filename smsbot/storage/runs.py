"""Runs of campaigns as rows: one per occurrence, unique by the moment for which it was planned."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from smsbot.errors import NotFound
from smsbot.storage.insert import insert_once
from smsbot.storage.tables import campaign_runs
from smsbot.values import RunState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row


@dataclass(frozen=True, slots=True)
class Run:
    """An occurrence as stored. `*_at` are milliseconds in UTC; ids of contacts bound the freeze."""

    id: int
    campaign_id: int
    number: int
    state: RunState
    paused_reason: str
    paused_at: int | None
    planned_at: int
    began_at: int
    ends_at: int
    finished_at: int | None
    seed: str
    sample_below: int | None
    frozen_to: int
    freeze_to: int
    frozen_at: int | None
    audience: int
    budget_micros: int | None
    currency: str
    committed_micros: int
    canary_until: int | None


_COLUMNS = [campaign_runs.c[field.name] for field in fields(Run)]
_RUNS = select(*_COLUMNS)


def add(
    connection: Connection,
    campaign_id: int,
    *,
    planned_at: int,
    began_at: int,
    ends_at: int,
    seed: str,
    freeze_to: int,
    budget_micros: int | None,
    currency: str,
) -> int | None:
    """Begin a run in state freezing; give its id, or None when this occurrence exists.

    Of two launches at once one makes it; the other waits for it and then sees it.
    """
    number = select(func.coalesce(func.max(campaign_runs.c.number), 0) + 1).where(
        campaign_runs.c.campaign_id == campaign_id
    )
    return insert_once(
        connection,
        campaign_runs,
        {
            "campaign_id": campaign_id,
            "number": connection.execute(number).scalar_one(),
            "state": RunState.FREEZING.value,
            "planned_at": planned_at,
            "began_at": began_at,
            "ends_at": ends_at,
            "seed": seed,
            "freeze_to": freeze_to,
            "budget_micros": budget_micros,
            "currency": currency,
        },
    )


def find(connection: Connection, run_id: int) -> Run:
    """Give the run of this id, or raise NotFound."""
    row = connection.execute(_RUNS.where(campaign_runs.c.id == run_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no run {run_id}")
    return _run(row)


def of_campaign(connection: Connection, campaign_id: int) -> list[Run]:
    """Give the runs of a campaign, the first one first."""
    found = _RUNS.where(campaign_runs.c.campaign_id == campaign_id)
    return [_run(row) for row in connection.execute(found.order_by(campaign_runs.c.number))]


def in_states(connection: Connection, states: Sequence[RunState]) -> list[Run]:
    """Give the runs in one of these states, the oldest first."""
    found = _RUNS.where(campaign_runs.c.state.in_([state.value for state in states]))
    return [_run(row) for row in connection.execute(found.order_by(campaign_runs.c.id))]


def set_state(
    connection: Connection, run_id: int, before: RunState, after: RunState, **also: Any
) -> bool:
    """Compare-and-set the state, and other columns with it; say whether it was still `before`."""
    changed = connection.execute(
        update(campaign_runs)
        .where(campaign_runs.c.id == run_id, campaign_runs.c.state == before.value)
        .values(state=after.value, **also)
    )
    return changed.rowcount == 1


def _run(row: Row[Any]) -> Run:
    kept = dict(row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping
    return Run(**{**kept, "state": RunState(kept["state"])})
