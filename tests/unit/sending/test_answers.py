from __future__ import annotations

import pytest

from smsbot.sending.answers import (
    MAX_ATTEMPTS,
    complete,
    hold_s,
    is_refused_whole,
    pause_s,
    settled,
)
from smsbot.values import MessageState, SendOutcome, SendResult

NOW = 1_764_000_000_000


def _retry(code: str, after_s: float | None = None) -> SendResult:
    return SendResult(1, SendOutcome.RETRY, code=code, retry_after_s=after_s)


@pytest.mark.parametrize(
    ("results", "whole"),
    [
        ([_retry("http_429")], True),
        ([_retry("no_connection"), _retry("no_connection")], True),
        ([_retry("20429")], True),
        ([_retry("whatever", 3.0)], True),
        ([_retry("no_slot")], True),
        ([_retry("407")], False),  # could not route: this recipient's own trouble
        ([_retry("http_429"), SendResult(2, SendOutcome.ACCEPTED)], False),
        ([SendResult(1, SendOutcome.UNKNOWN, code="http_500")], False),
        ([], False),
    ],
)
def test_a_refusal_of_the_whole_request_tells_of_the_gateway(
    results: list[SendResult], whole: bool
) -> None:
    assert is_refused_whole(results) is whole


@pytest.mark.parametrize(
    ("result", "attempts", "whole", "state", "rest_s", "refund"),
    [
        (SendResult(1, SendOutcome.ACCEPTED, "id"), 1, False, "accepted", None, False),
        (SendResult(1, SendOutcome.REFUSED, code="403"), 1, False, "failed", None, False),
        (SendResult(1, SendOutcome.OPTED_OUT), 1, False, "suppressed", None, False),
        (SendResult(1, SendOutcome.UNKNOWN, code="lost"), 1, False, "unknown", None, False),
        (SendResult(1, SendOutcome.ACCOUNT, code="405"), 1, False, "queued", None, True),
        (_retry("407"), 1, False, "queued", 5.0, False),
        (_retry("407"), 3, False, "queued", 20.0, False),
        (_retry("407", 600.0), 1, False, "queued", 600.0, False),
        (_retry("407"), MAX_ATTEMPTS, False, "failed", None, False),
        (_retry("http_429"), MAX_ATTEMPTS, True, "queued", 0.5, True),
        (_retry("http_429", 30.0), 1, True, "queued", 30.5, True),
        (_retry("409"), MAX_ATTEMPTS, False, "queued", 2700.0, True),
    ],
)
def test_an_answer_decides_state_rest_and_whose_attempt_it_was(
    result: SendResult,
    attempts: int,
    whole: bool,
    state: str,
    rest_s: float | None,
    refund: bool,
) -> None:
    found = settled(result, attempts=attempts, whole=whole, now_ms=NOW, jitter=0.5)
    assert found.state is MessageState(state)
    assert found.due_at == (None if rest_s is None else NOW + int(rest_s * 1000))
    assert found.refund is refund


def test_who_is_not_in_the_answer_is_unknown() -> None:
    found = complete(
        [1, 2], [SendResult(2, SendOutcome.ACCEPTED), SendResult(9, SendOutcome.REFUSED)]
    )
    assert [(result.message_id, result.outcome) for result in found] == [
        (1, SendOutcome.UNKNOWN),
        (2, SendOutcome.ACCEPTED),
    ]


def test_pauses_double_with_jitter_and_have_a_ceiling() -> None:
    assert [pause_s(n, 0.5) for n in (1, 2, 3)] == [5.0, 10.0, 20.0]
    assert (pause_s(1, 0.0), pause_s(1, 1.0)) == (2.5, 7.5)
    assert pause_s(10_000, 0.5) == 3600.0
    assert hold_s(10_000, 0.5) == 60.0


@pytest.mark.parametrize("outcome", list(SendOutcome))
def test_only_an_accepted_text_is_marked_as_simulated(outcome: SendOutcome) -> None:
    found = settled(
        SendResult(1, outcome), attempts=1, whole=False, now_ms=NOW, jitter=0.0, simulated=True
    )
    assert found.simulated is (outcome is SendOutcome.ACCEPTED)


def test_long_words_of_a_gateway_fit_their_columns() -> None:
    long = SendResult(1, SendOutcome.REFUSED, code="c" * 99, words="w" * 999, currency="KESKES")
    found = settled(long, attempts=1, whole=False, now_ms=NOW, jitter=0.0)
    assert (len(found.reason), len(found.code), found.currency) == (64, 32, "KES")
