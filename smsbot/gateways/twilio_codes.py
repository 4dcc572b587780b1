"""Twilio's error codes by what they ask of us (twilio.com/docs/api/errors)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.gateways.verdict import Verdict, retry_after, verdict_of_status
from smsbot.values import SendOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping

_REFUSED_TO = (21211, 21214, 21217, 21401, 21614, 21635, 30005, 30006)
"""The number: invalid, no mobile, a landline, unknown."""
_REFUSED_ROUTE = (21408, 21608, 21612)
"""This number from our sender: no permission for its country, not verified on a trial, no route.

Twilio words them as faults of the account. But whoever texts us from a country without permission
would stop the channel for everybody, so they end this message alone.
"""
_REFUSED_TEXT = (21602, 21604, 21617, 21620, *range(35111, 35127))
"""What we asked for: no body, no recipient, too long, a wrong schedule."""
_ACCOUNT = (
    *(20003, 20005, 21603, 21606, 21609, *range(21701, 21706), 21709),
    *(30002, 30004, 30007, 30018, 30024, 30032),
)
"""Credentials, sender, filters, callback: the next message would fail alike."""
_RETRY = (14107, 20429, 21611, 30001, 30003, 30008, 30017, 30022, 30023, 30500)
"""Not taken now: too fast, queue full. Not 20500 and 20503: those may have been taken."""

OUTCOMES: dict[int, SendOutcome] = {
    21610: SendOutcome.OPTED_OUT,
    **dict.fromkeys((*_REFUSED_TO, *_REFUSED_ROUTE, *_REFUSED_TEXT), SendOutcome.REFUSED),
    **dict.fromkeys(_ACCOUNT, SendOutcome.ACCOUNT),
    **dict.fromkeys(_RETRY, SendOutcome.RETRY),
}

_FAILED_WITHIN = 500


def verdict_of_error(status: int, code: object, headers: Mapping[str, str]) -> Verdict:
    """Judge an error answer. A 5xx is unknown whatever its code: it may have been taken."""
    general = verdict_of_status(status, headers)
    number = code if isinstance(code, int) else 0
    if status >= _FAILED_WITHIN or number not in OUTCOMES:
        return general if number in (0, status) else _with_code(general, number)
    outcome = OUTCOMES[number]
    pause = retry_after(headers) if outcome is SendOutcome.RETRY else None
    return Verdict(outcome, str(number), f"Twilio error {number}", pause)


def _with_code(general: Verdict, number: int) -> Verdict:
    return Verdict(general.outcome, str(number), general.words, general.retry_after_s)
