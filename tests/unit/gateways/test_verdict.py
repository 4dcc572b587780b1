"""Proof that nothing was sent, or `unknown`: faults of the network and statuses of the API."""

from __future__ import annotations

import ssl

import pytest
import requests
from requests.exceptions import ChunkedEncodingError, ConnectTimeout, InvalidHeader, SSLError
from urllib3.connection import HTTPConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)

from smsbot.gateways.verdict import retry_after, verdict_of_fault, verdict_of_status

_HERE = HTTPConnection("127.0.0.1")


def _gave_up(reason: Exception) -> requests.ConnectionError:
    return requests.ConnectionError(MaxRetryError(None, "/", reason))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fault", "outcome", "code"),
    [
        (_gave_up(NewConnectionError(_HERE, "refused")), "retry", "no_connection"),
        (_gave_up(NameResolutionError("h", _HERE, OSError())), "retry", "no_connection"),  # type: ignore[arg-type]
        (ConnectTimeout(_gave_up(ConnectTimeoutError())), "retry", "no_connection"),
        (requests.ReadTimeout(), "unknown", "no_answer"),
        (_gave_up(ReadTimeoutError(None, "/", "slow")), "unknown", "lost"),  # type: ignore[arg-type]
        (requests.ConnectionError(ProtocolError("aborted", OSError())), "unknown", "lost"),
        (ChunkedEncodingError(), "unknown", "unreadable"),
        (InvalidHeader(), "account", "unusable"),
        (SSLError(_gave_up(ssl.SSLCertVerificationError())), "account", "certificate"),
        (SSLError(ssl.SSLError("eof")), "unknown", "lost"),
        (KeyError("SMSMessageData"), "unknown", "unreadable"),
    ],
)
def test_a_fault_is_retried_only_if_nothing_can_have_left(
    fault: Exception, outcome: str, code: str
) -> None:
    verdict = verdict_of_fault(fault)
    assert (verdict.outcome.value, verdict.code) == (outcome, code)


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ((400, 406, 413, 415, 422, 451), "refused"),
        ((401, 402, 403, 404, 405, 407, 410), "account"),
        ((408, 409, 425, 429), "retry"),
        ((301, 307, 308), "account"),
        ((300, 302, 303, 304), "unknown"),
        ((500, 501, 502, 503, 504, 520, 599), "unknown"),
    ],
)
def test_each_status_has_its_outcome(statuses: tuple[int, ...], outcome: str) -> None:
    assert {verdict_of_status(status, {}).outcome.value for status in statuses} == {outcome}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30.0),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "9" * 30}, 86_400.0),
        (
            {
                "Retry-After": "Sun, 22 Nov 2026 12:00:30 GMT",
                "Date": "Sun, 22 Nov 2026 12:00:00 GMT",
            },
            30.0,
        ),
        (
            {
                "Retry-After": "Sun, 22 Nov 2026 11:00:00 GMT",
                "Date": "Sun, 22 Nov 2026 12:00:00 GMT",
            },
            0.0,
        ),
        ({"Retry-After": "Sun, 22 Nov 2026 12:00:30 GMT"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(headers) == seconds
