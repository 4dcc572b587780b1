"""Africa's Talking's answers to a send, as tables: what was sent, what was not, what is unknown."""

from __future__ import annotations

import json

import pytest

from smsbot.gateways.africastalking_answer import read_answer
from smsbot.values import Msisdn, Outgoing, SendOutcome, SendResult

A, B, C = (Outgoing(n, Msisdn(f"+25471100000{n}")) for n in (1, 2, 3))


def _entry(number: str, code: object = 101, **more: object) -> dict[str, object]:
    return {
        "number": number,
        "statusCode": code,
        "status": "Success",
        "cost": "KES 0.8000",
        "messageId": f"ATXid_{number[-1]}",
        **more,
    }


def _read(
    recipients: object, asked: list[Outgoing], message: str = "", status: int = 201
) -> list[SendResult]:
    body = {"SMSMessageData": {"Message": message, "Recipients": recipients}}
    return read_answer(status, {}, json.dumps(body), asked)


def _outcomes(results: list[SendResult]) -> list[tuple[int, str, str]]:
    return [(result.message_id, result.outcome.value, result.gateway_id) for result in results]


def test_recipients_are_found_by_number_in_whatever_order_they_come() -> None:
    results = _read([_entry("+254711000003"), _entry("254711000001")], [A, B, C], "Sent to 2/3")
    assert _outcomes(results) == [
        (1, "accepted", "ATXid_1"),
        (2, "refused", ""),  # by the answer's own count nobody else was sent to
        (3, "accepted", "ATXid_3"),
    ]


def test_a_number_that_the_answer_leaves_out_is_unknown_unless_the_count_settles_it() -> None:
    for message in ("", "Sent to 3/3 Total Cost: KES 2.4"):
        results = _read([_entry("+254711000001"), _entry("+254711000003")], [A, B, C], message)
        assert results[1].outcome is SendOutcome.UNKNOWN


def test_cost_becomes_millionths_with_its_currency() -> None:
    (result,) = _read([_entry("+254711000001")], [A])
    assert (result.cost_micros, result.currency) == (800_000, "KES")
    (free,) = _read([_entry("+254711000001", cost="0")], [A])
    assert (free.cost_micros, free.currency) == (0, "")


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (100, "accepted"),
        (101, "accepted"),
        ("102", "accepted"),
        (401, "account"),
        (402, "account"),
        (403, "refused"),
        (404, "refused"),
        (405, "account"),
        (406, "opted_out"),
        (407, "retry"),
        (409, "retry"),
        (500, "unknown"),
        (501, "unknown"),
        (502, "retry"),
        (999, "unknown"),
    ],
)
def test_each_status_code_has_its_outcome(code: object, outcome: str) -> None:
    (result,) = _read([_entry("+254711000001", code)], [A])
    assert result.outcome.value == outcome
    assert result.code == str(code)


@pytest.mark.parametrize("code", [500, 501])
@pytest.mark.parametrize("message_id", ["None", "", None])
def test_a_failure_that_made_no_message_was_provably_not_sent(
    code: int, message_id: object
) -> None:
    (result,) = _read([_entry("+254711000001", code, messageId=message_id)], [A])
    assert result.outcome is SendOutcome.RETRY


def test_a_failure_that_made_a_message_keeps_its_id_for_the_receipt() -> None:
    (result,) = _read([_entry("+254711000001", 500)], [A])
    assert (result.outcome, result.gateway_id) == (SendOutcome.UNKNOWN, "ATXid_1")


@pytest.mark.parametrize("odd", ["None", "none", None, "", "x" * 200, "a\0b"])
def test_an_id_that_is_none_is_accepted_without_an_id(odd: object) -> None:
    (result,) = _read([_entry("+254711000001", messageId=odd)], [A])
    assert (result.outcome, result.gateway_id) == (SendOutcome.ACCEPTED, "")


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("Success", "accepted"),
        ("Queued", "accepted"),
        ("UserInBlacklist", "opted_out"),
        ("InsufficientBalance", "account"),
        ("Failed", "refused"),
        ("Perhaps", "unknown"),
    ],
)
def test_a_word_alone_is_read_where_there_is_no_code(word: str, outcome: str) -> None:
    (result,) = _read([{"status": word, "messageId": "1002"}], [A])
    assert result.outcome.value == outcome


@pytest.mark.parametrize(
    ("message", "asked", "outcome", "code"),
    [
        ("InsufficientBalance", [A, B], "account", "405"),
        ("Insufficient balance", [A, B], "account", "405"),
        ("InvalidSenderId", [A, B], "account", "402"),
        ("Invalid sender id", [A], "account", "402"),
        ("UserInBlacklist", [A], "opted_out", "406"),
        ("InvalidPhoneNumber", [A], "refused", "403"),
        ("Sent to 0/1 Total Cost: 0", [A], "refused", "403"),
        ("Sent to 2/2 Total Cost: KES 1.6", [A, B], "unknown", "no_recipients"),
        ("Something new", [A, B], "account", "no_recipients"),
        ("", [A], "account", "no_recipients"),
    ],
)
def test_an_empty_list_gives_its_reason_in_words(
    message: str, asked: list[Outgoing], outcome: str, code: str
) -> None:
    results = _read([], asked, message)
    assert [(r.outcome.value, r.code) for r in results] == [(outcome, code)] * len(asked)


@pytest.mark.parametrize(
    "text",
    ["", "OK", "<html>502</html>", "[]", "null", "{}", '{"SMSMessageData": null}',
     '{"SMSMessageData": {}}', '{"SMSMessageData": {"Recipients": {}}}', "[" * 5000],
)  # fmt: skip
def test_a_success_that_cannot_be_read_is_unknown(text: str) -> None:
    (result,) = read_answer(200, {}, text, [A])
    assert result.outcome is SendOutcome.UNKNOWN


@pytest.mark.parametrize("entry", ["text", None, 7, [], {}])
def test_odd_entries_of_the_list_leave_their_people_unknown(entry: object) -> None:
    results = _read([entry, _entry("+254711000001")], [A, B])
    assert [r.outcome.value for r in results] == ["accepted", "unknown"]


@pytest.mark.parametrize(
    ("status", "headers", "outcome", "pause"),
    [
        (400, {}, "refused", None),
        (401, {}, "account", None),
        (403, {}, "account", None),
        (404, {}, "account", None),
        (429, {"Retry-After": "7"}, "retry", 7.0),
        (409, {}, "retry", None),
        (301, {}, "account", None),
        (302, {}, "unknown", None),
        (500, {}, "unknown", None),
        (502, {}, "unknown", None),
        (503, {"Retry-After": "7"}, "unknown", None),
    ],
)
def test_other_statuses_are_judged_alike_for_everybody(
    status: int, headers: dict[str, str], outcome: str, pause: float | None
) -> None:
    results = read_answer(status, headers, "The supplied authentication is invalid", [A, B])
    assert [(r.outcome.value, r.retry_after_s) for r in results] == [(outcome, pause)] * 2


def test_the_night_rule_of_nigeria_is_told_apart_by_its_code() -> None:
    (result,) = read_answer(409, {}, "DoNotDisturbRejection", [A])
    assert (result.outcome, result.code) == (SendOutcome.RETRY, "409")
    (listed,) = _read([_entry("+254711000001", 409)], [A], status=409)
    assert (listed.outcome, listed.code) == (SendOutcome.RETRY, "409")


def test_words_of_the_gateway_never_carry_a_number() -> None:
    (result,) = _read([], [A], "No credit for +254711000001")
    assert "2547" not in result.words
