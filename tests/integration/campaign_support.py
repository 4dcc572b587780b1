"""Frozen campaigns for the tests of releasing: rows as a launch leaves them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, text

from smsbot.plans import Plan, as_json
from smsbot.storage.consents import Evidence, grant
from smsbot.storage.messages import HELD_AT, PRIORITY_BULK, seal
from smsbot.storage.tables import campaign_batches, campaign_runs, campaigns, messages
from smsbot.values import CampaignState, QuietHours, RunState
from tests.integration.sending_support import TEXTS, channel, people

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smsbot.storage.database import Database
    from smsbot.values import Channel
    from smsbot.vault import Vault
    from tests.integration.sending_support import Person

HOUR = 3_600_000
DAY = 24 * HOUR
NOON = 1_780_272_000_000 + 9 * HOUR
"""Noon in Nairobi, on 1 June 2026, a Monday."""
PRICE = 800_000
PLAN = Plan(title="Wrong send", purpose="lessons", channel="at-ke", message={"en": TEXTS[0]})


@dataclass(frozen=True, slots=True)
class Frozen:
    """A campaign whose run is running, and its people in the order of their rows."""

    campaign_id: int
    run_id: int
    people: Sequence[Person]
    batches: int


def freeze(
    database: Database,
    vault: Vault,
    count: int,
    *,
    batch: int = 100,
    canary: int = 0,
    now_ms: int = NOON,
    first: int = 0,
    plan: Plan = PLAN,
    persons: Sequence[Person] | None = None,
    words: str = TEXTS[0],
    expires_ms: int = 6 * HOUR,
    consented: bool = True,
    **run: Any,
) -> Frozen:
    """Write a campaign with a frozen run; `canary` is the number of its batches that go first."""
    sealed = seal(vault, words)
    with database.write() as connection:
        if persons is None:
            persons = people(connection, vault, count, first)
        if consented:
            for person in persons:
                evidence = Evidence(now_ms, "at-ke", "", "en", "JOIN", f"{person.id}")
                grant(connection, person.id, plan.purpose, evidence)
        campaign_id = connection.execute(
            insert(campaigns)
            .values(
                title=plan.title,
                author="amina",
                channel=plan.channel,
                purpose=plan.purpose,
                plan=as_json(plan),
                state=CampaignState.RUNNING.value,
                created_at=now_ms,
                changed_at=now_ms,
            )
            .returning(campaigns.c.id)
        ).scalar_one()
        values = {
            "campaign_id": campaign_id,
            "number": 1,
            "state": RunState.RUNNING.value,
            "planned_at": now_ms,
            "began_at": now_ms,
            "ends_at": now_ms + expires_ms,
            "frozen_at": now_ms,
            "seed": "0" * 32,
            "audience": len(persons),
            "currency": "KES",
            "budget_micros": plan.budget_micros,
        } | run
        run_id = connection.execute(
            insert(campaign_runs).values(**values).returning(campaign_runs.c.id)
        ).scalar_one()
        rows = [
            {
                "channel": plan.channel,
                "contact_id": person.id,
                "ref": person.ref,
                "purpose": plan.purpose,
                "priority": PRIORITY_BULK,
                "body_enc": sealed.body_enc,
                "body_hash": sealed.body_hash,
                "encoding": sealed.encoding,
                "segments": sealed.segments,
                "state": "queued",
                "due_at": HELD_AT,
                "expires_at": now_ms + expires_ms,
                "created_at": now_ms,
                "dedupe_key": f"c{run_id}:{person.id}",
                "campaign_run_id": run_id,
                "batch": number // batch + 1,
                "price_micros": sealed.segments * PRICE,
            }
            for number, person in enumerate(persons)
        ]
        connection.execute(insert(messages), rows)
        batches = -(-len(rows) // batch)
        connection.execute(
            insert(campaign_batches),
            [
                {
                    "run_id": run_id,
                    "number": number,
                    "state": "frozen",
                    "size": batch,
                    "is_canary": number <= canary,
                }
                for number in range(1, batches + 1)
            ],
        )
    return Frozen(campaign_id, run_id, persons, batches)


def plan(**changes: Any) -> Plan:
    return replace(PLAN, **changes)


def night(**changes: object) -> Channel:
    """A channel with the usual quiet hours, 19:00 to 08:00."""
    return channel(quiet_hours=QuietHours(time(19), time(8)), **changes)


def outcomes(database: Database, run_id: int) -> dict[tuple[str, str], int]:
    """Count the rows of a run by state and reason; `held` is a queued row that was not let go."""
    query = text(
        "SELECT CASE WHEN state = 'queued' AND due_at >= :held THEN 'held' ELSE state END AS name, "
        "reason, count(*) FROM messages WHERE campaign_run_id = :run GROUP BY 1, 2"
    )
    with database.read() as connection:
        rows = connection.execute(query, {"held": HELD_AT, "run": run_id}).all()
    return {(name, reason): number for name, reason, number in rows}


def run_row(database: Database, run_id: int) -> Any:
    with database.read() as connection:
        query = select(campaign_runs).where(campaign_runs.c.id == run_id)
        return connection.execute(query).one()
