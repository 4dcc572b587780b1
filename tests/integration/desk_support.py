"""Campaigns, runs and plans for tests, made by the storage functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, update

from smsbot.plans import Plan
from smsbot.storage import campaigns
from smsbot.storage.tables import campaign_runs
from smsbot.storage.tables import campaigns as campaigns_table

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from smsbot.values import CampaignState, RunState

NOW_MS = 1_795_000_000_000


def plan(**changes: object) -> Plan:
    """Give a small campaign."""
    given: dict[str, object] = {
        "title": "Wrong sends in March",
        "purpose": "lessons",
        "channel": "sim",
        "message": {"en": "Never share your PIN. STOP ends these texts."},
        "currency": "KES",
        "risk_note": "Nobody is deceived.",
    }
    return Plan(**{**given, **changes})  # type: ignore[arg-type]


def campaign(connection: Connection, state: CampaignState, **changes: object) -> int:
    """Keep a campaign in a state."""
    made = campaigns.add(connection, plan(**changes), author="amina", now_ms=NOW_MS)
    connection.execute(
        update(campaigns_table).where(campaigns_table.c.id == made).values(state=state.value)
    )
    return made


def run(connection: Connection, campaign_id: int, state: RunState, audience: int = 0) -> int:
    """Keep the first run of a campaign."""
    statement = (
        insert(campaign_runs)
        .values(
            campaign_id=campaign_id,
            number=1,
            state=state.value,
            planned_at=NOW_MS,
            began_at=NOW_MS,
            ends_at=NOW_MS + 3600_000,
            seed="0" * 32,
            currency="KES",
            audience=audience,
        )
        .returning(campaign_runs.c.id)
    )
    return int(connection.execute(statement).scalar_one())
