"""The life of an outbound message, as data: it moves forward only, and final is final.

What may be done twice, late or in the wrong order (a receipt, a settled answer, a sweep) asks here
first; the same rule stands in the WHERE of every UPDATE, so that two processes can't undo each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.values import MessageState, SendOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping

S = MessageState

MOVES: Mapping[MessageState, frozenset[MessageState]] = {
    S.QUEUED: frozenset({S.SENDING, S.CANCELLED, S.SUPPRESSED, S.EXPIRED}),
    # Back to queued only when it is proven that the gateway did not take it.
    S.SENDING: frozenset({S.ACCEPTED, S.FAILED, S.SUPPRESSED, S.QUEUED, S.UNKNOWN}),
    S.ACCEPTED: frozenset({S.DELIVERED, S.FAILED, S.UNDELIVERED, S.EXPIRED}),
    # Never queued: nobody can say that the person does not have it. The send's own late answer, or
    # a receipt, says what became of it.
    S.UNKNOWN: frozenset(
        {S.ACCEPTED, S.DELIVERED, S.FAILED, S.UNDELIVERED, S.EXPIRED, S.SUPPRESSED},
    ),
    S.DELIVERED: frozenset(),
    S.FAILED: frozenset(),
    S.UNDELIVERED: frozenset(),
    S.EXPIRED: frozenset(),
    S.CANCELLED: frozenset(),
    S.SUPPRESSED: frozenset(),
}

FINAL = frozenset(state for state, moves in MOVES.items() if not moves)

RECEIPT_STATES = frozenset({S.ACCEPTED, S.DELIVERED, S.FAILED, S.UNDELIVERED, S.EXPIRED})
"""What a delivery report can say of a message."""

OUTCOME_STATES: Mapping[SendOutcome, MessageState] = {
    SendOutcome.ACCEPTED: S.ACCEPTED,
    SendOutcome.REFUSED: S.FAILED,
    SendOutcome.OPTED_OUT: S.SUPPRESSED,
    SendOutcome.RETRY: S.QUEUED,
    SendOutcome.ACCOUNT: S.QUEUED,
    SendOutcome.UNKNOWN: S.UNKNOWN,
}
"""Where the answer to a send takes a message that is `sending`."""


def may_move(current: MessageState, target: MessageState) -> bool:
    """Say whether a message in `current` may go to `target` in one step."""
    return target in MOVES[current]


def after_receipt(current: MessageState, said: MessageState) -> MessageState | None:
    """Give the state that a receipt leads to, or None if it changes nothing.

    A receipt may overtake the send's own answer: a message that is still `sending` was then
    accepted, whatever the answer will say. Of several final words the first one stays.
    """
    if said not in RECEIPT_STATES or current is S.QUEUED:
        return None
    return said if current is S.SENDING or may_move(current, said) else None
