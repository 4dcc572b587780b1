"""The life of a campaign: which move is legal, made by one compare-and-set and written down.

    draft -> review -> approved -> scheduled -> running <-> paused -> finished | expired
    review -> draft (rejected); anything before finished -> cancelled

A repeated campaign is `scheduled` again between two runs. A start that was missed makes it `expired`;
a person may schedule it again as long as nobody was reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from smsbot.errors import Refused
from smsbot.storage import audit, campaigns
from smsbot.values import CampaignState as State

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Connection

MOVES: Final[Mapping[State, Mapping[State, str]]] = {
    State.DRAFT: {State.REVIEW: "submit", State.CANCELLED: "cancel"},
    State.REVIEW: {State.APPROVED: "approve", State.DRAFT: "reject", State.CANCELLED: "cancel"},
    State.APPROVED: {State.SCHEDULED: "schedule", State.CANCELLED: "cancel"},
    State.SCHEDULED: {
        State.RUNNING: "",
        State.PAUSED: "",
        State.EXPIRED: "",
        State.CANCELLED: "cancel",
    },
    State.RUNNING: {
        State.PAUSED: "pause",
        State.FINISHED: "",
        State.EXPIRED: "",
        State.SCHEDULED: "",
        State.CANCELLED: "cancel",
    },
    State.PAUSED: {
        State.RUNNING: "resume",
        State.FINISHED: "",
        State.EXPIRED: "",
        State.SCHEDULED: "",
        State.CANCELLED: "cancel",
    },
    State.EXPIRED: {State.SCHEDULED: "schedule", State.CANCELLED: "cancel"},
    State.FINISHED: {},
    State.CANCELLED: {},
}
"""Where each state may go, and the command by which a person does it (empty: the service alone).

`_refuse_condition` knows two moves that need more.
"""
_COMMAND: Final[Mapping[State, str]] = {
    State.DRAFT: "be rejected",
    State.REVIEW: "be submitted",
    State.APPROVED: "be approved",
    State.SCHEDULED: "be scheduled",
    State.RUNNING: "be resumed",
    State.PAUSED: "be paused",
    State.CANCELLED: "be cancelled",
}
_NAMES: Final[Mapping[State, str]] = {State.DRAFT: "a draft", State.REVIEW: "in review"}


def move(
    connection: Connection,
    campaign_id: int,
    to: State,
    *,
    actor: str,
    now_ms: int,
    note: str = "",
    detail: Mapping[str, Any] | None = None,
    only_from: Collection[State] = tuple(State),
    **also: Any,
) -> State:
    """Move a campaign in the caller's transaction and write it down; give the state that it left.

    `note` and `detail` go into the audit log: stable words and figures, never free text. `only_from`
    narrows what is legal for this caller; `also` are other columns that change with the state.
    Raises Refused for an illegal move, and for one that somebody else was faster with.
    """
    found = campaigns.find(connection, campaign_id)
    if to not in MOVES[found.state] or found.state not in only_from:
        raise Refused(illegal(campaign_id, found.state, to))
    _refuse_condition(connection, found, to)
    if not campaigns.set_state(connection, campaign_id, found.state, to, now_ms, **also):
        raise Refused(f"campaign {campaign_id} was moved by somebody else just now: look again")
    audit.append(
        connection,
        actor,
        f"campaign.{to.value}",
        subject(campaign_id),
        {"from": found.state.value} | ({"note": note} if note else {}) | dict(detail or {}),
        now_ms=now_ms,
    )
    return found.state


def subject(campaign_id: int) -> str:
    """Give the name of a campaign in the audit log."""
    return f"campaign:{campaign_id}"


def illegal(campaign_id: int, state: State, to: State) -> str:
    """Give why a move is refused and what is possible instead."""
    possible = [command for command in MOVES[state].values() if command]
    end = f"possible now: {', '.join(possible)}" if possible else "that is final"
    wish = _COMMAND.get(to, f"become {to.value}")
    return f"campaign {campaign_id} is {named(state)}, so it can't {wish} ({end})"


def named(state: State) -> str:
    """Give what a campaign in this state is, in words."""
    return _NAMES.get(state, state.value)


def _refuse_condition(connection: Connection, found: campaigns.Campaign, to: State) -> None:
    wished = (found.state, to)
    if wished == (State.EXPIRED, State.SCHEDULED) and campaigns.was_launched(connection, found.id):
        raise Refused(
            f"campaign {found.id} has expired after it reached people: make a new one for the rest"
        )
    if wished == (State.SCHEDULED, State.PAUSED) and not campaigns.is_under_way(
        connection, found.id
    ):
        raise Refused(illegal(found.id, found.state, to))
