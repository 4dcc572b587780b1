"""What a gateway's answer means for a row: its next state, when it may go again, whose fault it was.

Pure: the time and the jitter are arguments. Gateways disagree on words but not on the question that
decides here: is it proven that nothing was sent?
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smsbot.sending.states import OUTCOME_STATES
from smsbot.storage.claims import Settled
from smsbot.values import MessageState, SendOutcome, SendResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_ATTEMPTS: Final = 10
"""Refusals of its own that a row survives: with the pauses between them, some ninety minutes."""
_FIRST_PAUSE_S: Final = 5.0
_LONGEST_PAUSE_S: Final = 3600.0
_FIRST_HOLD_S: Final = 1.0
_LONGEST_HOLD_S: Final = 60.0
_MAX_REASON: Final = 64
_MAX_CODE: Final = 32
_WHOLE_CODES: Final = frozenset({"no_connection", "no_slot", "20429"})
_DO_NOT_DISTURB: Final = "409"
"""Africa's Talking in Nigeria: promotional texts rest until 08:00 in Lagos, and no clock is given."""
_DO_NOT_DISTURB_S: Final = 1800.0


def pause_s(attempts: int, jitter: float) -> float:
    """Give how long a row rests after so many attempts; `jitter` is 0..1.

    It doubles, and spreads over half to one and a half of itself, so that rows that failed
    together don't come back together.
    """
    return float(min(_FIRST_PAUSE_S * 2 ** min(attempts - 1, 20), _LONGEST_PAUSE_S)) * (
        0.5 + jitter
    )


def hold_s(refusals: int, jitter: float) -> float:
    """Give how long a channel rests after so many rounds that its gateway refused whole."""
    return float(min(_FIRST_HOLD_S * 2 ** min(refusals - 1, 20), _LONGEST_HOLD_S)) * (0.5 + jitter)


def is_refused_whole(results: Sequence[SendResult]) -> bool:
    """Say whether the gateway took nothing of this request and may be asked again: 429 and the like.

    That tells of the gateway, not of the recipients: the channel rests, the rows lose no attempt.
    """
    return bool(results) and all(
        result.outcome is SendOutcome.RETRY
        and (
            result.code in _WHOLE_CODES
            or result.code.startswith("http_")
            or result.retry_after_s is not None
        )
        for result in results
    )


def complete(ids: Iterable[int], results: Sequence[SendResult]) -> Sequence[SendResult]:
    """Give one result per message; whom the gateway's answer leaves out nobody can speak for."""
    found = {result.message_id: result for result in results}
    return [
        found.get(message_id) or SendResult(message_id, SendOutcome.UNKNOWN, code="no_result")
        for message_id in ids
    ]


def settled(
    result: SendResult,
    *,
    attempts: int,
    whole: bool,
    now_ms: int,
    jitter: float,
    simulated: bool = False,
) -> Settled:
    """Give what is written on the row for this result."""
    state = OUTCOME_STATES[result.outcome]
    reason = ""
    due_at: int | None = None
    refund = False
    match result.outcome:
        case SendOutcome.ACCEPTED:
            pass
        case SendOutcome.REFUSED | SendOutcome.UNKNOWN:
            reason = result.words or result.code
        case SendOutcome.OPTED_OUT:
            reason = "opted_out"
        case SendOutcome.ACCOUNT:
            refund = True  # the channel pauses; the row is ready when it resumes
        case SendOutcome.RETRY:
            refund = whole or result.code == _DO_NOT_DISTURB
            if not refund and attempts >= MAX_ATTEMPTS:
                state, reason = MessageState.FAILED, "gave_up"
            else:
                due_at = now_ms + int(1000 * _rest_s(result, attempts, whole=whole, jitter=jitter))
    return Settled(
        result.message_id,
        state,
        reason=reason[:_MAX_REASON],
        gateway_id=result.gateway_id,
        code=result.code[:_MAX_CODE],
        cost_micros=result.cost_micros,
        currency=result.currency[:3],
        segments=result.segments,
        due_at=due_at,
        refund=refund,
        simulated=simulated and state is MessageState.ACCEPTED,
    )


def _rest_s(result: SendResult, attempts: int, *, whole: bool, jitter: float) -> float:
    if result.code == _DO_NOT_DISTURB:
        return _DO_NOT_DISTURB_S * (1 + jitter)
    if whole:
        # The channel's own pause binds; jitter alone keeps the rows of one request apart.
        return (result.retry_after_s or 0.0) + jitter
    return max(result.retry_after_s or 0.0, pause_s(max(attempts, 1), jitter))
