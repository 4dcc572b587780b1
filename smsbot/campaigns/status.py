"""How a campaign stands, as the world is told (DESIGN 14). Counts are people, and they add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smsbot import plans
from smsbot.errors import NotFound
from smsbot.storage import standings
from smsbot.values import CampaignState, MessageState, RunState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from smsbot.storage.standings import Standing


@dataclass(frozen=True, slots=True)
class Status:
    """The fields of `campaign status --json`, in their order.

    The sum of `counts` is `audience`, the sum of `suppressed` is `counts["suppressed"]`. `segments`
    and `cost_micros` are of what has gone out. `run` is None before the first one.
    """

    id: int
    run: int | None
    title: str
    state: str
    paused_reason: str | None
    audience: int
    counts: Mapping[str, int]
    suppressed: Mapping[str, int]
    segments: int
    cost_micros: int
    currency: str


def status(
    connection: Connection, campaign_id: int, run_number: int | None = None, *, currency: str = ""
) -> Status:
    """Give how a campaign stands now: with its newest run, or with the one of a number.

    `currency` is told before a run or a plan names one. Raises NotFound.
    """
    return told(find(connection, campaign_id, run_number), run_number, currency=currency)


def find(connection: Connection, campaign_id: int, run_number: int | None = None) -> Standing:
    """Give a campaign and its newest run, or the one of a number; raise NotFound for what is not."""
    found = standings.look(connection, campaign_id, run_number)
    if found is None:
        raise NotFound(f"there is no campaign {campaign_id}: `smsbot campaign list` shows all")
    if found.run is None and run_number is not None:
        raise NotFound(
            f"campaign {campaign_id} has no run {run_number}: "
            f"`smsbot campaign runs {campaign_id}` shows all"
        )
    return found


def told(standing: Standing, run_number: int | None, *, currency: str = "") -> Status:
    """Give what is told of a standing. A run that was asked for by its number tells its own state."""
    run, now = standing.run, standing.now
    state = standing.state
    if run is not None and run_number is not None and run.state is not RunState.FREEZING:
        state = run.state
    is_paused = run is not None and state == CampaignState.PAUSED
    return Status(
        id=standing.id,
        run=None if run is None else run.number,
        title=standing.title,
        state=str(state),
        paused_reason=run.paused_reason if run is not None and is_paused else None,
        audience=0 if run is None else run.audience,
        counts={state.value: now.counts.get(state, 0) for state in MessageState},
        suppressed={reason: now.suppressed.get(reason, 0) for reason in standings.REASONS},
        segments=now.segments,
        cost_micros=now.cost_micros,
        currency=(run.currency if run is not None else _planned(standing)) or currency,
    )


def _planned(standing: Standing) -> str:
    return plans.from_json(standing.plan).currency
