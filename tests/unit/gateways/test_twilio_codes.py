"""Twilio's error codes: what each asks of us."""

from __future__ import annotations

import pytest

from smsbot.gateways.twilio_codes import verdict_of_error
from smsbot.values import SendOutcome

TABLE = {
    "opted_out": [21610],
    "refused": [
        *(21211, 21214, 21217, 21401, 21614, 21635, 30005, 30006),
        *(21408, 21608, 21612),
        *(21602, 21604, 21617, 21620, 35111, 35114, 35115, 35126),
    ],
    "account": [
        *(20005, 21603, 21606, 21609, 21701, 21703, 21705, 21709),
        *(30002, 30004, 30007, 30018, 30024, 30032),
    ],
    "retry": [21611, 14107, 30001, 30003, 30008, 30017, 30022, 30023, 30500],
}


@pytest.mark.parametrize(
    ("code", "outcome"), [(code, outcome) for outcome, codes in TABLE.items() for code in codes]
)
def test_each_code_of_a_refusal_has_its_outcome(code: int, outcome: str) -> None:
    verdict = verdict_of_error(400, code, {})
    assert (verdict.outcome.value, verdict.code) == (outcome, str(code))


@pytest.mark.parametrize(
    ("status", "code", "outcome", "shown"),
    [
        (401, 20003, "account", "20003"),
        (429, 20429, "retry", "20429"),
        (429, 429, "retry", "http_429"),
        (404, 20404, "account", "20404"),
        (400, 1001, "refused", "1001"),
        (400, None, "refused", "http_400"),
        (400, "21610", "refused", "http_400"),
        (500, 20500, "unknown", "20500"),
        (503, 20503, "unknown", "20503"),
        (500, 21610, "unknown", "21610"),
        (502, 502, "unknown", "http_502"),
        (0, None, "unknown", "http_0"),
    ],
)
def test_a_code_that_is_not_known_leaves_the_status_to_decide(
    status: int, code: object, outcome: str, shown: str
) -> None:
    verdict = verdict_of_error(status, code, {})
    assert (verdict.outcome.value, verdict.code) == (outcome, shown)


def test_a_pause_goes_with_a_retry_alone() -> None:
    pause = {"Retry-After": "9"}
    assert verdict_of_error(429, 20429, pause).retry_after_s == 9.0
    assert verdict_of_error(400, 21611, pause).retry_after_s == 9.0
    assert verdict_of_error(400, 21610, pause).retry_after_s is None


def test_a_stranger_abroad_cannot_stop_the_channel_for_everybody() -> None:
    for code in (21408, 21608, 21612):
        assert verdict_of_error(400, code, {}).outcome is not SendOutcome.ACCOUNT
