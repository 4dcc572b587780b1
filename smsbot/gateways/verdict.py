"""What an HTTP exchange with a gateway came to, when the answer itself says nothing better.

One question decides: is it *proved* that nothing was sent? No gateway here takes an idempotency
key, so whatever is not proved is `unknown`, and no machine sends it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from smsbot.values import SendOutcome, SendResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TIMEOUT_S = (3.05, 10.0)
"""To connect (above a multiple of TCP's 3 s), and to wait for each piece of an answer."""

_LONGEST_PAUSE_S = 86_400.0

_ACCOUNT_STATUSES = frozenset({401, 402, 403, 404, 405, 407, 410})
"""Credentials, money, or an address that is not the API's: a person must mend it."""
_RETRY_STATUSES = frozenset({408, 409, 425, 429})
_MOVED_STATUSES = frozenset({301, 307, 308})
"""The API is elsewhere and did not act. 302 and 303 may follow an act that was done."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome that holds for every recipient of a request."""

    outcome: SendOutcome
    code: str
    words: str
    retry_after_s: float | None = None

    def on(self, message_id: int) -> SendResult:
        """Give it as the result of one recipient."""
        return SendResult(
            message_id,
            self.outcome,
            code=self.code,
            words=self.words,
            retry_after_s=self.retry_after_s,
        )


NO_CREDENTIALS = Verdict(SendOutcome.ACCOUNT, "no_credentials", "the account is not configured")


def verdict_of_status(status: int, headers: Mapping[str, str]) -> Verdict:
    """Judge an answer outside 2xx by its status alone. Header names in any case (`requests`)."""
    code = f"http_{status}"
    if status in _RETRY_STATUSES:
        return Verdict(SendOutcome.RETRY, code, "not taken now", retry_after(headers))
    if status in _ACCOUNT_STATUSES:
        return Verdict(SendOutcome.ACCOUNT, code, "refused: credentials, balance or address")
    if status in _MOVED_STATUSES:
        return Verdict(SendOutcome.ACCOUNT, code, "the address is not the API's: it redirects")
    if 400 <= status < 500:  # noqa: PLR2004 - the class of statuses that say "your fault"
        return Verdict(SendOutcome.REFUSED, code, "the gateway refused the request")
    return Verdict(SendOutcome.UNKNOWN, code, "the gateway failed while it had the request")


def verdict_of_fault(fault: Exception) -> Verdict:
    """Judge an exception of a request: did the request ever leave this machine?"""
    if isinstance(fault, requests.ConnectTimeout) or _never_connected(fault):
        return Verdict(SendOutcome.RETRY, "no_connection", "the gateway could not be reached")
    if any(isinstance(cause, SSLCertVerificationError) for cause in _chain(fault)):
        return Verdict(SendOutcome.ACCOUNT, "certificate", "the gateway's certificate is not valid")
    if isinstance(fault, requests.exceptions.InvalidHeader | requests.exceptions.InvalidURL):
        return Verdict(
            SendOutcome.ACCOUNT, "unusable", "the credentials or the address are unusable"
        )
    if isinstance(fault, requests.Timeout):
        return Verdict(SendOutcome.UNKNOWN, "no_answer", "no answer in time")
    if isinstance(fault, requests.ConnectionError):
        return Verdict(SendOutcome.UNKNOWN, "lost", "the connection was lost before the answer")
    return Verdict(
        SendOutcome.UNKNOWN, "unreadable", f"no readable answer ({type(fault).__name__})"
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Give the seconds of Retry-After. A date counts from the answer's own Date, not our clock."""
    raw = headers.get("Retry-After", "").strip()
    if raw.isascii() and raw.isdigit():
        return min(float(raw[:9]), _LONGEST_PAUSE_S)
    try:
        pause = parsedate_to_datetime(raw) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError):
        return None
    return min(max(pause, timedelta()).total_seconds(), _LONGEST_PAUSE_S)


def _never_connected(fault: Exception) -> bool:
    """Say whether urllib3 gave up on making the connection: refused, no route, no such name."""
    return any(
        isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
        for cause in _chain(fault)
    )


def _chain(fault: BaseException) -> Iterator[BaseException]:
    """Give an exception and what it was raised for or holds; requests wraps without `from`."""
    waiting, seen = [fault], set[int]()
    while waiting:
        found = waiting.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        held = (found.__cause__, found.__context__, getattr(found, "reason", None), *found.args)
        waiting.extend(cause for cause in held if isinstance(cause, BaseException))
