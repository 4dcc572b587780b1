"""What the orders of running campaigns say about the moment of sending, by run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from smsbot.plans import Plan, StartZone, Window, from_json
from smsbot.storage.insert import say
from smsbot.storage.lists import among, list_of
from smsbot.values import RunState

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Connection

_EARLIEST_ZONE: Final = timedelta(hours=14)
"""Where a day begins first. A start by each contact's own clock is planned for that zone."""


@dataclass(frozen=True, slots=True)
class RunRules:
    """One run. `start` is a time on the wall in each contact's zone, None when all start at once."""

    id: int
    campaign_id: int
    channel: str
    state: RunState
    window: Window | None
    start: datetime | None
    rate: float | None

    @property
    def is_running(self) -> bool:
        """Say whether its messages may go."""
        return self.state is RunState.RUNNING


_RULES = """
SELECT r.id, r.campaign_id, c.channel, r.state, c.plan, r.planned_at
FROM campaign_runs r JOIN campaigns c ON c.id = r.campaign_id WHERE {which}
"""


def running(connection: Connection) -> Mapping[int, RunRules]:
    """Give every run that sends now."""
    return _read(connection, "r.state = ?", RunState.RUNNING.value)


def of_runs(connection: Connection, runs: Collection[int]) -> Mapping[int, RunRules]:
    """Give these runs, whatever their state."""
    if not runs:
        return {}
    return _read(connection, f"r.id {among(connection)}", list_of(connection, runs))


def of_claim(connection: Connection, runs: Collection[int]) -> Mapping[int, RunRules]:
    """Give every run that sends now, and these runs whatever their state."""
    found = running(connection)
    missing = [run_id for run_id in runs if run_id not in found]
    return {**found, **of_runs(connection, missing)} if missing else found


def _read(connection: Connection, which: str, value: object) -> Mapping[int, RunRules]:
    return {
        row[0]: RunRules(row[0], row[1], row[2], RunState(row[3]), *_terms(row[4], row[5]))
        for row in say(connection, _RULES.format(which=which), value)
    }


@lru_cache(64)
def _terms(kept: str, planned_at: int) -> tuple[Window | None, datetime | None, float | None]:
    plan = from_json(kept)
    return plan.window, _start(plan, planned_at), plan.rate


def _start(plan: Plan, planned_at: int) -> datetime | None:
    if plan.start.zone is not StartZone.CONTACT:
        return None
    if plan.start.at is not None and not plan.repeat:
        return plan.start.at
    planned = datetime.fromtimestamp(planned_at / 1000, UTC) + _EARLIEST_ZONE
    return planned.replace(tzinfo=None)
