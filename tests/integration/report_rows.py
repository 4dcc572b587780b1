"""A run, its people and what they did, written straight into the tables, for tests of the report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from smsbot.storage.tables import contacts, messages, turns
from tests.integration import campaign_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

BEGAN = campaign_rows.NOW
DAY = 86_400_000
NOW = BEGAN + 20 * DAY
PLAN = replace(campaign_rows.PLAN, message={}, flow="pin", hold_out=0.1)
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person of a run."""

    id: int
    ref: str


def started(connection: Connection, plan: Any = PLAN, **run: Any) -> tuple[int, int]:
    """Give a campaign and its finished run."""
    campaign = campaign_rows.campaign(connection, plan)
    values = {"state": campaign_rows.RunState.FINISHED} | run
    return campaign, campaign_rows.run(connection, campaign, **values)


def people(
    connection: Connection,
    run_id: int,
    many: int,
    state: str = "delivered",
    *,
    sent_at: int = BEGAN + 1000,
    row: dict[str, Any] | None = None,
    **person: Any,
) -> list[Somebody]:
    """Add people with their rows; `state` may have a reason, `suppressed/hold_out`."""
    made = [Somebody(number, f"{number:032x}") for number, _ in zip(_numbers, range(many))]  # noqa: B905
    values = {
        "country": "KE",
        "network": "63902",
        "region": "Kisumu",
        "language": "sw",
        "created_at": 1,
        "last_seen_at": NOW,
        "owner_since": 1,
    } | person
    connection.execute(contacts.insert(), [values | {"id": one.id, "ref": one.ref} for one in made])
    name, _, reason = state.partition("/")
    went = name in ("delivered", "accepted", "undelivered")
    message = {
        "channel": "sim",
        "purpose": "lessons",
        "priority": 2,
        "body_hash": "b",
        "encoding": "GSM-7",
        "segments": 1,
        "due_at": BEGAN,
        "created_at": BEGAN,
        "campaign_run_id": run_id,
        "price_micros": 800_000,
        "state": name,
        "reason": reason,
        "batch": None if reason in ("hold_out", "no_consent", "no_language") else 1,
        "accepted_at": sent_at if went else None,
        "final_at": sent_at + 9000 if name in ("delivered", "undelivered") else None,
    } | (row or {})
    rows = [
        message | {"contact_id": one.id, "ref": one.ref, "dedupe_key": f"c{run_id}:{one.id}"}
        for one in made
    ]
    connection.execute(messages.insert(), rows)
    return made


def turn(connection: Connection, somebody: Sequence[Somebody], at: int, **changes: Any) -> None:
    """Add the same turn of some people: an answer in the flow `pin`, unless it says otherwise."""
    values = {
        "channel": "sim",
        "session_ref": "s",
        "number": 1,
        "at": at,
        "version": "v",
        "language": "sw",
        "flow": "pin",
        "state": "caller",
        "to_flow": "pin",
        "to_state": "signs",
        "how": "option",
        "option": 1,
        "item": "",
        "ends": False,
        "answer_right": None,
    } | changes
    connection.execute(
        turns.insert(),
        [values | {"id": f"{next(_numbers):032x}", "ref": one.ref} for one in somebody],
    )


def answered(
    connection: Connection,
    somebody: Sequence[Somebody],
    at: int,
    *,
    scam: bool | None = None,
    genuine: bool | None = None,
    form: str = "",
) -> None:
    """Let people answer the scam item and the genuine item of a form, right or not; None: neither."""
    for item, right in (("scam", scam), ("genuine", genuine)):
        if right is not None:
            turn(connection, somebody, at, state=f"{item}{form}", item=item, answer_right=right)
