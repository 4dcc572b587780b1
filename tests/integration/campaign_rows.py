"""Campaigns, runs and their rows, written straight into the tables, for tests of what watches them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot import plans
from smsbot.plans import Plan
from smsbot.storage.messages import HELD_AT
from smsbot.storage.tables import campaign_batches, campaign_runs, campaigns, messages
from smsbot.values import CampaignState, RunState

if TYPE_CHECKING:
    from sqlalchemy import Connection

NOW = 1_790_000_000_000
HOUR = 3_600_000
PLAN = Plan("Mwezi wa usalama – “PIN”", "alerts", "sim", message={"en": "Never share your PIN."})


def campaign(
    connection: Connection,
    plan: Plan = PLAN,
    *,
    state: CampaignState = CampaignState.RUNNING,
    next_at: int | None = None,
) -> int:
    """Add a campaign, and give its id."""
    added = connection.execute(
        campaigns.insert().values(
            title=plan.title,
            author="amina",
            channel=plan.channel,
            purpose=plan.purpose,
            plan=plans.as_json(plan),
            state=state.value,
            created_at=NOW,
            changed_at=NOW,
            approved_size=10,
            next_at=next_at,
        ),
    )
    found: int = added.inserted_primary_key[0]
    return found


def run(
    connection: Connection,
    campaign_id: int,
    number: int = 1,
    *,
    state: RunState = RunState.RUNNING,
    **changes: object,
) -> int:
    """Add a run that is frozen, and give its id."""
    values: dict[str, object] = {
        "campaign_id": campaign_id,
        "number": number,
        "state": state.value,
        "planned_at": NOW + number,
        "began_at": NOW,
        "ends_at": NOW + 6 * HOUR,
        "frozen_at": NOW,
        "seed": "s",
        "currency": "KES",
    }
    added = connection.execute(campaign_runs.insert().values(values | changes))
    found: int = added.inserted_primary_key[0]
    return found


def rows(
    connection: Connection,
    run_id: int,
    people: dict[str, int],
    *,
    first: int = 0,
    **changes: object,
) -> None:
    """Add people to a run and its audience: `{"delivered": 3, "suppressed/hold_out": 1}`."""
    values: dict[str, object] = {
        "channel": "sim",
        "ref": "a" * 32,
        "purpose": "alerts",
        "priority": 2,
        "body_hash": "b" * 32,
        "encoding": "GSM-7",
        "segments": 1,
        "due_at": HELD_AT,
        "created_at": NOW,
        "expires_at": NOW + 6 * HOUR,
        "campaign_run_id": run_id,
        "batch": 1,
        "price_micros": 800_000,
    }
    made = []
    for what, number in people.items():
        state, _, reason = what.partition("/")
        for _ in range(number):
            first += 1
            key = f"c{run_id}:{changes.get('batch', 1)}:{first}"
            made.append(
                values | {"state": state, "reason": reason, "dedupe_key": key} | changes,
            )
    connection.execute(messages.insert(), made)
    connection.execute(
        campaign_runs.update()
        .where(campaign_runs.c.id == run_id)
        .values(audience=campaign_runs.c.audience + len(made)),
    )


def batch(
    connection: Connection,
    run_id: int,
    number: int,
    size: int,
    *,
    state: str = "released",
    is_canary: bool = False,
    called_at: int | None = NOW,
    released_at: int | None = NOW,
) -> None:
    """Add a batch of a run."""
    connection.execute(
        campaign_batches.insert().values(
            run_id=run_id,
            number=number,
            state=state,
            size=size,
            is_canary=is_canary,
            called_at=called_at,
            released_at=released_at,
        ),
    )
